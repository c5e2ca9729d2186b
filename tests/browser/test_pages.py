"""The pages in a real browser: both applications, a policy that allows nothing inline, a keyboard and a phone."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
from openpyxl import Workbook

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open: TypeAlias = "Callable[..., Page]"

PAGES = ["/", "/login", "/displaylist", "/get_session_data"]

# How a page looks and is reached follows from its bytes, which are the same (tests/parity): one application will do.
one_application = pytest.mark.parametrize("site", ["wsgi_from_scratch"], indirect=True)

WIDE_ROW = ",".join(f"column-{number}" for number in range(30)) + "\n"


def focused(page: "Page", attribute: str) -> str:
    return str(page.evaluate(f"document.activeElement.{attribute}"))


def press_until(page: "Page", attribute: str, value: str) -> None:
    """Press Tab until the focused element has that attribute."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page, attribute) == value:
            return
    raise AssertionError(f"Tab never reached {attribute} {value!r}")


def upload(page: "Page", form: str, name: str, content: bytes) -> None:
    """Send a file with the form whose submit button stands beside the field of that id."""
    field = page.locator(f"#{form}")
    field.set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    with page.expect_navigation():
        page.locator(f"form:has(#{form}) button").click()


@pytest.mark.parametrize("path", [*PAGES, "/redirect_endpoint"])
def test_the_browser_has_nothing_to_complain_of(open_page: Open, path: str) -> None:
    page = open_page("/healthz")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.goto(path)
    assert complaints == []


def test_the_static_style_and_script_reach_the_home_page(open_page: Open) -> None:
    page = open_page("/")
    page.get_by_text("this sentence was put here by a script").wait_for()
    plain, special = (
        page.locator(selector).evaluate("element => getComputedStyle(element).fontStyle")
        for selector in (".sample", ".special")
    )
    assert (plain, special) == ("normal", "italic")


def test_a_flash_is_shown_once(open_page: Open) -> None:
    page = open_page("/login")
    page.get_by_label("Username").fill("kumar")
    page.get_by_label("Password").fill("kumar")
    page.get_by_role("button", name="Submit").click()
    page.get_by_text("Successful login (sent via index.html message)").wait_for()
    assert page.locator(".flash").all_inner_texts() == ["Successful login (sent via flash)!"]
    page.goto("/")
    assert page.locator(".flash").count() == 0


def test_the_answer_to_json_is_on_the_page_and_in_the_console(open_page: Open) -> None:
    page = open_page("/")
    with page.expect_console_message() as message:
        page.locator("#json_post_btn").click()
    assert message.value.text == "Successfully stored the message! - Kumaravel"
    assert page.locator("#json_post_answer").inner_text() == message.value.text


def test_refused_json_is_explained_on_the_page(open_page: Open) -> None:
    page = open_page("/")
    page.get_by_label("JSON to send").fill("{")
    page.locator("#json_post_btn").click()
    page.get_by_text("The server answered 400").wait_for()


def test_a_server_that_is_gone_is_explained_on_the_page(open_page: Open) -> None:
    page = open_page("/")
    page.route("**/handle_js_post", lambda route: route.abort())
    page.locator("#json_post_btn").click()
    page.get_by_text("The server cannot be reached").wait_for()


def test_an_uploaded_csv_is_shown_as_a_table(open_page: Open) -> None:
    page = open_page("/")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    upload(page, "show_file", "people.csv", b"name,age\nAda,36\nGrace,85\n")
    assert page.locator("table th").all_inner_texts()[-2:] == ["name", "age"]
    assert page.locator("table tbody tr").count() == 2
    page.get_by_role("cell", name="Grace").wait_for()
    assert complaints == []


def test_a_file_that_is_refused_leads_back_to_its_form(open_page: Open) -> None:
    page = open_page("/")
    upload(page, "show_file", "disguised.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    page.get_by_role("link", name="Try another file").click()
    assert page.url.endswith("/#show")


@one_application
def test_the_first_tab_offers_to_skip_the_navigation(open_page: Open) -> None:
    page = open_page("/login")
    page.keyboard.press("Tab")
    assert focused(page, "textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page, "name") == "username"


def test_the_keyboard_alone_fills_in_a_form(open_page: Open) -> None:
    page = open_page("/login")
    press_until(page, "name", "username")
    page.keyboard.type("kumar")
    page.keyboard.press("Tab")
    page.keyboard.type("kumar")
    page.keyboard.press("Enter")
    page.get_by_text("Successful login (sent via index.html message)").wait_for()


@one_application
@pytest.mark.parametrize("width", [360, 1280])
def test_the_keyboard_reaches_the_lessons(open_page: Open, width: int) -> None:
    page = open_page("/", width=width)
    if width == 360:
        press_until(page, "localName", "summary")
        page.keyboard.press("Enter")
    press_until(page, "textContent", "A list")
    page.keyboard.press("Enter")
    page.wait_for_url("**/displaylist")


@one_application
@pytest.mark.parametrize("path", [*PAGES, "/nowhere/" + "long" * 50])
def test_a_phone_scrolls_down_and_not_sideways(open_page: Open, path: str) -> None:
    page = open_page(path, width=360)
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@one_application
def test_a_wide_table_scrolls_in_its_own_frame(open_page: Open) -> None:
    page = open_page("/", width=360)
    upload(page, "show_file", "wide.csv", (WIDE_ROW * 3).encode())
    frame = page.get_by_role("region", name="Uploaded table")
    assert frame.evaluate("element => element.scrollWidth > element.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@one_application
@pytest.mark.parametrize("path", PAGES)
def test_a_thumb_hits_every_control(open_page: Open, path: str) -> None:
    """44 CSS pixels, WCAG 2.2 §2.5.5; links within a sentence are exempt."""
    page = open_page(path, width=360)
    page.locator("summary").click()
    controls = page.locator(
        "button, input, textarea, summary, .lessons a, .routes a, .onward a, .brand"
    )
    heights = controls.evaluate_all(
        "found => found.map(element => element.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44


@one_application
@pytest.mark.parametrize(("scheme", "is_light"), [("light", True), ("dark", False)])
def test_the_page_follows_the_colours_of_the_system(
    open_page: Open, scheme: str, is_light: bool
) -> None:
    page = open_page("/")
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    background = page.locator("body").evaluate(
        "element => getComputedStyle(element).backgroundColor"
    )
    red = int(background.removeprefix("rgb(").split(",")[0])
    assert (red > 127) == is_light


def test_a_converted_workbook_is_offered_and_downloaded(open_page: Open) -> None:
    workbook, file = Workbook(write_only=True), BytesIO()
    sheet = workbook.create_sheet()
    sheet.append(["a", "b"])
    sheet.append([1, 2])
    workbook.save(file)
    page = open_page("/")
    upload(page, "keep_file", "numbers.xlsx", file.getvalue())
    with page.expect_download() as download:
        page.get_by_role("link", name="here to download the file.").click()
    assert download.value.suggested_filename == "result.csv"
    assert Path(download.value.path()).read_text(encoding="utf-8").splitlines() == ["a,b", "1,2"]
