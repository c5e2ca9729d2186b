"""Real files and hostile ones, through the child processes."""

import csv
import datetime as dt
import io
import random
import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage

from tests.archives import changed
from tests.scripts import run_script
from tutorial.containers import DAMAGED, LOCKED
from tutorial.errors import Refusal
from tutorial.settings import Settings
from tutorial.spreadsheets import Content, Spreadsheets
from tutorial.workbooks import column_of_text
from wsgi_from_scratch.forms import UploadedFile
from wsgi_from_scratch.headers import Headers

ROOT = Path(__file__).parents[3]
WORKBOOKS = ROOT / "tests" / "workbooks"

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
BOOK = "xl/workbook.xml"

MakeUpload = Callable[[bytes], FileStorage]
MakeWorkbook = Callable[[Iterable[Sequence[Any]]], bytes]
ToCsv = Callable[[bytes], str]
Refused = Callable[[bytes], Refusal]


@pytest.fixture
def to_csv(spreadsheets: Spreadsheets, upload: MakeUpload) -> ToCsv:
    """The CSV that an upload of these bytes becomes, as text."""
    return lambda data: spreadsheets.to_csv(upload(data)).decode()


@pytest.fixture
def refused(spreadsheets: Spreadsheets, upload: MakeUpload, to_csv: ToCsv) -> Refused:
    """How an upload of these bytes is refused, whether it was to be shown or converted."""

    def refusal(data: bytes) -> Refusal:
        with pytest.raises(Refusal) as shown:
            spreadsheets.show(upload(data))
        with pytest.raises(Refusal) as converted:
            to_csv(data)
        assert str(shown.value) == str(converted.value)
        return converted.value

    return refusal


# Real files

STOCK = """\
id,name,added,moment,sold,share,code
1,"Grüße, 世界",2024-02-29,2024-02-29 10:30:00,True,0.5,00123
,no id,1999-12-31,2024-03-01 00:00:00,False,,"say ""hi""
again"
123456789012345,SUM 3,,,,0.25,=1+1
merged over two,,2024-12-31,,,,
"""


@pytest.mark.parametrize("name", ["legacy.xls", "libreoffice.xlsx"])
def test_a_workbook_of_libreoffice_gives_what_stands_in_its_first_sheet(
    to_csv: ToCsv, name: str
) -> None:
    assert to_csv((WORKBOOKS / name).read_bytes()) == STOCK


@pytest.mark.parametrize("name", ["legacy.xls", "libreoffice.xlsx"])
def test_which_of_several_sheets_is_shown_is_said(
    spreadsheets: Spreadsheets, upload: MakeUpload, name: str
) -> None:
    content = spreadsheets.show(upload((WORKBOOKS / name).read_bytes()))
    assert content.note == "This is the first of 2 sheets, “Stock”."
    assert "<td>Grüße, 世界</td>" in content.table
    assert content.text == ""


def test_openpyxl_reads_the_same(to_csv: ToCsv) -> None:
    path = WORKBOOKS / "libreoffice.xlsx"
    sheet = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    columns = [column_of_text("" if cell is None else cell for cell in column)
               for column in sheet.iter_cols(values_only=True)]  # fmt: skip
    rows = list(csv.reader(io.StringIO(to_csv(path.read_bytes()), newline="")))
    assert rows == [list(row) for row in zip(*columns, strict=True)]


def test_a_workbook_of_pandas_is_read_back(to_csv: ToCsv, tmp_path: Path) -> None:
    script = """
import pandas, sys
frame = pandas.DataFrame({"id": [1, None, 3], "day": pandas.to_datetime(["2024-02-29"] * 3), "a": 1.5})
frame.to_excel(sys.argv[1], index=False, engine="openpyxl")
"""
    path = tmp_path / "pandas.xlsx"
    finished = run_script(script, str(path))
    assert finished.returncode == 0, finished.stderr
    assert to_csv(path.read_bytes()) == (
        "id,day,a\n1,2024-02-29,1.5\n,2024-02-29,1.5\n3,2024-02-29,1.5\n"
    )


@pytest.mark.parametrize("suffix", ["xls", "xlsx"])
def test_what_libreoffice_makes_of_a_csv_file_becomes_that_file_again(
    to_csv: ToCsv, tmp_path: Path, require_program: Callable[[str], str], suffix: str
) -> None:
    text = "a,b,c\n1,x,0.5\n,y,\n3,Zoë,-2\n"
    (tmp_path / "in.csv").write_text(text)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    subprocess.run(
        [
            *(require_program("soffice"), "--headless", profile),
            *("--infilter=CSV:44,34,76", "--convert-to", suffix, "in.csv"),  # 76 is UTF-8
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert to_csv((tmp_path / f"in.{suffix}").read_bytes()) == text


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([["id", "name"], [1, "a"], [None, "b"], [3, None]], "id,name\n1,a\n,b\n3,\n"),
        ([["only", "a header"]], "only,a header\n"),
        ([[2**62, 12345678901]], "4611686018427387904,12345678901\n"),
        ([["00123"], ["NA"], ["null"], [" x "]], "00123\nNA\nnull\n x \n"),
        ([["00123"], ["007"]], "00123\n007\n"),  # all of a column, and still no numbers
        ([["same", "same"], [1, 2]], "same,same\n1,2\n"),  # pandas would call the second same.1
        ([["a", None, "c"], [1, 2, 3]], "a,,c\n1,2,3\n"),  # and this one Unnamed: 1
        ([[dt.date(2024, 2, 29)], [dt.datetime(1999, 12, 31)]], "2024-02-29\n1999-12-31\n"),
        ([[dt.time(10, 30)], [dt.timedelta(hours=25)]], "10:30:00\n25:00:00\n"),
        ([[True], [False]], "True\nFalse\n"),
        ([["=1+1", "a"]], ",a\n"),  # openpyxl saves no values with its formulas
        ([[-5, "-5", "@x"]], "-5,-5,@x\n"),
        ([["a"], [], ["b"]], 'a\n""\nb\n'),
        ([["line one\nline two", 'say "hi"']], '"line one\nline two","say ""hi"""\n'),
    ],
)
def test_cells_of_a_workbook_are_kept(
    to_csv: ToCsv, workbook: MakeWorkbook, rows: list[list[object]], text: str
) -> None:
    assert to_csv(workbook(rows)) == text


def test_a_merged_cell_is_its_first_one(to_csv: ToCsv) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["A1"], sheet["C2"] = "wide", "end"
    sheet.merge_cells("A1:B2")
    file = io.BytesIO()
    book.save(file)
    assert to_csv(file.getvalue()) == "wide,,\n,,end\n"


def test_line_ends_in_a_cell_are_kept(to_csv: ToCsv, workbook: MakeWorkbook) -> None:
    book = changed(
        workbook([["end"]]), {SHEET: lambda xml: xml.replace("end", "a&#13;b&#13;&#10;c")}
    )
    assert to_csv(book) == '"a\rb\r\nc"\n'


def test_a_chart_before_the_first_worksheet_is_passed_over(to_csv: ToCsv) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["A1"] = "cell"
    book.create_chartsheet("Chart", 0)
    file = io.BytesIO()
    book.save(file)
    assert to_csv(file.getvalue()) == "cell\n"


# Without what openpyxl writes as a formula, and blanks alone, which it writes without asking readers to keep them.
TEXT = st.text(
    alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"], exclude_characters="_"),
    min_size=1,
    max_size=8,
).filter(lambda text: not text.startswith("=") and text.strip())


@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=3))
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_text_in_a_workbook_comes_through(
    to_csv: ToCsv, workbook: MakeWorkbook, rows: list[list[str]]
) -> None:
    assert list(csv.reader(io.StringIO(to_csv(workbook(rows)), newline=""))) == rows


# Text files


def test_files_of_the_other_application_are_read_alike(spreadsheets: Spreadsheets) -> None:
    file = UploadedFile(io.BytesIO(b"a,b\n1,2\n"), "a.xls", "file", Headers())
    assert spreadsheets.to_csv(file) == b"a,b\n1,2\n"
    with pytest.raises(Refusal, match="No file was chosen"):
        spreadsheets.show(UploadedFile(io.BytesIO(), "", "file", Headers()))


@pytest.mark.parametrize(
    "data",
    [
        "Größe;Preis\n1;2,50\n".encode(),
        "Größe;Preis\r\n1;2,50\r\n".encode("utf-8-sig"),
        "Größe\tPreis\n1\t2,50\n".encode("utf-16"),
        "Größe;Preis\n1;2,50\n".encode("cp1252"),
        'Größe,Preis\n1,"2,50"\n'.encode(),
    ],
)
def test_a_table_in_a_text_is_a_table_in_any_encoding(
    spreadsheets: Spreadsheets, upload: MakeUpload, data: bytes
) -> None:
    content = spreadsheets.show(upload(data))
    assert content.table.startswith('<table class="table">')
    assert '<tr><th scope="col">Größe</th><th scope="col">Preis</th></tr>' in content.table
    assert spreadsheets.to_csv(upload(data)) == 'Größe,Preis\n1,"2,50"\n'.encode()


def test_other_text_is_shown_as_it_is_and_is_not_converted(
    spreadsheets: Spreadsheets, upload: MakeUpload
) -> None:
    assert spreadsheets.show(upload(b"Dear <Sir>,\r\n")) == Content(text="Dear <Sir>,\r\n")
    with pytest.raises(Refusal, match="no table") as caught:
        spreadsheets.to_csv(upload(b"Dear Sir,\r\n"))
    assert caught.value.code == 415


# What is refused


@pytest.mark.parametrize("method", [Spreadsheets.show, Spreadsheets.to_csv])
@pytest.mark.parametrize(
    ("file", "mimetype", "sentence", "code"),
    [
        (None, "multipart/form-data", "no file in a field named “file”", 400),
        (None, "application/x-www-form-urlencoded", "enctype", 415),
        (None, "", "enctype", 415),
        (FileStorage(filename=""), "multipart/form-data", "No file was chosen", 400),
        (FileStorage(filename="a.txt"), "multipart/form-data", "is empty", 400),
    ],
)
def test_a_form_without_a_file_is_told_what_it_lacks(
    spreadsheets: Spreadsheets,
    method: Callable[..., object],
    file: FileStorage | None,
    mimetype: str,
    sentence: str,
    code: int,
) -> None:
    with pytest.raises(Refusal, match=sentence) as caught:
        method(spreadsheets, file, mimetype)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("data", "sentence", "code"),
    [
        (b"%PDF-1.7\n\0\0", "PDF", 415),
        (b"PK\x05\x06" + bytes(18), "empty ZIP", 415),
        (bytes(100), "neither a workbook nor text", 415),
        (b"PK\x03\x04", "damaged", 400),
        (b"PK\x03\x04" + bytes(1_000), "damaged", 400),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "damaged", 400),
        (b"\xd0\xcf\x11\xe0" + bytes(1_000), "damaged", 400),
    ],
)
def test_a_file_that_is_no_workbook_is_refused(
    refused: Refused, data: bytes, sentence: str, code: int
) -> None:
    refusal = refused(data)
    assert sentence in str(refusal)
    assert refusal.code == code


@pytest.mark.parametrize("name", ["locked.xls", "locked.xlsx"])
def test_a_workbook_with_a_password_is_refused(refused: Refused, name: str) -> None:
    assert str(refused((WORKBOOKS / name).read_bytes())) == LOCKED


def test_a_word_document_of_the_old_kind_is_refused_as_one(refused: Refused) -> None:
    def entry(name: str) -> bytes:
        return name.encode("utf-16-le").ljust(64, b"\0") + bytes([2 * len(name) + 2, 0])

    data = (WORKBOOKS / "legacy.xls").read_bytes()
    refusal = refused(data.replace(entry("Workbook"), entry("WordDocument")))
    assert "Word document" in str(refusal)
    assert refusal.code == 415


def test_a_workbook_without_a_sheet_is_refused_as_one(refused: Refused) -> None:
    data = changed(
        (WORKBOOKS / "libreoffice.xlsx").read_bytes(),
        {BOOK: lambda xml: re.sub("<sheets>.*</sheets>", "<sheets/>", xml, flags=re.DOTALL)},
    )
    assert "no worksheet" in str(refused(data))


@pytest.mark.parametrize(("cells", "is_empty"), [([["a"]], False), ([], True)])
def test_a_long_name_of_a_sheet_is_cut(
    spreadsheets: Spreadsheets,
    upload: MakeUpload,
    cells: list[list[str]],
    is_empty: bool,
) -> None:
    book = openpyxl.Workbook()
    for row in cells:
        book.worksheets[0].append(row)
    book.create_sheet("other")
    file = io.BytesIO()
    book.save(file)
    data = changed(file.getvalue(), {BOOK: lambda xml: xml.replace('"Sheet"', f'"{"x" * 41}"')})
    if is_empty:
        with pytest.raises(Refusal) as caught:
            spreadsheets.show(upload(data))
        sentence = str(caught.value)
    else:
        sentence = spreadsheets.show(upload(data)).note
    assert sentence.endswith(f"“{'x' * 40}”.")


def test_a_workbook_with_an_empty_first_sheet_is_refused(
    refused: Refused, workbook: MakeWorkbook
) -> None:
    assert "nothing on the first sheet" in str(refused(workbook([])))


def test_too_many_cells_are_refused(refused: Refused, workbook: MakeWorkbook) -> None:
    assert refused(workbook([[1] * 100] * 201)).code == 413
    assert refused(b"1,2\n" * 10_001).code == 413


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("max_unpacked_size", "unpacks to more"),
        ("max_cells", "more than 1 cells"),
        ("max_table_size", "too large to be written out"),
    ],
)
def test_each_limit_of_a_workbook_is_one_of_its_own(
    upload: MakeUpload, workbook: MakeWorkbook, setting: str, sentence: str
) -> None:
    limited: dict[str, Any] = {"secret_key": "a key for tests", setting: 1}
    spreadsheets = Spreadsheets(Settings(**limited))
    with pytest.raises(Refusal, match=sentence):
        spreadsheets.to_csv(upload(workbook([["a", "b"]])))
    spreadsheets.close()


def test_too_long_a_result_is_refused(refused: Refused) -> None:
    cells = '<c t="s"><v>0</v></c>' * 600  # one text of 32 kB, which the file holds once
    book = changed(
        (WORKBOOKS / "libreoffice.xlsx").read_bytes(),
        {
            STRINGS: lambda xml: xml.replace(">id<", f">{'x' * 32_000}<"),
            SHEET: lambda xml: re.sub(
                "<sheetData>.*</sheetData>", f"<sheetData><row>{cells}</row></sheetData>", xml
            ),
        },
    )
    assert len(book) < 10_000
    refusal = refused(book)
    assert "too large to be written out" in str(refusal)
    assert refusal.code == 413


def test_a_bomb_is_refused(refused: Refused, workbook: MakeWorkbook) -> None:
    rows = "<row/>" * 10_000_000
    bomb = changed(
        workbook([["a"]]),
        {SHEET: lambda xml: xml.replace("<sheetData>", f"<sheetData>{rows}")},
    )
    assert len(bomb) < 200_000
    assert refused(bomb).code == 413


CORNER = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("entry", "pattern", "replacement"),
    [
        (SHEET, "</sheetData>", f"{CORNER}</sheetData>"),  # the reader makes room for all between
        (SHEET, "<sheetData>.*</sheetData>", f"<sheetData>{CORNER}</sheetData>"),
        (STRINGS, 'uniqueCount="[0-9]*"', 'uniqueCount="4000000000"'),
        (STRINGS, 'uniqueCount="[0-9]*"', 'uniqueCount="100000000000000"'),
    ],
)
def test_a_workbook_that_kills_its_reader_harms_nobody_else(
    refused: Refused, to_csv: ToCsv, entry: str, pattern: str, replacement: str
) -> None:
    good = (WORKBOOKS / "libreoffice.xlsx").read_bytes()
    bad = changed(good, {entry: lambda xml: re.sub(pattern, replacement, xml, flags=re.DOTALL)})
    assert len(bad) < 10_000
    assert refused(bad).code in (400, 413)
    assert to_csv(good) == STOCK


BILLION_LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
) + "]>"  # fmt: skip
FILE = '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("doctype", [BILLION_LAUGHS, FILE])
def test_entities_are_not_expanded(refused: Refused, workbook: MakeWorkbook, doctype: str) -> None:
    bad = changed(
        workbook([["canary"]]), {SHEET: lambda xml: doctype + xml.replace("canary", "&i;")}
    )
    assert str(refused(bad)) == DAMAGED


@pytest.mark.parametrize("name", ["legacy.xls", "libreoffice.xlsx"])
def test_any_damage_is_a_refusal_or_a_table(
    spreadsheets: Spreadsheets, upload: MakeUpload, name: str
) -> None:
    data = (WORKBOOKS / name).read_bytes()
    dice = random.Random(name)
    for _ in range(60):
        damaged = bytearray(data[: dice.randrange(len(data)) if dice.random() < 0.3 else None])
        for _ in range(dice.randrange(1, 8)):
            if damaged:
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        with suppress(Refusal):
            assert spreadsheets.to_csv(upload(bytes(damaged)))
    assert spreadsheets.to_csv(upload(data)) == STOCK.encode()


def test_no_room_for_a_temporary_file_is_not_the_visitors_fault(
    monkeypatch: pytest.MonkeyPatch, refused: Refused, workbook: MakeWorkbook, tmp_path: Path
) -> None:
    book = workbook([["a"]])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    assert refused(book).code == 503


# Processes


def test_workbooks_converted_at_once_do_not_mix(to_csv: ToCsv, workbook: MakeWorkbook) -> None:
    books = {f"{number}\n": workbook([[number]]) for number in range(24)}
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(to_csv, books.values())) == list(books)


def test_the_process_that_serves_loads_no_pandas() -> None:
    script = f"""
import io, sys
import tutorial.downloads, tutorial.text
from tutorial.settings import Settings
from tutorial.spreadsheets import Spreadsheets

class Upload:
    stream = io.BytesIO(open({str(WORKBOOKS / "legacy.xls")!r}, "rb").read())

assert Spreadsheets(Settings(secret_key="a key for tests")).to_csv(Upload())
print({{"pandas", "numpy", "python_calamine", "flask", "werkzeug"}} & set(sys.modules))
"""
    finished = run_script(script)
    assert (finished.stdout, finished.stderr) == ("set()\n", "")


def test_nothing_is_to_be_closed_where_no_workbook_came() -> None:
    unused = Spreadsheets(Settings(secret_key="a key for tests"))
    unused.close()
    assert unused._conversion is None


def test_the_first_workbooks_at_once_share_their_children(
    upload: MakeUpload, workbook: MakeWorkbook
) -> None:
    spreadsheets = Spreadsheets(Settings(secret_key="a key for tests"))
    spreadsheets.preload()
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: spreadsheets._current_conversion(), range(64)))
    assert len(found) == 1
    assert spreadsheets.to_csv(upload(workbook([["a"]]))) == b"a\n"
    spreadsheets.close()
