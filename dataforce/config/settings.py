"""The settings: each one's name, type, default and constraint, declared here and nowhere else.

A field's description says what is expected of its value, for messages. A value never enters a
message: a secret may have ended up in the wrong setting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from operator import attrgetter
from typing import Annotated, Final, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    Secret,
    SecretStr,
    StringConstraints,
)
from pydantic.fields import FieldInfo

from dataforce.config.declaration import declared_settings
from dataforce.config.origin import CODE, DEFAULT, Origin

__all__ = ["APIVersion", "BackendType", "MaskedURL", "Settings", "holds_secret"]

MASK: Final = "**********"
# A password may hold any character, "/" and "@" too when nobody quoted them: the last "@" ends it.
# Before an HTTP host a user without a password is most often a token; before a database it is not.
CREDENTIALS: Final = re.compile(
    r"(://[^:/]*:|(?<=http)://|(?<=https)://).+@", re.IGNORECASE | re.DOTALL
)
OVERLAY: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"  # the name of a file, on every system
SECRET_IN_QUERY: Final = re.compile(r"\?.*(pass|pwd|secret|token|key|sig)", re.I | re.DOTALL)


class BackendType(StrEnum):
    """The backends that come with dataforce; other packages may add theirs under other names.

    Example:
        >>> BackendType("hybrid") is BackendType.HYBRID
        True
    """

    LOCAL = "local"
    REMOTE = "remote"
    HYBRID = "hybrid"


class APIVersion(StrEnum):
    """The versions of the platform's API, by the month they are of.

    Example:
        >>> APIVersion("2026-01").name
        'JANUARY_2026'
    """

    DECEMBER_2025 = "2025-12"
    JANUARY_2026 = "2026-01"


Text = Annotated[str, StringConstraints(pattern=r"\S")]


class MaskedURL(Secret[Text]):
    """A URL that may carry credentials; shown without its password and its query string.

    Of an HTTP URL the user is not shown either when there is no password: it may be a token.

    `get_secret_value()` gives the whole URL.

    Example:
        >>> print(MaskedURL("postgresql://me:pass@db.example/registry?sslmode=require"))
        postgresql://me:**********@db.example/registry?**********
    """

    def _display(self) -> str:
        shown = CREDENTIALS.sub(rf"\1{MASK}@", self.get_secret_value())
        address, question_mark, _ = shown.partition("?")
        return f"{address}?{MASK}" if question_mark else address


def check_base_url(url: str) -> str:
    # urlsplit drops line breaks and tabs without a word, so they are refused before it sees them.
    if not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("a character that no URL holds")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("no http URL with a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("more than scheme, host, port and path")
    return parts.geturl().rstrip("/")


def check_api_key(key: SecretStr) -> SecretStr:
    # The key goes into a header, where nothing else may stand.
    if not re.fullmatch(r"[!-~]+", key.get_secret_value()):
        raise ValueError("blank, or a character that a header does not carry")
    return key


def check_database_url(url: MaskedURL) -> MaskedURL:
    if url.get_secret_value() != ":memory:" and not re.match(
        r"[\w+.-]+://", url.get_secret_value()
    ):
        raise ValueError("no scheme")
    return url


def check_proxy(url: MaskedURL) -> MaskedURL:
    text = url.get_secret_value()
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable():
        raise ValueError("no http URL with a host")
    return url


def check_backend_type(name: str) -> str:
    word = name.lower()
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", word):
        raise ValueError("not a word")
    return BackendType(word) if word in list(BackendType) else word


def refuse_truth_value(seconds: object) -> object:
    # pydantic would read `timeout = true` as one second.
    if isinstance(seconds, bool):
        raise ValueError("not a number")
    return seconds


Seconds = Annotated[float, BeforeValidator(refuse_truth_value), Field(allow_inf_nan=False)]


class Settings(BaseModel):
    """The settings of one client, validated and frozen; each value knows its origin.

    Made by `load_settings`. Its `repr` shows each value with its origin and masks secrets.

    Attributes:
        base_url: Address of the platform, without a slash at its end.
        api_key: Key for the platform.
        organization: Default organization, by ID or name.
        orbit: Default orbit, by ID or name.
        collection: Default collection, by ID or name.
        backend_type: A `BackendType`, or the name of a backend from another package.
        database_url: SQLAlchemy URL of the local registry's database; None for the usual place.
        storage_url: Folder or fsspec URL of the local registry's files; None for the usual place.
        retry_timeout: For how long a failing call is repeated, in seconds.
        timeout: How long one call waits for an answer, in seconds.
        api_version: Version of the platform's API, an `APIVersion`; None finds out.
        proxy: URL of an HTTP proxy; None takes what the environment says.
        ca_bundle: File or folder of certificates to trust; None takes what the environment says.
        client_certificate: PEM file with the certificate and the key to show to the platform.
        insecure: Whether a platform with an unverified certificate may be called.
        progress: Whether transfers show a bar on a terminal.
        read_only: Whether calls that would write are refused.
        overlay: Name of the overlay that a hybrid client writes to.
        offline: Whether a hybrid client answers only from what was pulled.
        cache_size: How many bytes of the platform's files a hybrid client keeps at most.

    Example:
        >>> settings = Settings(base_url="https://models.example/", insecure="false")
        >>> settings.base_url, settings.insecure
        ('https://models.example', False)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: Annotated[str, AfterValidator(check_base_url)] = Field(
        default="https://api.dataforce.studio",
        description="an http:// or https:// URL of a host and perhaps a path, without user, "
        "password or query string (put the key in api_key)",
    )
    api_key: Annotated[SecretStr, AfterValidator(check_api_key)] | None = Field(
        default=None, description="a string of printable ASCII characters without whitespace"
    )
    organization: Text | None = Field(
        default=None, description="the ID or name of an organization, as a string"
    )
    orbit: Text | None = Field(default=None, description="the ID or name of an orbit, as a string")
    collection: Text | None = Field(
        default=None, description="the ID or name of a collection, as a string"
    )
    backend_type: Annotated[str, AfterValidator(check_backend_type)] = Field(
        default=BackendType.LOCAL,
        description="local, remote, hybrid or the name of an installed backend",
    )
    database_url: Annotated[MaskedURL, AfterValidator(check_database_url)] | None = Field(
        default=None,
        description="an SQLAlchemy URL such as sqlite:////home/me/registry.db, or :memory:",
    )
    storage_url: MaskedURL | None = Field(
        default=None,
        description="a folder or an fsspec URL, such as /home/me/models or s3://bucket/models",
    )
    retry_timeout: Seconds = Field(
        default=300.0, ge=0, description="a number of seconds, 0 or more"
    )
    timeout: Seconds = Field(default=30.0, gt=0, description="a number of seconds above 0")
    api_version: APIVersion | None = Field(
        default=None, description=f"one of {', '.join(APIVersion)}"
    )
    proxy: Annotated[MaskedURL, AfterValidator(check_proxy)] | None = Field(
        default=None, description="an http:// or https:// URL such as http://proxy.example:3128"
    )
    ca_bundle: Text | None = Field(
        default=None, description="the path of a PEM file or of a folder of certificates"
    )
    client_certificate: Text | None = Field(
        default=None, description="the path of a PEM file with a certificate and its key"
    )
    insecure: bool = Field(default=False, description="true or false")
    progress: bool = Field(default=True, description="true or false")
    read_only: bool = Field(default=False, description="true or false")
    overlay: Annotated[str, StringConstraints(pattern=OVERLAY)] = Field(
        default="default",
        description="up to 100 of the characters A-Z a-z 0-9 . _ -, a letter or digit first",
    )
    offline: bool = Field(default=False, description="true or false")
    cache_size: Annotated[int, BeforeValidator(refuse_truth_value)] = Field(
        default=10_000_000_000, ge=0, description="a number of bytes, 0 or more"
    )

    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: object) -> None:
        """Keep the origins that `load_settings` hands over; without them, code set the values."""
        known = context if isinstance(context, Mapping) else dict.fromkeys(self.model_fields_set)
        self._origins = {name: origin or CODE for name, origin in known.items()}

    def origin(self, name: str) -> Origin:
        """Tell where the value of a setting came from.

        Args:
            name: The setting; one in a group by its dotted name, such as `compute.url`.

        Returns:
            Its origin.

        Raises:
            KeyError: If there is no such setting.

        Example:
            >>> print(Settings(timeout=5).origin("timeout"))
            code
        """
        if name not in declared_settings(type(self)):
            raise KeyError(name)
        return self._origins.get(name, DEFAULT)

    def changed(self, changes: Mapping[str, object]) -> Settings:
        """Return these settings with other values, whose origin is code.

        Args:
            changes: Name of a setting to its value.

        Raises:
            ConfigurationError: A value is wrong.

        Example:
            >>> Settings(timeout=5).changed({"timeout": 60}).timeout
            60.0
        """
        from dataforce.config.loading import load_changes

        return load_changes(self, changes)

    def __repr__(self) -> str:
        names = declared_settings(type(self))
        shown = (f"{name}={attrgetter(name)(self)!s} ({self.origin(name)})" for name in names)
        return f"Settings({', '.join(shown)})"

    __str__ = __repr__


def holds_secret(field: FieldInfo, value: object) -> bool:
    """Return whether a value of this setting is a secret."""
    if mentions(field.annotation, SecretStr):
        return True
    url = str(value)
    carries_one = CREDENTIALS.search(url) or SECRET_IN_QUERY.search(url)
    return mentions(field.annotation, MaskedURL) and carries_one is not None


def mentions(annotation: object, kind: type) -> bool:
    """Return whether a type, or a part of it, is the given one."""
    return annotation is kind or any(mentions(part, kind) for part in get_args(annotation))
