"""One study of every scenario, shared by all tests here."""

import pytest

from comparison.scenarios import SCENARIOS
from comparison.study import Study, make_pair, study


@pytest.fixture(scope="session")
def studies() -> list[Study]:
    pair = make_pair()
    return [study(scenario, pair) for scenario in SCENARIOS.values()]
