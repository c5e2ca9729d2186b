"""Study: one scenario through both applications, and everything that a view of it shows, worked out once.

Terminal, page and explorer show the same ``Study``, so they cannot disagree. What an overview needs is there at once:
answers, calls, times. What only a closer look needs (lines, the sources of the views, where a header comes from, how
the session grew) costs one more visit under closer watch, which is paid when somebody asks.

Times are measured apart from that, with the clock running and nobody watching.
"""

import base64
import contextlib
import re
import shlex
import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from difflib import SequenceMatcher
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeAlias

from .concepts import NO_STAGE, STAGES, Stage, calls_by_stage
from .cookie import SessionCookie, accepted, flip_a_byte, session_cookie
from .differences import Difference, known_difference
from .exchange import Application, Exchange, Jar, exchange
from .ledger import Ledger, ledger, merged
from .pair import NORMALISED, Pair, held_still, secret_keys
from .recording import Moment, Origin, Watcher
from .scenarios import Scenario
from .steps import NO_COOKIES, Next, Step, visit
from .tracing import Call, Tracer
from .view import ViewSource, view_source
from .wire import Request, parse_request

# Enough runs for a steady median; less when the scenario is slow, so that the whole report takes a few seconds.
MOST_RUNS = 25
FEWEST_RUNS = 3
SECONDS_FOR_RUNS = 0.04
SECONDS_FOR_SLOW_RUNS = 2.0  # after which one run is enough

LONGEST_ARGUMENT = 100_000
"""Bytes of a body that curl is given as an argument; Linux allows 131,071, and longer ones come through a pipe."""

_WORDS = re.compile(r"\w+|\W")

Pieces: TypeAlias = tuple[tuple[bool, str], ...]
"""A line in pieces, each with whether the line beside it has the same."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that an application needed for a whole scenario, in runs that nobody watched."""

    runs: int
    median: float
    quickest: float
    slowest: float


def duration(seconds: float) -> str:
    """Three digits or four, in the unit that fits.

    >>> duration(0.0000571), duration(0.0123)
    ('57 µs', '12.3 ms')
    """
    return f"{seconds * 1e6:,.0f} µs" if seconds < 0.01 else f"{seconds * 1e3:,.1f} ms"


@dataclass(frozen=True, slots=True)
class Watched:
    """What a closer look at one step has seen."""

    trace: tuple[Call, ...]
    lines: tuple[tuple[Call, frozenset[int]], ...]
    origins: dict[str, Origin]
    moments: tuple[Moment, ...]
    view: ViewSource | None
    interrupted: bool
    """Whether the application ended the watch before it was done."""


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
    timing: Timing | None
    """None when nothing was measured, lest it be done many times."""
    cookies: tuple[SessionCookie | None, ...] = ()
    """The session cookie that each answer sets."""
    watch: Callable[[], tuple[Watched, ...]] = field(default=tuple, repr=False, compare=False)
    """Looks closely at all of it once more."""

    @property
    def calls(self) -> int:
        """How many Python functions were called, in all steps."""
        return sum(map(len, self.traces))

    @cached_property
    def calls_by_stage(self) -> dict[Stage, int]:
        """Of these, how many belong to each stage, and how many to none."""
        return calls_by_stage(self.traces)

    @cached_property
    def watched(self) -> tuple[Watched, ...]:
        """Each step under closer watch."""
        return self.watch()

    @cached_property
    def ledgers(self) -> tuple[Ledger, ...]:
        """For each step, what was done for it."""
        return tuple(
            ledger(trace, watched.lines)
            for trace, watched in zip(self.traces, self.watched, strict=True)
        )

    @cached_property
    def ledger(self) -> Ledger:
        """The same for all steps together."""
        return merged(self.ledgers)

    @property
    def views(self) -> tuple[ViewSource | None, ...]:
        """For each step the view function; None where none was called."""
        return tuple(watched.view for watched in self.watched)

    @property
    def header_origins(self) -> tuple[dict[str, Origin], ...]:
        """For each step, by the name of a header in lower case, the line that it comes from."""
        return tuple(watched.origins for watched in self.watched)

    @property
    def moments(self) -> tuple[tuple[Moment, ...], ...]:
        """For each step, how things stood when its stages ended."""
        return tuple(watched.moments for watched in self.watched)


@dataclass(frozen=True, slots=True)
class LinePair:
    """A line of both answers; None where one of them has no such line."""

    flask: str | None
    scratch: str | None

    @property
    def same(self) -> bool:
        return self.flask == self.scratch

    @property
    def pieces(self) -> tuple[Pieces, Pieces]:
        """Flask's line and ours in pieces.

        >>> LinePair("if session:", "if ctx.session:").pieces
        (((True, 'if '), (True, 'session:')), ((True, 'if '), (False, 'ctx.'), (True, 'session:')))
        """
        flask, scratch = _WORDS.findall(self.flask or ""), _WORDS.findall(self.scratch or "")
        found = SequenceMatcher(None, flask, scratch, autojunk=False).get_opcodes()
        return (
            tuple((tag == "equal", "".join(flask[a:b])) for tag, a, b, _, _ in found if a < b),
            tuple((tag == "equal", "".join(scratch[a:b])) for tag, _, _, a, b in found if a < b),
        )

    @property
    def marks(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Where the two differ, as pairs of start and end: in Flask's line, and in ours."""
        flask, scratch = self.pieces
        return _marks(flask), _marks(scratch)

    def as_data(self) -> dict[str, Any]:
        flask, scratch = ([], []) if self.same else self.marks
        return {
            "flask": self.flask,
            "scratch": self.scratch,
            "same": self.same,
            "flask_marks": flask,
            "scratch_marks": scratch,
        }


def _marks(pieces: Pieces) -> list[tuple[int, int]]:
    ends = accumulate(len(text) for _, text in pieces)
    return [
        (end - len(text), end) for (same, text), end in zip(pieces, ends, strict=True) if not same
    ]


@dataclass(frozen=True, slots=True)
class Trial:
    """What was tried out with two session cookies: whether Flask has accepted, and whether ours has."""

    own: tuple[bool, bool]
    """Each was given the cookie that it had set."""
    swapped: tuple[bool, bool]
    """Each was given the cookie that the other had set."""
    flipped: tuple[bool, bool]
    """Each was given its own with one character changed."""
    position: int
    """Which character that was."""


def _try_out(
    pair: Pair | None, flask: SessionCookie | None, scratch: SessionCookie | None
) -> Trial | None:
    if pair is None or flask is None or scratch is None:
        return None
    position = min(len(flask.payload), len(scratch.payload)) // 2
    flipped = [flip_a_byte(cookie.value, position) for cookie in (flask, scratch)]
    try:
        return Trial(
            accepted(pair, flask.value, scratch.value),
            accepted(pair, scratch.value, flask.value),
            accepted(pair, *flipped),
            position,
        )
    except TypeError:  # other applications than these two cannot be asked
        return None


@dataclass(frozen=True)
class Study:
    """One scenario through both applications."""

    scenario: Scenario
    flask: Side
    scratch: Side
    pair: Pair | None = field(default=None, repr=False, compare=False)
    """The applications, for what is tried out with their cookies."""

    @cached_property
    def steps(self) -> tuple[tuple[Exchange, Exchange], ...]:
        """What each step got from Flask and from us."""
        return tuple(zip(self.flask.exchanges, self.scratch.exchanges, strict=True))

    def look_closely(self) -> None:
        """Do now what would be done when somebody asks, for whoever shows how far it is."""
        self.flask.ledger, self.scratch.ledger  # noqa: B018  # asked for their effect: they are kept

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
        """How many times as long Flask took in its best run; 0 when nothing was measured."""
        flask, scratch = self.flask.timing, self.scratch.timing
        return flask.quickest / scratch.quickest if flask and scratch else 0.0

    @cached_property
    def trials(self) -> tuple[Trial | None, ...]:
        """For each step what becomes of its session cookies; None where the two answers do not both set one."""
        return tuple(
            _try_out(self.pair, flask, scratch)
            for flask, scratch in zip(self.flask.cookies, self.scratch.cookies, strict=True)
        )

    def summary(self) -> dict[str, Any]:
        """What an overview shows, as JSON has it."""
        return {
            "name": self.scenario.name,
            "lesson": self.scenario.lesson,
            "verdict": self.verdict,
            "listed": [
                {"name": known.name, "reason": known.reason, "upstream": known.upstream}
                for known in self.listed
            ],
            "normalised": list(NORMALISED),
            "differing_lines": [[line.flask, line.scratch] for line in self.differing_lines],
            "requests": [
                answer.request.to_bytes().decode("latin-1") for answer in self.flask.exchanges
            ],
            "flask": side_summary(self.flask),
            "scratch": side_summary(self.scratch),
            "ratio": self.ratio,
        }

    def as_data(self) -> dict[str, Any]:
        """All of the study for other programs, as JSON has it."""
        return self.summary() | {
            "stages": stages_as_data(),
            "functions": definitions(self.flask, self.scratch),
            "wire": [
                [line.as_data() for line in pair_lines(flask, scratch)]
                for flask, scratch in self.steps
            ],
            "trials": [trial and asdict(trial) for trial in self.trials],
            "flask": side_as_data(self.flask),
            "scratch": side_as_data(self.scratch),
        }


def stages_as_data() -> list[dict[str, Any]]:
    """The stages in their order, and what belongs to none."""
    return [
        {"number": stage.number, "name": stage.name, "colour": stage.colour, "css": stage.css}
        for stage in (*STAGES, NO_STAGE)
    ]


def definitions(*sides: Side) -> dict[str, dict[str, Any]]:
    """Every function that was called, by the ``id`` under which ledgers mention it, with its source."""
    return {
        function.id: function.definition() for side in sides for function in side.ledger.functions
    }


def side_summary(side: Side) -> dict[str, Any]:
    """One side without what needs a closer look."""
    timing = side.timing
    return {
        "name": side.name,
        "answers": [answer.lines() for answer in side.exchanges],
        "calls": side.calls,
        "calls_by_stage": {stage.name: count for stage, count in side.calls_by_stage.items()},
        "warnings": list(side.warnings),
        "runs": timing.runs if timing else 0,
        "median_seconds": timing.median if timing else None,
        "quickest_seconds": timing.quickest if timing else None,
        "slowest_seconds": timing.slowest if timing else None,
        "sessions": [cookie and cookie.as_data() for cookie in side.cookies],
    }


def side_as_data(side: Side) -> dict[str, Any]:
    """One side with all that a closer look has found."""
    return side_summary(side) | {
        "steps": [_step_as_data(side, number) for number in range(len(side.exchanges))],
        "ledger": side.ledger.as_data(),
    }


def _step_as_data(side: Side, number: int) -> dict[str, Any]:
    answer, view = side.exchanges[number], side.views[number]
    return {
        "request": answer.request.to_bytes().decode("latin-1"),
        "curl": curl(answer.request),
        "status": answer.status,
        "headers": [list(pair) for pair in answer.headers],
        "body_bytes": len(answer.body),
        "lines": answer.lines(),
        "errors": answer.errors,
        "failure": answer.failure,
        "faults": list(answer.faults),
        "calls": len(side.traces[number]),
        "ledger": side.ledgers[number].as_data(),
        "view": view and view.as_data(),
        "header_origins": {
            name: _origin_as_data(origin) for name, origin in side.header_origins[number].items()
        },
        "moments": [_moment_as_data(moment) for moment in side.moments[number]],
        "session": (cookie := side.cookies[number]) and cookie.as_data(),
    }


def _origin_as_data(origin: Origin) -> dict[str, Any]:
    first, last = (
        {"file": place.file, "line": place.line, "function": place.function}
        for place in (origin.first, origin.last)
    )
    return {**first, "stage": origin.stage.name, "css": origin.stage.css, "last": last}


def _moment_as_data(moment: Moment) -> dict[str, Any]:
    return {
        "stage": moment.stage.name,
        "number": moment.stage.number,
        "css": moment.stage.css,
        "calls": moment.calls,
        "environ": moment.environ,
        "session": moment.session,
        "status": moment.status,
        "headers": [list(pair) for pair in moment.headers],
    }


def curl(request: Request) -> str:
    """A command that sends the same request to the tutorial's server.

    Host is that server's, a request without User-Agent or Accept gets curl's own, and curl percent-encodes what is
    not ASCII in a path.
    """
    words = ["curl", "--include", "--path-as-is", "--globoff"]
    if request.version == "1.0":
        words.append("--http1.0")
    if request.method == "HEAD" and not request.body:
        words.append("--head")  # after "--request HEAD" curl would wait for a body
    elif request.method != "GET" or request.body:
        words += ("--request", request.method)
    computed = ("content-length", str(len(request.body))) if request.body else ()
    for name, value in request.headers:
        if name.lower() != "host" and (name.lower(), value) != computed:
            # To curl "Name:" is a field to leave out, and "Name;" one without a value.
            words += ("--header", f"{name}: {value}" if value else f"{name};")
    if request.body and request.header("Content-Type") is None:
        words += ("--header", "Content-Type:")  # or curl would say that it is a form
    url = f"http://127.0.0.1:8000{request.target}"
    body = request.body.decode("latin-1")
    if body.isascii() and body.isprintable() and len(body) <= LONGEST_ARGUMENT:
        # Data after "--data-raw" are never the name of a file, not even behind an "@".
        data = ("--data-raw", body) if body else ()
        return " ".join(_quoted(word) for word in (*words, *data, url))
    command = " ".join(_quoted(word) for word in (*words, "--data-binary", "@-", url))
    encoded = base64.b64encode(request.body).decode()  # no argument can hold a NUL
    return f"printf %s {encoded} | base64 -d | {command}"


def _quoted(word: str) -> str:
    """A word for a POSIX shell; bytes that do not print are written as such, which bash, zsh and ksh understand."""
    if word.isascii() and word.isprintable():
        return shlex.quote(word)
    escaped = "".join(
        char
        if char.isascii() and char.isprintable() and char not in "'\\"
        else f"\\x{ord(char):02x}"
        for char in word
    )
    return f"$'{escaped}'"


def differs(flask: Exchange, scratch: Exchange) -> bool:
    """Whether two answers differ in anything that a client or a server can see."""
    return _visible(flask) != _visible(scratch)


def _visible(answer: Exchange) -> tuple[object, ...]:
    return answer.status, answer.headers, answer.body, answer.faults, answer.failure


def pair_lines(flask: Exchange, scratch: Exchange) -> list[LinePair]:
    """The lines of both answers beside each other, equal ones in one pair."""
    left, right = flask.lines(), scratch.lines()
    if left == right:
        return [LinePair(line, line) for line in left]
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


@dataclass(frozen=True, slots=True)
class Play:
    """A scenario as one application is sent it, again and again in the same way."""

    application: Application
    steps: Sequence[Step | Next]
    cookies: Mapping[str, str] = field(default_factory=dict)
    still: Callable[[], contextlib.AbstractContextManager[None]] = held_still

    def rehearse(self) -> None:
        """A first visit, which compiles templates and fills caches."""
        with self.still():
            visit(self.application, self.steps, cookies=self.cookies)

    def trace(self) -> tuple[tuple[Exchange, ...], tuple[tuple[Call, ...], ...]]:
        """The answers, and the calls of each step."""
        tracers: list[Tracer] = []

        def observer() -> Tracer:
            tracers.append(Tracer())
            return tracers[-1]

        exchanges = self._visit(observer)
        return exchanges, tuple(tracer.calls for tracer in tracers)

    def watch(self) -> tuple[Watched, ...]:
        """What a closer look sees."""
        return self.watch_with_answers()[1]

    def watch_with_answers(self) -> tuple[tuple[Exchange, ...], tuple[Watched, ...]]:
        """The same, with the answers that it saw."""
        watchers: list[Watcher] = []
        keys = secret_keys(self.application)

        def observer() -> Watcher:
            watchers.append(Watcher(keys))
            return watchers[-1]

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            exchanges = self._visit(observer)
        return exchanges, tuple(
            Watched(
                watcher.recorder.calls,
                lines := watcher.lines.calls,
                watcher.recorder.origins,
                watcher.recorder.moments,
                view_source(self.application, lines),
                watcher.interrupted,
            )
            for watcher in watchers
        )

    def time(self) -> float:
        """Seconds of one visit that nobody watches."""
        # Cookies from before were signed at the moment at which the clock stands still, and have run out by now.
        with self.still() if self.cookies else contextlib.nullcontext():
            answers = visit(self.application, self.steps, cookies=self.cookies)
        return sum(answer.seconds for answer in answers)

    def _visit(
        self, observer: Callable[[], contextlib.AbstractContextManager[object]]
    ) -> tuple[Exchange, ...]:
        def send(application: Application, step: Step, jar: Jar) -> Exchange:
            request = jar.fill(parse_request(step.raw))
            return exchange(application, request, step.mounted_at, observer())

        with self.still():
            return tuple(visit(self.application, self.steps, send, self.cookies))


def study(
    scenario: Scenario,
    pair: Pair,
    cookies: tuple[Mapping[str, str], Mapping[str, str]] = (NO_COOKIES, NO_COOKIES),
) -> Study:
    """Send a scenario through both applications, watch them, and measure them.

    ``cookies`` are what the browsers of Flask and of ours have from earlier visits.
    """
    flask = Play(pair.flask_lab if scenario.lab else pair.flask, scenario.steps, cookies[0])
    scratch = Play(pair.scratch_lab if scenario.lab else pair.scratch, scenario.steps, cookies[1])
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", UserWarning)
        sides = [
            _side(name, play, warned)
            for name, play in (("Flask", flask), ("from scratch", scratch))
        ]
        warnings.simplefilter("ignore", UserWarning)
        timings = measure(flask, scratch)
    timed = [replace(side, timing=timing) for side, timing in zip(sides, timings, strict=True)]
    return Study(scenario, timed[0], timed[1], pair)


def _side(name: str, play: Play, warned: list[warnings.WarningMessage]) -> Side:
    play.rehearse()
    warned.clear()
    exchanges, traces = play.trace()
    return Side(
        name,
        exchanges,
        traces,
        tuple(str(one.message) for one in warned if issubclass(one.category, UserWarning)),
        None,
        cookies_of(play.application, exchanges),
        play.watch,
    )


def cookies_of(
    application: Application, exchanges: Sequence[Exchange]
) -> tuple[SessionCookie | None, ...]:
    """The session cookie of each answer, verified with the keys of the application."""
    config = getattr(application, "config", None)
    settings = config if isinstance(config, Mapping) else {}
    name = settings.get("SESSION_COOKIE_NAME", "session")
    keys = secret_keys(application)
    return tuple(session_cookie(answer, name, keys) for answer in exchanges)


def measure(*plays: Play) -> list[Timing]:
    """All of them in turn, so that whatever else the machine does meets all alike."""
    times: list[list[float]] = [[] for _ in plays]
    started = time.perf_counter()
    while not times[0] or (
        (len(times[0]) < FEWEST_RUNS and time.perf_counter() - started < SECONDS_FOR_SLOW_RUNS)
        or (len(times[0]) < MOST_RUNS and time.perf_counter() - started < SECONDS_FOR_RUNS)
    ):
        for play, seconds in zip(plays, times, strict=True):
            seconds.append(play.time())
    return [
        Timing(len(seconds), statistics.median(seconds), min(seconds), max(seconds))
        for seconds in times
    ]
