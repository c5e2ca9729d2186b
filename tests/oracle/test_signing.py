"""Signing, beside itsdangerous."""

import json
import random
import string
import time
import zlib
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

import itsdangerous
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
DERIVATION: dict[str, Any] = {"key_derivation": "hmac", "digest_method": sha1}

KEYS = st.lists(st.text(min_size=1), min_size=1, max_size=3)
SALTS = st.text()
TIMES = st.one_of(st.integers(0, 2**32), st.sampled_from([0, 1, 255, 256, 253_402_300_799]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
)


def their_signer(keys: list[str], salt: str) -> itsdangerous.TimestampSigner:
    return itsdangerous.TimestampSigner(keys, salt=salt.encode(), **DERIVATION)


def their_serializer(keys: list[str], salt: str) -> itsdangerous.URLSafeTimedSerializer:
    return itsdangerous.URLSafeTimedSerializer(keys, salt=salt.encode(), signer_kwargs=DERIVATION)


@given(KEYS, SALTS, st.binary(), TIMES)
def test_signed_bytes_are_equal_and_each_reads_the_others(
    keys: list[str], salt: str, payload: bytes, seconds: int
) -> None:
    ours, theirs = Signer(keys, salt), their_signer(keys, salt)
    with time_machine.travel(seconds, tick=False):
        assert ours.sign(payload) == theirs.sign(payload)
        assert ours.unsign(theirs.sign(payload), max_age=0) == payload
        assert theirs.unsign(ours.sign(payload), max_age=0) == payload


@given(KEYS, SALTS, JSON)
def test_serialized_texts_are_equal_and_each_reads_the_others(
    keys: list[str], salt: str, value: object
) -> None:
    ours, theirs = URLSafeTimedSerializer(keys, salt), their_serializer(keys, salt)
    with time_machine.travel(NOW, tick=False):
        text = ours.dumps(value)
        assert text == theirs.dumps(value)
        assert ours.loads(text, max_age=0) == theirs.loads(text, max_age=0) == value


@pytest.mark.parametrize("length", range(40))
@pytest.mark.parametrize("letters", ["a", "ab", string.printable])
def test_both_compress_the_same_texts(length: int, letters: str) -> None:
    value = (letters * length)[:length]
    with time_machine.travel(NOW, tick=False):
        assert URLSafeTimedSerializer(["k"], "s").dumps(value) == their_serializer(
            ["k"], "s"
        ).dumps(value)


@pytest.mark.parametrize("age", [-(10**9), -3600, -1, 0, 1, 59, 60, 61, 10**9])
def test_both_accept_the_same_ages(age: int) -> None:
    keys, salt = ["key"], "salt"
    with time_machine.travel(NOW, tick=False) as clock:
        text = URLSafeTimedSerializer(keys, salt).dumps("value")
        clock.shift(age)
        answers: list[Any] = []
        for loads, expired in (
            (URLSafeTimedSerializer(keys, salt).loads, SignatureExpired),
            (their_serializer(keys, salt).loads, itsdangerous.SignatureExpired),
        ):
            try:
                answers.append(loads(text, max_age=60))
            except expired as error:
                answers.append((error.payload, error.date_signed))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("signing", [["a"], ["b"], ["c"], ["a", "b"], ["b", "a"], ["c", "a"]])
@pytest.mark.parametrize("reading", [["a"], ["a", "b"], ["b", "a"], ["c", "b", "a"]])
def test_both_accept_the_same_keys(signing: list[str], reading: list[str]) -> None:
    text = their_serializer(signing, "salt").dumps("value")
    assert is_accepted_by_us(reading, text) == is_accepted_by_them(reading, text)
    assert is_accepted_by_us(reading, text) == (signing[-1] in reading)


@pytest.mark.parametrize(
    "settings_of_theirs",
    [
        {"key_derivation": "django-concat"},
        {"key_derivation": "concat"},
        {"key_derivation": "none"},
        {"key_derivation": "hmac", "algorithm": itsdangerous.NoneAlgorithm()},
    ],
    ids=["django-concat", "concat", "none", "no signature"],
)
def test_a_text_signed_in_another_way_is_refused(settings_of_theirs: dict[str, Any]) -> None:
    other = itsdangerous.URLSafeTimedSerializer(
        "key", salt="salt", signer_kwargs=settings_of_theirs
    )
    with pytest.raises(BadSignature):
        URLSafeTimedSerializer(["key"], "salt").loads(other.dumps("value"))


def is_accepted_by_us(keys: list[str], text: str) -> bool:
    try:
        URLSafeTimedSerializer(keys, "salt").loads(text, max_age=60)
    except BadData:
        return False
    return True


def is_accepted_by_them(keys: list[str], text: str) -> bool:
    try:
        their_serializer(keys, "salt").loads(text, max_age=60)
    except itsdangerous.BadData:
        return False
    return True


@pytest.mark.parametrize("value", ["cookie_value", "x" * 100])
def test_one_changed_character_is_refused_by_us_and_by_them_unless_they_read_the_same_signature(
    value: str,
) -> None:
    text = their_serializer(["key"], "salt").dumps(value)
    signature = text.rpartition(".")[2]
    for place, character in enumerate(text):
        for other in string.digits + string.ascii_letters + "-_+/=.!é":
            if other == character:
                continue
            changed = f"{text[:place]}{other}{text[place + 1 :]}"
            same_octets = text[: -len(signature)] == changed[: -len(signature)] and (
                is_same_base64(signature, changed[-len(signature) :])
            )
            assert not is_accepted_by_us(["key"], changed), changed
            assert is_accepted_by_them(["key"], changed) == same_octets, changed


def is_same_base64(text: str, other: str) -> bool:
    try:
        return itsdangerous.encoding.base64_decode(other.encode()) == (
            itsdangerous.encoding.base64_decode(text)
        )
    except itsdangerous.BadData:
        return False


@pytest.mark.parametrize("respell", ["{}=", "{}==", "!!!!{}", "{}é"])
def test_they_accept_other_spellings_of_a_signature_and_we_do_not(respell: str) -> None:
    value, _, signature = their_serializer(["key"], "salt").dumps("value").rpartition(".")
    respelled = f"{value}.{respell.format(signature)}"
    assert is_accepted_by_them(["key"], respelled)
    assert not is_accepted_by_us(["key"], respelled)


@pytest.mark.parametrize("seconds", [253_402_300_800, 2**63, 2**64 - 1])
def test_an_absurd_time_is_an_error_of_theirs_and_expired_for_us(seconds: int) -> None:
    theirs = their_serializer(["key"], "salt")
    signer = their_signer(["key"], "salt")
    signer.get_timestamp = lambda: seconds  # type: ignore[method-assign]  # their own seam
    text = signer.sign(theirs.dump_payload("value")).decode()
    for max_age in (60, None):
        with pytest.raises((ValueError, OverflowError)):
            theirs.loads(text, max_age=max_age)
    with pytest.raises(SignatureExpired):
        URLSafeTimedSerializer(["key"], "salt").loads(text, max_age=60)


def test_they_inflate_what_is_too_long_for_us() -> None:
    text = their_serializer(["key"], "salt").dumps("x" * MAX_INFLATED_SIZE)
    assert len(their_serializer(["key"], "salt").loads(text)) == MAX_INFLATED_SIZE
    with pytest.raises(BadPayload):
        URLSafeTimedSerializer(["key"], "salt").loads(text)


@given(
    st.one_of(
        st.binary(),
        st.binary().map(itsdangerous.encoding.base64_encode),
        st.binary().map(zlib.compress).map(itsdangerous.encoding.base64_encode).map(b".".__add__),
        JSON.map(json.dumps).map(itsdangerous.encoding.base64_encode),
    )
)
def test_both_read_the_same_of_any_signed_payload(payload: bytes) -> None:
    text = their_signer(["key"], "salt").sign(payload).decode("latin-1")
    answers: list[Any] = []
    for loads, bad_data in (
        (URLSafeTimedSerializer(["key"], "salt").loads, BadData),
        (their_serializer(["key"], "salt").loads, itsdangerous.BadData),
    ):
        try:
            answers.append(loads(text))
        except bad_data:
            answers.append(bad_data.__name__)
    if text.isascii():
        assert repr(answers[0]) == repr(answers[1])
    else:
        assert answers[0] == "BadData"


@given(st.text(alphabet=string.ascii_letters + ".-_=é"))
def test_a_wrong_signature_carries_the_same_payload(text: str) -> None:
    with pytest.raises(BadSignature) as ours:
        Signer(["key"], "salt").loads(text)
    with pytest.raises(itsdangerous.BadSignature) as theirs:
        their_signer(["key"], "salt").unsign(text)
    if text.isascii() and text.count(".") > 1:
        assert ours.value.payload == theirs.value.payload
    assert ours.value.date_signed is None


def test_the_date_of_a_wrong_signature_is_told_by_them_only() -> None:
    payload, stamp, _ = their_serializer(["key"], "salt").dumps("value").split(".")
    with pytest.raises(itsdangerous.BadTimeSignature) as theirs:
        their_serializer(["key"], "salt").loads(f"{payload}.{stamp}.forged")
    with pytest.raises(BadSignature) as ours:
        URLSafeTimedSerializer(["key"], "salt").loads(f"{payload}.{stamp}.forged")
    assert theirs.value.date_signed is not None
    assert abs(theirs.value.date_signed.timestamp() - time.time()) < 60
    assert ours.value.date_signed is None


def test_errors_have_the_same_tree() -> None:
    for ours in (BadData, BadSignature, SignatureExpired, BadPayload):
        theirs = getattr(itsdangerous, ours.__name__)
        for other in (BadData, BadSignature, SignatureExpired, BadPayload):
            assert issubclass(ours, other) == issubclass(
                theirs, getattr(itsdangerous, other.__name__)
            )


@pytest.mark.parametrize(
    "alphabet", ["a", "ab", "abcdefgh", '{"name": "Kumar", " t": ["message"]}']
)
def test_what_is_worth_compressing_is_decided_the_same_at_every_short_length(alphabet: str) -> None:
    chosen = random.Random(alphabet)
    ours, theirs = Signer(["key"], "salt"), itsdangerous.URLSafeSerializer("key")
    for length in range(200):
        text = "".join(chosen.choices(alphabet, k=length))
        payload = theirs.dump_payload(text).decode()
        signed = ours.dumps(json.dumps(text).encode())
        assert signed.rpartition(".")[0].rpartition(".")[0] == payload
