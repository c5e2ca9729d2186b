"""Spreadsheets: what a visitor uploads, shown or turned into CSV.

A view says ``spreadsheets.show(request.files.get("file"), request.mimetype)`` and gets text or a table, or
``spreadsheets.to_csv(...)`` and gets bytes. Everything that can be wrong is a ``Refusal`` with its
sentence. Text is read here; a workbook is handed to a child process.
"""

from threading import Lock
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

from markupsafe import Markup

from .errors import Refusal
from .plain_text import decode
from .settings import Settings
from .signatures import HEAD, Kind, kind_of
from .tables import find_table, to_csv, to_html

if TYPE_CHECKING:
    from .conversion import Conversion

FORM = "multipart/form-data"


class Upload(Protocol):
    """What is asked of an uploaded file; it is false if no file was chosen. Werkzeug's and ours have it."""

    @property
    def stream(self) -> IO[bytes]: ...

    def __bool__(self) -> bool: ...


class Content(NamedTuple):
    """What an uploaded file holds: either a ``table`` in HTML, escaped and safe, or ``text``, which is neither.

    ``note`` is a sentence for the reader, or empty.
    """

    text: str = ""
    table: Markup = Markup("")
    note: str = ""


class Spreadsheets:
    """Reads uploads within the limits of ``settings``. Starts child processes when the first workbook comes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._conversion: Conversion | None = None

    def show(self, upload: Upload | None, mimetype: str = FORM) -> Content:
        """The content of ``upload``, which is None if the request of type ``mimetype`` has no such field.

        Raises ``Refusal``.
        """
        data = _received(upload, mimetype)
        kind = kind_of(data[:HEAD])
        if kind is not Kind.TEXT:
            table, note = self._current_conversion().run(data, kind, to_html)
            return Content(table=Markup(table.decode()), note=note)
        text = decode(data)
        rows = find_table(text, self._settings.max_cells)
        if rows is None:
            return Content(text=text)
        return Content(table=Markup(to_html(rows, self._settings.max_table_size).decode()))

    def to_csv(self, upload: Upload | None, mimetype: str = FORM) -> bytes:
        """The table in ``upload`` as CSV: the first sheet of a workbook, or a table that is text already.

        Raises ``Refusal``.
        """
        data = _received(upload, mimetype)
        kind = kind_of(data[:HEAD])
        if kind is not Kind.TEXT:
            return self._current_conversion().run(data, kind, to_csv)[0]
        rows = find_table(decode(data), self._settings.max_cells)
        if rows is None:
            raise Refusal(
                "There is no table in this text; please upload a workbook, or lines whose fields are"
                " separated by commas, semicolons or tabs.",
                code=415,
            )
        return to_csv(rows, self._settings.max_table_size)

    def preload(self) -> None:
        """Get ready for the first workbook, without waiting for it: for a process that serves and will not fork."""
        self._current_conversion().preload()

    def close(self) -> None:
        """End the child processes; the next workbook starts others."""
        if self._conversion is not None:
            self._conversion.close()

    def _current_conversion(self) -> "Conversion":
        with self._lock:
            if self._conversion is None:
                # Not before there is a workbook, as it imports Pebble and multiprocessing
                from .conversion import Conversion

                self._conversion = Conversion(self._settings)
            return self._conversion


def _received(upload: Upload | None, mimetype: str) -> bytes:
    if upload is None and mimetype != FORM:
        raise Refusal(
            f"The form was not sent as {FORM}, so no file came with it; the form needs that enctype.",
            code=415,
        )
    if upload is None:
        raise Refusal("The form has no file in a field named “file”; please send one.")
    if not upload:
        raise Refusal("No file was chosen; please choose one and send the form again.")
    data = upload.stream.read()
    if not data:
        raise Refusal("This file is empty; please choose another.")
    return data
