"""Workbooks: the first sheet of an .xls or .xlsx as rows of text. Runs in a child process.

pandas takes a quarter of a second and 50 MB to import, and its reader, calamine, can be made to abort the
process. So this is the only module that imports pandas, it does so when called, and only a child calls it
(which was forked from a process that has pandas loaded already).

What stands in a cell is what comes out:

- the first worksheet is read, whatever is hidden or selected; every row counts, and there is no header that
  would be renamed;
- a formula gives the value that was saved with it; an error (``#DIV/0!``) and a formula without a value give
  an empty cell, and so do all but the first cell of merged ones;
- whole numbers have all their digits and no ``.0``, and text that looks like a number stays text (``00123``);
- dates are ISO 8601: ``2024-02-29``, or ``2024-02-29 10:30:00`` if any cell of the column has a time;
- truth values are ``True`` and ``False``, durations ``25:30:00``.

Left out: what calamine does not know. An error younger than it (``#SPILL!``), a macro sheet in an .xlsx or a part in
          another encoding than UTF-8 make the whole workbook one that is refused as damaged; a negative time loses its
          sign. openpyxl reads some of these, but it follows entities and relations that lead outside.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .containers import DAMAGED, LOCKED, check_compound_file, unpack_zip
from .errors import Refusal
from .signatures import Kind
from .tables import Rows, check_cells

if TYPE_CHECKING:
    import pandas

MIDNIGHT = time()

LONGEST_INTEGER = 10**21
"""From here on whole numbers are written with an exponent: the 17 digits that a cell holds, not 300 others."""


class Limits(NamedTuple):
    """How large a workbook and what is made of it may be; see ``Settings``."""

    max_unpacked_size: int
    max_cells: int
    max_table_size: int


def convert(source: Path, target: Path, write: Callable[[Rows, int], bytes], limits: Limits) -> str:
    """Read the workbook at ``source`` and write its first sheet to ``target``, in UTF-8.

    The suffix of ``source`` is the value of its ``Kind``.
    Gives a sentence that says which of several sheets it was, or nothing; raises ``Refusal``.
    """
    if Kind(source.suffix) is Kind.NEW_WORKBOOK:
        unpacked = source.with_stem("unpacked")
        unpack_zip(source, unpacked, limits.max_unpacked_size)
        source = unpacked
    else:
        check_compound_file(source)
    frame, sheet_names = read_first_sheet(source)
    check_cells(frame.size, limits.max_cells)
    columns = [column_of_text(frame[label]) for label in frame]
    target.write_bytes(write(list(zip(*columns, strict=True)), limits.max_table_size))
    if len(sheet_names) == 1:
        return ""
    return f"This is the first of {len(sheet_names)} sheets, “{sheet_names[0]:.40}”."


def read_first_sheet(source: Path) -> tuple["pandas.DataFrame", list[str]]:
    """The cells of the first sheet as Python objects, and the names of all sheets; raises ``Refusal``."""
    import pandas  # here, as the process that serves imports this module and must never load pandas

    try:
        with pandas.ExcelFile(source, engine="calamine") as workbook:
            names = [str(name) for name in workbook.sheet_names]
            if not names:
                raise Refusal("There is no worksheet in this workbook.")
            frame = pandas.read_excel(
                workbook, sheet_name=names[0], header=None, dtype=object, na_filter=False
            )
    except (Refusal, MemoryError):
        raise
    except BaseException as error:  # a panic in calamine is no Exception
        raise Refusal(LOCKED if is_locked(source) else DAMAGED) from error
    if frame.empty:
        raise Refusal(f"There is nothing on the first sheet, “{names[0]:.40}”.")
    return frame, names


def is_locked(source: Path) -> bool:
    """Whether a password is what keeps the workbook at ``source`` from being read."""
    from python_calamine import PasswordError, load_workbook  # here, as pandas above

    try:
        load_workbook(source)  # by its suffix; pandas passes an open file, which has none
    except BaseException as error:
        return isinstance(error, PasswordError)
    return False


def column_of_text(cells: Iterable[object]) -> list[str]:
    """The cells of one column as text; all of its dates are written in one way."""
    cells = list(cells)
    whole_days = all(cell.time() == MIDNIGHT for cell in cells if isinstance(cell, datetime))
    return [cell_as_text(cell, whole_days=whole_days) for cell in cells]


def cell_as_text(cell: object, *, whole_days: bool) -> str:
    """One cell as text; a date and time without the time if ``whole_days``.

    >>> cell_as_text(12345678901234567168, whole_days=True)
    '12345678901234567168'
    >>> cell_as_text(timedelta(days=1, minutes=90), whole_days=True)
    '25:30:00'
    """
    match cell:
        case str():
            return cell
        case datetime():
            return cell.date().isoformat() if whole_days else cell.isoformat(sep=" ")
        case time():
            return cell.isoformat()
        case timedelta():
            return _duration(cell)
        case int() if abs(cell) >= LONGEST_INTEGER:
            return str(float(cell))
    return str(cell)


def _duration(length: timedelta) -> str:
    sign, seconds = ("-", -length) if length < timedelta() else ("", length)
    hours, rest = divmod(seconds, timedelta(hours=1))
    return f"{sign}{hours}{str(rest).removeprefix('0')}"
