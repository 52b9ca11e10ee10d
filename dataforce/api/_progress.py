"""Progress of a call: told to a callback, or shown as a bar on a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from dataforce.errors import UnprocessableEntityError
from dataforce.progress import listening

if TYPE_CHECKING:
    from dataforce.backend import Advance
    from dataforce.config import Settings

Progress: TypeAlias = Callable[[int, int], object]
"""Is told how many bytes have been moved so far, and how many there are in all; 0 if unknown."""

WORTH_A_BAR = 8 * 1024 * 1024
"""In bytes: what is smaller is there before anybody could read a bar."""
_WORTH_A_BAR_AFTER = 0.5
"""In seconds, for what nobody knows beforehand how long it takes."""


@contextmanager
def reported(
    name: str, size: int | None, progress: Progress | None, settings: Settings
) -> Iterator[Advance]:
    """Report a transfer while the block runs: to the callback if there is one, or else by a bar.

    An error of the callback comes out of the block as it is, whatever the block makes of it.

    Args:
        name: What is transferred.
        size: In bytes; `None` if it is not known in advance.
        progress: What the user gave.
        settings: Whether the user wants to see bars.

    Yields:
        What must be told of every stretch that was moved, by any thread.

    Raises:
        UnprocessableEntityError: What the user gave cannot be called.
    """
    if progress is not None:
        if not callable(progress):
            raise UnprocessableEntityError(
                f"{name}: progress takes a function of two numbers, the bytes moved so far and "
                f"those in all. Whether there is a bar is told by the client's setting progress."
            )
        with _Report(size or 0, progress).open() as advance:
            yield advance
    elif (size is None or size >= WORTH_A_BAR) and settings.progress and _is_terminal():
        with _bar(name, size) as advance:
            yield advance
    else:
        yield _ignore


@contextmanager
def counted(name: str, settings: Settings) -> Iterator[None]:
    """Show a bar while a backend tells how far the block is, if that takes long.

    Args:
        name: What the block does.
        settings: Whether the user wants to see bars.
    """
    if not (settings.progress and _is_terminal()):
        yield
        return
    with ExitStack() as stack:

        @cache
        def bar() -> Any:
            from tqdm import tqdm

            return stack.enter_context(tqdm(desc=name, delay=_WORTH_A_BAR_AFTER))

        def show(done: int, total: int) -> None:
            with suppress(ImportError):  # without tqdm there is no bar
                bar().total = total
                bar().update(done - bar().n)

        with listening(show):
            yield


class _Report:
    """Counts for a callback and calls it, one thread at a time."""

    def __init__(self, size: int, progress: Progress) -> None:
        self._size = size
        self._progress = progress
        self._lock = threading.Lock()
        self._done = 0
        self._is_over = False
        self._error: BaseException | None = None

    @contextmanager
    def open(self) -> Iterator[Advance]:
        try:
            yield self._advance
        except BaseException:
            if self._error is not None:
                raise self._error from None
            raise
        finally:
            with self._lock:
                self._is_over = True

    def _advance(self, count: int) -> None:
        with self._lock:
            if self._error is not None:
                raise self._error
            if self._is_over:
                return
            self._done += count
            try:
                self._progress(self._done, self._size)
            except BaseException as error:
                self._error = error
                raise


@contextmanager
def _bar(name: str, size: int | None) -> Iterator[Advance]:
    try:
        from tqdm import tqdm
    except ImportError:
        yield _ignore
        return
    lock = threading.Lock()

    def advance(count: int) -> None:
        with lock:
            bar.update(count)

    delay = _WORTH_A_BAR_AFTER if size is None else 0
    with tqdm(
        total=size, desc=name, unit="B", unit_scale=True, unit_divisor=1024, delay=delay
    ) as bar:
        yield advance


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _ignore(count: int) -> None:
    pass
