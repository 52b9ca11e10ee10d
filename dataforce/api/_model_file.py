"""Model files that are read where they lie, without a download."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from dataforce.api._transfers import FILE
from dataforce.errors import FileDownloadError, NotFoundError
from dataforce.transfer import cancellation
from dataforce.transfer.verified import close_stream

if TYPE_CHECKING:
    from dataforce.api._lookup import Ref
    from dataforce.api._transfers import ModelRecords
    from dataforce.backend import Content
    from dataforce.models import Collection, ModelArtifact

BUFFER = 256 * 1024
"""In bytes: what one look into a file fetches, and how far ahead is read on rather than asked."""
LARGEST_RANGE = 64 * 1024 * 1024
"""In bytes."""


class ModelFile(io.BufferedReader):
    """A model file, or a member of it, open for reading; only what is read is fetched.

    It is a binary file like those that Python's own `open` gives, for one thread at a time. Made by
    `model_artifacts.open`.

    Attributes:
        name: Name of the file, or of the member.
        size: In bytes.

    Raises:
        FileDownloadError: By any read: the bytes are gone, or fewer than the record says.

    Example:
        >>> collection = client.collections.create("", "Flowers", "model")
        >>> model = client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
        >>> with client.model_artifacts.open(model.id) as file:
        ...     file.size, file.read(13)
        (51200, b'manifest.json')
    """

    name: str

    def __init__(self, raw: _Stretch) -> None:
        super().__init__(raw, BUFFER)
        self.size = raw.size

    def __repr__(self) -> str:
        return f"<ModelFile {self.name!r} of {self.size} bytes>"


def open_file(
    records: ModelRecords,
    model_id: Ref[ModelArtifact],
    member: str | None,
    collection_id: Ref[Collection] | None,
) -> ModelFile:
    """The file of a record, or a member of it."""
    scope, record = records.read(model_id, collection_id)
    content = records.files(scope).open(record, FILE)
    name, (start, size) = record.file_name, (0, record.size)
    if member is not None:
        name, (start, size) = member, _place_of(record, member)
    if not 0 <= start <= start + size <= record.size:
        raise FileDownloadError(
            f"Bytes {start} to {start + size} of model artifact {record.id}, where {name!r} should "
            f"be, are not in its file of {record.size} bytes. Upload the file again."
        )
    return ModelFile(_Stretch(content, record, name, start, size))


def _place_of(record: ModelArtifact, member: object) -> tuple[int, int]:
    index = record.file_index
    if isinstance(member, str) and member in index:
        return index[member]
    from difflib import get_close_matches

    similar = get_close_matches(str(member), index, cutoff=0.5) or sorted(index)[:3]
    hint = f"Did you mean {', '.join(similar)}?" if similar else "Its file index is empty."
    raise NotFoundError(
        f"Model artifact {record.id} has no member {member!r} in its file index. {hint}"
    )


class _Stretch(io.RawIOBase):
    """Part of a record's bytes, by its name.

    One range is fetched as long as reads follow each other, then another, four times as long:
    whoever reads everything asks seldom, and whoever leaves has fetched little in vain.
    """

    mode = "rb"

    def __init__(
        self, content: Content, record: ModelArtifact, name: str, start: int, size: int
    ) -> None:
        super().__init__()
        self.name = name
        self.size = size
        self._content = content
        self._record = record
        self._start = start
        self._position = 0
        self._range: _Range | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError(f"{base + offset} is before the start of {self.name!r}")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        chunk = self._take(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def readall(self) -> bytes:
        content = io.BytesIO()  # gives out what it has taken in without a copy
        while chunk := self._take(self.size - self._position):
            content.write(chunk)
        return content.getvalue()

    def close(self) -> None:
        self._drop()
        super().close()

    def _take(self, count: int) -> memoryview | bytes:
        """The next bytes, up to so many; none only at the end."""
        count = min(count, self.size - self._position)
        if count <= 0:
            return b""
        try:
            cancellation.check()
            chunk = self._range_for(count).take(count)
        except BaseException:
            self._drop()
            raise
        self._position += len(chunk)
        return chunk

    def _range_for(self, count: int) -> _Range:
        """The range that goes on where this is, skipping a little if need be."""
        size, position = BUFFER, self._start + self._position
        if self._range is not None:
            if self._range.reaches(position):
                return self._range
            if self._range.end == position:
                size = min(4 * self._range.size, LARGEST_RANGE)
        self._drop()
        size = min(max(size, count), self.size - self._position)
        self._range = _Range(self._content, self._record, position, size)
        return self._range

    def _drop(self) -> None:
        if self._range is not None:
            close_stream(self._range.chunks)
        self._range = None


class _Range:
    """A range that is on its way.

    Args:
        content: All bytes.
        record: What they belong to.
        start: Where the range begins in them.
        size: Of the range, in bytes.
    """

    def __init__(self, content: Content, record: ModelArtifact, start: int, size: int) -> None:
        self.chunks = content.read(start, size)
        self.size = size
        self.end = start + size
        self._record = record
        self._position = start
        self._chunk = memoryview(b"")

    def reaches(self, position: int) -> bool:
        """Read on up to a position if it is near; return whether it was."""
        if not self._position <= position < min(self.end, self._position + BUFFER):
            return False
        while self._position < position:
            self.take(position - self._position)
        return True

    def take(self, count: int) -> memoryview:
        """The next bytes, at least one and up to so many."""
        while not self._chunk:
            self._chunk = memoryview(self._next())
        taken, self._chunk = self._chunk[:count], self._chunk[count:]
        self._position += len(taken)
        if self._position == self.end and (self._chunk or any(self.chunks)):
            raise self._refusal("more")
        return taken

    def _next(self) -> bytes:
        try:
            return next(self.chunks)
        except StopIteration:
            raise self._refusal("fewer") from None

    def _refusal(self, found: str) -> FileDownloadError:
        return FileDownloadError(
            f"{found.capitalize()} bytes arrived than model artifact {self._record.id} has by its "
            f"record, which says {self._record.size}. Upload the file again if you have it."
        )
