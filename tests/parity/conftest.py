"""Both applications, and a clock that stands still."""

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from comparison.pair import Pair, held_still, make_pair


@pytest.fixture(scope="session")
def pair() -> Pair:
    """Both applications, with the same settings and the same key."""
    return make_pair()


@pytest.fixture
def still() -> Iterator[None]:
    """Every answer is made in the same second, and new names come in the same order."""
    with held_still():
        yield


UNCLOSED = "ignore:unclosed file:ResourceWarning"
"""Werkzeug 3.1 leaves the file of a request that failed halfway to the garbage collector, whose time is its own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings(UNCLOSED))


@pytest.fixture(autouse=True)
def forgotten(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A logged exception holds on to its frames, and so to their files."""
    yield
    caplog.get_records("call").clear()


@pytest.fixture(scope="module", autouse=True)
def collected() -> Iterator[None]:
    """What is left to the collector here does not wait for a test that forgives nothing."""
    yield
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "unclosed file", ResourceWarning)
        gc.collect()
