"""``python -m tests.cluster``: two hosts, nginx and an S3 server on one machine; what must hold, and what may go wrong.

Prints a table and ends with status 1 if anything did not hold. The two ``--with-…`` options build a cluster wrongly, to
show that this is noticed.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .checks import CHECKS, in_process
from .faults import FAULTS, suffer
from .hosts import KEY, Cluster, Missing
from .measure import table

APPLICATIONS = ("flask_version", "wsgi_from_scratch")

UNDISTURBED = "--max-requests=0"
"""No worker is replaced in the middle: the clients here send in seconds what a worker serves before that, and while the
other host is away nginx would have nowhere to go with a request whose connection is closed on it."""


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.cluster", description=__doc__)
    parser.add_argument("--application", choices=APPLICATIONS, action="append")
    parser.add_argument("--without-faults", action="store_true", help="look, and break nothing")
    parser.add_argument("--measure", action="store_true", help="ask wrk how much they serve")
    parser.add_argument("--with-different-keys", action="store_true")
    parser.add_argument("--with-local-stores", action="store_true")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    keys = (KEY, "another key") if options.with_different_keys else (KEY, KEY)
    share = not options.with_local_stores
    held = True
    for application in options.application or APPLICATIONS:
        try:
            with tempfile.TemporaryDirectory(prefix="cluster-") as folder:
                if options.measure:
                    # A worker for each host.
                    cluster = Cluster(application, Path(folder), workers=1, arguments=UNDISTURBED)
                    with cluster:
                        print(*table(cluster, application), "", sep="\n", flush=True)
                    continue
                with Cluster(
                    application, Path(folder), keys, share=share, arguments=UNDISTURBED
                ) as cluster:
                    print(f"{application}: two hosts, nginx in front, one store", flush=True)
                    held &= look(cluster, application)
                    if not options.without_faults:
                        held &= break_things(cluster)
        except Missing as error:
            print(error, file=sys.stderr)
            return 2
    return 0 if held else 1


def look(cluster: Cluster, application: str) -> bool:
    bare = in_process(application)
    held = True
    for check in CHECKS:
        complaints = list(check(cluster, bare))
        for complaint in complaints:
            print(f"  {complaint}")
        print(f"  {check.__name__.replace('_', ' ')}: {'yes' if complaints else 'no'}", flush=True)
        held &= not complaints
    return held


def break_things(cluster: Cluster) -> bool:
    print(f"  {'fault':28}{'requests':>9}{'failed':>8}", flush=True)
    held = True
    for name in FAULTS:
        row = suffer(cluster, name)
        print(f"  {row.fault:28}{row.requests:>9}{len(row.failed):>8}", flush=True)
        for failure in sorted({*row.failed}):
            print(f"    {failure}")
        held &= not row.failed
    return held


if __name__ == "__main__":
    sys.exit(main())
