"""Both applications, side by side, for everything that is sent to break them."""

import gc
import warnings
from collections.abc import Iterator

import pytest

import flask_version
import wsgi_from_scratch
from comparison.pair import make_pair
from comparison.scenarios import SECRET_KEY
from tests.security.target import Target
from tutorial.settings import Settings


@pytest.fixture(scope="session")
def target() -> Target:
    """Both applications with the settings that they come with."""
    pair = make_pair()
    return Target(pair.flask, pair.scratch)


@pytest.fixture(scope="session")
def patient() -> Target:
    """The same without limits of a head and of JSON, so that its parsers have to hold by themselves."""
    most = 10**9
    settings = Settings(
        secret_key=SECRET_KEY,
        downloads_url="memory://patient",
        max_url_length=most,
        max_query_fields=most,
        max_cookie_header_size=most,
        max_cookies=most,
        max_json_size=most,
    )
    return Target(flask_version.create_app(settings), wsgi_from_scratch.create_app(settings))


def forgive() -> None:
    """Werkzeug 3.1 leaves the file of a request that failed halfway to the garbage collector."""
    warnings.filterwarnings("ignore", "unclosed file", ResourceWarning)


@pytest.fixture(scope="module", autouse=True)
def collected() -> Iterator[None]:
    """What is left to the collector here does not wait for a test that forgives nothing."""
    yield
    with warnings.catch_warnings():
        forgive()
        gc.collect()


@pytest.fixture(autouse=True)
def forgiven() -> Iterator[None]:
    with warnings.catch_warnings():
        forgive()
        yield
