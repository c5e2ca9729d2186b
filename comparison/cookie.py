"""Cookie: the session cookie taken apart. No key is needed for that, and that is the lesson.

The cookie is ``payload.timestamp.signature``, each in base64 of the URL-safe alphabet. A payload that begins with a
dot is compressed. Whoever holds the cookie can read the session; the signature only keeps him from changing it.

Spec: RFC 4648 §5; the layout is that of ``itsdangerous.URLSafeTimedSerializer``
"""

import binascii
import json
import zlib
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .exchange import Exchange

LARGEST = 4093
"""Bytes of name and value up to which every browser keeps a cookie (the smallest limit among them)."""


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The three parts, and what they say."""

    payload: str
    timestamp: str
    signature: str
    data: Any
    """The session as JSON; values that JSON has no type for are tagged, as in ``{" t": [...]}``."""
    signed_at: datetime
    compressed: bool

    @property
    def value(self) -> str:
        """The cookie as it is sent."""
        return f"{self.payload}.{self.timestamp}.{self.signature}"

    @property
    def size(self) -> int:
        """Bytes that count against the limit of browsers: name and value."""
        return len("session=") + len(self.value)

    @property
    def flashes(self) -> list[Any]:
        """The messages that wait for the next page, as (category, text) pairs."""
        queue = self.data.get("_flashes", []) if isinstance(self.data, dict) else []
        return [pair.get(" t", pair) if isinstance(pair, dict) else pair for pair in queue]


def session_cookie(answer: Exchange, name: str = "session") -> SessionCookie | None:
    """The session cookie that an answer sets, or None: it sets none, deletes it, or it is none."""
    for field_name, field_value in answer.headers:
        key, _, value = field_value.partition(";")[0].partition("=")
        if field_name.lower() == "set-cookie" and key == name:
            return take_apart(value)
    return None


def take_apart(value: str) -> SessionCookie | None:
    """Read the three parts; None for what is no such cookie. The signature is not checked."""
    payload, _, rest = value.rpartition(".")[0].rpartition(".")
    signature = value.rpartition(".")[2]
    try:
        seconds = int.from_bytes(_decode(rest))
        packed = _decode(payload.removeprefix("."))
        data = json.loads(zlib.decompress(packed) if payload.startswith(".") else packed)
        signed_at = datetime.fromtimestamp(seconds, UTC)
    except (binascii.Error, zlib.error, ValueError, OverflowError, OSError):
        return None
    return SessionCookie(payload, rest, signature, data, signed_at, payload.startswith("."))


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
