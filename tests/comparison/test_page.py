"""The report is one file that fetches nothing, hides nothing, and takes nothing that was sent for markup."""

import base64
import gc
import hashlib
import re
import warnings
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from comparison import page
from comparison.concepts import NO_STAGE, STAGES
from comparison.exchange import Application
from comparison.pair import Pair
from comparison.scenarios import SECRET_KEY, Scenario
from comparison.steps import get, post
from comparison.study import Study, study

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 2_000_000
"""Bytes: what a teacher can put into a mail."""

VOID = {"link", "meta"}
SVG_VOID = {"rect"}
WCAG_AA = 4.5


class Document(HTMLParser):
    """A page as the list of its elements; refuses one that opens and closes them out of order."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SVG_VOID
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] == "li" and tag != "li":
            self.open.pop()  # its end may be left out
        assert self.open.pop() == tag, f"{self.getpos()}: </{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def ids(self) -> Counter[str]:
        return Counter(attributes["id"] for _, attributes in self.elements if "id" in attributes)


@pytest.fixture(scope="module")
def report(studies: list[Study]) -> str:
    with warnings.catch_warnings():
        # Werkzeug 3.1 leaves the files of an upload that was cut off to the garbage collector.
        warnings.filterwarnings("ignore", "Unclosed file", ResourceWarning)
        made = page.render(studies)
        gc.collect()
    return made


@pytest.fixture(scope="module")
def document(report: str) -> Document:
    return Document(report)


def application(body: bytes, *headers: tuple[str, str], status: str = "200 OK") -> Application:
    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, list(headers))
        return [body]

    return answer


def compare(flask: Application, scratch: Application, *steps: Any) -> Study:
    scenario = Scenario("made-up", "A lesson.", steps or (get("/a"),))
    return study(scenario, Pair(flask, scratch, flask, scratch))


def test_the_report_of_all_scenarios_can_be_mailed(report: str) -> None:
    assert len(report.encode()) < LARGEST


def test_every_scenario_and_its_lesson_are_on_the_page(
    document: Document, studies: list[Study]
) -> None:
    found = [box["id"] for box in document.all("details") if box.get("class") == "scenario"]
    assert found == [study.scenario.name for study in studies]
    assert {study.scenario.lesson for study in studies} <= set(document.texts)


def test_every_link_leads_somewhere_on_the_page(document: Document) -> None:
    targets = {link["href"] for link in document.all("a")}
    assert targets - {f"#{name}" for name in document.ids} == set()
    assert {target[0] for target in targets} == {"#"}


def test_an_id_stands_once(document: Document) -> None:
    assert [name for name, times in document.ids.items() if times > 1] == []


def test_nothing_is_fetched(document: Document) -> None:
    addresses = [
        value
        for _, attributes in document.elements
        for name, value in attributes.items()
        if name in ("src", "srcset", "href", "action", "data", "poster")
    ]
    assert [one for one in addresses if not one.startswith(("#", "data:"))] == []


def test_the_style_sheet_asks_for_nothing(report: str) -> None:
    style = report.partition("<style>")[2].partition("</style>")[0]
    assert "@import" not in style
    assert [url for url in re.findall(r"url\(\s*(.{6})", style) if url != '"data:'] == []


def test_the_policy_allows_this_style_and_this_script_alone(report: str) -> None:
    policy = Document(report).all("meta")[1]["content"]
    for tag in ("style", "script"):
        text = report.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert report.count(f"<{tag}>") == 1
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_no_element_carries_style_or_script_of_its_own(document: Document) -> None:
    names = {name for _, attributes in document.elements for name in attributes}
    assert [name for name in names if name == "style" or name.startswith("on")] == []


def test_what_a_reader_can_open_needs_no_script(document: Document) -> None:
    assert {button["hidden"] for button in document.all("button")} == {""}


def test_neither_the_key_nor_a_machine_is_named(report: str) -> None:
    assert SECRET_KEY not in report
    assert str(ROOT) not in report
    assert "site-packages" not in report


HOSTILE = b"</pre></span><script>alert(1)</script><img src=x onerror=alert(1)>\xe2\x80\xae\x00"


@pytest.mark.parametrize("other", [HOSTILE, b"something else"])
def test_markup_that_was_answered_is_text(other: bytes) -> None:
    field = ("X-Field", "<script>alert(2)</script>")
    made = compare(application(HOSTILE[:-4], field), application(other[:-4], field))
    document = Document(page.render([made]))
    assert len(document.all("script")) == 1
    assert document.all("img") == []
    assert any("<script>alert(2)</script>" in text for text in document.texts)


def test_markup_that_was_sent_is_text() -> None:
    steps = (post("/%3Cscript%3E?<script>", "text/html", HOSTILE[:-1]),)
    document = Document(page.render([compare(application(b""), application(b""), *steps)]))
    assert len(document.all("script")) == 1
    assert document.all("img") == []


def test_nothing_invisible_reaches_the_page() -> None:
    made = compare(application(b"a\xe2\x80\xaeb"), application(b"a\xe2\x80\xaeb"))
    report = page.render([made])
    assert "\u202e" not in report
    assert "a\ufffdb" in report


def test_the_pieces_that_differ_are_marked() -> None:
    made = compare(application(b"one word"), application(b"one other word"))
    report = page.render([made])
    assert "The answers differ" in report
    assert "<mark>other </mark>" in report or "<mark> other</mark>" in report


def test_a_body_of_ten_million_bytes_takes_a_few_lines() -> None:
    made = compare(application(b"line\n" * 2_000_000), application(b"line\n" * 2_000_000))
    assert len(page.render([made])) < 100_000


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of ``#rrggbb``."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def colours(scheme: str) -> dict[str, str]:
    """The custom properties of both style sheets that are colours, in the light or the dark scheme."""
    found: dict[str, str] = {}
    for sheet in ("static/css/hello.css", "comparison/static/xray.css"):
        light, dark, *_ = (ROOT / sheet).read_text("utf-8").split("(prefers-color-scheme: dark)")
        for part in (light, dark) if scheme == "dark" else (light,):
            found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part))
    return found


STAGE_COLOURS = [stage.css.removeprefix("--") for stage in (*STAGES, NO_STAGE)]
TEXT_ON_BACKGROUND = [
    *((stage, ground) for stage in STAGE_COLOURS for ground in ("paper", "surface", "code")),
    *(("on-stage", stage) for stage in STAGE_COLOURS),
    *((text, "ran") for text in ("ink", "muted")),
    ("ink", "odd"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "background"), TEXT_ON_BACKGROUND)
def test_the_colour_of_a_stage_can_be_read(scheme: str, text: str, background: str) -> None:
    found = colours(scheme)
    darker, lighter = sorted(luminance(found[name]) for name in (text, background))
    assert (lighter + 0.05) / (darker + 0.05) >= WCAG_AA


def test_no_two_stages_have_one_colour() -> None:
    for scheme in ("light", "dark"):
        found = colours(scheme)
        assert len({found[name] for name in STAGE_COLOURS}) == len(STAGES) + 1
