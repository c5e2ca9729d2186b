"""Multipart: a body of several parts, kept apart by a line that the client swears occurs in none of them.

    preamble --boundary CRLF header CRLF CRLF data CRLF --boundary CRLF header ... CRLF --boundary-- epilogue

Chunks go in, events come out, nothing is read or written here: one method per state, and ``state`` is the one for
what comes next. The surprise: a chunk may end anywhere, even between the two hyphens that close the body, so the end
of a chunk is held back exactly as long as it may still become a delimiter. What is held is not searched again, so
the work grows with the body however it is cut, and no content makes it grow faster.

Spec:     RFC 7578 §4; RFC 2046 §5.1.1; RFC 822 §3.1.1 (folded lines); RFC 9110 §5.5 (NUL)
Flask:    werkzeug.sansio.multipart.MultipartDecoder
Differs:  Neither the events nor the limits depend on how the body is cut into chunks. Werkzeug's do
          (pallets/werkzeug#3285): what it makes of a body that comes in one chunk, we make of it however it comes.
          A part with more than MAX_PART_HEADERS fields, or MAX_PART_HEADER_SIZE characters in them, is too large.
          Werkzeug takes any number of fields, and as many bytes as the limit of the form allows.
          NUL in the header of a part is a space in ``Part.fields``; the names of field and file keep it.
Left out: ``Content-Transfer-Encoding`` (RFC 7578 §4.7 retires it), ``multipart/mixed`` inside a part (§4.3), media
          types other than ``multipart/form-data``
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from .errors import RequestEntityTooLarge
from .grammar import OWS, parse_parameters

MAX_PART_HEADERS: Final = 100
"""Header fields of one part. Browsers send two; ``http.client`` draws the line at 100 as well.

A file with more is refused when it begins, any other part when it is whole, which is when Flask can be told to."""

MAX_PART_HEADER_SIZE: Final = 16 * 1024
"""Characters of the names and values of those fields, together. Browsers send a few hundred; to take the parameters of
one field apart costs up to a microsecond for each."""

# delimiter       = line-break "--" boundary padding line-break
# close-delimiter = line-break "--" boundary "--"                                               RFC 2046 §5.1.1
# Lenient: a line may end with LF or CR alone, and the first delimiter needs no line break before it.
_END_OF_PADDING = re.compile(rb"[^ \t\v\f]")
_BLANK_LINE = re.compile(rb"\r\n\r\n|\r\r|\n\n")
_LINE_BREAK_BEFORE_HYPHEN = re.compile(rb"(?:\r\n|\n|\r)(?=-|\Z)")

# What browsers send for a field or a file whose names are ASCII: quoted text without "\" and "%" means what it says.
# To read it at once takes 1.0 µs, and not 5.3 (benchmarks: fast paths).
_USUAL_HEADER = re.compile(
    rb"""(Content-Disposition:\ (form-data;\ name="([^"\\%\x00-\x1f\x7f-\xff]*+)"
         (?:;\ filename="([^"\\%\x00-\x1f\x7f-\xff]*+)")?)
         (?:\r\nContent-Type:\ ([!-~]++))?)\r\n\r\n""",
    re.VERBOSE,
)


class MultipartError(ValueError):
    """The body is not what its boundary promised, so what came out of it so far must not be used either."""


class Part(NamedTuple):
    """A part begins. ``filename`` is ``None`` for a plain field and ``""`` where a file was asked for and none chosen.

    A part without a name has ``None`` for it, though RFC 7578 §4.2 demands one.
    """

    name: str | None
    filename: str | None
    fields: list[tuple[str, str]]


class End:
    """The part is whole."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "END"


END: Final = End()

Event: TypeAlias = Part | bytes | End
"""Bytes are data of the part that began last; they are never empty, so an empty part has none."""


class MultipartParser:
    """Parse one body: ``feed`` it chunk by chunk, then ``close``.

    ``max_memory`` bounds, in bytes, each piece that somebody has to keep or to skip: the preamble, the header of a
    part, the padding of a delimiter, the value of a field, the epilogue. Files have no bound here.

    >>> parser = MultipartParser(b"cut", max_parts=10, max_memory=1000)
    >>> for event in parser.feed(b'--cut\\nContent-Disposition: form-data; name="a"\\n\\nbc\\n--cut--'):
    ...     print(event)
    Part(name='a', filename=None, fields=[('Content-Disposition', 'form-data; name="a"')])
    b'bc'
    END
    >>> parser.close()
    """

    __slots__ = (
        "_boundary_at",
        "_buffer",
        "_counted",
        "_dash_boundary",
        "_events",
        "_has_large_header",
        "_is_file",
        "_max_memory",
        "_max_usual",
        "_missed",
        "_no_data",
        "_outside",
        "_parts_left",
        "_patterns",
        "_position",
        "_searched",
        "state",
    )

    def __init__(self, boundary: bytes, *, max_parts: int, max_memory: int) -> None:
        # What comes next. The method does one step and says whether another can follow without more bytes.
        self.state: State = MultipartParser._in_preamble
        self._dash_boundary = b"--" + boundary
        self._max_memory = max_memory
        # A header of no more bytes is within all limits.
        self._max_usual = min(max_memory, MAX_PART_HEADER_SIZE)
        self._parts_left = max_parts
        self._events: list[Event] = []
        # What is undecided: ``_buffer`` from ``_position`` on. Before ``_searched`` nothing remains to be found.
        self._buffer: bytes | bytearray = b""
        self._position = 0
        self._searched = 0
        # Where the "--boundary" begins that may be a delimiter, and the state to return to if it is none.
        self._boundary_at = 0
        self._outside: State = self.state
        # Whether a near miss was seen in this chunk, and the patterns to search with then, by their delimiter.
        self._missed = False
        self._patterns: dict[bytes, re.Pattern[bytes]] = {}
        self._is_file = False
        self._has_large_header = False
        # Bytes at ``_position`` that are a line break of the blank line: no data, but a delimiter may begin with them.
        self._no_data = 0
        # Bytes of the present piece that were given or skipped already and count against ``_max_memory``.
        self._counted = 0

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes of the body and give what is decided by now.

        Raises MultipartError for a part that cannot be read, RequestEntityTooLarge beyond a limit; both are final.
        """
        if self._buffer:
            self._buffer += chunk
        else:
            self._buffer = chunk
        self._missed = False
        while self.state(self):
            pass
        self._forget()
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """Say that the body has ended. Raises MultipartError when it ends before its close-delimiter.

        And RequestEntityTooLarge for a part that has ended only now, with a delimiter and a CR that nothing follows.
        """
        if self.state is MultipartParser._in_padding and self._buffer.endswith(b"\r"):
            self._leave_delimiter(len(self._buffer), MultipartParser._at_header)
        if self.state is not MultipartParser._in_epilogue:
            raise MultipartError("the body ends before its close-delimiter")

    def _in_preamble(self) -> bool:
        """Skip to the first ``--boundary``, wherever on its line it stands."""
        at = self._find_boundary(b"")
        if at < 0:
            self._searched = max(self._position, len(self._buffer) - len(self._dash_boundary) + 1)
            self._skip_to(self._searched)
            return False
        self._skip_to(at)
        self._enter_delimiter(at)
        return True

    def _in_delimiter(self) -> bool:
        """See whether a line break follows ``--boundary``, or the two hyphens that make it the end of the body."""
        end = self._boundary_at + len(self._dash_boundary)
        following = self._buffer[end : end + 2]
        if following in (b"", b"-"):
            return False
        if following == b"\r\n" and len(self._dash_boundary) <= self._max_memory:
            self._leave_delimiter(end + 2, MultipartParser._at_header)
        elif following == b"--":
            self._leave_delimiter(end + 2, MultipartParser._in_epilogue)
        else:
            self._searched = end
            self.state = MultipartParser._in_padding
        return True

    def _in_padding(self) -> bool:
        """Look for the end of the line after ``--boundary``; with anything but white space before it, go back."""
        found = _END_OF_PADDING.search(self._buffer, self._searched)
        self._searched = end = found.start() if found else len(self._buffer)
        if end - self._boundary_at > self._max_memory:
            raise RequestEntityTooLarge
        line_break = self._buffer[end : end + 2]
        if line_break in (b"", b"\r"):
            return False
        if line_break == b"\r\n":
            self._leave_delimiter(end + 2, MultipartParser._at_header)
        elif line_break[:1] in (b"\r", b"\n"):
            self._leave_delimiter(end + 1, MultipartParser._at_header)
        else:
            self._searched = self._boundary_at + 1
            self.state = self._outside
            self._missed = True
        return True

    def _at_header(self) -> bool:
        """Read a header as browsers send it, if it has come whole; any other is for the next state."""
        usual = _USUAL_HEADER.match(self._buffer, self._position)
        if usual is None or usual.end(1) - self._position > self._max_usual:
            self.state = MultipartParser._in_header
        else:
            self._begin(_read_usual_header(usual), usual.end(1) + 2)
            self._give_at_once(usual.end())
        return True

    def _give_at_once(self, start: int) -> None:
        """Give the data of a part, and its end, if all of it has come, with a delimiter as browsers send it behind.

        Two fields and a small file take 7.6 µs so, and 9.2 through the three states (benchmarks: fast paths).
        """
        buffer, dash_boundary = self._buffer, self._dash_boundary
        at = buffer.find(dash_boundary, start)
        end, following = at - 2, at + len(dash_boundary)
        state = _AFTER_BOUNDARY.get(bytes(buffer[following : following + 2]))
        fits = self._is_file or end - start <= self._max_memory
        if at >= 0 and buffer[end:at] == b"\r\n" and state and fits:
            if start < end:
                self._events.append(bytes(buffer[start:end]))
            self._events.append(END)
            self._position = self._searched = following + 2
            self.state = state
        else:
            self._searched = at if at >= 0 else max(start, len(buffer) - len(dash_boundary))
            self._no_data = 2
            self.state = MultipartParser._in_body

    def _in_header(self) -> bool:
        """Wait for the blank line, then read the header of the part."""
        blank_line = _BLANK_LINE.search(self._buffer, self._searched)
        end = blank_line.start() if blank_line else max(self._position, len(self._buffer) - 3)
        if end - self._position > self._max_memory:
            raise RequestEntityTooLarge
        self._searched = end
        if blank_line is None:
            return False
        part = _read_header(bytes(self._buffer[self._position : end]))
        # Of the two line breaks the first ends the last field. The second may be shared with a delimiter.
        self._begin(part, (end + blank_line.end()) // 2)
        return True

    def _in_blank_line(self) -> bool:
        """See how long the line break is that data follows: after CR CR there may still come the LF of CRLF."""
        line_break = self._buffer[self._position : self._position + 2]
        if line_break == b"\r":
            return False
        self._no_data = 2 if line_break == b"\r\n" else 1
        self.state = MultipartParser._in_body
        return True

    def _in_body(self) -> bool:
        """Give data up to the next ``--boundary`` at the beginning of a line."""
        at = self._find_boundary(b"\n", b"\r")
        if at < 0:
            self._searched = self._undecided_from()
            self._give_to(self._searched)
            return False
        before = self._buffer[max(self._position, at - 2) : at]
        line_break = 2 if before == b"\r\n" else int(before.endswith((b"\r", b"\n")))
        if line_break:
            self._give_to(at - line_break)
            self._enter_delimiter(at)
        else:
            self._searched = at + 1
            self._missed = True
        return True

    def _in_epilogue(self) -> bool:
        """Skip what follows the close-delimiter."""
        self._skip_to(len(self._buffer))
        return False

    def _enter_delimiter(self, boundary_at: int) -> None:
        self._boundary_at = boundary_at
        self._outside = self.state
        self.state = MultipartParser._in_delimiter

    def _leave_delimiter(self, end: int, state: "State") -> None:
        if self._outside is MultipartParser._in_body:
            if self._has_large_header:
                raise RequestEntityTooLarge
            self._events.append(END)
        self._position = self._searched = end
        self._counted = 0
        self.state = state

    def _begin(self, part: Part, blank_line_at: int) -> None:
        self._is_file = part.filename is not None
        self._has_large_header = len(part.fields) > MAX_PART_HEADERS or (
            # Asked first, for it has no fewer bytes than characters.
            blank_line_at - self._position > MAX_PART_HEADER_SIZE
            and sum(len(name) + len(value) for name, value in part.fields) > MAX_PART_HEADER_SIZE
        )
        if self._parts_left == 0 or (self._is_file and self._has_large_header):
            raise RequestEntityTooLarge
        self._parts_left -= 1
        self._events.append(part)
        self._position = self._searched = blank_line_at
        self.state = MultipartParser._in_blank_line

    def _find_boundary(self, *line_breaks: bytes) -> int:
        """Where the next ``--boundary`` stands, or -1; after a near miss the next that may be a delimiter.

        One near miss makes more of them likely, and going through the states for each runs at 1 to 62 MB/s. So what
        follows the first in a chunk is searched for the whole delimiter: for its first byte, which may be nowhere, for
        all of it but the end, and with a pattern where near misses have even that. This runs at thousands of MB/s, and
        with the pattern at about 500 (the rows of boundaries and hyphens in ``benchmarks/multipart.py``).
        """
        if not self._missed:
            return self._buffer.find(self._dash_boundary, self._searched)
        at, end = -1, len(self._buffer)
        for line_break in line_breaks:
            delimiter = line_break + self._dash_boundary
            start = max(self._position, self._searched - len(line_break))
            start = self._buffer.find(line_break, start, end)
            if start >= 0:
                start = self._buffer.find(delimiter, start, end)
            if start >= 0 and (found := self._pattern(delimiter).search(self._buffer, start, end)):
                at, end = found.start() + len(line_break), found.end()
        return at

    def _pattern(self, delimiter: bytes) -> re.Pattern[bytes]:
        """What matches a delimiter, as far as it is there, and no near miss."""
        pattern = self._patterns.get(delimiter)
        if pattern is None:
            pattern = self._patterns[delimiter] = re.compile(
                rb"%s(?=-(?:-|\Z)|[ \t\v\f]*+(?:[\r\n]|\Z))" % re.escape(delimiter)
            )
        return pattern

    def _undecided_from(self) -> int:
        """Where the end of the buffer begins that may be the first bytes of a delimiter."""
        buffer = self._buffer
        longest = len(b"\r\n") + len(self._dash_boundary) - 1
        start = max(self._position, len(buffer) - longest)
        for line_break in _LINE_BREAK_BEFORE_HYPHEN.finditer(buffer, start):
            if self._dash_boundary.startswith(buffer[line_break.end() :]):
                return line_break.start()
        return len(buffer)

    def _give_to(self, end: int) -> None:
        start = self._position + self._no_data
        if end <= start:
            return
        if not self._is_file:
            self._count(end - start)
        self._events.append(bytes(self._buffer[start:end]))
        self._position = end
        self._no_data = 0

    def _skip_to(self, end: int) -> None:
        self._count(end - self._position)
        self._position = end

    def _count(self, size: int) -> None:
        self._counted += size
        if self._counted > self._max_memory:
            raise RequestEntityTooLarge

    def _forget(self) -> None:
        """Drop the bytes before ``_position``.

        A buffer of which nothing can be dropped waits for more. It is made one that grows in place: a long header
        that comes in many small chunks would be copied with each of them otherwise.
        """
        if self._position:
            self._buffer = bytes(self._buffer[self._position :])
            self._searched -= self._position
            self._boundary_at -= self._position
            self._position = 0
        elif isinstance(self._buffer, bytes):
            self._buffer = bytearray(self._buffer)


State: TypeAlias = Callable[[MultipartParser], bool]

# What two bytes behind "--boundary" lead to, as browsers send them.
_AFTER_BOUNDARY: Final = {b"\r\n": MultipartParser._at_header, b"--": MultipartParser._in_epilogue}


def _read_usual_header(usual: re.Match[bytes]) -> Part:
    """Give what ``_read_header`` would."""
    _, disposition, name, filename, content_type = usual.groups()
    fields = [("Content-Disposition", disposition.decode())]
    if content_type is not None:
        fields.append(("Content-Type", content_type.decode()))
    return Part(name.decode(), None if filename is None else filename.decode(), fields)


def _read_header(header: bytes) -> Part:
    """Read what stands between a delimiter and a blank line."""
    try:
        text = header.decode()
    except UnicodeDecodeError as error:
        raise MultipartError("the header of a part is not UTF-8") from error
    # A line that begins with white space continues the one before it: RFC 822 §3.1.1.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\n ", " ").replace("\n\t", " ")
    fields = []
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        name = name.strip(OWS)
        if name or colon:
            fields.append((name, value.strip(OWS)))
    parameters = _disposition(fields)
    if "\0" in text:
        fields = [(name.replace("\0", " "), value.replace("\0", " ")) for name, value in fields]
    return Part(parameters.get("name"), parameters.get("filename"), fields)


def _disposition(fields: list[tuple[str, str]]) -> dict[str, str]:
    """The parameters of ``Content-Disposition``, of which the first counts and the type is not looked at."""
    for name, value in fields:
        if name.lower() == "content-disposition":
            return parse_parameters(value)[1]
    raise MultipartError("a part without Content-Disposition")
