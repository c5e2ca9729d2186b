"""Whatever request is made up, both applications give the same answer, and never a 5xx.

``PARITY_EXAMPLES`` says how many requests are made up (default 300).
"""

import os

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from comparison.differences import known_difference
from comparison.exchange import Application, Exchange, Jar, exchange
from comparison.pair import Pair, held_still
from comparison.steps import Part, get, multipart, send_in_process
from comparison.study import differs
from comparison.wire import Request
from tests.parity.generated_requests import Known, requests

EXAMPLES = int(os.environ.get("PARITY_EXAMPLES", "300"))


def known_to_a_browser(pair: Pair) -> Known:
    """Visit both applications as a browser would; they answer alike, so what one says is known of both."""
    cookies = []
    for steps in (
        [get("/set_session_data")],
        [get("/set_custom_cookie")],
        [get("/set_signed_cookie")],
        [get("/lab/flash-next")],
        [get("/set_session_data"), get("/set_custom_cookie"), get("/lab/flash-next")],
    ):
        jar = Jar()
        for step in steps:
            jar.keep(send_in_process(pair.flask_lab, step, jar))
        cookies.append("; ".join(f"{name}={value}" for name, value in jar.cookies.items()))
    static = send_in_process(pair.flask, get("/css/hello.css"), Jar())
    return Known(
        tuple(cookies),
        static.header("ETag") or "",
        static.header("Last-Modified") or "",
        download_name(pair),
    )


def download_name(pair: Pair) -> str:
    """Convert a file in both applications, under the same name."""
    names = set()
    for application in (pair.flask, pair.scratch):
        with held_still():
            part = Part("file", b"a,b\n1,2\n", "a.csv")
            page = send_in_process(
                application, multipart("/convert_to_csv_with_download_page", part), Jar()
            )
        names.add(page.body.decode().partition('href="/download/')[2].partition('"')[0])
    (name,) = names
    return name


@pytest.fixture(scope="module")
def known(pair: Pair) -> Known:
    with held_still():
        return known_to_a_browser(pair)


def answer(application: Application, request: Request, mounted_at: str) -> Exchange:
    with held_still():
        return exchange(application, request, mounted_at)


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_both_answer_alike(data: st.DataObject, pair: Pair, known: Known) -> None:
    request, mounted_at = data.draw(requests(known))
    flask = answer(pair.flask, request, mounted_at)
    scratch = answer(pair.scratch, request, mounted_at)
    event(f"{flask.status[:3]} to {request.method}")
    if known_difference(request) is None:
        assert scratch.lines() == flask.lines()
        assert not differs(scratch, flask)
    assert scratch.status[:1] in ("2", "3", "4")
    assert (scratch.faults, scratch.failure) == ((), "")
