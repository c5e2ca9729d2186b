"""The session cookie is taken apart without its key."""

import contextlib
import zlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import pytest

from comparison.cookie import accepted, flip_a_byte, take_apart
from comparison.pair import Pair, held_still, make_pair
from comparison.scenarios import SECRET_KEY
from wsgi_from_scratch.sessions import SALT
from wsgi_from_scratch.signing import MAX_INFLATED_SIZE, BadPayload, Signer


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


STAMP = encode((1_767_323_045).to_bytes(4))


def test_the_three_parts_are_read() -> None:
    payload = encode(b'{"_flashes":[{" t":["message","Hello"]}],"name":"Kumar"}')
    cookie = take_apart(f"{payload}.{STAMP}.signature")
    assert cookie is not None
    assert cookie.data["name"] == "Kumar"
    assert cookie.flashes == [["message", "Hello"]]
    assert cookie.signed_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (cookie.payload, cookie.timestamp, cookie.signature) == (payload, STAMP, "signature")
    assert cookie.value == f"{payload}.{STAMP}.signature"
    assert cookie.size == len("session") + len(cookie.value)
    assert not cookie.compressed


@pytest.mark.parametrize(
    ("queue", "flashes"),
    [
        ("5", [[5]]),
        ("null", [[None]]),
        ('"Hello"', [["Hello"]]),
        ("[1,2]", [[1], [2]]),
        ('["Hello"]', [["Hello"]]),
        ('[["message","Hello"]]', [["message", "Hello"]]),
    ],
)
def test_a_queue_of_messages_that_is_none_is_shown_as_it_is(
    queue: str, flashes: list[list[object]]
) -> None:
    payload = encode(b'{"_flashes":%b}' % queue.encode())
    cookie = take_apart(f"{payload}.{STAMP}.signature")
    assert cookie is not None
    assert cookie.flashes == cookie.as_data()["flashes"] == flashes


def test_a_compressed_payload_is_unpacked() -> None:
    cookie = take_apart(f".{encode(zlib.compress(b'[1,2]'))}.{STAMP}.signature")
    assert cookie is not None
    assert cookie.data == [1, 2]
    assert cookie.flashes == []
    assert cookie.compressed


@pytest.mark.parametrize(
    "value",
    ["", ".", "..", "a.b", "!.!.!", f"eyJ.{STAMP}.s", f".eyJ.{STAMP}.s", f"e30.{'_' * 40}.s"],
)
def test_what_is_no_session_cookie_is_none(value: str) -> None:
    assert take_apart(value) is None


@pytest.fixture(scope="module")
def pair() -> Pair:
    return make_pair()


def signed(payload: bytes, key: str = SECRET_KEY) -> str:
    with held_still():
        return Signer([key], SALT).dumps(payload)


def test_the_values_that_tags_stand_for_are_restored() -> None:
    cookie = take_apart(signed(b'{"t":{" t":[1,2]},"b":{" b":"AA=="}}'))
    assert cookie is not None
    assert cookie.data == {"t": (1, 2), "b": b"\0"}
    assert cookie.as_data()["data"] == {"t": [1, 2], "b": r"b'\x00'"}


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        (["right"], "SECRET_KEY"),
        (["wrong", "right"], "fallback 1"),
        (["wrong", "older", "right"], "fallback 2"),
        (["wrong"], None),
        ([], None),
    ],
)
def test_a_cookie_says_which_key_has_signed_it_and_never_the_key(
    keys: list[str], name: str | None
) -> None:
    cookie = take_apart(signed(b'{"a":1}', "right"), keys)
    assert cookie is not None
    assert (cookie.key, cookie.verified) == (name, name is not None)
    assert "right" not in repr(cookie)
    assert "right" not in str(cookie.as_data())


@pytest.mark.parametrize("excess", [0, 1])
def test_a_payload_is_inflated_as_far_as_by_those_who_sign(excess: int) -> None:
    text = signed(b'"%b"' % (b"x" * (MAX_INFLATED_SIZE - len('""') + excess)))
    assert (take_apart(text) is None) == bool(excess)
    with pytest.raises(BadPayload) if excess else contextlib.nullcontext():
        Signer([SECRET_KEY], SALT).loads(text)


def test_both_accept_what_either_has_signed(pair: Pair) -> None:
    cookie = signed(b'{"name":"Kumar"}')
    assert accepted(pair, cookie, cookie) == (True, True)


def test_each_is_given_its_own_cookie(pair: Pair) -> None:
    right, wrong = signed(b'{"a":1}'), signed(b'{"a":1}', "another key")
    assert accepted(pair, right, wrong) == (True, False)
    assert accepted(pair, wrong, right) == (False, True)


def test_an_empty_session_is_none(pair: Pair) -> None:
    assert accepted(pair, signed(b"{}"), signed(b"{}")) == (False, False)


def test_whichever_byte_is_flipped_both_refuse(pair: Pair) -> None:
    cookie = signed(b'{"name":"Kumar"}')
    for position in range(len(cookie)):
        flipped = flip_a_byte(cookie, position)
        assert flipped != cookie
        assert accepted(pair, flipped, flipped) == (False, False)


@pytest.mark.parametrize("position", [-1, 3])
def test_a_byte_that_is_not_there_cannot_be_flipped(position: int) -> None:
    with pytest.raises(ValueError, match="has 3 characters"):
        flip_a_byte("abc", position)


def test_only_these_two_applications_can_be_asked() -> None:
    def other(environ: object, start_response: object) -> list[bytes]:
        return []

    with pytest.raises(TypeError, match="can be asked"):
        accepted(Pair(other, other, other, other), signed(b"{}"), signed(b"{}"))
