"""Applications are called as PEP 3333 asks, and what they do wrong is kept as a sentence."""

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from comparison.cookie import session_cookie
from comparison.exchange import LARGEST_COOKIE, Application, Exchange, Jar, exchange
from comparison.wire import parse_request

REQUEST = parse_request(b"POST /path HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody")
PLAIN = [("Content-Type", "text/plain")]


class Body:
    """A body that tells what became of it."""

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self.chunks = chunks
        self.error = error
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.closed += 1


def answer(application: Application) -> Exchange:
    return exchange(application, REQUEST)


def test_everything_is_kept() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["wsgi.errors"].write("noted\n")
        start_response("200 OK", [*PLAIN, ("X-A", "1"), ("X-A", "2")])
        return [environ["wsgi.input"].read(), b"", b"!"]

    kept = answer(application)
    assert kept.request is REQUEST
    assert kept.status == "200 OK"
    assert kept.headers == (*PLAIN, ("X-A", "1"), ("X-A", "2"))
    assert kept.body == b"body!"
    assert kept.errors == "noted\n"
    assert (kept.failure, kept.faults) == ("", ())
    assert kept.seconds > 0
    assert kept.header("x-a") == "1"
    assert kept.header("x-b") is None
    assert kept.lines() == [
        "HTTP/1.1 200 OK",
        "Content-Type: text/plain",
        "X-A: 1",
        "X-A: 2",
        "",
        "body!",
    ]


def test_what_is_written_goes_before_what_is_returned() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", PLAIN)
        write(b"first, ")
        return [b"second"]

    assert answer(application).body == b"first, second"


def test_start_response_may_be_called_by_the_first_step_of_the_body() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        yield b""
        start_response("200 OK", PLAIN)
        yield b"late"

    kept = answer(application)
    assert (kept.status, kept.body, kept.faults) == ("200 OK", b"late", ())


@pytest.mark.parametrize("error", [None, OSError("disk")])
def test_the_body_is_closed_once_whatever_happens(error: Exception | None) -> None:
    body = Body(b"a", b"b", error=error)

    def application(environ: dict[str, Any], start_response: Any) -> Body:
        start_response("200 OK", PLAIN)
        return body

    kept = answer(application)
    assert kept.body == b"ab"
    assert kept.failure == ("OSError: disk" if error else "")
    assert body.closed == 1


def test_headers_can_be_replaced_while_nothing_was_sent() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("X-A", "1")])
        try:
            raise ValueError("oh")
        except ValueError:
            start_response("500 Oh", PLAIN, sys.exc_info())
        return [b"sorry"]

    kept = answer(application)
    assert (kept.status, kept.headers, kept.body) == ("500 Oh", tuple(PLAIN), b"sorry")
    assert kept.faults == ()


def test_headers_cannot_be_replaced_after_the_first_byte() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        yield b"half of it"
        try:
            raise ValueError("oh")
        except ValueError:
            start_response("500 Oh", PLAIN, sys.exc_info())
        yield b"never sent"

    kept = answer(application)
    assert (kept.status, kept.body) == ("200 OK", b"half of it")
    assert kept.failure == "ValueError: oh"


def test_an_exception_is_a_part_of_the_answer() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise RuntimeError("no answer")

    kept = answer(application)
    assert (kept.status, kept.failure, kept.faults) == ("", "RuntimeError: no answer", ())
    assert kept.lines()[-1] == "[the application raised RuntimeError: no answer]"


def test_faults_are_sentences() -> None:
    def twice(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", PLAIN)
        start_response("200 OK", PLAIN)
        return []

    def never(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return []

    def early(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        yield b"too early"
        start_response("200 OK", PLAIN)

    assert answer(twice).faults == ("start_response was called twice without exc_info",)
    assert answer(never).faults == ("start_response was never called",)
    assert answer(early).faults == ("the body began before start_response was called",)
    assert "broke PEP 3333" in answer(never).lines()[-1]


@pytest.mark.parametrize(
    ("status", "headers", "shown", "faults"),
    [
        (b"200 OK", PLAIN, ("b'200 OK'", *PLAIN), ["the status is b'200 OK', which is no text"]),
        (None, PLAIN, ("None", *PLAIN), ["the status is None, which is no text"]),
        ("200", PLAIN, ("200", *PLAIN), ["the status is '200', and must read like 200 OK"]),
        ("", PLAIN, ("", *PLAIN), ["the status is '', and must read like 200 OK"]),
        ("299 ", PLAIN, ("299 ", *PLAIN), []),
        (
            "200 OK",
            [("Content-Length", 5), *PLAIN],
            ("200 OK", ("Content-Length", "5"), *PLAIN),
            ["the header Content-Length has the value 5, which is no text"],
        ),
        (
            "200 OK",
            [(b"A", "b")],
            ("200 OK", ("b'A'", "b")),
            ["the header b'A' has a name that is no text"],
        ),
        (
            "200 OK",
            [("A", "b", "c"), "ab", *PLAIN],
            ("200 OK", *PLAIN),
            [
                "the header ('A', 'b', 'c') is no tuple of name and value",
                "the header 'ab' is no tuple of name and value",
            ],
        ),
        (
            "200 OK",
            {"A": "b"},
            ("200 OK",),
            [
                "the headers are of type dict, and must be a list",
                "the header 'A' is no tuple of name and value",
            ],
        ),
        (
            "200 OK",
            (*PLAIN,),
            ("200 OK", *PLAIN),
            ["the headers are of type tuple, and must be a list"],
        ),
        ("200 OK", None, ("200 OK",), ["the headers are of type NoneType, and must be a list"]),
    ],
)
def test_a_head_that_is_no_text_is_a_fault_and_shown_as_text(
    status: object, headers: object, shown: tuple[object, ...], faults: list[str]
) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, headers)
        return [b"body"]

    kept = answer(application)
    assert (kept.status, *kept.headers) == shown
    assert (kept.body, kept.failure, list(kept.faults)) == (b"body", "", faults)


@pytest.mark.parametrize(
    ("body", "kept", "fault"),
    [
        (["a", b"b", "c"], b"b", "the body has a piece of type str, and must be of bytes"),
        (b"abc", b"", "the body has a piece of type int, and must be of bytes"),
        ([None], b"", "the body has a piece of type NoneType, and must be of bytes"),
        (
            None,
            b"",
            "the application returned a value of type NoneType, and must return an iterable of bytes",
        ),
    ],
)
def test_a_body_that_is_not_of_bytes_is_a_fault_that_is_told_once(
    body: Any, kept: bytes, fault: str
) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", PLAIN)
        return body

    seen = answer(application)
    assert (seen.body, seen.failure, seen.faults) == (kept, "", (fault,))


def test_what_is_written_must_be_bytes_as_well() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", PLAIN)("text")
        return [b"body"]

    kept = answer(application)
    assert kept.faults == ("the body has a piece of type str, and must be of bytes",)
    assert (kept.body, kept.failure) == (b"body", "")


def test_an_empty_status_starts_the_answer_as_well() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("", PLAIN)
        start_response("200 OK", PLAIN)
        return []

    assert answer(application).faults == (
        "the status is '', and must read like 200 OK",
        "start_response was called twice without exc_info",
    )


def test_a_body_in_pieces_that_begins_too_early_is_told_once() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        yield from [b"a"] * 5
        start_response("200 OK", PLAIN)

    assert answer(application).faults == ("the body began before start_response was called",)


class Speechless(Exception):
    def __str__(self) -> str:
        raise ValueError("nothing to say")


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (SystemExit(0), "SystemExit: 0"),
        (SystemExit(), "SystemExit"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError("x"), "CancelledError: x"),
        (Speechless(), "Speechless"),
    ],
)
def test_no_exception_of_an_application_goes_further(error: BaseException, failure: str) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        yield b"a"
        raise error

    kept = answer(application)
    assert (kept.body, kept.failure) == (b"a", failure)


def test_whoever_interrupts_is_heard() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer(application)


def test_what_was_written_to_the_log_stays_when_the_application_closes_it() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with environ["wsgi.errors"] as errors:
            errors.write("noted\n")
        start_response("200 OK", PLAIN)
        return []

    assert answer(application).errors == "noted\n"


@pytest.mark.parametrize(
    ("chunks", "kept", "cut_off"),
    [
        ([b"all"], b"all", ""),
        ([b"a", b"b"], b"a", "the body went on after 0 s, and was cut off then"),
    ],
)
def test_a_body_that_comes_late_goes_on_only_if_another_piece_comes(
    chunks: list[bytes], kept: bytes, cut_off: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comparison.exchange.MOST_SECONDS", 0.0)

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", PLAIN)
        return chunks

    seen = answer(application)
    assert (seen.body, seen.cut_off) == (kept, cut_off)


def setting(*cookies: str) -> Exchange:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Set-Cookie", cookie) for cookie in cookies])
        return []

    return answer(application)


def test_a_jar_sends_what_it_was_given() -> None:
    jar = Jar()
    assert jar.fill(REQUEST) is REQUEST
    jar.keep(setting("a=1; Path=/; HttpOnly", "b=x=y"))
    jar.keep(setting("a=2"))
    assert jar.fill(REQUEST).header("Cookie") == "a=2; b=x=y"


def test_a_jar_forgets_what_has_expired() -> None:
    jar = Jar()
    jar.keep(setting("a=1", "b=2", "c=3"))
    jar.keep(setting("a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/", "b=; Max-Age=0"))
    assert jar.cookies == {"c": "3"}


@pytest.mark.parametrize("excess", [0, 1])
def test_a_jar_drops_what_is_shown_as_too_large(excess: int) -> None:
    head = "e30.aVcj5Q."
    value = head + "s" * (4096 - len("session") - len(head) + excess)
    answer = setting(f"session={value}; HttpOnly; Path=/")
    jar, cookie = Jar(), session_cookie(answer)
    jar.keep(answer)
    assert cookie is not None
    assert cookie.size == 4096 + excess
    assert (cookie.size > LARGEST_COOKIE) == (not jar.cookies) == bool(excess)


def test_a_request_that_brings_its_own_cookies_is_left_alone() -> None:
    jar = Jar()
    jar.keep(setting("a=1"))
    request = parse_request(b"GET / HTTP/1.1\r\nCookie: own=1\r\n\r\n")
    assert jar.fill(request) is request
