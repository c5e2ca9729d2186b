"""What a workbook's file is checked for before a reader gets it: that it is whole, a workbook, and not a bomb.

An .xlsx is a ZIP archive, so its directory tells beforehand what it will unpack to. The directory is the
sender's word: every entry is therefore unpacked once and counted. And no two readers agree on a file that holds
two archives, or an entry twice, so the reader gets an archive written anew from what was counted, which costs it
nothing: it need not unpack that. An .xls is a compound file, a small file system of its own, whose stream
names tell a workbook from a Word document or an encrypted package.

All of this runs in the child process: a directory can be as hostile as what it lists.

Spec:     PKWARE APPNOTE 4.3, ECMA-376 part 2; MS-CFB 2.6
"""

import errno
import re
from pathlib import Path
from typing import Never
from zipfile import ZipFile, ZipInfo

from .errors import Refusal

MAX_ENTRIES = 10_000
"""Entries of an .xlsx. It has about five, and one to three more for each sheet, picture and chart."""

CHUNK = 64 * 1024  # bytes unpacked at a time

DAMAGED = (
    "This workbook is cut off or damaged; please save it again in the program that made it, and upload"
    " that."
)
LOCKED = "This workbook is locked with a password; please save it without one first."

_NOT_A_WORKBOOK = {
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a PowerPoint presentation",
    "xl/workbook.bin": "a binary workbook (.xlsb)",
    "mimetype": "an OpenDocument file or an electronic book",
    "meta-inf/manifest.mf": "a Java archive",
}
_NEEDED = {"[content_types].xml", "xl/workbook.xml"}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def unpack_zip(source: Path, target: Path, max_unpacked_size: int) -> None:
    """Write at ``target``, uncompressed, the workbook that the ZIP archive at ``source`` holds.

    Raises ``Refusal`` unless it is one, of at most that many bytes, and OSError when there is no room for it.
    """
    try:
        with ZipFile(source) as archive:
            _check_directory(archive.infolist(), max_unpacked_size)
            with ZipFile(target, "w") as copy:
                _copy(archive, copy, max_unpacked_size)
    except (Refusal, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise
        # zipfile raises eight kinds for broken archives, and does not list them
        raise Refusal(DAMAGED) from error


def _check_directory(entries: list[ZipInfo], max_unpacked_size: int) -> None:
    names = {entry.filename.replace("\\", "/").lower() for entry in entries}
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refusal(LOCKED)
    for name, description in _NOT_A_WORKBOOK.items():
        if name in names:
            _refuse_type(description)
    if not names >= _NEEDED:
        _refuse_type("a ZIP archive without a workbook in it")
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > max_unpacked_size:
        _refuse_size(max_unpacked_size)
    if len(names) < len(entries):
        # One is there twice: some readers take the first, and some the last.
        raise Refusal(DAMAGED)


def _copy(archive: ZipFile, copy: ZipFile, max_unpacked_size: int) -> None:
    left = max_unpacked_size
    for entry in archive.infolist():
        entry.file_size = left + 1  # else zipfile stops where the directory says that the data ends
        with archive.open(entry) as file, copy.open(ZipInfo(entry.filename), "w") as written:
            while chunk := file.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    _refuse_size(max_unpacked_size)
                written.write(chunk)


def check_compound_file(path: Path) -> None:
    """Raise ``Refusal`` unless the compound file at ``path`` has a stream that a workbook lives in."""
    data = path.read_bytes()
    if _has_stream(data, "WordDocument"):
        _refuse_type("a Word document")
    if _has_stream(data, "PowerPoint Document"):
        _refuse_type("a PowerPoint presentation")
    if _has_stream(data, "EncryptedPackage"):
        raise Refusal(LOCKED)
    if not _has_stream(data, "Workbook") and not _has_stream(data, "Book"):
        raise Refusal(DAMAGED)


def _has_stream(data: bytes, name: str) -> bool:
    # A directory entry begins with the name in 64 bytes of UTF-16, ended by NUL, then its length in bytes
    length = 2 * (len(name) + 1)
    entry = re.escape(f"{name}\0".encode("utf-16-le")) + b".{%d}" % (64 - length)
    entry += re.escape(length.to_bytes(2, "little"))
    return re.search(entry, data, re.DOTALL | re.IGNORECASE) is not None


def _refuse_type(description: str) -> Never:
    raise Refusal(
        f"This file is {description}, not a workbook that can be read here; please save it as .xlsx,"
        " and upload that.",
        code=415,
    )


def _refuse_size(max_unpacked_size: int) -> Never:
    raise Refusal(
        f"This workbook unpacks to more than {max_unpacked_size / 1_000_000:,.0f} MB; please upload it"
        " in parts.",
        code=413,
    )
