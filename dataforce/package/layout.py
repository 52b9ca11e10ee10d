"""The layout of a package that `pack` makes: its members, its manifest and its metadata.

What was packed lies in one folder of the package, where the runtime of the format gives a model its
files, so that packages of other tools which hold a single file have the same layout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from dataforce._version import __version__
from dataforce.backend.source import BytesSource, Source

if TYPE_CHECKING:
    from dataforce.models import Manifest

FOLDER = "variant_artifacts/extra_files/"
"""Folder of a package that what was packed lies in."""

METADATA = "meta.json"

Content: TypeAlias = Literal["file", "folder", "pickle"]
"""What was packed: a file, a folder, or an object in memory."""

_METRICS_TAG = "dataforce.studio::registry_metrics:v1"
_TAG = "dataforce::packed_{}:v1"
_PLACEHOLDER = f"{FOLDER}.keep"
_UNSTORABLE = re.compile(r"""[:"*`~#%;'^/\\\0-\x1f]""")


@dataclass(frozen=True)
class Label:
    """The words that a package says about its model.

    Attributes:
        name: Name of the model.
        version: Version of the model.
        description: Free text.
        metrics: Metrics of the model.
    """

    name: str
    version: str | None
    description: str | None
    metrics: Mapping[str, object]


@dataclass(frozen=True)
class Member:
    """A file or folder in a package.

    Attributes:
        name: Path in the package, separated by slashes.
        content: Bytes of a file, `None` for a folder.
        is_executable: Whether a file is a program.
    """

    name: str
    content: Source | None
    is_executable: bool = False


def tag_of(content: Content) -> str:
    """Return the producer tag that tells what was packed."""
    return _TAG.format(content)


def is_packed(manifest: Manifest) -> bool:
    """Return whether `pack` made the package of a manifest."""
    return manifest.producer_name == "dataforce" and any(
        _TAG.format(content) in manifest.producer_tags for content in ("file", "folder", "pickle")
    )


def packed_name(file_index: Iterable[str]) -> str | None:
    """Return the name of the one file or folder that a package holds for its model.

    Args:
        file_index: Names of the files in the package.

    Returns:
        The name, `None` if there are several, or none.

    Example:
        >>> packed_name(["manifest.json", "variant_artifacts/extra_files/forest.pkl"])
        'forest.pkl'
    """
    names = {
        name.removeprefix(FOLDER).partition("/")[0]
        for name in file_index
        if name.startswith(FOLDER) and name != _PLACEHOLDER
    }
    return names.pop() if len(names) == 1 else None


def package_name(name: str) -> str:
    """Return a file name for a package, without what the platform refuses in one.

    Example:
        >>> package_name("churn #2")
        'churn _2.fnnx'
    """
    return f"{_UNSTORABLE.sub('_', name)}.fnnx"


def manifest_of(label: Label, content: Content) -> Member:
    """Return the manifest of a package that holds files, and nothing that a runtime runs."""
    manifest = {
        "variant": "file",
        "name": label.name,
        "version": label.version,
        "description": label.description,
        "producer_name": "dataforce",
        "producer_version": __version__,
        "producer_tags": [tag_of(content)],
        "inputs": [],
        "outputs": [],
        "dynamic_attributes": [],
        "env_vars": [],
    }
    return json_member("manifest.json", manifest)


def metadata_of(label: Label, **payloads: object) -> Member:
    """Return the metadata of a package: its metrics, and more entries by their tags."""
    found: dict[str, object] = dict(payloads)
    if label.metrics:
        found[_METRICS_TAG] = {"metrics": label.metrics}
    entries = [
        {
            "id": str(number),
            "producer": "dataforce",
            "producer_version": __version__,
            "producer_tags": [tag],
            "payload": payload,
        }
        for number, (tag, payload) in enumerate(found.items())
    ]
    return json_member(METADATA, entries)


def json_member(name: str, value: object) -> Member:
    """Return a member that holds JSON."""
    return Member(name, BytesSource(json.dumps(value, indent=4).encode(), name))
