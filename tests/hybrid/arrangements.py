"""Hybrid backends over more than a plain remote, installed as anybody's backends are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dataforce.backend import Advance, Backend, Incoming, Scope, find_backend
from dataforce.backend.interface import AnyKind
from dataforce.config import BackendType, Settings
from dataforce.config.settings import MaskedURL
from dataforce.errors import ConflictError
from dataforce.overlay.store import State
from dataforce_hybrid import HybridBackend, open_backend
from dataforce_hybrid.overlay_stores import Workspaces
from dataforce_hybrid.paths import Location

INSTALLED = Path(__file__).parent / "installed"
"""The folder to put on the path, for these to be found."""


def open_stacked(settings: Settings) -> HybridBackend:
    """An overlay over an overlay."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    upper = settings.model_copy(update={"database_url": MaskedURL(f"{url}.upper")})
    return HybridBackend(open_backend(settings), Workspaces(Location(upper)))


def open_half(settings: Settings) -> Half:
    """An overlay over a remote that gets half of what is made."""
    return Half(open_backend(settings), find_backend(BackendType.REMOTE)(settings))


class Half:
    """A hybrid backend; about every other object is made on its remote, behind its back.

    Args:
        hybrid: The backend that everything else goes to.
        behind: The remote.
    """

    mode = "half"

    def __init__(self, hybrid: HybridBackend, behind: Backend) -> None:
        self.hybrid = hybrid
        self.behind = behind
        self.chance = random.Random(0)

    def store(self, kind: AnyKind) -> Any:
        """The records of that kind."""
        return HalfOfRecords(self, kind)

    def content(self, kind: AnyKind) -> Any:
        """The files of that kind."""
        return HalfOfContent(self, kind)

    def overlay(self, root: str) -> Any:
        """The overlay of the hybrid backend."""
        return self.hybrid.overlay(root)

    def close(self) -> None:
        """Close both."""
        self.hybrid.close()
        self.behind.close()

    def goes_behind(self, kind: AnyKind, scope: Scope, values: Any = None) -> bool:
        """Whether an object that stands there, with these values, is made on the remote."""
        index = self.hybrid._layer(scope.ids[0]).index
        fields = {} if values is None else kind.references
        ours = [index.state(target, getattr(values, field)) for field, target in fields.items()]
        is_needed_here = index.is_made_here(kind, scope) or State.CREATED in ours
        return not is_needed_here and self.chance.random() < 0.5


class HalfOfRecords:
    """The records of one kind."""

    def __init__(self, half: Half, kind: AnyKind) -> None:
        self.half = half
        self.kind = kind
        self.merged = half.hybrid.store(kind)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.merged, name)

    def create(self, scope: Scope, values: Any) -> Any:
        if self.kind.parent is None:
            return self.merged.create(scope, values)
        # What the merged view refuses is refused, whatever the remote would say.
        found, given = (
            self.half.hybrid._layer(scope.ids[0]).records(self.kind).prepared(scope, values)
        )
        if self.half.goes_behind(self.kind, found, given):
            try:
                return self.half.behind.store(self.kind).create(found, given)
            except ConflictError:  # with what is different here
                pass
        return self.merged.create(scope, values)


class Received:
    """A file on its way to one side."""

    def __init__(self, side: Any, incoming: Incoming) -> None:
        self.side = side
        self.incoming = incoming
        self.write = incoming.write


class HalfOfContent:
    """The files of one kind."""

    def __init__(self, half: Half, kind: AnyKind) -> None:
        self.half = half
        self.kind = kind
        self.merged = half.hybrid.content(kind)
        self.behind = half.behind.content(kind)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.merged, name)

    def create(self, scope: Scope, values: Any) -> Any:
        found, given = self.prepared(scope, values)
        return self.side(scope).create(found, given)

    @contextmanager
    def receive(self, scope: Scope, path: Path, advance: Advance) -> Iterator[Any]:
        side = self.side(scope)
        with side.receive(scope, path, advance) as incoming:
            yield Received(side, incoming)

    def upload(self, scope: Scope, values: Any, incoming: Received) -> Any:
        return incoming.side.upload(*self.prepared(scope, values), incoming.incoming)

    def side(self, scope: Scope) -> Any:
        return self.behind if self.half.goes_behind(self.kind, scope) else self.merged

    def prepared(self, scope: Scope, values: Any) -> Any:
        return self.half.hybrid._layer(scope.ids[0]).records(self.kind).prepared(scope, values)
