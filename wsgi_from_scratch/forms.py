"""Forms: the fields and files in the body of a request, whichever of the two encodings the browser chose.

A form without files comes as one long query string, a form with ``enctype="multipart/form-data"`` as parts. Here the
media type picks the parser, fields become text, and files stay in memory as long as they are small. The surprise: a
body that cannot be parsed is no error but an empty form, so the view sees fields that are missing and answers 400
for the first that it needs. Only a body beyond a limit says so, with 413.

Spec:     RFC 7578; WHATWG URL §5 (urlencoded); RFC 9110 §8.3
Flask:    werkzeug.formparser.FormDataParser, werkzeug.formparser.MultiPartParser, werkzeug.datastructures.FileStorage
Differs:  The limits hold for urlencoded forms too. Werkzeug has them for multipart alone, and 16 MiB of percent signs
          take 3 GB there.
          What cannot be read is an empty form, however much follows. Werkzeug refuses it where a limit below 65 KiB is
          passed in the same read.
          A boundary of more than MAX_BOUNDARY bytes is none. Werkzeug compiles patterns from one of any length.
          Files that were begun are closed when their form is refused; a full disk is a 503, and no 500.
Left out: a file's ``mimetype_params`` and ``content_length``, which are in its ``headers``; what else a file can do,
          for which there is ``UploadedFile.stream``; the rest of a large body that turns out to be no form, which
          depends on how much is read at once
"""

import logging
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Final, NamedTuple, Protocol

from .errors import RequestEntityTooLarge, ServiceUnavailable
from .grammar import CHARSETS, media_type, parse_parameters
from .headers import Headers
from .multidict import MultiDict
from .multipart import Event, MultipartError, MultipartParser, Part
from .urls import parse_query

MAX_BOUNDARY: Final = 256
"""Bytes of a boundary; with a longer one the body counts as no form. RFC 2046 §5.1.1 allows 70."""

READ_SIZE: Final = 256 * 1024
"""Bytes read from the body at once, which may take four times as much memory while they are parsed.

With Werkzeug's 64 KiB the parser alone takes an eighth longer for random bytes (``benchmarks/multipart.py``), and the
disk is written to more often.
"""

FILES_IN_MEMORY: Final = 2 * 1024 * 1024
"""Bytes of files that one form may keep in memory together before a file that is no SMALL_FILE goes to disk. A file
takes twice its size for the moment in which its pieces are joined.

Werkzeug keeps 500 KiB of each file. A bound for all of them can be larger and still cost less: one file of a megabyte
needs no disk, and of twenty such files two are in memory.
"""

MANY_PIECES: Final = 64
"""Pieces of a file or field that are kept as they come. More are joined while they have less than a kibibyte on
average: an object for every two bytes takes nearly thirty times their memory."""

SMALL_FILE: Final = 256 * 1024
"""Bytes of memory that every file may take, beyond FILES_IN_MEMORY, too: then the limit of the body alone bounds them
together. A thousand tiny files on disk would use up the process's descriptors."""

logger = logging.getLogger(__name__)


class Limits(NamedTuple):
    """What a form may cost; beyond it the answer is 413.

    ``max_form_memory_size`` is in bytes, of each text field of a multipart form and of what stands around its parts,
    or of a whole urlencoded form. ``max_form_parts`` counts fields and files together. The defaults are Flask's.
    """

    max_form_memory_size: int = 500_000
    max_form_parts: int = 1_000

    @property
    def bound_whole_body(self) -> bool:
        """Whether the limit is below a read of Werkzeug's and what it may have kept of the last, 65 KiB together.

        There it refuses a longer body, files included, and so do we.
        """
        return self.max_form_memory_size < 65 * 1024


class Readable(Protocol):
    """A body that ends by itself."""

    def read(self, size: int = -1, /) -> bytes: ...


class UploadedFile:
    """A file of a form; false when the user chose none.

    ``filename`` is what the client says, so it names nothing here: it may hold ``../``, NUL or nothing.
    """

    __slots__ = ("filename", "headers", "name", "stream")

    def __init__(
        self, stream: IO[bytes], filename: str, name: str | None, headers: Headers
    ) -> None:
        self.stream = stream
        self.filename = filename
        self.name = name
        self.headers = headers

    @property
    def content_type(self) -> str | None:
        """What the client believes the file to be."""
        return self.headers.get("Content-Type")

    @property
    def mimetype(self) -> str:
        """The content type without its parameters, in lower case; ``""`` when there is none."""
        return media_type(self.content_type or "")

    def read(self, size: int = -1, /) -> bytes:
        return self.stream.read(size)

    def readline(self, size: int = -1, /) -> bytes:
        return self.stream.readline(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        return self.stream.tell()

    def save(
        self, destination: str | os.PathLike[str] | IO[bytes], buffer_size: int = 16 * 1024
    ) -> None:
        """Copy from the present position on, to a path or into a file that stays open."""
        if isinstance(destination, str | os.PathLike):
            with open(destination, "wb") as file:
                shutil.copyfileobj(self.stream, file, buffer_size)
        else:
            shutil.copyfileobj(self.stream, destination, buffer_size)

    def close(self) -> None:
        """Give the memory or the disk space back; done again, it does nothing."""
        try:
            self.stream.close()
        except OSError:
            return  # what a full disk keeps from being flushed is thrown away all the same

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.stream)

    def __bool__(self) -> bool:
        return bool(self.filename)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.filename!r} ({self.content_type!r})>"


_NO_FILES: Final[MultiDict[UploadedFile]] = MultiDict()


def parse_form(
    stream: Readable, mimetype: str, parameters: dict[str, str], limits: Limits
) -> tuple[MultiDict[str], MultiDict[UploadedFile]]:
    """Give the fields and the files of a body; both are empty when it is no form or cannot be read as one.

    ``mimetype`` is in lower case. The caller closes the files. Raises RequestEntityTooLarge, ServiceUnavailable when
    the disk has no room for a file, and what the stream does.
    """
    try:
        if mimetype == "multipart/form-data":
            return _parse_multipart(stream, parameters, limits)
        if mimetype == "application/x-www-form-urlencoded":
            return _parse_urlencoded(stream, limits), _NO_FILES
    except (MultipartError, UnicodeError):
        pass
    except OSError as error:
        logger.exception("an uploaded file cannot be kept")
        raise ServiceUnavailable from error
    return MultiDict(), _NO_FILES


def _parse_urlencoded(stream: Readable, limits: Limits) -> MultiDict[str]:
    pieces = []
    left = limits.max_form_memory_size
    while chunk := stream.read(READ_SIZE):
        left -= len(chunk)
        if left < 0:
            raise RequestEntityTooLarge
        pieces.append(chunk)
    body = b"".join(pieces)
    if body.count(b"&") >= limits.max_form_parts:
        raise RequestEntityTooLarge
    return MultiDict(parse_query(body.decode()))


def _parse_multipart(
    stream: Readable, parameters: dict[str, str], limits: Limits
) -> tuple[MultiDict[str], MultiDict[UploadedFile]]:
    boundary = parameters.get("boundary", "").encode("ascii")
    if not 0 < len(boundary) <= MAX_BOUNDARY:
        raise MultipartError("multipart/form-data without a boundary, or with one that is none")
    parser = MultipartParser(
        boundary, max_parts=limits.max_form_parts, max_memory=limits.max_form_memory_size
    )
    collector = _Collector()
    left = limits.max_form_memory_size if limits.bound_whole_body else sys.maxsize
    try:
        while chunk := stream.read(READ_SIZE):
            # First what is within the limit: if that cannot be read, the form is empty, however the body was cut.
            collector.take(parser.feed(chunk[:left]))
            left -= len(chunk)
            if left < 0:
                raise RequestEntityTooLarge
        parser.close()
    except BaseException:
        for _, file in collector.files:
            file.close()
        raise
    return MultiDict(collector.fields), MultiDict(collector.files)


class _Collector:
    """Makes pairs for the two dictionaries out of a parser's events."""

    __slots__ = ("_disk", "_file", "_memory_left", "_part", "_pieces", "_size", "fields", "files")

    def __init__(self) -> None:
        # As in Flask, a part without a name is filed under None. No view asks for that key, and iteration shows it.
        self.fields: list[tuple[str | None, str]] = []
        self.files: list[tuple[str | None, UploadedFile]] = []
        self._memory_left = FILES_IN_MEMORY
        # The part in hand, and the file that it becomes if it is no field. Its data so far, of ``_size`` bytes, or
        # where they go when they are too much for the memory.
        self._part: Part
        self._file: UploadedFile | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._disk: IO[bytes] | None = None

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Part):
                self._begin(event)
            elif isinstance(event, bytes):
                self._add(event)
            else:
                self._finish()

    def _begin(self, part: Part) -> None:
        self._part = part
        if part.filename is not None:
            self._file = UploadedFile(BytesIO(), part.filename, part.name, Headers(part.fields))
            self.files.append((part.name, self._file))

    def _add(self, data: bytes) -> None:
        if self._disk is not None:
            self._disk.write(data)
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._file is not None and self._size > max(SMALL_FILE, self._memory_left):
            self._file.stream = self._disk = TemporaryFile()  # noqa: SIM115 - closed with the request
            self._disk.writelines(self._pieces)
            self._pieces.clear()
        elif len(self._pieces) > MANY_PIECES + self._size // 1024:
            self._pieces = [b"".join(self._pieces)]

    def _finish(self) -> None:
        data = b"".join(self._pieces)
        if self._file is None:
            self.fields.append((self._part.name, data.decode(_charset(self._part), "replace")))
        elif self._disk is None:
            self._file.stream = BytesIO(data)
            self._memory_left -= len(data)
        else:
            self._disk.seek(0)
        self._file = self._disk = None
        self._pieces, self._size = [], 0


def _charset(part: Part) -> str:
    for name, value in part.fields:
        if name.lower() == "content-type":
            charset = parse_parameters(value)[1].get("charset", "").lower()
            return charset if charset in CHARSETS else "utf-8"
    return "utf-8"
