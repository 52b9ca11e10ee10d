"""Where a signed URL may lead: not into the machine or the network of who follows it."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from dataforce.config import load_settings
from dataforce.models import REGISTRY
from dataforce_remote.files.bucket import Bucket, BucketError
from dataforce_remote.http.guard import Guard
from dataforce_remote.http.retries import RetryBudget

PUBLIC = "93.184.216.34"
PUBLIC_6 = "2606:2800:220:1::1"

Names = dict[str, list[list[str]]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Host to the answers of the resolver, one for each question; the last one stays."""
    answers: Names = {}
    resolve = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if host not in answers:
            return resolve(host, port, flags=socket.AI_NUMERICHOST, type=socket.SOCK_STREAM)
        found = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [each for address in found for each in getaddrinfo(address, port)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return answers


@pytest.fixture
def contacted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The addresses that something tried to connect to; none is reached."""
    seen: list[str] = []

    def connect(_: socket.socket, address: tuple[Any, ...]) -> None:
        seen.append(address[0])
        raise OSError(errno.ECONNREFUSED, "refused")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return seen  # type: ignore[return-value]  # nothing to undo


def open_bucket(given: dict[str, Any]) -> Bucket:
    settings = load_settings(given, environment={}, client_name="")
    return Bucket(settings, Guard(settings, REGISTRY), RetryBudget())


def ask(url: str, base_url: str = "https://platform.example", **changed: Any) -> str:
    """What the bucket says when it is asked for that URL."""
    given = {"base_url": base_url, "retry_timeout": 0, **changed}
    bucket = open_bucket(given)
    with closing(bucket), pytest.raises(BucketError) as caught:
        bucket.request("GET", url)
    return str(caught.value)


INTERNAL = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "::1",
    "::",
    "fd00::1",
    "fe80::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
]


@pytest.mark.parametrize("address", INTERNAL)
def test_a_signed_url_does_not_lead_into_the_network_of_the_user(
    address: str, names: Names, contacted: list[str]
) -> None:
    names |= {"platform.example": [[PUBLIC]], "bucket.example": [[address]]}
    literal = f"[{address}]" if ":" in address else address

    assert "an internal address" in ask("https://bucket.example/x")
    assert "an internal address" in ask(f"https://{literal}/x")
    assert contacted == []


@pytest.mark.parametrize("spelled", ["2130706433", "0x7f000001", "127.1", "017700000001"])
def test_no_spelling_of_an_address_is_overlooked(
    spelled: str, names: Names, contacted: list[str]
) -> None:
    names |= {"platform.example": [[PUBLIC]]}

    assert "an internal address" in ask(f"https://{spelled}/x")
    assert contacted == []


def test_one_internal_address_among_others_is_enough(names: Names, contacted: list[str]) -> None:
    names |= {"platform.example": [[PUBLIC]], "bucket.example": [[PUBLIC, "10.0.0.1"]]}

    assert "an internal address" in ask("https://bucket.example/x")
    assert contacted == []


def test_what_was_checked_is_what_is_connected_to(names: Names, contacted: list[str]) -> None:
    names |= {
        "platform.example": [[PUBLIC]],
        "bucket.example": [[PUBLIC, PUBLIC_6], ["127.0.0.1"]],
    }

    assert "it refuses connections" in ask("https://bucket.example/x")
    assert contacted == [PUBLIC, PUBLIC_6]


@pytest.mark.parametrize(
    ("platform", "bucket", "is_allowed"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "192.168.0.1", True),
        ("10.0.0.1", "127.0.0.1", False),
        ("127.0.0.1", "169.254.169.254", False),
        ("169.254.1.1", "169.254.169.254", False),
        (PUBLIC, PUBLIC_6, True),
    ],
)
def test_a_bucket_may_be_where_the_platform_is(
    platform: str, bucket: str, is_allowed: bool, names: Names, contacted: list[str]
) -> None:
    names |= {"platform.example": [[platform]], "bucket.example": [[bucket]]}

    message = ask("https://bucket.example/x")

    assert ("an internal address" not in message) == is_allowed
    assert contacted == ([bucket] if is_allowed else [])


def test_a_platform_that_is_nowhere_allows_nothing_internal(
    names: Names, contacted: list[str]
) -> None:
    names |= {"platform.example": [[]], "bucket.example": [["10.0.0.1"]], "gone.example": [[]]}

    assert "an internal address" in ask("https://bucket.example/x")
    assert "its name is not known" in ask("https://gone.example/x")
    assert contacted == []


def test_an_encrypted_platform_leads_to_nothing_unencrypted(
    names: Names, contacted: list[str]
) -> None:
    names |= {"platform.example": [[PUBLIC]], "bucket.example": [[PUBLIC]]}

    assert "without encryption" in ask("http://bucket.example/x")
    assert contacted == []
    assert "it refuses connections" in ask("http://bucket.example/x", "http://platform.example")
    assert contacted == [PUBLIC]


def test_a_proxy_finds_the_bucket_by_itself(names: Names, contacted: list[str]) -> None:
    names |= {"platform.example": [[PUBLIC]], "bucket.example": [["10.0.0.1"]]}
    proxy = "http://127.0.0.1:9"

    assert "internal" not in ask("https://bucket.example/x", proxy=proxy)
    assert contacted == ["127.0.0.1"]
    assert "an internal address" in ask("https://10.0.0.1/x", proxy=proxy)
    assert contacted == ["127.0.0.1"]


def test_a_platform_whose_name_was_not_known_once(names: Names, contacted: list[str]) -> None:
    names["platform.internal"] = [[], ["10.0.0.1"]]
    names["bucket.internal"] = [["10.0.0.2"]]
    given = {"base_url": "http://platform.internal", "retry_timeout": 0}
    bucket = open_bucket(given)
    with closing(bucket):
        for _ in range(2):
            with pytest.raises(BucketError):
                bucket.request("GET", "http://bucket.internal/file")
    assert contacted == ["10.0.0.2"]
