"""Types of values that options take."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

import click


class Moment(click.ParamType[datetime]):
    """A moment in the form of ISO 8601; without a time zone it is meant in that of the machine."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise click.BadParameter(
                f"{value!r} is no moment. Give it such as 2026-11-20T18:00Z."
            ) from None
        return moment if moment.tzinfo else moment.astimezone()


class SecretText(click.ParamType[str]):
    """Text that never stands on the command line, where other users of the machine see it.

    The value names a file that holds it, or is `-` for the standard input; a terminal is asked.
    """

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read it."""
        if value != "-":
            try:
                with open(value, encoding="utf-8") as file:  # noqa: PTH123  as open takes any path
                    text = file.read()
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
                raise click.BadParameter(f"{value} cannot be read: {reason}.") from None
        else:
            text = read_secret(str(param.name if param else "secret"))
        return text.rstrip("\r\n")


class JSONValue(click.ParamType[Any]):
    """Text that holds JSON."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it."""
        try:
            return json.loads(value)
        except (ValueError, RecursionError) as error:
            raise click.BadParameter(f"It is not JSON: {error}.") from None


def read_secret(what: str) -> str:
    """Read a secret from the standard input; ask for it without showing it on a terminal."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
