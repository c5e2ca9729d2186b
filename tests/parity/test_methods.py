"""HEAD, OPTIONS and methods that nobody expects, on every URL: the same answer, and never a 5xx."""

import pytest

from comparison.exchange import Exchange, Jar
from comparison.pair import Pair
from comparison.scenarios import SCENARIOS
from comparison.steps import Step, send
from tests.parity.through_webtest import send_through_webtest

METHODS = (
    "HEAD",
    "OPTIONS",
    "PUT",
    "DELETE",
    "PATCH",
    "TRACE",
    "CONNECT",
    "BREW",
    "post",
    "__class__",
)


def urls() -> list[str]:
    """The path of every first request of a scenario: all URLs of the tutorial, and many more."""
    steps = (step for scenario in SCENARIOS.values() for step in scenario.steps)
    raw = {step.raw.split(b" ")[1].partition(b"?")[0] for step in steps if isinstance(step, Step)}
    return sorted(
        path.decode("latin-1") for path in raw if path.startswith(b"/") and len(path) < 100
    )


def answers(pair: Pair, method: str, url: str) -> tuple[Exchange, Exchange]:
    step = send(f"{method} {url}")
    flask = send_through_webtest(pair.flask, step, Jar())
    return flask, send_through_webtest(pair.scratch, step, Jar())


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("url", urls())
def test_every_method_is_answered_alike(url: str, pair: Pair) -> None:
    for method in METHODS:
        flask, scratch = answers(pair, method, url)
        assert scratch.lines() == flask.lines()
        assert flask.status[0] in "234", f"{method} {url}"


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("url", urls())
def test_head_gets_the_headers_of_get_and_no_body(url: str, pair: Pair) -> None:
    head = answers(pair, "HEAD", url)
    got = answers(pair, "GET", url)
    for of_head, of_get in zip(head, got, strict=True):
        assert of_head.body == b""
        assert of_head.status == of_get.status
        assert of_head.headers == of_get.headers
