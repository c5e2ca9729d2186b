"""Signing: text that a visitor carries around and cannot change.

The signature is an HMAC: only who has the key can make it. The payload is not secret, everybody can read it. What is
signed is ``payload.time.signature``, each part in URL-safe base64 without padding, the payload with a leading dot when
zlib made it shorter. The key is mixed with a salt, so that a text signed for one purpose is worthless for another.
The surprise: the order of the work. Before the signature is known to be right, nothing of the text is decoded, parsed
or inflated, because until then it may come from anybody.

    BadData
    ├── BadSignature          not signed by us: changed, cut off, another key, another salt
    │   └── SignatureExpired  signed by us, but too long ago, or in the future
    └── BadPayload            signed by us, and yet it cannot be read

Spec:     RFC 2104 (HMAC), RFC 4648 §5 (base64url), RFC 1950 (zlib)
Flask:    itsdangerous.Signer, itsdangerous.TimestampSigner, itsdangerous.URLSafeTimedSerializer,
          itsdangerous.BadData, itsdangerous.BadSignature, itsdangerous.SignatureExpired, itsdangerous.BadPayload
Differs:  A signature has one spelling. itsdangerous decodes it first, so that four last characters, ``+`` for ``-``,
          padding and, in fours, characters that are no base64 all count as the same signature.
          A time beyond the calendar is one in the future: expired. itsdangerous lets OverflowError or ValueError out.
          A payload that inflates to more than 4 MiB is refused. itsdangerous inflates all of it.
          The date of a wrong signature is not told: it would be the forger's word.
Left out: digests other than SHA-1, other ways to derive the key, signatures without time, reading without checking
"""

import hmac
import json
import time
import zlib
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

MAX_INFLATED_SIZE: Final = 4 * 1024 * 1024
"""Bytes that a payload may inflate to. zlib shrinks to 1/1032 at best, so the 4096 bytes that a browser keeps of a
cookie cannot hold more than 3.2 MB: what is longer was never a cookie."""

_DIGEST: Final = "sha1"  # as in Flask; what is broken of SHA-1, collisions, an HMAC does not rest on (RFC 6194 §3.3)


class BadData(Exception):
    """The text is not what :class:`Signer` gave."""


class BadSignature(BadData):
    """``payload`` is what stands in the signed payload's place, still encoded; None when there is no such place.

    ``date_signed`` is None unless the signature is right and its time is a date.
    """

    def __init__(
        self, message: str, payload: bytes | None = None, date_signed: datetime | None = None
    ) -> None:
        super().__init__(message)
        self.payload = payload
        self.date_signed = date_signed


class SignatureExpired(BadSignature):
    """The signature is right, and not of the time that the reader accepts."""


class BadPayload(BadData):
    """The signature is right; ``__cause__`` says what made the payload unreadable."""


class Signer:
    """Signs bytes together with the time, under keys derived once from ``secret_keys`` and ``salt``.

    ``secret_keys`` are in the order of their age: the last one signs, every one is accepted.

    >>> signer = Signer(["a key"], salt="greetings")
    >>> signer.loads(signer.dumps(b"hello"), max_age=60)
    b'hello'
    """

    __slots__ = ("_keys",)

    def __init__(self, secret_keys: Sequence[str], salt: str) -> None:
        if isinstance(secret_keys, str):
            raise TypeError(
                "secret_keys is a sequence of keys; one text would be a key for each letter."
            )
        if not secret_keys or not all(secret_keys):
            raise ValueError("A secret key is needed, and an empty one is no secret.")
        # Newest first.
        self._keys = [
            hmac.digest(key.encode(), salt.encode(), _DIGEST) for key in reversed(secret_keys)
        ]

    def sign(self, payload: bytes) -> bytes:
        """``payload.time.signature``."""
        seconds = int(time.time())
        value = payload + b"." + _base64(seconds.to_bytes(8, "big").lstrip(b"\0"))
        return value + b"." + _signature(self._keys[0], value)

    def unsign(self, signed: bytes, max_age: int | None = None) -> bytes:
        """The payload, if it was signed by us, not in the future and no more than ``max_age`` seconds ago.

        With None for ``max_age``, any time will do. Raises BadSignature, SignatureExpired.
        """
        value, _, signature = signed.rpartition(b".")
        payload, dot, encoded_time = value.rpartition(b".")
        for key in self._keys:
            if hmac.compare_digest(_signature(key, value), signature):
                break
        else:
            raise BadSignature("The signature is not ours.", payload if dot else None)
        if not dot:
            raise BadSignature("The signature is ours, but it is one without a time.", value)
        seconds = _seconds(payload, encoded_time)
        age = int(time.time()) - seconds
        if max_age is not None and not 0 <= age <= max_age:
            message = f"The signature is {age} seconds old; 0 to {max_age} are accepted."
            raise SignatureExpired(message, payload, _date(seconds))
        return payload

    def dumps(self, data: bytes) -> str:
        """``data``, compressed where that helps, and signed: safe in URLs and cookies."""
        compressed = zlib.compress(data)
        shorter = len(compressed) + len(".") < len(data)
        payload = b"." + _base64(compressed) if shorter else _base64(data)
        return self.sign(payload).decode("ascii")

    def loads(self, text: str, max_age: int | None = None) -> bytes:
        """What was given to :meth:`dumps`. Raises BadSignature, SignatureExpired, BadPayload."""
        try:
            signed = text.encode("ascii")
        except UnicodeEncodeError as error:
            raise BadSignature("Signed text is ASCII.") from error
        payload = self.unsign(signed, max_age)
        try:
            if payload.startswith(b"."):
                return inflate(_unbase64(payload[1:]))
            return _unbase64(payload)
        except (ValueError, zlib.error) as error:
            raise BadPayload("The payload cannot be decoded.") from error


class URLSafeTimedSerializer:
    """Signs whatever JSON can say: a cookie of the application's own, a link in a mail.

    >>> serializer = URLSafeTimedSerializer(["a key"], salt="greetings")
    >>> serializer.loads(serializer.dumps({"name": "World"}), max_age=60)
    {'name': 'World'}
    """

    __slots__ = ("_signer",)

    def __init__(self, secret_keys: Sequence[str], salt: str) -> None:
        self._signer = Signer(secret_keys, salt)

    def dumps(self, value: object) -> str:
        """Signed text. Raises TypeError for what JSON cannot say."""
        return self._signer.dumps(
            json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        )

    def loads(self, text: str, max_age: int | None = None) -> Any:
        """The value, not older than ``max_age`` seconds. Raises BadSignature, SignatureExpired, BadPayload."""
        data = self._signer.loads(text, max_age)
        try:
            return json.loads(data.decode())
        except (ValueError, RecursionError) as error:
            raise BadPayload("The payload is not JSON.") from error


def _signature(key: bytes, value: bytes) -> bytes:
    return _base64(hmac.digest(key, value, _DIGEST))


def _seconds(payload: bytes, encoded_time: bytes) -> int:
    try:
        octets = _unbase64(encoded_time)
    except ValueError as error:
        raise BadSignature("The time of the signature cannot be read.", payload) from error
    if len(octets) > 8:
        raise BadSignature("The time of the signature has more than 64 bits.", payload)
    return int.from_bytes(octets, "big")


def _date(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # OSError: Windows
        return None


def inflate(compressed: bytes) -> bytes:
    """What zlib has compressed. Raises zlib.error beyond MAX_INFLATED_SIZE, and when it does not end."""
    inflater = zlib.decompressobj()
    # One byte more than allowed tells a payload that is just long enough from one that goes on.
    data = inflater.decompress(compressed, MAX_INFLATED_SIZE + 1)
    if len(data) > MAX_INFLATED_SIZE or not inflater.eof:
        raise zlib.error("cut off, or too long when inflated")
    return data


# "The 'URL and Filename safe' Base 64 Alphabet"                                                      RFC 4648 §5
_TO_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def _base64(octets: bytes) -> bytes:
    return b2a_base64(octets, newline=False).translate(_TO_URL_SAFE).rstrip(b"=")


def _unbase64(text: bytes) -> bytes:
    return a2b_base64(text.translate(_FROM_URL_SAFE) + b"=" * (-len(text) % 4))
