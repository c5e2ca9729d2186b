"""Growth: how the time of a request grows with what is sent, and with the size of the application.

What grows by a power is told by its exponent: 1 means that ten times as much takes ten times as long. The slope over
all sizes is flattered by what every request costs, so the slope between the two largest stands beside it. Work that
grows faster than what was sent lets a visitor buy much of the server's time for little of his own.
"""

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import flask_version
import wsgi_from_scratch
from comparison.exchange import Application
from comparison.scenarios import SECRET_KEY
from comparison.steps import Part, Step, form, get, multipart
from tutorial.settings import Settings

from .measure import slope, take_turns
from .options import Options
from .table import Column, Table, Value, seconds
from .works import LARGEST_BODY, MEBIBYTE, repeat_last

SECONDS = 0.8
"""Seconds for the rounds of one size."""

FLASK, SCRATCH = "Flask", "from scratch"

Ask: TypeAlias = Callable[[int], Step]


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something that grows: its sizes, and the request for each."""

    name: str
    sizes: Sequence[int]
    ask: Ask


def _form_fields(count: int) -> Step:
    return form("/", "&".join(f"field{number}=value{number}" for number in range(count)))


def _parts(count: int) -> Step:
    return multipart("/", *(Part(f"field{number}", b"value") for number in range(count)))


def _cookies(count: int) -> Step:
    cookies = "; ".join(f"cookie{number}=value{number}" for number in range(count))
    return get("/get_custom_cookie", f"Cookie: {cookies}")


def _session(size: int) -> Step:
    """Digests, for they cannot be compressed much; both applications read the same cookie."""
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(size // 64)]
    app = flask_version.create_app(Settings(secret_key=SECRET_KEY, downloads_url="memory://growth"))
    sessions: Any = app.session_interface
    cookie = sessions.get_signing_serializer(app).dumps({"name": "Kumar", "cart": digests})
    return get("/get_session_data", f"Cookie: session={cookie}")


def _body(size: int) -> Step:
    return multipart("/", Part("file", bytes(size), "content.bin", "application/octet-stream"))


def _route(count: int) -> Step:
    return get(f"/growth/{count // 2}/Kumar")


ROUTES = "routes"

DIMENSIONS = (
    Dimension(ROUTES, (10, 100, 1_000, 10_000), _route),
    Dimension("fields of a form", (10, 100, 1_000, 10_000), _form_fields),
    Dimension("parts of a form", (10, 100, 1_000, 10_000), _parts),
    Dimension("cookies", (10, 100, 1_000, 10_000), _cookies),
    Dimension("bytes in the session", (100, 1_000, 10_000, 100_000), _session),
    Dimension("bytes of an upload", (1_024, 32 * 1_024, MEBIBYTE, 16 * MEBIBYTE), _body),
)


def run(options: Options) -> list[Table]:
    """For each dimension and application the times at both ends, and the exponents."""
    rows: list[list[Value]] = []
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for dimension in DIMENSIONS:
            options.say(f"growth: {dimension.name}")
            rows += _rows(dimension, measure(dimension, Path(folder), options.quick))
    columns = [
        Column("number of"),
        Column("application"),
        *(Column(title, "{:,}".format) for title in ("from", "to")),
        *(Column(title, seconds) for title in ("time at first", "at last")),
        *(Column(title, "{:.2f}".format) for title in ("exponent", "at the end")),
    ]
    return [Table("Growth: time of a request against what grows", columns, rows)]


Points: TypeAlias = list[tuple[float, float]]


def measure(dimension: Dimension, folder: Path, quick: bool) -> dict[str, Points]:
    """Sizes and seconds of both applications; the largest size is left out for the impatient."""
    points: dict[str, Points] = {FLASK: [], SCRATCH: []}
    applications = make_applications(folder, 0)
    for size in dimension.sizes[:-1] if quick else dimension.sizes:
        if dimension.name == ROUTES:
            applications = make_applications(folder, size)
        steps = (dimension.ask(size),)
        calls = {name: repeat_last(app, steps) for name, app in applications.items()}
        for name, spread in take_turns(calls, SECONDS / 20 if quick else SECONDS).items():
            points[name].append((size, spread.median))
    return points


def make_applications(folder: Path, routes: int) -> dict[str, Application]:
    """Both, with so many routes more than the tutorial's, and limits that nothing here reaches."""
    settings = Settings(
        secret_key=SECRET_KEY,
        downloads_url=str(folder),
        max_content_length=LARGEST_BODY,
        max_form_memory_size=LARGEST_BODY,
        max_form_parts=1_000_000,
        max_cookie_header_size=LARGEST_BODY,
        max_cookies=1_000_000,
    )
    flask, scratch = flask_version.create_app(settings), wsgi_from_scratch.create_app(settings)
    for number in range(routes):
        rule, endpoint = f"/growth/{number}/<name>", f"growth.view{number}"
        flask.add_url_rule(rule, endpoint, lambda name: name)
        scratch.add_url_rule(rule, endpoint, lambda ctx, name: name)
    return {FLASK: flask, SCRATCH: scratch}


def _rows(dimension: Dimension, points: dict[str, Points]) -> list[list[Value]]:
    return [
        [
            dimension.name,
            name,
            int(found[0][0]),
            int(found[-1][0]),
            found[0][1],
            found[-1][1],
            slope(found),
            slope(found[-2:]),
        ]
        for name, found in points.items()
    ]
