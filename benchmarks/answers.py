"""Answers: everybody is to do the same work, so everybody must give the same answers.

The floor and the application from scratch must give what Flask gives, byte for byte, down to the order of the fields.
Another framework must give the same status, body, content type and ``Location``, and set a cookie where Flask does.
Free to it are the words of the status line, how a session is written down, and all other fields; in which of them its
answers are poorer than Flask's is a part of the result.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from difflib import unified_diff
from urllib.parse import urlsplit

import time_machine

from comparison.exchange import Application, Exchange
from comparison.steps import visit

from .options import CannotMeasure
from .works import Work

FLOOR, SCRATCH, FLASK = "floor", "from scratch", "Flask"
FLOOR_BY_JINJA = "floor by Jinja"

SAME_BYTES = (FLOOR, FLOOR_BY_JINJA, SCRATCH)

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""When all of them answer: signatures and dates depend on it."""


def check_all(applications: Mapping[str, Application], works: Sequence[Work]) -> list[str]:
    """Compare all answers with Flask's, and say which fields the others leave out, a sentence for each.

    Raises CannotMeasure for an answer that is not the same.
    """
    missing: dict[str, set[str]] = {name: set() for name in applications}
    for work in works:
        with time_machine.travel(MOMENT, tick=False):
            answers = {name: visit(app, work.steps)[-1] for name, app in applications.items()}
        oracle = answers[FLASK]
        for name, answer in answers.items():
            read = whole if name in SAME_BYTES else meaning
            if read(answer) != read(oracle):
                raise CannotMeasure(_complaint(name, work, oracle, answer))
            missing[name] |= {field for field, _ in oracle.headers if answer.header(field) is None}
    return [
        f"{name} leaves out fields that Flask's answers have: {', '.join(sorted(fields))}."
        for name, fields in missing.items()
        if fields
    ]


def whole(answer: Exchange) -> tuple[object, ...]:
    """All that a client or a server can see of an answer."""
    return answer.status, answer.headers, answer.body, answer.failure, answer.faults


def meaning(answer: Exchange) -> tuple[object, ...]:
    """What is left when a framework chooses what it is free to choose."""
    # A body that is not there is of no type; and WebOb writes a location with scheme and host.
    return (
        answer.status[:3],
        (answer.header("Content-Type") or "").lower() if answer.body else "",
        urlsplit(answer.header("Location") or "").path,
        answer.header("Set-Cookie") is None,
        answer.body,
        answer.failure,
        answer.faults,
    )


def _complaint(name: str, work: Work, oracle: Exchange, answer: Exchange) -> str:
    lines = unified_diff(oracle.lines(), answer.lines(), FLASK, name, n=0, lineterm="")
    return "\n".join((f"{name} answers “{work.name}” otherwise than Flask:", *lines))
