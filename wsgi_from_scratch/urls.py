"""URLs: percent-coding, query strings, and what may stand in a ``Location``.

A URL is ASCII; everything else travels as UTF-8 bytes, each written ``%XX``. The surprise: not every ``%XX`` run is
UTF-8. A strict decoder would answer 400 to a harmless old link, a lenient one would lose bytes, so what cannot be
decoded keeps its percent signs.

Spec:     RFC 3986 §2.1, §2.3, §3.3; WHATWG URL §5.1, §5.2
Flask:    urllib.parse.parse_qsl, urllib.parse.quote, urllib.parse.urlencode, werkzeug.urls.iri_to_uri
Differs:  nothing
Left out: charsets other than UTF-8; bytes as values of a query; ``;`` between pairs (two parsers that disagree on
          it poison caches)
"""

import codecs
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit, urlunsplit

# unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"
_UNRESERVED = r"A-Za-z0-9._~\-"

# pct-encoded = "%" HEXDIG HEXDIG
_PERCENT_CODED = re.compile(rb"%([0-9A-Fa-f]{2})")


def _quoter(safe: str) -> Callable[[str], str]:
    """A function that percent-codes all but the unreserved characters and those in ``safe``."""
    unsafe = re.compile(f"[^{_UNRESERVED}{re.escape(safe)}]+")

    def encode(run: re.Match[str]) -> str:
        return "".join(f"%{byte:02X}" for byte in run[0].encode())

    def quote(text: str) -> str:
        return unsafe.sub(encode, text)

    return quote


# What each place of a URL allows as it is: RFC 3986 §3.3 (pchar), §3.4, §3.5. With "%" in the list, what is
# percent-coded already stays as it is.
quote_path = _quoter("!$&'()*+,/:;=@")
requote_path = _quoter("%!$&'()*+,/:;=@")
requote_query = _quoter("%!$&'()*+,/:;=?@")
requote_fragment = _quoter("%!#$&'()*+,/:;=?@")
_requote_user = _quoter("%!$&'()*+,;=")
_quote_form_text = _quoter("!$'()*,/:;?@ ")

# An origin-form without query or fragment that iri_to_uri would give back unchanged.
_PLAIN_PATH = re.compile(r"/(?!/)[A-Za-z0-9._~%!$&'()*+,/:;=@-]*", re.ASCII)


def unquote(text: str) -> str:
    """Decode each ``%XX`` and read the result as UTF-8; what is no UTF-8 stays percent-coded.

    >>> unquote("%C3%A9%20%FF%zz")
    'é %FF%zz'
    """
    if "%" not in text:
        return text
    data = _PERCENT_CODED.sub(_byte, text.encode())
    return data.decode(errors="wsgi_from_scratch.percent")


def _byte(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),))


def _keep_percent_coded(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(f"%{byte:02X}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("wsgi_from_scratch.percent", _keep_percent_coded)


def parse_query(text: str) -> list[tuple[str, str]]:
    """The pairs of a query string or of an ``application/x-www-form-urlencoded`` body, blank values too.

    >>> parse_query("a=1&b=x+y&&c&a=%32")
    [('a', '1'), ('b', 'x y'), ('c', ''), ('a', '2')]
    """
    pairs = []
    for piece in text.replace("+", " ").split("&"):
        if piece:
            name, _, value = piece.partition("=")
            pairs.append((name, value))
    return [(unquote(name), unquote(value)) for name, value in pairs] if "%" in text else pairs


def urlencode(pairs: Iterable[tuple[str, object]]) -> str:
    """A query string from pairs; pairs whose value is None are left out.

    >>> urlencode([("q", "a b&c"), ("none", None), ("page", 2)])
    'q=a+b%26c&page=2'
    """
    return "&".join(
        f"{_quote_form_text(str(name))}={_quote_form_text(str(value))}".replace(" ", "+")
        for name, value in pairs
        if value is not None
    )


def iri_to_uri(iri: str) -> str:
    """The ASCII form of a reference with any characters: path, query and fragment percent-coded, host in IDNA.

    Raises ValueError when ``iri`` cannot be split (a broken IPv6 address, a port that is no number).
    """
    if _PLAIN_PATH.fullmatch(iri):
        return iri
    parts = urlsplit(iri)
    host = (parts.hostname or "").encode("idna").decode("ascii")
    netloc = f"[{host}]" if ":" in host else host
    if parts.port is not None:
        netloc = f"{netloc}:{parts.port}"
    if parts.username is not None:
        user = _requote_user(parts.username)
        if parts.password is not None:
            user = f"{user}:{_requote_user(parts.password)}"
        netloc = f"{user}@{netloc}"
    path, query = requote_path(parts.path), requote_query(parts.query)
    return urlunsplit((parts.scheme, netloc, path, query, requote_fragment(parts.fragment)))
