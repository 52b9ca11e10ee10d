"""Ways to misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from tests.faults.misbehaving import Behaviour, HangUp, Line, Reply, Request, gives

Proper = Callable[[], Reply]


def status(code: int, content: bytes = b"", **headers: str) -> Behaviour:
    """Answers with a status; `retry_after="3"` is a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return gives(Reply(code, content, named))


def redirect(location: str, code: int = 302) -> Behaviour:
    """Sends the client elsewhere, with a large body that nobody should read."""
    return gives(Reply(code, b"x" * 300_000, {"Location": location}))


def body(content: bytes, headers: Mapping[str, str] | None = None) -> Behaviour:
    """Answers 200 with just these bytes."""
    return gives(Reply(200, content, headers or {}))


def cut(fraction: float, *, reset: bool = False) -> Behaviour:
    """Sends the head and a part of the body, then closes or resets."""

    def behave(line: Line, _: Request, proper: Proper) -> None:
        reply = proper()
        line.send(reply.head() + reply.content[: int(len(reply.content) * fraction)])
        if reset:
            line.reset()
        raise HangUp

    return behave


def reset_before_head(line: Line, _: Request, proper: Proper) -> None:
    """Does what was asked, then resets instead of answering."""
    proper()
    line.reset()


def cut_in_head(line: Line, _: Request, proper: Proper) -> None:
    """Sends one byte of the answer, then closes."""
    line.send(proper().raw()[:1])
    raise HangUp


def hang_up(_line: Line, _request: Request, _proper: Proper) -> None:
    """Closes without having done anything."""
    raise HangUp


def lose_answer(_line: Line, _request: Request, proper: Proper) -> None:
    """Does what was asked, then closes instead of answering."""
    proper()
    raise HangUp


def without_length(fraction: float) -> Behaviour:
    """Sends a part of the body, whose end nothing but the end of the connection tells."""

    def behave(line: Line, _: Request, proper: Proper) -> None:
        reply = proper()
        kept = reply.content[: int(len(reply.content) * fraction)]
        line.send(reply.head(length=None) + kept)
        raise HangUp

    return behave


def chunked(fraction: float) -> Behaviour:
    """Sends the body in chunks, and closes before the last of them."""

    def behave(line: Line, _: Request, proper: Proper) -> None:
        reply = proper()
        reply.headers = {**reply.headers, "Transfer-Encoding": "chunked"}
        kept = reply.content[: int(len(reply.content) * fraction)]
        line.send(reply.head(length=None) + f"{len(kept):x}\r\n".encode() + kept + b"\r\n")
        raise HangUp

    return behave


def silent(line: Line, _: Request, __: Proper) -> None:
    """Takes the request and never answers."""
    line.silence()


def dripping_head(line: Line, _: Request, proper: Proper) -> None:
    """Sends the headers a byte at a time, and has many."""
    reply = proper()
    reply.headers = {**reply.headers, "X-Filler": "x" * 10_000}
    line.drip(reply.raw())


def dripping_body(line: Line, _: Request, proper: Proper) -> None:
    """Sends the body a byte at a time."""
    reply = proper()
    line.send(reply.head(length=10_000))
    line.drip(b"[" + b" " * 9_999)


def dripping_chunk_size(line: Line, _: Request, proper: Proper) -> None:
    """Sends what announces a chunk a byte at a time, with no end."""
    reply = proper()
    reply.headers = {**reply.headers, "Transfer-Encoding": "chunked"}
    line.send(reply.head(length=None))
    line.drip(b"1;" + b"x" * 9_999)


def deaf(line: Line, _: Request, __: Proper) -> None:
    """Does not read what it is sent."""
    line.deafness()


deaf.reads_body = False  # type: ignore[attr-defined]


def refuses_unread(code: int) -> Behaviour:
    """Answers before the body has come, and hangs up on the rest."""

    def behave(line: Line, _: Request, __: Proper) -> None:
        line.send(Reply(code, b"<Error><Code>EntityTooLarge</Code></Error>").raw())
        raise HangUp

    behave.reads_body = False  # type: ignore[attr-defined]
    return behave


def unhurried(steps: int, pause: float) -> Behaviour:
    """Takes the first half in so many steps, with a pause after each; then the rest, and answers.

    What the system keeps for a slow reader is in the second half, so its sender waits no longer
    for the answer than for a step.
    """

    def behave(line: Line, request: Request, proper: Proper) -> None:
        size = int(request.headers["content-length"])
        for step in range(1, steps + 1):
            line.read_body(request, size * step // steps // 2)
            line.stopping.wait(pause)
        line.read_body(request, size)
        line.send(proper().raw())

    behave.reads_body = False  # type: ignore[attr-defined]
    return behave


def thoughtful(spaces: int, pause: float) -> Behaviour:
    """Sends white space before its answer, as S3 does while it puts a large file together."""

    def behave(line: Line, request: Request, proper: Proper) -> None:
        reply = proper()
        line.send(reply.head(len(reply.content) + spaces))
        line.drip(b" " * spaces, pause)
        line.send(reply.content)

    return behave


class Pausing:
    """Takes so many bytes of the body, tells the test, and goes on when it is allowed to.

    Args:
        taken: How many bytes; all of them if not given.
    """

    def __init__(self, taken: int | None = None) -> None:
        self.taken = taken
        self.reached = threading.Event()
        self.goes_on = threading.Event()
        self.reads_body = False

    def __call__(self, line: Line, request: Request, proper: Proper) -> None:
        line.read_body(request, self.taken)
        self.reached.set()
        if self.taken is not None:
            line.silence()
        while not self.goes_on.wait(0.05):
            if line.stopping.is_set():
                raise HangUp
        line.send(proper().raw())
