"""Pair: the two applications under one key, and the world held still around them.

To make two answers comparable byte for byte, two things are held still while they are made, and nothing is changed in
the answers afterwards: the clock, on which session cookies and dates depend, and ``uuid.uuid4``, from which downloads
have their names.
"""

import contextlib
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from unittest import mock

import time_machine

import flask_version
import wsgi_from_scratch
from tutorial.settings import Settings

from . import lab
from .exchange import Application
from .scenarios import SECRET_KEY

MOMENT = 1_767_323_045
"""The second at which every compared answer is made: 2 January 2026, 03:04:05 UTC."""

NORMALISED = (
    "The clock stands still at 2 January 2026, 03:04:05 UTC, so that dates and signatures can be compared.",
    "uuid.uuid4 gives the same names in the same order to both.",
)
"""What is the same for both applications because it is made so; answers themselves are never changed."""

# The clock and the names are those of the process, so one thread at a time may hold them.
_held = threading.RLock()


@dataclass(frozen=True, slots=True)
class Pair:
    """The two applications, and the same two with the views of the lab."""

    flask: Application
    scratch: Application
    flask_lab: Application
    scratch_lab: Application


def make_pair() -> Pair:
    """Both applications with the same settings, each with a store of its own."""
    flask, flask_lab = (flask_version.create_app(_settings("flask")) for _ in range(2))
    scratch, scratch_lab = (wsgi_from_scratch.create_app(_settings("scratch")) for _ in range(2))
    lab.add_to_flask(flask_lab)
    lab.add_to_scratch(scratch_lab)
    return Pair(flask, scratch, flask_lab, scratch_lab)


def _settings(name: str) -> Settings:
    return Settings(secret_key=SECRET_KEY, downloads_url=f"memory://comparison-{name}")


@contextlib.contextmanager
def held_still() -> Iterator[None]:
    """Hold the clock and ``uuid.uuid4`` still: the same second, and the same names in the same order."""
    names = (uuid.UUID(int=number, version=4) for number in range(1, 1_000_000))
    with _held, time_machine.travel(MOMENT, tick=False), mock.patch("uuid.uuid4", names.__next__):
        yield


def secret_keys(application: Application) -> tuple[str, ...]:
    """The keys that an application signs with, the newest first; none when it says nothing of them."""
    config = getattr(application, "config", None)
    if not isinstance(config, Mapping):
        return ()
    found = [config.get("SECRET_KEY"), *(config.get("SECRET_KEY_FALLBACKS") or ())]
    return tuple(
        key.decode("latin-1") if isinstance(key, bytes) else str(key) for key in found if key
    )
