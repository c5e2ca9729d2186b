"""Request: what the client sent, each part parsed when it is first asked for.

Most views look at one part of a request or at none, so parsing everything first would be work for nobody, and a
body that nobody reads should not be received at all. The surprise: asking can fail. ``request.form`` reads the
body, so it is there, in the middle of a view, that a client's mistake becomes a 400 or a 413.

Spec:     RFC 9110 §6; RFC 8259 (JSON)
Flask:    flask.Request, werkzeug.wrappers.Request, werkzeug.utils.cached_property
Differs:  nothing
Left out: content negotiation, authorization, user agents, conditions; ``values``, ``get_json`` and what it can be
          asked, the full URL, ``script_root``, ``blueprint``, ``url_rule``; ``close``: the application closes the
          files; other attributes that stand for a header field or for the connection, for which there are ``headers``
          and ``environ``
"""

import json
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from . import environ as wsgi
from .cookies import parse_cookie
from .errors import BadRequest, UnsupportedMediaType
from .forms import Limits, UploadedFile, parse_form
from .grammar import media_type, parse_parameters
from .multidict import MultiDict
from .urls import parse_query

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Value = TypeVar("Value")


class lazy(Generic[Value]):  # reads as a decorator, like ``property``
    """A property that is computed once: the value becomes an attribute of the instance, which hides the property.

    ``functools.cached_property`` does the same, in Python 3.11 behind a lock: 0.4 µs, and not 0.1 (benchmarks: fast
    paths).
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "lazy[Value]": ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: object | None, owner: type) -> "Value | lazy[Value]":
        if instance is None:
            return self
        value = self._compute(instance)
        setattr(instance, self._name, value)
        return value


class Request:
    """One request. ``endpoint`` and ``view_args`` say where routing sent it; both are None when it found nothing."""

    endpoint: str | None = None
    view_args: Mapping[str, Any] | None = None
    parsed_files: Sequence[UploadedFile] = ()
    """The files of a form that was parsed, for whoever closes them."""
    _body: bytes | None = None

    def __init__(self, environ: "WSGIEnvironment", limits: Limits, max_content_length: int) -> None:
        self.environ = environ
        self.limits = limits
        self.max_content_length = max_content_length
        self.method: str = environ.get("REQUEST_METHOD", "GET").upper()

    @lazy
    def path(self) -> str:
        """The decoded path, with a leading slash."""
        return wsgi.request_path(self.environ)

    @lazy
    def query_string(self) -> bytes:
        """The query as it was sent, without the question mark."""
        query: str = self.environ.get("QUERY_STRING", "")
        return query.encode("latin-1")

    @lazy
    def args(self) -> MultiDict[str]:
        """The query. Raises UnicodeDecodeError when raw bytes in it are no UTF-8."""
        query = self.environ.get("QUERY_STRING", "")
        return MultiDict(parse_query(query if query.isascii() else self.query_string.decode()))

    @property
    def host(self) -> str:
        """Host, and port unless it is the scheme's own; ``""`` when what was sent is no host."""
        return wsgi.request_host(self.environ).text

    @lazy
    def cookies(self) -> MultiDict[str]:
        """The cookies, unquoted; those that cannot be read are left out."""
        return MultiDict(parse_cookie(self.environ.get("HTTP_COOKIE", "")))

    @property
    def content_type(self) -> str | None:
        content_type: str | None = self.environ.get("CONTENT_TYPE")
        return content_type

    @property
    def mimetype(self) -> str:
        """The media type of the body without its parameters, in lower case; ``""`` when none was sent."""
        return media_type(self.environ.get("CONTENT_TYPE", ""))

    @property
    def content_length(self) -> int | None:
        """Announced size of the body in bytes."""
        return wsgi.content_length(self.environ)

    @lazy
    def headers(self) -> wsgi.EnvironHeaders:
        """The header fields, looked up without regard to case."""
        return wsgi.EnvironHeaders(self.environ)

    @lazy
    def stream(self) -> wsgi.Body:
        """The body, bounded by its length and by ``max_content_length`` bytes; it can be read once.

        Raises RequestEntityTooLarge; reading does as well, and ClientDisconnected where the body breaks off.
        """
        return wsgi.body(self.environ, self.max_content_length)

    @lazy
    def _form_and_files(self) -> tuple[MultiDict[str], MultiDict[UploadedFile]]:
        # Asked for first: a body that is too large is refused even when nothing says that it is a form.
        body = self.stream if self._body is None else BytesIO(self._body)
        mimetype, parameters = parse_parameters(self.environ.get("CONTENT_TYPE", ""))
        form, files = parse_form(body, mimetype.lower(), parameters, self.limits)
        if files:
            self.parsed_files = [file for _, file in files.items(multi=True)]
        return form, files

    @lazy
    def form(self) -> MultiDict[str]:
        """The fields of a form.

        Raises RequestEntityTooLarge beyond the limits, ClientDisconnected where the body breaks off, ServiceUnavailable
        when a file finds no room; and so do ``files`` and ``data``.
        """
        return self._form_and_files[0]

    @lazy
    def files(self) -> MultiDict[UploadedFile]:
        """The files of a form, those that were left empty by the user included."""
        return self._form_and_files[1]

    def get_data(self) -> bytes:
        """The whole body, whatever it is; a form can still be parsed from it. Raises what ``stream`` does."""
        if self._body is None:
            self._body = self.stream.read()
        return self._body

    @property
    def data(self) -> bytes:
        """The body when it is no form. A form is parsed from the stream, and leaves nothing to read."""
        if self._body is None:
            self._form_and_files  # noqa: B018  # asked for its effect: it reads a form off the stream
        return self.get_data()

    @property
    def is_json(self) -> bool:
        """Whether the body is announced as JSON, or as a format that is written in it."""
        kind, _, name = self.mimetype.partition("/")
        return kind == "application" and (name == "json" or name.endswith("+json"))

    @lazy
    def json(self) -> Any:
        """The body as JSON.

        Raises UnsupportedMediaType when it is not announced as such, BadRequest when it is none, what ``stream`` does,
        and RecursionError when it is nested too deep.
        """
        if not self.is_json:
            raise UnsupportedMediaType
        try:
            return json.loads(self.get_data())
        except ValueError as error:
            raise BadRequest from error
