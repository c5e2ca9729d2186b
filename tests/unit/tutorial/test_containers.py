import errno
import io
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from tutorial.containers import DAMAGED, MAX_ENTRIES, check_compound_file, unpack_zip
from tutorial.errors import Refusal

WORKBOOKS = Path(__file__).parents[2] / "workbooks"
NEEDED = {"[Content_Types].xml": b"", "xl/workbook.xml": b""}
LIMIT = 1_000_000

MakeWorkbook = Callable[[Iterable[Sequence[Any]]], bytes]


def archive(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def understate(data: bytes, size: int) -> bytes:
    """The archive with every entry of ``size`` bytes declared as one of 10, in its directory and before the data."""
    return data.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little"))


def stream(name: str, padding: bytes = b"\0", length: int | None = None) -> bytes:
    """What begins the entry of a stream in the directory of a compound file."""
    length = 2 * len(name) + 2 if length is None else length
    return f"{name}\0".encode("utf-16-le").ljust(64, padding) + bytes([length, 0])


def refusal(check: Callable[[Path], None], path: Path, data: bytes) -> Refusal:
    path.write_bytes(data)
    with pytest.raises(Refusal) as caught:
        check(path)
    return caught.value


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[[bytes], Refusal]:
    """How ``unpack_zip`` refuses what it is given."""
    return lambda data: refusal(
        lambda path: unpack_zip(path, tmp_path / "unpacked", LIMIT), tmp_path / "file", data
    )


def unpacked(data: bytes, folder: Path) -> dict[str, bytes]:
    """The entries of the archive that a reader gets for this one; nothing in it is compressed."""
    source, target = folder / "file", folder / "unpacked"
    source.write_bytes(data)
    unpack_zip(source, target, LIMIT)
    with ZipFile(target) as copy:
        assert all(entry.compress_type == ZIP_STORED for entry in copy.infolist())
        return {name: copy.read(name) for name in copy.namelist()}


def test_a_workbook_is_unpacked_whole(workbook: MakeWorkbook, tmp_path: Path) -> None:
    for data in (workbook([["a"]]), (WORKBOOKS / "libreoffice.xlsx").read_bytes()):
        with ZipFile(io.BytesIO(data)) as packed:
            assert unpacked(data, tmp_path) == {
                name: packed.read(name) for name in packed.namelist()
            }


def test_names_in_another_spelling_pass(tmp_path: Path) -> None:
    data = archive({"[content_types].xml": b"", "XL\\Workbook.xml": b"a"})
    assert unpacked(data, tmp_path)["XL\\Workbook.xml"] == b"a"


def test_a_reader_sees_the_one_archive_that_was_checked_where_a_file_holds_two(
    tmp_path: Path,
) -> None:
    first, second = archive({**NEEDED, "xl/hidden.xml": b""}), archive(NEEDED)
    two = bytearray(first + second)
    # The second says that it is not the last disk, so some readers take the first.
    two[two.rindex(b"PK\5\6") + 4] = 1
    assert unpacked(bytes(two), tmp_path) == NEEDED
    assert (tmp_path / "unpacked").read_bytes().count(b"PK\5\6") == 1


@pytest.mark.parametrize("name", ["xl/workbook.xml", "XL/Workbook.xml", "xl\\workbook.xml"])
def test_an_archive_with_an_entry_twice_is_refused(
    zipped: Callable[[bytes], Refusal], name: str
) -> None:
    data = archive({**NEEDED, "xl/workbook.xm_": b""}).replace(b"xl/workbook.xm_", name.encode())
    assert str(zipped(data)) == DAMAGED


def test_a_full_disk_is_no_damage_of_the_workbook(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(archive(NEEDED))
    with pytest.raises(OSError, match="No space left"):
        unpack_zip(tmp_path / "file", Path("/dev/full"), LIMIT)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), OSError),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), OSError),
        (OSError(errno.EFBIG, "File too large"), OSError),
        (MemoryError(), MemoryError),
        (OSError(errno.EINVAL, "Invalid argument"), Refusal),  # as of a seek to before the file
    ],
)
def test_only_a_lack_of_room_is_no_damage_of_the_workbook(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, told: type[Exception]
) -> None:
    def copy(*_: object) -> None:
        raise error

    monkeypatch.setattr("tutorial.containers._copy", copy)
    (tmp_path / "file").write_bytes(archive(NEEDED))
    with pytest.raises(told):
        unpack_zip(tmp_path / "file", tmp_path / "unpacked", LIMIT)


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("word/document.xml", "Word"),
        ("ppt/presentation.xml", "PowerPoint"),
        ("xl/workbook.bin", "xlsb"),
        ("mimetype", "OpenDocument"),
        ("META-INF/MANIFEST.MF", "Java"),
        ("readme.txt", "without a workbook"),
        ("xl/workbook.xml", "without a workbook"),
    ],
)
def test_an_archive_of_another_kind_is_named(
    zipped: Callable[[bytes], Refusal], name: str, description: str
) -> None:
    refused = zipped(archive({name: b"<xml/>"}))
    assert description in str(refused)
    assert refused.code == 415


def test_an_archive_that_announces_too_much_is_refused_before_it_is_unpacked(
    zipped: Callable[[bytes], Refusal], tmp_path: Path
) -> None:
    refused = zipped(archive({**NEEDED, "xl/a.xml": bytes(LIMIT // 2), "xl/b.xml": bytes(LIMIT)}))
    assert "unpacks to more than 1 MB" in str(refused)
    assert refused.code == 413
    assert not (tmp_path / "unpacked").exists()


def test_a_workbook_may_unpack_to_all_that_it_may(tmp_path: Path) -> None:
    entries = {**NEEDED, "xl/a.xml": bytes(LIMIT)}
    assert unpacked(archive(entries), tmp_path) == entries


def test_an_archive_that_unpacks_to_more_than_it_announces_is_refused(
    zipped: Callable[[bytes], Refusal],
) -> None:
    data = understate(archive({**NEEDED, "xl/a.xml": bytes(LIMIT + 1)}), LIMIT + 1)
    assert sum(entry.file_size for entry in ZipFile(io.BytesIO(data)).infolist()) == 10
    assert zipped(data).code == 413


def test_what_entries_unpack_to_is_counted_together(zipped: Callable[[bytes], Refusal]) -> None:
    one, other = LIMIT // 2, LIMIT // 2 + 1
    data = archive({**NEEDED, "xl/a.xml": bytes(one), "xl/b.xml": bytes(other)})
    assert zipped(understate(understate(data, one), other)).code == 413


def test_an_archive_may_have_all_the_entries_that_it_may(tmp_path: Path) -> None:
    entries = {**NEEDED, **{f"xl/{number}.xml": b"" for number in range(MAX_ENTRIES - 2)}}
    assert unpacked(archive(entries), tmp_path) == entries


def test_an_archive_of_too_many_entries_is_refused(zipped: Callable[[bytes], Refusal]) -> None:
    entries = {f"xl/{number}.xml": b"" for number in range(MAX_ENTRIES - 1)}
    assert zipped(archive({**NEEDED, **entries})).code == 413


def test_an_encrypted_archive_is_refused(zipped: Callable[[bytes], Refusal]) -> None:
    data = bytearray(archive(NEEDED))
    for start in re.finditer(b"PK\x01\x02", data):
        data[start.start() + 8] |= 1
    assert "password" in str(zipped(bytes(data)))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_workbook_that_is_cut_off_is_refused(
    zipped: Callable[[bytes], Refusal], workbook: MakeWorkbook, part: float
) -> None:
    data = workbook([["a"]])
    assert str(zipped(data[: int(part * len(data))])) == DAMAGED


def test_an_entry_that_was_changed_is_noticed(zipped: Callable[[bytes], Refusal]) -> None:
    data = archive({**NEEDED, "xl/a.xml": bytes(range(256)) * 9})
    middle = data.index(b"xl/a.xml") + 100
    assert str(zipped(data[:middle] + b"\0\0\0\0" + data[middle + 4 :])) == DAMAGED


def test_a_compound_file_with_a_workbook_passes() -> None:
    check_compound_file(WORKBOOKS / "legacy.xls")


@pytest.mark.parametrize(
    ("name", "description", "code"),
    [
        ("WordDocument", "Word", 415),
        ("PowerPoint Document", "PowerPoint", 415),
        ("EncryptedPackage", "password", 400),
        ("Contents", "damaged", 400),
    ],
)
def test_a_compound_file_of_another_kind_is_named(
    tmp_path: Path, name: str, description: str, code: int
) -> None:
    data = (WORKBOOKS / "legacy.xls").read_bytes()
    assert stream("Workbook") in data
    refused = refusal(
        check_compound_file, tmp_path / "file", data.replace(stream("Workbook"), stream(name))
    )
    assert description in str(refused)
    assert refused.code == code


@pytest.mark.parametrize(
    "entry",
    [stream("Book"), stream("WORKBOOK"), stream("Workbook", b"\n")],
    ids=["of Excel 5", "in capitals", "with other padding"],
)
def test_a_workbook_in_a_compound_file_passes_under_each_of_its_names(
    tmp_path: Path, entry: bytes
) -> None:
    data = (WORKBOOKS / "legacy.xls").read_bytes().replace(stream("Workbook"), entry)
    (tmp_path / "file").write_bytes(data)
    check_compound_file(tmp_path / "file")


def test_a_name_of_another_length_is_no_name_of_a_stream(tmp_path: Path) -> None:
    data = (WORKBOOKS / "legacy.xls").read_bytes()
    data = data.replace(stream("Workbook"), stream("Workbook", length=0))
    assert str(refusal(check_compound_file, tmp_path / "file", data)) == DAMAGED


def test_a_compound_file_with_nothing_in_it_is_damaged(tmp_path: Path) -> None:
    assert str(refusal(check_compound_file, tmp_path / "file", b"\xd0\xcf\x11\xe0")) == DAMAGED
