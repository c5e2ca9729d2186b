"""Static files: one file as one answer: whole, in part, or not at all because the client has it.

Serving a file is mostly deciding not to. A browser comes back with the validators of its copy (``If-None-Match``,
``If-Modified-Since``) and gets a 304, or asks for the missing end of a download (``Range``). The surprise: no path is
resolved on disk. ``..`` is taken out of the name before the name meets the directory, so one ``stat`` is all that a
304 costs; ``os.path.realpath`` would ask about every directory on the way. Links are followed, as Flask does.

Spec:     RFC 9110 §8.8, §13, §14, §15.3.7, §15.4.5, §15.5.17; RFC 6266 §4; RFC 9111 §5.2.2
Flask:    flask.send_file, flask.send_from_directory, werkzeug.security.safe_join, werkzeug.wsgi.wrap_file,
          werkzeug.wrappers.Response.make_conditional, werkzeug.http.is_resource_modified
Differs:  A file that is gone or forbidden when it is opened is a 404. Flask answers 500.
          A condition with a date beyond a C integer counts as absent. Flask answers 500.
Left out: ``conditional=False``, ``X-Sendfile``, a function as ``max_age``, directories relative to the application
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
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote
from zlib import adler32

from .errors import NotFound, RequestedRangeNotSatisfiable
from .grammar import (
    IfRange,
    content_range,
    format_date,
    format_parameters,
    parse_date,
    parse_entity_tags,
    parse_if_range,
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


def send_from_directory(
    environ: "WSGIEnvironment",
    directory: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    etag: bool | str = True,
    last_modified: float | datetime | None = None,
    max_age: int | None = None,
) -> Response:
    """Answer with the regular file that the client named, ``path`` in ``directory``.

    Raises NotFound when there is none or it lies outside, and else as :func:`send_file` does.
    """
    joined = safe_join(os.fspath(directory), os.fspath(path))
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
    known = _described_path(
        joined,
        found.st_size,
        found.st_mtime,
        mimetype,
        as_attachment,
        download_name,
        etag,
        last_modified,
    )
    try:
        return _answer(environ, joined, known, max_age)
    except (FileNotFoundError, PermissionError):
        raise NotFound from None


def send_file(
    environ: "WSGIEnvironment",
    path_or_file: str | os.PathLike[str] | IO[bytes],
    *,
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    etag: bool | str = True,
    last_modified: float | datetime | None = None,
    max_age: int | None = None,
) -> Response:
    """Answer with a file that the application chose: a path, or a file open in binary mode, which is closed at last.

    The media type is guessed from the name when it is not given. A path brings its own entity tag and date;
    ``etag`` is another tag or ``False``. ``max_age`` is in seconds. Only a path and a ``BytesIO`` have a size that is
    known beforehand, so only they answer to ``Range``.

    Raises RequestedRangeNotSatisfiable for a range outside the file, OSError for a path that cannot be read,
    TypeError when there is no name to guess the type from, ValueError for a file in text mode.
    """
    if isinstance(path_or_file, str | os.PathLike):
        path = os.fspath(path_or_file)
        found = os.stat(path)
        known = _described_path(
            path,
            found.st_size,
            found.st_mtime,
            mimetype,
            as_attachment,
            download_name,
            etag,
            last_modified,
        )
        return _answer(environ, path, known, max_age)
    if isinstance(path_or_file, io.TextIOBase):
        raise ValueError("A file must be open in binary mode.")
    size = path_or_file.getbuffer().nbytes if isinstance(path_or_file, io.BytesIO) else None
    tag = etag if isinstance(etag, str) else None
    known = _described(size, mimetype, as_attachment, download_name, tag, last_modified)
    return _answer(environ, path_or_file, known, max_age)


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
    return (
        "\\" in path
        or os.path.isabs(path)
        or any(
            part.partition(":")[0].partition(".")[0].strip().upper() in _WINDOWS_DEVICES
            for part in path.split("/")
        )
    )


@dataclass(frozen=True, slots=True)
class _Described:
    """What an answer says of a file, whoever asks: its fields and its validators as they are sent."""

    fields: Headers
    size: int | None
    tag: str | None
    date: str | None


# A site serves the same few files all day, and all this follows from the arguments alone:
# remembered, it takes 0.2 µs instead of 8 (benchmarks: fast paths).
@functools.lru_cache(maxsize=REMEMBERED_FILES)
def _described_path(
    path: str,
    size: int,
    modified: float,
    mimetype: str | None,
    as_attachment: bool,
    download_name: str | None,
    etag: bool | str,
    last_modified: float | datetime | None,
) -> _Described:
    """Describe a file on disk; what the caller does not say follows from path, size and time."""
    if download_name is None:
        download_name = os.path.basename(path)
    if etag is True:
        etag = f"{modified}-{size}-{adler32(path.encode())}"
    if last_modified is None:
        last_modified = modified
    opaque = etag if isinstance(etag, str) else None
    return _described(size, mimetype, as_attachment, download_name, opaque, last_modified)


def _described(
    size: int | None,
    mimetype: str | None,
    as_attachment: bool,
    name: str | None,
    opaque: str | None,
    modified: float | datetime | None,
) -> _Described:
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
    tag = None if opaque is None else quote_entity_tag(opaque)
    return _Described(Headers(fields), size, tag, date)


# attr-char = ALPHA / DIGIT / "!" / "#" / "$" / "&" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~"  RFC 8187 §3.2.1
_ATTR_CHAR: Final = "!#$&+-.^_`|~"


def _disposition(name: str, as_attachment: bool) -> str:
    """Give ``Content-Disposition``, with a second file name in UTF-8 beside the nearest ASCII one where it must be."""
    names = {"filename": name}
    if not name.isascii():
        nearest = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
        names = {"filename": nearest, "filename*": f"UTF-8''{quote(name, safe=_ATTR_CHAR)}"}
    return format_parameters("attachment" if as_attachment else "inline", names)


def _answer(
    environ: "WSGIEnvironment", source: str | IO[bytes], known: _Described, max_age: int | None
) -> Response:
    """Weigh the request's conditions, then give the fields in the order in which Flask has them."""
    fields = Headers(known.fields)
    fields.extend(_ASK_FIRST if max_age is None else _freshness(max_age))
    if known.tag is not None:
        fields.add("ETag", known.tag)
    method = environ["REQUEST_METHOD"]
    if method not in ("GET", "HEAD"):
        return Response(_whole(environ, source, known.size), 200, fields, direct_passthrough=True)
    fields.add("Date", _date_of_second(int(time.time())))
    fields.add("Accept-Ranges", "bytes")
    try:
        status, piece = _selected(environ, known)
    except RequestedRangeNotSatisfiable:
        if not isinstance(source, str):
            source.close()
        raise

    body: Iterable[bytes]
    if method == "HEAD" or status == 304:
        body = () if isinstance(source, str) else Chunks(source)
    elif piece:
        body = _piece(source, *piece)
    else:
        body = _whole(environ, source, known.size)
    response = Response(body, status, fields, direct_passthrough=True)
    if piece and known.size:
        response.headers["Content-Length"] = str(piece[1] - piece[0])
        response.headers["Content-Range"] = content_range(*piece, known.size)
    return response


# Kept for the second in which it holds: 0.1 µs, and not 1.5 (benchmarks: fast paths).
_date_of_second = functools.lru_cache(maxsize=1)(format_date)


# A browser may keep the file, and asks each time whether it still may use it.
_ASK_FIRST: Final = Headers([("Cache-Control", "no-cache")])


def _freshness(max_age: int) -> tuple[Field, ...]:
    """Give ``Cache-Control``, and ``Expires`` for caches that are older than it."""
    permission = "public" if max_age > 0 else "no-cache"
    return (
        ("Cache-Control", f"{permission}, max-age={max_age}"),
        ("Expires", format_date(int(time.time() + max_age))),
    )


def _selected(environ: "WSGIEnvironment", known: _Described) -> tuple[int, Piece | None]:
    """Give the status that the request's conditions lead to, and for a 206 the half-open piece.

    As in Werkzeug, and otherwise than RFC 9110 has it: a range counts before the conditions (§13.2.2), it counts for
    HEAD too, and one that cannot be read or has another unit than bytes is a 416 and not ignored (§14.2).
    An empty file has no range, and in a file of unknown size none can be found.
    """
    if "HTTP_RANGE" in environ and known.size and _range_counts(environ, known):
        wanted = parse_range(environ["HTTP_RANGE"])
        piece = wanted.within(known.size) if wanted else None
        if piece is None:
            raise RequestedRangeNotSatisfiable(known.size)
        return 206, piece
    if not _is_current(environ, known):
        return 200, None
    return (412 if parse_entity_tags(environ.get("HTTP_IF_MATCH")) else 304), None


def _range_counts(environ: "WSGIEnvironment", known: _Described) -> bool:
    """Whether the file is still the one of which the client has the rest.

    As in Werkzeug, a weak tag or a later date will do; RFC 9110 §13.1.5 wants a strong tag or the very date.
    """
    if "HTTP_IF_RANGE" not in environ:
        return True
    return _is_current(environ, known, parse_if_range(environ["HTTP_IF_RANGE"]))


_NO_IF_RANGE: Final = IfRange()


def _is_current(
    environ: "WSGIEnvironment", known: _Described, if_range: IfRange = _NO_IF_RANGE
) -> bool:
    """Whether the conditions find the client's copy good enough, or forbid to touch the file.

    Tags decide where the request names any, and the date where it names none. ``If-Match: *`` says
    no although the file exists, and ``If-Unmodified-Since`` is not looked at, both as in Werkzeug.
    """
    if known.tag is not None:
        opaque = known.tag[1:-1]
        if if_range.opaque is not None:
            return if_range.opaque == opaque
        if if_match := parse_entity_tags(environ.get("HTTP_IF_MATCH")):
            return not if_match.match_strongly(opaque)
        none_match = environ.get("HTTP_IF_NONE_MATCH")
        # What a browser sends is the tag as it came, and then 1.5 µs of parsing say the same.
        if none_match == known.tag:
            return True
        if if_none_match := parse_entity_tags(none_match):
            return if_none_match.match_weakly(opaque)
    if known.date is None:
        return False
    since = if_range.date
    if since is None:
        written = environ.get("HTTP_IF_MODIFIED_SINCE")
        # The date as it came, likewise: two dates take 5 µs to read (benchmarks: fast paths).
        if written == known.date:
            return True
        since = parse_date(written)
    modified = parse_date(known.date) if since else None
    return since is not None and modified is not None and modified <= since


def _whole(
    environ: "WSGIEnvironment", source: str | IO[bytes], size: int | None
) -> Iterable[bytes]:
    """Give a whole file for the server to iterate over, in its own ``wsgi.file_wrapper`` if any."""
    if isinstance(source, str):
        if size is not None and size <= CHUNK_SIZE:
            return _read(source, 0, size)
        source = open(source, "rb", buffering=0)  # noqa: SIM115 - the server closes it
    if "wsgi.file_wrapper" in environ:
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](source, CHUNK_SIZE)
        return wrapped
    return Chunks(source, size)


def _piece(source: str | IO[bytes], start: int, stop: int) -> Iterable[bytes]:
    """Give a half-open piece of a file for the server to iterate over."""
    if isinstance(source, str):
        if stop - start <= CHUNK_SIZE:
            return _read(source, start, stop - start)
        source = open(source, "rb", buffering=0)  # noqa: SIM115 - the server closes it
    source.seek(start)
    return Chunks(source, stop - start)


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
