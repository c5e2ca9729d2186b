"""Table: what a benchmark has found, for people (terminal, Markdown) and for programs (JSON).

A row holds values, not text: a time is a number of seconds or a :class:`~.measure.Spread`. Each column knows how its
values are shown, so that the three forms cannot disagree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable
from rich.text import Text

from .measure import Spread

Value: TypeAlias = str | int | float | Spread | None

NARROWEST = 130
"""Columns of text where the output is no terminal. On a narrower one cells are broken, between time and spread."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, and how a value of it is written."""

    title: str
    show: Callable[[Any], str] = str

    def text(self, value: Value) -> str:
        return "—" if value is None else self.show(value)


@dataclass(frozen=True, slots=True)
class Table:
    """A title, columns, a row for each thing that was measured, and what has to be known to read them."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    notes: Sequence[str] = field(default=())

    def texts(self) -> list[list[str]]:
        """The rows as they are shown."""
        return [
            [column.text(value) for column, value in zip(self.columns, row, strict=True)]
            for row in self.rows
        ]

    def as_data(self) -> dict[str, Any]:
        """The rows as they were measured."""
        return {
            "title": self.title,
            "columns": [column.title for column in self.columns],
            "rows": [[_plain(value) for value in row] for row in self.rows],
            "notes": list(self.notes),
        }

    def print(self, console: Console) -> None:
        console.print(Text(self.title, "bold"), soft_wrap=True)
        shown = RichTable(box=None, pad_edge=False)
        for number, column in enumerate(self.columns):
            shown.add_column(escape(column.title), justify="right" if number else "left")
        for row in self.texts():
            shown.add_row(*map(escape, row))
        console.print(shown)
        for note in self.notes:
            console.print(Text(note))
        console.print()

    def markdown(self) -> str:
        """The table without title and notes, as Markdown.

        >>> print(Table("", [Column("n"), Column("t", seconds)], [["a", 1e-6]]).markdown())
        | n | t |
        |---|---:|
        | a | 1.0 µs |
        """
        titles = [column.title for column in self.columns]
        lines = [_line(titles), "|".join(["", "---", *["---:"] * (len(titles) - 1), ""])]
        return "\n".join(lines + [_line(row) for row in self.texts()])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(value: Value) -> object:
    return value.as_data() if isinstance(value, Spread) else value


def seconds(value: float) -> str:
    """Two digits at least, in the unit that fits.

    >>> seconds(0.00000123), seconds(0.0000456), seconds(0.0123), seconds(1.5)
    ('1.2 µs', '46 µs', '12 ms', '1.5 s')
    """
    for unit, size in (("µs", 1e-6), ("ms", 1e-3)):
        if value < 999.5 * size:
            return f"{_number(value / size)} {unit}"
    return f"{_number(value)} s"


def _number(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def timing(value: Spread) -> str:
    """A time and half the distance between its quartiles in per cent.

    >>> timing(Spread(2e-6, 1.9e-6, 2.1e-6, 5))
    '2.0 µs ±5%'
    """
    return f"{seconds(value.median)} ±{value.noise:.0%}"


def ratio(value: float) -> str:
    """Two digits at least.

    >>> ratio(0.123), ratio(1.26), ratio(25.4)
    ('0.12', '1.3', '25')
    """
    return f"{value:.2f}" if value < 0.95 else _number(value)


def mebibytes(value: float) -> str:
    """Bytes in MiB.

    >>> mebibytes(1_572_864)
    '1.5 MiB'
    """
    return f"{value / 1024 / 1024:.1f} MiB"
