"""Several calls at a time, in threads that have ended when the work has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from itertools import islice
from queue import SimpleQueue
from typing import Generic, TypeVar

from dataforce.transfer import cancellation

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_parallel(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    threads: int,
    finish: bool = False,
) -> Iterator[Result]:
    """Call a function for each item; yield the results as they are ready.

    The calls begin in the order of the items. After the first error none begins any more, and that
    error is raised when all that had begun have ended. Ctrl-C, a cancelled task, and a caller who
    stops taking results end the calls at their next chunk or wait.

    Args:
        function: The function, which is called in several threads at a time.
        items: Its arguments, one for each call.
        threads: The highest number of calls at a time. A single item is called for in the thread
            of the caller.
        finish: Whether calls that have begun are left to finish after an error in another one.
            Otherwise the error ends them like Ctrl-C.

    Yields:
        The result of each call.

    Example:
        >>> sorted(run_parallel(abs, [-3, 1, -2], threads=2))
        [1, 2, 3]
    """
    if len(items) == 1:
        yield function(items[0])
        return
    work = _Work(function, items)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="dataforce-parallel")
    workers: list[Future[None]] = []
    with cancellation.interrupting(work.stop.set):
        try:
            for _ in range(min(threads, len(items))):
                workers.append(pool.submit(copy_context().run, work.run))
            for _ in range(len(items) + len(workers)):
                yield from work.results.get()
                if work.errors:
                    raise work.errors[0]
        except Exception:
            if finish:
                wait(workers)
            raise
        finally:
            work.stop.set()
            # Not by joining the threads: a join that Ctrl-C has interrupted takes them for ended.
            wait(workers)
            pool.shutdown()


class _Work(Generic[Item, Result]):
    """State that the threads share.

    Args:
        function: The function to call.
        items: Its arguments, one for each call.
    """

    def __init__(self, function: Callable[[Item], Result], items: Sequence[Item]) -> None:
        self.stop = cancellation.Signal()
        self.errors: list[BaseException] = []
        # Each thread puts an empty one in the end, which wakes the caller.
        self.results: SimpleQueue[tuple[Result, ...]] = SimpleQueue()
        self._function = function
        self._left = iter(items)
        self._taking = threading.Lock()

    def run(self) -> None:
        """Make one call after the other."""
        cancellation.listen_to(self.stop)
        try:
            while taken := self._take():
                self.results.put((self._function(*taken),))
        except BaseException as error:
            with self._taking:
                self.errors.append(error)
        finally:
            self.results.put(())

    def _take(self) -> tuple[Item, ...]:
        """The next item if there is one and no call has failed."""
        with self._taking:
            cancellation.check()
            return () if self.errors else tuple(islice(self._left, 1))
