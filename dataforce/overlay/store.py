"""The interface of an overlay store: a backend that keeps records, and changes over a remote."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from dataforce.backend.interface import Backend, Content
from dataforce.backend.source import Sink

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydantic import BaseModel

    from dataforce.backend.kind import AnyKind, Family, Kind
    from dataforce.backend.query import Scope
    from dataforce.config import Settings

M = TypeVar("M", bound="BaseModel")
C = TypeVar("C", bound="BaseModel")
U = TypeVar("U", bound="BaseModel")


class State(StrEnum):
    """The state of an object in an overlay."""

    CREATED = "created"
    """Made here; the other side knows nothing of it."""
    CHANGED = "changed"
    """A copy of an object of the other side, with changes."""
    DELETED = "deleted"
    """An object of the other side that is hidden here."""
    COPIED = "copied"
    """A copy that only carries what stands below it, or is pointed at; the other side's holds."""
    PUBLISHED = "published"
    """Made here, and since then on the other side under another id."""
    REMOVED = "removed"
    """Made here and deleted here, or reverted."""


Key: TypeAlias = tuple[str, str]
"""Route of a kind and id of an object: two kinds may have objects of one id."""


@dataclass(frozen=True, slots=True)
class ObjectState:
    """The state of one object, and what is needed to publish it.

    Args:
        kind: Route of its kind.
        scope: Ids of its parents, from the root down.
        identifier: Its id.
        state: What became of it.
        base: JSON of the other side's record when it was copied or hidden.
        is_lossless: Whether the store's own record can hold all that the copied one held.
        write_only: JSON of the fields that were given and that no record shows, such as keys.
        replaced_by: The id it was published under.
        revision: Of the store when the object last changed here.
    """

    kind: str
    scope: tuple[str, ...]
    identifier: str
    state: State
    base: str | None = field(default=None, repr=False)
    is_lossless: bool = True
    write_only: str | None = field(default=None, repr=False)
    replaced_by: str | None = None
    revision: int = field(default=0, compare=False)

    @property
    def key(self) -> Key:
        """Route of its kind and its id."""
        return self.kind, self.identifier


class KeyValues(Protocol):
    """Text by namespace and key, kept as long as the store; each call is atomic."""

    def read(self, namespace: str) -> Mapping[str, str]:
        """Return all values of a namespace, by key."""
        ...

    def get(self, namespace: str, key: str) -> str | None:
        """Return one value, `None` if there is none."""
        ...

    def write(self, namespace: str, values: Mapping[str, str]) -> None:
        """Add or replace values."""
        ...

    def erase(self, namespace: str, key: str | None = None) -> None:
        """Remove one value, or the whole namespace."""
        ...

    def namespaces(self, prefix: str) -> list[str]:
        """Return the namespaces that begin so and are not empty, sorted."""
        ...


class Cache(Protocol):
    """Files by their SHA-256; when there are too many bytes, the one used longest ago goes."""

    def open(self, digest: str) -> Content | None:
        """The bytes of that SHA-256, `None` if they are not here; counts as use."""
        ...

    def keep(self, digest: str, size: int, *, pinned: bool = False) -> AbstractContextManager[Sink]:
        """Take in bytes that have that SHA-256, which the caller vouches for by leaving well.

        A pinned file stays until it is unpinned.
        """
        ...

    def pin(self, digest: str) -> bool:
        """Keep a file that is here for good; whether it is here."""
        ...

    def unpin(self, but: Collection[str] = ()) -> None:
        """Let files go when their turn comes, but for those of these digests."""
        ...

    def holds(self, size: int) -> bool:
        """Return whether a file of so many bytes would be kept at all."""
        ...

    def usage(self) -> tuple[int, int]:
        """Return the number of files, and of bytes."""
        ...


class OverlayStore(Backend, Protocol):
    """A backend that keeps records made in it, and copies of those of another side.

    Records made in it get an entry `created` in the same transaction as the record; deleting one
    turns its entry, and those of all below it, into `removed`. Its store gives copies as it gives
    records of its own, so that they can have children. A record without an entry `created` or
    `changed` is not changed, and nothing is made below one that is hidden: `NotFoundError`.

    What became of an object is decided in the transaction that writes it: whoever acts on what was
    known a moment ago is told, or changes nothing, rather than undoing what another process did.

    Attributes:
        key_values: Text beside the records.
        cache: Files beside those of the records.
    """

    key_values: KeyValues
    cache: Cache

    def revision(self) -> int:
        """A number that goes up with every change of an entry, whoever makes it."""
        ...

    def entries(self, after: int) -> Iterator[ObjectState]:
        """The entries that changed after that revision, in the order of their changes.

        Without `base` and `write_only`, which may be large; `entry` gives them.
        """
        ...

    def entry(self, kind: AnyKind, identifier: str) -> ObjectState | None:
        """All that is known of one object; `None` if nothing is."""
        ...

    def copy(self, kind: Kind[M, C, U], scope: Scope, record: M, state: State) -> None:
        """Keep a record of the other side, its parents being here already.

        A copy that is there is replaced, its entry too, unless it is there in the state `changed`
        or hidden; then both stay as they are.

        Args:
            kind: Its kind.
            scope: Its parents.
            record: The record, whose id it keeps.
            state: `copied` or `changed`.
        """
        ...

    def copy_id(self, kind: AnyKind, scope: Scope, identifier: str) -> None:
        """Keep the id of an object of the other side that may not be read, to be referred to.

        It counts as `copied`, without a base; nothing is done if a copy is there.
        """
        ...

    def change(
        self, kind: Kind[M, C, U], scope: Scope, identifier: str, changes: U, base: M | None
    ) -> bool:
        """Change a record that was made or changed here; one of the other side is copied first.

        Args:
            kind: Its kind.
            scope: Its parents.
            identifier: Its id.
            changes: What to change.
            base: The other side's record, if it is to be copied should that be needed.

        Returns:
            Whether it was changed; not if it would have to be copied and there is no `base`.

        Raises:
            NotFoundError: It is hidden or removed.
        """
        ...

    def hide(self, kind: Kind[M, C, U], scope: Scope, record: M) -> None:
        """Hide an object of the other side; the copy of it and all below it go, files too."""
        ...

    def revert(self, kind: Kind[M, C, U], scope: Scope, identifier: str) -> None:
        """Forget what became of an object: a record made here goes, a copy has no changes.

        A copy stays as `copied` as long as something stands below it.
        """
        ...

    def mark_synced(
        self, kind: Kind[M, C, U], scope: Scope, identifier: str, revision: int, record: M | None
    ) -> bool:
        """Forget a change that the other side has now, unless the object changed here since then.

        Args:
            kind: Its kind.
            scope: Its parents.
            identifier: Its id.
            revision: Of the entry that was acted on.
            record: The other side's record, against which a later change counts; `None` if the
                record that the change was made of goes on to be that.

        Returns:
            Whether it was forgotten.
        """
        ...

    def has_deletion_marker(self, kind: Kind[M, C, U], scope: Scope, record: M) -> bool:
        """Return whether the file that `delete_url` of a copy leads to still exists."""
        ...

    def exclusive_lock(self, purpose: str) -> AbstractContextManager[None]:
        """Keep every other process and thread from entering for the same purpose.

        Raises:
            ConflictError: Another one is there.
        """
        ...

    def publish(
        self, kind: Kind[M, C, U], scope: Scope, identifier: str, revision: int, record: M
    ) -> None:
        """Replace a record made here by that of the other side which was made of it.

        What stands below it, or points at it, then stands below the new id. The old id has an
        entry `published`; but an id that a client made stays, and its entry is `copied`. What
        changed here since it was read to be published is a change of the new one, and if it was
        deleted here, the new one is hidden.

        Args:
            kind: Its kind.
            scope: Its parents.
            identifier: Its id here.
            revision: Of its entry when it was read to be published.
            record: The other side's record.
        """
        ...


OverlayStoreFactory: TypeAlias = "Callable[[Settings, Family, Path | None], OverlayStore]"
"""What an entry point in the group `dataforce.overlay_stores` names: it opens the store.

It is at the path, or where the settings say if there is none.
"""
