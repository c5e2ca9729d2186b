"""``python -m tests.browser.record FOLDER``: write down what a browser really sends, as seeds for ``tests.fuzz``.

A server that answers everything with an empty page keeps each request as it came, and Chromium is made to send the
odd ones: names with quotes and line breaks, cookies beyond ASCII, paths that a person has typed, reloads, ranges.
"""

import re
import shutil
import socketserver
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comparison.wire import parse_request
from tests.browser.conftest import SWITCHES

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAMES = {
    "plain": "a",
    "quotes": "a\"b'c\\",
    "umlauts": "Grüße",
    "emoji": "🥭 mango",
    "percent": "100%22%0A",
    "newline": "one\ntwo\r\nthree\rfour",
    "equals-and-semicolons": "a=b; filename=c&d",
    "empty": "",
}
"""What fields and files are called."""

COOKIES = {
    "plain": ["cookie_key=cookie_value", "other=1"],
    "odd": ["umlaut=Grüße", 'quoted="a b"', "a[b]=c", "nameless", "empty=", "json={a:1}"],
}

PATHS = {
    "odd-characters": "/hello/a b\"<>|\\^`{}[]%zz%C3%BC'ü🥭;x=1",
    "dots-and-slashes": "/css/../hello//./Kumar/%2e%2e/%2F",
    "query": "/login?username=Grüße kumar&password='a+b'&c%26&=&;#part",
}

ENTITY_TAG = '"1767323045.0-12034-2839612345"'
LAST_MODIFIED = "Fri, 02 Jan 2026 03:04:05 GMT"

_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)", re.IGNORECASE)


class _Handler(socketserver.StreamRequestHandler):
    """Keeps a request as it came, and closes the connection after each, so that none is missed."""

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            head += line
        found = _LENGTH.search(head)
        body = self.rfile.read(int(found[1])) if found else b""
        self.server.requests.append(head + body)  # type: ignore[attr-defined]  # of the server below
        page = b"<!DOCTYPE html><meta charset=utf-8><link rel=icon href=data:,><title>page</title>"
        fields = (
            "HTTP/1.1 200 OK",
            "Content-Type: text/html; charset=utf-8",
            f"Content-Length: {len(page)}",
            f"ETag: {ENTITY_TAG}",
            f"Last-Modified: {LAST_MODIFIED}",
            "Cache-Control: no-cache",
            "Accept-Ranges: bytes",
            "Connection: close",
            "",
            "",
        )
        self.wfile.write("\r\n".join(fields).encode() + page)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def take(self, path: str) -> bytes:
        """The last request for a path."""
        wanted = [raw for raw in self.requests if raw.split(b" ")[1].startswith(path.encode())]
        self.requests.clear()
        return wanted[-1]


@contextmanager
def serving() -> Iterator[_Server]:
    with _Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


SEND_FORM = """
([action, enctype, fields, file]) => {
    const form = document.createElement("form");
    Object.assign(form, {action, enctype, method: "post", acceptCharset: "utf-8"});
    for (const [name, value] of fields) {
        const area = document.createElement("textarea");
        Object.assign(area, {name, value});
        form.append(area);
    }
    if (file !== null) {
        const input = Object.assign(document.createElement("input"), {type: "file", name: file[0], id: "chosen"});
        form.append(input);
        if (file[1] !== null) {
            const chosen = new DataTransfer();
            chosen.items.add(new File([file[2]], file[1], {type: "text/csv"}));
            input.files = chosen.files;
        }
    }
    document.body.append(form);
    form.submit();
}
"""
MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"


def record(page: "Page", server: _Server) -> Iterator[tuple[str, bytes]]:
    """A name and what was sent, one after the other."""

    def send_form(*arguments: Any) -> bytes:
        page.goto(f"{server.url}/")
        with page.expect_navigation():
            page.evaluate(SEND_FORM, list(arguments))
        return server.take(arguments[0])

    for label, name in NAMES.items():
        fields = [[name, f"value of {name}"]]
        content = "a,b\r\n1,2\r\n--boundary"
        yield (
            f"multipart-{label}",
            send_form("/file_upload", MULTIPART, fields, ["file", name, content]),
        )
        if label in ("umlauts", "newline", "equals-and-semicolons"):
            pairs = [*fields, ["password", "a+b %"]]
            yield f"urlencoded-{label}", send_form("/login", URLENCODED, pairs, None)
    yield "multipart-no-file-chosen", send_form("/file_upload", MULTIPART, [], ["file", None, ""])

    for label, cookies in COOKIES.items():
        page.goto(f"{server.url}/")
        page.evaluate("cookies => cookies.forEach(cookie => document.cookie = cookie)", cookies)
        page.goto(f"{server.url}/get_custom_cookie")
        yield f"cookies-{label}", server.take("/get_custom_cookie")
    page.context.clear_cookies()

    for label, path in PATHS.items():
        page.goto(f"{server.url}/")
        server.requests.clear()
        with page.expect_navigation():
            page.evaluate("path => { location.href = path }", path)
        yield f"path-{label}", server.take("/")

    page.goto(f"{server.url}/css/hello.css")
    page.reload()
    yield "reload", server.take("/css/")
    for label, headers in {
        "range": {"Range": "bytes=0-9"},
        "range-if-range": {"Range": "bytes=5-", "If-Range": ENTITY_TAG},
    }.items():
        page.evaluate(
            "headers => fetch('/css/hello.css', {headers}).then(answer => answer.text())", headers
        )
        yield label, server.take("/css/")
    page.evaluate("""
        () => fetch('/handle_js_post', {
            method: 'POST', headers: {'Content-Type': 'application/json'},
            body: JSON.stringify({greeting: 'Grüße 🥭', name: '\\ud800'}),
        }).then(answer => answer.text())
    """)
    yield "json", server.take("/handle_js_post")


def seeds_of(label: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The targets that a request is a seed for, and what of it."""
    request = parse_request(raw)
    line = (request.header("Content-Type") or "").encode("latin-1")
    body = request.body
    if label.startswith("multipart"):
        yield "multipart", line.partition(b"boundary=")[2] + b"\n" + body
    if label.startswith("urlencoded"):
        yield "forms", line + b"\n" + body
        yield "urls", body
    if label.startswith("path"):
        yield "urls", request.target.encode("latin-1")
    if cookie := request.header("Cookie"):
        yield "cookies", cookie.encode("latin-1")
    if not label.startswith("multipart") or label.endswith(("quotes", "newline", "chosen")):
        raw = re.sub(rb"\r\nHost: [^\r]*", b"\r\nHost: localhost", raw, count=1)
        raw = re.sub(rb"http://127\.0\.0\.1:\d+", b"http://localhost", raw)
        yield "requests", _LENGTH.sub(rb"\r\nContent-Length: *", raw, count=1)


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print((__doc__ or "").partition("\n")[0], file=sys.stderr)
        return 2
    from playwright.sync_api import sync_playwright  # a part of one group of requirements

    folder = Path(arguments[0])
    with serving() as server, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES)
        page = browser.new_page()
        for label, raw in record(page, server):
            for target, seed in seeds_of(label, raw):
                (folder / target).mkdir(parents=True, exist_ok=True)
                (folder / target / f"browser-{label}").write_bytes(seed)
        print(f"recorded with Chromium {browser.version}")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
