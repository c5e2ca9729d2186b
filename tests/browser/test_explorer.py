"""The explorer in a real browser, served as a reader serves it: with a mouse, without one, and on a phone."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from comparison.study import curl
from comparison.wire import parse_request
from tests.browser.conftest import ROOT, address

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open: TypeAlias = "Callable[..., Page]"

SERVE = "import sys; from comparison.explorer import serve; sys.exit(serve(0))"

DESK, PHONE = 1280, 360


@pytest.fixture(scope="module")
def explorer(browser: "Browser") -> Iterator[str]:
    """The address of an explorer; it asks for the browser so that none is started in vain."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            yield address(process.stdout)
        finally:
            process.terminate()


@pytest.fixture
def open_explorer(browser: "Browser", explorer: str) -> Iterator[Open]:
    """Open the explorer and wait for its first answer. Nothing may leave the machine, nor reach the console."""
    contexts, complaints, asked = [], [], []

    def open_explorer(fragment: str = "", *, width: int = DESK, dark: bool = False) -> "Page":
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text) if said.type in ("error", "warning") else None
            ),
        )
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{explorer}/{fragment}")
        answered(page)
        return page

    yield open_explorer
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(f"{explorer}/")] == []


def answered(page: "Page") -> str:
    """Wait until the page is done, and give what it says."""
    page.locator("body:not([aria-busy]) #status:not(:empty)").wait_for()
    return page.locator("#status").inner_text()


def after(page: "Page", action: Callable[[], Any]) -> str:
    """Do something that sends, and give what the page says of it."""
    page.evaluate("document.getElementById('status').textContent = ''")
    action()
    return answered(page)


def wire(page: "Page") -> str:
    return page.locator("#answer .sides").first.inner_text()


def no_sideways_scrolling(page: "Page") -> bool:
    width = page.evaluate("document.documentElement.scrollWidth")
    return int(width) <= int(page.evaluate("innerWidth"))


def test_a_scenario_that_is_chosen_is_sent_and_its_lesson_shown(open_explorer: Open) -> None:
    page = open_explorer()
    page.locator("#find").fill("percent")
    said = after(page, lambda: page.locator("#scenarios a[data-name=hello-percent]").click())
    assert "both answers are identical" in said
    assert page.locator("h1").inner_text() == "hello-percent"
    assert "decoded before the view is called" in page.locator("#lesson").inner_text()
    assert "Jürgen" in wire(page)
    after(page, lambda: page.locator("#next").click())
    assert page.locator("#steps [aria-current]").inner_text() == "2"
    assert page.locator("#next").is_disabled()


def test_an_edited_request_is_sent_with_its_length_put_right(open_explorer: Open) -> None:
    page = open_explorer("#scenario=form&step=1")
    text = page.locator("#text")
    text.fill(text.input_value().replace("password=kumar", "password=something-longer"))
    after(page, lambda: page.locator("button[type=submit]").click())
    assert "Content-Length: 40" in text.input_value()
    assert "Failure" in wire(page)


def test_a_request_that_is_none_is_explained_and_the_next_one_is_answered(
    open_explorer: Open,
) -> None:
    page = open_explorer()
    good = page.locator("#text").input_value()
    page.locator("#text").fill("GET everything")
    with page.expect_response("**/send") as sent:
        page.locator("button[type=submit]").click()
    assert sent.value.status == 200
    assert "The first line must read like" in answered(page)
    assert page.locator("#answer").is_hidden()
    page.locator("#text").fill(good)
    assert "identical" in after(page, lambda: page.locator("button[type=submit]").click())


def test_stages_are_stepped_through_with_keys_forwards_and_backwards(open_explorer: Open) -> None:
    page = open_explorer("#scenario=session&step=1")
    page.locator("h1").click()

    def shown() -> str | None:
        panels = page.locator("#answer .stage:visible")
        assert panels.count() == 1
        return panels.get_attribute("aria-label")

    assert shown() == "read the environ"
    names = []
    for _ in range(7):
        page.keyboard.press("ArrowRight")
        names.append(shown())
    assert names[-1] == "send"
    assert len(set(names)) == 7
    page.keyboard.press("ArrowLeft")
    assert shown() == names[-2]


def test_a_function_opens_its_source(open_explorer: Open) -> None:
    page = open_explorer("#scenario=login&step=1")
    page.locator("#answer .stage:visible .opened a").first.click()
    assert page.locator("#source").is_visible()
    assert "def " in page.locator("#source-lines").inner_text()
    assert page.locator("#source-lines b").count() > 0
    page.keyboard.press("Escape")
    assert page.locator("#source").is_hidden()


def test_a_header_opens_to_the_line_that_set_it_on_each_side(open_explorer: Open) -> None:
    page = open_explorer("#scenario=session&step=1")
    page.locator(".headers summary", has_text="Set-Cookie").click()
    lines = page.locator(".headers details[open] dd").all_inner_texts()
    assert "werkzeug/" in lines[0]
    assert "wsgi_from_scratch/" in lines[1]


def test_cookies_carry_over_and_a_flipped_byte_makes_both_refuse(open_explorer: Open) -> None:
    page = open_explorer("#scenario=session&step=1")
    before = page.locator("#jar-flask input").input_value()
    page.locator("#position").fill("3")
    said = after(page, lambda: page.locator("#flip").click())
    assert "Both refuse it" in said
    assert page.locator("#jar-flask input").input_value() != before
    assert "GET /get_session_data" in page.locator("#text").input_value()


def test_swapped_sessions_are_accepted(open_explorer: Open) -> None:
    page = open_explorer("#scenario=session&step=1")
    assert "Both accept it" in after(page, lambda: page.locator("#swap").click())


def test_a_permalink_shows_the_same_again(open_explorer: Open, explorer: str) -> None:
    page = open_explorer("#scenario=session&step=1")
    page.locator("#text").fill("GET /get_session_data?permalink=1 HTTP/1.1\nHost: localhost\n\n")
    after(page, lambda: page.locator("button[type=submit]").click())
    first = wire(page)
    address = page.evaluate("location.href")
    page.locator("#link").click()
    assert page.evaluate("navigator.clipboard.readText()") == address
    again = open_explorer(address.removeprefix(f"{explorer}/"))
    assert "permalink=1" in again.locator("#text").input_value()
    assert wire(again) == first


def test_back_in_the_history_shows_what_was_there(open_explorer: Open) -> None:
    page = open_explorer("#scenario=cookie&step=1")
    after(page, lambda: page.locator("#next").click())
    after(page, page.go_back)
    assert page.locator("#steps [aria-current]").inner_text() == "1"


def test_a_request_is_copied_as_curl(open_explorer: Open) -> None:
    page = open_explorer("#scenario=form&step=1")
    page.locator("#curl").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl --include")
    assert "--data-raw 'username=kumar&password=kumar'" in copied
    assert "Content-Length" not in copied


@pytest.mark.parametrize(
    "raw",
    [
        "GET /../a[1-2]/{b,c}?d HTTP/1.1\n\n",
        "HEAD /a HTTP/1.1\nX-Empty:\n\n",
        "GET / HTTP/1.0\nX-Empty: \nA: b\n\n",
        "$`touch$IFS'x'` /$(a)`b`'\"\\ HTTP/1.1\nA: '\"\\$(b)\nA: !c\n\n",
        "GET / HTTP/1.1\nContent-Length: 1\n\na",
        "POST / HTTP/1.1\nContent-Length: 0\n\n",
        "POST / HTTP/1.1\nContent-Length: 14\n\n@/etc/hostname",
        "POST / HTTP/1.1\nContent-Type:\nContent-Length: 5\n\na'\n\\\x7f",
        "POST / HTTP/1.1\nContent-Length: 100001\n\n" + "a" * 100_001,
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_the_copied_command_has_the_same_words_as_that_of_the_study(
    open_explorer: Open, raw: str
) -> None:
    page = open_explorer("#scenario=hello&step=1")
    page.locator("#text").fill(raw)
    page.locator("#curl").click()
    page.locator("#status", has_text="The curl command is on the clipboard").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert sorted(shlex.split(copied)) == sorted(shlex.split(curl(parse_request(raw.encode()))))


@pytest.mark.parametrize(
    "text",
    [
        "GET everything",
        "G$(a) / HTTP/1.1\n\n",
        "GET&a\t/b& / HTTP/1.1\n\n",
        "GET http://elsewhere/ HTTP/1.1\n\n",
        "GET / HTTP/1.1\n@/etc/hostname\n\n",
        "GET / HTTP/1.1\n@a: b\n\n",
        "GET / HTTP/1.1\nno-colon\n\n",
        "GET / HTTP/1.1\nA: \x7f\n\n",
    ],
)
def test_what_is_no_request_is_not_copied_as_curl(open_explorer: Open, text: str) -> None:
    page = open_explorer("#scenario=hello&step=1")
    page.evaluate("navigator.clipboard.writeText('untouched')")
    page.locator("#text").fill(text)
    assert "This is no request" in after(page, lambda: page.locator("#curl").click())
    assert page.evaluate("navigator.clipboard.readText()") == "untouched"


def test_a_cookie_of_a_link_is_never_the_name_of_a_file_to_curl(open_explorer: Open) -> None:
    page = open_explorer("#scenario=hello&step=1")
    # As a link that is refused leaves it.
    page.evaluate("state.jars.flask = {'@/etc/hostname': 'b'}")
    after(page, lambda: page.locator("#curl").click())
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "--header 'Cookie: @/etc/hostname=b'" in copied


def test_a_binary_upload_goes_through_unchanged(open_explorer: Open) -> None:
    page = open_explorer("#scenario=upload-xlsx&step=1")
    assert page.locator("#kept").is_visible()
    assert "</table>" in wire(page)
    assert "200 OK" in answered(page)


def test_everything_can_be_done_with_the_keyboard(open_explorer: Open) -> None:
    page = open_explorer()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.name") == "hello-percent":
            break
    after(page, lambda: page.keyboard.press("Enter"))
    assert page.locator("h1").inner_text() == "hello-percent"
    page.locator("#title").click()
    after(page, lambda: page.keyboard.press("n"))
    page.keyboard.press("e")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.press("Control+End")
    assert "identical" in after(page, lambda: page.keyboard.press("Control+Enter"))


@pytest.mark.parametrize(
    "fragment", ["", "#scenario=add-huge&step=1", "#scenario=session-over-4-kb&step=2"]
)
def test_no_width_needs_sideways_scrolling(open_explorer: Open, fragment: str) -> None:
    page = open_explorer(fragment, width=PHONE)
    assert no_sideways_scrolling(page)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    for width in (PHONE, 768, 1024, 1280, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert no_sideways_scrolling(page), width
