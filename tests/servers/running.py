"""An application as a process of its own, and requests to it over HTTP."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path

from comparison.steps import Step
from comparison.wire import parse_request

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


@contextmanager
def running(
    command: Sequence[str], folder: Path, *, stop: signal.Signals = signal.SIGTERM
) -> Iterator[Site]:
    """Run a server until the end of the block; it is to stop in peace, without ever having printed a traceback."""
    log = folder / "log"
    environ = {
        **os.environ,
        "SECRET_KEY": "a key for tests",
        "DOWNLOADS_URL": (folder / "downloads").as_uri(),
    }
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output) as process,
    ):
        try:
            yield Site(*wait_for_address(process, log), log)
        finally:
            process.send_signal(stop)
            status = process.wait(PATIENCE)
    assert (status, "Traceback" in log.read_text()) == (0, False), log.read_text()


def wait_for_address(process: "subprocess.Popen[bytes]", log: Path) -> tuple[str, int]:
    """The address that a server prints when it is ready."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://([\w.]+):(\d+)", log.read_text())
        if found:
            return found[1], int(found[2])
        time.sleep(0.02)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")
