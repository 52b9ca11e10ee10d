"""Uploads from the first byte to the last word: no record is left waiting for bytes in vain."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from dataforce_remote.files.checkpoints import Journal, Note, key_of
from dataforce_remote.files.multipart import Outgoing, Plan, complete, send
from dataforce_remote.files.upload_targets import Registered, plan_for, register
from dataforce_remote.http.transport_errors import extend

if TYPE_CHECKING:
    from typing import Self

    from dataforce.backend import Content
    from dataforce.models import ModelArtifactCreate
    from dataforce_remote.files.model_artifacts import ModelArtifactStore

    OpenContent = Callable[[Scope, ModelArtifact], Content]

_LAST_WORDS = 5.0
"""For how long to try to tell the platform that an upload failed, in seconds."""
_GONE = 404
_log = logging.getLogger("dataforce")


class Uploads:
    """Brings files to the bucket.

    Args:
        store: The records.
        journal: Notes of uploads under way.
        open_content: Opens what lies in the bucket.
    """

    def __init__(
        self, store: ModelArtifactStore, journal: Journal, open_content: OpenContent
    ) -> None:
        self._store = store
        self._journal = journal
        self._open = open_content

    def create(self, scope: Scope, values: ModelArtifactCreate) -> CreatedModel:
        """A record that waits for bytes that a user brings, and where they go."""
        answer = self._register(scope, values)
        attempt = _Attempt(scope, answer.model)
        with self._given_up_on_failure(attempt):
            cancellation.check()
            plan = plan_for(self._store, answer, attempt.has_begun)
            return CreatedModel(model=answer.model, url=plan.details)

    def upload(
        self, scope: Scope, values: ModelArtifactCreate, outgoing: Outgoing
    ) -> ModelArtifact:
        """A record with its bytes; goes on with an upload of the same that was killed."""
        base_url = self._store.api.settings.base_url
        key = key_of(base_url, scope.ids, values.model_dump(mode="json"))
        self._sweep()
        for note in self._journal.abandoned(key):
            if (record := self._resumed(note, outgoing)) is not None:
                return record
        answer = self._register(scope, values)
        attempt = _Attempt(scope, answer.model)
        with self._given_up_on_failure(attempt):
            cancellation.check()
            first = {"base_url": base_url, "scope": scope.ids, "model": answer.model.id}
            attempt.note = self._journal.begin(key, first)
            plan = plan_for(self._store, answer, attempt.has_begun)
            attempt.add({"type": plan.type, "details": plan.details.model_dump(mode="json")})
            return self._carry_out(attempt, plan, outgoing, {})

    def _sweep(self) -> None:
        """Give up the uploads that were killed so long ago that they cannot go on."""
        for note in self._journal.stale():
            known = _read(note)
            if known is None:
                note.discard()
            elif known.base_url != self._store.api.settings.base_url:
                note.keep()
            else:
                with suppress(DataForceError):  # not what the user is about
                    self._give_up_on(known, note)

    def _give_up_on(self, known: _Known, note: Note) -> None:
        record = self._waiting(known, note)
        if record is not None and record.status == ModelArtifactStatus.PENDING_UPLOAD:
            said = self._give_up(_Attempt.resumed(known, record, note))
            _log.warning("An upload was killed and cannot go on. %s", said)

    def _register(self, scope: Scope, values: ModelArtifactCreate) -> Registered:
        """Make the record, and learn its id whoever interrupts."""
        answers: list[Registered] = []
        errors: list[BaseException] = []
        stop, finished = cancellation.Signal(), threading.Event()

        def work() -> None:
            cancellation.listen_to(stop)
            try:
                answers.append(register(self._store, scope, values))
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
            for answer in answers:
                self._give_up(_Attempt(scope, answer.model))
            raise
        for error in errors:
            raise error
        return answers[0]

    def _carry_out(
        self, attempt: _Attempt, plan: Plan, outgoing: Outgoing, done: dict[int, str]
    ) -> ModelArtifact:
        """The record when its bytes are in the bucket and it says so; `done` has what is there."""
        record = attempt.record
        with closing(send(self._store.bucket, plan, outgoing, done)) as arrived:
            for number in arrived:
                attempt.add({"part": number, "tag": done[number]})
        try:
            complete(self._store.bucket, plan, done)
        except BucketError as error:
            # Of a completion whose answer was lost nothing is left but the whole file.
            if error.status != _GONE or not self._is_there(attempt):
                raise
        attempt.has_arrived()
        outgoing.check_unchanged()
        uploaded = self._store.set_status(attempt.scope, record.id, ModelArtifactStatus.UPLOADED)
        if attempt.note is not None:
            attempt.note.discard()
        return uploaded

    def _resumed(self, note: Note, outgoing: Outgoing) -> ModelArtifact | None:
        """The record of an upload that was killed, now whole; `None` if it cannot go on."""
        known = _read(note)
        if known is None:
            note.discard()
            return None
        record = self._waiting(known, note)
        if record is None or record.status == ModelArtifactStatus.UPLOADED:
            return record
        attempt, fault = _Attempt.resumed(known, record, note), "it had not begun to send"
        if known.plan is not None:
            with self._given_up_on_failure(attempt):
                try:
                    return self._carry_out(attempt, known.plan, outgoing, known.done)
                except BucketError as error:
                    fault = str(error)
        outgoing.advance.restart()
        _log.warning(
            "An upload that was killed cannot go on, and begins anew: %s. %s",
            fault,
            self._give_up(attempt),
        )
        return None

    def _waiting(self, known: _Known, note: Note) -> ModelArtifact | None:
        """The record that a note tells of if it is there and has not failed."""
        try:
            record = self._store.get(known.scope, known.model)
        except NotFoundError:
            note.discard()
            return None
        except BaseException:
            note.keep()
            raise
        if record.status == ModelArtifactStatus.PENDING_UPLOAD:
            return record
        note.discard()
        return record if record.status == ModelArtifactStatus.UPLOADED else None

    @contextmanager
    def _given_up_on_failure(self, attempt: _Attempt) -> Iterator[None]:
        fault = None
        try:
            yield
        except BucketError as error:
            fault = str(error)
        except (APIConnectionError, InternalServerError) as error:
            if attempt.note is None or not attempt.is_whole:
                extend(error, self._give_up(attempt))
                raise
            attempt.note.keep()
            extend(error, "All bytes are in the bucket: make the same upload again to finish it.")
            raise
        except DataForceError as error:
            extend(error, self._give_up(attempt))
            raise
        except BaseException:  # Ctrl-C, a cancelled task, an error of a user's callback
            self._give_up(attempt)
            raise
        if fault is not None:
            raise FileUploadError(
                f"{attempt.record.file_name} could not be brought to the bucket: {fault}. "
                f"{self._give_up(attempt)} Upload it again."
            )

    def _give_up(self, attempt: _Attempt) -> str:
        """Tell the platform that no bytes will come; gives what is left behind, in words."""
        record, note = attempt.record, attempt.note
        failed = ModelArtifactStatus.UPLOAD_FAILED
        try:
            with cancellation.shielded():
                self._store.set_status(attempt.scope, record.id, failed, patience=_LAST_WORDS)
        except DataForceError:
            said = (
                f"Model artifact {record.id} still waits for its bytes, since the platform could "
                f"not be told"
            )
            if note is not None:
                note.keep()
                said += "; the same upload goes on there when it is made again"
            return f"{said}."
        if note is not None:
            note.discard()
        return f"Model artifact {record.id} has the status upload_failed.{attempt.left_behind}"

    def _is_there(self, attempt: _Attempt) -> bool:
        try:
            return bool(next(iter(self._open(attempt.scope, attempt.record).read(0, 1)), b""))
        except FileDownloadError:
            return False


@dataclass
class _Attempt:
    """One upload as far as it has come."""

    scope: Scope
    record: ModelArtifact
    note: Note | None = None
    left_behind: str = ""
    is_whole: bool = False

    def add(self, entry: dict[str, Any]) -> None:
        """Note something more."""
        if self.note is not None:
            self.note.add(entry)

    def has_begun(self, upload_id: str) -> None:
        """There are parts now, or will be."""
        self.left_behind = (
            f" What arrived stays in the bucket, as the unfinished upload {upload_id} of "
            f"{self.record.bucket_location}, until somebody aborts it."
        )

    def has_arrived(self) -> None:
        """The whole file is there now."""
        self.is_whole = True
        self.left_behind = (
            f" The file stays in the bucket, as {self.record.bucket_location}, until the model "
            f"artifact is deleted."
        )

    @classmethod
    def resumed(cls, known: _Known, record: ModelArtifact, note: Note) -> Self:
        """As far as a note tells."""
        attempt = cls(known.scope, record, note)
        if known.plan is not None and known.plan.details.upload_id is not None:
            attempt.has_begun(known.plan.details.upload_id)
        return attempt


@dataclass(frozen=True)
class _Known:
    """What a note tells: the record, and if it came so far, where its bytes go and went."""

    base_url: str
    scope: Scope
    model: str
    plan: Plan | None
    done: dict[int, str]


def _read(note: Note) -> _Known | None:
    try:
        first, *rest = note.entries
        plan = None
        if rest:
            details = UploadDetails.model_validate(rest[0]["details"])
            plan = Plan(str(rest[0]["type"]), details)
        done = {int(entry["part"]): str(entry["tag"]) for entry in rest[1:]}
        ids = tuple(map(str, first["scope"]))
        return _Known(str(first["base_url"]), Scope(ids), str(first["model"]), plan, done)
    except (LookupError, TypeError, ValueError, ValidationError):
        return None
