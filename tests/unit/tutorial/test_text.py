import pytest
from werkzeug.exceptions import default_exceptions

from tests.pages import Document
from tutorial.text import SENTENCES, explain, plain_page, title_case
from wsgi_from_scratch.errors import BY_CODE


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


def test_each_error_that_can_occur_has_a_sentence_of_its_own() -> None:
    assert SENTENCES.keys() == BY_CODE.keys()


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


def test_a_plain_page_is_closed_properly_and_links_to_nothing() -> None:
    document = Document(plain_page(500, "Internal Server Error", explain(500)))
    tags = {tag for tag, _ in document.elements}
    attributes = {name for _, found in document.elements for name in found}
    assert not attributes & {"href", "src", "style", "onclick"}
    assert not tags & {"link", "script", "style", "a"}
    assert {"title", "h1", "main"} <= tags
