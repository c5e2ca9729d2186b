"""An application as a process of its own, and requests to it over HTTP."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path

from comparison.steps import Step
from comparison.wire import parse_request
from tests.servers.commands import Server

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds for a start, an answer or a stop: far more than any takes, and an end where one hangs."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Site:
    """Where a process answers, and what it has printed."""

    host: str
    port: int
    log: Path
    server: Server | None = None
    """The server, where a test is for several of them."""

    def connect(self) -> "closing[HTTPConnection]":
        return closing(HTTPConnection(self.host, self.port, timeout=PATIENCE))

    def ask(self, step: Step) -> Answer:
        """Send one request over a connection of its own."""
        with self.connect() as connection:
            return ask(connection, step)


def ask(connection: HTTPConnection, step: Step) -> Answer:
    request = parse_request(step.raw)
    connection.request(request.method, request.target, request.body, dict(request.headers))
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


NO_ENVIRON: Mapping[str, str] = {}


@contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    *,
    port: int | None = None,
    environ: Mapping[str, str] = NO_ENVIRON,
    stop: signal.Signals = signal.SIGTERM,
    ends_with: int = 0,
) -> Iterator[Site]:
    """Run a server until the end of the block; it is to stop in peace, without ever having printed a traceback.

    Without ``port``, the address is taken from what the server prints. ``ends_with`` is its status when it was stopped.
    """
    log = folder / "log"
    whole_environ = {
        **os.environ,
        "SECRET_KEY": "a key for tests",
        "DOWNLOADS_URL": (folder / "downloads").as_uri(),
        **environ,
    }
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=whole_environ, stdout=output, stderr=output
        ) as process,
    ):
        try:
            host, port = wait_for_address(process, log, port)
            yield Site(host, port, log)
        finally:
            process.send_signal(stop)
            try:
                status = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()  # or the end of the block would wait for it forever
                raise
    assert (status, "Traceback" in log.read_text()) == (ends_with, False), log.read_text()


def wait_for_address(
    process: "subprocess.Popen[bytes]", log: Path, port: int | None = None
) -> tuple[str, int]:
    """The address that a server prints when it is ready, or ``port`` once it takes connections there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if port is not None:
            if takes_connections(port):
                return "127.0.0.1", port
        elif found := re.search(r"http://([\w.]+):(\d+)", log.read_text()):
            return found[1], int(found[2])
        time.sleep(0.02)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


def takes_connections(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port for a server that cannot be told to take any; nobody has it now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
