"""One small application, registered with Flask and with us, goes through the same life with each request.

The functions are written once, with ``ctx``. For Flask they are wrapped so that ``ctx`` is Flask itself, whose
``request``, ``session`` and so on are the names that ``ctx`` has.
"""

import functools
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import flask
import pytest
import werkzeug.exceptions
from werkzeug.test import create_environ

from wsgi_from_scratch import errors
from wsgi_from_scratch.dispatch import Application
from wsgi_from_scratch.response import make_response
from wsgi_from_scratch.router import Routes
from wsgi_from_scratch.sessions import SessionInterface

KEY = "a key for the tests alone"
CONFIG = {"MAX_CONTENT_LENGTH": 1000, "MAX_FORM_MEMORY_SIZE": 500, "MAX_FORM_PARTS": 10}

TEMPLATES = Path(__file__).with_name("templates")

View = Callable[..., Any]
Plain = Callable[[View], View]
"""Makes of a view with ``ctx`` the view that the application takes."""


class Late(Exception):
    """An error of the application's own, and below it a closer one."""


class Later(Late):
    pass


class Numbered(Exception):
    """An error of the application's own with a number that is no status."""

    code = 418


def register(routes: Any, plain: Plain, problems: Any, log: list[str]) -> None:
    """``problems`` is the module that has the HTTP errors."""
    register_hooks(routes, plain, log)
    register_error_handlers(routes, plain, problems, log)
    register_views(routes, plain, problems)
    register_views_of_the_request(routes, plain)
    register_views_of_the_session(routes, plain)
    register_templates(routes, plain)


def register_hooks(routes: Any, plain: Plain, log: list[str]) -> None:
    def first(ctx: Any) -> Any:
        log.append("before 1")
        return "stopped by a hook" if ctx.request.args.get("stop") else None

    def second(ctx: Any) -> Any:
        log.append(f"before 2 {ctx.request.endpoint} {ctx.request.view_args}")
        if ctx.request.args.get("fail") == "before":
            raise ZeroDivisionError

    def third(ctx: Any, response: Any) -> Any:
        log.append(f"after 1 {response.status_code}")
        if response.location is not None:
            # The page of a redirect is Werkzeug's own, and here left to a hook.
            response.data = "moved"
        response.headers["X-Order"] = response.headers.get("X-Order", "") + "1"
        return response

    def fourth(ctx: Any, response: Any) -> Any:
        log.append(f"after 2 {response.status_code}")
        response.headers["X-Order"] = response.headers.get("X-Order", "") + "2"
        if ctx.request.args.get("fail") == "after":
            raise ZeroDivisionError
        return response

    def fifth(ctx: Any, error: BaseException | None) -> None:
        log.append(f"teardown 1 {type(error).__name__}")

    def sixth(ctx: Any, error: BaseException | None) -> None:
        log.append(f"teardown 2 {type(error).__name__}")

    routes.before_app_request(plain(first))
    routes.before_app_request(plain(second))
    routes.after_app_request(plain(third))
    routes.after_app_request(plain(fourth))
    routes.teardown_app_request(plain(fifth))
    routes.teardown_app_request(plain(sixth))


def register_error_handlers(routes: Any, plain: Plain, problems: Any, log: list[str]) -> None:
    def missing(ctx: Any, error: Any) -> Any:
        return f"no {ctx.request.path}", 404, {"X-Handler": "404"}

    def any_http_error(ctx: Any, error: Any) -> Any:
        return f"{error.code} {error.name}", error.code, error.get_headers()

    def missing_key(ctx: Any, error: Any) -> Any:
        return f"need {error.args[0]}", 400

    def late(ctx: Any, error: Late) -> Any:
        return {"late": type(error).__name__}, 409

    def numbered(ctx: Any, error: Numbered) -> Any:
        return f"number {error.code}", 409

    def broken(ctx: Any, error: Any) -> Any:
        log.append(f"500 for {type(error.original_exception).__name__}")
        return "broken", 500

    routes.app_errorhandler(404)(plain(missing))
    routes.app_errorhandler(problems.HTTPException)(plain(any_http_error))
    routes.app_errorhandler(problems.BadRequestKeyError)(plain(missing_key))
    routes.app_errorhandler(Late)(plain(late))
    routes.app_errorhandler(Numbered)(plain(numbered))
    routes.app_errorhandler(500)(plain(broken))


def register_views(routes: Any, plain: Plain, problems: Any) -> None:
    def home(ctx: Any) -> Any:
        return "home"

    def fail(ctx: Any, name: str) -> Any:
        raise {
            "zero": ZeroDivisionError,
            "late": Late,
            "later": Later,
            "numbered": Numbered,
            "lookup": KeyError,
            "absent": problems.NotFound,
            "forbidden": problems.Forbidden,
            "stop": SystemExit,
        }[name]

    def key(ctx: Any) -> Any:
        return ctx.request.form["name"]

    def none(ctx: Any) -> Any:
        return None

    def branch(ctx: Any) -> Any:
        return ctx.request.method

    def own_options(ctx: Any) -> Any:
        return f"mine: {ctx.request.method}"

    routes.route("/")(plain(home))
    routes.route("/raise/<name>")(plain(fail))
    routes.route("/key", methods=["POST"])(plain(key))
    routes.route("/none")(plain(none))
    routes.route("/branch/", methods=["GET", "POST"])(plain(branch))
    routes.route("/own-options", methods=["GET", "OPTIONS"])(plain(own_options))


def register_views_of_the_request(routes: Any, plain: Plain) -> None:
    def body(ctx: Any) -> Any:
        which = ctx.request.args["which"]
        request = ctx.request
        seen: dict[str, Callable[[], Any]] = {
            "form": lambda: list(request.form.items(multi=True)),
            "data": lambda: request.data.decode("latin-1"),
            "get_data": lambda: request.get_data().decode("latin-1"),
            "json": lambda: request.json,
            "files": lambda: [
                (name, file.filename) for name, file in request.files.items(multi=True)
            ],
        }
        return {name: seen[name]() for name in which.split(",")}

    def facts(ctx: Any, number: int) -> Any:
        request = ctx.request
        return {
            "args": list(request.args.items(multi=True)),
            "content_length": request.content_length,
            "content_type": request.content_type,
            "cookies": list(request.cookies.items(multi=True)),
            "endpoint": request.endpoint,
            "header": request.headers.get("x-test"),
            "host": request.host,
            "is_json": request.is_json,
            "method": request.method,
            "mimetype": request.mimetype,
            "path": request.path,
            "query": request.query_string.decode("latin-1"),
            "view_args": request.view_args,
        }

    def urls(ctx: Any, anything: str) -> Any:
        return [
            ctx.url_for("small.home"),
            ctx.url_for(".urls", anything="a b/ü?#", q="x y", none=None, many=["1", "2"]),
            ctx.url_for("static", filename="css/x.css", _anchor="Stück 1"),
            ctx.url_for(".home", _external=True),
            ctx.url_for(".home", _scheme="https", _anchor="x"),
        ]

    routes.route("/body", methods=["POST"])(plain(body))
    routes.route("/facts/<int:number>")(plain(facts))
    routes.route("/urls/<path:anything>")(plain(urls))


def register_views_of_the_session(routes: Any, plain: Plain) -> None:
    def use_session(ctx: Any) -> Any:
        ctx.session["n"] = ctx.session.get("n", 0) + 1
        ctx.session.permanent = "permanent" in ctx.request.args
        return str(ctx.session["n"])

    def look(ctx: Any) -> Any:
        return str(bool(ctx.session))

    def empty(ctx: Any) -> Any:
        ctx.session.clear()
        return "emptied"

    def flash(ctx: Any) -> Any:
        ctx.flash("one", "info")
        ctx.flash("two")
        return "flashed"

    def flashed(ctx: Any) -> Any:
        return [
            ctx.get_flashed_messages(),
            ctx.get_flashed_messages(with_categories=True),
            ctx.get_flashed_messages(category_filter=("info",)),
        ]

    routes.route("/session")(plain(use_session))
    routes.route("/look")(plain(look))
    routes.route("/empty")(plain(empty))
    routes.route("/flash")(plain(flash))
    routes.route("/flashed")(plain(flashed))


def register_templates(routes: Any, plain: Plain) -> None:
    def shout(text: str) -> str:
        return text.upper()

    def everywhere(ctx: Any) -> dict[str, Any]:
        return {"site": ctx.request.path, "title": "of the processor"}

    def page(ctx: Any) -> Any:
        return ctx.render_template("page.html", title="of the view", typed="<b>")

    routes.app_template_filter()(shout)
    routes.app_template_filter("loud")(shout)
    routes.app_context_processor(plain(everywhere))
    routes.route("/page")(plain(page))


def without_ctx(view: View) -> View:
    """The view as Flask calls it; ``flask`` itself plays the context."""
    return functools.wraps(view)(lambda *args, **values: view(flask, *args, **values))


def flask_application(log: list[str]) -> flask.Flask:
    app = flask.Flask(
        "small", static_folder="/nowhere", static_url_path="/", template_folder=str(TEMPLATES)
    )
    app.config.from_mapping(
        CONFIG, SECRET_KEY=KEY, SESSION_COOKIE_SAMESITE="Lax", PROPAGATE_EXCEPTIONS=False
    )
    blueprint = flask.Blueprint("small", __name__)
    register(blueprint, without_ctx, werkzeug.exceptions, log)
    app.register_blueprint(blueprint)
    return app


def our_application(log: list[str]) -> Application:
    app = Application(
        config=CONFIG,
        sessions=SessionInterface([KEY], samesite="Lax"),
        template_folder=TEMPLATES,
        static_folder=Path("/nowhere"),
        extensions={},
    )
    routes = Routes("small")
    register(routes, lambda view: view, errors, log)
    app.register(routes)
    return app


Answer = tuple[str, list[tuple[str, str]], bytes, list[str]]


def send(
    application: Callable[..., Iterable[bytes]], log: list[str], environ: dict[str, Any]
) -> tuple[Answer, dict[str, Any]]:
    log.clear()
    head: list[Any] = []
    body = application(environ, lambda status, fields, exc_info=None: head.extend((status, fields)))
    sent = b"".join(body)
    close = getattr(body, "close", None)
    if close is not None:
        close()
    status, fields = head
    # Werkzeug lists methods in the order of a set, so theirs is compared sorted.
    fields = [(n, ", ".join(sorted(v.split(", ")))) if n == "Allow" else (n, v) for n, v in fields]
    return (status, fields, sent, list(log)), environ


def both(method: str, path: str, **options: Any) -> tuple[Answer, Answer]:
    extra = options.pop("environ", {})
    answers = []
    for build in (flask_application, our_application):
        log: list[str] = []
        environ = (
            create_environ(path, method=method, **options) | extra | {"wsgi.errors": io.StringIO()}
        )
        answers.append(send(build(log), log, environ)[0])
    return answers[0], answers[1]


REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "home": ("GET", "/", {}),
    "head": ("HEAD", "/", {}),
    "lower-case method": ("GET", "/", {"environ": {"REQUEST_METHOD": "get"}}),
    "options": ("OPTIONS", "/branch/", {}),
    "options of a view with its own": ("OPTIONS", "/own-options", {}),
    "options of nothing": ("OPTIONS", "/unknown", {}),
    "unknown method": ("BREW", "/branch/", {}),
    "not found": ("GET", "/unknown", {}),
    "not allowed": ("DELETE", "/branch/", {}),
    "get of what is only posted": ("GET", "/key", {}),
    "missing slash": ("POST", "/branch?a=b&c", {}),
    "doubled slash": ("GET", "/branch//", {}),
    "no path": ("GET", "/", {"environ": {"PATH_INFO": ""}}),
    "stopped by a hook": ("GET", "/?stop=1", {}),
    "stopped by a hook where nothing is": ("GET", "/unknown?stop=1", {}),
    "a hook fails before": ("GET", "/?fail=before", {}),
    "a hook fails after": ("GET", "/?fail=after", {}),
    "a hook fails after a 404": ("GET", "/unknown?fail=after", {}),
    "a hook fails after a 500": ("GET", "/raise/zero?fail=after", {}),
    "a view fails": ("GET", "/raise/zero", {}),
    "a view fails in a HEAD": ("HEAD", "/raise/zero", {}),
    "an error of the application": ("GET", "/raise/late", {}),
    "a closer error": ("GET", "/raise/later", {}),
    "an error with a code that is no status": ("GET", "/raise/numbered", {}),
    "a plain KeyError": ("GET", "/raise/lookup", {}),
    "a 404 from a view": ("GET", "/raise/absent", {}),
    "a 403 from a view": ("GET", "/raise/forbidden", {}),
    "a missing form key": ("POST", "/key", {"data": {"other": "1"}}),
    "a form key": ("POST", "/key", {"data": {"name": "ü"}}),
    "a view returns nothing": ("GET", "/none", {}),
    "no valid host": ("GET", "/branch", {"environ": {"HTTP_HOST": "a_b"}}),
    "websocket": (
        "GET",
        "/",
        {"environ": {"HTTP_CONNECTION": "Upgrade", "HTTP_UPGRADE": "websocket"}},
    ),
    "prefix": (
        "GET",
        "/urls/x",
        {"environ": {"SCRIPT_NAME": "/präfix/".encode().decode("latin-1")}},
    ),
    "prefix and redirect": ("GET", "/branch", {"environ": {"SCRIPT_NAME": "/prefix"}}),
    "urls": ("GET", "/urls/x", {"environ": {"HTTP_HOST": "EXAMPLE.org:80"}}),
    "urls over https": (
        "GET",
        "/urls/x",
        {"environ": {"HTTP_HOST": "e:443", "wsgi.url_scheme": "https"}},
    ),
    "facts": (
        "GET",
        "/facts/7?a=1&b=%C3%A9&a=2",
        {"headers": {"X-Test": "t", "Cookie": 'a=1; b="c\\073"; a=2'}},
    ),
    "facts of a post": (
        "GET",
        "/facts/7",
        {"data": b"{}", "content_type": "Application/Problem+JSON; charset=x"},
    ),
    "page": ("GET", "/page", {"environ": {"SCRIPT_NAME": "/mount"}}),
    "facts with the server's own host": (
        "GET",
        "/facts/7",
        {"environ": {"HTTP_HOST": "localhost:443"}},
    ),
    "session": ("GET", "/session", {}),
    "permanent session": ("GET", "/session?permanent", {}),
    "look into the session": ("GET", "/look", {}),
    "empty the session": ("GET", "/empty", {}),
    "flash": ("GET", "/flash", {}),
    "no flashes": ("GET", "/flashed", {}),
    "too large": ("POST", "/key", {"data": {"name": "x" * 1000}}),
    "cut off": (
        "POST",
        "/key",
        {
            "data": b"name=x",
            "environ": {
                "CONTENT_LENGTH": "60",
                "CONTENT_TYPE": "application/x-www-form-urlencoded",
            },
        },
    ),
}

BODIES: dict[str, tuple[bytes, str]] = {
    "form": (b"a=1&a=2&b=%FF", "application/x-www-form-urlencoded"),
    "form with a charset": (b"a=\xe4", "application/x-www-form-urlencoded; charset=latin-1"),
    "json": (b'{"a": [1, null]}', "application/json"),
    "json in utf-16": ('{"a": 1}'.encode("utf-16"), "application/json"),
    "broken json": (b"{", "application/json"),
    "text": (b"plain", "text/plain"),
    "nothing said": (b"a=1", ""),
    "multipart": (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="n.txt"\r\n\r\n2\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    "multipart without an end": (b"--x\r\n", "multipart/form-data; boundary=x"),
    "multipart without a boundary": (b"--x\r\n", "multipart/form-data"),
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.usefixtures("frozen_clock")
def test_a_request_is_answered_the_same(name: str) -> None:
    method, path, options = REQUESTS[name]
    theirs, ours = both(method, path, **options)
    assert ours == theirs


@pytest.mark.usefixtures("frozen_clock")
def test_a_host_that_cannot_be_one_is_refused_before_any_hook_is_called() -> None:
    theirs, ours = both("GET", "/", environ={"HTTP_HOST": "a" * 64})
    assert ours[:3] == theirs[:3]
    assert [event for event in theirs[3] if "before" not in event] == ours[3]
    assert len(ours[3]) < len(theirs[3])


@pytest.mark.parametrize(
    "which",
    [
        "form",
        "data",
        "get_data",
        "json",
        "files",
        "data,form",
        "form,data",
        "get_data,form",
        "form,get_data",
        "get_data,data,files",
    ],
)
@pytest.mark.parametrize("name", BODIES)
def test_each_part_of_a_body_is_read_the_same(name: str, which: str) -> None:
    body, content_type = BODIES[name]
    theirs, ours = both("POST", f"/body?which={which}", data=body, content_type=content_type)
    assert ours == theirs


JOURNEYS = {
    "counting": ["/session", "/session", "/look", "/empty", "/look", "/session"],
    "a permanent session is sent again with every answer": [
        "/session?permanent",
        "/",
        "/look",
        "/unknown",
        "/session",
    ],
    "a flash waits for the page that shows it": ["/flash", "/", "/flash", "/flashed", "/flashed"],
}


@pytest.mark.parametrize("name", JOURNEYS)
@pytest.mark.usefixtures("frozen_clock")
def test_a_journey_with_cookies_is_the_same(name: str) -> None:
    journeys = []
    for build in (flask_application, our_application):
        log: list[str] = []
        app, cookie, answers = build(log), "", []
        for path in JOURNEYS[name]:
            answer, _ = send(app, log, create_environ(path) | {"HTTP_COOKIE": cookie})
            answers.append(answer)
            cookie = dict(answer[1]).get("Set-Cookie", cookie).partition(";")[0]
        journeys.append(answers)
    assert journeys[1] == journeys[0]


def test_a_worker_that_must_stop_tells_its_teardown_hooks_the_same() -> None:
    logs = []
    for build in (flask_application, our_application):
        log: list[str] = []
        with pytest.raises(SystemExit):
            send(build(log), log, create_environ("/raise/stop"))
        logs.append(log)
    assert logs[1] == logs[0]
    assert logs[1][-1] == "teardown 1 SystemExit"


def test_an_unexpected_error_is_logged_with_its_trace() -> None:
    errors_stream = io.StringIO()
    environ = create_environ("/raise/zero") | {"wsgi.errors": errors_stream}
    send(our_application([]), [], environ)
    assert "Traceback" in errors_stream.getvalue()
    assert "ZeroDivisionError" in errors_stream.getvalue()


def test_a_log_that_cannot_be_written_costs_the_client_no_answer() -> None:
    for build in (flask_application, our_application):
        environ = create_environ("/raise/zero") | {"wsgi.errors": FullDisk()}
        (status, *_), _ = send(build([]), [], environ)
        assert status == "500 INTERNAL SERVER ERROR"


class FullDisk(io.StringIO):
    def write(self, text: str, /) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("key", ["PATH_INFO", "REQUEST_METHOD"])
def test_what_a_client_writes_cannot_forge_a_line_of_our_log(key: str) -> None:
    errors_stream = io.StringIO()
    environ = create_environ("/?fail=before") | {"wsgi.errors": errors_stream}
    environ[key] += "\nERROR ALL IS LOST\x1b[2J"
    send(our_application([]), [], environ)
    assert "ERROR ALL IS LOST" in errors_stream.getvalue()
    assert "\nERROR" not in errors_stream.getvalue()
    assert "\x1b" not in errors_stream.getvalue()


def test_make_response_refuses_what_a_view_forgot_to_return() -> None:
    with pytest.raises(TypeError, match="must return"):
        make_response(None)
