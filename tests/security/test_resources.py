"""What an attack may cost: files, memory and work that grow with what was sent, and not faster.

A test against quadratic work measures no time: it sends so much that the work would take minutes if it were quadratic.
"""

import gc
import os
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from comparison.exchange import exchange
from comparison.steps import (
    CSV,
    JSON,
    TEXT,
    URLENCODED,
    Part,
    Step,
    form,
    get,
    multipart,
    post,
    send,
    upload,
)
from comparison.wire import parse_request, to_environ
from tests.security.target import Target, served, status

MEBIBYTE = 1024 * 1024


def body_of(content: bytes) -> Step:
    return multipart("/", Part("file", content, "a"))


# Work


NEAR_MISSES = [
    b"\r", b"\n", b"\r\n", b"\n\r", b"\r\n--", b"\r\n--boundar", b"--boundary", b"-", b"\r\n-", b"\r\n--boundary-x",
]  # fmt: skip


@pytest.mark.parametrize("piece", NEAR_MISSES)
@pytest.mark.parametrize("first", [b"", b"\r\n"])
def test_what_nearly_ends_a_part_is_searched_once(
    piece: bytes, first: bytes, target: Target
) -> None:
    """Werkzeug before 3.0.1 and others searched all that had come again, for every piece of 64 KiB."""
    answer = target.ask(body_of(first + piece * (4 * MEBIBYTE // len(piece))))
    assert status(answer) in (200, 413)


@pytest.mark.parametrize("piece", [b"\r\n", b"a", b"-", b"--bounda", b"\r\n--boundar"])
def test_what_stands_around_the_parts_is_skipped_at_once(piece: bytes, target: Target) -> None:
    around = piece * (4 * MEBIBYTE // len(piece))
    part = b'--boundary\r\nContent-Disposition: form-data; name="username"\r\n\r\nkumar\r\n'
    kind = "multipart/form-data; boundary=boundary"
    for body in (around + b"\r\n" + part + b"--boundary--", part + b"--boundary--" + around):
        answer = target.ask(post("/", kind, body))
        assert status(answer) in (200, 413)
        assert answer.errors == ""


FIELDS: dict[str, str] = {
    "CONTENT_TYPE": "text/plain; a={}",
    "HTTP_COOKIE": "a={}",
    "HTTP_CONNECTION": "{}",
    "HTTP_HOST": "{}",
    "HTTP_IF_MODIFIED_SINCE": "{}",
    "HTTP_IF_NONE_MATCH": "{}",
    "HTTP_IF_RANGE": "{}",
    "HTTP_ORIGIN": "{}",
    "HTTP_RANGE": "bytes={}",
    "HTTP_SEC_FETCH_SITE": "{}",
    "HTTP_TRANSFER_ENCODING": "{}",
    "QUERY_STRING": "username={}",
}
PIECES = [";", ",", "a=", '"', "\\", '\\"', "-", "0", "%", " ", " a", "; a=b", "\xff"]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("key", FIELDS)
def test_a_field_of_128_kilobytes_is_read_once(key: str, piece: str, patient: Target) -> None:
    """Servers cut off long before: gunicorn at 8 KiB, the one of ``tutorial/server.py`` at 64 KiB."""
    field: dict[str, Any] = {key: FIELDS[key].replace("{}", piece * (MEBIBYTE // 8 // len(piece)))}
    step = get("/css/hello.css") if "IF" in key or "RANGE" in key else form("/", "a=b")
    patient.ask(step, **field)


@pytest.mark.parametrize("start", ["/", "/hello/", "/add/1/", "/css/", "/download/", "//"])
@pytest.mark.parametrize("piece", ["/", "a/", "../", "0", "%", "\\", " ", "\xff"])
def test_a_path_of_a_quarter_megabyte_is_read_once(start: str, piece: str, patient: Target) -> None:
    patient.ask(get("/"), PATH_INFO=start + piece * (MEBIBYTE // 4 // len(piece)))


@pytest.mark.parametrize("start", ["", "[" * 101, "[" * 101 + '"', '{"name": "'])
@pytest.mark.parametrize("piece", ["[", "[]", '"', '\\"', "\\\\", " ", "0", '"":', '"",'])
def test_json_of_a_megabyte_is_read_once(start: str, piece: str, patient: Target) -> None:
    body = start + piece * (MEBIBYTE // len(piece))
    assert status(patient.ask(post("/handle_js_post", JSON, body))) == 400


# Memory


@pytest.fixture
def peak(target: Target) -> Callable[[Step], int]:
    """Bytes that the thirstier application takes at most for a request, beyond the request itself."""

    def of_one(application: Any, environ: dict[str, Any]) -> int:
        tracemalloc.start()
        try:
            chunks = application(environ, lambda *_: None)
            for _ in chunks:
                pass
            if hasattr(chunks, "close"):
                chunks.close()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def of_both(step: Step) -> int:
        request = parse_request(step.raw)
        found = []
        for application in (target.flask, target.scratch):
            with open(os.devnull, "w") as nowhere:
                found.append(of_one(application, to_environ(request, nowhere)))
        return max(found)

    return of_both


PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
FIELD = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
KIND = "multipart/form-data; boundary=b"

Make = Callable[[int], Step]
BOMBS: dict[str, tuple[int, Make]] = {
    "parts of a form": (100_000, lambda n: post("/", KIND, FIELD * (n // len(FIELD)))),
    "heads of a part": (250_000, lambda n: post("/", KIND, b"--b\r\n" + b"A: b\r\n" * (n // 6))),
    "one head of a part": (250_000, lambda n: post("/", KIND, b"--b\r\nA: " + b"a" * n)),
    "text before the parts": (2 * MEBIBYTE, lambda n: post("/", KIND, b"a" * n)),
    "text behind the parts": (2 * MEBIBYTE, lambda n: post("/", KIND, b"--b--\r\n" + b"a" * n)),
    "a file": (2 * MEBIBYTE, lambda n: body_of(b"a" * n)),
    "a file of line ends": (2 * MEBIBYTE, lambda n: body_of(b"\r\n" * (n // 2))),
    "a field": (2 * MEBIBYTE, lambda n: multipart("/", Part("username", b"a" * n))),
    "a field that is small enough": (200_000, lambda n: multipart("/", Part("username", b"a" * n))),
    "an urlencoded form": (2 * MEBIBYTE, lambda n: post("/", URLENCODED, b"%" * n)),
    "an urlencoded form that is small enough": (60_000, lambda n: post("/", URLENCODED, b"%41" * (n // 3))),
    "urlencoded fields": (MEBIBYTE, lambda n: post("/", URLENCODED, b"a=b&" * (n // 4))),
    "JSON that is nested": (2 * MEBIBYTE, lambda n: post("/handle_js_post", JSON, b"[" * n)),
    "JSON that is small enough": (30_000, lambda n: post("/handle_js_post", JSON, b"[" * n)),
    "numbers in JSON": (30_000, lambda n: post("/handle_js_post", JSON, b"[" + b"0," * (n // 2) + b"0]")),
    "a query": (30_000, lambda n: get("/login?" + "&" * n)),
    "a query of fields": (30_000, lambda n: get("/login?" + "a=b&" * (n // 4))),
    "cookies": (30_000, lambda n: get("/get_custom_cookie", "Cookie: " + "a=b;" * (n // 4))),
    "a session": (30_000, lambda n: get("/get_session_data", "Cookie: session=" + "a" * n)),
    "ranges": (30_000, lambda n: get("/css/hello.css", "Range: bytes=" + "0-0," * (n // 4))),
    "entity tags": (30_000, lambda n: get("/css/hello.css", "If-None-Match: " + '"a",' * (n // 4))),
    "parameters of a type": (30_000, lambda n: post("/", "a/b" + ";a=b" * (n // 4), b"")),
    "a host": (30_000, lambda n: get("/", "Host: " + "a." * (n // 2))),
    "a path": (30_000, lambda n: get("/hello/" + "a" * n)),
}  # fmt: skip


@pytest.mark.parametrize(("size", "make"), BOMBS.values(), ids=BOMBS.keys())
def test_twice_as_much_takes_at_most_twice_the_memory(
    size: int, make: Make, peak: Callable[[Step], int]
) -> None:
    peak(make(1_000))  # what is kept from the first time on is no part of it
    once, twice = peak(make(size)), peak(make(2 * size))
    assert twice < 2.2 * once + 4 * size + 100_000
    assert twice < 24 * MEBIBYTE


# Files


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/dev/fd"))


CUT = parse_request(upload("/file_upload", "a.txt", TEXT, b"a" * MEBIBYTE).raw).body[:-1]

OPENED: dict[str, Step] = {
    "a file": get("/css/hello.css"),
    "a part of it": get("/css/hello.css", "Range: bytes=5-9"),
    "a part that is not there": get("/css/hello.css", "Range: bytes=999999-"),
    "no file, as the browser has it": get("/css/hello.css", "If-None-Match: *"),
    "only its fields": send("HEAD /css/hello.css"),
    "an upload": upload("/", "a.txt", TEXT, b"a" * MEBIBYTE),
    "an upload that is no table": upload("/convert_to_csv", "a", CSV, b"\0" * MEBIBYTE),
    "an upload that is cut off": post("/file_upload", "multipart/form-data; boundary=boundary", CUT),
    "an upload without an end": post("/file_upload", KIND, PART + b"a" * MEBIBYTE),
    "files too many": post("/file_upload", KIND, (PART + b"\r\n") * 1_001),
}  # fmt: skip


@pytest.mark.parametrize("step", OPENED.values(), ids=OPENED.keys())
def test_no_answer_leaves_a_file_open(step: Step, target: Target) -> None:
    before = descriptors()
    for _ in range(5):
        target.ask(step)
    assert descriptors() <= before


@pytest.mark.parametrize("step", OPENED.values(), ids=OPENED.keys())
def test_a_visitor_who_leaves_takes_nothing_with_him(step: Step, target: Target) -> None:
    """The server closes the body that nobody listens to; PEP 3333 makes it do so."""
    request = parse_request(step.raw)
    before = descriptors()
    for application in (target.flask, target.scratch):
        for _ in range(5):
            with open(os.devnull, "w") as nowhere:
                chunks: Any = application(to_environ(request, nowhere), lambda *_: None)
                close = getattr(chunks, "close", None)
                if close is not None:
                    close()
    assert descriptors() <= before


def test_a_fault_in_the_middle_of_an_upload_leaves_no_file_open(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutorial.settings.Settings.credentials_match", lambda *_: 1 // 0)
    before = descriptors()
    for _ in range(5):
        for application in (target.flask, target.scratch):
            answer = exchange(
                served(application, None, {}), parse_request(body_of(b"a" * MEBIBYTE).raw)
            )
            assert status(answer) == 500
            del answer
    assert descriptors() <= before + 2
