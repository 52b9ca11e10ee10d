"""The upload of a model file to the bucket: whole, or in parts at the same time."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from dataforce.backend.source import sha256_of
from dataforce.errors import FileError, FileUploadError
from dataforce.models import UploadDetails, UploadPart
from dataforce.parallel import run_parallel
from dataforce.transfer import cancellation
from dataforce.transfer.progress_counter import Tally
from dataforce_remote.files.bucket import Bucket, BucketError
from dataforce_remote.http.messages import Payload

if TYPE_CHECKING:
    from dataforce.backend import Advance, Source
    from dataforce.models import ModelArtifactCreate

STREAMS = 4
"""Highest number of parts that are sent at a time."""

_CHUNK = 256 * 1024
_TO_COMPLETE = 600.0
"""How long a bucket may take to put the parts of a file together, in seconds."""
_UPLOAD_ID = re.compile(rb"<UploadId>\s*([^<]+?)\s*</UploadId>")
_AZURE_HEADERS = {"x-ms-blob-type": "BlockBlob"}


@dataclass(frozen=True)
class Plan:
    """The URLs that the bytes of a file go to.

    Args:
        type: `s3` or `azure`.
        details: The parts, and how to say that all are there.
    """

    type: str
    details: UploadDetails

    @property
    def is_whole(self) -> bool:
        """Return whether the file goes in one request."""
        return self.details.complete_url is None


class UploadSource:
    """A source that is uploaded, and the count of its bytes that were.

    Args:
        source: The bytes.
        advance: Is told how many bytes were sent.
    """

    def __init__(self, source: Source, advance: Advance) -> None:
        self.advance = Tally(advance)
        self._source = source

    @property
    def name(self) -> str:
        """The name for messages."""
        return self._source.name

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self._source.size

    def check_described(self, values: ModelArtifactCreate) -> None:
        """Raise `FileUploadError` if a record describes other bytes.

        It is read for that, unless it was hashed already.
        """
        digest = sha256_of(self._source)
        if (self.size, digest) != (values.size, values.file_hash):
            raise FileUploadError(
                f"{self.name} has {self.size} bytes with the SHA-256 {digest}, not {values.size} "
                f"with {values.file_hash}. Try again."
            )

    def check_unchanged(self) -> None:
        """Raise `FileUploadError` if the bytes are no longer those that were described."""
        try:
            self._source.check()
            return
        except FileError:
            pass
        raise FileUploadError(
            f"{self.name} changed while it was uploaded, so what arrived is not what was "
            f"described. Upload it again when nothing writes to it."
        )

    def payload(self, start: int, size: int) -> Payload:
        """Return a range of the bytes."""
        return Payload(size, _Range(self, self._source, start, size).chunks)


class _Range:
    """The bytes of one part, as often as they are needed."""

    def __init__(self, upload: UploadSource, source: Source, start: int, size: int) -> None:
        self._upload = upload
        self._source = source
        self._start = start
        self._size = size
        self._sent = 0

    def chunks(self) -> Iterator[memoryview]:
        """Yield the bytes; those of an earlier attempt count no more."""
        if self._sent:
            self._upload.advance(-self._sent)
            self._sent = 0
        buffer = memoryview(bytearray(min(_CHUNK, self._size) or 1))
        with self._readable():
            # Unbuffered where it is a file: each chunk is read once.
            path = self._source.path
            file: Any = self._source.open() if path is None else FileIO(path)
        with file:
            file.seek(self._start)
            while self._sent < self._size:
                cancellation.check()
                with self._readable():
                    count = file.readinto(buffer[: self._size - self._sent])
                if not count:
                    raise FileUploadError(
                        f"{self._upload.name} became shorter while it was uploaded. Upload it "
                        f"again when nothing writes to it."
                    )
                yield buffer[:count]
                self._sent += count
                self._upload.advance(count)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        why = None
        try:
            yield
        except OSError as error:
            # As it is, it would look like an error of the connection, and be retried.
            why = error.strerror
        if why is not None:
            raise FileUploadError(
                f"{self._upload.name} could not be read while it was uploaded: {why}. Upload "
                f"it again when it is there."
            )


def send(bucket: Bucket, plan: Plan, source: UploadSource, done: dict[int, str]) -> Generator[int]:
    """Send a file to where the plan says.

    Args:
        bucket: Sends the requests.
        plan: Where the bytes go.
        source: The file.
        done: Part number to the tag of those parts that are stored; completed on the way.

    Yields:
        The number of each part that has arrived.

    Raises:
        BucketError: The bucket does not take it.
        FileUploadError: The file changed.
    """
    parts, position, missing = plan.details.parts, 0, []
    for part in parts:
        if part.part_number in done:
            source.advance(part.part_size)
        else:
            missing.append((part, position))
        position += part.part_size

    def put(work: tuple[UploadPart, int]) -> int:
        part, start = work
        headers = _AZURE_HEADERS if plan.type == "azure" and plan.is_whole else {}
        document = bucket.request("PUT", part.url, source.payload(start, part.part_size), headers)
        tag = document.headers.get("etag")
        if tag is None and plan.type == "s3" and not plan.is_whole:
            raise BucketError(f"part {part.part_number} was taken without a tag to name it by")
        done[part.part_number] = tag or ""
        return part.part_number

    yield from run_parallel(put, missing, threads=STREAMS)


def complete(bucket: Bucket, plan: Plan, done: dict[int, str]) -> None:
    """Complete an upload in parts; `BucketError` if the bucket does not put them together."""
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
    """Begin an upload in parts; return the id of the upload."""
    document = bucket.request("POST", url)
    found = _UPLOAD_ID.search(document.content)
    if found is None:
        raise BucketError("the bucket began no upload in parts, and does not say why")
    return found[1].decode()


def _block(url: str) -> str:
    return parse_qs(urlsplit(url).query)["blockid"][0]
