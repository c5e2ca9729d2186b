"""How calls are timed. Nothing here asserts how long anything takes."""

import gc
from functools import partial

import pytest

from benchmarks import measure
from benchmarks.measure import FEWEST_ROUNDS, Spread, slope, take_turns


def test_calls_take_turns_and_each_is_timed_in_every_round() -> None:
    called: list[str] = []
    found = take_turns({name: partial(called.append, name) for name in "ab"}, 0.0)
    assert found.keys() == {"a", "b"}
    assert {spread.rounds for spread in found.values()} == {FEWEST_ROUNDS}
    assert called.index("b") < len(called) - 1 - called[::-1].index("a")


def test_rounds_end_when_the_time_is_over_or_there_are_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measure, "MOST_ROUNDS", 7)
    assert take_turns({"a": lambda: None}, 60.0)["a"].rounds == 7


def test_what_a_call_raises_is_not_hidden_and_the_garbage_is_thawed() -> None:
    def fail() -> None:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        take_turns({"a": fail}, 0.0)
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(
    ("samples", "spread"),
    [
        ([2.0], Spread(2.0, 2.0, 2.0, 1)),
        ([1.0, 3.0], Spread(2.0, 1.5, 2.5, 2)),
        ([1.0, 2.0, 3.0, 4.0, 100.0], Spread(3.0, 2.0, 4.0, 5)),
    ],
)
def test_a_spread_is_the_median_between_the_quartiles(samples: list[float], spread: Spread) -> None:
    assert Spread.of(samples) == spread


def test_noise_is_half_the_distance_of_the_quartiles_as_a_part_of_the_median() -> None:
    assert Spread(10.0, 9.0, 11.0, 5).noise == pytest.approx(0.1)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0])
def test_a_slope_is_the_exponent_of_a_power(exponent: float) -> None:
    points = [(size, 3.0 * size**exponent) for size in (1.0, 10.0, 70.0, 1000.0)]
    assert slope(points) == pytest.approx(exponent)
