import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tutorial.errors import SettingsError
from tutorial.secret_key import kept_secret_key


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "instance" / "secret_key"
    key = kept_secret_key(path)
    assert re.fullmatch("[0-9a-f]{64}", key)
    assert kept_secret_key(path) == key


def test_the_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    before = os.umask(0)
    try:
        kept_secret_key(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_workers_that_start_together_agree_on_one_key_and_leave_no_drafts(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    barrier = Barrier(16)

    def start(_: int) -> str:
        barrier.wait()
        return kept_secret_key(path)

    with ThreadPoolExecutor(16) as workers:
        keys = set(workers.map(start, range(16)))
    assert len(keys) == 1
    assert os.listdir(tmp_path) == ["secret_key"]


def test_a_key_of_ones_own_is_taken_without_the_line_end(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.write_text("1234567890\n")
    path.chmod(0o400)
    assert kept_secret_key(path) == "1234567890"


@pytest.mark.parametrize(
    ("content", "mode", "advice"),
    [
        (b"", 0o600, "delete the file"),
        (b" \n", 0o600, "delete the file"),
        (b"\xff\xfe", 0o600, "delete the file"),
        (b"a key", 0o644, "chmod 600"),
        (b"a key", 0o640, "chmod 600"),
    ],
)
def test_a_file_that_keeps_no_secret_stops_the_start(
    tmp_path: Path, content: bytes, mode: int, advice: str
) -> None:
    path = tmp_path / "secret_key"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(SettingsError, match=rf"^SECRET_KEY .*{advice}"):
        kept_secret_key(path)


def test_a_folder_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"^SECRET_KEY .*INSTANCE_PATH"):
        kept_secret_key(tmp_path / "file" / "secret_key")


def test_a_directory_in_the_place_of_the_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "secret_key").mkdir()
    with pytest.raises(SettingsError, match=r"^SECRET_KEY "):
        kept_secret_key(tmp_path / "secret_key")


def test_a_link_to_nothing_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "secret_key").symlink_to(tmp_path / "absent")
    with pytest.raises(SettingsError, match=r"^SECRET_KEY "):
        kept_secret_key(tmp_path / "secret_key")


def test_folders_that_are_not_there_yet_are_made(tmp_path: Path) -> None:
    assert kept_secret_key(tmp_path / "a" / "b" / "key")


def test_what_kept_the_key_from_being_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        with pytest.raises(SettingsError, match="Permission denied"):
            kept_secret_key(tmp_path / "key")
