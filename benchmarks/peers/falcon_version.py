"""The works in Falcon, whose wheel brings its busiest functions compiled by Cython.

Its own:  routing, forms and uploads (as a stream of parts), cookies, static files with both validators.
Left out: what Falcon has not: links (a table of patterns stands for it), sessions (ItsDangerous, which Flask uses,
          signs them), flashed messages, ``Vary``
"""

import importlib.util
import shutil
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from tempfile import SpooledTemporaryFile
from typing import Any, TypeAlias

import falcon
from itsdangerous import BadData, URLSafeTimedSerializer
from markupsafe import escape

from benchmarks.floor import MONTH, url_for
from comparison.exchange import Application
from tutorial.protection import FIELDS
from tutorial.settings import Settings
from tutorial.text import explain

from .pages import NOT_TIMED, SESSION, STATIC, Shared, describe

SPOOL_SIZE = 500 * 1024
"""Bytes of an upload that stay in memory, as in both applications."""

Responder: TypeAlias = Callable[..., None]

COMPILED = ("falcon.cyutil.misc", "falcon.cyutil.reader", "falcon.cyutil.uri")
"""All that a wheel of Falcon holds in compiled form, since its release 4.1."""


def is_compiled() -> bool:
    """Whether the installed Falcon is the compiled wheel, and not the slower one that fits every machine."""
    found = [importlib.util.find_spec(name) for name in COMPILED]
    return all(spec and (spec.origin or "").endswith(tuple(EXTENSION_SUFFIXES)) for spec in found)


class Views:
    """One method for each view."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._signer = URLSafeTimedSerializer(shared.settings.secret_key, salt="falcon")

    def hello(self, req: Any, resp: Any, name: str) -> None:
        resp.text = f"Hello {escape(name)}!"

    def add(self, req: Any, resp: Any, num1: int, num2: int) -> None:
        resp.text = f"{num1} + {num2} = {num1 + num2}"

    def login(self, req: Any, resp: Any) -> None:
        username, password = req.get_param("username"), req.get_param("password")
        resp.text = f"Username: {escape(username)} <br>Password: {escape(password)}"

    def get202status(self, req: Any, resp: Any) -> None:
        resp.status = 202
        resp.text = "get200status() method successfully called."

    def index(self, req: Any, resp: Any) -> None:
        resp.text = self._page(req, "home.html", "index", hello_str="Hello", world_str="World")

    def index_post(self, req: Any, resp: Any) -> None:
        form = req.get_media()
        if not isinstance(form, dict):
            form = _fields(form)
        known = self._shared.settings.credentials_match(form.get("username"), form.get("password"))
        resp.text = "Success" if known else "Failure"

    def list(self, req: Any, resp: Any) -> None:
        numbers = [10, 20, 30, 40, 50]
        resp.text = self._page(req, "displaylist_template.html", "displayList_fun", mylist=numbers)

    def redirect(self, req: Any, resp: Any) -> None:
        resp.status = 302
        resp.location = url_for("tutorial.displayList_fun")
        resp.text = self._shared.render("redirect.html", location=resp.location)

    def json(self, req: Any, resp: Any) -> None:
        resp.content_type = "application/json"
        resp.text = self._shared.store(req.bounded_stream.read())

    def set_session(self, req: Any, resp: Any) -> None:
        value = self._signer.dumps(SESSION)
        resp.set_cookie("session", value, path="/", secure=False, same_site="Lax")
        resp.text = self._page(req, "index.html", "set_session_data", message="Session data set")

    def get_session(self, req: Any, resp: Any) -> None:
        message = describe(self._session(req))
        resp.text = self._page(req, "index.html", "get_session_data", message=message)

    def healthz(self, req: Any, resp: Any) -> None:
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = "ok"

    def error(self, req: Any, resp: Any, error: Any, values: Any) -> None:
        code, _, name = error.status.partition(" ")
        sentence = explain(int(code))
        resp.status = error.status
        resp.set_headers(error.headers or {})
        resp.text = self._page(req, "error.html", code=code, name=name, sentence=sentence)

    def not_timed(self, req: Any, resp: Any, **values: Any) -> None:
        resp.status = 501

    def _page(self, req: Any, template: str, endpoint: str | None = None, **values: Any) -> str:
        return self._shared.render(
            template,
            endpoint,
            url_for=url_for,
            get_flashed_messages=lambda with_categories: self._session(req).get("_flashes", []),
            **values,
        )

    def _session(self, req: Any) -> dict[str, Any]:
        cookie = req.cookies.get("session")
        if cookie is None:
            return {}
        try:
            session: dict[str, Any] = self._signer.loads(cookie, max_age=MONTH)
        except BadData:
            return {}
        return session


def _fields(parts: Any) -> dict[str, str]:
    """The fields of an upload; its file is kept until the end of the request, as it is in the others."""
    fields = {}
    for part in parts:
        if part.filename is None:
            fields[part.name] = part.text
        else:
            with SpooledTemporaryFile(SPOOL_SIZE) as file:
                shutil.copyfileobj(part.stream, file)
    return fields


class Protection:
    """What Falcon calls a middleware: it sees every request before its responder, and every answer after."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def process_request(self, req: Any, resp: Any) -> None:
        if self._shared.refuses(req.env):
            raise falcon.HTTPForbidden

    def process_response(self, req: Any, resp: Any, resource: Any, req_succeeded: bool) -> None:
        resp.set_headers(FIELDS)


class Resource:
    """What Falcon calls a URL: an object with a method for each method."""

    def __init__(self, get: Responder | None, post: Responder | None) -> None:
        if get is not None:
            self.on_get = get
        if post is not None:
            self.on_post = post


def create_app(settings: Settings) -> Application:
    """A new application."""
    shared = Shared(settings)
    app = falcon.App(media_type="text/html; charset=utf-8", middleware=[Protection(shared)])
    app.resp_options.static_media_types[".css"] = "text/css; charset=utf-8"
    views = Views(shared)
    routes: tuple[tuple[str, Responder | None, Responder | None], ...] = (
        ("/hello/{name}", views.hello, None),
        ("/add_wrong/{num1}/{num2}", views.not_timed, None),
        ("/add/{num1:int}/{num2:int}", views.add, None),
        ("/login", views.login, None),
        ("/get202status", views.get202status, None),
        ("/", views.index, views.index_post),
        ("/displaylist", views.list, None),
        ("/redirect_endpoint", views.redirect, None),
        ("/handle_js_post", None, views.json),
        ("/set_session_data", views.set_session, None),
        ("/get_session_data", views.get_session, None),
        ("/healthz", views.healthz, None),
        *((f"/{name}", views.not_timed, views.not_timed) for name in NOT_TIMED),
    )
    for rule, get, post in routes:
        app.add_route(rule, Resource(get, post))
    app.add_static_route("/", STATIC)
    app.add_error_handler(falcon.HTTPError, views.error)
    application: Application = app
    return application
