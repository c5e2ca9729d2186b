"""The parser by itself: what is a delimiter, what is data, and that no cut through the body changes either."""

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_from_scratch.errors import RequestEntityTooLarge
from wsgi_from_scratch.multipart import (
    END,
    MAX_PART_HEADER_SIZE,
    MAX_PART_HEADERS,
    Event,
    MultipartError,
    MultipartParser,
    Part,
)

Outcome: TypeAlias = list[Event] | type[Exception]

A = b'Content-Disposition: form-data; name="a"'
F = b'Content-Disposition: form-data; name="a"; filename="f"'


def parse(
    chunks: Iterable[bytes], boundary: bytes = b"cut", max_parts: int = 10, max_memory: int = 1000
) -> Outcome:
    """The events, neighbouring data joined, or the class of the error."""
    parser = MultipartParser(boundary, max_parts=max_parts, max_memory=max_memory)
    seen: list[Event] = []
    try:
        for chunk in chunks:
            for event in parser.feed(chunk):
                if isinstance(event, bytes) and isinstance(last := seen[-1], bytes):
                    seen[-1] = last + event
                else:
                    seen.append(event)
        parser.close()
    except (MultipartError, RequestEntityTooLarge) as error:
        return type(error)
    return seen


def values(body: bytes, max_memory: int = 1000) -> list[bytes] | type[Exception]:
    """The data of each part, or the class of the error."""
    outcome = parse([body], max_memory=max_memory)
    if isinstance(outcome, type):
        return outcome
    parts: list[bytes] = []
    for seen in outcome:
        if isinstance(seen, Part):
            parts.append(b"")
        elif isinstance(seen, bytes):
            parts[-1] += seen
    return parts


def part(header: bytes) -> Part:
    """The part that has this header."""
    outcome = parse([whole(b"", header)])
    assert isinstance(outcome, list)
    assert isinstance(outcome[0], Part)
    return outcome[0]


def whole(data: bytes, header: bytes = A) -> bytes:
    return b"--cut\r\n" + header + b"\r\n\r\n" + data + b"\r\n--cut--\r\n"


TYPICAL = (
    b"a preamble\r\n--cut\r\n" + A + b"\r\n\r\none\r\n\r\ntwo\r\n"
    b"--cut\r\n" + F + b"\r\nContent-Type: text/plain\r\n\r\n\r\n--cu\r\n--cutter\r\n--cut \t!\r\n-"
    b"\r\n--cut \t\r\n" + F + b"\r\n\r\n--cut--\r\nan epilogue"
)
OLD_FASHIONED = TYPICAL.replace(b"\r\n", b"\n")
OLDER_STILL = TYPICAL.replace(b"\r\n", b"\r")
BODIES = [
    TYPICAL,
    OLD_FASHIONED,
    OLDER_STILL,
    whole(b"\r\n" * 20),
    whole(b"\r" * 20 + b"\n" * 20),
    b"--cut\r" + A + b"\r\r\n--cut\r\n" + A + b"\n\n\n--cut--",
    b"--cut\r\n\n" + A + b"\r\r\nx\r--cut--",
]


def test_a_body_becomes_parts_data_and_ends() -> None:
    assert parse([whole(b"x") + b"bytes after the end"]) == [
        Part("a", None, [("Content-Disposition", 'form-data; name="a"')]),
        b"x",
        END,
    ]


@pytest.mark.parametrize("body", BODIES)
def test_every_cut_through_a_body_gives_the_same_events(body: bytes) -> None:
    events = parse([body])
    assert isinstance(events, list)
    assert parse(body[at : at + 1] for at in range(len(body))) == events
    for at in range(len(body)):
        assert parse([body[:at], body[at:]]) == events
        assert parse([body[:at], b"", body[at : at + 2], body[at + 2 :]]) == events


TOKENS = st.sampled_from(
    [
        *b"--|cut|--cut|--cut--|\r\n|\n|\r|-| |\t|x|\0|\xff|\r\n\r\n|\r\n--cut--\r\n".split(b"|"),
        A + b"\r\n\r\n",
        b"--cut\r\n" + F + b"\n\n",
    ]
)


@given(st.lists(TOKENS, max_size=30).map(b"".join), st.lists(st.integers(0, 9), max_size=20))
def test_any_chunking_of_anything_gives_the_same_outcome(body: bytes, sizes: list[int]) -> None:
    chunks, rest = [], body
    for size in sizes:
        chunks.append(rest[:size])
        rest = rest[size:]
    single_bytes = [body[at : at + 1] for at in range(len(body))]
    expected = parse([body], max_parts=2, max_memory=60)
    assert parse([*chunks, rest], max_parts=2, max_memory=60) == expected
    assert parse(single_bytes, max_parts=2, max_memory=60) == expected


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=5))
def test_random_bytes_give_events_or_one_of_the_two_errors(body: bytes, boundary: bytes) -> None:
    parse([body], boundary)
    parse([b"--" + boundary + b"\n" + F + b"\n\n" + body], boundary)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"--cut\n" + A + b"\n\nx\n--cut--", [b"x"]),
        (b"--cut\r" + A + b"\r\rx\r--cut--", [b"x"]),
        (b"\r\n--cut\r\n" + A + b"\n\nx\r--cut--", [b"x"]),
        (b"anything--cut\n" + A + b"\n\nx\n--cut--", [b"x"]),
        (b"--cu --cut! --cut\n" + A + b"\n\nx\n--cut--", [b"x"]),
        (b"--cut \t\v\f\n" + A + b"\n\nx\n--cut \n" + A + b"\n\ny\n--cut--", [b"x", b"y"]),
        (b"--cut\n" + A + b"\n\nx\n--cut--and so on", [b"x"]),
        (b"--cut--", []),
        (b"--cut--\n--cut\n" + A + b"\n\nx\n--cut--", []),
    ],
)
def test_delimiters_are_found(body: bytes, expected: list[bytes]) -> None:
    assert values(body) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"--cut",
        b"x--cut\r\n",
        b"x--cut--\r\n",
        b"\r\n--cut x",
        b"\r\n--cut-x",
        b"\r\n--cut -- ",
        b"\r\n--Cut",
        b"\r\n-cut",
        b"\r\n--\r\ncut",
        b"\r\n--cutlery\r\n",
        b"\r\n--cut" + b" " * 100 + b"x",
        b"\r\n--cut\xa0\r\n",
        b"\n\n\n",
        b"\r\r\r",
        b"\r",
    ],
)
def test_what_only_looks_like_a_delimiter_is_data(data: bytes) -> None:
    data = b"begin" + data + b"end"
    assert values(whole(data)) == [data]


NEAR_MISSES = [b"--cut", b"\r\n--cutter", b"\n--cut-x", b"\r--cut  x", b"\n--cu"]


@pytest.mark.parametrize("padding", [b"", b" ", b"\t\v\f "])
@pytest.mark.parametrize("line_break", [b"\r\n", b"\n", b"\r"])
@pytest.mark.parametrize("near_miss", [b"x--cut", b"\n--cut!", b"\n--cut-", b"\r--cut  x"])
def test_after_a_near_miss_every_delimiter_is_found(
    near_miss: bytes, line_break: bytes, padding: bytes
) -> None:
    begin = b"--cut\n" + F + b"\n\n" + near_miss + b"."
    body = (
        begin
        + line_break
        + b"--cut"
        + padding
        + line_break
        + A
        + b"\n\ny"
        + line_break
        + b"--cut--"
    )
    outcome = parse([body])
    assert values(body) == [near_miss + b".", b"y"]
    for at in range(len(begin), len(body)):
        assert parse([body[:at], body[at:]]) == outcome


def test_a_part_without_its_delimiter_is_not_given_as_whole() -> None:
    # At the places that the -1 of "not found" would lead to there are the bytes of a delimiter's end.
    begin = b"xxxx\r\n--cut\r\n" + F + b"\r\n\r\nabc\r\nz"
    assert parse([begin, b"\r\n--cut--"]) == [part(F), b"abc\r\nz", END]


def test_near_misses_may_overlap_a_delimiter() -> None:
    assert parse([b"----\n" + A + b"\n\n-\n-----"], boundary=b"-") == [
        Part("a", None, [("Content-Disposition", 'form-data; name="a"')]),
        b"-",
        END,
    ]


@pytest.mark.parametrize("blank_line", [b"\r\n\r\n", b"\n\n", b"\r\r", b"\r\r\n"])
def test_an_empty_part_may_share_its_blank_line_with_the_delimiter(blank_line: bytes) -> None:
    assert values(b"--cut\n" + A + blank_line + b"--cut--") == [b""]
    assert values(b"--cut\n" + A + blank_line + b"\n--cut--") == [b""]


def test_line_feed_after_two_carriage_returns_belongs_to_the_blank_line() -> None:
    assert values(b"--cut\r" + A + b"\r\r\nx\r--cut--") == [b"x"]


@pytest.mark.parametrize(
    ("header", "name", "filename"),
    [
        (b"content-DISPOSITION : form-data; name=a", "a", None),
        (b"Content-Disposition: form-data; name=a; filename=", "a", None),
        (b'Content-Disposition: form-data; name=a; filename=""', "a", ""),
        (b"Content-Disposition: anything; filename=f", None, "f"),
        (b"Content-Disposition: form-data", None, None),
        (b"Content-Disposition: form-data;\r\n name=a;\r\n\tfilename=f", "a", "f"),
        (b'Content-Disposition: form-data; name="\xc3\xa9"', "é", None),
        (b'Content-Disposition: form-data; name="a\0b"', "a\0b", None),
        (b"X: 1\nContent-Disposition: x;name=a\rContent-Disposition: x;name=b", "a", None),
        (b"Content-Disposition: x; name=a; filename*=UTF-8''%C3%A9", "a", "é"),
    ],
)
def test_name_and_filename_come_from_the_first_disposition(
    header: bytes, name: str | None, filename: str | None
) -> None:
    assert part(header)[:2] == (name, filename)


@pytest.mark.parametrize(
    "parameters",
    [
        b'name="a"',
        b'name=""',
        b'name="a"; filename=""',
        b'name="a"; filename="b.c"\r\nContent-Type: text/plain',
        b'name="a"; filename="b.c"\r\nContent-Type: text/plain; charset=utf-8',
        b'name="a"; filename="b.c"\r\nContent-Type: ',
        b'name="a"; filename="b.c"\r\nContent-Type: x ',
        b'name="a"; filename="b.c"\r\nContent-Type: x\r\nX: y',
        b'name="a"\r\nContent-Type: \xc3\xa9',
        b'name="a%22b%2"; filename="%22"',
        b'name="a\\"b\\c"; filename="\\"',
        b'name="a\xc3\xa9"; filename="\xc3\xa9"',
        b'name="\xe9"',
        b'name="a\0b"; filename="\0"',
        b'name="a\tb"; filename="\x7f"',
        b'name="a\r\n b"',
        b'name="a"; filename="b"; filename="c"',
        b"name=\"a\"; filename*=utf-8''b",
        b'name="a" ; x',
        b'name="' + b"a" * 1000 + b'"',
    ],
)
def test_a_header_that_comes_whole_is_read_as_one_that_comes_in_pieces(parameters: bytes) -> None:
    header = b"Content-Disposition: form-data; " + parameters
    body = whole(b"x", header) + whole(b"y")
    assert parse(body[at : at + 1] for at in range(len(body))) == parse([body])


def test_header_fields_are_kept_in_order_without_the_white_space_around_them() -> None:
    assert part(A + b";\r\n X \nX :1 \rX:\t2\r\n\vX:\v\nno colon\n:\0\n\t")[2] == [
        ("Content-Disposition", 'form-data; name="a"; X'),
        ("X", "1"),
        ("X", "2"),
        ("\vX", "\v"),
        ("no colon", ""),
        ("", " "),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        b"--cut\r\nContent-Type: text/plain\r\n\r\nx\r\n--cut--",
        b"--cut\r\n\r\n\r\nx\r\n--cut--",
        b'--cut\r\nContent-Disposition: form-data; name="\xe9"\r\n\r\nx\r\n--cut--',
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body: bytes) -> None:
    assert values(body) is MultipartError


def test_a_body_without_its_end_is_refused() -> None:
    end = TYPICAL.index(b"--\r\nan epilogue")
    for cut_off in range(end + 2):
        assert values(TYPICAL[:cut_off]) is MultipartError
    assert isinstance(values(TYPICAL[: end + 2]), list)


@pytest.mark.parametrize(
    "make",
    [
        lambda size: b"x" * size + b"--cut\n" + A + b"\n\n\n--cut--",
        lambda size: b"--cut\n" + A + b"\nX: " + b"x" * (size - len(A) - 4) + b"\n\n\n--cut--",
        lambda size: b"--cut\n" + A + b"\n\n" + b"x" * size + b"\n--cut--",
        lambda size: b"--cut\n" + A + b"\n\n" + b"\n" * size + b"\n--cut--",
        lambda size: (
            b"--cut\n" + A + b"\n\n\n--cut" + b" " * (size - 5) + b"\n" + A + b"\n\n\n--cut--"
        ),
        lambda size: b"--cut--" + b"x" * size,
    ],
    ids=["preamble", "header", "field", "field of line breaks", "padding", "epilogue"],
)
@pytest.mark.parametrize("chunk", [10_000, 7, 1])
def test_a_piece_larger_than_the_limit_is_too_large(
    make: Callable[[int], bytes], chunk: int
) -> None:
    def outcome(size: int) -> Outcome:
        body = make(size)
        return parse(body[at : at + chunk] for at in range(0, len(body), chunk))

    assert isinstance(outcome(1000), list)
    assert outcome(1001) is RequestEntityTooLarge


def test_a_piece_larger_than_the_limit_is_refused_before_it_ends() -> None:
    parser = MultipartParser(b"cut", max_parts=1, max_memory=1000)
    parser.feed(b"--cut\n" + A + b"\n\n")
    with pytest.raises(RequestEntityTooLarge):
        parser.feed(b"x" * 1001)


@pytest.mark.parametrize(("size", "fits"), [(100, True), (101, False)])
def test_a_field_as_browsers_send_it_is_no_larger_than_the_limit(size: int, fits: bool) -> None:
    field = b'Content-Disposition: form-data; name="a"\r\n\r\n' + b"x" * size
    parser = MultipartParser(b"cut", max_parts=1, max_memory=100)
    if fits:
        assert b"x" * size in parser.feed(b"--cut\r\n" + field + b"\r\n--cut--")
    else:
        with pytest.raises(RequestEntityTooLarge):
            parser.feed(b"--cut\r\n" + field + b"\r\n--cut--")


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
@pytest.mark.parametrize(("size", "fits"), [(100, True), (101, False)])
def test_a_delimiter_is_no_longer_than_the_limit(size: int, fits: bool, line_end: bytes) -> None:
    parser = MultipartParser(b"c" * (size - len(b"--")), max_parts=1, max_memory=100)
    delimiter = b"--" + b"c" * (size - len(b"--"))
    if fits:
        assert parser.feed(delimiter + line_end) == []
    else:
        with pytest.raises(RequestEntityTooLarge):
            parser.feed(delimiter + line_end)


def test_a_file_may_be_larger_than_the_limit() -> None:
    assert values(whole(b"x" * 5000, F)) == [b"x" * 5000]


def test_more_parts_than_the_limit_are_too_many() -> None:
    assert isinstance(parse([TYPICAL], max_parts=3), list)
    assert parse([TYPICAL], max_parts=2) is RequestEntityTooLarge


def test_more_header_fields_than_the_limit_are_too_many() -> None:
    assert values(whole(b"x", A + b"\nX:1" * (MAX_PART_HEADERS - 1))) == [b"x"]
    for header in (A, F):
        too_many = whole(b"x", header + b"\nX:1" * MAX_PART_HEADERS)
        assert values(too_many) is RequestEntityTooLarge
        # A file is refused when it begins, a field when it is whole.
        assert values(too_many[:-9]) is (RequestEntityTooLarge if header is F else MultipartError)
        assert values(too_many[:-4] + b"\r") is RequestEntityTooLarge


@pytest.mark.parametrize("letter", ["x", "é"])
@pytest.mark.parametrize(
    ("last", "around"), [(b"; x=", b": "), (b"\nX:", b": \n:")], ids=["parameter", "field"]
)
@pytest.mark.parametrize("kind", [A, F])
def test_a_header_of_more_characters_than_the_limit_is_too_large(
    kind: bytes, last: bytes, around: bytes, letter: str
) -> None:
    """What stands around names and values does not count."""
    left = MAX_PART_HEADER_SIZE - len(kind + last) + len(around)
    header = kind + last + (letter * left).encode()
    assert values(whole(b"x", header), 100_000) == [b"x"]
    too_large = whole(b"x", header + b"x")
    assert values(too_large, 100_000) is RequestEntityTooLarge
    unfinished = RequestEntityTooLarge if kind is F else MultipartError
    assert values(too_large[:-9], 100_000) is unfinished


@pytest.mark.parametrize(
    "data", [b"x", b"\r", b"\n", b"\r\n", b"\n\r", b"-", b"\r\n--", b"\r\n--cu", b"--cut"]
)
@pytest.mark.parametrize("chunk", [1, 5, 64])
def test_nothing_is_held_back_but_what_may_become_a_delimiter(data: bytes, chunk: int) -> None:
    parser = MultipartParser(b"cut", max_parts=1, max_memory=1000)
    parser.feed(b"--cut\n" + F + b"\n\n.")
    content = data * 100
    given_bytes = 1
    for at in range(0, len(content), chunk):
        events = parser.feed(content[at : at + chunk])
        given_bytes += sum(len(event) for event in events if isinstance(event, bytes))
        assert given_bytes > min(at + chunk, len(content)) - len(b"\r\n--cut")


@pytest.mark.parametrize(
    ("make", "near_misses"),
    [
        (lambda data: whole(data, F), NEAR_MISSES),
        (lambda data: data + whole(b""), [b"--cutter", b"\n--cut-x", b"\r--cut  x"]),
    ],
    ids=["in a file", "before the first part"],
)
def test_a_thousand_near_misses_cost_hardly_more_calls_than_one(
    make: Callable[[bytes], bytes], near_misses: list[bytes]
) -> None:
    def calls(data: bytes) -> int:
        counted = 0

        def count(_frame: FrameType, event: str, _argument: object) -> None:
            nonlocal counted
            counted += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            outcome = parse([make(data)], max_memory=100_000)
        finally:
            sys.setprofile(before)
        assert isinstance(outcome, list)
        return counted

    for near_miss in near_misses:
        calls(b"." + near_miss + b"!")  # the first compiles a pattern
        assert calls(b"." + near_miss * 1000 + b"!") < calls(b"." + near_miss + b"!") + 500


@pytest.mark.parametrize(
    ("begin", "repeated", "end"),
    [
        (b"", b"x", whole(b"")),
        (b"", b"--cut!", whole(b"")),
        (b"--cut\n" + A + b"\nX: ", b"x", b"\n\n\n--cut--"),
        (b'--cut\r\nContent-Disposition: form-data; name="', b"x", b'"\r\n\r\n\r\n--cut--'),
        (b"--cut\n" + A + b"\n\n", b"\n", b"--cut--"),
        (b"--cut\n" + A + b"\n\n\n--cut", b" ", b"\n" + A + b"\n\n\n--cut--"),
        (b"--cut--", b"\r\n--cut", b""),
    ],
    ids=["preamble", "preamble of near misses", "header", "name", "field", "padding", "epilogue"],
)
def test_a_long_piece_may_come_byte_by_byte(
    begin: bytes, repeated: bytes, end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the whole piece looked at with each byte, this would take minutes."""
    monkeypatch.setattr("wsgi_from_scratch.multipart.MAX_PART_HEADER_SIZE", 500_000)
    body = begin + repeated * (400_000 // len(repeated)) + end
    parser = MultipartParser(b"cut", max_parts=2, max_memory=500_000)
    for at in range(len(body)):
        parser.feed(body[at : at + 1])
    parser.close()


def test_the_limit_is_one_for_each_field_however_the_body_is_cut() -> None:
    field = b"--cut\n" + A + b"\n\n" + b"x" * 60 + b"\n"
    outcome = parse([bytes([octet]) for octet in field * 2 + b"--cut--"], max_memory=100)
    assert isinstance(outcome, list)
    assert [event for event in outcome if isinstance(event, bytes)] == [b"x" * 60] * 2


def test_after_a_near_miss_the_first_of_two_delimiters_counts_whatever_their_line_breaks() -> None:
    near_miss = b"--cut\n" + A + b"\n\nx\n--cutx"
    others = b"\n--cut\n" + A + b"\n\ny\r--cut\r" + A + b"\r\rz\r--cut--"
    assert values(near_miss + others) == [b"x\n--cutx", b"y", b"z"]
