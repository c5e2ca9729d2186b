"""A session that one application has written is read by the other, whatever is in it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import time_machine
from markupsafe import Markup

import flask_version
import wsgi_from_scratch
from comparison import lab
from comparison.exchange import Application, Exchange, Jar
from comparison.pair import MOMENT, Pair
from comparison.scenarios import SECRET_KEY
from comparison.steps import get, send_in_process, visit
from tutorial.settings import Settings

VALUES: dict[str, Any] = {
    "text": 'Zürich € 東京 \U0001f96d " \\ ; , = \x00 </script>',
    "number": -12345678901234567890,
    "float": 0.1,
    "nothing": None,
    "truth": [True, False],
    "list": [1, [2, [3, []]]],
    "dict": {"a": {"": 2}, "b": 1},
    "tuple": (1, ("two", (), [(3,)])),
    "bytes": bytes(range(256)),
    "markup": Markup("<b>bold</b>"),
    "uuid": UUID("12345678-1234-4678-9234-567812345678"),
    "datetime": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "looks-tagged": {" t": [1, 2]},
    "looks-tagged-twice": {" di": {" t__": [1]}},
    "nested": {"a": [(b"\xff", Markup("&"))], "b": {" u": UUID(int=0)}},
    "compressible": "mango " * 500,
    "empty": "",
}


def remember(ctx: Any, name: str) -> Any:
    ctx.session["value"] = VALUES[name]
    return "remembered"


def remember_for_long(ctx: Any, name: str) -> Any:
    ctx.session.permanent = True
    return remember(ctx, name)


def recall(ctx: Any, name: str) -> Any:
    value = ctx.session.get("value", "nothing there")
    return f"{type(value).__name__} {value!r}"


@pytest.fixture(scope="module")
def applications() -> tuple[Application, Application]:
    settings = Settings(secret_key=SECRET_KEY, downloads_url="memory://sessions")
    flask_app, scratch_app = (
        flask_version.create_app(settings),
        wsgi_from_scratch.create_app(settings),
    )
    rules = (
        ("/test/remember/<name>", remember, "GET"),
        ("/test/remember-for-long/<name>", remember_for_long, "GET"),
        ("/test/recall/<name>", recall, "GET"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "RULES", rules)
        lab.add_to_flask(flask_app)
        lab.add_to_scratch(scratch_app)
    return flask_app, scratch_app


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("view", ["remember", "remember-for-long"])
@pytest.mark.parametrize("name", VALUES)
def test_both_write_the_same_cookie_and_read_each_others(
    name: str, view: str, applications: tuple[Application, Application]
) -> None:
    written: list[str | None] = []
    for writer, reader in (applications, applications[::-1]):
        (answer,) = visit(writer, [get(f"/test/{view}/{name}")])
        jar = Jar()
        jar.keep(answer)
        read = send_in_process(reader, get(f"/test/recall/{name}"), jar)
        assert read.body.decode() == f"{type(VALUES[name]).__name__} {VALUES[name]!r}"
        written.append(answer.header("Set-Cookie"))
    assert written[0] == written[1]


# A character of base64 that differs from another in its first bit, so that no two of them mean the same bytes.
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
OTHER = {one: ALPHABET[(number + 32) % 64] for number, one in enumerate(ALPHABET)} | {".": "A"}


def read_with(application: Application, path: str, cookie: str) -> Exchange:
    return send_in_process(application, get(path, f"Cookie: {cookie}"), Jar())


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(
    ("write", "read", "name", "refused"),
    [
        ("/set_session_data", "/get_session_data", "session", "No session exists yet."),
        ("/set_signed_cookie", "/get_signed_cookie", "signed_cookie_key", "400"),
    ],
)
def test_a_cookie_with_any_one_character_changed_is_refused_by_both(
    write: str, read: str, name: str, refused: str, pair: Pair
) -> None:
    for writer in (pair.flask, pair.scratch):
        jar = Jar()
        jar.keep(visit(writer, [get(write)])[0])
        cookie = jar.cookies[name]
        assert refused not in read_with(pair.flask, read, f"{name}={cookie}").body.decode()
        for position, character in enumerate(cookie):
            spoilt = f"{name}={cookie[:position]}{OTHER[character]}{cookie[position + 1 :]}"
            flask, scratch = (read_with(app, read, spoilt) for app in (pair.flask, pair.scratch))
            assert refused in flask.body.decode(), position
            assert scratch.lines() == flask.lines(), position


@pytest.mark.usefixtures("still")
def test_a_flash_of_one_application_is_shown_by_the_other(pair: Pair) -> None:
    for writer, reader in (
        (pair.flask_lab, pair.scratch_lab),
        (pair.scratch_lab, pair.flask_lab),
    ):
        jar = Jar()
        jar.keep(send_in_process(writer, get("/lab/flash-next"), jar))
        first = send_in_process(reader, get("/displaylist"), jar)
        jar.keep(first)
        second = send_in_process(writer, get("/displaylist"), jar)
        assert "Saved (sent via flash)!" in first.body.decode()
        assert "Saved (sent via flash)!" not in second.body.decode()


@pytest.mark.parametrize("age", [-86_400, -1, 0, 1, 31 * 86_400 - 1, 31 * 86_400, 31 * 86_400 + 1])
def test_both_find_a_session_too_old_at_the_same_second(age: int, pair: Pair) -> None:
    for writer in (pair.flask, pair.scratch):
        with time_machine.travel(MOMENT - age, tick=False):
            jar = Jar()
            jar.keep(visit(writer, [get("/set_session_data")])[0])
        with time_machine.travel(MOMENT, tick=False):
            step = get("/get_session_data")
            flask, scratch = (send_in_process(app, step, jar) for app in (pair.flask, pair.scratch))
        assert scratch.lines() == flask.lines()
        if 0 <= age < 31 * 86_400:
            assert "Kumaravel" in flask.body.decode()


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(
    ("target", "host"),
    [("/?" + "a" * 8_000, "localhost"), ("/?" + "a&" * 1_000, "localhost"), ("/", "a..b")],
    ids=["an address too long", "a query of too many fields", "a host that is none"],
)
@pytest.mark.parametrize("write", ["/lab/flash-next", "/test/remember-for-long/text"])
def test_too_many_cookies_are_not_used_whatever_else_is_wrong_with_the_request(
    write: str, target: str, host: str, applications: tuple[Application, Application], pair: Pair
) -> None:
    """The page that says what is wrong would show the flash, or have the session kept for longer."""
    labs = pair.flask_lab, pair.scratch_lab
    answers = []
    for application in applications if write.startswith("/test/") else labs:
        cookie, *_ = str(
            send_in_process(application, get(write), Jar()).header("Set-Cookie")
        ).split(";")
        step = get(target, f"Host: {host}", f"Cookie: {cookie}{'; a' * 201}")
        answers.append(send_in_process(application, step, Jar()))
    flask, scratch = answers
    assert scratch.lines() == flask.lines()
    assert flask.status.startswith("4")
    assert flask.header("Set-Cookie") is None
    assert b"sent via flash" not in flask.body
