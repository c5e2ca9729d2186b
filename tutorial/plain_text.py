"""Text files: which characters the bytes stand for.

Nothing in a text file names its encoding, so these are tried, in an order in which a wrong one cannot win:

1. a byte order mark decides: UTF-8 (``EF BB BF``) or UTF-16 (``FF FE``, ``FE FF``);
2. UTF-8, which text in another encoding is not by chance;
3. Windows-1252, in which Excel saves CSV files on Western Windows.

Refused are bytes that fit none of them (Windows-1252 leaves five undefined) and control characters, NUL above
all: then it is no text, or UTF-16 without its mark. Other encodings of one byte (Windows-1251, ISO 8859-2)
cannot be told from Windows-1252; their letters come out wrong.
"""

import codecs
import re

from .errors import Refusal

_MARKED = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_UNMARKED = ("utf-8", "cp1252")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")  # all but tab, line feed, form feed, return


def decode(data: bytes) -> str:
    """The text in ``data`` without its byte order mark; raises ``Refusal`` (400, or 415 for no text at all)."""
    encodings = next(
        ((encoding,) for mark, encoding in _MARKED.items() if data.startswith(mark)), _UNMARKED
    )
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _CONTROL.search(text):
            raise Refusal(
                "This file is neither a workbook nor text, as it holds control characters; please"
                " upload .xlsx, .xls, or text saved as UTF-8.",
                code=415,
            )
        return text
    raise Refusal(
        "The characters of this text cannot be told from its bytes; please save it as UTF-8 and"
        " upload it again."
    )
