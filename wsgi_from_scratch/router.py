"""Router: from a path to the endpoint that answers it, and from an endpoint back to a path.

The rules form a tree with one level for each segment of a path. A path walks down from the root:
where a child has the very text of its segment, it goes there; else, or when that led nowhere, it
tries the children that are patterns, the more specific first. The surprise: a rule must take the path
*and* the method, and a refusal remembers the methods of all rules that take the path. Hence a rule
``/<path:filename>`` for GET makes a POST to any unknown path a 405 and no longer a 404.

    / ─┬─ hello ─── <name>          /hello/World     Found("hello", {"name": "World"})
       ├─ news ──── (empty)         /news            Moved("/news/")
       └─ <path:filename>           /css/hello.css   Found("static", {"filename": "css/hello.css"})

Spec:     none for rules; 308: RFC 9110 §15.4.9; 405: §15.5.6
Flask:    werkzeug.routing.Map, werkzeug.routing.MapAdapter, werkzeug.routing.BuildError,
          flask.Blueprint
Differs:  what becomes of a path is a value; only a fault of the programmer is an exception;
          a second function for an endpoint is found out by the decorator, not by the application
Left out: hosts and subdomains; nested blueprints; MultiDict values for URLs; ``endpoint=`` and other options
          in ``route``, ``get`` and ``post`` in its place, a prefix for all rules of a ``Routes``
"""

import re
from bisect import insort
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, TypeVar
from urllib.parse import urlunsplit

from .rules import Pattern, Rule, Segment
from .urls import quote_path, requote_fragment

REMEMBERED_PLACES: Final = 32
"""For how many combinations of scheme, host, prefix, method and ``Routes`` a ``url_for`` is kept. A site has few, but a
client may send any host and any method."""

_NO_VALUES: Final[Mapping[str, Any]] = MappingProxyType({})


class Found(NamedTuple):
    """The path belongs to ``endpoint``; ``values`` are those of the variables, by name."""

    endpoint: str
    values: Mapping[str, Any]
    rule: Rule


# Found without its constructor, which is Python: 0.1 µs, and not 0.2 (benchmarks: fast paths).
_found: Callable[[tuple[str, Mapping[str, Any], Rule]], Found] = partial(tuple.__new__, Found)


class Moved(NamedTuple):
    """What is asked for has this path (percent-decoded), and a 308 should say so."""

    path: str


class NotAllowed(NamedTuple):
    """The path is there for these methods only."""

    methods: frozenset[str]


class Absent:
    """There is no such path."""

    __slots__ = ()


class WebSocketMismatch:
    """The path is there, but it speaks HTTP and no WebSocket."""

    __slots__ = ()


Outcome: TypeAlias = Found | Moved | NotAllowed | Absent | WebSocketMismatch


class BuildError(LookupError):
    """There is no URL for an endpoint; the message says what to change."""

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(f"no URL for endpoint {endpoint!r}: {reason}")
        self.endpoint = endpoint


class UrlFor(Protocol):
    """The URL of a view, below the prefix at which the server mounted us.

    ``values`` fill the rule, and what it has no variable for becomes the query. ``_external`` gives a URL with
    scheme and host, which ``_scheme`` may change. An endpoint that begins with a dot is one of the same
    ``Routes`` as the current view. Raises BuildError for an endpoint or values that fit no rule.
    """

    def __call__(
        self,
        endpoint: str,
        *,
        _anchor: str | None = None,
        _method: str | None = None,
        _scheme: str | None = None,
        _external: bool | None = None,
        **values: Any,
    ) -> str: ...


class _Node:
    """A place in the tree: the segments of some rules up to here."""

    __slots__ = ("first", "patterns", "rule_by_method", "rules", "texts")

    def __init__(self) -> None:
        self.texts: dict[str, _Node] = {}
        self.patterns: list[tuple[Pattern, _Node]] = []  # the lightest first
        # Of the first of them: what it accepts, where it leads, and whether it takes all segments that are left.
        self.first: tuple[Callable[[str], object], _Node, bool] | None = None
        self.rules: list[Rule] = []  # that end here, in the order of the program
        self.rule_by_method: dict[str, Rule] = {}  # the first of them for each method

    def child(self, segment: Segment) -> "_Node":
        """The node one segment further; makes it when it is new."""
        if isinstance(segment, str):
            return self.texts.setdefault(segment, _Node())
        for pattern, node in self.patterns:
            if pattern == segment:
                return node
        new = _Node()
        insort(self.patterns, (segment, new), key=lambda child: child[0].weight)
        pattern, node = self.patterns[0]
        self.first = pattern.accepts, node, pattern.spans_segments
        return new

    def add(self, rule: Rule) -> None:
        self.rules.append(rule)
        for method in rule.methods:
            self.rule_by_method.setdefault(method, rule)


class Router:
    """Rules are added at start-up; from then on nothing changes, so threads may share it.

    >>> router = Router()
    >>> router.add("/hello/<name>", "hello", ["GET"])
    >>> router.match("/hello/World", "GET").values
    {'name': 'World'}
    >>> router.build("hello", {"name": "World", "page": 2})
    '/hello/World?page=2'
    """

    def __init__(self) -> None:
        self._root = _Node()
        self._whole_paths: dict[str, dict[str, Found]] = {}
        self._rules_by_endpoint: dict[str, list[Rule]] = {}
        self.url_for = lru_cache(REMEMBERED_PLACES)(self._url_for)

    def add(self, rule: str, endpoint: str, methods: Iterable[str]) -> None:
        """HEAD comes with GET, and OPTIONS always. Raises ValueError for a malformed rule."""
        added = Rule(rule, endpoint, methods)
        node = self._root
        for segment in added.segments:
            node = node.child(segment)
        node.add(added)
        if all(isinstance(segment, str) for segment in added.segments):
            by_method = self._whole_paths.setdefault("/" + "/".join(map(str, added.segments)), {})
            for method in added.methods:
                by_method.setdefault(method, Found(endpoint, _NO_VALUES, added))
        # URLs are built by the rule with the most variables that all have values.
        same_endpoint = self._rules_by_endpoint.setdefault(endpoint, [])
        insort(same_endpoint, added, key=lambda rule: -len(rule.arguments))
        self.url_for.cache_clear()

    def match(self, path: str, method: str, *, websocket: bool = False) -> Outcome:
        """What becomes of a request for ``path`` (percent-decoded, as in PATH_INFO).

        The two shortcuts cannot change the answer, for they find what the search would find first:
        it tries texts before patterns, so it begins with a rule that is text throughout; and it
        begins with the way down that takes the first child that fits at each node.
        """
        if websocket or not path:
            return self._search(path, method, websocket)

        # 0.1 µs, and 1.0 by the search (benchmarks: fast paths).
        by_method = self._whole_paths.get(path)
        if by_method is not None and method in by_method:
            return by_method[method]

        # 0.7 µs for one variable, 1.0 for two and 1.1 for a file, and by the search 1.3, 1.7 and 1.4 (benchmarks: fast
        # paths).
        segments = path.lstrip("/").split("/")
        node = self._root
        following = iter(segments)
        for segment in following:
            child = node.texts.get(segment)
            if child is None:
                if node.first is None:
                    break
                accepts, child, spans_segments = node.first
                if spans_segments:
                    # To empty the iterator ends the loop: this pattern has all that is left.
                    left = [segment, *following]
                    segment = "/".join(left)
                    segments[-len(left) :] = [segment]
                if not accepts(segment):
                    break
            node = child
        else:
            rule = node.rule_by_method.get(method)
            if rule is not None:
                try:
                    values = rule.values(segments)
                except ValueError:
                    pass
                else:
                    return _found((rule.endpoint, values, rule))
        return self._search(path, method, websocket)

    def _search(self, path: str, method: str, websocket: bool) -> Outcome:
        method = method.upper()
        if path:
            path = "/" + path.lstrip("/")
        # All rules speak HTTP, so none takes a WebSocket, whatever its method.
        wanted = "" if websocket else method
        refused: list[Rule] = []
        segments = path.split("/")[1:]
        end = _walk(self._root, segments, 0, wanted, refused)
        if end is None and "//" in path:
            merged = re.sub("/{2,}", "/", path)
            end = _walk(self._root, merged.split("/")[1:], 0, wanted, refused)
            if end is not None:
                _, lacks_slash = end
                return Moved(merged + "/" if lacks_slash else merged)
        if end is None:
            return _refusal(refused, method)
        rule, lacks_slash = end
        if lacks_slash:
            return Moved(path + "/")
        try:
            values = rule.values(path[1:].split("/", len(rule.segments) - 1))
        except ValueError:
            return _refusal(refused, method)
        return _found((rule.endpoint, values, rule))

    def allowed_methods(self, path: str) -> frozenset[str]:
        """The methods of all rules that take ``path``, for an answer to OPTIONS."""
        outcome = self.match(path, "--")
        return outcome.methods if isinstance(outcome, NotAllowed) else frozenset()

    def build(
        self,
        endpoint: str,
        values: Mapping[str, object] = _NO_VALUES,
        method: str | None = None,
        *,
        request_method: str = "GET",
    ) -> str:
        """The path of an endpoint, with a query for the values that have no variable.

        Where several rules would do, ``method`` says which, or else the method of the request in
        hand is preferred. Values that are None count as not given. Raises BuildError when no rule
        suits, and ValueError or TypeError when a value does not suit its variable.
        """
        if values:
            values = {name: value for name, value in values.items() if value is not None}
        preferred = request_method if method is None else method
        second_best = None
        for rule in self._rules_by_endpoint.get(endpoint, ()):
            if rule.arguments <= values.keys():
                if preferred in rule.methods:
                    return rule.url(values)
                if method is None and second_best is None:
                    second_best = rule
        if second_best is not None:
            return second_best.url(values)
        raise BuildError(endpoint, self._why_not(endpoint, values, method))

    def _url_for(
        self, scheme: str, host: str, script_name: str, request_method: str, routes: str
    ) -> UrlFor:
        """The function that builds URLs in the answer to a request, of which these are what a URL may depend on.

        ``routes`` names the ``Routes`` of the current view, and is empty without one.
        """
        host = host.lower()

        def build(
            endpoint: str,
            *,
            _anchor: str | None = None,
            _method: str | None = None,
            _scheme: str | None = None,
            _external: bool | None = None,
            **values: Any,
        ) -> str:
            if _scheme is not None and _external is not None and not _external:
                raise ValueError(
                    "A URL with a scheme is external: leave out _external=False or _scheme."
                )
            if endpoint[:1] == ".":
                endpoint = f"{routes}{endpoint}" if routes else endpoint[1:]
            path = self.build(endpoint, values, _method, request_method=request_method)
            if _external or _scheme is not None:
                own_or_other = scheme if _scheme is None else _scheme
                url = external_url(own_or_other, host, script_name, path)
            else:
                url = script_name + path
            return url if _anchor is None else f"{url}#{requote_fragment(_anchor)}"

        return build

    def _why_not(self, endpoint: str, given: Mapping[str, object], method: str | None) -> str:
        rules = self._rules_by_endpoint.get(endpoint, [])
        if not rules:
            from difflib import get_close_matches  # a millisecond that only a mistake should cost

            nearest = get_close_matches(endpoint, self._rules_by_endpoint, n=1)
            return f"no rule has it; the nearest is {nearest[0]!r}" if nearest else "no rule has it"
        of_method = [rule for rule in rules if method is None or method in rule.methods]
        if not of_method:
            methods = sorted(set().union(*(rule.methods for rule in rules)))
            return f"it does not take {method}, only {', '.join(methods)}"
        missing = min((sorted(rule.arguments - given.keys()) for rule in of_method), key=len)
        return f"it needs a value that is not None for {', '.join(missing)}"


# The rule at the end of a walk, and whether it would only take the path with a slash more.
_End: TypeAlias = tuple[Rule, bool]


def _walk(
    node: _Node, segments: list[str], index: int, method: str, refused: list[Rule]
) -> _End | None:
    """The first rule that takes the segments from ``index`` on and the method.

    Failing that, the rule that would if the path had a slash at its end. ``refused`` collects the
    rules that took the path and not the method. It calls itself once for each segment of a rule,
    so that no path is too long for it.
    """
    if index == len(segments):
        for rule in node.rules:
            if method in rule.methods:
                return rule, False
            refused.append(rule)
        if "" in node.texts:
            rule_with_slash = node.texts[""].rule_by_method.get(method)
            if rule_with_slash is not None:
                return rule_with_slash, True
        return None

    segment = segments[index]
    child = node.texts.get(segment)
    if child is not None:
        end = _walk(child, segments, index + 1, method, refused)
        if end is not None:
            return end
    for pattern, child in node.patterns:
        text = "/".join(segments[index:]) if pattern.spans_segments else segment
        if pattern.accepts(text):
            if not pattern.spans_segments:
                end = _walk(child, segments, index + 1, method, refused)
            else:
                left = [""] if pattern.slash_optional and text.endswith("/") else []
                end = _walk(child, left, 0, method, refused)
            if end is not None:
                return end
    return None


def _refusal(refused: list[Rule], method: str) -> Outcome:
    others = [rule.methods for rule in refused if method not in rule.methods]
    if others:
        return NotAllowed(frozenset().union(*others))
    return WebSocketMismatch() if refused else Absent()


# How a path becomes a URL. ``script_name`` is where the server has mounted the application.


def external_url(scheme: str, host: str, script_name: str, path: str) -> str:
    """The URL, for links from elsewhere, of a path that :meth:`Router.build` gave.

    A scheme other than ``https`` and ``wss`` counts as ``http``: these are pages, not sockets.
    Without one (``""``) the URL takes that of the page it stands on.
    """
    secure = scheme in ("https", "wss")
    scheme = scheme and ("https:" if secure else "http:")
    return f"{scheme}//{host}{script_name.removesuffix('/')}{path}"


def redirect_url(scheme: str, host: str, script_name: str, path: str, query: str) -> str:
    """The URL of :class:`Moved`, whose path it percent-codes, with the query of the request.

    Where the host is ``""``, how the rest is written depends on the version of Python.
    """
    path = f"{script_name.strip('/')}/{quote_path(path.lstrip('/'))}"
    return urlunsplit((scheme or "http", host, path, query, ""))


Function = TypeVar("Function", bound=Callable[..., Any])


class Route(NamedTuple):
    """A view that waits for an application."""

    rule: str
    endpoint: str
    view: Callable[..., Any]
    methods: Iterable[str]


class Routes:
    """Collects views, hooks and filters until an application registers them, in their order.

    >>> routes = Routes("tutorial")
    >>> @routes.route("/hello/<name>")
    ... def hello(ctx, name): ...
    >>> routes.routes[0].endpoint
    'tutorial.hello'
    """

    def __init__(self, name: str) -> None:
        """``name`` is the first half of all endpoints. Raises ValueError when it cannot be."""
        if not name or "." in name:
            raise ValueError(f"the name {name!r} of Routes must be a word without a dot")
        self.name = name
        self.routes: list[Route] = []
        self.template_filters: list[tuple[str, Callable[..., Any]]] = []
        self.error_handlers: list[tuple[int | type[Exception], Callable[..., Any]]] = []
        self.before: list[Callable[..., Any]] = []
        self.after: list[Callable[..., Any]] = []
        self.teardown: list[Callable[..., Any]] = []
        self.context_processors: list[Callable[..., Any]] = []

    def route(self, rule: str, methods: Iterable[str] = ("GET",)) -> Callable[[Function], Function]:
        """The function answers ``rule``; its name is the second half of the endpoint.

        Raises ValueError when another function has that name already.
        """

        def decorate(view: Function) -> Function:
            endpoint = f"{self.name}.{view.__name__}"
            if any(known.endpoint == endpoint and known.view is not view for known in self.routes):
                raise ValueError(f"two functions claim the endpoint {endpoint!r}: rename one")
            self.routes.append(Route(rule, endpoint, view, methods))
            return view

        return decorate

    def app_template_filter(self, name: str | None = None) -> Callable[[Function], Function]:
        """The function is a filter in all templates, by ``name`` or else by its own."""

        def decorate(function: Function) -> Function:
            self.template_filters.append((name or function.__name__, function))
            return function

        return decorate

    def app_errorhandler(
        self, code_or_class: int | type[Exception]
    ) -> Callable[[Function], Function]:
        """The function answers errors with this status, or of this class and those below it."""

        def decorate(handler: Function) -> Function:
            self.error_handlers.append((code_or_class, handler))
            return handler

        return decorate

    def before_app_request(self, hook: Function) -> Function:
        """The function runs before each view, and answers in its place if it returns something."""
        self.before.append(hook)
        return hook

    def after_app_request(self, hook: Function) -> Function:
        """The function is given each response and returns the one to send."""
        self.after.append(hook)
        return hook

    def teardown_app_request(self, hook: Function) -> Function:
        """The function runs when the response is made or has failed; its argument is the error."""
        self.teardown.append(hook)
        return hook

    def app_context_processor(self, processor: Function) -> Function:
        """The function returns a dictionary of values for each template that is rendered."""
        self.context_processors.append(processor)
        return processor
