"""Stores: where downloads are kept, as files with a name, each of them there whole or not at all.

A folder needs no library: a draft is written under a name of its own and then renamed, which takes four calls of
the operating system. Every other URL goes to fsspec, which is imported for it alone. Nothing is flushed to the disk:
whether the newest file survives a power failure is up to the file system.

Links and folders in a store are none of its files: they are not read, listed or deleted, and a link in the place of
a file is replaced itself, not what it leads to.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from stat import S_ISREG
from typing import NamedTuple, Protocol

DRAFT = re.compile(r"[0-9a-f]{32}\.draft")
"""Names of files that are being written, or that a killed worker has left behind."""

_FOLDER = re.compile(r"(?:file|local):(?!:)(?://)?|(?!.{2,}://)")
"""What stands before the path of a folder, as fsspec has it: one of two schemes, or none, with or without slashes.

Not ``file::``, which chains file systems; and a single letter before ``://`` is a drive of Windows."""

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)  # the last on Windows
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class File(NamedTuple):
    """What a store tells of a file: its size in bytes, and when it was written, in seconds since 1970."""

    name: str
    size: int
    modified: float | None
    """None if the store does not tell."""


class Store(Protocol):
    """Files by name. What is not there is a ``FileNotFoundError``; a store fails with errors of any kind."""

    def files(self) -> Iterable[File]:
        """All files, or none where nothing was stored yet."""

    def find(self, name: str) -> File: ...

    def read(self, name: str) -> bytes: ...

    def write(self, name: str, content: bytes) -> None:
        """Store the content in place of what had that name; nobody ever sees a part of it."""

    def delete(self, name: str) -> None: ...

    def check(self) -> None:
        """Raise an error if the store does not answer, or a folder cannot be written to."""


def store_at(url: str) -> Store:
    """The store at a path or URL; raises ``SettingsError`` if nothing is installed that knows the scheme."""
    if folder := _FOLDER.match(url):
        return Folder(url[folder.end() :])
    # Imported here, as it imports fsspec, which a folder can do without.
    from .remote_store import RemoteStore

    return RemoteStore(url)


def draft_name() -> str:
    """A name that no other thread, process or host has, as ``DRAFT`` describes it."""
    return f"{os.urandom(16).hex()}.draft"


class Folder:
    """A folder, which is made when something is stored in it, and made again should it have gone."""

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(os.path.expanduser(path))
        self._prefix = os.path.join(self._path, "")

    def files(self) -> Iterator[File]:
        try:
            names = os.listdir(self._path)
        except FileNotFoundError:
            return
        for name in names:
            with suppress(FileNotFoundError):  # no file, or another worker has just deleted it
                yield self.find(name)

    def find(self, name: str) -> File:
        status = os.lstat(self._prefix + name)
        if not S_ISREG(status.st_mode):
            raise FileNotFoundError(f"{name} is no file")
        return File(name, status.st_size, status.st_mtime)

    def read(self, name: str) -> bytes:
        with open(os.open(self._prefix + name, _READ), "rb") as file:
            return file.read()

    def write(self, name: str, content: bytes) -> None:
        draft = self._prefix + draft_name()
        descriptor = self._create(draft)
        try:
            _fill(descriptor, content)
            os.replace(draft, self._prefix + name)
        except BaseException:
            # The first failure is the one to tell; age deletes the draft later.
            with suppress(OSError):
                os.unlink(draft)
            raise

    def delete(self, name: str) -> None:
        os.unlink(self._prefix + name)

    def check(self) -> None:
        """Write a byte, as permissions do not tell of a full disk."""
        draft = self._prefix + draft_name()
        descriptor = self._create(draft)
        try:
            _fill(descriptor, b"?")
        finally:
            os.unlink(draft)

    def _create(self, path: str) -> int:
        try:
            return os.open(path, _CREATE, 0o666)
        except FileNotFoundError:
            os.makedirs(self._path, exist_ok=True)
            return os.open(path, _CREATE, 0o666)


def _fill(descriptor: int, content: bytes) -> None:
    """Write the content and close, which may fail as well: then the descriptor is gone all the same."""
    try:
        left = memoryview(content)
        while left:  # a nearly full disk takes a part, and the next call tells why
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)
