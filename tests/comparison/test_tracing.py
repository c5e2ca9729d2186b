"""A tracer sees every call of its block, and nothing of it stays behind."""

import bdb
import cProfile
import importlib
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from comparison import tracing as tracing_module
from comparison.pair import make_pair
from comparison.recording import Watcher
from comparison.scenarios import SCENARIOS
from comparison.study import Study, study
from comparison.tracing import Call, LineTracer, Tracer


def outer() -> int:
    return sum(numbers())


def numbers() -> Iterator[int]:
    yield inner()
    yield 2


def inner() -> int:
    return 1


class Raises:
    def method(self) -> None:
        raise ValueError("oh")


def names(tracer: Tracer) -> list[tuple[int, str]]:
    return [(call.depth, call.function) for call in tracer.calls]


def test_the_machinery_is_known_whatever_its_folder_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tracing_copied"
    shutil.copytree(Path(tracing_module.__file__).parent, folder)
    monkeypatch.syspath_prepend(tmp_path)
    copied = importlib.import_module("tracing_copied.tracing")
    names = ("exchange.py", "recording.py", "tracing.py", "wire.py")
    assert {str(folder / name) for name in names} == copied.MACHINERY


def test_calls_are_in_order_with_their_depth() -> None:
    with Tracer() as tracer:
        outer()
        inner()
    assert names(tracer) == [(0, "outer"), (1, "numbers"), (2, "inner"), (0, "inner")]


def test_a_call_says_where_it_is_defined() -> None:
    with Tracer() as tracer:
        inner()
    (call,) = tracer.calls
    assert call == Call(0, __name__, inner.__code__)
    assert (call.file, call.line) == (__file__, inner.__code__.co_firstlineno)


def test_a_generator_that_goes_on_is_not_called_again() -> None:
    with Tracer() as tracer:
        for _ in numbers():
            pass
    assert names(tracer) == [(0, "numbers"), (1, "inner")]


def test_a_generator_that_is_closed_or_thrown_into_is_not_called_again() -> None:
    @contextmanager
    def swallowing() -> Iterator[None]:
        with suppress(ValueError):
            yield

    with Tracer() as tracer:
        next(numbers())  # closed at once, as nobody keeps it
        with swallowing():
            raise ValueError
    called = [call.function.rpartition(".")[2] for call in tracer.calls]
    assert (called.count("numbers"), called.count("swallowing")) == (1, 1)


def use_up_the_stack() -> None:
    use_up_the_stack()


@pytest.mark.parametrize("observer", [Tracer, LineTracer])
def test_an_observation_that_ended_early_says_so(observer: type[Tracer | LineTracer]) -> None:
    with observer() as whole:
        inner()
    with observer() as broken, suppress(RecursionError):
        use_up_the_stack()
    assert (whole.interrupted, broken.interrupted) == (False, True)


def test_an_observation_whose_place_was_taken_says_so() -> None:
    with Tracer() as tracer:
        sys.setprofile(None)
    assert tracer.interrupted


def test_an_exception_does_not_disturb_the_depth() -> None:
    with Tracer() as tracer:
        with pytest.raises(ValueError, match="oh"):
            Raises().method()
        inner()
    found = [call for call in names(tracer) if call[1] in ("Raises.method", "inner")]
    assert [name for _, name in found] == ["Raises.method", "inner"]
    assert found[0][0] == found[1][0]


def profiler(frame: FrameType, event: str, argument: object) -> None:
    """Somebody else's profile function."""


def tracing(frame: FrameType, event: str, argument: object) -> None:
    """Somebody else's trace function, such as a debugger's."""


@pytest.mark.parametrize("raises", [False, True])
def test_whoever_observed_before_goes_on_afterwards(raises: bool) -> None:
    before = sys.getprofile(), sys.gettrace()
    try:
        sys.setprofile(profiler)
        sys.settrace(tracing)
        try:
            with Tracer():
                inner()
                if raises:
                    raise KeyError
        except KeyError:
            pass
        after = sys.getprofile(), sys.gettrace()
    finally:
        sys.setprofile(before[0])
        sys.settrace(before[1])
    assert after == (profiler, tracing)


def test_without_an_observer_before_there_is_none_afterwards() -> None:
    before = sys.getprofile()
    with Tracer():
        pass
    assert sys.getprofile() is before


def test_another_thread_is_not_observed() -> None:
    started, finish = threading.Event(), threading.Event()
    seen: list[object] = []

    def elsewhere() -> None:
        started.set()
        finish.wait(10)
        inner()
        seen.append(sys.getprofile())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    started.wait(10)
    with Tracer() as tracer:
        finish.set()
        thread.join(10)
    assert seen == [None]
    assert "inner" not in {call.function for call in tracer.calls}


def branches(number: int) -> str:
    if number > 1:
        return "many"
    return "one"


def lines_of(tracer: LineTracer, function: object) -> list[int]:
    code = function.__code__  # type: ignore[attr-defined]  # every function has one
    return sorted(number - code.co_firstlineno for number in tracer.lines[code])


def test_the_lines_that_ran_are_known_for_each_function() -> None:
    with LineTracer() as tracer:
        branches(1)
    assert lines_of(tracer, branches) == [1, 3]


def test_a_generator_that_goes_on_adds_its_lines() -> None:
    with LineTracer() as tracer:
        outer()
    assert lines_of(tracer, numbers) == [1, 2]
    assert [call.function for call, _ in tracer.calls] == ["outer", "numbers", "inner"]


def test_a_generator_from_before_leaves_the_depth_as_it_was() -> None:
    before = numbers()
    next(before)
    with LineTracer() as tracer:
        next(before)
        inner()
    assert [(call.depth, call.function) for call, _ in tracer.calls] == [(0, "inner")]


def test_lines_after_an_exception_are_known_too() -> None:
    with LineTracer() as tracer:
        with pytest.raises(ValueError, match="oh"):
            Raises().method()
        branches(2)
    assert lines_of(tracer, branches) == [1, 2]


@pytest.mark.parametrize("raises", [False, True])
def test_whoever_traced_lines_before_goes_on_afterwards(raises: bool) -> None:
    seen: list[str] = []

    def coverage(frame: FrameType, event: str, argument: object) -> Any:
        seen.append(f"{frame.f_code.co_name} {event}")
        return coverage

    before = sys.gettrace()
    try:
        sys.settrace(coverage)
        try:
            with Watcher():
                inner()
                if raises:
                    raise KeyError
        except KeyError:
            pass
        after = sys.gettrace()
        branches(1)
    finally:
        sys.settrace(before)
    assert after is coverage
    assert seen.count("inner line") == 0
    assert seen.count("branches line") == 2


def test_a_debugger_goes_on_afterwards() -> None:
    lines: list[str] = []

    class Debugger(bdb.Bdb):
        def user_line(self, frame: FrameType) -> None:
            lines.append(frame.f_code.co_name)

    def session() -> None:
        with Watcher():
            inner()
        branches(1)

    Debugger().runcall(session)
    assert lines.count("branches") == 2
    assert lines.count("inner") == 0


def test_a_profiler_goes_on_afterwards() -> None:
    profiler = cProfile.Profile()
    profiler.enable()
    with Tracer() as tracer:
        inner()
    branches(1)
    profiler.disable()
    profiler.create_stats()
    profiled = {name for _, _, name in profiler.stats}
    assert names(tracer) == [(0, "inner")]
    assert "branches" in profiled


def figures(made: Study) -> list[int]:
    return [side.ledger.lines for side in (made.flask, made.scratch)] + [
        side.calls for side in (made.flask, made.scratch)
    ]


def test_studies_can_be_made_in_threads() -> None:
    pair = make_pair()
    alone = figures(study(SCENARIOS["login"], pair))
    found: list[list[int]] = []

    def elsewhere() -> None:
        found.append(figures(study(SCENARIOS["login"], pair)))

    threads = [threading.Thread(target=elsewhere) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [alone] * 3


def test_a_run_that_failed_leaves_nothing_behind() -> None:
    before = sys.getprofile(), sys.gettrace()
    with pytest.raises(RecursionError), Watcher() as watcher:
        endless(0)
    assert (sys.getprofile(), sys.gettrace()) == before
    assert watcher.recorder.calls
    with LineTracer() as tracer:
        branches(2)
    assert lines_of(tracer, branches) == [1, 2]


def endless(number: int) -> int:
    return endless(number + 1)
