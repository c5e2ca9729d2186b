"""One study of every scenario, shared by all tests here."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from comparison.pair import make_pair
from comparison.scenarios import SCENARIOS
from comparison.study import Study, study


@contextmanager
def files_left_open() -> Iterator[None]:
    """Werkzeug 3.1 leaves the files of an upload that was cut off to the garbage collector."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unclosed file", ResourceWarning)
        yield
        gc.collect()


@pytest.fixture(scope="session")
def studies() -> list[Study]:
    pair = make_pair()
    with files_left_open():
        return [study(scenario, pair) for scenario in SCENARIOS.values()]


@pytest.fixture(scope="session")
def watched(studies: list[Study]) -> list[Study]:
    """The same, each of them looked at closely."""
    with files_left_open():
        for made in studies:
            assert len(made.flask.watched) == len(made.scratch.watched) == len(made.steps)
    return studies
