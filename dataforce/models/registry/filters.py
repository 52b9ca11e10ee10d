"""The filters that lists of the registry take, as keyword arguments.

What a kind declares in `Kind.filters` is what counts; these classes say it to type checkers and to
readers. A test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, TypedDict

Texts: TypeAlias = str | Sequence[str]
"""One text or several; an object that fits one of them fits."""


class AssetFilters(TypedDict, total=False):
    """The filters of every list. An object has to fit all that are given.

    Attributes:
        name: Exact name.
        name_contains: Part of the name, whatever the case of the letters A to Z.
        created_after: Made after this moment, a `datetime` with a time zone.
        created_before: Made before it.
    """

    name: Texts | None
    name_contains: Texts | None
    created_after: datetime | None
    created_before: datetime | None


class CollectionFilters(AssetFilters, total=False):
    """The filters of a list of collections.

    Attributes:
        tag: One of its tags.
    """

    tag: Texts | None


class ModelArtifactFilters(CollectionFilters, total=False):
    """The filters of a list of model artifacts; their name is the model name.

    Attributes:
        status: Its status.
        metrics: Comparisons of a metric with a number, such as `accuracy>0.9`; all of them have to
            hold. A metric that is absent, or no number, fits none.
    """

    status: Texts | None
    metrics: Texts | None
