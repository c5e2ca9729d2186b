"""The Flask application: which folders, which settings, which views, and where Flask is made stricter."""

import re
import sys
from collections.abc import Callable
from datetime import datetime
from hashlib import sha1
from io import BytesIO
from ipaddress import IPv6Address
from typing import IO, TYPE_CHECKING, Any, Self, cast

from flask import Flask, Request, Response, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadTimeSignature, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode, want_bytes
from werkzeug.datastructures import Headers, ImmutableMultiDict
from werkzeug.exceptions import (
    BadHost,
    ClientDisconnected,
    HTTPException,
    PreconditionFailed,
    RequestEntityTooLarge,
    ServiceUnavailable,
)
from werkzeug.formparser import FormDataParser, MultiPartParser
from werkzeug.http import is_resource_modified, parse_date
from werkzeug.sansio.http import parse_cookie
from werkzeug.sansio.multipart import File
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream, get_input_stream

from tutorial.downloads import Downloads
from tutorial.protection import cookies_fit
from tutorial.settings import ROOT, Settings
from tutorial.spreadsheets import Spreadsheets

from .views import views

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.datastructures import FileStorage, MultiDict


def create_app(settings: Settings | None = None) -> Flask:
    """A new application; without ``settings`` they are read from the environment."""
    settings = settings or Settings.from_environ()
    keys = [*settings.secret_key_fallbacks, settings.secret_key]
    app = Application(
        __name__,
        template_folder=ROOT / "templates",
        static_folder=ROOT / "static",
        static_url_path="/",
    )
    app.config.from_mapping(settings.as_config(), SESSION_COOKIE_SAMESITE="Lax")
    app.request_class = StrictRequest
    app.response_class = ConditionalResponse
    app.session_interface = Sessions()
    app.extensions["settings"] = settings
    app.extensions["spreadsheets"] = Spreadsheets(settings)
    app.extensions["downloads"] = Downloads(settings)
    app.extensions["signer"] = URLSafeTimedSerializer(
        keys,
        salt="custom-cookie",
        signer=OneSpelling,
        signer_kwargs={"key_derivation": "hmac", "digest_method": sha1},
    )
    app.before_request(refuse_bad_host)
    app.after_request(sort_allow)
    app.register_blueprint(views)
    return app


# From here on: where Flask is made stricter, each class through an extension point of its own. SECURITY.md lists the
# attacks that they are for; ConditionalResponse is for RFC 9110.

MAX_BOUNDARY = 256
"""Bytes of the boundary of a form; with a longer one it counts as no form. RFC 2046 §5.1.1 allows 70."""

MAX_PART_HEADERS = 100
"""Header fields of one part of a form; with more of them the form is refused."""

MAX_PART_HEADER_SIZE = 16 * 1024
"""Characters of their names and values, together; with more of them the form is refused as well."""

PIECE = 64 * 1024
"""Bytes of a body that are read at once, as Werkzeug does."""

HELD = 1024
"""More bytes than a delimiter has, padding apart: what may be left of a piece when the next one comes."""


class WholeBody(LimitedStream):
    """A body that is whole, or refused: with 413 when it outgrows the limit, with 400 when it breaks off.

    Werkzeug cuts a body of unknown length at the limit, or refuses it there, whether it goes on or not; and it knows
    only some of the errors of servers.
    """

    _beyond = b""

    def on_exhausted(self) -> None:
        if self._limit_is_max and not self._beyond:
            self._beyond = self._stream.read(1)
        if self._beyond:
            raise RequestEntityTooLarge

    def readinto(self, b: bytearray) -> int | None:  # type: ignore[override]  # as Werkzeug has it
        try:
            return super().readinto(b)
        except HTTPException:
            raise
        except Exception as error:
            raise ClientDisconnected from error

    def readall(self) -> bytes:
        # Werkzeug's looks at the limit by itself, beside what is caught above.
        return _read_all(self.read)


_REST_OF_DELIMITER = re.compile(rb"--|[ \t\v\f]*+[\r\n]")


class WholeDelimiters:
    """A multipart body in pieces that never end in what may be a delimiter; Werkzeug takes half of one for data.

    Such an end is held back until the next piece is there, and so is all that comes before the first delimiter, which
    may begin in the middle of a line. More than ``most`` bytes of it are refused.
    """

    def __init__(self, stream: IO[bytes], boundary: str, most: int) -> None:
        self._stream = stream
        self._delimiter = b"--" + boundary.encode("ascii")
        self._in_preamble = True
        self._most = most
        self._held = b""
        self._failure: HTTPException | None = None

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return _read_all(self.read)
        while piece := self._read(size):
            data = self._held + piece
            decided = self._decided(data)
            data, self._held = data[:decided], data[decided:]
            if len(self._held) > self._most:
                raise RequestEntityTooLarge
            if data:
                return data
        data, self._held = self._held, b""
        return data

    def _read(self, size: int) -> bytes:
        if self._failure is None:
            try:
                return self._stream.read(size)
            except HTTPException as failure:
                # Not asked again: a server may tell of it once, and then of an end.
                self._failure = failure
                if self._held:
                    return b""  # what came before is read first
        raise self._failure

    def _decided(self, data: bytes) -> int:
        """How much is no part of what may be a delimiter, whatever follows."""
        decided = self._before_last_delimiter(data)
        self._in_preamble = self._in_preamble and not self._has_delimiter(data[:decided])
        return 0 if self._in_preamble else decided

    def _has_delimiter(self, data: bytes) -> bool:
        at = data.find(self._delimiter)
        while at >= 0 and not _REST_OF_DELIMITER.match(data, at + len(self._delimiter)):
            at = data.find(self._delimiter, at + 1)
        return at >= 0

    def _before_last_delimiter(self, data: bytes) -> int:
        """How much comes before the last line, and the line breaks around it, where that line may be a delimiter."""
        end = _before_line_breaks(data, len(data))
        start = _line_start(data, end)
        begun, _, padding = data[start:end].partition(self._delimiter)
        if not start or not self._delimiter.startswith(begun) or padding.strip(b"- \t\v\f"):
            return end
        before = _before_line_breaks(data, start)
        line = data[_line_start(data, before) : before]
        padding = line.removeprefix(self._delimiter).rstrip(b" \t\v\f")
        if line.startswith(self._delimiter) and padding in (b"", b"--"):
            # Behind a line that is a delimiter, the first line break is that one's own.
            return before + (2 if data.startswith(b"\r\n", before) else 1)
        return before


def _read_all(read: Callable[[int], bytes]) -> bytes:
    return b"".join(iter(lambda: read(PIECE), b""))


def _line_start(data: bytes, end: int) -> int:
    """Where the line begins that ends at ``end``; 0 also where no line break comes before it."""
    return max(data.rfind(b"\n", 0, end), data.rfind(b"\r", 0, end)) + 1


def _before_line_breaks(data: bytes, end: int) -> int:
    """Where the line breaks at ``end`` begin: of the bytes before it as many as a blank line has, and no half break."""
    start = max(0, end - len(b"\r\n\r\n"))
    start -= data[start - 1 : start + 1] == b"\r\n"
    return start + len(data[start:end].rstrip(b"\r\n"))


class PartParser(MultiPartParser):
    """Refuses a part whose header is too large: a file before it is kept, any other part when it is whole."""

    def start_file_streaming(self, event: File, total_content_length: int | None) -> IO[bytes]:
        _refuse_large(event.headers)
        return super().start_file_streaming(event, total_content_length)

    def get_part_charset(self, headers: Headers) -> str:
        _refuse_large(headers)
        return super().get_part_charset(headers)


def _refuse_large(headers: Headers) -> None:
    size = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > MAX_PART_HEADERS or size > MAX_PART_HEADER_SIZE:
        raise RequestEntityTooLarge


class FormParser(FormDataParser):
    """Keeps the limits of a form for urlencoded bodies too; Werkzeug has them for multipart alone.

    A multipart form is the same however the server cuts it (https://github.com/pallets/werkzeug/issues/3285).
    """

    def _parse_multipart(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str],
    ) -> "tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]":
        boundary = options.get("boundary", "")
        if not 0 < len(boundary) <= MAX_BOUNDARY:
            raise ValueError("no boundary, or one from which no patterns are to be compiled")
        most = self.max_form_memory_size or sys.maxsize
        if most < PIECE + HELD:
            # Werkzeug would refuse a piece that is larger, and how large a piece is no client can know.
            stream = cast(IO[bytes], WholeBody(stream, most, is_max=True))
        pieces = cast(IO[bytes], WholeDelimiters(stream, boundary, most))
        parser = PartParser(
            self.stream_factory,
            self.max_form_memory_size,
            self.cls,
            max_form_parts=self.max_form_parts,
        )
        try:
            return stream, *parser.parse(pieces, boundary.encode("ascii"), content_length)
        except OSError as error:
            current_app.logger.exception("an uploaded file cannot be kept")
            raise ServiceUnavailable from error

    def _parse_urlencoded(
        self, stream: IO[bytes], *details: Any
    ) -> "tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]":
        most = self.max_form_memory_size or sys.maxsize
        body = WholeBody(stream, most, is_max=True).readall()
        if body.count(b"&") >= (self.max_form_parts or sys.maxsize):
            raise RequestEntityTooLarge
        return super()._parse_urlencoded(BytesIO(body), *details)


class StrictRequest(Request):
    """A request whose body is bounded in every encoding, and whose header fields mean what they may mean."""

    form_data_parser_class = FormParser

    def __init__(self, environ: "WSGIEnvironment", *options: Any, **named: Any) -> None:
        _forget_impossible_fields(environ)
        super().__init__(environ, *options, **named)

    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """Each pair by itself: a quote in one must not take the next ones, the session's among them, for its value.

        Blanks before a value mean nothing, and would take Werkzeug a time that grows with their square.
        """
        cookies: list[tuple[str, str]] = []
        for pair in self.environ.get("HTTP_COOKIE", "").split(";"):
            name, equals, value = pair.partition("=")
            cookies += parse_cookie(cookie=name + equals + value.lstrip(" \t")).items()
        return ImmutableMultiDict(cookies)

    @cached_property
    def stream(self) -> IO[bytes]:
        limit, length = self.max_content_length, self.content_length
        # Asked for its error, when too much is announced.
        get_input_stream(self.environ, max_content_length=limit)
        source = self.environ["wsgi.input"]
        if length is None and limit is not None and "wsgi.input_terminated" in self.environ:
            return cast(IO[bytes], WholeBody(source, limit, is_max=True))
        return cast(IO[bytes], WholeBody(source, length or 0))


def _forget_impossible_fields(environ: "WSGIEnvironment") -> None:
    """A date beyond the calendar is no date, ``0--0`` no range, ``[a:b]`` no host, ``"chunked"`` in quotes no coding.

    Werkzeug answers the first and the third with 500, reads the second as ``0-0``, and the last without its quotes.
    """
    for field in environ.keys() & {"HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"}:
        try:
            parse_date(environ[field])
        except OverflowError:
            environ[field] = "no date"
    if "HTTP_TRANSFER_ENCODING" in environ:
        quoted = r'"(?:[^"\\]|\\.)*+"?'
        environ["HTTP_TRANSFER_ENCODING"] = re.sub(quoted, "", environ["HTTP_TRANSFER_ENCODING"])
    if "HTTP_RANGE" in environ:
        environ["HTTP_RANGE"] = re.sub(r"-[ \t]*-", "no range", environ["HTTP_RANGE"])
    host = re.match(r"\[([^]]*)\]", environ.get("HTTP_HOST", ""))
    if host is not None:
        try:
            IPv6Address(host[1])
        except ValueError:
            environ["HTTP_HOST"] = ""


MISJUDGED = frozenset({"HTTP_RANGE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE"})
"""What Werkzeug judges otherwise than RFC 9110, alone or with other conditions; the rest is left to it."""


class ConditionalResponse(Response):
    """A file that is sent under the conditions of RFC 9110 §13.2.2, in its order: the range comes last.

    Werkzeug looks at the range first, and knows of no ``If-Unmodified-Since``; its 412 has the file for a page. It
    gives a range to HEAD and in other units, and none for a suffix that is too long; ``If-Range`` is compared weakly.
    Every file here has an entity tag; what has none is left to Werkzeug.
    """

    def make_conditional(
        self,
        request_or_environ: Any,
        accept_ranges: bool | str = False,
        complete_length: int | None = None,
    ) -> Self:
        environ = getattr(request_or_environ, "environ", request_or_environ)
        if environ["REQUEST_METHOD"] in ("GET", "HEAD") and environ.keys() & MISJUDGED:
            # A copy, from which Werkzeug is to see no more than what it judges rightly.
            environ = dict(environ)
            asked, tag = Request(environ), self.headers.get("ETag")
            if not self._is_as_insisted(asked):
                self.close()
                raise PreconditionFailed
            environ.pop("HTTP_IF_MATCH", None)
            is_new = is_resource_modified(environ, tag, last_modified=self.last_modified)
            if not is_new or not self._range_counts(asked):
                environ.pop("HTTP_RANGE", None)
            elif complete_length and asked.range and asked.range.ranges[0][0] < -complete_length:
                environ["HTTP_RANGE"] = f"bytes=-{complete_length}"
            environ.pop("HTTP_IF_RANGE", None)
        super().make_conditional(environ, accept_ranges, complete_length)
        return self

    def _is_as_insisted(self, asked: Request) -> bool:
        if asked.if_match:
            return asked.if_match.contains(self.get_etag()[0] or "")
        since, modified = asked.if_unmodified_since, self.last_modified
        return since is None or modified is None or modified <= since

    def _range_counts(self, asked: Request) -> bool:
        unit, _, _ = asked.headers.get("Range", "").partition("=")
        validators = (None, self.headers.get("ETag"), self.headers.get("Last-Modified"))
        return (
            asked.method == "GET"
            and unit.strip(" \t").lower() == "bytes"
            and asked.headers.get("If-Range") in validators
        )


class OneSpelling(TimestampSigner):
    """Takes a signature only as it was written: base64 would let four last characters mean the same bytes.

    A time beyond the calendar is one that no signature has, and not an error of another kind.
    """

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        genuine = super().verify_signature(value, sig)
        return genuine and base64_encode(base64_decode(sig)) == want_bytes(sig)

    def timestamp_to_datetime(self, ts: int) -> datetime:
        try:
            return super().timestamp_to_datetime(ts)
        except (ValueError, OverflowError, OSError) as error:
            raise BadTimeSignature("no such time") from error


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions, where a cookie that has our signature and yet cannot be read is no session, and no 500.

    Flask opens the session before any hook is called, so cookies that a hook will refuse must not be parsed here.
    """

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer = OneSpelling
        return serializer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if not cookies_fit(request.environ.get("HTTP_COOKIE", ""), app.extensions["settings"]):
            return self.session_class()
        try:
            return super().open_session(app, request)
        except Exception:  # each wrong payload has an error of its own, and they all mean the same
            return self.session_class()


class Application(Flask):
    """Flask, whose log of a fault escapes what the client wrote, so that a line break cannot forge a line of it."""

    def log_exception(self, exc_info: Any) -> None:
        self.logger.error("Exception on %a [%a]", request.path, request.method, exc_info=exc_info)


def refuse_bad_host() -> None:
    """Answer a host that cannot be one before any other hook does: without it no page can have links."""
    if isinstance(request.routing_exception, BadHost):
        raise request.routing_exception


def sort_allow(response: Response) -> Response:
    """Name the methods in a fixed order; in Werkzeug it is that of a set, and so of the process's hash seed."""
    if "Allow" in response.headers:
        methods = response.headers["Allow"].split(", ")
        response.headers["Allow"] = ", ".join(sorted(methods))
    return response
