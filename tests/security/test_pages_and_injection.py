"""Markup, templates and line breaks in what a visitor sends, and what pages and logs tell when something breaks."""

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

from comparison.exchange import exchange
from comparison.steps import CSV, JSON, TEXT, Part, Step, form, get, multipart, post, send, upload
from comparison.wire import parse_request
from tests.security.target import Target, served, status

TABLE = b"a,b\n1,2\n"
KEEP = "/convert_to_csv_with_download_page"

MARKUP = {
    "a script": "<script>alert(1)</script>",
    "an end of everything": "--></title></textarea></script><svg/onload=alert(1)>",
    "an attribute": '" onmouseover="alert(1)',
    "an attribute in single quotes": "' onmouseover='alert(1)",
    "an image": "<img src=x onerror=alert(1)>",
    "a link": "javascript:alert(1)",
    "an entity": "&lt;script&gt;alert(1)&lt;/script&gt;&#60;b&#62;",
    "a comment": "<!--<script>alert(1)//",
    "a null in a tag": "<scr\0ipt>alert(1)</script>",
    "UTF-7": "+ADw-script+AD4-alert(1)",
    "letters that become markup": "\uff1cscript\uff1ealert(1)",
}
CODED = {name: "".join(f"%{octet:02x}" for octet in text.encode()) for name, text in MARKUP.items()}

PLACES: dict[str, Callable[[str, str], Step]] = {
    "a name in the path": lambda _, coded: get(f"/hello/{coded}"),
    "texts in the path": lambda _, coded: get(f"/add_wrong/{coded}/{coded}"),
    "no numbers": lambda _, coded: get(f"/add/{coded}/1"),
    "the query": lambda _, coded: get(f"/login?username={coded}&password={coded}&{coded}={coded}"),
    "no page": lambda _, coded: get(f"/{coded}"),
    "no page, with a query": lambda _, coded: get(f"/nowhere?{coded}"),
    "no download": lambda _, coded: get(f"/download/{coded}"),
    "a redirect": lambda _, coded: get(f"//hello//{coded}?{coded}"),
    "a form": lambda _, coded: form("/login", f"username={coded}&password={coded}"),
    "a form of the home page": lambda _, coded: form("/", f"username={coded}&{coded}=1"),
    "a cookie": lambda text, _: get("/get_custom_cookie", f"Cookie: cookie_key={latin(text)}"),
    "a quoted cookie": lambda text, _: get("/get_custom_cookie", f'Cookie: cookie_key="{octal(text)}"'),
    "a signed cookie": lambda text, _: get("/get_signed_cookie", f"Cookie: signed_cookie_key={latin(text)}"),
    "a session": lambda text, _: get("/get_session_data", f"Cookie: session={latin(text)}"),
    "the referring page": lambda text, _: get("/nowhere", f"Referer: {latin(text)}"),
    "the name of the browser": lambda text, _: get("/", f"User-Agent: {latin(text)}"),
    "the host": lambda text, _: get("/", f"Host: {latin(text)}"),
    "the name of a file": lambda text, _: upload("/file_upload", latin(text), TEXT, TABLE),
    "the type of a file": lambda text, _: upload("/file_upload", "a", f"text/{latin(text)}", TABLE),
    "the name of a field": lambda text, _: multipart("/login", Part(latin(text), b"a")),
    "a file that is no table": lambda text, _: upload("/convert_to_csv", "a", CSV, text.replace("\0", "").encode()),
    "cells": lambda text, _: upload("/file_upload", "a", CSV, quoted(text).encode()),
    "JSON": lambda text, _: post("/handle_js_post", JSON, f'{{"greeting": "{octal(text)}", "name": 1}}'),
    "a method": lambda text, _: send("GET /"),
}  # fmt: skip


def latin(text: str) -> str:
    """As a program sends it that does not care about rules; control characters end at the server."""
    return text.encode().decode("latin-1").replace("\0", "").replace("\x9c", "").replace("\x9e", "")


def octal(text: str) -> str:
    return "".join(f"\\{octet:03o}" for octet in text.encode())


def quoted(text: str) -> str:
    cell = text.replace('"', '""').replace("\0", "")
    return f'"{cell}","{cell}"\n"{cell}","{cell}"\n'


def is_page(content_type: str | None) -> bool:
    return (content_type or "").startswith("text/html")


OUTSIDE = re.compile(rb"<[a-z!/][^<>]*>")  # tags; what is between them is text


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("name", MARKUP)
def test_markup_of_a_visitor_is_text_on_every_page(
    name: str, place: Callable[[str, str], Step], target: Target
) -> None:
    answer = target.ask(place(MARKUP[name], CODED[name]))
    if not is_page(answer.header("Content-Type")):
        return
    tags = b"".join(OUTSIDE.findall(answer.body)).lower()
    assert b"onerror" not in tags
    assert b"onload" not in tags
    assert b"onmouseover" not in tags
    assert b"javascript:" not in tags
    assert b"<script>" not in tags
    assert tags.count(b"<script") <= 1  # the one of the home page
    assert tags.count(b"<img") == tags.count(b"<svg") == 0


TEMPLATES = [
    "{{7*7777}}", "{%25 print(7*7777) %25}", "${7*7777}", "%23{7*7777}", "<%25= 7*7777 %25>", "{{config}}",
    "{{request.environ}}", "{{''.__class__.__mro__}}", "{7*7777}", "{0.__class__}", "%25(secret_key)s",
    "%25s%25n", "{{'a'|title_case}}",
]  # fmt: skip


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_of_a_visitor_is_text(template: str, target: Target) -> None:
    plain = template.replace("%25", "%").replace("%23", "#")
    coded = template.replace("{", "%7b").replace("}", "%7d").replace(" ", "%20")
    steps = [
        get(f"/hello/{coded}"),
        get(f"/login?username={coded}"),
        get(f"/{coded}"),
        get(f"/download/{coded}"),
        form("/login", f"username={coded}"),
        get("/get_custom_cookie", f"Cookie: cookie_key={plain}"),
        upload("/file_upload", plain, TEXT, quoted(plain).encode()),
    ]
    for step in steps:
        answer = target.ask(step)
        for computed in (b"54439", b"SECRET_KEY", b"&lt;class", b"<class", b"wsgi."):
            assert computed not in answer.body


# The debugger

DEBUGGER = [
    "/console", "/?__debugger__=yes&cmd=resource&f=debugger.js", "/?__debugger__=yes&cmd=1%2b1&frm=0&s=a",
    "/login?__debugger__=yes&cmd=paste", "/console?__debugger__=yes&cmd=pinauth&pin=0&s=a", "/_debug", "/debug",
    "/_debug_toolbar/", "/server-status", "/admin", "/metrics", "/.git/config", "/.env", "/instance/secret_key",
    "/flask_version/app.py", "/templates/base.html", "/static/css/hello.css", "/pyproject.toml",
]  # fmt: skip


@pytest.mark.parametrize("path", DEBUGGER)
def test_nothing_is_served_that_was_not_meant_to_be(path: str, target: Target) -> None:
    answer = target.ask(get(path))
    bare = path.partition("?")[0]
    assert answer.body == target.ask(get(bare)).body
    assert status(answer) == 404 or bare in ("/", "/login")
    assert b"debugger" not in answer.body.lower().replace(b"__debugger__", b"")


# Faults

FAULTS: dict[str, tuple[str, Step]] = {
    "in a template's filter": ("tutorial.text.title_case", get("/")),
    "in a view": ("tutorial.settings.Settings.credentials_match", form("/", "username=a")),
    "in a view that flashes": ("tutorial.settings.Settings.credentials_match", form("/login", "username=a")),
    "in the store": ("tutorial.downloads.Downloads.save_csv", upload(KEEP, "a", CSV, TABLE)),
    "behind a download": ("tutorial.downloads.Downloads.open_csv", get("/download/a")),
    "in the reader of tables": ("tutorial.spreadsheets.find_table", upload("/file_upload", "a", CSV, TABLE)),
    "in the writer of tables": ("tutorial.spreadsheets.to_csv", upload("/convert_to_csv", "a", CSV, TABLE)),
    "in the check of JSON": ("tutorial.text.check_nesting", post("/handle_js_post", JSON, "{}")),
    "in the guard against other sites": ("tutorial.protection.is_cross_site", form("/login", "username=a")),
}  # fmt: skip


class Fault(Exception):
    """Of no kind that anybody expects, with words that nobody may read."""


def fail(*_: object, **__: object) -> Any:
    raise Fault("words <of> the inside")


@pytest.mark.parametrize(("function", "step"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_tells_the_log_once_and_the_visitor_nothing(
    function: str,
    step: Step,
    target: Target,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = target.ask(get("/healthz")).lines()
    with monkeypatch.context() as patch:
        patch.setattr(function, fail)
        for application in (target.flask, target.scratch):
            caplog.clear()
            (answer,) = target.visit_one(application, step)
            assert status(answer) == 500
            assert b"the inside" not in answer.body
            assert b"Fault" not in answer.body
            log = answer.errors + caplog.text
            assert log.count("Fault: words <of> the inside") == 1
            assert log.count("Traceback") == 1
        target.ask(step, faulty=True)
    assert target.ask(get("/healthz")).lines() == before
    assert status(target.ask(get("/"))) == 200


def test_a_page_for_a_fault_needs_no_template(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jinja2.Template.render", fail)
    for path in ("/", "/nowhere", "/redirect_endpoint"):
        answer = target.ask(get(path), faulty=True)
        assert status(answer) == 500
        assert b"<h1>500 Internal Server Error</h1>" in answer.body


FORGED = "/a\n127.0.0.1 - - GET /forged\x1b[31m\r\x7f"


@pytest.mark.parametrize("path", [FORGED, "/nowhere"])
def test_the_words_of_a_visitor_stay_in_one_line_of_the_log(
    path: str, target: Target, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explain(code: int) -> str:
        return fail() if code == 404 else "a sentence"

    monkeypatch.setattr("tutorial.text.explain", explain)
    for application in (target.flask, target.scratch):
        caplog.clear()
        request = parse_request(get("/a").raw)
        answer = exchange(served(application, None, {"PATH_INFO": path}), request)
        assert answer.status == "500 INTERNAL SERVER ERROR"
        log = answer.errors or "\n".join(map(logging.Formatter().format, caplog.records))
        first, second, *_ = log.splitlines()
        assert ascii(path) in first
        assert second == "Traceback (most recent call last):"
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", log)


def test_a_refusal_is_not_logged(target: Target, caplog: pytest.LogCaptureFixture) -> None:
    """Or whoever sends nonsense fills the disk."""
    caplog.set_level(logging.DEBUG)
    nonsense = [
        get("/nowhere"),
        send("DELETE /"),
        get("/login?a=\xff"),
        get("/", "Host: a_b"),
        post("/handle_js_post", JSON, "{"),
        post("/file_upload", "multipart/form-data; boundary=b", b"b" * 400_000),
        post("/file_upload", "multipart/form-data; boundary=b", b"--b--" + b"c" * 400_000),
        get("/get_signed_cookie", "Cookie: signed_cookie_key=a"),
        upload("/file_upload", "a", CSV, b"%PDF-"),
        form("/login", "a" * 600_000),
    ]
    for step in nonsense:
        assert target.ask(step).errors == ""
    assert not [record for record in caplog.records if record.levelno >= logging.INFO]
