"""Which parser reads a body, what becomes of fields and files, and that nothing stays open when a form is refused."""

import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import pytest

from wsgi_from_scratch import forms
from wsgi_from_scratch.errors import BadRequestKeyError, ClientDisconnected, RequestEntityTooLarge
from wsgi_from_scratch.forms import (
    FILES_IN_MEMORY,
    READ_SIZE,
    SMALL_FILE,
    Limits,
    UploadedFile,
    parse_form,
)
from wsgi_from_scratch.headers import Headers
from wsgi_from_scratch.multidict import MultiDict

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"


def part(value: bytes, disposition: bytes, *fields: bytes) -> bytes:
    header = b"\r\n".join([b"Content-Disposition: form-data; " + disposition, *fields])
    return b"--cut\r\n" + header + b"\r\n\r\n" + value + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--cut--\r\n"


def parse(
    data: bytes, limits: Limits | None = None, boundary: str = "cut"
) -> tuple[MultiDict[str], MultiDict[UploadedFile]]:
    return parse_form(BytesIO(data), MULTIPART, {"boundary": boundary}, limits or Limits())


def uploaded(
    content: bytes = b"one\ntwo\n", filename: str = "f.txt", **fields: str
) -> UploadedFile:
    headers = Headers((name.replace("_", "-"), value) for name, value in fields.items())
    return UploadedFile(BytesIO(content), filename, "file", headers)


@pytest.fixture(autouse=True)
def on_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[IO[bytes]]]:
    """The temporary files that were made, in order."""
    made: list[IO[bytes]] = []

    def make() -> IO[bytes]:
        made.append(TemporaryFile())  # noqa: SIM115 - closed below
        return made[-1]

    monkeypatch.setattr(forms, "TemporaryFile", make)
    yield made
    for file in made:
        file.close()


def test_fields_and_files_come_in_their_order() -> None:
    form, files = parse(
        body(
            part(b"1", b"name=a"),
            part(b"x", b"name=f; filename=x.txt"),
            part(b"2", b"name=b"),
            part(b"3", b"name=a"),
            part(b"y", b"name=f; filename=y.txt"),
        )
    )
    assert list(form.items(multi=True)) == [("a", "1"), ("a", "3"), ("b", "2")]
    assert [(name, file.filename, file.read()) for name, file in files.items(multi=True)] == [
        ("f", "x.txt", b"x"),
        ("f", "y.txt", b"y"),
    ]


def test_a_file_that_was_not_chosen_is_there_and_false() -> None:
    form, files = parse(body(part(b"", b'name=f; filename=""', b"Content-Type: text/plain")))
    assert "f" not in form
    assert not files["f"]
    assert (files["f"].filename, files["f"].read()) == ("", b"")


def test_a_field_without_filename_is_no_file() -> None:
    form, files = parse(body(part(b"x", b"name=f")))
    assert form["f"] == "x"
    with pytest.raises(BadRequestKeyError):
        files["f"]


@pytest.mark.parametrize(
    ("content_type", "value", "text"),
    [
        (b"X: 1", b"\xc3\xa9\xff", "é\ufffd"),
        (b"Content-Type: text/plain", b"\xc3\xa9", "é"),
        (b"Content-Type: text/plain; charset=ISO-8859-1", b"\xe9", "é"),
        (b"Content-Type: text/plain; charset=us-ascii", b"a\xe9", "a\ufffd"),
        (b"Content-Type: text/plain; charset=utf-16", b"\xc3\xa9", "é"),
        (b"Content-Type: text/plain; charset=utf-7", b"+AOk-", "+AOk-"),
        (b"Content-Type: text/plain; charset=zlib_codec", b"x\x9c", "x\ufffd"),
    ],
)
def test_a_part_names_one_of_four_charsets_or_it_is_utf_8(
    content_type: bytes, value: bytes, text: str
) -> None:
    form, _ = parse(body(part(value, b"name=a", content_type)))
    assert form["a"] == text


@pytest.mark.parametrize(
    ("data", "pairs"),
    [
        (b"", []),
        (b"a=1&b=x+y&a=%C3%A9&c", [("a", "1"), ("a", "é"), ("b", "x y"), ("c", "")]),
        (b"a=\xc3\xa9", [("a", "é")]),
        (b"a=%ff", [("a", "%FF")]),
        (b"a=1&b=\xff", []),
        (b"username=kumar;password=kumar", [("username", "kumar;password=kumar")]),
    ],
)
def test_a_urlencoded_body_is_read_as_a_query(data: bytes, pairs: list[tuple[str, str]]) -> None:
    form, files = parse_form(BytesIO(data), URLENCODED, {}, Limits())
    assert list(form.items(multi=True)) == pairs
    assert len(files) == 0


@pytest.mark.parametrize("mimetype", ["", "text/plain", "application/json", "multipart/mixed"])
def test_a_body_that_is_no_form_is_left_unread(mimetype: str) -> None:
    stream = BytesIO(body(part(b"x", b"name=a")))
    form, files = parse_form(stream, mimetype, {"boundary": "cut"}, Limits())
    assert (len(form), len(files), stream.tell()) == (0, 0, 0)


@pytest.mark.parametrize(
    "parameters", [{}, {"boundary": ""}, {"boundary": "é"}, {"boundary": "no"}]
)
def test_without_its_boundary_a_form_is_empty(parameters: dict[str, str]) -> None:
    form, files = parse_form(BytesIO(body(part(b"x", b"name=a"))), MULTIPART, parameters, Limits())
    assert (len(form), len(files)) == (0, 0)


def test_a_part_without_a_name_is_filed_under_none() -> None:
    form, files = parse(body(part(b"x", b"x=1"), part(b"y", b"filename=f")))
    fields: list[object] = [*form.items()]
    assert fields == [(None, "x")]
    assert [name is None and file.name is None for name, file in files.items()] == [True]


def test_a_form_beyond_a_limit_is_too_large() -> None:
    limits = Limits(max_form_memory_size=100_000, max_form_parts=2)
    field, file = part(b"x" * 100_000, b"name=a"), part(b"x" * 300_000, b"name=f; filename=f")
    form, files = parse(body(field, file), limits)
    assert (len(form["a"]), len(files)) == (100_000, 1)
    for refused in (part(b"x" * 100_001, b"name=a"), part(b"", b"name=a") * 3):
        with pytest.raises(RequestEntityTooLarge):
            parse(body(refused), limits)


def test_a_memory_limit_below_64_kib_bounds_the_whole_body() -> None:
    small = body(part(b"x" * 1000, b"name=f; filename=f"))
    _, files = parse(small, Limits(max_form_memory_size=len(small)))
    assert len(files["f"].read()) == 1000
    with pytest.raises(RequestEntityTooLarge):
        parse(small, Limits(max_form_memory_size=len(small) - 1))


NEARLY_ALL = FILES_IN_MEMORY - 1000


@pytest.mark.parametrize(
    ("sizes", "large"),
    [
        ([NEARLY_ALL], []),
        ([0] * 900, []),
        ([NEARLY_ALL // 2, NEARLY_ALL // 2], []),
        ([FILES_IN_MEMORY], []),
        ([FILES_IN_MEMORY + 1], [0]),
        ([FILES_IN_MEMORY * 3, NEARLY_ALL], [0]),
        ([NEARLY_ALL, SMALL_FILE + 1, 500], [1]),
        ([NEARLY_ALL // 2, 0, NEARLY_ALL, NEARLY_ALL // 3, NEARLY_ALL // 2], [2, 4]),
    ],
)
def test_the_small_files_of_a_form_stay_in_memory_and_the_others_go_to_disk(
    sizes: list[int], large: list[int], on_disk: list[IO[bytes]]
) -> None:
    contents = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
    _, files = parse(body(*(part(content, b"name=f; filename=f") for content in contents)))
    streams = [file.stream for file in files.getlist("f")]
    assert [number for number, stream in enumerate(streams) if stream in on_disk] == large
    assert len(on_disk) == len(large)
    assert [stream.read() for stream in streams] == contents


def test_many_small_files_do_not_use_up_the_descriptors(on_disk: list[IO[bytes]]) -> None:
    small = part(b"x" * 10_000, b"name=f; filename=f")
    _, files = parse(body(part(b"x" * NEARLY_ALL, b"name=f; filename=f"), *[small] * 900))
    assert len(files.getlist("f")) == 901
    assert on_disk == []


class Dribble(BytesIO):
    """A body of which few bytes come at a time."""

    at_once = 1

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self.at_once)


def test_a_file_that_comes_byte_by_byte_takes_little_more_memory_than_in_ten_pieces(
    on_disk: list[IO[bytes]],
) -> None:
    content = b"x" * (SMALL_FILE // 2)
    data = body(part(content, b"name=f; filename=f"))
    peaks = []
    for at_once in (len(data) // 10, 1):
        stream = Dribble(data)
        stream.at_once = at_once
        tracemalloc.start()
        try:
            _, files = parse_form(stream, MULTIPART, {"boundary": "cut"}, Limits())
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert files["f"].read() == content
    in_pieces, byte_by_byte = peaks
    assert in_pieces < 2.5 * len(content)
    assert byte_by_byte < 1.25 * in_pieces
    assert on_disk == []


def test_a_urlencoded_body_may_come_byte_by_byte() -> None:
    """Were all of it copied with each byte, this would take minutes."""
    value = b"x" * 499_000
    form, _ = parse_form(Dribble(b"a=" + value), URLENCODED, {}, Limits())
    assert form["a"] == value.decode()


class Broken(BytesIO):
    """A body whose client is gone after some reads."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > FILES_IN_MEMORY:
            raise ClientDisconnected
        return super().read(size)


LARGE = part(b"x" * (FILES_IN_MEMORY + READ_SIZE), b"name=a; filename=a")
GOOD = LARGE + part(b"", b"name=b; filename=b")


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (BytesIO(GOOD), None),
        (BytesIO(LARGE[:-1]), None),
        (BytesIO(GOOD + b"--cut\r\nX: no disposition\r\n\r\n\r\n--cut--"), None),
        (BytesIO(GOOD + part(b"x" * 500_001, b"name=c")), RequestEntityTooLarge),
        (BytesIO(body(GOOD, GOOD)), RequestEntityTooLarge),
        (Broken(body(GOOD)), ClientDisconnected),
    ],
    ids=[
        "cut off",
        "cut off within the file",
        "unreadable",
        "large field",
        "many parts",
        "disconnected",
    ],
)
def test_the_files_of_a_refused_form_are_closed(
    stream: BytesIO, error: type[Exception] | None, on_disk: list[IO[bytes]]
) -> None:
    limits = Limits(max_form_parts=3)
    if error:
        with pytest.raises(error):
            parse_form(stream, MULTIPART, {"boundary": "cut"}, limits)
    else:
        form, files = parse_form(stream, MULTIPART, {"boundary": "cut"}, limits)
        assert (len(form), len(files)) == (0, 0)
    assert on_disk
    assert all(file.closed for file in on_disk)


def test_a_body_is_read_in_pieces() -> None:
    class Recorder(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            sizes.append(size)
            return super().read(size)

    sizes: list[int | None] = []
    stream = Recorder(body(part(b"x" * READ_SIZE, b"name=f; filename=f")))
    parse_form(stream, MULTIPART, {"boundary": "cut"}, Limits())
    assert sizes == [READ_SIZE] * 3


def test_a_file_reads_as_its_stream_does() -> None:
    file = uploaded()
    assert (file.read(2), file.tell(), file.readline(), file.read()) == (b"on", 2, b"e\n", b"two\n")
    assert (file.seek(-4, 2), file.readline(2)) == (4, b"tw")
    file.seek(0)
    assert list(file) == [b"one\n", b"two\n"]
    assert file.read() == b""


@pytest.mark.parametrize(
    ("content_type", "mimetype"), [("text/HTML; charset=utf-8", "text/html"), ("", "")]
)
def test_a_file_says_what_its_client_takes_it_for(content_type: str, mimetype: str) -> None:
    file = uploaded(Content_Type=content_type)
    assert file.content_type == content_type
    assert file.mimetype == mimetype


def test_a_file_without_a_content_type_has_none() -> None:
    assert (uploaded().content_type, uploaded().mimetype) == (None, "")


def test_a_file_is_saved_from_its_position_on(tmp_path: Path) -> None:
    file = uploaded()
    for destination in (str(tmp_path / "a"), tmp_path / "b"):
        file.seek(4)
        file.save(destination)
        assert Path(destination).read_bytes() == b"two\n"
    with (tmp_path / "c").open("wb") as target:
        file.seek(0)
        file.save(target)
        assert not target.closed
    assert (tmp_path / "c").read_bytes() == b"one\ntwo\n"


def test_a_file_can_be_closed_twice() -> None:
    file = uploaded()
    file.close()
    file.close()
    assert file.stream.closed


def test_a_file_that_cannot_be_flushed_is_closed_without_an_error() -> None:
    class FullDisk(BytesIO):
        def close(self) -> None:
            super().close()
            raise OSError(28, "No space left on device")

    file = UploadedFile(FullDisk(), "f", "f", Headers())
    file.close()
    assert file.stream.closed


def test_a_file_shows_what_the_client_says_of_it() -> None:
    assert repr(uploaded(filename="../x", Content_Type="text/plain")) == (
        "<UploadedFile: '../x' ('text/plain')>"
    )


def test_a_limit_above_what_is_read_at_once_is_none_for_files() -> None:
    file = body(part(b"x" * 100_000, b'name="f"; filename="f"'))
    assert parse(file, Limits(65 * 1024))[1]
    with pytest.raises(RequestEntityTooLarge):
        parse(file, Limits(65 * 1024 - 1))
