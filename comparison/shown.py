"""Shown: a study arranged for a page, without a word of markup.

Templates repeat and escape; whatever has to be worked out is worked out here: which lines of a body to show, what one
side has otherwise, which functions belong under which stage. A :class:`Catalogue` is what several studies on one page
have in common: the source of a function stands there once, and so do the functions of a stage that went as before.
"""

import ast
import json
import sys
import textwrap
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import TypeAlias

from .concepts import concepts
from .cookie import as_json
from .exchange import LARGEST_COOKIE, Exchange
from .ledger import FunctionEntry, Ledger, StageEntry
from .places import Place as CodePlace
from .places import lines_of
from .study import LinePair, Pieces, Study, Trial, differs, duration, pair_lines
from .view import ViewSource
from .wire import Request, body_lines, visible

MOST_LINES = 18
"""Lines of one body that are shown; of more than these the middle is left out."""

MOST_OTHERS = 0.4
"""How much, of the functions of a stage, may differ for it to be told by what differs."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text that is shown, or a sentence in place of lines that are not (a gap)."""

    text: str
    gap: bool = False
    pieces: Pieces = ()
    """Where it differs from its partner."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A function in a list; ``id`` leads to its source, where that is on the page."""

    name: str
    calls: int
    id: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The functions of one module."""

    name: str
    paired: str
    functions: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere on the page."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class StageSide:
    """What one application did in one stage."""

    number: int
    id: str
    calls: int
    functions: int
    modules: int
    lines: int
    groups: tuple[Group, ...] = ()
    """What was called; with a ``base``, only what was not called there."""
    base: Place | None = None
    without: tuple[str, ...] = ()
    """What was called there and not here."""


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage of both."""

    number: int
    name: str
    flask: StageSide
    scratch: StageSide


@dataclass(frozen=True, slots=True)
class ShownCookie:
    """The session cookie of one answer."""

    payload: str
    timestamp: str
    signature: str
    json: str
    compressed: bool
    signed_at: str
    verified: str
    size: int
    largest: int
    flashes: tuple[str, ...]
    verdicts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A header of an answer, or several by name, and what put it there."""

    name: str
    flask: CodePlace | None
    scratch: CodePlace | None


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One request and its two answers."""

    requests: tuple[tuple[Line, ...], ...]
    """One, or Flask's and ours where they differ (a cookie, a link that was followed)."""
    same: bool
    answer: tuple[Line, ...]
    flask_lines: tuple[Line, ...]
    scratch_lines: tuple[Line, ...]
    logs: tuple[tuple[str, tuple[Line, ...]], ...]
    cookie: ShownCookie | None


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A numbered line of a function."""

    number: int
    ran: bool
    pieces: Pieces


@dataclass(frozen=True, slots=True)
class ShownView:
    """The view function of one application."""

    file: str
    line: int
    lines: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True)
class ViewPair:
    """One view, twice."""

    flask: ShownView | None
    scratch: ShownView | None


@dataclass(frozen=True, slots=True)
class ShownTime:
    """A timing, in seconds and in words."""

    side: str
    text: str
    spread: str
    quickest: float
    median: float
    slowest: float


@dataclass(frozen=True, slots=True)
class Ledgers:
    """Stage by stage, both sides."""

    stages: tuple[StageRow, ...]
    flask_total: StageSide
    scratch_total: StageSide

    @property
    def most(self) -> int:
        """Calls of the busiest stage, to which the bars are drawn."""
        return max((max(row.flask.calls, row.scratch.calls) for row in self.stages), default=1)

    @property
    def longest(self) -> int:
        """Calls of the busier side."""
        return max(self.flask_total.calls, self.scratch_total.calls, 1)

    @property
    def flask_strip(self) -> list[StageSide]:
        return [row.flask for row in self.stages]

    @property
    def scratch_strip(self) -> list[StageSide]:
        return [row.scratch for row in self.stages]


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A function in the list of sources."""

    id: str
    name: str
    file: str
    line: int
    runs: tuple[tuple[bool, str], ...]


@dataclass(frozen=True, slots=True)
class ShownModule:
    """The functions of one module, with their source."""

    name: str
    title: str
    functions: tuple[ShownSource, ...]


Key: TypeAlias = tuple[str, int, str]
"""What tells a function from all others: file, line, name."""


def _key(function: FunctionEntry) -> Key:
    return function.file, function.line, function.name


class Catalogue:
    """What the studies of one page share."""

    def __init__(self) -> None:
        self._ids: dict[Key, str] = {}
        self._functions: dict[Key, FunctionEntry] = {}
        self._ran: dict[Key, set[int]] = {}
        self._bases: dict[str, list[tuple[frozenset[Key], Place]]] = {}

    def place(self, function: FunctionEntry) -> str:
        """Keep a function, and the lines of it that ran; gives the id of its source, empty when that is not shown."""
        if not _is_shown(function):
            return ""
        key = _key(function)
        self._functions.setdefault(key, function)
        self._ran.setdefault(key, set()).update(function.ran)
        return self._ids.setdefault(key, f"f{len(self._ids)}")

    def base(
        self, kind: str, keys: frozenset[Key], place: Place
    ) -> tuple[frozenset[Key], Place] | None:
        """Where nearly the same functions stand already; this place is remembered when nowhere.

        Only places of one kind, such as a stage of one side, are compared.
        """
        known = self._bases.setdefault(kind, [])
        nearest = min(known, key=lambda base: len(base[0] ^ keys), default=None)
        if nearest and len(nearest[0] ^ keys) <= len(keys) * MOST_OTHERS:
            return nearest
        known.append((keys, place))
        return None

    def sources(self) -> list[ShownModule]:
        """All functions that were placed, by module."""
        by_module: dict[str, list[Key]] = {}
        for key, function in self._functions.items():
            by_module.setdefault(function.module, []).append(key)
        return [
            ShownModule(name, _title(name), tuple(map(self._source, sorted(keys))))
            for name, keys in sorted(by_module.items(), key=lambda item: _order(item[0]))
        ]

    def _source(self, key: Key) -> ShownSource:
        function = self._functions[key]
        runs = tuple(
            (ran, "".join(text for _, text in run))
            for ran, run in groupby(
                undocumented(function.source, function.line), lambda line: line[0] in self._ran[key]
            )
        )
        return ShownSource(self._ids[key], function.name, function.file, function.line, runs)


def _is_library(function: FunctionEntry) -> bool:
    return function.module.partition(".")[0] in sys.stdlib_module_names


def _is_shown(function: FunctionEntry) -> bool:
    """The standard library, generated code and templates are only named."""
    return bool(function.source) and function.file.endswith(".py") and not _is_library(function)


_FIRST = ("flask_version", "wsgi_from_scratch", "tutorial", "flask", "werkzeug", "itsdangerous")


def _order(module: str) -> tuple[int, str]:
    root = module.partition(".")[0]
    return (_FIRST.index(root) if root in _FIRST else len(_FIRST)), module


def _title(module: str) -> str:
    concept = concepts().get(module)
    return concept.title.partition(": ")[2].rstrip(".").replace("`", "") if concept else ""


@cache
def undocumented(source: str, first: int) -> tuple[tuple[int, str], ...]:
    """Numbered lines of a function, indented no more than needed, with an ellipsis for its documentation string."""
    lines = [f"{line}\n" for line in lines_of(textwrap.dedent(source))]
    begin, end = _documentation("".join(lines))
    numbered = []
    for number, line in enumerate(lines, 1):
        if number == begin:
            indent = line[: len(line) - len(line.lstrip())]
            numbered.append((first + number - 1, f'{indent}"""…"""\n'))
        elif not begin < number <= end:
            numbered.append((first + number - 1, line))
    return tuple(numbered)


def _documentation(source: str) -> tuple[int, int]:
    """First and last line of the documentation string; a pair that holds no line when there is none."""
    try:
        function = ast.parse(source).body[0]
    except (SyntaxError, IndexError):
        return 0, 0
    if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(function):
        return function.body[0].lineno, function.body[0].end_lineno or 0
    return 0, 0


@dataclass(frozen=True, slots=True)
class ShownStudy:
    """A study, ready for a template."""

    id: str
    name: str
    lesson: str
    verdict: str
    steps: tuple[ShownStep, ...]
    views: tuple[ViewPair, ...]
    ledgers: Ledgers
    fields: tuple[Field, ...]
    times: tuple[ShownTime, ...]
    """Flask's and ours; nothing when nothing was measured."""
    time_sentence: str
    warnings: tuple[str, ...]

    @property
    def slowest(self) -> float:
        """Where the scale of times ends."""
        return max((time.slowest for time in self.times), default=0.0)


def show(study: Study, catalogue: Catalogue, frame: Collection[str] = ()) -> ShownStudy:
    """Arrange a study. Lines that stand in ``frame`` are left out where several of them follow each other."""
    name = study.scenario.name
    return ShownStudy(
        name,
        name,
        study.scenario.lesson,
        study.verdict,
        tuple(_step(study, number, frame) for number in range(len(study.steps))),
        tuple(_views(study)),
        _ledgers(study.flask.ledger, study.scratch.ledger, name, catalogue),
        _fields(study),
        tuple(_times(study)),
        _time_sentence(study),
        tuple(
            f"{side.name[0].upper()}{side.name[1:]} warned: {visible(text)}"
            for side in (study.flask, study.scratch)
            for text in side.warnings
        ),
    )


def shortened(lines: Sequence[str], frame: Collection[str] = ()) -> Iterator[Line]:
    """The lines that say something: what belongs to the frame of every page, and the middle of much, is counted."""
    kept: list[Line] = []
    for common, run in groupby(lines, lambda line: line in frame):
        found = list(run)
        if common and len(found) > 2:
            kept.append(Line(f"… {len(found)} lines that many pages have", gap=True))
        else:
            kept += (Line(visible(line)) for line in found[:MOST_LINES])
            if len(found) > MOST_LINES:
                kept.append(Line(f"… {len(found) - MOST_LINES:,} more lines", gap=True))
    half = MOST_LINES // 2
    if len(kept) > MOST_LINES + 1:
        gap = Line(f"… {len(kept) - MOST_LINES:,} more lines", gap=True)
        kept = [*kept[:half], gap, *kept[-half:]]
    yield from kept


def _request(request: Request) -> tuple[Line, ...]:
    head = [f"{request.method} {request.target} HTTP/{request.version}"]
    head += (f"{name}: {value}" for name, value in request.headers)
    body = list(shortened(body_lines(request.body))) if request.body else []
    return (*(Line(visible(line)) for line in head), *([Line(""), *body] if body else []))


def _answer(answer: Exchange, frame: Collection[str]) -> tuple[Line, ...]:
    lines = answer.lines()
    end = lines.index("") if "" in lines else len(lines)
    head = (Line(visible(line)) for line in lines[: end + 1])
    body = lines[end + 1 :]
    return (*head, *shortened(body, frame))


def _step(study: Study, number: int, frame: Collection[str]) -> ShownStep:
    flask, scratch = study.steps[number]
    same = not differs(flask, scratch)
    requests = (
        (flask.request,) if flask.request == scratch.request else (flask.request, scratch.request)
    )
    pairs = [] if same else pair_lines(flask, scratch)
    logs = (("Flask", flask), ("From scratch", scratch))
    return ShownStep(
        tuple(map(_request, requests)),
        same,
        _answer(flask, frame) if same else (),
        tuple(_one_side(pairs, 0)),
        tuple(_one_side(pairs, 1)),
        tuple(
            (name, tuple(shortened(answer.errors.splitlines())))
            for name, answer in logs
            if answer.errors
        ),
        _cookie(study, number),
    )


def _one_side(pairs: Sequence[LinePair], side: int) -> Iterator[Line]:
    """The lines of Flask (0) or ours (1); where the other side's are otherwise, with the pieces in which they are."""
    for same, run in groupby(pairs, lambda pair: pair.same):
        found = list(run)
        if same:
            yield from shortened([pair.flask or "" for pair in found])
            continue
        for pair in found[:MOST_LINES]:
            lines = pair.flask, pair.scratch
            if lines[side] is not None:
                texts = [visible(line or "") for line in lines]
                yield Line(texts[side], pieces=LinePair(*texts).pieces[side])
        if len(found) > MOST_LINES:
            yield Line(f"… {len(found) - MOST_LINES:,} more lines that differ", gap=True)


def _fields(study: Study) -> tuple[Field, ...]:
    """Where the headers of all answers come from; what several of them, or several answers, have in common once."""
    found: dict[tuple[CodePlace | None, CodePlace | None], dict[str, None]] = {}
    origins = zip(
        study.steps, study.flask.header_origins, study.scratch.header_origins, strict=True
    )
    for (answer, other), flask, scratch in origins:
        for name, _ in (*answer.headers, *other.headers):
            left, right = flask.get(name.lower()), scratch.get(name.lower())
            places = left.first if left else None, right.first if right else None
            found.setdefault(places, {})[visible(name)] = None
    fields = (Field(", ".join(sorted(names)), *places) for places, names in found.items())
    return tuple(sorted(fields, key=lambda one: one.name.lower()))


def _cookie(study: Study, number: int) -> ShownCookie | None:
    one, trial = study.flask.cookies[number], study.trials[number]
    if one is None:
        return None
    return ShownCookie(
        one.payload,
        one.timestamp,
        one.signature,
        visible(json.dumps(as_json(one.data), ensure_ascii=False)),
        one.compressed,
        f"signed at {one.signed_at:%Y-%m-%d %H:%M:%S} UTC",
        f"verified with {one.key}" if one.key else "made with none of the keys that are known here",
        one.size,
        LARGEST_COOKIE,
        tuple(visible(": ".join(map(str, message))) for message in one.flashes),
        tuple(_tried(trial)) if trial else (),
    )


def _tried(trial: Trial) -> Iterator[tuple[str, str]]:
    """What both applications make of a cookie that was changed, and of each other's."""
    for name, accepted in (
        ("One byte flipped", trial.flipped),
        ("The other's cookie", trial.swapped),
    ):
        flask, scratch = ("accepts" if one else "refuses" for one in accepted)
        yield name, f"Flask {flask} it, the one from scratch {scratch} it"


def _views(study: Study) -> Iterator[ViewPair]:
    """The views of all steps; what several steps have in common once."""
    pairs = zip(study.flask.views, study.scratch.views, strict=True)
    for flask, scratch in dict.fromkeys(pairs):
        if flask or scratch:
            yield ViewPair(_view(flask, scratch), _view(scratch, flask))


def _view(mine: ViewSource | None, other: ViewSource | None) -> ShownView | None:
    """One side's view; its lines beside those of the other, with what differs in pieces."""
    if mine is None:
        return None
    lines = undocumented(mine.source, mine.line)
    partners = undocumented(other.source, other.line) if other else lines
    if len(partners) != len(lines):
        partners = lines
    shown = []
    for (number, text), (_, partner) in zip(lines, partners, strict=True):
        pieces = LinePair(text.rstrip("\n"), partner.rstrip("\n")).pieces[0]
        shown.append(SourceLine(number, number in mine.ran, pieces))
    return ShownView(mine.file, mine.line, tuple(shown))


def ledgers(flask: Ledger, scratch: Ledger) -> Ledgers:
    """Both ledgers without their functions."""
    return _ledgers(flask, scratch, "", None)


def _ledgers(flask: Ledger, scratch: Ledger, name: str, catalogue: Catalogue | None) -> Ledgers:
    rows = tuple(
        StageRow(
            left.stage.number,
            left.stage.name,
            _stage_side(left, Place(f"{name}-f{left.stage.number}", name), "f", catalogue),
            _stage_side(right, Place(f"{name}-s{right.stage.number}", name), "s", catalogue),
        )
        for left, right in zip(flask.stages, scratch.stages, strict=True)
    )
    return Ledgers(rows, _total(flask), _total(scratch))


def _total(ledger: Ledger) -> StageSide:
    return StageSide(0, "", ledger.calls, len(ledger.functions), len(ledger.modules), ledger.lines)


def _stage_side(
    entry: StageEntry, place: Place, side: str, catalogue: Catalogue | None
) -> StageSide:
    number = entry.stage.number
    shown = StageSide(
        number, place.id, entry.calls, len(entry.functions), len(entry.modules), entry.lines
    )
    if catalogue is None or not entry.functions:
        return shown
    for function in entry.functions:
        catalogue.place(function)
    told = {_key(one): one for one in entry.functions if not _is_library(one)}
    base = catalogue.base(f"{side}{number}", frozenset(told), place)
    if base is None:
        return replace(shown, groups=tuple(_groups(entry.functions, catalogue)))
    keys, where = base
    others = [function for key, function in told.items() if key not in keys]
    without = tuple(sorted({name for _, _, name in keys - told.keys()}))
    return replace(shown, groups=tuple(_groups(others, catalogue)), base=where, without=without)


def _groups(functions: Iterable[FunctionEntry], catalogue: Catalogue) -> Iterator[Group]:
    """By module, in the order of the calls; of the standard library only the modules."""
    by_module: dict[str, list[FunctionEntry]] = {}
    library: Counter[str] = Counter()
    for function in functions:
        if _is_library(function):
            library[function.module] += function.calls
        else:
            by_module.setdefault(function.module, []).append(function)
    for module, found in by_module.items():
        listed = tuple(Listed(one.name, one.calls, catalogue.place(one)) for one in found)
        yield Group(module, _paired(module, found), listed)
    if library:
        named = tuple(Listed(module, number) for module, number in library.items())
        yield Group("the standard library", "calls by module", named)


def _paired(module: str, found: Iterable[FunctionEntry]) -> str:
    """For our modules what they are about, for others which of ours stand for what was called."""
    if module in concepts():
        return _title(module)
    pairs = dict.fromkeys(one.concept for one in found if one.concept is not None)
    names = ", ".join(pair.removeprefix("wsgi_from_scratch.") for pair in pairs)
    return f"here: {names}" if names else ""


def _times(study: Study) -> Iterator[ShownTime]:
    for side, name in ((study.flask, "Flask"), (study.scratch, "From scratch")):
        if timing := side.timing:
            yield ShownTime(
                name,
                duration(timing.median),
                f"from {duration(timing.quickest)} to {duration(timing.slowest)}",
                timing.quickest,
                timing.median,
                timing.slowest,
            )


def _time_sentence(study: Study) -> str:
    if study.flask.timing is None:
        return "Nothing was measured, lest it be done many times."
    return (
        f"Medians of {study.flask.timing.runs} runs that nobody watched; the bars reach from the quickest to the "
        f"slowest. In the best run Flask took {study.ratio:.1f} times as long."
    )
