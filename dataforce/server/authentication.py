"""API keys, and the file that they are read from."""

from __future__ import annotations

import hmac
import shlex
from collections.abc import Mapping, Sequence
from uuid import UUID

from fastapi import Request
from starlette.requests import HTTPConnection
from starlette.types import Scope

from dataforce.backend import Backend
from dataforce.config import APIVersion
from dataforce.errors import AuthenticationError, ConfigurationError, PermissionDeniedError
from dataforce.models import ORBIT
from dataforce.server.registry import Registry
from dataforce.server.roles import CALLER, Access, OrbitRole, OrganizationRole


class Keys:
    """The API keys that are let in.

    Args:
        roles: The keys, as they are, with their roles.
        api_version: From 2026-01 on a cookie may carry the key as well.
    """

    def __init__(self, roles: Mapping[str, Access], api_version: APIVersion) -> None:
        self._known = [(key.encode(), access) for key, access in roles.items()]
        self._reads_cookie = api_version == APIVersion.JANUARY_2026

    def find(self, scope: Scope) -> Access | None:
        """Return the roles of the key that a request carries; `None` if it carries none of them."""
        connection = HTTPConnection(scope)
        header = connection.headers.get("authorization")
        if header is None and self._reads_cookie:
            header = f"Bearer {connection.cookies.get('access_token', '')}"
        scheme, _, token = (header or "").partition(" ")
        words = len((header or "").split()) == 2 and scheme.lower() == "bearer"
        # All are compared, each in constant time, so that the time tells nothing.
        given = token.strip().encode()
        matches = [access for key, access in self._known if hmac.compare_digest(given, key)]
        return matches[0] if words and matches else None


# Not a plain function: it waits for nothing, so it needs no thread.
async def require_key(request: Request) -> None:
    """Let in who holds one of the keys."""
    access: Access | None = request.state.access
    if access is None:
        raise AuthenticationError("Not authenticated")
    CALLER.set(access)


def read_keys(text: str, backend: Backend) -> dict[str, Access]:
    """Read API keys and their roles.

    Args:
        text: One key on each line, and behind it what its holder may do, if that is not everything:
            `owner`, `admin` or `member`, and for a member the orbits that it belongs to, by name or
            id, `ORBIT` or `ORBIT=admin`. `#` begins a comment.
        backend: Where the orbits are.

    Returns:
        The roles by key.

    Raises:
        ConfigurationError: A line cannot be read, or names an orbit that there is not. The message
            repeats no key.
    """
    keys: dict[str, Access] = {}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            if words := shlex.split(line, comments=True):
                if not words[0].isascii():
                    raise ValueError("a key is ASCII text")
                keys[words[0]] = read_access(words[1:], backend)
        except ValueError as error:
            raise ConfigurationError(
                f"Line {number} of the API keys cannot be read: {error}."
            ) from None
    return keys


def read_access(words: Sequence[str], backend: Backend) -> Access:
    """Read what stands behind a key; `ValueError` says what is wrong with it."""
    role, *orbits = words or [OrganizationRole.OWNER]
    if role not in [*OrganizationRole]:
        # It is not repeated: where two keys share a line, it is one.
        raise ValueError("the word after a key is owner, admin or member")
    access = Access(OrganizationRole(role))
    for word in orbits:
        name, _, given = word.rpartition("=")
        if not name:
            name, given = word, OrbitRole.MEMBER
        if given not in [*OrbitRole]:
            raise ValueError(f"the role in the orbit {name!r} is admin or member")
        access.orbits[orbit_id(name, backend)] = OrbitRole(given)
    return access


def orbit_id(name: str, backend: Backend) -> str:
    """Return the id of the one orbit of that name or id; `ValueError` if there is none."""
    registry = Registry(backend)
    found = [
        orbit
        for organization in registry.organizations()
        for orbit in registry.all_records(ORBIT, UUID(organization.id)).all()
        if name in (orbit.id, orbit.name)
    ]
    if not found:
        raise ValueError(f"there is no orbit {name!r}; write its id, or its name in quotes")
    if len(found) > 1:
        raise ValueError(f"{len(found)} orbits are called {name!r}; write the id of the one meant")
    return found[0].id


async def require_person() -> None:
    """Refuse what the platform lets nobody do with an API key."""
    raise PermissionDeniedError("This endpoint requires jwt authentication.")
