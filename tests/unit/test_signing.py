"""Signing, by itself."""

import hmac
import string
import tracemalloc
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from wsgi_from_scratch.signing import (
    MAX_INFLATED_SIZE,
    BadData,
    BadPayload,
    BadSignature,
    SignatureExpired,
    Signer,
    URLSafeTimedSerializer,
)

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
SIGNER = Signer(["a key"], salt="a salt")


def base64(octets: bytes) -> bytes:
    return urlsafe_b64encode(octets).rstrip(b"=")


@given(st.binary())
def test_what_is_signed_is_read_again(data: bytes) -> None:
    assert SIGNER.loads(SIGNER.dumps(data), max_age=60) == data
    assert SIGNER.unsign(SIGNER.sign(data), max_age=60) == data


@pytest.mark.parametrize("data", [b'{"name": "World"}', b"x" * 100])
def test_a_text_with_any_one_character_changed_is_refused(data: bytes) -> None:
    text = SIGNER.dumps(data)
    for place, character in enumerate(text):
        for other in string.printable:
            changed = f"{text[:place]}{other}{text[place + 1 :]}"
            if other != character:
                with pytest.raises(BadSignature):
                    SIGNER.loads(changed)


@pytest.mark.parametrize(
    "forge",
    [
        lambda payload, stamp, signature: "",
        lambda payload, stamp, signature: ".",
        lambda payload, stamp, signature: "..",
        lambda payload, stamp, signature: payload,
        lambda payload, stamp, signature: f"{payload}.{stamp}",
        lambda payload, stamp, signature: f"{payload}.{stamp}.",
        lambda payload, stamp, signature: f"{payload}.{stamp}.none",
        lambda payload, stamp, signature: f"{payload}.{signature}",
        lambda payload, stamp, signature: f".{payload}.{stamp}.{signature}",
        lambda payload, stamp, signature: f"{payload}.{stamp}.{signature[:-1]}",
        lambda payload, stamp, signature: f"{payload}.{stamp}.{signature[:10]}",
        lambda payload, stamp, signature: f"{payload}.{stamp}.{signature}=",
        lambda payload, stamp, signature: f"{payload}.{stamp}.{signature}A",
        lambda payload, stamp, signature: f"{payload}.{stamp}.!!!!{signature}",
        lambda payload, stamp, signature: f"{payload}.{stamp}.{signature}é",
        lambda payload, stamp, signature: f"{payload}..{stamp}.{signature}",
        lambda payload, stamp, signature: f"{payload}.{stamp}.{signature}.{signature}",
        lambda payload, stamp, signature: f"{payload}.{stamp.swapcase()}.{signature}",
        lambda payload, stamp, signature: f"{payload}\n.{stamp}.{signature}",
    ],
)
def test_a_text_that_was_put_together_is_refused(forge: Callable[[str, str, str], str]) -> None:
    payload, stamp, signature = SIGNER.dumps(b"data").split(".")
    with pytest.raises(BadSignature):
        SIGNER.loads(forge(payload, stamp, signature))


@pytest.mark.parametrize(("keys", "salt"), [(["another"], "a salt"), (["a key"], "another")])
def test_another_key_or_another_salt_is_refused(keys: list[str], salt: str) -> None:
    with pytest.raises(BadSignature):
        Signer(keys, salt).loads(SIGNER.dumps(b"data"))


def test_the_last_key_signs_and_every_key_is_accepted() -> None:
    both = Signer(["old", "new"], "salt")
    assert both.loads(Signer(["old"], "salt").dumps(b"data")) == b"data"
    assert Signer(["new"], "salt").loads(both.dumps(b"data")) == b"data"
    with pytest.raises(BadSignature):
        Signer(["old"], "salt").loads(both.dumps(b"data"))


@pytest.mark.parametrize("keys", [[], [""], ["a key", ""]])
def test_an_empty_key_is_refused_when_the_signer_is_made(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="A secret key is needed"):
        Signer(keys, "salt")


def test_one_text_is_not_taken_for_a_sequence_of_keys() -> None:
    with pytest.raises(TypeError, match="a key for each letter"):
        Signer("a key", "salt")


@pytest.mark.parametrize("age", [0, 1, 60])
def test_a_signature_is_accepted_until_it_is_too_old(age: int) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        text = SIGNER.dumps(b"data")
        clock.shift(age)
        assert SIGNER.loads(text, max_age=60) == b"data"


@pytest.mark.parametrize("age", [61, -1, -3600, 10**9, -(10**9)])
def test_a_signature_of_another_time_is_expired_and_tells_when_it_was_made(age: int) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        text = SIGNER.dumps(b"data")
        clock.shift(age)
        assert SIGNER.loads(text) == b"data"
        with pytest.raises(SignatureExpired) as refused:
            SIGNER.loads(text, max_age=60)
    assert refused.value.date_signed == NOW
    assert refused.value.payload == base64(b"data")


@pytest.mark.parametrize("seconds", [253_402_300_800, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_signed_time_beyond_every_calendar_is_expired_and_has_no_date(seconds: int) -> None:
    with pytest.raises(SignatureExpired) as refused:
        SIGNER.unsign(signed_at(base64(seconds.to_bytes(8, "big"))), max_age=60)
    assert refused.value.date_signed is None


@pytest.mark.parametrize("stamp", [b"A", base64(b"\1" * 9), base64(b"\1" * 100_000)])
@pytest.mark.parametrize("max_age", [60, None])
def test_a_signed_time_that_is_no_time_is_refused(stamp: bytes, max_age: int | None) -> None:
    with pytest.raises(BadSignature, match="The time of the signature"):
        SIGNER.unsign(signed_at(stamp), max_age)


def test_a_signature_without_a_time_is_refused() -> None:
    signature = hmac.digest(SIGNER._keys[0], b"payload", "sha1")
    with pytest.raises(BadSignature, match="without a time") as refused:
        SIGNER.unsign(b"payload." + base64(signature))
    assert refused.value.payload == b"payload"


def signed_at(stamp: bytes) -> bytes:
    signature = hmac.digest(SIGNER._keys[0], b"payload." + stamp, "sha1")
    return b"payload." + stamp + b"." + base64(signature)


@pytest.mark.parametrize(
    ("text", "payload"),
    [("a.b.c", b"a"), (".a.b.c", b".a"), ("a.b", None), ("a", None), ("", None), ("é.b.c", None)],
)
def test_a_wrong_signature_tells_the_payload_and_no_date(text: str, payload: bytes | None) -> None:
    with pytest.raises(BadSignature) as refused:
        SIGNER.loads(text)
    assert refused.value.payload == payload
    assert refused.value.date_signed is None


@pytest.mark.parametrize(
    "payload",
    [
        b"A",
        b"." + base64(b"no zlib"),
        b"." + base64(zlib.compress(b"data" * 100)[:-1]),
        b"." + base64(b"x\x9c"),
        b".",
    ],
)
def test_a_signed_payload_that_cannot_be_decoded_is_a_bad_payload(payload: bytes) -> None:
    with pytest.raises(BadPayload):
        SIGNER.loads(SIGNER.sign(payload).decode())


@pytest.mark.parametrize("size", [MAX_INFLATED_SIZE - 1, MAX_INFLATED_SIZE])
def test_a_payload_up_to_the_limit_is_inflated(size: int) -> None:
    assert len(SIGNER.loads(SIGNER.dumps(bytes(size)))) == size


def test_a_payload_beyond_the_limit_is_refused_without_inflating_all_of_it() -> None:
    text = SIGNER.dumps(bytes(10 * MAX_INFLATED_SIZE))
    tracemalloc.start()
    with pytest.raises(BadPayload):
        SIGNER.loads(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * MAX_INFLATED_SIZE
    with pytest.raises(BadPayload):
        SIGNER.loads(SIGNER.dumps(bytes(MAX_INFLATED_SIZE + 1)))


def test_nothing_is_inflated_before_the_signature_is_known_to_be_right() -> None:
    bomb = base64(zlib.compress(bytes(190 * 1024 * 1024), 1)).decode()
    tracemalloc.start()
    with pytest.raises(BadSignature):
        SIGNER.loads(f".{bomb}.{'A' * 6}.{'A' * 27}")
    assert tracemalloc.get_traced_memory()[1] < 20 * len(bomb)
    tracemalloc.stop()


def test_every_refusal_is_bad_data() -> None:
    assert issubclass(SignatureExpired, BadSignature)
    assert issubclass(BadSignature, BadData)
    assert issubclass(BadPayload, BadData)


@pytest.mark.parametrize(
    "value", ["cookie_value", "", "é", None, 1.5, [1, [2]], {"b": 1, "a": None}]
)
def test_whatever_json_can_say_is_signed_and_read_again(value: object) -> None:
    serializer = URLSafeTimedSerializer(["a key"], salt="a salt")
    assert serializer.loads(serializer.dumps(value), max_age=60) == value


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b"9" * 5_000])
def test_a_signed_text_that_is_no_json_is_a_bad_payload(data: bytes) -> None:
    with pytest.raises(BadPayload):
        URLSafeTimedSerializer(["a key"], salt="a salt").loads(SIGNER.dumps(data))
