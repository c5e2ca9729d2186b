"""Measure: how long a call takes, said so that it can be believed.

Calls that are compared take turns, in many short rounds, so that whatever else the machine does meets them all alike.
A round repeats each call until the clock is precise enough. What is told is the median of the rounds, with the
quartiles beside it: half of all rounds lay between those two.

The garbage collector runs as it does in a server, so each call pays for the cycles that it leaves behind, and only
for those: what exists before is frozen, and what is left of the round before is collected while no clock runs.
"""

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Any

BATCH = 0.001
"""Seconds for which one call is repeated in one round: thousands of ticks of the clock, and over before a busy machine
has taken the processor away."""

FEWEST_ROUNDS = 3
MOST_ROUNDS = 501

Call = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds, or whatever else was measured several times: the median, and between which quartiles it lies."""

    median: float
    lower: float
    upper: float
    rounds: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> "Spread":
        """The spread of at least one sample.

        >>> Spread.of([3.0, 1.0, 2.0])
        Spread(median=2.0, lower=1.5, upper=2.5, rounds=3)
        """
        if len(samples) == 1:
            return cls(samples[0], samples[0], samples[0], 1)
        lower, median, upper = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(median, lower, upper, len(samples))

    @property
    def noise(self) -> float:
        """Half of the distance between the quartiles, as a part of the median."""
        return (self.upper - self.lower) / 2 / self.median if self.median else 0.0

    def as_data(self) -> dict[str, Any]:
        return {
            "median": self.median,
            "lower": self.lower,
            "upper": self.upper,
            "rounds": self.rounds,
        }


def take_turns(calls: Mapping[str, Call], seconds: float) -> dict[str, Spread]:
    """Seconds of each call, of rounds that together take about ``seconds``."""
    with _only_new_garbage():
        counts = {name: _repetitions(call) for name, call in calls.items()}
        samples: dict[str, list[float]] = {name: [] for name in calls}
        names = list(calls)
        started = time.perf_counter()
        for number in range(MOST_ROUNDS):
            if number >= FEWEST_ROUNDS and time.perf_counter() - started > seconds:
                break
            for name in names:
                gc.collect()
                calls[name]()  # the processor's caches are full of what the others left there
                samples[name].append(_time(calls[name], counts[name]) / counts[name])
            names.append(names.pop(0))  # nobody always follows the same one
    return {name: Spread.of(found) for name, found in samples.items()}


def _repetitions(call: Call) -> int:
    """How often to repeat a call in one round. These calls are the warm-up, too."""
    count = 1
    while (seconds := _time(call, count)) < BATCH / 2:
        count *= 2
    return max(1, round(count * BATCH / seconds))


def _time(call: Call, count: int) -> float:
    started = time.perf_counter()
    for _ in repeat(None, count):
        call()
    return time.perf_counter() - started


@contextmanager
def _only_new_garbage() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The exponent of the power law that fits points of size and time best: 1 is linear, 2 quadratic.

    >>> round(slope([(1, 5.0), (10, 50.0), (100, 500.0)]), 6)
    1.0
    """
    sizes = [math.log(size) for size, _ in points]
    times = [math.log(seconds) for _, seconds in points]
    return statistics.linear_regression(sizes, times).slope
