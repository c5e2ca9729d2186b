"""Remote stores: files at any URL for which fsspec has a driver, so that several hosts can share them.

The filesystem object is made on first use in each process, since those of object stores do not survive a fork.
"""

import os
from contextlib import suppress
from datetime import datetime
from typing import Any

import fsspec  # type: ignore[import-untyped]  # fsspec has no annotations
from fsspec.config import apply_config  # type: ignore[import-untyped]  # as above
from fsspec.core import split_protocol  # type: ignore[import-untyped]  # as above
from fsspec.implementations.dirfs import DirFileSystem  # type: ignore[import-untyped]  # as above

from .errors import SettingsError
from .stores import File, draft_name

_WHOLE_AT_ONCE = {"memory", "s3", "s3a", "gs", "gcs", "az", "abfs", "adl", "oss", "oci"}
"""Stores whose single write is atomic. Others get a draft, which is renamed."""

_S3 = {"s3", "s3a"}
"""The stores that the limits below are for. Other drivers have names of their own for theirs, and keep them."""

_MODIFIED = ("LastModified", "last_modified", "mtime", "created")
"""Where S3, Azure, SFTP and memory say when a file was written, as a time or as seconds since 1970."""

CONNECT_TIMEOUT = 2
"""Seconds that S3 has to take a connection, which asks for one round trip and nothing else; s3fs has 5."""

READ_TIMEOUT = 5
"""Seconds for which S3 may say nothing, from the last byte that it was sent: it may have a large file to write before
it answers. s3fs has 15."""

RETRIES = 1
"""How often botocore asks again, as S3 wants it after a 500 or a 503. With its own default of 4, a store that refuses
connections, which is known at once, holds a thread for seconds as well."""

TRIES = 2
"""How many tries that end in silence one call may last: a connection that was kept may have died unnoticed, and then
the second one helps. This ends what the others do not: a name that nobody looks up, an answer of single bytes, and
the five tries of s3fs itself. A listing and the largest file are to fit into it with a slow store, and both together
into the half minute that a visitor is made to wait."""


class RemoteStore:
    """The ``Store`` at ``url``; raises ``SettingsError`` if there is no driver for it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._protocol = split_protocol(url)[0]
        self._filesystems: dict[int, DirFileSystem] = {}  # by process
        try:
            driver = fsspec.get_filesystem_class(self._protocol)
        except (ValueError, ImportError) as error:
            raise SettingsError(
                f"DOWNLOADS_URL has a scheme ({self._protocol}) that cannot be used here: {error}"
            ) from error
        # A kept listing would not show what other workers have stored since.
        self._options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
        self._limits: dict[str, float] = {}  # of a call
        if self._protocol in _S3:
            self._options["config_kwargs"], self._limits["timeout"] = _s3_limits(driver)

    def files(self) -> list[File]:
        try:
            entries = self._filesystem().ls("", detail=True, **self._limits)
        except FileNotFoundError:
            return []
        return [_file(entry) for entry in entries if entry.get("type") != "directory"]

    def find(self, name: str) -> File:
        return _file(self._filesystem().info(name, **self._limits))

    def read(self, name: str) -> bytes:
        content: bytes = self._filesystem().cat_file(name, **self._limits)
        return content

    def write(self, name: str, content: bytes) -> None:
        filesystem = self._filesystem()
        if self._protocol in _WHOLE_AT_ONCE:
            filesystem.pipe_file(name, content, **self._limits)
            return
        draft = draft_name()
        try:
            filesystem.pipe_file(draft, content)
            filesystem.mv(draft, name)
        except BaseException:
            with suppress(Exception):  # the first failure is the one to tell
                filesystem.rm_file(draft)
            raise

    def delete(self, name: str) -> None:
        self._filesystem().rm_file(name, **self._limits)

    def check(self) -> None:
        """Ask for the folder itself, of which drivers look up one entry; that it is empty is an answer, too.

        A bucket that does not exist cannot be told from that.
        """
        with suppress(FileNotFoundError):
            self._filesystem().info("", **self._limits)

    def _filesystem(self) -> DirFileSystem:
        filesystem = self._filesystems.get(os.getpid())
        if filesystem is None:
            whole, path = fsspec.url_to_fs(self._url, **self._options)
            filesystem = self._filesystems[os.getpid()] = DirFileSystem(path=path, fs=whole)
        return filesystem


def _s3_limits(driver: object) -> tuple[dict[str, Any], float]:
    """What s3fs hands to botocore, and the seconds after which fsspec gives up a call.

    What an operator has set for fsspec (``FSSPEC_S3``) stays; raises ``SettingsError`` if that cannot be meant.
    """
    limits: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT,
        "read_timeout": READ_TIMEOUT,
        "retries": {"max_attempts": RETRIES},
    }
    try:
        limits |= apply_config(driver, {}).get("config_kwargs", {})
        # sum() takes numbers alone; texts would be joined, and repeated.
        return limits, TRIES * sum((limits["connect_timeout"], limits["read_timeout"]))
    except (TypeError, ValueError) as error:
        raise SettingsError(
            "FSSPEC_S3 must have an object under config_kwargs, and numbers of seconds"
            f" under connect_timeout and read_timeout: {error}"
        ) from error


def _file(entry: dict[str, object]) -> File:
    size = entry.get("size")
    modified = next((entry[key] for key in _MODIFIED if key in entry), None)
    if isinstance(modified, datetime):
        modified = modified.timestamp()
    return File(
        name=str(entry["name"]).rpartition("/")[2],
        size=size if isinstance(size, int) else 0,
        modified=modified if isinstance(modified, int | float) else None,
    )
