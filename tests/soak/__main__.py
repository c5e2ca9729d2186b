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

from rich.console import Console

from tests.servers.running import ROOT

from .server import serving
from .shown import as_data, screen_of
from .soak import Options, Report, soak

APPLICATIONS = ("flask_version", "wsgi_from_scratch")
CONFIGURATION = ROOT / "deploy" / "gunicorn.conf.py"


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
            Console(highlight=False).print(screen_of(reports[-1]))
        for sentence in reports[-1].wrong:
            print(f"{name}: {sentence}", file=sys.stderr)
    if given.json:
        print(json.dumps([as_data(report) for report in reports], indent=2))
    return 1 if any(report.wrong for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
