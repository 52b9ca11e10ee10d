"""A model file on its way into the bucket: whole, or in parts at the same time."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from dataforce.errors import FileUploadError
from dataforce.models import UploadDetails, UploadPart
from dataforce.parallel import run_parallel
from dataforce.transfer import cancellation
from dataforce.transfer.progress_counter import Tally
from dataforce_remote.files.bucket import Bucket, BucketError, Payload

if TYPE_CHECKING:
    from dataforce.backend import Advance

STREAMS = 4
"""How many parts are under way at a time."""

_CHUNK = 256 * 1024
_TO_COMPLETE = 600.0
"""How long a bucket may take to put the parts of a file together, in seconds."""
_UPLOAD_ID = re.compile(rb"<UploadId>\s*([^<]+?)\s*</UploadId>")
_AZURE_HEADERS = {"x-ms-blob-type": "BlockBlob"}


@dataclass(frozen=True)
class Plan:
    """Where the bytes go.

    Args:
        type: `s3` or `azure`.
        details: The parts, and how to say that all are there.
    """

    type: str
    details: UploadDetails

    @property
    def is_whole(self) -> bool:
        """Whether the file goes in one piece."""
        return self.details.complete_url is None


class Outgoing:
    """A file that is to be uploaded; it stays where it is.

    Args:
        path: The file.
        advance: Is told how many bytes went.
    """

    def __init__(self, path: Path, advance: Advance) -> None:
        self.path = path
        self.advance = Tally(advance)
        self._before = self._version()

    def write(self, chunk: memoryview) -> None:
        """Nothing to do: the bytes are read again when it is known where they go."""

    def check_unchanged(self) -> None:
        """Raise `FileUploadError` if the file is no longer the one that was described."""
        if self._version() != self._before:
            raise FileUploadError(
                f"{self.path} changed while it was uploaded, so what arrived is not what was "
                f"described. Upload it again when nothing writes to it."
            )

    def payload(self, start: int, size: int) -> Payload:
        """A stretch of the file."""
        return Payload(size, _Stretch(self, start, size).chunks)

    def _version(self) -> tuple[int, ...] | None:
        try:
            status = self.path.stat()
        except (OSError, ValueError):
            return None  # who reads the file says what is wrong with it
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


class _Stretch:
    """The bytes of one part, as often as they are needed."""

    def __init__(self, outgoing: Outgoing, start: int, size: int) -> None:
        self._outgoing = outgoing
        self._start = start
        self._size = size
        self._sent = 0

    def chunks(self) -> Iterator[memoryview]:
        if self._sent:  # the attempt before came so far
            self._outgoing.advance(-self._sent)
            self._sent = 0
        buffer = memoryview(bytearray(min(_CHUNK, self._size) or 1))
        with self._readable():
            file = FileIO(self._outgoing.path)
        with file:
            file.seek(self._start)
            while self._sent < self._size:
                cancellation.check()
                with self._readable():
                    count = file.readinto(buffer[: self._size - self._sent])
                if not count:
                    raise FileUploadError(
                        f"{self._outgoing.path} became shorter while it was uploaded. Upload it "
                        f"again when nothing writes to it."
                    )
                yield buffer[:count]
                self._sent += count
                self._outgoing.advance(count)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        fault = None
        try:
            yield
        except OSError as error:
            # Passed on as it is, it would look like an error of the connection, and be tried again.
            fault = error.strerror
        if fault is not None:
            raise FileUploadError(
                f"{self._outgoing.path} could not be read while it was uploaded: {fault}. Upload "
                f"it again when it is there."
            )


def send(bucket: Bucket, plan: Plan, outgoing: Outgoing, done: dict[int, str]) -> Generator[int]:
    """Bring the file to where the plan says.

    Args:
        bucket: Sends the requests.
        plan: Where the bytes go.
        outgoing: The file.
        done: Part number to the tag of those parts that are there; completed on the way.

    Yields:
        The number of each part that has arrived.

    Raises:
        BucketError: The bucket does not take it.
        FileUploadError: The file changed.
    """
    parts, position, missing = plan.details.parts, 0, []
    for part in parts:
        if part.part_number in done:
            outgoing.advance(part.part_size)
        else:
            missing.append((part, position))
        position += part.part_size

    def put(work: tuple[UploadPart, int]) -> int:
        part, start = work
        headers = _AZURE_HEADERS if plan.type == "azure" and plan.is_whole else {}
        document = bucket.request("PUT", part.url, outgoing.payload(start, part.part_size), headers)
        tag = document.headers.get("etag")
        if tag is None and plan.type == "s3" and not plan.is_whole:
            raise BucketError(f"part {part.part_number} was taken without a tag to name it by")
        done[part.part_number] = tag or ""
        return part.part_number

    yield from run_parallel(put, missing, threads=STREAMS)


def complete(bucket: Bucket, plan: Plan, done: dict[int, str]) -> None:
    """Say that all parts are there; `BucketError` if the bucket does not put them together."""
    url = plan.details.complete_url
    if url is None:
        return
    if plan.type == "azure":
        blocks = (_block(part.url) for part in plan.details.parts)
        listed = "".join(f"<Latest>{escape(block)}</Latest>" for block in blocks)
        text = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'
    else:
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(done[number])}</ETag></Part>"
            for number in sorted(done)
        )
        text = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>"
    content = text.encode()
    payload = Payload(len(content), lambda: (memoryview(content),))
    method = "PUT" if plan.type == "azure" else "POST"
    headers = {"Content-Type": "application/xml"}
    # S3 puts a large file together for minutes, and sends white space meanwhile.
    bucket.request(method, url, payload, headers, allowance=_TO_COMPLETE)


def initiate(bucket: Bucket, url: str) -> str:
    """Begin an upload in parts; gives the id of the upload."""
    document = bucket.request("POST", url)
    found = _UPLOAD_ID.search(document.content)
    if found is None:
        raise BucketError("the bucket began no upload in parts, and does not say why")
    return found[1].decode()


def _block(url: str) -> str:
    return parse_qs(urlsplit(url).query)["blockid"][0]
