"""Several calls at a time: all of them, in order, and none after the end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from contextlib import closing

import pytest

from dataforce.parallel import run_parallel
from dataforce.transfer import cancellation

LONG = 3600.0
"""In seconds; nobody waits that long."""
THREADS = 4


class FaultError(Exception):
    """What a call ends with."""


def see_that_no_thread_is_left() -> None:
    names = [thread.name for thread in threading.enumerate()]
    assert [name for name in names if name.startswith("dataforce-parallel")] == []


def test_calls_overlap_and_no_more_than_asked_for() -> None:
    together = threading.Barrier(THREADS)
    at_once = threading.Semaphore(THREADS)

    def call(number: int) -> int:
        assert at_once.acquire(blocking=False), "one call too many"
        together.wait(LONG)  # until as many are under way
        at_once.release()
        return number

    found = run_parallel(call, range(3 * THREADS), threads=THREADS)
    assert sorted(found) == [*range(3 * THREADS)]
    see_that_no_thread_is_left()


@pytest.mark.parametrize("items", [[], [1]])
def test_for_one_item_or_none_no_thread_begins(items: list[int]) -> None:
    found = run_parallel(lambda _: threading.current_thread(), items, threads=THREADS)
    assert [*found] == [threading.current_thread()] * len(items)


@pytest.mark.parametrize("finish", [False, True])
def test_after_an_error_no_call_begins(finish: bool) -> None:
    begun: list[int] = []

    def call(number: int) -> None:
        begun.append(number)
        raise FaultError

    with pytest.raises(FaultError):
        for _ in run_parallel(call, range(100), threads=1, finish=finish):
            pass
    assert begun == [0]
    see_that_no_thread_is_left()


@pytest.mark.parametrize("finish", [False, True])
def test_after_an_error_what_has_begun_is_ended_or_left_to_finish(finish: bool) -> None:
    both, failed, ended = threading.Barrier(2), threading.Event(), list[str]()

    def call(name: str) -> None:
        both.wait(LONG)
        if name == "fails":
            failed.set()
            raise FaultError
        try:
            failed.wait(LONG)
            if not finish:
                cancellation.sleep(LONG)
        except cancellation.Cancelled:
            ended.append(f"{name}: stopped")
            raise
        ended.append(f"{name}: finished")

    with pytest.raises(FaultError):
        for _ in run_parallel(call, ["fails", "begun"], threads=2, finish=finish):
            pass
    see_that_no_thread_is_left()
    assert ended == ["begun: finished" if finish else "begun: stopped"]


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal to a thread")
def test_an_error_while_others_finish_does_not_hide_ctrl_c() -> None:
    together, stopped = threading.Barrier(3), threading.Event()

    def call(name: str) -> None:
        together.wait(LONG)
        if name == "fails":
            raise FaultError
        try:
            cancellation.sleep(LONG)
        except cancellation.Cancelled:
            stopped.set()
            raise

    def press_ctrl_c() -> None:
        together.wait(LONG)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=press_ctrl_c).start()
    with pytest.raises(KeyboardInterrupt):
        for _ in run_parallel(call, ["fails", "waits"], threads=2, finish=True):
            pass
    assert stopped.is_set()
    see_that_no_thread_is_left()


@pytest.mark.parametrize("finish", [False, True])
def test_a_cancelled_task_ends_all_calls(finish: bool) -> None:
    signal, all_wait = cancellation.Signal(), threading.Barrier(THREADS + 1)
    outcome: list[BaseException] = []

    def call(_: int) -> None:
        all_wait.wait(LONG)
        cancellation.sleep(LONG)

    def work() -> None:
        cancellation.listen_to(signal)
        try:
            for _ in run_parallel(call, range(100), threads=THREADS, finish=finish):
                pass
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    all_wait.wait(LONG)
    signal.set()
    thread.join(LONG)
    assert [type(each) for each in outcome] == [cancellation.Cancelled]
    see_that_no_thread_is_left()


def test_whoever_takes_no_more_results_ends_the_calls() -> None:
    def call(number: int) -> int:
        if number:
            cancellation.sleep(LONG)
        return number

    with closing(run_parallel(call, range(100), threads=2)) as results:  # type: ignore[type-var]
        assert next(results) == 0
    see_that_no_thread_is_left()


def test_the_calls_see_the_context_of_the_caller(see: Callable[[], str]) -> None:
    assert [*run_parallel(lambda _: see(), [1, 2], threads=2)] == ["set", "set"]


@pytest.fixture
def see() -> Callable[[], str]:
    from contextvars import ContextVar

    variable: ContextVar[str] = ContextVar("variable")
    variable.set("set")
    return variable.get
