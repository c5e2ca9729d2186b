"""Study: one scenario through both applications, and everything that a view of it shows, worked out once.

Terminal, page and explorer show the same ``Study``, so they cannot disagree. To make two answers comparable byte for
byte, two things are held still while they are made, and nothing is changed in the answers afterwards: the clock, on
which session cookies and dates depend, and ``uuid.uuid4``, from which downloads have their names. Times are measured
apart from that, with the clock running and nobody watching.
"""

import contextlib
import statistics
import time
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any
from unittest import mock

import time_machine

import flask_version
import wsgi_from_scratch
from tutorial.settings import Settings

from . import lab
from .concepts import Stage, calls_by_stage
from .cookie import SessionCookie, session_cookie
from .differences import Difference, known_difference
from .exchange import Application, Exchange, Jar, exchange
from .scenarios import SECRET_KEY, Scenario
from .steps import Step, visit
from .tracing import Call, Tracer
from .wire import parse_request

MOMENT = 1_767_323_045
"""The second at which every compared answer is made: 2 January 2026, 03:04:05 UTC."""

# Enough runs for a steady median; less when the scenario is slow, so that the whole report takes a few seconds.
MOST_RUNS = 25
FEWEST_RUNS = 3
SECONDS_FOR_RUNS = 0.04


@dataclass(frozen=True, slots=True)
class Pair:
    """The two applications, and the same two with the views of the lab."""

    flask: Application
    scratch: Application
    flask_lab: Application
    scratch_lab: Application


def make_pair() -> Pair:
    """Both applications with the same settings, each with a store of its own."""
    flask, flask_lab = (flask_version.create_app(_settings("flask")) for _ in range(2))
    scratch, scratch_lab = (wsgi_from_scratch.create_app(_settings("scratch")) for _ in range(2))
    lab.add_to_flask(flask_lab)
    lab.add_to_scratch(scratch_lab)
    return Pair(flask, scratch, flask_lab, scratch_lab)


def _settings(name: str) -> Settings:
    return Settings(secret_key=SECRET_KEY, downloads_url=f"memory://comparison-{name}")


@contextlib.contextmanager
def held_still() -> Iterator[None]:
    """Hold the clock and ``uuid.uuid4`` still: the same second, and the same names in the same order."""
    names = (uuid.UUID(int=number, version=4) for number in range(1, 1_000_000))
    with (
        time_machine.travel(MOMENT, tick=False),
        mock.patch("uuid.uuid4", names.__next__),
    ):
        yield


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that an application needed for a whole scenario, in runs that nobody watched."""

    runs: int
    median: float
    quickest: float
    slowest: float


@dataclass(frozen=True)
class Side:
    """What one application did."""

    name: str
    exchanges: tuple[Exchange, ...]
    """The answer to each step."""
    traces: tuple[tuple[Call, ...], ...]
    """The calls of each step, in order."""
    warnings: tuple[str, ...]
    """What it warned of, such as a cookie that browsers will drop."""
    timing: Timing

    @property
    def calls(self) -> int:
        """How many Python functions were called, in all steps."""
        return sum(map(len, self.traces))

    @cached_property
    def calls_by_stage(self) -> dict[Stage, int]:
        """Of these, how many belong to each stage, and how many to none."""
        return calls_by_stage(self.traces)


@dataclass(frozen=True, slots=True)
class LinePair:
    """A line of both answers; None where one of them has no such line."""

    flask: str | None
    scratch: str | None

    @property
    def same(self) -> bool:
        return self.flask == self.scratch


@dataclass(frozen=True)
class Study:
    """One scenario through both applications."""

    scenario: Scenario
    flask: Side
    scratch: Side

    @cached_property
    def steps(self) -> tuple[tuple[Exchange, Exchange], ...]:
        """What each step got from Flask and from us."""
        return tuple(zip(self.flask.exchanges, self.scratch.exchanges, strict=True))

    @cached_property
    def differing_lines(self) -> tuple[LinePair, ...]:
        """The lines in which the answers differ, of all steps."""
        return tuple(
            line
            for flask, scratch in self.steps
            if differs(flask, scratch)
            for line in pair_lines(flask, scratch)
            if not line.same
        )

    @cached_property
    def unlisted(self) -> bool:
        """Whether an answer differs and nothing in ``DIFFERENCES`` says why."""
        return any(
            differs(flask, scratch) and known_difference(flask.request) is None
            for flask, scratch in self.steps
        )

    @cached_property
    def listed(self) -> tuple[Difference, ...]:
        """The known differences that have shown."""
        found = (known_difference(a.request) for a, b in self.steps if differs(a, b))
        return tuple(dict.fromkeys(known for known in found if known is not None))

    @property
    def verdict(self) -> str:
        """``identical``, ``as listed``, or ``different``."""
        if self.unlisted:
            return "different"
        return "as listed" if self.listed else "identical"

    @property
    def ratio(self) -> float:
        """How many times as long Flask took."""
        return self.flask.timing.median / self.scratch.timing.median

    def as_data(self) -> dict[str, Any]:
        """The study for other programs, as JSON has it."""
        return {
            "name": self.scenario.name,
            "lesson": self.scenario.lesson,
            "verdict": self.verdict,
            "differing_lines": [[line.flask, line.scratch] for line in self.differing_lines],
            "requests": [
                answer.request.to_bytes().decode("latin-1") for answer in self.flask.exchanges
            ],
            "flask": _side_as_data(self.flask),
            "scratch": _side_as_data(self.scratch),
            "ratio": self.ratio,
        }


def _side_as_data(side: Side) -> dict[str, Any]:
    cookies = [session_cookie(answer) for answer in side.exchanges]
    return {
        "answers": [answer.lines() for answer in side.exchanges],
        "calls": side.calls,
        "calls_by_stage": {stage.name: count for stage, count in side.calls_by_stage.items()},
        "warnings": side.warnings,
        "runs": side.timing.runs,
        "median_seconds": side.timing.median,
        "sessions": [cookie and _cookie_as_data(cookie) for cookie in cookies],
    }


def _cookie_as_data(cookie: SessionCookie) -> dict[str, Any]:
    return {"data": cookie.data, "signed_at": cookie.signed_at.isoformat(), "bytes": cookie.size}


def differs(flask: Exchange, scratch: Exchange) -> bool:
    """Whether two answers differ in anything that a client or a server can see."""
    return _visible(flask) != _visible(scratch)


def _visible(answer: Exchange) -> tuple[object, ...]:
    return answer.status, answer.headers, answer.body, answer.faults, answer.failure


def pair_lines(flask: Exchange, scratch: Exchange) -> list[LinePair]:
    """The lines of both answers beside each other, equal ones in one pair."""
    left, right = flask.lines(), scratch.lines()
    pairs = []
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for _, start, end, other_start, other_end in matcher.get_opcodes():
        ours = right[other_start:other_end]
        for number in range(max(end - start, len(ours))):
            pairs.append(
                LinePair(
                    left[start + number] if start + number < end else None,
                    ours[number] if number < len(ours) else None,
                )
            )
    return pairs


def study(scenario: Scenario, pair: Pair) -> Study:
    """Send a scenario through both applications, watch them, and measure them."""
    flask = pair.flask_lab if scenario.lab else pair.flask
    scratch = pair.scratch_lab if scenario.lab else pair.scratch
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", UserWarning)
        flask_record = _record(flask, scenario, warned)
        scratch_record = _record(scratch, scenario, warned)
        warnings.simplefilter("ignore", UserWarning)
        flask_timing, scratch_timing = _measure(flask, scratch, scenario)
    return Study(
        scenario,
        Side("Flask", *flask_record, flask_timing),
        Side("from scratch", *scratch_record, scratch_timing),
    )


Record = tuple[tuple[Exchange, ...], tuple[tuple[Call, ...], ...], tuple[str, ...]]


def _record(
    application: Application, scenario: Scenario, warned: list[warnings.WarningMessage]
) -> Record:
    """Answers, calls and warnings of a second visit: the first one compiles templates and fills caches."""
    tracers: list[Tracer] = []

    def send(application: Application, step: Step, jar: Jar) -> Exchange:
        tracers.append(Tracer())
        request = jar.fill(parse_request(step.raw))
        return exchange(application, request, step.mounted_at, tracers[-1])

    with held_still():
        visit(application, scenario.steps)
    warned.clear()
    with held_still():
        exchanges = visit(application, scenario.steps, send)
    return (
        tuple(exchanges),
        tuple(tracer.calls for tracer in tracers),
        tuple(str(one.message) for one in warned if issubclass(one.category, UserWarning)),
    )


def _measure(flask: Application, scratch: Application, scenario: Scenario) -> tuple[Timing, Timing]:
    """Both in turn, so that whatever else the machine does meets both alike."""
    times: tuple[list[float], list[float]] = ([], [])
    started = time.perf_counter()
    while len(times[0]) < FEWEST_RUNS or (
        len(times[0]) < MOST_RUNS and time.perf_counter() - started < SECONDS_FOR_RUNS
    ):
        for application, seconds in zip((flask, scratch), times, strict=True):
            seconds.append(sum(answer.seconds for answer in visit(application, scenario.steps)))
    return _timing(times[0]), _timing(times[1])


def _timing(seconds: list[float]) -> Timing:
    return Timing(len(seconds), statistics.median(seconds), min(seconds), max(seconds))
