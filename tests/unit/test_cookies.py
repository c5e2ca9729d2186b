"""Cookies, by themselves."""

import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from wsgi_from_scratch.cookies import MAX_SIZE, dump_cookie, parse_cookie

NOT_A_NAME_AND_A_VALUE = {
    "an empty pair": "",
    "no name": "=value",
    "no name and no value": "=",
    "an equals sign before the name": "=name=value",
    "a space in the name": "na me=value",
    "a space in the value": "name=val ue",
    "a tab in the value": "name=val\tue",
    "a quoted name": '"name"=value',
    "a quote in the value": 'name=va"lue',
    "a quote at the end of the value": 'name=value"',
    "a quote that is never closed": 'name="value',
    "a semicolon in quotes": 'name="val; ue"',
    "text after the closing quote": 'name="value"more',
    "a closing quote that is escaped": r'name="value\"',
    "nothing but white space": " \t ",
    "JSON": '{"name": "value"}',
}


@pytest.mark.parametrize("bad", NOT_A_NAME_AND_A_VALUE.values(), ids=NOT_A_NAME_AND_A_VALUE.keys())
@pytest.mark.parametrize("separator", ["; ", ";"])
def test_a_bad_pair_costs_nobody_else_his_cookie(bad: str, separator: str) -> None:
    header = separator.join(["first=1", bad, "last=2"])
    assert parse_cookie(header) == [("first", "1"), ("last", "2")]


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("", []),
        (";", []),
        ("name=value", [("name", "value")]),
        ("name=value;", [("name", "value")]),
        ("  name \t=\t value  ", [("name", "value")]),
        ("a=1;b=2;a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
        ("name", [("name", "")]),
        ("name=", [("name", "")]),
        ("name=a=b==", [("name", "a=b==")]),
        ("a[b]=1; c.d={e:1,f:2}", [("a[b]", "1"), ("c.d", "{e:1,f:2}")]),
        ("Name=1; name=2", [("Name", "1"), ("name", "2")]),
        ("%63ookie=a%20b+c", [("%63ookie", "a%20b+c")]),
        ("a=1,b=2", [("a", "1,b=2")]),
        ("$Version=1; a=b", [("$Version", "1"), ("a", "b")]),
        ('name=""', [("name", "")]),
        ('name="x; session=secret; last="', [("session", "secret")]),
        (r'name="a\;b=c"; d=1', [("d", "1")]),
        ('name="a, b"; d=1', [("name", "a, b"), ("d", "1")]),
        (r'name="\"\\\a"', [("name", '"\\a')]),
        (r'name="\303\251"', [("name", "é")]),
        (r'name="\377"', [("name", "\N{REPLACEMENT CHARACTER}")]),
        (r'name="\401\38"', [("name", "40138")]),
        ("name='a'", [("name", "'a'")]),
    ],
)
def test_a_cookie_header_is_read_pair_by_pair(header: str, cookies: list[tuple[str, str]]) -> None:
    assert parse_cookie(header) == cookies


@pytest.mark.parametrize("spelling", ["é=ü", "é=ü\xa0"])
def test_raw_characters_beyond_ascii_stay_the_latin_1_of_wsgi(spelling: str) -> None:
    name, value = spelling.split("=")
    assert parse_cookie(spelling) == [(name, value)]


HOSTILE = {
    "spaces before a quote": ("a=" + " ", '"'),
    "backslashes": ("\\", ""),
    "backslashes in quotes": ('a="' + "\\" * 8, '"'),
    "escaped quotes": ('a="' + '\\"' * 8, ""),
    "quotes": ('"', ""),
    "semicolons": (";", ""),
    "equals signs": ("=", ""),
    "unclosed quotes": ('a="b;', ""),
    "octal escapes": ('a="' + r"\303" * 8, '"'),
    "names alone": ("a;", ""),
    "spaces and tabs": (" \t", "="),
}


@pytest.mark.parametrize(("start", "end"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_header_of_a_megabyte_is_read_in_linear_time(start: str, end: str) -> None:
    # Nothing is measured: at this size quadratic work takes many minutes, so this test ends, or is noticed.
    size = 1_000_000
    parse_cookie(start + start[-1] * (size - len(start) - len(end)) + end)
    parse_cookie(start * (size // len(start)) + end)


@given(st.text())
def test_any_text_comes_back_as_it_was_set(value: str) -> None:
    assert parse_cookie(dump_cookie("name", value, path=None, max_size=0)) == [("name", value)]


@given(st.text(), st.text(), st.text())
def test_neither_value_nor_path_can_end_the_header_or_the_attribute(
    value: str, path: str, domain: str
) -> None:
    try:
        cookie = dump_cookie("name", value, path=path, domain=domain, max_size=0)
    except ValueError:
        cookie = dump_cookie("name", value, path=path, max_size=0)
    assert cookie.isascii()
    assert cookie.isprintable()
    assert cookie.count(";") == cookie.count("; Path=") + cookie.count("; Domain=") <= 2


@pytest.mark.parametrize(
    "value", ["a;b", "a,b", "a b", 'a"b', "a\\b", "a\r\nb", "a\x00b", "a\x1bb", "a\x7fb", "é"]
)
def test_a_value_that_is_no_token_goes_out_in_quotes(value: str) -> None:
    cookie = dump_cookie("name", value, path=None)
    assert cookie.startswith('name="')
    assert cookie.endswith('"')


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a=b", "a;b", "a,b", 'a"b', "a\tb", "a\r\nSet-Cookie: b", "a\0b", "a\x7f"],
)
def test_a_name_that_no_parser_could_read_again_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a cookie"):
        dump_cookie(name)


@pytest.mark.parametrize("text", ["x; Secure", "x\r\nSet-Cookie: b=c", "x\0", "x\x1f", "x\x7f"])
@pytest.mark.parametrize("attribute", ["domain", "expires"])
def test_an_attribute_cannot_begin_another_one(attribute: str, text: str) -> None:
    attributes: dict[str, Any] = {attribute: text}
    with pytest.raises(ValueError, match="would begin another attribute"):
        dump_cookie("name", **attributes)


def test_an_unknown_same_site_is_refused() -> None:
    with pytest.raises(ValueError, match="'Strict', 'Lax' or 'None', and not 'Loose'"):
        dump_cookie("name", samesite="loose")


def test_attributes_come_in_one_order() -> None:
    cookie = dump_cookie(
        "name",
        "value",
        max_age=timedelta(minutes=1),
        expires=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        path="/a b",
        domain=".example.com:80",
        secure=True,
        httponly=True,
        samesite="strict",
    )
    assert cookie == (
        "name=value; Domain=example.com; Expires=Fri, 02 Jan 2026 03:04:05 GMT; Max-Age=60;"
        " Secure; HttpOnly; Path=/a%20b; SameSite=Strict"
    )


@time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False)
def test_an_age_sets_the_date_too() -> None:
    assert dump_cookie("name", max_age=60, path=None) == (
        "name=; Expires=Thu, 01 Jan 2026 00:01:00 GMT; Max-Age=60"
    )


def test_a_cookie_that_browsers_may_drop_is_a_warning_and_is_sent() -> None:
    value = "x" * (MAX_SIZE - len("name=") + 1)
    with pytest.warns(UserWarning, match=r"'name' takes 4094 bytes.*longer than 4093") as caught:
        cookie = dump_cookie("name", value, path=None)
    assert cookie == f"name={value}"
    assert caught[0].filename == __file__


@pytest.mark.parametrize(("size", "max_size"), [(MAX_SIZE, MAX_SIZE), (MAX_SIZE + 1, 0)])
def test_a_cookie_within_its_limit_is_no_warning(size: int, max_size: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cookie = dump_cookie("name", "x" * (size - len("name=")), path=None, max_size=max_size)
    assert len(cookie) == size
