"""Checks of what makes an application: the router, signatures, sessions, and whole requests."""

import json
import random
import re
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

import itsdangerous
import time_machine
from werkzeug.routing import MapAdapter

from comparison.differences import known_difference
from comparison.exchange import exchange
from comparison.pair import Pair, held_still, make_pair
from comparison.study import differs, pair_lines
from comparison.wire import MalformedRequest, Request, parse_request
from tests.oracle import test_router as router_oracle
from tests.oracle import test_sessions as session_oracle
from tests.oracle.test_signing import their_serializer, their_signer
from wsgi_from_scratch.router import Router
from wsgi_from_scratch.sessions import SALT, Session, dump_tagged, load_tagged
from wsgi_from_scratch.signing import (
    MAX_INFLATED_SIZE,
    BadData,
    BadPayload,
    Signer,
    URLSafeTimedSerializer,
)

from .finding import answer, holds, same

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
_METHODS = ("GET", "GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE", "get", "--")


def check_router(data: bytes) -> None:
    """A byte for the rules, a byte for the method, and the path."""
    adapter, router = _rules(data[0] if data else 0)
    method = _METHODS[data[1] % len(_METHODS)] if data[1:] else "GET"
    path = data[2:].decode(errors="replace")
    for websocket in (False, True):
        ours = router_oracle.actual(router, path, method, websocket)
        theirs = router_oracle.expected(adapter, path, method, websocket)
        if ours != theirs:
            asked = [rule.rule for rule in adapter.map.iter_rules()], method, path, websocket
            same("match", (*asked, ours), (*asked, theirs))
    allowed = sorted(adapter.allowed_methods(path))
    same("allowed_methods", sorted(router.allowed_methods(path)), allowed)


@cache
def _rules(number: int) -> tuple[MapAdapter, Router]:
    """The rules of the oracle's tables for 0, and for any other number some that are made up, always the same."""
    if number == 0:
        return router_oracle.both(router_oracle.TUTORIAL + router_oracle.SEVERAL)
    chance = random.Random(number)
    names = (f"v{number}" for number in range(99))
    rules: router_oracle.Rules = []
    for _ in range(chance.randint(1, 6)):
        segments = chance.choices(router_oracle.SEGMENTS, k=chance.randint(0, 3))
        text = f"/{'/'.join(segments)}{chance.choice(('', '/'))}"
        text = re.sub(r"\{\}", lambda _: next(names), text)
        rules.append((text, chance.choice(router_oracle.METHODS)))
    return router_oracle.both(rules)


_BAD_DATA = (BadData, itsdangerous.BadData)
_OUR_NAMES = {"BadTimeSignature": "BadSignature"}


def check_signing(data: bytes) -> None:
    """A text as it comes from a visitor; and the same text as ``payload.time``, under a right signature."""
    text = data.decode("latin-1")
    ours, theirs = (
        URLSafeTimedSerializer(["old", "key"], "salt"),
        their_serializer(["old", "key"], "salt"),
    )
    signer: Any = their_signer(["old", "key"], "salt")
    with time_machine.travel(NOW, tick=False):
        _check_read(ours, theirs, text)
        if data.isascii():
            signed = b".".join((data, signer.get_signature(data)))
            _check_read(ours, theirs, signed.decode())
        value = data.decode(errors="replace")
        same("dumps", ours.dumps(value), theirs.dumps(value))
        same("loads of dumps", ours.loads(ours.dumps(value), 0), value)
        payload = Signer(["key"], "salt").sign(data)
        same("sign", payload, their_signer(["key"], "salt").sign(data))
        same("unsign of sign", Signer(["key"], "salt").unsign(payload, 0), data)


def _check_read(ours: URLSafeTimedSerializer, theirs: Any, text: str) -> None:
    for max_age in (None, 3600):
        found = answer(ours.loads, text, max_age, refusals=_BAD_DATA)
        if not text.isascii():
            same("loads", found, "BadSignature")
            continue
        try:
            expected = answer(theirs.loads, text, max_age=max_age, refusals=_BAD_DATA)
        except (OverflowError, ValueError, OSError):
            holds(
                "a time beyond the calendar", max_age is None or found == "SignatureExpired", found
            )
            continue
        if isinstance(expected, str | list | dict) and len(repr(expected)) > MAX_INFLATED_SIZE:
            continue
        expected = _OUR_NAMES.get(str(expected), expected)
        same(f"loads with {max_age} for max_age", found, expected)


def check_sessions(data: bytes) -> None:
    """The JSON inside of a session's cookie, signed with the right key; and the value of the cookie itself."""
    with session_oracle.FLASK.app_context(), time_machine.travel(NOW, tick=False):
        # Of two members with one name Flask never looks at the first; for ours the whole cannot be read where one of
        # them cannot.
        _check_open(Signer(session_oracle.KEYS, SALT).dumps(data), _has_twins(data))
        _check_open(data.decode("latin-1"))
        value = answer(load_tagged, data, refusals=(BadPayload,))
        if value != "BadPayload":
            _check_tagged(data, value)


def _has_twins(data: bytes) -> bool:
    """Whether an object has two members of one name."""
    twins = []

    def note(pairs: list[tuple[str, object]]) -> None:
        twins.append(len({name for name, _ in pairs}) < len(pairs))

    with suppress(ValueError, RecursionError):
        json.loads(data, object_pairs_hook=note)
    return any(twins)


def _check_open(cookie: str, may_be_odd: bool = False) -> None:
    ours = session_oracle.OURS.open(cookie)
    holds("a session is a dictionary", type(ours) is Session, ours)
    try:
        theirs: object = dict(session_oracle.open_with_flask(cookie))
    except Exception as error:  # Flask has one for each kind of nonsense, and answers with 500
        if isinstance(getattr(error, "original_error", None), OverflowError):
            return  # an hour beyond a C integer makes no date, and that is no error: see grammar
        same("open", dict(ours), {})
        return
    if ours or not may_be_odd:
        same("open", repr(dict(ours)), repr(theirs))


def _check_tagged(data: bytes, value: object) -> None:
    theirs = answer(
        session_oracle.THEIRS.serializer.loads, data.decode(), refusals=(OverflowError,)
    )
    if theirs != "OverflowError":  # as above
        same("load_tagged", repr(value), repr(theirs))
    refusals = (TypeError, ValueError, OverflowError, RecursionError)
    text = answer(dump_tagged, value, refusals=refusals)
    same(
        "dump_tagged",
        text,
        answer(session_oracle.THEIRS.serializer.dumps, value, refusals=refusals),
    )


@cache
def pair() -> Pair:
    """Both applications, made when they are first needed."""
    return make_pair()


LENGTH = b"Content-Length: *"
"""Stands in a request for the field with the length of whatever body there is."""


def check_requests(data: bytes) -> None:
    """One request as it is on the wire; with a line before it that begins with a slash, mounted there."""
    mounted_at = ""
    if data.startswith(b"/"):
        line, _, data = data.partition(b"\n")
        mounted_at = line.decode("latin-1")
    end = re.search(rb"\r?\n\r?\n", data)
    if end:
        head = data[: end.start()].replace(LENGTH, b"Content-Length: %d" % (len(data) - end.end()))
        data = head + data[end.start() :]
    try:
        request = parse_request(data)
    except MalformedRequest:
        return
    if not request.target.partition("?")[0].startswith(mounted_at):
        return
    _check_request(request, mounted_at)


def _check_request(request: Request, mounted_at: str) -> None:
    both = pair()
    with held_still():
        flask = exchange(both.flask, request, mounted_at)
    with held_still():
        scratch = exchange(both.scratch, request, mounted_at)
    if known_difference(request) is None:
        if differs(flask, scratch):
            lines = [line for line in pair_lines(flask, scratch) if not line.same]
            same("answer", [line.scratch for line in lines], [line.flask for line in lines])
        same("body", scratch.body, flask.body)
    holds("no 5xx", scratch.status[:1] in ("2", "3", "4"), scratch.status)
    same("protocol", (scratch.faults, scratch.failure), ((), ""))
