"""Stores, uploads and workbooks for the tests of this folder, and one set of child processes for all of them."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec  # type: ignore[import-untyped]  # fsspec has no annotations
import openpyxl
import pytest
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]  # as above
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
            max_table_size=16 * MEBIBYTE,
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


class ObjectStore(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no annotations
    """Tells of files as s3fs does, and knows neither folders nor renaming."""

    protocol = "s3"
    store: dict[str, Any] = {}  # noqa: RUF012 - MemoryFileSystem keeps its files on the class
    pseudo_dirs = [""]  # noqa: RUF012 - as above

    def ls(self, path: str, detail: bool = True, **kwargs: object) -> Any:
        entries = [
            {
                "name": entry["name"],
                "type": entry["type"],
                "LastModified": entry["created"],
                "size": entry["size"],
            }
            for entry in super().ls(path, detail=True)
        ]
        return entries if detail else [entry["name"] for entry in entries]

    def info(self, path: str, **kwargs: object) -> dict[str, object]:
        entry = super().info(path)
        return {
            "name": entry["name"],
            "type": "file",
            "size": entry["size"],
            "LastModified": entry["created"],
        }

    def rm_file(self, path: str, **kwargs: object) -> None:
        super().rm_file(path)

    def mkdir(self, *_: object, **__: object) -> None:
        raise PermissionError("buckets are made by somebody else")

    makedirs = mv = mkdir


@pytest.fixture(params=["folder", "file", "memory", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store of any kind, in which nothing was stored yet."""
    folder = tmp_path / "a new" / "folder"
    fsspec.register_implementation("s3", ObjectStore, clobber=True)
    urls = {
        "folder": str(folder),
        "file": f"file://{folder}",
        "memory": f"memory://{uuid4()}/downloads",
        "s3": f"s3://bucket/{uuid4()}",
    }
    return urls[request.param]
