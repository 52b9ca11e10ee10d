"""A bucket that the registry knows only by presigned URLs, as on the platform."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer
from starlette.routing import BaseRoute

from dataforce.backend import Backend
from dataforce.server import StoredObject
from dataforce.server.objects import Method

OPERATIONS = {
    ("GET", ""): "get_object",
    ("PUT", ""): "put_object",
    ("DELETE", ""): "delete_object",
    ("POST", "uploads"): "create_multipart_upload",
    ("PUT", "partNumber uploadId"): "upload_part",
    ("POST", "uploadId"): "complete_multipart_upload",
}
"""S3's operations by method and parameters, as the registry asks for URLs."""


class BucketObjects:
    """An object store in a bucket: bytes never touch the registry's server.

    Args:
        client: A boto3 client of S3.
        bucket: The name of the bucket.
    """

    routes: Sequence[BaseRoute] = ()

    def __init__(self, client: Any, bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def __call__(self, backend: Backend) -> BucketObjects:
        """Be the factory that `serving` takes as `objects`."""
        return self

    def url(self, method: Method, target: StoredObject, **parameters: str) -> str:
        operation = OPERATIONS[method, " ".join(sorted(parameters))]
        given: dict[str, Any] = {"Bucket": self.bucket, "Key": target.location}
        if "uploadId" in parameters:
            given["UploadId"] = parameters["uploadId"]
        if "partNumber" in parameters:
            given["PartNumber"] = int(parameters["partNumber"])
        signed = self.client.generate_presigned_url(operation, Params=given, ExpiresIn=43200)
        return str(signed)

    def begin(self, target: StoredObject) -> str:
        begun = self.client.create_multipart_upload(Bucket=self.bucket, Key=target.location)
        return str(begun["UploadId"])

    def require(self, target: StoredObject) -> None:
        """Nothing, as on the platform, which does not look into the bucket."""

    def forget(self, target: StoredObject) -> None:
        """Nothing, as on the platform: parts stay until the bucket's own rules remove them."""

    def content(self, location: str) -> bytes | None:
        """What lies in the bucket, `None` if nothing does."""
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=location)
        except self.client.exceptions.NoSuchKey:
            return None
        with found["Body"] as body:
            return bytes(body.read())


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """An S3 server on this machine; gives its URL."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str) -> Iterator[BucketObjects]:
    """A new bucket, to be given to `serving` as `objects`."""
    with new_bucket(s3_server) as bucket:
        yield bucket


@contextmanager
def new_bucket(s3_server: str) -> Iterator[BucketObjects]:
    """A bucket of its own at that server."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_server,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    name = f"bucket-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    yield BucketObjects(client, name)
    client.close()
