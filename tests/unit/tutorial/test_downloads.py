import errno
import os
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from tutorial.downloads import MESSAGE, Downloads
from tutorial.errors import Refusal
from tutorial.settings import Settings
from tutorial.stores import File, Folder, draft_name

HOUR = 3_600
CONTENT = b"a,b\n1,2\n"
UUID = "8803ad64-76b1-405f-b8ca-5ba2be984146"  # written out: names of tests must stay the same


def downloads_at(url: str, **settings: Any) -> Downloads:
    settings = {"downloads_url": url, "downloads_max_age": HOUR, **settings}
    return Downloads(Settings(secret_key="a key", **settings))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store whose files can be looked at."""
    return tmp_path / "downloads"


@pytest.fixture
def downloads(folder: Path) -> Downloads:
    return downloads_at(str(folder))


def make_old(path: Path, seconds: float = HOUR + 60) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def test_what_is_saved_is_read_back_from_any_kind_of_store(url: str) -> None:
    downloads = downloads_at(url)
    name = downloads.save_csv(CONTENT)
    assert re.fullmatch(r"[0-9a-f-]{36}\.csv", name)
    assert downloads.read_csv(name) == CONTENT
    assert downloads_at(url).read_csv(name) == CONTENT  # as another worker does
    file = downloads.open_csv(name)
    assert file is not None
    assert file.read() == CONTENT


def test_two_conversions_have_two_names_and_neither_deletes_the_other(url: str) -> None:
    downloads = downloads_at(url)
    first, second = downloads.save_csv(b"1"), downloads.save_csv(b"2")
    assert (downloads.read_csv(first), downloads.read_csv(second)) == (b"1", b"2")


def test_an_expired_file_is_not_read_and_is_deleted_by_the_next_conversion(url: str) -> None:
    downloads = downloads_at(url)
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
    monkeypatch.setattr(downloads, "_store", None)
    assert downloads.read_csv(name) is None
    assert downloads.open_csv(name) is None


def test_a_name_that_nobody_was_given_is_nothing(url: str) -> None:
    downloads = downloads_at(url)
    assert downloads.read_csv(f"{uuid4()}.csv") is None
    downloads.save_csv(CONTENT)
    assert downloads.read_csv(f"{uuid4()}.csv") is None


def test_only_expired_files_of_its_own_are_deleted(downloads: Downloads, folder: Path) -> None:
    fresh = downloads.save_csv(CONTENT)
    downloads.save_message("Hey there Kumar!")
    old = make_old(folder / downloads.save_csv(CONTENT))
    old_draft, new_draft = folder / draft_name(), folder / draft_name()
    foreign = folder / "notes.csv"
    for path in (old_draft, new_draft, foreign):
        path.touch()
    for path in (old_draft, foreign, folder / MESSAGE):
        make_old(path)
    newest = downloads.save_csv(CONTENT)
    assert not old.exists()
    assert set(os.listdir(folder)) == {fresh, newest, MESSAGE, foreign.name, new_draft.name}


def test_a_file_that_is_deleted_just_before_it_is_read_is_nothing(
    monkeypatch: pytest.MonkeyPatch, downloads: Downloads
) -> None:
    find = Folder.find

    def find_and_delete(store: Folder, name: str) -> File:
        file = find(store, name)
        store.delete(name)
        return file

    name = downloads.save_csv(CONTENT)
    monkeypatch.setattr(Folder, "find", find_and_delete)
    assert downloads.read_csv(name) is None


def test_a_file_from_the_future_has_not_expired(downloads: Downloads, folder: Path) -> None:
    name = downloads.save_csv(CONTENT)
    make_old(folder / name, -HOUR)
    assert downloads.read_csv(name) == CONTENT


def test_in_a_store_that_tells_no_age_nothing_expires(
    downloads: Downloads, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, files = Folder.find, Folder.files

    def ageless(file: File) -> File:
        return file._replace(modified=None)

    monkeypatch.setattr(Folder, "find", lambda store, name: ageless(find(store, name)))
    monkeypatch.setattr(Folder, "files", lambda store: map(ageless, files(store)))
    name = downloads.save_csv(CONTENT)
    make_old(folder / name)
    downloads.save_csv(CONTENT)
    assert downloads.read_csv(name) == CONTENT


def test_workers_that_delete_the_same_files_do_not_disturb_each_other(
    downloads: Downloads, folder: Path
) -> None:
    for _ in range(100):
        make_old(folder / downloads.save_csv(CONTENT), HOUR - 5)
    workers = [downloads_at(str(folder), downloads_max_age=HOUR - 10) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        names = list(threads.map(lambda worker: worker.save_csv(CONTENT), workers))
    assert sorted(os.listdir(folder)) == sorted(names)


def test_a_file_that_cannot_be_deleted_does_not_stop_a_conversion(
    monkeypatch: pytest.MonkeyPatch, downloads: Downloads, folder: Path
) -> None:
    make_old(folder / downloads.save_csv(CONTENT))
    monkeypatch.setattr(Folder, "delete", fail(PermissionError(errno.EPERM, "not yours")))
    assert downloads.read_csv(downloads.save_csv(CONTENT)) == CONTENT


def fail(error: Exception) -> Callable[..., None]:
    def failing(*_: object, **__: object) -> None:
        raise error

    return failing


# Whole or not at all


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
    downloads = downloads_at(url)
    downloads.save_message("Hey there 世界!")
    downloads.save_message("Hey")
    downloads = downloads_at(str(folder))
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
        lambda downloads: downloads.ready(),
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
    for method in ("files", "find", "write", "check"):
        monkeypatch.setattr(Folder, method, fail(error))
    with pytest.raises(Refusal) as caught:
        action(downloads)
    assert caught.value.code == 503
    assert "no network" not in str(caught.value)


def test_a_file_in_the_place_of_the_folder_is_a_store_that_fails(folder: Path) -> None:
    folder.touch()
    with pytest.raises(Refusal) as caught:
        downloads_at(str(folder)).save_csv(CONTENT)
    assert caught.value.code == 503


def test_a_store_that_answers_is_ready_and_has_nothing_new_in_it(
    url: str, downloads: Downloads, folder: Path
) -> None:
    downloads_at(url).ready()
    downloads.ready()
    assert os.listdir(folder) == []


def test_the_log_says_why_a_store_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, downloads: Downloads
) -> None:
    monkeypatch.setattr(Folder, "write", fail(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(Refusal):
        downloads.save_message("Hey")
    assert "the store of downloads failed" in caplog.text
    assert "No space left on device" in caplog.text


# The total size


def test_files_beyond_the_total_size_are_refused_and_nothing_is_lost(url: str) -> None:
    downloads = downloads_at(url, max_downloads_size=10)
    names = [downloads.save_csv(b"12345"), downloads.save_csv(b"6789")]
    with pytest.raises(Refusal, match=r"no room .* try again later") as caught:
        downloads.save_csv(b"ab")
    assert caught.value.code == 503
    assert [downloads.read_csv(name) for name in names] == [b"12345", b"6789"]
    downloads.read_csv(downloads.save_csv(b"a"))


def test_what_has_expired_makes_room(url: str) -> None:
    downloads = downloads_at(url, max_downloads_size=10)
    downloads.save_csv(b"1234567890")
    with time_machine.travel(time.time() + HOUR + 60):
        downloads.save_csv(b"1234567890")
    with pytest.raises(Refusal, match="no room"):
        downloads.save_csv(b"1")


def test_a_store_that_falls_silent_is_asked_to_delete_one_file_and_no_more(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    downloads = downloads_at(str(folder))
    for name in [downloads.save_csv(b"1") for _ in range(3)]:
        make_old(folder / name)
    asked: list[str] = []

    def delete(store: Folder, name: str) -> None:
        asked.append(name)
        raise TimeoutError

    monkeypatch.setattr(Folder, "delete", delete)
    with pytest.raises(Refusal, match="cannot be stored"):
        downloads.save_csv(b"1")
    assert len(asked) == 1


def test_so_many_files_are_kept_and_no_more_however_small(url: str) -> None:
    downloads = downloads_at(url, max_downloads=2)
    first = downloads.save_csv(b"1")
    downloads.save_message("not one of them")
    downloads.save_csv(b"2")
    with pytest.raises(Refusal, match="no room"):
        downloads.save_csv(b"")
    assert downloads.read_csv(first) == b"1"


def test_an_expired_file_that_cannot_be_deleted_still_takes_its_room(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    downloads = downloads_at(str(folder), max_downloads_size=10)
    make_old(folder / downloads.save_csv(b"1234567890"))
    monkeypatch.setattr(Folder, "delete", fail(PermissionError(errno.EPERM, "not yours")))
    with pytest.raises(Refusal, match="no room"):
        downloads.save_csv(b"1")


def test_the_log_says_why_there_is_no_room(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, folder: Path
) -> None:
    downloads = downloads_at(str(folder), max_downloads_size=10)
    make_old(folder / downloads.save_csv(b"12345"))
    monkeypatch.setattr(Folder, "delete", fail(PermissionError(errno.EPERM, "not yours")))
    with pytest.raises(Refusal):
        downloads.save_csv(b"123456")
    assert "an expired file cannot be deleted" in caplog.text
    assert "not yours" in caplog.text
    assert "1 downloads of 5 bytes leave no room for 6" in caplog.text


def test_drafts_take_room_but_the_message_and_foreign_files_do_not(folder: Path) -> None:
    downloads = downloads_at(str(folder), max_downloads_size=10)
    downloads.save_message("more than ten bytes")
    (folder / "notes.txt").write_text("more than ten bytes")
    downloads.save_csv(b"12345")
    (folder / draft_name()).write_bytes(b"12345")
    with pytest.raises(Refusal, match="no room"):
        downloads.save_csv(b"1")
    downloads.save_message("is kept all the same")


@pytest.mark.parametrize(
    ("size", "fits"), [(1, False), (len(CONTENT) - 1, False), (len(CONTENT), True)]
)
def test_a_file_fits_if_it_has_no_more_bytes_than_there_may_be(
    folder: Path, size: int, fits: bool
) -> None:
    downloads = downloads_at(str(folder), max_downloads_size=size)
    if fits:
        downloads.save_csv(CONTENT)
    else:
        with pytest.raises(Refusal, match="no room"):
            downloads.save_csv(CONTENT)


def test_a_file_can_be_downloaded_until_its_last_second(downloads: Downloads, folder: Path) -> None:
    name = downloads.save_csv(CONTENT)
    os.utime(folder / name, (1_000, 1_000))
    with time_machine.travel(1_000 + HOUR, tick=False):
        assert downloads.read_csv(name) == CONTENT
    with time_machine.travel(1_001 + HOUR, tick=False):
        assert downloads.read_csv(name) is None


def test_a_file_that_another_worker_has_deleted_takes_no_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = downloads_at(str(folder), max_downloads=1)
    make_old(folder / downloads.save_csv(CONTENT))
    delete = downloads._store.delete

    def delete_behind_another(name: str) -> None:
        delete(name)
        delete(name)

    monkeypatch.setattr(downloads._store, "delete", delete_behind_another)
    downloads.save_csv(CONTENT)
