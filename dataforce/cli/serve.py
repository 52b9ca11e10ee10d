"""`dataforce serve`: a registry of this machine, behind the platform's HTTP API."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import shlex
import signal
import socket
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dataforce.cli.invocation import command, settings_options
from dataforce.errors import ConfigurationError

if TYPE_CHECKING:
    from dataforce.config import Settings

EXTRA = ("fastapi", "starlette", "uvicorn")


def serve(context: click.Context, **values: Any) -> None:
    """Put a registry behind the platform's HTTP API, until Ctrl-C or SIGTERM.

    Callers need an API key: one from --api-key-file, or the setting api_key, or else one that is
    made and shown.
    """
    from dataforce.config import APIVersion

    options = SimpleNamespace(**values)
    given = ("api_version", "database_url", "storage_url", "backend_type")
    settings = context.obj.settings(**{name: values[name] for name in given})
    if settings.read_only:
        raise ConfigurationError(
            f"read_only ({settings.origin('read_only')}) is on, but a server writes what its "
            f"callers send. Take it away for the server; it is for clients."
        )
    keys = given_keys(options, settings)  # to be read when the orbits that they name are there
    if not keys and not is_loopback(options.host):
        raise ConfigurationError(
            f"Others can reach {options.host}, so the API key must be one that you chose: set "
            f"DFS_API_KEY or give --api-key-file."
        )
    made = None if keys else f"dfs_{secrets.token_urlsafe(32)}"
    version = settings.api_version or APIVersion.JANUARY_2026
    run(options, settings, version, keys or str(made), made)


def run(
    options: SimpleNamespace, settings: Settings, version: Any, keys: str, made: str | None
) -> None:
    """Open the registry and serve it; `made` is the key that nobody knows yet."""
    from dataforce.backend import find_backend
    from dataforce.models import REGISTRY

    open_backend = find_backend(settings.backend_type, settings.origin("backend_type"))
    try:
        from dataforce.server import Server, create_app, read_keys
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise ConfigurationError(
            f'The server needs {error.name}: pip install "dataforce[server]"'
        ) from error
    # As Ctrl-C does, so that the registry is closed.
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        with (
            suppress(KeyboardInterrupt),
            closing(open_backend(settings, REGISTRY)) as backend,
        ):
            roles = read_keys(keys, backend)
            app = create_app(backend, api_keys=roles, api_version=version)
            server = Server(app, options.host, options.port)
            with closing(server):
                announce(server.url, version, made)
                server.run()
    finally:
        signal.signal(signal.SIGTERM, before)


def announce(url: str, version: str, made: str | None) -> None:
    """Say where the registry is and how to call it."""
    unspecified = re.sub(r"//(0\.0\.0\.0|\[::\])", f"//{socket.gethostname()}", url)
    lines = [
        f"Serving API {version} at {url}; Ctrl-C stops it. In another terminal:",
        "export DFS_BACKEND_TYPE=remote",
        f"export DFS_BASE_URL={unspecified}",
    ]
    if made is not None:
        lines.append(f"export DFS_API_KEY={made}")
    print("\n".join(lines), flush=True)


def given_keys(options: SimpleNamespace, settings: Settings) -> str:
    """The keys that somebody chose, as a file of keys has them; empty if nobody did."""
    if options.api_key_file is not None:
        return keys_of(Path(options.api_key_file))
    return "" if settings.api_key is None else shlex.quote(settings.api_key.get_secret_value())


def keys_of(path: Path) -> str:
    """The text of a file of keys that its owner alone may read."""
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise ConfigurationError(
                f"The API keys in {path} are not used: other users of this machine can open the "
                f"file, and call the server with them. Run `chmod 600 '{path}'`, and replace the "
                f"keys if others have had them."
            )
        keys = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigurationError(f"The API keys in {path} cannot be read: {reason}.") from None
    if re.search(r"^\s*[^\s#]", keys, re.MULTILINE) is None:
        raise ConfigurationError(f"{path} holds no API key; write one on each line.")
    return keys


class Port(click.ParamType[int]):
    """A port."""

    name = "port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        text = str(value)
        if text.isascii() and text.isdigit() and int(text) in range(65536):
            return int(text)
        raise click.BadParameter(
            f"{text!r} is no port. Give a number from 0 to 65535; 0 takes a free one."
        )


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an interface."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def interrupt(*_: object) -> NoReturn:
    """End as Ctrl-C does."""
    raise KeyboardInterrupt


COMMAND = command(
    "serve",
    serve,
    [
        click.Option(["--host"], default="127.0.0.1", show_default=True, help="Interface."),
        click.Option(
            ["--port"],
            type=Port(),
            default=8000,
            show_default=True,
            help="Port; 0 for a free one.",
        ),
        click.Option(["--api-version"], help="2025-12 or 2026-01.  [default: 2026-01]"),
        click.Option(
            ["--api-key-file"],
            help="A file of API keys, one a line, each with the role of its holder if that is not "
            "owner: KEY admin, KEY member ORBIT, KEY member ORBIT=admin; readable by you only.",
        ),
        click.Option(["--database-url"], help="SQLAlchemy URL of the registry's database."),
        click.Option(["--storage-url"], help="Folder or fsspec URL of the registry's files."),
        # Not from the environment: where a client is told `remote`, the server would call itself.
        click.Option(
            ["--backend-type"],
            default="local",
            show_default=True,
            help="What keeps the registry.",
        ),
        *settings_options(),
    ],
)
