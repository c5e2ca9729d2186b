"""``python -m tests.fuzz``: look for inputs to which this project and its models, the libraries, answer otherwise.

Each target runs in a process of its own, under atheris. What is found is printed as one line of Python for each
finding, made as short as it can be: target, question, input, our answer, theirs. The exit status is 1 when anything
was found and 2 when nothing could be started.
"""

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .engine import SECONDS_FOR_ONE
from .targets import TARGETS

_RUNS = re.compile(rb"number_of_executed_units: +(\d+)")
_COVERED = re.compile(rb"cov: (\d+)")


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one target."""

    name: str
    inputs: int
    branches: int
    findings: int
    failure: str


def run(name: str, seconds: int, folder: Path) -> Run:
    """Fuzz one target, print what it finds, and say how much it has tried."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    command = [sys.executable, "-m", "tests.fuzz.engine", name, str(seconds), str(folder)]
    findings = 0
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("("):
                    findings += 1
                    print(line, end="", flush=True)
    said = log.read_bytes()
    failure = "" if process.returncode == 0 else _failure(folder, process.returncode, said)
    runs, covered = _RUNS.search(said), _COVERED.findall(said)
    return Run(
        name, int(runs[1]) if runs else 0, int(covered[-1]) if covered else 0, findings, failure
    )


def _failure(folder: Path, status: int, said: bytes) -> str:
    """Why the process has ended early, with the input where there is one."""
    for kind in ("timeout", "oom", "crash"):
        for file in sorted(folder.glob(f"{kind}-*")):
            return f"{kind}: {file.read_bytes()!r}"
    lines = said.decode(errors="replace").splitlines()
    return f"ended with status {status}: {lines[-1] if lines else 'without a word'}"


def table_of(runs: list[Run], seconds: int) -> Table:
    table = Table(title=f"{seconds} s for each target; an input may take {SECONDS_FOR_ONE} s")
    table.add_column("target")
    for column in ("inputs", "branches", "findings"):
        table.add_column(column, justify="right")
    for done in runs:
        table.add_row(done.name, f"{done.inputs:,}", f"{done.branches:,}", str(done.findings))
    return table


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    parser.add_argument("--target", nargs="+", choices=sorted(TARGETS), metavar="NAME",
                        help=f"one or several of {', '.join(TARGETS)} (default: all)")  # fmt: skip
    parser.add_argument("--keep", type=Path, metavar="FOLDER",
                        help="where inputs are kept, to go on from there the next time")  # fmt: skip
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("Fuzzing needs atheris: pip install 'atheris>=3'", file=sys.stderr)
        return 2
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        runs = [run(name, options.seconds, folder / name) for name in options.target or TARGETS]
    Console(stderr=True).print(table_of(runs, options.seconds))
    for done in runs:
        if done.failure:
            print(f"{done.name}: {done.failure}", file=sys.stderr)
    return 1 if any(done.findings or done.failure for done in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
