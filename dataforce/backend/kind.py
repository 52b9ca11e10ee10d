"""What a kind of asset declares of itself, once, for every backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from pydantic import BaseModel

M = TypeVar("M", bound="BaseModel")
C = TypeVar("C", bound="BaseModel")
U = TypeVar("U", bound="BaseModel")


@dataclass(frozen=True)
class FileFields:
    """The fields of a record that describe its file.

    Args:
        digest: Name of the field with the SHA-256, in hexadecimal digits.
        size: Name of the field with the size in bytes.
        status: Name of the field with the status.
        ready: Status once the file is stored.
        pending: Status until then.

    Example:
        >>> from dataforce.models import MODEL_ARTIFACT
        >>> MODEL_ARTIFACT.file.digest
        'file_hash'
    """

    digest: str
    size: str
    status: str
    ready: str
    pending: str

    def is_ready(self, record: BaseModel) -> bool:
        """Return whether the file of a record is stored, as far as the record tells."""
        return bool(getattr(record, self.status) == self.ready)


@dataclass(frozen=True, eq=False)
class Kind(Generic[M, C, U]):
    """A kind of asset: its models, its place under a parent and the platform's rules for it.

    A new kind is declared, not programmed. The backends, the conformance suite and the command
    line read all that differs between kinds from here.

    Args:
        name: The singular in messages, such as `model artifact`.
        route: The last segment of its path on the platform, such as `model_artifacts`; also the
            key under which backends register what they know of the kind.
        record: The model of an answer.
        create: The model of what `create` takes.
        update: The model of what `update` takes; only the fields that were set change.
        parent: The kind it stands under, `None` at the root.
        names: The fields a user may call it by; the first that matches wins.
        sorts: The fields a list may be sorted by.
        unique: The fields that no two objects under one parent may share together.
        references: Field to the kind it points at; an object pointed at cannot be deleted.
        totals: Field to the route of the kind whose objects below this one it counts.
        file: Which fields tell of the file that each object has; the backend's `content` keeps
            it. `None` if objects have no files.
        forgiving_delete: Whether deleting what does not exist succeeds, as the platform has it.

    Example:
        >>> from dataforce.models import COLLECTION
        >>> [kind.name for kind in COLLECTION.ancestors]
        ['organization', 'orbit']
    """

    name: str
    route: str
    record: type[M]
    create: type[C]
    update: type[U]
    parent: Kind[Any, Any, Any] | None = None
    names: tuple[str, ...] = ("name",)
    sorts: tuple[str, ...] = ("created_at", "name")
    unique: tuple[str, ...] = ()
    references: Mapping[str, Kind[Any, Any, Any]] = field(default_factory=dict)
    totals: Mapping[str, str] = field(default_factory=dict)
    file: FileFields | None = None
    forgiving_delete: bool = False

    @cached_property
    def ancestors(self) -> tuple[Kind[Any, Any, Any], ...]:
        """The kinds above this one, from the root down; as many as its scope has ids."""
        return (*self.parent.ancestors, self.parent) if self.parent else ()

    @property
    def parent_field(self) -> str | None:
        """The field that holds the id of the parent, such as `orbit_id`."""
        return f"{self.parent.name.replace(' ', '_')}_id" if self.parent else None

    def __repr__(self) -> str:
        return f"<Kind {self.name}>"


def identifier_of(record: BaseModel) -> str:
    """The id of a record of any kind.

    Args:
        record: Every kind's has one.

    Returns:
        A UUID.

    Example:
        >>> identifier_of(client.orbits.get("Default Orbit")) == client.orbit
        True
    """
    identifier: str = record.id  # type: ignore[attr-defined]  # no base class says so
    return identifier
