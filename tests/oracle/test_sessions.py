"""Sessions, beside Flask's."""

import copy
import dataclasses
import decimal
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import flask
import pytest
import time_machine
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import Markup

from wsgi_from_scratch.response import Response
from wsgi_from_scratch.sessions import (
    SALT,
    Session,
    SessionInterface,
    dump_tagged,
    load_tagged,
)
from wsgi_from_scratch.signing import BadPayload, Signer

NOW = datetime(2026, 5, 6, 7, 8, 9, 999_999, tzinfo=UTC)
KEYS = ["an old key", "a key"]

FLASK = flask.Flask("oracle")
FLASK.config.update(
    SECRET_KEY=KEYS[-1], SECRET_KEY_FALLBACKS=KEYS[:-1], SESSION_COOKIE_SAMESITE="Lax"
)
THEIRS = SecureCookieSessionInterface()
OURS = SessionInterface(KEYS)


@pytest.fixture(scope="module", autouse=True)
def _application_context() -> Iterator[None]:
    """Flask's JSON takes its settings from the current application."""
    with FLASK.app_context():
        yield


@dataclasses.dataclass
class Point:
    x: int
    y: int


ZONES = st.none() | st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
# Compared by value, so without NaN; a datetime loses its microseconds and its zone on the way.
TAGGED_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.text().map(Markup),
    st.uuids(),
    st.datetimes(datetime(1900, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)).map(
        lambda moment: moment.replace(microsecond=0, fold=0)
    ),
)
NAMES = st.text() | st.sampled_from(
    [" di", " t", " b", " m", " u", " d", " t__", "", " ", "_flashes"]
)


def nested(scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars,
        lambda values: (
            st.lists(values, max_size=4)
            | st.lists(values, max_size=4).map(tuple)
            | st.dictionaries(NAMES, values, max_size=4)
        ),
        max_leaves=12,
    )


VALUES = nested(TAGGED_SCALARS)
SESSIONS = st.dictionaries(NAMES, VALUES, max_size=5)
WRITABLE = nested(
    TAGGED_SCALARS
    | st.floats()
    | st.datetimes(timezones=ZONES)
    | st.dates()
    | st.decimals()
    | st.builds(Point, st.integers(), st.integers())
    | st.text(alphabet=st.characters())
)


@given(WRITABLE)
@example({" t": 1})
@example({" di": {" di": ()}})
@example(date(2026, 1, 2))
@example(decimal.Decimal("1.50"))
def test_flask_writes_the_same_tagged_json(value: object) -> None:
    try:
        expected = THEIRS.serializer.dumps(value)
    except OverflowError:  # a datetime whose UTC lies outside of the calendar
        with pytest.raises(OverflowError):
            dump_tagged(value)
    else:
        assert dump_tagged(value) == expected


@given(VALUES)
def test_each_reads_the_tagged_json_of_the_other(value: object) -> None:
    text = dump_tagged(value)
    read, read_by_them = load_tagged(text.encode()), THEIRS.serializer.loads(text)
    assert read == read_by_them == value
    assert dump_tagged(read_by_them) == THEIRS.serializer.dumps(read) == text  # the same types


@pytest.mark.parametrize(
    "text",
    [
        '{" t":"abc"}',
        '{" m":5}',
        '{" m":[1]}',
        '{" d":"no date"}',
        '{" d":"Fri, 02 Jan 2026 03:04:05 +0100"}',
        '{" u":"{00000000-0000-0000-0000-000000000007}"}',
        '{" b":"A P8=!"}',
        '{" di":{"abc":1}}',
        '{" x":1}',
        '{" t":[1],"b":2}',
        '{"a":1,"a":2}',
        "[NaN,Infinity]",
        " [1] ",
    ],
)
def test_both_read_the_same_of_what_nobody_writes(text: str) -> None:
    assert repr(load_tagged(text.encode())) == repr(THEIRS.serializer.loads(text))


@given(SESSIONS)
def test_session_cookies_are_equal_and_each_reads_the_others(values: dict[str, Any]) -> None:
    values = {**values, "set": True}
    with time_machine.travel(NOW, tick=False):
        ours, theirs = both_saved({}, lambda session: session.update(values))
        assert ours == theirs
        cookie = dict(ours)["Set-Cookie"].partition(";")[0].partition("=")[2]
        opened, opened_by_them = OURS.open(cookie), open_with_flask(cookie)
        assert repr(dict(opened)) == repr(dict(opened_by_them))
        assert opened == values


def open_with_flask(cookie: str) -> SecureCookieSession:
    request = flask.Request({"HTTP_COOKIE": f"session={cookie}"})
    session = THEIRS.open_session(FLASK, request)
    assert session is not None
    return session


def both_saved(
    values: dict[str, Any],
    change: Any,
    accessed: bool = True,
    headers: list[tuple[str, str]] | None = None,
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    our_session, their_session = (
        Session(copy.deepcopy(values)),
        SecureCookieSession(copy.deepcopy(values)),
    )
    our_response = Response("page", headers=headers or [])
    their_response = flask.Response("page", headers=headers or [])
    for session in (our_session, their_session):
        change(session)
        session.accessed = accessed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a large session
        OURS.save(our_session, our_response)
        THEIRS.save_session(FLASK, their_session, their_response)
    return our_response.headers.to_wsgi(), their_response.headers.to_wsgi_list()


CHANGES: dict[str, Any] = {
    "nothing": lambda session: None,
    "set": lambda session: session.update(b=(1, b"2")),
    "clear": lambda session: session.clear(),
    "pop": lambda session: session.pop("a", None),
    "permanent": lambda session: setattr(session, "permanent", True),
    "temporary": lambda session: setattr(session, "permanent", False),
    "compressible": lambda session: session.update(b="b" * 500),
    "more than 4 KB": lambda session: session.update(b=list(range(3_000))),
    "nested": lambda session: session.setdefault("cart", []).append(1),
    "declared": lambda session: setattr(session, "modified", True),
    "undeclared": lambda session: setattr(session, "modified", False),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("values", [{}, {"a": 1}, {"_permanent": True, "cart": [1]}], ids=str)
@pytest.mark.parametrize("accessed", [True, False])
@pytest.mark.parametrize("vary", [None, "Accept", "accept,cookie", "Accept, COOKIE ,b", "*"])
@time_machine.travel(NOW, tick=False)
def test_saving_leaves_the_same_headers_in_the_same_order(
    values: dict[str, Any], change: Any, accessed: bool, vary: str | None
) -> None:
    headers = [] if vary is None else [("Vary", vary), ("X-Last", "1")]
    ours, theirs = both_saved(values, change, accessed, headers)
    assert ours == theirs


@pytest.mark.parametrize("lifetime", [timedelta(days=31), timedelta(seconds=90, microseconds=1)])
@time_machine.travel(NOW, tick=False)
def test_settings_of_the_cookie_mean_the_same(lifetime: timedelta) -> None:
    app = flask.Flask("settings")
    app.config.update(
        SECRET_KEY="a key",
        SESSION_COOKIE_NAME="visit",
        SESSION_COOKIE_DOMAIN="example.com",
        SESSION_COOKIE_PATH="/app",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=False,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=lifetime,
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    ours = SessionInterface(
        ["a key"],
        cookie_name="visit",
        domain="example.com",
        path="/app",
        secure=True,
        httponly=False,
        samesite="Strict",
        lifetime=lifetime,
        refresh_each_request=False,
    )
    for values in ({"_permanent": True, "a": 1}, {"a": 1}, {}):
        for modified in (True, False):
            our_session, their_session = Session(values), SecureCookieSession(values)
            our_session.modified = their_session.modified = modified
            our_response, their_response = Response("page"), flask.Response("page")
            ours.save(our_session, our_response)
            THEIRS.save_session(app, their_session, their_response)
            assert our_response.headers.to_wsgi() == their_response.headers.to_wsgi_list()


def test_flask_sends_no_same_site_unless_told_and_we_send_lax() -> None:
    ours, theirs = Response(), flask.Response()
    app = flask.Flask("defaults")
    app.config["SECRET_KEY"] = "a key"
    with time_machine.travel(NOW, tick=False):
        SessionInterface(["a key"]).save(changed(Session()), ours)
        THEIRS.save_session(app, changed(SecureCookieSession()), theirs)
    assert ours.headers["Set-Cookie"] == theirs.headers["Set-Cookie"] + "; SameSite=Lax"


def changed(session: Any) -> Any:
    session["a"] = 1
    return session


def test_werkzeug_keeps_the_names_of_the_first_vary_only_and_we_all() -> None:
    ours, theirs = both_saved({"a": 1}, CHANGES["nothing"], headers=[("Vary", "A"), ("Vary", "B")])
    assert dict(theirs)["Vary"] == "A, Cookie"
    assert dict(ours)["Vary"] == "A, B, Cookie"


OPERATIONS: dict[str, Any] = {
    "set": lambda session, key, value: session.__setitem__(key, value),
    "delete": lambda session, key, value: session.__delitem__(key),
    "get": lambda session, key, value: session.get(key),
    "key": lambda session, key, value: session[key],
    "in": lambda session, key, value: key in session,
    "pop": lambda session, key, value: session.pop(key),
    "pop with default": lambda session, key, value: session.pop(key, value),
    "popitem": lambda session, key, value: session.popitem(),
    "clear": lambda session, key, value: session.clear(),
    "setdefault": lambda session, key, value: session.setdefault(key, value),
    "setdefault without": lambda session, key, value: session.setdefault(key),
    "update": lambda session, key, value: session.update({key: value}),
    "update pairs": lambda session, key, value: session.update([(key, value)], other=1),
    "update wrongly": lambda session, key, value: session.update([(key, value), 5]),
    "update with nothing": lambda session, key, value: session.update(),
    "merge": lambda session, key, value: session.__ior__([(key, value)]) is session,
    "union": lambda session, key, value: session | {key: value},
    "copy": lambda session, key, value: session.copy(),
    "permanent": lambda session, key, value: setattr(session, "permanent", value),
    "is permanent": lambda session, key, value: session.permanent,
    "length": lambda session, key, value: len(session),
    "equals": lambda session, key, value: session == {key: value},
    "true": lambda session, key, value: bool(session),
    "keys": lambda session, key, value: list(session),
}


@given(
    st.lists(st.tuples(st.sampled_from(sorted(OPERATIONS)), st.sampled_from("ab"), st.integers()))
)
def test_any_operation_does_to_our_session_what_it_does_to_theirs(
    steps: list[tuple[str, str, int]],
) -> None:
    ours, theirs = Session({"a": 0}), SecureCookieSession({"a": 0})
    for operation, key, value in steps:
        results: list[Any] = []
        for session in (ours, theirs):
            session.modified = False
            try:
                results.append(OPERATIONS[operation](session, key, value))
            except (KeyError, TypeError) as error:
                results.append(type(error))
        assert results[0] == results[1]
        assert dict(ours) == dict(theirs)
        assert ours.modified == theirs.modified


def flask_answer(cookie: str) -> int:
    app = flask.Flask("whole")
    app.config.update(FLASK.config)
    app.logger.disabled = True
    app.add_url_rule("/", "index", lambda: dict(flask.session))
    client = app.test_client(use_cookies=False)
    return client.get("/", headers={"Cookie": f"session={cookie}"}).status_code


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b'{"a":1}', 200),
        (b"null", 200),
        (b"[]", 200),
        (b"{", 500),
        (b'"abc"', 500),
        (b"5", 500),
        (b'{"a":"\xff"}', 500),
        (b'{"a":{" u":"x"}}', 500),
        (b'{"a":{" t":5}}', 500),
        (b'{"a":{" di":{}}}', 500),
        (b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", 500),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_signed_and_no_session_is_empty_for_us_and_mostly_500_for_them(
    data: bytes, status: int
) -> None:
    cookie = Signer(KEYS, SALT).dumps(data)
    assert OURS.open(cookie) == ({"a": 1} if data == b'{"a":1}' else {})
    assert flask_answer(cookie) == status


def test_we_read_what_is_nested_deeper_than_they_can() -> None:
    def read_by(loads: Callable[[str], object]) -> set[int]:
        found = set()
        for depth in range(50, 1_000, 50):
            with suppress(RecursionError, BadPayload):
                loads('{" t":[' * depth + "]}" * depth)
                found.add(depth)
        return found

    ours = read_by(lambda text: load_tagged(text.encode()))
    assert ours > read_by(THEIRS.serializer.loads) >= {50, 100}


@pytest.mark.parametrize("data", [b'[["a",1]]', b'{" t":[["a",1]]}', b"[]", b"null", b'""'])
def test_both_make_the_same_dictionary_of_what_is_none(data: bytes) -> None:
    cookie = Signer(KEYS, SALT).dumps(data)
    assert dict(OURS.open(cookie)) == dict(open_with_flask(cookie))


@pytest.mark.parametrize(
    "data",
    [b'{"a":{" di":{"b__":1,"c__":2}}}', b'{"a":{" di":{"b":1}}}', b'{" di":{" t__":[1],"":2}}'],
)
def test_both_unwrap_the_first_member_of_a_wrapped_dictionary(data: bytes) -> None:
    assert load_tagged(data) == THEIRS.serializer.loads(data.decode())


@pytest.mark.parametrize("seconds", [253_402_300_800, 2**63, 2**64 - 1])
def test_a_signed_time_beyond_the_calendar_is_empty_for_us_and_500_for_them(seconds: int) -> None:
    stamp = urlsafe_b64encode(seconds.to_bytes(8, "big")).rstrip(b"=")
    serializer = THEIRS.get_signing_serializer(FLASK)
    assert serializer is not None
    signer: Any = serializer.make_signer()
    value = b"eyJhIjoxfQ." + stamp
    cookie = (value + b"." + signer.get_signature(value)).decode()
    assert OURS.open(cookie) == {}
    assert flask_answer(cookie) == 500


@pytest.mark.parametrize("age", [-1, 0, 31 * 86_400, 31 * 86_400 + 1])
def test_both_accept_a_session_of_the_same_age(age: int) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        cookie = Signer(KEYS, SALT).dumps(b'{"a":1}')
        clock.shift(age)
        assert dict(OURS.open(cookie)) == dict(open_with_flask(cookie))
