"""A study is made of what happened, and says exactly where two answers differ."""

import sys
import time
import uuid
import warnings
from typing import Any

import pytest

from comparison import study as study_module
from comparison.differences import DIFFERENCES, Difference
from comparison.exchange import Application
from comparison.scenarios import Scenario
from comparison.steps import get
from comparison.study import MOMENT, Pair, Study, held_still, study

SCENARIO = Scenario("made-up", "A lesson.", (get("/a"), get("/b")))


def application(*chunks: bytes, status: str = "200 OK", **headers: str) -> Application:
    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, list(headers.items()))
        return list(chunks)

    return answer


def compare(flask: Application, scratch: Application) -> Study:
    return study(SCENARIO, Pair(flask, scratch, flask, scratch))


def test_equal_answers_are_identical() -> None:
    made = compare(application(b"ab", A="1"), application(b"a", b"b", A="1"))
    assert made.verdict == "identical"
    assert made.differing_lines == ()
    assert not made.unlisted


def differing(made: Study) -> list[tuple[str | None, str | None]]:
    return [(line.flask, line.scratch) for line in made.differing_lines]


@pytest.mark.parametrize(
    ("scratch", "lines"),
    [
        (
            application(b"x\ny", status="404 NOT FOUND"),
            [("HTTP/1.1 200 OK", "HTTP/1.1 404 NOT FOUND")],
        ),
        (application(b"x\nz"), [("y", "z")]),
        (application(b"x\ny", A="1"), [(None, "A: 1")]),
        (application(b"x"), [("y", None)]),
        (application(b"x\r\ny"), [("x", "x␍")]),
    ],
)
def test_the_differing_lines_are_named(
    scratch: Application, lines: list[tuple[str | None, str | None]]
) -> None:
    made = compare(application(b"x\ny"), scratch)
    assert made.verdict == "different"
    assert made.unlisted
    assert differing(made) == lines * 2  # one for each step


def test_headers_in_another_order_differ() -> None:
    made = compare(application(A="1", B="2"), application(B="2", A="1"))
    assert made.unlisted


def test_a_difference_in_the_list_is_no_surprise(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Difference("known", "Because.", "https://example.com", "tests/x.py::y", lambda _: True)
    monkeypatch.setattr("comparison.differences.DIFFERENCES", (known,))
    made = compare(application(b"x"), application(b"y"))
    assert made.verdict == "as listed"
    assert made.listed == (known,)
    assert not made.unlisted
    assert differing(made) == [("x", "y")] * 2


@pytest.mark.parametrize("known", DIFFERENCES, ids=lambda known: known.name)
def test_a_difference_in_the_list_has_a_reason_a_source_and_a_test(
    known: Difference, pytestconfig: pytest.Config
) -> None:
    assert known.reason.endswith(".")
    assert known.upstream.startswith("https://")
    path, _, name = known.test.partition("::")
    assert f"def {name}(" in (pytestconfig.rootpath / path).read_text()


def test_clock_and_names_are_held_still() -> None:
    with held_still():
        first = time.time(), uuid.uuid4(), uuid.uuid4()
    with held_still():
        second = time.time(), uuid.uuid4(), uuid.uuid4()
    assert first == second
    assert first[0] == MOMENT
    assert first[1] != first[2]
    assert {first[1].version, first[2].version} == {4}
    assert time.time() != MOMENT
    assert uuid.uuid4() != first[1]


def test_times_are_measured_with_nobody_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[bool] = []

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        watched.append(sys.getprofile() is not None)
        start_response("200 OK", [])
        return []

    monkeypatch.setattr(study_module, "MOST_RUNS", 3)
    made = compare(answer, application())
    steps = len(SCENARIO.steps)
    warm_up, traced, timed = watched[:steps], watched[steps : 2 * steps], watched[2 * steps :]
    assert (any(warm_up), all(traced), any(timed)) == (False, True, False)
    assert made.flask.timing.runs == len(timed) // steps == 3
    assert made.flask.timing.quickest <= made.flask.timing.median <= made.flask.timing.slowest


def test_warnings_are_kept_beside_the_answers() -> None:
    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        warnings.warn(f"Too large: {environ['PATH_INFO']}", stacklevel=1)
        start_response("200 OK", [])
        return []

    made = compare(answer, application())
    assert made.flask.warnings == ("Too large: /a", "Too large: /b")
    assert made.scratch.warnings == ()


def test_calls_are_counted_for_each_step() -> None:
    def helper() -> None: ...

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        helper()
        start_response("200 OK", [])
        return []

    made = compare(answer, application())
    assert [
        [call.function.rpartition(".")[2] for call in trace] for trace in made.flask.traces
    ] == [["answer", "helper"]] * 2
    assert (made.flask.calls, made.scratch.calls) == (4, 2)


def test_every_scenario_gets_the_same_answers_from_both(studies: list[Study]) -> None:
    assert [made.scenario.name for made in studies if made.unlisted] == []
