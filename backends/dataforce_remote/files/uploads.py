"""Uploads to the bucket: no record stays pending whose bytes will never come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from dataforce.backend import Scope
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
    UploadDetails,
)
from dataforce.transfer import cancellation
from dataforce_remote.files.bucket import BucketError
from dataforce_remote.files.checkpoints import Checkpoint, Checkpoints, name_of
from dataforce_remote.files.multipart import Plan, UploadSource, complete, send
from dataforce_remote.files.upload_targets import Registered, plan_for, register
from dataforce_remote.http.transport_errors import extend

if TYPE_CHECKING:
    from typing import Self

    from dataforce.backend import Advance, Content, Source
    from dataforce.models import ModelArtifactCreate
    from dataforce_remote.files.model_artifacts import ModelArtifactStore

    OpenContent = Callable[[ModelArtifact], Content]

_CLEANUP_TIMEOUT = 5.0
"""Limit of the retries of telling the platform that an upload failed, in seconds."""
_DONE = "done"
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
        attempt = _Attempt(registered.model)
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
        attempt = _Attempt(registered.model)
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
            known = _read(checkpoint)
            if known is None:
                checkpoint.discard()
            elif known.base_url != self._store.platform.api.settings.base_url or (
                known.is_done and checkpoint.age < _DAYS_KEPT * 24 * 60 * 60
            ):
                checkpoint.keep()
            else:
                with suppress(DataForceError):  # not what the user is about
                    self._give_up_on(known, checkpoint)

    def _give_up_on(self, known: _Known, checkpoint: Checkpoint) -> None:
        store = cast(
            "ModelArtifactStore", self._store.platform.store(self._store.kind, known.scope)
        )
        others = Uploads(store, self._checkpoints, self._open)
        record = others._waiting(known, checkpoint)
        if record is None or record.status != ModelArtifactStatus.PENDING_UPLOAD:
            checkpoint.discard()
            return
        said = others._mark_failed(_Attempt.resumed(known, record, checkpoint))
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
                self._mark_failed(_Attempt(each.model))
            raise
        for error in errors:
            raise error
        return made[0]

    def _carry_out(
        self, attempt: _Attempt, plan: Plan, source: UploadSource, done: dict[int, str]
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
        known = _read(checkpoint)
        if known is None:
            checkpoint.discard()
            return None
        record = self._waiting(known, checkpoint)
        if record is None or record.status == ModelArtifactStatus.UPLOADED:
            return record
        attempt, why = _Attempt.resumed(known, record, checkpoint), "it had not begun to send"
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

    def _waiting(self, known: _Known, checkpoint: Checkpoint) -> ModelArtifact | None:
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
        _Attempt.resumed(known, record, checkpoint).has_ended()
        return record

    @contextmanager
    def _marked_failed(self, attempt: _Attempt) -> Iterator[None]:
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

    def _mark_failed(self, attempt: _Attempt) -> str:
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

    def _is_stored(self, attempt: _Attempt) -> bool:
        try:
            return bool(next(iter(self._open(attempt.record).read(0, 1)), b""))
        except FileDownloadError:
            return False


@dataclass
class _Attempt:
    """One upload as far as it has come."""

    record: ModelArtifact
    checkpoint: Checkpoint | None = None
    left_behind: str = ""
    is_whole: bool = False

    def add(self, entry: dict[str, Any]) -> None:
        """Add an entry to the checkpoint."""
        if self.checkpoint is not None:
            self.checkpoint.add(entry)

    def has_begun(self, upload_id: str) -> None:
        """Note that there are parts now, or will be."""
        self.left_behind = (
            f" What arrived stays in the bucket, as the unfinished upload {upload_id} of "
            f"{self.record.bucket_location}, until somebody aborts it."
        )

    def has_arrived(self) -> None:
        """Note that the whole file is stored now."""
        self.is_whole = True
        self.left_behind = (
            f" The file stays in the bucket, as {self.record.bucket_location}, until the model "
            f"artifact is deleted."
        )

    def has_ended(self) -> None:
        """Forget the upload, or with a key that it goes on."""
        if self.checkpoint is None:
            return
        if self.checkpoint.entries[0].get("key") is None:
            self.checkpoint.discard()
            return
        if self.checkpoint.entries[-1] != {_DONE: True}:
            self.checkpoint.add({_DONE: True})
        self.checkpoint.keep()

    @classmethod
    def resumed(cls, known: _Known, record: ModelArtifact, checkpoint: Checkpoint) -> Self:
        """Return the attempt as far as a checkpoint tells."""
        attempt = cls(record, checkpoint)
        if known.plan is not None and known.plan.details.upload_id is not None:
            attempt.has_begun(known.plan.details.upload_id)
        return attempt


@dataclass(frozen=True)
class _Known:
    """The record of a checkpoint and, if it came so far, where its bytes go and went."""

    base_url: str
    scope: Scope
    record: str
    plan: Plan | None
    done: dict[int, str]
    is_done: bool


def _read(checkpoint: Checkpoint) -> _Known | None:
    try:
        first, *rest = checkpoint.entries
        is_done = bool(rest) and rest[-1] == {_DONE: True}
        rest = rest[:-1] if is_done else rest
        plan = None
        if rest:
            details = UploadDetails.model_validate(rest[0]["details"])
            plan = Plan(str(rest[0]["type"]), details)
        done = {int(entry["part"]): str(entry["tag"]) for entry in rest[1:]}
        scope = Scope(tuple(map(str, first["scope"])))
        return _Known(str(first["base_url"]), scope, str(first["model"]), plan, done, is_done)
    except (LookupError, TypeError, ValueError, ValidationError):
        return None
