"""Multipart: how fast an upload is taken apart, whatever is in it, and in how much memory.

A parser looks for the boundary, and what looks like one costs it most. So besides random bytes there are files that
somebody made to be slow: nothing but line breaks or hyphens, and nothing but boundaries that are none. A parser
that slows down on one of them much more than the others do has a weakness that a visitor can use.

Before a file is timed, every parser must give it back whole. Memory is measured apart, as watching it costs time.
"""

import random
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any

from .measure import Spread, take_turns
from .options import Options
from .parsers import IN_FORMS, PARSERS, READ_SIZE, Parse
from .table import Column, Table, Value, mebibytes

MEBIBYTE = 1024 * 1024
SIZE = 64 * MEBIBYTE
QUICK_SIZE = 4 * MEBIBYTE
CHECKED_SIZE = MEBIBYTE

MEMORY_SIZE = 16 * MEBIBYTE
"""More than any parser may hold, so that one which holds everything shows."""

SECONDS = 4.0
"""Seconds for the rounds of one content."""

BROWSER = b"----WebKitFormBoundary7MA4YWxkTrZu0gW0"
HYPHENS = b"-" * 38


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: ``pattern`` again and again, or random bytes where there is none."""

    name: str
    pattern: bytes
    boundary: bytes = BROWSER

    def file(self, size: int) -> bytes:
        """Always begins with a letter: a line break and hyphens could be the end of the part."""
        if not self.pattern:
            return random.Random(1).randbytes(size)
        return b"x" + (self.pattern * (size // len(self.pattern) + 1))[: size - 1]

    def body(self, size: int) -> bytes:
        head = b'Content-Disposition: form-data; name="file"; filename="content.bin"'
        line = b"--" + self.boundary
        return b"\r\n".join((line, head, b"", self.file(size), line + b"--", b""))


CONTENTS = (
    Content("random bytes", b""),
    Content("CR", b"\r"),
    Content("LF", b"\n"),
    Content("CR LF", b"\r\n"),
    Content("CR LF and two hyphens", b"\r\n--"),
    Content("hyphens", b"-"),
    Content("hyphens, also the boundary", b"-", HYPHENS),
    Content("boundaries without their end", b"\r\n--" + BROWSER[:-1]),
    Content("boundaries without line break", b" --" + BROWSER),
    Content("boundaries in lines of 8 KB", b"\r\n" + (b" --" + BROWSER) * 200),
    Content("boundaries with a letter behind", b"\r\n--" + BROWSER + b"X"),
)


def run(options: Options) -> list[Table]:
    """Speed and memory, in two tables."""
    size = QUICK_SIZE if options.quick else SIZE
    seconds = SECONDS / 30 if options.quick else SECONDS
    speeds: list[list[Value]] = []
    peaks: list[list[Value]] = []
    for content in CONTENTS:
        options.say(f"multipart: {content.name}")
        parsers = {name: parse for name, parse in PARSERS.items() if gives_back(parse, content)}
        found = rates(parsers, content, size, seconds)
        memory = {name: peak(parse, content) for name, parse in parsers.items()}
        speeds.append([content.name, *map(found.get, PARSERS)])
        peaks.append([content.name, *map(memory.get, PARSERS)])
    file = f"a file of {mebibytes(size)} that holds nothing but"
    note = f"Read {READ_SIZE // 1024} KiB at a time; {IN_FORMS} is what an upload to us is parsed with."
    return [
        Table(f"Multipart: MB/s, {file}", _columns(_rate), speeds, (note, ABSENT)),
        Table("Multipart: most memory at once, beside the body", _columns(_kibibytes), peaks),
    ]


ABSENT = "“—” stands for a parser that does not give such a file back as it was."


def gives_back(parse: Parse, content: Content) -> bool:
    """Whether a parser gives a file back as it was sent."""
    pieces: list[bytes] = []
    try:
        parse(BytesIO(content.body(CHECKED_SIZE)), content.boundary, pieces.append)
    except Exception:  # each library has an error of its own, and any of them is an answer
        return False
    return b"".join(pieces) == content.file(CHECKED_SIZE)


def rates(
    parsers: Mapping[str, Parse], content: Content, size: int, seconds: float
) -> dict[str, Spread]:
    """Megabytes per second of each parser, for a file of ``size`` bytes."""
    body = content.body(size)

    def call(parse: Parse) -> None:
        parse(BytesIO(body), content.boundary, len)

    found = take_turns({name: partial(call, parse) for name, parse in parsers.items()}, seconds)
    megabytes = size / 1_000_000
    return {
        name: Spread(
            megabytes / one.median, megabytes / one.upper, megabytes / one.lower, one.rounds
        )
        for name, one in found.items()
    }


def peak(parse: Parse, content: Content) -> int:
    """The most bytes that a parser holds at once; the body and what was there before it are not counted."""
    body = BytesIO(content.body(MEMORY_SIZE))
    tracemalloc.start()
    try:
        parse(body, content.boundary, len)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _columns(show: Callable[[Any], str]) -> list[Column]:
    return [Column("nothing but"), *(Column(name, show) for name in PARSERS)]


def _rate(rate: Spread) -> str:
    return f"{rate.median:,.0f} ±{rate.noise:.0%}"


def _kibibytes(size: int) -> str:
    return f"{size / 1024:,.0f} KiB"
