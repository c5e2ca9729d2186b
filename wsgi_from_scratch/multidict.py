"""MultiDict: one key, many values, in the order in which they came.

A form may send the same name twice (check boxes do), and so may a query or a cookie header. A plain dictionary
would lose all but one of them; a list of pairs would make every look-up a search. The surprise: ``d[key]`` is the
*first* value, and a missing key is not a bug of the view but a bad request, so the error is both.

Spec:     WHATWG URL §5.1 (a list of name-value pairs)
Flask:    werkzeug.datastructures.ImmutableMultiDict
Differs:  nothing that can be seen through its methods
Left out: every method that changes it; ``lists``, ``listvalues``, ``to_dict``; copies; conversion to another type in
          ``get``
"""

from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar, overload

from .errors import BadRequestKeyError

Value = TypeVar("Value")
Default = TypeVar("Default")


class MultiDict(Generic[Value]):
    """A read-only mapping made from ``(key, value)`` pairs. A key may be None, for what came without one.

    >>> query = MultiDict([("tag", "a"), ("page", "1"), ("tag", "b")])
    >>> query["tag"], query.getlist("tag"), query.get("missing")
    ('a', ['a', 'b'], None)
    """

    __slots__ = ("_lists",)

    def __init__(self, pairs: Iterable[tuple[str | None, Value]] = ()) -> None:
        lists: dict[Any, list[Value]] = {}
        for key, value in pairs:
            if key in lists:
                lists[key].append(value)
            else:
                lists[key] = [value]
        self._lists = lists

    def __getitem__(self, key: str) -> Value:
        """The first value of ``key``. Raises BadRequestKeyError, a KeyError that answers 400."""
        if key in self._lists:
            return self._lists[key][0]
        raise BadRequestKeyError(key)

    @overload
    def get(self, key: str) -> Value | None: ...
    @overload
    def get(self, key: str, default: Default) -> Value | Default: ...
    def get(self, key: str, default: Default | None = None) -> Value | Default | None:
        """The first value of ``key``, or ``default``."""
        try:
            return self._lists[key][0]
        except KeyError:
            return default

    def getlist(self, key: str) -> list[Value]:
        """Every value of ``key``, in order; an empty list when there is none."""
        return list(self._lists.get(key, ()))

    def items(self, multi: bool = False) -> Iterator[tuple[str, Value]]:
        """Each key with its first value, or with ``multi`` each key with each of its values."""
        for key, values in self._lists.items():
            for value in values if multi else values[:1]:
                yield key, value

    def keys(self) -> Iterator[str]:
        return iter(self._lists)

    def values(self) -> Iterator[Value]:
        """The first value of each key."""
        return (values[0] for values in self._lists.values())

    def __contains__(self, key: object) -> bool:
        return key in self._lists

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MultiDict) and self._lists == other._lists

    __hash__ = None  # type: ignore[assignment]  # equal by value, and the values may be anything

    def __repr__(self) -> str:
        return f"MultiDict({list(self.items(multi=True))!r})"
