"""Who may call."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Collection

from fastapi import Request

from dataforce.config import APIVersion
from dataforce.errors import AuthenticationError, PermissionDeniedError


def require_key(
    api_keys: Collection[str], api_version: APIVersion
) -> Callable[[Request], Awaitable[None]]:
    """A dependency of endpoints that lets in who holds one of the keys.

    Args:
        api_keys: The keys, as they are.
        api_version: From 2026-01 on a cookie may carry the key as well.
    """
    known = [key.encode() for key in api_keys]
    reads_cookie = api_version == APIVersion.JANUARY_2026

    # Not a plain function: it waits for nothing, so it needs no thread.
    async def check(request: Request) -> None:
        header = request.headers.get("authorization")
        if header is None and reads_cookie:
            header = f"Bearer {request.cookies.get('access_token', '')}"
        scheme, _, token = (header or "").partition(" ")
        words = len((header or "").split()) == 2 and scheme.lower() == "bearer"
        # All are compared, each in constant time, so that the time tells nothing.
        matches = [hmac.compare_digest(token.strip().encode(), key) for key in known]
        if not words or not any(matches):
            raise AuthenticationError("Not authenticated")

    return check


async def require_person() -> None:
    """Refuse what the platform lets nobody do with an API key."""
    raise PermissionDeniedError("This endpoint requires jwt authentication.")
