"""Forms and files, beside Werkzeug's."""

import re
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage
from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.exceptions import RequestEntityTooLarge as WerkzeugTooLarge
from werkzeug.formparser import FormDataParser

from flask_version.app import FormParser
from tests.oracle.test_multipart import near_misses
from wsgi_from_scratch.errors import RequestEntityTooLarge
from wsgi_from_scratch.forms import Limits, UploadedFile, parse_form
from wsgi_from_scratch.headers import Headers

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"

File: TypeAlias = UploadedFile | FileStorage

# Key and value of each field; key and description of each file. Or that the form is too large.
Form: TypeAlias = tuple[list[tuple[str, str]], list[tuple[str, dict[str, object]]]] | str


def describe(file: File) -> dict[str, object]:
    return {
        "name": file.name,
        "filename": file.filename,
        "true": bool(file),
        "headers": list(file.headers),
        "content_type": file.content_type,
        "mimetype": file.mimetype,
        "data": file.read(),
    }


def ours(body: bytes, mimetype: str, parameters: dict[str, str], limits: Limits) -> Form:
    try:
        form, files = parse_form(BytesIO(body), mimetype, parameters, limits)
    except RequestEntityTooLarge:
        return "too large"
    return contents(form, files)


def contents(form: Any, files: Any) -> Form:
    described = []
    for key, file in files.items(multi=True):
        described.append((key, describe(file)))
        file.close()
    return list(form.items(multi=True)), described


def in_memory(
    total_content_length: int | None,
    content_type: str | None,
    filename: str | None,
    content_length: int | None = None,
) -> IO[bytes]:
    """A file that needs no closing, which Werkzeug does not do when it refuses the form."""
    return BytesIO()


def theirs(body: bytes, mimetype: str, parameters: dict[str, str], limits: Limits) -> Form:
    return parsed_by(FormDataParser, BytesIO(body), mimetype, parameters, limits)


def parsed_by(
    parser_class: type[FormDataParser],
    stream: Any,
    mimetype: str,
    parameters: dict[str, str],
    limits: Limits,
) -> Form:
    parser = parser_class(
        stream_factory=in_memory,
        max_form_memory_size=limits.max_form_memory_size,
        max_form_parts=limits.max_form_parts,
    )
    try:
        _, form, files = parser.parse(stream, mimetype, None, parameters)
    except WerkzeugTooLarge:
        return "too large"
    for _, file in files.items(multi=True):
        # The one difference that we know of: where Werkzeug keeps NUL in a header, we have a space.
        file.headers = WerkzeugHeaders(
            (name.replace("\0", " "), value.replace("\0", " ")) for name, value in file.headers
        )
    return contents(form, files)


def agree(body: bytes, boundary: str = "cut", limits: Limits | None = None) -> Form:
    """What both make of a multipart body."""
    arguments = (body, MULTIPART, {"boundary": boundary}, limits or Limits())
    form = ours(*arguments)
    assert form == theirs(*arguments)
    return form


WITHOUT_BREAKS = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]))
QUOTED = WITHOUT_BREAKS.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
VALUES = st.one_of(QUOTED, WITHOUT_BREAKS, st.sampled_from(["", "a", '"a', "utf-8''%C3%A9", "a;b"]))
PARAMETERS = st.tuples(
    st.sampled_from(["; ", ";", " ; ", ";;"]),
    st.sampled_from(["name", "filename", "filename*", "NAME", "filename*0", "filename*1*", "x"]),
    st.sampled_from(["=", " = ", "="]),
    VALUES,
).map("".join)
DISPOSITIONS = st.tuples(
    st.sampled_from(
        ['form-data; name="a"', 'form-data; name=a; filename="f"', "form-data", "", "x"]
    ),
    st.lists(PARAMETERS, max_size=3).map("".join),
).map("".join)
FIELDS = st.one_of(
    st.tuples(
        st.just("Content-Type"),
        st.sampled_from(
            ["text/plain", "Text/HTML; charset=ISO-8859-1", 'a/b; charset="US-ASCII"; x=y', ";", ""]
        ),
    ),
    st.tuples(
        st.just("content-length"), st.sampled_from(["5", " 05 ", "-1", "+5", "5_0", "x", ""])
    ),
    st.tuples(WITHOUT_BREAKS, WITHOUT_BREAKS),
)
CONTENTS = st.one_of(
    st.binary(max_size=50),
    st.text(max_size=20).map(str.encode),
    st.sampled_from([b"\r\n", b"\r", b"\n", b"--cut", b"\r\n--cu", b"\n--cut-", b"x\r\n\r\n"]),
)


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """A body of whole parts, under odd names."""
    line_break = draw(st.sampled_from(["\r\n", "\r\n", "\n", "\r"])).encode()
    body = draw(st.sampled_from([b"", line_break, b"preamble" + line_break]))
    for _ in range(draw(st.integers(0, 4))):
        fields = [
            ("Content-Disposition", draw(DISPOSITIONS)),
            *draw(st.lists(FIELDS, max_size=3)),
        ]
        lines = [f"{name}{draw(st.sampled_from([':', ': ']))}{value}" for name, value in fields]
        draw(st.randoms()).shuffle(lines)
        body += b"--cut" + draw(st.sampled_from([b"", b"", b" ", b"\t\v"])) + line_break
        body += b"".join(line.encode() + line_break for line in lines)
        body += line_break + draw(CONTENTS) + line_break
    return body + b"--cut--" + draw(st.sampled_from([b"", line_break, b"epilogue"]))


@given(forms())
def test_a_multipart_form_is_read_as_werkzeug_reads_it(body: bytes) -> None:
    agree(body)


@given(forms(), st.data())
def test_a_spoilt_form_is_read_as_werkzeug_reads_it(body: bytes, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(body))] * 2)))
    agree(body[:start] + body[end:])
    token = data.draw(st.sampled_from([b"\r", b"\n", b"--cut", b"-", b" ", b":", b"\xff", b'"']))
    agree(body[:start] + token + body[start:])


@given(
    forms(),
    st.builds(
        Limits,
        max_form_memory_size=st.integers(0, 500),
        max_form_parts=st.integers(0, 4),
    ),
)
def test_small_limits_refuse_what_werkzeug_refuses(body: bytes, limits: Limits) -> None:
    agree(body, limits=limits)


@pytest.mark.parametrize("size", [499_999, 500_000, 500_001])
def test_a_field_may_be_as_large_as_in_werkzeug(size: int) -> None:
    header = b'--cut\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    form = agree(header + b"x" * size + b"\r\n--cut--")
    assert (form == "too large") == (size > 500_000)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 700_000])
def test_a_file_of_any_size_is_read_as_werkzeug_reads_it(size: int) -> None:
    header = b'--cut\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\n'
    assert agree(header + b"x" * size + b"\r\n--cut--") != "too large"


@pytest.mark.parametrize("parameters", [{}, {"boundary": ""}, {"boundary": "é"}, {"boundary": "x"}])
@pytest.mark.parametrize("mimetype", [MULTIPART, URLENCODED, "multipart/mixed", "text/plain", ""])
def test_the_media_type_picks_the_parser_that_werkzeug_picks(
    mimetype: str, parameters: dict[str, str]
) -> None:
    body = b"--x\nContent-Disposition: form-data; name=a\n\nb&c=d\n--x--"
    assert ours(body, mimetype, parameters, Limits()) == theirs(
        body, mimetype, parameters, Limits()
    )


@given(
    st.one_of(
        st.binary(),
        st.text("ab=&;+%0123456789CFé \0", max_size=30).map(str.encode),
        st.lists(st.sampled_from([b"a", b"=", b"&", b"%", b"%C3", b"%A9", b"+", b"\xc3"])).map(
            b"".join
        ),
    )
)
def test_a_urlencoded_form_is_read_as_werkzeug_reads_it(body: bytes) -> None:
    assert ours(body, URLENCODED, {}, Limits()) == theirs(body, URLENCODED, {}, Limits())


FILE_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["Content-Type", "content-type", "Content-Length", "X"]),
        st.one_of(
            WITHOUT_BREAKS,
            st.sampled_from(["text/plain; a=b", "A/B;c", "5", "\t5 ", "9" * 4300, "9" * 4301]),
        ),
    ),
    max_size=3,
)


@given(st.text(max_size=3), FILE_HEADERS)
def test_a_file_says_what_file_storage_says(filename: str, fields: list[tuple[str, str]]) -> None:
    file = UploadedFile(BytesIO(b"data"), filename, "name", Headers(fields))
    storage = FileStorage(BytesIO(b"data"), filename, "name", headers=WerkzeugHeaders(fields))
    assert describe(file) == describe(storage)


def test_a_file_is_used_as_file_storage_is(tmp_path: Path) -> None:
    def use(file: File) -> list[object]:
        used: list[object] = [file.read(2), file.tell(), file.readline(), file.readline(2)]
        used += [file.seek(0), list(file), file.seek(4)]
        file.save(tmp_path / "path")
        file.seek(0)
        file.save(str(tmp_path / "text"))
        target = BytesIO()
        file.save(target)
        used += [(tmp_path / name).read_bytes() for name in ("path", "text")] + [target.getvalue()]
        file.close()
        file.close()
        return [*used, file.stream.closed]

    file = UploadedFile(BytesIO(b"one\ntwo\n"), "f", "name", Headers())
    assert use(file) == use(FileStorage(BytesIO(b"one\ntwo\n"), "f", "name"))


class Reads:
    """A body that the server hands over in these pieces, whatever is asked for."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = [piece for piece in pieces if piece]

    def read(self, size: int = -1, /) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


def both_of(pieces: Sequence[bytes], boundary: str, limits: Limits | None = None) -> Form:
    """What we and the application in Flask make of a form that comes in these pieces."""
    arguments = MULTIPART, {"boundary": boundary}, limits or Limits()
    flask = parsed_by(FormParser, Reads(*pieces), *arguments)
    try:
        assert contents(*parse_form(Reads(*pieces), *arguments)) == flask
    except RequestEntityTooLarge:
        assert flask == "too large"
    return flask


# Contents of a part; %s is the line break.
NEAR_DELIMITERS = [
    *(b"", b"x", b"a\rb\nc", b"%s", b"x%s%s", b"-", b"--", b"--cut", b"--cut--", b"--cut "),
    *(b"--cut-", b"--cut- %s", b"--cut -%s", b"--cut%s--cut", b"--cut%s--cut%sX: y%s--cut%s"),
    *(b"%s-", b"%s--", b"%s--cut-x", b"%s--cutx"),
]


@pytest.mark.parametrize("padding", [b"", b" \t"])
@pytest.mark.parametrize("line_break", [b"\r\n", b"\n", b"\r"])
def test_a_form_is_the_same_wherever_it_is_cut_in_both(line_break: bytes, padding: bytes) -> None:
    delimiter = line_break + b"--cut"
    field = line_break + b'Content-Disposition: form-data; name="a"' + line_break * 2
    file = line_break + b'Content-Disposition: form-data; name="b"; filename="f"' + line_break * 2
    for content in NEAR_DELIMITERS:
        content = content.replace(b"%s", line_break)
        first, second = (delimiter + padding + header + content for header in (field, file))
        body = (first + second + delimiter + b"--")[len(line_break) :]
        whole = ours(body, MULTIPART, {"boundary": "cut"}, Limits())
        for at in range(len(body)):
            assert both_of((body[:at], body[at:]), "cut") == whole, body[:at]


@pytest.mark.parametrize(
    "preamble", [b"", b"x", b"\nx", b"--cut x", b"--cut --cut x", b"--cut- \n"]
)
@pytest.mark.parametrize("line_break", [b"\r\n", b"\n", b"\r"])
def test_the_first_delimiter_may_begin_anywhere_and_be_cut_anywhere_in_both(
    line_break: bytes, preamble: bytes
) -> None:
    padded = b"--cut" + b" " * 20 + line_break
    body = (
        preamble
        + padded
        + b'Content-Disposition: form-data; name="a"'
        + line_break * 2
        + b"b\n--cut--"
    )
    for at in range(len(preamble + padded) + 1):
        assert both_of((body[:at], body[at:]), "cut") == ([("a", "b")], []), body[:at]


# A boundary with a line break in it comes in no header field.
FORMS = near_misses().filter(lambda case: not re.search(rb"[\r\n]", case[0]))


@given(FORMS, st.lists(st.integers(0, 12), max_size=12))
def test_a_form_in_any_pieces_is_that_in_one_piece_in_both(
    case: tuple[bytes, bytes], sizes: list[int]
) -> None:
    boundary, body = case
    pieces, rest = [], body
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    expected = theirs(body, MULTIPART, {"boundary": boundary.decode()}, Limits())
    assert both_of((*pieces, rest), boundary.decode()) == expected


def test_a_form_that_cannot_be_read_is_empty_even_if_too_much_follows_in_both() -> None:
    body = b"--b\r\nX: y\r\n\r\n" + b"z" * 26 + b"\r\n"
    limits = Limits(max_form_memory_size=len(body) - 1)
    for at in range(1, len(body)):
        assert both_of((body[:at], body[at:]), "b", limits) == ([], [])


@pytest.mark.parametrize("size", [20, 21])
def test_a_limit_in_the_middle_of_the_first_line_breaks_cuts_no_delimiter_in_both(
    size: int,
) -> None:
    body = b"--cut" + b"\v" * 11 + b"\r" * 5
    arguments = MULTIPART, {"boundary": "cut"}, Limits(max_form_memory_size=size)
    assert ours(body, *arguments) == ([], [])
    assert parsed_by(FormParser, BytesIO(body), *arguments) == ([], [])


def test_padding_without_end_is_refused_in_both() -> None:
    pieces = [b"x\r\n", b"--cut", *[b" " * 1000] * 3]
    assert both_of(pieces, "cut", Limits(max_form_memory_size=2000)) == "too large"
