"""Findings: an input to which two sides give different answers, made as short as it can be.

A check of a target raises :class:`Disagreement`. What it found is shown as one line of Python, ready for the table of
a test, after everything was taken out of the input that the disagreement does not need.
"""

import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Check = Callable[[bytes], None]

MOST_TRIALS = 3_000
"""How often a shorter input is tried. A finding of 500 bytes needs about 1,000 to be down to ten."""

_PACKAGE = "wsgi_from_scratch"


class Disagreement(Exception):
    """``question`` is what was asked of both sides, in a few words."""

    def __init__(self, question: str, ours: object, theirs: object) -> None:
        super().__init__(f"{question}: ours {ours!r}, theirs {theirs!r}")
        self.question = question
        self.ours = ours
        self.theirs = theirs


@dataclass(frozen=True, slots=True)
class Finding:
    """An input, and what became of it."""

    target: str
    question: str
    data: bytes
    ours: object
    theirs: object

    @property
    def literal(self) -> str:
        """One line of Python: target, question, input, our answer, theirs."""
        return (
            f"({self.target!r}, {self.question!r}, {self.data!r}, {self.ours!r}, {self.theirs!r}),"
        )


def same(question: str, ours: object, theirs: object) -> None:
    """Raise Disagreement unless both answers are equal and written alike, so that 1 is not True."""
    if ours != theirs or repr(ours) != repr(theirs):
        raise Disagreement(question, ours, theirs)


def holds(question: str, claim: bool, seen: object = None) -> None:
    """Raise Disagreement where something is not as it must be, and there is nobody to compare with."""
    if not claim:
        raise Disagreement(question, seen, "must hold")


def answer(
    function: Callable[..., Any],
    *arguments: Any,
    refusals: tuple[type[Exception], ...],
    **named: Any,
) -> object:
    """What the function gives, or the name of the refusal. Any other exception is let through."""
    try:
        return function(*arguments, **named)
    except refusals as refusal:
        return type(refusal).__name__


def look(target: str, check: Check, data: bytes) -> Finding | None:
    """Check one input. An exception that nobody expects is a finding like any other."""
    try:
        check(data)
    except Disagreement as found:
        return Finding(target, found.question, data, found.ours, found.theirs)
    except Exception as error:  # whichever it is, no check has named it
        return _unexpected(target, data, error)
    return None


def _unexpected(target: str, data: bytes, error: Exception) -> Finding:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).parent.name == _PACKAGE]
    frame = (ours or frames)[-1]
    raised = f"{type(error).__name__}: {error}"[:200]
    question = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
    return Finding(target, question, data, *((raised, "") if ours else ("", raised)))


def shortest(finding: Finding, check: Check) -> Finding:
    """Leave out pieces, ever smaller ones, as long as the same question is answered differently."""
    trials = 0
    size = max(1, len(finding.data) // 2)
    while size:
        at = 0
        while at < len(finding.data) and trials < MOST_TRIALS:
            trials += 1
            shorter = finding.data[:at] + finding.data[at + size :]
            found = look(finding.target, check, shorter)
            if found and found.question == finding.question:
                finding = found
            else:
                at += size
        size //= 2
    return finding


def show(finding: Finding) -> None:
    """Print it at once, for the engine that is at work may be ended at any time."""
    print(finding.literal, file=sys.stdout, flush=True)
