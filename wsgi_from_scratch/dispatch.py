"""Dispatch: environ → route → view or error page → session → start_response.

One request's life is :meth:`Application.__call__`, and everything else in this package is called from there. The
surprise is how much of it deals with what goes wrong: a hook, a view, or the page for an error may raise, and the
client must get an answer all the same (the server's own, if the page for a 500 fails as well), and it must reveal
nothing internal.

Spec:     PEP 3333 ("The Application/Framework Side", "Error Handling")
Flask:    flask.Flask.wsgi_app, flask.Flask.full_dispatch_request, flask.Flask.preprocess_request,
          flask.Flask.dispatch_request, flask.Flask.make_default_options_response, flask.Flask.finalize_request,
          flask.Flask.process_response, flask.Flask.handle_user_exception, flask.Flask.handle_exception,
          flask.Flask.log_exception, flask.Flask.do_teardown_request, flask.Flask.register_blueprint
Differs:  the log escapes path and method, so that a path with a line break cannot forge a line of it;
          the session is opened when somebody looks at it or when there is a cookie, not on every request;
          uploaded files are closed even when a teardown hook fails;
          a host with a label that cannot be is refused before any hook is called; Flask calls hooks that have no URLs
Left out: signals, async views, ``url_value_preprocessor``, hooks of a single blueprint, debug mode,
          ``stream_with_context`` (a stream keeps its ``ctx``, but the uploaded files are closed when the view returns)
"""

import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import environ as wsgi
from .context import Context
from .errors import (
    BY_CODE,
    BadHost,
    BadRequest,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
)
from .forms import Limits
from .request import Request
from .response import Response, ReturnValue, redirect, to_response
from .router import (
    Absent,
    Found,
    Moved,
    NotAllowed,
    Outcome,
    Router,
    Routes,
    WebSocketMismatch,
    redirect_url,
)
from .sessions import SessionInterface
from .static_files import send_from_directory
from .templating import make_environment
from .urls import iri_to_uri

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

View = Callable[..., ReturnValue]


class Application:
    """A WSGI callable. Registration happens before the first request; afterwards nothing here changes.

    ``config`` holds the settings under upper-case names, ``extensions`` the objects that views share.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        sessions: SessionInterface,
        *,
        template_folder: Path,
        static_folder: Path,
        extensions: Mapping[str, Any],
    ) -> None:
        self.config = config
        self.sessions = sessions
        self.extensions = extensions
        self.router = Router()
        self.templates = make_environment(template_folder)
        self.context_processors: list[Callable[[Context], Mapping[str, Any]]] = []
        self._limits = Limits(config["MAX_FORM_MEMORY_SIZE"], config["MAX_FORM_PARTS"])
        self._max_content_length: int = config["MAX_CONTENT_LENGTH"]
        self._views: dict[str, View] = {}
        self._before: list[Callable[[Context], ReturnValue | None]] = []
        self._after: list[Callable[[Context, Response], Response]] = []
        self._teardown: list[Callable[[Context, BaseException | None], None]] = []
        self._error_handlers: dict[int | None, dict[type[Exception], View]] = {}

        directory = str(static_folder)

        def static(ctx: Context, filename: str) -> Response:
            return send_from_directory(ctx.environ, directory, filename)

        self.add_url_rule("/<path:filename>", "static", static)

    def add_url_rule(
        self, rule: str, endpoint: str, view: View, methods: Iterable[str] = ("GET",)
    ) -> None:
        """Have ``view`` answer ``rule``. Raises ValueError for a malformed rule."""
        self.router.add(rule, endpoint, methods)
        self._views[endpoint] = view

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """One request's life: answered, sent, cleaned up after. What the page for a 500 raises is for the server."""
        ctx = Context(self, environ, Request(environ, self._limits, self._max_content_length))
        failure: BaseException | None = None
        try:
            response = self._answer(ctx)
        except Exception as error:
            failure = error
            return self._answer_unexpected(ctx, error)(environ, start_response)
        except BaseException as error:
            # The server wants its worker back: no answer, but the hooks are told why.
            failure = error
            raise
        else:
            return response(environ, start_response)
        finally:
            if self._teardown or ctx.request.parsed_files:
                self._clean_up(ctx, failure)

    def _clean_up(self, ctx: Context, failure: BaseException | None) -> None:
        """Call the teardown hooks, and close uploaded files whatever becomes of them."""
        try:
            for tear_down in self._teardown:
                tear_down(ctx, failure)
        finally:
            for file in ctx.request.parsed_files:
                file.close()

    def _answer(self, ctx: Context) -> Response:
        """The response, errors that were foreseen included."""
        try:
            outcome = self._match(ctx)
            for before in self._before:
                value = before(ctx)
                if value is not None:
                    break
            else:
                value = self._dispatch(ctx, outcome)
        except Exception as error:
            value = self._handle(ctx, error)
        return self._finish(ctx, to_response(value))

    def _match(self, ctx: Context) -> Outcome:
        """Where the request goes. A path that goes nowhere is an outcome and no error yet: the hooks must run first."""
        environ, request = ctx.environ, ctx.request
        if not wsgi.request_host(environ).is_a_name:
            raise BadHost
        # As it was sent, and not ``request.path``, where an empty path has its slash: the router redirects to that one.
        path = wsgi.decode(environ.get("PATH_INFO", "/"))
        websocket = "HTTP_UPGRADE" in environ and wsgi.wants_websocket(environ)
        outcome = self.router.match(path, request.method, websocket=websocket)
        if isinstance(outcome, Found):
            request.endpoint, request.view_args = outcome.endpoint, outcome.values
        return outcome

    def _dispatch(self, ctx: Context, outcome: Outcome) -> ReturnValue:
        # Asked first, and not by the statement below: that takes 0.3 µs (benchmarks: fast paths).
        if isinstance(outcome, Found):
            if ctx.request.method == "OPTIONS" and outcome.rule.automatic_options:
                return self._options(ctx)
            return self._views[outcome.endpoint](ctx, **outcome.values)
        match outcome:
            case Moved(path):
                return redirect(self._canonical(ctx, path), 308)
            case NotAllowed(methods):
                raise MethodNotAllowed(methods)
            case WebSocketMismatch():
                raise BadRequest
            case Absent():
                raise NotFound

    def _options(self, ctx: Context) -> Response:
        response = Response()
        methods = self.router.allowed_methods(ctx.request.path)
        if methods:
            response.headers["Allow"] = ", ".join(sorted(methods))
        return response

    def _canonical(self, ctx: Context, path: str) -> str:
        """The URL under which the page of this request really is, its query kept."""
        environ = ctx.environ
        query = wsgi.decode(environ.get("QUERY_STRING", ""))
        host, mount = ctx.request.host.lower(), wsgi.script_name(environ)
        return iri_to_uri(redirect_url(wsgi.url_scheme(environ), host, mount, path, query))

    def _finish(self, ctx: Context, response: Response) -> Response:
        for after in self._after:
            response = after(ctx, response)
        # A permanent session is sent again with every answer, so a cookie must be looked at even if no view did.
        cookies = ctx.environ.get("HTTP_COOKIE", "")
        if ctx.opened_session is not None or self.sessions.cookie_name in cookies:
            self.sessions.save(ctx.open_session(), response)
        return response

    def _handle(self, ctx: Context, error: Exception) -> ReturnValue:
        """The answer of the handler for this error, or the bare error. Raises it again when it is none of ours."""
        handler = self._handler_of(error)
        if handler is not None:
            return handler(ctx, error)
        if isinstance(error, HTTPException):
            return error.name, error.code, error.get_headers()
        raise error

    def _handler_of(self, error: Exception) -> View | None:
        """A handler for the error's code before one for all codes; a closer class before its bases."""
        codes = (error.code, None) if isinstance(error, HTTPException) else (None,)
        for code in codes:
            handlers = self._error_handlers.get(code, {})
            for error_class in type(error).__mro__:
                if error_class in handlers:
                    return handlers[error_class]
        return None

    def _answer_unexpected(self, ctx: Context, error: Exception) -> Response:
        """A 500 without a trace of the inside; the trace goes to the server's log."""
        _log(ctx, "Exception on", error)
        response = to_response(self._handle(ctx, InternalServerError(error)))
        try:
            return self._finish(ctx, response)
        except Exception as second:
            _log(ctx, "The 500 page could not be finished on", second)
            return response

    def register(self, routes: Routes) -> None:
        """Take over what ``routes`` has collected."""
        for route in routes.routes:
            self.add_url_rule(route.rule, route.endpoint, route.view, route.methods)
        self.templates.filters.update(routes.template_filters)
        self.context_processors += routes.context_processors
        self._before += routes.before
        self._after[:0] = reversed(routes.after)
        self._teardown[:0] = reversed(routes.teardown)
        for wanted, handler in routes.error_handlers:
            error_class = BY_CODE[wanted] if isinstance(wanted, int) else wanted
            is_http = issubclass(error_class, HTTPException)
            code = getattr(error_class, "code", None) if is_http else None
            self._error_handlers.setdefault(code, {})[error_class] = handler


def _log(ctx: Context, what: str, error: Exception) -> None:
    """Write the trace to the server's error stream, the client's own words escaped."""
    lines = traceback.format_exception(error)
    stream = ctx.environ["wsgi.errors"]
    with suppress(Exception):  # a full disk below the log must not cost the client an answer
        stream.write(f"{what} {ctx.request.path!a} [{ctx.request.method!a}]\n{''.join(lines)}")
        stream.flush()
