"""Downloads: the bytes of a file, read by ranges, over as many breaks as it takes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

from dataforce.backend import identifier_of
from dataforce.backend.error_messages import cut
from dataforce.errors import (
    ChecksumMismatchError,
    ContentChangedError,
    FileDownloadError,
    NotFoundError,
)
from dataforce_remote.files.bucket import TRANSIENT, BucketError, bucket_error, without_response
from dataforce_remote.http.retries import Retries, RetryBudget, parse_retry_after
from dataforce_remote.http.transport import ServerResponse
from dataforce_remote.http.transport_errors import TransportError

if TYPE_CHECKING:
    from dataforce.backend import AnyKind

# Numbers of so many digits that Python takes them, however long the header is.
_TOTAL = re.compile(r"bytes\s+(?:(\d{1,19})-\d+|\*)/(\d{1,19})")
_LENGTH = re.compile(r"\d{1,19}")
_OK, _PARTIAL, _FORBIDDEN, _NOT_FOUND, _CHANGED, _UNSATISFIABLE = 200, 206, 403, 404, 412, 416


class Reader(Protocol):
    """Sends the requests of a download.

    Attributes:
        budget: The retry budget that all requests of the client share.
    """

    budget: RetryBudget

    def retries(self) -> Retries:
        """Return the retries of one piece of work."""
        ...

    def open(self, url: str, headers: Mapping[str, str], attempt: int = 1) -> ServerResponse:
        """Send one GET and leave its response, whatever it is, to be read."""
        ...


class RemoteContent:
    """The bytes of one file of a record.

    Args:
        reader: Sends the requests.
        kind: The kind of the record.
        record: The record.
        name: The name of the file.
        find_url: Asks the platform for a URL to read from.
    """

    streams = 4

    def __init__(
        self, reader: Reader, kind: AnyKind, record: Any, name: str, find_url: Callable[[], str]
    ) -> None:
        self._reader = reader
        self._kind = kind
        self._fields = kind.files[name]
        self._record = record
        self._what = f"{kind.name} {identifier_of(record)}"
        self._size = self._fields.size_of(record)
        self._find_url = find_url
        self._lock = threading.Lock()
        self._url: str | None = None
        self._etag: str | None = None

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `offset` on, `length` of them or all.

        Raises:
            FileDownloadError: They are not there, or do not come.
            ContentChangedError: The file was replaced since its first bytes were read.
        """
        size = self._find_size()
        end = size if length is None else min(size, offset + length)
        retries = self._reader.retries()
        # Of an empty file, too, it is found out whether it is there.
        is_missing = offset < end or not size
        while is_missing:
            failure: TransportError | None = None
            try:
                with closing(self._range(offset, end, retries.count + 1)) as chunks:
                    for chunk in chunks:
                        offset += len(chunk)
                        retries.restart()
                        yield chunk
                is_missing = offset < end
                self._reader.budget.earn()
                if is_missing:
                    failure = TransportError(f"its response ended {end - offset} bytes too early")
            except TransportError as error:
                failure = error
            if failure is not None:
                self._wait(retries, failure)

    def _find_size(self) -> int:
        """Return the size of the file, which the server tells if no field of the record does."""
        retries = self._reader.retries()
        while self._size is None:
            failure = None
            try:
                response, used = self._request({"Range": "bytes=0-0"}, retries.count + 1)
                with closing(response):
                    found = _TOTAL.match(response.headers.get("content-range", ""))
                    if found is None:
                        raise self._refused(response, used)
                    self._size = int(found[2])
            except TransportError as error:
                failure = error
            if failure is not None:
                self._wait(retries, failure)
        return self._size

    def _wait(self, retries: Retries, failure: TransportError) -> None:
        """Wait for the next attempt; raise `FileDownloadError` if there is to be none."""
        reason = f"GET: {failure.reason}"
        if failure.is_permanent or not retries.wait(reason, failure.retry_after):
            raise self._failed(str(without_response(failure, self._url or "")))

    def _status(self) -> str:
        field = self._fields.status
        return "" if field is None else f"; its {field} is {getattr(self._record, field)}"

    def _range(self, offset: int, end: int, attempt: int) -> Generator[bytes]:
        """Yield the bytes of one response, cut to what was asked for."""
        response = self._response(offset, end, attempt)
        with closing(response):
            start = self._start(response)
            if start > offset:
                raise self._failed("it sends other bytes than it was asked for")
            skipped, wanted = offset - start, end - offset
            for chunk in response.chunks():
                piece = chunk[skipped : skipped + wanted]
                skipped = max(0, skipped - len(chunk))
                wanted -= len(piece)
                if piece:
                    yield piece
                if not wanted:
                    return

    def _response(self, offset: int, end: int, attempt: int) -> ServerResponse:
        """Return a response that holds the byte at `offset`."""
        headers = {}
        if offset > 0 or end < self._find_size():
            headers["Range"] = f"bytes={offset}-{end - 1}"
        if self._etag is not None:
            headers["If-Match"] = self._etag
        response, used = self._request(headers, attempt)
        if response.status in (_OK, _PARTIAL):
            return response
        with closing(response):
            raise self._refused(response, used)

    def _request(self, headers: dict[str, str], attempt: int) -> tuple[ServerResponse, str]:
        """Return a response, and the URL that it came from."""
        used = self._address()
        response = self._open(used, headers, attempt)
        if response.status == _FORBIDDEN:  # the URL may have expired
            response.close()
            used = self._address(used)
            response = self._open(used, headers, attempt)
        return response, used

    def _open(self, url: str, headers: dict[str, str], attempt: int) -> ServerResponse:
        failed = None
        try:
            return self._reader.open(url, headers, attempt)
        except BucketError as error:
            failed = self._failed(str(error))
        raise failed

    def _start(self, response: ServerResponse) -> int:
        """Return where a response begins in the file; check that it is the same file as before."""
        found = _TOTAL.match(response.headers.get("content-range", ""))
        length = _LENGTH.fullmatch(response.headers.get("content-length", ""))
        total = found[2] if found else length and length[0]
        if total is not None and int(total) != self._find_size():
            raise self._mismatch(f"{total} bytes")
        # A weak tag vouches for the meaning, not for the bytes.
        etag = response.headers.get("etag")
        if etag and not etag.startswith("W/"):
            with self._lock:
                self._etag = self._etag or etag
            if etag != self._etag:
                raise self._changed()
        return int(found[1] or 0) if found and response.status == _PARTIAL else 0

    def _refused(self, response: ServerResponse, url: str) -> Exception:
        if response.status == _CHANGED:
            return self._changed()
        if response.status == _NOT_FOUND:
            return self._missing()
        if response.status == _UNSATISFIABLE:
            return self._mismatch("fewer bytes")
        error = bucket_error(response.status, response.read(65536) or b"", url)
        if response.status in TRANSIENT:
            asked = parse_retry_after(response.headers.get("retry-after"))
            return TransportError(str(error), retry_after=asked)
        return self._failed(str(error))

    def _address(self, refused: str | None = None) -> str:
        """Return the URL to read from; a new one if the present one was refused."""
        with self._lock:
            if self._url is None or self._url == refused:
                try:
                    self._url = self._find_url()
                except NotFoundError:  # the record is deleted, and its file with it
                    raise self._missing() from None
            return self._url

    def _missing(self) -> FileDownloadError:
        return FileDownloadError(
            f"The bytes of {self._what} are not there{self._status()}. Upload the file as a "
            f"new {self._kind.name}."
        )

    def _failed(self, reason: str) -> FileDownloadError:
        return FileDownloadError(
            f"The bytes of {self._what} could not be read from the bucket: "
            f"{reason}. Try again; if it stays, ask who runs the bucket."
        )

    def _mismatch(self, found: str) -> ChecksumMismatchError:
        return ChecksumMismatchError(
            f"The bytes of {self._what} are not those that were announced: the "
            f"bucket holds {found} in place of {cut(str(self._size), 64)}. Upload the file again "
            f"if you have it."
        )

    def _changed(self) -> ContentChangedError:
        return ContentChangedError(
            f"The file of {self._what} was replaced in the bucket while it was read. Try again."
        )
