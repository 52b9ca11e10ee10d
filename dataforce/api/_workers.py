"""The threads in which an asynchronous client runs the synchronous calls."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from typing import ParamSpec, TypeVar

from dataforce.transfer import cancellation

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 64
"""As many calls run at a time. asyncio's own pool has six threads on a machine with two cores."""


class Workers:
    """Runs calls in threads and lets a cancelled task stop its own call."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._threads = _threads()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of the call.

        If the waiting task is cancelled, the call is told; the task ends when the call has
        stopped, so nothing goes on behind its back.
        """
        abandoned = cancellation.Signal()

        def call() -> T:
            cancellation.listen_to(abandoned)
            return function(*args, **kwargs)

        if self._process != os.getpid():
            # We are in a forked child; the threads stayed with the parent.
            self._process, self._threads = os.getpid(), _threads()
        future = self._threads.submit(copy_context().run, call)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            abandoned.set()
            await _settled(future)
            raise

    async def iterate(self, items: Iterator[T], chunk: int) -> AsyncIterator[T]:
        """The items, taken from the iterator so many at a time."""
        while taken := await self.run(_take, items, chunk):
            for item in taken:
                yield item

    async def close(self, function: Callable[[], None]) -> None:
        """Run a last call, then let the threads go; a call that comes late gets a new one."""
        await self.run(function)
        # What a closed client says to a call is for the call to find out, so it must still run.
        closed, self._threads = self._threads, _threads()
        closed.shutdown(wait=False)


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="dataforce")


def _take(items: Iterator[T], chunk: int) -> list[T]:
    # One before the rest: a wrong chunk is for the iterator to refuse, once it has started.
    return [*islice(items, 1), *islice(items, chunk - 1)]


async def _settled(future: Future[T]) -> None:
    """Wait until the call has ended, even if the task is cancelled again meanwhile."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    future.add_done_callback(lambda _: loop.call_soon_threadsafe(ended.set))
    while not ended.is_set():
        try:
            await ended.wait()
        except asyncio.CancelledError:
            continue
