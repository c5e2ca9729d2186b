"""Uploads and workbooks for the tests of this folder, and one set of child processes for all of them."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import openpyxl
import pytest
from werkzeug.datastructures import FileStorage

from tutorial.settings import MEBIBYTE, Settings
from tutorial.spreadsheets import Spreadsheets


@pytest.fixture(scope="session")
def spreadsheets() -> Iterator[Spreadsheets]:
    """Limits small enough that files beyond them are made quickly."""
    spreadsheets = Spreadsheets(
        Settings(
            secret_key="a key for tests",
            max_unpacked_size=16 * MEBIBYTE,
            max_cells=20_000,
            conversion_timeout=5.0,
        )
    )
    yield spreadsheets
    spreadsheets.close()


@pytest.fixture(scope="session")
def upload() -> Callable[[bytes], FileStorage]:
    """Makes an uploaded file out of its bytes."""
    return lambda data: FileStorage(io.BytesIO(data), "upload.bin", "file")


@pytest.fixture(scope="session")
def workbook() -> Callable[[Iterable[Sequence[Any]]], bytes]:
    """Makes an .xlsx out of its rows."""

    def save(rows: Iterable[Sequence[Any]]) -> bytes:
        book = openpyxl.Workbook()
        for row in rows:
            book.worksheets[0].append(list(row))
        file = io.BytesIO()
        book.save(file)
        return file.getvalue()

    return save
