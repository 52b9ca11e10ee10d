"""Model files that are read where they lie, awaited."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from dataforce.api._model_file import ModelFile
    from dataforce.api._workers import Workers


class AsyncModelFile:
    """A `ModelFile` whose calls are awaited; they run in the client's threads.

    A cancelled read leaves the position where it was.

    Attributes:
        name: Name of the file, or of the member.
        size: In bytes.

    Example:
        >>> collection = await client.collections.create("", "Flowers", "model")
        >>> model = await client.model_artifacts.upload("examples/data/iris.fnnx", "iris")
        >>> async with await client.model_artifacts.open(model.id) as file:
        ...     file.size, await file.read(13)
        (51200, b'manifest.json')
    """

    def __init__(self, file: ModelFile, workers: Workers) -> None:
        self.name = file.name
        self.size = file.size
        self._file = file
        self._workers = workers

    async def read(self, size: int = -1) -> bytes:
        """Read bytes.

        Args:
            size: How many at most; all that are left if below 0.

        Returns:
            The bytes; fewer than asked for only at the end.
        """
        return await self._workers.run(_read, self._file, size)

    async def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position, which costs nothing until something is read there.

        Args:
            offset: In bytes.
            whence: What it counts from: `io.SEEK_SET`, `io.SEEK_CUR` or `io.SEEK_END`.

        Returns:
            The new position from the start.
        """
        return await self._workers.run(self._file.seek, offset, whence)

    async def tell(self) -> int:
        """The position from the start, in bytes."""
        return await self._workers.run(self._file.tell)

    async def close(self) -> None:
        """Let go of the connection; a second time does nothing."""
        await self._workers.run(self._file.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsyncModelFile {self.name!r} of {self.size} bytes>"


def _read(file: ModelFile, size: int) -> bytes:
    position = file.tell()
    try:
        return file.read(size)
    except BaseException:
        file.seek(position)
        raise
