"""Changes of the configuration file: one at a time, checked, and written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING, Any, TypeVar

from dataforce.config.declaration import declared_settings, suggestion
from dataforce.config.files import (
    USUAL_NAMES,
    ConfigurationFile,
    content_of,
    find_file,
    parse,
    read_text,
    secrets_of,
)
from dataforce.config.loading import refuse_unknown_settings, usual_values, validate
from dataforce.config.origin import CODE, Given, Origin
from dataforce.config.settings import Settings
from dataforce.errors import ConfigurationError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

try:
    import fcntl
except ImportError:  # pragma: no cover
    # Windows. There the last of two changes at a time counts.
    fcntl = None  # type: ignore[assignment]

__all__ = ["change_file", "path_to_change", "remove_values", "set_values", "use_client"]

T = TypeVar("T")

FIRST_CLIENT = "default"
OWNER_ONLY = 0o600


def path_to_change(configuration_file: str | os.PathLike[str] | None) -> Path:
    """Return the file that holds the settings, or would if there were one.

    Args:
        configuration_file: As for `load_settings`.
    """
    path, _ = find_file(configuration_file, os.environ)
    if path is not None:
        return path
    from platformdirs import user_config_path

    return user_config_path("dataforce") / USUAL_NAMES[0]


def set_values(path: Path, client_name: str | None, values: Mapping[str, str]) -> str:
    """Store settings of a client. A file that has no client yet gets it as its default.

    Args:
        path: The file; it is made if it does not exist.
        client_name: The client; the file's default one if not given.
        values: Setting to its value, as text.

    Returns:
        The name of the client.

    Raises:
        ConfigurationError: A value is wrong, or the file cannot be changed.
    """

    def change(document: TOMLDocument) -> str:
        name = client_name or document.get("default_client") or FIRST_CLIENT
        if not document.get("clients") or not client_name:
            document["default_client"] = name
        for setting, value in values.items():
            *groups, key = ("clients", str(name), *setting.split("."))
            table: Any = document
            for each in groups:
                table = _table(table, each)
            table[key] = _typed(setting, value, f"clients.{name}.{setting}", path)
        return str(name)

    return change_file(path, change)


def remove_values(path: Path, client_name: str | None, names: tuple[str, ...]) -> list[str]:
    """Remove settings of a client.

    Args:
        path: The file.
        client_name: The client; the file's default one if not given.
        names: The settings.

    Returns:
        Those that the file held.

    Raises:
        ConfigurationError: There is no such setting, or the file cannot be changed.
    """
    refuse_unknown_settings(names, declared_settings(Settings))

    def change(document: TOMLDocument) -> list[str]:
        found = []
        for setting in names:
            table: Any = document.get("clients", {})
            client = client_name or document.get("default_client") or FIRST_CLIENT
            *groups, key = (client, *setting.split("."))
            for each in groups:
                table = table.get(each, {})
            if table.pop(key, None) is not None:
                found.append(setting)
        return found

    return change_file(path, change) if path.exists() else []


def use_client(path: Path, name: str) -> None:
    """Make a client the default one of a file.

    Raises:
        ConfigurationError: The file does not have it, or cannot be changed.
    """

    def change(document: TOMLDocument) -> None:
        clients = document.get("clients", {})
        if name not in clients:
            known = ", ".join(clients) or "none"
            raise ConfigurationError(
                f"{path} has no client {name!r}{suggestion(name, clients, quote=chr(39))}; "
                f"it has: {known}. Make one with `dataforce config set --client-name`."
            )
        document["default_client"] = name

    change_file(path, change)


def change_file(path: Path, change: Callable[[TOMLDocument], T]) -> T:
    """Change a TOML file; comments and order stay.

    Args:
        path: The file; it is made if it does not exist.
        change: Changes the document.

    Returns:
        What `change` returned.

    Raises:
        ConfigurationError: It is no TOML file, cannot be changed, or would hold what no client
            takes. Then the file is as it was.
    """
    import tomlkit

    if path.suffix != ".toml":
        raise ConfigurationError(
            f"{path} is not changed: comments in YAML would be lost. Change it with an editor, or "
            f"write the file as TOML."
        )
    target = path.resolve()  # a link stays one
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target):
            text = read_text(path, CODE) if target.exists() else ""
            parse(path, text)  # for its message, which quotes nothing
            document = tomlkit.parse(text)
            result = change(document)
            written = tomlkit.dumps(document)
            if written != text:
                settings = declared_settings(Settings)
                checked = content_of(path, CODE, parse(path, written), settings)
                _replace(target, written, _mode(target, checked))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be changed: {error.strerror}.") from error
    return result


def _table(parent: Any, name: str) -> Any:
    """Return the table of that name, made if it is missing."""
    import tomlkit

    if name not in parent:
        parent[name] = tomlkit.table(is_super_table=name == "clients")
    return parent[name]


def _typed(setting: str, text: str, key: str, path: Path) -> object:
    """Return a value as the file holds it: numbers and truth values as such."""
    settings = declared_settings(Settings)
    refuse_unknown_settings([setting], settings)
    given = {setting: Given(text, Origin("file", key, path))}
    value: object = validate(given, usual_values(settings, {}), settings)
    for each in setting.split("."):
        value = getattr(value, each)
    return value if type(value) in (bool, int, float) else text


def _mode(path: Path, content: ConfigurationFile) -> int:
    """Return the mode of the new file: that of the old one, unless there is a secret in it."""
    if path.exists() and not secrets_of(content.clients, declared_settings(Settings)):
        return stat.S_IMODE(path.stat().st_mode)
    return OWNER_ONLY


def _replace(path: Path, text: str, mode: int) -> None:
    descriptor, temporary = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    finally:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait until no other process changes the file."""
    with path.with_name(f".{path.name}.lock").open("ab") as file:
        if fcntl is not None:  # pragma: no branch
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
