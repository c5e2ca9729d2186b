"""Terminal: studies as text, for a screen, a pipe, or a person who sees no colours.

Colour repeats what words and marks already say, so nothing is lost without it. The widths are those of the terminal:
eighty columns are enough for every table; wide ones show each scenario's lesson too, and both views side by side.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby, zip_longest

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from .concepts import Stage
from .cookie import SessionCookie, as_json
from .exchange import LARGEST_COOKIE, Exchange
from .foreign import SoloStudy
from .ledger import Ledger, StageEntry
from .pair import NORMALISED
from .places import lines_of
from .recording import Origin
from .scenarios import GROUPS, Scenario
from .study import LinePair, Side, Study, Timing, Trial, duration, pair_lines
from .view import ViewSource
from .wire import Request, body_lines, visible

WIDE = 130
"""Columns from which on the table has room for the lessons, and two views for each other."""

_MOST_LINES = 30  # of one body; a page, which shows many studies, has room for fewer
_RAN = "▸"
_NUMBERS = (
    ("calls\nFlask", 7),
    ("\nscratch", 7),
    ("best run\nFlask", 8),
    ("\nscratch", 8),
    ("\nratio", 5),
)

_VERDICT_STYLES = {"identical": "green", "as listed": "yellow", "different": "bold red"}


def progress_of(scenarios: Sequence[Scenario], console: Console) -> Iterator[Scenario]:
    """The scenarios one by one, with a bar that says how far this is; gone when it is done."""
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(scenarios))
        for scenario in scenarios:
            progress.update(task, description=scenario.name)
            yield scenario
            progress.advance(task)


def print_all(studies: Sequence[Study], console: Console) -> None:
    """One row for each study, by the lessons of the tutorial, and one closing sentence."""
    by_name = {study.scenario.name: study for study in studies}
    wide = console.width >= WIDE
    heading = True
    for group in GROUPS:
        found = [by_name[one.name] for one in group.scenarios if one.name in by_name]
        if found:
            table = _table(wide)
            for study in found:
                lesson = (Text(study.scenario.lesson, "dim"),) if wide else ()
                table.add_row(*_row(study), *lesson)
            table.show_header, heading = heading, False
            console.print(Text(f"\n{group.title}", "bold"))
            console.print(table)
    console.print()
    console.print(Text(closing_sentence(studies), "bold red" if _differing(studies) else "bold"))


def _table(wide: bool) -> Table:
    """An empty table; all of one width, so that those of several groups stand in line."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("  Scenario", width=24, no_wrap=True)
    table.add_column("Verdict", width=9, no_wrap=True)
    for title, width in _NUMBERS:
        table.add_column(title, justify="right", width=width, no_wrap=True)
    if wide:
        table.add_column("Lesson", overflow="fold")
    return table


def _row(study: Study) -> tuple[Text, ...]:
    return (
        Text(f"  {study.scenario.name}"),
        Text(study.verdict, _VERDICT_STYLES[study.verdict]),
        Text(f"{study.flask.calls:,}"),
        Text(f"{study.scratch.calls:,}"),
        Text(_best(study.flask.timing)),
        Text(_best(study.scratch.timing)),
        Text(f"{study.ratio:.1f}"),
    )


def _best(timing: Timing | None) -> str:
    return duration(timing.quickest) if timing else "none"


def _differing(studies: Iterable[Study]) -> list[str]:
    return [study.scenario.name for study in studies if study.unlisted]


def closing_sentence(studies: Sequence[Study]) -> str:
    """What all of this comes to."""
    requests = sum(len(study.steps) for study in studies)
    differing = _differing(studies)
    if differing:
        return (
            f"{len(differing)} of {len(studies)} scenarios differ: {', '.join(differing)}. "
            f"“python compare.py {differing[0]}” shows how."
        )
    listed = dict.fromkeys(known.name for study in studies for known in study.listed)
    verdict = f"identical but for what is listed ({', '.join(listed)})" if listed else "identical"
    flask = sum(study.flask.calls for study in studies)
    scratch = sum(study.scratch.calls for study in studies)
    return (
        f"{len(studies)} scenarios, {requests} requests: every answer {verdict}. "
        f"Flask made {flask:,} Python calls for them, the one from scratch {scratch:,}."
    )


def print_one(study: Study, console: Console) -> None:
    """One study whole: requests, answers, views, session cookies, ledger, times."""
    console.print(Rule(Text(study.scenario.name, "bold"), align="left"))
    console.print(Text(study.scenario.lesson, "italic"))
    for number, (flask, scratch) in enumerate(study.steps):
        _print_step(number, len(study.steps), flask, scratch, console)
        one, other = study.flask, study.scratch
        _print_views(one.views[number], other.views[number], console)
        _print_origins(
            [("Flask", one.header_origins[number]), ("scratch", other.header_origins[number])],
            console,
        )
        _print_cookies(one.cookies[number], other.cookies[number], study.trials[number], console)
    for side in (study.flask, study.scratch):
        _print_warnings(side, console)
    _heading("Python calls by stage: what Flask did, and what it took from scratch", console)
    console.print(_ledgers([study.flask, study.scratch], console.width))
    _heading("Time", console)
    _print_prose(_times(study.flask.timing, study.scratch.timing, study.ratio), console)
    _heading("Verdict", console)
    console.print(Text(_verdict(study), _VERDICT_STYLES[study.verdict]))
    for sentence in NORMALISED:
        _print_prose(sentence, console, "dim")


def print_solo(solo: SoloStudy, console: Console) -> None:
    """One application by itself: requests, answers, views, session cookies, ledger, time."""
    side = solo.side
    console.print(Rule(Text(solo.scenario.name, "bold"), align="left"))
    for number, answer in enumerate(side.exchanges):
        _print_request(number, len(side.exchanges), answer.request, console)
        _heading("Answer", console)
        _print_lines(_marked([LinePair(line, line) for line in answer.lines()]), console)
        _print_log("Written to the server's log", answer, console)
        view = side.views[number]
        if view is not None:
            _heading(f"{view.name} in {view.file}: the lines that ran are marked {_RAN}", console)
            _print_lines(_listing(view), console)
        _print_origins([("", side.header_origins[number])], console)
        _print_cookies(side.cookies[number], side.cookies[number], None, console)
    _print_warnings(side, console)
    _heading("Python calls by stage: what was done around the view", console)
    console.print(_ledgers([side], console.width))
    _print_lines([Text(_own_share(side.ledger))], console)
    for entry in side.ledger.stages:
        _print_functions(entry, console)
    _heading("Time", console)
    if side.timing is not None:
        console.print(
            Text(
                f"  {_spread(side.timing)}. Median of {side.timing.runs} runs that nobody watched."
            )
        )
    _print_prose(solo.note, console)


def _print_step(number: int, of: int, flask: Exchange, scratch: Exchange, console: Console) -> None:
    _print_request(number, of, flask.request, console)
    if flask.request != scratch.request:
        # The cookies differ, or a link that was followed.
        _heading("Request to the one from scratch", console)
        _print_lines((Text(visible(line)) for line in _request_lines(scratch.request)), console)
    pairs = pair_lines(flask, scratch)
    same = all(pair.same for pair in pairs)
    _heading(
        "Both answered" if same else "Answers (F: Flask alone, S: from scratch alone)", console
    )
    _print_lines(_marked(pairs), console)
    _print_log("Flask: written to the server's log", flask, console)
    _print_log("From scratch: written to the server's log", scratch, console)


def _print_request(number: int, of: int, request: Request, console: Console) -> None:
    _heading(f"Request {number + 1} of {of}" if of > 1 else "Request", console)
    _print_lines((Text(visible(line)) for line in _request_lines(request)), console)


def _print_log(title: str, answer: Exchange, console: Console) -> None:
    if answer.errors:
        _heading(title, console)
        _print_lines((Text(visible(line)) for line in answer.errors.splitlines()), console)


def _print_warnings(side: Side, console: Console) -> None:
    if side.warnings:
        _heading(f"{side.name[0].upper()}{side.name[1:]} warned", console)
        _print_lines((Text(visible(text)) for text in side.warnings), console)


def _print_views(flask: ViewSource | None, scratch: ViewSource | None, console: Console) -> None:
    """Both views: side by side where there is room, else one below the other."""
    if flask is None or scratch is None:
        return
    if flask.source == scratch.source and flask.ran == scratch.ran:
        _heading(f"The view of both, {flask.file}: lines that ran are marked {_RAN}", console)
        _print_lines(_listing(flask), console)
        return
    listings = [list(_listing(flask, scratch)), list(_listing(scratch, flask, ours=True))]
    _heading(f"The view, twice: lines that ran are marked {_RAN}", console)
    if console.width < WIDE:
        for view, listing in zip((flask, scratch), listings, strict=True):
            console.print(Text(f"  {view.file}, line {view.line}", "dim"))
            _print_lines(listing, console)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    for view in (flask, scratch):
        table.add_column(Text(f"  {view.file}, line {view.line}", "dim"), ratio=1, overflow="fold")
    for left, right in zip_longest(*listings, fillvalue=Text()):
        table.add_row(Text("  ").append_text(left), Text("  ").append_text(right))
    console.print(table)


def _listing(
    view: ViewSource, other: ViewSource | None = None, *, ours: bool = False
) -> Iterator[Text]:
    """The lines of a view with their numbers; what the other view has otherwise is underlined."""
    partners = _partners(lines_of(view.source), lines_of(other.source) if other else [])
    for (number, text, ran), partner in zip(view.lines, partners, strict=True):
        line = Text(f"{number:>4} {_RAN if ran else ' '} ", "" if ran else "dim")
        shown = Text(visible(text), "" if ran else "dim")
        if other is not None and partner is not None:
            pair = LinePair(partner, text) if ours else LinePair(text, partner)
            for start, end in pair.marks[1 if ours else 0]:
                shown.stylize("bold underline", start, end)
        yield line.append_text(shown)


def _partners(lines: Sequence[str], others: Sequence[str]) -> list[str | None]:
    """For each line the one that stands in its place on the other side."""
    partners: list[str | None] = [None] * len(lines)
    matcher = SequenceMatcher(None, lines, others, autojunk=False)
    for _, start, end, other_start, other_end in matcher.get_opcodes():
        for number in range(min(end - start, other_end - other_start)):
            partners[start + number] = others[other_start + number]
    return partners


def _print_origins(sides: Sequence[tuple[str, dict[str, Origin]]], console: Console) -> None:
    """The line that set each header, on each side."""
    names = dict.fromkeys(name for _, origins in sides for name in origins)
    if not names:
        return
    _heading("Which line set each header", console)
    for name in names:
        _print_lines([Text(name)], console)
        for side, origins in sides:
            if name in origins:
                place = origins[name].first
                line = Text(f"  {side:<7} {place.file}:{place.line} ")
                line.append(place.function, origins[name].stage.colour)
                _print_lines([line], console)


def _heading(title: str, console: Console) -> None:
    console.print()
    console.print(Text(title, "bold underline"))


def _print_prose(text: str, console: Console, style: str = "") -> None:
    """Sentences, which are wrapped."""
    console.print(Padding(Text(text, style), (0, 0, 0, 2), expand=False))


def _print_lines(lines: Iterable[Text], console: Console) -> None:
    for line in lines:
        # Not wrapped: what was sent can be copied as it was sent.
        console.print(Text("  ").append_text(line) if line else line, soft_wrap=True)


def _request_lines(request: Request) -> list[str]:
    head = [f"{request.method} {request.target} HTTP/{request.version}"]
    head += (f"{name}: {value}" for name, value in request.headers)
    body = _shortened(body_lines(request.body))
    return [*head, *(["", *body] if body else [])]


def _marked(pairs: Sequence[LinePair]) -> Iterator[Text]:
    """Equal lines once, others twice with the letter of their side: all of Flask's, then all of ours."""
    margin = "" if all(pair.same for pair in pairs) else "  "
    for same, run in groupby(pairs, lambda pair: pair.same):
        lines = list(run)
        if same:
            for line in _shortened([pair.flask or "" for pair in lines]):
                yield Text(f"{margin}{visible(line)}")
        else:
            flask = [pair.flask for pair in lines if pair.flask is not None]
            scratch = [pair.scratch for pair in lines if pair.scratch is not None]
            yield from (Text(f"F {visible(line)}", "red") for line in flask)
            yield from (Text(f"S {visible(line)}", "green") for line in scratch)


def _shortened(lines: list[str]) -> list[str]:
    """Lines that are the same in both answers, the middle of many left out."""
    left_out = len(lines) - _MOST_LINES
    if left_out <= 1:
        return lines
    half = _MOST_LINES // 2
    return [*lines[:half], f"… {left_out:,} more lines …", *lines[-half:]]


def _ledgers(sides: Sequence[Side], width: int) -> Table:
    """The ledger: for each stage a row for each side, with a bar as long as its calls."""
    several = len(sides) > 1
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("  Stage", width=19, no_wrap=True)
    if several:
        table.add_column("", width=7, no_wrap=True)
    for title, column in (("calls", 6), ("functions", 9), ("modules", 7), ("lines", 6)):
        table.add_column(title, justify="right", width=column, no_wrap=True)
    bar = min(width - 54 - 8 * several, 60)
    table.add_column("", width=bar, no_wrap=True)
    ledgers = [side.ledger for side in sides]
    most = max(entry.calls for ledger in ledgers for entry in ledger.stages)
    for entries in zip(*(ledger.stages for ledger in ledgers), strict=True):
        if any(entry.calls for entry in entries):
            for number, entry in enumerate(entries):
                table.add_row(*_ledger_row(entry, number, several, most, bar))
    for number, ledger in enumerate(ledgers):
        side = [_SIDES[number]] if several else []
        table.add_row("" if number else "  all", *side, *_figures(ledger), "", style="bold")
    return table


_SIDES = ("Flask", "scratch")


def _ledger_row(
    entry: StageEntry, number: int, several: bool, most: int, width: int
) -> Iterator[Text]:
    stage: Stage = entry.stage
    yield Text("" if number else f"  {stage.name}", stage.colour)
    if several:
        yield Text(_SIDES[number])
    yield from map(Text, _figures(entry))
    yield Text(_bar(entry.calls, most, width), stage.colour)


def _figures(entry: StageEntry | Ledger) -> list[str]:
    counts = entry.calls, len(entry.functions), len(entry.modules), entry.lines
    return [f"{count:,}" for count in counts]


def _print_functions(entry: StageEntry, console: Console) -> None:
    """The functions of a stage: the application's own, then those that were called most often."""
    if not entry.calls:
        return
    _heading(f"{entry.stage.name[0].upper()}{entry.stage.name[1:]}: {entry.calls:,} calls", console)
    functions = sorted(entry.functions, key=lambda function: -function.calls)
    own = [function for function in functions if function.own]
    shown = [*own, *(function for function in functions if not function.own)][:_MOST_FUNCTIONS]
    for function in shown:
        line = Text(f"{function.calls:>6,}  ")
        line.append(function.name, entry.stage.colour)
        line.append(f"  {function.file}:{function.line}", "dim")
        _print_lines([line], console)
    if len(functions) > len(shown):
        _print_lines(
            [Text(f"{'':>6}  and {len(functions) - len(shown):,} more functions", "dim")], console
        )


_MOST_FUNCTIONS = 8


def _own_share(ledger: Ledger) -> str:
    own = sum(function.calls for function in ledger.functions if function.own)
    return (
        f"Of {ledger.calls:,} calls {own:,} were of the application's own functions and templates; "
        "functions that are written in C are not counted."
    )


def _bar(count: int, most: int, width: int = 20) -> str:
    """A bar as long as the count; a count that is not nothing has a bar.

    >>> _bar(0, 10), _bar(1, 1000), _bar(10, 10) == "█" * 20
    ('', '▏', True)
    """
    eighths = -(-count * width * 8 // most)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _times(flask: Timing | None, scratch: Timing | None, ratio: float) -> str:
    if flask is None or scratch is None:
        return "Nothing was measured."
    return (
        f"Flask {_spread(flask)}, from scratch {_spread(scratch)}: "
        f"in the best run Flask took {ratio:.1f} times as long. Medians of {flask.runs} runs that nobody watched."
    )


def _spread(timing: Timing) -> str:
    return f"{duration(timing.median)} ({duration(timing.quickest)} to {duration(timing.slowest)})"


def _verdict(study: Study) -> str:
    if study.verdict == "identical":
        return "  Identical: status line, headers in their order, body."
    count = len(study.differing_lines)
    sentences = [f"  {study.verdict.capitalize()}: {count} lines differ."]
    sentences += (f"{known.name}: {known.reason} ({known.upstream})" for known in study.listed)
    return "\n  ".join(sentences)


def _print_cookies(
    flask: SessionCookie | None,
    scratch: SessionCookie | None,
    trial: Trial | None,
    console: Console,
) -> None:
    if flask == scratch:
        sides = [("Session cookie", flask)]
    else:
        sides = [("Session cookie of Flask", flask), ("Session cookie from scratch", scratch)]
    for title, cookie in sides:
        if cookie is not None:
            _heading(f"{title}, taken apart", console)
            _print_lines(_cookie_lines(cookie), console)
    if trial is not None:
        _print_lines(map(Text, _trial_lines(trial)), console)


def _cookie_lines(cookie: SessionCookie) -> Iterator[Text]:
    for title, part, style in (
        ("payload", cookie.payload, "magenta"),
        ("timestamp", cookie.timestamp, "cyan"),
        ("signature", cookie.signature, "yellow"),
    ):
        yield Text(f"{title:<10} ").append(visible(part), style)
    packed = " (was compressed)" if cookie.compressed else ""
    data = json.dumps(as_json(cookie.data), ensure_ascii=False)
    yield Text(visible(f"says       {data}{packed}"))
    yield Text(f"signed at  {cookie.signed_at:%Y-%m-%d %H:%M:%S} UTC")
    signed = f"yes, with {cookie.key}" if cookie.verified else "no: by none of the known keys"
    yield Text(f"verified   {signed}")
    room = "" if cookie.size <= LARGEST_COOKIE else ": too many, the browser drops it"
    yield Text(f"size       {cookie.size:,} of {LARGEST_COOKIE:,} bytes{room}")
    for pair in cookie.flashes:
        yield Text(visible(f"flash      {': '.join(map(str, pair))}"))


def _trial_lines(trial: Trial) -> Iterator[str]:
    yield f"swapped    {_acceptance(trial.swapped)} the cookie of the other"
    yield (
        f"flipped    {_acceptance(trial.flipped)} its own with the character at "
        f"{trial.position} changed"
    )


def _acceptance(accepted: tuple[bool, bool]) -> str:
    flask, scratch = ("accepts" if one else "refuses" for one in accepted)
    if flask == scratch:
        return f"each {flask}"
    return f"Flask {flask}, the one from scratch {scratch}"
