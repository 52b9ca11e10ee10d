"""When a failed request is sent again, and when that ends."""

from __future__ import annotations

import math
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st

from dataforce_remote.http.retries import (
    LARGEST_RETRY_AFTER,
    Retries,
    RetryBudget,
    parse_retry_after,
)


@given(st.text() | st.floats().map(str) | st.integers().map(str))
def test_any_text_is_a_sensible_delay_or_none(text: str) -> None:
    delay = parse_retry_after(text)

    assert delay is None or 0 <= delay <= LARGEST_RETRY_AFTER


@given(st.from_regex(r"\A[A-Z][a-z]{2}, \d{1,30} [A-Z][a-z]{2} \d{1,30} \d+:\d+:\d+ \S*\Z"))
def test_any_date_is_a_sensible_delay_or_none(text: str) -> None:
    delay = parse_retry_after(text)

    assert delay is None or 0 <= delay <= LARGEST_RETRY_AFTER


@given(st.floats(min_value=0, max_value=LARGEST_RETRY_AFTER))
def test_seconds_are_taken_as_they_are(seconds: float) -> None:
    assert parse_retry_after(str(seconds)) == seconds


MOMENTS = st.datetimes(
    min_value=datetime(1950, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
    max_value=datetime(9000, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(MOMENTS)
def test_dates_count_from_now(moment: datetime) -> None:
    delay = parse_retry_after(format_datetime(moment, usegmt=True))

    left = (moment - datetime.now(UTC)) / timedelta(seconds=1)
    if left > LARGEST_RETRY_AFTER + 5:
        assert delay == LARGEST_RETRY_AFTER
    elif left < -5:
        assert delay is None


def test_a_date_without_a_zone_is_one_of_greenwich() -> None:
    assert parse_retry_after("Fri, 21 Oct 2095 07:28:00 -0000") == LARGEST_RETRY_AFTER


def test_a_budget_is_spent_and_earned() -> None:
    budget = RetryBudget(2)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    for _ in range(11):
        budget.earn()
    assert budget.spend()


def test_a_budget_never_holds_more_than_it_began_with() -> None:
    budget = RetryBudget(1)
    for _ in range(1000):
        budget.earn()
    assert [budget.spend(), budget.spend()] == [True, False]


@given(st.integers(1, 8), st.integers(1, 40))
def test_threads_together_spend_no_more_than_there_is(threads: int, retries: int) -> None:
    budget, taken = RetryBudget(retries), []

    def work() -> None:
        while budget.spend():
            taken.append(1)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(taken) == retries


def test_nobody_waits_beyond_the_end() -> None:
    retries = Retries(RetryBudget(), timeout=0.2)

    assert not retries.wait("GET", retry_after=1)
    assert not retries.wait("GET", within=0)
    assert not retries.wait("GET", retry_after=math.inf)
    assert retries.wait("GET", retry_after=0)
    assert retries.count == 1
