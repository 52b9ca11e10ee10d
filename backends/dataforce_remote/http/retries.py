"""Retries: backoff, `Retry-After`, and the retry budget."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from dataforce.transfer import cancellation

_log = logging.getLogger("dataforce.http")

FIRST_DELAY = 0.1
LARGEST_DELAY = 10.0
LARGEST_RETRY_AFTER = 120.0
"""No server makes us wait for longer than this at a time, in seconds."""


class RetryBudget:
    """The retries that the requests of one client have left, all together.

    Every success earns a part of a retry. So single errors are always retried, while a storm of
    them ends soon, instead of multiplying the load of a server that is down.

    Args:
        retries: How many there are at most.
    """

    def __init__(self, retries: int = 500) -> None:
        self._largest = float(retries)
        self._left = self._largest
        self._lock = threading.Lock()

    def earn(self) -> None:
        """Note a success."""
        if self._left < self._largest:
            with self._lock:
                self._left = min(self._largest, self._left + 0.1)

    def spend(self) -> bool:
        """Take one retry; false if none is left."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True


class Retries:
    """The retries of one request, or of one file that comes in pieces.

    Args:
        budget: The budget that all requests share.
        timeout: Limit of the retries since the last progress, in seconds.
    """

    def __init__(self, budget: RetryBudget, timeout: float) -> None:
        self._budget = budget
        self._timeout = timeout
        self.restart()

    def restart(self) -> None:
        """Count from zero again: there was progress."""
        self.count = 0
        self._end = time.monotonic() + self._timeout

    def wait(self, why: str, retry_after: float | None = None, within: float = math.inf) -> bool:
        """Wait for the next attempt; return false, at once, if there is to be none.

        Args:
            why: The request and what became of it, for the log; no secret is in it.
            retry_after: How long the server asks to wait, in seconds.
            within: Another limit since the last progress, in seconds.
        """
        delay = retry_after
        if delay is None:
            longest = min(FIRST_DELAY * 2**self.count, LARGEST_DELAY)
            delay = longest * random.uniform(0.5, 1)  # noqa: S311  spreads load, hides nothing
        end = min(self._end, self._end - self._timeout + within)
        if time.monotonic() + delay > end or not self._budget.spend():
            return False
        self.count += 1
        _log.info("retry %d in %.2f s: %s", self.count, delay, why)
        cancellation.sleep(delay)
        return True


def parse_retry_after(text: str | None) -> float | None:
    """Return how long a server asks to wait, in seconds; `None` if it does not.

    Args:
        text: A number of seconds or a date, as in the header `Retry-After`.

    Example:
        >>> parse_retry_after("3"), parse_retry_after("1e309"), parse_retry_after("soon")
        (3.0, None, None)
    """
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text)
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return min(seconds, LARGEST_RETRY_AFTER)


def _seconds_until(text: str) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return math.nan
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
