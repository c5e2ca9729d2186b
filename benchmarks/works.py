"""Works: the requests that are timed, which are those of the scenarios wherever there is one.

Before a request can be sent again and again there may have to be another one: a session must be set before it is
read, and a browser asks whether a file has changed only when it has it. So a work is a visit, of which the last step
is the one that is timed; each application is sent what its own answers lead to.
"""

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from comparison.exchange import Application, Exchange
from comparison.scenarios import SCENARIOS
from comparison.steps import Next, Part, Step, get, multipart, visit
from comparison.wire import to_environ

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE


BOUNDARY = "----WebKitFormBoundaryFtyoVb7NIN4ZPnvM"
"""As long as browsers make them, for the time of a search depends on the length of what is searched for."""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of request."""

    name: str
    steps: tuple[Step | Next, ...]


def _scenario(name: str, last: int = 0) -> tuple[Step | Next, ...]:
    """The steps of a scenario up to the one that is timed."""
    return SCENARIOS[name].steps[: last + 1]


def _ask_again(file: Exchange) -> Step:
    """What a browser sends for a file that it has: every validator that it was given."""
    lines = []
    if tag := file.header("ETag"):
        lines.append(f"If-None-Match: {tag}")
    if date := file.header("Last-Modified"):
        lines.append(f"If-Modified-Since: {date}")
    return get(file.request.target, *lines)


def _upload(size: int) -> tuple[Step]:
    """The form of the home page with a file behind its two fields.

    The view asks for the fields, so the file must be received and kept, and nothing is made of it afterwards.
    """
    content = random.Random(size).randbytes(size)
    return (
        multipart(
            "/",
            Part("username", b"kumar"),
            Part("password", b"kumar"),
            Part("file", content, "content.bin", "application/octet-stream"),
            boundary=BOUNDARY,
        ),
    )


def make_works() -> tuple[Work, ...]:
    """All works, made anew, for the uploads take some memory."""
    return (
        Work("hello", _scenario("hello")),
        Work("add", _scenario("add")),
        Work("query", _scenario("query")),
        Work("202", _scenario("status")),
        Work("redirect", _scenario("redirect")),
        Work("form", _scenario("form")),
        Work("set session", _scenario("session")),
        Work("get session", _scenario("session", 1)),
        Work("list page", _scenario("list")),
        Work("home page", _scenario("home")),
        Work("static 200", _scenario("static")),
        Work("static 304", (*_scenario("static"), _ask_again)),
        Work("404", (get("/nowhere"),)),
        Work("405", _scenario("method-not-allowed")),
        Work("JSON, stored", _scenario("json")),
        Work("upload 1 KiB", _upload(KIBIBYTE)),
        Work("upload 1 MiB", _upload(MEBIBYTE)),
        Work("upload 16 MiB", _upload(16 * MEBIBYTE)),
        Work("healthz", _scenario("health")),
    )


LARGEST_BODY = 17 * MEBIBYTE
"""Bytes; applications must take as much in one request."""


def repeat_last(application: Application, steps: tuple[Step | Next, ...]) -> Callable[[], None]:
    """Make the visit, and give a function that sends its last request once more.

    A server makes the environment of a request and reads its answer. The former is done once, here, and what is left
    of it is to copy a dictionary; to iterate over the body and to close it is a part of every call.
    """
    request = visit(application, steps)[-1].request
    template = to_environ(request, io.StringIO())
    body = request.body

    def call() -> None:
        environ = template.copy()
        environ["wsgi.input"] = io.BytesIO(body)
        chunks = application(environ, _start_response)
        try:
            for _ in chunks:
                pass
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

    return call


def _start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
    return _write


def _write(data: bytes) -> None:
    raise NotImplementedError("no application here uses the old way to send a body")
