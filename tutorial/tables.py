"""Tables: rows of text, found in a text file, written as CSV or as HTML.

Out comes what RFC 4180 calls CSV, with two choices: UTF-8 without a byte order mark, and line feeds as
line ends, as pandas writes it on Unix. Cells are never altered: one that begins with ``=``, ``+``, ``-`` or ``@``
may be run as a formula by the program that opens the file, but so it was in the workbook, and a
changed ``-5`` would be a wrong number. Whoever opens a stranger's CSV should import it as text.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import repeat

from .errors import Refusal

Rows = Sequence[Sequence[str]]

CRLF = "\r\n"
MAX_COLUMNS = 16_384
"""Columns of a table: those of a worksheet. A longer line is prose, and is treated as that before it is split."""

DELIMITERS = "\t;,"  # the comma last: a line of "1,5;2,5" has as many commas as any other


def find_table(text: str, max_cells: int) -> Rows | None:
    """The rows of ``text`` if it is a table, else None; raises ``Refusal`` (413) beyond ``max_cells``.

    It is one if a tab, semicolon or comma parts each of at least two lines into the same number of
    fields, at least two. Blank lines do not count.

    >>> find_table("a,b\\n1,2\\n", max_cells=10)
    [['a', 'b'], ['1', '2']]
    >>> find_table("Dear Sir,\\nhello.", max_cells=10) is None
    True
    """
    for delimiter in DELIMITERS:
        if delimiter not in text:
            continue
        if max(map(str.count, text.split("\n"), repeat(delimiter))) >= MAX_COLUMNS:
            continue
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            rows = _regular_rows(lines, max_cells)
        except csv.Error:
            # A quotation mark that is never closed, or a field beyond csv.field_size_limit()
            continue
        if rows:
            return rows
    return None


def _regular_rows(lines: Iterable[list[str]], max_cells: int) -> list[list[str]]:
    rows: list[list[str]] = []
    for line in lines:
        if not line:
            continue
        width = len(rows[0] if rows else line)
        if len(line) != width or width < 2:
            return []
        rows.append(line)
        check_cells(len(rows) * width, max_cells)
    return rows if len(rows) > 1 else []


def check_cells(cells: int, max_cells: int) -> None:
    """Raise ``Refusal`` (413) if a table of so many cells is too large."""
    if cells > max_cells:
        raise Refusal(
            f"This table has more than {max_cells:,} cells; please upload it in parts.", code=413
        )


def to_csv(rows: Rows) -> str:
    """The rows as CSV.

    >>> to_csv([["a", "b, c"], ["1", ""]])
    'a,"b, c"\\n1,\\n'
    """
    # A lone return is quoted only where it is part of the line end, so that is CR LF until it is cut
    writer = csv.writer(_Echo(), lineterminator=CRLF)
    return "".join(f"{writer.writerow(row).removesuffix(CRLF)}\n" for row in rows)


class _Echo:
    """A file for ``csv.writer`` that gives back what is written, as ``writerow`` does then."""

    def write(self, line: str) -> str:
        return line


def to_html(rows: Rows) -> str:
    """The rows as an HTML table, the first of them as its head, without any style.

    >>> print(to_html([["a"], ["<b>"]]))
    <table class="table">
    <thead>
    <tr><th scope="col">a</th></tr>
    </thead>
    <tbody>
    <tr><td>&lt;b&gt;</td></tr>
    </tbody>
    </table>
    """
    return "\n".join(_html_lines(rows))


def _html_lines(rows: Rows) -> Iterator[str]:
    head, *body = rows
    yield '<table class="table">'
    yield "<thead>"
    yield _html_row(head, '<th scope="col">', "</th>")
    yield "</thead>"
    yield "<tbody>"
    for row in body:
        yield _html_row(row, "<td>", "</td>")
    yield "</tbody>"
    yield "</table>"


def _html_row(row: Sequence[str], start: str, end: str) -> str:
    cells = (end + start).join(escape(cell, quote=False) for cell in row)
    return f"<tr>{start}{cells}{end}</tr>"
