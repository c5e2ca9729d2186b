"""Forms that a page of another site makes a visitor's browser send: refused, whatever they are called.

A browser tells in ``Sec-Fetch-Site`` or ``Origin`` where a request comes from. A program that tells neither carries
nobody's cookies unasked.
"""

from typing import Any

import pytest

from comparison.steps import JSON, TEXT, Step, form, get, post, send, upload
from tests.security.target import Target, status

LOGIN = "username=kumar&password=kumar"

Fields = dict[str, Any]

PASSED: dict[str, Fields] = {
    "a program": {},
    "a form of ours": {"HTTP_SEC_FETCH_SITE": "same-origin"},
    "the visitor himself": {"HTTP_SEC_FETCH_SITE": "none"},
    "a form of ours, with both": {
        "HTTP_SEC_FETCH_SITE": "same-origin",
        "HTTP_ORIGIN": "http://localhost",
    },
    "the older field": {"HTTP_ORIGIN": "http://localhost"},
    "the older field in capitals": {"HTTP_ORIGIN": "HTTP://LOCALHOST"},
    "a host in capitals": {"HTTP_HOST": "LOCALHOST", "HTTP_ORIGIN": "http://localhost"},
    "a port": {"HTTP_HOST": "localhost:8000", "HTTP_ORIGIN": "http://localhost:8000"},
    "the port of HTTP": {"HTTP_HOST": "localhost:80", "HTTP_ORIGIN": "http://localhost"},
    "HTTPS": {"wsgi.url_scheme": "https", "HTTP_ORIGIN": "https://localhost"},
    "HTTPS and its port": {
        "wsgi.url_scheme": "https",
        "HTTP_HOST": "localhost:443",
        "HTTP_ORIGIN": "https://localhost",
    },
    "a proxy that speaks HTTPS": {"HTTP_ORIGIN": "https://localhost"},
    "an IPv6 host": {"HTTP_HOST": "[::1]", "HTTP_ORIGIN": "http://[::1]"},
    "an IPv6 host with a port": {"HTTP_HOST": "[::1]:8000", "HTTP_ORIGIN": "http://[::1]:8000"},
    "an IPv4 host": {"HTTP_HOST": "127.0.0.1:8000", "HTTP_ORIGIN": "http://127.0.0.1:8000"},
    "what the newer field says counts": {
        "HTTP_SEC_FETCH_SITE": "same-origin",
        "HTTP_ORIGIN": "http://evil.example",
    },
    "no host, as in HTTP/1.0": {"HTTP_HOST": "", "HTTP_SEC_FETCH_SITE": "same-origin"},
}

REFUSED: dict[str, Fields] = {
    "another site": {"HTTP_SEC_FETCH_SITE": "cross-site"},
    "a neighbour below the same domain": {"HTTP_SEC_FETCH_SITE": "same-site"},
    "a word that no browser says": {"HTTP_SEC_FETCH_SITE": "friendly-site"},
    "another spelling": {"HTTP_SEC_FETCH_SITE": "SAME-ORIGIN"},
    "no word": {"HTTP_SEC_FETCH_SITE": ""},
    "two fields in one": {"HTTP_SEC_FETCH_SITE": "same-origin, cross-site"},
    "the newer field counts": {
        "HTTP_SEC_FETCH_SITE": "cross-site",
        "HTTP_ORIGIN": "http://localhost",
    },
    "the older field": {"HTTP_ORIGIN": "http://evil.example"},
    "a page without an origin": {"HTTP_ORIGIN": "null"},
    "an empty origin": {"HTTP_ORIGIN": ""},
    "an origin without a scheme": {"HTTP_ORIGIN": "localhost"},
    "an origin with a path": {"HTTP_ORIGIN": "http://localhost/"},
    "an origin with a user": {"HTTP_ORIGIN": "http://localhost@evil.example"},
    "our name with more before it": {"HTTP_ORIGIN": "http://evil.localhost"},
    "our name with more behind it": {"HTTP_ORIGIN": "http://localhost.evil.example"},
    "our name after another": {"HTTP_ORIGIN": "http://evil.example, http://localhost"},
    "our name before another": {"HTTP_ORIGIN": "http://localhost, http://evil.example"},
    "our name twice": {"HTTP_ORIGIN": "http://localhost, http://localhost"},
    "our name behind a blank": {"HTTP_ORIGIN": "http://evil.example localhost"},
    "another port": {"HTTP_HOST": "localhost:8000", "HTTP_ORIGIN": "http://localhost:8001"},
    "no port": {"HTTP_HOST": "localhost:8000", "HTTP_ORIGIN": "http://localhost"},
    "a port of its own": {"HTTP_ORIGIN": "http://localhost:8000"},
    "another IPv6 host": {"HTTP_HOST": "[::1]", "HTTP_ORIGIN": "http://[::2]"},
    "an IPv6 host without brackets": {"HTTP_HOST": "[::1]", "HTTP_ORIGIN": "http://::1"},
    "no page's origin, for a host that is no name": {
        "HTTP_HOST": "my_app",
        "HTTP_ORIGIN": "null",
    },
    "the same name, which is none": {"HTTP_HOST": "my_app", "HTTP_ORIGIN": "http://my_app"},
    "an empty host": {"HTTP_HOST": "", "HTTP_ORIGIN": "http://"},
    "letters that look alike": {"HTTP_ORIGIN": "http://loc\xc4\xb1lhost"},
    "HTTPS": {"wsgi.url_scheme": "https", "HTTP_ORIGIN": "https://evil.example"},
    "what a proxy field calls ours": {
        "HTTP_ORIGIN": "http://evil.example",
        "HTTP_X_FORWARDED_HOST": "evil.example",
    },
}

MOUNTS = ["", "/shop"]


@pytest.mark.parametrize("mounted_at", MOUNTS)
@pytest.mark.parametrize("fields", PASSED.values(), ids=PASSED.keys())
def test_a_form_of_this_site_is_taken(fields: Fields, mounted_at: str, target: Target) -> None:
    answer = target.ask(form(f"{mounted_at}/", LOGIN, mounted_at=mounted_at), **fields)
    assert (status(answer), answer.body) == (200, b"Success")


@pytest.mark.parametrize("mounted_at", MOUNTS)
@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED.keys())
def test_a_form_of_another_site_is_refused(fields: Fields, mounted_at: str, target: Target) -> None:
    answer = target.ask(form(f"{mounted_at}/", LOGIN, mounted_at=mounted_at), **fields)
    assert status(answer) == 403
    assert b"Success" not in answer.body


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED.keys())
def test_a_link_of_another_site_is_followed(fields: Fields, target: Target) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        for path in ("/", "/login", "/css/hello.css"):
            assert status(target.ask(send(f"{method} {path}"), **fields)) == 200


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "post", "BREW", "getx", ""]
)
def test_every_method_that_may_change_something_is_looked_at(method: str, target: Target) -> None:
    for path in ("/", "/nowhere", "/css/hello.css", "//login"):
        answer = target.ask(
            send(f"GET {path}"), REQUEST_METHOD=method, HTTP_SEC_FETCH_SITE="cross-site"
        )
        assert status(answer) == 403


@pytest.mark.parametrize("method", ["get", "Head"])
def test_the_case_of_a_method_does_not_matter(method: str, target: Target) -> None:
    step = send("GET /healthz")
    assert status(target.ask(step, REQUEST_METHOD=method, HTTP_SEC_FETCH_SITE="cross-site")) == 200


@pytest.mark.parametrize(
    "step",
    [
        form("/login", LOGIN),
        send("POST /getandpost"),
        upload("/file_upload", "a.txt", TEXT, b"a"),
        upload("/convert_to_csv", "a.csv", TEXT, b"a,b\n1,2\n"),
        upload("/convert_to_csv_with_download_page", "a.csv", TEXT, b"a,b\n1,2\n"),
        post("/handle_js_post", JSON, '{"greeting": "a", "name": "b"}'),
    ],
    ids=lambda step: step.raw.split(b" ", 2)[1].decode(),
)
def test_every_form_is_guarded(step: Step, target: Target) -> None:
    assert status(target.ask(step, HTTP_ORIGIN="http://evil.example")) == 403


def test_a_host_that_is_none_is_refused_wherever_its_form_comes_from(target: Target) -> None:
    """Flask needs ``flask_version.app.refuse_bad_host`` for this: the page of a 403 is full of links."""
    for host in ("a..b", f"{'a' * 64}.example"):
        for origin in ("null", "http://evil.example", f"http://{host}"):
            answer = target.ask(form("/", LOGIN), HTTP_HOST=host, HTTP_ORIGIN=origin)
            assert status(answer) in (400, 403)


def test_a_refused_form_leaves_no_flash_and_no_cookie(target: Target) -> None:
    refused = form("/login", LOGIN)
    answer = target.ask(refused, HTTP_SEC_FETCH_SITE="cross-site")
    assert answer.header("Set-Cookie") is None
    assert b"flash" not in answer.body.partition(b"<main")[2].lower()


@pytest.mark.parametrize(
    "line",
    ["Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type", "A: b"],
)
def test_no_other_site_is_ever_let_in(line: str, target: Target) -> None:
    for method in ("OPTIONS", "GET"):
        answer = target.ask(send(f"{method} /handle_js_post", line, "Origin: http://evil.example"))
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", ""],
)
def test_json_is_only_what_a_form_of_another_site_cannot_send(
    content_type: str, target: Target
) -> None:
    """The three types that need no permission beforehand (Fetch, "CORS-safelisted"), and none."""
    step = post("/handle_js_post", content_type, '{"greeting": "a", "name": "b"}')
    assert status(target.ask(step)) == 415


def test_reading_needs_no_permission(target: Target) -> None:
    assert status(target.ask(get("/get_session_data", "Sec-Fetch-Site: cross-site"))) == 200
