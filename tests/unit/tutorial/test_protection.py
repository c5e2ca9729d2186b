"""Limits at their edges, and what browsers are told. ``tests/security/test_cross_site.py`` has the other sites."""

import pytest

from tutorial.errors import Refusal
from tutorial.protection import FIELDS, check_head, cookies_fit
from tutorial.settings import Settings

SETTINGS = Settings(
    secret_key="a key for tests",
    max_url_length=10,
    max_query_fields=3,
    max_cookie_header_size=10,
    max_cookies=2,
)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"PATH_INFO": "/234567890"},
        {"PATH_INFO": "/2345", "QUERY_STRING": "67890"},
        {"QUERY_STRING": "a&b&c"},
        {"HTTP_COOKIE": "a=1; b=2"},
        {"HTTP_COOKIE": "a=34567890"},
    ],
    ids=str,
)
def test_a_head_within_the_limits_is_left_as_it_is(environ: dict[str, str]) -> None:
    checked = environ.copy()
    check_head(checked, SETTINGS)
    assert checked == environ


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({"PATH_INFO": "/2345678901"}, 414),
        ({"PATH_INFO": "/2345", "QUERY_STRING": "678901"}, 414),
        ({"QUERY_STRING": "12345678901"}, 414),
        ({"QUERY_STRING": "a&b&c&"}, 400),
        ({"HTTP_COOKIE": "a=345678901"}, 431),
        ({"HTTP_COOKIE": "a; b; c"}, 431),
    ],
    ids=str,
)
def test_a_head_beyond_a_limit_is_refused_and_its_cookies_are_not_used(
    environ: dict[str, str], code: int
) -> None:
    checked = environ.copy()
    with pytest.raises(Refusal) as caught:
        check_head(checked, SETTINGS)
    assert caught.value.code == code
    assert "HTTP_COOKIE" not in checked


@pytest.mark.parametrize(
    ("field", "fits"),
    [("", True), ("a;b", True), ("a;b;", False), ("a" * 10, True), ("a" * 11, False)],
)
def test_cookies_fit_if_neither_their_length_nor_their_number_is_beyond_its_limit(
    field: str, fits: bool
) -> None:
    assert cookies_fit(field, SETTINGS) is fits


def test_the_policy_lets_a_page_use_files_of_this_site_and_nothing_else() -> None:
    directives = [one.split() for one in FIELDS["Content-Security-Policy"].split(";")]
    assert {source for _, *sources in directives for source in sources} == {"'none'", "'self'"}
    none = {name for name, *sources in directives if sources == ["'none'"]}
    assert none == {"default-src", "base-uri", "frame-ancestors"}


def test_browsers_are_told_not_to_guess_not_to_frame_and_to_whom_to_send_the_referrer() -> None:
    assert FIELDS["X-Content-Type-Options"] == "nosniff"
    assert FIELDS["X-Frame-Options"] == "DENY"
    assert FIELDS["Referrer-Policy"] == "same-origin"
