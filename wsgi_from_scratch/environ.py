"""Environ: the dictionary in which a WSGI server hands over one request.

PEP 3333 was written for two Pythons, which left traces. The surprise is called the latin-1 dance: every value is a
``str`` whose characters stand for *bytes*, so the path of ``/café`` arrives as ``/cafÃ©`` and must be encoded and
decoded once more. The other trap is the body: nothing marks its end, and a ``read()`` without a limit waits for
bytes that the browser never sends.

Spec:     PEP 3333 ("environ Variables", "Input and Error Streams", "Unicode Issues"); RFC 9110 §7.2, §8.6
Flask:    werkzeug.wsgi.get_input_stream, werkzeug.wsgi.get_host, werkzeug.wsgi.LimitedStream,
          werkzeug.wsgi.get_content_length, werkzeug.datastructures.EnvironHeaders
Differs:  a body of unknown length that outgrows the limit is refused; Werkzeug cuts it there and uses the rest;
          a body of announced length must have it, also where the server marks its end;
          whatever a server raises while it reads is a client that left; Werkzeug lets some of it out, a 500;
          what stands in brackets is a host only if it is an IPv6 address;
          a transfer coding in quotes is none; Werkzeug takes the quotes away
Left out: a list of trusted hosts; the schemes ``ws`` and ``wss`` as signs of a WebSocket, which no server gives an HTTP
          request; the full URL of the request; a body line by line; of the header fields all but ``get`` and ``in``
"""

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from .errors import ClientDisconnected, RequestEntityTooLarge
from .grammar import OWS

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# uri-host [ ":" port ], narrowed to names, IPv4 and IPv6 addresses: what else RFC 3986 allows in a host
# (percent-coding, "_" and worse) serves nobody but those who smuggle text into a Location.
_HOST = re.compile(r"(?:[a-z0-9.-]+|\[([a-f0-9:.]+)\])(?::([1-9][0-9]{0,4}))?", re.A | re.I)

# transfer-coding = token *( OWS ";" OWS token "=" ( token / quoted-string ) )                     RFC 9110 §10.1.4
_QUOTED_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)

_CHUNK = 64 * 1024
"""Bytes read at once when all of a body is wanted."""

_DEFAULT_PORTS = {"http": ":80", "https": ":443", "ws": ":80", "wss": ":443"}


def decode(value: str) -> str:
    """Undo the latin-1 dance: the value's bytes read as UTF-8, what is broken as U+FFFD."""
    return value if value.isascii() else value.encode("latin-1").decode(errors="replace")


def request_path(environ: "WSGIEnvironment") -> str:
    """The decoded path below the application, with one slash at its beginning."""
    return "/" + decode(environ.get("PATH_INFO", "/")).lstrip("/")


def script_name(environ: "WSGIEnvironment") -> str:
    """The decoded prefix under which the application is mounted, without a slash at its end."""
    return decode(environ.get("SCRIPT_NAME") or "").rstrip("/")


def url_scheme(environ: "WSGIEnvironment") -> str:
    """``http`` or ``https``, as the server saw it."""
    scheme: str = environ.get("wsgi.url_scheme", "http")
    return scheme


class Host(NamedTuple):
    """What the client calls this server."""

    text: str
    """The host, and the port unless it is the scheme's own; ``""`` when what was sent is no host."""
    is_a_name: bool = True
    """Whether the name could be one: without an empty label, or one of more than 63 characters."""


def request_host(environ: "WSGIEnvironment") -> Host:
    """The host of the request, which is the server's own name where the client gave none."""
    host = environ.get("HTTP_HOST")
    if host is None:
        host = _server(environ)
    return _checked_host(host, environ.get("wsgi.url_scheme", "http"))


def _server(environ: "WSGIEnvironment") -> str:
    """What the server calls itself: HTTP/1.0 clients send no Host."""
    name, port = environ.get("SERVER_NAME"), environ.get("SERVER_PORT", "")
    if name is None:
        return ""
    return f"[{name}]:{port}" if ":" in name and not name.startswith("[") else f"{name}:{port}"


@lru_cache(maxsize=256)
def _checked_host(host: str, scheme: str) -> Host:
    """Cached because a server hears few names, and every request must be checked."""
    host = host.removesuffix(_DEFAULT_PORTS.get(scheme, ""))
    match = _HOST.fullmatch(host)
    if match is None or int(match[2] or 1) > 65_535:
        return Host("")
    if match[1] is not None:
        try:
            IPv6Address(match[1])
        except ValueError:
            return Host("")
        return Host(host)
    try:
        host.partition(":")[0].encode("idna")
    except UnicodeError:
        return Host(host, is_a_name=False)
    return Host(host)


def wants_websocket(environ: "WSGIEnvironment") -> bool:
    """Whether the client, which asks to leave HTTP, wants the WebSocket protocol (RFC 6455 §4.1)."""
    if environ["HTTP_UPGRADE"].lower() != "websocket":
        return False
    options = environ.get("HTTP_CONNECTION", "").lower().split(",")
    return "upgrade" in [option.strip(OWS) for option in options]


def content_length(environ: "WSGIEnvironment") -> int | None:
    """The announced size of the body in bytes; None when there is none or the body is chunked, 0 for nonsense."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        codings = _QUOTED_STRING.sub("", environ["HTTP_TRANSFER_ENCODING"]).lower().split(",")
        if "chunked" in [coding.strip(OWS) for coding in codings]:
            return None
    announced = environ.get("CONTENT_LENGTH")
    if announced is None:
        return None
    # Content-Length = 1*DIGIT. int() would take "+5", "5_0" and digits of other scripts as well, and raises on more
    # than 4,300 of them.
    digits = announced.strip(OWS)
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 4_300 else 0


@lru_cache(maxsize=256)
def _key_of(field_name: str) -> str:
    key = field_name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


class EnvironHeaders:
    """The header fields of a request, which CGI's naming turned into ``HTTP_…`` keys of the environ.

    >>> EnvironHeaders({"HTTP_X_REQUEST_ID": "7", "CONTENT_TYPE": "text/plain"}).get("x-request-id")
    '7'
    """

    __slots__ = ("_environ",)

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._environ = environ

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of the field, or ``default``."""
        value: str | None = self._environ.get(_key_of(name), default)
        return value

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None


class Body:
    """The body of one request: a stream that ends where the body ends and never asks the socket for more.

    With ``exact`` there must be just ``limit`` bytes, and an earlier end raises ClientDisconnected. Without, there
    may be fewer, and more raise RequestEntityTooLarge.
    """

    __slots__ = ("_exact", "_left", "_stream")

    def __init__(self, stream: BinaryIO, limit: int, *, exact: bool) -> None:
        self._stream = stream
        self._left = limit
        self._exact = exact

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes, ``b""`` at the end; without a size, all that is left."""
        if size < 0:
            pieces = []
            while piece := self.read(_CHUNK):
                pieces.append(piece)
            return b"".join(pieces)
        if size == 0 or (self._left == 0 and self._exact):
            return b""
        try:
            # Where nothing is left a byte more is asked for: if there is one, the body is too large.
            data = bytes(self._stream.read(min(size, self._left) or 1))
        except Exception as error:
            # A connection that broke, or chunks that are none: each server has errors of its own, or gives no bytes.
            raise ClientDisconnected from error
        if len(data) > self._left:
            raise RequestEntityTooLarge
        if not data and self._exact:
            raise ClientDisconnected
        self._left -= len(data)
        return data


def body(environ: "WSGIEnvironment", max_content_length: int) -> Body:
    """The body, bounded. Raises RequestEntityTooLarge when more than ``max_content_length`` bytes are announced."""
    length = content_length(environ)
    if length is not None and length > max_content_length:
        raise RequestEntityTooLarge
    # A server that has this key promises that the stream ends by itself, also where no length is announced.
    if length is None and "wsgi.input_terminated" in environ:
        return Body(environ["wsgi.input"], max_content_length, exact=False)
    return Body(environ["wsgi.input"], length or 0, exact=True)
