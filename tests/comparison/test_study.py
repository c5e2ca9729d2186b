"""A study is made of what happened, and says exactly where two answers differ."""

import json
import random
import socket
import subprocess
import sys
import time
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import pytest

from comparison import study as study_module
from comparison.concepts import NO_STAGE, STAGES
from comparison.differences import DIFFERENCES, Difference
from comparison.exchange import Application
from comparison.pair import MOMENT, Pair, held_still, make_pair
from comparison.scenarios import SCENARIOS, SECRET_KEY, Scenario
from comparison.steps import get
from comparison.study import LinePair, Study, curl, study
from comparison.wire import parse_request
from wsgi_from_scratch.sessions import SALT
from wsgi_from_scratch.signing import Signer

PATIENCE = 20
"""Seconds that a test waits for curl."""

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
    assert made.flask.timing is not None
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


def of(name: str, studies: list[Study]) -> Study:
    (made,) = (one for one in studies if one.scenario.name == name)
    return made


def test_all_of_a_study_is_json_and_holds_neither_key_nor_machine(
    watched: list[Study], pytestconfig: pytest.Config
) -> None:
    for name in ("hello", "session", "flash-next", "upload-xlsx", "static", "bad-host"):
        made = of(name, watched)
        data = made.as_data()
        text = json.dumps(data)
        assert SECRET_KEY not in text
        assert str(pytestconfig.rootpath) not in text
        assert len(data["wire"]) == len(made.steps)
        for side in ("flask", "scratch"):
            steps = data[side]["steps"]
            assert len(steps) == len(made.steps)
            assert sum(step["ledger"]["calls"] for step in steps) == data[side]["calls"]
            mentioned = {
                function["id"]
                for step in steps
                for stage in step["ledger"]["stages"]
                for function in stage["functions"]
            }
            assert mentioned <= set(data["functions"])


def test_the_stages_of_the_data_have_a_number_and_a_colour(watched: list[Study]) -> None:
    stages = of("hello", watched).as_data()["stages"]
    assert [stage["name"] for stage in stages] == [stage.name for stage in (*STAGES, NO_STAGE)]
    assert [stage["css"] for stage in stages] == [
        *(f"--stage-{number}" for number in range(1, 9)),
        "--stage-0",
    ]


def test_nothing_is_looked_at_closely_before_somebody_asks() -> None:
    made = study(SCENARIOS["hello"], make_pair())
    assert "watched" not in made.flask.__dict__
    assert made.summary()["verdict"] == "identical"
    assert "watched" not in made.flask.__dict__
    assert made.flask.ledger.lines > made.scratch.ledger.lines > 0


def test_the_lines_of_both_views_that_ran_are_the_same_lines(watched: list[Study]) -> None:
    for made in watched:
        for flask, scratch in zip(made.flask.views, made.scratch.views, strict=True):
            assert (flask is None) == (scratch is None), made.scenario.name
            if flask and scratch and flask.module == "flask_version.views":
                moved = scratch.line - flask.line
                assert {line + moved for line in flask.ran} == set(scratch.ran), made.scenario.name


def test_what_was_tried_with_the_cookies_came_out_alike(watched: list[Study]) -> None:
    trials = [trial for made in watched for trial in made.trials if trial is not None]
    assert trials
    for trial in trials:
        assert (trial.own, trial.swapped) == ((True, True), (True, True))
        assert trial.flipped == (False, False)


def test_a_cookie_much_longer_than_that_of_the_other_is_tried_out_too() -> None:
    with held_still():
        long = Signer([SECRET_KEY], SALT).dumps(
            b'{"cart":["%b"]}' % random.Random(1).randbytes(900).hex().encode()
        )
    step = Scenario("again", "", (get("/lab/kept-cart"),), lab=True)
    made = study(step, make_pair(), ({"session": long}, {}))
    flask, scratch = made.flask.cookies[0], made.scratch.cookies[0]
    assert flask is not None
    assert scratch is not None
    assert len(flask.payload) > 2 * len(scratch.value)
    (trial,) = made.trials
    assert trial is not None
    assert trial.flipped == (False, False)
    assert trial.position < len(scratch.payload)


def test_the_cookies_of_an_earlier_visit_are_sent_along() -> None:
    pair = make_pair()
    first = study(SCENARIOS["session-kept-cart"], pair)
    cookies = [side.cookies[0] for side in (first.flask, first.scratch)]
    assert cookies[0] is not None
    assert cookies[1] is not None
    step = Scenario("again", "", (get("/lab/kept-cart"),), lab=True)
    again = study(step, pair, ({"session": cookies[1].value}, {"session": cookies[0].value}))
    assert [answer.body for answer, _ in again.steps] == [b'{"cart":["apple","apple"]}\n']
    assert again.verdict == "identical"


@pytest.mark.parametrize(
    ("flask", "scratch", "marks"),
    [
        ("if session:", "if ctx.session:", ([], [(3, 7)])),
        ("a: 1", "a: 2", ([(3, 4)], [(3, 4)])),
        (None, "new", ([], [(0, 3)])),
        ("same", "same", ([], [])),
    ],
)
def test_the_words_in_which_two_lines_differ_are_marked(
    flask: str | None, scratch: str | None, marks: tuple[object, object]
) -> None:
    pair = LinePair(flask, scratch)
    assert pair.marks == marks
    assert ["".join(text for _, text in pieces) for pieces in pair.pieces] == [flask or "", scratch]


@pytest.mark.parametrize(
    ("raw", "command"),
    [
        (
            b"GET /a?b=1&c HTTP/1.1\nHost: x\n\n",
            "curl --include --path-as-is --globoff 'http://127.0.0.1:8000/a?b=1&c'",
        ),
        (
            b"HEAD /a HTTP/1.1\nX-Empty:\n\n",
            "curl --include --path-as-is --globoff --head --header 'X-Empty;' http://127.0.0.1:8000/a",
        ),
        (
            b"POST /login HTTP/1.1\nA: it's\nContent-Length: 3\n\na=1",
            "curl --include --path-as-is --globoff --request POST --header 'A: it'\"'\"'s' "
            "--header Content-Type: --data-raw a=1 http://127.0.0.1:8000/login",
        ),
        (
            b"POST / HTTP/1.1\nContent-Type: a/b\nA: \xff\nContent-Length: 3\n\n'\\\xff",
            "printf %s J1z/ | base64 -d | curl --include --path-as-is --globoff --request POST "
            r"--header 'Content-Type: a/b' --header $'A: \xff' --data-binary @- http://127.0.0.1:8000/",
        ),
    ],
)
def test_a_request_can_be_copied_as_a_command(raw: bytes, command: str) -> None:
    assert curl(parse_request(raw)) == command


def sent_by(command: str, directory: Path) -> bytes:
    """What a command for the tutorial's server sends, without the fields that are the server's or curl's own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        script = directory / "command"  # a file, since no argument of bash could hold the longest
        script.write_text(command.replace(":8000", f":{listener.getsockname()[1]}"))
        with subprocess.Popen(["bash", script], stdout=DEVNULL, stderr=DEVNULL) as process:
            try:
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as stream:
                    connection.settimeout(PATIENCE)
                    head = list(iter(stream.readline, b"\r\n"))
                    lengths = [line for line in head if line.startswith(b"Content-Length: ")]
                    body = stream.read(int(lengths[0].split()[1])) if lengths else b""
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
            finally:
                process.terminate()
    own = (b"Host: ", b"User-Agent: curl/", b"Accept: */*")
    return b"".join(line for line in head if not line.startswith(own)) + b"\r\n" + body


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /../a[1-2]/{b,c}?d HTTP/1.1\r\n\r\n",
        b"HEAD / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"$`touch$IFS'x'` /$(a)`b`'\"\\ HTTP/1.1\r\nA: '\"\\$(b)\r\nA: !c\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Empty:\r\nContent-Type:\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\na",
        b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 14\r\n\r\n@/etc/hostname",
        b"POST / HTTP/1.1\r\nContent-Type:\r\nContent-Length: 5\r\n\r\n\0\xff'\n\\",
        b"POST / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + b"a" * 200_000,
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_the_command_sends_the_same_request(
    raw: bytes, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("curl")
    require_program("bash")
    assert sent_by(curl(parse_request(raw)), tmp_path) == raw
