"""View: the function that a request was for, as it stands in its file, and which of its lines ran.

Nothing says in a trace which call is the view. It is the first call that the dispatcher makes outside of the
framework; where a decorator has put another function around it, the application's table of views tells.

Spec: none
"""

import functools
import inspect
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from flask import Flask

from .concepts import code_of
from .exchange import Application
from .ledger import Function, where
from .places import lines_of
from .tracing import Call

_DISPATCHERS = (
    "flask.app:Flask.dispatch_request",
    "wsgi_from_scratch.dispatch:Application._dispatch",
)
_FRAMEWORKS = ("flask", "werkzeug", "wsgi_from_scratch")
_CLASS_BASED = "View.as_view.<locals>.view"


@dataclass(frozen=True, slots=True)
class ViewSource(Function):
    """A view function."""

    @property
    def lines(self) -> list[tuple[int, str, bool]]:
        """Number, text, and whether it ran, of each line."""
        texts = enumerate(lines_of(self.source), self.line)
        return [(at, text, at in self.ran) for at, text in texts]

    def as_data(self) -> dict[str, Any]:
        return {**self.definition(), "ran": sorted(self.ran)}


def view_source(
    application: Application, calls: Sequence[tuple[Call, frozenset[int]]]
) -> ViewSource | None:
    """The view among the calls of one request; None when none was called."""
    call = _find(application, [call for call, _ in calls])
    if call is None:
        return None
    ran = frozenset[int]().union(*(ran for other, ran in calls if other.code is call.code))
    return ViewSource(*where(call), ran)


def _find(application: Application, calls: Sequence[Call]) -> Call | None:
    dispatchers = [code_of(name) for name in _DISPATCHERS]
    at = next((at for at, call in enumerate(calls) if call.code in dispatchers), None)
    if at is None:
        # No framework that is known here: then the application itself answers.
        own = calls[0] if calls else None
        return None if own is None or _is_framework(own.module) else own
    inside = list(_inside(calls, at))
    registered = set(_registered(application))
    if found := next((call for call in inside if call.code in registered), None):
        return found
    for place, call in enumerate(inside):
        if call.depth != calls[at].depth + 1:
            continue
        if call.function == _CLASS_BASED:
            return next(
                (one for one in _inside(inside, place) if not _is_foreign(one.module)), call
            )
        if not _is_framework(call.module) or call.module == "wsgi_from_scratch.views":
            return call
    return next((call for call in inside if _is_made_by_the_framework(call)), None)


def _inside(calls: Sequence[Call], at: int) -> Iterator[Call]:
    """The calls that one call has made, and those that they have made."""
    for call in calls[at + 1 :]:
        if call.depth <= calls[at].depth:
            return
        yield call


def _is_framework(module: str) -> bool:
    return module.partition(".")[0] in _FRAMEWORKS


def _is_foreign(module: str) -> bool:
    return _is_framework(module) or module.partition(".")[0] in sys.stdlib_module_names


def _is_made_by_the_framework(call: Call) -> bool:
    """Whether a call is the view of static files, in either application."""
    return call.function.endswith((".__init__.<locals>.<lambda>", ".__init__.<locals>.static"))


def _registered(application: Application) -> Iterable[CodeType]:
    """The code of every view of a Flask application, without what decorators put around it."""
    if isinstance(application, Flask):
        for view in application.view_functions.values():
            inner = inspect.unwrap(view)
            while isinstance(inner, functools.partial):
                inner = inner.func
            code = getattr(inner, "__code__", None)
            if isinstance(code, CodeType) and code.co_qualname != _CLASS_BASED:
                yield code
