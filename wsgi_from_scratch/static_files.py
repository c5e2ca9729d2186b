"""Static files: one file as one answer: whole, in part, or not at all because the client has it.

Serving a file is mostly deciding not to. A browser comes back with the validators of its copy (``If-None-Match``,
``If-Modified-Since``) and gets a 304, or asks for the missing end of a download (``Range``). The surprise: no path is
resolved on disk. ``..`` is taken out of the name before the name meets the directory, so one ``stat`` is all that a
304 costs; ``os.path.realpath`` would ask about every directory on the way. Links are followed, as Flask does.

Where Flask departs from RFC 9110, ``flask_version/app.py`` puts it right. Several ranges, and one that cannot be read,
are a 416 in both: a server may reject them (§14.2, §15.5.17).

Spec:     RFC 9110 §8.8, §13, §14, §15.3.7, §15.4.5, §15.5.13, §15.5.17; RFC 6266 §4; RFC 9111 §5.2.2
Flask:    flask.send_file, flask.send_from_directory, werkzeug.security.safe_join, werkzeug.wsgi.wrap_file,
          werkzeug.wrappers.Response.make_conditional, werkzeug.http.is_resource_modified
Differs:  The conditions count in the order of RFC 9110 §13.2.2, and all before the range. In Flask the range is first.
          A false ``If-Match`` is a 412 with a page, and ``*`` is true. Flask sends the file with it, and for ``*`` too.
          A false ``If-Unmodified-Since`` is a 412. Flask does not look at it.
          A range is for GET, and in bytes. Flask cuts what HEAD tells of, and answers other units with 416.
          ``If-Range`` has the tag or the date as they were sent. Flask takes a weak tag and a later date as well.
          A suffix longer than the file is all of it. Flask answers 416.
          A file without a tag equals no other, and is there: ``If-None-Match`` is true for any tag, and false for
          ``*``. Flask looks at its date instead, or sends it.
          A file that is gone or forbidden when it is opened is a 404, and Flask answers 500. HEAD and a 304 open none.
          A condition with a date beyond a C integer counts as absent. Flask answers 500.
Left out: ``conditional=False``, ``X-Sendfile``, a function as ``max_age``, directories relative to the application,
          ``send_file`` of a path, its options by position, the options of ``send_from_directory``
"""

import functools
import io
import mimetypes
import os
import posixpath
import stat
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, TYPE_CHECKING, Final, NamedTuple, TypeAlias
from urllib.parse import quote
from zlib import adler32

from .errors import NotFound, PreconditionFailed, RequestedRangeNotSatisfiable
from .grammar import (
    OWS,
    content_range,
    format_date,
    format_parameters,
    parse_date,
    parse_entity_tags,
    parse_range,
    quote_entity_tag,
)
from .headers import Headers
from .response import Response, with_charset

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Field: TypeAlias = tuple[str, str]
Piece: TypeAlias = tuple[int, int]

CHUNK_SIZE: Final = 65_536
"""Bytes that are read at a time. What fits into one chunk is read at once and the file closed before the answer
starts, so that no descriptor waits for a slow client. Werkzeug and wsgiref read 8 KiB at a time."""

REMEMBERED_FILES: Final = 1_024
"""How many files' fields are kept, of about 1 KiB each: a site's style sheets, not its uploads."""


def send_from_directory(environ: "WSGIEnvironment", directory: str, path: str) -> Response:
    """Answer with the regular file that the client named, ``path`` in ``directory``.

    Raises NotFound when there is none or it lies outside, PreconditionFailed when it is not the one that the client
    insists on, RequestedRangeNotSatisfiable for a range outside of it.
    """
    joined = safe_join(directory, path)
    if joined is None:
        raise NotFound
    # OSError: absent, too long, below a file. ValueError: NUL, or a surrogate.
    try:
        found = os.stat(joined)
    except (OSError, ValueError):
        raise NotFound from None
    # Opening a pipe would wait for its writer, and a directory cannot be read.
    if not stat.S_ISREG(found.st_mode):
        raise NotFound
    known = _described_path(joined, found.st_size, found.st_mtime)
    try:
        return _answer(environ, joined, known)
    except (FileNotFoundError, PermissionError):
        raise NotFound from None


def send_file(
    environ: "WSGIEnvironment",
    file: IO[bytes],
    *,
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    etag: str | None = None,
    last_modified: float | datetime | None = None,
    max_age: int | None = None,
) -> Response:
    """Answer with a file that the application opened in binary mode; it is closed at last, whatever happens.

    The media type is guessed from the name when it is not given. ``max_age`` is in seconds. Only a ``BytesIO`` has a
    size that is known beforehand, so only it answers to ``Range``.

    Raises PreconditionFailed and RequestedRangeNotSatisfiable as above, TypeError when there is no name to guess the
    type from, ValueError for a file in text mode.
    """
    try:
        if isinstance(file, io.TextIOBase):
            raise ValueError("A file must be open in binary mode.")
        size = file.getbuffer().nbytes if isinstance(file, io.BytesIO) else None
        known = _described(
            size, mimetype, as_attachment, download_name, etag, last_modified, max_age
        )
        return _answer(environ, file, known)
    except BaseException:
        file.close()
        raise


_WINDOWS_DEVICES: Final = frozenset(
    ["AUX", "CON", "CONIN$", "CONOUT$", "NUL", "PRN"]
    + [f"{port}{number}" for port in ("COM", "LPT") for number in "123456789¹²³"]
)


def safe_join(directory: str, path: str) -> str | None:
    """Join a name from a URL to a trusted directory; ``None`` when it would lead out of it.

    Only the name is looked at: whether the file exists, or is a link, is for the caller to know.

    >>> safe_join("/srv", "css/../hello.css"), safe_join("/srv", "../etc/passwd")
    ('/srv/hello.css', None)
    """
    directory = directory or "."
    if not path:
        return directory
    # Normalised before it is joined: afterwards a ".." could have eaten a part of the directory.
    path = posixpath.normpath(path)
    if path == ".." or path.startswith(("/", "../")):
        return None
    if os.name == "nt" and _leads_out_on_windows(path):
        return None
    return f"{directory}{path}" if directory.endswith("/") else f"{directory}/{path}"


def _leads_out_on_windows(path: str) -> bool:
    """Whether the path has a drive or a backslash, or names a device.

    There ``nul``, ``NUL.txt`` and ``nul :x`` are the device in every directory, and reading some of
    them never ends.
    """
    if "\\" in path or os.path.isabs(path):
        return True
    names = (part.partition(":")[0].partition(".")[0] for part in path.split("/"))
    return any(name.strip().upper() in _WINDOWS_DEVICES for name in names)


class _Described(NamedTuple):
    """What an answer says of a file, whoever asks: its fields, and its validators, as they are sent and read."""

    fields: Headers
    size: int | None
    opaque: str | None
    tag: str | None
    date: str | None
    modified: datetime | None


# A site serves the same few files all day, and all this follows from the arguments alone:
# remembered, it takes 0.1 µs instead of 11 (benchmarks: fast paths).
@functools.lru_cache(maxsize=REMEMBERED_FILES)
def _described_path(path: str, size: int, modified: float) -> _Described:
    """Describe a file on disk. Without a ``max_age``: the ``Expires`` that comes of one would age here."""
    opaque = f"{modified}-{size}-{adler32(path.encode())}"
    return _described(size, None, False, os.path.basename(path), opaque, modified)


def _described(
    size: int | None,
    mimetype: str | None,
    as_attachment: bool,
    name: str | None,
    opaque: str | None,
    modified: float | datetime | None,
    max_age: int | None = None,
) -> _Described:
    """Describe a file, its fields in the order in which Flask has them."""
    fields: list[Field] = []
    if mimetype is None:
        if name is None:
            raise TypeError("A file without a path needs a download_name or a mimetype.")
        mimetype, encoding = mimetypes.guess_type(name)
        mimetype = mimetype or "application/octet-stream"
        # A browser that saves "a.tar.gz" with its coding declared would unpack it on the way.
        if encoding is not None and not as_attachment:
            fields.append(("Content-Encoding", encoding))
    if name is not None:
        fields.append(("Content-Disposition", _disposition(name, as_attachment)))
    elif as_attachment:
        raise TypeError("An attachment without a path needs a download_name.")
    fields.append(("Content-Type", with_charset(mimetype)))
    if size is not None:
        fields.append(("Content-Length", str(size)))
    date = None
    if modified is not None:
        date = format_date(modified)
        fields.append(("Last-Modified", date))
    fields += _freshness(max_age)
    tag = None
    if opaque is not None:
        tag = quote_entity_tag(opaque)
        fields.append(("ETag", tag))
    return _Described(Headers(fields), size, opaque, tag, date, parse_date(date))


# attr-char = ALPHA / DIGIT / "!" / "#" / "$" / "&" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~"  RFC 8187 §3.2.1
_ATTR_CHAR: Final = "!#$&+-.^_`|~"


def _disposition(name: str, as_attachment: bool) -> str:
    """Give ``Content-Disposition``, with a second file name in UTF-8 beside the nearest ASCII one where it must be."""
    names = {"filename": name}
    if not name.isascii():
        nearest = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
        names = {"filename": nearest, "filename*": f"UTF-8''{quote(name, safe=_ATTR_CHAR)}"}
    return format_parameters("attachment" if as_attachment else "inline", names)


def _answer(environ: "WSGIEnvironment", source: str | IO[bytes], known: _Described) -> Response:
    """Weigh the request's conditions, then answer with the file, a piece of it or neither."""
    method = environ["REQUEST_METHOD"]
    conditional = method in ("GET", "HEAD")
    status, piece = _selected(environ, known) if conditional else (200, None)
    body: Iterable[bytes]
    if method == "HEAD" or status == 304:
        body = [] if isinstance(source, str) else Chunks(source)
    else:
        body = _body(environ, source, known.size, piece)
    response = Response(body, status, known.fields, direct_passthrough=True)
    if conditional:
        response.headers.extend(_fields_of_second(int(time.time())))
    if piece and known.size:
        response.headers["Content-Length"] = str(piece[1] - piece[0])
        response.headers["Content-Range"] = content_range(*piece, known.size)
    return response


# Kept for the second in which they hold: 0.2 µs, and not 2.6 (benchmarks: fast paths).
@functools.lru_cache(maxsize=1)
def _fields_of_second(now: int) -> Headers:
    """What Flask adds where a condition may be met; ``now`` is in seconds since 1970."""
    return Headers([("Date", format_date(now)), ("Accept-Ranges", "bytes")])


def _freshness(max_age: int | None) -> tuple[Field, ...]:
    """Give ``Cache-Control``, and ``Expires`` for caches that are older than it.

    Without a time, a browser may keep the file, and asks each time whether it still may use it.
    """
    if max_age is None:
        return (("Cache-Control", "no-cache"),)
    permission = "public" if max_age > 0 else "no-cache"
    return (
        ("Cache-Control", f"{permission}, max-age={max_age}"),
        ("Expires", format_date(int(time.time() + max_age))),
    )


def _selected(environ: "WSGIEnvironment", known: _Described) -> tuple[int, Piece | None]:
    """Give the status that the conditions lead to, in the order of RFC 9110 §13.2.2, and for a 206 the half-open piece.

    An empty file has no range, and in a file of unknown size none can be found.
    """
    if not _is_as_insisted(environ, known):
        raise PreconditionFailed
    if _is_current(environ, known):
        return 304, None
    if "HTTP_RANGE" in environ and known.size and _range_counts(environ, known):
        wanted = parse_range(environ["HTTP_RANGE"])
        piece = wanted.within(known.size) if wanted else None
        if piece is None:
            raise RequestedRangeNotSatisfiable(known.size)
        return 206, piece
    return 200, None


def _is_as_insisted(environ: "WSGIEnvironment", known: _Described) -> bool:
    """Whether the file is one that the client will have, by a strong tag or else by the date."""
    if "HTTP_IF_MATCH" in environ and (if_match := parse_entity_tags(environ["HTTP_IF_MATCH"])):
        return if_match.any or if_match.match_strongly(known.opaque)
    if "HTTP_IF_UNMODIFIED_SINCE" not in environ or known.modified is None:
        return True
    since = parse_date(environ["HTTP_IF_UNMODIFIED_SINCE"])
    return since is None or known.modified <= since


def _is_current(environ: "WSGIEnvironment", known: _Described) -> bool:
    """Whether the client has the file, by any tag or else by the date."""
    written = environ.get("HTTP_IF_NONE_MATCH")
    if written is not None:
        # What a browser sends is the tag as it came, and then 1.1 µs of parsing say the same (benchmarks: fast
        # paths).
        if written == known.tag:
            return True
        if if_none_match := parse_entity_tags(written):
            return if_none_match.match_weakly(known.opaque)
    written = environ.get("HTTP_IF_MODIFIED_SINCE")
    if written is None or known.modified is None:
        return False
    # The date as it came, likewise: it takes 2.8 µs to read (benchmarks: fast paths).
    if written == known.date:
        return True
    since = parse_date(written)
    return since is not None and known.modified <= since


def _range_counts(environ: "WSGIEnvironment", known: _Described) -> bool:
    """Whether bytes are asked for, and of the very file of which the client has others (RFC 9110 §14.2, §13.1.5)."""
    unit, _, _ = environ["HTTP_RANGE"].partition("=")
    return (
        environ["REQUEST_METHOD"] == "GET"
        and unit.strip(OWS).lower() == "bytes"
        and environ.get("HTTP_IF_RANGE") in (None, known.tag, known.date)
    )


def _body(
    environ: "WSGIEnvironment", source: str | IO[bytes], size: int | None, piece: Piece | None
) -> Iterable[bytes]:
    """Give the file, or a piece of it, for the server to iterate over; the file in its ``wsgi.file_wrapper`` if any."""
    start, stop = piece or (0, size)
    length = None if stop is None else stop - start
    if isinstance(source, str):
        if length is not None and length <= CHUNK_SIZE:
            return _read(source, start, length)
        source = open(source, "rb", buffering=0)  # noqa: SIM115 - the server closes it
    if piece:
        source.seek(start)
    elif "wsgi.file_wrapper" in environ:
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](source, CHUNK_SIZE)
        return wrapped
    return Chunks(source, length)


_READ_ONLY: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0)


def _read(path: str, start: int, length: int) -> list[bytes]:
    """Read a piece at once. A bare descriptor takes 1.4 µs for it, ``open()`` 2.4 (benchmarks: fast paths)."""
    descriptor = os.open(path, _READ_ONLY)
    try:
        if start:
            os.lseek(descriptor, start, os.SEEK_SET)
        chunks = []
        while length > 0 and (chunk := os.read(descriptor, length)):
            chunks.append(chunk)
            length -= len(chunk)
        return chunks
    finally:
        os.close(descriptor)


class Chunks:
    """A file from where it stands, and no byte more than ``length``, even when it has grown since."""

    __slots__ = ("_file", "_length")

    def __init__(self, file: IO[bytes], length: int | None = None) -> None:
        self._file = file
        self._length = sys.maxsize if length is None else length

    def __iter__(self) -> Iterator[bytes]:
        remaining = self._length
        while remaining > 0 and (chunk := self._file.read(min(remaining, CHUNK_SIZE))):
            remaining -= len(chunk)
            yield chunk

    def close(self) -> None:
        """Close the file; PEP 3333 has the server call this however the answer ends."""
        self._file.close()
