"""Readme: a table in the README, written anew by the command that stands beside it."""

from collections.abc import Iterable, Mapping
from typing import Any

from .machine import sentence
from .table import Table

END = "<!-- end -->"


def mark(name: str) -> str:
    """What stands before the place of a benchmark."""
    return f"<!-- written by: .venv-bench/bin/python -m benchmarks {name} --readme -->"


def insert(text: str, name: str, tables: Iterable[Table], machine: Mapping[str, Any]) -> str:
    """The text with the tables between the marks of that benchmark. Raises LookupError when it has none."""
    before, begin, rest = text.partition(mark(name))
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise LookupError(f"README.md has no place for {name}: {mark(name)} and {END}")
    blocks = [block for table in tables for block in (table.markdown(), *table.notes)]
    content = "\n\n".join([*blocks, f"Measured: {sentence(machine)}"])
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"
