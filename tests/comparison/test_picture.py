"""What the README shows comes from a real run, and is still true."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from comparison import picture
from comparison.study import Study

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")


def foreign_addresses(drawn: str) -> list[str]:
    """What elements and style sheets of an SVG ask for; its text may say what it wants."""
    asked: list[str] = []
    for element in ElementTree.fromstring(drawn).iter():
        asked += [value for name, value in element.attrib.items() if name.endswith("href")]
        texts = [
            *element.attrib.values(),
            (element.text or "") if element.tag.endswith("style") else "",
        ]
        asked += [url for text in texts for url in re.findall(r"url\(([^)]*)", text)]
    return [one for one in asked if not one.startswith("#")]


@pytest.fixture(scope="module")
def played() -> Study:
    return picture.played()


def test_the_figures_of_the_readme_are_those_of_this_run(played: Study) -> None:
    written = picture.in_readme(README)
    if picture.versions() not in written:
        pytest.skip(f"the README counts with other versions than {picture.versions()}")
    assert written == picture.ledger_text(played)


def test_the_request_has_a_form_a_session_and_a_flash(played: Study) -> None:
    calls = {stage.name: count for stage, count in played.flask.calls_by_stage.items()}
    assert all(calls[name] for name in ("parse the body", "open the session", "save the session"))
    assert b"sent via flash" in played.flask.exchanges[0].body


def test_the_picture_fetches_nothing(played: Study) -> None:
    assert foreign_addresses(picture.picture(played)) == []


def test_the_picture_shows_both_views_and_the_stages(played: Study) -> None:
    texts = ElementTree.fromstring(picture.picture(played)).itertext()
    drawn = " ".join(texts).replace("\N{NO-BREAK SPACE}", " ")
    for words in ("POST /login", "ctx.", "flask_version/views.py", "run the view", "Identical"):
        assert words in drawn


def test_the_picture_in_the_folder_fetches_nothing() -> None:
    drawn = picture.PICTURE.read_text("utf-8")
    assert foreign_addresses(drawn) == []
    assert "compare.py" in drawn


def test_a_readme_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no marks"):
        picture.in_readme("# A title\n")
