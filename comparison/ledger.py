"""Ledger: what one side did for a request, stage by stage: calls, functions, modules, and the lines that ran.

Calls are counted from a trace, lines from a trace of lines; both are folded by the same rule, so a function that works
in two stages stands under both, each time with what it did there.

Spec: none; the stages are those of ``comparison.concepts``
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from types import CodeType
from typing import Any

from .concepts import NO_STAGE, STAGES, Stage, concept_of, stages
from .places import first_line_of, is_installed, relative, source_of
from .tracing import Call

Lines = Iterable[tuple[Call, frozenset[int]]]
"""Calls in order, with the lines that each ran, as ``LineTracer.calls`` has them."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function as it stands in its file, and which of its lines ran."""

    name: str
    module: str
    file: str
    line: int
    """Where ``source`` begins in ``file``: at the first decorator."""
    source: str
    ran: frozenset[int]
    """The lines of ``file`` that ran."""

    def definition(self) -> dict[str, Any]:
        """What it is."""
        return {
            "name": self.name,
            "module": self.module,
            "file": self.file,
            "line": self.line,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class FunctionEntry(Function):
    """One function in one stage."""

    calls: int
    concept: str | None
    """The module of ours that pairs with it."""
    own: bool
    """Whether it stands in no library: it is the application's own."""

    @property
    def lines_run(self) -> int:
        return len(self.ran)

    @property
    def id(self) -> str:
        """What tells a function from all others."""
        return f"{self.file}:{self.line}:{self.name}"

    def as_data(self) -> dict[str, Any]:
        """What it did; where it stands is in ``definition``, once for all stages and steps."""
        return {"id": self.id, "name": self.name, "calls": self.calls, "ran": sorted(self.ran)}

    def definition(self) -> dict[str, Any]:
        return {**Function.definition(self), "concept": self.concept, "own": self.own}


@dataclass(frozen=True)
class StageEntry:
    """One stage of one side."""

    stage: Stage
    functions: tuple[FunctionEntry, ...]
    """Distinct functions, in the order in which they were first called."""

    @cached_property
    def calls(self) -> int:
        return sum(function.calls for function in self.functions)

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """Distinct modules, in the order in which they were first entered."""
        return tuple(dict.fromkeys(function.module for function in self.functions))

    @cached_property
    def lines(self) -> int:
        """Distinct lines that ran."""
        return sum(function.lines_run for function in self.functions)

    def as_data(self) -> dict[str, Any]:
        return {
            "name": self.stage.name,
            "number": self.stage.number,
            "css": self.stage.css,
            "calls": self.calls,
            "modules": list(self.modules),
            "lines": self.lines,
            "functions": [function.as_data() for function in self.functions],
        }


@dataclass(frozen=True)
class Ledger:
    """All of one side: an entry for each stage in its order, and one for what belongs to none."""

    stages: tuple[StageEntry, ...]

    @cached_property
    def calls(self) -> int:
        return sum(entry.calls for entry in self.stages)

    @cached_property
    def functions(self) -> tuple[FunctionEntry, ...]:
        """Every distinct function, whatever the stages in which it worked."""
        every = (function for entry in self.stages for function in entry.functions)
        return _merged(every)

    @cached_property
    def modules(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(function.module for function in self.functions))

    @cached_property
    def lines(self) -> int:
        """Distinct lines that ran."""
        return sum(function.lines_run for function in self.functions)

    @property
    def unassigned_share(self) -> float:
        """The part of the calls that belongs to no stage."""
        return self[NO_STAGE].calls / self.calls if self.calls else 0.0

    def __getitem__(self, stage: Stage) -> StageEntry:
        return next(entry for entry in self.stages if entry.stage is stage)

    def as_data(self) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "functions": len(self.functions),
            "modules": list(self.modules),
            "lines": self.lines,
            "unassigned_share": self.unassigned_share,
            "stages": [entry.as_data() for entry in self.stages],
        }


def ledger(trace: Iterable[Call], lines: Lines) -> Ledger:
    """The ledger of one request."""
    called: dict[tuple[Stage, CodeType], Call] = {}
    counted: Counter[tuple[Stage, CodeType]] = Counter()
    ran: dict[tuple[Stage, CodeType], set[int]] = {}
    for stage, call in stages(trace):
        called.setdefault((stage, call.code), call)
        counted[stage, call.code] += 1
    listed = list(lines)
    folded = stages(call for call, _ in listed)
    for (stage, call), (_, numbers) in zip(folded, listed, strict=True):
        called.setdefault((stage, call.code), call)
        ran.setdefault((stage, call.code), set()).update(numbers)
    return _ledger(
        (key[0], _entry(call, counted[key], frozenset(ran.get(key, ()))))
        for key, call in called.items()
    )


def merged(ledgers: Iterable[Ledger]) -> Ledger:
    """One ledger for several requests."""
    return _ledger(
        (entry.stage, function)
        for one in ledgers
        for entry in one.stages
        for function in entry.functions
    )


def _ledger(entries: Iterable[tuple[Stage, FunctionEntry]]) -> Ledger:
    by_stage: dict[Stage, list[FunctionEntry]] = {stage: [] for stage in (*STAGES, NO_STAGE)}
    for stage, function in entries:
        by_stage[stage].append(function)
    return Ledger(tuple(StageEntry(stage, _merged(found)) for stage, found in by_stage.items()))


def _merged(entries: Iterable[FunctionEntry]) -> tuple[FunctionEntry, ...]:
    """Entries of the same function made one."""
    found: dict[tuple[str, int, str], list[FunctionEntry]] = {}
    for entry in entries:
        found.setdefault((entry.file, entry.line, entry.name), []).append(entry)
    return tuple(
        replace(
            same[0],
            calls=sum(entry.calls for entry in same),
            ran=frozenset[int]().union(*(entry.ran for entry in same)),
        )
        for same in found.values()
    )


def where(call: Call) -> tuple[str, str, str, int, str]:
    """Name, module, file, first line and text of the function that was called."""
    code = call.code
    return call.function, call.module, relative(call.file), first_line_of(code), source_of(code)


def _entry(call: Call, calls: int, ran: frozenset[int]) -> FunctionEntry:
    concept = concept_of(call)
    return FunctionEntry(
        *where(call),
        ran,
        calls,
        None if concept is None else concept.module,
        not is_installed(call.file),
    )
