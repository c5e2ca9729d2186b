"""Tracing: every Python call that an application makes while it answers, and every line.

``sys.setprofile`` reports each function as it begins and ends. While it does, only what cannot be had later is kept
(the code object, the module's name, the depth), for a slow observer distorts what it observes; nothing here
measures time. A generator that goes on after a ``yield`` is reported like a new call: it is not counted as one.
Lines cost more, so they are recorded apart, by ``sys.settrace``, when somebody wants to see them.

Both functions belong to one thread, and so does a trace: what runs in other threads is not seen. Whoever
observed this thread before (coverage, a debugger, a profiler) goes on afterwards, also after an exception.
"""

import cProfile
import gc
import inspect
import opcode
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from . import exchange, wire

_RESUME = opcode.opmap["RESUME"]
_RESUMABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

# The machinery that calls the application is no part of what the application did.
MACHINERY = frozenset(
    {exchange.__file__, wire.__file__, __file__, str(Path(__file__).with_name("recording.py"))}
)


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
    ...     _ = inspect.cleandoc("text")
    >>> tracer.calls[0].function
    'cleandoc'
    """

    interrupted = False
    """Whether somebody else took the observation over before the end of the block, or Python gave it up: what ran from
    then on is missing. Python does when the stack is used up within it."""

    def __init__(self) -> None:
        self._seen: list[tuple[int, str, CodeType]] = []
        self._depth = 0
        self._collects = False
        self._before: Any = None

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
        self.interrupted = sys.getprofile() != self._observe
        if isinstance(self._before, cProfile.Profile):
            # It hooks in below Python: sys.getprofile() gives it, but sys.setprofile() cannot call it.
            sys.setprofile(None)
            self._before.enable()
        else:
            sys.setprofile(self._before)
        if self._collects:
            gc.enable()

    def _observe(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if code.co_filename in MACHINERY:
            return
        if event == "call":
            if not (code.co_flags & _RESUMABLE and is_resumed(frame)):
                self._seen.append((self._depth, module_of(frame), code))
            self._depth += 1
        elif event == "return":
            self._depth -= 1


class LineTracer:
    """Collects the lines that run between ``with`` and the end of its block, for each call.

    >>> with LineTracer() as tracer:
    ...     _ = inspect.cleandoc("text")
    >>> inspect.cleandoc.__code__ in tracer.lines
    True
    """

    interrupted = False
    """As for calls."""

    def __init__(self) -> None:
        self._seen: list[tuple[int, str, CodeType, set[int], str]] = []
        self._depth = 0
        self._before: Any = None

    @property
    def calls(self) -> tuple[tuple[Call, frozenset[int]], ...]:
        """Every call in order, with the lines of its own that it ran."""
        return tuple(
            (
                Call(depth, module, code),
                _template_lines(ran, debug_info) if debug_info else frozenset(ran),
            )
            for depth, module, code, ran, debug_info in self._seen
        )

    @property
    def lines(self) -> dict[CodeType, frozenset[int]]:
        """The lines that ran, for each function. Those of a compiled template are lines of the template."""
        found: dict[CodeType, frozenset[int]] = {}
        for call, ran in self.calls:
            found[call.code] = found.get(call.code, frozenset()) | ran
        return found

    def __enter__(self) -> "LineTracer":
        self._before = sys.gettrace()
        self._depth = 0
        sys.settrace(self._observe)
        return self

    def __exit__(self, *_: object) -> None:
        self.interrupted = sys.gettrace() != self._observe
        sys.settrace(self._before)

    def _observe(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        code = frame.f_code
        if event != "call" or code.co_filename in MACHINERY:
            return None
        self._depth += 1
        if code.co_flags & _RESUMABLE and is_resumed(frame):
            return frame.f_trace or self._observe_end
        ran: set[int] = set()
        debug_info = str(frame.f_globals.get("debug_info", "")) if _is_template(frame) else ""
        self._seen.append((self._depth - 1, module_of(frame), code, ran, debug_info))

        def observe_lines(frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
            if event == "line":
                ran.add(frame.f_lineno)
            elif event == "return":
                self._depth -= 1
            return observe_lines

        return observe_lines

    def _observe_end(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
        """Nothing but the end of a generator that began before the block."""
        if event == "return":
            self._depth -= 1
        return self._observe_end


def is_resumed(frame: FrameType) -> bool:
    """Whether a generator goes on, rather than begins: that alone is a RESUME, with the argument 0.

    A generator that goes on stands at a RESUME with another argument; one that is closed, or thrown into, at its yield.
    """
    code = frame.f_code
    if not code.co_flags & _RESUMABLE:
        return False
    instruction, argument = code.co_code[frame.f_lasti : frame.f_lasti + 2]
    return instruction != _RESUME or argument & 3 != 0


def module_of(frame: FrameType) -> str:
    """The module that a function is defined in; a compiled template and other made code have none."""
    name = frame.f_globals.get("__name__")
    if isinstance(name, str):
        return name
    if _is_template(frame):
        return f"template {frame.f_globals.get('name')}"
    return frame.f_code.co_filename.strip("<>")


def _is_template(frame: FrameType) -> bool:
    return "debug_info" in frame.f_globals and "__name__" not in frame.f_globals


def _template_lines(ran: set[int], debug_info: str) -> frozenset[int]:
    """Lines of a template from those of the code that Jinja made of it, by its own table: ``1=12&3=15``."""
    pairs = [
        (int(made), int(written))
        for written, _, made in (pair.partition("=") for pair in debug_info.split("&"))
        if made
    ]
    return frozenset(
        max(known)[1] for line in ran if (known := [pair for pair in pairs if pair[0] <= line])
    )
