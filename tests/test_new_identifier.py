from __future__ import annotations

import threading
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataforce.backend import new_identifier as identifiers
from dataforce.backend.new_identifier import new_identifier


def test_an_identifier_is_a_uuid_of_version_7_made_of_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_identifier())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1


@given(st.lists(st.integers(0, 2**47 * 1_000_000), min_size=1, max_size=20))
def test_identifiers_go_up_even_when_the_clock_goes_back(clock: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identifiers, "_latest", 0)
        ticks = iter(clock)
        patch.setattr(time, "time_ns", lambda: next(ticks))
        made = [new_identifier() for _ in clock]
    assert made == sorted(set(made))
    assert all(str(uuid.UUID(identifier)) == identifier for identifier in made)


def test_threads_never_get_the_same_identifier() -> None:
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.extend(new_identifier() for _ in range(500)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 4000
