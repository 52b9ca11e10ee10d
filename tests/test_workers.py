from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dataforce import Client

FORKED = """
import asyncio, os, signal, sys
from dataforce import AsyncClient

client = AsyncClient(database_url=sys.argv[1])

async def orbits(calls):
    answers = await asyncio.gather(*(client.orbits.list() for _ in range(calls)))
    print(len(answers), flush=True)

asyncio.run(orbits(4))  # more threads than the next call needs
child = os.fork()
signal.alarm(20)  # whoever hangs is ended
asyncio.run(orbits(1))
if child:
    _, status = os.waitpid(child, 0)
    asyncio.run(orbits(1))
    sys.exit(os.waitstatus_to_exitcode(status))
asyncio.run(client.close())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_an_asynchronous_client_answers_in_a_forked_child(tmp_path: Path) -> None:
    # Python 3.12 warns of any fork of a process with threads.
    script = [sys.executable, "-W", "ignore", "-c", FORKED, f"sqlite:///{tmp_path / 'registry.db'}"]
    ended = subprocess.run(script, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr, ended.stdout) == (0, "", "4\n1\n1\n1\n")


LEFT = """
import asyncio, sys
from dataforce import AsyncClient

async def main():
    client = AsyncClient(database_url=sys.argv[1])
    first = await client.collections.create("", "first", "model")
    create = client.collections.create
    calls = [asyncio.create_task(create("", "later", "model")) for _ in range(200)]
    await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    print(first.id)

asyncio.run(main())
"""


def test_an_interpreter_ends_while_calls_are_queued(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path / 'registry.db'}"
    script = [sys.executable, "-W", "ignore::ResourceWarning", "-c", LEFT, place]
    ended = subprocess.run(script, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    with Client(database_url=place) as client:
        names = [collection.name for collection in client.collections.list()]
        assert names[0] == "first"
        assert set(names[1:]) == {"later"}
