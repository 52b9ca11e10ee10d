"""Uploads to the bucket: no record stays pending whose bytes will never come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, cast

from dataforce.errors import (
    APIConnectionError,
    DataForceError,
    FileDownloadError,
    FileUploadError,
    InternalServerError,
    NotFoundError,
)
from dataforce.models import (
    CreatedModel,
    ModelArtifact,
    ModelArtifactStatus,
)
from dataforce.transfer import cancellation
from dataforce_remote.files.attempts import Attempt, Known, known_from
from dataforce_remote.files.bucket import BucketError
from dataforce_remote.files.checkpoints import Checkpoint, Checkpoints, name_of
from dataforce_remote.files.multipart import Plan, UploadSource, complete, send
from dataforce_remote.files.upload_targets import Registered, plan_for, register
from dataforce_remote.http.transport_errors import extend

if TYPE_CHECKING:
    from dataforce.backend import Advance, Content, Source
    from dataforce.models import ModelArtifactCreate
    from dataforce_remote.files.model_artifacts import ModelArtifactStore

    OpenContent = Callable[[ModelArtifact], Content]

_CLEANUP_TIMEOUT = 5.0
"""Limit of the retries of telling the platform that an upload failed, in seconds."""
_DAYS_KEPT = 30
"""Number of days that the checkpoint of an upload with a key is kept after its end."""
_NOT_FOUND = 404
_log = logging.getLogger("dataforce")


class Uploads:
    """Uploads files to the bucket.

    Args:
        store: The records.
        checkpoints: The checkpoints of uploads under way.
        open_content: Opens the file of a record.
    """

    def __init__(
        self, store: ModelArtifactStore, checkpoints: Checkpoints, open_content: OpenContent
    ) -> None:
        self._store = store
        self._checkpoints = checkpoints
        self._open = open_content

    def create(self, values: ModelArtifactCreate) -> CreatedModel:
        """Make a record whose file a user uploads, and say where it goes."""
        registered = self._register(values)
        attempt = Attempt(registered.model)
        with self._marked_failed(attempt):
            cancellation.check()
            plan = plan_for(self._store, registered, attempt.has_begun)
            return CreatedModel(model=registered.model, url=plan.details)

    def upload(
        self, values: ModelArtifactCreate, file: Source, advance: Advance, key: str | None
    ) -> ModelArtifact:
        """Store a record with its file; see `FileStore.upload`."""
        self._store.check_writable()
        base_url, scope = self._store.platform.api.settings.base_url, self._store.scope.ids
        own = values.model_dump(mode="json"), file.fingerprint()
        name = name_of(base_url, scope, own if key is None else key)
        source = UploadSource(file, advance)
        self._sweep()
        for checkpoint in self._checkpoints.abandoned(name):
            if (record := self._resumed(checkpoint, source)) is not None:
                return record
        self._checkpoints.check_free(name)
        source.check_described(values)
        registered = self._register(values)
        attempt = Attempt(registered.model)
        with self._marked_failed(attempt):
            cancellation.check()
            first = {"base_url": base_url, "scope": scope, "model": registered.model.id, "key": key}
            attempt.checkpoint = self._checkpoints.begin(name, first, is_only=key is not None)
            plan = plan_for(self._store, registered, attempt.has_begun)
            attempt.add({"type": plan.type, "details": plan.details.model_dump(mode="json")})
            return self._carry_out(attempt, plan, source, {})

    def _sweep(self) -> None:
        """Give up the uploads that were killed so long ago that they cannot be resumed."""
        for checkpoint in self._checkpoints.stale():
            known = known_from(checkpoint)
            if known is None:
                checkpoint.discard()
            elif known.base_url != self._store.platform.api.settings.base_url or (
                known.is_done and checkpoint.age < _DAYS_KEPT * 24 * 60 * 60
            ):
                checkpoint.keep()
            else:
                with suppress(DataForceError):  # not what the user is about
                    self._give_up_on(known, checkpoint)

    def _give_up_on(self, known: Known, checkpoint: Checkpoint) -> None:
        store = cast(
            "ModelArtifactStore", self._store.platform.store(self._store.kind, known.scope)
        )
        others = Uploads(store, self._checkpoints, self._open)
        record = others._waiting(known, checkpoint)
        if record is None or record.status != ModelArtifactStatus.PENDING_UPLOAD:
            checkpoint.discard()
            return
        said = others._mark_failed(Attempt.resumed(known, record, checkpoint))
        _log.warning("An upload was killed and cannot go on. %s", said)

    def _register(self, values: ModelArtifactCreate) -> Registered:
        """Make the record, and learn its id whoever interrupts."""
        made: list[Registered] = []
        errors: list[BaseException] = []
        stop, finished = cancellation.Signal(), threading.Event()

        def work() -> None:
            cancellation.listen_to(stop)
            try:
                made.append(register(self._store, values))
            except BaseException as error:
                errors.append(error)
            finally:
                finished.set()

        thread = threading.Thread(target=work, name="dataforce-register")
        try:
            thread.start()
            with cancellation.interrupting(stop.set):
                finished.wait()
        except BaseException:  # Ctrl-C, a cancelled task
            stop.set()
            if thread.is_alive():  # pragma: no branch  # else Ctrl-C came before it began
                # Not join: once interrupted, it takes the thread for ended.
                finished.wait()
            for each in made:
                self._mark_failed(Attempt(each.model))
            raise
        for error in errors:
            raise error
        return made[0]

    def _carry_out(
        self, attempt: Attempt, plan: Plan, source: UploadSource, done: dict[int, str]
    ) -> ModelArtifact:
        """Send the parts that `done` does not name; return the record, now uploaded."""
        record = attempt.record
        with closing(send(self._store.bucket, plan, source, done)) as arrived:
            for number in arrived:
                attempt.add({"part": number, "tag": done[number]})
        try:
            complete(self._store.bucket, plan, done)
        except BucketError as error:
            # After a completion whose response was lost there is the whole file and no upload.
            if error.status != _NOT_FOUND or not self._is_stored(attempt):
                raise
        attempt.has_arrived()
        source.check_unchanged()
        uploaded = self._store.set_status(record.id, ModelArtifactStatus.UPLOADED)
        attempt.has_ended()
        return uploaded

    def _resumed(self, checkpoint: Checkpoint, source: UploadSource) -> ModelArtifact | None:
        """Return the record of an upload that was killed, now whole; `None` if it cannot go on."""
        known = known_from(checkpoint)
        if known is None:
            checkpoint.discard()
            return None
        record = self._waiting(known, checkpoint)
        if record is None or record.status == ModelArtifactStatus.UPLOADED:
            return record
        attempt, why = Attempt.resumed(known, record, checkpoint), "it had not begun to send"
        if known.plan is not None:
            with self._marked_failed(attempt):
                try:
                    return self._carry_out(attempt, known.plan, source, known.done)
                except BucketError as error:
                    why = str(error)
        source.advance.restart()
        _log.warning(
            "An upload that was killed cannot go on, and begins anew: %s. %s",
            why,
            self._mark_failed(attempt),
        )
        return None

    def _waiting(self, known: Known, checkpoint: Checkpoint) -> ModelArtifact | None:
        """Return the record of a checkpoint if it is pending or uploaded."""
        try:
            record = self._store.get(known.record)
        except NotFoundError:
            checkpoint.discard()
            return None
        except BaseException:
            checkpoint.keep()
            raise
        if record.status == ModelArtifactStatus.PENDING_UPLOAD:
            return record
        if record.status != ModelArtifactStatus.UPLOADED:
            checkpoint.discard()
            return None
        Attempt.resumed(known, record, checkpoint).has_ended()
        return record

    @contextmanager
    def _marked_failed(self, attempt: Attempt) -> Iterator[None]:
        """Give the record the status `upload_failed` if the block ends with an error."""
        why = None
        try:
            yield
        except BucketError as error:
            why = str(error)
        except (APIConnectionError, InternalServerError) as error:
            if attempt.checkpoint is None or not attempt.is_whole:
                extend(error, self._mark_failed(attempt))
                raise
            attempt.checkpoint.keep()
            extend(error, "All bytes are in the bucket: make the same upload again to finish it.")
            raise
        except DataForceError as error:
            extend(error, self._mark_failed(attempt))
            raise
        except BaseException:  # Ctrl-C, a cancelled task, an error of a user's callback
            self._mark_failed(attempt)
            raise
        if why is not None:
            raise FileUploadError(
                f"{attempt.record.file_name} could not be uploaded to the bucket: {why}. "
                f"{self._mark_failed(attempt)} Upload it again."
            )

    def _mark_failed(self, attempt: Attempt) -> str:
        """Tell the platform that no bytes will come; return a sentence about what is left."""
        record, checkpoint = attempt.record, attempt.checkpoint
        failed = ModelArtifactStatus.UPLOAD_FAILED
        try:
            with cancellation.shielded():
                self._store.set_status(record.id, failed, retry_timeout=_CLEANUP_TIMEOUT)
        except DataForceError:
            said = (
                f"Model artifact {record.id} still waits for its bytes, since the platform could "
                f"not be told"
            )
            if checkpoint is not None:
                checkpoint.keep()
                said += "; the same upload goes on there when it is made again"
            return f"{said}."
        if checkpoint is not None:
            checkpoint.discard()
        return f"Model artifact {record.id} has the status upload_failed.{attempt.left_behind}"

    def _is_stored(self, attempt: Attempt) -> bool:
        try:
            return bool(next(iter(self._open(attempt.record).read(0, 1)), b""))
        except FileDownloadError:
            return False
