"""A small backend with overlays, as somebody else might write one, installed under its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from dataforce.backend import Advance, AnyKind, Family, MemoryBackend, Query, Scope
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

S = TypeVar("S")


@dataclass(frozen=True)
class Pulled:
    """What a pull was asked for."""

    kind: AnyKind
    scope: Scope
    wanted: str | Query
    content: bool


@dataclass
class Layered:
    """A backend in memory whose new records count as changes until they are pushed.

    Attributes:
        memory: The backend.
        changes: What is not pushed, by id.
        conflict: What stands in the way of a push that stops at conflicts.
        roots: The organizations whose overlays were asked for.
        pulled: What was pulled.
        pushed: Whose side each push took.
    """

    memory: MemoryBackend
    changes: dict[str, tuple[Change, Callable[[], None]]] = field(default_factory=dict)
    conflict: Conflict | None = None
    roots: list[str] = field(default_factory=list)
    pulled: list[Pulled] = field(default_factory=list)
    pushed: list[Resolution] = field(default_factory=list)
    mode: str = NAME

    @property
    def family(self) -> Family:
        return self.memory.family

    def store(self, kind: AnyKind, scope: Scope) -> Any:
        return _Noting(kind, scope, self)

    def files(self, kind: AnyKind, scope: Scope) -> Any:
        return self.memory.files(kind, scope)

    def service(self, protocol: type[S]) -> S:
        return self.memory.service(protocol)

    def overlay(self, root: str) -> _Overlay:
        self.roots.append(root)
        return _Overlay(self)

    def close(self) -> None:
        self.memory.close()


class _Noting:
    """The records of one kind below one scope; those that are made are noted."""

    def __init__(self, kind: AnyKind, scope: Scope, backend: Layered) -> None:
        self._kind = kind
        self._scope = scope
        self._backend = backend
        self._store = backend.memory.store(kind, scope)

    def create(self, values: BaseModel) -> Any:
        record = self._store.create(values)
        change = Change(Action.CREATED, self._kind.name, record.id, self._scope.ids, record.name)
        undo = lambda: self._store.delete(record.id)  # noqa: E731  a pair is enough
        self._backend.changes[record.id] = (change, undo)
        return record

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


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


def open_backend(settings: Settings, family: Family) -> Layered:
    """What the entry point names."""
    return Layered(MemoryBackend(family))


def install(folder: Path) -> Path:
    """Write into a folder what an installer leaves of a distribution; the folder, for sys.path."""
    metadata = folder / "layered-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: layered\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        f"[dataforce.backends]\n{NAME} = {__name__}:open_backend\n"
    )
    return folder
