"""A platform whose pages have no end keeps nobody for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from dataforce import APIResponseValidationError, Client
from dataforce.backend import Page, Query, Scope
from dataforce.models import REGISTRY, Organization


def made(number: int) -> Organization:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    return Organization(id=str(number), name="Mine", created_at=moment)


class Circle:
    """A backend with a record on each page; after the last of them comes one before it.

    Args:
        pages: How many there are.
        back: The number of the page that follows the last; `None` if that is the end.
        held: Gives the ids on the page of that number.
    """

    mode = "circle"
    family = REGISTRY

    def __init__(
        self,
        pages: int,
        back: int | None,
        held: Callable[[int], list[int]] = lambda number: [number],
    ) -> None:
        self.last = pages - 1
        self.back = back
        self.held = held
        self.asked = 0

    def store(self, kind: Any, scope: Scope) -> Circle:
        return self

    def page(self, query: Query) -> Page[Any]:
        self.asked += 1
        number = int(query.cursor or 0)
        following = number + 1 if number < self.last else self.back
        items = [made(each) for each in self.held(number)]
        return Page(items=items, cursor=None if following is None else str(following))

    def close(self) -> None:
        pass


def list_all(backend: Any) -> list[Any]:
    with Client(backend=backend) as client:
        return [*client.organizations.list()]


@pytest.mark.parametrize(
    ("pages", "back"), [(1, 0), (2, 0), (2, 1), (3, 1), (10, 0), (10, 9), (1000, 0), (1000, 700)]
)
def test_a_list_without_an_end_is_an_error(pages: int, back: int) -> None:
    backend = Circle(pages, back)
    with pytest.raises(APIResponseValidationError, match="list of organizations has no end"):
        list_all(backend)
    assert backend.asked <= 4 * pages + 2


@pytest.mark.parametrize(
    "held",
    [
        lambda _: [],
        lambda number: [1] if number == 0 else [],
        lambda _: [1, 2],
        lambda number: [number % 2],
        lambda number: [number % 7, 1000],
    ],
)
def test_new_cursors_to_nothing_new_are_an_error(held: Callable[[int], list[int]]) -> None:
    backend = Circle(1_000_000, None, held)
    with pytest.raises(APIResponseValidationError, match="list of organizations has no end"):
        list_all(backend)
    assert backend.asked < 1500


def test_a_long_list_comes_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Circle(3000, None)
    assert len(list_all(backend)) == 3000
    assert backend.asked == 3000


def test_some_empty_pages_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Circle(150, None, lambda number: [number] if number % 2 else [])
    assert len(list_all(backend)) == 75
