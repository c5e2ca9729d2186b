"""Our events beside Werkzeug's: equal for a body in one chunk, and ours stay so where Werkzeug's follow the cut."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug import exceptions
from werkzeug.sansio import multipart as werkzeug

from wsgi_from_scratch.errors import RequestEntityTooLarge
from wsgi_from_scratch.multipart import MultipartError, MultipartParser, Part

# Name, filename, header fields, data.
ReadPart: TypeAlias = tuple[str | None, str | None, list[tuple[str, str]], bytes]
# The parts, or why there are none.
Parts: TypeAlias = list[ReadPart] | str


def ours(
    chunks: Iterable[bytes], boundary: bytes, max_parts: int = 1000, max_memory: int = 500_000
) -> Parts:
    parser = MultipartParser(boundary, max_parts=max_parts, max_memory=max_memory)
    parts: list[ReadPart] = []
    try:
        for chunk in chunks:
            for event in parser.feed(chunk):
                if isinstance(event, Part):
                    part, data = event, b""
                elif isinstance(event, bytes):
                    data += event
                else:
                    parts.append((part.name, part.filename, part.fields, data))
        parser.close()
    except MultipartError:
        return "refused"
    except RequestEntityTooLarge:
        return "too large"
    return parts


def theirs(
    chunks: Iterable[bytes], boundary: bytes, max_parts: int = 1000, max_memory: int = 500_000
) -> Parts:
    decoder = werkzeug.MultipartDecoder(boundary, max_memory, max_parts=max_parts)
    parts: list[ReadPart] = []
    try:
        for chunk in [*chunks, None]:
            decoder.receive_data(chunk)
            event = decoder.next_event()
            while not isinstance(event, werkzeug.NeedData | werkzeug.Epilogue):
                if isinstance(event, werkzeug.Field | werkzeug.File):
                    part, data = event, b""
                elif isinstance(event, werkzeug.Data):
                    data += event.data
                    if not event.more_data:
                        filename = part.filename if isinstance(part, werkzeug.File) else None
                        fields = [
                            (name.replace("\0", " "), value.replace("\0", " "))
                            for name, value in part.headers
                        ]
                        parts.append((part.name, filename, fields, data))
                event = decoder.next_event()
    except ValueError:
        return "refused"
    except exceptions.RequestEntityTooLarge:
        return "too large"
    return parts


A = b'Content-Disposition: form-data; name="a"'
B = b'Content-Disposition: form-data; name="b"; filename="f"'

BOUNDARIES = st.sampled_from(
    [b"cut", b"-", b"--", b"-cut-", b"c", b" c ", b"c\r\nut", b"\n", b"cc"]
)
PIECES = [
    *b"--|\r\n|\n|\r|-| |\t|\v|\f|:|;|x|\0|\xff|\xc3\xa9|\x1c|\x85|\r\n\r\n|\n\n|\r\r".split(b"|"),
    *(A, B, b'; filename="f"', b"Content-Type: text/plain; charset=iso-8859-1", b"X : y"),
]


@st.composite
def near_misses(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A boundary, and bytes that often are nearly a body for it."""
    boundary = draw(BOUNDARIES)
    pieces = st.sampled_from([*PIECES, boundary, boundary[:-1], b"--" + boundary])
    line_break = st.sampled_from([b"\r\n", b"\n", b"\r"])
    body = b""
    for _ in range(draw(st.integers(0, 3))):
        header = draw(st.sampled_from([A, B, A + b"\r\n " + B, B + b"\n" + A]))
        data = b"".join(draw(st.lists(pieces, max_size=8)))
        first, second = draw(line_break), draw(line_break)
        body += first + b"--" + boundary + first + header + second * 2 + data
    body += (
        draw(line_break) + b"--" + boundary + draw(st.sampled_from([b"--", b"--\r\n", b"-", b""]))
    )
    at = draw(st.integers(0, len(body)))
    return boundary, body[:at] + b"".join(draw(st.lists(pieces, max_size=3))) + body[at:]


@given(near_misses(), st.lists(st.integers(0, 12), max_size=12))
def test_a_body_in_any_chunks_gives_what_werkzeug_gives_for_one_chunk(
    case: tuple[bytes, bytes], sizes: list[int]
) -> None:
    boundary, body = case
    expected = theirs([body], boundary)
    assert ours([body], boundary) == expected
    chunks, rest = [], body
    for size in sizes:
        chunks.append(rest[:size])
        rest = rest[size:]
    assert ours([*chunks, rest], boundary) == expected
    assert ours((body[at : at + 1] for at in range(len(body))), boundary) == expected


@given(
    st.lists(st.sampled_from([*PIECES, b"cut", b"--cut", b"--cut--"]), max_size=25).map(b"".join)
)
def test_a_soup_of_tokens_gives_what_werkzeug_gives(body: bytes) -> None:
    assert ours([body], b"cut") == theirs([body], b"cut")
    body = b"--cut\r\n" + A + b"\r\n\r\n" + body + b"\r\n--cut--"
    assert ours([body], b"cut") == theirs([body], b"cut")


@given(near_misses(), st.integers(0, 4))
def test_too_many_parts_are_refused_where_werkzeug_refuses_them(
    case: tuple[bytes, bytes], max_parts: int
) -> None:
    boundary, body = case
    assert ours([body], boundary, max_parts) == theirs([body], boundary, max_parts)


CUTS = {
    "between the hyphens that close": (b"--cut\r\n" + A + b"\r\n\r\nx\r\n--cut-", b"-\r\n"),
    "after one byte of padding": (
        b"--cut\r\n" + A + b"\r\n\r\nx\r\n--cut ",
        b"\r\n" + A + b"\r\n\r\ny\r\n--cut--",
    ),
    "after two bytes of padding": (
        b"--cut\r\n" + A + b"\r\n\r\nx\r\n--cut  ",
        b"\r\n" + A + b"\r\n\r\ny\r\n--cut--",
    ),
    "after the padding of the first delimiter": (
        b"--cut" + b" " * 12,
        b"\r\n" + A + b"\r\n\r\nx\r\n--cut--",
    ),
    "after a blank line that is shared": (b"--cut\r\n" + A + b"\r\n\r\n", b"--cut--"),
    "after CR CR of CR CR LF": (b"--cut\r" + A + b"\r\r", b"\nx\r--cut--"),
    "within the CRLF of a delimiter": (b"--cut\r", b"\n\n" + A + b"\n\nx\n--cut--"),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_where_werkzeug_depends_on_the_cut_we_give_what_it_gives_without(
    cut: tuple[bytes, bytes],
) -> None:
    whole = theirs([b"".join(cut)], b"cut")
    assert isinstance(whole, list)
    assert theirs(cut, b"cut") != whole
    assert ours(cut, b"cut") == whole


@pytest.mark.parametrize("size", [10_000, 400_000, 600_000])
@pytest.mark.parametrize(
    "make",
    [
        lambda padding: padding + b"--cut\n" + A + b"\n\nx\n--cut--",
        lambda padding: b"--cut\n" + A + b"\nX: " + padding + b"\n\nx\n--cut--",
        lambda padding: b"--cut\n" + A + b"\n\nx\n--cut--" + padding,
    ],
    ids=["preamble", "header", "epilogue"],
)
def test_what_stands_around_data_is_bounded_as_in_werkzeug(
    make: Callable[[bytes], bytes], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which is lower, and for a header alone.
    monkeypatch.setattr("wsgi_from_scratch.multipart.MAX_PART_HEADER_SIZE", 500_000)
    body = make(b"x" * size)
    chunks = [body[at : at + 65536] for at in range(0, len(body), 65536)]
    assert ours(chunks, b"cut") == theirs(chunks, b"cut")
