"""Grammar: the small languages inside header values: parameters, dates, entity tags, ranges.

A header value looks like plain text and is not: a semicolon may stand inside quotes, a file name may come in pieces
with its own character set, a date has three spellings, an entity tag keeps its quotes on the wire. Each language has
its ABNF over its regex here, and one function each way. The surprise: bad input is no error. Most of these headers
are only a wish, so what cannot be read is skipped or ``None``, and whoever answers decides what that means.

Every regex runs in linear time: no two neighbours can match the same character, and nothing that repeats is repeated.
Digits are ASCII digits; ``int()`` alone would take ``+1``, ``1_000`` and ``٣`` as well.

Spec:     RFC 9110 §5.6, §8.3.1, §8.8, §13.1, §14; RFC 8187 and RFC 2231 §3, §4 for ``name*=``; RFC 5322 §3.3 for dates
Flask:    werkzeug.http.parse_options_header, werkzeug.http.dump_options_header,
          werkzeug.http.quote_header_value, werkzeug.http.unquote_header_value, werkzeug.http.parse_date,
          werkzeug.http.http_date, werkzeug.http.quote_etag, werkzeug.http.parse_etags,
          werkzeug.http.parse_range_header, werkzeug.datastructures.ETags, werkzeug.datastructures.Range
Differs:  A date with a year, hour or zone beyond a C integer is no date. Werkzeug lets the OverflowError out.
          A range with two signs is none. Werkzeug reads ``0--0`` as ``0-0``.
          A suffix longer than the representation is all of it. Werkzeug finds nothing there.
          The empty tag ``""`` in a list equals the empty tag. Werkzeug counts it and forgets its value.
Left out: ``Accept`` and its weights, ``Authorization``, ``Cache-Control``, ``Content-Range`` as a request field,
          ``If-Range``, which is compared as it was sent, general comma lists: nothing here reads them.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import unquote

# Optional white space, OWS = *( SP / HTAB ). str.strip() without it would strip U+00A0 and U+0085 too.
OWS: Final = " \t"

# token = 1*tchar; tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~"
#                        / DIGIT / ALPHA                                                       RFC 9110 §5.6.2
_TCHAR: Final = r"!#$%&'*+\-.^_`|~0-9A-Za-z"
_TOKEN = re.compile(rf"[{_TCHAR}]+")

# parameters = *( OWS ";" OWS [ parameter ] ); parameter = token "=" ( token / quoted-string )  RFC 9110 §5.6.6
# quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE; quoted-pair = "\" ( any character )    RFC 9110 §5.6.4
# Lenient: qdtext is everything but DQUOTE and "\". The last branch marks a quote that is never closed.
_PARAMETER = re.compile(
    rf"""[ \t]* ([{_TCHAR}]+) = (?: ([{_TCHAR}]+ | "(?:[^"\\]|\\.)*") | (") )""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED_PAIR = re.compile(r"\\(.)")

# attribute marks: section = "*" 1*DIGIT for a value in pieces, then "*" for a value with a character set.  RFC 2231 §7
_MARKS = re.compile(r"(?:\*([0-9]+))?(\*)?\Z")

# ext-value = charset "'" [ language ] "'" value-chars; Werkzeug takes any token for each part.     RFC 8187 §3.2.1
_WITHOUT_APOSTROPHE: Final = _TCHAR.replace("'", "")
_EXTENDED_VALUE = re.compile(rf"([{_WITHOUT_APOSTROPHE}]*)'[{_WITHOUT_APOSTROPHE}]*'([{_TCHAR}]+)")

# RFC 8187 asks for UTF-8 alone; RFC 5987 had ISO-8859-1 as well. Any other name leaves the value as it came, so that
# no client chooses among Python's hundred codecs: some of them unpack, and some are no charsets at all.
CHARSETS: Final = frozenset({"ascii", "us-ascii", "utf-8", "iso-8859-1"})

# entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE, in a list #entity-tag                                 RFC 9110 §8.8.3
# Lenient: "w/" too, and a tag without quotes, because clients send both.
_ENTITY_TAG = re.compile(
    r"""[ \t]* ([Ww]/)? (?: "([^"]*)" | ([^" \t,]+) ) [ \t]* (?: , | \Z )""",
    re.VERBOSE,
)

_DIGITS = re.compile(r"[0-9]+")

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def quote_string(value: str) -> str:
    r"""Give ``value`` as a token where it is one, else as a quoted-string.

    >>> print(quote_string("utf-8"), quote_string('say "hi"'), quote_string(""))
    utf-8 "say \"hi\"" ""
    """
    if _TOKEN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquote_string(value: str) -> str:
    """Give the text of a quoted-string; anything else is its own text."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return _QUOTED_PAIR.sub(r"\1", value[1:-1])
    return value


def format_parameters(value: str, parameters: Mapping[str, str]) -> str:
    """Give ``value; name=text; ...``. A name that ends in ``*`` says that its text is encoded already.

    >>> format_parameters("attachment", {"filename": "a b.csv"})
    'attachment; filename="a b.csv"'
    """
    written = [value]
    for name, text in parameters.items():
        written.append(f"{name}={text if name.endswith('*') else quote_string(text)}")
    return "; ".join(written)


def media_type(value: str) -> str:
    """The media type in a ``Content-Type``, in lower case (RFC 9110 §8.3.1); ``""`` when there is none.

    >>> media_type("Text/HTML; charset=utf-8")
    'text/html'
    """
    return value.partition(";")[0].strip(OWS).lower()


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """Split ``type; name=text; ...`` into the type and its parameters, names in lower case.

    Parameters that do not follow the grammar are skipped; of two with one name the last counts. ``name*0``, ``name*1``
    are joined in the order they came, ``name*=charset'language'text`` is decoded, and ``%22`` means a quote, which is
    how browsers write one in the file name of a form.

    >>> parse_parameters('Text/HTML; Charset="utf-8"')
    ('Text/HTML', {'charset': 'utf-8'})
    """
    main, _, rest = value.partition(";")
    main = main.strip(OWS)
    if not main or not rest:
        return main, {}
    whole: dict[str, str] = {}
    in_pieces: dict[str, list[str]] = {}
    charsets: dict[str, str] = {}
    for name, text in _written_parameters(rest.strip(OWS)):
        section, extended = None, None
        if "*" in name and (marks := _MARKS.search(name)):
            section, extended = marks.groups()
            name = name[: marks.start()]
        if extended:
            charset, text = _extended_value(text, charsets.get(name, "") if section else "")
        else:
            charset, text = "", unquote_string(text).replace("%22", '"')
        if section:
            whole.pop(name, None)
            in_pieces.setdefault(name, []).append(text)
            if charset:
                charsets[name] = charset
        else:
            in_pieces.pop(name, None)
            charsets.pop(name, None)
            whole[name] = text
    whole.update((name, "".join(pieces)) for name, pieces in in_pieces.items())
    return main, whole


def _written_parameters(rest: str) -> Iterator[tuple[str, str]]:
    """Yield each parameter's name in lower case and its value as it is written, quotes and all."""
    position = 0
    while position >= 0:
        found = _PARAMETER.match(rest, position)
        if found:
            name, text, unclosed = found.groups()
            if unclosed:
                return
            yield name.lower(), text
            position = found.end()
        position = rest.find(";", position) + 1 or -1


def _extended_value(text: str, earlier_charset: str) -> tuple[str, str]:
    """Give the character set of ``charset'language'text`` and the decoded text.

    Only the first of several pieces must name the set; the others take ``earlier_charset``.
    """
    charset = ""
    if found := _EXTENDED_VALUE.fullmatch(text):
        charset, text = found.groups()
    charset = charset.lower() or earlier_charset
    return charset, unquote(text, charset) if charset in CHARSETS else text


def parse_date(value: str | None) -> datetime | None:
    """Read an HTTP-date in any of its three formats, or most other dates of the mail world.

    A date without a zone is in UTC. What is no date gives ``None``.

    >>> parse_date("Sunday, 06-Nov-94 08:49:37 GMT")
    datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=datetime.timezone.utc)
    """
    if value is None:
        return None
    import email.utils  # slow to import, and few requests have a date that must be read

    try:
        date = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def format_date(moment: float | datetime) -> str:
    """Give an IMF-fixdate (RFC 9110 §5.6.7) for seconds since 1970 or a datetime; a naive datetime is in UTC.

    ``time.strftime`` would write the names of the server's locale.

    >>> format_date(784111777)
    'Sun, 06 Nov 1994 08:49:37 GMT'
    """
    if not isinstance(moment, datetime):
        date = datetime.fromtimestamp(moment, UTC)
    elif moment.tzinfo is None:
        date = moment
    else:
        date = moment.astimezone(UTC)
    day, month = _DAYS[date.weekday()], _MONTHS[date.month - 1]
    clock = f"{date.hour:02}:{date.minute:02}:{date.second:02}"
    return f"{day}, {date.day:02} {month} {date.year:04} {clock} GMT"


class EntityTags(NamedTuple):
    """The value of ``If-Match`` or ``If-None-Match``; false when it names nothing, and then it counts as absent."""

    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    any: bool = False

    def __bool__(self) -> bool:
        return bool(self.any or self.strong or self.weak)

    def match_strongly(self, opaque: str | None) -> bool:
        """Compare as ``If-Match`` does: a weak tag equals nothing (RFC 9110 §8.8.3.2). ``*`` is not looked at.

        ``None`` is the tag of what has none, here and below.
        """
        return opaque in self.strong

    def match_weakly(self, opaque: str | None) -> bool:
        """Compare as ``If-None-Match`` does: weakness does not count, and ``*`` is every tag."""
        return self.any or opaque in self.strong or opaque in self.weak


def quote_entity_tag(opaque: str) -> str:
    """Give the strong tag as the ``ETag`` header has it; a quote inside raises ValueError, for there is no escape."""
    if '"' in opaque:
        raise ValueError("an entity tag cannot hold a quote")
    return f'"{opaque}"'


def parse_entity_tags(value: str) -> EntityTags:
    """Read ``*`` or a comma list of entity tags; pieces that are none are skipped.

    >>> parse_entity_tags('"a", W/"b"')
    EntityTags(strong=frozenset({'a'}), weak=frozenset({'b'}), any=False)
    """
    if value == "*":
        return EntityTags(any=True)
    strong: set[str] = set()
    weak: set[str] = set()
    position = 0
    while position >= 0:
        found = _ENTITY_TAG.match(value, position)
        if found is None:
            position = value.find(",", position) + 1 or -1
            continue
        weakness, quoted, bare = found.groups()
        (weak if weakness else strong).add(bare or quoted)
        position = found.end()
    return EntityTags(frozenset(strong), frozenset(weak))


class Range(NamedTuple):
    """The value of ``Range``: a unit and half-open pieces ``(start, stop)``.

    ``stop`` is ``None`` for "to the end"; then a negative ``start`` counts from the end.
    """

    unit: str
    pieces: tuple[tuple[int, int | None], ...]

    def within(self, length: int) -> tuple[int, int] | None:
        """Give the one piece that lies in a representation of ``length`` bytes, cut to it; ``None`` is a 416.

        Several pieces give ``None`` as well: thousands of overlapping ones would multiply the body (CVE-2011-3192).
        A suffix longer than the representation is all of it (RFC 9110 §14.1.2).
        """
        if self.unit != "bytes" or len(self.pieces) != 1:
            return None
        start, stop = self.pieces[0]
        if start < 0:
            start = max(start + length, 0)
        if start >= length:
            return None
        return start, length if stop is None else min(stop, length)


# Range = ranges-specifier                                                                          RFC 9110 §14.2
# ranges-specifier = range-unit "=" range-set; range-set = 1#range-spec                           RFC 9110 §14.1.1
# range-spec = int-range / suffix-range / other-range
# int-range = first-pos "-" [ last-pos ]; suffix-range = "-" suffix-length
# Lenient: white space around the unit and the numbers. Strict: pieces ascend, and none follows one that reaches the
# end.
def parse_range(value: str) -> Range | None:
    """Read a ``Range`` header; ``None`` when one piece of it is wrong.

    >>> parse_range("bytes=0-499, 500-")
    Range(unit='bytes', pieces=((0, 500), (500, None)))
    """
    unit, equals, text = value.partition("=")
    if not equals:
        return None
    pieces: list[tuple[int, int | None]] = []
    reached: int | None = 0
    for written in text.split(","):
        piece = _range_piece(written.strip(OWS))
        if piece is None or reached is None:
            return None
        start, stop = piece
        if 0 <= start < reached:
            return None
        pieces.append(piece)
        reached = stop
    return Range(unit.strip(OWS).lower(), tuple(pieces))


def _range_piece(written: str) -> tuple[int, int | None] | None:
    """Read ``0-499``, ``500-`` or ``-500``; the last position is inclusive on the wire and exclusive here."""
    first, hyphen, last = written.partition("-")
    if not hyphen:
        return None
    if not first:
        suffix = _number(last)
        return (-suffix, None) if suffix else None
    start = _number(first.strip(OWS))
    last = last.strip(OWS)
    stop = _number(last) if last else None
    if start is None or (last and (stop is None or stop < start)):
        return None
    return start, None if stop is None else stop + 1


def _number(digits: str) -> int | None:
    """Read ASCII digits and nothing else; more of them than ``int()`` takes (4,300) are no number either."""
    try:
        return int(digits) if _DIGITS.fullmatch(digits) else None
    except ValueError:
        return None


def content_range(start: int, stop: int, length: int) -> str:
    """Give the ``Content-Range`` of a 206: the half-open piece of a representation of ``length`` bytes.

    >>> content_range(0, 500, 1234)
    'bytes 0-499/1234'
    """
    return f"bytes {start}-{stop - 1}/{length}"
