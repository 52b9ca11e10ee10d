"""Model files brought to and read from the server itself, by signed URLs."""

from __future__ import annotations

import http.client
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fsspec.implementations.local import LocalFileSystem

from dataforce.server import HostedObjects, UploadLimits
from tests.server.caller import Caller, fetch, model, parts_xml, put
from tests.server.conftest import Serve
from tests.server.serving import KEY, serving

CONTENT = bytes(range(256)) * 3
HASH = model(CONTENT)["file_hash"].upper()
UNKNOWN = "0199c455-21ee-74c6-b747-19a82f1a1e75"


def refused(answer: Any) -> tuple[int, str]:
    """The status and S3's code of a refusal."""
    assert answer.headers["content-type"].startswith("application/xml")
    return answer.status_code, answer.text.partition("<Code>")[2].partition("<")[0]


@pytest.fixture
def collection(new: Caller) -> str:
    return new.new_collection()


@pytest.fixture
def waiting(new: Caller, collection: str) -> tuple[str, str]:
    """The path of a model that waits for its bytes, and where they go."""
    created = new.new_model(collection, CONTENT)
    return f"{collection}/model_artifacts/{created['model']['id']}", new.upload_url(created)


@pytest.fixture
def url(new: Caller, collection: str) -> str:
    """Where a model is read from."""
    path = new.new_file(collection, CONTENT)
    return str(new.get(f"{path}/download-url")["url"])


def test_all_of_a_file(url: str) -> None:
    answer = fetch("GET", url)
    assert answer.content == CONTENT
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["content-type"] == "binary/octet-stream"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"].startswith('"')
    for header in ("chars=0-1", "bytes=0-1,3-4", "bytes=-", "bytes=5-4", "bytes=x-"):
        assert fetch("GET", url, headers={"Range": header}).status_code == 200


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-", 10, 768),
        ("bytes=10-99999", 10, 768),
        ("bytes=-8", 760, 768),
        ("bytes=-99999", 0, 768),
    ],
)
def test_a_stretch_of_a_file(url: str, header: str, start: int, stop: int) -> None:
    answer = fetch("GET", url, headers={"Range": header})
    assert (answer.status_code, answer.content) == (206, CONTENT[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/768"


@pytest.mark.parametrize("header", ["bytes=768-", "bytes=-0"])
def test_a_stretch_that_is_not_there(url: str, header: str) -> None:
    answer = fetch("GET", url, headers={"Range": header})
    assert refused(answer) == (416, "InvalidRange")
    assert answer.headers["content-range"] == "bytes */768"


def test_conditions(url: str) -> None:
    etag = fetch("GET", url).headers["etag"]
    for headers, status in (
        ({"If-Match": etag}, 200),
        ({"If-Match": f'"x", {etag}'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"x"'}, 412),
        ({"Range": "bytes=1-", "If-Range": etag}, 206),
        ({"Range": "bytes=1-", "If-Range": '"x"'}, 200),
    ):
        assert fetch("GET", url, headers=headers).status_code == status, headers
    assert refused(fetch("GET", url, headers={"If-Match": "x"})) == (412, "PreconditionFailed")


def test_a_url_is_good_for_what_it_was_signed_for_only(url: str) -> None:
    wrong = (403, "SignatureDoesNotMatch")
    for method in ("PUT", "POST", "DELETE"):
        assert refused(fetch(method, url)) == wrong
    assert fetch("HEAD", url).status_code == 405
    address, _, query = url.partition("?")
    assert refused(fetch("GET", address)) == wrong
    for tampered in (
        f"{address}x?{query}",
        f"{url}x",
        f"{url}&uploadId=1",
        url.replace("expires=1", "expires=2"),
        url.replace("signature=", "signature=%C3%A9"),
    ):
        assert refused(fetch("GET", tampered)) == wrong


def test_urls_end_with_their_time(serve: Serve, version: str) -> None:
    api = serve(api_version=version, objects=lambda backend: HostedObjects(backend, lifetime=-1))
    created = api.new_model(api.new_collection())
    answer = fetch("PUT", api.upload_url(created), data=b"model")
    assert refused(answer) == (403, "AccessDenied")
    assert "expired" in answer.text


def test_urls_last_twelve_hours(url: str) -> None:
    expires = int(url.partition("expires=")[2].partition("&")[0])
    date = fetch("GET", url).headers["date"]
    left = expires - parsedate_to_datetime(date).timestamp()
    assert 12 * 3600 - 60 < left <= 12 * 3600 + 60  # a busy server is late to turn its clock


def test_a_file_is_read_before_it_is_taken_in(new: Caller, waiting: tuple[str, str]) -> None:
    path, place = waiting
    url = new.get(f"{path}/download-url")["url"]
    assert refused(fetch("GET", url)) == (404, "NoSuchKey")
    put(place, b"short")
    assert fetch("GET", url).content == b"short"
    put(place, CONTENT)
    new.patch(path, {"status": "uploaded"})
    assert fetch("GET", url).content == CONTENT


def test_bytes_are_brought_while_they_are_awaited(new: Caller, waiting: tuple[str, str]) -> None:
    path, place = waiting
    etag = put(place, CONTENT)
    assert put(place, CONTENT) == etag
    new.patch(path, {"status": "uploaded"})
    assert refused(fetch("PUT", place, data=b"other")) == (403, "InvalidObjectState")
    new.delete(f"{path}/force")
    assert refused(fetch("PUT", place, data=b"other")) == (404, "NoSuchKey")


def test_deletion(new: Caller, waiting: tuple[str, str]) -> None:
    path, place = waiting
    put(place, CONTENT)
    url = new.get(f"{path}/delete-url")["url"]
    assert fetch("DELETE", url).status_code == 204
    assert fetch("DELETE", url).status_code == 204
    new.patch(path, {"status": "deletion_failed"})
    assert refused(fetch("DELETE", url)) == (403, "InvalidObjectState")
    new.delete(f"{path}/force")
    assert fetch("DELETE", url).status_code == 204


def test_a_twin_outlives_a_deleted_file(new: Caller, collection: str) -> None:
    doomed, twin = (new.new_file(collection, CONTENT) for _ in range(2))
    fetch("DELETE", new.get(f"{doomed}/delete-url")["url"])
    new.delete(doomed)
    assert fetch("GET", new.get(f"{twin}/download-url")["url"]).content == CONTENT


def test_an_empty_file(new: Caller, collection: str) -> None:
    path = new.new_file(collection, b"")
    answer = fetch("GET", new.get(f"{path}/download-url")["url"])
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "file_name", ["a/b?c&d.x", "line\nbreak.x", "é ü.x", "..x", "n" * 3000 + ".x"]
)
def test_file_names(new: Caller, collection: str, file_name: str) -> None:
    path = new.new_file(collection, CONTENT, file_name=file_name, file_hash=HASH)
    assert fetch("GET", new.get(f"{path}/download-url")["url"]).content == CONTENT


def test_any_text_may_be_announced_as_a_hash(new: Caller, collection: str) -> None:
    created = new.new_model(collection, CONTENT, file_hash="é\r\nX-Header: 1")
    put(new.upload_url(created), CONTENT)
    path = f"{collection}/model_artifacts/{created['model']['id']}"
    answer = fetch("GET", new.get(f"{path}/download-url")["url"])
    assert answer.content == CONTENT
    assert "x-header" not in answer.headers


def test_a_file_that_was_lost(serve: Serve, tmp_path: Path) -> None:
    api = serve(database_url=f"sqlite:///{tmp_path}/registry.db")
    path = api.new_file(api.new_collection(), CONTENT)
    url = api.get(f"{path}/download-url")["url"]
    for file in (tmp_path / "registry.files" / "sha256").rglob("*"):
        if file.is_file():
            file.unlink()
    assert refused(fetch("GET", url)) == (404, "NoSuchKey")


def test_large_files_in_a_folder_with_a_strange_name(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "a b%20é#"
    folder.mkdir()
    api = serve(database_url=f"sqlite:///{tmp_path}/r.db", storage_url=str(folder))
    content = CONTENT * 8192
    path = api.new_file(api.new_collection(), content)
    assert fetch("GET", api.get(f"{path}/download-url")["url"]).content == content
    assert [*(folder / "incoming").iterdir()] == []


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path}/registry.db") as url:
        api = Caller(url, "2026-01", KEY)
        created = api.new_model(api.new_collection(), CONTENT)
        parts = urlsplit(api.upload_url(created))
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
        connection.putrequest("PUT", f"{parts.path}?{parts.query}")
        connection.putheader("Content-Length", str(len(CONTENT)))
        connection.endheaders(CONTENT[:10])
        connection.close()
        put(api.upload_url(created), CONTENT)
        api.session.close()
    [brought] = (tmp_path / "registry.files" / "incoming").iterdir()
    assert brought.read_bytes() == CONTENT


def test_a_disk_that_takes_nothing(serve: Serve, tmp_path: Path) -> None:
    api = serve(database_url=f"sqlite:///{tmp_path}/registry.db")
    created = api.new_model(api.new_collection(), CONTENT)
    incoming = tmp_path / "registry.files" / "incoming"
    incoming.rmdir()
    incoming.write_text("in the way")
    answer = fetch("PUT", api.upload_url(created), data=CONTENT)
    assert refused(answer) == (503, "SlowDown")
    assert str(tmp_path) not in answer.text
    incoming.unlink()


class InParts:
    """An upload in parts of 100 bytes."""

    def __init__(self, api: Caller) -> None:
        self.api = api
        collection = api.new_collection()
        created = api.new_model(collection, CONTENT)
        self.path = f"{collection}/model_artifacts/{created['model']['id']}"
        self.created = created
        if api.is_new:
            details = created["upload_details"]
            assert details["multipart"]
            answer = fetch("POST", details["url"])
            assert "http://s3.amazonaws.com/doc/2006-03-01/" in answer.text
            self.upload_id = answer.text.partition("<UploadId>")[2].partition("<")[0]
            self.body = {
                "bucket_id": details["bucket_secret_id"],
                "bucket_location": details["bucket_location"],
                "size": len(CONTENT),
            }
            self.details = self.listed(upload_id=self.upload_id)
        else:
            self.details = created["url"]
        self.parts = self.details["parts"]

    def listed(self, **changes: Any) -> Any:
        return self.api.post("/bucket-secrets/upload/multipart", self.body | changes)

    def bring(self) -> list[str]:
        slices = [CONTENT[start : start + 100] for start in range(0, len(CONTENT), 100)]
        return [put(part["url"], content) for part, content in zip(self.parts, slices, strict=True)]

    def complete(self, body: str | bytes) -> Any:
        return fetch("POST", self.details["complete_url"], data=body)


SMALL = UploadLimits(single=len(CONTENT) - 1, part=100)


@pytest.fixture
def in_parts(serve: Serve, version: str) -> InParts:
    return InParts(serve(api_version=version, limits=SMALL))


@pytest.mark.parametrize("namespace", ["http://s3.amazonaws.com/doc/2006-03-01/", ""])
def test_a_file_in_parts(in_parts: InParts, namespace: str) -> None:
    etags = in_parts.bring()
    done = in_parts.complete(parts_xml(etags, namespace))
    assert (done.status_code, "<CompleteMultipartUploadResult" in done.text) == (200, True)
    api = in_parts.api
    assert api.patch(in_parts.path, {"status": "uploaded"})["status"] == "uploaded"
    assert fetch("GET", api.get(f"{in_parts.path}/download-url")["url"]).content == CONTENT


def test_the_ranges_of_parts(in_parts: InParts) -> None:
    sizes = [part["part_size"] for part in in_parts.parts]
    ranges = [(part["start_byte"], part["end_byte"]) for part in in_parts.parts]
    assert sizes == [100] * 7 + [68]
    assert [part["part_number"] for part in in_parts.parts] == [*range(1, 9)]
    if in_parts.api.is_new:
        assert ranges == [(start, min(start + 99, 767)) for start in range(0, 768, 100)]
    else:  # each drifts by a byte, and the last goes beyond the end
        assert ranges == [(number * 101, number * 101 + 100) for number in range(8)]


def test_lists_of_parts_that_are_refused(in_parts: InParts) -> None:
    etags = in_parts.bring()
    for body, code in (
        (b"<", "MalformedXML"),
        (parts_xml([]), "MalformedXML"),
        (parts_xml(etags).replace("<PartNumber>2", "<PartNumber>x"), "MalformedXML"),
        (parts_xml(etags).replace("<PartNumber>2", "<PartNumber>1"), "InvalidPartOrder"),
        (parts_xml([*etags[:-1], '"x"']), "InvalidPart"),
        (parts_xml([*etags, etags[0]]), "InvalidPart"),
        (parts_xml(etags).replace("<PartNumber>8", "<PartNumber>10001"), "MalformedXML"),
        (b"<?xml version='1.0' encoding='none'?><a/>", "MalformedXML"),
        (bytes(4 * 1024**2 + 1), "EntityTooLarge"),
    ):
        assert refused(in_parts.complete(body)) == (400, code)
    assert in_parts.complete(parts_xml(etags)).status_code == 200


def test_an_upload_is_completed_once(in_parts: InParts) -> None:
    body = parts_xml(in_parts.bring())
    assert in_parts.complete(body).status_code == 200
    assert refused(in_parts.complete(body)) == (404, "NoSuchUpload")
    api = in_parts.api
    api.patch(in_parts.path, {"status": "uploaded"})
    assert fetch("GET", api.get(f"{in_parts.path}/download-url")["url"]).content == CONTENT


def test_completions_at_the_same_time_take_turns(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = InParts(serve(database_url=f"sqlite:///{tmp_path}/registry.db", limits=SMALL))
    body = parts_xml(parts.bring())
    move, meeting = LocalFileSystem.mv, threading.Barrier(2)

    def meet(*arguments: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            meeting.wait(0.5)  # for another completion, which must not get here
        move(*arguments)

    monkeypatch.setattr(LocalFileSystem, "mv", meet)
    with ThreadPoolExecutor(4) as pool:
        answers = [*pool.map(parts.complete, [body] * 4)]
    answers.sort(key=lambda answer: int(answer.status_code))
    assert answers[0].status_code == 200
    assert [refused(answer) for answer in answers[1:]] == [(404, "NoSuchUpload")] * 3


def test_an_upload_does_not_end_another_of_the_same_file(serve: Serve) -> None:
    parts = InParts(serve(limits=SMALL))
    first, body = parts.details, parts_xml(parts.bring())
    begun = fetch("POST", parts.created["upload_details"]["url"]).text
    second = parts.listed(upload_id=begun.partition("<UploadId>")[2].partition("<")[0])
    for part in second["parts"]:
        put(part["url"], CONTENT[part["start_byte"] : part["end_byte"] + 1])
    for details in (first, second):
        assert fetch("POST", details["complete_url"], data=body).status_code == 200


def test_an_upload_has_a_name_of_its_own(serve: Serve) -> None:
    parts = InParts(serve(limits=SMALL))
    foreign = parts.listed(upload_id="../../x")
    assert foreign["upload_id"] == "../../x"
    answer = fetch("PUT", foreign["parts"][0]["url"], data=b"x")
    assert refused(answer) == (404, "NoSuchUpload")
    other = InParts(parts.api)
    mixed = parts.listed(upload_id=other.upload_id)
    assert refused(fetch("PUT", mixed["parts"][0]["url"], data=b"x")) == (404, "NoSuchUpload")


def test_part_urls_that_are_refused(serve: Serve) -> None:
    parts = InParts(serve(limits=SMALL))
    assert parts.listed(size=0, upload_id=parts.upload_id)["parts"] == []
    path, body = "/bucket-secrets/upload/multipart", parts.body
    api = parts.api
    assert api.refused("POST", path, body) == (500, "Internal Server Error")
    for changes, expected in (
        ({"bucket_id": UNKNOWN}, (404, "Secret not found")),
        ({"bucket_location": "x"}, (404, "Model Artifact not found")),
        ({"bucket_location": body["bucket_location"] + "x"}, (404, "Model Artifact not found")),
    ):
        assert api.refused("POST", path, body | changes | {"upload_id": "x"}) == expected
    assert api.refused("POST", path, body | {"size": 2**63})[0] == 422


def test_an_old_model_is_found_among_many(serve: Serve) -> None:
    parts = InParts(serve(limits=SMALL))
    for _ in range(101):
        parts.api.new_model(parts.path.rpartition("/model_artifacts")[0])
    assert len(parts.listed(upload_id=parts.upload_id)["parts"]) == 8


@pytest.mark.parametrize(
    ("size", "part"),
    [
        (500 * 1024**2 + 1, 32),
        (1024**3 + 1, 64),
        (5 * 1024**3 + 1, 128),
        (10 * 1024**3 + 1, 512),
        (100 * 1024**3 + 1, 1024),
        (5 * 1024**4, 1024),
    ],
)
def test_the_size_of_parts_grows_with_the_file(old: Caller, size: int, part: int) -> None:
    url = old.new_model(old.new_collection(), size=size)["url"]
    length = part * 1024**2
    assert len(url["parts"]) == -(-size // length)
    assert url["parts"][0]["part_size"] == length
    assert sum(found["part_size"] for found in url["parts"]) == size


def test_the_largest_file_in_one_piece(old: Caller) -> None:
    url = old.new_model(old.new_collection(), size=500 * 1024**2)["url"]
    assert (len(url["parts"]), url["upload_id"]) == (1, None)


def test_a_model_without_its_bytes_does_not_become_uploaded(api: Caller) -> None:
    created = api.new_model(collection := api.new_collection(), CONTENT)
    path = f"{collection}/model_artifacts/{created['model']['id']}"
    status, detail = api.refused("PATCH", path, {"status": "uploaded"})
    assert (status, "its file was not uploaded" in detail) == (400, True)
    put(api.upload_url(created), CONTENT)
    assert api.patch(path, {"status": "uploaded"})["status"] == "uploaded"


def test_an_upload_is_cut_off_at_the_announced_size(serve: Serve, tmp_path: Path) -> None:
    api = serve(database_url=f"sqlite:///{tmp_path}/registry.db")
    created = api.new_model(api.new_collection(), b"model")
    answer = fetch("PUT", api.upload_url(created), data=b"model" * 10_000_000)
    assert refused(answer) == (400, "EntityTooLarge")
    assert [*(tmp_path / "registry.files" / "incoming").iterdir()] == []
    assert put(api.upload_url(created), b"model")


def test_parts_are_cut_off_at_their_size(serve: Serve) -> None:
    parts = InParts(serve(limits=SMALL))
    many = parts.listed(size=100 * len(CONTENT), upload_id=parts.upload_id)["parts"]
    answer = fetch("PUT", parts.parts[0]["url"], data=bytes(102))
    assert refused(answer) == (400, "EntityTooLarge")
    answer = fetch("PUT", many[len(parts.parts)]["url"], data=bytes(100))
    assert refused(answer) == (400, "EntityTooLarge")
    put(parts.parts[0]["url"], bytes(101))  # the ranges of 2025-12 drift by a byte


@pytest.mark.parametrize("ending", ["deleted", "failed", "uploaded"])
@pytest.mark.parametrize("in_one_piece", [True, False])
def test_an_upload_that_is_overtaken_leaves_nothing(
    serve: Serve, tmp_path: Path, ending: str, in_one_piece: bool
) -> None:
    limits = None if in_one_piece else SMALL
    api = serve(database_url=f"sqlite:///{tmp_path}/registry.db", limits=limits)
    if in_one_piece:
        created = api.new_model(collection := api.new_collection(), CONTENT)
        url, content = api.upload_url(created), CONTENT
        path = f"{collection}/model_artifacts/{created['model']['id']}"
    else:
        parts = InParts(api)
        url, content, path = parts.parts[0]["url"], CONTENT[:100], parts.path
        if ending == "uploaded":
            assert parts.complete(parts_xml(parts.bring())).status_code == 200
    split = urlsplit(url)
    connection = http.client.HTTPConnection(str(split.hostname), split.port, timeout=10)
    connection.putrequest("PUT", f"{split.path}?{split.query}")
    connection.putheader("Content-Length", str(len(content)))
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 100")  # it has begun
    if ending == "deleted":
        api.delete(f"{path}/force")
    elif ending == "failed":
        api.patch(path, {"status": "upload_failed"})
    else:
        if in_one_piece:
            put(url, content)
        api.patch(path, {"status": "uploaded"})
    connection.send(content)
    answer = connection.getresponse()
    # Where the folder of its parts went meanwhile, it is told to come again.
    assert answer.status in ((404, 503) if ending == "deleted" else (403, 503))
    connection.close()
    incoming = tmp_path / "registry.files" / "incoming"
    assert [file for file in incoming.rglob("*") if file.is_file()] == []
    if ending == "uploaded":
        assert fetch("GET", api.get(f"{path}/download-url")["url"]).content == CONTENT


def test_a_failed_upload_leaves_nothing(serve: Serve, tmp_path: Path) -> None:
    api = serve(database_url=f"sqlite:///{tmp_path}/registry.db")
    created = api.new_model(collection := api.new_collection(), CONTENT)
    put(api.upload_url(created), CONTENT)
    path = f"{collection}/model_artifacts/{created['model']['id']}"
    api.patch(path, {"status": "upload_failed"})
    assert [*(tmp_path / "registry.files" / "incoming").iterdir()] == []


def test_what_a_killed_server_left_is_removed(serve: Serve, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/registry.db"
    incoming = tmp_path / "registry.files" / "incoming"
    with serving(database, limits=SMALL) as url:
        api = Caller(url, "2026-01", KEY)
        parts, pending = InParts(api), api.new_model(api.new_collection(), b"model")
        put(parts.parts[0]["url"], CONTENT[:100])
        put(api.upload_url(pending), b"model")
        api.delete(api.orbit)
        secret = api.get(api.secrets)[0]["id"]
        api.orbit = (
            f"{api.orbits}/{api.post(api.orbits, {'name': 'o', 'bucket_secret_id': secret})['id']}"
        )
        api.collections = f"{api.orbit}/collections"
        kept = api.new_model(api.new_collection(), b"model")
        put(api.upload_url(kept), b"model")
        api.session.close()
    name = kept["model"]["unique_identifier"]
    [orphan] = [found for found in incoming.iterdir() if found.name != name]
    assert orphan.name.endswith(".parts")  # of the orbit that was deleted
    for age, left in ((0, "young"), (2 * 86400, "old")):
        (incoming / f"{name}.{left}").write_bytes(b"mod")
        (incoming / f"{name}.parts" / left).mkdir(parents=True)
        (incoming / f"{name}.parts" / left / "00001").write_bytes(b"mod")
        moment = time.time() - age
        for file in [incoming / f"{name}.{left}", *(incoming / f"{name}.parts").rglob("0*")]:
            os.utime(file, (moment, moment))
        with serving(database) as url:
            api = Caller(url, "2026-01", KEY)
            api.new_file(api.new_collection(), b"other")
            api.session.close()
        found = sorted(path.name for path in incoming.iterdir())
        assert found == [name] + (
            [f"{name}.parts", f"{name}.young"] if left == "young" else [f"{name}.young"]
        )
