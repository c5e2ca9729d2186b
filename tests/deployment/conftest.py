"""nginx and the two applications, as deploy/nginx.conf puts them together."""

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.deployment.hosts import host, nginx
from tests.servers.commands import missing
from tests.servers.running import Site


@pytest.fixture(scope="session")
def logger_is_installed() -> None:
    if find_spec("pythonjsonlogger") is None:
        missing("python-json-logger, with which gunicorn.conf.py logs, is not installed")


@pytest.fixture(scope="session")
def nginx_program() -> str:
    # Debian keeps it where only root looks.
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("nginx is not installed: the package is nginx-light")
        pytest.skip("nginx is not installed: the package is nginx-light")
    return program


@pytest.fixture(scope="session")
def flask_host(
    logger_is_installed: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with host("flask_version", tmp_path_factory.mktemp("flask")) as site:
        yield site


@pytest.fixture(scope="session")
def scratch_host(
    logger_is_installed: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with host("wsgi_from_scratch", tmp_path_factory.mktemp("scratch")) as site:
        yield site


@pytest.fixture(scope="session")
def front(
    nginx_program: str,
    flask_host: Site,
    scratch_host: Site,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """nginx as deploy/nginx.conf has it, and its own static files beside the application's, for comparison."""
    folder = tmp_path_factory.mktemp("nginx")
    more = "location /by-nginx/ { alias static/; }"
    (folder / "static").mkdir()
    (folder / "static" / "hello.css").write_bytes(b"body { color: teal }\n")
    ports = [flask_host.port, scratch_host.port]
    with nginx(nginx_program, folder, "nginx.conf", ports, more) as site:
        yield site
