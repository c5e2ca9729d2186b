"""The works in Pyramid, whose requests and responses are WebOb's.

Its own:  routing and links, forms and uploads, signed sessions with flashed messages, static files with a date.
Left out: what Pyramid has not: an answer to a wrong method (a second view of each route gives it, without ``Allow``),
          entity tags of static files, ``Vary``
"""

import warnings
from collections.abc import Callable
from typing import Any

from markupsafe import escape

from comparison.exchange import Application
from tutorial.protection import FIELDS
from tutorial.settings import Settings
from tutorial.text import explain

from .pages import NOT_TIMED, SESSION, STATIC, Shared, describe

with warnings.catch_warnings():
    # Pyramid imports pkg_resources, which warns that it will be gone one day.
    warnings.simplefilter("ignore")
    from pyramid.config import Configurator
    from pyramid.httpexceptions import HTTPForbidden, HTTPMethodNotAllowed, HTTPNotFound
    from pyramid.response import Response
    from pyramid.session import SignedCookieSessionFactory
    from pyramid.static import static_view


class Views:
    """One method for each view."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def hello(self, request: Any) -> Any:
        return Response(f"Hello {escape(request.matchdict['name'])}!")

    def add(self, request: Any) -> Any:
        num1, num2 = int(request.matchdict["num1"]), int(request.matchdict["num2"])
        return Response(f"{num1} + {num2} = {num1 + num2}")

    def login(self, request: Any) -> Any:
        username, password = request.GET.get("username"), request.GET.get("password")
        return Response(f"Username: {escape(username)} <br>Password: {escape(password)}")

    def get202status(self, request: Any) -> Any:
        return Response("get200status() method successfully called.", 202)

    def index(self, request: Any) -> Any:
        return self._page(request, "home.html", "index", hello_str="Hello", world_str="World")

    def index_post(self, request: Any) -> Any:
        username, password = request.POST.get("username"), request.POST.get("password")
        known = self._shared.settings.credentials_match(username, password)
        return Response("Success" if known else "Failure")

    def list(self, request: Any) -> Any:
        numbers = [10, 20, 30, 40, 50]
        return self._page(request, "displaylist_template.html", "displayList_fun", mylist=numbers)

    def redirect(self, request: Any) -> Any:
        location = request.route_path("tutorial.displayList_fun")
        page = self._shared.render("redirect.html", location=location)
        return Response(page, 302, location=location)

    def json(self, request: Any) -> Any:
        answer = self._shared.store(request.body).encode()
        return Response(answer, content_type="application/json")

    def set_session(self, request: Any) -> Any:
        request.session.update(SESSION)
        return self._page(request, "index.html", "set_session_data", message="Session data set")

    def get_session(self, request: Any) -> Any:
        message = describe(request.session)
        return self._page(request, "index.html", "get_session_data", message=message)

    def healthz(self, request: Any) -> Any:
        return Response("ok", content_type="text/plain")

    def error(self, error: Any, request: Any) -> Any:
        values = {"code": error.code, "name": error.title, "sentence": explain(error.code)}
        response = self._page(request, "error.html", **values)
        response.status_int = error.code
        return response

    def not_allowed(self, request: Any) -> Any:
        raise HTTPMethodNotAllowed

    def not_timed(self, request: Any) -> Any:
        return Response("", 501)

    def _page(self, request: Any, template: str, endpoint: str | None = None, **values: Any) -> Any:
        def url_for(endpoint: str, /, **values: Any) -> Any:
            if endpoint == "static":
                return request.route_path(endpoint, subpath=values["filename"])
            if endpoint == "tutorial.login":
                return request.route_path(endpoint, _query=values)
            return request.route_path(endpoint, **values)

        def get_flashed_messages(with_categories: bool) -> Any:
            # Popping alone would have the cookie sent again with every page.
            return request.session.pop_flash() if request.session.peek_flash() else []

        values |= {"url_for": url_for, "get_flashed_messages": get_flashed_messages}
        return Response(self._shared.render(template, endpoint, **values))


def protection(handler: Callable[[Any], Any], registry: Any) -> Callable[[Any], Any]:
    """What Pyramid calls a tween: it stands between the server and the views."""

    shared = registry["shared"]

    def protect(request: Any) -> Any:
        if shared.refuses(request.environ):
            return HTTPForbidden()
        response = handler(request)
        response.headers.update(FIELDS)
        return response

    return protect


def create_app(settings: Settings) -> Application:
    """A new application."""
    sessions = SignedCookieSessionFactory(settings.secret_key, reissue_time=None, httponly=True)
    config = Configurator(session_factory=sessions)
    shared = config.registry["shared"] = Shared(settings)
    views = Views(shared)
    for pattern, get, post, name in (
        ("/hello/{name}", views.hello, None, "hello"),
        ("/add_wrong/{num1}/{num2}", views.not_timed, None, "add_wrong"),
        (r"/add/{num1:\d+}/{num2:\d+}", views.add, None, "add"),
        ("/login", views.login, None, "login"),
        ("/get202status", views.get202status, None, "get202status"),
        ("/", views.index, views.index_post, "index"),
        ("/displaylist", views.list, None, "displayList_fun"),
        ("/redirect_endpoint", views.redirect, None, "redirect_endpoint"),
        ("/handle_js_post", None, views.json, "handle_js_post"),
        ("/set_session_data", views.set_session, None, "set_session_data"),
        ("/get_session_data", views.get_session, None, "get_session_data"),
        ("/healthz", views.healthz, None, "healthz"),
        *((f"/{name}", views.not_timed, views.not_timed, name) for name in NOT_TIMED),
    ):
        route_name = f"tutorial.{name}"
        config.add_route(route_name, pattern)
        for method, view in (("GET", get), ("POST", post), (None, views.not_allowed)):
            if view is not None:
                config.add_view(view, route_name=route_name, request_method=method)
    config.add_tween("benchmarks.peers.pyramid_version.protection")
    config.add_route("static", "/*subpath")
    static = static_view(STATIC, use_subpath=True, cache_max_age=None)
    config.add_view(static, route_name="static", request_method="GET")
    config.add_view(views.error, context=HTTPNotFound)
    config.add_view(views.error, context=HTTPMethodNotAllowed)
    application: Application = config.make_wsgi_app()
    return application
