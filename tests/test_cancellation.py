"""Work in a thread learns that it is to stop: asked, asleep, or waiting for something."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from dataforce.api._workers import Workers
from dataforce.transfer import cancellation
from dataforce.transfer.cancellation import Cancelled, Signal

Listen = Callable[[Signal, Callable[[], object]], Future[object]]
LONG = 3600.0
"""In seconds; nobody waits that long."""


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Begins work in a thread that listens to a signal."""

    def begin(signal: Signal, work: Callable[[], object]) -> Future[object]:
        def call() -> object:
            cancellation.listen_to(signal)
            return work()

        return threads.submit(call)

    with ThreadPoolExecutor() as threads:
        yield begin


def test_work_that_nobody_can_cancel_goes_on() -> None:
    calls: list[str] = []
    with cancellation.interrupting(lambda: calls.append("called")):
        cancellation.check()
        cancellation.sleep(0)
    assert calls == []


def test_work_that_nobody_cancels_goes_on(listen: Listen) -> None:
    calls: list[str] = []

    def work() -> str:
        with cancellation.interrupting(lambda: calls.append("called")):
            cancellation.check()
            cancellation.sleep(0)
        return "done"

    signal = Signal()
    assert listen(signal, work).result() == "done"
    signal.set()
    assert calls == []  # never after the block has ended


@pytest.mark.parametrize(
    "work",
    [
        cancellation.check,
        lambda: cancellation.sleep(LONG),
        lambda: cancellation.interrupting(lambda: None).__enter__(),
    ],
    ids=["check", "sleep", "interrupting"],
)
def test_cancelled_work_does_not_begin(listen: Listen, work: Callable[[], object]) -> None:
    signal = Signal()
    signal.set()
    with pytest.raises(Cancelled):
        listen(signal, work).result()


def test_a_sleeper_wakes_when_it_is_cancelled(listen: Listen) -> None:
    signal, ready = Signal(), threading.Event()

    def work() -> None:
        ready.set()
        cancellation.sleep(LONG)

    sleeper = listen(signal, work)
    assert ready.wait(LONG)
    signal.set()
    with pytest.raises(Cancelled):
        sleeper.result()


def test_a_blocked_read_ends_when_its_socket_is_shut_down(listen: Listen) -> None:
    signal, ready = Signal(), threading.Event()
    ours, theirs = socket.socketpair()

    def work() -> None:
        with cancellation.interrupting(lambda: ours.shutdown(socket.SHUT_RDWR)):
            ready.set()
            ours.recv(1)

    with ours, theirs:
        reader = listen(signal, work)
        assert ready.wait(LONG)
        signal.set()
        with pytest.raises(Cancelled):
            reader.result()


def test_a_callback_is_called_in_the_thread_that_cancels(listen: Listen) -> None:
    signal, ready, broken = Signal(), threading.Event(), threading.Event()
    callers: list[threading.Thread] = []

    def note() -> None:
        callers.append(threading.current_thread())
        broken.set()

    def work() -> None:
        with cancellation.interrupting(note):
            ready.set()
            assert broken.wait(LONG)

    worker = listen(signal, work)
    assert ready.wait(LONG)
    signal.set()
    assert callers == [threading.current_thread()]
    with pytest.raises(Cancelled):
        worker.result()


def test_every_callback_is_called_whatever_another_raises(listen: Listen) -> None:
    signal, ready, broken = Signal(), threading.Semaphore(0), threading.Event()

    def fail() -> None:
        raise OSError("not connected")

    def work(callback: Callable[[], object]) -> None:
        with cancellation.interrupting(callback):
            ready.release()
            assert broken.wait(LONG)
            raise ConnectionError("broken by the callback")

    workers = [listen(signal, lambda: work(fail)), listen(signal, lambda: work(broken.set))]
    assert all(ready.acquire(timeout=LONG) for _ in workers)
    signal.set()
    for worker in workers:
        with pytest.raises(Cancelled):
            worker.result()


@pytest.mark.parametrize("error", [ValueError("of the work"), KeyboardInterrupt()])
def test_an_error_of_the_work_stays_what_it_is(listen: Listen, error: BaseException) -> None:
    def work() -> None:
        with cancellation.interrupting(lambda: None):
            raise error

    with pytest.raises(type(error)) as caught:
        listen(Signal(), work).result()
    assert caught.value is error


def test_a_cancelled_task_interrupts_its_call() -> None:
    async def main() -> None:
        loop, workers = asyncio.get_running_loop(), Workers()
        ready, broken = asyncio.Event(), threading.Event()

        def work() -> None:
            with cancellation.interrupting(broken.set):
                loop.call_soon_threadsafe(ready.set)
                assert broken.wait(LONG)

        task = asyncio.create_task(workers.run(work))
        await ready.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert broken.is_set()
        await workers.close(lambda: None)

    asyncio.run(main())
