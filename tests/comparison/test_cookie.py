"""The session cookie is taken apart without its key."""

import zlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import pytest

from comparison.cookie import take_apart


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
    assert cookie.size == len("session=") + len(cookie.value)
    assert not cookie.compressed


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
