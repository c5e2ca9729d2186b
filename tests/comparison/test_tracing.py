"""A tracer sees every call of its block, and nothing of it stays behind."""

import sys
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from comparison.tracing import Call, Tracer


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
