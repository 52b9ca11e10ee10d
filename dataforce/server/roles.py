"""Roles of API keys: what each allows, and which role the caller of a request has.

An action on an orbit, or on what is in it, is allowed if the role in the organization allows it or
else the role in that orbit. Of kinds that are not the registry's, those in an orbit are treated as
collections, those in an organization as bucket secrets, and those at the root are read by everybody
and changed by owners and admins.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

from dataforce.backend import AnyKind
from dataforce.models import (
    BUCKET_SECRET,
    COLLECTION,
    MODEL_ARTIFACT,
    ORBIT,
    ORGANIZATION,
    REGISTRY,
)

Action: TypeAlias = Literal["list", "read", "create", "update", "delete"]
Allowed: TypeAlias = Mapping[AnyKind, tuple[Action, ...]]


class OrganizationRole(StrEnum):
    """Actions that a member of an organization may take."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class OrbitRole(StrEnum):
    """Actions that a member of an orbit may take."""

    ADMIN = "admin"
    MEMBER = "member"


ALL: tuple[Action, ...] = ("list", "read", "create", "update", "delete")
KEEPS_ALL: tuple[Action, ...] = ("list", "read", "create", "update")

IN_ORGANIZATION: Mapping[OrganizationRole, Allowed] = {
    OrganizationRole.OWNER: {
        ORGANIZATION: ("read",),
        BUCKET_SECRET: ALL,
        ORBIT: ALL,
        COLLECTION: ALL,
        MODEL_ARTIFACT: ALL,
    },
    OrganizationRole.ADMIN: {
        ORGANIZATION: ("read",),
        BUCKET_SECRET: ALL,
        ORBIT: KEEPS_ALL,
        COLLECTION: ALL,
        MODEL_ARTIFACT: ALL,
    },
    OrganizationRole.MEMBER: {ORGANIZATION: ("read",), ORBIT: ("list", "read")},
}
IN_ORBIT: Mapping[OrbitRole, Allowed] = {
    OrbitRole.ADMIN: {
        ORBIT: ("read", "update", "delete"),
        COLLECTION: ALL,
        MODEL_ARTIFACT: ALL,
    },
    OrbitRole.MEMBER: {
        ORBIT: ("read",),
        COLLECTION: KEEPS_ALL,
        MODEL_ARTIFACT: KEEPS_ALL,
    },
}


@dataclass
class Access:
    """The roles that an API key has.

    Args:
        role: In every organization of the registry.
        orbits: In orbits, by their ids. Whoever creates an orbit becomes its admin.

    Example:
        >>> access = Access(OrganizationRole.MEMBER, {"0199": OrbitRole.MEMBER})
        >>> access.allows("create", COLLECTION, "0199"), access.allows("create", ORBIT)
        (True, False)
    """

    role: OrganizationRole = OrganizationRole.OWNER
    orbits: dict[str, OrbitRole] = field(default_factory=dict)

    def allows(self, action: Action, kind: AnyKind, orbit: str | None = None) -> bool:
        """Return whether an action is allowed.

        Args:
            action: One of `list`, `read`, `create`, `update`, `delete`.
            kind: The kind of the records that it concerns.
            orbit: The id of the orbit that it concerns or takes place in.
        """
        if kind.parent is None and kind not in REGISTRY.kinds:
            return self.role != OrganizationRole.MEMBER or action in ("list", "read")
        kind = _like(kind)
        if action in IN_ORGANIZATION[self.role].get(kind, ()):
            return True
        role = None if orbit is None else self.orbits.get(orbit)
        return role is not None and action in IN_ORBIT[role].get(kind, ())

    def permissions(self) -> dict[str, list[str]]:
        """Return what is allowed in an organization itself, as the platform lists it."""
        allowed = IN_ORGANIZATION[self.role]
        listed: dict[str, list[str]] = {
            kind.name.replace(" ", "_"): [*allowed[kind]]
            for kind in (ORGANIZATION, BUCKET_SECRET)
            if kind in allowed
        }
        return listed | ({"orbit": ["create"]} if self.allows("create", ORBIT) else {})


def _like(kind: AnyKind) -> AnyKind:
    """Return the kind of the registry whose rules hold for a kind: by what it stands under."""
    if kind in REGISTRY.kinds:
        return kind
    return COLLECTION if ORBIT in kind.ancestors else BUCKET_SECRET


CALLER: ContextVar[Access] = ContextVar("CALLER")
"""The roles of the API key that the present request carries."""
