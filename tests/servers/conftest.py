"""Both applications, each under both servers."""

import sys
from collections.abc import Callable, Iterator

import pytest

from tests.servers.running import Site, running

SERVERS = ["wsgiref", "gunicorn"]
APPLICATIONS = ["flask_version", "wsgi_from_scratch"]


@pytest.fixture(
    scope="session",
    params=[(server, application) for server in SERVERS for application in APPLICATIONS],
    ids=" ".join,
)
def site(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    require_program: Callable[[str], str],
) -> Iterator[Site]:
    server, application = request.param
    if server == "wsgiref":
        command = [sys.executable, "-m", application, "--port", "0"]
    else:
        options = ["--bind", "127.0.0.1:0", "--threads", "4", "--no-control-socket"]
        command = [require_program("gunicorn"), *options, f"{application}:app"]
    with running(command, tmp_path_factory.mktemp(server)) as found:
        yield found
