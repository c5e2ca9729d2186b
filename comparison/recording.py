"""Recording: how the answer grows. What stood in environ, session and headers after each stage, and who put it there.

Nothing of this is in the answer itself. So the observer that sees every call also looks, whenever a stage ends, at the
objects that the application works with; it finds them as arguments of the functions that it sees. For a header it
waits until one more stands in a list of headers, and looks for the innermost line that is no part of that list.

Looking leaves no trace: a session is read as the dictionary that it is, so that it does not notice. Keys that sign are
never shown.

Spec: PEP 3333, "environ Variables"
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from . import exchange
from .concepts import NO_STAGE, Folding, Stage
from .places import Place, relative, shortened
from .tracing import LineTracer, Tracer, is_resumed, module_of
from .wire import Fields

HIDDEN = "•••"
"""What stands for a secret key, should a value contain one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a header of an answer comes from."""

    first: Place
    """The line that first put it into the headers."""
    last: Place
    """The line that gave it the value it has."""
    stage: Stage

    @property
    def file(self) -> str:
        return self.first.file

    @property
    def line(self) -> int:
        return self.first.line

    @property
    def function(self) -> str:
        return self.first.function


@dataclass(frozen=True, slots=True)
class Moment:
    """The end of a stage."""

    stage: Stage
    calls: int
    """How many calls had been made when it ended."""
    environ: dict[str, str]
    session: dict[str, str] | None
    """None when no session had been opened."""
    status: str
    headers: Fields


class Recorder(Tracer):
    """A tracer that looks at more than calls. ``secrets`` are the texts that must not be shown."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__()
        self._secrets = [secret for secret in secrets if secret]
        self._folding = Folding()
        self._ended: list[Stage] = []
        self._kinds: dict[CodeType, str] = {}
        self._entered: dict[Stage, Moment | None] = {}
        self._stage = NO_STAGE
        self._context: Any = None
        self._response: Any = None
        self._environ: Mapping[str, Any] = {}
        self._known: dict[int, tuple[Any, dict[str, tuple[str, Origin]]]] = {}
        self._latest: list[int] = []
        self._sent: tuple[str, Fields] | None = None
        self.origins: dict[str, Origin] = {}
        """For each name of a header, in lower case, where it comes from."""

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The ends of the stages, in the order in which they began."""
        return tuple(moment for moment in self._entered.values() if moment is not None)

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._turn_to(NO_STAGE)
        self._look_back()

    def _observe(self, frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_name == "start_response" and _is_server(code):
            self._see_start(frame)
        depth = self._depth
        super()._observe(frame, event, argument)
        if event == "call" and self._depth > depth:
            self._see_call(depth, code, frame)
        elif event == "return" and self._depth < depth:
            self._see_return(frame, argument)

    def _see_call(self, depth: int, code: CodeType, frame: FrameType) -> None:
        if not is_resumed(frame):
            self._turn_to(self._folding.stage_of(depth, code))
        self._look_back()
        if depth == 0 and not self._environ:
            self._environ = _environ_of(frame)
        kind = self._kinds.get(code)
        if kind is None:
            kind = self._kinds[code] = _kind_of(frame)
        # Most functions have nothing to show, and their local names are not cheap to have.
        if kind == "context":
            self._context = frame.f_locals.get("self")
        elif kind == "response":
            found = frame.f_locals.get("self")
            if hasattr(type(found), "set_cookie") and hasattr(type(found), "call_on_close"):
                self._response = found

    def _see_return(self, frame: FrameType, returned: Any) -> None:
        if self._kinds.get(frame.f_code) == "headers":
            for headers in (frame.f_locals.get("self"), returned):
                if isinstance(headers, Iterable) and _is_list_of_fields(headers):
                    self._note(headers, frame)
        self._look_back()
        # What a function has begun ends with it; those that only hand on have begun nothing.
        self._turn_to(self._folding.stage_above(self._depth))

    def _note(self, headers: Any, frame: FrameType) -> None:
        """Compare a list of headers with what is known of it, and remember who is to thank for what is new.

        One that this request has not made belongs to no answer: fields that are added to every answer stand in one.
        """
        if id(headers) not in self._known and frame.f_code.co_name not in ("__init__", "of_html"):
            return
        _, known = self._known.setdefault(id(headers), (headers, {}))
        if not self._latest or self._latest[-1] != id(headers):
            self._latest.append(id(headers))
        present: dict[str, str] = {}
        for name, value in _fields(headers):
            # A name may come more than once.
            present[name.lower()] = f"{present.get(name.lower(), '')}{value}\n"
        for name in [name for name in known if name not in present]:
            del known[name]
        for name, value in present.items():
            if name not in known:
                known[name] = (value, self._inherited(name, headers, frame) or self._origin(frame))
            elif known[name][0] != value:
                before = known[name][1]
                known[name] = (value, Origin(before.first, _outside(frame), before.stage))

    def _inherited(self, name: str, headers: Any, frame: FrameType) -> Origin | None:
        """The origin in another list of headers, when this one is being made from it."""
        inner: FrameType | None = frame
        while inner is not None and _is_headers(module_of(inner)):
            for value in inner.f_locals.values():
                if value is not headers and id(value) in self._known:
                    known = self._known[id(value)][1].get(name)
                    if known is not None:
                        return known[1]
            inner = inner.f_back
        return None

    def _origin(self, frame: FrameType) -> Origin:
        place = _outside(frame)
        return Origin(place, place, self._stage)

    def _see_start(self, frame: FrameType) -> None:
        """The server is told status and headers: from now on they are what they are."""
        status, headers = frame.f_locals.get("status"), frame.f_locals.get("headers")
        if not isinstance(headers, list):
            return
        self._sent = str(status), tuple((str(name), str(value)) for name, value in headers)
        names = dict.fromkeys(name.lower() for name, _ in self._sent[1])
        lists = [self._known[key][1] for key in reversed(self._latest)]
        # The list that was sent is the latest that has all of these names.
        complete = [known for known in lists if names.keys() <= known.keys()]
        caller = self._origin(frame)
        for name in names:
            found = (known[name][1] for known in (complete or lists) if name in known)
            self.origins[name] = next(found, caller)

    def _turn_to(self, stage: Stage) -> None:
        """Note that one stage has given way to another."""
        if stage is self._stage:
            return
        self._ended.append(self._stage)
        if stage is not NO_STAGE:
            self._entered.setdefault(stage, None)
        self._stage = stage

    def _look_back(self) -> None:
        """Look at everything, if a stage has ended. Its caller has put away what it gave only when this is called."""
        for stage in self._ended:
            if stage is not NO_STAGE:
                self._entered[stage] = self._moment(stage)
        self._ended.clear()

    def _moment(self, stage: Stage) -> Moment:
        environ = {name: self._shown(value) for name, value in self._environ.items()}
        status, headers = self._sent or _unsent(self._response)
        shown = tuple((name, self._shown(value)) for name, value in headers)
        return Moment(stage, len(self._seen), environ, self._session(), status, shown)

    def _session(self) -> dict[str, str] | None:
        state = getattr(self._context, "__dict__", {})
        session = state.get("_session", state.get("session", state.get("opened_session")))
        if not isinstance(session, dict):
            return None
        return {str(name): self._shown(value) for name, value in dict.items(session)}

    def _shown(self, value: Any) -> str:
        text = shortened(value, 10_000)
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return shortened(text)


class Watcher:
    """Everything at once: calls, lines, origins and moments of one request."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        self.recorder = Recorder(secrets)
        self.lines = LineTracer()

    @property
    def interrupted(self) -> bool:
        """Whether any of it came to an end before the request did."""
        return self.recorder.interrupted or self.lines.interrupted

    def __enter__(self) -> "Watcher":
        self.recorder.__enter__()
        self.lines.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.lines.__exit__(*error)
        self.recorder.__exit__(*error)


_CONTEXTS = {
    "flask.ctx": ("RequestContext.push",),
    "wsgi_from_scratch.context": ("Context.__init__",),
}
_RESPONSES = frozenset(
    {
        "werkzeug.sansio.response",
        "werkzeug.wrappers.response",
        "flask.wrappers",
        "wsgi_from_scratch.response",
    }
)


def _kind_of(frame: FrameType) -> str:
    """Whether a function belongs to an object that a request has one of."""
    module, code = module_of(frame), frame.f_code
    if _is_headers(module):
        return "headers"
    if code.co_varnames[:1] == ("self",):
        if code.co_qualname in _CONTEXTS.get(module, ()):
            return "context"
        if module in _RESPONSES:
            return "response"
    return ""


def _is_server(code: CodeType) -> bool:
    return code.co_filename == exchange.__file__


def _is_headers(module: str) -> bool:
    """Whether a module is a part of a list of headers, or of the properties through which one is written."""
    return module.startswith("werkzeug.datastructures") or module in (
        "wsgi_from_scratch.headers",
        "werkzeug._internal",
    )


def _is_list_of_fields(found: Any) -> bool:
    """Those of an answer; Werkzeug's fields of a request have the same methods, and an environ."""
    has_list = hasattr(found, "_list") and hasattr(found, "to_wsgi_list")
    return hasattr(found, "to_wsgi") or (has_list and not hasattr(found, "environ"))


def _fields(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    try:
        yield from headers
    except (AttributeError, TypeError, ValueError):  # a list that is only half made
        return


def _outside(frame: FrameType) -> Place:
    """The innermost line that is no part of a list of headers."""
    found: FrameType = frame
    while found.f_back is not None and (
        _is_headers(module_of(found)) or _is_server(found.f_code) or _is_setter(found.f_code)
    ):
        found = found.f_back
    return Place(relative(found.f_code.co_filename), found.f_lineno, found.f_code.co_qualname)


def _is_setter(code: CodeType) -> bool:
    """Whether a function is a property that only hands a value on to the headers."""
    return code.co_qualname.startswith(
        ("_set_property.", "Response.location", "Response.content_type")
    )


def _environ_of(frame: FrameType) -> Mapping[str, Any]:
    """The environ among the arguments of the application."""
    names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
    found = (frame.f_locals.get(name) for name in names)
    return next(
        (value for value in found if isinstance(value, dict) and "REQUEST_METHOD" in value), {}
    )


def _unsent(response: Any) -> tuple[str, Fields]:
    """Status and headers of a response that the server does not know yet."""
    headers = getattr(response, "headers", None)
    if headers is None or not _is_list_of_fields(headers):
        return "", ()
    return str(getattr(response, "status", "")), tuple(_fields(headers))
