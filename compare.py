#!/usr/bin/env python
"""Send requests through the Flask application and through ours, compare the answers, and show what happened between.

The work is done in the package ``comparison``; here are only its arguments.
"""

import argparse
import contextlib
import difflib
import io
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comparison.scenarios import Scenario
    from comparison.study import Study

# The rest is imported where it is used: the processes that read workbooks import this file as well, and then
# they would load both applications.

_EPILOG = """\
examples:
  python compare.py                          every scenario, one line each
  python compare.py session                  one of them, whole
  python compare.py --html report.html       all of them in one file
  python compare.py serve                    the explorer, a page on this machine
  python compare.py --requests my.http       requests of your own, through both
  python compare.py --app shop:app GET /     what Flask did for your application

The exit status is 1 if any answer differs, or if your application raises or breaks the rules
of WSGI, and 2 if there is nothing to show.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return the exit status: 0 all well, 1 a difference or a failure, 2 nothing to show."""
    from comparison.foreign import ForeignError

    if isinstance(sys.stdout, io.TextIOWrapper):
        # Where the terminal lacks a character, a question mark instead of a traceback.
        sys.stdout.reconfigure(errors="replace")
    parser = _parser()
    options = parser.parse_args(arguments)
    mistake = _mistake(options)
    if mistake:
        parser.error(mistake)
    try:
        if options.app is not None:
            return _look_at(options)
        if options.words == ["serve"]:
            from comparison.explorer import PORT, serve

            return serve(PORT if options.port is None else options.port)
        return _compare(_chosen(options), options)
    except ForeignError as error:
        print(error, file=sys.stderr)
        return 2


def _mistake(options: argparse.Namespace) -> str:
    """What does not go together, in a sentence; empty when all does."""
    words, mine = options.words, options.header or options.data is not None
    if options.app is None:
        if len(words) > 1:
            return "one NAME at most; METHOD and PATH need --app."
        if words and options.requests:
            return "either a NAME or --requests."
        if mine:
            return "--header and --data need --app."
    elif bool(words) == bool(options.requests) or len(words) not in (0, 2):
        return "--app needs either METHOD and PATH or --requests FILE."
    elif options.requests and mine:
        return "--header and --data go with METHOD and PATH; a file of requests has its own."
    elif options.html:
        return "--html shows both applications, and --app has one."
    if options.port is not None and words != ["serve"]:
        return "--port goes with serve."
    if words == ["serve"] and (options.json or options.html):
        return "serve takes only --port."
    if options.json and options.html:
        return "either --json or --html."
    return ""


def _chosen(options: argparse.Namespace) -> list["Scenario"]:
    """The scenarios that were asked for. Raises ForeignError when there are none."""
    from comparison.foreign import ForeignError, read_requests
    from comparison.scenarios import SCENARIOS, Scenario

    if options.requests:
        steps = read_requests(options.requests)
        return [Scenario(options.requests.name, "Requests of your own.", steps, lab=True)]
    if not options.words:
        return list(SCENARIOS.values())
    (name,) = options.words
    if name not in SCENARIOS:
        raise ForeignError(_unknown(name, SCENARIOS))
    return [SCENARIOS[name]]


def _compare(chosen: Sequence["Scenario"], options: argparse.Namespace) -> int:
    from rich.console import Console

    from comparison.pair import make_pair
    from comparison.study import study
    from comparison.terminal import print_all, print_one, progress_of

    pair = make_pair()
    whole = bool(options.words or options.requests or options.html)
    studies = []
    for one in progress_of(chosen, Console(stderr=True)):
        studies.append(study(one, pair))
        if whole:
            studies[-1].look_closely()
    console = Console(highlight=False)
    if options.html:
        _write_html(studies, options.html)
    elif options.json:
        _print_json([one.as_data() if whole else one.summary() for one in studies])
    elif whole:
        print_one(studies[0], console)
    else:
        print_all(studies, console)
    return int(any(one.unlisted for one in studies))


def _write_html(studies: Sequence["Study"], path: Path) -> None:
    """Raises ForeignError when the file cannot be written."""
    from comparison.foreign import ForeignError
    from comparison.page import write

    try:
        write(studies, path)
    except OSError as error:
        raise ForeignError(f"{path} cannot be written: {error.strerror}.") from error
    shown = "1 scenario" if len(studies) == 1 else f"{len(studies)} scenarios"
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {shown}.")


def _print_json(data: object) -> None:
    json.dump(data, sys.stdout, indent=2)
    print()


def _look_at(options: argparse.Namespace) -> int:
    """Show one application of the reader's own. Raises ForeignError."""
    from rich.console import Console

    from comparison.foreign import load, read_requests, request_step, solo_study
    from comparison.terminal import print_solo

    if options.requests:
        steps = read_requests(options.requests)
    else:
        method, path = options.words
        steps = (request_step(method, path, options.header, _body(options.data)),)
    # What the application prints is no part of what is found, and must not stand in its JSON.
    with contextlib.redirect_stdout(sys.stderr):
        seen = solo_study(options.app, load(options.app), steps)
    if options.json:
        _print_json(seen.as_data())
    else:
        print_solo(seen, Console(highlight=False))
    return int(any(answer.failure or answer.faults for answer in seen.side.exchanges))


def _body(data: str | None) -> bytes | None:
    """What ``--data`` says, or the file that it names. Raises ForeignError."""
    from comparison.foreign import ForeignError

    if data is None or not data.startswith("@"):
        return None if data is None else data.encode("utf-8", "surrogateescape")
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise ForeignError(f"{data[1:]} cannot be read: {error.strerror}.") from error


def _parser() -> argparse.ArgumentParser:
    from tutorial.server import port_number

    parser = argparse.ArgumentParser(
        prog="compare.py",
        usage="compare.py [NAME | serve] [options]\n       compare.py --app MODULE:CALLABLE METHOD PATH [options]",
        description="See what Flask does between the request and the view.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "words",
        metavar="NAME",
        nargs="*",
        help="show this one scenario whole; “serve”: open the explorer; with --app: METHOD and PATH",
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write one self-contained page")
    parser.add_argument("--port", type=port_number, help="where serve listens, on loopback")
    parser.add_argument(
        "--requests", metavar="FILE", type=Path, help="raw requests, separated by lines of ###"
    )
    parser.add_argument("--app", metavar="MODULE:CALLABLE", help="any WSGI application of your own")
    request = parser.add_argument_group("with --app, for a request of your own")
    request.add_argument(
        "-H",
        "--header",
        metavar="LINE",
        action="append",
        default=[],
        help="a header field, as “Name: value”; may be repeated",
    )
    request.add_argument("-d", "--data", metavar="BODY", help="the body, or @FILE that holds it")
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
    except ModuleNotFoundError as error:
        if Path(sys.prefix) == Path(__file__).resolve().parent / ".venv":
            raise
        sys.exit(
            f"{error.name} is not installed here: run .venv/bin/python compare.py, or make compare."
        )
    except BrokenPipeError:
        # Whoever read our output (head, less) has gone; Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
