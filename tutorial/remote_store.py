"""Remote stores: files at any URL for which fsspec has a driver, so that several hosts can share them.

The filesystem object is made on first use in each process, since those of object stores do not survive a fork.
"""

import os
from contextlib import suppress
from datetime import datetime

import fsspec  # type: ignore[import-untyped]  # fsspec has no annotations
from fsspec.core import split_protocol  # type: ignore[import-untyped]  # as above
from fsspec.implementations.dirfs import DirFileSystem  # type: ignore[import-untyped]  # as above

from .errors import SettingsError
from .stores import File, draft_name

_WHOLE_AT_ONCE = {"memory", "s3", "s3a", "gs", "gcs", "az", "abfs", "adl", "oss", "oci"}
"""Stores whose single write is atomic. Others get a draft, which is renamed."""

_MODIFIED = ("LastModified", "last_modified", "mtime", "created")
"""Where S3, Azure, SFTP and memory say when a file was written, as a time or as seconds since 1970."""


class RemoteStore:
    """The ``Store`` at ``url``; raises ``SettingsError`` if there is no driver for it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._protocol = split_protocol(url)[0]
        self._filesystems: dict[int, DirFileSystem] = {}  # by process
        try:
            fsspec.get_filesystem_class(self._protocol)
        except (ValueError, ImportError) as error:
            raise SettingsError(
                f"DOWNLOADS_URL has a scheme ({self._protocol}) that cannot be used here: {error}"
            ) from error

    def files(self) -> list[File]:
        try:
            entries = self._filesystem().ls("", detail=True)
        except FileNotFoundError:
            return []
        return [_file(entry) for entry in entries if entry.get("type") != "directory"]

    def find(self, name: str) -> File:
        return _file(self._filesystem().info(name))

    def read(self, name: str) -> bytes:
        content: bytes = self._filesystem().cat_file(name)
        return content

    def write(self, name: str, content: bytes) -> None:
        filesystem = self._filesystem()
        if self._protocol in _WHOLE_AT_ONCE:
            filesystem.pipe_file(name, content)
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
        self._filesystem().rm_file(name)

    def check(self) -> None:
        """Ask for the folder itself, of which drivers look up one entry; that it is empty is an answer, too.

        A bucket that does not exist cannot be told from that.
        """
        with suppress(FileNotFoundError):
            self._filesystem().info("")

    def _filesystem(self) -> DirFileSystem:
        filesystem = self._filesystems.get(os.getpid())
        if filesystem is None:
            # A kept listing would not show what other workers have stored since
            options = {"use_listings_cache": False, "skip_instance_cache": True}
            whole, path = fsspec.url_to_fs(self._url, **options)
            filesystem = self._filesystems[os.getpid()] = DirFileSystem(path=path, fs=whole)
        return filesystem


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
