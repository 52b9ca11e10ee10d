"""Bucket secrets on the platform: the newer one wants to know the kind of bucket."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from dataforce.config import APIVersion
from dataforce.errors import NotFoundError, UnprocessableEntityError
from dataforce.models import BucketSecret, BucketSecretCreate, BucketSecretUpdate
from dataforce_remote.records import RecordStore, revealed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import BaseModel

_AWS_REGION = re.compile(r"(?:^|\.)s3[.-]([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.")
_DEFAULT_REGION = "us-east-1"


class BucketSecretStore(RecordStore[BucketSecret, BucketSecretCreate, BucketSecretUpdate]):
    """Bucket secrets: the newer platform wants to know the kind of bucket."""

    def create(self, values: BucketSecretCreate) -> BucketSecret:
        """Make a bucket secret."""
        body = _revealed(values) | {"type": _bucket_type(values.endpoint)}
        if body["type"] == "azure":
            self._require_azure(self.listed)
        region = {"region": _region(values.endpoint)}
        if body["type"] != "s3" or values.region is not None:
            return self._post(body, values)
        if self.version.known == APIVersion.JANUARY_2026:
            return self._post(body | region, values)
        try:
            return self._post(body, values)
        except UnprocessableEntityError as error:
            # An older platform asks the bucket for its region, a newer one wants to be told.
            if not _is_about(error, "region"):
                raise
        self.version.learn(APIVersion.JANUARY_2026)
        return self._post(body | region, values)

    def update(self, identifier: str, changes: BucketSecretUpdate) -> BucketSecret:
        """Give the fields that are set their new values."""
        before = self.get(identifier)
        if not changes.model_fields_set:
            return before
        endpoint = changes.endpoint if "endpoint" in changes.model_fields_set else before.endpoint
        body = _revealed(changes) | {"id": identifier, "type": _bucket_type(endpoint)}
        if body["type"] == "azure":
            self._require_azure(lambda: [before])
        if before.type == "s3" and body.get("region", "") is None:
            body["region"] = _region(endpoint)  # a newer platform has no bucket without one
        response = self.call("PATCH", identifier, body=json.dumps(body).encode(), written=changes)
        return response.parse(self.one)

    def delete(self, identifier: str) -> None:
        """Remove the bucket secret if it is the organization's, which the platform does not check.

        One that is not there is removed already.
        """
        try:
            self.get(identifier)
        except NotFoundError:
            return
        super().delete(identifier)

    def _require_azure(self, read: Callable[[], Sequence[BucketSecret]]) -> None:
        """Refuse an Azure bucket where it would be stored as an S3 host, account key included.

        Args:
            read: Reads bucket secrets of the platform; only a newer one tells their type.
        """
        if self.version.known is None:
            for record in read():
                newer = record.type is not None
                self.version.learn(APIVersion.JANUARY_2026 if newer else APIVersion.DECEMBER_2025)
        if self.version.known == APIVersion.JANUARY_2026:
            return
        why = "the platform speaks the API of 2025-12, which knows S3 buckets only"
        if self.version.known is None:
            why = (
                "nothing tells whether the platform knows Azure buckets. Set api_version to "
                "2026-01 if it speaks that version of the API"
            )
        raise UnprocessableEntityError(
            f"Cannot store a bucket secret for Azure: {why}. Nothing was sent."
        )

    def _post(self, body: Mapping[str, object], values: BucketSecretCreate) -> BucketSecret:
        return self.call("POST", body=json.dumps(body).encode(), written=values).parse(self.one)


def _revealed(model: BaseModel) -> dict[str, object]:
    """The fields that were set, secrets included, for the platform's eyes."""
    return {
        name: revealed(value)
        for name in model.model_fields_set
        if (value := getattr(model, name)) is not None or isinstance(model, BucketSecretUpdate)
    }


def _bucket_type(endpoint: str) -> str:
    """The kind of bucket: an Azure endpoint is a connection string."""
    return "azure" if "AccountName=" in endpoint and "AccountKey=" in endpoint else "s3"


def _region(endpoint: str) -> str:
    found = _AWS_REGION.search(endpoint)
    return found[1] if found else _DEFAULT_REGION


def _is_about(error: UnprocessableEntityError, field: str) -> bool:
    detail = error.body.get("detail") if isinstance(error.body, dict) else None
    return isinstance(detail, list) and any(
        isinstance(fault, dict) and field in fault.get("loc", ()) for fault in detail
    )
