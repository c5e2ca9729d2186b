"""Forms and files, beside Werkzeug's."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage
from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.exceptions import RequestEntityTooLarge as WerkzeugTooLarge
from werkzeug.formparser import FormDataParser

from wsgi_from_scratch.errors import RequestEntityTooLarge
from wsgi_from_scratch.forms import Limits, UploadedFile, parse_form
from wsgi_from_scratch.headers import Headers

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"

File: TypeAlias = UploadedFile | FileStorage

# Key and value of each field; key and description of each file. Or that the form is too large.
Form: TypeAlias = tuple[list[tuple[str, str]], list[tuple[str, dict[str, object]]]] | str


def describe(file: File) -> dict[str, object]:
    return {
        "name": file.name,
        "filename": file.filename,
        "true": bool(file),
        "headers": list(file.headers),
        "content_type": file.content_type,
        "content_length": file.content_length,
        "mimetype": file.mimetype,
        "mimetype_params": file.mimetype_params,
        "data": file.read(),
    }


def ours(body: bytes, mimetype: str, parameters: dict[str, str], limits: Limits) -> Form:
    try:
        form, files = parse_form(BytesIO(body), mimetype, parameters, limits)
    except RequestEntityTooLarge:
        return "too large"
    found = list(form.items(multi=True)), [(k, describe(f)) for k, f in files.items(multi=True)]
    for file in files.values():
        file.close()
    return found


def theirs(body: bytes, mimetype: str, parameters: dict[str, str], limits: Limits) -> Form:
    parser = FormDataParser(
        max_form_memory_size=limits.max_form_memory_size, max_form_parts=limits.max_form_parts
    )
    try:
        _, form, files = parser.parse(BytesIO(body), mimetype, len(body), parameters)
    except WerkzeugTooLarge:
        return "too large"
    return list(form.items(multi=True)), [(k, describe(f)) for k, f in files.items(multi=True)]
