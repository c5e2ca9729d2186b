from collections.abc import Iterator
from typing import Any

import pytest

from wsgi_from_scratch.response import Response, abort


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


def test_a_passed_through_body_reaches_the_server_as_it_is() -> None:
    body = iter([b"a"])
    assert send(Response(body, direct_passthrough=True)) is body


def test_abort_raises_only_errors_there_are() -> None:
    with pytest.raises(LookupError):
        abort(200)
