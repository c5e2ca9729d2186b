"""Foreign: what Flask did for a request to an application of one's own. Any WSGI application will do.

It is a guest here, and so are its data: a request that may change something is sent once, and everything is looked
at in that one run, under the watch of all observers; so nothing is measured then. One that only reads is sent several
times, for the first run of an application is not like the others.

Spec: PEP 3333; RFC 9110 §9.2.1 (safe methods)
"""

import contextlib
import importlib
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from .exchange import Application, told
from .scenarios import Scenario
from .steps import Step
from .study import Play, Side, cookies_of, definitions, measure, side_as_data, stages_as_data
from .wire import MalformedRequest, parse_request

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that only read (RFC 9110 §9.2.1)."""

_SEPARATOR = re.compile(rb"^###.*(?:\r?\n|\Z)", re.MULTILINE)
_END_OF_HEAD = re.compile(rb"(\r?\n\r?\n|\Z)")
_LENGTH = re.compile(
    rb"^Content-Length:[ \t]*([0-9]{1,100})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)


class ForeignError(Exception):
    """Something cannot be done; the message is a sentence for whoever asked."""


def load(name: str) -> Application:
    """The application that ``package.module:callable`` names; ``module:create_app()`` calls a factory first.

    Raises ForeignError.
    """
    module_name, colon, path = name.partition(":")
    factory = path.endswith("()")
    path = path.removesuffix("()")
    if not colon or not module_name or not path:
        raise ForeignError(f"--app must read like package.module:callable, and {name!r} does not.")
    # As `python -m` does: the application is where the reader stands.
    if (folder := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, folder)
    found: Any = _imported(module_name)
    for part in path.split("."):
        if not hasattr(found, part):
            raise ForeignError(f"The module {module_name} has no {path!r}.")
        found = getattr(found, part)
    if factory:
        try:
            found = found()
        except (Exception, SystemExit) as error:  # whatever a factory raises
            raise ForeignError(f"{name} raised {told(error)}") from error
    if not callable(found):
        raise ForeignError(f"{name} is no application: {type(found).__name__} cannot be called.")
    return cast(Application, found)


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a module may do anything when it is imported
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is None:  # one that is raised by hand may have no name
            raise ForeignError(f"{name} cannot be imported: it raised {told(error)}") from error
        if f"{name}.".startswith(f"{missing}."):
            raise ForeignError(f"There is no module {missing!r} here or installed.") from error
        raise ForeignError(f"{name} cannot be imported: it needs {missing!r}.") from error


def request_step(
    method: str, target: str, fields: Iterable[str] = (), body: bytes | None = None
) -> Step:
    """A request from a command line. Raises ForeignError."""
    lines = [f"{method.upper()} {target} HTTP/1.1", *fields]
    for line in lines:
        if not line or "\r" in line or "\n" in line:
            # An empty line ends the head, and what follows it would be sent as the body.
            raise ForeignError(f"This request is none: {line!r} is not one line of a head.")
    head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    return _complete(head + b"\r\n\r\n" + (body or b""), "This request")


def read_requests(path: Path) -> tuple[Step, ...]:
    """The raw requests of a file, separated by lines that begin with ``###``. Raises ForeignError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ForeignError(f"{path} cannot be read: {error.strerror}.") from error
    texts = [_ended(text.lstrip(b"\r\n")) for text in _SEPARATOR.split(data)]
    steps = tuple(
        _complete(text, f"Request {number} of {path}")
        for number, text in enumerate((text for text in texts if text), 1)
    )
    if not steps:
        raise ForeignError(f"There is no request in {path}.")
    return steps


def _ended(raw: bytes) -> bytes:
    """A request without the line ends that only part it from the next: those that its length does not announce."""
    head, end, body = _END_OF_HEAD.split(raw, maxsplit=1)
    length = _LENGTH.search(head)
    if not end or length is None:
        return raw.rstrip(b"\r\n")
    announced = int(length[1])
    return raw if body[announced:].strip(b"\r\n") else head + end + body[:announced]


def _complete(raw: bytes, what: str) -> Step:
    """A request as people type it, with the two fields that machines add."""
    head, _, body = _END_OF_HEAD.split(raw, maxsplit=1)
    lines = re.split(rb"\r?\n", head)
    names = {line.partition(b":")[0].strip().lower() for line in lines[1:]}
    if b"host" not in names:
        lines.insert(1, b"Host: localhost")
    if body and not names & {b"content-length", b"transfer-encoding"}:
        lines.append(b"Content-Length: %d" % len(body))
    complete = b"\r\n".join((*lines, b"", b"")) + body
    try:
        parse_request(complete)
    except MalformedRequest as error:
        raise ForeignError(f"{what} is none: {error}") from error
    return Step(complete)


@dataclass(frozen=True)
class SoloStudy:
    """One application, and nothing beside it."""

    scenario: Scenario
    side: Side
    once: bool
    """Whether each request was sent only once."""

    @property
    def note(self) -> str:
        """How it was looked at, and whether that came to an early end, in a sentence each."""
        note = "Sent several times, since it only reads: caches were warm."
        if self.once:
            note = "Sent once, since it may change something: nothing was measured, and caches were cold."
        if any(watched.interrupted for watched in self.side.watched):
            note += (
                " The watch ended early, by a RecursionError, or because a profiler or debugger took"
                " its place: what ran afterwards is not counted."
            )
        return note

    def as_data(self) -> dict[str, Any]:
        """All of it for other programs, in the shape of a study without the second side."""
        return {
            "name": self.scenario.name,
            "lesson": self.scenario.lesson,
            "verdict": None,
            "note": self.note,
            "stages": stages_as_data(),
            "functions": definitions(self.side),
            "flask": side_as_data(self.side),
            "scratch": None,
        }


def solo_study(name: str, application: Application, steps: Sequence[Step]) -> SoloStudy:
    """Send requests to an application and watch it."""
    scenario = Scenario(name, "What was done for this request.", tuple(steps))
    play = Play(application, steps, still=contextlib.nullcontext)
    once = any(parse_request(step.raw).method not in SAFE for step in steps)
    if not once:
        play.rehearse()
    exchanges, watched = play.watch_with_answers()
    timing = None if once else measure(play)[0]
    side = Side(
        name,
        exchanges,
        tuple(one.trace for one in watched),
        (),
        timing,
        cookies_of(application, exchanges),
        lambda: watched,
    )
    return SoloStudy(scenario, side, once)
