"""Attacks on `dataforce serve`, and what they cost it and its honest callers.

`python -m benchmarks.attacks NAME=FOLDER ...` tries the source in each folder in turn, so that two
versions are compared in one run; without any it tries the one that is installed.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Table, introduction, number

MEBIBYTE = 1024**2
CONNECTIONS = 1060
OPEN_FILES = 1024
"""Number of open files that most systems allow a process; more connections are opened."""

CALLS = 20
PATIENCE = 5.0
KEY = "dfs_benchmark"
GOOD = f"Authorization: Bearer {KEY}\r\n"
JSON = "Content-Type: application/json\r\n"


@dataclass
class Target:
    """A server that is attacked, in a process of its own."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def connect(self) -> socket.socket:
        """A new connection."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def peak(self) -> float:
        """The most memory that it ever took, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


class Pulse(threading.Thread):
    """Asks for a path that only the event loop answers, and notes how long that took."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self._target = target
        self._ended = threading.Event()
        self.worst = 0.0

    def run(self) -> None:
        """Ask until told to stop; a connection that was closed is made once more."""
        while not self._ended.is_set():
            with contextlib.suppress(OSError), self._target.connect() as connection:
                while not self._ended.wait(0.005):
                    self._ask(connection)

    def _ask(self, connection: socket.socket) -> None:
        began = time.perf_counter()
        connection.settimeout(60)
        connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = connection.recv(65536)
        self.worst = max(self.worst, time.perf_counter() - began)
        if not answer:
            raise ConnectionError

    def stop(self) -> float:
        """The longest that the event loop was deaf, in milliseconds."""
        self._ended.set()
        self.join()
        return self.worst * 1000


def post(target: Target, headers: str, body: bytes) -> None:
    """Send a body to a server that may hang up meanwhile."""
    path = "/organizations/x/orbits/x/collections/x/model_artifacts"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{JSON}"
    with contextlib.suppress(OSError), target.connect() as connection:
        connection.settimeout(120)
        connection.sendall(f"{head}{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        connection.recv(65536)


def hold(target: Target, sent: str) -> ExitStack:
    """Open many connections and send the beginning of a request on each."""
    opened = ExitStack()
    for _ in range(CONNECTIONS):
        with contextlib.suppress(OSError):
            connection = opened.enter_context(target.connect())
            connection.sendall(sent.encode())
    return opened


def lists(mebibytes: int) -> bytes:
    """JSON of empty lists, which takes the most memory and time for its size."""
    return b"[" + b"[]," * (mebibytes * MEBIBYTE // 3) + b"[]]"


HALF_BODY = (
    f"POST /organizations/x/orbits HTTP/1.1\r\nHost: x\r\n{JSON}Content-Length: 100\r\n\r\n[["
)

BODIES: dict[str, Callable[[Target], None]] = {
    "nothing": lambda target: time.sleep(1),
    "200 MB of text, no key": lambda target: post(target, "", b'"' + b"x" * 200_000_000 + b'"'),
    "60 MB of `[[],[],…]`, no key": lambda target: post(target, "", lists(60)),
    "30 MB of `[[],[],…]`, with a key": lambda target: post(target, GOOD, lists(30)),
    "8 MB of `[[],[],…]`, with a key": lambda target: post(target, GOOD, lists(8)[: 8 * MEBIBYTE]),
    "0.8 MB of `[[],[],…]`, with a key": lambda target: post(target, GOOD, lists(1)[:840_000]),
}
HELD = {
    f"{CONNECTIONS:,} idle connections": "",
    f"{CONNECTIONS:,} half-sent heads": "GET / HTTP/1.1\r\nX-Slow: ",
    f"{CONNECTIONS:,} half-sent bodies": HALF_BODY,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Attack each version and print two tables."""
    words = sys.argv[1:] if arguments is None else arguments
    versions = dict(word.split("=", 1) for word in words) or {"now": ""}
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        tables = [bodies(versions), connections(versions)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    print(introduction(words).replace("python -m benchmarks", "python -m benchmarks.attacks"))
    print("\n\n".join(["", *(table.markdown() for table in tables)]))


def bodies(versions: dict[str, str]) -> Table:
    """Memory and the delay of the event loop while large bodies are sent."""
    rows = []
    for name, attack in BODIES.items():
        cells = []
        for folder in versions.values():
            with serving(folder) as target:
                pulse = Pulse(target)
                pulse.start()
                attack(target)
                cells += [number(pulse.stop()), number(target.peak())]
        rows.append([name, *cells])
    columns = [f"{name}: {what}" for name in versions for what in ("delay, ms", "memory, MiB")]
    return Table("Bodies", ["attack", *columns], rows, "The longest delay of the event loop.")


def connections(versions: dict[str, str]) -> Table:
    """Honest calls while connections are held, and what is logged in five seconds."""
    rows = []
    for name, sent in HELD.items():
        cells = []
        for folder in versions.values():
            with serving(folder) as target, hold(target, sent):
                time.sleep(PATIENCE)
                cells += [f"{honest(target)} of {CALLS}", number(target.log.stat().st_size / 1024)]
        rows.append([name, *cells])
    columns = [f"{name}: {what}" for name in versions for what in ("calls answered", "log, KiB")]
    note = f"The server may open {OPEN_FILES:,} files; a call has {PATIENCE:.0f} seconds."
    return Table("Connections", ["attack", *columns], rows, note)


def honest(target: Target) -> int:
    """Count the calls, each on a new connection, that are answered in time."""
    answered = 0
    for _ in range(CALLS):
        with contextlib.suppress(OSError), target.connect() as connection:
            connection.settimeout(PATIENCE)
            request = f"GET /users/me/organizations HTTP/1.1\r\nHost: x\r\n{GOOD}\r\n"
            connection.sendall(request.encode())
            answered += connection.recv(65536).startswith(b"HTTP/1.1 200")
    return answered


@contextlib.contextmanager
def serving(source: str) -> Iterator[Target]:
    """`dataforce serve` of a new registry, from that source."""
    with tempfile.TemporaryDirectory(prefix="dataforce-attack-") as folder:
        log = Path(folder, "log")
        places = [source, str(Path(source, "backends"))] if source else []
        environment = os.environ | {"DFS_API_KEY": KEY, "PYTHONPATH": os.pathsep.join(places)}
        database = f"sqlite:///{folder}/registry.db"
        command = [*(sys.executable, "-m", "dataforce", "serve", "--port", "0")]
        with (
            log.open("wb") as errors,
            subprocess.Popen(
                [*command, "--database-url", database],
                env=environment,
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=errors,
            ) as process,
        ):
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
            assert process.stdout is not None
            first = process.stdout.readline().decode()
            try:
                yield Target(int(first.partition("127.0.0.1:")[2].split(";")[0]), process, log)
            finally:
                process.kill()


if __name__ == "__main__":
    main()
