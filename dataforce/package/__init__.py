"""Model packages.

`read_package` tells what a package holds and what its bytes are, in one pass over the file. In the
modules of this package: `packing` makes one from a file or folder and `objects` from a model in
memory, both by `layout`; `extracting` and `loading` give back what was packed.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import re
import reprlib
import shlex
import stat
import tarfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from dataforce.errors import FileError
from dataforce.package.metrics import find_metrics, find_unsendable, is_sendable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO
    from typing import Self

__all__ = ["CHUNK_SIZE", "EXTENSIONS", "Package", "is_package", "is_to_be_packed", "read_package"]

EXTENSIONS = (".dfs", ".fnnx", ".luml", ".pyfnx")
CHUNK_SIZE = 1024 * 1024

_CHUNKS_AHEAD = 4
_DOCUMENTS_LIMIT = 64 * 1024 * 1024
# Each value takes up to 200 bytes of memory, so that 60 MB of "[]," would be 4 GB.
_VALUES_LIMIT = 1_000_000
# Cuts a path in the middle where it is long.
_shown = reprlib.Repr()
_shown.maxstring = 160
_MANIFEST = "manifest.json"
_METADATA = re.compile(r"meta(-[0-9a-fA-F]+)?\.json")
_REPACK = "Pack it again from inside its folder: tar -cf ../model.fnnx *"
_COMPRESSIONS = {
    b"\x1f\x8b": ("gzip-compressed", "gzip -dc"),
    b"BZh": ("bzip2-compressed", "bzip2 -dc"),
    b"\xfd7zXZ\x00": ("xz-compressed", "xz -dc"),
    b"\x28\xb5\x2f\xfd": ("zstd-compressed", "zstd -dc"),
}
_KINDS = {
    b"\x80": "a pickle",
    b"PK": "a zip archive, as PyTorch and Keras write them",
    b"\x89HDF": "an HDF5 file",
}
"""What the first bytes of a model's own file tell."""
_PACK = 'Make a package of it: dataforce.pack(path, "model.fnnx", name="model")'
# What tarfile lets through, besides its own errors, when the numbers in a header are nonsense.
_DAMAGE = (tarfile.TarError, ArithmeticError, LookupError, RecursionError, ValueError)


@dataclass(frozen=True, slots=True)
class Package:
    """The content of a model package, as the platform records it.

    Attributes:
        file_name: The name of the file without its folder.
        size: The size of the file in bytes.
        file_hash: The SHA-256 of the whole file, 64 lower-case hex digits.
        file_index: For every regular member its name, the offset of its data in the file and the
            size of its data, both in bytes. Of several members with one name the last counts.
        manifest: The JSON object in `manifest.json`, not validated against a schema.
        metrics: The metrics that the package reports about its model; empty if none.

    Example:
        >>> package = read_package("examples/data/iris.fnnx")
        >>> offset, size = package.file_index["ops.json"]
        >>> Path("examples/data/iris.fnnx").read_bytes()[offset : offset + size]
        b'[]'
    """

    file_name: str
    size: int
    file_hash: str
    file_index: dict[str, tuple[int, int]]
    manifest: dict[str, object]
    metrics: dict[str, object]


def read_package(
    path: str | os.PathLike[str], consume: Callable[[memoryview], object] | None = None
) -> Package:
    """Reads a model package once, from its first byte to its last, in bounded memory.

    Args:
        path: The package: an uncompressed tar file with one of the `EXTENSIONS`. `~` is the home
            folder.
        consume: Called in this thread with every chunk of the file, in order, each of at most
            `CHUNK_SIZE` bytes. The view is read-only and stays valid for as long as it is kept.
            If the file is refused, chunks may have been handed over before.

    Returns:
        What the package holds.

    Raises:
        FileError: The file cannot be read, is no package, or changed while it was read. Its
            manifest and metadata may have 64 MiB and 1,000,000 values together, and what is kept
            of them may be nested 100 deep. What `consume` raises comes out unchanged.

    Example:
        >>> package = read_package("examples/data/iris.fnnx")
        >>> package.manifest["name"], package.metrics
        ('iris-forest', {'accuracy': 0.9778, 'f1_macro': 0.976})
    """
    source = Path(os.path.expanduser(path))  # noqa: PTH111  Path's own fails for users unknown here
    with _open(source) as file:
        opened = os.fstat(file.fileno())
        _check_status(source, opened)
        inspection = _Inspection(source)
        size = _pump(file, source, opened.st_size, inspection, consume)
        complete = inspection.error is not None or size == opened.st_size
        # First, because a file that changed explains every other fault that was found in it.
        _check_unchanged(source, file, opened, complete)
    if inspection.error is not None:
        raise inspection.error
    if not has_extension(source):
        remedy = f"Rename it to end in one of {', '.join(EXTENSIONS)}"
        raise _refusal(source, "its name has the wrong extension", remedy)
    return _describe(source, size, inspection)


def _describe(source: Path, size: int, inspection: _Inspection) -> Package:
    documents = inspection.documents
    manifest = _parse_manifest(source, documents.pop(_MANIFEST))
    metrics = find_metrics(manifest, documents)
    _check_sendable(source, _MANIFEST, "", manifest)
    _check_sendable(source, metrics.member, metrics.path, metrics.values)
    return Package(
        file_name=source.name,
        size=size,
        file_hash=inspection.digest.hexdigest(),
        file_index=inspection.index,
        manifest=manifest,
        metrics=metrics.values,
    )


def _refusal(source: Path, problem: str, remedy: str) -> FileError:
    from dataforce.backend.error_messages import LONGEST, printable  # most packages are sound

    before, after = f"Cannot read the package {_shown.repr(str(source))}: ", f". {remedy}."
    room, problem = LONGEST - len(before) - len(after), printable(problem)
    shown = problem if len(problem) <= room else f"{problem[: room - 1]}…"
    return FileError(f"{before}{shown}{after}")


def is_package(path: Path) -> bool:
    """Return whether a file is a plain tar with a manifest at its root, whatever its name is.

    Example:
        >>> is_package(Path("examples/data/iris.fnnx"))
        True
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with tarfile.open(path, "r:", encoding="utf-8") as archive:
            return any(member.name == _MANIFEST for member in archive)
    except (OSError, *_DAMAGE):
        return False


def is_to_be_packed(path: Path) -> bool:
    """Return whether a path is of something that `pack` makes a package of.

    A folder is, and a file that neither is a package nor is named like one.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # `read_package` says what is wrong with it
        return False
    is_other_file = stat.S_ISREG(mode) and not has_extension(path) and not is_package(path)
    return stat.S_ISDIR(mode) or is_other_file


# The file


def _open(source: Path) -> FileIO:
    try:
        # Before the file is opened: opening a FIFO would wait for somebody to write to it.
        _check_status(source, source.stat())
        return source.open("rb", buffering=0)
    except (OSError, ValueError) as error:
        raise _inaccessible(source, error) from error


def _check_status(source: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise _refusal(source, "it is a folder", _PACK)
    if not stat.S_ISREG(status.st_mode):
        raise _refusal(source, "it is a device or a pipe", "Copy the bytes to a regular file")
    if not is_sendable(source.name):
        raise _refusal(source, "its name is not valid UTF-8", "Rename it")
    if status.st_size == 0:
        raise _refusal(source, "it is empty", "Write the model again")


def has_extension(source: Path) -> bool:
    """Return whether a file has one of the `EXTENSIONS`, in capitals or not."""
    return source.suffix.lower() in EXTENSIONS


def _inaccessible(source: Path, error: OSError | ValueError) -> FileError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return _refusal(source, "there is no such file", "Check the path")
    if isinstance(error, PermissionError):
        return _refusal(
            source, "you may not read it", f"Allow it: chmod u+r {shlex.quote(str(source))}"
        )
    # The text of an OSError repeats the path.
    reason = getattr(error, "strerror", None) or error
    return _refusal(source, f"it cannot be opened ({reason})", "Check the path")


def _pump(
    file: FileIO,
    source: Path,
    size: int,
    inspection: _Inspection,
    consume: Callable[[memoryview], object] | None,
) -> int:
    total = 0
    try:
        inspection.start()
        # A file that grows as fast as it is read would never end.
        while inspection.error is None and total <= size and (chunk := _read(file, source)):
            total += len(chunk)
            inspection.chunks.put(chunk)
            if consume is not None:
                consume(memoryview(chunk))
    finally:
        inspection.finish()
    return total


def _read(file: FileIO, source: Path) -> bytes:
    try:
        return file.read(CHUNK_SIZE)
    except OSError as error:
        problem = f"reading it failed ({error})"
        raise _refusal(source, problem, "Check the disk, or copy the file elsewhere") from error


def _check_unchanged(source: Path, file: FileIO, opened: os.stat_result, complete: bool) -> None:
    try:
        found = [os.fstat(file.fileno()), source.stat()]
    except OSError as error:
        raise _changed(source) from error
    if not complete or any(_version(status) != _version(opened) for status in found):
        raise _changed(source)


def _version(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _changed(source: Path) -> FileError:
    return _refusal(source, "it changed while it was read", "Try again when nothing writes to it")


# The archive


class _Inspection(threading.Thread):
    """Hashes the chunks of a file and walks the archive in them, beside the thread that reads."""

    def __init__(self, source: Path) -> None:
        # A daemon, so that a second Ctrl-C at the worst moment cannot keep the process alive.
        super().__init__(name="dataforce-package", daemon=True)
        self.chunks: queue.Queue[bytes] = queue.Queue(_CHUNKS_AHEAD)
        self.digest = hashlib.sha256()
        self.index: dict[str, tuple[int, int]] = {}
        self.documents: dict[str, bytes] = {}
        self.error: Exception | None = None
        self._source = source
        self._room = _DOCUMENTS_LIMIT
        self._values = _VALUES_LIMIT

    def finish(self) -> None:
        self.chunks.put(b"")
        if self.is_alive():
            self.join()

    def run(self) -> None:
        stream = _Stream(self.chunks, self.digest.update)
        try:
            self._walk(stream)
        except Exception as error:
            self.error = error
        # Whatever happened, the reading thread must not wait for room in the queue.
        while stream.advance():
            pass

    def _walk(self, stream: _Stream) -> None:
        try:
            for archive, member in _members(stream):
                self._record(archive, member)
        except _DAMAGE as error:
            raise _not_an_archive(self._source, stream, error) from error
        if _MANIFEST not in self.documents:
            raise _no_manifest(self._source, self.index)

    def _record(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        if not is_sendable(member.name):
            problem = f"the name of its member {member.name!r} is not valid UTF-8 or holds NUL"
            raise _refusal(self._source, problem, f"Rename the member. {_REPACK}")
        self.index[member.name] = member.offset_data, member.size
        if member.name == _MANIFEST or _METADATA.fullmatch(member.name):
            self._keep(archive, member)

    def _keep(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self._room -= member.size
        if self._room < 0:
            raise self._too_large(member, "64 MiB")
        # Only links and directories have no content, and those are not recorded.
        document = cast("IO[bytes]", archive.extractfile(member)).read()
        # Before it is parsed: each value but the first has a comma or an opening bracket before it.
        self._values -= sum(map(document.count, (b",", b"[", b"{")))
        if self._values < 0:
            raise self._too_large(member, "1,000,000 values (commas and opening brackets)")
        self.documents[member.name] = document

    def _too_large(self, member: tarfile.TarInfo, limit: str) -> FileError:
        problem = f"{member.name} takes its manifest and metadata over {limit}"
        return _refusal(self._source, problem, "Move what is large to members of their own")


class _Stream:
    """The chunks of a file, as the file that `tarfile` asks for; it can only go forward."""

    def __init__(self, chunks: queue.Queue[bytes], digest: Callable[[bytes], None]) -> None:
        self.head = b""
        # Stays at its end once it got there, however often it is asked again.
        self._chunks = iter(chunks.get, b"")
        self._digest = digest
        self._chunk = b""
        self._start = 0
        self._position = 0

    def advance(self) -> bool:
        self._start += len(self._chunk)
        self._chunk = next(self._chunks, b"")
        self.head = self.head or self._chunk[:8]
        self._digest(self._chunk)
        return bool(self._chunk)

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        if position < self._position:
            raise tarfile.ReadError("a member ends before it begins")
        while position > self._end and self.advance():
            pass
        self._position = min(position, self._end)

    def read(self, size: int) -> bytes:
        if size > _DOCUMENTS_LIMIT:
            raise tarfile.ReadError("a header is larger than 64 MiB")
        content = self._take(size)
        while len(content) < size and self.advance():
            content += self._take(size - len(content))
        return content

    def _take(self, size: int) -> bytes:
        offset = self._position - self._start
        piece = self._chunk[offset : offset + size]
        self._position += len(piece)
        return piece

    @property
    def _end(self) -> int:
        return self._start + len(self._chunk)


class _Member(tarfile.TarInfo):
    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            # tarfile takes a damaged header for the end of the archive; only zeros are.
            if any(buf):
                raise tarfile.ReadError(str(error)) from error
            raise


def _members(stream: _Stream) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    content = cast("IO[bytes]", stream)
    with tarfile.open(fileobj=content, mode="r:", encoding="utf-8", tarinfo=_Member) as archive:
        while member := archive.next():
            # tarfile would keep every member that it has read.
            archive.members.clear()  # type: ignore[attr-defined]  # public, absent from the stubs
            if member.isfile():
                yield archive, member


def _not_an_archive(source: Path, stream: _Stream, error: Exception) -> FileError:
    if stream.tell() > tarfile.BLOCKSIZE:
        problem = f"it is truncated or damaged near byte {stream.tell()} ({error})"
        return _refusal(source, problem, "Copy or make the file again")
    for magic, (kind, command) in _COMPRESSIONS.items():
        if stream.head.startswith(magic):
            return _compressed(source, kind, command)
    found = next((kind for magic, kind in _KINDS.items() if stream.head.startswith(magic)), error)
    problem = f"it is not a model package (a tar file with a {_MANIFEST}): {found}"
    # Whatever it is, it was given the extension of a package: without that one it is packed.
    return _refusal(source, problem, _PACK)


def _compressed(source: Path, kind: str, command: str) -> FileError:
    extension = source.suffix if has_extension(source) else ".fnnx"
    plain = source.with_name(f"{source.stem}-plain{extension}")
    remedy = f"{command} {shlex.quote(str(source))} > {shlex.quote(str(plain))}"
    return _refusal(source, f"it is {kind}", f"Packages are plain tar: unpack it with {remedy}")


def _no_manifest(source: Path, index: dict[str, tuple[int, int]]) -> FileError:
    misplaced = next((name for name in index if name.endswith(f"/{_MANIFEST}")), None)
    where = "" if misplaced is None else f", only {misplaced!r}"
    return _refusal(source, f"it holds no file {_MANIFEST!r} at its root{where}", _REPACK)


# The JSON


def _parse_manifest(source: Path, document: bytes) -> dict[str, object]:
    try:
        manifest = json.loads(document)
    except (ValueError, RecursionError) as error:
        problem = f"its {_MANIFEST} is not valid JSON ({error})"
        raise _refusal(source, problem, f"Correct the manifest. {_REPACK}") from error
    if not isinstance(manifest, dict):
        problem = f"its {_MANIFEST} holds no JSON object but a {type(manifest).__name__}"
        raise _refusal(source, problem, f"Correct the manifest. {_REPACK}")
    return manifest


def _check_sendable(source: Path, member: str, path: str, value: object) -> None:
    if (place := find_unsendable(value, path)) is not None:
        problem = f"in its {member}, {place}"
        raise _refusal(source, problem, f"Replace that value. {_REPACK}")
