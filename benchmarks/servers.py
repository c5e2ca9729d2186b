"""Servers: an application under gunicorn, in a process of its own, for as long as a block lasts."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from comparison.scenarios import SECRET_KEY
from tutorial.settings import ROOT

from .options import CannotMeasure

PATIENCE = 20.0
"""Seconds for a start or a stop; either takes less than one."""


@contextmanager
def gunicorn(application: str, folder: Path, *arguments: str) -> Iterator[str]:
    """Serve ``application`` by one worker, and give its address, such as ``http://127.0.0.1:40123``."""
    log = folder / "log"
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "gunicorn", "--bind=127.0.0.1:0", "--workers=1"]
    command += ["--no-control-socket", *arguments, application]
    environ = {
        **os.environ,
        "SECRET_KEY": SECRET_KEY,
        "DOWNLOADS_URL": str(folder / "downloads"),
    }
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output) as process,
    ):
        try:
            yield _wait_for_address(process, log)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _wait_for_address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        text = log.read_text("utf-8", "replace")
        address = re.search(r"Listening at: (http://[\w.:]+)", text)
        if address and "Booting worker" in text:
            return address[1]
        time.sleep(0.02)
    raise CannotMeasure(f"gunicorn did not start:\n{log.read_text('utf-8', 'replace')}")
