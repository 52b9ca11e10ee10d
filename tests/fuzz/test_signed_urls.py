"""A signed URL is good for what it was signed for, and a URL of a platform leads nowhere else."""

from __future__ import annotations

import errno
import ipaddress
import socket
from contextlib import closing, suppress
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from dataforce.config import load_settings
from dataforce.models import REGISTRY
from dataforce_remote.files.bucket import Bucket, BucketError
from dataforce_remote.http.guard import Guard
from dataforce_remote.http.retries import RetryBudget
from tests.fuzz.profile import THOROUGH, damaged
from tests.server.caller import Caller
from tests.server.serving import KEY, serving

pytestmark = pytest.mark.slow

QUERY = [
    "",
    "&",
    "=",
    "%",
    "%00",
    "%C3%A9",
    "+",
    "expires=9",
    "&signature=",
    "uploadId=1",
    "9" * 30,
]
PATH = ["", "/", "..", "%2e%2e", "//", ".", "%2F", "A", "0", ";", "x"]


def meaning(method: str, path: str, query: str) -> object:
    """What a request says, however it is spelled."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return method, unquote(path), sorted(dict(pairs).items()), len(pairs)


def test_a_changed_url_is_refused() -> None:
    with serving() as base_url:
        caller = Caller(base_url, "2026-01", KEY)
        with caller.session, requests.Session() as session:
            session.trust_env = False
            file = caller.new_file(caller.new_collection(), b"content")
            signed = urlsplit(str(caller.get(f"{file}/download-url")["url"]))
            origin = f"{signed.scheme}://{signed.netloc}"
            proper = meaning("GET", signed.path, signed.query)

            @THOROUGH
            @given(
                st.sampled_from(["GET", "GET", "HEAD", "PUT", "POST", "DELETE"]),
                damaged(signed.path, PATH, 1),
                damaged(signed.query, QUERY, 2),
            )
            def refused(method: str, path: str, query: str) -> None:
                url = f"{origin}/{path.lstrip('/')}?{query}"
                asked = session.prepare_request(requests.Request(method, url))
                sent = urlsplit(str(asked.url))
                answer = session.send(asked, allow_redirects=False, timeout=10)
                if meaning(method, sent.path, sent.query) == proper:
                    assert answer.content == b"content"
                else:
                    assert 400 <= answer.status_code < 500
                    assert answer.content != b"content"

            refused()


SPELLED = (
    "127.0.0.1 127.1 0x7f.1 2130706433 [::1] [::ffff:127.0.0.1] 169.254.169.254 10.0.0.1 0 a..b "
    "[fe80::1%25eth0] localhost 93.184.216.34"
)
HOSTS = st.sampled_from([*SPELLED.split(), "", "x" * 70]) | st.text(max_size=10)
URLS = st.builds(
    "{}://{}{}{}/{}".format,
    st.sampled_from(["https", "https", "http", "file", "ftp", "HTTPS", "", "https\n"]),
    st.sampled_from(["", "user@", "user:pw@", "93.184.216.34@", "%40", "\\", "#@"]),
    HOSTS,
    st.sampled_from(["", ":443", ":0", ":99999", ":", ":9" * 30]),
    st.text(max_size=5),
)


def test_a_url_of_the_platform_leads_to_public_addresses_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contacted: list[str] = []
    resolve = socket.getaddrinfo

    def find(host: str, port: int, *_: Any, **more: Any) -> list[Any]:
        if host == "localhost":
            host = "127.0.0.1"
        return resolve(host, port, flags=socket.AI_NUMERICHOST, type=socket.SOCK_STREAM)

    def connect(_: socket.socket, address: tuple[Any, ...]) -> None:
        contacted.append(address[0])
        raise OSError(errno.ECONNREFUSED, "refused")

    monkeypatch.setattr(socket, "getaddrinfo", find)
    monkeypatch.setattr(socket.socket, "connect", connect)
    given_settings = {"base_url": "https://93.184.216.35", "retry_timeout": 0}
    settings = load_settings(given_settings, environment={}, client_name="")
    with closing(Bucket(settings, Guard(settings, REGISTRY), RetryBudget())) as bucket:

        @THOROUGH
        @given(URLS)
        def public(url: str) -> None:
            with suppress(BucketError):
                bucket.request("GET", url)

        public()
    assert contacted  # some led somewhere
    assert all(ipaddress.ip_address(each.partition("%")[0]).is_global for each in contacted)
