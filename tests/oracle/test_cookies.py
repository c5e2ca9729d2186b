"""Cookies, beside Werkzeug's and Flask's."""

import warnings
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import flask
import pytest
import time_machine
import werkzeug.http
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flask_version.app import StrictRequest
from wsgi_from_scratch.cookies import dump_cookie, parse_cookie
from wsgi_from_scratch.multidict import MultiDict

LATIN_1 = st.text(alphabet=st.characters(max_codepoint=0xFF))
HOSTILE = st.text(alphabet='ab= ;"\\\t,013789é\n\r\x00\xa0\x85{}')
PIECES = st.lists(
    st.sampled_from(
        [
            *("a", "b=1", "=", ";", "; ", " ", " " * 10, '"', "\\", r"\"", r"\303\251", "\\401"),
            *('c="d;e"', "é", ","),
        ]
    )
).map("".join)


def flask_cookies(header: str) -> list[tuple[str, str]]:
    """What Flask makes of each pair by itself: of several, one with a quote may swallow the next ones."""
    return [
        cookie
        for pair in header.split(";")
        for cookie in flask.Request({"HTTP_COOKIE": pair}).cookies.items(multi=True)
    ]


@settings(max_examples=500)
@given(st.one_of(LATIN_1, HOSTILE, PIECES))
@example("session=a.b.c; cookie_key=cookie_value")
@example('a="\\\n"; b=1')
@example("a=\x0b1;\x0bb=2")
@example("a=1;;=;b=2; c = 3 ;d e=4;")
@example("a=1;b=2;a=3")
@example('a="b=          c"; d=         e; f=g=         h')
def test_flask_reads_the_same_cookies(header: str) -> None:
    assert parse_cookie(header) == flask_cookies(header)
    strict = StrictRequest({"HTTP_COOKIE": header}).cookies
    cookies = MultiDict(parse_cookie(header))
    assert list(cookies.items(multi=True)) == list(strict.items(multi=True))


@pytest.mark.parametrize(
    "junk", ["foo[bar]=1", "a b=c", '"', 'x="y', "=", "é", "{}", "a=b c", "\\"]
)
@pytest.mark.parametrize("template", ["{}; session=s", "session=s; {}", "{};session=s;{}"])
def test_flask_skips_the_same_junk(junk: str, template: str) -> None:
    header = template.format(junk, junk)
    assert parse_cookie(header) == flask_cookies(header)
    assert dict(parse_cookie(header)).get("session") == dict(flask_cookies(header)).get("session")


def test_a_quote_swallows_the_session_in_werkzeug_and_not_here() -> None:
    header = 'first="x; session=secret; last=y"'
    assert dict(flask.Request({"HTTP_COOKIE": header}).cookies) == {
        "first": "x; session=secret; last=y"
    }
    assert parse_cookie(header) == [("session", "secret")]


def test_a_run_of_spaces_is_read_the_same() -> None:
    # Werkzeug's time grows with the square of their number, ours does not.
    header = "a=" + 1_000 * " " + '"; b=1'
    assert parse_cookie(header) == flask_cookies(header) == [("b", "1")]


def both(name: str, value: str, **attributes: Any) -> tuple[str, str]:
    return (
        dump_cookie(name, value, **attributes),
        werkzeug.http.dump_cookie(name, value, **attributes),
    )


VALUES = [
    "",
    "cookie_value",
    "a b",
    "a;b",
    "a,b",
    'a"b',
    "a\\b",
    "é",
    "日本",
    "a=b",
    "a\r\nb",
    "\x7f",
]
ATTRIBUTES: list[dict[str, Any]] = [
    {},
    {"path": None},
    {"path": ""},
    {"path": "/a b;c?é%20#"},
    {"path": "%!$&'()*+,/:=@~-_."},
    {"domain": ""},
    {"domain": "."},
    {"domain": ".example.com:5000"},
    {"domain": "localhost"},
    {"domain": "müller.example"},
    {"max_age": 0},
    {"max_age": 60},
    {"max_age": -1},
    {"max_age": timedelta(days=31, milliseconds=1999)},
    {"expires": 0},
    {"expires": 1.999999},
    {"expires": -1.5},
    {"expires": 1_900_000_000},
    {"expires": "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"expires": ""},
    {"expires": datetime(2026, 3, 4, 5, 6, 7, 999_999)},
    {"expires": datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)},
    {"expires": datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))},
    {"expires": 0, "max_age": 0},
    {"secure": True},
    {"httponly": True},
    {"samesite": "lax"},
    {"samesite": "STRICT"},
    {"samesite": "None", "secure": True},
    {
        "samesite": "lax",
        "secure": True,
        "httponly": True,
        "max_age": 5,
        "domain": "a.b",
        "path": "/x",
    },
]


@pytest.mark.parametrize("attributes", ATTRIBUTES, ids=str)
@pytest.mark.parametrize("value", VALUES)
@time_machine.travel(datetime(2026, 7, 8, 9, 10, 11, 999_999, tzinfo=UTC), tick=False)
def test_werkzeug_writes_the_same_cookie(value: str, attributes: dict[str, Any]) -> None:
    ours, theirs = both("name", value, **attributes)
    assert ours == theirs


@pytest.mark.parametrize("name", ["session", "a[b]", "a.b", "é", "日本", "(a)", "a\\b", "$a"])
def test_werkzeug_writes_the_same_name(name: str) -> None:
    ours, theirs = both(name, "value")
    assert ours == theirs


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x1a\x1b\x1c\x1d\x1e\x1f"))
)
def test_werkzeug_writes_any_value_the_same(value: str) -> None:
    ours, theirs = both("name", value, max_size=0)
    assert ours == theirs


@given(st.text())
def test_werkzeug_writes_any_path_the_same(path: str) -> None:
    ours, theirs = both("name", "value", path=path, max_size=0)
    assert ours == theirs


@pytest.mark.parametrize(
    "attributes",
    [
        {"domain": "a..b"},
        {"domain": "a" * 64},
        {"samesite": "x"},
        {"domain": "a..b", "samesite": "x"},
    ],
)
def test_werkzeug_refuses_it_too(attributes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".") as ours:
        dump_cookie("name", **attributes)
    with pytest.raises(ValueError, match=r".") as theirs:
        werkzeug.http.dump_cookie("name", **attributes)
    assert ours.type is theirs.type


@pytest.mark.parametrize("octet", range(0x1A, 0x20))
def test_werkzeug_sends_six_control_characters_raw_and_we_escape_them(octet: int) -> None:
    ours, theirs = both("name", f"a{chr(octet)}b", path=None)
    assert theirs == f'name="a{chr(octet)}b"'
    assert ours == f'name="a\\{octet:03o}b"'
    assert parse_cookie(ours) == flask_cookies(ours) == parse_cookie(theirs)


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("a=b", {}),
        ("a;b", {}),
        ("", {}),
        ("a\r\nb", {}),
        ("a", {"domain": "b; Secure"}),
        ("a", {"expires": "x; Secure"}),
    ],
)
def test_werkzeug_writes_broken_headers_and_we_refuse(
    name: str, attributes: dict[str, Any]
) -> None:
    assert werkzeug.http.dump_cookie(name, **attributes)
    with pytest.raises(ValueError, match=r"cannot name|would begin"):
        dump_cookie(name, **attributes)


@pytest.mark.parametrize("excess", [0, 1, 4000])
def test_werkzeug_warns_at_the_same_size(excess: int) -> None:
    value = "x" * (4093 - len("name=; Path=/") + excess)
    warned = []
    for dump in (dump_cookie, werkzeug.http.dump_cookie):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert dump("name", value) == f"name={value}; Path=/"
        warned.append([warning.category for warning in caught])
    assert warned[0] == warned[1] == [UserWarning] * bool(excess)
