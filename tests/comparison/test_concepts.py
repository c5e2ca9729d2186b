"""Every call of a request finds its stage, and the headers of our modules pair it with Flask."""

from collections import Counter

import pytest

from comparison.concepts import (
    NO_STAGE,
    STAGES,
    calls_by_stage,
    code_of,
    concept_of,
    concepts,
    read_header,
    stages,
)
from comparison.study import Study
from comparison.tracing import Call

MARKS = [name for stage in STAGES for name in (*stage.begins_at, *stage.beside)]


@pytest.mark.parametrize("name", MARKS)
def test_a_stage_begins_at_functions_that_exist(name: str) -> None:
    assert code_of(name).co_name


def test_no_function_begins_two_stages() -> None:
    codes = Counter(map(code_of, MARKS))
    assert [code.co_qualname for code, count in codes.items() if count > 1] == []


@pytest.mark.parametrize(
    "name", ["json:nothing", "json:JSONDecoder.nothing", "nowhere:f", "math:pi"]
)
def test_a_name_without_a_function_is_refused(name: str) -> None:
    with pytest.raises((ImportError, AttributeError, TypeError)):
        code_of(name)


def call(depth: int, name: str) -> Call:
    return Call(depth, name.partition(":")[0], code_of(name))


def test_a_stage_lasts_until_its_function_returns() -> None:
    trace = [
        call(0, "flask.app:Flask.__call__"),
        call(1, "flask.app:Flask.wsgi_app"),
        call(2, "flask.app:Flask.request_context"),
        call(3, "json:dumps"),
        call(2, "json:loads"),
        call(2, "flask.app:Flask.full_dispatch_request"),
        call(3, "flask.app:Flask.dispatch_request"),
        call(4, "werkzeug.wrappers.request:Request._load_form_data"),
        call(5, "json:dumps"),
        call(4, "json:dumps"),
        call(0, "json:dumps"),
    ]
    assert [stage.name for stage, _ in stages(trace)] == [
        "read the environ",
        "read the environ",
        "read the environ",
        "read the environ",
        "no stage",
        "run the view",
        "run the view",
        "parse the body",
        "parse the body",
        "run the view",
        "send",
    ]


def test_all_stages_are_counted_in_order_even_those_without_a_call() -> None:
    counted = calls_by_stage([[call(0, "flask.app:Flask.__call__")]])
    assert list(counted) == [*STAGES, NO_STAGE]
    assert counted[STAGES[0]] == sum(counted.values()) == 1


def test_of_every_scenario_nearly_all_calls_belong_to_a_stage(studies: list[Study]) -> None:
    for study in studies:
        for side in (study.flask, study.scratch):
            assert side.calls_by_stage[NO_STAGE] < 0.05 * side.calls, study.scenario.name


@pytest.mark.parametrize(
    ("scenario", "names"),
    [
        (
            "hello",
            {"read the environ", "match the route", "run the view", "make the response", "send"},
        ),
        ("flash-now", {stage.name for stage in STAGES}),
    ],
)
def test_both_applications_pass_the_same_stages(
    scenario: str, names: set[str], studies: list[Study]
) -> None:
    (study,) = (one for one in studies if one.scenario.name == scenario)
    for side in (study.flask, study.scratch):
        passed = {stage.name for stage, count in side.calls_by_stage.items() if count}
        assert names <= passed


HEADER = """Title: of the module.

A paragraph.

Spec:     RFC 1
Flask:    flask.session, flask.Flask.wsgi_app,
          werkzeug.http.parse_cookie
Differs:  it does
          differ
Left out: nothing
"""


def test_a_header_is_read_with_its_continuation_lines() -> None:
    concept = read_header("a.b", HEADER)
    assert concept.title == "Title: of the module."
    assert concept.spec == "RFC 1"
    assert concept.flask == ("flask.session", "flask.Flask.wsgi_app", "werkzeug.http.parse_cookie")
    assert concept.differs == "it does differ"
    assert concept.left_out == "nothing"


def test_a_header_without_a_field_is_refused() -> None:
    with pytest.raises(ValueError, match="has no field “Differs:”"):
        read_header("a.b", HEADER.replace("Differs:", "Differs"))


def test_every_module_of_ours_is_a_concept() -> None:
    assert {"wsgi_from_scratch.cookies", "wsgi_from_scratch.router"} <= set(concepts())


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("wsgi_from_scratch.cookies:parse_cookie", "wsgi_from_scratch.cookies"),
        ("werkzeug.http:dump_cookie", "wsgi_from_scratch.cookies"),
        ("flask.app:Flask.wsgi_app", "wsgi_from_scratch.dispatch"),
        ("flask.helpers:flash", "wsgi_from_scratch.flashes"),
    ],
)
def test_a_call_is_explained_by_the_module_that_names_it(name: str, module: str) -> None:
    concept = concept_of(call(0, name))
    assert concept is not None
    assert concept.module == module


def test_a_call_that_no_header_names_is_explained_by_none() -> None:
    assert concept_of(call(0, "json:dumps")) is None
