"""What was sent to break the two: each gets a 4xx, or is ignored, and both say so with the same bytes."""

import io
from collections.abc import Iterable
from typing import Any

import pytest

from comparison.exchange import Application, Exchange, Jar, exchange
from comparison.pair import Pair
from comparison.steps import (
    JSON,
    URLENCODED,
    Part,
    Step,
    get,
    multipart,
    post,
    send,
    send_in_process,
)
from comparison.study import differs
from comparison.wire import parse_request

pytestmark = pytest.mark.usefixtures("still")

LOGIN = b"username=kumar&password=kumar"


def nested(depth: int) -> bytes:
    inner = b"[" * depth + b"]" * depth
    return b'{"greeting": "a", "name": "b", "x": ' + inner + b"}"


CASES: dict[str, tuple[Step, str]] = {
    "a host that is no IPv6 address": (
        send("GET /shop", "Host: [a:b]", mounted_at="/shop"),
        "308 PERMANENT REDIRECT",
    ),
    "a range with a minus sign": (
        get("/css/hello.css", "Range: bytes=0--0"),
        "416 REQUESTED RANGE NOT SATISFIABLE",
    ),
    "two signs in another unit": (get("/css/hello.css", "Range: lines=0--0"), "200 OK"),
    "a part of another file": (
        get("/css/hello.css", 'If-Match: "other"', "Range: bytes=0-9"),
        "412 PRECONDITION FAILED",
    ),
    "a form of 16 MiB of percent signs": (
        post("/", URLENCODED, b"%" * 16 * 1024 * 1024),
        "413 REQUEST ENTITY TOO LARGE",
    ),
    "a form of a field too many": (
        post("/", URLENCODED, b"a&" * 1_000),
        "413 REQUEST ENTITY TOO LARGE",
    ),
    "a form with as many fields as may be": (post("/", URLENCODED, b"a&" * 999), "200 OK"),
    "JSON that is nested as deeply as may be": (
        post("/handle_js_post", JSON, nested(99)),
        "200 OK",
    ),
    "JSON that is nested too deeply": (
        post("/handle_js_post", JSON, nested(100)),
        "400 BAD REQUEST",
    ),
    "a part without a header, in a form that breaks off": (
        send(
            "POST /file_upload",
            "Content-Type: multipart/form-data; boundary=boundary",
            "Content-Length: 137",
            body=b"--boundary\n\n\n",
        ),
        "400 BAD REQUEST",
    ),
    "JSON in UTF-16 with half a quote in a letter": (
        post(
            "/handle_js_post", JSON, f'["\u2200",{"[" * 1000}{"]" * 1000},""]'.encode("utf-16-le")
        ),
        "400 BAD REQUEST",
    ),
    "JSON in UTF-32, which may be nested as well": (
        post("/handle_js_post", JSON, '{"greeting": "∀", "name": [[["b"]]]}'.encode("utf-32")),
        "400 BAD REQUEST",
    ),
    "JSON in UTF-16": (
        post("/handle_js_post", JSON, '{"greeting": "∀", "name": "[[["}'.encode("utf-16")),
        "200 OK",
    ),
    "JSON near Python's own limit": (
        post("/handle_js_post", JSON, nested(981)),
        "400 BAD REQUEST",
    ),
    "brackets in a text, which nest nothing": (
        post("/handle_js_post", JSON, b'{"greeting": "' + b"[" * 500 + b'\\"[", "name": "b"}'),
        "200 OK",
    ),
    "JSON of a megabyte": (
        post("/handle_js_post", JSON, b"[" * 1_000_000),
        "413 REQUEST ENTITY TOO LARGE",
    ),
    "an address as long as may be": (get("/hello/" + "a" * 7_993), "200 OK"),
    "an address that is too long": (get("/hello/" + "a" * 7_994), "414 REQUEST URI TOO LONG"),
    "an address of a megabyte": (get("/" + "/a" * 500_000), "414 REQUEST URI TOO LONG"),
    "a query of as many fields as may be": (get("/login?" + "a&" * 999), "200 OK"),
    "a query of a field too many": (get("/login?" + "a&" * 1_000), "400 BAD REQUEST"),
    "as many cookies as may be": (get("/", "Cookie: " + "a=b; " * 199 + "a=b"), "200 OK"),
    "a cookie too many": (
        get("/", "Cookie: " + "a=b; " * 200 + "a=b"),
        "431 REQUEST HEADER FIELDS TOO LARGE",
    ),
    # Werkzeug takes a time for it that grows with the square, so nobody may parse it.
    "a cookie of a megabyte of spaces": (
        get("/get_session_data", "Cookie: a=" + " " * 1_000_000 + "b"),
        "431 REQUEST HEADER FIELDS TOO LARGE",
    ),
    "a cookie too long on a page that does not exist": (
        get("/nowhere", "Cookie: a=" + "b" * 16_384),
        "431 REQUEST HEADER FIELDS TOO LARGE",
    ),
    "a form of another site for a host that is none": (
        post("/", URLENCODED, LOGIN, "Host: a..b", "Sec-Fetch-Site: cross-site"),
        "400 BAD REQUEST",
    ),
    "one line of a million fields": (
        post(
            "/file_upload",
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            + b"ab," * 1_000_000
            + b"\r\n--b--\r\n",
        ),
        "200 OK",
    ),
}


def both(pair: Pair, step: Step) -> tuple[Exchange, Exchange]:
    flask, scratch = (send_in_process(app, step, Jar()) for app in (pair.flask, pair.scratch))
    return flask, scratch


@pytest.mark.parametrize("name", CASES)
def test_both_answer_alike_and_none_breaks(name: str, pair: Pair) -> None:
    step, status = CASES[name]
    flask, scratch = both(pair, step)
    assert scratch.lines() == flask.lines()
    assert scratch.status == status


class Broken(Exception):
    """What a server raises when a chunk is none; of no common base."""


class BreaksOff(io.RawIOBase):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, size: int = -1, /) -> bytes:
        raise self.error


def served(application: Application, **changes: Any) -> Application:
    """The application behind a server that hands over another environ."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ.update(changes)
        return application({k: v for k, v in environ.items() if v is not None}, start_response)

    return answer


@pytest.mark.parametrize("error", [OSError(), ValueError(), Broken()])
@pytest.mark.parametrize("announced", [None, "29"])
@pytest.mark.parametrize("terminated", [None, True])
def test_a_stream_that_fails_is_a_client_that_left(
    error: Exception, announced: str | None, terminated: bool | None, pair: Pair
) -> None:
    changes = {
        "CONTENT_LENGTH": announced,
        "wsgi.input": BreaksOff(error),
        "wsgi.input_terminated": terminated,
    }
    request = parse_request(post("/", URLENCODED, LOGIN).raw)
    flask = exchange(served(pair.flask, **changes), request)
    scratch = exchange(served(pair.scratch, **changes), request)
    assert scratch.lines() == flask.lines()
    is_read = announced is not None or terminated is not None
    assert scratch.status == ("400 BAD REQUEST" if is_read else "200 OK")


class BreaksOffOnce:
    """As gunicorn's, which after a chunk that is none tells of an end."""

    def __init__(self, body: bytes) -> None:
        self.answers: list[bytes | Exception] = [body, OSError(), b""]

    def read(self, size: int = -1, /) -> bytes:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize("announced", [None, "4000"])
def test_a_form_is_not_whole_because_its_server_tells_of_the_failure_only_once(
    announced: str | None, pair: Pair
) -> None:
    whole = multipart("/", Part("username", b"kumar"), Part("password", b"kumar"))
    request = parse_request(whole.raw)
    changes: dict[str, Any] = {"CONTENT_LENGTH": announced, "wsgi.input_terminated": True}
    for application in (pair.flask, pair.scratch):
        changes["wsgi.input"] = BreaksOffOnce(request.body)
        assert exchange(served(application, **changes), request).status == "400 BAD REQUEST"


def test_a_body_that_ends_early_is_not_whole_however_the_server_marks_its_end(pair: Pair) -> None:
    changes = {
        "CONTENT_LENGTH": "4000",
        "wsgi.input": io.BytesIO(LOGIN),
        "wsgi.input_terminated": True,
    }
    request = parse_request(post("/", URLENCODED, LOGIN).raw)
    for application in (pair.flask, pair.scratch):
        changes["wsgi.input"] = io.BytesIO(LOGIN)
        assert exchange(served(application, **changes), request).status == "400 BAD REQUEST"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
def test_an_environ_without_a_path_is_the_home_page(method: str, pair: Pair) -> None:
    request = parse_request(send(f"{method} /").raw)
    flask = exchange(served(pair.flask, PATH_INFO=None), request)
    scratch = exchange(served(pair.scratch, PATH_INFO=None), request)
    assert not differs(flask, scratch)
    assert scratch.status == "200 OK"
