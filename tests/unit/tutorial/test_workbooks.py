"""What becomes of cells; how workbooks get to the child process is tested in ``test_spreadsheets``."""

import datetime as dt

import pytest

from tests.scripts import ROOT, run_script
from tutorial.containers import DAMAGED
from tutorial.workbooks import LONGEST_INTEGER, cell_as_text, column_of_text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("", ""),
        (" 00123 ", " 00123 "),
        (True, "True"),
        (False, "False"),
        (0, "0"),
        (-5, "-5"),
        (123456789012345678, "123456789012345678"),
        (LONGEST_INTEGER - 1, "9" * 21),
        (LONGEST_INTEGER, "1e+21"),
        (-int(6.02214076e23), "-6.02214076e+23"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (dt.time(10, 30), "10:30:00"),
        (dt.time(10, 30, 0, 500_000), "10:30:00.500000"),
        (dt.timedelta(hours=25, minutes=30), "25:30:00"),
        (dt.timedelta(seconds=-90), "-0:01:30"),
        (dt.timedelta(milliseconds=1_500), "0:00:01.500000"),
        (dt.timedelta(), "0:00:00"),
        (dt.datetime(2024, 2, 29), "2024-02-29 00:00:00"),
        (dt.datetime(2024, 2, 29, 10, 30), "2024-02-29 10:30:00"),
    ],
)
def test_a_cell_becomes_text(cell: object, text: str) -> None:
    assert cell_as_text(cell, whole_days=False) == text


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        (["day", dt.datetime(2024, 2, 29), ""], ["day", "2024-02-29", ""]),
        (
            [dt.datetime(2024, 2, 29), dt.datetime(2024, 3, 1, 10, 30)],
            ["2024-02-29 00:00:00", "2024-03-01 10:30:00"],
        ),
        ([1, "", 2.5], ["1", "", "2.5"]),
        ([], []),
    ],
)
def test_the_dates_of_a_column_are_written_in_one_way(
    cells: list[object], texts: list[str]
) -> None:
    assert column_of_text(cells) == texts


FAILING = """
import sys
from pathlib import Path
from unittest import mock
from tutorial.workbooks import read_first_sheet

class Panic(BaseException):
    pass

name, error = sys.argv[1], {"MemoryError": MemoryError, "Panic": Panic}[sys.argv[2]]
with mock.patch("python_calamine.load_workbook", side_effect=error):
    try:
        read_first_sheet(Path(name))
    except Exception as caught:
        print(type(caught).__name__, caught)
"""


@pytest.mark.parametrize(
    ("error", "outcome"), [("MemoryError", "MemoryError "), ("Panic", f"Refusal {DAMAGED}")]
)
def test_a_panic_of_the_reader_is_damage_and_a_lack_of_memory_is_none(
    error: str, outcome: str
) -> None:
    finished = run_script(FAILING, str(ROOT / "tests" / "workbooks" / "legacy.xls"), error)
    assert finished.stdout == f"{outcome}\n", finished.stderr
