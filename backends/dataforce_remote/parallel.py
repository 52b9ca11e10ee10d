"""Several pieces of one piece of work at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import copy_context
from typing import TypeVar

from dataforce import _cancellation

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_parallel(
    function: Callable[[Item], Result], items: Sequence[Item], *, threads: int
) -> Iterator[Result]:
    """Call a function for each item; the results come as they are ready.

    The first error ends the other calls at their next chunk or wait, and so does whoever stops
    taking results. All calls have ended when the iterator has.

    Args:
        function: What to call.
        items: With what.
        threads: How many calls there are at a time; for a single item none but this one is used.
    """
    if len(items) == 1:
        yield function(items[0])
        return
    stop = _cancellation.Signal()

    def call(item: Item) -> Result:
        _cancellation.listen_to(stop)
        _cancellation.check()
        return function(item)

    with _cancellation.interrupting(stop.set), ThreadPoolExecutor(threads) as pool:
        try:
            calls = [pool.submit(copy_context().run, call, item) for item in items]
            for finished in as_completed(calls):
                yield finished.result()
        finally:  # calls that have not begun end at once: they see that they are to stop
            stop.set()
