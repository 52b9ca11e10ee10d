"""One upload as far as it has come, in memory and in its checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dataforce.backend import Scope
from dataforce.models import ModelArtifact, UploadDetails
from dataforce_remote.files.multipart import Plan

if TYPE_CHECKING:
    from typing import Self

    from dataforce_remote.files.checkpoints import Checkpoint

_DONE = "done"


@dataclass
class Attempt:
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
    def resumed(cls, known: Known, record: ModelArtifact, checkpoint: Checkpoint) -> Self:
        """Return the attempt as far as a checkpoint tells."""
        attempt = cls(record, checkpoint)
        if known.plan is not None and known.plan.details.upload_id is not None:
            attempt.has_begun(known.plan.details.upload_id)
        return attempt


@dataclass(frozen=True)
class Known:
    """The record of a checkpoint and, if it came so far, where its bytes go and went."""

    base_url: str
    scope: Scope
    record: str
    plan: Plan | None
    done: dict[int, str]
    is_done: bool


def known_from(checkpoint: Checkpoint) -> Known | None:
    """Return what a checkpoint tells, `None` if that makes no sense."""
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
        return Known(str(first["base_url"]), scope, str(first["model"]), plan, done, is_done)
    except (LookupError, TypeError, ValueError, ValidationError):
        return None
