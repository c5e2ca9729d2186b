"""The folders of conversions that were cut off. What comes out of a conversion is in ``test_spreadsheets``."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.scripts import run_script
from tutorial.conversion import LEFT_BEHIND, PREFIX, Conversion, delete_left_behind
from tutorial.errors import Refusal
from tutorial.settings import Settings
from tutorial.signatures import Kind
from tutorial.tables import to_csv

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


def test_only_old_folders_of_this_kind_are_deleted(temporary: Path) -> None:
    make_folder(temporary, f"{PREFIX}old", LEFT_BEHIND + 60)
    fresh = make_folder(temporary, f"{PREFIX}fresh", LEFT_BEHIND - 60)
    foreign = make_folder(temporary, "workbook-old", LEFT_BEHIND + 60)
    link = temporary / f"{PREFIX}link"
    link.symlink_to(foreign)
    file = temporary / f"{PREFIX}file"
    file.touch()
    for path in (link, file):
        os.utime(path, (0, 0), follow_symlinks=False)
    delete_left_behind(LEFT_BEHIND)
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
    folder = make_folder(temporary, f"{PREFIX}slow", LEFT_BEHIND + 60)
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
