"""Requests that a client may send: none if offline, an allow-list of reads if read-only.

That a request is a GET says too little: the platform changes a record when it is asked for its
`delete-url`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from dataforce.backend.http import TEXT_SEGMENT
from dataforce.backend.read_only import refusal, setting_reason
from dataforce.errors import OfflineError
from dataforce.models import MODEL_ARTIFACT, ORGANIZATION, REGISTRY

if TYPE_CHECKING:
    from dataforce.backend import AnyKind, Family
    from dataforce.config import Settings

_ID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"


class Guard:
    """Lets pass what the settings allow: nothing, what only reads, or everything.

    Args:
        settings: `offline` and `read_only` count.
        family: The kinds whose records may be read.

    Attributes:
        is_on: Whether the client only reads.
        reason: Why it refuses to write, for messages.
    """

    def __init__(self, settings: Settings, family: Family) -> None:
        self.is_on = settings.read_only
        self.reason = setting_reason(settings.origin("read_only"))
        self._family = family
        self._settings = settings

    def check_online(self) -> None:
        """Refuse everything if the client is offline.

        Raises:
            OfflineError: It is.
        """
        if self._settings.offline:
            raise OfflineError(
                f"Cannot ask {self._settings.base_url}: this client is offline "
                f"({self._settings.origin('offline')}). Use a client without offline to ask the "
                f"platform, or a hybrid one to read what was pulled."
            )

    def check_call(self, method: str, path: str) -> None:
        """Refuse what is not known to change nothing on the platform.

        Args:
            method: The HTTP method.
            path: Below `base_url`; it is compared as it stands, so another spelling is refused.

        Raises:
            OfflineError: The client is offline.
            ReadOnlyError: The client only reads, and this is none of the reads it knows.
        """
        self.check_online()
        if self.is_on and not (method == "GET" and self._reads.fullmatch(path)):
            raise refusal(f"send {method} {path}", self.reason)

    def check_transfer(self, method: str) -> None:
        """Refuse what is not a GET: on a bucket that changes nothing.

        Args:
            method: The HTTP method.

        Raises:
            OfflineError: The client is offline.
            ReadOnlyError: The client only reads, and this is another method.
        """
        self.check_online()
        if self.is_on and method != "GET":
            raise refusal(f"send {method} to the bucket", self.reason)

    @cached_property
    def _reads(self) -> re.Pattern[str]:
        return re.compile("|".join(_readable(self._family)))


def _readable(family: Family) -> Iterator[str]:
    for kind in family.kinds:
        if kind is ORGANIZATION:
            yield "/users/me/organizations"  # an API key asks for them in no other way
            continue
        above = "".join(f"/{re.escape(each.route)}/{_segment(each)}" for each in kind.ancestors)
        records = f"{above}/{re.escape(kind.route)}"
        yield records
        yield f"{records}/{_segment(kind)}"
        if kind is MODEL_ARTIFACT:
            yield f"{records}/{_segment(kind)}/download-url"
        elif kind not in REGISTRY.kinds:
            for name in kind.files:
                yield f"{records}/{_segment(kind)}/files/{re.escape(name)}"


def _segment(kind: AnyKind) -> str:
    return _ID if kind.identity.form == "uuid" else TEXT_SEGMENT
