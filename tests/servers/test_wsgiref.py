"""What ``tutorial.server`` makes of wsgiref."""

import io
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.conftest import APPLICATIONS
from tests.servers.running import PATIENCE, ROOT, Site, running
from tutorial.errors import SettingsError
from tutorial.server import (
    IDLE_TIMEOUT,
    MAX_REQUEST_LINE,
    RequestHandler,
    Server,
    UnreadBody,
    port_number,
    serve,
)

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from _typeshed import WriteableBuffer

RECORDED = ROOT / "tests" / "fuzz" / "corpus" / "requests"
"""Requests; those whose name begins so were sent by a browser, and ``*`` stands for the length of their body."""


class Recorder:
    """An application that keeps each environment and body, and answers by the path: ``/404`` with that status."""

    def __init__(self) -> None:
        self.environs: list[WSGIEnvironment] = []
        self.bodies: list[bytes] = []
        self.answer = b"a body"

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        self.environs.append(environ)
        status = environ["PATH_INFO"].strip("/") or "200"
        if status == "413":  # the one that does not look at the body
            self.bodies.append(b"")
        else:
            self.bodies.append(environ["wsgi.input"].read() + environ["wsgi.input"].read(10))
        start_response(f"{status} As Asked", [("ETag", '"x"')])
        return [self.answer] if self.answer else []


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(params=["127.0.0.1", "::1"])
def server(request: pytest.FixtureRequest, recorder: Recorder) -> Iterator[Server]:
    try:
        server = Server(request.param, 0, recorder)
    except OSError as error:
        pytest.skip(f"no {request.param} on this machine: {error}")
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def exchange(server: Server, raw: bytes, *, leave: bool = False) -> tuple[list[str], bytes]:
    """Send bytes, and give the lines of the answer's head and its body; ``leave`` ends the sending early."""
    return exchange_at((server.server_name, server.server_port), raw, leave=leave)


def exchange_at(
    address: tuple[str, int], raw: bytes, *, leave: bool = False
) -> tuple[list[str], bytes]:
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(raw)
        if leave:
            connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            head, _, body = answer.read().partition(b"\r\n\r\n")
    return head.decode("latin-1").split("\r\n"), body


def test_reading_to_the_end_stops_at_the_end_of_the_body(
    server: Server, recorder: Recorder
) -> None:
    head, _ = exchange(
        server, b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n\r\n"
    )
    assert head[0] == "HTTP/1.0 200 As Asked"
    assert recorder.bodies == [b"hello"]


def test_without_a_length_there_is_no_body(server: Server, recorder: Recorder) -> None:
    exchange(server, b"POST / HTTP/1.1\r\n\r\nhello")
    assert recorder.bodies == [b""]


def test_a_client_that_stops_sending_ends_the_body(server: Server, recorder: Recorder) -> None:
    exchange(server, b"POST / HTTP/1.1\r\nContent-Length: 500\r\n\r\nhello", leave=True)
    assert recorder.bodies == [b"hello"]


def test_a_client_that_falls_silent_ends_the_body(
    server: Server, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RequestHandler, "timeout", 0.1)
    exchange(server, b"POST / HTTP/1.1\r\nContent-Length: 500\r\n\r\nhello")
    assert recorder.bodies == [b"hello"]


def test_an_answer_ends_even_when_the_client_still_owes_its_body(server: Server) -> None:
    """The test would run into its time-out: the client waits for the end of the answer, the server for the body."""
    _, body = exchange(server, b"POST /413 HTTP/1.1\r\nContent-Length: 500\r\n\r\nhello")
    assert body == b"a body"


def test_an_answer_reaches_a_client_whose_body_nobody_read(server: Server) -> None:
    length = 20_000_000
    head, body = exchange(
        server, b"POST /413 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length
    )
    assert (head[0], body) == ("HTTP/1.0 413 As Asked", b"a body")


def test_a_refusal_reaches_a_client_that_sends_on(server: Server) -> None:
    head, page = exchange(server, b"GET / HTTP/1.1\r\nX a\r\n\r\n" + b"x" * 20_000_000)
    assert head[0] == "HTTP/1.0 400 Bad Request"
    assert b"400 - " in page


def test_a_client_that_resets_its_connection_ends_the_body() -> None:
    class Reset(io.BytesIO):
        def readinto1(self, _: "WriteableBuffer", /) -> int:
            raise ConnectionResetError

    body = UnreadBody(Reset(), 500)
    assert body.read(10) == b""
    assert body.left == 0


def test_of_a_body_that_nobody_read_only_so_much_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tutorial.server.MAX_DRAINED", 100_000)
    connection = io.BytesIO(bytes(200_000))
    UnreadBody(connection, 200_000).drain()
    assert connection.tell() == 100_000


def test_a_request_line_may_have_all_the_bytes_that_it_may(
    server: Server, recorder: Recorder
) -> None:
    start, end = b"GET /200?", b" HTTP/1.1\r\n"
    query = b"a" * (MAX_REQUEST_LINE - len(start + end))
    head, _ = exchange(server, start + query + end + b"\r\n")
    assert head[0] == "HTTP/1.0 200 As Asked"
    assert recorder.environs[0]["QUERY_STRING"] == query.decode()


@pytest.mark.parametrize("server", ["127.0.0.1"], indirect=True)
@pytest.mark.parametrize("before", [b"", b"\r\n"])
def test_a_request_line_without_an_end_is_refused_when_it_is_too_long(
    server: Server, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    monkeypatch.setattr(RequestHandler, "timeout", 5.0)
    head, _ = exchange(server, before + b"a" * (MAX_REQUEST_LINE + 1))
    assert head[0] == "HTTP/1.0 414 Request-URI Too Long"


def test_a_client_that_says_nothing_is_left_without_a_word(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert RequestHandler.timeout == IDLE_TIMEOUT
    monkeypatch.setattr(RequestHandler, "timeout", 0.1)
    assert exchange(server, b"") == ([""], b"")
    assert capsys.readouterr().err == ""


def test_a_client_that_leaves_before_its_answer_is_left_without_a_word(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def leave(handler: RequestHandler, _: UnreadBody) -> None:
        os.close(handler.connection.detach())

    monkeypatch.setattr(RequestHandler, "exchange", leave)
    exchange(server, b"GET / HTTP/1.1\r\n\r\n")
    assert capsys.readouterr().err == ""


def test_a_fault_of_the_server_itself_is_reported(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RequestHandler, "exchange", fail)
    exchange(server, b"GET / HTTP/1.1\r\n\r\n")
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_closing_does_not_wait_for_a_client_that_stays(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RequestHandler, "timeout", 5.0)
    threads = set(threading.enumerate())
    server = Server("127.0.0.1", 0, recorder)
    with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
        server.handle_request()
        (thread,) = set(threading.enumerate()) - threads
        server.server_close()
        assert thread.is_alive()
        connection.shutdown(socket.SHUT_RDWR)
        thread.join()


NO_HEADS = {
    "a CR in a value": b"X: a\rSet-Cookie: b\r\n\r\n",
    "a CR before a name": b"\rX: a\r\n\r\n",
    "a CR before the line end": b"X: a\r\r\n\r\n",
    "a space before the colon": b"Content-Length : 5\r\n\r\nhello",
    "a tab before the colon": b"X\t: a\r\n\r\n",
    "a line that goes on": b"X: a\r\n b\r\n\r\n",
    "a first line that goes on": b" X: a\r\n\r\n",
    "a line of white space": b"X: a\r\n \r\n\r\n",
    "NUL in a value": b"X: a\0b\r\n\r\n",
    "NUL in a name": b"X\0: a\r\n\r\n",
    "no colon": b"X a\r\n\r\n",
    "no colon, as e-mail has it": b"From somebody\r\n\r\n",
    "no name": b": a\r\n\r\n",
    "a space in a name": b"X Y: a\r\n\r\n",
    "a bracket in a name": b"X(Y: a\r\n\r\n",
    "a name beyond ASCII": b"\xc3\x84: a\r\n\r\n",
    "an end before the empty line": b"X: a\r\n",
    "an end in a value": b"X: a",
    "an end in a name": b"X",
    "an end before any field": b"",
}
"""What follows the request line, where a head is none."""

UNREADABLE = {
    **{name: (b"GET / HTTP/1.1\r\n" + rest, "400") for name, rest in NO_HEADS.items()},
    "an end in the request line": (b"GET / HTTP/1.1", "400"),
    "no request line": (b"hello\r\n\r\n", "400"),
    "a version that is none": (b"GET / HTTP/x\r\n\r\n", "400"),
    "a version to come": (b"GET / HTTP/2.0\r\n\r\n", "505"),
    "a version without status lines": (b"GET / HTTP/0.9\r\n\r\n", "505"),
    "a version without status lines, and too many words": (b"GET / a HTTP/0.9\r\n\r\n", "400"),
    **{
        name: (b"POST / HTTP/1.1\r\n" + fields + b"\r\n\r\nhello", status)
        for name, fields, status in (
            ("a length with a sign", b"Content-Length: +5", "400"),
            ("a length below zero", b"Content-Length: -5", "400"),
            ("a length with an underscore", b"Content-Length: 5_0", "400"),
            ("a length without digits", b"Content-Length:", "400"),
            ("a length of 5,000 digits", b"Content-Length: " + b"9" * 5000, "400"),
            ("two lengths", b"Content-Length: 5\r\nContent-Length: 6", "400"),
            ("a list of lengths", b"Content-Length: 5, 5", "400"),
            ("chunks", b"Transfer-Encoding: chunked", "501"),
            ("length and chunks", b"Content-Length: 5\r\nTransfer-Encoding: chunked", "400"),
            ("too many fields", b"\r\n".join([b"X: a"] * 101), "431"),
            ("too long a field", b"X: " + b"a" * 70_000, "431"),
        )
    },
    "too long a request line": (b"GET /" + b"a" * MAX_REQUEST_LINE + b" HTTP/1.1\r\n\r\n", "414"),
}
"""Whole requests, and the status of the answer to each."""


@pytest.mark.parametrize("server", ["127.0.0.1"], indirect=True)
@pytest.mark.parametrize(("raw", "status"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_refused_before_the_application(
    server: Server, recorder: Recorder, raw: bytes, status: str
) -> None:
    head, page = exchange(server, raw, leave=True)
    assert head[0] == f"HTTP/1.0 {status} {HTTPStatus(int(status)).phrase}"
    assert re.search(rf"{status} - .+ .+", page.decode())
    assert "Python" not in "".join(head)
    assert recorder.environs == []


@pytest.fixture(scope="module", params=APPLICATIONS)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    command = [sys.executable, "-m", request.param, "--port=0"]
    with running(command, tmp_path_factory.mktemp("server")) as site:
        yield site


@pytest.mark.parametrize("rest", NO_HEADS.values(), ids=NO_HEADS)
def test_a_head_that_is_none_starts_no_session(site: Site, rest: bytes) -> None:
    head, page = exchange_at(
        (site.host, site.port), b"GET /set_session_data HTTP/1.1\r\n" + rest, leave=True
    )
    assert head[0] == "HTTP/1.0 400 Bad Request"
    assert b"400 - The head of a request is lines of a name, a colon and a value" in page
    assert "Set-Cookie" not in "".join(head)


@pytest.mark.parametrize("server", ["127.0.0.1"], indirect=True)
@pytest.mark.parametrize(
    ("fields", "environ"),
    [
        (b"X: \t a b\t c \t ", {"HTTP_X": "a b\t c"}),
        (b"X:a", {"HTTP_X": "a"}),
        (b"X:\r\nY: ", {"HTTP_X": "", "HTTP_Y": ""}),
        ("X: gr\u00fc\u00df\u00ff".encode("latin-1"), {"HTTP_X": "gr\u00fc\u00df\u00ff"}),
        ("X: gr\u00fc".encode(), {"HTTP_X": "gr\u00c3\u00bc"}),
        (b"X: a\x01\x7fb", {"HTTP_X": "a\x01\x7fb"}),
        (b'X: "a: b", <c>\nY: d', {"HTTP_X": '"a: b", <c>', "HTTP_Y": "d"}),
        (b"x!#$%&'*+-.^`|~9: a", {"HTTP_X!#$%&'*+_.^`|~9": "a"}),
        (b"X: a\r\nX: b", {"HTTP_X": "a,b"}),
        (b"X: " + b"a" * 60_000, {"HTTP_X": "a" * 60_000}),
        (
            b"Content-Type: a/b \r\nContent-Length:\t0\t",
            {"CONTENT_TYPE": "a/b", "CONTENT_LENGTH": "0"},
        ),
        (b"Content-Length: 0\r\nContent-Length: 0", {"CONTENT_LENGTH": "0"}),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, bytes) else "",
)
def test_a_field_that_is_right_though_unusual_arrives(
    server: Server, recorder: Recorder, fields: bytes, environ: dict[str, str]
) -> None:
    exchange(server, b"\r\nGET /200 HTTP/1.1\r\n" + fields + b"\r\n\r\n")
    (found,) = recorder.environs
    names = {"CONTENT_TYPE", "CONTENT_LENGTH"} & environ.keys()
    assert {
        name: value for name, value in found.items() if name.startswith("HTTP_") or name in names
    } == environ


@pytest.mark.parametrize("server", ["127.0.0.1"], indirect=True)
@pytest.mark.parametrize("file", sorted(RECORDED.glob("browser-*")), ids=lambda file: file.name)
def test_all_that_a_browser_sends_arrives(server: Server, recorder: Recorder, file: Path) -> None:
    head, end, body = file.read_bytes().partition(b"\r\n\r\n")
    head = head.replace(b"Content-Length: *", b"Content-Length: %d" % len(body))
    exchange(server, head + end + body)
    (environ,) = recorder.environs
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(": ")
        key = name.upper().replace("-", "_")
        assert environ.get(key, environ.get(f"HTTP_{key}")) == value
    assert recorder.bodies == [body]


def test_the_environment_holds_the_request_and_not_the_process(
    server: Server, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "a secret")
    exchange(
        server, b"GET /200?a=b HTTP/1.1\r\nHost: a\r\nX-Name: hyphen\r\nX_Name: underscore\r\n\r\n"
    )
    (environ,) = recorder.environs
    assert {name: value for name, value in environ.items() if name.startswith("HTTP_")} == {
        "HTTP_HOST": "a",
        "HTTP_X_NAME": "hyphen",
    }
    assert not environ.keys() & (os.environ.keys() | {"CONTENT_TYPE"})
    assert environ["wsgi.multithread"] is True
    assert (environ["QUERY_STRING"], environ["SERVER_NAME"]) == ("a=b", server.server_name)


@pytest.mark.parametrize("request_line", ["HEAD /200", "GET /204", "GET /304"])
@pytest.mark.parametrize("answer", [b"a body", b""])
def test_an_answer_without_a_body_gets_none_and_no_length(
    server: Server, recorder: Recorder, request_line: str, answer: bytes
) -> None:
    recorder.answer = answer
    head, body = exchange(server, f"{request_line} HTTP/1.1\r\n\r\n".encode())
    assert body == b""
    assert [line.partition(":")[0] for line in head[1:]] == ["Date", "Server", "ETag"]


def test_the_log_shows_control_characters_as_escapes(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange(server, b"GET /200?\x1b[31m\x9b HTTP/1.1\r\n\r\n")
    assert r'"GET /200?\x1b[31m\x9b HTTP/1.1" 200' in capsys.readouterr().err


def test_a_client_that_does_not_read_its_answer_is_left_without_a_word(
    server: Server,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(RequestHandler, "timeout", 0.1)
    recorder.answer = b"x" * 20_000_000
    threads = threading.active_count()
    with socket.create_connection((server.server_name, server.server_port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while not recorder.environs or threading.active_count() > threads:
            time.sleep(0.01)
    assert capsys.readouterr().err == ""


def test_a_fault_of_the_application_is_reported_and_answered(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    head, body = exchange(server, b"GET /nonsense HTTP/1.1\r\n\r\n")
    assert head[0] == "HTTP/1.0 500 Internal Server Error"
    assert b"nonsense" not in body
    assert "AssertionError" in capsys.readouterr().err


def test_the_url_of_an_ipv6_address_has_brackets(server: Server) -> None:
    host = {"127.0.0.1": "127.0.0.1", "::1": "[::1]"}[server.server_name]
    assert server.url == f"http://{host}:{server.server_port}/"


def test_a_taken_port_is_said_in_one_sentence(
    recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serve(lambda: recorder, "program", ["--port", str(port)]) == 2
    sentence = f"program: cannot listen on 127.0.0.1, port {port}: Address already in use.\n"
    assert capsys.readouterr() == ("", sentence)


def test_a_host_that_cannot_be_one_is_said_in_one_sentence(
    recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve(lambda: recorder, "program", ["--host", "a..b"]) == 2
    out, sentence = capsys.readouterr()
    assert (out, sentence.count("\n")) == ("", 1)
    assert sentence.startswith("program: cannot listen on a..b, port ")


@pytest.mark.parametrize("port", ["65536", "-1", "1_0", "http", ""])
def test_a_port_that_is_none_is_refused(
    recorder: Recorder, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        serve(lambda: recorder, "program", [f"--port={port}"])
    assert f"{port!r} is no port" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "65535"])
def test_the_first_and_the_last_port_are_ports(port: str) -> None:
    assert port_number(port) == int(port)


def test_a_bad_setting_is_said_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    def create_app() -> "WSGIApplication":
        raise SettingsError("SECRET_KEY is empty: give it a value, or leave it out.")

    assert serve(create_app, "program", ["--port=0"]) == 2
    assert capsys.readouterr() == (
        "",
        "program: SECRET_KEY is empty: give it a value, or leave it out.\n",
    )


@pytest.mark.parametrize("application", APPLICATIONS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_quietly_when_asked(
    application: str, number: signal.Signals, tmp_path: Path
) -> None:
    with running([sys.executable, "-m", application, "--port=0"], tmp_path, stop=number) as site:
        url = f"http://{site.host}:{site.port}/"
    assert site.log.read_text() == f"{application} answers at {url} (Ctrl-C stops it)\n"
