"""Multipart uploads: the parts of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

MEBIBYTE = 1024**2
GIBIBYTE = 1024**3

PART_SIZES = (
    (GIBIBYTE, 32 * MEBIBYTE),
    (5 * GIBIBYTE, 64 * MEBIBYTE),
    (10 * GIBIBYTE, 128 * MEBIBYTE),
    (100 * GIBIBYTE, 512 * MEBIBYTE),
)
"""Up to which size of a file its parts have which size, in bytes."""

MOST_PARTS = 10_000
"""S3 takes no more for one file."""


class Part(NamedTuple):
    """One stretch of a file, in bytes."""

    number: int
    start: int
    size: int


@dataclass(frozen=True)
class UploadLimits:
    """Limits of uploads in one request, and the sizes of parts.

    Args:
        single: The largest file that goes up in one piece, in bytes; the platform's if not given.
        part: The size of a part, in bytes, as long as that makes no more than 10,000 of them; by
            the platform's table if not given.

    Example:
        >>> [part.size for part in UploadLimits(single=4, part=4).parts(10)]
        [4, 4, 2]
    """

    single: int = 500 * MEBIBYTE
    part: int | None = None

    def part_size(self, size: int) -> int:
        """The size of the parts of a file of `size` bytes."""
        if self.part is not None:
            return max(self.part, -(-size // MOST_PARTS))
        return next((part for limit, part in PART_SIZES if size <= limit), GIBIBYTE)

    def parts(self, size: int) -> Iterator[Part]:
        """The parts of a file of `size` bytes, in order; an empty file has none."""
        length = self.part_size(size)
        for number, start in zip(count(1), range(0, size, length), strict=False):
            yield Part(number, start, min(length, size - start))
