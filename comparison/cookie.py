"""Cookie: the session cookie taken apart. No key is needed for that, and that is the lesson.

The cookie is ``payload.timestamp.signature``, each in base64 of the URL-safe alphabet. A payload that begins with a
dot is compressed. Whoever holds the cookie can read the session; the signature only keeps him from changing it, which
can be tried out here: flip a byte, or give one application the cookie of the other.

Spec: RFC 4648 §5; the layout is that of ``itsdangerous.URLSafeTimedSerializer``
"""

import binascii
import json
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask import Flask
from flask.json.tag import TaggedJSONSerializer

from wsgi_from_scratch.dispatch import Application as FromScratch
from wsgi_from_scratch.sessions import SALT
from wsgi_from_scratch.signing import BadData, Signer, inflate

from .exchange import LARGEST_COOKIE, Application, Exchange
from .pair import Pair, held_still

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The three parts, and what they say."""

    payload: str
    timestamp: str
    signature: str
    data: Any
    """The session, with the types that Flask's tags stand for."""
    signed_at: datetime
    compressed: bool
    key: str | None = None
    """Which key signed it: ``SECRET_KEY``, ``fallback 1``, and so on; None when it is none of those that are known."""
    name: str = "session"

    @property
    def verified(self) -> bool:
        """Whether a key that is known has signed it."""
        return self.key is not None

    @property
    def value(self) -> str:
        """The cookie as it is sent."""
        return f"{self.payload}.{self.timestamp}.{self.signature}"

    @property
    def size(self) -> int:
        """Bytes that count against ``LARGEST_COOKIE``: name and value."""
        return len(self.name) + len(self.value)

    @property
    def flashes(self) -> list[Any]:
        """The messages that wait for the next page, as (category, text) pairs; what is no pair stands alone."""
        queue = self.data.get("_flashes", []) if isinstance(self.data, dict) else []
        return [
            list(message) if isinstance(message, list | tuple) else [message]
            for message in (queue if isinstance(queue, list | tuple) else [queue])
        ]

    def as_data(self) -> dict[str, Any]:
        """The cookie as JSON has it."""
        return {
            "name": self.name,
            "payload": self.payload,
            "timestamp": self.timestamp,
            "signature": self.signature,
            "data": as_json(self.data),
            "signed_at": self.signed_at.isoformat(),
            "compressed": self.compressed,
            "verified": self.verified,
            "key": self.key,
            "bytes": self.size,
            "largest": LARGEST_COOKIE,
            "flashes": as_json(self.flashes),
        }


def session_cookie(
    answer: Exchange, name: str = "session", keys: Sequence[str] = ()
) -> SessionCookie | None:
    """The session cookie that an answer sets, or None: it sets none, deletes it, or it is none."""
    for field_name, field_value in answer.headers:
        key, _, value = field_value.partition(";")[0].partition("=")
        if field_name.lower() == "set-cookie" and key == name:
            return take_apart(value, keys, name)
    return None


def take_apart(value: str, keys: Sequence[str] = (), name: str = "session") -> SessionCookie | None:
    """Read the three parts; None for what is no such cookie.

    ``keys`` are tried in their order (``SECRET_KEY``, then the fallbacks); the data is shown whoever signed it.
    """
    payload, _, rest = value.rpartition(".")[0].rpartition(".")
    signature = value.rpartition(".")[2]
    try:
        seconds = int.from_bytes(_decode(rest))
        packed = _decode(payload.removeprefix("."))
        text = (inflate(packed) if payload.startswith(".") else packed).decode()
        data = _restored(text)
        signed_at = datetime.fromtimestamp(seconds, UTC)
    except (binascii.Error, zlib.error, ValueError, OverflowError, OSError, RecursionError):
        return None
    key = _key_of(value, keys)
    return SessionCookie(
        payload, rest, signature, data, signed_at, payload.startswith("."), key, name
    )


def _restored(text: str) -> Any:
    try:
        return TaggedJSONSerializer().loads(text)
    except Exception:  # a tag around the wrong thing: each has an error of its own
        return json.loads(text)


def _key_of(value: str, keys: Sequence[str]) -> str | None:
    """The name of the key that signed, never the key."""
    for number, key in enumerate(keys):
        try:
            Signer([key], SALT).unsign(value.encode("ascii", "replace"))
        except BadData:
            continue
        return f"fallback {number}" if number else "SECRET_KEY"
    return None


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def as_json(value: Any) -> Any:
    """A value with the types that JSON has; what it has no type for is shown as text."""
    if isinstance(value, Mapping):
        return {str(name): as_json(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(member) for member in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return str(value) if isinstance(value, str) else value
    return repr(value)


def flip_a_byte(cookie: str, position: int) -> str:
    """The cookie with one character changed, in its highest bit: the lowest of the last character stand for nothing.

    Raises ValueError when there is no such position.

    >>> flip_a_byte("eyJ", 0)
    '-yJ'
    """
    if not 0 <= position < len(cookie):
        raise ValueError(f"The cookie has {len(cookie)} characters, and none at {position}.")
    place = _ALPHABET.find(cookie[position])
    other = "A" if place < 0 else _ALPHABET[place ^ 32]
    return cookie[:position] + other + cookie[position + 1 :]


def accepted(pair: Pair, flask: str, scratch: str) -> tuple[bool, bool]:
    """Whether Flask takes its cookie for a session, and ours its own, at the moment at which every scenario is played.

    Raises TypeError for an application that is neither Flask's nor ours.
    """
    with held_still():
        return _accepts(pair.flask, flask), _accepts(pair.scratch, scratch)


def _accepts(application: Application, cookie: str) -> bool:
    session, taken = _opened(application, cookie), take_apart(cookie)
    return taken is not None and session == taken.data and bool(session)


def _opened(application: Application, cookie: str) -> dict[str, Any]:
    """The session that an application finds in a cookie: an empty one when it refuses."""
    if isinstance(application, FromScratch):
        return dict(application.sessions.open(cookie))
    if isinstance(application, Flask):
        name = application.config["SESSION_COOKIE_NAME"]
        request = application.request_class(
            {
                "REQUEST_METHOD": "GET",
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "80",
                "wsgi.url_scheme": "http",
                "HTTP_COOKIE": f"{name}={cookie}",
            }
        )
        return dict(application.session_interface.open_session(application, request) or {})
    raise TypeError("Only Flask and the one from scratch can be asked what they make of a cookie.")
