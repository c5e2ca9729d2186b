"""Conversion: a workbook goes to a child process in a temporary folder, and text comes back.

This is what the process that serves imports when its first workbook comes, and not before: Pebble and
multiprocessing are more than the rest of the application.

A process that is killed cannot delete its folder. The next conversion on that host deletes it once it is an hour old,
so that no upload stays for good. Files without a name would need no such care, but a child could reach them on Linux
alone, and not even there when the server has changed its user: the kernel then hides the descriptors of the process.
"""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR

from .children import ATTEMPTS, PATIENCE, Children
from .errors import Refusal
from .settings import Settings
from .signatures import Kind
from .tables import Rows
from .workbooks import Limits, convert

PREFIX = "tutorial-workbook-"

LEFT_BEHIND = 3_600
"""Seconds for which a folder may be without a change, on top of what its task may wait and run."""

logger = logging.getLogger(__name__)


class Conversion:
    """Converts workbooks within the limits of ``settings``. Starts child processes when the first one comes."""

    def __init__(self, settings: Settings) -> None:
        self._left_behind = LEFT_BEHIND + ATTEMPTS * PATIENCE * settings.conversion_timeout
        self._limits = Limits(
            settings.max_unpacked_size, settings.max_cells, settings.max_table_size
        )
        self._children = Children(
            seconds=settings.conversion_timeout, memory=settings.conversion_memory
        )

    def run(
        self, data: bytes, kind: Kind, write: Callable[[Rows, int], bytes]
    ) -> tuple[bytes, str]:
        """What ``write`` makes of the first sheet, in UTF-8, and a sentence on the others; raises ``Refusal``."""
        with suppress(OSError):  # what cannot be deleted is no reason not to convert
            delete_left_behind(self._left_behind)
        try:
            # A child that has just been told to end may still write: what it leaves is deleted later.
            with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
                source, target = Path(folder, f"source{kind.value}"), Path(folder, "target")
                source.write_bytes(data)
                note = self._children.run(convert, source, target, write, self._limits)
                return target.read_bytes(), note
        except OSError as error:
            logger.exception("no room for a temporary file")
            raise Refusal(
                "The server has no room for this file just now; please try again later.", code=503
            ) from error

    def preload(self) -> None:
        """Load pandas where the child processes will be forked from, without waiting for it."""
        self._children.preload()

    def close(self) -> None:
        """End the child processes; the next workbook starts others."""
        self._children.close()


def delete_left_behind(age: float) -> None:
    """Delete this user's temporary folders that nothing has changed for so many seconds; raises ``OSError``."""
    with os.scandir(tempfile.gettempdir()) as entries:
        folders = [entry.path for entry in entries if entry.name.startswith(PREFIX)]
    for folder in folders:
        status = os.lstat(folder)
        # On Windows, each user has a temporary directory of his own.
        is_ours = S_ISDIR(status.st_mode) and (os.name == "nt" or status.st_uid == os.geteuid())
        if is_ours and time.time() - status.st_mtime > age:
            shutil.rmtree(folder, ignore_errors=True)
