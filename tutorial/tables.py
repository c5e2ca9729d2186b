"""Tables: rows of text, found in a text file, written as CSV or as HTML.

Out comes what RFC 4180 calls CSV, but with line feeds as line ends, as pandas writes it on Unix, and in UTF-8
without a byte order mark. Cells are never altered: one that begins with ``=``, ``+``, ``-`` or ``@``
may be run as a formula by the program that opens the file, but so it was in the workbook, and a
changed ``-5`` would be a wrong number. Whoever opens a stranger's CSV should import it as text.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from .errors import Refusal

Rows = Sequence[Sequence[str]]

CRLF = "\r\n"
MAX_COLUMNS = 16_384
"""Columns of a table: those of a worksheet. A longer line is prose, and is treated as that before it is split."""

DELIMITERS = "\t;,"  # the comma last: a line of "1,5;2,5" has as many commas as any other

# Lines that may have too many columns. Only at the beginning of a line is it tried, so that the time is linear.
_LONG_LINE = re.compile(rf"(?<![^\r\n])[^\r\n]{{{MAX_COLUMNS},}}+")

TOO_LARGE = "This table is too large to be written out; please upload it in parts."

# What Excel writes, and reads, as a first line that is no data.
_NAMED_DELIMITER = re.compile(r"sep=([^\r\n\"])(?:\r\n?|\n)", re.IGNORECASE)


def find_table(text: str, max_cells: int) -> Rows | None:
    """The rows of ``text`` if it is a table, else None; raises ``Refusal`` (413) beyond ``max_cells``.

    It is one if a tab, semicolon or comma parts each of at least two lines into the same number of
    fields, at least two. Blank lines do not count. A first line such as ``sep=|`` names the only delimiter.

    >>> find_table("a,b\\n1,2\\n", max_cells=10)
    [['a', 'b'], ['1', '2']]
    >>> find_table("Dear Sir,\\nhello.", max_cells=10) is None
    True
    """
    delimiters, named = DELIMITERS, _NAMED_DELIMITER.match(text)
    if named is not None:
        delimiters, text = named[1], text[named.end() :]
    long_lines = _LONG_LINE.findall(text)
    for delimiter in delimiters:
        if delimiter not in text:
            continue
        if any(line.count(delimiter) >= MAX_COLUMNS for line in long_lines):
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
    for number, line in enumerate(lines):
        if not line:
            if number > max_cells:
                return []  # so many lines that most of them are blank
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


def to_csv(rows: Rows, max_size: int) -> bytes:
    """The rows as CSV; raises ``Refusal`` (413) beyond ``max_size`` bytes.

    >>> to_csv([["a", "b, c"], ["1", ""]], max_size=100)
    b'a,"b, c"\\n1,\\n'
    """
    # A lone return is quoted only where it is part of the line end, so that is CR LF until it is cut
    writer = csv.writer(_Echo(), lineterminator=CRLF)
    return _written((f"{writer.writerow(row).removesuffix(CRLF)}\n" for row in rows), max_size)


class _Echo:
    """A file for ``csv.writer`` that gives back what is written, as ``writerow`` does then."""

    def write(self, line: str) -> str:
        return line


def to_html(rows: Rows, max_size: int) -> bytes:
    """The rows as an HTML table, the first of them as its head, without any style; raises ``Refusal`` as ``to_csv``.

    >>> print(to_html([["a"], ["<b>"]], max_size=200).decode())
    <table class="table">
    <thead>
    <tr><th scope="col">a</th></tr>
    </thead>
    <tbody>
    <tr><td>&lt;b&gt;</td></tr>
    </tbody>
    </table>
    """
    return _written(_html_lines(rows), max_size)


def _html_lines(rows: Rows) -> Iterator[str]:
    head, *body = rows
    yield '<table class="table">\n<thead>\n'
    yield _html_row(head, '<th scope="col">', "</th>")
    yield "</thead>\n<tbody>\n"
    for row in body:
        yield _html_row(row, "<td>", "</td>")
    yield "</tbody>\n</table>"


def _html_row(row: Sequence[str], start: str, end: str) -> str:
    cells = (end + start).join(escape(cell, quote=False) for cell in row)
    return f"<tr>{start}{cells}{end}</tr>\n"


def _written(pieces: Iterable[str], max_size: int) -> bytes:
    """The pieces in UTF-8. They are counted while they are written, for a few bytes can become many."""
    written = bytearray()
    for piece in pieces:
        written += piece.encode()
        if len(written) > max_size:
            raise Refusal(TOO_LARGE, code=413)
    return bytes(written)
