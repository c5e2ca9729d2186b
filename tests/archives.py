"""Archives that are made anew with something changed in them."""

import io
from collections.abc import Callable, Mapping
from zipfile import ZIP_DEFLATED, ZipFile

Change = Callable[[str], str]


def changed(data: bytes, changes: Mapping[str, Change], **more: bytes) -> bytes:
    """The archive with the text of some entries rewritten, and with other entries behind them."""
    file = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as before, ZipFile(file, "w", ZIP_DEFLATED) as after:
        for name in before.namelist():
            content = before.read(name)
            if name in changes:
                content = changes[name](content.decode()).encode()
            after.writestr(name, content)
        for name, content in more.items():
            after.writestr(name, content)
    return file.getvalue()
