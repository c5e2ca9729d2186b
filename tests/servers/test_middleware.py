"""Around each application, the usual WSGI middleware changes what it is there to change, and nothing else."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import cast
from wsgiref.validate import validator

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from comparison.exchange import Application
from comparison.pair import Pair, held_still, make_pair
from comparison.scenarios import SCENARIOS
from comparison.steps import get, send, visit
from tests.servers.commands import missing
from tutorial.settings import ROOT

# Every way in and out: each kind of answer, each kind of body, the session, files; no workbook, which would be slow.
VISITS = [
    "hello",
    "head",
    "options",
    "method-not-allowed",
    "slashes-doubled",
    "home",
    "redirect",
    "form",
    "form-as-multipart",
    "form-cut-short",
    "too-large",
    "upload-text",
    "upload-csv",
    "session",
    "cookie-signed",
    "flash-now",
    "health",
]

Wrap = Callable[[Application], Application]


def around(name: str) -> Wrap:
    """A middleware by its name; the test is skipped if it is not installed, or fails."""
    module = {
        "whitenoise": "whitenoise",
        "opentelemetry": "opentelemetry.instrumentation.wsgi",
    }.get(name)
    if module is not None and find_spec(module.partition(".")[0]) is None:
        missing(f"{name} is not installed")
    match name:
        case "proxy_fix":
            return lambda application: ProxyFix(
                application, x_for=1, x_proto=1, x_host=1, x_prefix=1
            )
        case "dispatcher":
            return lambda application: DispatcherMiddleware(application, {"/elsewhere": NotFound()})
        case "whitenoise":
            return cast(Wrap, import_module("whitenoise").WhiteNoise)
        case "opentelemetry":
            wsgi = import_module("opentelemetry.instrumentation.wsgi")
            return cast(Wrap, wsgi.OpenTelemetryMiddleware)
        case _:
            return validator


MIDDLEWARE = ["proxy_fix", "dispatcher", "whitenoise", "opentelemetry", "validator"]


@pytest.fixture(scope="module")
def pair() -> Pair:
    return make_pair()


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
@pytest.mark.parametrize("application", ["flask", "scratch"])
@pytest.mark.parametrize("name", MIDDLEWARE)
def test_answers_stay_as_they_are(name: str, application: str, pair: Pair) -> None:
    bare: Application = getattr(pair, application)
    wrapped = around(name)(bare)
    for scenario in map(SCENARIOS.__getitem__, VISITS):
        with held_still():
            expected = visit(bare, scenario.steps)
        with held_still():
            answers = visit(wrapped, scenario.steps)
        assert [answer.lines() for answer in answers] == [answer.lines() for answer in expected]


@pytest.mark.parametrize("application", ["flask", "scratch"])
def test_all_of_them_at_once(application: str, pair: Pair) -> None:
    bare: Application = getattr(pair, application)
    wrapped = bare
    for name in [*MIDDLEWARE, "validator"]:
        wrapped = around(name)(wrapped)
    with held_still():
        expected = visit(bare, SCENARIOS["session"].steps)
    with held_still():
        answers = visit(wrapped, SCENARIOS["session"].steps)
    assert [answer.lines() for answer in answers] == [answer.lines() for answer in expected]


@pytest.mark.parametrize("application", ["flask", "scratch"])
def test_proxy_fix_says_where_the_application_is_mounted(application: str, pair: Pair) -> None:
    wrapped = around("proxy_fix")(getattr(pair, application))
    (answer,) = visit(wrapped, [get("/redirect_endpoint", "X-Forwarded-Prefix: /shop")])
    assert answer.header("Location") == "/shop/displaylist"


@pytest.mark.parametrize("application", ["flask", "scratch"])
def test_whitenoise_sends_static_files_and_leaves_the_rest(application: str, pair: Pair) -> None:
    around("whitenoise")
    bare: Application = getattr(pair, application)
    wrapped = import_module("whitenoise").WhiteNoise(bare, root=ROOT / "static")
    file, head, page = visit(
        wrapped, [get("/css/hello.css"), send("HEAD /css/hello.css"), get("/hello/Kumar")]
    )
    (own,) = visit(bare, [get("/css/hello.css")])
    assert (file.body, head.body, page.body) == (own.body, b"", b"Hello Kumar!")
    # Why nothing but the application serves them here: it would send other fields.
    assert file.header("Content-Security-Policy") is None
    assert own.header("Content-Security-Policy") is not None
