"""The pages in a real browser: both applications, a policy that allows nothing inline, a keyboard and a phone."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
from openpyxl import Workbook

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

Open: TypeAlias = "Callable[..., Page]"

PAGES = ["/", "/login", "/displaylist", "/get_session_data"]

# How a page looks and is reached follows from its bytes, which are the same (tests/parity): one application will do.
one_application = pytest.mark.parametrize("site", ["wsgi_from_scratch"], indirect=True)

JSON, HTML = "application/json", "text/html; charset=utf-8"

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


def test_the_browser_has_nothing_to_complain_of(open_page: Open) -> None:
    page = open_page("/healthz")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    for path in (*PAGES, "/redirect_endpoint"):
        page.goto(path)
        assert complaints == [], path


@one_application
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


@one_application
def test_refused_json_is_explained_on_the_page(open_page: Open) -> None:
    page = open_page("/")
    page.get_by_label("JSON to send").fill("{")
    page.locator("#json_post_btn").click()
    answer = page.locator("output.failed")
    answer.wait_for()
    assert answer.inner_text() == (
        "The server answered 400."
        " Something in this request is missing or malformed; go back, check it, and send it again."
    )


@one_application
def test_json_that_lacks_a_text_is_answered_with_what_to_send(open_page: Open) -> None:
    page = open_page("/")
    page.get_by_label("JSON to send").fill("[]")
    page.locator("#json_post_btn").click()
    page.get_by_text('Send a JSON object with two texts, "greeting" and "name".').wait_for()


WITHOUT_A_MESSAGE = [
    (200, JSON, "null", "The server answered 200, but without a message."),
    (200, JSON, "{}", "The server answered 200, but without a message."),
    (200, JSON, '{"message": {}}', "The server answered 200, but without a message."),
    (200, JSON, "{", "The server answered 200, but without a message."),
    (200, HTML, "<p>Log in first", "The server answered 200, but without a message."),
    (400, JSON, '{"message": "Stored"}', "The server answered 400."),
    (500, JSON, '{"message": "Stored"}', "The server answered 500."),
    (502, HTML, "<h1>Bad Gateway</h1>", "The server answered 502."),
]


@one_application
def test_an_answer_without_a_message_is_told_as_a_failure(open_page: Open) -> None:
    page = open_page("/")
    waiting = iter(WITHOUT_A_MESSAGE)

    def answer(route: "Route") -> None:
        status, media_type, body, _ = next(waiting)
        route.fulfill(status=status, content_type=media_type, body=body)

    page.route("**/handle_js_post", answer)
    for *answered, told in WITHOUT_A_MESSAGE:
        page.locator("#json_post_btn").click()
        said = page.locator("output.failed")
        said.wait_for()
        assert said.inner_text() == told, answered


@one_application
def test_a_browser_that_cannot_limit_its_patience_sends_json_all_the_same(open_page: Open) -> None:
    page = open_page("/")
    page.evaluate("delete AbortSignal.timeout")
    page.locator("#json_post_btn").click()
    page.get_by_text("Successfully stored the message!").wait_for()


@one_application
def test_a_server_that_never_answers_is_explained_on_the_page(open_page: Open) -> None:
    page = open_page("/")
    page.evaluate("""() => {
        const timeout = AbortSignal.timeout.bind(AbortSignal);
        AbortSignal.timeout = (patience) => timeout(patience / 100);
    }""")
    page.route("**/handle_js_post", lambda route: None)
    page.locator("#json_post_btn").click()
    page.get_by_text("The server was silent for too long").wait_for()


@one_application
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


@one_application
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


@one_application
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
def test_a_phone_scrolls_down_and_not_sideways(open_page: Open) -> None:
    page = open_page("/", width=360)
    for path in (*PAGES, "/nowhere/" + "long" * 50):
        page.goto(path)
        page.locator("summary").click()
        assert page.evaluate("document.documentElement.scrollWidth") == 360, path


@one_application
def test_a_wide_table_scrolls_in_its_own_frame(open_page: Open) -> None:
    page = open_page("/", width=360)
    upload(page, "show_file", "wide.csv", (WIDE_ROW * 3).encode())
    frame = page.get_by_role("region", name="Uploaded table")
    assert frame.evaluate("element => element.scrollWidth > element.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@one_application
@pytest.mark.parametrize("cell", ["word " * 200, "x" * 1000], ids=["words", "one-word"])
def test_a_long_heading_of_a_table_wraps_and_leaves_its_rows_in_sight(
    open_page: Open, cell: str
) -> None:
    page = open_page("/", width=360)
    upload(page, "show_file", "long.csv", f"{cell},b\n1,2\n3,last\n".encode())
    heading = page.locator(".scroll th").first.bounding_box()
    assert heading is not None
    assert heading["width"] <= 400
    page.get_by_role("cell", name="last").click()  # which playwright does only if nothing covers it


@one_application
def test_a_thumb_hits_every_control(open_page: Open) -> None:
    """44 CSS pixels, WCAG 2.2 §2.5.5; links within a sentence are exempt."""
    page = open_page("/", width=360)
    controls = page.locator(
        "button, input, textarea, summary, .lessons a, .routes a, .onward a, .brand"
    )
    for path in PAGES:
        page.goto(path)
        page.locator("summary").click()
        heights = controls.evaluate_all(
            "found => found.map(element => element.getBoundingClientRect().height)"
        )
        assert min(heights) >= 44, path


@one_application
def test_controls_can_be_told_apart_in_a_list(open_page: Open) -> None:
    """Labels by themselves; buttons by what describes them, as the tutorial gives two of them one text."""
    page = open_page("/")
    for path in PAGES:
        page.goto(path)
        labels = page.locator("label").all_inner_texts()
        buttons = page.locator("button").evaluate_all(
            "found => found.map(one => one.textContent + one.getAttribute('aria-describedby'))"
        )
        assert len(labels) == len({*labels}), path
        assert len(buttons) == len({*buttons}), path


@one_application
def test_every_form_for_files_offers_the_same_kinds(open_page: Open) -> None:
    page = open_page("/")
    accepted = page.locator("input[type=file]").evaluate_all(
        "found => found.map(one => one.accept)"
    )
    assert len(accepted) == 3
    assert len({*accepted}) == 1
    assert {".csv", ".txt", ".xls", ".xlsx"} <= {*accepted[0].split(", ")}


@one_application
def test_what_has_the_focus_is_outlined(open_page: Open) -> None:
    page = open_page("/login")
    for kind in ("a", "input", "button"):
        press_until(page, "localName", kind)
        outline = page.locator(":focus").evaluate("element => getComputedStyle(element).outline")
        assert outline.endswith(" solid 3px")


@one_application
def test_nothing_moves_for_those_who_asked_for_less_of_it(open_page: Open) -> None:
    page = open_page("/")
    movements = """() => {
        const styles = [...document.querySelectorAll("*")].map(element => getComputedStyle(element));
        return styles.flatMap(one => [one.transitionDuration, one.animationDuration, one.scrollBehavior]);
    }"""
    assert {*page.evaluate(movements)} == {"0s", "auto"}
    page.emulate_media(reduced_motion="no-preference")
    assert {*page.evaluate(movements)} > {"0s", "auto", "smooth"}


@one_application
def test_the_page_follows_the_colours_of_the_system(open_page: Open) -> None:
    page = open_page("/")

    def red() -> int:
        background = page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
        return int(background.removeprefix("rgb(").split(",")[0])

    page.emulate_media(color_scheme="light")
    assert red() > 127
    page.emulate_media(color_scheme="dark")
    assert red() < 127


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
