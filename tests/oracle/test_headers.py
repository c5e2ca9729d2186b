"""The same operations on Werkzeug's Headers and on ours leave the same fields."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers as WerkzeugHeaders

from wsgi_from_scratch.headers import Headers

NAMES = st.sampled_from(["Vary", "vary", "Set-Cookie", "set-cookie", "X", "Allow"])
VALUES = st.sampled_from(["a", "b", "", "c, d"])

OPERATIONS: dict[str, Callable[[Any, str, str], Any]] = {
    "add": lambda headers, name, value: headers.add(name, value),
    "set": lambda headers, name, value: headers.__setitem__(name, value),
    "delete": lambda headers, name, value: headers.__delitem__(name),
    "get": lambda headers, name, value: headers.get(name, value),
    "getlist": lambda headers, name, value: headers.getlist(name),
    "contains": lambda headers, name, value: name in headers,
    "pop": lambda headers, name, value: headers.pop(name, value),
    "update from a dict": lambda headers, name, value: headers.update({name: value, "X": "1"}),
    "update from pairs": lambda headers, name, value: headers.update([(name, value), (name, "2")]),
    "update from headers": lambda headers, name, value: headers.update(
        type(headers)([(name, value), (name, "2")])
    ),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(OPERATIONS)), NAMES, VALUES), max_size=12))
def test_any_sequence_of_operations_gives_the_same_fields(
    steps: list[tuple[str, str, str]],
) -> None:
    ours, theirs = Headers(), WerkzeugHeaders()
    for operation, name, value in steps:
        assert OPERATIONS[operation](ours, name, value) == OPERATIONS[operation](
            theirs, name, value
        )
        assert ours.to_wsgi() == theirs.to_wsgi_list()
        assert len(ours) == len(theirs)


@pytest.mark.parametrize("name", ["Vary", "SET-COOKIE", "X"])
def test_a_name_in_brackets_gives_the_first_value_or_a_key_error_in_both(name: str) -> None:
    def first(headers: Any) -> str | None:
        try:
            return str(headers[name])
        except KeyError:
            return None

    fields = [("Vary", "a"), ("Set-Cookie", "b"), ("Set-Cookie", "c")]
    assert first(Headers(fields)) == first(WerkzeugHeaders(fields))


EXTENSIONS: dict[str, Callable[[Any], Any]] = {
    "a dict": lambda kind: {"vary": "b", "Allow": "GET"},
    "pairs": lambda kind: [("vary", "b"), ("vary", "c")],
    "headers": lambda kind: kind([("vary", "b"), ("vary", "c")]),
    "nothing": lambda kind: kind(),
}


@pytest.mark.parametrize("fields", EXTENSIONS.values(), ids=EXTENSIONS.keys())
def test_extending_leaves_the_fields_that_are_there_in_both(fields: Callable[[Any], Any]) -> None:
    ours, theirs = Headers([("Vary", "a")]), WerkzeugHeaders([("Vary", "a")])
    ours.extend(fields(Headers))
    theirs.extend(fields(WerkzeugHeaders))
    assert ours.to_wsgi() == theirs.to_wsgi_list()
    assert ours.getlist("VARY") == theirs.getlist("VARY")


@pytest.mark.parametrize("character", ["\r", "\n", "\r\n"])
def test_both_refuse_a_line_break_in_a_value(character: str) -> None:
    for headers in (Headers(), WerkzeugHeaders()):
        with pytest.raises(ValueError, match=r"newline|CR, LF"):
            headers.add("Location", f"/{character}Set-Cookie: a=b")
