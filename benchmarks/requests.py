"""Requests: what one request costs in process, in both applications, in other frameworks, and at the least.

No server and no network: each application is called as PEP 3333 says, its answer is read and closed. Included for
all alike are the copy of the environ and the server's half of the protocol; excluded is what makes the environ. The
applications are those that people run, with their hooks, sessions and checks.

Nothing is timed before every application has answered every request as Flask does; see ``answers``.
"""

import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import flask_version
import wsgi_from_scratch
from comparison.exchange import Application
from comparison.scenarios import SECRET_KEY
from tutorial.settings import Settings

from . import floor
from .answers import FLASK, FLOOR, FLOOR_BY_JINJA, SCRATCH, check_all
from .measure import Spread, take_turns
from .options import CannotMeasure, Options
from .peers import bottle_version, falcon_version, pyramid_version
from .table import Column, Table, ratio, timing
from .works import LARGEST_BODY, Work, make_works, repeat_last

BOTTLE, FALCON, PYRAMID = "Bottle", "Falcon", "Pyramid"

PAGES = frozenset({"set session", "get session", "list page", "home page", "404", "405"})
"""Works that are answered by a page of several templates."""

SECONDS = 4.0
"""Seconds for the rounds of one kind of request."""

NOTE = (
    "Medians of all rounds, ± half the distance between the quartiles. The last two columns divide one median by the"
    " other."
)

NOTE_ON_PAGES = (
    "The pages again, beside the same floor with Jinja as it comes, without what `templating` does."
)


def run(options: Options) -> list[Table]:
    """Check all answers, then time them."""
    seconds = SECONDS / 20 if options.quick else SECONDS
    rows: list[list[str | float | Spread]] = []
    pages: list[list[str | float | Spread]] = []
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, warnings.catch_warnings():
        # The files that frameworks leave for the garbage collector to close are not our business.
        warnings.simplefilter("ignore", ResourceWarning)
        applications = make_applications(Path(folder))
        works = make_works()
        notes = check_all(applications, works)
        by_jinja = applications.pop(FLOOR_BY_JINJA)
        for work in works:
            options.say(f"requests: {work.name}")
            calls = {name: repeat_last(app, work.steps) for name, app in applications.items()}
            if work.name in PAGES:
                calls[FLOOR_BY_JINJA] = repeat_last(by_jinja, work.steps)
            found = take_turns(calls, seconds)
            if work.name in PAGES:
                floor_by_jinja, ours = found.pop(FLOOR_BY_JINJA), found[SCRATCH]
                ratio_of_page = ours.median / floor_by_jinja.median
                pages.append([work.name, floor_by_jinja, ours, ratio_of_page])
            rows.append(_row(work, found))
    columns = [Column("request"), *(Column(name, timing) for name in applications)]
    columns += [Column("Flask ÷ scratch", ratio), Column("scratch ÷ floor", ratio)]
    columns_of_pages = [
        Column("request"),
        Column(FLOOR_BY_JINJA, timing),
        Column(SCRATCH, timing),
        Column("scratch ÷ floor by Jinja", ratio),
    ]
    return [
        Table("Requests: time of one, in process", columns, rows, (NOTE, *notes)),
        Table("Pages: beside Jinja as it comes", columns_of_pages, pages, (NOTE_ON_PAGES,)),
    ]


def make_applications(folder: Path) -> dict[str, Application]:
    """All that are compared, each with a store of its own. Raises CannotMeasure for a Falcon that is not compiled."""
    if not falcon_version.is_compiled():
        raise CannotMeasure("Falcon is installed without its compiled modules: take its wheel.")
    makers: dict[str, Callable[[Settings], Application]] = {
        FLOOR: floor.create_app,
        FLOOR_BY_JINJA: floor.create_app_by_jinja,
        SCRATCH: wsgi_from_scratch.create_app,
        FLASK: flask_version.create_app,
        BOTTLE: bottle_version.create_app,
        FALCON: falcon_version.create_app,
        PYRAMID: pyramid_version.create_app,
    }
    return {
        name: create_app(
            Settings(
                secret_key=SECRET_KEY,
                downloads_url=str(folder / name),
                max_content_length=LARGEST_BODY,
            )
        )
        for name, create_app in makers.items()
    }


def _row(work: Work, found: Mapping[str, Spread]) -> list[str | float | Spread]:
    ours = found[SCRATCH].median
    return [
        work.name,
        *found.values(),
        found[FLASK].median / ours,
        ours / found[FLOOR].median,
    ]
