"""Start: what it costs that a worker is there, before it has answered anything.

Each program runs in a fresh interpreter, whose compiled modules lie in a folder that the first round has filled. Its
time is that of the whole process; its memory is what it says of itself at its end. RSS counts all pages that it uses,
PSS divides those that it shares with other processes. What the application from scratch imports besides Jinja is read
from its source, so that the third row is what nobody who uses these modules can do without.
"""

import ast
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from comparison.scenarios import SECRET_KEY
from tutorial.settings import ROOT

from .measure import Spread
from .options import CannotMeasure, Options
from .table import Column, Table, Value, mebibytes, timing

ROUNDS, QUICK_ROUNDS = 15, 3

OURS = ("wsgi_from_scratch", "tutorial")

SCRATCH = "from wsgi_from_scratch import app"
FLASK = "from flask_version import app"

LIST_SOURCES = f"""
{SCRATCH}
import json, sys
names = [name for name in sys.modules if name.partition(".")[0] in {OURS}]
print(json.dumps([sys.modules[name].__file__ for name in names]))
"""

TELL_MEMORY = """
try:
    with open("/proc/self/smaps_rollup") as _file:
        print(_file.read())
except OSError:
    pass
"""


def run(options: Options) -> list[Table]:
    """Time and memory of each program."""
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    samples: dict[str, list[float]] = {}
    memory: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        chosen = programs(Path(folder))
        for number in range(rounds + 1):
            options.say(f"start: round {number} of {rounds}")
            for name, code in chosen.items():
                seconds, memory[name] = _time(code, Path(folder))
                if number:  # the first one compiles, and reads from disk
                    samples.setdefault(name, []).append(seconds)
    times = {name: Spread.of(seconds) for name, seconds in samples.items()}
    return [_table(times, memory)]


def programs(folder: Path) -> dict[str, str]:
    """What is started, by name: both applications, and before them what they are built on."""
    sources = json.loads(_run(LIST_SOURCES, folder))
    names = sorted({name for path in sources for name in imported(Path(path))})
    foreign = [name for name in names if _package(name) not in OURS]
    return {
        "python -c pass": "pass",
        "import jinja2": "import jinja2",
        "… and what else is imported": f"import {', '.join(foreign)}",
        "import flask": "import flask",
        "wsgi_from_scratch.app": SCRATCH,
        "flask_version.app": FLASK,
    }


def imported(source: Path) -> Iterator[str]:
    """Modules that a module loads with it by their full names, whichever package they are of."""
    for node in ast.parse(source.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _package(module: str) -> str:
    return module.partition(".")[0]


def _time(code: str, folder: Path) -> tuple[float, dict[str, int]]:
    started = time.perf_counter()
    output = _run(code + TELL_MEMORY, folder)
    seconds = time.perf_counter() - started
    words = [line.split() for line in output.splitlines()]
    return seconds, {line[0]: int(line[1]) * 1024 for line in words if line[-1:] == ["kB"]}


def _run(code: str, folder: Path) -> str:
    environ = {
        **os.environ,
        "SECRET_KEY": SECRET_KEY,
        "DOWNLOADS_URL": str(folder / "downloads"),
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        "PYTHONDONTWRITEBYTECODE": "",  # which containers like to set: then all is compiled at each start
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotMeasure(f"A program did not start: {done.stderr}")
    return done.stdout


def _table(times: dict[str, Spread], memory: dict[str, dict[str, int]]) -> Table:
    bare = next(iter(times))
    columns = [
        Column("program"),
        Column("time", timing),
        Column("over bare Python", _milliseconds),
        *(Column(title, mebibytes) for title in ("PSS", "over bare Python", "RSS")),
    ]
    rows: list[list[Value]] = []
    for name, spread in times.items():
        pss, least, rss = (
            memory[program].get(kind)
            for program, kind in ((name, "Pss:"), (bare, "Pss:"), (name, "Rss:"))
        )
        more = None if pss is None or least is None else pss - least
        rows.append([name, spread, spread.median - times[bare].median, pss, more, rss])
    return Table("Start: time and memory of a process with the application made", columns, rows)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:,.0f} ms"
