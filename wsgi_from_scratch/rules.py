"""Rules: one pattern of paths, with the endpoint and the methods that it stands for.

A rule is read once, at start-up, into what its three uses need: segments for the tree of the router,
variables for the values that a view receives, pieces for the way back to a URL. The surprise: which
of two rules comes first depends on neither's place in the program but on how much it leaves open.

    /<a>-<int:b>.html     one segment, two variables
    /news/                two segments, the second one empty
    /<path:p>/edit        one segment: a path may hold slashes, so all that follows belongs to it

Spec:     none; paths: RFC 3986 §3.3; HEAD and OPTIONS: RFC 9110 §9.3.2, §9.3.7
Flask:    werkzeug.routing.Rule, flask.Flask.add_url_rule
Differs:  a malformed rule is always a ValueError that names the rule
Left out: ``defaults``, ``redirect_to``, ``alias``, ``build_only``, ``subdomain``, ``host``, rules for
          WebSockets, ``strict_slashes=False`` and ``merge_slashes=False``
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from .converters import Converter, make_converter
from .urls import quote_path, urlencode


class Variable(NamedTuple):
    name: str
    converter: Converter


Piece: TypeAlias = str | Variable
"""A rule is made of ``"/"``, of static text without a slash, and of variables."""

Weight: TypeAlias = tuple[int, tuple[tuple[int, int], ...], int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A segment that holds a variable, or the whole rest of a path from a ``path`` variable on."""

    regex: str
    weight: Weight
    """Of two patterns the one with less is tried first."""
    spans_segments: bool
    slash_optional: bool
    """Whether it takes a path without the final slash of the rule, so as to redirect it."""
    accepts: Callable[[str], object] = field(compare=False)
    """Gives something true for a text that fits."""


Segment: TypeAlias = str | Pattern


class Rule:
    """One rule. ``methods`` has HEAD where GET is, and OPTIONS always.

    ``automatic_options`` says that OPTIONS was not asked for: the application answers it, and not
    the endpoint. ``arguments`` are the names of the variables.
    """

    __slots__ = (
        "_readers",
        "_regex",
        "_url_format",
        "_writers",
        "arguments",
        "automatic_options",
        "endpoint",
        "methods",
        "segments",
        "text",
    )

    def __init__(self, text: str, endpoint: str, methods: Iterable[str]) -> None:
        """Raises ValueError, which names the rule, for all that cannot be one."""
        self.text = text
        self.endpoint = endpoint
        try:
            if isinstance(methods, str):
                raise ValueError("methods must be several strings, not one")
            pieces = list(_read(text))
            variables = [piece for piece in pieces if isinstance(piece, Variable)]
            self.arguments = frozenset(variable.name for variable in variables)
            if len(self.arguments) < len(variables):
                raise ValueError("two variables have the same name")
        except ValueError as error:
            raise ValueError(f"rule {text!r}: {error}") from error

        asked_for = frozenset(method.upper() for method in methods)
        self.automatic_options = "OPTIONS" not in asked_for
        self.methods = asked_for | {"OPTIONS"} | ({"HEAD"} if "GET" in asked_for else set())

        groups = _split(pieces)
        self.segments = [segment for group in groups for segment in _segments(group)]
        # Where each variable has a segment for itself, its text is found by number, without a regex.
        positions = [number for number, group in enumerate(groups) if _lone_variable(group)]
        self._regex = None
        if len(positions) < len(variables):
            self._regex = re.compile(_regex(pieces))
            positions = list(range(len(variables)))
        self._readers = [
            (variable.name, position, variable.converter.to_python)
            for variable, position in zip(variables, positions, strict=True)
        ]
        # Percent-coding leaves no brace of the rule's own.
        self._url_format = "".join(quote_path(p) if isinstance(p, str) else "{}" for p in pieces)
        self._writers = [(variable.name, variable.converter.to_url) for variable in variables]

    def __repr__(self) -> str:
        return f"<Rule {self.text!r} -> {self.endpoint!r}>"

    def values(self, segments: list[str]) -> dict[str, Any]:
        """The values of the variables in a path that the patterns of the rule have accepted.

        There are as many segments as the rule has; the last may be the rest of the path. Raises
        ValueError when a text has no value, such as a number out of its bounds.
        """
        texts: Sequence[str] = segments
        if self._regex is not None:
            match = self._regex.fullmatch("/" + "/".join(segments))
            if match is None:
                raise ValueError(f"these are no segments of {self.text!r}")
            texts = match.groups()
        values = {}
        for name, position, to_python in self._readers:
            values[name] = to_python(texts[position])
        return values

    def url(self, values: Mapping[str, object]) -> str:
        """The path for these values, and the query for those that the rule has no variable for.

        In a query, each item of a list, tuple or set is a value of its own; None is left out.
        Raises ValueError or TypeError when a value does not suit its variable.
        """
        path = self._url_format
        if self.arguments:
            path = path.format(*[to_url(values[name]) for name, to_url in self._writers])
            # One slash only: what begins with two would be the name of another host.
            path = "/" + path.lstrip("/")
        if len(values) == len(self.arguments):
            return path
        query = urlencode(
            (name, item)
            for name, value in values.items()
            if name not in self.arguments
            for item in (value if isinstance(value, list | tuple | set) else [value])
        )
        return f"{path}?{query}" if query else path


# variable = "<" [ converter [ "(" arguments ")" ] ":" ] name ">"
_VARIABLE = re.compile(
    r"<(?:(?P<converter>[a-zA-Z_]\w*)(?:\((?P<arguments>.*?)\))?:)?(?P<name>[a-zA-Z_]\w*)>",
    re.ASCII,
)
_SLASH_OR_TEXT = re.compile("/|[^/]+")


def _read(text: str) -> Iterator[Piece]:
    if not text.startswith("/"):
        raise ValueError("it must begin with a slash")
    text = re.sub("/{2,}", "/", text)
    position = 0
    for match in _VARIABLE.finditer(text):
        yield from _static(text[position : match.start()])
        converter = make_converter(match["converter"] or "default", match["arguments"] or "")
        yield Variable(match["name"], converter)
        position = match.end()
    yield from _static(text[position:])


def _static(text: str) -> list[str]:
    if "<" in text:
        raise ValueError("a '<' begins a variable, which is <name> or <converter:name>")
    return _SLASH_OR_TEXT.findall(text)


def _split(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """The pieces of each segment, without the slashes that part them."""
    groups: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece == "/" and not _spans_segments(groups[-1]):
            groups.append([])
        else:
            groups[-1].append(piece)
    return groups[1:]  # nothing is before the first slash


def _spans_segments(group: Iterable[Piece]) -> bool:
    return any(isinstance(piece, Variable) and piece.converter.spans_segments for piece in group)


def _lone_variable(group: list[Piece]) -> Variable | None:
    """The variable that has a segment for itself and a faster way than its regex."""
    match group:
        case [Variable() as variable] if variable.converter.accepts:
            return variable
    return None


def _segments(group: list[Piece]) -> list[Segment]:
    if all(isinstance(piece, str) for piece in group):
        return ["".join(map(str, group))]
    spans_segments = _spans_segments(group)
    if not (spans_segments and group[-1] == "/"):
        return [_pattern(group, spans_segments)]
    # The slash at the end is a segment of its own, so that a path without it can be told.
    return [_pattern(group[:-1], spans_segments, slash_optional=True), ""]


def _pattern(group: list[Piece], spans_segments: bool, slash_optional: bool = False) -> Pattern:
    regex = _regex(group) + ("(?<!/)/?" if slash_optional else "")
    lone = None if slash_optional else _lone_variable(group)
    accepts = lone.converter.accepts if lone else None
    return Pattern(
        regex=regex,
        weight=_weight(group),
        spans_segments=spans_segments,
        slash_optional=slash_optional,
        accepts=accepts or re.compile(regex).fullmatch,
    )


def _regex(pieces: Iterable[Piece]) -> str:
    return "".join(
        re.escape(piece) if isinstance(piece, str) else f"({piece.converter.regex})"
        for piece in pieces
    )


def _weight(group: Iterable[Piece]) -> Weight:
    """More and longer static texts are lighter, then more variables, then the more specific ones."""
    texts = [piece for piece in group if isinstance(piece, str) and piece != "/"]
    weights = [piece.converter.weight for piece in group if isinstance(piece, Variable)]
    return (
        -len(texts),
        tuple((number, -len(text)) for number, text in enumerate(texts)),
        -len(weights),
        tuple(weights),
    )
