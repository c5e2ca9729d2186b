r"""Cookies: what the browser sends back (``Cookie``) and what we ask it to keep (``Set-Cookie``).

All cookies of a host come in one field, those of neighbouring applications among them, and one that cannot be read
must not cost the visitor the others: a bad pair is skipped, up to its semicolon, and nothing else. The surprise: the
two directions are two languages. What a browser sends back raw stays Latin-1, as WSGI hands it over; what we write
beyond ASCII goes out as octal escapes of its UTF-8 bytes, ``"caf\303\251"``, and only those are decoded again.

Spec:     RFC 6265bis §4.1.1, §4.2.1, §5.6; none for the escapes, which Python's ``http.cookies`` brought into use
Flask:    flask.Request.cookies, werkzeug.sansio.http.parse_cookie, werkzeug.http.dump_cookie
Differs:  A quote ends at its semicolon if it does not end before. Werkzeug reads on for the closing one, so that a
          cookie of ``"x`` takes those behind it for its value: a page that shows it shows them, the session's, too.
          Parsing takes linear time. Werkzeug's is quadratic in a run of spaces after ``=``.
          A name, a domain or a date that would end its place in the header early raises ValueError; Werkzeug writes
          such a header.
          The control characters 1A to 1F in a value are escaped as all others are. Werkzeug sends them raw.
Left out: ``partitioned``, ``sync_expires`` (a ``max_age`` always comes with a date)
"""

import re
import time
import warnings
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from .grammar import format_date

MAX_SIZE: Final = 4093
"""Bytes of a ``Set-Cookie`` value beyond which browsers may drop it: RFC 6265bis §5.6 lets them stop at 4096 for name
and value together, and 4093 is what the strictest known one took."""

# cookie-string = cookie-pair *( ";" SP cookie-pair ); cookie-pair = cookie-name "=" cookie-value    RFC 6265bis §4.2.1
# Lenient: white space around every part, a name alone, a value in quotes with white space and escapes inside. The last
# branch is a bad pair: it has no groups and ends at the next semicolon. Each repeat is possessive (``++``, ``*+``), so
# that no input makes the regex go back: linear time.
_PAIR = re.compile(
    r"""
    [ \t]*+ ([^ \t=";]++)
    (?: [ \t]*+ = [ \t]*+ ( "(?:[^\\";]|\\[^;\n])*+" | [^ \t";]*+ ) )?+
    [ \t]*+ (?: ; | \Z )
    | [^;]*+ ;?+
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(rb"\\([0-3][0-7]{2}|.)")

# cookie-octet = %x21 / %x23-2B / %x2D-3A / %x3C-5B / %x5D-7E                                        RFC 6265bis §4.1.1
# All visible ASCII but DQUOTE, comma, semicolon and backslash. A value of anything else goes out in quotes.
_COOKIE_OCTETS: Final = r"!#-+\--:<-\[\]-~"
_is_plain_value = re.compile(rf"[{_COOKIE_OCTETS}]*").fullmatch
_ESCAPES: Final = {
    octet: f"\\{octet:03o}"
    for octet in range(256)
    if not _is_plain_value(chr(octet)) and octet != 0x20
} | {ord('"'): r"\"", ord("\\"): r"\\"}

# cookie-name = token; lenient: separators that no parser splits at, and characters beyond ASCII, which go out as UTF-8.
_is_name = re.compile(r'[^\x00-\x20",;=\x7f]+').fullmatch
# path-value, domain-value and the date = *av-octet; av-octet = any CHAR except CTLs or ";"          RFC 6265bis §4.1.1
_is_attribute_value = re.compile(r"[^\x00-\x1f;\x7f]*").fullmatch

# The characters of a path that stand for themselves (https://url.spec.whatwg.org/#url-path-segment-string), and "%"
# because a path may be quoted already; without the semicolon, which ends the attribute.
_SAFE_IN_PATH: Final = "%!$&'()*+,/:=@"


def parse_cookie(header: str) -> list[tuple[str, str]]:
    r"""The cookies of a ``Cookie`` field as (name, value), in order, repeated names included.

    >>> parse_cookie(r'session=abc; ; =nameless; bad name=x; note="a\073 \"b\""; flag')
    [('session', 'abc'), ('note', 'a; "b"'), ('flag', '')]
    """
    return [
        (name, _unquote(value) if value.startswith('"') else value)
        for name, value in _PAIR.findall(header)
        if name
    ]


def _unquote(value: str) -> str:
    # In bytes, because one character of UTF-8 may be several escapes.
    return _ESCAPE.sub(_unescape, value[1:-1].encode()).decode(errors="replace")


def _unescape(found: re.Match[bytes]) -> bytes:
    escaped = found[1]
    return escaped if len(escaped) == 1 else bytes((int(escaped, 8),))


def dump_cookie(
    name: str,
    value: str = "",
    *,
    max_age: int | timedelta | None = None,
    expires: str | float | datetime | None = None,
    path: str | None = "/",
    domain: str | None = None,
    secure: bool = False,
    httponly: bool = False,
    samesite: str | None = None,
    max_size: int = MAX_SIZE,
) -> str:
    r"""The value of a ``Set-Cookie`` field.

    ``max_age`` is in seconds and sets ``expires`` too, for clients that know only that; ``expires`` is seconds since
    1970, a datetime (a naive one is in UTC) or the finished date. Without both, the cookie ends with the browser. A
    result longer than ``max_size`` characters is a UserWarning and is given all the same (0: never warn).

    Raises ValueError for a name that is no name, for control characters and semicolons in ``domain`` and ``expires``,
    and for an unknown ``samesite``.

    >>> dump_cookie("note", 'a;"b"', samesite="lax", httponly=True)
    'note="a\\073\\"b\\""; HttpOnly; Path=/; SameSite=Lax'
    """
    attributes = ""
    if domain is not None:
        host = domain.partition(":")[0].lstrip(".")
        attributes += f"; Domain={_checked(host.encode('idna').decode('ascii'))}"
    if isinstance(max_age, timedelta):
        max_age = int(max_age.total_seconds())
    if expires is None and max_age is not None:
        expires = time.time() + max_age
    if expires is not None:
        date = _checked(expires) if isinstance(expires, str) else format_date(expires)
        attributes += f"; Expires={date}"
    if max_age is not None:
        attributes += f"; Max-Age={max_age}"
    begin, flags = _begin_and_flags(name, secure, httponly, path, samesite)
    cookie = f"{begin}{_quote(value)}{attributes}{flags}"
    if 0 < max_size < len(cookie):
        warnings.warn(
            f"The cookie {name!r} takes {len(cookie)} bytes with its attributes. Browsers may drop,"
            f" without a word, what is longer than {max_size}.",
            stacklevel=2,
        )
    return cookie


def _quote(value: str) -> str:
    if _is_plain_value(value):
        return value
    return f'"{value.encode().decode("latin-1").translate(_ESCAPES)}"'


@lru_cache(maxsize=32)
def _begin_and_flags(
    name: str, secure: bool, httponly: bool, path: str | None, samesite: str | None
) -> tuple[str, str]:
    """What a program says in the same way whenever it sets a cookie: 0.1 µs, and not 1.0 (benchmarks: fast paths)."""
    if not _is_name(name):
        raise ValueError(f"{name!r} cannot name a cookie.")
    # Beyond ASCII a name goes out as UTF-8, which WSGI carries as if it were Latin-1.
    begin = f"{name.encode().decode('latin-1')}="
    flags = ""
    if secure:
        flags += "; Secure"
    if httponly:
        flags += "; HttpOnly"
    if path is not None:
        flags += f"; Path={quote(path, safe=_SAFE_IN_PATH)}"
    if samesite is not None:
        flags += f"; SameSite={_same_site(samesite)}"
    return begin, flags


def _checked(text: str) -> str:
    if not _is_attribute_value(text):
        raise ValueError(
            f"{text!r} would begin another attribute of the cookie, or another header."
        )
    return text


def _same_site(value: str) -> str:
    value = value.title()
    if value not in ("Strict", "Lax", "None"):
        raise ValueError(f"SameSite is 'Strict', 'Lax' or 'None', and not {value!r}.")
    return value
