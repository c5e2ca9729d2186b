"""What is printed fits the terminal, says the same without colours, and hides nothing."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from comparison.foreign import request_step, solo_study
from comparison.scenarios import SECRET_KEY
from comparison.study import Study, pair_lines
from comparison.terminal import print_one, print_solo
from tests.comparison.foreign_application import app


def shown(study: Study, width: int, colour: str | None = None) -> str:
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        highlight=False,
        force_terminal=colour is not None,
        no_color=colour == "none",
    )
    print_one(study, console)
    return file.getvalue()


@pytest.fixture
def flash_now(watched: list[Study]) -> Study:
    (made,) = (one for one in watched if one.scenario.name == "flash-now")
    return made


@pytest.mark.parametrize("width", [80, 200])
def test_the_ledger_fits_and_has_a_bar_for_each_side(flash_now: Study, width: int) -> None:
    lines = shown(flash_now, width).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("Python calls by stage"))
    table = lines[start + 1 : lines.index("Time") - 1]
    assert max(map(len, table)) <= width
    flask, scratch = flash_now.flask.ledger, flash_now.scratch.ledger
    for entry, other in zip(flask.stages, scratch.stages, strict=True):
        if entry.calls:
            at = next(
                at for at, line in enumerate(table) if line.startswith(f"  {entry.stage.name}")
            )
            for side, one, line in (
                ("Flask", entry, table[at]),
                ("scratch", other, table[at + 1]),
            ):
                figures = one.calls, len(one.functions), len(one.modules), one.lines
                words = line.split(side)[1].split()
                assert words[:4] == [f"{figure:,}" for figure in figures]
                assert ("█" in line or words[4:]) or not one.calls
    assert [line for line in table if "…" in line] == []


def test_views_stand_side_by_side_where_there_is_room(flash_now: Study) -> None:
    row = '▸         username, password = request.form.get("username")'
    other = '▸         username, password = ctx.request.form.get("username")'
    wide = next(line for line in shown(flash_now, 200).splitlines() if row in line)
    assert other in wide
    narrow = shown(flash_now, 80)
    assert row in narrow
    assert other in narrow
    assert not any(row in line and other in line for line in narrow.splitlines())


def test_lines_that_did_not_run_have_no_mark(flash_now: Study) -> None:
    text = shown(flash_now, 80)
    first, second = text.split("Request 2 of 3")[0], text.split("Request 3 of 3")[0]
    second = second.removeprefix(first)
    success, failed = 'ctx.flash("Successful login', 'ctx.flash("Login failed'
    assert (f"▸             {success}" in first, f"▸             {failed}" in first) == (
        True,
        False,
    )
    assert (f"▸             {success}" in second, f"▸             {failed}" in second) == (
        False,
        True,
    )


def test_without_colour_the_words_are_the_same(flash_now: Study) -> None:
    plain = shown(flash_now, 100)
    assert "\x1b" not in plain
    assert "\x1b[3" in shown(flash_now, 100, "some")
    assert "\x1b[3" not in shown(flash_now, 100, "none").replace("\x1b[3m", "")


def test_the_cookie_is_taken_apart_and_tried_out(watched: list[Study]) -> None:
    (made,) = (one for one in watched if one.scenario.name == "flash-next")
    text = shown(made, 80)
    for words in (
        "payload    eyJ",
        'says       {"_flashes": [["success", "Saved (sent via flash)!"]]}',
        "flash      success: Saved (sent via flash)!",
        "verified   yes, with SECRET_KEY",
        "swapped    each accepts the cookie of the other",
        "flipped    each refuses its own with the character at",
    ):
        assert words in text


@pytest.mark.parametrize("excess", [0, 1])
def test_a_cookie_that_a_browser_drops_is_said_to_be_too_large(excess: int) -> None:
    head = "session=e30.aVcj5Q."
    cookie = head + "s" * (4096 + len("=") - len(head) + excess)

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Set-Cookie", f"{cookie}; Path=/")])
        return []

    file = io.StringIO()
    solo = solo_study("mine:app", application, [request_step("GET", "/")])
    print_solo(solo, Console(file=file, width=100, highlight=False))
    assert f"size       {4096 + excess:,} of 4,096 bytes" in file.getvalue()
    assert (": too many, the browser drops it" in file.getvalue()) == bool(excess)


def test_nothing_that_is_shown_holds_the_key(watched: list[Study]) -> None:
    assert [made.scenario.name for made in watched if SECRET_KEY in shown(made, 200)] == []


@pytest.mark.parametrize("width", [80, 200])
def test_one_application_is_shown_by_itself(width: int) -> None:
    file = io.StringIO()
    solo = solo_study("mine:app", app, [request_step("GET", "/notes/")])
    print_solo(solo, Console(file=file, width=width, highlight=False))
    text = file.getvalue()
    calls = solo.side.calls
    for words in (
        "listed in tests/comparison/foreign_application.py",
        '▸     rows = database().execute("SELECT id, text FROM note").fetchall()',
        "foreign_application.py:86 leave_a_mark",
        f"Of {calls:,} calls 5 were of the application's own functions and templates",
        "1  count_visits  tests/comparison/foreign_application.py:",
        "Median of",
    ):
        assert words in text
    assert "scratch" not in text


def test_equal_answers_of_many_equal_lines_are_not_searched_for_what_they_share(
    studies: list[Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search takes quadratic time: half a minute for 20,000 empty lines."""
    monkeypatch.setattr("comparison.study.SequenceMatcher", None)
    answer = replace(studies[0].flask.exchanges[0], body=b"\n" * 20_000)
    pairs = pair_lines(answer, answer)
    assert [pair.flask for pair in pairs] == [pair.scratch for pair in pairs] == answer.lines()
