"""The version of the API that a platform speaks."""

from __future__ import annotations

from urllib.parse import urlsplit

from dataforce.config import APIVersion, Settings
from dataforce.errors import APIResponseValidationError

_HOMES = {
    "api.dataforce.studio": APIVersion.DECEMBER_2025,
    "api.luml.ai": APIVersion.JANUARY_2026,
}


class Version:
    """The version as far as it is known; answers tell more of it, so nobody has to ask.

    Args:
        settings: `api_version` decides; else `base_url` gives a first guess.

    Attributes:
        known: The version, `None` until a response showed it.
    """

    def __init__(self, settings: Settings) -> None:
        self._pinned = settings.api_version
        self.known = settings.api_version
        self._guess = _HOMES.get(urlsplit(settings.base_url).hostname or "")

    @property
    def likely(self) -> APIVersion:
        """The version to try first."""
        return self.known or self._guess or APIVersion.JANUARY_2026

    def learn(self, version: APIVersion) -> None:
        """Note what a response showed; `APIResponseValidationError` if another one is pinned."""
        if self._pinned is not None and version != self._pinned:
            raise APIResponseValidationError(
                f"The platform speaks the API of {version}, but api_version is {self._pinned}. "
                f"Remove that setting, or set it to {version}."
            )
        self.known = version
