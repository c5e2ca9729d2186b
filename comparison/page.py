"""Page: studies as one HTML file that needs nothing else: no network, no second file, and no script to be read.

Whatever was sent or answered stands on the page as text, and all of it may be hostile. So every template escapes, and
the file carries a policy of its own, by which a browser applies the one style sheet and runs the one script whose
hashes it names. The style sheet is that of the tutorial's own pages, and what a study adds to it.

Spec: CSP Level 3 §2.3.1 (hashes), §3.3 (the meta element)
"""

import base64
import hashlib
import html
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .ledger import merged
from .pair import NORMALISED
from .scenarios import GROUPS
from .shown import Catalogue, ShownStudy, ledgers, show
from .study import Study
from .terminal import closing_sentence
from .wire import body_lines

_FOLDER = Path(__file__).parent
_STATIC = _FOLDER.parent / "static"

FRAME = 20
"""Answers in which a line stands that belongs to the frame of the pages, and is left out."""

OPEN = "flash-next"
"""The scenario that stands open at first: a redirect, a session and a flash message."""


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A lesson of the tutorial."""

    title: str
    studies: tuple[ShownStudy, ...]


def write(studies: Sequence[Study], path: Path) -> None:
    """Write the report. Raises OSError."""
    path.write_text(render(studies), "utf-8")


def render(studies: Sequence[Study]) -> str:
    """The report as HTML."""
    catalogue = Catalogue()
    frame = _frame(studies)
    by_name = {study.scenario.name: show(study, catalogue, frame) for study in studies}
    groups = [
        ShownGroup(
            group.title,
            tuple(by_name[one.name] for one in group.scenarios if one.name in by_name),
        )
        for group in GROUPS
    ]
    of_tutorial = {study.name for group in groups for study in group.studies}
    others = tuple(study for name, study in by_name.items() if name not in of_tutorial)
    groups.append(ShownGroup("Other requests", others))
    style = _style()
    script = Markup((_FOLDER / "static/page.js").read_text("utf-8"))
    return (
        environment()
        .get_template("page.html")
        .render(
            style=style,
            style_hash=_hash(style),
            script=script,
            script_hash=_hash(script),
            icon=_icon(),
            groups=[group for group in groups if group.studies],
            opened=OPEN if OPEN in by_name else next(iter(by_name), ""),
            total=ledgers(
                merged(study.flask.ledger for study in studies),
                merged(study.scratch.ledger for study in studies),
            ),
            normalised=NORMALISED,
            closing=closing_sentence(studies),
            sources=catalogue.sources(),
            versions=", ".join(
                f"{name} {version(name)}" for name in ("Flask", "Werkzeug", "Jinja2")
            ),
        )
    )


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates of the report and of the explorer: everything is escaped, and what is missing is an error."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True, undefined=StrictUndefined
    )
    made.filters["share"] = share
    made.filters["text"] = text
    return made


def text(value: str) -> Markup:
    """Text between two tags, where quotes need not be escaped: source code is full of them. No attribute may use it.

    >>> text('<a href="#">')
    Markup('&lt;a href="#"&gt;')
    """
    return Markup(html.escape(value, quote=False))


def share(part: float, whole: float) -> str:
    """A part in percent, for the width of a bar; what is not nothing can be seen.

    >>> share(0, 10), share(1, 3), share(1, 10_000)
    ('0', '33.3%', '0.3%')
    """
    return f"{max(part / whole * 100, 0.3):.3g}%" if part else "0"


def _frame(studies: Sequence[Study]) -> Collection[str]:
    """Lines that stand in many answers."""
    counted = Counter(
        line
        for study in studies
        for answer in study.flask.exchanges
        for line in set(body_lines(answer.body[:100_000]))
    )
    return {line for line, number in counted.items() if number >= FRAME}


def _style() -> Markup:
    """Both style sheets in one; the one picture that they ask for stands in them."""
    sheets = [_STATIC / "css/hello.css", _FOLDER / "static/xray.css", _FOLDER / "static/page.css"]
    text = "".join(sheet.read_text("utf-8") for sheet in sheets)
    return Markup(text.replace("../favicon.svg", _icon()))


def _icon() -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode((_STATIC / 'favicon.svg').read_bytes()).decode()}"


def _hash(text: str) -> str:
    """A file's name in a policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
