"""Bucket secrets."""

from __future__ import annotations

from typing import Any

import pytest

from dataforce import (
    BucketSecret,
    Client,
    ConflictError,
    UnprocessableEntityError,
)

SECRETS: dict[str, Any] = {
    "access_key": "AKIDEXAMPLE",
    "secret_key": "wJalrXUtnFEMI",
    "session_token": "FQoGZXI",
}
WRONG: dict[str, tuple[Any, ...]] = {
    "endpoint": ("", "  ", "https://", "s3\x00.example.com", 5),
    "bucket_name": ("", "\t", "mod\x00els", "\ud800"),
    "region": ("eu\x00", 5),
    "secure": ("perhaps",),
    "cert_check": ([],),
    "access_key": ("AKID\x00EXAMPLE", "\ud800"),
    "secret_key": (5, "wJalr\x00XUtn", "\udcff"),
    "session_token": ("\x00", "FQoGZXI\ud800"),
}


def test_a_fresh_platform_has_one_bucket_secret(client: Client) -> None:
    """It is there before anything is made, in the only organization."""
    (secret,) = client.bucket_secrets.list()
    assert secret.organization_id == client.organization


def test_a_new_bucket_secret_has_what_was_given(client: Client) -> None:
    """And is listed after the one that was there."""
    made = client.bucket_secrets.create(
        "s3.example.com", "models", secure=False, region="eu-west-1", cert_check=True, **SECRETS
    )
    assert (made.endpoint, made.bucket_name) == ("s3.example.com", "models")
    assert (made.secure, made.region, made.cert_check) == (False, "eu-west-1", True)
    assert client.bucket_secrets.get(made.id) == made
    assert client.bucket_secrets.list()[1:] == [made]


@pytest.mark.parametrize("scheme", ["http://", "https://"])
def test_the_scheme_of_an_endpoint_is_dropped(client: Client, scheme: str) -> None:
    """As the platform does."""
    made = client.bucket_secrets.create(f"{scheme}s3.example.com:9000", "models")
    assert made.endpoint == "s3.example.com:9000"
    changed = client.bucket_secrets.update(made.id, endpoint=f"{scheme}s3.example.org")
    assert changed.endpoint == "s3.example.org"


def test_a_bucket_has_one_bucket_secret(client: Client) -> None:
    """A second one, however the endpoint is written, is a conflict."""
    client.bucket_secrets.create("s3.example.com", "models")
    before = client.bucket_secrets.list()
    for endpoint in ("s3.example.com", "https://s3.example.com"):
        with pytest.raises(ConflictError):
            client.bucket_secrets.create(endpoint, "models", region="eu-west-1")
    assert client.bucket_secrets.list() == before


def test_a_bucket_secret_can_be_deleted_when_no_orbit_uses_it_any_more(
    client: Client, bucket_secret: BucketSecret
) -> None:
    """The orbit may have moved to another bucket."""
    other = client.bucket_secrets.create("s3.example.com", "models")
    client.orbits.update(bucket_secret_id=other.id)
    client.bucket_secrets.delete(bucket_secret.id)
    assert client.bucket_secrets.list() == [other]


def test_a_wrong_bucket_secret_is_refused(client: Client, bucket_secret: BucketSecret) -> None:
    """With an error that names the argument; nothing is written."""
    values: dict[str, Any] = {"endpoint": "s3.example.com", "bucket_name": "models"}
    for field, wrong in WRONG.items():
        for value in wrong:
            change = {field: value}
            with pytest.raises(UnprocessableEntityError, match=field):
                client.bucket_secrets.create(**(values | change))
            with pytest.raises(UnprocessableEntityError, match=field):
                client.bucket_secrets.update(bucket_secret.id, **change)
    assert client.bucket_secrets.list() == [bucket_secret]


def test_credentials_are_never_shown(client: Client) -> None:
    """Not by the record, however it is printed."""
    made = client.bucket_secrets.create("s3.example.com", "models", **SECRETS)
    changed = client.bucket_secrets.update(made.id, secret_key="h7yTq0another")  # noqa: S106
    shown = "".join(f"{record!r}{record}{record.model_dump_json()}" for record in (made, changed))
    shown += repr(client.bucket_secrets.list())
    assert not [secret for secret in (*SECRETS.values(), "h7yTq0another") if secret in shown]


def test_credentials_are_not_shown_by_an_error(client: Client) -> None:
    """Neither by one about themselves nor by one about another argument."""
    wrong: dict[str, Any] = {"secret_key": ["wJalrXUtnFEMI"]}
    with pytest.raises(UnprocessableEntityError) as caught:
        client.bucket_secrets.create("", "models", access_key="AKIDEXAMPLE", **wrong)
    assert "wJalrXUtnFEMI" not in str(caught.value)
    assert "AKIDEXAMPLE" not in str(caught.value)
