"""How a step reaches an application through WebTest, whose lint checks both sides of PEP 3333."""

import io
import warnings

import webtest  # type: ignore[import-untyped]  # it has no types
from webtest.lint import WSGIWarning  # type: ignore[import-untyped]  # as above

from comparison.exchange import Application, Exchange, Jar
from comparison.steps import Step
from comparison.wire import parse_request, to_environ


def send_through_webtest(application: Application, step: Step, jar: Jar) -> Exchange:
    """Send one step; raises AssertionError where the application breaks PEP 3333."""
    request = jar.fill(parse_request(step.raw))
    environ = to_environ(request, io.StringIO(), step.mounted_at)
    with warnings.catch_warnings():
        # The scenarios send such methods on purpose.
        warnings.filterwarnings("ignore", "Unknown REQUEST_METHOD", WSGIWarning)
        answer = webtest.TestApp(application).do_request(
            webtest.TestRequest(environ), status="*", expect_errors=True
        )
    return Exchange(
        request, answer.status, tuple(answer.headerlist), answer.body, answer.errors, "", (), 0.0
    )
