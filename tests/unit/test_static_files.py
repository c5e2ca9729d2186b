"""Static files, by themselves."""

import gc
import io
import mimetypes
import os
import wsgiref.util
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn
from wsgiref.util import setup_testing_defaults

import flask
import pytest

from wsgi_from_scratch.errors import NotFound, PreconditionFailed, RequestedRangeNotSatisfiable
from wsgi_from_scratch.grammar import format_date
from wsgi_from_scratch.response import Response
from wsgi_from_scratch.static_files import (
    CHUNK_SIZE,
    Chunks,
    safe_join,
    send_file,
    send_from_directory,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SMALL = b"body { color: green }"
LARGE = bytes(range(256)) * 1_024
"""Four chunks."""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "small.css").write_bytes(SMALL)
    (tmp_path / "large.bin").write_bytes(LARGE)
    return tmp_path


def environ(method: str = "GET", **fields: str) -> "WSGIEnvironment":
    made: WSGIEnvironment = {"REQUEST_METHOD": method, **fields}
    setup_testing_defaults(made)
    return made


def with_wrapper(
    request: "WSGIEnvironment", wrapper: type = wsgiref.util.FileWrapper
) -> "WSGIEnvironment":
    return request | {"wsgi.file_wrapper": wrapper}


def sent(response: Response, request: "WSGIEnvironment") -> bytes:
    body = response(request, lambda status, fields, exc_info=None: bytes)
    try:
        return b"".join(body)
    finally:
        close(body)


def close(body: Iterable[bytes]) -> None:
    if hasattr(body, "close"):
        body.close()


def descriptors() -> list[str]:
    """What this process has open."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            continue
    return sorted(found)


REQUESTS: dict[str, "WSGIEnvironment"] = {
    "whole": environ(),
    "HEAD": environ("HEAD"),
    "POST": environ("POST"),
    "304": environ(HTTP_IF_NONE_MATCH="*"),
    "412": environ(HTTP_IF_MATCH='"other"'),
    "206 small": environ(HTTP_RANGE="bytes=1-2"),
    "206 large": environ(HTTP_RANGE=f"bytes=5-{CHUNK_SIZE * 2}"),
    "a range to a HEAD": environ("HEAD", HTTP_RANGE=f"bytes=5-{CHUNK_SIZE * 2}"),
    "416": environ(HTTP_RANGE="bytes=9999999-"),
    "wsgi.file_wrapper": with_wrapper(environ()),
    "304 with wsgi.file_wrapper": with_wrapper(environ(HTTP_IF_NONE_MATCH="*")),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
@pytest.mark.parametrize("reads", [0, 1, 99], ids=["unread", "abandoned", "read"])
@pytest.mark.parametrize("name", ["small.css", "large.bin"])
def test_no_answer_leaves_a_file_open(
    directory: Path, request_: "WSGIEnvironment", reads: int, name: str
) -> None:
    gc.disable()  # so that nothing but our own close() closes
    try:
        before = descriptors()
        kept: list[object] = []
        for _ in range(40):
            for source in (None, (directory / name).open("rb"), io.BytesIO(LARGE)):
                try:
                    if source is None:
                        response = send_from_directory(request_, str(directory), name)
                    else:
                        response = send_file(request_, source, mimetype="a/b", etag="a")
                except (PreconditionFailed, RequestedRangeNotSatisfiable):
                    continue
                body = response(request_, lambda status, fields, exc_info=None: bytes)
                for _, chunk in zip(range(reads), body, strict=False):
                    assert chunk
                close(body)
                kept += [response, body]
        assert descriptors() == before
    finally:
        gc.enable()


class Unseekable(io.BytesIO):
    def seek(self, position: int, whence: int = 0, /) -> int:
        raise OSError


@pytest.mark.parametrize(
    ("file", "options", "error"),
    [
        (io.BytesIO(SMALL), {"HTTP_RANGE": "bytes=99-"}, RequestedRangeNotSatisfiable),
        (io.BytesIO(SMALL), {"HTTP_RANGE": "bytes=a"}, RequestedRangeNotSatisfiable),
        (io.BytesIO(SMALL), {"HTTP_IF_MATCH": '"other"'}, PreconditionFailed),
        (Unseekable(SMALL), {"HTTP_RANGE": "bytes=2-5"}, OSError),
        (io.BytesIO(SMALL), {"mimetype": None}, TypeError),
        (io.BytesIO(SMALL), {"as_attachment": True}, TypeError),
        (io.BytesIO(SMALL), {"etag": 'a"b'}, ValueError),
        (io.StringIO(), {}, ValueError),
    ],
    ids=[
        "a range outside",
        "a range that is none",
        "another tag",
        "a file that fails",
        "no name",
        "an attachment without a name",
        "a tag with a quote",
        "text mode",
    ],
)
def test_a_file_that_is_refused_is_closed(
    file: Any, options: dict[str, Any], error: type[Exception]
) -> None:
    fields = {name: options[name] for name in options if name.isupper()}
    named = {name: options[name] for name in options if not name.isupper()}
    with pytest.raises(error):
        send_file(environ(**fields), file, **{"mimetype": "text/plain", **named})
    assert file.closed


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"HTTP_IF_MATCH": "*"}, 200),
        ({"HTTP_IF_MATCH": '"a"'}, None),
        ({"HTTP_IF_MATCH": '""'}, None),
        ({"HTTP_IF_NONE_MATCH": "*"}, 304),
        ({"HTTP_IF_NONE_MATCH": '"a", ""'}, 200),
        ({"HTTP_RANGE": "bytes=0-1", "HTTP_IF_RANGE": '"a"'}, 200),
        ({"HTTP_RANGE": "bytes=0-1"}, 206),
    ],
)
def test_a_file_without_validators_is_there_and_equals_no_other(
    fields: dict[str, str], status: int | None
) -> None:
    def answer() -> Response:
        return send_file(environ(**fields), io.BytesIO(SMALL), mimetype="text/plain")

    if status is None:
        with pytest.raises(PreconditionFailed):
            answer()
    else:
        assert answer().status_code == status


@pytest.mark.parametrize(("tags", "ours", "flasks"), [('"a"', 200, 304), ("*", 304, 200)])
def test_a_file_without_a_tag_is_not_judged_by_its_date_where_tags_were_sent(
    tags: str, ours: int, flasks: int
) -> None:
    request = environ(HTTP_IF_NONE_MATCH=tags)
    if tags != "*":
        request["HTTP_IF_MODIFIED_SINCE"] = format_date(2_000)
    options: dict[str, Any] = {"mimetype": "text/plain", "last_modified": 1_000}
    assert send_file(request, io.BytesIO(SMALL), **options).status_code == ours
    with flask.Flask(__name__).request_context(request):
        assert flask.send_file(io.BytesIO(SMALL), **options).status_code == flasks


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_304_opens_nothing(directory: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    mimetypes.init()
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("os.open", refuse)
    request = environ(method, HTTP_IF_NONE_MATCH="*")
    assert send_from_directory(request, str(directory), "large.bin").status_code == 304


def refuse(*_: object, **__: object) -> NoReturn:
    raise AssertionError("opened")


class Watched(io.BytesIO):
    """Remembers how much it was asked for."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.sizes: list[int | None] = []

    def read(self, size: int | None = -1, /) -> bytes:
        self.sizes.append(size)
        return super().read(size)


def test_a_range_is_read_in_chunks_and_not_beyond_its_end() -> None:
    file = Watched(LARGE)
    last = 10 + CHUNK_SIZE
    request = environ(HTTP_RANGE=f"bytes=1-{last}")
    assert sent(send_file(request, file, mimetype="a/b"), request) == LARGE[1 : last + 1]
    assert file.sizes == [CHUNK_SIZE, 10]


def test_a_file_is_read_in_chunks() -> None:
    file = Watched(LARGE)
    assert b"".join(Chunks(file)) == LARGE
    assert set(file.sizes) == {CHUNK_SIZE}


def test_a_file_that_grows_is_cut_to_its_announced_length(directory: Path) -> None:
    response = send_from_directory(environ(), str(directory), "large.bin")
    with (directory / "large.bin").open("ab") as file:
        file.write(b"more")
    assert sent(response, environ()) == LARGE
    assert response.content_length == len(LARGE)


def test_a_raw_file_that_reads_less_than_it_is_asked_is_sent_whole() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 7))

    request = environ(HTTP_RANGE="bytes=3-17")
    assert sent(send_file(request, Slow(SMALL), mimetype="a/b"), request) == SMALL[3:18]


def test_a_file_of_which_the_system_gives_less_than_it_is_asked_is_sent_whole(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = os.read
    monkeypatch.setattr(os, "read", lambda descriptor, size: read(descriptor, min(size, 7)))
    request = environ()
    assert sent(send_from_directory(request, str(directory), "small.css"), request) == SMALL


class Wrapper:
    """A server's own way to send a file."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.file = file
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("PEP 3333: the server looks at the class and uses the file")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_large_file_is_handed_to_the_server_as_it_is(directory: Path, method: str) -> None:
    request = with_wrapper(environ(method), Wrapper)
    response = send_from_directory(request, str(directory), "large.bin")
    body = response(request, lambda status, fields, exc_info=None: bytes)
    assert isinstance(body, Wrapper)
    assert body.file.read() == LARGE
    close(body)
    assert body.file.closed


@pytest.mark.parametrize("name", ["small.css", "large.bin"])
def test_a_range_is_not_handed_to_the_server(directory: Path, name: str) -> None:
    request = with_wrapper(environ(HTTP_RANGE="bytes=1-70000"), Wrapper)
    response = send_from_directory(request, str(directory), name)
    assert sent(response, request) == (directory / name).read_bytes()[1:70_001]


def test_a_small_file_holds_no_descriptor_while_it_is_sent(directory: Path) -> None:
    before = descriptors()
    response = send_from_directory(environ(), str(directory), "small.css")
    assert descriptors() == before
    assert sent(response, environ()) == SMALL


def test_a_file_that_changes_gets_another_tag(directory: Path) -> None:
    def tag() -> str | None:
        return send_from_directory(environ(), str(directory), "small.css").headers.get("ETag")

    first = tag()
    assert first == tag()
    (directory / "small.css").write_bytes(SMALL + b" ")
    second = tag()
    os.utime(directory / "small.css", (1, 1))
    assert len({first, second, tag()}) == 3


UNSERVABLE = {
    "nothing": "",
    "the directory": ".",
    "its parent": "..",
    "a directory": "folder",
    "a directory with a slash": "folder/",
    "a file outside": "../secret.txt",
    "a file outside, by a detour": "folder/../../secret.txt",
    "a neighbour whose name begins alike": "../static-secret/secret.txt",
    "an absolute path": "/etc/passwd",
    "two slashes": "//etc/passwd",
    "a file below a file": "small.css/a",
    "NUL": "small.css\0",
    "NUL before an extension": "small.css\0.txt",
    "a surrogate": "\ud800",
    "300 characters": "a" * 300,
    "10,000 characters": "a" * 10_000,
    "60,000 characters": "a" * 60_000,
    "5,000 parts": "a/" * 5_000,
    "a pipe": "pipe",
    "a link to nowhere": "nowhere",
    "a link to itself": "loop",
}


@pytest.mark.parametrize("name", UNSERVABLE.values(), ids=UNSERVABLE.keys())
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_what_is_no_file_of_the_directory_is_not_found(
    tmp_path: Path, name: str, method: str
) -> None:
    root = tmp_path / "static"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "static-secret").mkdir()
    (tmp_path / "static-secret" / "secret.txt").touch()
    (tmp_path / "secret.txt").touch()
    (root / "small.css").touch()
    (root / "nowhere").symlink_to("absent")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    with pytest.raises(NotFound):
        send_from_directory(environ(method), str(root), name)


def test_a_link_is_followed_as_flask_does(
    directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "a.txt"
    outside.write_bytes(b"outside")
    (directory / "link.txt").symlink_to(outside)
    assert sent(send_from_directory(environ(), str(directory), "link.txt"), environ()) == b"outside"


def test_a_file_that_vanishes_after_its_stat_is_not_found(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("small.css", "large.bin"):
        with monkeypatch.context() as patch:
            patch.setattr("os.stat", stat_and_then(os.stat, os.unlink))
            with pytest.raises(NotFound):
                send_from_directory(environ(), str(directory), name)


def stat_and_then(
    stat: Callable[[str], os.stat_result], act: Callable[[str], None]
) -> Callable[[str], os.stat_result]:
    def both(path: str) -> os.stat_result:
        found = stat(path)
        act(path)
        return found

    return both


@pytest.mark.parametrize("name", ["small.css", "large.bin"])
def test_a_forbidden_file_is_not_found(
    directory: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def forbid(*_: object, **__: object) -> NoReturn:
        raise PermissionError

    monkeypatch.setattr("os.open", forbid)
    monkeypatch.setattr("builtins.open", forbid)
    with pytest.raises(NotFound):
        send_from_directory(environ(), str(directory), name)


def test_too_many_open_files_is_our_fault_and_not_the_visitors(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhaust(*_: object, **__: object) -> NoReturn:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("os.open", exhaust)
    with pytest.raises(OSError, match="Too many"):
        send_from_directory(environ(), str(directory), "small.css")


@pytest.mark.parametrize(
    "field",
    [
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_UNMODIFIED_SINCE",
        "HTTP_IF_RANGE",
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_MATCH",
        "HTTP_RANGE",
    ],
)
@pytest.mark.parametrize(
    "value",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "9" * 5_000,
        f"bytes={'9' * 5_000}-",
        "\0",
        "é",
    ],
    ids=["an absurd date", "digits", "a range of digits", "NUL", "not ASCII"],
)
def test_nonsense_in_a_condition_is_never_an_error(directory: Path, field: str, value: str) -> None:
    for request in (
        environ(**{field: value}),
        environ(**{"HTTP_RANGE": "bytes=0-1", field: value}),
    ):
        try:
            status = send_from_directory(request, str(directory), "small.css").status_code
        except RequestedRangeNotSatisfiable:
            assert field == "HTTP_RANGE"
        except PreconditionFailed:
            assert field == "HTTP_IF_MATCH"
        else:
            assert status in {200, 206}


@pytest.mark.parametrize(
    ("directory", "path", "expected"),
    [
        ("/srv", "a.css", "/srv/a.css"),
        ("/srv/", "a.css", "/srv/a.css"),
        ("", "a.css", "./a.css"),
        ("/srv", "a//b/../c", "/srv/a/c"),
        ("/srv", "", "/srv"),
        ("/srv", "a/../../b", None),
        ("/srv", "..a", "/srv/..a"),
    ],
)
def test_a_name_is_normalised_before_it_is_joined(
    directory: str, path: str, expected: str | None
) -> None:
    assert safe_join(directory, path) == expected


def test_a_unit_may_have_blanks_around_it(directory: Path) -> None:
    asked = environ(HTTP_RANGE="bytes =0-1")
    assert send_from_directory(asked, str(directory), "small.css").status_code == 206


def test_a_file_of_one_whole_chunk_is_read_at_once(directory: Path) -> None:
    (directory / "chunk").write_bytes(bytes(CHUNK_SIZE))
    response = send_from_directory(environ(), str(directory), "chunk")
    assert isinstance(response.response, list)
