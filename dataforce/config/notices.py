"""Warnings about settings: each one once in a process, at the line of the user's that led to it."""

from __future__ import annotations

from dataforce.errors import ConfigurationWarning

__all__ = ["warn_once"]

_given: set[str] = set()


def warn_once(message: str) -> None:
    """Issue a `ConfigurationWarning`, unless this process was given the same one before."""
    if message in _given:
        return
    from warnings import warn

    warn(message, ConfigurationWarning, stacklevel=level_of_user())
    _given.add(message)  # not before: who makes an error of it has not been warned


def level_of_user() -> int:
    """Count the frames between a warning and the first line outside dataforce."""
    from inspect import currentframe

    frame, level = currentframe(), 0
    while frame and str(frame.f_globals.get("__name__")).startswith("dataforce."):
        frame, level = frame.f_back, level + 1
    return level
