import errno
import os
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec  # type: ignore[import-untyped]  # fsspec has no annotations
import pytest
import time_machine
from fsspec.implementations.dirfs import DirFileSystem  # type: ignore[import-untyped]  # as above
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]  # as above

from tutorial.downloads import MESSAGE, Downloads
from tutorial.errors import Refusal, SettingsError

HOUR = 3_600
CONTENT = b"a,b\n1,2\n"
UUID = "8803ad64-76b1-405f-b8ca-5ba2be984146"  # written out: names of tests must stay the same


class ObjectStore(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no annotations
    """Tells of files as s3fs does, and knows neither folders nor renaming."""

    protocol = "s3"
    store: dict[str, Any] = {}  # noqa: RUF012 - MemoryFileSystem keeps its files on the class
    pseudo_dirs = [""]  # noqa: RUF012 - as above

    def ls(self, path: str, detail: bool = True, **kwargs: object) -> Any:
        entries = [
            {"name": entry["name"], "type": entry["type"], "LastModified": entry["created"]}
            for entry in super().ls(path, detail=True)
        ]
        return entries if detail else [entry["name"] for entry in entries]

    def info(self, path: str, **kwargs: object) -> dict[str, object]:
        entry = super().info(path)
        return {"name": entry["name"], "type": "file", "LastModified": entry["created"]}

    def mkdir(self, *_: object, **__: object) -> None:
        raise PermissionError("buckets are made by somebody else")

    makedirs = mv = mkdir


@pytest.fixture(params=["folder", "file", "memory", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    folder = tmp_path / "a new" / "folder"
    fsspec.register_implementation("s3", ObjectStore, clobber=True)
    urls = {
        "folder": str(folder),
        "file": f"file://{folder}",
        "memory": f"memory://{uuid4()}/downloads",
        "s3": f"s3://bucket/{uuid4()}",
    }
    return urls[request.param]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store whose files can be looked at."""
    return tmp_path / "downloads"


@pytest.fixture
def downloads(folder: Path) -> Downloads:
    return Downloads(str(folder), HOUR)


def make_old(path: Path, seconds: float = HOUR + 60) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def test_what_is_saved_is_read_back_from_any_kind_of_store(url: str) -> None:
    downloads = Downloads(url, HOUR)
    name = downloads.save_csv(CONTENT)
    assert re.fullmatch(r"[0-9a-f-]{36}\.csv", name)
    assert downloads.read_csv(name) == CONTENT
    assert Downloads(url, HOUR).read_csv(name) == CONTENT  # as another worker does
    file = downloads.open_csv(name)
    assert file is not None
    assert file.read() == CONTENT


def test_two_conversions_have_two_names_and_neither_deletes_the_other(url: str) -> None:
    downloads = Downloads(url, HOUR)
    first, second = downloads.save_csv(b"1"), downloads.save_csv(b"2")
    assert (downloads.read_csv(first), downloads.read_csv(second)) == (b"1", b"2")


def test_no_listing_is_kept_in_which_the_files_of_other_workers_would_be_missing(url: str) -> None:
    assert Downloads(url, HOUR)._connect().fs.storage_options["use_listings_cache"] is False


def test_an_expired_file_is_not_read_and_is_deleted_by_the_next_conversion(url: str) -> None:
    downloads = Downloads(url, HOUR)
    old = downloads.save_csv(CONTENT)
    with time_machine.travel(time.time() + HOUR - 60):
        assert downloads.read_csv(old) == CONTENT
    with time_machine.travel(time.time() + HOUR + 60):
        assert downloads.read_csv(old) is None
        downloads.save_csv(CONTENT)
    assert downloads.read_csv(old) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "absent.csv",
        MESSAGE,
        "../secret_key",
        "/etc/passwd",
        UUID,
        f"{UUID}.csv\n",
        f"{UUID}.CSV",
        f"../{UUID}.csv",
        f"{UUID}.csv/..",
        f"{UUID.upper()}.csv",
        f"{{{UUID}}}.csv",
        "00000000-0000-1000-8000-000000000000.csv",  # a UUID of version 1
        "a" * 60_000,
        "\0",
        "\ud800",
    ],
)
def test_a_name_of_another_form_never_reaches_the_store(
    monkeypatch: pytest.MonkeyPatch, downloads: Downloads, name: str
) -> None:
    monkeypatch.setattr(Downloads, "_store", None)
    assert downloads.read_csv(name) is None
    assert downloads.open_csv(name) is None


def test_a_name_that_nobody_was_given_is_nothing(url: str) -> None:
    downloads = Downloads(url, HOUR)
    assert downloads.read_csv(f"{uuid4()}.csv") is None
    downloads.save_csv(CONTENT)
    assert downloads.read_csv(f"{uuid4()}.csv") is None


def test_only_expired_files_of_its_own_are_deleted(downloads: Downloads, folder: Path) -> None:
    fresh = downloads.save_csv(CONTENT)
    downloads.save_message("Hey there Kumar!")
    old = make_old(folder / downloads.save_csv(CONTENT))
    old_draft, new_draft = folder / f"{uuid4()}.draft", folder / f"{uuid4()}.draft"
    foreign = folder / "notes.csv"
    for path in (old_draft, new_draft, foreign):
        path.touch()
    for path in (old_draft, foreign, folder / MESSAGE):
        make_old(path)
    newest = downloads.save_csv(CONTENT)
    assert not old.exists()
    assert set(os.listdir(folder)) == {fresh, newest, MESSAGE, foreign.name, new_draft.name}


def test_a_file_from_the_future_has_not_expired(downloads: Downloads, folder: Path) -> None:
    name = downloads.save_csv(CONTENT)
    make_old(folder / name, -HOUR)
    assert downloads.read_csv(name) == CONTENT


@pytest.mark.parametrize(
    "entry",
    [
        {"LastModified": datetime.now(UTC) - timedelta(hours=2)},
        {"mtime": time.time() - 2 * HOUR, "created": time.time()},
        {"created": datetime.now(UTC) - timedelta(hours=2)},
    ],
)
def test_the_age_of_a_file_is_found_wherever_the_store_tells_it(
    downloads: Downloads, entry: dict[str, object]
) -> None:
    assert downloads._has_expired(entry)


@pytest.mark.parametrize("entry", [{}, {"mtime": None}, {"mtime": "yesterday"}])
def test_a_file_whose_age_the_store_does_not_tell_has_not_expired(
    downloads: Downloads, entry: dict[str, object]
) -> None:
    assert not downloads._has_expired(entry)


def test_workers_that_delete_the_same_files_do_not_disturb_each_other(
    downloads: Downloads, folder: Path
) -> None:
    for _ in range(100):
        make_old(folder / downloads.save_csv(CONTENT), HOUR - 5)
    workers = [Downloads(str(folder), HOUR - 10) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        names = list(threads.map(lambda worker: worker.save_csv(CONTENT), workers))
    assert sorted(os.listdir(folder)) == sorted(names)


def test_a_file_that_cannot_be_deleted_does_not_stop_a_conversion(
    monkeypatch: pytest.MonkeyPatch, downloads: Downloads, folder: Path
) -> None:
    make_old(folder / downloads.save_csv(CONTENT))
    monkeypatch.setattr(DirFileSystem, "rm_file", fail(PermissionError(errno.EPERM, "not yours")))
    assert downloads.read_csv(downloads.save_csv(CONTENT)) == CONTENT


# Whole or not at all


def fail(error: Exception) -> Callable[..., None]:
    def failing(*_: object, **__: object) -> None:
        raise error

    return failing


def test_a_file_that_does_not_fit_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, downloads: Downloads, folder: Path
) -> None:
    downloads.save_message("before")

    def write_half(store: DirFileSystem, path: str, value: bytes) -> None:
        (folder / path).write_bytes(value[: len(value) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(DirFileSystem, "pipe_file", write_half)
    for save in (lambda: downloads.save_csv(CONTENT), lambda: downloads.save_message("after")):
        with pytest.raises(Refusal) as caught:
            save()
        assert caught.value.code == 503
    assert os.listdir(folder) == [MESSAGE]
    assert (folder / MESSAGE).read_text() == "before"


def test_messages_of_many_never_mix_and_are_never_half_there(
    downloads: Downloads, folder: Path
) -> None:
    texts = [letter * 100_000 for letter in "abcdefghijkl"]
    downloads.save_message(texts[0])
    done = threading.Event()

    def watch() -> set[str]:
        seen = set()
        while not done.is_set():
            seen.add((folder / MESSAGE).read_text())
        return seen

    with ThreadPoolExecutor(13) as threads:
        watcher = threads.submit(watch)
        list(threads.map(downloads.save_message, texts * 4))
        done.set()
        seen = watcher.result()
    assert seen <= set(texts)
    assert os.listdir(folder) == [MESSAGE]


def test_a_message_is_kept_in_utf_8_and_replaced_by_the_next(url: str, folder: Path) -> None:
    downloads = Downloads(url, HOUR)
    downloads.save_message("Hey there 世界!")
    downloads.save_message("Hey")
    downloads = Downloads(str(folder), HOUR)
    downloads.save_message("Hey there 世界!")
    assert (folder / MESSAGE).read_bytes() == "Hey there 世界!".encode()


def test_half_a_character_in_a_message_is_refused(downloads: Downloads, folder: Path) -> None:
    with pytest.raises(Refusal) as caught:
        downloads.save_message("\ud83d")
    assert caught.value.code == 400
    assert not folder.exists()


# Stores that fail


@pytest.mark.parametrize(
    "action",
    [
        lambda downloads: downloads.save_csv(CONTENT),
        lambda downloads: downloads.read_csv(f"{uuid4()}.csv"),
        lambda downloads: downloads.save_message("Hey"),
    ],
)
@pytest.mark.parametrize(
    "error", [PermissionError(errno.EROFS, "Read-only file system"), RuntimeError("no network")]
)
def test_a_store_that_fails_is_not_the_visitors_fault(
    monkeypatch: pytest.MonkeyPatch,
    downloads: Downloads,
    action: Callable[[Downloads], object],
    error: Exception,
) -> None:
    for method in ("ls", "info", "pipe_file", "cat_file"):
        monkeypatch.setattr(DirFileSystem, method, fail(error))
    with pytest.raises(Refusal) as caught:
        action(downloads)
    assert caught.value.code == 503
    assert "no network" not in str(caught.value)


def test_a_file_in_the_place_of_the_folder_is_a_store_that_fails(folder: Path) -> None:
    folder.touch()
    with pytest.raises(Refusal) as caught:
        Downloads(str(folder), HOUR).save_csv(CONTENT)
    assert caught.value.code == 503


def test_a_url_without_a_driver_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"^DOWNLOADS_URL .*\(nonsense\)"):
        Downloads("nonsense://user:password@host/path", HOUR)


def test_a_driver_that_is_not_installed_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsspec.get_filesystem_class", fail(ImportError("Install s3fs")))
    with pytest.raises(SettingsError, match=r"^DOWNLOADS_URL .*Install s3fs"):
        Downloads("s3://bucket", HOUR)


def test_the_store_is_opened_on_first_use_and_again_after_a_fork(
    monkeypatch: pytest.MonkeyPatch, downloads: Downloads, folder: Path
) -> None:
    assert not folder.exists()
    downloads.save_csv(CONTENT)
    downloads.save_csv(CONTENT)
    (first,) = downloads._stores.values()
    monkeypatch.setattr("os.getpid", lambda: -1)
    downloads.save_csv(CONTENT)
    assert downloads._stores[-1].fs is not first.fs
