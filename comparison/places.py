"""Places: where a function stands, said so that it means the same on every machine, and what stands there.

Spec: none; positions are those of ``code.co_firstlineno``
"""

import inspect
import linecache
import os
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

_LIBRARIES = tuple(
    Path(folder)
    for name in ("purelib", "platlib", "stdlib", "platstdlib")
    if (folder := sysconfig.get_path(name))
)


@dataclass(frozen=True, slots=True)
class Place:
    """One line of one function."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


@cache
def relative(file: str) -> str:
    """A path that names no machine: below the project, the installed libraries, or the current folder.

    >>> relative(inspect.__file__)
    'inspect.py'
    """
    if not os.path.isabs(file):
        return file
    path = Path(file)
    for folder in (*_LIBRARIES, ROOT, Path.cwd()):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return "/".join(path.parts[-2:])


@cache
def is_installed(file: str) -> bool:
    """Whether a file belongs to Python or to an installed library; code that was made at run time counts as such."""
    return not os.path.isabs(file) or any(map(Path(file).is_relative_to, _LIBRARIES))


@cache
def source_of(code: CodeType) -> str:
    """The text of a function; of a compiled template the whole template; empty when there is none."""
    if code.co_filename == "<string>":
        return ""  # it was made by exec(), and from Python 3.13 on what python -c runs has that name as well
    lines = linecache.getlines(code.co_filename)
    if not code.co_filename.endswith(".py"):
        return "".join(lines)
    if code.co_name.startswith("<"):
        # A lambda or a generator expression is no block: it ends where its last instruction does.
        last = max((end for _, end, _, _ in code.co_positions() if end), default=0)
        return "".join(lines[code.co_firstlineno - 1 : last])
    return "".join(inspect.getblock(lines[code.co_firstlineno - 1 :])) if lines else ""


def lines_of(source: str) -> list[str]:
    """The lines as Python counts them, which no form feed ends, and no U+2028."""
    return source.removesuffix("\n").split("\n") if source else []


def first_line_of(code: CodeType) -> int:
    """The line of the file at which :func:`source_of` begins."""
    return code.co_firstlineno if code.co_filename.endswith(".py") else 1


def shortened(value: Any, most: int = 200) -> str:
    """What a value looks like, in one line of bounded length; a value that cannot be shown is named."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception as error:  # somebody else's __repr__
        text = f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 2 :]}"
