import io
import threading
from pathlib import Path
from typing import Any

import pytest

from wsgi_from_scratch.context import Context
from wsgi_from_scratch.dispatch import Application
from wsgi_from_scratch.errors import HTTPException
from wsgi_from_scratch.forms import UploadedFile
from wsgi_from_scratch.request import Request
from wsgi_from_scratch.response import Response, ReturnValue
from wsgi_from_scratch.router import Routes
from wsgi_from_scratch.sessions import Session, SessionInterface

CONFIG = {"MAX_CONTENT_LENGTH": 1_000, "MAX_FORM_MEMORY_SIZE": 500, "MAX_FORM_PARTS": 10}


def application(routes: Routes, key: str = "key") -> Application:
    app = Application(
        config=CONFIG,
        sessions=SessionInterface([key]),
        template_folder=Path("/nowhere"),
        static_folder=Path("/nowhere"),
        extensions={},
    )
    app.register(routes)
    return app


def get(app: Application, path: str = "/", **environ: Any) -> tuple[str, dict[str, str], bytes]:
    head: list[Any] = []

    def start_response(status: str, fields: list[tuple[str, str]], *_: object) -> Any:
        head.extend((status, fields))

    body = app(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            **environ,
        },
        start_response,
    )
    return head[0], dict(head[1]), b"".join(body)


@pytest.fixture
def routes() -> Routes:
    return Routes("test")


def test_without_any_handler_an_error_is_its_reason_phrase(routes: Routes) -> None:
    assert get(application(routes), "/absent")[::2] == ("404 NOT FOUND", b"Not Found")


def test_an_unexpected_error_tells_the_client_nothing_and_the_log_everything(
    routes: Routes,
) -> None:
    @routes.route("/")
    def view(ctx: Context) -> ReturnValue:
        raise RuntimeError("the secret of the inside")

    written = io.BytesIO()
    log = io.TextIOWrapper(written)  # keeps what it is given until it is flushed, as a server's may
    status, _, body = get(application(routes), "/", **{"wsgi.errors": log})
    assert (status, body) == ("500 INTERNAL SERVER ERROR", b"Internal Server Error")
    assert b"the secret of the inside" in written.getvalue()


def test_after_an_error_the_next_request_is_answered(routes: Routes) -> None:
    @routes.route("/<int:number>")
    def view(ctx: Context, number: int) -> ReturnValue:
        return str(1 // number)

    app = application(routes)
    assert [get(app, path)[0][:3] for path in ("/0", "/1", "/0", "/1")] == [
        "500",
        "200",
        "500",
        "200",
    ]


def test_two_applications_share_nothing(routes: Routes) -> None:
    @routes.route("/")
    def count(ctx: Context) -> ReturnValue:
        ctx.session["n"] = ctx.session.get("n", 0) + 1
        return str(ctx.session["n"])

    first, second = application(routes, "key one"), application(routes, "key two")
    cookie = get(first, "/")[1]["Set-Cookie"].partition(";")[0]
    assert get(first, "/", HTTP_COOKIE=cookie)[2] == b"2"
    assert get(second, "/", HTTP_COOKIE=cookie)[2] == b"1"


def test_requests_in_many_threads_do_not_meet(routes: Routes) -> None:
    meeting = threading.Barrier(16)

    @routes.route("/<name>")
    def remember(ctx: Context, name: str) -> ReturnValue:
        ctx.session["name"] = name
        meeting.wait(timeout=10)
        return f"{ctx.session['name']} {ctx.request.path}"

    app = application(routes)
    answers: dict[str, bytes] = {}

    def visit(name: str) -> None:
        answers[name] = get(app, f"/{name}")[2]

    threads = [threading.Thread(target=visit, args=(f"visitor{n}",)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {f"visitor{n}": f"visitor{n} /visitor{n}".encode() for n in range(16)}


def test_a_handler_is_chosen_by_code_before_class_and_by_the_closer_class(routes: Routes) -> None:
    @routes.app_errorhandler(HTTPException)
    def of_all(ctx: Context, error: HTTPException) -> ReturnValue:
        return "any", error.code

    @routes.app_errorhandler(404)
    def of_one(ctx: Context, error: HTTPException) -> ReturnValue:
        return "only 404", 404

    app = application(routes)
    assert get(app, "/absent")[2] == b"only 404"
    assert get(app, "/absent", REQUEST_METHOD="POST")[2] == b"any"


@pytest.mark.parametrize(
    ("environ", "opened"),
    [
        ({"PATH_INFO": "/quiet"}, 0),
        ({"PATH_INFO": "/quiet", "HTTP_COOKIE": "other=1"}, 0),
        ({"PATH_INFO": "/quiet", "HTTP_COOKIE": "session=1"}, 1),
        ({"PATH_INFO": "/look"}, 1),
    ],
)
def test_a_session_is_opened_when_somebody_looks_or_there_is_a_cookie(
    routes: Routes, environ: dict[str, str], opened: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    @routes.route("/quiet")
    def quiet(ctx: Context) -> ReturnValue:
        return ""

    @routes.route("/look")
    def look(ctx: Context) -> ReturnValue:
        return str(bool(ctx.session))

    app = application(routes)
    requests: list[Request] = []

    def open_session(request: Request) -> Session:
        requests.append(request)
        return Session()

    monkeypatch.setattr(app.sessions, "open_session", open_session)
    get(app, **environ)
    assert len(requests) == opened


FILE = b'--x\r\nContent-Disposition: form-data; name="f"; filename="n"\r\n\r\n1\r\n'
BODY = FILE * 2 + b"--x--\r\n"


def test_uploaded_files_are_closed_even_when_a_teardown_hook_fails(routes: Routes) -> None:
    files: list[UploadedFile] = []

    @routes.route("/", methods=["POST"])
    def view(ctx: Context) -> ReturnValue:
        files.extend(ctx.request.files.getlist("f"))
        return ""

    @routes.teardown_app_request
    def fail(ctx: Context, error: BaseException | None) -> None:
        raise RuntimeError("in the hook")

    posted = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
        "CONTENT_LENGTH": str(len(BODY)),
        "wsgi.input": io.BytesIO(BODY),
    }
    with pytest.raises(RuntimeError, match="in the hook"):
        get(application(routes), "/", **posted)
    assert [file.stream.closed for file in files] == [True, True]


def test_a_response_that_a_hook_replaced_is_the_one_that_is_sent(routes: Routes) -> None:
    @routes.after_app_request
    def replace(ctx: Context, response: Response) -> Response:
        return Response("replaced", 202)

    assert get(application(routes), "/absent")[::2] == ("202 ACCEPTED", b"replaced")


def test_uploaded_files_are_closed_where_no_hook_is_called(routes: Routes) -> None:
    files: list[UploadedFile] = []

    @routes.route("/", ["POST"])
    def view(ctx: Context) -> ReturnValue:
        files.append(ctx.request.files["f"])
        return ""

    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nx\r\n--b--'
    posted: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "multipart/form-data; boundary=b",
        "CONTENT_LENGTH": str(len(part)),
        "wsgi.input": io.BytesIO(part),
    }
    get(application(routes), "/", **posted)
    assert files[0].stream.closed


def test_an_empty_text_of_a_hook_is_an_answer(routes: Routes) -> None:
    routes.before_app_request(lambda ctx: "")
    routes.route("/")(lambda ctx: "the view's")
    assert get(application(routes))[2] == b""


def test_what_fails_in_finishing_the_page_for_a_failure_is_logged(routes: Routes) -> None:
    @routes.after_app_request
    def fail(ctx: Context, response: Response) -> Response:
        raise RuntimeError

    routes.route("/")(lambda ctx: "")
    log = io.StringIO()
    get(application(routes), "/", **{"wsgi.errors": log})
    assert "The 500 page could not be finished on '/'" in log.getvalue()


def test_hooks_of_two_routes_are_called_from_the_last_to_the_first() -> None:
    called: list[str] = []

    def routes_of(name: str) -> Routes:
        routes = Routes(name)

        @routes.after_app_request
        def after(ctx: Context, response: Response) -> Response:
            called.append(f"after {name}")
            return response

        @routes.teardown_app_request
        def tear_down(ctx: Context, failure: BaseException | None) -> None:
            called.append(f"teardown {name}")

        return routes

    app = application(routes_of("a"))
    app.register(routes_of("b"))
    get(app)
    assert called == ["after b", "after a", "teardown b", "teardown a"]
