"""Workbooks: from an .xlsx to CSV, as this application does it and as other libraries do.

Ours includes what a stranger's file makes necessary: it is checked, handed to a child process with limits, and
everything in it becomes text that says what stood in the cell. The others are asked for their plain conversion, in
this process. All are warm: what is imported once, and the process from which children are forked, is not timed.

Each must find every row, and agree on the columns of text and of whole numbers; numbers with a fraction and dates
are written by each in its own way.
"""

import csv
import gc
import getpass
import io
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TypeAlias, TypeVar

import openpyxl
import pandas
import polars
import python_calamine
from xlsx2csv import Xlsx2csv

from comparison.scenarios import SECRET_KEY
from tutorial.containers import unpack_zip
from tutorial.settings import Settings
from tutorial.spreadsheets import Spreadsheets
from tutorial.tables import to_csv
from tutorial.workbooks import column_of_text, read_first_sheet
from wsgi_from_scratch.forms import UploadedFile
from wsgi_from_scratch.headers import Headers

from .measure import Spread
from .options import CannotMeasure, Options
from .table import Column, Table, Value, ratio, timing

SIZES = {10_000: 5, 100_000: 3}
"""Rows, the head among them, and how often each is converted. With ten columns, 100,000 rows are as many cells as the
applications take; the slowest needs ten seconds for them."""

QUICK_SIZES = {1_000: 1}

CHECKED = 100
"""Rows of the workbook of which all must make the same table, and on which they warm up."""

WIDTH = 10
ALIKE = 5
"""Columns that everybody must write alike: the first ones."""

SLOWEST = "pandas, openpyxl"
CACHE = Path(tempfile.gettempdir(), f"benchmark-workbooks-{getpass.getuser()}")

Convert: TypeAlias = Callable[[Path], bytes]
Result = TypeVar("Result")


def run(options: Options) -> list[Table]:
    """Seconds and ratios for each size."""
    sizes = QUICK_SIZES if options.quick else SIZES
    found: dict[int, dict[str, Spread]] = {}
    with our_converter() as from_scratch:
        converters: Mapping[str, Convert] = {
            "tutorial, in its child": from_scratch,
            "pandas, calamine": by_pandas_and_calamine,
            SLOWEST: by_pandas_and_openpyxl,
            "xlsx2csv": by_xlsx2csv,
            "polars, fastexcel": by_polars,
        }
        check(converters, workbook(CHECKED), CHECKED)
        for rows, rounds in sizes.items():
            options.say(f"workbooks: making one of {rows:,} rows")
            path = workbook(rows)
            options.say(f"workbooks: converting {rows:,} rows")
            found[rows] = _take_turns(converters, path, rounds)
    columns = [Column("converter")]
    for rows in sizes:
        columns += [Column(f"{rows:,} rows", timing), Column("as fast", ratio)]
    table: list[list[Value]] = [[name] for name in converters]
    for spreads in found.values():
        for row in table:
            spread = spreads[str(row[0])]
            row += [spread, spreads[SLOWEST].median / spread.median]
    title = (
        f"Workbooks: an .xlsx of {WIDTH} columns to CSV, and how many times as fast as {SLOWEST}"
    )
    options.say("workbooks: timing the parts of a conversion")
    return [Table(title, columns, table, (where_time_goes(workbook(max(sizes))),))]


def workbook(rows: int) -> Path:
    """A workbook of so many rows, which is made once and kept in the folder for temporary files."""
    path = CACHE / f"{rows}.xlsx"
    if not path.exists():
        CACHE.mkdir(mode=0o700, exist_ok=True)
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("Sales")
        for row in cells(rows):
            sheet.append(row)
        draft = path.with_suffix(".draft")
        book.save(draft)
        draft.rename(path)
    return path


def cells(rows: int) -> Iterator[list[object]]:
    """The head and the rows below it, the same each time."""
    chance = random.Random(rows)
    yield ["Number", "Customer", "City", "Note", "Pieces", "Price", "Discount", "Sum", "On", "Due"]
    first = date(2020, 1, 1)
    for number in range(1, rows):
        pieces, price = chance.randint(1, 500), round(chance.uniform(1, 900), 2)
        ordered = first + timedelta(chance.randrange(2000))
        yield [
            number,
            f"Customer {chance.randrange(5000)}",
            chance.choice(("Zürich", "Chennai", "Lima", "Oslo", "Kyōto")),
            chance.choice(("paid, at once", "to be sent", "“urgent”", "00123")),
            pieces,
            price,
            chance.random() / 5,
            pieces * price,
            ordered,
            ordered + timedelta(30),
        ]


@contextmanager
def our_converter() -> Iterator[Convert]:
    """What the view calls, with the time limit of a machine that has other things to do."""
    settings = Settings(secret_key=SECRET_KEY, conversion_timeout=60.0)
    spreadsheets = Spreadsheets(settings)

    def convert(path: Path) -> bytes:
        upload = UploadedFile(io.BytesIO(path.read_bytes()), path.name, "file", Headers())
        return spreadsheets.to_csv(upload)

    try:
        yield convert
    finally:
        spreadsheets.close()


def by_pandas_and_calamine(path: Path) -> bytes:
    return pandas.read_excel(path, engine="calamine").to_csv(index=False).encode()


def by_pandas_and_openpyxl(path: Path) -> bytes:
    return pandas.read_excel(path, engine="openpyxl").to_csv(index=False).encode()


def by_xlsx2csv(path: Path) -> bytes:
    target = io.StringIO()
    Xlsx2csv(str(path), outputencoding="utf-8").convert(target)
    return target.getvalue().encode()


def by_polars(path: Path) -> bytes:
    text: str = polars.read_excel(path, engine="calamine").write_csv()
    return text.encode()


def where_time_goes(path: Path) -> str:
    """A sentence on what ours does with a workbook that polars does not: timed step by step, in this process."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        return _shares(path, Path(folder, "unpacked.xlsx"))


def _shares(path: Path, unpacked: Path) -> str:
    settings = Settings(secret_key=SECRET_KEY)
    steps: list[tuple[str, float]] = []
    _, seconds = _timed(lambda: unpack_zip(path, unpacked, settings.max_unpacked_size))
    steps.append(("to check and unpack the archive", seconds))
    _, calamine = _timed(
        lambda: python_calamine.load_workbook(unpacked).get_sheet_by_index(0).to_python()
    )
    steps.append(("to read it with calamine into objects of Python", calamine))
    (frame, _), seconds = _timed(lambda: read_first_sheet(unpacked))
    steps.append(("for pandas around that", max(0.0, seconds - calamine)))
    texts, seconds = _timed(lambda: [column_of_text(frame[label]) for label in frame])
    steps.append(("to make text of each cell", seconds))
    _, seconds = _timed(lambda: to_csv(list(zip(*texts, strict=True)), settings.max_table_size))
    steps.append(("to write the CSV", seconds))
    whole = sum(seconds for _, seconds in steps)
    shares = ", ".join(f"{seconds / whole:.0%} {step}" for step, seconds in steps)
    return f"What polars does in columns of its own, ours does with one object per cell. Its time: {shares}."


def _timed(action: Callable[[], Result]) -> tuple[Result, float]:
    gc.collect()
    started = time.perf_counter()
    result = action()
    return result, time.perf_counter() - started


def check(converters: Mapping[str, Convert], path: Path, rows: int) -> None:
    """Compare what everybody makes of a workbook with what is in it. Raises CannotMeasure."""
    wanted = [[str(cell) for cell in row[:ALIKE]] for row in cells(rows)]
    for name, convert in converters.items():
        found = list(csv.reader(io.StringIO(convert(path).decode())))
        if [row[:ALIKE] for row in found] != wanted or {len(row) for row in found} != {WIDTH}:
            raise CannotMeasure(f"{name} makes another table of {path}.")


def _take_turns(converters: Mapping[str, Convert], path: Path, rounds: int) -> dict[str, Spread]:
    samples: dict[str, list[float]] = {name: [] for name in converters}
    for _ in range(rounds):
        for name, convert in converters.items():
            gc.collect()
            started = time.perf_counter()
            convert(path)
            samples[name].append(time.perf_counter() - started)
    return {name: Spread.of(seconds) for name, seconds in samples.items()}
