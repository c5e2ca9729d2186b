"""One study of every scenario, shared by all tests here."""

import gc
import warnings

import pytest

from comparison.scenarios import SCENARIOS
from comparison.study import Study, make_pair, study


@pytest.fixture(scope="session")
def studies() -> list[Study]:
    pair = make_pair()
    with warnings.catch_warnings():
        # Werkzeug 3.1 leaves the files of an upload that was cut off to the garbage collector.
        warnings.filterwarnings("ignore", "Unclosed file", ResourceWarning)
        made = [study(scenario, pair) for scenario in SCENARIOS.values()]
        gc.collect()
    return made


@pytest.fixture(scope="session")
def watched(studies: list[Study]) -> list[Study]:
    """The same, each of them looked at closely."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unclosed file", ResourceWarning)
        for made in studies:
            assert len(made.flask.watched) == len(made.scratch.watched) == len(made.steps)
        gc.collect()
    return studies
