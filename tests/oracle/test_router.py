"""The same rules and paths through Werkzeug's map and through our router."""

import re
from collections.abc import Mapping
from itertools import product
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import BuildError as WerkzeugBuildError
from werkzeug.routing import Map, MapAdapter, RequestRedirect, WebsocketMismatch
from werkzeug.routing import Rule as WerkzeugRule

from wsgi_from_scratch.router import (
    Absent,
    BuildError,
    Found,
    Moved,
    NotAllowed,
    Router,
    WebSocketMismatch,
    external_url,
    redirect_url,
)

Rules: TypeAlias = list[tuple[str, tuple[str, ...]]]

TUTORIAL: Rules = [
    ("/<path:filename>", ("GET",)),
    ("/", ("GET",)),
    ("/", ("POST",)),
    ("/hello/<name>", ("GET",)),
    ("/add_wrong/<num1>/<num2>", ("GET",)),
    ("/add/<int:num1>/<int:num2>", ("GET",)),
    ("/login", ("GET", "POST")),
    ("/getandpost", ("GET", "POST")),
    ("/get202status", ("GET",)),
    ("/displaylist", ("GET",)),
    ("/redirect_endpoint", ("GET",)),
    ("/file_upload", ("POST",)),
    ("/convert_to_csv_with_download_page", ("POST",)),
    ("/download/<filename_to_download>", ("GET",)),
    ("/handle_js_post", ("POST",)),
    ("/healthz", ("GET",)),
]

SEVERAL: Rules = [
    ("/news/", ("GET",)),
    ("/news/<int:number>", ("GET",)),
    ("/news/<title>", ("GET", "POST")),
    ("/news/<title>/", ("PUT",)),
    ("/a.b", ("GET",)),
    ("/<a>-<int:b>.html", ("GET",)),
    ("/wiki/<path:page>/edit", ("POST",)),
    ("/wiki/<path:page>/", ("GET",)),
    ("/wiki/<path:page>", ("DELETE",)),
    ("/wiki/new", ("GET",)),
    ("/<uuid:identity>", ("GET",)),
    ("/<any(about, help, 'not found'):page>", ("GET",)),
    ("/at/<float(signed=True):x>/<float:y>", ("GET",)),
    ("/day/<int(fixed_digits=2, min=1, max=31):day>", ("GET", "OPTIONS")),
    ("/code/<string(length=2):code>/<string(minlength=2, maxlength=3):region>", ("GET",)),
    ("/day/<name>", ("POST",)),
]

SEGMENTS = [
    "",
    "a",
    "b",
    "ab",
    "a.b",
    "é",
    "<{}>",
    "<default:{}>",
    "<string(2):{}>",
    "<string(length=2):{}>",
    "<string(minlength=2, maxlength=3):{}>",
    "<int:{}>",
    "<int(2):{}>",
    "<int(min=2, max=20):{}>",
    "<int(signed=True):{}>",
    "<float:{}>",
    "<float(signed=True, max=2.5):{}>",
    "<path:{}>",
    "<uuid:{}>",
    "<any(a, ab, 'b c'):{}>",
    "<{}>-<int:{}>.html",
    "x<{}>y",
    "<int:{}>.<int:{}>",
    "a<path:{}>b",
    "<any(a, ab):{}><{}>",
]
METHODS = [
    ("GET",),
    ("GET",),
    ("POST",),
    ("GET", "POST"),
    ("PUT",),
    ("GET", "OPTIONS"),
    ("OPTIONS",),
    (),
]

TEXTS = [
    "",
    "a",
    "b",
    "ab",
    "abc",
    "aab",
    "a.b",
    "aXb",
    "é",
    "b c",
    "2",
    "02",
    "12",
    "-3",
    "٣",
    "²",
    "1.5",
    "-1.5",
    "2.75",
    "1.2",
    "x1y",
    "q-12.html",
    "a-b-3.html",
    "12345678-1234-5678-1234-567812345678",
    "ABCDEFAB-1234-5678-1234-567812345678",
    "\n",
    "a\nb",
    "%2F",
    "?a=b#c",
    "\\",
    "9" * 5000,
]
FITTING = {
    "int": ["2", "02", "12", "-3", "٣"],
    "float": ["1.5", "-1.5", "1.2"],
    "path": ["a", "a/b", "a//b", "a/", "ab/b"],
    "uuid": ["12345678-1234-5678-1234-567812345678"],
    "any": ["a", "ab", "b c"],
}


@st.composite
def rule_texts(draw: st.DrawFn) -> str:
    names = (f"v{number}" for number in range(99))
    segments = draw(st.lists(st.sampled_from(SEGMENTS), max_size=4))
    text = "/" + "/".join(segments) + draw(st.sampled_from(["", "/"]))
    return re.sub(r"\{\}", lambda _: next(names), text)


rule_sets = st.lists(st.tuples(rule_texts(), st.sampled_from(METHODS)), min_size=1, max_size=6)
any_paths = st.builds(
    "{}{}".format,
    st.sampled_from(["", "/", "//"]),
    st.builds(str.join, st.sampled_from("/"), st.lists(st.sampled_from(TEXTS), max_size=5)),
)
methods = st.sampled_from(["GET"] * 4 + ["POST", "HEAD", "PUT", "OPTIONS", "DELETE", "get", "--"])


@st.composite
def paths_near(draw: st.DrawFn, rules: Rules) -> str:
    """A path that some rule takes, or would take but for a slash, the wrong text or something more."""
    rule, _ = draw(st.sampled_from(rules))

    def text_for(variable: re.Match[str]) -> str:
        fitting = st.sampled_from(FITTING.get(variable[1], ["a", "ab", "é", "12"]))
        return draw(fitting | fitting | st.sampled_from(TEXTS))

    path = re.sub(r"<(\w*)[^>]*>", text_for, re.sub("/+", "/", rule))
    before, after = draw(
        st.sampled_from([("^", "")] * 4 + [("$", "/"), ("/$", ""), ("/", "//"), ("$", "/a")])
    )
    return re.sub(before, after, path)


@st.composite
def rules_and_requests(draw: st.DrawFn) -> tuple[Rules, list[tuple[str, str, bool]]]:
    rules = draw(rule_sets)
    near = paths_near(rules)
    path = st.one_of(near, near, near, any_paths)
    request = st.tuples(path, methods, st.sampled_from([False] * 9 + [True]))
    return rules, draw(st.lists(request, min_size=10, max_size=10))


def both(rules: Rules) -> tuple[MapAdapter, Router]:
    flask = Flask("oracle", static_folder=None)
    router = Router()
    for number, (rule, asked_for) in enumerate(rules):
        flask.add_url_rule(rule, f"view{number}", methods=asked_for)
        router.add(rule, f"view{number}", asked_for)
    return flask.url_map.bind("localhost"), router


def expected(adapter: MapAdapter, path: str, method: str, websocket: bool) -> tuple[object, ...]:
    try:
        rule, values = adapter.match(path, method, return_rule=True, websocket=websocket)
    except RequestRedirect as moved:
        return "moved", moved.new_url
    except MethodNotAllowed as refusal:
        return "not allowed", frozenset(refusal.valid_methods or ())
    except NotFound:
        return ("absent",)
    except WebsocketMismatch:
        return ("mismatch",)
    options: bool = rule.provide_automatic_options  # type: ignore[attr-defined]  # Flask adds it
    return "found", rule.endpoint, repr(values), frozenset(rule.methods or ()), options


def actual(router: Router, path: str, method: str, websocket: bool) -> tuple[object, ...]:
    match router.match(path, method, websocket=websocket):
        case Found(endpoint, values, rule):
            return "found", endpoint, repr(dict(values)), rule.methods, rule.automatic_options
        case Moved(target):
            return "moved", redirect_url("http", "localhost", "/", target, "")
        case NotAllowed(allowed):
            return "not allowed", allowed
        case Absent():
            return ("absent",)
        case WebSocketMismatch():
            return ("mismatch",)


@given(rules_and_requests())
@example(  # the first rule refuses the method, the second takes it, and then the number is wrong
    (
        [("/<int(max=5):a>", ("POST",)), ("/<int(max=5):b>", ("GET",))],
        [("/9", "GET", False)],
    )
)
@example(  # the methods of one rule are refused, but not those of the other
    ([("/a", ("GET",)), ("/a", ("POST",))], [("/a", "GET", True)])
)
def test_any_path_has_the_same_outcome(
    case: tuple[Rules, list[tuple[str, str, bool]]],
) -> None:
    rules, requests = case
    adapter, router = both(rules)
    for path, method, websocket in requests:
        assert actual(router, path, method, websocket) == expected(adapter, path, method, websocket)
        assert router.allowed_methods(path) == set(adapter.allowed_methods(path))


@pytest.mark.parametrize("rules", [TUTORIAL, SEVERAL], ids=["tutorial", "several"])
def test_these_rules_have_the_same_outcomes(rules: Rules) -> None:
    adapter, router = both(rules)
    pieces = [re.split("<[^>]*>", rule) for rule, _ in rules]
    paths = {text.join(between) for between in pieces for text in TEXTS}
    paths |= {"", "/unknown", "/un/known", "//evil.example", "/hello//World", "/news//", "/hello"}
    paths |= {path + "/" for path in paths} | {path.rstrip("/") for path in paths}
    paths |= {path.replace("/", "//") for path in paths}
    for path in paths:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"):
            assert actual(router, path, method, False) == expected(adapter, path, method, False)
            assert actual(router, path, method, True) == expected(adapter, path, method, True)


@pytest.mark.parametrize(
    "asked_for",
    [("GET",), ("POST",), ("get", "Put"), ("HEAD",), ("OPTIONS",), ("GET", "options"), ()],
)
def test_a_rule_gets_the_methods_that_flask_gives_it(asked_for: tuple[str, ...]) -> None:
    adapter, router = both([("/", asked_for)])
    for method in ("GET", "HEAD", "POST", "PUT", "OPTIONS", "--"):
        assert actual(router, "/", method, False) == expected(adapter, "/", method, False)


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("/<int(3):n>", "/012"),
        ("/<int( min = 2 , ):n>", "/2"),
        ("/<int():n>", "/2"),
        ("/<float(1, 2):n>", "/1.5"),
        ("/<any(a,'b, c',\"d)e\"):n>", "/b, c"),
        ("/<any(é, a.b):n>", "/é"),
        ("/<any(a.b):n>", "/axb"),
        ("/<string(minlength=2, minlength=3):n>", "/ab"),
        ("/<string(1, None, length=None):n>", "/ab"),
        ("/a>b", "/a>b"),
        ("/a+(b)*", "/a+(b)*"),
        ("/a+(b)*", "/ab"),
    ],
)
def test_a_rule_is_read_in_the_same_way(rule: str, path: str) -> None:
    adapter, router = both([(rule, ("GET",))])
    assert actual(router, path, "GET", False) == expected(adapter, path, "GET", False)


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "no-slash",
        "/<",
        "/<a",
        "/a<b>c<",
        "/<a b>",
        "/<1>",
        "/<é>",
        "/<a>/<a>",
        "/<nothing:a>",
        "/<int(most=3):a>",
        "/<int(1, 2, 3, 4, 5):a>",
        "/<string(minlength=a):n>",
        "/<any(1):a>",
        "/<any(a b, c):a>",
        "/<any(a, 'b):c>'):n>",
    ],
)
def test_what_is_no_rule_is_refused_by_both(rule: str) -> None:
    with pytest.raises((ValueError, LookupError, TypeError, SyntaxError)):
        Map([WerkzeugRule(rule)])
    with pytest.raises(ValueError, match=re.escape(repr(rule))):
        Router().add(rule, "view", ["GET"])


VALUES = [None, "", "a", "a/b", "//x", "é ?&=+", "%41", 1, -2, 2.5, "12", True]
SEQUENCES = [["a", None, "b c"], ("x", 1), [], {"one"}]


def built(build: Any, *arguments: object, **named: object) -> str:
    try:
        url: str = build(*arguments, **named)
    except (BuildError, WerkzeugBuildError):
        return "no URL"
    except (ValueError, TypeError):
        return "bad value"
    return url


@given(
    rules=rule_sets.filter(lambda rules: "uuid" not in str(rules) and "b c" not in str(rules)),
    same_endpoint=st.booleans(),
    values=st.dictionaries(
        st.sampled_from(["v0", "v1", "v2", "q", "self", "näme &"]),
        st.sampled_from([*VALUES, *SEQUENCES]),
    ),
    method=st.none() | methods,
    request_method=methods,
)
def test_any_values_build_the_same_url(
    rules: Rules,
    same_endpoint: bool,
    values: Mapping[str, object],
    method: str | None,
    request_method: str,
) -> None:
    flask = Flask("oracle", static_folder=None)
    router = Router()
    for number, (rule, asked_for) in enumerate(rules):
        endpoint = "view" if same_endpoint else f"view{number}"
        flask.add_url_rule(rule, endpoint, methods=asked_for)
        router.add(rule, endpoint, asked_for)
    adapter = flask.url_map.bind("localhost", default_method=request_method)
    for endpoint in ("view", "view0", "view1"):
        theirs = built(adapter.build, endpoint, values, method)
        ours = built(router.build, endpoint, values, method, request_method=request_method)
        assert ours == theirs


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("/hello/<name>", "/hello/a b?c#d%e"),
        ("/<path:page>", "/a/b//c"),
        ("/<any(a, 'b c?'):page>", "/b c?"),
        ("/<uuid:identity>/<int(fixed_digits=4):n>", "/" + str(UUID(int=7)) + "/0012"),
        ("/<float(signed=True):x>", "/-1.5"),
        ("/ä<a>", "/äé"),
    ],
)
def test_the_url_of_the_values_of_a_path_leads_back_to_it(rule: str, path: str) -> None:
    adapter, router = both([(rule, ("GET",))])
    found = router.match(path, "GET")
    assert isinstance(found, Found)
    url = router.build(found.endpoint, found.values)
    environ_path = Flask(__name__).test_request_context(url).request.path
    assert environ_path == path
    assert adapter.match(environ_path) == ("view0", found.values)


SCRIPT_NAMES = ["", "/", "/app", "/app/", "app", "//app//", "/a/b", "/é b"]


@pytest.mark.parametrize("script_name", SCRIPT_NAMES)
@pytest.mark.parametrize("scheme", ["http", "https", "ws", "wss", "ftp", ""])
def test_a_path_becomes_a_url_by_the_same_rules(script_name: str, scheme: str) -> None:
    url_map = Map([WerkzeugRule("/page/<path:rest>", endpoint="page")])
    router = Router()
    router.add("/page/<path:rest>", "page", ["GET"])
    values = {"rest": "é/x?", "q": "a b"}
    path = router.build("page", values)
    url = external_url(scheme, "example.org:81", script_name, path)
    of_that_scheme = url_map.bind("example.org:81", script_name, url_scheme=scheme)
    assert url == of_that_scheme.build("page", values, force_external=True)
    of_another = url_map.bind("example.org:81", script_name, url_scheme="https")
    assert url == of_another.build("page", values, force_external=True, url_scheme=scheme)


@pytest.mark.parametrize("script_name", SCRIPT_NAMES)
@pytest.mark.parametrize("path", ["/a", "//evil.example//a", "/é b?c#d", "/\\evil.example", "/%2F"])
def test_a_redirect_has_the_same_url(script_name: str, path: str) -> None:
    url_map = Map([WerkzeugRule("/<path:rest>/", endpoint="page")])
    router = Router()
    router.add("/<path:rest>/", "page", ["GET"])
    moved = router.match(path, "GET")
    assert isinstance(moved, Moved)
    schemes, hosts, queries = (
        ["http", "https", "wss", ""],
        ["example.org", ""],
        ["", "a=%20é?", "?"],
    )
    for scheme, host, query in product(schemes, hosts, queries):
        adapter = url_map.bind(host, script_name, url_scheme=scheme)
        with pytest.raises(RequestRedirect) as redirect:
            adapter.match(path, query_args=query, websocket=False)
        url = redirect_url(scheme, host, script_name, moved.path, query)
        assert url == redirect.value.new_url


LINKS: dict[str, tuple[str, dict[str, Any]]] = {
    "a page of another": ("page", {}),
    "a page of the same": (".item", {"n": 1}),
    "a page that is only there": (".page", {}),
    "a number": ("shop.item", {"n": 1}),
    "a query": ("page", {"n": 1}),
    "a query that equals the last one": ("page", {"n": True}),
    "a query of several values": ("page", {"n": [1, "é"]}),
    "a query of nothing": ("page", {"n": None}),
    "an anchor": ("page", {"_anchor": "Stück 1#?"}),
    "an empty anchor": ("page", {"_anchor": ""}),
    "a method": ("shop.edit", {"_method": "POST", "n": 2}),
    "no method": ("shop.edit", {"n": 2}),
    "a method that it has not": ("shop.edit", {"_method": "DELETE", "n": 2}),
    "an external one": ("page", {"_external": True}),
    "an internal one": ("page", {"_external": False}),
    "another scheme": ("page", {"_scheme": "https", "_anchor": "x"}),
    "no scheme": ("page", {"_scheme": ""}),
    "an internal one of another scheme": ("page", {"_scheme": "https", "_external": False}),
    "the same, said otherwise": ("page", {"_scheme": "https", "_external": 0}),
    "no page": ("absent", {}),
    "a page without its number": ("shop.item", {}),
    "a word for a number": ("shop.item", {"n": "x"}),
}


LINKED_RULES = [
    ("/", "page", ["GET", "POST"]),
    ("/shop/", "shop.home", ["GET", "POST"]),
    ("/shop/<int:n>", "shop.item", ["GET"]),
    ("/shop/<int:n>/edit", "shop.edit", ["GET"]),
    ("/shop/<int:n>/save", "shop.edit", ["POST"]),
]


@pytest.mark.parametrize(("path", "blueprint"), [("/", ""), ("/shop/", "shop")])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_view_links_to_pages_as_with_flask(path: str, blueprint: str, method: str) -> None:
    app, router = Flask("shop", static_folder=None), Router()
    for rule, endpoint, methods in LINKED_RULES:
        app.add_url_rule(rule, endpoint, methods=methods)
        router.add(rule, endpoint, methods)
    ours = router.url_for("http", "example.org", "/mount", method, blueprint)
    with app.test_request_context(path, base_url="http://example.org/mount", method=method):
        for case, (endpoint, values) in LINKS.items():
            assert link(ours, endpoint, values) == link(app.url_for, endpoint, values), case
        assert ours(endpoint="page", n=1) == app.url_for(endpoint="page", n=1)


def link(url_for: Any, endpoint: str, values: dict[str, Any]) -> str:
    try:
        return str(url_for(endpoint, **values))
    except LookupError:
        return "no page"
    except ValueError:
        return "no such value"
