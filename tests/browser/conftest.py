"""A browser, and each application as a process that serves it."""

import os
import re
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from tutorial.protection import FIELDS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]

START = 30
"""Seconds that an application may take until it says where it answers."""

SWITCHES = [
    "--no-sandbox",  # Chromium refuses to start its sandbox as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser(require_program: Callable[[str], str]) -> Iterator["Browser"]:
    chromium = require_program("chromium")
    require_program("playwright")  # the command of the package, and so the sign that it is there
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="session", params=["flask_version", "wsgi_from_scratch"])
def site(
    request: pytest.FixtureRequest, browser: "Browser", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of an application; it asks for the browser so that none is started in vain."""
    environment = os.environ | {
        "SECRET_KEY": "not a secret",
        "DOWNLOADS_URL": tmp_path_factory.mktemp("downloads").as_uri(),
    }
    command = [sys.executable, "-m", request.param, "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield address(process.stdout)
        finally:
            process.terminate()


def address(output: IO[str]) -> str:
    """The URL in the one line that an application prints when it is ready, without the slash at its end."""
    ready, _, _ = select.select([output], [], [], START)
    line = output.readline() if ready else ""
    match = re.search(r"http://[\w.:\[\]]+", line)
    assert match, f"the application said {line!r} and not where it answers"
    return match[0]


@pytest.fixture
def open_page(browser: "Browser", site: str) -> Iterator[Callable[..., "Page"]]:
    """Open a page of the application in a browser without cookies: ``open_page("/login", width=360)``."""
    contexts = []

    def open_page(path: str, *, width: int = 1280) -> "Page":
        context = browser.new_context(
            base_url=site, viewport={"width": width, "height": 800}, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        answer = page.goto(path)
        assert answer is not None
        assert answer.headers["content-security-policy"] == FIELDS["Content-Security-Policy"]
        return page

    yield open_page
    for context in contexts:
        context.close()
