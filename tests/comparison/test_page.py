"""The report is one file that fetches nothing, hides nothing, and takes nothing that was sent for markup."""

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comparison import page
from comparison.concepts import NO_STAGE, STAGES
from comparison.exchange import Application
from comparison.pair import Pair
from comparison.scenarios import SECRET_KEY, Scenario
from comparison.steps import get, post
from comparison.study import Study, Trial, study
from tests.comparison.conftest import files_left_open
from tests.pages import WCAG_AA, Document, colours, contrast

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 2_000_000
"""Bytes: what a teacher can put into a mail."""

STYLE_SHEETS = [
    (ROOT / name).read_text("utf-8")
    for name in ("static/css/hello.css", "comparison/static/xray.css")
]


class Report(Document):
    """The page, which leaves out the end of an item."""

    without_end = frozenset({"li"})


@pytest.fixture(scope="module")
def report(studies: list[Study]) -> str:
    with files_left_open():
        return page.render(studies)


@pytest.fixture(scope="module")
def document(report: str) -> Report:
    return Report(report)


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
    document: Report, studies: list[Study]
) -> None:
    found = [box["id"] for box in document.all("details") if box.get("class") == "scenario"]
    assert found == [study.scenario.name for study in studies]
    assert {study.scenario.lesson for study in studies} <= set(document.texts)


def test_every_link_leads_somewhere_on_the_page(document: Report) -> None:
    targets = {link["href"] for link in document.all("a")}
    assert targets - {f"#{name}" for name in document.ids} == set()
    assert {target[0] for target in targets} == {"#"}


def test_an_id_stands_once(document: Report) -> None:
    assert [name for name, times in document.ids.items() if times > 1] == []


def test_nothing_is_fetched(document: Report) -> None:
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
    policy = Report(report).all("meta")[1]["content"]
    for tag in ("style", "script"):
        text = report.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert report.count(f"<{tag}>") == 1
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_no_element_carries_style_or_script_of_its_own(document: Report) -> None:
    names = {name for _, attributes in document.elements for name in attributes}
    assert [name for name in names if name == "style" or name.startswith("on")] == []


def test_what_a_reader_can_open_needs_no_script(document: Report) -> None:
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
    document = Report(page.render([made]))
    assert len(document.all("script")) == 1
    assert document.all("img") == []
    assert any("<script>alert(2)</script>" in text for text in document.texts)


def test_markup_that_was_sent_is_text() -> None:
    steps = (post("/%3Cscript%3E?<script>", "text/html", HOSTILE[:-1]),)
    document = Report(page.render([compare(application(b""), application(b""), *steps)]))
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


@pytest.mark.parametrize("excess", [0, 1])
def test_a_cookie_that_a_browser_drops_is_said_to_be_too_large(excess: int) -> None:
    head = "session=e30.aVcj5Q."
    cookie = head + "s" * (4096 + len("=") - len(head) + excess)
    made = compare(*[application(b"", ("Set-Cookie", cookie))] * 2)
    report = page.render([made])
    assert f"{4096 + excess:,} of the 4,096 bytes that browsers keep" in report
    assert ("dropped without a word" in report) == bool(excess)
    assert "One byte flipped" not in report  # these two cannot be asked


def test_what_became_of_a_changed_cookie_is_what_the_study_says(watched: list[Study]) -> None:
    (known,) = (one for one in watched if one.scenario.name == "session")
    made = replace(known)
    vars(made)["trials"] = (Trial((True, True), (True, False), (False, True), 1),) * len(made.steps)
    texts = Report(page.render([made])).texts
    assert texts[texts.index("The other's cookie") + 1] == (
        "Flask accepts it, the one from scratch refuses it"
    )
    assert texts[texts.index("One byte flipped") + 1] == (
        "Flask refuses it, the one from scratch accepts it"
    )


def test_a_body_of_ten_million_bytes_takes_a_few_lines() -> None:
    made = compare(application(b"line\n" * 2_000_000), application(b"line\n" * 2_000_000))
    assert len(page.render([made])) < 100_000


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
    found = colours(scheme, *STYLE_SHEETS)
    assert contrast(found[text], found[background]) >= WCAG_AA


def test_no_two_stages_have_one_colour() -> None:
    for scheme in ("light", "dark"):
        found = colours(scheme, *STYLE_SHEETS)
        assert len({found[name] for name in STAGE_COLOURS}) == len(STAGES) + 1
