"""Picture: what the README shows of all this, made by ``make picture`` from a real run.

One request is played: a form with a name and a password, which leaves a flash message in the session and is answered
by a page that shows it. The picture is the terminal's view of it, the ledger its figures as a table.
"""

import io
import os
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from .ledger import Ledger
from .pair import make_pair
from .scenarios import SCENARIOS
from .study import Study, study
from .terminal import print_one

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs/compare.svg"
README = ROOT / "README.md"

COLUMNS = 100

SHOWN = ("Request", "The view", "Python calls", "Time", "Verdict")
"""How the headings of what is in the picture begin; the answer would be most of it."""

_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_HEADINGS = re.compile(r"^(?=\x1b\[1;4m)", re.MULTILINE)
_BETWEEN = re.compile(r"(?<=<!-- ledger -->\n).*?(?=<!-- end of ledger -->)", re.DOTALL)


def played() -> Study:
    """The study of that one request."""
    scenario = SCENARIOS["flash-now"]
    return study(replace(scenario, steps=scenario.steps[:1]), make_pair())


def picture(made: Study) -> str:
    """What the terminal shows, as SVG, without the long parts. Fonts are the reader's own: nothing is fetched."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = _console(nowhere, record=True)
        for section in _sections(made):
            console.print(Text.from_ansi(section))
    # With a name of its own, or else Rich makes one of the content, and each line changes with it.
    drawn = console.export_svg(title="python compare.py flash-now", unique_id="compare")
    return _FONTS.sub("", drawn).replace("Fira Code", "ui-monospace, Menlo, Consolas")


def _sections(made: Study) -> Iterator[str]:
    """The sections of the terminal's view that are in the picture."""
    with io.StringIO() as written:
        print_one(made, _console(written))
        text = written.getvalue()
    title, *sections = _HEADINGS.split(text)
    yield title.rstrip() + "\n"
    for section in sections:
        if Text.from_ansi(section).plain.startswith(SHOWN):
            yield section.rstrip() + "\n"


def _console(file: TextIO, *, record: bool = False) -> Console:
    return Console(
        file=file,
        record=record,
        width=COLUMNS,
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        legacy_windows=False,
    )


def versions() -> str:
    """What the figures depend on."""
    libraries = (f"{name} {version(name)}" for name in ("Flask", "Werkzeug", "Jinja2"))
    return ", ".join((f"Python {'.'.join(platform.python_version_tuple()[:2])}", *libraries))


def ledger_text(made: Study) -> str:
    """The ledger in Markdown."""
    return "\n".join(_ledger_lines(made.flask.ledger, made.scratch.ledger)) + "\n"


def _ledger_lines(flask: Ledger, scratch: Ledger) -> Iterator[str]:
    yield "| | Flask: calls | functions | modules | lines | from scratch: calls | functions | modules | lines |"
    yield "|---|" + "--:|" * 8
    for left, right in zip(flask.stages, scratch.stages, strict=True):
        if left.calls or right.calls:
            figures = (
                f"{entry.calls:,} | {len(entry.functions)} | {len(entry.modules)} | {entry.lines:,}"
                for entry in (left, right)
            )
            yield f"| {left.stage.name} | {' | '.join(figures)} |"
    figures = (
        f"{one.calls:,} | {len(one.functions)} | {len(one.modules)} | {one.lines:,}"
        for one in (flask, scratch)
    )
    yield f"| **all** | {' | '.join(figures)} |"
    yield ""
    yield f"Counted with {versions()}."


def in_readme(text: str) -> str:
    """What stands between the marks. Raises ValueError when there are none."""
    found = _BETWEEN.search(text)
    if found is None:
        raise ValueError("README.md has no marks between which the ledger could stand.")
    return found[0]


def main() -> int:
    """Write the picture, and the ledger into the README."""
    made = played()
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(made), "utf-8")
    text = README.read_text("utf-8")
    in_readme(text)
    README.write_text(_BETWEEN.sub(lambda _: ledger_text(made), text, count=1), "utf-8")
    print(f"{PICTURE.relative_to(ROOT)} and the ledger in {README.name} are written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
