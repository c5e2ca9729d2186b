"""Headers: an ordered list of fields whose names have no case.

Order is kept because a field may come more than once (``Set-Cookie`` does). The surprise: a value with a line break
in it would end the field and begin the next one, which is how an attacker writes headers of his own, so names and
values are checked where they enter the list and nowhere else.

Spec:     RFC 9110 §5.1, §5.3, §5.5
Flask:    werkzeug.datastructures.Headers
Differs:  NUL is refused as CR and LF are (RFC 9110 §5.5 names the three together), and names are checked too;
          a name that is missing is a KeyError, and no bad request
Left out: parameters as keyword arguments, ``setdefault``, slicing, access by position, ``keys``, ``values``, ``items``,
          ``clear``, ``copy``, ``remove``, equality
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from .errors import HTML

_breaks_the_message = re.compile(r"[\r\n\0]").search


class Headers:
    """Fields of a message, looked up without regard to case.

    >>> headers = Headers([("Set-Cookie", "a=1"), ("Vary", "Cookie")])
    >>> headers.add("Set-Cookie", "b=2")
    >>> headers["vary"], headers.getlist("set-cookie")
    ('Cookie', ['a=1', 'b=2'])
    """

    __slots__ = ("_fields", "names")

    def __init__(self, fields: "HeadersLike" = ()) -> None:
        self._fields: list[tuple[str, str]] = []
        self.names: list[str] = []
        """The names in lower case, in the order of the fields; to be read only."""
        if fields:
            self.extend(fields)

    @classmethod
    def of_html(cls, length: int) -> "Headers":
        """What every answer with a page has, put together at once: 0.5 µs less (benchmarks: fast paths)."""
        headers = cls.__new__(cls)
        headers._fields = [HTML, ("Content-Length", str(length))]
        headers.names = ["content-type", "content-length"]
        return headers

    def add(self, name: str, value: str) -> None:
        """Append a field, beside others of the same name. Raises ValueError on CR, LF or NUL."""
        _check(name, value)
        self._fields.append((name, value))
        self.names.append(name.lower())

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of the first field of that name."""
        name = name.lower()
        if name in self.names:
            return self._fields[self.names.index(name)][1]
        return default

    def getlist(self, name: str) -> list[str]:
        """The values of all fields of that name, in order."""
        name = name.lower()
        fields = zip(self.names, self._fields, strict=True)
        return [value for other, (_, value) in fields if other == name]

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        """Put the value in the place of the first field of that name and drop the others; append when new."""
        lower = name.lower()
        count = self.names.count(lower)
        if count == 0:
            self.add(name, value)
            return
        _check(name, value)
        self._fields[self.names.index(lower)] = (name, value)
        if count > 1:
            self._drop(lower, 1)

    def __delitem__(self, name: str) -> None:
        """Remove every field of that name; no error when there is none."""
        self._drop(name.lower(), 0)

    def _drop(self, lower: str, kept: int) -> None:
        """Remove the fields of that name but for the first ``kept``."""
        places = [place for place, name in enumerate(self.names) if name == lower]
        for place in reversed(places[kept:]):
            del self.names[place], self._fields[place]

    def pop(self, name: str, default: str | None = None) -> str | None:
        """Remove every field of that name and give the first value, or ``default``."""
        value = self.get(name, default)
        del self[name]
        return value

    def update(self, fields: "HeadersLike") -> None:
        """Set each of ``fields``; those of another ``Headers`` keep all values of a name."""
        if isinstance(fields, Headers):
            for name in dict.fromkeys(name for name, _ in fields):
                first, *rest = fields.getlist(name)
                self[name] = first
                for value in rest:
                    self.add(name, value)
        else:
            for name, value in _pairs(fields):
                self[name] = value

    def extend(self, fields: "HeadersLike") -> None:
        """Append ``fields`` beside those that are there. Of another ``Headers``, they need no second check."""
        if isinstance(fields, Headers):
            self._fields += fields._fields
            self.names += fields.names
        else:
            for name, value in _pairs(fields):
                self.add(name, value)

    def to_wsgi(self) -> list[tuple[str, str]]:
        """A list for ``start_response``; it is a copy (PEP 3333 lets the server change it)."""
        return self._fields.copy()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.names

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


HeadersLike: TypeAlias = Headers | Mapping[str, str] | Iterable[tuple[str, str]]


def _pairs(fields: HeadersLike) -> Iterable[tuple[str, str]]:
    # Lists and dictionaries first: whether something is a Mapping is asked in Python.
    if isinstance(fields, list):
        return fields
    return fields.items() if isinstance(fields, (dict, Mapping)) else fields


def _check(name: str, value: str) -> None:
    # Most fields are printable. Of the rest, other control characters and white space that is not ASCII may pass.
    if name.isprintable() and value.isprintable():
        return
    if _breaks_the_message(f"{name}{value}"):
        raise ValueError(
            f"The field {name!r} must not hold CR, LF or NUL: it would end the header early."
        )
