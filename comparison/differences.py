"""Differences: where the two applications are known to answer otherwise, and why.

The list is meant to be empty. What stands in it is a case where Flask or Werkzeug is wrong, cannot be put right from
outside, and ours is right all the same; each names what upstream says of it and the test that holds it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from wsgi_from_scratch.grammar import parse_parameters
from wsgi_from_scratch.multipart import MAX_PART_HEADERS

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


_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LINE_BREAK = re.compile(rb"\r\n|\n|\r")


def _has_a_part_with_many_fields(request: Request) -> bool:
    """Whether many lines follow a delimiter, without a blank one among them."""
    boundary = parse_parameters(request.header("Content-Type") or "")[1].get("boundary")
    if not boundary:
        return False
    delimiter = f"--{boundary}".encode("latin-1", "replace")
    return any(
        len(_LINE_BREAK.findall(block.partition(delimiter)[2])) > MAX_PART_HEADERS
        for block in _BLANK_LINE.split(request.body)
    )


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "part with many header fields",
        f"Werkzeug reads any number of header fields in a part of a form; ours reads {MAX_PART_HEADERS}.",
        "https://nvd.nist.gov/vuln/detail/CVE-2026-42561",
        "tests/parity/test_differences.py::test_a_part_has_a_limited_number_of_header_fields",
        _has_a_part_with_many_fields,
    ),
)
"""Every known difference."""


def known_difference(request: Request) -> Difference | None:
    """The first difference in the list that this request can bring out."""
    return next((known for known in DIFFERENCES if known.shows_in(request)), None)
