"""Response: status, fields and body, until the server asks for them.

A view may return a text, a dictionary, a tuple; :func:`to_response` shows what becomes of each. The surprise:
what leaves is not what the view made. A HEAD request gets the fields without the body, 204 and 304 may have none,
and a 304 must not describe a representation that it does not carry.

Spec:     PEP 3333 ("The start_response() Callable"); RFC 9110 §6.4.1, §8.6, §10.2.2, §15.4.5
Flask:    flask.Response, flask.Flask.make_response, werkzeug.utils.redirect, flask.json.jsonify, flask.abort
Differs:  a body is closed even when ``start_response`` fails, for a fault in the head or because the server refuses;
          with ``direct_passthrough``, too, what was left to :meth:`Response.call_on_close` is done, and ``data`` can
          be read
Left out: WSGI callables as return values; statuses as text, and reason phrases of one's own (HTTP/2 has none); values
          of fields that are no text; a second ``Location``, and a ``Content-Location`` beyond ASCII; properties for
          fields but ``Content-Type``, ``Content-Length`` and ``Location``; ``abort`` with a text or a response;
          ``jsonify`` with several values or none, or with names
"""

import dataclasses
import decimal
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from .cookies import dump_cookie
from .errors import BY_CODE, HTML, REASONS
from .grammar import format_date
from .headers import Headers, HeadersLike
from .urls import iri_to_uri

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BodyLike: TypeAlias = str | bytes | bytearray | Iterable[bytes] | Iterable[str]
# What Werkzeug leaves out of a 304, in lower case: the entity fields of RFC 2616 §7.1 but Expires and
# Content-Location. RFC 9110 §15.4.5 asks for less.
_REPRESENTATION_FIELDS = frozenset(
    {
        "allow",
        "content-encoding",
        "content-language",
        "content-length",
        "content-md5",
        "content-range",
        "content-type",
        "last-modified",
    }
)


_LENGTH = frozenset({"content-length"})


class _StatusLines(dict[int, str]):
    """By code; one without a name is UNKNOWN, as Werkzeug sends it."""

    def __missing__(self, code: int) -> str:
        return f"{code:d} UNKNOWN"  # True, too, is a number


# In capitals because Werkzeug sends it so; no client looks at the phrase (RFC 9112 §4).
_STATUS_LINES = _StatusLines((code, f"{code} {reason.upper()}") for code, reason in REASONS.items())


class Response:
    """One answer, which is itself a WSGI application.

    ``response`` is the body: a text (sent as UTF-8), bytes, a list of either, or another iterable, whose ``close`` is
    called when the server is done. With ``direct_passthrough`` an iterable reaches the server as it is, which lets
    ``wsgi.file_wrapper`` do its work, unless something is to be done after it.
    """

    direct_passthrough = False
    _on_close: tuple[Callable[[], object], ...] = ()

    def __init__(
        self,
        response: BodyLike | None = None,
        status: int = 200,
        headers: HeadersLike = (),
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        self.status_code = status
        self.response: Iterable[bytes] | Iterable[str]
        if type(response) is str and mimetype is content_type is None and not headers:
            # Most answers: 0.8 µs, and not 1.4 as below (benchmarks: fast paths).
            body = response.encode()
            self.response = [body]
            self.headers = Headers.of_html(len(body))
            return
        if mimetype is not None and content_type is None:
            content_type = with_charset(mimetype)
        if direct_passthrough:
            self.direct_passthrough = True
        self.headers = Headers(headers)
        if content_type is not None:
            self.headers["Content-Type"] = content_type
        elif "content-type" not in self.headers.names:
            self.headers.add(*HTML)
        if isinstance(response, (str, bytes, bytearray)):
            self.data = response
        elif isinstance(response, (list, tuple)) and not direct_passthrough:
            self.response = list(_encoded(response))
        else:
            self.response = [] if response is None else response

    @property
    def status(self) -> str:
        """The status line without the protocol: ``200 OK``."""
        return _STATUS_LINES[self.status_code]

    @property
    def data(self) -> bytes:
        """The whole body. Reading it from a stream collects the stream and closes it."""
        source = self.response
        body = self.response = list(_encoded(source))
        _close(source)
        return b"".join(body)

    @data.setter
    def data(self, body: str | bytes | bytearray) -> None:
        body = body.encode() if isinstance(body, str) else bytes(body)
        self.response = [body]
        self.headers["Content-Length"] = str(len(body))

    @property
    def content_type(self) -> str | None:
        return self.headers.get("Content-Type")

    @content_type.setter
    def content_type(self, value: str) -> None:
        self.headers["Content-Type"] = value

    @property
    def mimetype(self) -> str | None:
        """The media type without its parameters."""
        content_type = self.content_type
        return content_type.partition(";")[0].strip() if content_type else None

    @mimetype.setter
    def mimetype(self, value: str) -> None:
        self.headers["Content-Type"] = with_charset(value)

    @property
    def location(self) -> str | None:
        return self.headers.get("Location")

    @location.setter
    def location(self, value: str) -> None:
        self.headers["Location"] = value

    @property
    def content_length(self) -> int | None:
        """Size of the body in bytes as announced; None without a number."""
        try:
            return int(self.headers.get("Content-Length") or "")
        except ValueError:
            return None

    @content_length.setter
    def content_length(self, value: int) -> None:
        self.headers["Content-Length"] = str(value)

    def set_cookie(self, key: str, value: str = "", **attributes: Any) -> None:
        """Ask the browser to keep a cookie; the attributes are those of :func:`~.cookies.dump_cookie`."""
        self.headers.add("Set-Cookie", dump_cookie(key, value, **attributes))

    def delete_cookie(self, key: str, **attributes: Any) -> None:
        """Ask the browser to forget a cookie; path, domain and flags must be those it was set with."""
        self.set_cookie(key, expires=0, max_age=0, **attributes)

    def call_on_close(self, function: Callable[[], object]) -> None:
        """Have ``function`` called when the server has sent the body or given up, in the order of the calls."""
        self._on_close += (function,)

    def close(self) -> None:
        """Close the body, if it can be, and do what was left for this moment."""
        _close(self.response)
        for function in self._on_close:
            function()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Send the head, and give the server the body to iterate over."""
        code, body = self.status_code, self.response
        is_bodiless = 100 <= code < 200 or code in (204, 304)
        try:
            start_response(_STATUS_LINES[code], self._head(is_bodiless))
        except BaseException:
            # The server closes what it is given, and now it is given nothing.
            self.close()
            raise
        without_body = environ["REQUEST_METHOD"] == "HEAD" or is_bodiless
        if type(body) is list and not self._on_close:
            return [] if without_body else body  # nothing in it has to be closed
        if without_body:
            return _Closing((), self.close)
        if self.direct_passthrough and not self._on_close:
            return body  # type: ignore[return-value]  # what is passed through is bytes
        return _Closing(_encoded(body), self.close)

    def _head(self, is_bodiless: bool) -> list[tuple[str, str]]:
        headers = self.headers
        if "location" in headers.names:
            headers["Location"] = iri_to_uri(headers["Location"])
        if is_bodiless:
            left_out = _REPRESENTATION_FIELDS if self.status_code == 304 else _LENGTH
            fields = zip(headers.names, headers, strict=True)
            return [field for name, field in fields if name not in left_out]
        head = headers.to_wsgi()
        if "content-length" not in headers.names and isinstance(self.response, list):
            head.append(("Content-Length", str(sum(map(len, self.response)))))
        return head

    def __repr__(self) -> str:
        return f"<Response {self.status}>"


ResponseValue: TypeAlias = Response | BodyLike | dict[str, Any] | list[Any]
ReturnValue: TypeAlias = (
    ResponseValue
    | tuple[ResponseValue, int]
    | tuple[ResponseValue, HeadersLike]
    | tuple[ResponseValue, int, HeadersLike]
)
"""What a view may return."""


class _Closing:
    """An iterator with a ``close`` of its own, which PEP 3333 has the server call in every case."""

    __slots__ = ("_iterator", "close")

    def __init__(self, iterable: Iterable[bytes], close: Callable[[], None]) -> None:
        self._iterator = iter(iterable)
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._iterator)


def _close(body: object) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()


def _encoded(chunks: Iterable[bytes] | Iterable[str]) -> Iterator[bytes]:
    return (chunk.encode() if isinstance(chunk, str) else chunk for chunk in chunks)


def with_charset(mimetype: str) -> str:
    """The value of Content-Type for a media type: texts say that they are UTF-8."""
    if mimetype.startswith("text/") or mimetype in _TEXT_TYPES or mimetype.endswith("+xml"):
        return f"{mimetype}; charset=utf-8"
    return mimetype


_TEXT_TYPES = {
    f"application/{name}"
    for name in (
        "ecmascript",
        "javascript",
        "sql",
        "xml",
        "xml-dtd",
        "xml-external-parsed-entity",
    )
}


def make_response(*values: Any) -> Response:
    """A response from what a view could return; several arguments count as one tuple, none as an empty body."""
    if not values:
        return Response()
    return to_response(values[0] if len(values) == 1 else values)


def to_response(value: Any) -> Response:
    """What becomes of a view's return value.

    A text or bytes is a body, a dictionary or a list is JSON, an iterator is a stream; a tuple adds a status, header
    fields, or both. Raises TypeError for anything else, None included: a view that forgot its ``return`` must not
    answer with an empty page.
    """
    # Most views return a text.
    if type(value) is str:
        return Response(value)
    if isinstance(value, Response):
        return value
    status: int | None = None
    headers: HeadersLike | None = None
    if isinstance(value, tuple):
        match value:
            case (body, int() | None as status):
                value = body
            case (body, int() | None as status, headers):
                value = body
            case (body, Headers() | dict() | list() | tuple() as headers):
                value = body
            case _:
                raise TypeError(
                    "A view's tuple must be (body, status), (body, headers) or (body, status, headers)."
                )
    if isinstance(value, (str, bytes, bytearray, Iterator)):
        return Response(value, 200 if status is None else status, headers or ())
    if isinstance(value, (dict, list)):
        value = jsonify(value)
    if not isinstance(value, Response):
        raise TypeError(
            f"A view must return text, bytes, a dict, a list, a tuple or a Response, not {value!r}."
        )
    if status is not None:
        value.status_code = status
    if headers:
        value.headers.update(headers)
    return value


def redirect(location: str, code: int = 302) -> Response:
    """Send the client elsewhere. The page for those who must click is rendered by a hook of the views."""
    response = Response("", code)
    response.location = location
    return response


def abort(code: int) -> NoReturn:
    """Raise the error of that status. Raises LookupError for a status that is no error of ours."""
    raise BY_CODE[code]


def dumps(value: object) -> str:
    """JSON as this application writes it: keys sorted, ASCII only, no white space."""
    return _encoder.encode(value)


def json_default(value: object) -> object:
    """What JSON has no type for."""
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        return format_date(moment)
    if isinstance(value, decimal.Decimal | uuid.UUID):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "__html__"):
        return str(value.__html__())
    raise TypeError(f"A {type(value).__name__} cannot be written as JSON.")


# Made once, it takes 1.2 µs; json.dumps() makes one for each call that asks for anything special: 2.0 µs (benchmarks:
# fast paths).
_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=json_default)


def jsonify(value: object) -> Response:
    """A response with ``value`` as JSON, and a line end for those who read it in a terminal."""
    return Response(f"{dumps(value)}\n", mimetype="application/json")
