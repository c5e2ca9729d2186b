"""The folders of conversions that were cut off. What comes out of a conversion is in ``test_spreadsheets``."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.scripts import run_script
from tutorial.children import ATTEMPTS, PATIENCE, Children
from tutorial.conversion import LEFT_BEHIND, PREFIX, Conversion, delete_left_behind
from tutorial.errors import Refusal
from tutorial.settings import Settings
from tutorial.signatures import Kind
from tutorial.tables import to_csv
from tutorial.workbooks import Limits

SETTINGS = Settings(secret_key="a key for tests", conversion_timeout=10.0)

KILLED = """
import os, signal
from unittest import mock
from tutorial.children import Children
from tutorial.conversion import Conversion
from tutorial.settings import Settings
from tutorial.signatures import Kind
from tutorial.tables import to_csv

def run(self, *task):
    os.kill(os.getpid(), signal.SIGKILL)

with mock.patch.object(Children, "run", run):
    Conversion(Settings(secret_key="a key for tests")).run(b"an upload", Kind.OLD_WORKBOOK, to_csv)
"""


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder for temporary files of this process."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def make_folder(parent: Path, name: str, age: float) -> Path:
    folder = parent / name
    folder.mkdir()
    (folder / "source.xlsx").write_bytes(b"an upload")
    then = time.time() - age
    os.utime(folder, (then, then))
    return folder


def convert_nothing(settings: Settings = SETTINGS) -> None:
    """A conversion that is refused by the child process."""
    conversion = Conversion(settings)
    with pytest.raises(Refusal):
        conversion.run(b"PK\x03\x04", Kind.NEW_WORKBOOK, to_csv)
    conversion.close()


def test_what_a_killed_process_leaves_is_deleted_an_hour_later(temporary: Path) -> None:
    killed = run_script(KILLED, TMPDIR=str(temporary))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (folder,) = temporary.glob(f"{PREFIX}*")
    assert (folder / "source.xls").read_bytes() == b"an upload"
    convert_nothing()
    assert list(temporary.glob(f"{PREFIX}*")) == [folder]
    then = time.time() - LEFT_BEHIND - 120
    os.utime(folder, (then, then))
    convert_nothing()
    assert list(temporary.glob(f"{PREFIX}*")) == []


def test_only_old_folders_of_this_kind_are_deleted(
    monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    deleted = []
    rmtree = shutil.rmtree

    def delete(path: str, ignore_errors: bool = False) -> None:
        deleted.append(path)
        rmtree(path, ignore_errors)

    monkeypatch.setattr("shutil.rmtree", delete)
    old = make_folder(temporary, f"{PREFIX}old", LEFT_BEHIND + 60)
    fresh = make_folder(temporary, f"{PREFIX}fresh", LEFT_BEHIND - 60)
    foreign = make_folder(temporary, "workbook-old", LEFT_BEHIND + 60)
    link = temporary / f"{PREFIX}link"
    link.symlink_to(foreign)
    file = temporary / f"{PREFIX}file"
    file.touch()
    for path in (link, file):
        os.utime(path, (0, 0), follow_symlinks=False)
    delete_left_behind(LEFT_BEHIND)
    assert deleted == [str(old)]
    assert set(temporary.iterdir()) == {fresh, foreign, link, file}
    assert (foreign / "source.xlsx").exists()


def test_the_folder_of_another_user_is_not_touched(
    monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    folder = make_folder(temporary, f"{PREFIX}old", LEFT_BEHIND + 60)
    monkeypatch.setattr("os.geteuid", lambda: folder.stat().st_uid + 1)
    delete_left_behind(LEFT_BEHIND)
    assert folder.exists()


def test_a_refusal_is_told_also_where_a_child_still_writes(
    monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    def not_empty(path: object, **_: object) -> None:
        raise OSError(39, "Directory not empty")

    conversion = Conversion(SETTINGS)
    monkeypatch.setattr("os.rmdir", not_empty)
    with pytest.raises(Refusal, match="damaged"):
        conversion.run(b"PK\x03\x04", Kind.NEW_WORKBOOK, to_csv)
    conversion.close()


def test_the_folder_of_a_task_that_may_take_hours_is_in_use_as_long(temporary: Path) -> None:
    hours = ATTEMPTS * PATIENCE * 3_600
    folder = make_folder(temporary, f"{PREFIX}slow", LEFT_BEHIND + hours - 60)
    convert_nothing(Settings(secret_key="a key for tests", conversion_timeout=3_600.0))
    assert folder.exists()


def test_what_cannot_be_deleted_is_no_reason_not_to_convert(
    monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    def forbidden(_: float) -> None:
        raise PermissionError

    monkeypatch.setattr("tutorial.conversion.delete_left_behind", forbidden)
    conversion = Conversion(SETTINGS)
    with pytest.raises(Refusal, match="damaged"):
        conversion.run(b"PK\x03\x04", Kind.NEW_WORKBOOK, to_csv)
    conversion.close()


def test_a_folder_that_cannot_be_deleted_does_not_keep_the_others(
    monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    folders = {make_folder(temporary, f"{PREFIX}{name}", LEFT_BEHIND + 60) for name in "ab"}
    tried = set()

    def forbidden(path: str, **_: object) -> None:
        tried.add(Path(path))
        raise PermissionError

    monkeypatch.setattr("os.rmdir", forbidden)
    delete_left_behind(LEFT_BEHIND)
    assert tried == folders


def test_each_limit_is_that_of_its_setting() -> None:
    conversion = Conversion(
        Settings(
            secret_key="a key for tests",
            max_unpacked_size=1,
            max_cells=2,
            max_table_size=3,
            conversion_timeout=4.0,
            conversion_memory=5,
        )
    )
    assert conversion._limits == Limits(max_unpacked_size=1, max_cells=2, max_table_size=3)
    children = conversion._children
    assert (children._seconds, children._memory) == (4.0, 5)


def test_the_children_are_preloaded_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    for name in ("preload", "close"):
        monkeypatch.setattr(Children, name, lambda _, name=name: called.append(name))
    conversion = Conversion(SETTINGS)
    conversion.preload()
    conversion.close()
    assert called == ["preload", "close"]


def test_the_log_says_why_there_is_no_room(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Children, "run", full)
    with pytest.raises(Refusal, match="no room for this file") as caught:
        Conversion(SETTINGS).run(b"PK\x03\x04", Kind.NEW_WORKBOOK, to_csv)
    assert caught.value.code == 503
    assert "No space left on device" in caplog.text
