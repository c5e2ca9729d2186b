"""Downloads: the converted files that are kept for a while, and the one message that the JSON button leaves.

A file is there whole or not at all. Its name is a UUID that nobody can guess, and no other name reaches the store:
neither the message, nor a path. Files expire by age, and an expired one is deleted on somebody's next conversion; a
fresh one is never touched, so that beyond a total size nothing more is kept until some have expired.
"""

import io
import logging
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import Refusal
from .settings import Settings
from .stores import DRAFT, File, store_at

MESSAGE = "js_post_data.txt"

logger = logging.getLogger(__name__)

_CSV = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.csv")


@contextmanager
def _failure_refused() -> Iterator[None]:
    """A block in which whatever becomes of the store is a ``Refusal``."""
    try:
        yield
    except Refusal:
        raise
    except Exception as error:
        # Each driver brings its own kinds of errors, and not all are OSErrors.
        logger.exception("the store of downloads failed")
        raise Refusal(
            "Files cannot be stored or fetched just now; please try again in a moment.", code=503
        ) from error


class Downloads:
    """The store that the settings name, and what may be in it; made once for an application.

    Raises ``SettingsError`` if nothing can open its URL. Each method raises ``Refusal`` (503) if the store fails.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = store_at(settings.downloads_url)

    def save_csv(self, content: bytes) -> str:
        """Keep the content under a new name, which is given back; delete what has expired.

        Workers that save at the same time do not see each other's file, so each may pass the limits by one.
        """
        name = f"{uuid.uuid4()}.csv"
        with _failure_refused():
            self._make_room(len(content))
            self._store.write(name, content)
        return name

    def read_csv(self, name: str) -> bytes | None:
        """What was saved under ``name``; None if it has expired, or never was."""
        if not _CSV.fullmatch(name):
            return None
        with _failure_refused():
            try:
                return None if self._has_expired(self._store.find(name)) else self._store.read(name)
            except FileNotFoundError:
                return None

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
        with _failure_refused():
            self._store.write(MESSAGE, content)

    def ready(self) -> None:
        """Raise ``Refusal`` if nothing can be stored; the answer costs one small file, or one look at a URL."""
        with _failure_refused():
            self._store.check()

    def _make_room(self, size: int) -> None:
        files = stored = 0
        for file in self._store.files():
            if not _CSV.fullmatch(file.name) and not DRAFT.fullmatch(file.name):
                continue
            if not self._has_expired(file) or not self._delete(file):
                files += 1
                stored += file.size
        settings = self._settings
        if stored + size > settings.max_downloads_size or files >= settings.max_downloads:
            logger.warning("%d downloads of %d bytes leave no room for %d", files, stored, size)
            raise Refusal(
                "There is no room to keep another converted file just now; please try again later,"
                " or take the conversion that sends the file at once.",
                code=503,
            )

    def _delete(self, file: File) -> bool:
        try:
            self._store.delete(file.name)
        except FileNotFoundError:  # another worker was faster
            pass
        except TimeoutError:  # a store that has fallen silent will not take the next file either
            raise
        except Exception:  # a file that cannot be deleted is no reason not to store another
            logger.warning("an expired file cannot be deleted", exc_info=True)
            return False
        return True

    def _has_expired(self, file: File) -> bool:
        # A store that does not tell the age has to delete by a rule of its own
        max_age = self._settings.downloads_max_age
        return file.modified is not None and time.time() - file.modified > max_age
