"""Exchange: an application is called as PEP 3333 asks, and everything it did is kept.

A server forgives much, so a mistake in the calling protocol shows up years later under another server. Here it is
kept as a sentence beside the answer. A body is read to its end and closed even when something went wrong, because
that is when applications leak.

Spec: PEP 3333, "Specification Details", "The start_response() Callable"
"""

import contextlib
import io
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeGuard

from .wire import Fields, Request, body_lines, head_lines, to_environ

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
"""A WSGI application."""

MOST_BYTES = 32 * 1024 * 1024
"""Bytes of a body that are kept: twice what either application takes in."""

MOST_SECONDS = 1.0
"""Seconds for which a body is listened to once it has begun; all that is compared here takes a fraction of it."""

LARGEST_COOKIE = 4096
"""Bytes of a cookie's name and value together: a browser ignores a larger one (RFC 6265bis §5.6)."""

# "a string of the form "999 Message here"", and RFC 9112 §4 lets the message be empty
_STATUS = re.compile("[0-9]{3} .*")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and all that came of it."""

    request: Request
    status: str
    """Status line without the protocol, such as ``200 OK``; empty when the application never announced one."""
    headers: Fields
    body: bytes
    errors: str
    """What the application wrote to ``wsgi.errors``."""
    failure: str
    """The exception that reached the server, as ``Type: message``; empty when there was none."""
    faults: tuple[str, ...]
    """Where the application broke PEP 3333, in sentences."""
    seconds: float
    """From the call of the application to the end of ``close()``."""
    cut_off: str = ""
    """Why the body was not read to its end, in a sentence; empty when it was."""

    def header(self, name: str) -> str | None:
        """The first value of a field of the answer, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def lines(self) -> list[str]:
        """The answer as text, a line for each line on the wire."""
        lines = [*head_lines(self.status, self.headers), "", *body_lines(self.body)]
        lines += (f"[the application broke PEP 3333: {fault}]" for fault in self.faults)
        if self.failure:
            lines.append(f"[the application raised {self.failure}]")
        if self.cut_off:
            lines.append(f"[{self.cut_off}]")
        return lines


def told(error: BaseException) -> str:
    """An exception as ``Type: message``; by its type alone when it has no message, or raises when asked for it.

    >>> told(ValueError("too long")), told(ValueError())
    ('ValueError: too long', 'ValueError')
    """
    name = type(error).__name__
    try:
        message = str(error)
    except Exception:  # somebody else's __str__
        return name
    return f"{name}: {message}" if message else name


class _Errors(io.StringIO):
    """``wsgi.errors``, which is the server's: what was written must be there when the application has closed it."""

    def close(self) -> None:
        pass


@dataclass(slots=True)
class _Head:
    """What the application announced. A recorder looks on here rather than at the server, for here all is text."""

    status: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)

    def start_response(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status, headers


@dataclass(slots=True)
class _Server:
    """The server's half of the protocol, for one request. What it is given may be of any type."""

    head: _Head = field(default_factory=_Head)
    started: bool = False
    body: bytearray = field(default_factory=bytearray)
    faults: list[str] = field(default_factory=list)
    cut_off: str = ""

    def fault(self, sentence: str) -> None:
        """Note it once: what is wrong with one piece of a body is wrong with a thousand."""
        if sentence not in self.faults:
            self.faults.append(sentence)

    def start_response(
        self, status: object, response_headers: object, exc_info: ExcInfo | None = None, /
    ) -> Callable[[object], object]:
        if exc_info is not None:
            # "if exc_info is provided, and headers have already been output, start_response must raise"
            try:
                if self.body:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # breaks the circle frame → traceback → frame, as the PEP asks
        elif self.started:
            self.fault("start_response was called twice without exc_info")
        self.started = True
        self.head.start_response(self._status(status), list(self._fields(response_headers)))
        return self.write

    def _status(self, status: object) -> str:
        if not isinstance(status, str):
            self.fault(f"the status is {status!r}, which is no text")
        elif not _STATUS.fullmatch(status):
            self.fault(f"the status is {status!r}, and must read like 200 OK")
        return _text(status)

    def _fields(self, headers: object) -> Iterator[tuple[str, str]]:
        """The pairs among the headers, as text."""
        if not isinstance(headers, list):
            self.fault(f"the headers are of type {type(headers).__name__}, and must be a list")
        for pair in headers if _is_iterable(headers) else ():
            if not isinstance(pair, tuple) or len(pair) != 2:
                self.fault(f"the header {pair!r} is no tuple of name and value")
                continue
            name, value = pair
            if not isinstance(name, str):
                self.fault(f"the header {name!r} has a name that is no text")
            if not isinstance(value, str):
                self.fault(f"the header {_text(name)} has the value {value!r}, which is no text")
            yield _text(name), _text(value)

    def write(self, data: object) -> None:
        """Headers go out with the first byte, not with the first (perhaps empty) chunk."""
        if not isinstance(data, bytes):
            self.fault(f"the body has a piece of type {type(data).__name__}, and must be of bytes")
            return
        if data and not self.started:
            self.fault("the body began before start_response was called")
        self.body += data


def _is_iterable(value: object) -> TypeGuard[Iterable[object]]:
    """By its methods: to ask ``isinstance`` would be a call of a Python function, and counted as the application's."""
    return hasattr(value, "__iter__") or hasattr(value, "__getitem__")


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def exchange(
    application: Application,
    request: Request,
    script_name: str = "",
    observer: contextlib.AbstractContextManager[object] | None = None,
) -> Exchange:
    """Send one request to an application, in process, and keep everything.

    ``observer`` is entered just before the application is called and left when it has closed its body.
    """
    errors = _Errors()
    environ = to_environ(request, errors, script_name)
    server = _Server()
    failure = ""
    with observer or contextlib.nullcontext():
        started = time.perf_counter()
        try:
            _run(application, environ, server)
        except KeyboardInterrupt:  # that was the reader
            raise
        except BaseException as error:  # whatever an application raises is part of what it answered
            failure = told(error)
        seconds = time.perf_counter() - started
    if not failure and not server.started:
        server.fault("start_response was never called")
    return Exchange(
        request,
        server.head.status,
        tuple(server.head.headers),
        bytes(server.body),
        errors.getvalue(),
        failure,
        tuple(server.faults),
        seconds,
        server.cut_off,
    )


def _run(application: Application, environ: dict[str, Any], server: _Server) -> None:
    chunks = application(environ, server.start_response)
    latest = time.perf_counter() + MOST_SECONDS
    late = False
    try:
        if not _is_iterable(chunks):
            server.fault(
                f"the application returned a value of type {type(chunks).__name__}, "
                "and must return an iterable of bytes"
            )
            return
        for chunk in chunks:
            if late:  # only a further piece proves that the body goes on
                server.cut_off = f"the body went on after {MOST_SECONDS:g} s, and was cut off then"
                break
            server.write(chunk)
            if len(server.body) > MOST_BYTES:
                del server.body[MOST_BYTES:]
                server.cut_off = (
                    f"the body goes on after {MOST_BYTES:,} bytes, and was cut off there"
                )
                break
            late = time.perf_counter() > latest
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


class Jar:
    """The cookies of one browser: kept from answer to answer, for one side of a comparison.

    It knows what a lesson needs: a cookie replaces its namesake, an expired one goes, and one that is larger than
    browsers keep is dropped without a word, which is how sessions over 4 KB are lost.
    """

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def keep(self, answer: Exchange) -> None:
        """Do what the ``Set-Cookie`` fields of an answer say."""
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self._set(value)

    def _set(self, field_value: str) -> None:
        pair, *attributes = field_value.split(";")
        name, _, value = pair.partition("=")
        words = {attribute.strip().lower() for attribute in attributes}
        # The two ways in which both applications delete; a date is not compared with a frozen clock.
        if "max-age=0" in words or "expires=thu, 01 jan 1970 00:00:00 gmt" in words:
            self.cookies.pop(name, None)
        elif len(name) + len(value) <= LARGEST_COOKIE:
            self.cookies[name] = value

    def fill(self, request: Request) -> Request:
        """The request with its ``Cookie`` field, unless it brings its own."""
        if not self.cookies or request.header("Cookie") is not None:
            return request
        return request.with_header(
            "Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        )
