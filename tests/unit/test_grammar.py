"""Grammar, by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgi_from_scratch.grammar import (
    EntityTags,
    content_range,
    format_date,
    format_parameters,
    parse_date,
    parse_entity_tags,
    parse_parameters,
    parse_range,
    quote_entity_tag,
    quote_string,
    unquote_string,
)

MANY_DIGITS = "9" * 5_000
"""More than ``int()`` reads (4,300)."""


@settings(max_examples=200)
@given(st.text())
def test_a_string_survives_being_quoted(text: str) -> None:
    # "." in the regex of quoted pairs is not a line end, as in Werkzeug; no field holds one.
    if "\\" not in text or "\n" not in text:
        assert unquote_string(quote_string(text)) == text


@settings(max_examples=100)
@given(
    st.dictionaries(
        st.from_regex(r"[a-z0-9-]+", fullmatch=True), st.text(st.characters(codec="latin-1"))
    )
)
def test_parameters_survive_the_wire(parameters: dict[str, str]) -> None:
    parameters = {
        name: text.replace("%22", "").replace("\n", "") for name, text in parameters.items()
    }
    assert parse_parameters(format_parameters("text/csv", parameters)) == ("text/csv", parameters)


PARAMETERS = {
    "a semicolon in quotes ends nothing": ('form-data; name="a;b"', {"name": "a;b"}),
    "a quote can be escaped": (r'form-data; name="a\"b"', {"name": 'a"b'}),
    "browsers write a quote as %22": ('form-data; name="a%22b"', {"name": 'a"b'}),
    "an old Internet Explorer's path loses its backslashes": (
        r'form-data; filename="C:\tmp\a.csv"',
        {"filename": "C:tmpa.csv"},
    ),
    "names have no case": ("text/csv; CHARSET=UTF-8", {"charset": "UTF-8"}),
    "the last of two counts": ("text/csv; a=1; a=2", {"a": "2"}),
    "a name without value is skipped": ("text/csv; a; b=1", {"b": "1"}),
    "a value without name is skipped": ("text/csv; =a; b=1", {"b": "1"}),
    "a quote that is never closed ends the reading": ('text/csv; a=1; b="2; c=3', {"a": "1"}),
    "UTF-8 in percent-coding": ("form-data; filename*=UTF-8''%E2%82%AC.csv", {"filename": "€.csv"}),
    "broken UTF-8 is replaced": ("form-data; filename*=UTF-8''%E2.csv", {"filename": "\ufffd.csv"}),
    "pieces are joined": ('form-data; filename*0="a"; filename*1="b"', {"filename": "ab"}),
    "the first piece has the character set": (
        "form-data; f*0*=utf-8''%C3%A4; f*1*=%C3%B6",
        {"f": "äö"},
    ),
    "an unknown character set stays as it is": ("form-data; f*=utf-7''%2BAOQ-", {"f": "%2BAOQ-"}),
    "a section of 5,000 digits is a piece": (f"form-data; f*{MANY_DIGITS}=a", {"f": "a"}),
}


@pytest.mark.parametrize(("value", "expected"), PARAMETERS.values(), ids=PARAMETERS.keys())
def test_parameters(value: str, expected: dict[str, str]) -> None:
    assert parse_parameters(value)[1] == expected


def test_white_space_beyond_ascii_is_no_white_space() -> None:
    assert parse_parameters("\xa0text/csv\x85 ; a=1") == ("\xa0text/csv\x85", {"a": "1"})


HOSTILE: dict[str, tuple[Callable[[str], object], str]] = {
    "semicolons": (parse_parameters, "a;" * 100_000),
    "backslashes in quotes": (parse_parameters, 'a; b="' + "\\" * 200_000),
    "backslashes and quotes": (parse_parameters, "a; b=" + '\\"' * 100_000),
    "quotes": (parse_parameters, "a; b=" + '"' * 200_000),
    "quotes that never close": (parse_parameters, "a; " + 'b=" ;' * 40_000),
    "asterisks in a name": (parse_parameters, "a; b" + "*" * 200_000 + "=c"),
    "sections in a name": (parse_parameters, "a; b" + "*1" * 100_000 + "x=c"),
    "apostrophes": (parse_parameters, "a; b*=" + "'" * 200_000),
    "continuations": (parse_parameters, "a" + "; b*0=c" * 30_000),
    "a token without an equals sign": (parse_parameters, "a; " + "b" * 200_000),
    "white space": (parse_parameters, "a; " + " \t" * 100_000 + ";b=c"),
    "tags: commas": (parse_entity_tags, "," * 200_000),
    "tags: quotes": (parse_entity_tags, '"' * 200_001),
    "tags: quotes and commas": (parse_entity_tags, '",' * 100_001),
    "tags: quoted, with text after": (parse_entity_tags, '"a"b,' * 40_000),
    "tags: white space": (parse_entity_tags, "a" + " " * 200_000 + "b"),
    "tags: marks": (parse_entity_tags, "W/" * 100_000),
    "ranges: many (CVE-2011-3192)": (parse_range, "bytes=" + "0-,5-" * 40_000),
    "ranges: ascending": (parse_range, "bytes=" + ",".join(f"{n}-{n}" for n in range(30_000))),
    "ranges: hyphens": (parse_range, "bytes=" + "-" * 200_000),
    "ranges: digits": (parse_range, "bytes=" + "1" * 200_000 + "-"),
}


@pytest.mark.parametrize(("parse", "value"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_takes_linear_time(parse: Callable[[str], object], value: str) -> None:
    # Nothing is measured: quadratic work would take minutes, so this test ends, or is noticed.
    parse(value)


NO_DATES = {
    "nothing": "",
    "white space": " \t",
    "a comma": ",",
    "words": "the day after tomorrow",
    "a year beyond a C long": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "an hour beyond a C long": "Mon, 01 Jan 2024 99999999999999999999:00:00 GMT",
    "a zone beyond a C int": "Mon, 01 Jan 2024 00:00:00 +999999999999999999",
    "a zone of a week": "Mon, 01 Jan 2024 00:00:00 +9999",
    "a year of 5,000 digits": f"Mon, 01 Jan {MANY_DIGITS} 00:00:00 GMT",
    "a day that does not exist": "Fri, 30 Feb 2024 00:00:00 GMT",
    "NUL": "\0",
    "an entity tag": '"abc"',
}


@pytest.mark.parametrize("value", NO_DATES.values(), ids=NO_DATES.keys())
def test_what_is_no_date_is_none_and_never_an_error(value: str) -> None:
    assert parse_date(value) is None


@pytest.mark.parametrize(
    "value",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
    ids=["IMF-fixdate", "RFC 850", "asctime"],
)
def test_the_three_formats_of_http_are_one_date(value: str) -> None:
    assert parse_date(value) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@settings(max_examples=200)
@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))
def test_a_date_survives_the_wire_but_for_its_microseconds(date: datetime) -> None:
    assert parse_date(format_date(date)) == date.replace(microsecond=0)


@pytest.mark.parametrize(
    "moment",
    [
        784111777,
        784111777.9,
        datetime(1994, 11, 6, 8, 49, 37),
        datetime(1994, 11, 6, 8, 49, 37, 999_999, tzinfo=UTC),
        datetime(1994, 11, 6, 10, 49, 37, tzinfo=timezone(timedelta(hours=2))),
    ],
    ids=["an integer", "a float", "a naive datetime", "microseconds", "another zone"],
)
def test_a_moment_is_written_in_gmt(moment: float | datetime) -> None:
    assert format_date(moment) == "Sun, 06 Nov 1994 08:49:37 GMT"


# RFC 9110 §8.8.3.2, Table 3
@pytest.mark.parametrize(
    ("one", "other", "strongly", "weakly"),
    [
        ('W/"1"', 'W/"1"', False, True),
        ('W/"1"', 'W/"2"', False, False),
        ('W/"1"', '"1"', False, True),
        ('"1"', '"1"', True, True),
    ],
)
def test_the_comparisons_of_the_specification(
    one: str, other: str, strongly: bool, weakly: bool
) -> None:
    listed, opaque = parse_entity_tags(one), other.removeprefix("W/").strip('"')
    assert (listed.match_strongly(opaque) and not other.startswith("W/")) == strongly
    assert listed.match_weakly(opaque) == weakly


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("*", EntityTags(any=True)),
        ('"a,b", W/"c"', EntityTags(frozenset({"a,b"}), frozenset({"c"}))),
        ("a, w/b", EntityTags(frozenset({"a"}), frozenset({"b"}))),
        ('"a" b, "c"', EntityTags(frozenset({"c"}))),
        ('"a', EntityTags()),
        ("", EntityTags()),
    ],
)
def test_entity_tags(value: str, expected: EntityTags) -> None:
    assert parse_entity_tags(value) == expected


def test_a_list_without_a_tag_counts_as_absent() -> None:
    assert not parse_entity_tags(' , "')
    assert parse_entity_tags("*")


def test_the_empty_entity_tag_equals_itself() -> None:
    assert parse_entity_tags('""').match_strongly("")


def test_what_has_no_entity_tag_equals_none_and_is_there() -> None:
    assert not parse_entity_tags('"", "a", None').match_strongly(None)
    assert not parse_entity_tags('"", "a", W/"None"').match_weakly(None)
    assert parse_entity_tags("*").match_weakly(None)


def test_an_entity_tag_with_a_quote_is_refused() -> None:
    with pytest.raises(ValueError, match="quote"):
        quote_entity_tag('a"b')


def test_an_entity_tag_survives_the_wire() -> None:
    assert parse_entity_tags(quote_entity_tag("a b")) == EntityTags(frozenset({"a b"}))


@pytest.mark.parametrize(
    ("value", "length", "expected"),
    [
        ("bytes=0-0", 10, (0, 1)),
        ("bytes=2-", 10, (2, 10)),
        ("bytes=-3", 10, (7, 10)),
        ("bytes=5-99", 10, (5, 10)),
        ("bytes=9-9", 10, (9, 10)),
        ("BYTES = 1 - 2", 10, (1, 3)),
        ("bytes=10-", 10, None),
        ("bytes=-10", 10, (0, 10)),
        ("bytes=-11", 10, (0, 10)),
        ("bytes=0-", 0, None),
        ("bytes=-1", 0, None),
        ("bytes=0-1,3-4", 10, None),
        ("items=0-1", 10, None),
    ],
)
def test_the_piece_that_lies_within(
    value: str, length: int, expected: tuple[int, int] | None
) -> None:
    wanted = parse_range(value)
    assert wanted is not None
    assert wanted.within(length) == expected


NO_RANGES = {
    "empty": "",
    "no unit": "0-1",
    "no piece": "bytes=",
    "no hyphen": "bytes=5",
    "only a hyphen": "bytes=-",
    "backwards": "bytes=5-4",
    "a suffix of nothing": "bytes=-0",
    "words": "bytes=a-b",
    "a sign": "bytes=+1-2",
    "an underscore": "bytes=1_0-20",
    "digits that are not ASCII": "bytes=\u0663-\u0664",
    "white space that is not ASCII": "bytes=\xa01-2",
    "a negative end": "bytes=1--2",
    "a fraction": "bytes=1.0-2",
    "an empty piece": "bytes=0-1,",
    "pieces that overlap": "bytes=0-5,3-9",
    "pieces that descend": "bytes=5-9,0-2",
    "a piece after the end": "bytes=5-,9-",
    "two suffixes": "bytes=-1,-2",
    "a start of 5,000 digits": f"bytes={MANY_DIGITS}-",
    "an end of 5,000 digits": f"bytes=0-{MANY_DIGITS}",
    "a suffix of 5,000 digits": f"bytes=-{MANY_DIGITS}",
}


@pytest.mark.parametrize("value", NO_RANGES.values(), ids=NO_RANGES.keys())
def test_what_is_no_range_is_none_and_never_an_error(value: str) -> None:
    assert parse_range(value) is None


def test_the_content_range_has_the_last_position_inclusive() -> None:
    assert content_range(0, 1, 10) == "bytes 0-0/10"
