"""Converters: which text a variable of a rule takes, what the view receives, and the way back.

``/add/<int:a>/<int:b>`` holds two variables, each with a converter. The surprise: a converter says
no twice. Its regex decides which rule a path belongs to, and only then is the text converted; a
number beyond ``max`` is found out so late that no other rule is tried, and the answer is 404.

    <name>                                      one segment
    <string(minlength=1, maxlength=None, length=None):name>
    <int(fixed_digits=0, min=None, max=None, signed=False):name>
    <float(min=None, max=None, signed=False):name>
    <path:name>                                 one segment or more
    <any(first, "second item"):name>            one of these
    <uuid:name>

Spec:     none; a segment is that of RFC 3986 §3.3, percent-decoded
Flask:    werkzeug.routing.UnicodeConverter, werkzeug.routing.IntegerConverter,
          werkzeug.routing.FloatConverter, werkzeug.routing.PathConverter,
          werkzeug.routing.AnyConverter, werkzeug.routing.UUIDConverter
Differs:  what cannot be right in a rule (an unknown converter or argument, an empty text as a
          segment, ``maxlength`` below ``minlength``, a bound that is no number, an item of ``any``
          with a slash) is a ValueError when the rule is added; Werkzeug has several errors, fails
          at the first request or passes over it;
          a bare word may hold a hyphen (``min=-5``, ``any(en-gb, de)``); Werkzeug gives up on it;
          values of ``any`` and ``uuid`` are percent-coded in URLs; Werkzeug writes them as they are
Left out: converters of one's own
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from .urls import quote_path


def _quote(value: object) -> str:
    return quote_path(str(value))


class Converter(NamedTuple):
    """What a rule has to know of one variable."""

    regex: str
    """Matches the text; without groups of its own."""
    to_python: Callable[[str], object] = str
    """From text to value; a ValueError says that there is no such value, hence no such page."""
    to_url: Callable[[Any], str] = _quote
    """From value to the text in a URL; raises ValueError or TypeError for another kind of value. As in Werkzeug,
    a number beyond the bounds has a text as well: a link that leads to 404."""
    weight: int = 100
    """The lighter is tried first, where all else is equal."""
    spans_segments: bool = False
    """Whether the text may hold a slash."""
    accepts: Callable[[str], object] | None = None
    """A faster test than the regex, for a variable that has its segment for itself; None if there is none."""


def string(minlength: object = 1, maxlength: object = None, length: object = None) -> Converter:
    """Any text of one segment, counted in characters."""
    if length is not None:
        minlength = maxlength = length
    low = _count("minlength", minlength, 1)
    high = None if maxlength is None else _count("maxlength", maxlength, 1)
    if high is None:
        # 0.03 µs where the regex needs 0.12 (benchmarks: fast paths): a segment holds no slash anyway.
        return Converter(f"[^/]{{{low},}}", accepts=bool if low == 1 else None)
    if high < low:
        raise ValueError(f"maxlength {high} is less than minlength {low}")
    return Converter(f"[^/]{{{low},{high}}}")


def integer(
    fixed_digits: object = 0, min: object = None, max: object = None, signed: object = False
) -> Converter:
    """A whole number in decimal digits of any script; ``fixed_digits`` counts the sign too."""
    digits = _count("fixed_digits", fixed_digits, 0)
    return _number(int, r"\d+", str.isdecimal, digits, min, max, signed)


def floating(min: object = None, max: object = None, signed: object = False) -> Converter:
    """A number with a decimal point and digits on both of its sides."""
    return _number(float, r"\d+\.\d+", None, 0, min, max, signed)


def path() -> Converter:
    """As much as the rest of the rule leaves, slashes and all, but none at its beginning."""
    # With nothing behind it, it need not stop at each character to see what follows.
    accepts = re.compile("[^/].*").fullmatch
    return Converter("[^/].*?", weight=200, spans_segments=True, accepts=accepts)


def any_of(*items: object) -> Converter:
    """One of the words given."""
    words = [item for item in items if isinstance(item, str) and item and "/" not in item]
    if not words or len(words) < len(items):
        raise ValueError("any takes words without slashes, one at least, and numbers in quotes")

    def to_url(value: object) -> str:
        if value not in words:
            raise ValueError(f"{value!r} is none of {', '.join(map(repr, words))}")
        return _quote(value)

    return Converter(f"(?:{'|'.join(map(re.escape, words))})", to_url=to_url)


def uuid() -> Converter:
    """A UUID in its canonical form, in either case."""
    digit = "[A-Fa-f0-9]"
    regex = "-".join(f"{digit}{{{count}}}" for count in (8, 4, 4, 4, 12))
    return Converter(regex, to_python=UUID)


def _number(
    kind: Callable[[Any], float],
    regex: str,
    accepts: Callable[[str], object] | None,
    fixed_digits: int,
    min: object,
    max: object,
    signed: object,
) -> Converter:
    low, high = _bound("min", min), _bound("max", max)
    if not isinstance(signed, bool):
        raise ValueError(f"signed must be True or False, not {signed!r}")

    def to_python(text: str) -> object:
        if fixed_digits and len(text) != fixed_digits:
            raise ValueError(f"{text} has not {fixed_digits} digits")
        number = kind(text)
        if (low is not None and number < low) or (high is not None and number > high):
            raise ValueError(f"{text} is out of bounds")
        return number

    def to_url(value: object) -> str:
        return str(kind(value)).zfill(fixed_digits)

    free = not fixed_digits and low is None and high is None
    return Converter(
        f"-?{regex}" if signed else regex,
        to_python=kind if free else to_python,
        to_url=to_url,
        weight=50,
        accepts=None if signed else accepts,
    )


def _count(name: str, value: object, least: int) -> int:
    if not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be a whole number from {least} on, not {value!r}")
    return value


def _bound(name: str, value: object) -> float | None:
    if not isinstance(value, int | float | None):
        raise ValueError(f"{name} must be a number, not {value!r}")
    return value


_KINDS: dict[str, Callable[..., Converter]] = {
    "default": string,
    "string": string,
    "int": integer,
    "float": floating,
    "path": path,
    "any": any_of,
    "uuid": uuid,
}


def make_converter(kind: str, arguments: str) -> Converter:
    """The converter of ``<kind(arguments):name>``. Raises ValueError when there is no such one.

    >>> make_converter("int", "max=31").to_python("07")
    7
    """
    if kind not in _KINDS:
        raise ValueError(f"there is no converter {kind!r}, only {', '.join(sorted(_KINDS))}")
    positional, named = _parse_arguments(arguments)
    try:
        return _KINDS[kind](*positional, **named)
    except TypeError as error:
        raise ValueError(f"converter {kind!r} does not take ({arguments})") from error


# arguments = argument *( "," argument ) [ "," ]
# argument  = [ name "=" ] ( word / quoted ), with spaces around each piece
_ARGUMENT = re.compile(
    r"""\s*(?:(?P<name>\w+)\s*=\s*)?(?:(?P<word>[\w.-]+)|(?P<quoted>"[^"]*"|'[^']*'))\s*(?:,|\Z)"""
)


def _parse_arguments(text: str) -> tuple[list[object], dict[str, object]]:
    positional: list[object] = []
    named: dict[str, object] = {}
    text = text.strip()
    position = 0
    while position < len(text):
        argument = _ARGUMENT.match(text, position)
        if argument is None:
            raise ValueError(f"cannot read the argument at {text[position:].lstrip()!r}")
        word = argument["word"]
        value = argument["quoted"][1:-1] if word is None else _constant(word)
        if argument["name"] is None:
            positional.append(value)
        else:
            named[argument["name"]] = value
        position = argument.end()
    return positional, named


def _constant(word: str) -> object:
    """A bare word is True, False or None, or else a number, or else a string."""
    constants = {"True": True, "False": False, "None": None}
    if word in constants:
        return constants[word]
    for number in (int, float):
        try:
            return number(word)
        except ValueError:
            continue
    return word
