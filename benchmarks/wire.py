"""Wire: requests per second that one worker of gunicorn answers, asked by wrk over the loopback interface.

Here the server takes the larger part, so the floor shows how much of it is left to any application. All applications
wait in their processes, and wrk asks one after the other, round after round. The best round is what the machine can
do when it does nothing else; the median is what it did. gthread has a fast and a slow pace, and chance decides.
"""

import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from .measure import Spread
from .options import CannotMeasure, NotInstalled, Options
from .servers import gunicorn
from .table import Column, Table, Value

APPLICATIONS = {
    "floor": "benchmarks.floor:create_app()",
    "from scratch": "wsgi_from_scratch:app",
    "Flask": "flask_version:app",
}

WORKERS = {"sync": (), "gthread": ("--worker-class=gthread", "--threads=4")}
"""sync answers one connection at a time and closes it; gthread keeps connections."""

TARGETS = ("/hello/Kumar", "/displaylist")
CONNECTIONS = 8

ROUNDS = 9
"""Many and short, so that the fast pace of gthread is among them."""

SECONDS = 1


def run(options: Options) -> list[Table]:
    """One table, or the sentence that there is no wrk."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise NotInstalled("wrk is not installed (on Debian: apt-get install wrk).")
    rows: list[list[Value]] = []
    for worker, arguments in WORKERS.items():
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, ExitStack() as stack:
            addresses = {
                name: stack.enter_context(gunicorn(target, Path(folder, name), *arguments))
                for name, target in APPLICATIONS.items()
            }
            for target in TARGETS[:1] if options.quick else TARGETS:
                options.say(f"wire: {worker} {target}")
                urls = {name: address + target for name, address in addresses.items()}
                rows += _rows(worker, target, _ask_in_turns(wrk, urls, options.quick))
    columns = [
        Column("worker"),
        Column("request"),
        Column("application"),
        *(Column(title, "{:,.0f}".format) for title in ("best / s", "median / s")),
        *(Column(title, "{:.0%}".format) for title in ("± of median", "best of floor's")),
    ]
    note = f"One worker, {CONNECTIONS} connections; rounds of {SECONDS} s."
    return [Table("Wire: requests per second through gunicorn", columns, rows, (note,))]


def _ask_in_turns(wrk: str, urls: Mapping[str, str], quick: bool) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in urls}
    for _ in range(1 if quick else ROUNDS):
        for name, url in urls.items():
            found[name].append(requests_per_second(wrk, url))
    return found


def requests_per_second(wrk: str, url: str) -> float:
    """Of one run of wrk. Raises CannotMeasure when an answer was no success or did not come."""
    command = [wrk, "--threads=1", f"--connections={CONNECTIONS}", f"--duration={SECONDS}s", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec: +([\d.]+)", text)
    if rate is None or "Non-2xx" in text:
        raise CannotMeasure(f"wrk was answered with errors by {url}:\n{text}")
    return float(rate[1])


def _rows(worker: str, target: str, found: Mapping[str, list[float]]) -> list[list[Value]]:
    best_of_floor = max(found["floor"])
    return [
        [
            worker,
            target,
            name,
            max(rates),
            statistics.median(rates),
            Spread.of(rates).noise,
            max(rates) / best_of_floor,
        ]
        for name, rates in found.items()
    ]
