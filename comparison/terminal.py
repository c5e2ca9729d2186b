"""Terminal: studies as text, for a screen, a pipe, or a person who sees no colours.

Colour repeats what words and marks already say, so nothing is lost without it. The widths are those of the terminal:
eighty columns are enough for every table, and wide ones show each scenario's lesson too.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from .cookie import LARGEST, SessionCookie, session_cookie
from .exchange import Exchange
from .scenarios import GROUPS, Scenario
from .study import LinePair, Side, Study, Timing, pair_lines
from .wire import Request, body_lines

WIDE = 130
"""Columns from which on the table has room for the lessons."""

_LONGEST_LINE = 500
_MOST_LINES = 30
_BAR = 20
_NUMBERS = (
    ("calls\nFlask", 7),
    ("\nscratch", 7),
    ("time\nFlask", 8),
    ("\nscratch", 8),
    ("\nratio", 5),
)

_VERDICT_STYLES = {"identical": "green", "as listed": "yellow", "different": "bold red"}

# What a terminal would obey instead of showing it.
_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


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
        Text(_duration(study.flask.timing.median)),
        Text(_duration(study.scratch.timing.median)),
        Text(f"{study.ratio:.1f}"),
    )


def _duration(seconds: float) -> str:
    """Three digits or four, in the unit that fits.

    >>> _duration(0.0000571), _duration(0.0123)
    ('57 µs', '12.3 ms')
    """
    return f"{seconds * 1e6:,.0f} µs" if seconds < 0.01 else f"{seconds * 1e3:,.1f} ms"


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
    """One study whole: requests, answers, stages, session cookies, times."""
    console.print(Rule(Text(study.scenario.name, "bold"), align="left"))
    console.print(Text(study.scenario.lesson, "italic"))
    for number, (flask, scratch) in enumerate(study.steps, 1):
        _print_step(number, len(study.steps), flask, scratch, console)
    for side in (study.flask, study.scratch):
        if side.warnings:
            _heading(f"{side.name[0].upper()}{side.name[1:]} warned", console)
            _print_lines((Text(_printable(text)) for text in side.warnings), console)
    _heading("Python calls by stage", console)
    console.print(_stages(study.flask, study.scratch))
    _heading("Time", console)
    console.print(Text(_times(study.flask.timing, study.scratch.timing, study.ratio)))
    _heading("Verdict", console)
    console.print(Text(_verdict(study), _VERDICT_STYLES[study.verdict]))


def _print_step(number: int, of: int, flask: Exchange, scratch: Exchange, console: Console) -> None:
    _heading(f"Request {number} of {of}" if of > 1 else "Request", console)
    _print_lines((Text(_printable(line)) for line in _request_lines(flask.request)), console)
    if flask.request != scratch.request:
        # The cookies differ, or a link that was followed.
        _heading("Request to the one from scratch", console)
        _print_lines((Text(_printable(line)) for line in _request_lines(scratch.request)), console)
    pairs = pair_lines(flask, scratch)
    same = all(pair.same for pair in pairs)
    _heading(
        "Both answered" if same else "Answers (F: Flask alone, S: from scratch alone)", console
    )
    _print_lines(_marked(pairs), console)
    for side, answer in (("Flask", flask), ("From scratch", scratch)):
        if answer.errors:
            _heading(f"{side}: written to the server's log", console)
            _print_lines((Text(_printable(line)) for line in answer.errors.splitlines()), console)
    _print_cookies(session_cookie(flask), session_cookie(scratch), console)


def _heading(title: str, console: Console) -> None:
    console.print()
    console.print(Text(title, "bold underline"))


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
                yield Text(f"{margin}{_printable(line)}")
        else:
            flask = [pair.flask for pair in lines if pair.flask is not None]
            scratch = [pair.scratch for pair in lines if pair.scratch is not None]
            yield from (Text(f"F {_printable(line)}", "red") for line in flask)
            yield from (Text(f"S {_printable(line)}", "green") for line in scratch)


def _shortened(lines: list[str]) -> list[str]:
    """Lines that are the same in both answers, the middle of many left out."""
    left_out = len(lines) - _MOST_LINES
    if left_out <= 1:
        return lines
    half = _MOST_LINES // 2
    return [*lines[:half], f"… {left_out:,} more lines …", *lines[-half:]]


def _printable(line: str) -> str:
    """A line without control characters, and with its middle left out when it is very long."""
    line = _control.sub("\N{REPLACEMENT CHARACTER}", line)
    if len(line) > _LONGEST_LINE:
        left_out = len(line) - _LONGEST_LINE
        half = _LONGEST_LINE // 2
        line = f"{line[:half]}… {left_out:,} more characters …{line[-half:]}"
    return line


def _stages(flask: Side, scratch: Side) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("  Stage", width=19, no_wrap=True)
    for title in ("Flask", "scratch"):
        table.add_column(title, width=7, justify="right", no_wrap=True)
        table.add_column("", width=_BAR, no_wrap=True)
    most = max((*flask.calls_by_stage.values(), 1))
    for stage, calls in flask.calls_by_stage.items():
        ours = scratch.calls_by_stage[stage]
        table.add_row(
            Text(f"  {stage.name}", stage.colour),
            f"{calls:,}",
            Text(_bar(calls, most), stage.colour),
            f"{ours:,}",
            Text(_bar(ours, most), stage.colour),
        )
    table.add_row("  all", f"{flask.calls:,}", "", f"{scratch.calls:,}", "", style="bold")
    return table


def _bar(count: int, most: int) -> str:
    """A bar as long as the count; a count that is not nothing has a bar.

    >>> _bar(0, 10), _bar(1, 1000), _bar(10, 10) == "█" * 20
    ('', '▏', True)
    """
    eighths = -(-count * _BAR * 8 // most)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _times(flask: Timing, scratch: Timing, ratio: float) -> str:
    return (
        f"  Flask {_duration(flask.median)} ({_duration(flask.quickest)} to "
        f"{_duration(flask.slowest)}), from scratch {_duration(scratch.median)} "
        f"({_duration(scratch.quickest)} to {_duration(scratch.slowest)}): "
        f"Flask took {ratio:.1f} times as long. Medians of {flask.runs} runs that nobody watched."
    )


def _verdict(study: Study) -> str:
    if study.verdict == "identical":
        return "  Identical: status line, headers in their order, body."
    count = len(study.differing_lines)
    sentences = [f"  {study.verdict.capitalize()}: {count} lines differ."]
    sentences += (f"{known.name}: {known.reason} ({known.upstream})" for known in study.listed)
    return "\n  ".join(sentences)


def _print_cookies(
    flask: SessionCookie | None, scratch: SessionCookie | None, console: Console
) -> None:
    if flask == scratch:
        sides = [("Session cookie", flask)]
    else:
        sides = [("Session cookie of Flask", flask), ("Session cookie from scratch", scratch)]
    for title, cookie in sides:
        if cookie is not None:
            _heading(f"{title}, taken apart", console)
            _print_lines(map(Text, _cookie_lines(cookie)), console)


def _cookie_lines(cookie: SessionCookie) -> Iterator[str]:
    packed = " (unpacked)" if cookie.compressed else ""
    yield _printable(f"payload    {json.dumps(cookie.data, ensure_ascii=False)}{packed}")
    yield f"signed at  {cookie.signed_at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"signature  {cookie.signature}"
    room = "" if cookie.size <= LARGEST else ": too many, the browser drops it"
    yield f"size       {cookie.size:,} of {LARGEST:,} bytes{room}"
    for pair in cookie.flashes:
        yield _printable(f"flash      {': '.join(map(str, pair))}")
