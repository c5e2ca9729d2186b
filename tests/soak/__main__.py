"""``python -m tests.soak``: gunicorn under many visitors, some of them hostile, while its workers are killed.

Says what was sent and how long it took, and what was wrong; the exit status is 1 when anything was, and 2 without
gunicorn.
"""

import argparse
import importlib.util
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.servers.running import ROOT

from .server import serving
from .soak import Options, Report, soak

APPLICATIONS = ("flask_version", "wsgi_from_scratch")
CONFIGURATION = ROOT / "deploy" / "gunicorn.conf.py"


def quantile(seconds: list[float], share: float) -> float:
    """Milliseconds that the given share of requests have not exceeded."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table_of(report: Report) -> Table:
    table = Table(title=f"{report.application}, {report.seconds:.0f} s", caption=caption_of(report))
    table.add_column("kind")
    for column in ("requests", "p50 ms", "p90 ms", "p99 ms", "max ms", "lost by a kill"):
        table.add_column(column, justify="right")
    for kind, seconds in sorted(report.tally.seconds.items()):
        times = [f"{quantile(seconds, share):.1f}" for share in (0.5, 0.9, 0.99, 1)]
        table.add_row(kind, f"{len(seconds):,}", *times, str(report.tally.broken[kind] or ""))
    return table


def caption_of(report: Report) -> str:
    tally = report.tally
    sizes = "; ".join(
        f"{name} {size.resident:,} kB, its own share {size.share:,}, {size.files} files"
        for name, size in report.sizes
    )
    return (
        f"{report.kills} workers killed, {sum(tally.broken.values())} connections lost with them, {tally.repeated}"
        f" requests sent again, {tally.abandoned} visits given up. {report.kept} files kept, all downloaded."
        f" {tally.resets} connections closed because a body was not read. Worker: {sizes}."
    )


def as_data(report: Report) -> dict[str, Any]:
    tally = report.tally
    return {
        "application": report.application,
        "seconds": round(report.seconds, 1),
        "kinds": {
            kind: {
                "requests": len(seconds),
                **{
                    f"p{round(share * 100)}_ms": round(quantile(seconds, share), 2)
                    for share in (0.5, 0.9, 0.99)
                },
                "max_ms": round(quantile(seconds, 1), 2),
                "lost_by_a_kill": tally.broken[kind],
            }
            for kind, seconds in sorted(tally.seconds.items())
        },
        "statuses": {str(status): count for status, count in sorted(tally.statuses.items())},
        "kills": report.kills,
        "connections_lost": sum(tally.broken.values()),
        "sent_again": tally.repeated,
        "visits_given_up": tally.abandoned,
        "connections_closed_for_an_unread_body": tally.resets,
        "files_kept": report.kept,
        "orphans": report.orphans,
        "worker": {
            name: {"resident_kb": size.resident, "share_kb": size.share, "files": size.files}
            for name, size in report.sizes
        },
        "wrong": report.wrong,
    }


def soaked(name: str, configuration: Sequence[str], options: Options) -> Report:
    """Start a server, soak it, and stop it. Raises AssertionError when it does not start."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(name, Path(folder) / "server", configuration) as server,
    ):
        return soak(name, server, options)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument(
        "--seconds", type=float, default=60, help="for each application (default 60)"
    )
    parser.add_argument("--application", choices=[*APPLICATIONS, "both"], default="both")
    parser.add_argument("--threads", type=int, default=4, help="visitors at a time (default 4)")
    parser.add_argument("--kill-every", type=float, default=4, metavar="SECONDS", help="default 4")
    parser.add_argument("--seed", type=int, default=0, help="of what is sent when (default 0)")
    parser.add_argument("--config", type=Path, default=CONFIGURATION if CONFIGURATION.exists() else None,
                        help="of gunicorn (default: deploy/gunicorn.conf.py, if it is there)")  # fmt: skip
    parser.add_argument("--resets-are-wrong", action="store_true",
                        help="the server is to read what is left of a body that was refused")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    given = parser.parse_args()
    if importlib.util.find_spec("gunicorn") is None:
        print("A soak needs gunicorn: pip install 'gunicorn>=25.1'", file=sys.stderr)
        return 2
    options = Options(
        given.seconds, given.threads, given.kill_every, given.seed, not given.resets_are_wrong
    )
    configuration = ["--config", str(given.config)] if given.config else []
    reports = []
    for name in APPLICATIONS if given.application == "both" else (given.application,):
        try:
            reports.append(soaked(name, configuration, options))
        except AssertionError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        if not given.json:
            Console().print(table_of(reports[-1]))
        for sentence in reports[-1].wrong:
            print(f"{name}: {sentence}", file=sys.stderr)
    if given.json:
        print(json.dumps([as_data(report) for report in reports], indent=2))
    return 1 if any(report.wrong for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
