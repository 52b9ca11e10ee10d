"""Uploads from the first byte to the last word: no record is left waiting for bytes in vain."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dataforce import _cancellation
from dataforce.errors import (
    DataForceError,
    FileDownloadError,
    FileUploadError,
    NotFoundError,
)
from dataforce.models import (
    CreatedModel,
    ModelArtifact,
    ModelArtifactChanges,
    ModelArtifactStatus,
    UploadDetails,
)
from dataforce_remote.bucket import BucketError
from dataforce_remote.failures import extend
from dataforce_remote.journal import Journal, Note, key_of
from dataforce_remote.pieces import Outgoing, Plan, complete, send
from dataforce_remote.registration import Registered, plan_for, register

if TYPE_CHECKING:
    from dataforce.models import ModelArtifactValues
    from dataforce.seam import Content, Scope
    from dataforce_remote.model_artifacts import ModelArtifactStore

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

    def create(self, scope: Scope, values: ModelArtifactValues) -> CreatedModel:
        """A record that waits for bytes that a user brings, and where they go."""
        answer = self._register(scope, values)
        attempt = _Attempt(scope, answer.model)
        with self._given_up_on_failure(attempt):
            _cancellation.check()
            attempt.plan = plan_for(self._store, answer)
            return CreatedModel(model=answer.model, url=attempt.plan.details)

    def upload(
        self, scope: Scope, values: ModelArtifactValues, outgoing: Outgoing
    ) -> ModelArtifact:
        """A record with its bytes; goes on with an upload of the same that was killed."""
        base_url = self._store.api.settings.base_url
        key = key_of(base_url, scope.ids, values.model_dump(mode="json"))
        self._journal.sweep()
        for note in self._journal.abandoned(key):
            if (record := self._resumed(scope, note, outgoing)) is not None:
                return record
        answer = self._register(scope, values)
        attempt = _Attempt(scope, answer.model)
        with self._given_up_on_failure(attempt):
            _cancellation.check()
            attempt.plan = plan_for(self._store, answer)
            attempt.note = self._journal.begin(key, _noted(answer.model, attempt.plan))
            return self._carry_out(attempt, attempt.plan, outgoing, {})

    def _register(self, scope: Scope, values: ModelArtifactValues) -> Registered:
        """Make the record, and learn its id whoever interrupts."""
        answers: list[Registered] = []
        errors: list[BaseException] = []
        stop, finished = _cancellation.Signal(), threading.Event()

        def work() -> None:
            _cancellation.listen_to(stop)
            try:
                answers.append(register(self._store, scope, values))
            except BaseException as error:
                errors.append(error)
            finally:
                finished.set()

        thread = threading.Thread(target=work, name="dataforce-register")
        try:
            thread.start()
            with _cancellation.interrupting(stop.set):
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
        note, record = attempt.note, attempt.record
        with closing(send(self._store.bucket, plan, outgoing, done)) as arrived:
            for number in arrived:
                if note is not None:
                    note.add({"part": number, "tag": done[number]})
        try:
            complete(self._store.bucket, plan, done)
        except BucketError as error:
            # Of a completion whose answer was lost nothing is left but the whole file.
            if error.status != _GONE or not self._is_there(attempt):
                raise
        outgoing.check_unchanged()
        uploaded = self._store.set_status(attempt.scope, record.id, ModelArtifactStatus.UPLOADED)
        if note is not None:
            note.discard()
        return uploaded

    def _resumed(self, scope: Scope, note: Note, outgoing: Outgoing) -> ModelArtifact | None:
        """The record of an upload that was killed, now whole; `None` if it cannot go on."""
        found = _read(note)
        record = None
        if found is not None:
            try:
                record = self._store.get(scope, found[0])
            except NotFoundError:
                pass
            except BaseException:
                note.keep()
                raise
        if found is None or record is None:
            note.discard()
            return None
        if record.status != ModelArtifactStatus.PENDING_UPLOAD:
            note.discard()
            return record if record.status == ModelArtifactStatus.UPLOADED else None
        attempt = _Attempt(scope, record, found[1], note)
        with self._given_up_on_failure(attempt):
            try:
                return self._carry_out(attempt, found[1], outgoing, found[2])
            except BucketError as error:
                fault = str(error)
        outgoing.advance.restart()
        _log.warning(
            "An upload that was killed cannot go on, and begins anew: %s. %s",
            fault,
            self._give_up(attempt),
        )
        return None

    @contextmanager
    def _given_up_on_failure(self, attempt: _Attempt) -> Iterator[None]:
        fault = None
        try:
            yield
        except BucketError as error:
            fault = str(error)
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
        failed = ModelArtifactChanges(status=ModelArtifactStatus.UPLOAD_FAILED)
        path = self._store.path(attempt.scope, record.id)
        body = failed.model_dump_json(exclude_unset=True).encode()
        try:
            with _cancellation.shielded():
                self._store.api.call("PATCH", path, body=body, patience=_LAST_WORDS)
        except DataForceError:
            said = (
                f"Model artifact {record.id} still waits for its bytes, since the platform could "
                f"not be told"
            )
            if note is not None:
                note.keep()
                said += "; the same upload goes on there when it is made again"
            said += "."
        else:
            if note is not None:
                note.discard()
            said = f"Model artifact {record.id} has the status upload_failed."
        plan = attempt.plan
        if plan is not None and not plan.is_whole:
            said += (
                f" What arrived stays in the bucket, as the unfinished upload "
                f"{plan.details.upload_id} of {record.bucket_location}, until somebody aborts it."
            )
        return said

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
    plan: Plan | None = None
    note: Note | None = None


def _noted(record: ModelArtifact, plan: Plan) -> dict[str, Any]:
    return {
        "model": record.id,
        "type": plan.type,
        "details": plan.details.model_dump(mode="json"),
    }


def _read(note: Note) -> tuple[str, Plan, dict[int, str]] | None:
    """The id of the record, where its bytes go, and the parts that are there."""
    try:
        first, *rest = note.entries
        details = UploadDetails.model_validate(first["details"])
        done = {int(entry["part"]): str(entry["tag"]) for entry in rest}
        return str(first["model"]), Plan(str(first["type"]), details), done
    except (LookupError, TypeError, ValueError, ValidationError):
        return None
