"""Flashes, by themselves."""

import pytest

from wsgi_from_scratch.flashes import flash, select, take
from wsgi_from_scratch.sessions import Session

TAKEN = [("message", "Welcome."), ("error", "Full."), ("message", "Again.")]


def test_messages_are_taken_in_order_and_once() -> None:
    session = Session()
    flash(session, "Welcome.")
    flash(session, "Full.", "error")
    assert take(session) == [("message", "Welcome."), ("error", "Full.")]
    assert take(session) == []
    assert session == {}


@pytest.mark.parametrize("values", [{}, {"_flashes": [("message", "Waiting.")]}])
def test_a_flash_is_a_change_even_when_others_are_waiting(values: dict[str, object]) -> None:
    session = Session(values)
    flash(session, "Welcome.")
    assert session.modified


def test_taking_nothing_is_no_change() -> None:
    session = Session({"name": "Kumar"})
    assert take(session) == []
    assert not session.modified


@pytest.mark.parametrize(
    ("with_categories", "category_filter", "messages"),
    [
        (False, (), ["Welcome.", "Full.", "Again."]),
        (True, (), TAKEN),
        (False, ["error"], ["Full."]),
        (True, ("error", "info"), [("error", "Full.")]),
        (False, {"message"}, ["Welcome.", "Again."]),
        (False, ["info"], []),
        (True, "error", [("error", "Full.")]),
    ],
)
def test_a_template_chooses_among_what_was_taken(
    with_categories: bool, category_filter: list[str], messages: list[object]
) -> None:
    assert select(TAKEN, with_categories, category_filter) == messages
