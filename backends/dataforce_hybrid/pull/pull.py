"""Records and files of the remote, brought here to be read without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dataforce.backend import Query, Scope, identifier_of
from dataforce.errors import PermissionDeniedError
from dataforce.overlay import PullReport
from dataforce.transfer import cancellation
from dataforce_hybrid.files.store import FetchedOnce, is_digest
from dataforce_hybrid.pull.snapshot import Pulled

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend import Advance
    from dataforce.backend.interface import AnyKind
    from dataforce_hybrid.layer import Layer


class Pull:
    """One pull.

    Args:
        layer: Both sides.
        content: Whether to bring files too.
        advance: Is told how many bytes have arrived.
    """

    def __init__(self, layer: Layer, *, content: bool, advance: Advance) -> None:
        self._layer = layer
        self._with_content = content
        self._advance = advance
        self._pulled = Pulled(layer.workspace.notes)
        self._records: Counter[str] = Counter()
        self._alone: set[tuple[AnyKind, str]] = set()
        self._files: dict[str, int] = {}

    def run(self, kind: AnyKind, scope: Scope, wanted: str | Query) -> PullReport:
        """Bring an object and all below it, or what a query asks for."""
        self._pulled.sweep()
        self._bring_above(kind, scope)
        if isinstance(wanted, str):
            self._bring_alone(kind, scope, wanted)
            self._bring_below(kind, scope.child(wanted))
        else:
            page = self._layer.remote.store(kind).page(scope, wanted)
            self._take(kind, scope, page.items)
            self._pulled.add(kind, scope, page.items)
        # What an earlier pull brought, and nothing tells of any more, may make room.
        self._layer.workspace.cache.unpin(self._pulled.digests(self._layer.kinds.values()))
        return PullReport(dict(self._records), len(self._files), sum(self._files.values()))

    def _bring_above(self, kind: AnyKind, scope: Scope) -> None:
        for depth, parent in enumerate(kind.ancestors):
            self._bring_alone(parent, Scope(scope.ids[:depth]), scope.ids[depth])

    def _bring_alone(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """One object, as part of a list of which no more is wanted."""
        if (kind, identifier) not in self._alone:
            self._alone.add((kind, identifier))
            record = self._layer.remote.store(kind).get(scope, identifier)
            self._take(kind, scope, [record])
            self._pulled.add(kind, scope, [record])

    def _bring_below(self, parent: AnyKind, scope: Scope) -> None:
        for kind in self._layer.kinds.values():
            if kind.parent is parent:
                found: list[str] = []
                self._pulled.replace(kind, scope, self._pages(kind, scope, found))
                for identifier in found:
                    self._bring_below(kind, scope.child(identifier))

    def _pages(self, kind: AnyKind, scope: Scope, found: list[str]) -> Iterator[Sequence[Any]]:
        query = Query(limit=None)
        while True:
            page = self._layer.remote.store(kind).page(scope, query)
            self._take(kind, scope, page.items)
            found += map(identifier_of, page.items)
            yield page.items
            if page.cursor is None:
                return
            query = replace(query, cursor=page.cursor)

    def _take(self, kind: AnyKind, scope: Scope, records: Iterable[BaseModel]) -> None:
        for record in records:
            cancellation.check()
            self._records[kind.name] += 1
            for field, target in kind.references.items():
                above = Scope(scope.ids[: len(target.ancestors)])
                with suppress(PermissionDeniedError):  # what may not be read stays an id
                    self._bring_alone(target, above, getattr(record, field))
            if self._with_content and kind.file is not None and kind.file.is_ready(record):
                self._bring_file(kind, scope, record)

    def _bring_file(self, kind: AnyKind, scope: Scope, record: BaseModel) -> None:
        assert kind.file is not None
        digest, size = getattr(record, kind.file.digest).lower(), getattr(record, kind.file.size)
        cache = self._layer.workspace.cache
        if not is_digest(digest):
            return
        if digest not in self._files and not cache.pin(digest):
            theirs = self._layer.remote.content(kind).open(scope, record)
            with closing(FetchedOnce(kind, record, theirs, cache).keep(pinned=True)) as chunks:
                for chunk in chunks:
                    cancellation.check()
                    self._advance(len(chunk))
        self._files[digest] = size
