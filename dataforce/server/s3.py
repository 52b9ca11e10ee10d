"""Errors and documents in the words of an S3 bucket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from starlette.responses import Response

from dataforce.server.uploads import MOST_PARTS

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

LONGEST_POSITION = 18
"""So many digits hold the size of any file; Python refuses to read some thousands."""

STATUSES = {
    "AccessDenied": 403,
    "SignatureDoesNotMatch": 403,
    "InvalidObjectState": 403,
    "NoSuchKey": 404,
    "NoSuchUpload": 404,
    "IncompleteBody": 400,
    "InvalidPart": 400,
    "InvalidPartOrder": 400,
    "MalformedXML": 400,
    "EntityTooLarge": 400,
    "RequestTimeout": 400,
    "PreconditionFailed": 412,
    "InvalidRange": 416,
    "SlowDown": 503,
}
"""Status codes of the errors that occur here, by S3's codes."""

MESSAGES = {
    "AccessDenied": "Request has expired",
    "SignatureDoesNotMatch": "The URL was not signed for this request.",
    "InvalidObjectState": "The status of the model artifact does not allow this.",
    "NoSuchKey": "The object does not exist.",
    "NoSuchUpload": "The upload does not exist.",
    "IncompleteBody": "The request broke off before all bytes had arrived.",
    "InvalidPart": "A part was not brought, or its ETag is another.",
    "InvalidPartOrder": "The parts are not listed in ascending order.",
    "MalformedXML": "The list of parts cannot be read.",
    "EntityTooLarge": "The object is larger than announced or allowed.",
    "RequestTimeout": "Nothing arrived for too long.",
    "PreconditionFailed": "The object is not the one that was asked for.",
    "InvalidRange": "The object does not reach as far.",
    "SlowDown": "The object cannot be stored at present.",
}


class ObjectError(Exception):
    """A request that a bucket refuses.

    Args:
        code: S3's name for it.
        headers: Headers of the response.
    """

    def __init__(self, code: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.headers = headers

    def response(self) -> Response:
        """Return the response that says so."""
        body = f"<Error><Code>{self.code}</Code><Message>{MESSAGES[self.code]}</Message></Error>"
        return xml(body, STATUSES[self.code], self.headers)


class ListedPart(NamedTuple):
    """A part that a client says it has brought."""

    number: int
    etag: str


def xml(body: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a response of XML."""
    return Response(HEAD + body, status, headers, media_type="application/xml")


def initiated(key: str, upload_id: str) -> Response:
    """Return the response to the beginning of an upload in parts."""
    return xml(
        f'<InitiateMultipartUploadResult xmlns="{NAMESPACE}"><Bucket>objects</Bucket>'
        f"<Key>{escape(key)}</Key><UploadId>{upload_id}</UploadId></InitiateMultipartUploadResult>"
    )


def completed(key: str, etag: str) -> Response:
    """Return the response to the end of an upload in parts."""
    return xml(
        f'<CompleteMultipartUploadResult xmlns="{NAMESPACE}"><Bucket>objects</Bucket>'
        f"<Key>{escape(key)}</Key><ETag>&quot;{etag}&quot;</ETag></CompleteMultipartUploadResult>"
    )


def listed_parts(body: bytes) -> list[ListedPart]:
    """Read which parts make up an object; `ObjectError` if the list is none."""
    try:
        # Only who was let in gets here, with a short body, and expat itself bounds expansion.
        root = ElementTree.fromstring(body)  # noqa: S314
        parts = [*_parts(root)]
    except (ElementTree.ParseError, LookupError, ValueError):  # an encoding may be unknown
        raise ObjectError("MalformedXML") from None
    if not parts:
        raise ObjectError("MalformedXML")
    if any(later.number <= part.number for part, later in pairwise(parts)):
        raise ObjectError("InvalidPartOrder")
    return parts


def _parts(root: ElementTree.Element) -> Iterator[ListedPart]:
    for part in root.iterfind("{*}Part"):
        number, etag = part.findtext("{*}PartNumber", ""), part.findtext("{*}ETag", "")
        if int(number) not in range(1, MOST_PARTS + 1):
            raise ValueError("no part has such a number")
        yield ListedPart(int(number), etag.strip().strip('"'))


def position(digits: str) -> int:
    """A position in a file; of a number that is larger than any file, only that it is so."""
    return int(digits.lstrip("0")[:LONGEST_POSITION] or 0)


def wanted_range(header: str, size: int) -> range | None:
    """The stretch of an object that a `Range` header asks for; `None` for all of it.

    As S3 does, what is no range of bytes, or several, is ignored.

    Raises:
        ObjectError: The object does not reach as far.
    """
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header.strip())
    if match is None or match.group(1, 2) == ("", ""):
        return None
    first, last = (position(digits) if digits else None for digits in match.groups())
    if first is None:
        assert last is not None
        first, last = max(0, size - last), None if last else -1
    elif last is not None and last < first:
        return None
    stretch = range(first, size if last is None else min(last + 1, size))
    if not stretch:
        raise ObjectError("InvalidRange", {"content-range": f"bytes */{size}"})
    return stretch
