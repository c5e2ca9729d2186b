"""Both applications, each under every server that is installed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec

import pytest

from tests.servers.commands import SERVERS
from tests.servers.running import Site, free_port, running

collect_ignore = ["mounted.py"]  # imported, it makes an application

APPLICATIONS = ["flask_version", "wsgi_from_scratch"]

INSTALLED = [name for name, server in SERVERS.items() if find_spec(server.module)]


@pytest.fixture(
    scope="session",
    params=[(server, application) for server in INSTALLED for application in APPLICATIONS],
    ids=" ".join,
)
def site(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    require_program: Callable[[str], str],
) -> Iterator[Site]:
    name, application = request.param
    server = SERVERS[name]
    port = free_port()
    command = server.command(str(port))
    command[0] = require_program(command[0])
    environ = {"APPLICATION": application}
    folder = tmp_path_factory.mktemp("server")
    with running(command, folder, port=port, environ=environ, ends_with=server.ends_with) as found:
        yield replace(found, server=server)
