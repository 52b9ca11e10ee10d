"""Rows 10 and 16: servers that are slow, silent, gone or unknown; and what is left over."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3.util.connection

from dataforce import Client
from dataforce.errors import APIConnectionError, APITimeoutError, ConfigurationError
from dataforce.transfer import cancellation
from tests.faults import behaviours
from tests.faults.conftest import NewClient, caught, within
from tests.faults.misbehaving import Behaviour, HangUp, Line, Request, Server
from tests.faults.platform import COLLECTIONS, ORGANIZATION, Platform

ORGANIZATIONS = "/users/me/organizations"


def open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


@pytest.mark.parametrize(
    "behaviour",
    [
        behaviours.hang_up,
        behaviours.reset_before_head,
        behaviours.cut_in_head,
        behaviours.cut(0),
        behaviours.cut(0.5),
        behaviours.cut(0.99),
        behaviours.cut(0, reset=True),
        behaviours.cut(0.5, reset=True),
        behaviours.chunked(0.5),
        behaviours.status(502),
        behaviours.status(503),
        behaviours.status(504),
        behaviours.status(408),
        behaviours.status(429),
    ],
)
def test_a_read_that_breaks_once_is_made_again(
    behaviour: Behaviour, client: Client, platform: Platform
) -> None:
    platform.server.script("GET", ORGANIZATIONS, behaviour)

    assert [each.id for each in client.organizations.list()] == [ORGANIZATION]

    assert len(platform.server.seen("GET", ORGANIZATIONS)) == 2


@pytest.mark.parametrize(
    "behaviour", [behaviours.silent, behaviours.dripping_head], ids=["silent", "dripping head"]
)
def test_an_answer_that_does_not_come(
    behaviour: Behaviour, new_client: NewClient, platform: Platform
) -> None:
    platform.server.always("GET", ORGANIZATIONS, behaviour)
    client = new_client(timeout=0.3, retry_timeout=0.2)

    with within(3):
        message = caught(APITimeoutError, client.organizations.list)

    assert "within 0.3 seconds" in message
    assert platform.server.url in message
    assert "timeout" in message


@pytest.mark.parametrize(
    "behaviour",
    [behaviours.dripping_body, behaviours.dripping_chunk_size],
    ids=["dripping body", "dripping chunk size"],
)
def test_an_answer_that_comes_too_slowly(
    behaviour: Behaviour, new_client: NewClient, platform: Platform
) -> None:
    platform.server.always("GET", ORGANIZATIONS, behaviour)
    client = new_client(timeout=0.3, retry_timeout=0.2)

    with within(3):
        message = caught(APIConnectionError, client.organizations.list)

    assert platform.server.url in message


def test_a_connection_that_is_taken_and_never_answered(new_client: NewClient) -> None:
    with Server(greeting=Line.deafness) as server, within(3):
        client = new_client(server.url, timeout=0.3, retry_timeout=0.2)
        message = caught(APITimeoutError, client.organizations.list)

    assert "no complete response within 0.3 seconds" in message


@pytest.mark.parametrize("greeting", [Line.deafness, lambda line: line.drip(b"\x16" * 9999)])
def test_a_tls_handshake_that_does_not_come_to_an_end(greeting: Any, new_client: NewClient) -> None:
    with Server(greeting=greeting) as server, within(3):
        client = new_client(server.url.replace("http:", "https:"), timeout=0.3, retry_timeout=0.2)
        message = caught(APIConnectionError, client.organizations.list)

    assert server.url.replace("http:", "https:") in message


def test_a_tls_handshake_that_comes_a_byte_at_a_time(new_client: NewClient) -> None:
    # The head of a record that never ends: each byte is right as far as it goes.
    hello = b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03" + b"r" * 9_999
    with Server(greeting=lambda line: line.drip(hello)) as server, within(3):
        client = new_client(server.url.replace("http:", "https:"), timeout=0.3, retry_timeout=0.2)
        message = caught(APITimeoutError, client.organizations.list)

    assert "within 0.3 seconds" in message


def test_a_kept_connection_that_was_closed_without_a_word(
    client: Client, platform: Platform
) -> None:
    client.organizations.list()
    platform.server.hang_up()

    # A call that must not be made twice: whether the connection is gone shows before it is sent.
    client.collections.create("", "Flowers", "model")

    assert len(platform.server.seen("POST", COLLECTIONS)) == 1


def test_nobody_listens(new_client: NewClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    client = new_client(f"http://127.0.0.1:{port}", retry_timeout=0.3)

    with within(3):
        message = caught(APIConnectionError, client.organizations.list)

    assert f"http://127.0.0.1:{port}: it refuses connections" in message
    assert "Check base_url (code)" in message
    assert "may have been carried out" not in message


def test_a_write_that_nobody_listens_to_is_surely_not_carried_out(
    new_client: NewClient, platform: Platform
) -> None:
    client = new_client(retry_timeout=0.2)
    assert client.collection
    platform.server.close()

    message = caught(APIConnectionError, lambda: client.collections.create("", "Flowers", "model"))

    assert "may have been carried out" not in message


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_AGAIN])
def test_a_name_that_is_not_known(
    code: int, new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = []

    def fail(*arguments: object, **_: object) -> None:
        lookups.append(arguments)
        raise socket.gaierror(code, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    client = new_client("http://platform.example", retry_timeout=0.3)

    with within(3):
        message = caught(APIConnectionError, client.organizations.list)

    assert "http://platform.example: its name is not known" in message
    assert "Check the host for typing errors" in message
    # What the name server will say again is not asked again.
    assert (len(lookups) == 1) == (code == socket.EAI_NONAME)


def test_an_address_that_refuses_is_followed_by_the_next(
    new_client: NewClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = platform.server.port

    def both(*_: object, **__: object) -> list[Any]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", both)

    client = new_client(f"http://platform.example:{port}")
    assert len(client.organizations.list()) == 1


def test_a_thousand_calls_leave_no_sockets_and_no_threads(
    client: Client, platform: Platform
) -> None:
    client.organizations.list()
    threads, files = threading.active_count(), open_files()

    for _ in range(1000):
        client.organizations.list()

    assert platform.server.connections == 1
    assert threading.active_count() <= threads
    assert open_files() <= files
    client.close()
    # Ours and the server's end.
    assert threading.active_count() < threads


def test_failures_leave_no_sockets(new_client: NewClient, platform: Platform) -> None:
    client = new_client(retry_timeout=0.0)
    client.organizations.list()
    platform.server.always("GET", ORGANIZATIONS, behaviours.cut(0.5))
    caught(APIConnectionError, client.organizations.list)
    files = open_files()

    for _ in range(30):
        caught(APIConnectionError, client.organizations.list)

    assert abs(open_files() - files) < 6


def test_sixty_four_threads_share_a_client(client: Client, platform: Platform) -> None:
    def work(_: int) -> list[str]:
        return [each.id for _ in range(5) for each in client.collections.list()]

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(work, range(64)))

    assert all(len(answer) == 5 for answer in answers)
    assert platform.server.connections <= 64


def test_a_crash_seen_by_one_thread_does_not_break_the_call_of_another(
    client: Client, platform: Platform
) -> None:
    client.organizations.list()
    platform.server.always("GET", "/orbits$", behaviours.status(500))

    def crash(_: int) -> None:
        with pytest.raises(Exception, match="500"):
            client.orbits.list()

    def create(_: int) -> None:
        for _ in range(10):
            client.collections.create("", "Flowers", "model")

    with ThreadPoolExecutor(16) as pool:
        done = [pool.submit(work, 0) for _ in range(8) for work in (crash, create)]
        for each in done:
            each.result()

    assert len(platform.server.seen("POST", COLLECTIONS)) == 80


FORK = """
import os, sys
from dataforce import Client
from dataforce.transfer import cancellation
from tests.faults.conftest import settings

client = Client(**settings(sys.argv[1]))
client.organizations.list()
child = os.fork()
if child == 0:
    answers = [len(client.organizations.list()) for _ in range(3)]
    client.close()
    os._exit(0 if answers == [1, 1, 1] else 1)
for _ in range(3):
    client.organizations.list()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
client.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_child_of_a_fork_uses_connections_of_its_own(platform: Platform) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FORK, platform.server.url],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert (ended.returncode, ended.stdout) == (0, "0\n"), ended.stderr
    assert platform.server.connections == 2
    assert len(platform.server.seen("GET", ORGANIZATIONS)) == 7


def test_a_closed_client_sends_nothing(client: Client, platform: Platform) -> None:
    backend = client.backend
    client.close()

    from dataforce.backend import Query, Scope
    from dataforce.models import ORGANIZATION as KIND

    message = caught(ConfigurationError, lambda: backend.store(KIND, Scope()).page(Query()))

    assert "closed" in message
    assert platform.server.requests == []


def test_an_answer_that_is_no_http(new_client: NewClient, platform: Platform) -> None:
    def chatter(line: Line, _: Request, __: behaviours.Proper) -> None:
        line.send(b"SSH-2.0-OpenSSH_9.6\r\n")
        raise HangUp

    platform.server.always("GET", ORGANIZATIONS, chatter)
    client = new_client(retry_timeout=0)
    assert "no response from" in caught(APIConnectionError, client.organizations.list)


def test_an_answer_that_comes_to_a_cancelled_task_is_closed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that is left to the garbage collector is a ResourceWarning."""
    signal, connect = cancellation.Signal(), urllib3.util.connection.create_connection
    error: Any = None

    def cancel_first(*args: Any, **options: Any) -> socket.socket:
        signal.set()  # nothing is connected yet that it could break off
        return connect(*args, **options)

    def work() -> None:
        cancellation.listen_to(signal)
        client.collections.list()

    monkeypatch.setattr(urllib3.util.connection, "create_connection", cancel_first)
    with ThreadPoolExecutor(1) as pool:
        error = pool.submit(work).exception()
    assert isinstance(error, cancellation.Cancelled)
    error.args = (error,)  # which the collector alone can take apart
    del error
    gc.collect()
