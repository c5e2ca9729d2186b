"""The wire: what a server reads before it calls an application, and what it writes afterwards.

A request here is text that a person can read and change, so the reader is strict and its refusals are sentences.
Between the text and the application stands what every WSGI server does: split the head, decode the path's percent
signs, and put it all into one dictionary.

Spec: RFC 9112 §2, §3, §5; PEP 3333, "environ Variables"
"""

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TextIO
from urllib.parse import unquote_to_bytes

LONGEST_LINE = 500
"""Characters of one line that are shown; of a longer one the middle is left out."""

Fields = tuple[tuple[str, str], ...]

# RFC 9110 §5.6.2: token = 1*tchar
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# RFC 9112 §3: request-line = method SP request-target SP HTTP-version. Of bytes beyond ASCII none is a space.
_REQUEST_LINE = re.compile(r"(\S+) (\S+) HTTP/(1\.[01])", re.ASCII)
# RFC 9110 §5.5: field-vchar = VCHAR / obs-text, with SP and HTAB between
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_DIGITS = re.compile(r"[0-9]{1,100}")
# Not to be sent to a terminal: all control characters but TAB, LF, FF, CR.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
# What a terminal would obey and a browser drop, and what changes the order in which text is read.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

# Fields that say how to read the message: two of a kind have no one meaning (RFC 9112 §3.2, §6.3).
_SINGLE = frozenset({"content-length", "content-type", "host"})


class MalformedRequest(ValueError):
    """The text is no HTTP request; the message is a sentence for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it stands on the wire. Text is latin-1: a character for each byte."""

    method: str
    target: str
    version: str
    headers: Fields
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a field, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def with_header(self, name: str, value: str) -> "Request":
        """The same request with one more field."""
        return replace(self, headers=(*self.headers, (name, value)))

    def to_bytes(self) -> bytes:
        """The request as a client would send it."""
        head = [f"{self.method} {self.target} HTTP/{self.version}"]
        head += (f"{name}: {value}" for name, value in self.headers)
        return "\r\n".join((*head, "", "")).encode("latin-1") + self.body


def parse_request(raw: bytes) -> Request:
    """Read one request. Lines of the head may end in LF alone, since people type them (RFC 9112 §2.2).

    Raises MalformedRequest with a sentence that says what is wrong.
    """
    head, body = _split(raw)
    request_line, *field_lines = head.split("\n")
    method, target, version = _parse_request_line(request_line)
    headers = tuple(_parse_field(line) for line in field_lines)
    request = Request(method, target, version, headers, body)
    _check_single(headers)
    _check_length(request)
    return request


def _split(raw: bytes) -> tuple[str, bytes]:
    end = re.search(rb"\r?\n\r?\n", raw)
    if not end:
        raise MalformedRequest("The head of the request must end with an empty line.")
    return raw[: end.start()].decode("latin-1").replace("\r\n", "\n"), raw[end.end() :]


def _parse_request_line(line: str) -> tuple[str, str, str]:
    found = _REQUEST_LINE.fullmatch(line)
    if not found:
        raise MalformedRequest(
            f"The first line must read like “GET /path HTTP/1.1”, and this one is {line!r}."
        )
    method, target, version = found.groups()
    if not _TOKEN.fullmatch(method):
        raise MalformedRequest(f"{method!r} is no method: a method is one word.")
    if not target.startswith("/"):
        raise MalformedRequest(f"The target must be a path that begins with “/”, not {target!r}.")
    if "#" in target:
        raise MalformedRequest("A fragment (“#…”) stays in the browser; it is never sent.")
    return method, target, version


def _parse_field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise MalformedRequest(f"A header line needs a colon, and {line!r} has none.")
    if not _TOKEN.fullmatch(name):
        raise MalformedRequest(f"{name!r} is no header name: no spaces, nothing before the colon.")
    if "_" in name:
        # X_Name and X-Name would be one key of the environ, so servers drop the first.
        raise MalformedRequest(f"The header name {name!r} has an underscore; servers drop those.")
    value = value.strip(" \t")
    if not _FIELD_VALUE.fullmatch(value):
        raise MalformedRequest(f"The value of {name} holds a control character.")
    return name, value


def _check_single(headers: Fields) -> None:
    names = [name.lower() for name, _ in headers]
    for name in sorted(_SINGLE):
        if names.count(name) > 1:
            raise MalformedRequest(f"There must be one {name.title()} header, not several.")


def _check_length(request: Request) -> None:
    if request.header("Transfer-Encoding") is not None:
        raise MalformedRequest("Transfer-Encoding is not read here; send Content-Length instead.")
    announced = request.header("Content-Length")
    if announced is None:
        if request.body:
            raise MalformedRequest("There is a body, but no Content-Length that announces it.")
    elif not _DIGITS.fullmatch(announced):
        raise MalformedRequest(f"Content-Length must be a number of bytes, not {announced!r}.")
    elif len(request.body) > int(announced):
        raise MalformedRequest(
            f"The body has {len(request.body)} bytes, more than Content-Length announces."
        )


def to_environ(request: Request, errors: TextIO, script_name: str = "") -> dict[str, Any]:
    """The dictionary that a server hands to the application.

    ``script_name`` is the path below which the application is mounted; the target must begin with it. A body shorter
    than announced stays as it is: that is what a client that hung up looks like.
    """
    path, _, query = request.target.partition("?")
    if not path.startswith(script_name):
        raise MalformedRequest(f"{path!r} is not below {script_name!r}.")
    host, port = _split_host(request.header("Host") or "localhost")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": _unquote(script_name),
        "PATH_INFO": _unquote(path.removeprefix(script_name)),
        "QUERY_STRING": query,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": errors,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        _add_field(environ, name, value)
    return environ


def _split_host(host: str) -> tuple[str, str]:
    """Name and port. An IPv6 address has colons and keeps its brackets (RFC 3875 §4.1.14)."""
    address, bracket, rest = host.partition("]") if host.startswith("[") else ("", "", host)
    name, _, port = rest.partition(":")
    return f"{address}{bracket}{name}", port or "80"


def _unquote(path: str) -> str:
    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


def _add_field(environ: dict[str, Any], name: str, value: str) -> None:
    key = name.upper().replace("-", "_")
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = f"HTTP_{key}"
    if key in environ:
        # RFC 9110 §5.3; cookies are the exception (RFC 6265 §5.4).
        value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ', '}{value}"
    environ[key] = value


def head_lines(status: str, headers: Iterable[tuple[str, str]]) -> list[str]:
    """Status line and header lines of an answer, as a server writes them."""
    return [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]


def body_lines(body: bytes) -> list[str]:
    """A body for people: its lines where it is text, else its bytes, sixteen to a line."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _hexadecimal(body)
    if _CONTROL.search(text):
        return _hexadecimal(body)
    # A carriage return is a byte that may differ, so it is shown; split("\n") keeps a last empty line.
    return [line.replace("\r", "␍") for line in text.split("\n")] if text else []


def visible(line: str) -> str:
    """A line in which everything can be seen and stands where it is read; a very long one without its middle."""
    if len(line) > LONGEST_LINE:
        half = LONGEST_LINE // 2
        line = f"{line[:half]}… {len(line) - LONGEST_LINE:,} more characters …{line[-half:]}"
    return _INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", line)


def _hexadecimal(body: bytes) -> list[str]:
    return [
        f"{start:08x}  {body[start : start + 16].hex(' ')}" for start in range(0, len(body), 16)
    ]
