"""Differences: where the two applications are known to answer otherwise, and why.

The list is meant to be empty. What stands in it is a case where Flask or Werkzeug is wrong, cannot be put right from
outside, and ours is right all the same; each names what upstream says of it and the test that holds it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from .wire import Request


@dataclass(frozen=True, slots=True)
class Difference:
    """One known difference."""

    name: str
    reason: str
    upstream: str
    """Address of the issue, the advisory or the document that says so."""
    test: str
    """The test that holds it, as pytest names it."""
    shows_in: Callable[[Request], bool]
    """Whether a request can bring it out."""


# Werkzeug reads a form in pieces of this many bytes.
_PIECE = 64 * 1024
_boundary = re.compile(r'boundary="?([^";]*)', re.IGNORECASE)
_MOST_FIELDS = 100
_DATES = ("If-Modified-Since", "If-Unmodified-Since", "If-Range")


def _delimiter(request: Request) -> bytes | None:
    found = _boundary.search(request.header("Content-Type") or "")
    return f"--{found[1]}".encode("latin-1") if found else None


def _is_cut_in_its_last_delimiter(request: Request) -> bool:
    """Whether a piece of a multipart body ends between the two hyphens behind a boundary."""
    delimiter, body = _delimiter(request), request.body
    return delimiter is not None and any(
        body.endswith(delimiter + b"-", 0, end) for end in range(_PIECE, len(body), _PIECE)
    )


def _has_a_part_with_many_fields(request: Request) -> bool:
    delimiter = _delimiter(request)
    # Each field of a part begins after a line feed, the first one after that of the delimiter.
    return delimiter is not None and any(
        part.partition(b"\r\n\r\n")[0].count(b"\n") > _MOST_FIELDS
        for part in request.body.split(delimiter)
    )


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "upload cut between two hyphens",
        "Werkzeug adds a carriage return to a file when a read ends inside the last delimiter.",
        "https://github.com/pallets/werkzeug/issues/3285",
        "tests/parity/test_differences.py::test_a_file_is_the_same_wherever_its_body_is_cut",
        _is_cut_in_its_last_delimiter,
    ),
    Difference(
        "part with many header fields",
        "Werkzeug reads any number of header fields in a part of a form; ours reads a hundred.",
        "https://nvd.nist.gov/vuln/detail/CVE-2026-42561",
        "tests/parity/test_differences.py::test_a_part_has_a_limited_number_of_header_fields",
        _has_a_part_with_many_fields,
    ),
)
"""Every known difference."""


def known_difference(request: Request) -> Difference | None:
    """The first difference in the list that this request can bring out."""
    return next((known for known in DIFFERENCES if known.shows_in(request)), None)
