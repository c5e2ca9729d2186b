"""Flashes, beside Flask's."""

from typing import Any

import flask
import pytest
from flask.sessions import SecureCookieSession
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from wsgi_from_scratch.flashes import flash, select, take
from wsgi_from_scratch.sessions import Session

FLASK = flask.Flask("oracle")
FLASK.config["SECRET_KEY"] = "a key"

MESSAGES = st.tuples(
    st.text() | st.text().map(Markup), st.sampled_from(["message", "error", "info", ""])
)


def flask_session() -> SecureCookieSession:
    session = flask.session._get_current_object()  # type: ignore[attr-defined]  # what the proxy stands for
    assert isinstance(session, SecureCookieSession)
    return session


@given(
    st.lists(MESSAGES, max_size=4),
    st.booleans(),
    st.lists(st.sampled_from(["message", "error", "info", ""]), max_size=2),
)
def test_the_same_messages_are_left_and_taken(
    messages: list[tuple[str, str]], with_categories: bool, category_filter: list[str]
) -> None:
    session = Session()
    with FLASK.test_request_context():
        for message, category in messages:
            flash(session, message, category)
            flask.flash(message, category)
        assert dict(session) == dict(flask_session())
        assert session.modified == flask_session().modified
        taken = take(session)
        for _ in range(2):  # a template may ask more than once
            assert select(taken, with_categories, category_filter) == (
                flask.get_flashed_messages(with_categories, category_filter)
            )
        assert dict(session) == dict(flask_session()) == {}
        assert session.modified == flask_session().modified


@pytest.mark.parametrize("values", [{}, {"_flashes": []}, {"_flashes": [("a", "b")], "c": 1}])
def test_taking_changes_the_session_alike(values: dict[str, Any]) -> None:
    session = Session(values)
    with FLASK.test_request_context():
        flask_session().update(values)
        flask_session().modified = False
        assert select(take(session), True) == flask.get_flashed_messages(with_categories=True)
        assert dict(session) == dict(flask_session())
        assert session.modified == flask_session().modified
