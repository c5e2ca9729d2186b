"""Sessions, by themselves."""

import json
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import time_machine
from markupsafe import Markup

from wsgi_from_scratch.forms import Limits
from wsgi_from_scratch.request import Request
from wsgi_from_scratch.response import Response
from wsgi_from_scratch.sessions import (
    LIFETIME,
    SALT,
    Session,
    SessionInterface,
    dump_tagged,
    load_tagged,
)
from wsgi_from_scratch.signing import (
    BadPayload,
    BadSignature,
    Signer,
    URLSafeTimedSerializer,
)

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
KEYS = ["a key"]


class Point(NamedTuple):
    x: int
    y: int


CHANGES: dict[str, Callable[[Session], object]] = {
    "set": lambda session: session.__setitem__("new", 1),
    "set to the same value": lambda session: session.__setitem__("old", [1]),
    "delete": lambda session: session.__delitem__("old"),
    "clear": lambda session: session.clear(),
    "pop": lambda session: session.pop("old"),
    "popitem": lambda session: session.popitem(),
    "update": lambda session: session.update(new=1),
    "update with nothing": lambda session: session.update(),
    "merge": lambda session: session.__ior__({"new": 1}),
    "setdefault of a missing key": lambda session: session.setdefault("new", 1),
    "make permanent": lambda session: setattr(session, "permanent", True),
    "make temporary": lambda session: setattr(session, "permanent", False),
}

NO_CHANGES: dict[str, Callable[[Session], object]] = {
    "get": lambda session: session.get("old"),
    "a key": lambda session: session["old"],
    "in": lambda session: "old" in session,
    "iteration": lambda session: [*session, *session.items(), *session.values()],
    "length": lambda session: len(session),
    "copy": lambda session: session.copy(),
    "union": lambda session: session | {"new": 1},
    "setdefault of a key that is there": lambda session: session.setdefault("old", 1),
    "pop of a missing key with a default": lambda session: session.pop("new", None),
    "a nested change": lambda session: session["old"].append(2),
    "setdefault and a nested change": lambda session: session.setdefault("old", []).append(2),
    "permanent": lambda session: session.permanent,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_an_assignment_to_the_session_is_noticed(change: Callable[[Session], object]) -> None:
    session = Session({"old": [1]})
    assert not session.modified
    change(session)
    assert session.modified


@pytest.mark.parametrize("look", NO_CHANGES.values(), ids=NO_CHANGES.keys())
def test_a_look_at_the_session_or_a_change_inside_a_value_is_not(
    look: Callable[[Session], object],
) -> None:
    session = Session({"old": [1]})
    look(session)
    assert not session.modified


@pytest.mark.parametrize(
    "fail",
    [
        lambda session: session.__delitem__("new"),
        lambda session: session.pop("new"),
        lambda session: session.__ior__(5),
        lambda session: session.update(5),
    ],
)
def test_a_change_that_fails_is_none(fail: Callable[[Session], object]) -> None:
    session = Session({"old": [1]})
    with pytest.raises((KeyError, TypeError)):
        fail(session)
    assert session == {"old": [1]}
    assert not session.modified


def test_merging_gives_the_same_session() -> None:
    session = merged = Session({"old": 1})
    merged |= {"new": 2}
    assert merged is session
    assert session == {"old": 1, "new": 2}


def test_a_session_is_permanent_when_its_own_key_says_so() -> None:
    session = Session()
    assert session.permanent is False
    session.permanent = True
    assert session == {"_permanent": True}
    assert session.permanent is True


def test_a_session_is_shown_as_one() -> None:
    assert repr(Session({"a": 1})) == "<Session {'a': 1}>"


TAGGED = [
    ((), '{" t":[]}'),
    ((1, (2, [3])), '{" t":[1,{" t":[2,[3]]}]}'),
    (Point(1, 2), '{" t":[1,2]}'),
    (b"\0\xff", '{" b":"AP8="}'),
    (Markup("<b>é</b>"), r'{" m":"<b>\u00e9</b>"}'),
    (UUID(int=7), '{" u":"00000000000000000000000000000007"}'),
    (datetime(2026, 1, 2, 3, 4, 5, 999), '{" d":"Fri, 02 Jan 2026 03:04:05 GMT"}'),
    ({" t": 1}, '{" di":{" t__":1}}'),
    ({" di": {" b": b""}}, '{" di":{" di__":{" di":{" b__":{" b":""}}}}}'),
    ({" t": 1, " b": 2}, '{" b":2," t":1}'),
    ({" x": 1}, '{" x":1}'),
    (OrderedDict(b=[()], a=1), '{"a":1,"b":[{" t":[]}]}'),
    ("é", r'"\u00e9"'),
    (None, "null"),
    (True, "true"),
    (1.5, "1.5"),
]


@pytest.mark.parametrize(("value", "text"), TAGGED, ids=[text for _, text in TAGGED])
def test_a_type_that_json_lacks_gets_a_tag(value: object, text: str) -> None:
    assert dump_tagged(value) == text


@pytest.mark.parametrize(
    "value",
    [
        (),
        (1, (2, [3])),
        b"\0\xff",
        Markup("<b>é</b>"),
        UUID(int=7),
        NOW,
        {" t": 1},
        {" x": {" m": "a"}},
    ],
    ids=repr,
)
def test_a_tagged_value_comes_back_with_its_type(value: object) -> None:
    found = load_tagged(dump_tagged({"deep": [value, (value,)]}).encode())["deep"]
    assert found == [value, (value,)]
    assert type(found[0]) is type(value)


@pytest.mark.parametrize("value", [object(), {1, 2}, [1j], ...])
def test_a_value_without_tag_and_without_json_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError):
        dump_tagged(value)


DEEP = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
NO_SESSIONS = {
    "no JSON": b"{",
    "nothing": b"",
    "no UTF-8": b'{"a":"\xff"}',
    "JSON's depth": DEEP,
    "a number of too many digits": b'{"a":' + b"9" * 5_000 + b"}",
    "a list": b"[]",
    "a list of no pairs": b"[1]",
    "a text": b'"abc"',
    "a number": b"5",
    "null": b"null",
    "a tagged UUID": b'{" u":"00000000000000000000000000000007"}',
    "a UUID that is none": b'{"a":{" u":"x"}}',
    "a UUID that is a number": b'{"a":{" u":5}}',
    "bytes that are a number": b'{"a":{" b":5}}',
    "bytes that are no base64": b'{"a":{" b":"A"}}',
    "a tuple that is a number": b'{"a":{" t":5}}',
    "a date that is a number": b'{"a":{" d":5}}',
    "a wrapped dictionary that is empty": b'{"a":{" di":{}}}',
    "a wrapped dictionary that is a text": b'{"a":{" di":"a"}}',
}


@pytest.mark.parametrize("data", NO_SESSIONS.values(), ids=NO_SESSIONS.keys())
def test_a_cookie_signed_with_our_key_that_holds_no_session_is_an_empty_session(
    data: bytes,
) -> None:
    session = SessionInterface(KEYS).open(Signer(KEYS, SALT).dumps(data))
    assert session == {}
    assert not session.modified


@pytest.mark.parametrize("cookie", [None, "", "a", "a.b.c", "é", ".." * 100, "a.b." + "A" * 27])
def test_no_cookie_or_one_that_is_not_ours_is_an_empty_session(cookie: str | None) -> None:
    session = SessionInterface(KEYS).open(cookie)
    assert session == {}
    assert not session.modified
    assert not session.accessed


def test_unreadable_tagged_json_says_why() -> None:
    with pytest.raises(BadPayload) as refused:
        load_tagged(DEEP)
    assert isinstance(refused.value.__cause__, RecursionError)


def test_a_bad_setting_is_reported_when_the_interface_is_made() -> None:
    with pytest.raises(ValueError, match="SameSite"):
        SessionInterface(KEYS, samesite="loose")
    with pytest.raises(ValueError, match="secret key"):
        SessionInterface([])


def saved(session: Session, **settings: Any) -> Response:
    response = Response("page")
    SessionInterface(KEYS, **settings).save(session, response)
    return response


def cookie_of(response: Response) -> str:
    [text] = response.headers.getlist("Set-Cookie")
    return text.partition(";")[0].partition("=")[2]


def test_a_saved_session_is_opened_again() -> None:
    session = Session()
    session["user"] = ("kumar", 7)
    opened = SessionInterface(KEYS).open(cookie_of(saved(session)))
    assert opened == {"user": ("kumar", 7)}
    assert not opened.modified


def test_a_session_under_an_old_key_is_opened_and_saved_under_the_new_one() -> None:
    session = Session()
    session["a"] = 1
    old_cookie = cookie_of(saved(session))
    rotated = SessionInterface([*KEYS, "a new key"])
    assert rotated.open(old_cookie) == {"a": 1}
    response = Response()
    rotated.save(session, response)
    assert SessionInterface(["a new key"]).open(cookie_of(response)) == {"a": 1}
    assert SessionInterface(KEYS).open(cookie_of(response)) == {}


def test_a_session_and_a_signed_cookie_cannot_stand_in_for_each_other() -> None:
    session = Session()
    session["a"] = 1
    other = URLSafeTimedSerializer(KEYS, salt="custom-cookie")
    with pytest.raises(BadSignature):
        other.loads(cookie_of(saved(session)))
    assert SessionInterface(KEYS).open(other.dumps({"a": 1})) == {}


@pytest.mark.parametrize(
    ("age", "alive"), [(LIFETIME, True), (LIFETIME + timedelta(seconds=1), False)]
)
def test_a_session_lives_as_long_as_its_lifetime(age: timedelta, alive: bool) -> None:
    session = Session()
    session["a"] = 1
    with time_machine.travel(NOW, tick=False) as clock:
        cookie = cookie_of(saved(session))
        clock.shift(age)
        assert bool(SessionInterface(KEYS).open(cookie)) is alive


def test_a_session_that_nobody_looked_at_leaves_no_trace() -> None:
    assert saved(Session({"a": 1})).headers.to_wsgi() == Response("page").headers.to_wsgi()


@pytest.mark.parametrize("values", [{}, {"a": 1}])
def test_a_look_at_the_session_is_told_to_caches_and_sends_no_cookie(
    values: dict[str, Any],
) -> None:
    session = Session(values)
    session.accessed = True
    headers = saved(session).headers
    assert headers["Vary"] == "Cookie"
    assert "Set-Cookie" not in headers


@time_machine.travel(NOW, tick=False)
def test_a_permanent_session_is_sent_with_every_answer_unless_told_otherwise() -> None:
    session = Session({"_permanent": True})
    [text] = saved(session).headers.getlist("Set-Cookie")
    assert "; Expires=Sat, 06 Jun 2026 07:08:09 GMT; HttpOnly; Path=/; SameSite=Lax" in text
    assert "Set-Cookie" not in saved(session, refresh_each_request=False).headers


def test_an_emptied_session_deletes_the_cookie_with_the_attributes_it_was_set_with() -> None:
    attributes = {"path": "/app", "domain": "example.com", "secure": True, "samesite": "Strict"}
    session = Session({"a": 1})
    session.clear()
    headers = saved(session, cookie_name="visit", **attributes).headers
    assert headers["Set-Cookie"] == (
        "visit=; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0;"
        " Secure; HttpOnly; Path=/app; SameSite=Strict"
    )
    assert headers["Vary"] == "Cookie"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], "Cookie"),
        (["Accept"], "Accept, Cookie"),
        (["Accept,Accept-Language ,"], "Accept, Accept-Language, Cookie"),
        (["accept, cookie"], "accept, cookie"),
        (["COOKIE"], "COOKIE"),
        (["Accept", "Origin"], "Accept, Origin, Cookie"),
        (["*"], "*, Cookie"),
        ([""], "Cookie"),
    ],
)
def test_vary_names_the_cookie_once_beside_what_it_named(before: list[str], after: str) -> None:
    response = Response(headers=[("Vary", value) for value in before])
    session = Session()
    session["a"] = 1
    session.accessed = True
    SessionInterface(KEYS).save(session, response)
    assert response.headers.getlist("Vary") == [after]


def test_a_session_that_browsers_may_drop_is_a_warning_and_is_sent() -> None:
    session = Session()
    session["a"] = [str(number) for number in range(4_000)]
    with pytest.warns(UserWarning, match="'session' takes"):
        response = saved(session)
    assert SessionInterface(KEYS).open(cookie_of(response)) == session


def test_the_payload_of_a_cookie_is_json_and_nothing_that_runs() -> None:
    session = Session()
    session["a"] = 1
    assert json.loads(Signer(KEYS, SALT).loads(cookie_of(saved(session)))) == {"a": 1}


def test_cookies_beyond_their_limit_are_not_looked_at() -> None:
    session = Session()
    session["a"] = 1
    interface = SessionInterface(KEYS, cookies_fit=lambda field: False)
    response = Response()
    interface.save(session, response)
    cookie = (response.headers.get("Set-Cookie") or "").partition(";")[0]
    request = Request({"HTTP_COOKIE": cookie}, Limits(), 10)
    assert SessionInterface(KEYS).open_session(request) == {"a": 1}
    assert interface.open_session(request) == {}
