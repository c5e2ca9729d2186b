"""The application from scratch with a fault of each kind, to see that a soak finds them."""

import itertools
import subprocess
import time
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

BETWEEN_LEAKS = 0.1
"""Seconds, lest a quick machine runs out of memory."""

_count = itertools.count(1)
_lost: dict[int, bytes] = {}


@cache
def _application() -> "WSGIApplication":
    from wsgi_from_scratch import create_app  # not when tests are merely collected

    return create_app()


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    number, path = next(_count), environ["PATH_INFO"]
    _lost.setdefault(int(time.monotonic() / BETWEEN_LEAKS), b"x" * 6 * 1024 * 1024)
    if number == 30:
        # The shell ends at once, and what it has started has no parent that anybody knows.
        subprocess.run(["sh", "-c", "sleep 60 &"], check=True)
    if path == "/displaylist":
        return _answer(start_response, "500 Internal Server Error")
    if path == "/get202status":
        return _answer(start_response, "200 OK")
    if path == "/get202statuswithmakeresponse":
        start_response("200 OK", [("Content-Length", "1000")])
        return [b"less than that"]
    if path.startswith("/download/"):
        # Every other file is lost, and every other one is cut.
        return _answer(start_response, "404 Not Found" if number % 2 else "200 OK")
    return _application()(environ, start_response)


def _answer(start_response: "StartResponse", status: str) -> list[bytes]:
    start_response(status, [("Content-Length", "0")])
    return [b""]
