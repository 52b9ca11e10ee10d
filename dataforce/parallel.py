"""Several calls at a time, in threads that have ended when the work has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextvars import copy_context
from typing import TypeVar

from dataforce import _cancellation

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
    over, stop = _cancellation.Signal(), _cancellation.Signal()
    errors: list[BaseException] = []

    def call(item: Item) -> Result:
        _cancellation.listen_to(stop)
        try:
            over.check()
            _cancellation.check()
            return function(item)
        except BaseException as error:
            errors.append(error)
            over.set()
            raise

    pool = ThreadPoolExecutor(threads, thread_name_prefix="dataforce-parallel")
    calls: list[Future[Result]] = []
    with _cancellation.interrupting(stop.set):
        try:
            calls += [pool.submit(copy_context().run, call, item) for item in items]
            for finished in as_completed(calls):
                if errors:  # and not that of a call that it kept from beginning
                    raise errors[0]
                yield finished.result()
        except Exception:
            if finish:
                _end(calls)
            raise
        finally:
            stop.set()
            _end(calls)
            pool.shutdown()


def _end(calls: Sequence[Future[Result]]) -> None:
    """Let no more calls begin, and wait for those that have.

    Not by joining the threads: a join that Ctrl-C has interrupted takes the thread for ended.
    """
    for each in calls:
        each.cancel()
    wait(calls)
