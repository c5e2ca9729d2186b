"""How an answer grew, and who put each header into it."""

from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request

from comparison.concepts import NO_STAGE
from comparison.exchange import exchange
from comparison.recording import Moment, Watcher
from comparison.scenarios import SECRET_KEY
from comparison.study import Side, Study
from comparison.wire import parse_request
from wsgi_from_scratch.headers import Headers
from wsgi_from_scratch.response import Response

ROOT = Path(__file__).parents[2]


def of(name: str, studies: list[Study]) -> tuple[Side, Side]:
    (made,) = (one for one in studies if one.scenario.name == name)
    return made.flask, made.scratch


def test_every_header_of_every_answer_has_an_origin(watched: list[Study]) -> None:
    for made in watched:
        for side in (made.flask, made.scratch):
            for answer, origins in zip(side.exchanges, side.header_origins, strict=True):
                names = {name.lower() for name, _ in answer.headers}
                assert names == set(origins), (made.scenario.name, side.name)


def test_an_origin_is_a_line_outside_of_the_list_of_headers(watched: list[Study]) -> None:
    for made in watched:
        for side in (made.flask, made.scratch):
            for origins in side.header_origins:
                for origin in origins.values():
                    for place in (origin.first, origin.last):
                        assert "datastructures" not in place.file
                        assert place.file != "wsgi_from_scratch/headers.py"
                        assert not place.file.startswith("/")
                        assert place.line > 0


@pytest.mark.parametrize(
    ("scenario", "header", "flask", "scratch"),
    [
        ("session", "set-cookie", "Response.set_cookie", "SessionInterface.save"),
        ("session", "vary", "SecureCookieSessionInterface.save_session", "_vary_on_cookie"),
        ("redirect", "location", "redirect", "redirect"),
        ("static", "etag", "Response.set_etag", ""),
        ("options", "allow", "Flask.make_default_options_response", "Application._options"),
    ],
)
def test_the_line_that_set_a_header_is_found(
    scenario: str, header: str, flask: str, scratch: str, watched: list[Study]
) -> None:
    one, other = of(scenario, watched)
    assert one.header_origins[0][header].function.endswith(flask)
    assert other.header_origins[0][header].function.endswith(scratch)


def answer(application: Any) -> Watcher:
    watcher = Watcher()
    exchange(application, parse_request(b"GET / HTTP/1.1\r\n\r\n"), "", watcher)
    return watcher


def test_no_field_of_an_answer_comes_from_those_of_the_request() -> None:
    def application(environ: Any, start_response: Any) -> Any:
        Request(environ | {"CONTENT_TYPE": "text/plain"}).headers.get("Accept")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b""]

    assert answer(application).recorder.origins["content-type"].function.endswith("application")


def test_first_and_last_line_of_a_header_that_was_changed_are_both_known() -> None:
    def application(environ: Any, start_response: Any) -> Any:
        response = Response("a")
        response.headers["X-A"] = "1"
        response.headers["X-A"] = "2"
        return response(environ, start_response)

    origin = answer(application).recorder.origins["x-a"]
    assert origin.function.endswith("application")
    assert origin.last.line == origin.first.line + 1


def test_a_header_that_was_taken_out_and_put_in_again_comes_from_the_second_line() -> None:
    def application(environ: Any, start_response: Any) -> Any:
        headers = Headers([("X-A", "1")])
        del headers["X-A"]
        headers["X-A"] = "1"
        start_response("200 OK", headers.to_wsgi())
        return []

    origin = answer(application).recorder.origins["x-a"]
    start = application.__code__.co_firstlineno
    assert (origin.line, origin.function) == (start + 3, application.__qualname__)


def test_headers_that_come_from_another_list_keep_their_origin() -> None:
    def application(environ: Any, start_response: Any) -> Any:
        first = Headers([("X-A", "1")])
        second = Headers(first)
        start_response("200 OK", second.to_wsgi())
        return []

    origin = answer(application).recorder.origins["x-a"]
    assert origin.line == application.__code__.co_firstlineno + 1


def stages_of(moments: tuple[Moment, ...]) -> list[str]:
    return [moment.stage.name for moment in moments]


def test_every_stage_that_was_passed_has_its_moment(watched: list[Study]) -> None:
    for made in watched:
        for side in (made.flask, made.scratch):
            for moments, step in zip(side.moments, side.ledgers, strict=True):
                passed = {entry.stage for entry in step.stages if entry.calls} - {NO_STAGE}
                assert {moment.stage for moment in moments} == passed, (
                    made.scenario.name,
                    side.name,
                )
                assert len(stages_of(moments)) == len(set(stages_of(moments)))


def test_environ_session_and_headers_grow(watched: list[Study]) -> None:
    for side in of("session", watched):
        moments = {moment.stage.name: moment for moment in side.moments[1]}
        environ = moments["read the environ"]
        assert environ.environ["PATH_INFO"] == "/get_session_data"
        assert (environ.session, environ.headers) == (None, ())
        session = moments["open the session"].session
        assert session is not None
        assert session["name"] == "Kumaravel Rajan"
        assert "Vary" not in dict(moments["run the view"].headers)
        sent = moments["send"]
        assert sent.status == "200 OK"
        assert sent.headers == side.exchanges[1].headers


def test_looking_at_a_session_does_not_change_the_answer(watched: list[Study]) -> None:
    # A session that was looked at is told to caches; nobody has looked at this one.
    for side in of("health", watched):
        assert "vary" not in side.header_origins[0]
        assert "content-type" in side.header_origins[0]


def test_no_moment_shows_the_key_or_the_machine(watched: list[Study]) -> None:
    for made in watched:
        for side in (made.flask, made.scratch):
            shown = repr(side.moments)
            assert SECRET_KEY not in shown
            assert str(ROOT) not in shown
