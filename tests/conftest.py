"""What tests of several folders share.

The applications are imported when a test asks for one: a fault in them must not fail the tests of everything else.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import time_machine
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from flask import Flask

    from tutorial.settings import Settings


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that runs the tests in the background has it ignored, and every server that a test starts would inherit
    # that, and not end when it is asked to.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A machine with other work is no fault of the code: an example may take as long as it takes.
hypothesis_settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("untimed")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Of several processes each takes whole files, and one all of tests/comparison, which share their studies."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # it has no types

    class BySharedWork(LoadFileScheduling):  # type: ignore[misc]  # so its class has none
        def _split_scope(self, nodeid: str) -> str:
            folder = "tests/comparison/"
            return folder if nodeid.startswith(folder) else str(super()._split_scope(nodeid))

    return BySharedWork(config, log)


@pytest.fixture
def settings(tmp_path: Path) -> "Settings":
    """A fixed key, and a store of the test's own."""
    from tutorial.settings import Settings

    return Settings(secret_key="a key for tests", downloads_url=(tmp_path / "downloads").as_uri())


@pytest.fixture
def flask_app(settings: "Settings") -> "Flask":
    from flask_version import create_app

    return create_app(settings)


@pytest.fixture
def scratch_app(settings: "Settings") -> "WSGIApplication":
    from wsgi_from_scratch import create_app

    return create_app(settings)


@pytest.fixture
def frozen_clock() -> Iterator[None]:
    """Time stands still, so that signatures and dates of two answers can be compared."""
    with time_machine.travel(datetime(2024, 2, 29, 12, 30, tzinfo=UTC), tick=False):
        yield


@pytest.fixture(scope="session")
def require_program() -> Callable[[str], str]:
    """Gives the path of a program; without it the test is skipped, and fails under CI, where none may be missing."""
    here = Path(sys.executable).parent

    def path_of(name: str) -> str:
        path = shutil.which(name, path=f"{here}{os.pathsep}{os.environ['PATH']}")
        if path is not None:
            return path
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")

    return path_of
