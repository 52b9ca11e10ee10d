"""What the loggers say of requests: enough to find a fault, and no secret."""

from __future__ import annotations

import logging
import random
import re
from pathlib import Path

import pytest

from dataforce import Client
from dataforce.errors import APIConnectionError, AuthenticationError
from tests.faults import behaviours
from tests.faults.conftest import CANARIES, NewClient, caught
from tests.faults.misbehaving import Reply, Request
from tests.faults.platform import Bucket, Platform

ORGANIZATIONS = "/users/me/organizations"
SENT = re.compile(
    r"(?P<request>[A-Z]+ \S+): (?P<outcome>.+) in \d+ ms \(attempt (?P<attempt>\d+)\)"
)


def sent(caplog: pytest.LogCaptureFixture) -> list[tuple[str, ...]]:
    """Request, outcome and attempt of each line about one."""
    records = [each for each in caplog.records if each.name == "dataforce.http"]
    found = [SENT.fullmatch(each.getMessage()) for each in records if each.levelname == "DEBUG"]
    return [each.groups() for each in found if each is not None]


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines for everybody."""
    return [
        each.getMessage()
        for each in caplog.records
        if each.name == "dataforce.http" and each.levelname == "INFO"
    ]


def test_each_call_is_logged(
    client: Client, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    client.organizations.list()

    assert sent(caplog) == [(f"GET {platform.server.url}{ORGANIZATIONS}", "200", "1")]
    assert told(caplog) == []


def test_a_retry_tells_why_and_for_how_long_it_waits(
    client: Client, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    platform.server.script(
        "GET", ORGANIZATIONS, behaviours.status(503, retry_after="0.05"), behaviours.hang_up
    )

    client.organizations.list()

    url = f"GET {platform.server.url}{ORGANIZATIONS}"
    [first, second, third] = sent(caplog)
    assert (first, third) == ((url, "503", "1"), (url, "200", "3"))
    assert second[1].startswith("it closed the connection")
    [one, two] = told(caplog)
    assert one == f"retry 1 in 0.05 s: GET {ORGANIZATIONS}: 503"
    assert re.fullmatch(
        rf"retry 2 in 0\.\d\d s: GET {ORGANIZATIONS}: it closed the connection", two
    )


def test_transfers_are_logged_without_what_grants_access(
    client: Client,
    platform: Platform,
    bucket: Bucket,
    package: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    platform.kind = "s3"
    bucket.server.script("PUT", "", behaviours.status(503))
    bucket.server.script("GET", "", behaviours.cut(0.5), behaviours.status(503))

    model = client.model_artifacts.upload(package, "model")
    client.model_artifacts.download(model.id, tmp_path)
    client.model_artifacts.delete(model.id)

    place = f"{bucket.server.url}/bucket/{model.id}"
    to_bucket = [each for each in sent(caplog) if each[0].endswith(place)]
    assert [each[0].split()[0] for each in to_bucket] == [
        *["POST", "PUT", "PUT", "PUT", "PUT", "PUT", "PUT", "POST"],
        *["GET", "GET", "GET", "DELETE"],
    ]
    assert [each[1:] for each in to_bucket[-4:]] == [
        *[("200", "1"), ("503", "2"), ("206", "3")],
        ("204", "1"),
    ]
    assert [line.partition(" s: ")[2] for line in told(caplog)] == [
        "PUT: 127.0.0.1 responded with 503",
        "GET: the response broke off",
        "GET: 127.0.0.1 responded with 503",
    ]
    assert not [canary for canary in CANARIES if canary in caplog.text]
    assert "?" not in caplog.text


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
def test_nothing_is_logged_that_nobody_asked_for(
    level: int, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(level, "dataforce.http"):
        client.organizations.list()

    assert sent(caplog) == []


def test_no_secret_is_logged_when_everything_fails(
    new_client: NewClient, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    def echo(request: Request) -> Reply:
        return Reply(401, request.headers["authorization"].encode())

    platform.server.proper = echo
    platform.server.script("GET", ORGANIZATIONS, behaviours.hang_up)
    client = new_client(retry_timeout=0)
    caught(APIConnectionError, client.organizations.list)
    caught(AuthenticationError, client.organizations.list)

    assert len(sent(caplog)) == 2
    assert not [canary for canary in CANARIES if canary in caplog.text]


def test_what_a_server_names_cannot_forge_a_line(
    client: Client, platform: Platform, bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    content = random.Random(4).randbytes(100)
    model = platform.add(content)
    platform.models[model]["bucket_location"] = "x\x1b[31m\u202e"
    bucket.objects["x%1B%5B31m%E2%80%AE"] = content

    client.model_artifacts.open(model).read()

    assert f"{bucket.server.url}/bucket/x\\x1b[31m\\u202e: 200" in caplog.text
