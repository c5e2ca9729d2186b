import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutorial.errors import Refusal
from tutorial.plain_text import decode

GREETING = "Grüße, “世界”\t!\r\n"
WESTERN = "Grüße für 5 € “so”…"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"plain\n", "plain\n"),
        (GREETING.encode(), GREETING),
        (GREETING.encode("utf-8-sig"), GREETING),
        (GREETING.encode("utf-16"), GREETING),
        (b"\xfe\xff" + GREETING.encode("utf-16-be"), GREETING),
        (WESTERN.encode("cp1252"), WESTERN),
        ("naïve café".encode("latin-1"), "naïve café"),
        (b"\xef\xbb\xbf", ""),
        (b"page one\fpage two", "page one\fpage two"),
    ],
)
def test_text_is_decoded_and_loses_only_its_mark(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"a\0b", 415),
        (GREETING.encode("utf-16-le"), 415),  # no mark, so every other byte is NUL
        (b"\xff\xfe\0\0a\0\0\0", 415),  # UTF-32
        (b"\x1b[31mred", 415),
        (b"\x07", 415),
        (b"a\x0b", 415),
        (b"a\x7f", 415),
        (b"caf\x81", 400),  # undefined in Windows-1252
        (b"\xef\xbb\xbf\xff", 400),  # the mark says UTF-8, and is wrong
        (b"\xff\xfea", 400),  # half a unit
        (b"\xff\xfe\x00\xd8", 400),  # half a character
    ],
)
def test_what_is_no_text_is_refused(data: bytes, code: int) -> None:
    with pytest.raises(Refusal) as caught:
        decode(data)
    assert caught.value.code == code


@pytest.mark.parametrize("number", [*range(0x20), 0x7F])
def test_of_control_characters_a_text_has_those_that_part_it(number: int) -> None:
    text = f"a{chr(number)}b"
    if text[1] in "\t\n\f\r":
        assert decode(text.encode()) == text
    else:
        with pytest.raises(Refusal, match="control characters"):
            decode(text.encode())


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_any_bytes_are_text_or_a_refusal(data: bytes) -> None:
    try:
        text = decode(data)
    except Refusal:
        return
    assert "\0" not in text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
@settings(max_examples=100)
def test_any_text_in_utf_8_comes_back(text: str) -> None:
    assert decode(text.encode("utf-8-sig")) == text
