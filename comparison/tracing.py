"""Tracing: every Python call that an application makes while it answers.

``sys.setprofile`` reports each function as it begins and ends. While it does, only what cannot be had later is kept
(the code object, the module's name, the depth), for a slow observer distorts what it observes; nothing here
measures time. A generator that goes on after a ``yield`` is reported like a new call: it is not counted as one.

The profile function belongs to one thread, and so does a trace: what runs in other threads is not seen. Whoever
observed this thread before (coverage, a debugger) goes on afterwards, also after an exception.
"""

import gc
import inspect
import sys
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from . import exchange, wire

_RESUMABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


@dataclass(frozen=True, slots=True)
class Call:
    """One Python function that was called."""

    depth: int
    """0 is the application itself."""
    module: str
    code: CodeType

    @property
    def function(self) -> str:
        """The name as it is written in the source, with its class: ``Flask.wsgi_app``."""
        return self.code.co_qualname

    @property
    def file(self) -> str:
        return self.code.co_filename

    @property
    def line(self) -> int:
        """The line where the function begins."""
        return self.code.co_firstlineno


class Tracer:
    """Collects calls between ``with`` and the end of its block.

    >>> with Tracer() as tracer:
    ...     _ = inspect.cleandoc("two calls: this one and its helper")
    >>> tracer.calls[0].function
    'cleandoc'
    """

    # The machinery that calls the application is no part of what the application did.
    MACHINERY = frozenset({exchange.__file__, wire.__file__, __file__})

    def __init__(self) -> None:
        self._seen: list[tuple[int, str, CodeType]] = []
        self._depth = 0
        self._collects = False
        self._before = sys.getprofile()

    @property
    def calls(self) -> tuple[Call, ...]:
        """What was called so far, in order."""
        return tuple(Call(*seen) for seen in self._seen)

    def __enter__(self) -> "Tracer":
        self._before = sys.getprofile()
        # What the garbage collector finalises meanwhile was left behind by others.
        self._collects = gc.isenabled()
        gc.disable()
        self._depth = 0
        sys.setprofile(self._observe)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._before)
        if self._collects:
            gc.enable()

    def _observe(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if code.co_filename in self.MACHINERY:
            return
        if event == "call":
            if not (code.co_flags & _RESUMABLE and _is_resumed(frame)):
                self._seen.append((self._depth, frame.f_globals.get("__name__", "?"), code))
            self._depth += 1
        elif event == "return":
            self._depth -= 1


def _is_resumed(frame: FrameType) -> bool:
    """Whether a generator goes on, rather than begins: the argument of RESUME says after what (0: from the start)."""
    return bool(frame.f_code.co_code[frame.f_lasti + 1] & 3)
