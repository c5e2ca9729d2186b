"""The report in a real browser: as a file without a network, on a phone, on paper, by keyboard, without script."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from comparison import page as report
from comparison.pair import make_pair
from comparison.scenarios import SCENARIOS
from comparison.study import study

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open: TypeAlias = "Callable[..., Page]"

NAMES = ("hello", "form", "session-over-4-kb", "flash-next", "upload-hostile-name")


@pytest.fixture(scope="module")
def file(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report; it asks for the browser so that none is written in vain."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    pair = make_pair()
    report.write([study(SCENARIOS[name], pair) for name in NAMES], path)
    return path.as_uri()


@pytest.fixture
def open_report(browser: "Browser", file: str) -> Iterator[Open]:
    """Open the report; what it asks the network for, and what the browser complains of, fails the test."""
    contexts = []
    complaints: list[str] = []

    def open_report(fragment: str = "", width: int = 1280, **options: Any) -> "Page":
        context = browser.new_context(
            viewport={"width": width, "height": 800}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on(
            "request",
            lambda request: (
                complaints.append(request.url)
                if not request.url.startswith((file, "data:"))
                else None
            ),
        )
        page.goto(file + fragment)
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert complaints == []


def open_everything(page: "Page") -> None:
    page.locator("details").evaluate_all("all => { for (const one of all) one.open = true }")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_scrolls_sideways(open_report: Open, scheme: str) -> None:
    page = open_report(color_scheme=scheme)
    open_everything(page)
    for width in (360, 768, 1024, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_one_scenario_stands_open_at_first(open_report: Open) -> None:
    page = open_report()
    opened = page.locator(".scenario[open]").evaluate_all("all => all.map(one => one.id)")
    assert opened == ["flash-next"]


def test_without_script_everything_can_be_read(open_report: Open) -> None:
    page = open_report(java_script_enabled=False)
    page.locator("#hello > summary").click()
    page.get_by_text("Hello Kumar!").wait_for()
    page.locator("#hello .ledger details.s2 > summary").click()
    page.get_by_text("MapAdapter.match", exact=True).first.wait_for()
    assert page.get_by_role("button", name="Open all").count() == 0


def test_an_address_opens_what_it_leads_to(open_report: Open) -> None:
    page = open_report("#hello-f2")
    assert page.locator("#hello-f2").is_visible()


def test_a_function_shows_its_source_where_its_name_is(open_report: Open) -> None:
    page = open_report("#hello-f2")
    link = page.locator("#hello-f2 a", has_text="MapAdapter.match").first
    link.click()
    shown = page.locator("#hello-f2 .copy .source")
    assert "def match(" in shown.inner_text()
    assert shown.locator("b").count() > 0
    link.click()
    assert shown.count() == 0


def test_the_keyboard_leads_from_scenario_to_scenario(open_report: Open) -> None:
    page = open_report()
    page.locator("#hello > summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#hello").get_attribute("open") is not None
    page.keyboard.press("ArrowDown")
    focused = page.evaluate("document.activeElement.parentElement.id")
    assert focused == "form"
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.parentElement.id") == "hello"


def test_all_scenarios_can_be_opened_and_closed(open_report: Open) -> None:
    page = open_report()
    page.get_by_role("button", name="Open all").click()
    assert page.locator(".scenario[open]").count() == len(NAMES)
    page.get_by_role("button", name="Close all").click()
    assert page.locator(".scenario[open]").count() == 0


def test_the_first_tab_offers_to_skip_the_navigation(open_report: Open) -> None:
    page = open_report()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"


def test_a_stage_has_one_colour_on_both_sides_and_everywhere(open_report: Open) -> None:
    page = open_report("#hello")
    for number in range(1, 9):
        fills = page.locator(f".s{number} .side rect, rect.s{number}").evaluate_all(
            "all => [...new Set(all.map(one => getComputedStyle(one).fill))]"
        )
        assert len(fills) == 1


def test_on_paper_an_open_scenario_stands_whole(open_report: Open, tmp_path: Path) -> None:
    page = open_report("#hello")
    page.emulate_media(media="print")
    assert page.locator("#hello .ledger").is_visible()
    assert not page.locator("nav").is_visible()
    assert not page.locator("#source").is_visible()
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
