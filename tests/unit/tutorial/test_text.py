from html.parser import HTMLParser

import pytest
from werkzeug.exceptions import default_exceptions

from tutorial.text import SENTENCES, explain, plain_page, title_case


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello World", "HeLlO WoRlD"),
        ("", ""),
        ("a", "A"),
        ("aA", "Aa"),
        ("ßxß", "SSxSS"),  # a letter may become two; the turns count the letters that came in
    ],
)
def test_title_case_turns_by_turns(text: str, expected: str) -> None:
    assert title_case(text) == expected


COMMON = [400, 403, 404, 405, 408, 412, 413, 414, 415, 416, 417, 429, 431, 500, 501, 503, 505]


@pytest.mark.parametrize("code", COMMON)
def test_an_error_that_can_occur_has_a_sentence_of_its_own(code: int) -> None:
    assert code in SENTENCES


@pytest.mark.parametrize("code", default_exceptions)
def test_every_error_that_werkzeug_knows_is_explained(code: int) -> None:
    assert explain(code).endswith(".")


@pytest.mark.parametrize("code", default_exceptions)
def test_no_sentence_is_werkzeugs(code: int) -> None:
    assert explain(code) not in str(default_exceptions[code].description)


def test_no_two_errors_share_a_sentence() -> None:
    assert len(set(SENTENCES.values())) == len(SENTENCES)


@pytest.mark.parametrize(("code", "like"), [(599, 500), (418, 451)])
def test_an_error_without_a_sentence_of_its_own_has_a_general_one(code: int, like: int) -> None:
    assert explain(code) == explain(like)


def test_a_plain_page_escapes_what_it_is_given() -> None:
    page = plain_page(400, "<Bad>", 'The host "<b>" is not served here.')
    assert "<Bad>" not in page
    assert "<b>" not in page
    assert "&lt;Bad&gt;" in page


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: set[str] = set()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_plain_page_is_closed_properly_and_links_to_nothing() -> None:
    tags = _Tags()
    tags.feed(plain_page(500, "Internal Server Error", explain(500)))
    assert tags.open == []
    assert not tags.attributes & {"href", "src", "style", "onclick"}
    assert not tags.seen & {"link", "script", "style", "a"}
    assert {"title", "h1", "main"} <= tags.seen
