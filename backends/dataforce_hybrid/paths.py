"""Places of the overlays of a remote."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from dataforce.config.settings import MaskedURL
from dataforce.errors import ConfigurationError

if TYPE_CHECKING:
    from dataforce.config import Settings

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class Location:
    """The place of the overlays that the settings name.

    Without a `database_url`, each organization of each platform has files of its own, one for each
    name of an overlay, in the user's data folder.

    Args:
        settings: `base_url`, `overlay`, `database_url` and `storage_url` count.
    """

    settings: Settings

    def __post_init__(self) -> None:
        if (
            self.is_given
            and self.settings.overlay != type(self.settings).model_fields["overlay"].default
        ):
            raise ConfigurationError(
                f"overlay ({self.settings.origin('overlay')}) names one of several overlays in "
                f"the usual place, and database_url ({self.settings.origin('database_url')}) "
                f"another place, which holds one. Set one of the two."
            )

    @property
    def is_given(self) -> bool:
        """Return whether the database of `database_url` holds the overlays of all roots."""
        return self.settings.database_url is not None

    def place(self, *names: str) -> tuple[Settings, Path | None]:
        """Return the settings of one overlay, and its path if they do not tell it.

        Args:
            names: Id of its root, or the names of folders.
        """
        if self.is_given:
            return self.settings, None
        settings, folders = self.settings, [*map(_folder_name, names)]
        if settings.storage_url is not None:
            base = settings.storage_url.get_secret_value().rstrip("/")
            url = MaskedURL("/".join((base, *folders, settings.overlay)))
            settings = settings.model_copy(update={"storage_url": url})
        return settings, self._folder.joinpath(*folders, f"{settings.overlay}.db")

    def roots(self) -> list[str]:
        """Return the roots of which there is an overlay."""
        found = self._folder.glob(f"*/{self.settings.overlay}.db")
        return sorted(unquote(path.parent.name) for path in found)

    @property
    def _folder(self) -> Path:
        from platformdirs import user_data_path

        url = self.settings.base_url
        host = _UNSAFE.sub("_", urlsplit(url).netloc)
        mark = hashlib.sha256(url.encode()).hexdigest()[:12]
        return user_data_path("dataforce", appauthor=False) / "overlays" / f"{host}-{mark}"


def _folder_name(root: str) -> str:
    """The name of a folder that stands for any id."""
    return quote(root, safe="").replace(".", "%2E")
