"""Differences: where the two applications are known to answer otherwise, and why.

The list is meant to be empty. What stands in it is a case where Flask or Werkzeug is wrong, cannot be put right from
outside, and ours is right all the same; each names what upstream says of it and the test that holds it.
"""

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


DIFFERENCES: tuple[Difference, ...] = ()


def known_difference(request: Request) -> Difference | None:
    """The first difference in the list that this request can bring out."""
    return next((known for known in DIFFERENCES if known.shows_in(request)), None)
