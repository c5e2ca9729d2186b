"""Which parser reads a body, what becomes of fields and files, and that nothing stays open when a form is refused."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile

import pytest

from wsgi_from_scratch import forms
from wsgi_from_scratch.errors import BadRequestKeyError, ClientDisconnected, RequestEntityTooLarge
from wsgi_from_scratch.forms import READ_SIZE, SPOOL_SIZE, Limits, UploadedFile, parse_form
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


class Spool(SpooledTemporaryFile[bytes]):
    """A temporary file that remembers whether it went to disk."""

    on_disk = False

    def rollover(self) -> None:
        self.on_disk = True
        super().rollover()


@pytest.fixture(autouse=True)
def spools(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Spool]]:
    """The temporary files that were made, in order."""
    made: list[Spool] = []

    def make(max_size: int) -> Spool:
        made.append(Spool(max_size))
        return made[-1]

    monkeypatch.setattr(forms, "SpooledTemporaryFile", make)
    yield made
    for spool in made:
        spool.close()


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


def test_a_small_file_stays_in_memory_and_a_large_one_goes_to_disk(
    spools: list[Spool],
) -> None:
    _, files = parse(
        body(
            part(b"x" * SPOOL_SIZE, b"name=small; filename=f"),
            part(b"x" * (SPOOL_SIZE + 1), b"name=large; filename=f"),
        )
    )
    assert [spool.on_disk for spool in spools] == [False, True]
    assert files["large"].read() == b"x" * (SPOOL_SIZE + 1)


class Broken(BytesIO):
    """A body whose client is gone after the first read."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise ClientDisconnected
        return super().read(size)


GOOD = part(b"x" * (SPOOL_SIZE + 1), b"name=a; filename=a") + part(b"", b"name=b; filename=b")


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (BytesIO(GOOD), None),
        (BytesIO(GOOD + b"--cut\r\nX: no disposition\r\n\r\n\r\n--cut--"), None),
        (BytesIO(GOOD + part(b"x" * 500_001, b"name=c")), RequestEntityTooLarge),
        (BytesIO(body(GOOD, GOOD)), RequestEntityTooLarge),
        (Broken(body(GOOD)), ClientDisconnected),
    ],
    ids=["cut off", "unreadable", "large field", "many parts", "disconnected"],
)
def test_the_files_of_a_refused_form_are_closed(
    stream: BytesIO, error: type[Exception] | None, spools: list[Spool]
) -> None:
    limits = Limits(max_form_parts=3)
    if error:
        with pytest.raises(error):
            parse_form(stream, MULTIPART, {"boundary": "cut"}, limits)
    else:
        form, files = parse_form(stream, MULTIPART, {"boundary": "cut"}, limits)
        assert (len(form), len(files)) == (0, 0)
    assert spools
    assert all(spool.closed for spool in spools)


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
    ("content_type", "mimetype", "parameters"),
    [
        ("text/HTML; charset=utf-8", "text/html", {"charset": "utf-8"}),
        ("", "", {}),
    ],
)
def test_a_file_says_what_its_client_takes_it_for(
    content_type: str, mimetype: str, parameters: dict[str, str]
) -> None:
    file = uploaded(Content_Type=content_type)
    assert file.content_type == content_type
    assert (file.mimetype, file.mimetype_params) == (mimetype, parameters)


def test_a_file_without_a_content_type_has_none() -> None:
    assert (uploaded().content_type, uploaded().mimetype) == (None, "")


@pytest.mark.parametrize(
    ("announced", "length"),
    [("5", 5), (" 5 ", 5), ("-5", -5), ("+5", 0), ("5_0", 0), ("٣", 0), ("", 0), ("9" * 5000, 0)],
)
def test_a_file_announces_a_length_in_ascii_digits(announced: str, length: int) -> None:
    assert uploaded(Content_Length=announced).content_length == length


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
