"""What every answer tells a browser, and what becomes of fields and cookies that were made up."""

import re
from dataclasses import replace
from typing import Any

import pytest

import flask_version
import wsgi_from_scratch
from comparison.exchange import Jar
from comparison.scenarios import SECRET_KEY
from comparison.steps import (
    CSV,
    JSON,
    TEXT,
    URLENCODED,
    Next,
    Step,
    follow_link,
    form,
    get,
    post,
    send,
    upload,
)
from tests.security.target import Target, status
from tutorial.protection import FIELDS
from tutorial.settings import Settings

TABLE = b"a,b\n1,2\n"
KEEP = upload("/convert_to_csv_with_download_page", "a.csv", CSV, TABLE)
STYLE = "/css/hello.css"
CROSS_SITE = "Sec-Fetch-Site: cross-site"

KINDS: dict[str, tuple[int, tuple[Step | Next, ...]]] = {
    "a page": (200, (get("/"),)),
    "a text": (200, (get("/hello/Kumar"),)),
    "JSON": (200, (post("/handle_js_post", JSON, '{"greeting": "a", "name": "b"}'),)),
    "a text that was uploaded": (200, (upload("/file_upload", "a.txt", TEXT, b"<b>"),)),
    "a table that was uploaded": (200, (upload("/file_upload", "a.csv", CSV, TABLE),)),
    "CSV": (200, (upload("/convert_to_csv", "a.csv", CSV, TABLE),)),
    "a page with a link": (200, (KEEP,)),
    "a download": (200, (KEEP, follow_link("/download/"))),
    "a cookie that is set": (200, (get("/set_session_data"),)),
    "a cookie that is deleted": (200, (get("/set_session_data"), get("/clear_session"))),
    "the state of the server": (200, (get("/healthz"),)),
    "another status": (202, (get("/get202status"),)),
    "another type": (202, (get("/get202statuswithmakeresponse"),)),
    "a static file": (200, (get(STYLE),)),
    "a part of a static file": (206, (get(STYLE, "Range: bytes=0-9"),)),
    "a part that is not there": (416, (get(STYLE, "Range: bytes=999999-"),)),
    "a file that the browser has": (304, (get(STYLE, "If-None-Match: *"),)),
    "a redirect": (302, (get("/redirect_endpoint"),)),
    "a redirect to another spelling": (308, (get("/shop", mounted_at="/shop"),)),
    "nothing that can be used": (400, (post("/handle_js_post", JSON, "{"),)),
    "a query that is no UTF-8": (400, (get("/login?username=\xff"),)),
    "a host that is none": (400, (get("/", f"Host: {'a' * 64}"),)),
    "a cookie that was changed": (400, (get("/get_signed_cookie", "Cookie: signed_cookie_key=a"),)),
    "a form of another site": (403, (send("POST /login", CROSS_SITE),)),
    "no page": (404, (get("/nowhere.html"),)),
    "no download": (404, (get("/download/a.csv"),)),
    "another method": (405, (send("DELETE /"),)),
    "another method of a static file": (405, (send(f"POST {STYLE}"),)),
    "too large a form": (413, (post("/", URLENCODED, b"a" * 500_001),)),
    "another type of file": (415, (upload("/file_upload", "a.pdf", TEXT, b"%PDF-"),)),
    "OPTIONS": (200, (send("OPTIONS /login"),)),
    "OPTIONS of a static file": (200, (send(f"OPTIONS {STYLE}"),)),
    "OPTIONS of everything": (200, (send("OPTIONS /*"),)),
    "HEAD": (200, (send("HEAD /"),)),
    "HEAD of a static file": (200, (send(f"HEAD {STYLE}"),)),
    "HEAD of no page": (404, (send("HEAD /nowhere.html"),)),
    "a WebSocket": (400, (get("/", "Upgrade: websocket", "Connection: upgrade"),)),
}


@pytest.mark.parametrize(("code", "steps"), KINDS.values(), ids=KINDS.keys())
def test_every_answer_is_protected(
    code: int, steps: tuple[Step | Next, ...], target: Target
) -> None:
    """That each answer has the fields is looked at in ``target.check``."""
    assert status(target.visit(*steps)[-1]) == code


@pytest.mark.parametrize("step", [get("/"), form("/login", "username=kumar")], ids=["GET", "POST"])
def test_the_answer_to_a_fault_is_protected(
    step: Step, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutorial.text.title_case", lambda _: 1 // 0)
    monkeypatch.setattr(Settings, "credentials_match", lambda *_: 1 // 0)
    assert status(target.ask(step, faulty=True)) == 500


def test_pages_may_load_our_own_files_alone_and_be_framed_by_nobody() -> None:
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in FIELDS["Content-Security-Policy"].split(";")
    )
    assert policy.pop("default-src") == policy.pop("base-uri") == "'none'"
    assert policy.pop("frame-ancestors") == "'none'"
    assert set(policy.values()) == {"'self'"}


def test_no_page_has_anything_that_the_policy_forbids(target: Target) -> None:
    inline = re.compile(
        rb"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=|javascript:|<base|<iframe"
    )
    for path in (
        "/",
        "/login",
        "/displaylist",
        "/get_session_data",
        "/redirect_endpoint",
        "/nowhere",
    ):
        assert not inline.search(target.ask(get(path)).body)
    for step in (KEEP, upload("/file_upload", "a.csv", CSV, TABLE)):
        assert not inline.search(target.ask(step).body)


def test_what_was_uploaded_is_never_a_page(target: Target) -> None:
    page = b"<script>alert(1)</script>,a\n<script>alert(1)</script>,a\n"
    shown = target.ask(upload("/file_upload", "a.html", "text/html", b"<script>alert(1)</script>"))
    assert shown.header("Content-Type") == "text/plain; charset=utf-8"
    straight = target.ask(upload("/convert_to_csv", "a.html", "text/html", page))
    keep = upload("/convert_to_csv_with_download_page", "a.html", "text/html", page)
    kept = target.visit(keep, follow_link("/download/"))[-1]
    for answer in (straight, kept):
        assert answer.body == page
        assert answer.header("Content-Type") == "text/csv; charset=utf-8"
        assert answer.header("Content-Disposition") == "attachment; filename=result.csv"
        assert answer.header("X-Content-Type-Options") == "nosniff"


# Cookies that we set


def secure(target: Target) -> Target:
    settings = Settings(
        secret_key=SECRET_KEY, downloads_url="memory://a", session_cookie_secure=True
    )
    return replace(
        target,
        flask=flask_version.create_app(settings),
        scratch=wsgi_from_scratch.create_app(settings),
    )


def attributes(value: str | None) -> set[str]:
    return set((value or "").split("; ")[1:])


GONE = {"Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Max-Age=0"}
KEPT = {"HttpOnly", "Path=/", "SameSite=Lax"}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (("/set_session_data",), KEPT),
        (("/set_session_data", "/clear_session"), KEPT | GONE),
        (("/set_custom_cookie",), KEPT),
        (("/set_custom_cookie", "/clear_custom_cookie"), KEPT | GONE),
        (("/set_signed_cookie",), KEPT),
    ],
)
def test_no_script_and_no_other_site_has_our_cookies(
    paths: tuple[str, ...], expected: set[str], target: Target
) -> None:
    answer = target.visit(*map(get, paths))[-1]
    assert attributes(answer.header("Set-Cookie")) == expected


def test_the_session_is_for_https_alone_where_that_is_set(target: Target) -> None:
    made, deleted = secure(target).visit(get("/set_session_data"), get("/clear_session"))
    assert attributes(made.header("Set-Cookie")) == KEPT | {"Secure"}
    assert attributes(deleted.header("Set-Cookie")) == KEPT | GONE | {"Secure"}


def test_the_other_cookies_are_for_https_alone_with_it(target: Target) -> None:
    paths = ("/set_custom_cookie", "/set_signed_cookie", "/clear_custom_cookie")
    for answer in secure(target).visit(*map(get, paths)):
        assert "Secure" in attributes(answer.header("Set-Cookie"))


@pytest.mark.parametrize("cookies", [{}, {"session": "a"}, {"cookie_key": "a"}])
@pytest.mark.parametrize(
    "path",
    ["/", "/login", "/displaylist", "/get_session_data", "/get_custom_cookie", "/nowhere.html"],
)
def test_no_cache_gives_one_visitor_the_page_of_another(
    path: str, cookies: dict[str, str], target: Target
) -> None:
    """They show flash messages, so they depend on the cookie even where there is none."""
    (answer,) = target.visit(get(path), cookies=cookies)
    assert answer.header("Vary") == "Cookie"


@pytest.mark.parametrize("path", [STYLE, "/robots.txt", "/favicon.svg", "/healthz", "/hello/Kumar"])
def test_what_is_the_same_for_everybody_sets_no_cookie(path: str, target: Target) -> None:
    jar = Jar()
    jar.keep(target.ask(get("/set_session_data")))
    (answer,) = target.visit(get(path), cookies=jar.cookies)
    assert answer.header("Set-Cookie") is None
    assert answer.header("Vary") is None


# Cookies that are sent

NOT_OURS = [
    "=cookie_key=forged",
    "=cookie_key",
    "%63ookie_key=forged",
    "cookie%5Fkey=forged",
    "Cookie_Key=forged",
    "cookie-key=forged",
    "$cookie_key=forged",
    "__Host-cookie_key=forged",
    "xcookie_key=forged",
    "cookie_key%3Dforged",
    "a=b,cookie_key=forged",
    "a=b cookie_key=forged",
    "a=b\tcookie_key=forged",
    "a=b&cookie_key=forged",
    "a b cookie_key=forged",
    '"cookie_key"=forged',
    "cookie_key\xa0=forged",
]


@pytest.mark.parametrize("cookie", NOT_OURS)
def test_a_cookie_of_another_name_is_not_taken_for_ours(cookie: str, target: Target) -> None:
    answer = target.ask(get("/get_custom_cookie"), HTTP_COOKIE=cookie)
    assert b"No custom cookie set" in answer.body


JUNK = [
    "foo[bar]=1",
    "a",
    "=",
    "=a",
    ";;;",
    "a=",
    'a="b;c"',
    'a="b"c',
    'a="',
    'a="\\"',
    "a=\\",
    "a=b=c",
    "a={}",
    "a=\x7f",
    "\xff=\xff",
    "a=\xe2\x82",
    "a b=c",
    "a,b=c",
    "@=a",
    "$Version=1",
    "expires=never",
    "path=/",
    "a" * 2_000,
    ";" * 20,
]


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: junk[:10])
def test_a_bad_cookie_takes_no_other_with_it(junk: str, target: Target) -> None:
    jar = Jar()
    jar.keep(target.ask(get("/set_session_data")))
    session = f"session={jar.cookies['session']}"
    for header in (f"{junk}; {session}", f"{session}; {junk}", f"{junk}; {session}; {junk}"):
        answer = target.ask(get("/get_session_data"), HTTP_COOKIE=header)
        assert b"name = Kumaravel Rajan" in answer.body


def test_of_two_cookies_of_one_name_both_take_the_same(target: Target) -> None:
    answer = target.ask(get("/get_custom_cookie", "Cookie: cookie_key=first; cookie_key=second"))
    assert (b"first" in answer.body) is not (b"second" in answer.body)


def test_no_page_shows_the_session_between_the_quotes_of_another_cookie(target: Target) -> None:
    answer = target.ask(
        get("/get_custom_cookie"), HTTP_COOKIE='cookie_key="a; session=secret; other=b"'
    )
    assert status(answer) == 200
    assert b"secret" not in answer.body


# Line ends where header fields are made

LINE_ENDS = {
    "CR LF": "%0d%0a",
    "LF": "%0a",
    "CR": "%0d",
    "LF CR": "%0a%0d",
    "NUL": "%00",
    "vertical tab": "%0b",
    "form feed": "%0c",
    "the separators of ASCII": "%1c%1d%1e%1f",
    "NEL": "%c2%85",
    "the line separator of Unicode": "%e2%80%a8",
    "characters that end in LF when cut to bytes": "%e5%98%8d%e5%98%8a",
    "LF in two bytes": "%c0%8a",
    "LF coded twice": "%250a",
    "LF in JavaScript": "%u000a",
}
EVIL = "Set-Cookie:evil=1"


@pytest.mark.parametrize("line_end", LINE_ENDS.values(), ids=LINE_ENDS.keys())
def test_no_line_end_of_a_visitor_ends_a_line_of_the_head(line_end: str, target: Target) -> None:
    """That no field has a control character is looked at in ``target.check``."""
    evil = f"{line_end}{EVIL}"
    paths = (f"/hello/a{evil}", f"/{evil}", f"//a{evil}", f"/login/{evil}/", f"/download/{evil}.csv",
             f"/css/hello.css{evil}", f"//login?a{evil}", f"/login?username={evil}", f"/hello//{evil}")  # fmt: skip
    for path in paths:
        answer = target.ask(get(path))
        assert "evil=1" not in (answer.header("Set-Cookie") or "")
    answer = target.ask(get("/get_custom_cookie"), HTTP_COOKIE=f"cookie_key=a{evil}")
    assert answer.header("Set-Cookie") is None
    answer = target.ask(upload("/convert_to_csv", f"a{evil}.csv", CSV, TABLE))
    assert answer.header("Content-Disposition") == "attachment; filename=result.csv"


# Conditions

CONDITIONS = [
    "",
    "*",
    '"',
    '""',
    'W/"',
    '"a', '"a" "b"', "W/W/\"a\"",
    "a, b, c",
    '*, "a"',
    '"\xff"',
    "0",
    "-1",
    "Thu, 32 Jan 2026 00:00:00 GMT",
    "Thu, 01 Jan 0000 00:00:00 GMT",
    "Thu, 01 Jan 99999 00:00:00 GMT",
    "Fri, 02 Jan 2026 03:04:05 +9999999",
    "2026-01-02T03:04:05Z",
    "9" * 5_000,
    '"a", ' * 5_000,
    "," * 20_000,
]  # fmt: skip


@pytest.mark.parametrize("value", CONDITIONS, ids=lambda value: value[:20])
def test_a_condition_that_makes_no_sense_is_not_there(value: str, target: Target) -> None:
    for key in (
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_UNMODIFIED_SINCE",
        "HTTP_IF_RANGE",
    ):
        field: dict[str, Any] = {key: value}
        answer = target.ask(get(STYLE, "Range: bytes=0-9"), **field)
        assert status(answer) in (200, 206, 304, 412)
