"""Kinds of assets: declared once, for every backend, the server and the conformance suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

from dataforce.backend.filters import Filter
from dataforce.backend.identity import Identity
from dataforce.backend.paths import values_at
from dataforce.errors import BadRequestError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dataforce.backend.query import Query, Scope

M = TypeVar("M", bound="BaseModel")
C = TypeVar("C", bound="BaseModel")
U = TypeVar("U", bound="BaseModel")

AnyKind: TypeAlias = "Kind[Any, Any, Any]"

Operation: TypeAlias = Literal["create", "update", "delete"]
UUID_OF_BACKEND = Identity()
ALL_OPERATIONS: frozenset[Operation] = frozenset(("create", "update", "delete"))


@dataclass(frozen=True)
class FileFields:
    """The fields of a record that describe one of its files.

    Args:
        digest: Path of the field with the SHA-256, in hexadecimal digits.
        size: Path of the field with the size in bytes, `None` if no field holds it.
        status: Name of the field with the status, `None` if a record always has this file.
        ready: Status once the file is stored.
        pending: Status until then.

    Example:
        >>> from dataforce.models import MODEL_ARTIFACT
        >>> MODEL_ARTIFACT.files["file"].digest
        'file_hash'
    """

    digest: str
    size: str | None = None
    status: str | None = None
    ready: str | None = None
    pending: str | None = None

    def is_ready(self, record: object) -> bool:
        """Return whether the file of a record is stored, as far as the record tells."""
        return self.status is None or bool(getattr(record, self.status) == self.ready)

    def digest_of(self, record: object) -> str:
        """Return the SHA-256 that a record, or a create model, has for the file."""
        return str(next(iter(values_at(record, self.digest)), "")).lower()

    def size_of(self, record: object) -> int | None:
        """Return the size that a record, or a create model, has for the file."""
        return None if self.size is None else next(iter(values_at(record, self.size)), None)


@dataclass(frozen=True, eq=False)
class Reference:
    """The kinds that a field points at.

    Below every parent that both kinds stand under, the two objects have the same one; where the
    other kind stands deeper, its object may be anywhere below.

    Args:
        kinds: The kinds that it may point at.
        forbids_deletion: Whether an object that is pointed at cannot be deleted, nor one that it
            stands under, unless what points at it is deleted with it.

    Example:
        >>> from dataforce.models import ORBIT
        >>> [kind.name for kind in ORBIT.references["bucket_secret_id"].kinds]
        ['bucket secret']
    """

    kinds: tuple[AnyKind, ...]
    forbids_deletion: bool = True


@dataclass(frozen=True)
class Transitions:
    """The statuses that an update may set, by the status before.

    Args:
        field: Name of the field with the status.
        allowed: Status to those that may follow; none may follow one that is not a key.
        advice: What to do instead, a sentence.
    """

    field: str
    allowed: Mapping[str, tuple[str, ...]]
    advice: str = ""


@dataclass(frozen=True, eq=False)
class Kind(Generic[M, C, U]):
    """A kind of asset: its models, its place under a parent and the rules for it.

    A new kind is declared, not programmed. The backends, the server, the conformance suite and the
    command line read all that differs between kinds from here.

    Args:
        name: The singular in messages, such as `model artifact`.
        route: The last segment of its path on the platform, such as `model_artifacts`; also the
            key under which backends register what they know of the kind.
        record: The record model.
        create: The create model.
        update: The update model; only the fields that were set change.
        parent: The kind it stands under, `None` at the root.
        identity: Who makes the identifier, and its form.
        names: The fields a user may call it by; the first that matches wins.
        sorts: The fields a list may be sorted by; `metrics.*` stands for every key of `metrics`.
        default_sort: The field that a list is sorted by if nobody says which.
        absent: Where absent values stand in ascending order: `first` or `last`.
        filters: The filters that a list takes, by name.
        unique: The fields that no two objects under one parent may share together.
        references: Path to what it points at.
        totals: Field to the route of the kind whose objects below this one it counts.
        files: The files of a record, by name.
        transitions: The rules for the status, `None` if there are none.
        allows: Which of `create`, `update` and `delete` exist.
        starter: The values of the object that a new registry begins with, `None` for none. A kind
            as a value stands for the starter object of that kind.
        constants: Fields that are always the same in a registry of a single user.
        generate: Makes the fields of a new record that neither the user nor the backend gives,
            from its scope and its create model.
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
    parent: AnyKind | None = None
    identity: Identity = UUID_OF_BACKEND
    names: tuple[str, ...] = ("name",)
    sorts: tuple[str, ...] = ("created_at", "name")
    default_sort: str = "created_at"
    absent: Literal["first", "last"] = "first"
    filters: Mapping[str, Filter] = field(default_factory=dict)
    unique: tuple[str, ...] = ()
    references: Mapping[str, Reference] = field(default_factory=dict)
    totals: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, FileFields] = field(default_factory=dict)
    transitions: Transitions | None = None
    allows: frozenset[Operation] = ALL_OPERATIONS
    starter: Mapping[str, object] | None = None
    constants: Mapping[str, object] = field(default_factory=dict)
    generate: Callable[[Scope, C], Mapping[str, object]] | None = None
    forgiving_delete: bool = False

    @cached_property
    def ancestors(self) -> tuple[AnyKind, ...]:
        """The kinds above this one, from the root down; as many as its scope has ids."""
        return (*self.parent.ancestors, self.parent) if self.parent else ()

    @property
    def parent_field(self) -> str | None:
        """The field that holds the id of the parent, such as `orbit_id`."""
        return f"{self.parent.name.replace(' ', '_')}_id" if self.parent else None

    @property
    def identity_field(self) -> str:
        """The field that identifies a record, such as `id`."""
        name: str = self.record.identity_field  # type: ignore[attr-defined]  # of `AssetRecord`
        return name

    @property
    def status(self) -> FileFields | None:
        """The fields of the file that has a status, `None` if records are ready at once."""
        return next((each for each in self.files.values() if each.status is not None), None)

    def is_ready(self, record: object) -> bool:
        """Return whether all files of a record are stored, as far as the record tells."""
        return all(each.is_ready(record) for each in self.files.values())

    def can_sort_by(self, name: object) -> bool:
        """Return whether a list may be sorted by that field."""
        if not isinstance(name, str):  # a user may give anything
            return False
        before, dot, after = name.partition(".")
        return name in self.sorts or bool(after and f"{before}{dot}*" in self.sorts)

    def sort_of(self, query: Query) -> str:
        """Return the field that a query sorts by."""
        return self.default_sort if query.sort_by is None else query.sort_by

    def references_of(self, values: object) -> list[tuple[str, Reference, str]]:
        """Return the references that a record, or a create or update model, holds.

        Args:
            values: Only the fields that were set count.

        Returns:
            The path, what it may point at, and the identifier, of each.
        """
        given = getattr(values, "model_fields_set", None)
        return [
            (path, reference, str(identifier))
            for path, reference in self.references.items()
            if given is None or path.partition(".")[0].removesuffix("[]") in given
            for identifier in values_at(values, path)
        ]

    def check_transition(self, before: M, changes: U) -> None:
        """Refuse a status that may not follow the present one.

        Raises:
            BadRequestError: It may not.
        """
        rules = self.transitions
        if rules is None or rules.field not in changes.model_fields_set:
            return
        old, new = getattr(before, rules.field), getattr(changes, rules.field)
        if new not in rules.allowed.get(old, ()):
            identifier = getattr(before, self.identity_field)
            raise BadRequestError(
                f"Invalid {rules.field} transition from {old} to {new} of {self.name} "
                f"{identifier}. {rules.advice}".rstrip()
            )

    def __repr__(self) -> str:
        return f"<Kind {self.name}>"


@dataclass(frozen=True, eq=False)
class Family:
    """Kinds that belong together, with a group of settings and services of their own.

    Args:
        name: Such as `registry`.
        kinds: All of them; what others stand under, or point at, comes before them.

    Example:
        >>> from dataforce.models import REGISTRY
        >>> [kind.name for kind in REGISTRY.kinds][:3]
        ['organization', 'bucket secret', 'orbit']
    """

    name: str
    kinds: tuple[AnyKind, ...]

    def kind(self, route: str) -> AnyKind:
        """Return the kind of that route; `KeyError` if there is none."""
        for kind in self.kinds:
            if kind.route == route:
                return kind
        raise KeyError(route)

    def children(self, kind: AnyKind) -> tuple[AnyKind, ...]:
        """Return the kinds whose objects stand directly under those of a kind."""
        return tuple(each for each in self.kinds if each.parent is kind)

    def pointing_at(self, kind: AnyKind) -> list[tuple[AnyKind, str, Reference]]:
        """Return the kinds that may point at a kind, each with the path and the reference."""
        return [
            (each, path, reference)
            for each in self.kinds
            for path, reference in each.references.items()
            if kind in reference.kinds
        ]
