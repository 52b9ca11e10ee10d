"""Row 15: certificates that are not to be trusted, those that are, and what `insecure` says."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from dataforce.errors import (
    APIConnectionError,
    ConfigurationError,
    ConfigurationWarning,
    FileDownloadError,
    FileUploadError,
)
from tests.faults.conftest import NewClient, caught, within
from tests.faults.misbehaving import Line, Server
from tests.faults.platform import API_KEY, Bucket, Platform

ORGANIZATIONS = "/users/me/organizations"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@contextmanager
def secured(bucket: Bucket, context: ssl.SSLContext) -> Iterator[Platform]:
    platform = Platform(bucket, tls=context)
    with platform.server:
        yield platform


def yesterday() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)


def test_an_authority_of_ones_own(
    authority: trustme.CA, bundle: Path, bucket: Bucket, new_client: NewClient
) -> None:
    with secured(bucket, context_of(authority.issue_cert("127.0.0.1"))) as platform:
        client = new_client(platform.server.url, ca_bundle=bundle)
        assert len(client.organizations.list()) == 1
        assert len(client.organizations.list()) == 1
        assert platform.server.connections == 1


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_authority_named_by_the_environment(
    variable: str,
    authority: trustme.CA,
    bundle: Path,
    bucket: Bucket,
    new_client: NewClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, str(bundle))
    with secured(bucket, context_of(authority.issue_cert("127.0.0.1"))) as platform:
        assert len(new_client(platform.server.url).organizations.list()) == 1


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("unknown authority", "unable to get local issuer certificate"),
        ("wrong host", "certificate is not valid for '127.0.0.1'"),
        ("expired", "certificate has expired"),
        ("self-signed", "self-signed certificate"),
    ],
)
def test_a_certificate_that_is_not_to_be_trusted(
    kind: str,
    words: str,
    authority: trustme.CA,
    bundle: Path,
    bucket: Bucket,
    new_client: NewClient,
) -> None:
    name = "elsewhere.example" if kind == "wrong host" else "127.0.0.1"
    issuer = trustme.CA() if kind == "unknown authority" else authority
    ends = yesterday() if kind == "expired" else None
    context = context_of(issuer.issue_cert(name, not_after=ends))
    if kind == "self-signed":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own, alone = trustme.CA(), bundle.with_name("alone.pem")
        alone.write_bytes(own.private_key_pem.bytes() + own.cert_pem.bytes())
        context.load_cert_chain(alone)
    with secured(bucket, context) as platform, within(3):
        client = new_client(platform.server.url, ca_bundle=bundle)
        message = caught(APIConnectionError, client.organizations.list)

    assert words.replace("-", " ") in message.replace("-", " ")
    assert f"from {platform.server.url}: its certificate is not trusted" in message
    assert "set ca_bundle to its PEM file" in message
    # Nothing was sent, and it was not tried again.
    assert platform.server.requests == []
    assert platform.server.connections == 1


def test_an_old_protocol(new_client: NewClient) -> None:
    def refuse(line: Line) -> None:
        line.socket.recv(1)
        line.send(b"\x15\x03\x01\x00\x02\x02\x46")  # an alert: protocol_version
        line.silence()

    with Server(greeting=refuse) as server, within(3):
        url = server.url.replace("http:", "https:")
        message = caught(APIConnectionError, new_client(url).organizations.list)

    assert "no secure connection could be made" in message
    assert "protocol version" in message


def test_a_server_that_speaks_nothing_newer_than_1_1(
    authority: trustme.CA, bundle: Path, bucket: Bucket, new_client: NewClient
) -> None:
    context = context_of(authority.issue_cert("127.0.0.1"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with secured(bucket, context) as platform, within(3):
        client = new_client(platform.server.url, ca_bundle=bundle, retry_timeout=0.2)
        message = caught(APIConnectionError, client.organizations.list)

    assert "no secure connection could be made" in message
    assert platform.server.requests == []


def test_a_server_that_speaks_no_tls(new_client: NewClient) -> None:
    def answer(line: Line) -> None:
        line.socket.recv(1)
        line.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        line.silence()

    with Server(greeting=answer) as server, within(3):
        client = new_client(server.url.replace("http:", "https:"))
        message = caught(APIConnectionError, client.organizations.list)

    assert "Check that base_url begins with the right one of http:// and https://" in message


def test_a_certificate_of_the_client(
    authority: trustme.CA, bundle: Path, bucket: Bucket, new_client: NewClient, tmp_path: Path
) -> None:
    context = context_of(authority.issue_cert("127.0.0.1"))
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    mine = tmp_path / "mine.pem"
    authority.issue_cert("me@example.org").private_key_and_cert_chain_pem.write_to_path(str(mine))
    with secured(bucket, context) as platform:
        known = new_client(platform.server.url, ca_bundle=bundle, client_certificate=mine)
        assert len(known.organizations.list()) == 1

        nobody = new_client(platform.server.url, ca_bundle=bundle, retry_timeout=0.2)
        message = caught(APIConnectionError, nobody.organizations.list)

    assert "client_certificate" in message


@pytest.mark.parametrize("setting", ["ca_bundle", "client_certificate"])
def test_a_file_of_certificates_that_is_missing(setting: str, new_client: NewClient) -> None:
    client = new_client(**{setting: "/missing/certificates.pem"})

    message = caught(ConfigurationError, client.organizations.list)

    assert f"{setting} (code) names /missing/certificates.pem, which does not exist" in message


def test_insecure_works_and_warns_once(bucket: Bucket, new_client: NewClient) -> None:
    with secured(bucket, context_of(trustme.CA().issue_cert("elsewhere.example"))) as platform:
        client = new_client(platform.server.url, insecure=True)
        with pytest.warns(ConfigurationWarning) as caught_warnings:
            client.organizations.list()
        client.organizations.list()  # a second warning would be an error

    (warning,) = caught_warnings
    assert "insecure (code): certificates are not checked" in str(warning.message)
    assert platform.server.url in str(warning.message)
    assert API_KEY not in str(warning.message)


def test_a_bucket_that_is_not_to_be_trusted(
    platform: Platform, new_client: NewClient, package: Path, tmp_path: Path
) -> None:
    with secured(platform.bucket, context_of(trustme.CA().issue_cert("127.0.0.1"))) as other:
        platform.bucket.server.url = other.server.url
        client = new_client(retry_timeout=30)

        with within(5):
            sent = caught(FileUploadError, lambda: client.model_artifacts.upload(package, "m"))
            model = platform.add(b"bytes")
            read = caught(
                FileDownloadError, lambda: client.model_artifacts.download(model, tmp_path)
            )

    assert "127.0.0.1: its certificate is not trusted" in sent
    assert "127.0.0.1: its certificate is not trusted" in read
    assert other.server.requests == []
