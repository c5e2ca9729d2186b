"""Context: what a view is given, explicitly.

In Flask, ``request`` and ``session`` are imported like modules and mean another object in every thread; here they
are attributes of the one argument of the view. That argument is the whole difference between the two ``views.py``.
The surprise: reading ``ctx.session`` is an act. It says that the answer depends on the cookie, so caches must be
told (``Vary: Cookie``), even when the view only wanted to know that there is nothing in it.

Spec:     RFC 9110 §12.5.5 (Vary)
Flask:    flask.ctx.RequestContext, flask.request, flask.session, flask.current_app, flask.Flask.url_for,
          flask.render_template, flask.Flask.update_template_context, flask.send_file
Differs:  an argument instead of context locals, so there is no "working outside of request context"
Left out: ``g``; URLs and templates outside of a request; ``render_template`` with several names to choose from
"""

from collections.abc import Callable, Container, Mapping
from typing import IO, TYPE_CHECKING, Any, Protocol

from . import environ as wsgi
from . import flashes
from .request import Request, lazy
from .response import Response
from .router import Router, UrlFor
from .sessions import Session, SessionInterface
from .static_files import send_file
from .templating import Environment

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class CurrentApp(Protocol):
    """What a request needs of its application; made once, the same for all requests, never changed by one."""

    config: Mapping[str, Any]
    extensions: Mapping[str, Any]
    router: Router
    templates: Environment
    context_processors: list[Callable[["Context"], Mapping[str, Any]]]
    sessions: SessionInterface


class Context:
    """One request in one application."""

    opened_session: Session | None = None
    """The session, once somebody has looked at it."""

    def __init__(self, app: CurrentApp, environ: "WSGIEnvironment", request: Request) -> None:
        self.current_app = app
        self.environ = environ
        self.request = request

    def open_session(self) -> Session:
        """The session, read from its cookie at the first call; looking at it here leaves no trace in the answer."""
        if self.opened_session is None:
            self.opened_session = self.current_app.sessions.open_session(self.request)
        return self.opened_session

    @lazy
    def session(self) -> Session:
        """What the visitor's cookie remembers. Assign to its keys: a change deeper inside is not noticed."""
        session = self.open_session()
        session.accessed = True
        return session

    def flash(self, message: str, category: str = "message") -> None:
        """Leave a message for the next page that shows messages, be it this answer or a later one."""
        flashes.flash(self.session, message, category)

    @lazy
    def _taken_flashes(self) -> list[tuple[str, str]]:
        return flashes.take(self.session)

    def get_flashed_messages(
        self, with_categories: bool = False, category_filter: Container[str] = ()
    ) -> list[Any]:
        """The waiting messages, taken from the session when first asked for and the same for the whole request."""
        return flashes.select(self._taken_flashes, with_categories, category_filter)

    def render_template(self, name: str, /, **values: Any) -> str:
        """The page that the template makes of ``values``, which win over those of the context processors."""
        context = {
            "request": self.request,
            "url_for": self.url_for,
            "get_flashed_messages": self.get_flashed_messages,
        }
        for processor in self.current_app.context_processors:
            context.update(processor(self))
        context.update(values)
        return self.current_app.templates.get_template(name).render(context)

    @lazy
    def url_for(self) -> UrlFor:
        """The function that builds URLs; see :class:`~.router.UrlFor`."""
        environ, request = self.environ, self.request
        return self.current_app.router.url_for(
            wsgi.url_scheme(environ),
            wsgi.request_host(environ).text,
            wsgi.script_name(environ),
            request.method,
            (request.endpoint or "").rpartition(".")[0],
        )

    def send_file(self, file: IO[bytes], **options: Any) -> Response:
        """An open file as a response; the options are those of :func:`~.static_files.send_file`."""
        return send_file(self.environ, file, **options)
