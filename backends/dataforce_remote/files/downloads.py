"""The bytes of a model file, read from the bucket by ranges, over as many breaks as it takes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from dataforce.backend.error_messages import cut
from dataforce.errors import ChecksumMismatchError, ContentChangedError, FileDownloadError
from dataforce_remote.files.bucket import PASSING, Bucket, BucketError, broken, refused
from dataforce_remote.http.retries import parse_retry_after
from dataforce_remote.http.transport import Answer, BrokenExchangeError
from dataforce_remote.http.transport_errors import Failure

if TYPE_CHECKING:
    from dataforce.models import ModelArtifact

# Numbers of so many digits that Python takes them, however long the header is.
_TOTAL = re.compile(r"bytes\s+(?:(\d{1,19})-\d+|\*)/(\d{1,19})")
_LENGTH = re.compile(r"\d{1,19}")
_OK, _PARTIAL, _FORBIDDEN, _NOT_FOUND, _CHANGED, _UNSATISFIABLE = 200, 206, 403, 404, 412, 416


class RemoteContent:
    """The bytes of one model artifact.

    Args:
        bucket: Sends the requests.
        record: The record.
        find_url: Asks the platform for a URL to read from.
    """

    streams = 4

    def __init__(self, bucket: Bucket, record: ModelArtifact, find_url: Callable[[], str]) -> None:
        self._bucket = bucket
        self._record = record
        self._find_url = find_url
        self._lock = threading.Lock()
        self._url: str | None = None
        self._etag: str | None = None

    def read(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `offset` on, `length` of them or all.

        Raises:
            FileDownloadError: They are not there, or do not come.
            ContentChangedError: The file was replaced since its first bytes were read.
        """
        end = self._record.size
        if length is not None:
            end = min(end, offset + length)
        retries = self._bucket.retries()
        # Of an empty file, too, it is found out whether it is there.
        is_missing = offset < end or not self._record.size
        while is_missing:
            failure: Failure | None = None
            try:
                with closing(self._range(offset, end, retries.count + 1)) as chunks:
                    for chunk in chunks:
                        offset += len(chunk)
                        retries.restart()
                        yield chunk
                is_missing = offset < end
                self._bucket.budget.earn()
                if is_missing:
                    failure = Failure(f"its answer ended {end - offset} bytes too early")
            except BrokenExchangeError as error:
                failure = error.failure
            if failure is not None and (
                failure.is_lasting
                or not retries.wait(f"GET: {failure.reason}", failure.retry_after)
            ):
                raise self._failed(str(broken(failure, self._url or "")))

    def _range(self, offset: int, end: int, attempt: int) -> Generator[bytes]:
        """The bytes of one answer, cut to what was asked for."""
        answer = self._answer(offset, end, attempt)
        with closing(answer):
            start = self._start(answer)
            if start > offset:
                raise self._failed("it sends other bytes than it was asked for")
            skipped, wanted = offset - start, end - offset
            for chunk in answer.chunks():
                piece = chunk[skipped : skipped + wanted]
                skipped = max(0, skipped - len(chunk))
                wanted -= len(piece)
                if piece:
                    yield piece
                if not wanted:
                    return

    def _answer(self, offset: int, end: int, attempt: int) -> Answer:
        """An answer that holds the byte at `offset`."""
        headers = {}
        if offset > 0 or end < self._record.size:
            headers["Range"] = f"bytes={offset}-{end - 1}"
        if self._etag is not None:
            headers["If-Match"] = self._etag
        used = self._address()
        answer = self._open(used, headers, attempt)
        if answer.status == _FORBIDDEN:  # the URL may have expired
            answer.close()
            answer = self._open(self._address(used), headers, attempt)
        if answer.status in (_OK, _PARTIAL):
            return answer
        with closing(answer):
            raise self._refused(answer, used)

    def _open(self, url: str, headers: dict[str, str], attempt: int) -> Answer:
        fault = None
        try:
            return self._bucket.open(url, headers, attempt)
        except BucketError as error:
            fault = self._failed(str(error))
        raise fault

    def _start(self, answer: Answer) -> int:
        """Where an answer begins in the file; sees that it is the same file as before."""
        found = _TOTAL.match(answer.headers.get("content-range", ""))
        length = _LENGTH.fullmatch(answer.headers.get("content-length", ""))
        total = found[2] if found else length and length[0]
        if total is not None and int(total) != self._record.size:
            raise self._mismatch(f"{total} bytes")
        # A weak tag vouches for the meaning, not for the bytes.
        etag = answer.headers.get("etag")
        if etag and not etag.startswith("W/"):
            with self._lock:
                self._etag = self._etag or etag
            if etag != self._etag:
                raise self._changed()
        return int(found[1] or 0) if found and answer.status == _PARTIAL else 0

    def _refused(self, answer: Answer, url: str) -> Exception:
        if answer.status == _CHANGED:
            return self._changed()
        if answer.status == _NOT_FOUND:
            return FileDownloadError(
                f"The bytes of model artifact {self._record.id} are not there; its status is "
                f"{self._record.status}. Upload the file as a new model artifact."
            )
        if answer.status == _UNSATISFIABLE:
            return self._mismatch("fewer bytes")
        fault = refused(answer.status, answer.read(65536) or b"", url)
        if answer.status in PASSING:
            asked = parse_retry_after(answer.headers.get("retry-after"))
            return BrokenExchangeError(Failure(str(fault), retry_after=asked))
        return self._failed(str(fault))

    def _address(self, refused: str | None = None) -> str:
        """The URL to read from; a new one if the present one is the one that was refused."""
        with self._lock:
            if self._url is None or self._url == refused:
                self._url = self._find_url()
            return self._url

    def _failed(self, reason: str) -> FileDownloadError:
        return FileDownloadError(
            f"The bytes of model artifact {self._record.id} could not be read from the bucket: "
            f"{reason}. Try again; if it stays, ask who runs the bucket."
        )

    def _mismatch(self, found: str) -> ChecksumMismatchError:
        return ChecksumMismatchError(
            f"The bytes of model artifact {self._record.id} are not those that were announced: the "
            f"bucket holds {found} in place of {cut(str(self._record.size), 64)}. Upload the file "
            f"again if you have it."
        )

    def _changed(self) -> ContentChangedError:
        return ContentChangedError(
            f"The file of model artifact {self._record.id} was replaced in the bucket while it was "
            f"read. Try again."
        )
