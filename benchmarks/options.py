"""Options: what every benchmark is told."""

from collections.abc import Callable
from dataclasses import dataclass, field


class CannotMeasure(Exception):
    """There is nothing to compare; the message is a sentence that says why."""


class NotInstalled(CannotMeasure):
    """What the benchmark needs is not on this machine, which is no fault of anything that is measured."""


def _say_nothing(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Options:
    """``quick`` asks for figures that are rough and soon there; ``say`` tells the user what is being measured."""

    quick: bool = False
    say: Callable[[str], None] = field(default=_say_nothing)
