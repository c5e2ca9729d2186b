"""``python -m benchmarks``: run all benchmarks, or those that are named, and print what they have found."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .table import Table

NAMES = ("requests", "wire", "multipart", "workbooks", "start", "growth", "fast_paths")

README = Path(__file__).parents[1] / "README.md"

# The rest is imported where it is used: the processes that read workbooks import this file as well.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return the exit status: 0 measured, 1 something could not be, 2 wrong arguments."""
    from .machine import describe

    parser = _parser()
    options = parser.parse_args(arguments)
    names = options.names or NAMES
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}, but there are {', '.join(NAMES)}")
    machine = describe()
    found, complete = _run_all(names, machine, quick=options.quick)
    if options.json:
        _write_json(options.json, found, machine, quick=options.quick)
    if options.readme:
        complete &= _write_readme(found, machine)
    return 0 if complete else 1


def _run_all(
    names: Iterable[str], machine: Mapping[str, Any], *, quick: bool
) -> tuple[dict[str, "list[Table]"], bool]:
    """The tables of each benchmark, printed as they come, and whether nothing went wrong."""
    from rich.console import Console

    from .machine import sentence
    from .options import CannotMeasure, NotInstalled, Options
    from .table import NARROWEST

    console = Console(highlight=False, width=None if sys.stdout.isatty() else NARROWEST)
    console.print(f"{sentence(machine)}\n", markup=False)
    found: dict[str, list[Table]] = {}
    complete = True
    for name in names:
        try:
            found[name] = import_module(f".{name}", __package__).run(Options(quick, _say))
        except NotInstalled as error:
            _complain(name, str(error))
        except CannotMeasure as error:
            _complain(name, str(error))
            complete = False
        except ModuleNotFoundError as error:
            _complain(name, f"{error.name} is not installed; “make bench” installs all that is.")
            complete = False
        else:
            _say("")
            for table in found[name]:
                table.print(console)
    return found, complete


def _write_json(
    path: Path, found: Mapping[str, "list[Table]"], machine: Mapping[str, Any], *, quick: bool
) -> None:
    tables = {name: [table.as_data() for table in made] for name, made in found.items()}
    data = {"machine": machine, "quick": quick, "tables": tables}
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _write_readme(found: Mapping[str, "list[Table]"], machine: Mapping[str, Any]) -> bool:
    from .readme import insert

    text = README.read_text("utf-8")
    try:
        for name, tables in found.items():
            text = insert(text, name, tables, machine)
    except LookupError as error:
        print(error, file=sys.stderr)
        return False
    README.write_text(text, "utf-8")
    return True


def _say(text: str) -> None:
    """Show on a terminal what is being measured. Nothing moves there meanwhile, for that would cost time."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _complain(name: str, sentence: str) -> None:
    _say("")
    print(f"{name}: {sentence}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure both applications, beside other frameworks and the least that is possible.",
    )
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help=f"one of {', '.join(NAMES)} (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="rough figures in half a minute")
    parser.add_argument(
        "--json", metavar="FILE", type=Path, help="write the figures to this file, too"
    )
    parser.add_argument(
        "--readme", action="store_true", help="write the tables into the README, where marked"
    )
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
