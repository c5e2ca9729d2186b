"""The ledger counts what happened, once, and names no machine."""

import linecache
from pathlib import Path

import pytest

from comparison.concepts import NO_STAGE, STAGES
from comparison.ledger import FunctionEntry, ledger, merged
from comparison.places import lines_of, source_of
from comparison.study import Side, Study

ROOT = Path(__file__).parents[2]


def sides(studies: list[Study]) -> list[tuple[str, Side]]:
    return [
        (f"{made.scenario.name}, {side.name}", side)
        for made in studies
        for side in (made.flask, made.scratch)
    ]


def test_of_every_scenario_less_than_one_call_in_twenty_belongs_to_no_stage(
    watched: list[Study],
) -> None:
    shares = {name: side.ledger.unassigned_share for name, side in sides(watched)}
    assert {name: share for name, share in shares.items() if share >= 0.05} == {}


def test_calls_are_those_of_the_trace(watched: list[Study]) -> None:
    for name, side in sides(watched):
        assert side.ledger.calls == side.calls, name
        for stage, calls in side.calls_by_stage.items():
            assert side.ledger[stage].calls == calls, name


def test_stages_are_in_order_with_what_belongs_to_none_at_the_end(watched: list[Study]) -> None:
    for _, side in sides(watched):
        assert [entry.stage for entry in side.ledger.stages] == [*STAGES, NO_STAGE]


def test_lines_that_ran_stand_in_the_source(watched: list[Study]) -> None:
    for name, side in sides(watched):
        for function in side.ledger.functions:
            if function.source:
                last = function.line + function.source.count("\n")
                assert all(function.line <= line <= last for line in function.ran), (name, function)


def test_code_made_at_run_time_has_no_source_also_where_python_c_has_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(linecache.cache, "<string>", (0, None, ["exec(...)\n"], "<string>"))
    made = compile("def made(): ...", "<string>", "exec")
    assert source_of(made) == ""


def test_lines_end_where_python_ends_them() -> None:
    assert lines_of("a = '\x0c\u2028'\n\nb\n") == ["a = '\x0c\u2028'", "", "b"]
    assert lines_of("") == []


def test_no_path_names_a_machine(watched: list[Study]) -> None:
    files = {function.file for _, side in sides(watched) for function in side.ledger.functions}
    assert {file for file in files if file.startswith("/") or str(ROOT) in file} == set()
    assert {"flask/app.py", "wsgi_from_scratch/dispatch.py", "templates/home.html"} <= files


def test_functions_of_flask_are_paired_with_modules_of_ours(watched: list[Study]) -> None:
    pairs = {
        function.name: function.concept
        for _, side in sides(watched)
        for function in side.ledger.functions
    }
    assert pairs["Flask.wsgi_app"] == "wsgi_from_scratch.dispatch"
    assert pairs["parse_cookie"] == "wsgi_from_scratch.cookies"


def test_the_lines_of_a_template_are_those_of_its_file(watched: list[Study]) -> None:
    (home,) = (made for made in watched if made.scenario.name == "home")
    found = [entry for entry in home.flask.ledger.functions if entry.file == "templates/home.html"]
    text = (ROOT / "templates" / "home.html").read_text()
    assert found
    for function in found:
        assert function.source == text
        assert max(function.ran) <= len(text.splitlines())


@pytest.fixture
def hello(watched: list[Study]) -> Side:
    (made,) = (made for made in watched if made.scenario.name == "hello")
    return made.flask


def test_merging_adds_calls_and_keeps_functions_apart(hello: Side) -> None:
    (one,) = hello.ledgers
    two = merged([one, one])
    assert two.calls == 2 * one.calls
    assert len(two.functions) == len(one.functions)
    assert (two.lines, two.modules) == (one.lines, one.modules)


def test_without_lines_calls_are_counted_all_the_same(hello: Side) -> None:
    (trace,) = hello.traces
    made = ledger(trace, ())
    assert (made.calls, made.lines) == (len(trace), 0)


def test_of_nothing_there_is_an_empty_ledger() -> None:
    made = ledger((), ())
    assert (made.calls, made.lines, made.unassigned_share) == (0, 0, 0.0)


def test_only_the_applications_own_functions_are_called_own(hello: Side) -> None:
    def module(function: FunctionEntry) -> str:
        return function.module.partition(".")[0]

    own = {module(function) for function in hello.ledger.functions if function.own}
    others = {module(function) for function in hello.ledger.functions if not function.own}
    assert own == {"flask_version", "tutorial"}
    assert {"flask", "werkzeug"} <= others
