"""Sessions: a dictionary that the visitor's browser keeps for us, in a signed cookie.

Nothing is stored on the server, so any worker on any host can answer. The price: the visitor can read all of it, has
only four kilobytes of it, and can send an older one back. The surprise: only assignments to the session itself are
noticed. ``session["cart"].append(1)`` changes a list that happens to be in there, and is lost unless the view says
``session.modified = True``.

JSON has fewer types than Python, so a value of another type is wrapped in an object with one member, whose name is a
tag: ``{" t": [1, 2]}`` is the tuple ``(1, 2)``. A dictionary that looks like one by chance is wrapped itself.

Spec:     RFC 6265bis §4.1, RFC 9110 §12.5.5 (Vary), RFC 8259 (JSON)
Flask:    flask.sessions.SecureCookieSession, flask.sessions.SecureCookieSessionInterface,
          flask.json.tag.TaggedJSONSerializer
Differs:  A cookie that was signed with our key and yet holds no session (no JSON, a tag around the wrong thing, a time
          beyond every calendar, only a number) is an empty session. Flask answers with 500.
          ``Vary`` keeps the names of all its fields. Werkzeug keeps those of the first.
          ``SameSite`` is ``Lax`` unless told otherwise. Flask sends none.
          Values may be nested as deep as Python's stack allows, which is deeper than in Flask.
Left out: a session without a key, tags of one's own, ``partitioned``, ``session.new``, which is never true
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from markupsafe import Markup

from .cookies import dump_cookie
from .grammar import format_date, parse_date
from .headers import Headers
from .request import Request
from .response import Response
from .response import dumps as dump_json
from .signing import BadData, BadPayload, Signer

SALT: Final = "cookie-session"
LIFETIME: Final = timedelta(days=31)


class Session(dict[str, Any]):
    """A dictionary that knows whether it was changed, and whether anybody looked.

    ``modified``: a key was set or removed, so the cookie must be sent. ``accessed``: the answer depends on the cookie,
    so caches must be told; who hands the session out sets it.
    """

    modified = False
    accessed = False

    @property
    def permanent(self) -> bool:
        """Whether the cookie outlives the browser window; kept in the session itself, under ``_permanent``."""
        permanent: bool = self.get("_permanent", False)
        return permanent

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self.modified = True

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self.modified = True

    def __ior__(self, other: Any) -> "Session":  # type: ignore[override,misc]  # dict's overloads all give self
        super().__ior__(other)
        self.modified = True
        return self

    def clear(self) -> None:
        super().clear()
        self.modified = True

    def popitem(self) -> tuple[str, Any]:
        item = super().popitem()
        self.modified = True
        return item

    def update(self, *values: Any, **named: Any) -> None:
        super().update(*values, **named)
        self.modified = True

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str, *default: Any) -> Any:
        if key in self:
            self.modified = True
        return super().pop(key, *default)

    def __repr__(self) -> str:
        return f"<Session {super().__repr__()}>"


class SessionInterface:
    """Opens the session of a request and saves it to the response; made once for an application.

    ``secret_keys`` are in the order of their age: the last one signs, every one is accepted. ``lifetime`` is how long
    a signed session is accepted, and how long the browser keeps a permanent one. With ``refresh_each_request`` a
    permanent session's cookie is sent with every answer, so that it ends that long after the last visit.
    ``cookies_fit`` tells whether a ``Cookie`` field is to be read at all.
    """

    def __init__(
        self,
        secret_keys: Sequence[str],
        *,
        cookie_name: str = "session",
        lifetime: timedelta = LIFETIME,
        refresh_each_request: bool = True,
        path: str = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = True,
        samesite: str | None = "Lax",
        cookies_fit: Callable[[str], object] = bool,
    ) -> None:
        self.cookie_name = cookie_name
        self._signer = Signer(secret_keys, SALT)
        self._lifetime = lifetime
        self._max_age = int(lifetime.total_seconds())
        self._refresh_each_request = refresh_each_request
        self._cookies_fit = cookies_fit
        self._attributes: dict[str, Any] = {
            "path": path,
            "domain": domain,
            "secure": secure,
            "httponly": httponly,
            "samesite": samesite,
        }
        # Never changes; and making it here reports a bad setting at the start and not in a request.
        self._deletion = dump_cookie(cookie_name, max_age=0, expires=0, **self._attributes)

    def open_session(self, request: Request) -> Session:
        """The session of the visitor who sent ``request``."""
        field = request.environ.get("HTTP_COOKIE")
        if field is None or not self._cookies_fit(field):
            return Session()
        return self.open(request.cookies.get(self.cookie_name))

    def open(self, cookie_value: str | None) -> Session:
        """The session in the cookie; an empty one if there is no cookie or it is not one of ours."""
        if not cookie_value:
            return Session()
        try:
            return Session(load_tagged(self._signer.loads(cookie_value, self._max_age)))
        except (BadData, TypeError, ValueError):
            # The latter two: it is readable, and nothing that a dictionary can be made of.
            return Session()

    def save(self, session: Session, response: Response) -> None:
        """Send the cookie if the session was changed, delete it if it is empty now, and tell caches what it means.

        Raises TypeError for a value that neither JSON nor a tag can say.
        """
        headers = response.headers
        if session.accessed:
            _vary_on_cookie(headers)
        if session.modified:
            headers.add("Set-Cookie", self._cookie(session) if session else self._deletion)
        elif session and session.permanent and self._refresh_each_request:
            headers.add("Set-Cookie", self._cookie(session))
        else:
            return
        if not session.accessed:
            _vary_on_cookie(headers)

    def _cookie(self, session: Session) -> str:
        expires = datetime.now(UTC) + self._lifetime if session.permanent else None
        value = self._signer.dumps(dump_tagged(session).encode("ascii"))
        return dump_cookie(self.cookie_name, value, expires=expires, **self._attributes)


def _vary_on_cookie(headers: Headers) -> None:
    if "vary" not in headers.names:
        headers.add("Vary", "Cookie")
        return
    names = [name.strip() for field in headers.getlist("Vary") for name in field.split(",")]
    if "cookie" not in [name.lower() for name in names]:
        headers["Vary"] = ", ".join([*filter(None, names), "Cookie"])


def dump_tagged(value: object) -> str:
    """JSON with a tag around each value of a type that JSON lacks: tuple, bytes, Markup, UUID, datetime.

    What has no tag either (a date, a Decimal, a dataclass) becomes text or an object for good, as in any JSON of this
    application. Raises TypeError for the rest.

    >>> dump_tagged({"point": (1, 2)})
    '{"point":{" t":[1,2]}}'
    """
    return dump_json(_tag(value))


def load_tagged(data: bytes) -> Any:
    """The value that :func:`dump_tagged` wrote. Raises BadPayload when it cannot have been that function.

    >>> load_tagged(b'{"point":{" t":[1,2]}}')
    {'point': (1, 2)}
    """
    try:
        return _decoder.decode(data.decode())
    except Exception as error:
        # Whoever has the key may sign anything, and each wrong value under a tag has an error of its own:
        # AttributeError from UUID, TypeError from tuple, RecursionError from a deep list. All mean the same.
        raise BadPayload("The payload is not tagged JSON.") from error


_PLAIN: Final = frozenset({str, int, float, bool, type(None)})


def _tag(value: Any) -> object:
    # A subclass of str is not plain: Markup is one.
    if type(value) in _PLAIN:
        return value
    if isinstance(value, dict):
        return _tag_dict(value)
    if isinstance(value, tuple):
        return {" t": [_tag(item) for item in value]}
    if isinstance(value, list):
        return [_tag(item) for item in value]
    if isinstance(value, bytes):
        return {" b": b64encode(value).decode("ascii")}
    if callable(getattr(value, "__html__", None)):
        return {" m": str(value.__html__())}
    if isinstance(value, UUID):
        return {" u": value.hex}
    if isinstance(value, datetime):
        return {" d": format_date(value)}
    return value


def _tag_dict(members: dict[Any, Any]) -> object:
    tagged = {name: _tag(value) for name, value in members.items()}
    if len(tagged) == 1:
        [(name, value)] = tagged.items()
        if name in _RESTORE:
            return {" di": {f"{name}__": value}}
    return tagged


def _untag(members: dict[str, Any]) -> Any:
    if len(members) == 1:
        [(name, value)] = members.items()
        if name in _RESTORE:
            return _RESTORE[name](value)
    return members


def _restore_dict(members: dict[str, Any]) -> dict[str, Any]:
    name = next(iter(members))  # of several, which we never write, the first counts, as in Flask
    return {name[: -len("__")]: members[name]}


_RESTORE: Final[dict[str, Callable[[Any], Any]]] = {
    " di": _restore_dict,
    " t": tuple,
    " b": b64decode,
    " m": Markup,
    " u": UUID,
    " d": parse_date,
}

# Calls the function for each object, the innermost first, so no second walk over the values is needed.
_decoder = json.JSONDecoder(object_hook=_untag)
