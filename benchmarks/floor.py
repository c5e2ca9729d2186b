"""Floor: the least that any application of plain Python has to do for the answers of the tutorial.

It is no application: it knows which requests come, takes them apart with ``split`` and ``find``, and trusts them. What
the answer depends on is computed all the same: one HMAC for a session, one rendering for a page, one ``stat`` for a
file. Status, fields and body are those of Flask to the byte, which is checked before anything is timed. How far
above this floor an application is tells what its care and its generality cost.

Left out: all but the GET and POST of the works; HEAD, percent-coding, a mount point, limits, whole error handling
"""

import base64
import functools
import hmac
import io
import json
import os
import time
import uuid
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final, TypeAlias
from zlib import adler32

from jinja2 import Environment
from markupsafe import escape

from tutorial import text
from tutorial.downloads import MESSAGE
from tutorial.protection import FIELDS
from tutorial.settings import ROOT, Settings
from wsgi_from_scratch.templating import make_environment

from .peers.pages import templates_by_jinja

Environ: TypeAlias = dict[str, Any]
Field: TypeAlias = tuple[str, str]
Answer: TypeAlias = tuple[str, list[Field], bytes]
View: TypeAlias = Callable[[Environ, str], Answer]
"""Is given the environ and what follows the first segment of the path."""

HTML: Final = ("Content-Type", "text/html; charset=utf-8")
PLAIN: Final = ("Content-Type", "text/plain; charset=utf-8")
JSON: Final = ("Content-Type", "application/json")
VARY: Final = ("Vary", "Cookie")
PROTECTION: Final = tuple(FIELDS.items())

READ_SIZE: Final = 256 * 1024
"""Bytes of an upload that are read at once."""

IN_MEMORY: Final = 2 * 1024 * 1024
"""Bytes of a body from which on its file goes to disk."""

MONTH: Final = 31 * 24 * 60 * 60

URLS: Final = {
    ("static", "filename"): "/%(filename)s",
    ("tutorial.add", "num1", "num2"): "/add/%(num1)s/%(num2)s",
    ("tutorial.add_wrong", "num1", "num2"): "/add_wrong/%(num1)s/%(num2)s",
    ("tutorial.displayList_fun",): "/displaylist",
    ("tutorial.hello", "name"): "/hello/%(name)s",
    ("tutorial.index",): "/",
    ("tutorial.login", "username"): "/login?username=%(username)s",
    (
        "tutorial.login",
        "username",
        "password",
    ): "/login?username=%(username)s&password=%(password)s",
}
"""The links of the shared templates; of those that are missing, the path is the name of the view."""


@functools.lru_cache
def url_for(endpoint: str, **values: object) -> str:
    """The link to an endpoint, whose values need no percent-coding."""
    pattern = URLS.get((endpoint, *values))
    return pattern % values if pattern else f"/{endpoint.removeprefix('tutorial.')}"


class Floor:
    """The callable. ``settings`` are those of the applications."""

    def __init__(self, settings: Settings, templates: Environment) -> None:
        self._settings = settings
        self._templates = templates
        key = hmac.digest(settings.secret_key.encode(), b"cookie-session", "sha1")
        self._mac = hmac.new(key, digestmod="sha1")
        self._store = Path(settings.downloads_url)
        self._store.mkdir(parents=True, exist_ok=True)
        self._views: dict[str, View] = {
            "": self._index,
            "hello": self._hello,
            "add": self._add,
            "login": self._login,
            "get202status": self._status,
            "redirect_endpoint": self._redirect,
            "displaylist": self._list,
            "set_session_data": self._set_session,
            "get_session_data": self._get_session,
            "handle_js_post": self._json,
            "healthz": self._healthz,
        }

    def __call__(self, environ: Environ, start_response: Callable[..., object]) -> list[bytes]:
        first, _, rest = environ["PATH_INFO"][1:].partition("/")
        status, fields, body = self._views.get(first, self._file)(environ, rest)
        start_response(status, fields)
        return [body]

    def _hello(self, environ: Environ, rest: str) -> Answer:
        if environ["REQUEST_METHOD"] != "GET":
            return self._error(405, "Method Not Allowed", ("Allow", "GET, HEAD, OPTIONS"))
        return _answer(f"Hello {escape(rest)}!".encode("latin-1"))

    def _add(self, environ: Environ, rest: str) -> Answer:
        one, two = map(int, rest.split("/"))
        return _answer(b"%d + %d = %d" % (one, two, one + two))

    def _login(self, environ: Environ, rest: str) -> Answer:
        query = _pairs(environ["QUERY_STRING"])
        username, password = escape(query["username"]), escape(query["password"])
        return _answer(f"Username: {username} <br>Password: {password}".encode())

    def _status(self, environ: Environ, rest: str) -> Answer:
        return _answer(b"get200status() method successfully called.", status="202 ACCEPTED")

    def _redirect(self, environ: Environ, rest: str) -> Answer:
        location = "/displaylist"
        page = self._templates.get_template("redirect.html").render(location=location)
        body, length = page.encode(), ("Content-Length", str(len(page)))
        return "302 FOUND", [HTML, length, ("Location", location), *PROTECTION], body

    def _index(self, environ: Environ, rest: str) -> Answer:
        if environ["REQUEST_METHOD"] == "GET":
            page = self._page("home.html", "tutorial.index", hello_str="Hello", world_str="World")
            return _answer(page, VARY)
        body = environ["wsgi.input"]
        _, _, boundary = environ["CONTENT_TYPE"].partition("boundary=")
        size = int(environ["CONTENT_LENGTH"])
        fields = _parts(body, boundary.encode(), size) if boundary else _pairs(body.read().decode())
        known = self._settings.credentials_match(fields["username"], fields["password"])
        return _answer(b"Success" if known else b"Failure")

    def _list(self, environ: Environ, rest: str) -> Answer:
        numbers = [10, 20, 30, 40, 50]
        page = self._page("displaylist_template.html", "tutorial.displayList_fun", mylist=numbers)
        return _answer(page, VARY)

    def _set_session(self, environ: Environ, rest: str) -> Answer:
        data = {"name": "Kumaravel Rajan", "other": "Other data in cookie"}
        payload = _base64(json.dumps(data, separators=(",", ":")).encode())
        signed = payload + b"." + _base64(int(time.time()).to_bytes(4, "big"))
        cookie = (signed + b"." + self._signature(signed)).decode()
        page = self._page("index.html", "tutorial.set_session_data", message="Session data set")
        attributes = "HttpOnly; Path=/; SameSite=Lax"
        return _answer(page, VARY, ("Set-Cookie", f"session={cookie}; {attributes}"))

    def _get_session(self, environ: Environ, rest: str) -> Answer:
        cookie = environ["HTTP_COOKIE"].partition("session=")[2].encode()
        signed, _, signature = cookie.rpartition(b".")
        payload, _, signed_at = signed.partition(b".")
        if not hmac.compare_digest(self._signature(signed), signature):
            raise ValueError("the signature is not ours")
        if int(time.time()) - int.from_bytes(_unbase64(signed_at), "big") > MONTH:
            raise ValueError("the session is too old")
        data = json.loads(_unbase64(payload))
        message = f"name = {data['name']};; other = {data['other']}"
        return _answer(self._page("index.html", "tutorial.get_session_data", message=message), VARY)

    def _json(self, environ: Environ, rest: str) -> Answer:
        """The message is stored whole or not at all, as the tutorial does it: under another name first."""
        data = json.loads(environ["wsgi.input"].read())
        draft = f"{self._store}/{uuid.uuid4()}.draft"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        os.write(descriptor, f"{data['greeting']} {data['name']}".encode())
        os.close(descriptor)
        os.replace(draft, f"{self._store}/{MESSAGE}")
        return _answer(
            b'{"message":"Successfully stored the message! - Kumaravel"}\n', content_type=JSON
        )

    def _healthz(self, environ: Environ, rest: str) -> Answer:
        return _answer(b"ok", content_type=PLAIN)

    def _file(self, environ: Environ, rest: str) -> Answer:
        path = f"{ROOT}/static{environ['PATH_INFO']}"
        try:
            found = os.stat(path)
        except FileNotFoundError:
            return self._error(404, "Not Found")
        tag, fields = _file_fields(path, found.st_size, found.st_mtime)
        now = [("Date", _date(int(time.time()))), ("Accept-Ranges", "bytes")]
        if environ.get("HTTP_IF_NONE_MATCH") == tag:
            # The size, the type and the date of what is not sent are left out.
            return "304 NOT MODIFIED", [fields[0], *fields[4:], *now, *PROTECTION], b""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            return "200 OK", [*fields, *now, *PROTECTION], os.read(descriptor, found.st_size)
        finally:
            os.close(descriptor)

    def _error(self, code: int, name: str, *fields: Field) -> Answer:
        page = self._page("error.html", None, code=code, name=name, sentence=text.explain(code))
        length = ("Content-Length", str(len(page)))
        return f"{code} {name.upper()}", [HTML, *fields, length, *PROTECTION, VARY], page

    def _page(self, template: str, endpoint: str | None, **values: object) -> bytes:
        """A page in the frame of all pages. No visitor here comes with flashed messages."""
        values["request"] = {"endpoint": endpoint}
        values["url_for"] = url_for
        values["get_flashed_messages"] = _no_messages
        return self._templates.get_template(template).render(values).encode()

    def _signature(self, signed: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(signed)
        return _base64(mac.digest())


def _answer(
    body: bytes, *fields: Field, status: str = "200 OK", content_type: Field = HTML
) -> Answer:
    length = ("Content-Length", str(len(body)))
    return status, [content_type, length, *PROTECTION, *fields], body


def _no_messages(with_categories: bool) -> tuple[()]:
    return ()


def _pairs(form: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in form.split("&"))


def _parts(body: IO[bytes], boundary: bytes, size: int) -> dict[str, str]:
    """The two fields of an upload. The file behind them goes where an application would put it."""
    delimiter = b"\r\n--" + boundary
    fields: dict[str, str] = {}
    piece = body.read(READ_SIZE)
    end = 0
    for name in ("username", "password"):
        start = piece.find(b"\r\n\r\n", end) + 4
        end = piece.find(delimiter, start)
        fields[name] = piece[start:end].decode()
    start = piece.find(b"\r\n\r\n", end) + 4
    with io.BytesIO() if size < IN_MEMORY else TemporaryFile(buffering=0) as file:
        while piece:
            end = piece.find(delimiter, start)
            file.write(memoryview(piece)[start:] if end < 0 else piece[start:end])
            piece, start = body.read(READ_SIZE), 0
    return fields


@functools.lru_cache
def _file_fields(path: str, size: int, modified: float) -> tuple[str, list[Field]]:
    """The entity tag of a file, and what is said of it as long as it does not change."""
    tag = f'"{modified}-{size}-{adler32(path.encode())}"'
    return tag, [
        ("Content-Disposition", f"inline; filename={os.path.basename(path)}"),
        ("Content-Type", "text/css; charset=utf-8"),
        ("Content-Length", str(size)),
        ("Last-Modified", _date(modified)),
        ("Cache-Control", "no-cache"),
        ("ETag", tag),
    ]


@functools.lru_cache(maxsize=2)
def _date(seconds: float) -> str:
    return formatdate(seconds, usegmt=True)


def _base64(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def _unbase64(octets: bytes) -> bytes:
    return base64.urlsafe_b64decode(octets + b"=" * (-len(octets) % 4))


def create_app(settings: Settings | None = None) -> Floor:
    """The floor, made as the applications are, so that gunicorn can serve it, too.

    It renders in the fastest way that we know, which is that of the application.
    """
    templates = make_environment(ROOT / "templates")
    templates.filters["title_case"] = text.title_case
    return Floor(settings or Settings.from_environ(), templates)


def create_app_by_jinja(settings: Settings) -> Floor:
    """The floor with Jinja as it comes."""
    return Floor(settings, templates_by_jinja())
