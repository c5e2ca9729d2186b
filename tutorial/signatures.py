"""What kind of file an upload is, judged by its first bytes.

Neither the name nor the declared type is asked: both are the sender's word, and a browser on Windows
calls every CSV file Excel. The first bytes only choose the reader; whether the rest is what they promise,
the reader finds out.
"""

from enum import Enum

from .errors import Refusal

HEAD = 8  # bytes; the longest signature below


class Kind(Enum):
    """Which reader an upload goes to; the value is the suffix that such files have by custom."""

    OLD_WORKBOOK = ".xls"  # a compound file: a small file system of sectors and streams
    NEW_WORKBOOK = ".xlsx"  # a ZIP archive of XML files
    TEXT = ".txt"  # anything else that may be text


_WORKBOOKS = {b"\xd0\xcf\x11\xe0": Kind.OLD_WORKBOOK, b"PK\x03\x04": Kind.NEW_WORKBOOK}

_FOREIGN = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"{\\rtf": "an RTF document",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"PK\x05\x06": "an empty ZIP archive",
    b"SQLite f": "a database",
}


def kind_of(head: bytes) -> Kind:
    """The kind of a file that begins with ``head``; raises ``Refusal`` (415) where it is surely another."""
    for signature, kind in _WORKBOOKS.items():
        if head.startswith(signature):
            return kind
    for signature, name in _FOREIGN.items():
        if head.startswith(signature):
            raise Refusal(
                f"This file is {name}, whatever its name says; please upload .xlsx, .xls, .csv or .txt.",
                code=415,
            )
    return Kind.TEXT
