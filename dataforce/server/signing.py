"""URLs that allow one thing for a while, to whoever holds them."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Mapping
from urllib.parse import urlencode

TWELVE_HOURS = 12 * 60 * 60


class SignatureError(Exception):
    """A URL that was not signed here for this use, or not for so long; the text says which."""


class Signer:
    """Signs a method, a path and parameters with a secret of this process.

    The URLs end with the process: another one does not know the secret.

    Args:
        lifetime: For how long a URL is good, in seconds.
    """

    def __init__(self, lifetime: int = TWELVE_HOURS) -> None:
        self._lifetime = lifetime
        self._secret = secrets.token_bytes(32)

    def query(self, method: str, path: str, parameters: Mapping[str, str]) -> str:
        """The query string that allows it."""
        signed = {**parameters, "expires": str(int(time.time()) + self._lifetime)}
        return urlencode({**signed, "signature": self.signature(method, path, signed)})

    def check(self, method: str, path: str, parameters: Mapping[str, str]) -> None:
        """Refuse a use that was not allowed; `SignatureError` says why."""
        signed = {name: value for name, value in parameters.items() if name != "signature"}
        expected = self.signature(method, path, signed)
        given = parameters.get("signature", "")
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise SignatureError("SignatureDoesNotMatch")
        if int(signed["expires"]) <= time.time():
            raise SignatureError("AccessDenied")

    def new_name(self, path: str) -> str:
        """A name for an upload to a path, which shows that it was given here."""
        nonce = secrets.token_hex(16)
        return nonce + self.signature("name", path, {"nonce": nonce})[:32]

    def is_name(self, path: str, name: str) -> bool:
        """Return whether `new_name` gave that name for an upload to that path."""
        expected = self.signature("name", path, {"nonce": name[:32]})[:32]
        return hmac.compare_digest(expected.encode(), name[32:].encode())

    def signature(self, method: str, path: str, parameters: Mapping[str, str]) -> str:
        """Return the HMAC-SHA256 of what a URL allows."""
        text = "\n".join([method, path, urlencode(sorted(parameters.items()))])
        return hmac.new(self._secret, text.encode(), "sha256").hexdigest()
