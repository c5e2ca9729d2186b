"""Protection: what browsers are told with every answer, and which requests of theirs are not believed.

A page of another site can make a browser send us a form, with the visitor's cookies. Browsers say where a request
comes from: in ``Sec-Fetch-Site`` on secure connections (and to localhost), in ``Origin`` on all of them. Programs say
neither, and carry nobody's cookies unasked, so they pass.

Spec: W3C CSP 3; Fetch §3.2 (Origin), §3.5 (nosniff); W3C Referrer Policy; RFC 7034; W3C Fetch Metadata §2.4
"""

from typing import Final

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


def is_cross_site(site: str | None, origin: str | None, host: str) -> bool:
    """Whether another site sent this; the arguments are Sec-Fetch-Site, Origin and Host of the request.

    >>> is_cross_site("cross-site", None, "example.org"), is_cross_site(None, None, "example.org")
    (True, False)
    """
    if site is not None:
        # "same-site" is refused with the rest: a neighbour under the same domain is somebody else.
        return site not in ("same-origin", "none")
    return origin is not None and origin.lower().partition("://")[2] != host.lower()
