#!/usr/bin/env python
"""Send every scenario through the Flask application and through ours, and compare the answers byte for byte.

The work is done in the package ``comparison``; here are only its arguments.
"""

import argparse
import difflib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comparison.scenarios import Scenario

# The rest is imported where it is used: the processes that read workbooks import this file as well, and then
# they would load both applications.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return the exit status: 0 identical, 1 different, 2 nothing to compare."""
    from comparison.scenarios import SCENARIOS

    options = _parser().parse_args(arguments)
    if options.name is not None and options.name not in SCENARIOS:
        print(_unknown(options.name, SCENARIOS), file=sys.stderr)
        return 2
    chosen = [SCENARIOS[options.name]] if options.name else list(SCENARIOS.values())
    return _compare(chosen, whole=bool(options.name), as_json=options.json)


def _compare(chosen: Sequence["Scenario"], *, whole: bool, as_json: bool) -> int:
    from rich.console import Console

    from comparison.study import make_pair, study
    from comparison.terminal import print_all, print_one, progress_of

    pair = make_pair()
    studies = [study(one, pair) for one in progress_of(chosen, Console(stderr=True))]
    console = Console(highlight=False)
    if as_json:
        json.dump([one.as_data() for one in studies], sys.stdout, indent=2)
        print()
    elif whole:
        print_one(studies[0], console)
    else:
        print_all(studies, console)
    return int(any(one.unlisted for one in studies))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="compare.py",
        description="Compare the Flask application with the one from scratch, request by request.",
        epilog="The exit status is 1 if any answer differs, 2 if the arguments are wrong.",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="show this one scenario whole")
    parser.add_argument("--json", action="store_true", help="print the studies as JSON")
    return parser


def _unknown(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, names, n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "“python compare.py” lists them all."
    return f"There is no scenario {name!r}: {hint}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output (head, less) has gone; Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
