"""Errors and warnings, each as one line on the standard error."""

from __future__ import annotations

import os
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from dataforce.errors import ConfigurationWarning, DataForceError, OfflineWarning

OURS = (ConfigurationWarning, OfflineWarning)


def show_error(error: DataForceError, *, with_traceback: bool) -> None:
    """Say what went wrong, in one line.

    Args:
        error: It says what to do next.
        with_traceback: Whether to show as well where in the code it came from.
    """
    if with_traceback:
        traceback.print_exception(error)
    tell(f"dataforce: {'; '.join(str(error).splitlines())}", color="red")


def tell(line: str, color: str | None = None) -> None:
    """Print a line on the standard error, coloured if that is a terminal."""
    is_plain = bool(os.environ.get("NO_COLOR"))
    click.secho(line, fg=color, err=True, color=False if is_plain else None)


@contextmanager
def shown_warnings() -> Iterator[None]:
    """Show our warnings as lines for users while the block runs, without the place in the code."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
            if issubclass(category, OURS):
                tell(f"dataforce: warning: {message}", color="yellow")
            else:
                others(message, category, *place)

        warnings.showwarning = show  # type: ignore[assignment]  # the place is only handed on
        yield
