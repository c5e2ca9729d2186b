"""The one table of requests is in order, and nothing of the tutorial is missing in it."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

import flask_version
from comparison.scenarios import GROUPS, SCENARIOS, SECRET_KEY, Scenario
from comparison.steps import (
    Part,
    Step,
    form,
    get,
    multipart,
    send,
    spoil_payload,
    spoil_signature,
    strip_signature,
)
from comparison.study import Study
from comparison.wire import Request, parse_request
from tutorial.settings import Settings

ALL = [scenario for group in GROUPS for scenario in group.scenarios]


def test_names_are_unique_and_easy_to_type() -> None:
    assert len(SCENARIOS) == len(ALL)
    assert [name for name in SCENARIOS if not re.fullmatch(r"[a-z0-9.-]{1,22}", name)] == []


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_a_lesson_is_one_sentence(scenario: Scenario) -> None:
    assert re.match(r"[A-Z]|(redirect|request|session|files)\W", scenario.lesson)
    assert scenario.lesson.endswith(".")
    assert not re.search(r"[.!?] [A-Z]", scenario.lesson)


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_the_first_request_of_a_scenario_needs_no_other(scenario: Scenario) -> None:
    first = scenario.steps[0]
    assert isinstance(first, Step)
    assert parse_request(first.raw).to_bytes() == first.raw


def requests(studies: list[Study]) -> Iterator[Request]:
    return (answer.request for study in studies for answer in study.flask.exchanges)


def test_every_rule_and_method_of_the_tutorial_is_visited(studies: list[Study]) -> None:
    app: Flask = flask_version.create_app(
        Settings(secret_key=SECRET_KEY, downloads_url="memory://x")
    )
    adapter = app.url_map.bind("localhost")
    wanted = {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST"}
    }
    visited = set()
    for request in requests(studies):
        path = request.target.partition("?")[0]
        if adapter.test(path, request.method):
            visited.add((adapter.match(path, request.method)[0], request.method))
    assert wanted - visited == set()


def test_every_kind_of_answer_is_seen(studies: list[Study]) -> None:
    seen = {answer.status[:3] for study in studies for answer in study.flask.exchanges}
    wanted = {"200", "202", "206", "302", "304", "308", "400", "404", "405", "413", "415", "416"}
    assert wanted - seen == set()


def test_no_scenario_ends_in_an_error_of_the_server(studies: list[Study]) -> None:
    answers = [answer for study in studies for answer in study.flask.exchanges]
    assert [answer.request.target for answer in answers if answer.status[:1] == "5"] == []


def test_requests_are_written_as_they_are_sent() -> None:
    assert get("/a", "X-A: 1").raw == b"GET /a HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\n\r\n"
    assert (
        send("PUT /a", "Host: b").raw == b"PUT /a HTTP/1.1\r\nHost: b\r\nContent-Length: 0\r\n\r\n"
    )
    assert form("/a", "b=ü").raw == (
        b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 4\r\n\r\nb=\xc3\xbc"
    )
    assert parse_request(multipart("/a", Part("b", b"c"), Part("d", b"", "")).raw).body == (
        b'--boundary\r\nContent-Disposition: form-data; name="b"\r\n\r\nc\r\n'
        b'--boundary\r\nContent-Disposition: form-data; name="d"; filename=""\r\n\r\n\r\n'
        b"--boundary--\r\n"
    )


def test_a_spoilt_cookie_differs_in_one_character_or_lacks_its_signature() -> None:
    assert spoil_payload("eyJ.a.sig") == "fyJ.a.sig"
    assert spoil_signature("eyJ.a.Aig") == "eyJ.a.Big"
    assert strip_signature("eyJ.a.sig") == "eyJ.a"
