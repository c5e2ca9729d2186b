"""The same text through urllib and Werkzeug, and through us."""

from urllib.parse import parse_qsl, quote

import pytest
import werkzeug.urls
from hypothesis import given
from hypothesis import strategies as st

from wsgi_from_scratch import urls

# Percent signs, hex digits and separators often enough to meet each other; real characters beside them.
query_text = st.text(
    alphabet=st.one_of(st.sampled_from("%%%+&=;abcdefABCDEF0189 é€"), st.characters(codec="utf-8"))
)
any_text = st.text(alphabet=st.characters(codec="utf-8"))

HAND_PICKED = [
    "",
    "&",
    "=",
    "=&=",
    "a",
    "a=",
    "=a",
    "a=1&a=2",
    "a=1;b=2",
    "a=b=c",
    "a+b=c+d",
    "a%2Bb=%26",
    "%",
    "%%",
    "%4",
    "%4g=%g4",
    "%C3%A9=%c3%a9",
    "%C3é%A9",
    "é%C3%A9%FF",
    "%FF%FE%80=1",
    "%ED%A0%80",
    "%F0%9F%98%80",
    "%00=%0a",
]


def theirs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, errors="werkzeug.url_quote")


@pytest.mark.parametrize("text", HAND_PICKED)
def test_a_query_parses_to_the_same_pairs(text: str) -> None:
    assert urls.parse_query(text) == theirs(text)


@given(query_text)
def test_any_query_parses_to_the_same_pairs(text: str) -> None:
    assert urls.parse_query(text) == theirs(text)


@given(any_text)
def test_any_path_is_quoted_the_same(text: str) -> None:
    assert urls.quote_path(text) == quote(text, safe="!$&'()*+,/:;=@")


@given(st.lists(st.tuples(any_text, st.one_of(st.none(), any_text, st.integers(), st.floats()))))
def test_any_pairs_become_the_same_query(pairs: list[tuple[str, object]]) -> None:
    assert urls.urlencode(pairs) == werkzeug.urls._urlencode(pairs)  # type: ignore[arg-type]  # not written down as taking pairs


LOCATIONS = [
    "",
    "/",
    "/plain/path",
    "/a?",
    "/a#",
    "/a?#",
    "/é?é#é",
    "/%C3%A9?%zz",
    "//host/path",
    "///path",
    "http://localhost/",
    "http://LOCALHOST:80/x",
    "http://[::1]:8000/ä",
    "http://bücher.example/ä?ö#ü",
    "http://user:pass@host/",
    "http://us er:p@ss@host/",
    "http://user@host/",
    "/tab\there",
    "/x y|z\\^`{}<>\"'",
    "relative/path",
    "mailto:a@b",
    "?only=query",
    "#only",
]


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_location_becomes_the_same_uri(location: str) -> None:
    assert urls.iri_to_uri(location) == werkzeug.urls.iri_to_uri(location)


@pytest.mark.parametrize(
    "place", ["http://u{}:p@host/", "http://u:1{}@host/", "/é{}", "/é?{}", "/é#{}"]
)
def test_each_character_is_quoted_where_it_must_be(place: str) -> None:
    locations = [place.format(character) for character in map(chr, range(0x21, 0x7F))]
    locations = [location for location in locations if "[" not in location and "]" not in location]
    expected = [werkzeug.urls.iri_to_uri(location) for location in locations]
    assert [urls.iri_to_uri(location) for location in locations] == expected


@given(st.text(alphabet=st.one_of(st.sampled_from("/?#%@:;[]ab é"), st.characters(codec="utf-8"))))
def test_any_location_becomes_the_same_uri_or_the_same_error(location: str) -> None:
    try:
        expected = werkzeug.urls.iri_to_uri(location)
    except ValueError as error:
        with pytest.raises(type(error)):
            urls.iri_to_uri(location)
    else:
        assert urls.iri_to_uri(location) == expected
