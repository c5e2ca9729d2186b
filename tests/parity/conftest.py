"""Both applications, and a clock that stands still."""

import gc
import warnings
from collections.abc import Iterator

import pytest

from comparison.study import Pair, held_still, make_pair


@pytest.fixture(scope="session")
def pair() -> Pair:
    """Both applications, with the same settings and the same key."""
    return make_pair()


@pytest.fixture
def still() -> Iterator[None]:
    """Every answer is made in the same second, and new names come in the same order."""
    with held_still():
        yield


@pytest.fixture(scope="session")
def small_heap() -> None:
    """The collector passes over what pytest has gathered, which is most of all objects: it runs after each test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def forgiven(small_heap: None, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What Werkzeug 3.1 does and a test cannot change."""
    with warnings.catch_warnings():
        # It leaves the file of a request that failed halfway to the garbage collector.
        warnings.filterwarnings("ignore", "unclosed file", ResourceWarning)
        yield
        # A logged exception holds on to its frames, and so to their files.
        caplog.get_records("call").clear()
        gc.collect()
