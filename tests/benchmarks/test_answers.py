"""Nothing is timed that does not answer alike. The other frameworks are in ``test_peers.py``."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import flask_version
import wsgi_from_scratch
from benchmarks import floor
from benchmarks.answers import FLASK, FLOOR, FLOOR_BY_JINJA, SCRATCH, check_all, meaning
from benchmarks.options import CannotMeasure
from benchmarks.works import LARGEST_BODY, Work, repeat_last
from comparison.exchange import Application, Exchange
from comparison.steps import get, visit
from tutorial.settings import Settings


@pytest.fixture
def applications(tmp_path: Path) -> dict[str, Application]:
    makers: dict[str, Callable[[Settings], Application]] = {
        FLOOR: floor.create_app,
        FLOOR_BY_JINJA: floor.create_app_by_jinja,
        SCRATCH: wsgi_from_scratch.create_app,
        FLASK: flask_version.create_app,
    }
    return {
        name: create_app(
            Settings(
                secret_key="a key for tests",
                downloads_url=str(tmp_path / name),
                max_content_length=LARGEST_BODY,
            )
        )
        for name, create_app in makers.items()
    }


def test_the_floors_and_both_applications_answer_every_work_with_the_same_bytes(
    applications: dict[str, Application], works: tuple[Work, ...]
) -> None:
    assert check_all(applications, works) == []


def test_an_answer_that_is_not_the_same_is_told_line_by_line(
    applications: dict[str, Application], works: tuple[Work, ...]
) -> None:
    applications[SCRATCH] = lambda environ, start_response: applications[FLASK](
        {**environ, "PATH_INFO": "/hello/Kumara"}, start_response
    )
    with pytest.raises(CannotMeasure, match="Hello Kumara!") as raised:
        check_all(applications, works[:1])
    assert str(raised.value).startswith("from scratch answers “hello” otherwise than Flask")


def test_the_last_request_of_a_work_can_be_sent_again_and_again(
    applications: dict[str, Application], works: tuple[Work, ...]
) -> None:
    statuses: list[str] = []

    def listening(application: Application) -> Application:
        def call(environ: dict[str, object], start_response: Callable[..., object]) -> object:
            def start(status: str, fields: object) -> object:
                statuses.append(status[:3])
                return start_response(status, fields)

            return application(environ, start)

        return call  # type: ignore[return-value]  # gives what the application gives

    wanted = {"202": "202", "redirect": "302", "static 304": "304", "404": "404", "405": "405"}
    for application in applications.values():
        for work in works:
            call = repeat_last(listening(application), work.steps)
            statuses.clear()
            call()
            call()
            assert statuses == [wanted.get(work.name, "200")] * 2


def answer(
    status: str = "200 OK", fields: Iterable[tuple[str, str]] = (), body: bytes = b"ok"
) -> Exchange:
    def application(environ: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response(status, list(fields))
        return [body]

    return visit(application, (get("/"),))[0]


HTML = ("Content-Type", "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(answer("200 Fine", (HTML,)), id="the words of the status line"),
        pytest.param(answer(fields=(("content-type", "text/html; charset=UTF-8"),)), id="case"),
        pytest.param(answer(fields=(("Allow", "GET"), HTML)), id="another field"),
    ],
)
def test_a_framework_is_free_in_what_means_the_same(other: Exchange) -> None:
    assert meaning(other) == meaning(answer(fields=(HTML,)))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(answer("202 OK", (HTML,)), id="the status"),
        pytest.param(answer(fields=(("Content-Type", "text/plain"),)), id="the type"),
        pytest.param(answer(fields=(HTML,), body=b"no"), id="the body"),
        pytest.param(answer(fields=(HTML, ("Location", "/elsewhere"))), id="the location"),
        pytest.param(answer(fields=(HTML, ("Set-Cookie", "a=b"))), id="a cookie"),
    ],
)
def test_what_means_something_else_is_found(other: Exchange) -> None:
    assert meaning(other) != meaning(answer(fields=(HTML,)))
