"""The manifest of a model package: what it takes, what it gives, what made it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from dataforce.models._base import Record, Text


class JSONItem(Record):
    """An input or output that is one JSON document."""

    name: Text
    content_type: Literal["JSON"]
    dtype: Text
    tags: list[Text] | None = None


class NDJSONItem(Record):
    """An input or output that is an array; `shape` holds lengths or their names."""

    name: Text
    content_type: Literal["NDJSON"]
    dtype: Annotated[Text, Field(pattern=r"^(Array\[.+\]|NDContainer\[.+\])$")]
    shape: list[Text | int]
    tags: list[Text] | None = None


ManifestItem = Annotated[JSONItem | NDJSONItem, Field(discriminator="content_type")]
"""One input or output of a model."""


class ManifestVariable(Record):
    """A dynamic attribute or an environment variable that a model reads."""

    name: Text
    description: Text
    tags: list[Text] | None = None


class Manifest(Record):
    """The manifest of a package, its `manifest.json`.

    Attributes:
        variant: How the model runs, such as `pyfunc`.
        name: Name of the model.
        version: Version of the model.
        description: Free text.
        producer_name: The program that wrote the package.
        producer_version: Its version.
        producer_tags: What the program says of the package.
        inputs: What the model takes.
        outputs: What the model gives.
        dynamic_attributes: Attributes that a call may set.
        env_vars: Environment variables that the model reads.
    """

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)

    variant: Text
    name: Text | None = None
    version: Text | None = None
    description: Text | None = None
    producer_name: Text
    producer_version: Text
    producer_tags: list[Text]
    inputs: list[ManifestItem]
    outputs: list[ManifestItem]
    dynamic_attributes: list[ManifestVariable]
    env_vars: list[ManifestVariable]
