"""Every scenario gets the same answers from both applications: status line, headers in order, body."""

import pytest

from comparison.differences import known_difference
from comparison.pair import Pair, held_still
from comparison.scenarios import SCENARIOS, Scenario
from comparison.steps import visit
from comparison.study import differs
from tests.parity.through_webtest import send_through_webtest


@pytest.mark.filterwarnings("ignore:.*cookie.*:UserWarning")
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.name)
def test_both_answer_alike(scenario: Scenario, pair: Pair) -> None:
    with held_still():
        flask = visit(
            pair.flask_lab if scenario.lab else pair.flask, scenario.steps, send_through_webtest
        )
    with held_still():
        scratch = visit(
            pair.scratch_lab if scenario.lab else pair.scratch, scenario.steps, send_through_webtest
        )
    for theirs, ours in zip(flask, scratch, strict=True):
        if known_difference(theirs.request) is None:
            assert ours.lines() == theirs.lines()
            assert not differs(ours, theirs)
            assert not theirs.status.startswith("5")
