"""Differences: where the two applications are known to answer otherwise, and why.

The list is meant to be empty. What stands in it is a case where Flask or Werkzeug is wrong, cannot be put right from
outside, and ours is right all the same; each names what upstream says of it and the test that holds it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from flask_version.app import PIECE
from wsgi_from_scratch.errors import RequestEntityTooLarge
from wsgi_from_scratch.forms import Limits, parse_form
from wsgi_from_scratch.grammar import parse_parameters

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


_LIMITS = Limits()
_LOWER = Limits(_LIMITS.max_form_memory_size - PIECE)


def _is_nearly_too_large(request: Request) -> bool:
    """Whether a multipart form is within the limits, and would not be if they were lower by one read of Werkzeug's."""
    content_type, parameters = parse_parameters(request.header("Content-Type") or "")
    if content_type.lower() != "multipart/form-data":
        return False
    fits, fits_lower = (_fits(request.body, parameters, limits) for limits in (_LIMITS, _LOWER))
    return fits and not fits_lower


def _fits(body: bytes, parameters: dict[str, str], limits: Limits) -> bool:
    try:
        _, files = parse_form(BytesIO(body), "multipart/form-data", parameters, limits)
    except RequestEntityTooLarge:
        return False
    for _, file in files.items(multi=True):
        file.close()
    return True


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "nearly too large",
        "Werkzeug adds what it has just read of a form to what it has not used yet. So it refuses the header of a part,"
        " and what else stands around the data, where it is nearly too large; ours where it is.",
        "https://github.com/pallets/werkzeug/issues/3285",
        "tests/parity/test_differences.py::test_what_is_nearly_too_large_is_refused_by_werkzeug",
        _is_nearly_too_large,
    ),
)
"""Every known difference."""


def known_difference(request: Request) -> Difference | None:
    """The first difference in the list that this request can bring out."""
    return next((known for known in DIFFERENCES if known.shows_in(request)), None)
