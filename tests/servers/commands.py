"""How each server is started, and where it answers otherwise than the others: docs/deployment.md says why."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import pytest

Command = Callable[[str], list[str]]
"""From a port to what is run."""

APPLICATION = "tests.servers.mounted:application"


def missing(sentence: str) -> NoReturn:
    """Skip the test; where ``make servers`` has installed everything, that is a failure."""
    if Path(sys.prefix).name == ".venv-servers":
        pytest.fail(sentence)
    pytest.skip(sentence)


@dataclass(frozen=True)
class Server:
    """A WSGI server, and what it decides and not the application."""

    name: str
    module: str
    """What must be installed."""
    command: Command
    keeps_connections: bool = True
    """Whether a connection is kept for the next request."""
    leaves_silently: bool = False
    """Whether it closes a connection that, as it has said nothing else, the client takes for kept."""
    chunks: Literal["read", "refused", "lost"] = "read"
    """What becomes of a body that comes in chunks."""
    answers_others: bool = True
    """Whether it has an answer for others while one client says nothing."""
    answers_early: bool = True
    """Whether the application is asked before all of a body is here."""
    hears_out: bool = True
    """Whether a client that sends all of a body too large before it listens gets to read the 413."""
    ends_with: int = 0
    """The exit status when TERM has stopped it."""
    is_optional: bool = False
    """Whether it may always be missing: it has to be compiled."""


def _wsgiref(port: str) -> list[str]:
    return [sys.executable, "-m", "tests.servers.mounted", "--port", port]


def _gunicorn(*options: str) -> Command:
    program = [sys.executable, "-m", "gunicorn", "--no-control-socket", *options]
    return lambda port: [*program, f"--bind=127.0.0.1:{port}", APPLICATION]


def _waitress(port: str) -> list[str]:
    return [sys.executable, "-m", "waitress", f"--listen=127.0.0.1:{port}", APPLICATION]


def _granian(port: str) -> list[str]:
    return [sys.executable, "-m", "granian", "--interface=wsgi", f"--port={port}", APPLICATION]


def _cheroot(port: str) -> list[str]:
    # Its own name for itself holds its version.
    options = [f"--bind=127.0.0.1:{port}", "--server-name=cheroot"]
    return [sys.executable, "-m", "cheroot", *options, APPLICATION]


def _uwsgi(port: str) -> list[str]:
    return [
        "uwsgi",
        "--master",
        "--die-on-term",
        "--need-app",
        "--enable-threads",
        "--threads=4",
        "--reload-mercy=1",
        "--worker-reload-mercy=1",
        # Else it is uWSGI itself, which multiprocessing would start for the child that reads a workbook.
        f"--py-sys-executable={sys.executable}",
        f"--http-socket=127.0.0.1:{port}",
        f"--module={APPLICATION}",
    ]


SERVERS = {
    server.name: server
    for server in (
        Server("wsgiref", "wsgiref", _wsgiref, keeps_connections=False, chunks="refused"),
        # deploy/gunicorn.conf.py teaches it to hear a client out.
        Server(
            "gunicorn sync",
            "gunicorn",
            _gunicorn(),
            keeps_connections=False,
            answers_others=False,
            hears_out=False,
        ),
        Server("gunicorn gthread", "gunicorn", _gunicorn("--threads=4"), hears_out=False),
        Server("waitress", "waitress", _waitress, answers_early=False, ends_with=-15),
        Server("granian", "granian", _granian, hears_out=False),
        Server("cheroot", "cheroot", _cheroot, hears_out=False, ends_with=-15),
        Server(
            "uwsgi",
            "uwsgidecorators",
            _uwsgi,
            leaves_silently=True,
            chunks="lost",
            hears_out=False,
            is_optional=True,
        ),
    )
}
