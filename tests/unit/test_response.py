from collections.abc import Callable, Iterator
from typing import Any

import pytest

from wsgi_from_scratch.headers import Headers
from wsgi_from_scratch.response import Response, abort, with_charset


def send(response: Response, method: str = "GET") -> Any:
    return response({"REQUEST_METHOD": method}, lambda *head: lambda data: None)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [200, 204, 304])
def test_a_stream_is_closed_whether_it_was_sent_or_not(method: str, status: int) -> None:
    closed = []

    def stream() -> Iterator[bytes]:
        try:
            yield b"a"
        finally:
            closed.append("stream")

    chunks = stream()
    response = Response(chunks, status)
    response.call_on_close(lambda: closed.append("callback"))
    body = send(response, method)
    next(iter(body), None)
    body.close()
    # A generator that was never begun has nothing to clean up.
    assert closed == (["stream", "callback"] if (method, status) == ("GET", 200) else ["callback"])
    assert next(chunks, None) is None


class Stream:
    """A body that remembers whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield b"a"

    def close(self) -> None:
        self.closed = True


def test_a_body_that_the_server_cannot_be_given_is_closed() -> None:
    def refuse(*head: object) -> Callable[[bytes], object]:
        raise ConnectionError

    refused, faulty = Stream(), Stream()
    with pytest.raises(ConnectionError):
        Response(refused)({"REQUEST_METHOD": "GET"}, refuse)
    with pytest.raises(ValueError, match="IPv6"):
        send(Response(faulty, 302, {"Location": "http://["}))
    assert (refused.closed, faulty.closed) == (True, True)


def test_a_stream_that_was_collected_is_closed() -> None:
    stream = Stream()
    assert Response(stream).data == b"a"
    assert stream.closed


def test_what_is_to_be_done_on_close_is_done_for_a_passed_through_body_too() -> None:
    stream, done = Stream(), []
    response = Response(stream, direct_passthrough=True)
    response.call_on_close(lambda: done.append(stream.closed))
    body = send(response)
    assert (b"".join(body), done) == (b"a", [])
    body.close()
    assert done == [True]


def test_a_passed_through_body_reaches_the_server_as_it_is() -> None:
    body = iter([b"a"])
    assert send(Response(body, direct_passthrough=True)) is body


def test_a_passed_through_body_can_be_read() -> None:
    assert Response(iter([b"a", b"b"]), direct_passthrough=True).data == b"ab"


@pytest.mark.parametrize("status", [200, 204, 304])
def test_a_response_stays_as_it_was_when_it_is_sent(status: int) -> None:
    fields = [("Location", "/"), ("Content-Type", "a/b"), ("Content-Length", "7")]
    for kept in (fields, fields[:2]):
        response = Response([b"a"], status, kept)
        send(response)
        assert response.headers.to_wsgi() == kept


@pytest.mark.parametrize(("text", "length"), [("7", 7), ("", None), ("a", None)])
def test_a_content_length_is_a_number_or_none(text: str, length: int | None) -> None:
    response = Response()
    response.headers["Content-Length"] = text
    assert response.content_length == length


def test_abort_raises_only_errors_there_are() -> None:
    with pytest.raises(LookupError):
        abort(200)


def test_fields_that_two_responses_are_made_from_stay_as_they_were() -> None:
    fields = Headers([("Cache-Control", "no-store")])
    first, second = Response(b"a", 200, fields), Response("b", 200, fields)
    first.set_cookie("session", "of one visitor")
    assert "Set-Cookie" not in second.headers
    assert fields.to_wsgi() == [("Cache-Control", "no-store")]


def test_what_is_left_for_the_end_is_done_then_and_in_order() -> None:
    done: list[int] = []
    response = Response("a")
    response.call_on_close(lambda: done.append(1))
    response.call_on_close(lambda: done.append(2))
    body = send(response)
    assert (b"".join(body), done) == (b"a", [])
    body.close()
    assert done == [1, 2]


def test_the_content_type_counts_before_the_media_type() -> None:
    assert Response("a", mimetype="text/plain", content_type="a/b").content_type == "a/b"


def test_blanks_before_a_parameter_are_no_part_of_the_media_type() -> None:
    assert Response("a", content_type="text/html ; charset=utf-8").mimetype == "text/html"


@pytest.mark.parametrize("kind", ["ecmascript", "javascript", "sql", "xml", "xml-dtd", "a+xml"])
def test_what_is_text_by_another_name_says_its_charset(kind: str) -> None:
    assert with_charset(f"application/{kind}") == f"application/{kind}; charset=utf-8"
