import io

import pytest
from werkzeug.test import create_environ

from flask_version.app import StrictRequest
from wsgi_from_scratch import environ as wsgi
from wsgi_from_scratch.errors import ClientDisconnected, HTTPException, RequestEntityTooLarge


class Socket(io.RawIOBase):
    """A stream that, like a socket, must never be asked for more than there is: it would wait for ever."""

    def __init__(self, data: bytes, chunk: int = 1_000_000) -> None:
        self.data = data
        self.chunk = chunk

    def read(self, size: int = -1, /) -> bytes:
        if size < 0 or not self.data:
            raise AssertionError("this read would never return")
        data, self.data = self.data[: min(size, self.chunk)], self.data[min(size, self.chunk) :]
        return data


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_the_next_request_on_the_connection_is_left_alone(chunk: int) -> None:
    socket = Socket(b"a=1GET / HTTP/1.1", chunk)
    body = wsgi.body({"wsgi.input": socket, "CONTENT_LENGTH": "3"}, 100)
    assert body.read() == b"a=1"
    assert body.read(5) == b""
    assert socket.data == b"GET / HTTP/1.1"


def test_to_read_nothing_takes_nothing() -> None:
    body = wsgi.body({"wsgi.input": Socket(b"abc"), "CONTENT_LENGTH": "3"}, 100)
    assert body.read(0) == b""
    assert body.read() == b"abc"


def test_without_a_length_nothing_is_read() -> None:
    assert wsgi.body({"wsgi.input": Socket(b"never")}, 100).read() == b""


def test_a_body_that_ends_early_is_not_taken_for_whole() -> None:
    body = wsgi.body({"wsgi.input": io.BytesIO(b"abc"), "CONTENT_LENGTH": "4"}, 100)
    with pytest.raises(ClientDisconnected):
        body.read()


def test_a_client_that_leaves_is_a_bad_request() -> None:
    class Gone(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            raise ConnectionResetError

    with pytest.raises(ClientDisconnected):
        wsgi.body({"wsgi.input": Gone(), "CONTENT_LENGTH": "4"}, 100).read()


class Giving:
    """A stream that gives the same each time."""

    def __init__(self, given: object) -> None:
        self.given = given

    def read(self, size: int = -1, /) -> object:
        return self.given


@pytest.mark.parametrize("given", [None, "text"])
def test_a_server_that_gives_no_bytes_is_a_client_that_left(given: object) -> None:
    environ = {"wsgi.input": Giving(given), "wsgi.input_terminated": True}
    with pytest.raises(ClientDisconnected):
        wsgi.body(environ, 10).read()


@pytest.mark.parametrize("given", [b"abc", bytearray(b"abc"), memoryview(b"abc")])
def test_bytes_of_any_kind_are_a_body(given: object) -> None:
    body = wsgi.body({"wsgi.input": Giving(given), "CONTENT_LENGTH": "6"}, 10)
    assert body.read() == b"abcabc"


@pytest.mark.parametrize(
    "coding", ['"chunked"', 'x="a, chunked, b"', '"a,chunked', 'x="\\", chunked"']
)
def test_a_coding_in_quotes_is_none(coding: str) -> None:
    environ = {"CONTENT_LENGTH": "5", "HTTP_TRANSFER_ENCODING": coding}
    assert wsgi.content_length(environ) == 5
    assert StrictRequest(create_environ() | environ).content_length == 5


def test_an_announced_body_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(RequestEntityTooLarge):
        wsgi.body({"wsgi.input": Socket(b"x"), "CONTENT_LENGTH": "101"}, 100)


@pytest.mark.parametrize(("size", "refused"), [(0, False), (99, False), (100, False), (101, True)])
@pytest.mark.parametrize("read_size", [-1, 1, 64])
def test_an_unannounced_body_is_whole_or_refused(size: int, refused: bool, read_size: int) -> None:
    environ = {"wsgi.input": io.BytesIO(b"x" * size), "wsgi.input_terminated": True}
    body = wsgi.body(environ, 100)

    def read() -> bytes:
        return b"".join(iter(lambda: body.read(read_size), b""))

    if refused:
        with pytest.raises(RequestEntityTooLarge):
            read()
    else:
        assert read() == b"x" * size


@pytest.mark.parametrize(
    ("path_info", "path"),
    [
        ("/caf\xc3\xa9", "/café"),
        ("/\xff", "/\N{REPLACEMENT CHARACTER}"),
        ("//a//b", "/a//b"),
        ("a", "/a"),
        ("", "/"),
    ],
)
def test_a_path_is_decoded_once_and_begins_with_one_slash(path_info: str, path: str) -> None:
    assert wsgi.request_path({"PATH_INFO": path_info}) == path


@pytest.mark.parametrize(
    ("mount", "prefix"), [("/caf\xc3\xa9", "/café"), ("/a/", "/a"), ("/", ""), ("", "")]
)
def test_a_mount_is_decoded_once_and_ends_without_a_slash(mount: str, prefix: str) -> None:
    assert wsgi.script_name({"SCRIPT_NAME": mount}) == prefix


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_scheme_is_the_one_that_the_server_saw(scheme: str) -> None:
    assert wsgi.url_scheme({"wsgi.url_scheme": scheme}) == scheme


@pytest.mark.parametrize("host", ["[::1::]", "[1.2.3.4]", "[a.b]", "[:]"])
def test_what_stands_in_brackets_and_is_no_ipv6_address_is_no_host(host: str) -> None:
    assert wsgi.request_host({"HTTP_HOST": host}).text == ""


def test_an_environ_with_nothing_in_it_is_enough() -> None:
    assert wsgi.request_path({}) == "/"
    assert wsgi.script_name({}) == wsgi.request_host({}).text == ""
    assert wsgi.url_scheme({}) == "http"
    assert wsgi.content_length({}) is None


def test_both_errors_of_a_body_have_an_answer() -> None:
    assert all(
        issubclass(error, HTTPException) for error in (ClientDisconnected, RequestEntityTooLarge)
    )
