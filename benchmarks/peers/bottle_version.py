"""The works in Bottle: a framework in one file, with context locals like Flask's.

Its own:  routing and links, forms and uploads, signed cookies (HMAC-SHA256), static files with both validators.
Left out: what Bottle has not: sessions (one signed cookie stands for it), flashed messages, ``Vary``
"""

import json
from functools import partial
from typing import Any

from bottle import Bottle, HTTPError, HTTPResponse, request, response, static_file
from markupsafe import escape

from comparison.exchange import Application
from tutorial.protection import FIELDS
from tutorial.settings import Settings
from tutorial.text import explain

from .pages import NOT_TIMED, SESSION, STATIC, Shared, describe


class Views:
    """One method for each view."""

    def __init__(self, app: Any, shared: Shared) -> None:
        self._app = app
        self._shared = shared
        self._key = shared.settings.secret_key

    def hello(self, name: str) -> str:
        return f"Hello {escape(name)}!"

    def add(self, num1: int, num2: int) -> str:
        return f"{num1} + {num2} = {num1 + num2}"

    def login(self) -> str:
        username, password = request.query.get("username"), request.query.get("password")
        return f"Username: {escape(username)} <br>Password: {escape(password)}"

    def get202status(self) -> str:
        response.status = 202
        return "get200status() method successfully called."

    def index(self) -> str:
        if request.method == "GET":
            return self._page("home.html", "index", hello_str="Hello", world_str="World")
        username, password = request.forms.get("username"), request.forms.get("password")
        known = self._shared.settings.credentials_match(username, password)
        return "Success" if known else "Failure"

    def list(self) -> str:
        numbers = [10, 20, 30, 40, 50]
        return self._page("displaylist_template.html", "displayList_fun", mylist=numbers)

    def redirect(self) -> Any:
        location = self._app.get_url("tutorial.displayList_fun")
        page = self._shared.render("redirect.html", location=location)
        return HTTPResponse(page, 302, Location=location)

    def json(self) -> str:
        response.content_type = "application/json"
        return self._shared.store(request.body.read())

    def set_session(self) -> str:
        response.set_cookie(
            "session", json.dumps(SESSION), self._key, path="/", httponly=True, samesite="lax"
        )
        return self._page("index.html", "set_session_data", message="Session data set")

    def get_session(self) -> str:
        message = describe(self._session())
        return self._page("index.html", "get_session_data", message=message)

    def healthz(self) -> str:
        response.content_type = "text/plain; charset=utf-8"
        return "ok"

    def static(self, filename: str) -> Any:
        return static_file(filename, STATIC, charset="utf-8")

    def check(self) -> None:
        if self._shared.refuses(request.environ):
            raise HTTPError(403)

    def protect(self) -> None:
        for name, value in FIELDS.items():
            response.set_header(name, value)

    def error(self, code: int, name: str, _: HTTPError) -> str:
        return self._page("error.html", code=code, name=name, sentence=explain(code))

    def not_timed(self) -> str:
        raise HTTPError(501)

    def _page(self, template: str, endpoint: str | None = None, **values: Any) -> str:
        return self._shared.render(
            template,
            endpoint,
            url_for=self._app.get_url,
            get_flashed_messages=self._flashed_messages,
            **values,
        )

    def _session(self) -> dict[str, Any]:
        cookie = request.get_cookie("session", secret=self._key)
        session: dict[str, Any] = json.loads(cookie) if cookie else {}
        return session

    def _flashed_messages(self, with_categories: bool) -> Any:
        return self._session().get("_flashes", [])


def create_app(settings: Settings) -> Application:
    """A new application."""
    app = Bottle()
    views = Views(app, Shared(settings))
    for rule, methods, view, name in (
        ("/hello/<name>", ["GET"], views.hello, "hello"),
        ("/add_wrong/<num1>/<num2>", ["GET"], views.not_timed, "add_wrong"),
        ("/add/<num1:int>/<num2:int>", ["GET"], views.add, "add"),
        ("/login", ["GET"], views.login, "login"),
        ("/get202status", ["GET"], views.get202status, "get202status"),
        ("/", ["GET", "POST"], views.index, "index"),
        ("/displaylist", ["GET"], views.list, "displayList_fun"),
        ("/redirect_endpoint", ["GET"], views.redirect, "redirect_endpoint"),
        ("/handle_js_post", ["POST"], views.json, "handle_js_post"),
        ("/set_session_data", ["GET"], views.set_session, "set_session_data"),
        ("/get_session_data", ["GET"], views.get_session, "get_session_data"),
        ("/healthz", ["GET"], views.healthz, "healthz"),
        *((f"/{name}", ["GET", "POST"], views.not_timed, name) for name in NOT_TIMED),
    ):
        app.route(rule, methods, view, name=f"tutorial.{name}")
    app.add_hook("before_request", views.check)
    app.add_hook("after_request", views.protect)
    app.route("/<filename:path>", "GET", views.static, name="static")
    app.error_handler[404] = partial(views.error, 404, "Not Found")
    app.error_handler[405] = partial(views.error, 405, "Method Not Allowed")
    application: Application = app
    return application
