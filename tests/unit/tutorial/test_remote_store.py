"""What only fsspec's drivers do. ``test_downloads`` has what every store must keep."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar
from uuid import uuid4

import pytest
from fsspec.config import conf  # type: ignore[import-untyped]  # as in the module
from fsspec.implementations.dirfs import DirFileSystem  # type: ignore[import-untyped]  # as in the module
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]  # as above

from tutorial import remote_store
from tutorial.errors import SettingsError
from tutorial.remote_store import RemoteStore, _file

CONTENT = b"whole"
NOW = time.time()


@pytest.fixture
def store() -> RemoteStore:
    return RemoteStore(f"memory://{uuid4()}")


@pytest.fixture
def by_drafts(tmp_path: Path) -> RemoteStore:
    """One whose driver does not write at once what is written; that it is a folder makes no difference here."""
    store = RemoteStore(tmp_path.as_uri())
    store.write("name", b"before")
    return store


def fail(error: Exception) -> Callable[..., None]:
    def failing(*_: object, **__: object) -> None:
        raise error

    return failing


def test_a_url_without_a_driver_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"^DOWNLOADS_URL .*\(nonsense\)"):
        RemoteStore("nonsense://user:password@host/path")


def test_a_driver_that_is_not_installed_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsspec.get_filesystem_class", fail(ImportError("Install s3fs")))
    with pytest.raises(SettingsError, match=r"^DOWNLOADS_URL .*Install s3fs"):
        RemoteStore("s3://bucket")


def test_no_listing_is_kept_in_which_the_files_of_other_workers_would_be_missing(
    store: RemoteStore,
) -> None:
    assert store._filesystem().fs.storage_options["use_listings_cache"] is False


def test_the_filesystem_is_made_on_first_use_and_again_after_a_fork(
    monkeypatch: pytest.MonkeyPatch, store: RemoteStore
) -> None:
    assert not store._filesystems
    store.write("name", CONTENT)
    store.read("name")
    (first,) = store._filesystems.values()
    # For this module alone: the threads of other tests ask for their process, too.
    monkeypatch.setattr("tutorial.remote_store.os", SimpleNamespace(getpid=lambda: -1))
    store.files()
    assert store._filesystems[-1].fs is not first.fs


def test_files_of_any_driver_have_a_name_a_size_and_an_age() -> None:
    then = datetime(2024, 2, 29, tzinfo=UTC)
    for entry in (
        {"name": "bucket/prefix/a.csv", "size": 7, "LastModified": then},
        {"name": "prefix/a.csv", "size": 7, "last_modified": then, "created": then + timedelta(1)},
        {"name": "/srv/a.csv", "size": 7, "mtime": then.timestamp(), "created": NOW},
        {"name": "a.csv", "size": 7, "created": then},
    ):
        assert _file(entry) == ("a.csv", 7, then.timestamp())


@pytest.mark.parametrize("told", [{}, {"mtime": None}, {"mtime": "yesterday"}, {"size": None}])
def test_what_a_driver_does_not_tell_is_no_age_and_no_size(told: dict[str, object]) -> None:
    assert _file({"name": "a.csv", **told}) == ("a.csv", 0, None)


def test_folders_are_no_files(store: RemoteStore) -> None:
    store.write("name", CONTENT)
    store.write("folder/name", CONTENT)
    assert [file.name for file in store.files()] == ["name"]


def test_a_failure_leaves_the_old_file_whole_and_no_draft(
    monkeypatch: pytest.MonkeyPatch, by_drafts: RemoteStore, tmp_path: Path
) -> None:
    def write_half(store: DirFileSystem, path: str, value: bytes) -> None:
        (tmp_path / path).write_bytes(value[: len(value) // 2])
        raise OSError("the line was cut")

    monkeypatch.setattr(DirFileSystem, "pipe_file", write_half)
    with pytest.raises(OSError, match="the line was cut"):
        by_drafts.write("name", CONTENT)
    monkeypatch.setattr(DirFileSystem, "rm_file", fail(OSError("and stays cut")))
    with pytest.raises(OSError, match="the line was cut"):
        by_drafts.write("name", CONTENT)
    assert by_drafts.read("name") == b"before"


def test_a_draft_is_renamed(by_drafts: RemoteStore) -> None:
    by_drafts.write("name", CONTENT)
    assert [(file.name, file.size) for file in by_drafts.files()] == [("name", len(CONTENT))]
    assert by_drafts.read("name") == CONTENT


def test_a_store_in_which_nothing_is_stored_yet_is_ready(store: RemoteStore) -> None:
    store.check()
    assert store.files() == []
    store.write("name", CONTENT)
    store.check()


def test_a_store_that_does_not_answer_is_not_ready(
    monkeypatch: pytest.MonkeyPatch, store: RemoteStore
) -> None:
    monkeypatch.setattr(MemoryFileSystem, "info", fail(TimeoutError("no network")))
    with pytest.raises(TimeoutError, match="no network"):
        store.check()


# Limits of S3. tests/cluster/test_silent_store.py holds them against the driver itself, and a store that is silent.


class S3(MemoryFileSystem):  # type: ignore[misc]  # as above
    """Has the name of the driver, and nothing else of it."""

    protocol: ClassVar[tuple[str, ...]] = ("s3", "s3a")


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, object]], RemoteStore]:
    """The store in S3 where an operator has set this for fsspec."""

    def store(configuration: dict[str, object]) -> RemoteStore:
        monkeypatch.setattr("fsspec.get_filesystem_class", lambda protocol: S3)
        monkeypatch.setitem(conf, "s3", configuration)
        return RemoteStore("s3://bucket/downloads")

    return store


OURS = {
    "connect_timeout": remote_store.CONNECT_TIMEOUT,
    "read_timeout": remote_store.READ_TIMEOUT,
    "retries": {"max_attempts": remote_store.RETRIES},
}
OF_OPERATORS: list[dict[str, object]] = [
    {},
    {"s3": {"addressing_style": "path"}},
    {"read_timeout": 60},
    {"connect_timeout": 0.5, "read_timeout": 1, "retries": {"mode": "standard"}},
]


@pytest.mark.parametrize("theirs", OF_OPERATORS)
def test_what_an_operator_sets_for_s3_stays_and_the_rest_is_ours(
    configured: Callable[[dict[str, object]], RemoteStore], theirs: dict[str, object]
) -> None:
    store = configured({"endpoint_url": "https://s3.example.org", "config_kwargs": theirs})
    limits = store._options["config_kwargs"]
    assert limits == {**OURS, **theirs}
    a_try = limits["connect_timeout"] + limits["read_timeout"]
    assert store._limits == {"timeout": remote_store.TRIES * a_try}


def test_a_call_has_time_for_two_tries_and_a_conversion_for_two_calls() -> None:
    a_try = remote_store.CONNECT_TIMEOUT + remote_store.READ_TIMEOUT
    assert remote_store.TRIES >= 2
    assert 2 * remote_store.TRIES * a_try < 30


@pytest.mark.parametrize(
    "wrong", ["text", 5, {"read_timeout": "5"}, {"connect_timeout": None}, {"read_timeout": []}]
)
def test_limits_that_cannot_be_meant_stop_the_start(
    configured: Callable[[dict[str, object]], RemoteStore], wrong: object
) -> None:
    with pytest.raises(SettingsError, match=r"^FSSPEC_S3 .*config_kwargs"):
        configured({"config_kwargs": wrong})


def test_other_drivers_keep_limits_of_their_own(store: RemoteStore) -> None:
    assert "config_kwargs" not in store._filesystem().fs.storage_options
    assert store._limits == {}
