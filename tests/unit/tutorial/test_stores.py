"""Folders, and what the operating system may do to them. ``test_downloads`` has what every store must keep."""

import errno
import os
import re
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tutorial.errors import SettingsError
from tutorial.remote_store import RemoteStore
from tutorial.stores import DRAFT, File, Folder, Store, draft_name, store_at

CONTENT = b"whole"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "downloads"


@pytest.fixture
def folder(path: Path) -> Folder:
    """A folder with one file."""
    folder = Folder(str(path))
    folder.write("name", b"before")
    return folder


# Which URL is which store


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/srv/downloads", "/srv/downloads"),
        ("/srv/downloads/", "/srv/downloads"),
        ("/", "/"),
        ("file:///srv/downloads", "/srv/downloads"),
        ("file:/srv/downloads", "/srv/downloads"),
        ("local:///srv/downloads", "/srv/downloads"),
        ("/srv/a:b", "/srv/a:b"),
        ("downloads", f"{os.getcwd()}/downloads"),
        ("file://downloads", f"{os.getcwd()}/downloads"),
        ("~/downloads", os.path.expanduser("~/downloads")),
        ("s3:bucket", f"{os.getcwd()}/s3:bucket"),
    ],
)
def test_a_path_and_a_file_url_are_a_folder(url: str, path: str) -> None:
    store = store_at(url)
    assert isinstance(store, Folder)
    assert store._path == path
    assert RemoteStore(url if ":/" in url else f"file://{url}")._filesystem().path == path


@pytest.mark.parametrize("url", ["memory://x", "memory://"])
def test_every_other_url_is_a_remote_store(url: str) -> None:
    assert isinstance(store_at(url), RemoteStore)


@pytest.mark.parametrize(
    "url", ["nonsense://x", "simplecache::file:///srv", "file::memory://x", "FILE:///srv"]
)
def test_a_url_that_nothing_can_open_is_told_at_once(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^DOWNLOADS_URL "):
        store_at(url)


def test_a_folder_stays_where_it_is_when_the_process_goes_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    store = store_at("downloads")
    monkeypatch.chdir("/")
    store.write("name", CONTENT)
    assert (tmp_path / "downloads" / "name").read_bytes() == CONTENT


# Files


def test_names_of_drafts_are_never_the_same() -> None:
    names = [draft_name() for _ in range(1_000)]
    assert all(map(DRAFT.fullmatch, names))
    assert len(set(names)) == 1_000


def test_a_file_has_a_name_a_size_and_an_age(folder: Folder, path: Path) -> None:
    then = time.time() - 60
    os.utime(path / "name", (then, then))
    (file,) = folder.files()
    assert file == folder.find("name")
    assert (file.name, file.size) == ("name", len(b"before"))
    assert file.modified == pytest.approx(then, abs=1e-3)


@pytest.mark.parametrize("content", [b"", b"a", bytes(range(256)) * 1_000, b"\r\n\n\x1a"])
def test_any_content_comes_back(folder: Folder, content: bytes) -> None:
    folder.write("name", content)
    assert folder.read("name") == content
    assert folder.find("name").size == len(content)


@pytest.mark.parametrize("action", [Folder.find, Folder.read, Folder.delete])
def test_what_is_not_there_is_told_alike(
    folder: Folder, tmp_path: Path, action: Callable[[Folder, str], object]
) -> None:
    for store in (folder, Folder(str(tmp_path / "not made yet"))):
        with pytest.raises(FileNotFoundError):
            action(store, "absent")


def test_a_folder_that_was_deleted_is_made_again(folder: Folder, path: Path) -> None:
    folder.delete("name")
    path.rmdir()
    assert list(folder.files()) == []
    folder.check()
    path.rmdir()
    folder.write("name", CONTENT)
    assert folder.read("name") == CONTENT


def test_a_folder_that_another_worker_makes_first_is_used(
    monkeypatch: pytest.MonkeyPatch, folder: Folder, path: Path
) -> None:
    make = os.makedirs

    def make_second(name: str, mode: int = 0o777, exist_ok: bool = False) -> None:
        make(name)
        make(name, mode, exist_ok)

    shutil.rmtree(path, ignore_errors=True)
    monkeypatch.setattr(os, "makedirs", make_second)
    folder.write("name", b"a")
    assert (path / "name").read_bytes() == b"a"


def test_who_may_read_a_file_is_left_to_the_mask_of_the_process(folder: Folder, path: Path) -> None:
    mask = os.umask(0o027)
    try:
        folder.write("name", b"a")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((path / "name").stat().st_mode) == 0o640


def test_a_file_that_goes_while_the_folder_is_listed_is_left_out(
    monkeypatch: pytest.MonkeyPatch, folder: Folder
) -> None:
    folder.write("other", CONTENT)
    find = Folder.find

    def find_none_of_that_name(self: Folder, name: str) -> File:
        if name == "other":
            raise FileNotFoundError
        return find(self, name)

    monkeypatch.setattr(Folder, "find", find_none_of_that_name)
    assert [file.name for file in folder.files()] == ["name"]


# What is no file


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    return secret


def test_a_link_is_no_file(folder: Folder, path: Path, secret: Path) -> None:
    (path / "link").symlink_to(secret)
    assert [file.name for file in folder.files()] == ["name"]
    with pytest.raises(FileNotFoundError):
        folder.find("link")
    with pytest.raises(OSError, match=re.escape(os.strerror(errno.ELOOP))):
        folder.read("link")


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(
    folder: Folder, path: Path, secret: Path
) -> None:
    folder.delete("name")
    (path / "name").symlink_to(secret)
    folder.write("name", CONTENT)
    assert folder.read("name") == CONTENT
    assert secret.read_text() == "secret"


def test_a_link_in_the_place_of_a_draft_is_not_followed(
    monkeypatch: pytest.MonkeyPatch, folder: Folder, path: Path, secret: Path
) -> None:
    monkeypatch.setattr("tutorial.stores.draft_name", lambda: "draft")
    (path / "draft").symlink_to(secret)
    with pytest.raises(FileExistsError):
        folder.write("name", CONTENT)
    assert secret.read_text() == "secret"
    assert folder.read("name") == b"before"


def test_a_folder_or_a_pipe_in_the_place_of_a_file_is_no_file(folder: Folder, path: Path) -> None:
    (path / "folder").mkdir()
    os.mkfifo(path / "pipe")
    assert [file.name for file in folder.files()] == ["name"]
    for name in ("folder", "pipe"):
        with pytest.raises(FileNotFoundError):
            folder.find(name)
    with pytest.raises(IsADirectoryError):
        folder.write("folder", CONTENT)
    assert sorted(os.listdir(path)) == ["folder", "name", "pipe"]


def test_a_folder_may_itself_be_a_link(folder: Folder, path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    store = Folder(str(link))
    store.write("name", CONTENT)
    assert folder.read("name") == CONTENT


# What can fail: a write takes a part, or nothing, and close and rename may tell late


def after(calls: int, function: Callable[..., int], error: BaseException) -> Callable[..., int]:
    """The function, which raises the error instead from the call of that number on."""
    left = [calls]

    def failing(*arguments: object, **named: object) -> int:
        if not left[0]:
            raise error
        left[0] -= 1
        return function(*arguments, **named)

    return failing


def close_and_fail(descriptor: int) -> int:
    real_close(descriptor)
    raise OSError(errno.EDQUOT, "Disk quota exceeded")


def write_a_part(descriptor: int, content: memoryview) -> int:
    return real_write(descriptor, content[:2])


real_write, real_close, real_replace = os.write, os.close, os.replace
FULL = OSError(errno.ENOSPC, "No space left on device")
READ_ONLY = OSError(errno.EROFS, "Read-only file system")
FORBIDDEN = PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("open", after(0, os.open, READ_ONLY)),
        ("open", after(0, os.open, FORBIDDEN)),
        ("open", after(0, os.open, FULL)),  # no inode is left
        ("write", after(0, os.write, FULL)),
        ("write", after(1, write_a_part, FULL)),
        ("write", after(0, os.write, KeyboardInterrupt())),
        ("close", close_and_fail),
        ("replace", after(0, os.open, FULL)),
        ("replace", after(0, os.open, READ_ONLY)),
        ("replace", after(0, os.open, SystemExit())),  # as gunicorn ends a worker
    ],
)
def test_a_write_that_fails_leaves_the_old_file_whole_and_no_draft(
    monkeypatch: pytest.MonkeyPatch,
    folder: Folder,
    path: Path,
    name: str,
    function: Callable[..., int],
) -> None:
    before = set(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as faults:
        faults.setattr(os, name, function)
        with pytest.raises((OSError, KeyboardInterrupt, SystemExit)):
            folder.write("name", CONTENT)
    assert os.listdir(path) == ["name"]
    assert folder.read("name") == b"before"
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_write_that_takes_a_part_at_a_time_is_continued(
    monkeypatch: pytest.MonkeyPatch, folder: Folder
) -> None:
    monkeypatch.setattr(os, "write", write_a_part)
    folder.write("name", CONTENT)
    assert folder.read("name") == CONTENT


def test_of_two_failures_the_first_is_told(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> None:
    monkeypatch.setattr(os, "write", after(0, os.write, FULL))
    monkeypatch.setattr(os, "unlink", after(0, os.open, READ_ONLY))
    with pytest.raises(OSError, match="No space left"):
        folder.write("name", CONTENT)


def test_a_folder_that_goes_while_a_file_is_written_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, folder: Folder, path: Path
) -> None:
    def replace_too_late(draft: str, target: str) -> None:
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
        real_replace(draft, target)

    monkeypatch.setattr(os, "replace", replace_too_late)
    with pytest.raises(FileNotFoundError):
        folder.write("name", CONTENT)
    monkeypatch.undo()
    folder.write("name", CONTENT)
    assert folder.read("name") == CONTENT


# Ready or not


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("open", after(0, os.open, READ_ONLY)),
        ("open", after(0, os.open, FORBIDDEN)),
        ("write", after(0, os.write, FULL)),
        ("close", close_and_fail),
    ],
)
def test_a_folder_that_cannot_be_written_to_is_not_ready(
    monkeypatch: pytest.MonkeyPatch,
    folder: Folder,
    path: Path,
    name: str,
    function: Callable[..., int],
) -> None:
    with monkeypatch.context() as faults:
        faults.setattr(os, name, function)
        with pytest.raises(OSError):  # noqa: PT011 - which one is in the table
            folder.check()
    assert os.listdir(path) == ["name"]
    folder.check()
    assert os.listdir(path) == ["name"]


def test_a_file_in_the_place_of_the_folder_fails_each_time(tmp_path: Path) -> None:
    (tmp_path / "downloads").touch()
    store: Store = Folder(str(tmp_path / "downloads"))
    for action in (lambda: list(store.files()), store.check, lambda: store.write("name", CONTENT)):
        with pytest.raises(NotADirectoryError):
            action()
