"""Hybrid backends over more than a plain remote, installed as anybody's backends are."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dataforce.backend import AnyKind, Backend, Family, Scope, Source, find_backend
from dataforce.config import BackendType, Settings
from dataforce.config.settings import MaskedURL
from dataforce.errors import ConflictError
from dataforce.models import SignedURLs
from dataforce.overlay.store import State
from dataforce_hybrid import HybridBackend, open_backend
from dataforce_hybrid.overlay_stores import OverlayStores
from dataforce_hybrid.paths import Location

INSTALLED = Path(__file__).parent / "installed"
"""The folder to put on the path, for these to be found."""


def open_stacked(settings: Settings, family: Family) -> HybridBackend:
    """Lay an overlay over an overlay."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    upper = settings.model_copy(update={"database_url": MaskedURL(f"{url}.upper")})
    return HybridBackend(
        family, open_backend(settings, family), OverlayStores(Location(upper), family)
    )


def open_half(settings: Settings, family: Family) -> Half:
    """Lay an overlay over a remote that gets half of what is made."""
    remote = find_backend(BackendType.REMOTE)(settings, family)
    return Half(open_backend(settings, family), remote)


class Half:
    """A hybrid backend; about every other object is made on its remote, behind its back.

    Args:
        hybrid: The backend that everything else goes to.
        behind: The remote.
    """

    mode = "half"

    def __init__(self, hybrid: HybridBackend, behind: Backend) -> None:
        self.family = hybrid.family
        self.hybrid = hybrid
        self.behind = behind
        self.overlay = hybrid.overlay
        self.chance = random.Random(0)

    def store(self, kind: AnyKind, scope: Scope) -> Any:
        """Return the records of that kind."""
        return HalfOfRecords(self, kind, scope)

    def files(self, kind: AnyKind, scope: Scope) -> Any:
        """Return the files of that kind."""
        return HalfOfFiles(self, kind, scope)

    def service(self, protocol: type[Any]) -> Any:
        """Return the service of one side or the other."""
        return HalfOfURLs(self) if protocol is SignedURLs else self.hybrid.service(protocol)

    def close(self) -> None:
        """Close both."""
        self.hybrid.close()
        self.behind.close()

    def prepared(self, kind: AnyKind, scope: Scope, values: Any) -> tuple[Scope, Any]:
        """Refuse what the merged view refuses, whatever the remote would say."""
        return self.hybrid._overlay_of(scope).writer.prepared(kind, scope, values)

    def goes_behind(self, kind: AnyKind, scope: Scope, values: Any) -> bool:
        """Return whether an object of these values is made on the remote."""
        index = self.hybrid._overlay_of(scope).index
        ours = [
            index.state(target, identifier)
            for _, reference, identifier in kind.references_of(values)
            for target in reference.kinds
        ]
        is_needed_here = index.is_made_here(kind, scope) or State.CREATED in ours
        return not is_needed_here and self.chance.random() < 0.5


class HalfOfRecords:
    """The records of one kind below one scope."""

    def __init__(self, half: Half, kind: AnyKind, scope: Scope) -> None:
        self.half = half
        self.kind = kind
        self.scope = scope
        self.merged = half.hybrid.store(kind, scope)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.merged, name)

    def create(self, values: Any) -> Any:
        """Make a record on one side or the other."""
        if self.kind.parent is None:
            return self.merged.create(values)
        found, given = self.half.prepared(self.kind, self.scope, values)
        if self.half.goes_behind(self.kind, found, given):
            try:
                return self.half.behind.store(self.kind, found).create(given)
            except ConflictError:  # with what is different here
                pass
        return self.merged.create(values)

    def create_many(self, values: Sequence[Any]) -> Any:
        """Make all of them on one side."""
        return self.merged.create_many(values)


class HalfOfFiles:
    """The files of one kind below one scope."""

    def __init__(self, half: Half, kind: AnyKind, scope: Scope) -> None:
        self.half = half
        self.kind = kind
        self.scope = scope
        self.merged = half.hybrid.files(kind, scope)
        self.open = self.merged.open

    def upload(
        self, values: Any, sources: Mapping[str, Source], advance: Any, *, key: str | None = None
    ) -> Any:
        """Store a record on one side or the other; one of a key here, which alone knows it."""
        if key is not None:
            return self.merged.upload(values, sources, advance, key=key)
        found, given = self.half.prepared(self.kind, self.scope, values)
        if self.half.goes_behind(self.kind, found, given):
            return self.half.behind.files(self.kind, found).upload(given, sources, advance)
        return self.merged.upload(values, sources, advance)


class HalfOfURLs:
    """The signed URLs."""

    def __init__(self, half: Half) -> None:
        self.half = half
        self.merged = half.hybrid.service(SignedURLs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.merged, name)

    def create(self, scope: Scope, values: Any) -> Any:
        """Make a pending record on one side or the other."""
        from dataforce.models import MODEL_ARTIFACT

        found, given = self.half.prepared(MODEL_ARTIFACT, scope, values)
        if self.half.goes_behind(MODEL_ARTIFACT, found, given):
            return self.half.behind.service(SignedURLs).create(found, given)
        return self.merged.create(scope, values)
