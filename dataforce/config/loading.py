"""The sources of settings, put in order."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from dataforce.config.declaration import (
    Table,
    declared_settings,
    flatten,
    nest,
    refusal,
    suggestion,
)
from dataforce.config.destination import warn_of_another_host
from dataforce.config.environment import client_part, read_environment
from dataforce.config.files import ConfigurationFile, find_file, read_file
from dataforce.config.origin import CODE, DEFAULT, Given, Origin
from dataforce.config.settings import BackendType, Settings
from dataforce.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = ["load_settings", "refuse_unknown_settings"]

NOTHING: Final[Table] = MappingProxyType({})


def load_settings(
    values: Mapping[str, object],
    *,
    client_name: str | None = None,
    configuration_file: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    defaults: Mapping[str, object] = NOTHING,
) -> Settings:
    """Find the value of every setting: code, environment, configuration file, default.

    Args:
        values: What code gives, by setting. None gives nothing; an empty string removes what the
            environment and the file say, so that the default holds.
        client_name: The client whose variables and whose table in the file to use. Without it
            the file's `default_client` decides; an empty string means no client.
        configuration_file: A TOML or YAML file. Without it the variable DFS_CONFIG_FILE names
            one, else the one in the user's configuration folder is read if it is there.
        environment: The environment variables; those of this process if not given.
        defaults: Defaults that differ from those of `Settings`.

    Returns:
        The settings, validated; each knows its origin.

    Raises:
        ConfigurationError: If a value is wrong, a setting, variable, key or client unknown, or
            the file missing, unreadable or malformed.

    Warns:
        ConfigurationWarning: If other users can open the file and a secret is in it, or if the key
            goes to another host than that which its source names. Once in a process.

    Example:
        >>> settings = load_settings({"timeout": None}, environment={"DFS_TIMEOUT": "5"})
        >>> settings.timeout, str(settings.origin("timeout"))
        (5.0, 'environment variable DFS_TIMEOUT')
    """
    settings = declared_settings(Settings)
    code = from_code(values, CODE, settings)
    # Not a default of the signature: help() would print every variable there is.
    environment = os.environ if environment is None else environment
    path, asked_by = find_file(configuration_file, environment)
    file = read_file(path, asked_by, settings) if path else ConfigurationFile()
    variables = read_environment(environment, settings, [*file.clients, client_name or ""])
    client = choose_client(client_name, file, variables)
    sources = [*below_code(client, file, variables), code]
    given = {name: value for source in sources for name, value in source.items()}
    validated = validate(given, usual_values(settings, defaults), settings)
    if validated.backend_type != BackendType.LOCAL:
        warn_of_another_host(sources)
    return validated


def load_changes(settings: Settings, changes: Mapping[str, object]) -> Settings:
    """Return settings with other values, as `Settings.changed` has it."""
    declared = declared_settings(Settings)
    before = {name: Given(attrgetter(name)(settings), settings.origin(name)) for name in declared}
    return validate(before | from_code(changes, CODE, declared), before, declared)


def from_code(values: Table, origin: Origin, settings: Mapping[str, FieldInfo]) -> dict[str, Given]:
    """Take what code gives; None gives nothing."""
    given = dict(flatten(values, settings))
    refuse_unknown_settings(given, settings)
    return {name: Given(value, origin) for name, value in given.items() if value is not None}


def refuse_unknown_settings(names: Iterable[str], known: Collection[str]) -> None:
    """Refuse what code gives under a name that no setting has."""
    lines = [
        f"unknown setting {name!r}" + suggestion(name, known, quote="'")
        for name in names
        if name not in known
    ]
    if lines:
        raise refusal(lines)


def usual_values(settings: Mapping[str, FieldInfo], defaults: Table) -> dict[str, Given]:
    """Collect the value of each setting when no source gives one."""
    declared = {
        name: Given(field.get_default(call_default_factory=True), DEFAULT)
        for name, field in settings.items()
    }
    return declared | from_code(defaults, DEFAULT, settings)


def choose_client(
    client_name: str | None, file: ConfigurationFile, variables: Mapping[str, object]
) -> str:
    """Find out which client is meant; an empty string for none."""
    client = file.default_client if client_name is None else client_name
    if not client:
        refuse_unused(file, variables)
        return ""
    if client not in file.clients and client_part(client) not in variables:
        raise ConfigurationError(
            f"unknown client_name {client}{suggestion(client, file.clients)}\nexpected a table "
            f"[clients.{client}] in the configuration file or a variable "
            f"DFS_{client_part(client)}_<SETTING>; {names_of_clients(file, variables)}"
        )
    return client


def refuse_unused(file: ConfigurationFile, variables: Mapping[str, object]) -> None:
    """Refuse a file that somebody asked for and nobody would read a table of."""
    if file.path and file.asked_by != DEFAULT:
        raise ConfigurationError(
            f"configuration file {file.path}, asked for by {file.asked_by}, is of no use without "
            f"a client: give client_name, or set default_client at the top of the file; "
            f"{names_of_clients(file, variables)}"
        )


def names_of_clients(file: ConfigurationFile, variables: Mapping[str, object]) -> str:
    """Name the clients that exist, for messages."""
    in_file = f"clients in {file.path}: {', '.join(file.clients) or 'none'}"
    where = in_file if file.path else "there is no configuration file"
    in_environment = ", ".join(sorted(client for client in variables if client))
    return f"{where}; in the environment: {in_environment or 'none'}"


def below_code(
    client: str, file: ConfigurationFile, variables: Mapping[str, dict[str, Given]]
) -> list[dict[str, Given]]:
    """Lay the variables over the file, and those of the client over those of everybody."""
    everybody = variables.get("", {})
    if not client:
        return [everybody]
    return [file.clients.get(client, {}), everybody, variables.get(client_part(client), {})]


def validate(
    given: Mapping[str, Given], usual: Mapping[str, Given], settings: Mapping[str, FieldInfo]
) -> Settings:
    """Make the settings; an empty string from code stands for the usual value."""
    removed = {
        name: Given(usual[name].value, CODE)
        for name, (value, origin) in given.items()
        if origin == CODE and value == ""
    }
    chosen = {**usual, **given, **removed}
    values = nest({name: value for name, (value, _) in chosen.items()})
    origins = {name: origin for name, (_, origin) in chosen.items()}
    try:
        return Settings.model_validate(values, context=origins)
    except ValidationError as error:
        wrong = [".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False)]
    # Raised out here, so that pydantic's error, which carries the values, is not in the chain.
    raise refusal(
        [f"{name} ({origins[name]}): expected {settings[name].description}" for name in wrong]
    )
