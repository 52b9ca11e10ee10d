"""A small backend with overlays, as somebody else might write one, installed under its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from dataforce.backend import Advance, Backend, Kind, Query, Scope, find_backend
from dataforce.backend.interface import AnyKind
from dataforce.config import Settings
from dataforce.errors import NotFoundError, PushConflictError
from dataforce.overlay import (
    Action,
    Change,
    Conflict,
    Diff,
    OverlayStatus,
    PullReport,
    PushReport,
    Resolution,
)

NAME = "layered"


@dataclass(frozen=True)
class Pulled:
    """What a pull was asked for."""

    kind: AnyKind
    scope: Scope
    wanted: str | Query
    content: bool


@dataclass
class Layered:
    """A local registry whose new records count as changes until they are pushed.

    Attributes:
        local: The registry.
        changes: What is not pushed, by id.
        conflict: What stands in the way of a push that stops at conflicts.
        roots: The organizations whose overlays were asked for.
        pulled: What was pulled.
        pushed: Whose side each push took.
    """

    local: Backend
    changes: dict[str, tuple[Change, Callable[[], None]]] = field(default_factory=dict)
    conflict: Conflict | None = None
    roots: list[str] = field(default_factory=list)
    pulled: list[Pulled] = field(default_factory=list)
    pushed: list[Resolution] = field(default_factory=list)
    mode: str = NAME

    def store(self, kind: Kind[Any, Any, Any]) -> Any:
        return _Noting(kind, self)

    def content(self, kind: Kind[Any, Any, Any]) -> Any:
        return self.local.content(kind)

    def overlay(self, root: str) -> _Overlay:
        self.roots.append(root)
        return _Overlay(self)

    def close(self) -> None:
        self.local.close()


class _Noting:
    """The local records of one kind; those that are made are noted."""

    def __init__(self, kind: AnyKind, backend: Layered) -> None:
        self._kind = kind
        self._backend = backend
        self._local = backend.local.store(kind)

    def create(self, scope: Scope, values: BaseModel) -> Any:
        record = self._local.create(scope, values)
        change = Change(Action.CREATED, self._kind.name, record.id, scope.ids, record.name)
        undo = lambda: self._local.delete(scope, record.id)  # noqa: E731  a pair is enough
        self._backend.changes[record.id] = (change, undo)
        return record

    def __getattr__(self, name: str) -> Any:
        return getattr(self._local, name)


class _Overlay:
    def __init__(self, backend: Layered) -> None:
        self._backend = backend

    def status(self) -> OverlayStatus:
        return OverlayStatus("default", len(self._backend.changes), 0, 0, 0, 0)

    def diff(self) -> Diff:
        return Diff(change for change, _ in self._backend.changes.values())

    def reset(self, identifier: str | None = None, kind: AnyKind | None = None) -> None:
        changes = self._backend.changes
        if identifier is not None and identifier not in changes:
            raise NotFoundError(f"The overlay holds nothing of {identifier}.")
        for key in [*changes] if identifier is None else [identifier]:
            _, undo = changes.pop(key)
            undo()

    def pull(
        self,
        kind: AnyKind,
        scope: Scope,
        wanted: str | Query,
        *,
        content: bool,
        advance: Advance,
    ) -> PullReport:
        self._backend.pulled.append(Pulled(kind, scope, wanted, content))
        advance(3)
        advance(4)
        return PullReport({kind.name: 1})

    def push(self, *, dry_run: bool, on_conflict: Resolution, advance: Advance) -> PushReport:
        self._backend.pushed.append(on_conflict)
        if self._backend.conflict is not None and on_conflict is Resolution.STOP:
            raise PushConflictError("Nothing was published.", [self._backend.conflict])
        advance(5)
        changes = self.diff()
        if not dry_run:
            self._backend.changes.clear()
        return PushReport(changes, is_dry_run=dry_run)


def open_backend(settings: Settings) -> Layered:
    """What the entry point names."""
    return Layered(find_backend("local")(settings))


def install(folder: Path) -> Path:
    """Write into a folder what an installer leaves of a distribution; the folder, for sys.path."""
    metadata = folder / "layered-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: layered\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        f"[dataforce.backends]\n{NAME} = {__name__}:open_backend\n"
    )
    return folder
