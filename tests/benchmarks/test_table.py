"""One set of rows, shown in three forms."""

import io

from rich.console import Console

from benchmarks.measure import Spread
from benchmarks.table import Column, Table, ratio, timing

TABLE = Table(
    "Requests",
    [Column("request"), Column("Flask", timing), Column("as [fast]", ratio)],
    [["hello", Spread(1e-4, 0.9e-4, 1.1e-4, 5), 12.5], ["home", None, 0.5]],
    ("A note.",),
)


def test_people_see_title_columns_values_and_notes() -> None:
    output = io.StringIO()
    TABLE.print(Console(file=output, width=100))
    lines = output.getvalue().splitlines()
    assert [line.split() for line in lines] == [
        ["Requests"],
        ["request", "Flask", "as", "[fast]"],
        ["hello", "100", "µs", "±10%", "12"],
        ["home", "—", "0.50"],
        ["A", "note."],
        [],
    ]


def test_programs_get_the_values_as_they_were_measured() -> None:
    assert TABLE.as_data() == {
        "title": "Requests",
        "columns": ["request", "Flask", "as [fast]"],
        "rows": [
            ["hello", {"median": 1e-4, "lower": 0.9e-4, "upper": 1.1e-4, "rounds": 5}, 12.5],
            ["home", None, 0.5],
        ],
        "notes": ["A note."],
    }


def test_the_readme_gets_the_texts_that_people_see() -> None:
    assert TABLE.markdown().splitlines() == [
        "| request | Flask | as [fast] |",
        "|---|---:|---:|",
        "| hello | 100 µs ±10% | 12 |",
        "| home | — | 0.50 |",
    ]
