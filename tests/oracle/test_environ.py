"""The same environ through Werkzeug's readers and through ours."""

import io
from typing import Any

import flask
import pytest
import werkzeug.wsgi
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import HTTPException as WerkzeugError
from werkzeug.test import create_environ, run_wsgi_app

from wsgi_from_scratch import environ as wsgi
from wsgi_from_scratch.errors import HTTPException

HOSTS = [
    "localhost",
    "LOCALHOST:80",
    "localhost:8000",
    "localhost:443",
    "localhost:0",
    "localhost:070",
    "localhost:65535",
    "localhost:65536",
    "localhost:99999",
    "localhost:",
    "[::1]",
    "[::1]:80",
    "[::1]:8080",
    "[::1",
    "[::ffff:127.0.0.1]:80",
    "127.0.0.1:5000",
    "a_b",
    "a b",
    "a/b",
    "a@b",
    "a\\b",
    "evil.example\t",
    "évil",
    "",
    "-",
]


@pytest.mark.parametrize("scheme", ["http", "https", "ws", "wss"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_read_the_same(host: str, scheme: str) -> None:
    environ = create_environ() | {"HTTP_HOST": host, "wsgi.url_scheme": scheme}
    assert wsgi.request_host(environ).text == werkzeug.wsgi.get_host(environ)


@pytest.mark.parametrize(
    ("name", "port"),
    [("h", "80"), ("h", "81"), ("::1", "80"), ("[::1]", "9"), ("h", "x"), ("h", ""), (None, "80")],
)
def test_without_a_host_field_the_server_names_itself(name: str | None, port: str) -> None:
    environ = create_environ() | {"SERVER_NAME": name, "SERVER_PORT": port}
    del environ["HTTP_HOST"]
    if name is None:
        del environ["SERVER_NAME"]
    assert wsgi.request_host(environ).text == werkzeug.wsgi.get_host(environ)


@pytest.mark.parametrize("host", ["a" * 64, "a..b", ".", ".a", "a" * 64 + ":80"])
def test_a_name_that_cannot_be_a_host_is_a_bad_request_in_both(host: str) -> None:
    environ = create_environ() | {"HTTP_HOST": host}
    assert run_wsgi_app(flask.Flask("x"), environ)[1] == "400 BAD REQUEST"
    assert not wsgi.request_host(environ).is_a_name
    assert wsgi.request_host(environ).text == werkzeug.wsgi.get_host(environ)


@pytest.mark.parametrize("host", ["localhost", "a" * 63, "a" * 63 + ":80", "[::1]:80", "a b", ""])
def test_any_other_host_has_the_answer_that_the_path_has_in_both(host: str) -> None:
    environ = create_environ() | {"HTTP_HOST": host}
    assert run_wsgi_app(flask.Flask("x"), environ)[1] == "404 NOT FOUND"
    assert wsgi.request_host(environ).is_a_name


FIELDS = {
    "CONTENT_TYPE": "text/plain",
    "CONTENT_LENGTH": "0",
    "HTTP_X_REQUEST_ID": "7",
    "HTTP_ACCEPT": "",
    "REQUEST_METHOD": "GET",
}


@pytest.mark.parametrize(
    "name",
    ["Content-Type", "content-length", "x-request-id", "ACCEPT", "Cookie", "Request-Method"],
)
def test_a_field_is_found_in_the_environ_the_same(name: str) -> None:
    ours, theirs = wsgi.EnvironHeaders(FIELDS), EnvironHeaders(FIELDS)
    assert ours.get(name) == theirs.get(name)
    assert ours.get(name, "none") == theirs.get(name, "none")
    assert (name in ours) == (name in theirs)


@pytest.mark.parametrize(
    "coding", [None, "chunked", "gzip, Chunked", "identity", 'x="a, chunked, b"', 'x="chunked']
)
@pytest.mark.parametrize(
    "length",
    [
        None,
        "",
        "0",
        "5",
        " 5 ",
        "+5",
        "-5",
        "5_0",
        "\N{ARABIC-INDIC DIGIT FIVE}",
        "5.0",
        "0x5",
        "1e3",
        "5,5",
        "9" * 20,
        "9" * 30,
        "9" * 4300,
        "9" * 5000,
    ],
)
def test_an_announced_length_is_read_the_same(length: str | None, coding: str | None) -> None:
    environ: dict[str, Any] = {"CONTENT_LENGTH": length, "HTTP_TRANSFER_ENCODING": coding}
    environ = {key: value for key, value in environ.items() if value is not None}
    assert wsgi.content_length(environ) == werkzeug.wsgi.get_content_length(environ)


@given(
    data=st.binary(max_size=40),
    length=st.one_of(st.none(), st.integers(-1, 40)),
    limit=st.integers(0, 40),
    sizes=st.lists(st.sampled_from([-1, 1, 2, 5, 12]), max_size=6),
)
def test_a_body_of_announced_length_reads_the_same(
    data: bytes, length: int | None, limit: int, sizes: list[int]
) -> None:
    def read(open_body: Any, error: type[Exception]) -> tuple[list[bytes], int | None, int]:
        source = io.BytesIO(data)
        environ: dict[str, Any] = {"wsgi.input": source}
        if length is not None:
            environ["CONTENT_LENGTH"] = str(length)
        pieces: list[bytes] = []
        try:
            stream = open_body(environ, max_content_length=limit)
            pieces += [stream.read(size) for size in [*sizes, -1]]
        except error as refused:
            return pieces, refused.code, source.tell()  # type: ignore[attr-defined]  # both errors have a code
        return pieces, None, source.tell()

    assert read(wsgi.body, HTTPException) == read(werkzeug.wsgi.get_input_stream, WerkzeugError)


@pytest.mark.parametrize(
    ("connection", "upgrade"),
    [
        ("upgrade", "websocket"),
        ("keep-alive, Upgrade", "WebSocket"),
        ("close", "websocket"),
        ("upgrade", "h2c"),
        ("", ""),
    ],
)
def test_a_wish_for_a_websocket_is_recognised_the_same(connection: str, upgrade: str) -> None:
    environ = create_environ() | {"HTTP_CONNECTION": connection, "HTTP_UPGRADE": upgrade}
    app = flask.Flask("x")
    with app.request_context(environ):
        adapter = app.url_map.bind_to_environ(environ)
    assert wsgi.wants_websocket(environ) == adapter.websocket
