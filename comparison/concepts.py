"""Concepts: which stage of a request a call belongs to, and which module of ours explains it.

A request passes eight stages, in Flask as here. A stage begins where certain functions are called, and what they
call belongs to it until another stage begins; so the template engine is a part of running the view, and a form that
the view asks for is parsed, not viewed. What no such function has called belongs to no stage, and is counted as that.

The pairs of our modules and Flask's names are not listed here: each of our modules says them itself, in its header.

Spec: none; the stages are those of ``Flask.wsgi_app``
"""

import inspect
import pkgutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from types import CodeType

import wsgi_from_scratch

from .tracing import Call


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the eight. Names read ``module:Class.function``."""

    name: str
    colour: str
    begins_at: tuple[str, ...]
    """Functions that belong to the stage with all that they call."""
    beside: tuple[str, ...] = ()
    """Functions that belong to the stage and only hand on to others."""
    method: str = ""
    """Name of the method that an application of one's own may replace, in a class that is not known here."""

    @property
    def number(self) -> int:
        """1 to 8 in the order of a request; 0 for what belongs to no stage."""
        return STAGES.index(self) + 1 if self in STAGES else 0

    @property
    def css(self) -> str:
        """The custom property that holds the stage's colour in every style sheet."""
        return f"--stage-{self.number}"


_DISPATCH = "wsgi_from_scratch.dispatch:Application"
_REQUEST = "wsgi_from_scratch.request:Request"

STAGES = (
    Stage(
        "read the environ",
        "cyan",
        (
            "flask.app:Flask.request_context",
            "flask.app:Flask.app_context",
            "flask.ctx:AppContext.push",
            f"{_REQUEST}.__init__",
            "wsgi_from_scratch.context:Context.__init__",
        ),
        (
            "flask.app:Flask.__call__",
            "flask.app:Flask.wsgi_app",
            "flask.ctx:RequestContext.push",
            f"{_DISPATCH}.__call__",
            f"{_DISPATCH}._answer",
        ),
    ),
    Stage(
        "match the route",
        "blue",
        (
            "flask.ctx:RequestContext.match_request",
            "flask.app:Flask.raise_routing_exception",
            f"{_DISPATCH}._match",
        ),
    ),
    Stage(
        "open the session",
        "yellow",
        (
            "flask_version.app:Sessions.open_session",
            "flask.sessions:SecureCookieSessionInterface.open_session",
            "wsgi_from_scratch.context:Context.open_session",
        ),
        method="open_session",
    ),
    Stage(
        "parse the body",
        "magenta",
        (
            "werkzeug.wrappers.request:Request._load_form_data",
            "werkzeug.wrappers.request:Request.get_data",
            "werkzeug.wrappers.request:Request.get_json",
            f"{_REQUEST}._form_and_files",
            f"{_REQUEST}.get_data",
            f"{_REQUEST}.json",
        ),
    ),
    Stage(
        "run the view",
        "green",
        (
            "flask.app:Flask.preprocess_request",
            "flask.app:Flask.dispatch_request",
            "wsgi_from_scratch.views:refuse",
            f"{_DISPATCH}._dispatch",
        ),
        ("flask.app:Flask.full_dispatch_request",),
    ),
    Stage(
        "make the response",
        "bright_blue",
        (
            "flask.app:Flask.handle_user_exception",
            "flask.app:Flask.handle_exception",
            "flask.app:Flask.finalize_request",
            f"{_DISPATCH}._handle",
            f"{_DISPATCH}._answer_unexpected",
            f"{_DISPATCH}._finish",
            "wsgi_from_scratch.response:to_response",
        ),
    ),
    Stage(
        "save the session",
        "bright_yellow",
        (
            "flask.sessions:SessionInterface.is_null_session",
            "flask.sessions:SecureCookieSessionInterface.save_session",
            "wsgi_from_scratch.sessions:SessionInterface.save",
        ),
        method="save_session",
    ),
    Stage(
        "send",
        "bright_magenta",
        (
            "werkzeug.wrappers.response:Response.__call__",
            "flask.ctx:RequestContext.pop",
            "wsgi_from_scratch.response:Response.__call__",
            f"{_DISPATCH}._clean_up",
        ),
    ),
)
"""The stages of a request, in order."""

NO_STAGE = Stage("no stage", "white", ())
"""What happened between the stages."""


class Folding:
    """Says of each call of one request, in order, which stage it belongs to."""

    __slots__ = ("_begun", "_open")

    def __init__(self) -> None:
        self._begun = False
        self._open: list[Stage] = []  # the stage of each call that has not returned, by depth

    def stage_of(self, depth: int, code: CodeType) -> Stage:
        """The stage of the next call."""
        begins, beside, methods = _marks()
        del self._open[depth:]
        # What the server calls after the application has returned is the body, iterated over and closed.
        outermost = STAGES[-1] if self._begun else NO_STAGE
        self._begun = True
        inherited = self._open[-1] if self._open else outermost
        stage = begins.get(code) or methods.get(code.co_name, inherited)
        # A call can be deeper than its caller by more than one: frames of the machinery in between are not kept.
        self._open += [stage] * (depth + 1 - len(self._open))
        return beside.get(code, stage)

    def stage_above(self, depth: int) -> Stage:
        """The stage that goes on when the call at this depth has returned."""
        return self._open[depth - 1] if 0 < depth <= len(self._open) else NO_STAGE


def stages(trace: Iterable[Call]) -> Iterator[tuple[Stage, Call]]:
    """Each call of one request with the stage that it belongs to."""
    folding = Folding()
    return ((folding.stage_of(call.depth, call.code), call) for call in trace)


def calls_by_stage(traces: Iterable[Iterable[Call]]) -> dict[Stage, int]:
    """Number of calls of some requests for every stage in its order, and for none."""
    counted = Counter(stage for trace in traces for stage, _ in stages(trace))
    return {stage: counted[stage] for stage in (*STAGES, NO_STAGE)}


@lru_cache(maxsize=1)
def _marks() -> tuple[dict[CodeType, Stage], dict[CodeType, Stage], dict[str, Stage]]:
    begins = {code_of(name): stage for stage in STAGES for name in stage.begins_at}
    beside = {code_of(name): stage for stage in STAGES for name in stage.beside}
    return begins, beside, {stage.method: stage for stage in STAGES if stage.method}


def code_of(name: str) -> CodeType:
    """The code of the function named ``module:Class.function``, behind property or class method.

    Raises ImportError, AttributeError or TypeError when there is no such function.
    """
    module, _, path = name.partition(":")
    found: object = import_module(module)
    for part in path.split("."):
        found = inspect.getattr_static(found, part)
    for inside in ("fget", "func", "_compute", "__func__", "__wrapped__"):
        found = getattr(found, inside, found)
    code = getattr(found, "__code__", None)
    if not isinstance(code, CodeType):
        raise TypeError(f"{name} is no Python function.")
    return code


@dataclass(frozen=True, slots=True)
class Concept:
    """What one module of ours is about, in the words of its header."""

    module: str
    title: str
    spec: str
    flask: tuple[str, ...]
    differs: str
    left_out: str


FIELDS = ("Spec:", "Flask:", "Differs:", "Left out:")


def read_header(module: str, docstring: str) -> Concept:
    """Read the four fields at the end of a module's docstring. Raises ValueError when one is missing."""
    lines = inspect.cleandoc(docstring).split("\n")
    values = [_field(lines, label) for label in FIELDS]
    if None in values:
        missing = FIELDS[values.index(None)]
        raise ValueError(f"The header of {module} has no field “{missing}”.")
    spec, flask, differs, left_out = (value or "" for value in values)
    names = tuple(name.strip() for name in flask.split(",") if "." in name)
    return Concept(module, lines[0], spec, names, differs, left_out)


def _field(lines: list[str], label: str) -> str | None:
    """The text behind a label, with the indented lines that continue it."""
    for number, line in enumerate(lines):
        if line.startswith(label):
            text = [line.removeprefix(label)]
            for following in lines[number + 1 :]:
                if not following.startswith(" "):
                    break
                text.append(following)
            return " ".join(" ".join(text).split())
    return None


@lru_cache(maxsize=1)
def concepts() -> dict[str, Concept]:
    """Every module of ours that has a header, by its name."""
    package = wsgi_from_scratch
    names = [f"{package.__name__}.{found.name}" for found in pkgutil.iter_modules(package.__path__)]
    modules = [import_module(name) for name in names if not name.endswith("__main__")]
    return {
        module.__name__: read_header(module.__name__, module.__doc__ or "") for module in modules
    }


def concept_of(call: Call) -> Concept | None:
    """What explains a call: for ours its module, for Flask's the module whose header names it."""
    return _concept_of(call.module, call.function)


@cache
def _concept_of(module: str, function: str) -> Concept | None:
    ours = concepts().get(module)
    if ours is not None:
        return ours
    names = _flask_names()
    path = f"{module}.{function}"
    while path:
        if path in names:
            return names[path]
        path = path.rpartition(".")[0]
    return None


@lru_cache(maxsize=1)
def _flask_names() -> dict[str, Concept]:
    """Concepts by the full names of what their headers mention, where those are defined."""
    return {
        full_name: concept
        for concept in concepts().values()
        for name in concept.flask
        if (full_name := _defined_as(name)) is not None
    }


def _defined_as(name: str) -> str | None:
    """Where a dotted name leads: ``flask.Flask.wsgi_app`` is defined as ``flask.app.Flask.wsgi_app``."""
    found = pkgutil.resolve_name(name)
    if inspect.ismodule(found):
        return found.__name__
    if isinstance(found, property):
        found = found.fget
    if inspect.isclass(found) or inspect.isfunction(found):
        return f"{found.__module__}.{found.__qualname__}"
    return None  # such as flask.request, which stands for something in no module
