"""Parsers: one upload through five libraries, each used as its documentation says.

Each reads a body of one part and hands on the bytes of the file as they come, in the pieces in which they come.
Nothing is stored, so what is measured is the parsing alone.
"""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, TypeAlias

import multipart
from falcon.media import MultipartFormHandler
from python_multipart import MultipartParser as PythonMultipartParser
from werkzeug.sansio import multipart as werkzeug

from wsgi_from_scratch.forms import READ_SIZE as OUR_READ_SIZE
from wsgi_from_scratch.multipart import MultipartParser

READ_SIZE = 64 * 1024
"""Bytes that are read at once: what Werkzeug and ``multipart`` read by themselves."""

Sink: TypeAlias = Callable[[bytes], object]
Parse: TypeAlias = Callable[[BytesIO, bytes, Sink], None]
"""Is given the body, its boundary, and what is to be done with each piece of the file."""


def from_scratch(body: BytesIO, boundary: bytes, sink: Sink, size: int = READ_SIZE) -> None:
    parser = MultipartParser(boundary, max_parts=1, max_memory=500_000)
    while chunk := body.read(size):
        for event in parser.feed(chunk):
            if isinstance(event, bytes):
                sink(event)
    parser.close()


def from_scratch_as_in_forms(body: BytesIO, boundary: bytes, sink: Sink) -> None:
    from_scratch(body, boundary, sink, OUR_READ_SIZE)


def by_werkzeug(body: BytesIO, boundary: bytes, sink: Sink) -> None:
    decoder = werkzeug.MultipartDecoder(boundary, max_parts=1)
    while True:
        event = decoder.next_event()
        match event:
            case werkzeug.NeedData():
                decoder.receive_data(body.read(READ_SIZE) or None)
            case werkzeug.Data(data=data):
                sink(data)
            case werkzeug.Epilogue():
                return


def by_multipart(body: BytesIO, boundary: bytes, sink: Sink) -> None:
    with multipart.PushMultipartParser(boundary) as parser:
        while chunk := body.read(READ_SIZE):
            for event in parser.parse(chunk):
                if isinstance(event, bytes):
                    sink(event)


def by_python_multipart(body: BytesIO, boundary: bytes, sink: Sink) -> None:
    def on_part_data(data: bytes, start: int, end: int) -> None:
        sink(data[start:end])

    callbacks: Any = {"on_part_data": on_part_data}
    parser = PythonMultipartParser(boundary, callbacks)
    while chunk := body.read(READ_SIZE):
        parser.write(chunk)
    parser.finalize()


def by_falcon(body: BytesIO, boundary: bytes, sink: Sink) -> None:
    content_type = f"multipart/form-data; boundary={boundary.decode()}"
    length = len(body.getbuffer())
    for part in MultipartFormHandler().deserialize(body, content_type, length):
        while piece := part.stream.read(READ_SIZE):
            sink(piece)


IN_FORMS = f"the same, {OUR_READ_SIZE // 1024} KiB"

PARSERS: Mapping[str, Parse] = {
    "from scratch": from_scratch,
    IN_FORMS: from_scratch_as_in_forms,
    "Werkzeug": by_werkzeug,
    "multipart": by_multipart,
    "python-multipart": by_python_multipart,
    "Falcon": by_falcon,
}
