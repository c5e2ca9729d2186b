"""Target: both applications as one, which is attacked.

What holds for every answer, whatever was sent, is checked here and therefore for every attack of this folder: the two
answer with the same bytes, within PEP 3333, with the fields of protection once each; no header field holds a control
character, names a version or what the server is made of; and no page shows a trace.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from comparison.exchange import Application, Exchange
from comparison.pair import held_still
from comparison.steps import NO_COOKIES, Next, Step, visit
from tutorial.protection import FIELDS

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
REPEATABLE = {"set-cookie"}
TALKATIVE = {"server", "x-powered-by", "via"}
INSIDE = (b"Traceback", b'File "', b"site-packages", b"wsgi_from_scratch", b"flask_version")

Stream = Callable[[], BinaryIO]
"""Makes the body of a request: a new one for each application."""


def status(answer: Exchange) -> int:
    return int(answer.status[:3])


@dataclass(frozen=True)
class Target:
    flask: Application
    scratch: Application

    def ask(
        self, step: Step, *, faulty: bool = False, stream: Stream | None = None, **environ: Any
    ) -> Exchange:
        """The one answer to one request; ``environ`` is what a server hands over otherwise, None takes a key out."""
        return self.visit(step, faulty=faulty, stream=stream, **environ)[-1]

    def visit(
        self,
        *steps: Step | Next,
        faulty: bool = False,
        cookies: Mapping[str, str] = NO_COOKIES,
        stream: Stream | None = None,
        **environ: Any,
    ) -> list[Exchange]:
        """The answers to a visit of one browser. None is a 5xx, unless ``faulty`` says that something is broken."""
        flask, scratch = (
            self.visit_one(application, *steps, cookies=cookies, stream=stream, **environ)
            for application in (self.flask, self.scratch)
        )
        for of_flask, of_scratch in zip(flask, scratch, strict=True):
            assert of_scratch.lines() == of_flask.lines()
            assert faulty or status(of_scratch) < 500
        return scratch

    def visit_one(
        self,
        application: Application,
        *steps: Step | Next,
        cookies: Mapping[str, str] = NO_COOKIES,
        stream: Stream | None = None,
        **environ: Any,
    ) -> list[Exchange]:
        """The same with one of the two, at the moment and with the names that the other one has."""
        if stream or environ:
            application = served(application, stream, environ)
        with held_still():
            answers = visit(application, steps, cookies=cookies)
        for answer in answers:
            check(answer)
        return answers


def served(
    application: Application, stream: Stream | None, changes: Mapping[str, Any]
) -> Application:
    """The application behind a server that hands over another environ."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ.update(changes)
        if stream is not None:
            environ["wsgi.input"] = stream()
        kept = {key: value for key, value in environ.items() if value is not None}
        return application(kept, start_response)

    return answer


def check(answer: Exchange) -> None:
    """What holds for every answer."""
    assert (answer.failure, answer.faults, answer.cut_off) == ("", (), "")
    names = [name.lower() for name, _ in answer.headers]
    once = [name for name in names if name not in REPEATABLE]
    assert len(set(once)) == len(once)
    assert not TALKATIVE.intersection(names)
    assert {name: answer.header(name) for name in FIELDS} == FIELDS
    for name, value in answer.headers:
        assert not CONTROL.search(name + value), (name, value)
        value.encode("latin-1")
    if (answer.header("Content-Type") or "").startswith("text/html"):
        assert not any(word in answer.body for word in INSIDE)
