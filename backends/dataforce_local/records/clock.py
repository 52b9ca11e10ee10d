"""Moments as the tables keep them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(time: datetime) -> str:
    """A time as text that sorts: in UTC, to the microsecond, in the platform's form.

    Args:
        time: With its time zone.

    Returns:
        27 characters.

    Example:
        >>> moment(datetime(2026, 11, 20, 18, 17, 35, tzinfo=UTC))
        '2026-11-20T18:17:35.000000Z'
    """
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def now() -> str:
    """This moment."""
    return moment(datetime.now(UTC))
