"""Downloads: the store of converted files, and of the one message that the JSON button leaves.

The store is a folder, or whatever else fsspec has a URL for, so that several hosts can share it. A file is
there whole or not at all. Its name is a UUID that nobody can guess, and no other name reaches the
store: neither the message, nor a path. Files expire by age, and an expired one is deleted on somebody's
next conversion; a fresh one is never touched.

The filesystem object is made on first use in each process, since those of object stores do not survive a fork.
"""

import io
import logging
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import fsspec  # type: ignore[import-untyped]  # fsspec has no annotations
from fsspec.core import split_protocol  # type: ignore[import-untyped]  # as above
from fsspec.implementations.dirfs import DirFileSystem  # type: ignore[import-untyped]  # as above

from .errors import Refusal, SettingsError

MESSAGE = "js_post_data.txt"

_UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_CSV = re.compile(_UUID4 + r"\.csv")
_EXPIRING = re.compile(_UUID4 + r"\.(csv|draft)")

_FOLDERS = {"file", "local"}
_WHOLE_AT_ONCE = {"memory", "s3", "s3a", "gs", "gcs", "az", "abfs", "adl", "oss", "oci"}
"""Stores whose single write is atomic. Others get a draft, which is renamed."""

_MODIFIED = ("LastModified", "last_modified", "mtime", "created")
"""Where S3, Azure, folders and memory say when a file was written, as a time or as seconds since 1970."""

logger = logging.getLogger(__name__)


class Downloads:
    """The store at ``url``, whose files can be read for ``max_age`` seconds.

    Raises ``SettingsError`` if there is no driver for the URL. Each method raises ``Refusal`` (503) if
    the store fails.
    """

    def __init__(self, url: str, max_age: int) -> None:
        self._url = url
        self._max_age = max_age
        self._protocol = split_protocol(url)[0] or "file"
        self._stores: dict[int, DirFileSystem] = {}  # by process
        try:
            fsspec.get_filesystem_class(self._protocol)
        except (ValueError, ImportError) as error:
            raise SettingsError(
                f"DOWNLOADS_URL has a scheme ({self._protocol}) that cannot be used here: {error}"
            ) from error

    def save_csv(self, content: bytes) -> str:
        """Keep the content under a new name, which is given back; delete what has expired."""
        name = f"{uuid.uuid4()}.csv"
        with self._store() as store:
            self._delete_expired(store)
            self._write(store, name, content)
        return name

    def read_csv(self, name: str) -> bytes | None:
        """What was saved under ``name``; None if it has expired, or never was."""
        if not _CSV.fullmatch(name):
            return None
        with self._store() as store:
            try:
                if self._has_expired(store.info(name)):
                    return None
                content: bytes = store.cat_file(name)
            except FileNotFoundError:
                return None
        return content

    def open_csv(self, name: str) -> io.BytesIO | None:
        """As ``read_csv``, for a framework that sends open files."""
        content = self.read_csv(name)
        return None if content is None else io.BytesIO(content)

    def save_message(self, text: str) -> None:
        """Keep the text in place of the last one; of two at once, either stays, whole."""
        try:
            content = text.encode()
        except UnicodeEncodeError as error:
            raise Refusal(
                "The message holds half a character (a lone surrogate), which cannot be stored."
            ) from error
        with self._store() as store:
            self._write(store, MESSAGE, content)

    @contextmanager
    def _store(self) -> Iterator[DirFileSystem]:
        try:
            store = self._stores.get(os.getpid())
            if store is None:
                store = self._stores[os.getpid()] = self._connect()
            yield store
        except Exception as error:  # each driver brings its own kinds, and not all are OSErrors
            logger.exception("the store of downloads failed")
            raise Refusal(
                "Files cannot be stored or fetched just now; please try again in a moment.",
                code=503,
            ) from error

    def _connect(self) -> DirFileSystem:
        # A kept listing would not show what other workers have stored since
        options = {"use_listings_cache": False, "skip_instance_cache": True}
        if self._protocol in _FOLDERS:
            options["auto_mkdir"] = True
        filesystem, path = fsspec.url_to_fs(self._url, **options)
        return DirFileSystem(path=path, fs=filesystem)

    def _write(self, store: DirFileSystem, name: str, content: bytes) -> None:
        if self._protocol in _WHOLE_AT_ONCE:
            store.pipe_file(name, content)
            return
        draft = f"{uuid.uuid4()}.draft"
        try:
            store.pipe_file(draft, content)
            store.mv(draft, name)
        except BaseException:
            # The first failure is the one to tell; age deletes the draft later
            with suppress(Exception):
                store.rm_file(draft)
            raise

    def _delete_expired(self, store: DirFileSystem) -> None:
        try:
            entries = store.ls("", detail=True)
        except FileNotFoundError:  # no folder yet, or another worker deletes at this moment
            return
        for entry in entries:
            name = entry["name"].rpartition("/")[2]
            if not _EXPIRING.fullmatch(name) or not self._has_expired(entry):
                continue
            try:
                store.rm_file(name)
            except FileNotFoundError:  # another worker was faster
                pass
            except Exception:  # a file that cannot be deleted is no reason not to store another
                logger.warning("an expired file cannot be deleted", exc_info=True)

    def _has_expired(self, entry: Mapping[str, object]) -> bool:
        modified = next((entry[key] for key in _MODIFIED if key in entry), None)
        match modified:
            case datetime():
                age = datetime.now(UTC).timestamp() - modified.timestamp()
            case int() | float():
                age = datetime.now(UTC).timestamp() - modified
            case _:  # then the store has to do it, by a rule of its own
                return False
        return age > self._max_age
