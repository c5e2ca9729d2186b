"""Protection: what browsers are told with every answer, and which requests are not looked at any further.

A page of another site can make a browser send us a form, with the visitor's cookies. Browsers say where a request
comes from: in ``Sec-Fetch-Site`` on secure connections (and to localhost), in ``Origin`` on all of them. Programs say
neither, and carry nobody's cookies unasked, so they pass.

Spec: RFC 9110 §4.1, §15.5.15 (414); RFC 6585 §5 (431); W3C CSP 3; WHATWG Fetch ("`Origin` header",
      "`X-Content-Type-Options` header"); W3C Referrer Policy; RFC 7034; W3C Fetch Metadata §2.3
"""

from typing import TYPE_CHECKING, Final

from .errors import Refusal
from .settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

FIELDS: Final = {
    # Scripts, styles and images are files of our own; nothing stands in the pages themselves, and nobody frames them.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self';"
        " connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # What a visitor uploaded comes back as text; without this, a browser may find HTML in it.
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer", with which a browser's own forms would come with "Origin: null".
    "Referrer-Policy": "same-origin",
    # Frames again, for browsers that do not know "frame-ancestors".
    "X-Frame-Options": "DENY",
}
"""Header fields of every answer."""

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, so that it does not matter who made the browser send them (RFC 9110 §9.2.1)."""


def is_cross_site(environ: "WSGIEnvironment", host: str) -> bool:
    """Whether a page of another site had this sent, as the browser's ``Sec-Fetch-Site`` or ``Origin`` tells.

    A host that frameworks do not take for one (``""``) is the origin of nothing: on ``http://my_app/`` a browser's
    forms are refused, for want of a way to tell whose they are.

    >>> is_cross_site({"HTTP_ORIGIN": "https://evil.example"}, "example.org"), is_cross_site({}, "example.org")
    (True, False)
    """
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        # "same-site" is refused with the rest: a neighbour under the same domain is somebody else.
        return site not in ("same-origin", "none")
    origin = environ.get("HTTP_ORIGIN")
    return origin is not None and (not host or origin.lower().partition("://")[2] != host.lower())


def check_head(environ: "WSGIEnvironment", settings: Settings) -> None:
    """Raise ``Refusal`` for cookies or an address beyond the limits; of such cookies nothing is used."""
    if "HTTP_COOKIE" in environ and not cookies_fit(environ["HTTP_COOKIE"], settings):
        del environ["HTTP_COOKIE"]
        raise Refusal(
            "The browser sent more cookies than the server reads; please delete some.", code=431
        )
    query = environ.get("QUERY_STRING", "")
    if len(environ.get("PATH_INFO", "")) + len(query) > settings.max_url_length:
        raise Refusal(
            f"This address has more than {settings.max_url_length:,} bytes; please use a shorter one.",
            code=414,
        )
    if query.count("&") >= settings.max_query_fields:
        raise Refusal(
            f"The address has a query of more than {settings.max_query_fields:,} fields; send fewer."
        )


def cookies_fit(field: str, settings: Settings) -> bool:
    """Whether a ``Cookie`` field is within the limits."""
    return len(field) <= settings.max_cookie_header_size and field.count(";") < settings.max_cookies
