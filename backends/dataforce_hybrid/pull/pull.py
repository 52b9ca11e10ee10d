"""Records and files of the remote, brought here to be read without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from dataforce.backend import Query, Scope, identifier_of
from dataforce.backend.paging import pages
from dataforce.errors import PermissionDeniedError
from dataforce.overlay import PullReport
from dataforce.transfer import cancellation
from dataforce_hybrid.files.fetched_once import FetchedOnce, is_digest
from dataforce_hybrid.pull.pulled_lists import Pulled

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend import Advance, AnyKind, Family, ReadableBackend
    from dataforce.overlay.store import OverlayStore
    from dataforce_hybrid.records.references import References


class Pull:
    """One pull.

    Args:
        remote: What is pulled.
        overlay: Where it is kept.
        family: The kinds.
        references: Finds what records point at.
        content: Whether to bring files too.
        advance: Is told how many bytes have arrived.
    """

    def __init__(
        self,
        remote: ReadableBackend,
        overlay: OverlayStore,
        family: Family,
        references: References,
        *,
        content: bool,
        advance: Advance,
    ) -> None:
        self._remote = remote
        self._cache = overlay.cache
        self._family = family
        self._references = references
        self._with_content = content
        self._advance = advance
        self._pulled = Pulled(overlay.key_values)
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
            page = self._remote.store(kind, scope).page(wanted)
            self._take(kind, scope, page.items)
            self._pulled.add(kind, scope, page.items)
        # What an earlier pull brought, and nothing tells of any more, may make room.
        self._cache.unpin(self._pulled.digests(self._family))
        return PullReport(dict(self._records), len(self._files), sum(self._files.values()))

    def _bring_above(self, kind: AnyKind, scope: Scope) -> None:
        for depth, parent in enumerate(kind.ancestors):
            self._bring_alone(parent, Scope(scope.ids[:depth]), scope.ids[depth])

    def _bring_alone(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """Bring one object, as part of a list of which no more is wanted."""
        if (kind, identifier) not in self._alone:
            self._alone.add((kind, identifier))
            record = self._remote.store(kind, scope).get(identifier)
            self._take(kind, scope, [record])
            self._pulled.add(kind, scope, [record])

    def _bring_below(self, parent: AnyKind, scope: Scope) -> None:
        for kind in self._family.children(parent):
            found: list[str] = []
            self._pulled.replace(kind, scope, self._pages(kind, scope, found))
            for identifier in found:
                self._bring_below(kind, scope.child(identifier))

    def _pages(self, kind: AnyKind, scope: Scope, found: list[str]) -> Iterator[Sequence[Any]]:
        for items in pages(self._remote.store(kind, scope), kind, Query(limit=None)):
            self._take(kind, scope, items)
            found += map(identifier_of, items)
            yield items

    def _take(self, kind: AnyKind, scope: Scope, records: Iterable[BaseModel]) -> None:
        for record in records:
            cancellation.check()
            self._records[kind.name] += 1
            for _, target in self._references.of(kind, scope, record):
                with suppress(PermissionDeniedError):  # what may not be read stays an id
                    self._bring_above(target.kind, target.scope)
                    self._bring_alone(*target)
            if self._with_content and kind.is_ready(record):
                for name in kind.files:
                    self._bring_file(kind, scope, record, name)

    def _bring_file(self, kind: AnyKind, scope: Scope, record: BaseModel, name: str) -> None:
        fields = kind.files[name]
        digest, size = fields.digest_of(record), fields.size_of(record)
        if not is_digest(digest):
            return
        if digest not in self._files and not self._cache.pin(digest):
            theirs = self._remote.files(kind, scope).open(record, name)
            once, size = FetchedOnce(kind, record, name, theirs, self._cache), 0
            with closing(once.keep(pinned=True)) as chunks:
                for chunk in chunks:
                    cancellation.check()
                    size += len(chunk)
                    self._advance(len(chunk))
        self._files[digest] = size or 0
