"""The configuration file: which one, what it holds, and whether it may stay as it is."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dataforce.config.declaration import Table, flatten, refusal, suggestion
from dataforce.config.environment import FILE_VARIABLE
from dataforce.config.notices import warn_once
from dataforce.config.origin import CODE, DEFAULT, Given, Origin
from dataforce.config.settings import holds_secret
from dataforce.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = ["ConfigurationFile", "find_file", "read_file"]

USUAL_NAMES: Final = ("config.toml", "config.yaml", "config.yml")
# What a parser quotes from the file may be part of a secret; its own words ('<block end>') and
# single characters may stay.
QUOTED: Final = re.compile(r"""('<[a-z ]+>'|'[^']{1,2}')|["'].*["']""")


@dataclass(frozen=True)
class ConfigurationFile:
    """The content of a configuration file; an empty one stands for no file."""

    path: Path | None = None
    asked_by: Origin = DEFAULT
    default_client: str | None = None
    clients: Mapping[str, dict[str, Given]] = field(default_factory=dict)


def find_file(
    configuration_file: str | os.PathLike[str] | None, environment: Mapping[str, str]
) -> tuple[Path | None, Origin]:
    """Find the file to read, and who asked for it; an empty string in code unasks."""
    if configuration_file:
        return absolute(configuration_file), CODE
    variable = environment.get(FILE_VARIABLE)
    if variable and configuration_file is None:
        return absolute(variable), Origin("environment", FILE_VARIABLE)
    return usual_file(), DEFAULT


def absolute(path: str | os.PathLike[str]) -> Path:
    # Path.expanduser raises for a home it cannot find; here the file is then simply missing.
    return Path(os.path.expanduser(path)).absolute()  # noqa: PTH111


def usual_file() -> Path | None:
    """Find the file in the user's configuration folder, if there is one."""
    from platformdirs import user_config_path

    folder = user_config_path("dataforce")
    # Path.exists raises for a folder that may not be searched; a service may have such a home.
    present = [folder / name for name in USUAL_NAMES if os.path.exists(folder / name)]  # noqa: PTH110
    if len(present) > 1:
        extra = " and ".join(map(str, present[1:]))
        raise ConfigurationError(
            f"several configuration files: keep {present[0]} and remove {extra}, or keep another"
        )
    return present[0] if present else None


def read_file(path: Path, asked_by: Origin, settings: Mapping[str, FieldInfo]) -> ConfigurationFile:
    """Read and check a file; warn when others can read a secret in it.

    Args:
        path: The file.
        asked_by: Who asked for this file.
        settings: The declared settings by their dotted names.

    Returns:
        What it holds, by client and setting; values are not validated yet.

    Raises:
        ConfigurationError: If it cannot be read, is malformed or holds an unknown key.
    """
    content = parse(path, read_text(path, asked_by))
    file = content_of(path, asked_by, content, settings)
    warn_if_exposed(path, file.clients, settings)
    return file


def content_of(
    path: Path, asked_by: Origin, parsed: object, settings: Mapping[str, FieldInfo]
) -> ConfigurationFile:
    """Check what was parsed, and return it by client and setting."""
    content = table(parsed, str(path))
    refuse_unknown_keys(content, ["default_client", "clients"], "", path)
    tables = table(content.get("clients"), f"clients in {path}")
    clients = {str(name): read_client(str(name), tables[name], settings, path) for name in tables}
    return ConfigurationFile(path, asked_by, default_client(content, clients, path), clients)


def read_client(
    name: str, content: object, settings: Mapping[str, FieldInfo], path: Path
) -> dict[str, Given]:
    """Read the table of one client; a null of YAML leaves its setting unset."""
    prefix = f"clients.{name}."
    values = dict(flatten(table(content, f"clients.{name} in {path}"), settings))
    refuse_unknown_keys(values, settings, prefix, path)
    return {
        setting: Given(value, Origin("file", prefix + setting, path))
        for setting, value in values.items()
        if value is not None
    }


def default_client(content: Table, clients: Mapping[str, object], path: Path) -> str | None:
    """Read which client is the default; it must be there."""
    name = content.get("default_client")
    if name is None:
        return None
    if isinstance(name, str) and name in clients:
        return name
    nearest = suggestion(str(name), clients)
    raise refusal(
        [
            f"default_client in {path}: expected the name of a table [clients.NAME], "
            f"one of {', '.join(clients) or 'none so far'}{nearest}"
        ]
    )


def read_text(path: Path, asked_by: Origin) -> str:
    """Read a file, which should be a text."""
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = "it does not exist" if isinstance(error, FileNotFoundError) else error.strerror
        raise ConfigurationError(
            f"configuration file {path}, asked for by {asked_by}, cannot be read: {reason}"
        ) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        position = error.start
    # Raised out here, so that no error in the chain carries the file's content. The same below.
    raise ConfigurationError(
        f"{path} is not UTF-8 text (byte {position}): save it with the encoding UTF-8"
    )


def parse(path: Path, text: str) -> object:
    """Parse a text as its file's name says."""
    if path.suffix == ".toml":
        return parse_toml(path, text)
    if path.suffix in (".yaml", ".yml"):
        return parse_yaml(path, text)
    raise ConfigurationError(f"{path}: expected a file whose name ends in .toml, .yaml or .yml")


def parse_toml(path: Path, text: str) -> object:
    from tomllib import loads

    try:
        return loads(text)
    except (ValueError, RecursionError) as error:
        problem = without_quotes(str(error))
    raise ConfigurationError(f"{path} is not valid TOML: {problem}; correct the file there")


def parse_yaml(path: Path, text: str) -> object:
    try:
        from yaml import YAMLError, safe_load
    except ImportError as error:
        raise ConfigurationError(
            f'{path} needs PyYAML: run `pip install "dataforce[yaml]"`, or write the file as TOML'
        ) from error
    try:
        return safe_load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        problem = yaml_problem(error)
    raise ConfigurationError(f"{path} is not valid YAML: {problem}; correct the file there")


def yaml_problem(error: Exception) -> str:
    """Say what is wrong and where; the parser's own message would quote the line."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "a value or character that YAML cannot hold"
    place = f" (at line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return f"{without_quotes(problem)}{place}"


def without_quotes(problem: str) -> str:
    return QUOTED.sub(lambda match: match[1] or "...", problem)


def table(content: object, place: str) -> Table:
    """Check that a part of the file is a table; a null of YAML is an empty one."""
    if content is None or isinstance(content, Mapping):
        return content or {}
    raise ConfigurationError(f"{place}: expected a table")


def refuse_unknown_keys(content: Table, known: Collection[str], prefix: str, path: Path) -> None:
    unknown = [str(key) for key in content if key not in known]
    expected = f" (expected {', '.join(known)})"
    lines = [
        f"unknown key {prefix}{key} in {path}{suggestion(key, known) or expected}"
        for key in unknown
    ]
    if lines:
        raise refusal(lines)


def warn_if_exposed(
    path: Path, clients: Mapping[str, dict[str, Given]], settings: Mapping[str, FieldInfo]
) -> None:
    """Warn when other users of the machine can open a file with a secret in it."""
    secrets = secrets_of(clients, settings)
    # Windows keeps its permissions elsewhere; the mode says nothing there.
    if secrets and os.name == "posix" and path.stat().st_mode & 0o077:
        warn_once(
            f"{path} holds secrets ({', '.join(secrets)}) and other users of this machine can "
            f"open it: run `chmod 600 '{path}'`"
        )


def secrets_of(
    clients: Mapping[str, dict[str, Given]], settings: Mapping[str, FieldInfo]
) -> list[str]:
    """Return the keys of the file under which a secret stands."""
    return [
        given.origin.key
        for values in clients.values()
        for name, given in values.items()
        if holds_secret(settings[name], given.value)
    ]
