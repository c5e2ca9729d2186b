"""Workbooks that were made to crash, fill or fool whoever reads them: refused with a sentence, and the next is read."""

import csv
import io
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

import flask_version
import wsgi_from_scratch
from comparison.scenarios import SECRET_KEY
from comparison.steps import CSV, TEXT, XLS, XLSX, sample, upload
from tests.archives import Change, changed
from tests.security.target import Target, status
from tutorial.settings import MEBIBYTE, Settings

WORKBOOKS = Path(__file__).parents[1] / "workbooks"
SHEET, STRINGS, BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"
TYPES = "[Content_Types].xml"
RELATIONS = "xl/_rels/workbook.xml.rels"

GOOD = (WORKBOOKS / "libreoffice.xlsx").read_bytes()
OLD = (WORKBOOKS / "legacy.xls").read_bytes()


@pytest.fixture(scope="module")
def reader() -> Iterator[Target]:
    """Both applications, with limits small enough that what is beyond them is made quickly."""
    settings = Settings(
        secret_key=SECRET_KEY,
        downloads_url="memory://a",
        max_unpacked_size=8 * MEBIBYTE,
        max_cells=20_000,
        max_table_size=8 * MEBIBYTE,
        conversion_timeout=5.0,
    )
    flask, scratch = flask_version.create_app(settings), wsgi_from_scratch.create_app(settings)
    yield Target(flask, scratch)
    flask.extensions["spreadsheets"].close()
    scratch.extensions["spreadsheets"].close()


def with_pattern(pattern: str, replacement: str) -> Change:
    return lambda xml: re.sub(pattern, lambda _: replacement, xml, flags=re.DOTALL)


def rows(text: str) -> dict[str, Change]:
    """The change that puts other rows into the sheet."""
    return {SHEET: with_pattern("<sheetData>.*</sheetData>", f"<sheetData>{text}</sheetData>")}


def put(entry: str, pattern: str, replacement: str) -> bytes:
    return changed(GOOD, {entry: with_pattern(pattern, replacement)})


def without(name: str) -> bytes:
    file = io.BytesIO()
    with ZipFile(io.BytesIO(GOOD)) as before, ZipFile(file, "w") as after:
        for entry in before.namelist():
            if entry != name:
                after.writestr(entry, before.read(entry))
    return file.getvalue()


def overlapping(copies: int) -> bytes:
    """An archive whose directory names one entry of a megabyte again and again: its bytes are there once."""
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr(TYPES, b" ")
        archive.writestr(BOOK, b" ")
        archive.writestr(SHEET, bytes(MEBIBYTE))
    data = file.getvalue()
    at = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    last = data.rindex(b"PK\x01\x02")
    directory = data[at:last] + data[last:end] * copies
    tail = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, 2 + copies, 2 + copies, len(directory), at, 0
    )
    return data[:at] + directory + tail


def doctype(declarations: str, entry: str = SHEET) -> bytes:
    """A sheet that refers to ``&a;``, which the declarations are about."""
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row>'
    change = rows(cell) if entry == SHEET else {}
    if entry == STRINGS:
        change = {STRINGS: lambda xml: xml.replace(">id<", ">&a;<")}
    declare = with_pattern(r"(?<=\?>)", f"<!DOCTYPE x [{declarations}]>")
    return changed(changed(GOOD, change), {entry: declare})


LAUGHS = '<!ENTITY i "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">'
    for before, name in zip("ihgfedcb", "hgfedcba", strict=True)
)
CORNER = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
TEXT_CELL = '<c t="s"><v>0</v></c>'
ORIGIN = '<row r="1"><c r="A1"><v>1</v></c></row>'

BROKEN: dict[str, bytes] = {
    "four bytes": b"PK\x03\x04",
    "a signature and zeros": b"PK\x03\x04" + bytes(1_000),
    "an archive that breaks off": GOOD[: len(GOOD) // 2],
    "an archive without its last byte": GOOD[:-1],
    "an archive without its first entry's bytes": GOOD[:30] + bytes(200) + GOOD[230:],
    "an empty archive": b"PK\x05\x06" + bytes(18),
    "an archive in another": changed(without(BOOK), {}, **{"book.xlsx": GOOD}),
    "no list of types": without(TYPES),
    "no book": without(BOOK),
    "no sheet": without(SHEET),
    "no relations": without(RELATIONS),
    "a book that is none": put(BOOK, ".*", "no XML"),
    "a book without sheets": put(BOOK, "<sheets>.*</sheets>", "<sheets/>"),
    "a sheet that is none": put(SHEET, ".*", "<a><b></a>"),
    "a sheet that breaks off": put(SHEET, "</sheetData>.*", ""),
    "a sheet of NUL": put(SHEET, ".*", "\0" * 1_000),
    "a text that is not in the list": changed(GOOD, rows('<row><c t="s"><v>999999</v></c></row>')),
    "a cell nowhere": changed(GOOD, rows('<row r="1"><c r="1A"><v>1</v></c></row>')),
    "a cell beyond the last column": changed(GOOD, rows('<row r="1"><c r="ZZZZZZ1"><v>1</v></c></row>')),
    "a cell beyond the last row": changed(GOOD, rows('<row r="1"><c r="A99999999999"><v>1</v></c></row>')),
    "elements too deep": changed(GOOD, rows("<row>" * 20_000)),
    "relations that lead outside": put(RELATIONS, 'Target="[^"]*sheet1.xml"', 'Target="../../../etc/passwd"'),
    "relations that lead to a URL": put(RELATIONS, 'Target="[^"]*sheet1.xml"', 'Target="http://localhost:9/"'),
    "a compound file of nothing": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "a compound file of zeros": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000),
    "a compound file that breaks off": OLD[:3_000],
    "a locked workbook": (WORKBOOKS / "locked.xlsx").read_bytes(),
    "a locked old workbook": (WORKBOOKS / "locked.xls").read_bytes(),
    "entities that laugh a thousand million times": doctype(LAUGHS),
    "entities that laugh in the list of texts": doctype(LAUGHS, STRINGS),
    "a long entity": doctype(f'<!ENTITY a "{"a" * 50_000}">'),
    "an entity that is a file": doctype('<!ENTITY a SYSTEM "file:///etc/passwd">'),
    "an entity that is a server": doctype('<!ENTITY a SYSTEM "http://localhost:9/">'),
    "an entity of an entity": doctype('<!ENTITY % p SYSTEM "file:///etc/passwd"> %p; <!ENTITY a "b">'),
    "two cells with the whole sheet between them": changed(GOOD, rows(ORIGIN + CORNER)),
    "texts that are said to be four thousand million": put(STRINGS, 'uniqueCount="[0-9]*"', 'uniqueCount="4000000000"'),
    "texts that are said to be more": put(STRINGS, 'uniqueCount="[0-9]*"', 'uniqueCount="100000000000000"'),
}  # fmt: skip

ODD: dict[str, bytes] = {
    "a compound file of four thousand million sectors": OLD[:44] + b"\xff" * 4 + OLD[48:],
    "a compound file whose table is endless": OLD[:68] + b"\0\0\0\0\xff\xff\xff\x7f" + OLD[76:],
    "an archive with a wrong checksum": GOOD.replace(GOOD[14:18], bytes(4), 1),
    "a sheet in an unknown encoding": put(SHEET, "UTF-8", "klingon"),
    "a text at no place": changed(GOOD, rows('<row><c t="s"><v>-1</v></c></row>')),
    "a text at a word": changed(GOOD, rows('<row><c t="s"><v>a</v></c></row>')),
    "entities that laugh in the book": doctype(LAUGHS, BOOK),
}  # fmt: skip
"""Of these a reader can make something, and does so without harm."""

TOO_LARGE: dict[str, bytes] = {
    "rows that shrink": changed(GOOD, rows("<row/>" * 1_500_000)),
    "twice as many": changed(GOOD, rows("<row/>" * 3_000_000)),
    "an entry that nobody asked for": changed(GOOD, {}, bomb=bytes(9 * MEBIBYTE)),
    "an entry that is named nine times": overlapping(9),
    "an entry that is named a thousand times": overlapping(1_000),
    "ten thousand entries": changed(GOOD, {}, **{f"{number}": b"" for number in range(10_000)}),
    "cells": changed(GOOD, rows(f"<row>{'<c><v>1</v></c>' * 201}</row>" * 100)),
    "a long text many times": changed(
        GOOD, {STRINGS: lambda xml: xml.replace(">id<", f">{'a' * 32_000}<"), **rows(f"<row>{TEXT_CELL * 300}</row>")}
    ),
}  # fmt: skip

FOREIGN: dict[str, bytes] = {
    "a PDF": b"%PDF-1.7\n",
    "a program": b"\x7fELF\x02\x01\x01" + bytes(100),
    "zeros": bytes(100),
    "a picture": b"\x89PNG\r\n\x1a\n",
    "gzip": b"\x1f\x8b\x08",
    "XML": b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
    "HTML": b"<script>alert(1)</script>",
    "a signature inside": b"a" + GOOD,
    "a mark of another byte order": b"\xfe\xff" + GOOD,
    "half a mark": b"\xff\xfea",
    "a text of NUL": b"a,b\n\0,\0\n",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_workbook_is_refused_and_nobody_else_suffers(data: bytes, reader: Target) -> None:
    answer = reader.ask(upload("/file_upload", "a.xlsx", XLSX, data))
    assert status(answer) in (400, 413, 415)
    assert b"root:" not in answer.body
    assert status(reader.ask(upload("/convert_to_csv", "a.xlsx", XLSX, GOOD))) == 200


@pytest.mark.parametrize("data", ODD.values(), ids=ODD.keys())
def test_an_odd_workbook_harms_nobody(data: bytes, reader: Target) -> None:
    answer = reader.ask(upload("/convert_to_csv", "a.xlsx", XLSX, data))
    assert status(answer) in (200, 400)
    assert len(answer.body) < 10_000


@pytest.mark.parametrize("data", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_a_workbook_that_is_larger_than_it_looks_is_refused(data: bytes, reader: Target) -> None:
    assert len(data) < 2 * MEBIBYTE
    assert status(reader.ask(upload("/convert_to_csv", "a.xlsx", XLSX, data))) == 413


def misleading(changes: dict[int, bytes]) -> bytes:
    """Two archives in one file, the end of the second changed: some readers pass over it, and take the first."""
    data = bytearray(changed(GOOD, rows("<row><c><v>1</v></c></row>")) + GOOD)
    end = data.rindex(b"PK\x05\x06")
    for position, octets in changes.items():
        data[end + position : end + position + len(octets)] = octets
    return bytes(data)


@pytest.mark.parametrize(
    "changes",
    [{4: b"\1\0"}, {8: b"\0\0"}, {20: b"\5\0"}, {20: b"\xff\xff"}, {}],
    ids=[
        "of another disk",
        "without entries",
        "with half a comment",
        "with more comment",
        "as it is",
    ],
)
def test_what_is_checked_is_what_is_read(changes: dict[int, bytes], reader: Target) -> None:
    right = reader.ask(upload("/convert_to_csv", "a.xlsx", XLSX, GOOD))
    answer = reader.ask(upload("/convert_to_csv", "a.xlsx", XLSX, misleading(changes)))
    assert answer.body == right.body


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize("declared", [XLSX, XLS, CSV, "text/html"])
def test_what_is_no_table_is_none_whatever_it_is_called(
    data: bytes, declared: str, reader: Target
) -> None:
    for name in ("a.xlsx", "a.xls", "a.csv"):
        answer = reader.ask(upload("/convert_to_csv", name, declared, data))
        assert status(answer) in (400, 415)
        shown = reader.ask(upload("/file_upload", name, declared, data))
        if status(shown) == 200:
            assert shown.header("Content-Type") == "text/plain; charset=utf-8"


def test_a_workbook_under_a_false_name_is_read_all_the_same(reader: Target) -> None:
    expected = reader.ask(upload("/convert_to_csv", "a.xlsx", XLSX, GOOD)).body
    for name, declared in (("a.txt", TEXT), ("a.exe", "application/x-msdownload"), ("", "a;b;c")):
        step = upload("/convert_to_csv", name or "x", declared, GOOD)
        assert reader.ask(step).body == expected


@pytest.mark.parametrize("at", range(0, len(GOOD), len(GOOD) // 12))
@pytest.mark.parametrize("data", [GOOD, OLD], ids=["new", "old"])
def test_any_octet_of_a_workbook_may_be_another(data: bytes, at: int, reader: Target) -> None:
    spoilt = data[:at] + bytes([data[at] ^ 0xFF] * 4) + data[at + 4 :]
    for damaged in (spoilt, data[: at + 1]):
        assert status(reader.ask(upload("/convert_to_csv", "a", XLSX, damaged))) in (
            200,
            400,
            413,
            415,
        )


# What is in a workbook is text


def workbook(*cells: str) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for number, cell in enumerate(cells, 1):
        sheet.cell(1, number).value = cell
        sheet.cell(1, number).data_type = "s"
        sheet.cell(2, number).value = "x"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


FORMULAS = [
    "=1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://evil.example")', "+1", "-1", "@SUM(1)", "\t=1+1", "|calc",
    "%0A=1",
]  # fmt: skip


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_cell_that_begins_like_a_formula_stays_as_it_was(cell: str, reader: Target) -> None:
    """That is what ``tutorial/tables.py`` promises: whoever opens a stranger's CSV should import it as text."""
    for data in (workbook(cell, "a"), f"{cell};a\nx;x\n".encode()):
        answer = reader.ask(upload("/convert_to_csv", "a", CSV, data))
        assert next(csv.reader(io.StringIO(answer.body.decode()))) == [cell, "a"]
        assert answer.header("Content-Type") == "text/csv; charset=utf-8"
        assert answer.header("Content-Disposition") == "attachment; filename=result.csv"
        assert answer.header("X-Content-Type-Options") == "nosniff"


def test_macros_links_and_objects_are_not_looked_at(reader: Target) -> None:
    expected = reader.ask(upload("/convert_to_csv", "a.xlsx", XLSX, GOOD)).body
    macros = changed(
        GOOD,
        {TYPES: lambda xml: xml.replace("spreadsheetml.sheet.main+xml", "macroEnabled.main+xml")},
        **{
            "xl/vbaProject.bin": OLD,
            "xl/externalLinks/externalLink1.xml": b"<externalLink/>",
            "xl/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0",
            "customXml/item1.xml": b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
            "../../evil.txt": b"evil",
            "/var/evil.txt": b"evil",
            "C:\\evil.txt": b"evil",
        },
    )
    assert reader.ask(upload("/convert_to_csv", "a.xlsm", XLSX, macros)).body == expected


def test_a_formula_is_not_computed_and_fetches_nothing(reader: Target) -> None:
    cell = '<c r="A{0}"><f>WEBSERVICE("http://localhost:9/")</f><v>{0}</v></c>'
    data = changed(GOOD, rows("".join(f'<row r="{n}">{cell.format(n)}</row>' for n in (1, 2))))
    assert reader.ask(upload("/convert_to_csv", "a.xlsx", XLSX, data)).body == b"1\n2\n"


def test_markup_in_a_cell_is_text_in_the_table(reader: Target) -> None:
    evil = "<script>alert(1)</script>"
    for data in (workbook(evil, "&lt;b&gt;"), f"{evil},&lt;b&gt;\nx,x\n".encode()):
        answer = reader.ask(upload("/file_upload", "a", CSV, data))
        assert b"&lt;script&gt;alert(1)&lt;/script&gt;" in answer.body
        assert b"&amp;lt;b&amp;gt;" in answer.body
        assert b"<script>" not in answer.body


def test_markup_in_the_name_of_a_sheet_is_text_in_the_note(reader: Target) -> None:
    first = '<sheet name="&lt;script&gt;alert(1)" sheetId="1" r:id="{0}"/>'
    sheets = f'<sheets>{first}<sheet name="b" sheetId="2" r:id="{{0}}"/></sheets>'
    with ZipFile(io.BytesIO(GOOD)) as archive:
        found = re.search('<sheet [^>]*r:id="([^"]*)"', archive.read(BOOK).decode())
    assert found
    data = put(BOOK, "<sheets>.*</sheets>", sheets.format(found[1]))
    answer = reader.ask(upload("/file_upload", "a.xlsx", XLSX, data))
    assert b"<script>alert" not in answer.body
    assert b"&lt;script&gt;alert(1)" in answer.body


LONG_TEXTS = [
    b"a,b\n" * 10_001, b"a\tb;c,d\n" * 50_000, b"a,b\n" * 9_000 + b'"' * 50_000, b'"' * 100_000, b'"a' * 100_000,
    b"," * 16_383 + b"\n" + b"," * 16_383, b"\n" * 1_000_000, b"\r" * 1_000_000, b"\t;," * 300_000,
    b'""' * 200_000 + b",a\n,b\n",
]  # fmt: skip


@pytest.mark.parametrize("data", LONG_TEXTS, ids=lambda data: repr(data[:12]))
def test_a_text_that_looks_like_a_table_is_read_once(data: bytes, reader: Target) -> None:
    for path in ("/convert_to_csv", "/file_upload"):
        assert status(reader.ask(upload(path, "a.csv", CSV, data))) in (200, 400, 413, 415)


ENCODED = [
    "café".encode("latin-1"), "naïve €".encode("cp1252"), "Grüße".encode("utf-16"), b"\xff\xfe", b"\xef\xbb\xbf",
    b"\xef\xbb\xbfa", b"\x81\x8d\x8f", b"\xed\xa0\x80", b"\xc0\x80", b"a\x1b[31mb", b"a\x7f", "a\u202eb".encode(),
    "\ufeff\ufeff".encode(), b"\x0c",
]  # fmt: skip


@pytest.mark.parametrize("data", ENCODED, ids=repr)
def test_a_text_in_any_encoding_is_shown_or_refused(data: bytes, reader: Target) -> None:
    for declared in (TEXT, CSV, "text/plain; charset=utf-16", "text/html", ""):
        answer = reader.ask(upload("/file_upload", "a.txt", declared, data))
        assert status(answer) in (200, 400, 415)
        assert status(answer) != 200 or answer.header("Content-Type") == "text/plain; charset=utf-8"


def test_the_sample_of_the_scenarios_is_read(reader: Target) -> None:
    """So that none of the refusals above is one of everything."""
    assert zlib.crc32(sample("sales.xlsx"))
    assert status(reader.ask(upload("/file_upload", "sales.xlsx", XLSX))) == 200
