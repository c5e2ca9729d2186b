"""Converters, by themselves."""

import re
import sys
from uuid import UUID

import pytest

from wsgi_from_scratch.converters import make_converter

SEVEN = UUID(int=7)


@pytest.mark.parametrize(
    ("kind", "arguments", "text", "value"),
    [
        ("string", "", "a b/é", "a b/é"),
        ("default", "", "12", "12"),
        ("int", "", "007", 7),
        ("int", "fixed_digits=3", "007", 7),
        ("int", "min=-5, max=5, signed=True", "-5", -5),
        ("int", "signed=False", "5", 5),
        ("float", "max=2.5", "2.5", 2.5),
        ("path", "", "a/b", "a/b"),
        ("any", "a, b", "a", "a"),
        ("uuid", "", str(SEVEN), SEVEN),
    ],
)
def test_a_text_becomes_a_value(kind: str, arguments: str, text: str, value: object) -> None:
    converted = make_converter(kind, arguments).to_python(text)
    assert (converted, type(converted)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "arguments", "text", "reason"),
    [
        ("int", "max=5", "6", "6 is out of bounds"),
        ("int", "min=5", "4", "4 is out of bounds"),
        ("int", "fixed_digits=3", "07", "07 has not 3 digits"),
        ("int", "", "9" * 5_000, "Exceeds the limit"),
        ("float", "min=1", "0.9", "0.9 is out of bounds"),
        ("float", "max=1e3", "9" * 400 + ".0", "is out of bounds"),
    ],
)
def test_a_text_may_have_no_value(kind: str, arguments: str, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        make_converter(kind, arguments).to_python(text)


@pytest.mark.parametrize(
    ("kind", "arguments", "value", "text"),
    [
        ("string", "", "a b?c#d%", "a%20b%3Fc%23d%25"),
        ("string", "", 7, "7"),
        ("int", "", "12", "12"),
        ("int", "", 2.9, "2"),
        ("int", "fixed_digits=4", -7, "-007"),
        ("float", "", 2, "2.0"),
        ("path", "", "é/x", "%C3%A9/x"),
        ("any", "'b c?'", "b c?", "b%20c%3F"),
        ("uuid", "", SEVEN, str(SEVEN)),
        ("uuid", "", "?", "%3F"),
    ],
)
def test_a_value_becomes_the_text_of_a_url(
    kind: str, arguments: str, value: object, text: str
) -> None:
    assert make_converter(kind, arguments).to_url(value) == text


@pytest.mark.parametrize(
    ("kind", "arguments", "value"),
    [
        ("int", "", "two"),
        ("int", "", float("inf")),
        ("float", "", None),
        ("any", "a, b", "c"),
        ("any", "a, b", ["a"]),
    ],
)
def test_a_value_that_does_not_suit_makes_no_url(kind: str, arguments: str, value: object) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        make_converter(kind, arguments).to_url(value)


@pytest.mark.parametrize(
    ("kind", "arguments", "sentence"),
    [
        ("integer", "", "there is no converter 'integer', only any, default, float, int, path, "),
        ("int", "most=3", "converter 'int' does not take (most=3)"),
        ("path", "1", "converter 'path' does not take (1)"),
        ("int", "min=a", "min must be a number, not 'a'"),
        ("int", "signed=yes", "signed must be True or False, not 'yes'"),
        ("int", "fixed_digits=-1", "fixed_digits must be a whole number from 0 on, not -1"),
        ("string", "length=2.5", "length must be a whole number from 1 on, not 2.5"),
        ("string", "minlength=0", "minlength must be a whole number from 1 on, not 0"),
        ("string", "minlength=3, maxlength=2", "maxlength 2 is less than minlength 3"),
        ("any", "", "any takes words without slashes, one at least, and numbers in quotes"),
        ("any", "1", "any takes words without slashes, one at least, and numbers in quotes"),
        ("any", "''", "any takes words without slashes, one at least, and numbers in quotes"),
        ("any", "'a/b'", "any takes words without slashes, one at least, and numbers in quotes"),
        ("any", "a b", "cannot read the argument at 'a b'"),
        ("any", "a, 'b", 'cannot read the argument at "\'b"'),
        ("string", "length=", "cannot read the argument at 'length='"),
        ("any", "__import__('os')", "cannot read the argument at \"__import__('os')\""),
    ],
)
def test_a_converter_that_cannot_be_is_refused(kind: str, arguments: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        make_converter(kind, arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("a,b", ["a", "b"]),
        (" a , b , ", ["a", "b"]),
        ("'a, b', \"it's\"", ["a, b", "it's"]),
        ("en-gb, de", ["en-gb", "de"]),
        ("'1', 'True'", ["1", "True"]),
    ],
)
def test_the_words_of_any_need_quotes_only_when_in_doubt(arguments: str, words: list[str]) -> None:
    regex = re.compile(make_converter("any", arguments).regex)
    assert all(regex.fullmatch(word) for word in words)
    assert not regex.fullmatch("a.b")


@pytest.mark.parametrize("kind", ["string", "int", "path"])
def test_the_faster_way_accepts_what_the_regex_does(kind: str) -> None:
    converter = make_converter(kind, "")
    assert converter.accepts is not None
    texts = [*map(chr, range(sys.maxunicode + 1)), "", "12", "1a", "a/b", "a\nb", "\nb", "a\n"]
    slash_free = [text for text in texts if kind == "path" or "/" not in text]
    fullmatch = re.compile(converter.regex).fullmatch
    for text in slash_free:
        assert bool(converter.accepts(text)) == bool(fullmatch(text))
