"""The asynchronous client, called as the synchronous one is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from functools import wraps
from inspect import isawaitable, isroutine
from typing import Any


class Awaiting:
    """Awaits what an asynchronous object answers.

    Args:
        target: The object, such as an `AsyncClient`.
        runner: Runs its event loop.
    """

    def __init__(self, target: object, runner: asyncio.Runner) -> None:
        vars(self).update(_target=target, _runner=runner)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if isroutine(value):

            @wraps(value)
            def call(*arguments: Any, **named: Any) -> Any:
                return self._answer(value(*arguments, **named))

            return call
        is_resource = type(value).__name__.startswith("Async")
        return Awaiting(value, self._runner) if is_resource else value

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._target, name, value)

    def _answer(self, answer: Any) -> Any:
        if isawaitable(answer):
            return self._runner.run(_waited(answer))
        return self._iterate(answer) if isinstance(answer, AsyncIterator) else answer

    def _iterate(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        while True:
            try:
                yield self._runner.run(_waited(anext(items)))
            except StopAsyncIteration:
                return


async def _waited(answer: Awaitable[Any]) -> Any:
    return await answer
