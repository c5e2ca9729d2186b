"""The router, by itself."""

import re
from typing import Any

import pytest

from wsgi_from_scratch.router import (
    Absent,
    BuildError,
    Found,
    Moved,
    NotAllowed,
    Router,
    Routes,
    WebSocketMismatch,
    external_url,
    redirect_url,
)

GET = frozenset({"GET", "HEAD", "OPTIONS"})
POST = frozenset({"POST", "OPTIONS"})


@pytest.fixture
def router() -> Router:
    """As in the tutorial, the files are served at the root; ``/news/`` and ``/max`` are not in it."""
    router = Router()
    router.add("/<path:filename>", "static", ["GET"])
    router.add("/", "index", ["GET", "POST"])
    router.add("/hello/<name>", "hello", ["GET"])
    router.add("/add/<int:num1>/<int:num2>", "add", ["GET"])
    router.add("/file_upload", "file_upload", ["POST"])
    router.add("/news/", "news", ["GET", "POST"])
    router.add("/max/<int(max=5):number>", "max", ["GET"])
    return router


def outcome(router: Router, path: str, method: str = "GET", *, websocket: bool = False) -> object:
    """An outcome without the rule, which has no equal; its class if that says it all."""
    match router.match(path, method, websocket=websocket):
        case Found(endpoint, values):
            return endpoint, values
        case Absent() | WebSocketMismatch() as result:
            return type(result)
        case result:
            return result


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", ("index", {})),
        ("HEAD", "/", ("index", {})),
        ("get", "/hello/World", ("hello", {"name": "World"})),
        ("GET", "//hello/World", ("hello", {"name": "World"})),
        ("GET", "/hello/a\nb", ("hello", {"name": "a\nb"})),
        ("GET", "/add/20/30", ("add", {"num1": 20, "num2": 30})),
        ("GET", "/add/20/x", ("static", {"filename": "add/20/x"})),
        ("GET", "/hello/a/b", ("static", {"filename": "hello/a/b"})),
        ("GET", "/css/hello.css", ("static", {"filename": "css/hello.css"})),
        ("GET", "/css/a\nb", Absent),
        ("GET", "", Moved("/")),
        ("GET", "/news", Moved("/news/")),
        ("POST", "/news", Moved("/news/")),
        ("POST", "//news//", Moved("/news/")),
        ("POST", "/file_upload//", NotAllowed(GET)),
        ("DELETE", "/", NotAllowed(GET | POST)),
        ("GET", "/file_upload", ("static", {"filename": "file_upload"})),
        ("POST", "/nowhere", NotAllowed(GET)),
        ("BREW", "/file_upload", NotAllowed(GET | POST)),
        ("GET", "/max/6", Absent),
        ("GET", "/max/" + "6" * 5_000, Absent),
    ],
)
def test_a_path_has_this_outcome(router: Router, method: str, path: str, expected: object) -> None:
    assert outcome(router, path, method) == expected


def test_without_a_rule_for_files_an_unknown_path_is_absent_for_every_method() -> None:
    router = Router()
    router.add("/file_upload", "file_upload", ["POST"])
    assert outcome(router, "/nowhere", "POST") == Absent
    assert outcome(router, "/file_upload", "GET") == NotAllowed(POST)
    assert outcome(router, "", "POST") == Absent


def test_no_rule_speaks_the_websocket_protocol(router: Router) -> None:
    assert outcome(router, "/hello/World", "GET", websocket=True) == WebSocketMismatch
    assert outcome(router, "/hello/World", "PUT", websocket=True) == NotAllowed(GET)
    assert outcome(router, "/", "GET", websocket=True) == WebSocketMismatch
    assert outcome(Router(), "/", "GET", websocket=True) == Absent


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", GET | POST),
        ("/hello/World", GET),
        ("/file_upload", GET | POST),
        ("/news", GET),
        ("", frozenset()),
    ],
)
def test_the_allowed_methods_are_those_of_all_rules_that_take_the_path(
    router: Router, path: str, allowed: frozenset[str]
) -> None:
    assert router.allowed_methods(path) == allowed


def test_a_found_rule_says_who_answers_options() -> None:
    router = Router()
    router.add("/a", "a", ["GET"])
    router.add("/b", "b", ["GET", "OPTIONS"])
    answers = []
    for path in ("/a", "/b"):
        found = router.match(path, "OPTIONS")
        assert isinstance(found, Found)
        answers.append(found.rule.automatic_options)
    assert answers == [True, False]


def test_the_exacter_rule_wins_wherever_it_stands() -> None:
    rules = ["/<path:a>", "/<a>", "/<int:a>", "/<a>.txt", "/1.txt"]
    for order in (rules, rules[::-1]):
        router = Router()
        for rule in order:
            router.add(rule, rule, ["GET"])
        texts = ["/1.txt", "/2.txt", "/2", "/a", "/a/b"]
        assert [outcome(router, text) for text in texts] == [
            ("/1.txt", {}),
            ("/<a>.txt", {"a": "2"}),
            ("/<int:a>", {"a": 2}),
            ("/<a>", {"a": "a"}),
            ("/<path:a>", {"a": "a/b"}),
        ]


def test_of_equal_rules_the_first_wins_for_the_methods_that_it_has() -> None:
    router = Router()
    for endpoint, methods in [("first", ["GET"]), ("second", ["GET", "POST"]), ("third", ["PUT"])]:
        router.add("/same", endpoint, methods)
    assert [outcome(router, "/same", method) for method in ("GET", "POST", "PUT", "OPTIONS")] == [
        ("first", {}),
        ("second", {}),
        ("third", {}),
        ("first", {}),
    ]


def test_a_way_that_leads_nowhere_is_taken_back() -> None:
    router = Router()
    router.add("/a/<x>/c", "narrow", ["GET"])
    router.add("/<x>/b/d", "wide", ["GET"])
    router.add("/a/b/<int:x>", "number", ["POST"])
    assert outcome(router, "/a/b/d") == ("wide", {"x": "a"})
    assert outcome(router, "/a/b/c") == ("narrow", {"x": "b"})
    assert outcome(router, "/a/b/1") == NotAllowed(POST)


def test_the_values_of_a_rule_without_variables_cannot_be_changed(router: Router) -> None:
    found: Any = router.match("/", "GET")
    with pytest.raises(TypeError):
        found.values["name"] = "left for the next request"


@pytest.mark.parametrize("text", ["/", "a/", "/a", "//a", "a"])
def test_a_path_of_a_million_characters_is_matched_in_linear_time(
    router: Router, text: str
) -> None:
    router.add("/<path:page>/edit", "edit", ["GET"])
    router.add("/<a>/<path:page>/", "slash", ["GET"])
    # Nothing is measured: quadratic work would take minutes, so this test ends, or is noticed.
    router.match(text * (1_000_000 // len(text)), "GET")


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({"name": "World"}, "/hello/World"),
        ({"name": "a b", "page": 2, "none": None}, "/hello/a%20b?page=2"),
    ],
)
def test_an_endpoint_and_its_values_give_a_url(
    router: Router, values: dict[str, object], url: str
) -> None:
    assert router.build("hello", values) == url
    assert router.build("index") == "/"


def test_the_rule_with_the_most_variables_that_have_values_gives_the_url() -> None:
    router = Router()
    for rule in ("/all", "/all/<int:page>", "/all/<int:page>/<size>"):
        router.add(rule, "all", ["GET"])
    assert router.build("all", {"size": 5}) == "/all?size=5"
    assert router.build("all", {"page": 2}) == "/all/2"
    assert router.build("all", {"size": 5, "page": 2}) == "/all/2/5"


def test_a_method_chooses_among_the_rules_of_an_endpoint() -> None:
    router = Router()
    router.add("/read", "entry", ["GET"])
    router.add("/write", "entry", ["POST"])
    assert router.build("entry") == "/read"
    assert router.build("entry", request_method="POST") == "/write"
    assert router.build("entry", request_method="DELETE") == "/read"
    assert router.build("entry", {}, "POST") == "/write"


@pytest.mark.parametrize(
    ("endpoint", "values", "method", "reason"),
    [
        ("helo", {}, None, "no rule has it; the nearest is 'hello'"),
        ("xyz", {}, None, "no rule has it"),
        ("hello", {}, None, "it needs a value that is not None for name"),
        ("add", {"num2": None}, None, "it needs a value that is not None for num1, num2"),
        ("hello", {"name": "x"}, "PUT", "it does not take PUT, only GET, HEAD, OPTIONS"),
    ],
)
def test_a_url_that_cannot_be_is_refused_with_a_hint(
    router: Router, endpoint: str, values: dict[str, object], method: str | None, reason: str
) -> None:
    sentence = f"no URL for endpoint {endpoint!r}: {reason}"
    with pytest.raises(BuildError, match=f"^{re.escape(sentence)}$") as error:
        router.build(endpoint, values, method)
    assert isinstance(error.value, LookupError)


def test_the_place_of_the_application_is_part_of_its_urls() -> None:
    assert external_url("https", "example.org", "/app", "/a?b") == "https://example.org/app/a?b"
    assert external_url("", "example.org", "", "/a") == "//example.org/a"
    assert redirect_url("http", "example.org", "/app", "/é/", "b=c") == (
        "http://example.org/app/%C3%A9/?b=c"
    )


def test_routes_collect_what_their_decorators_are_given_in_order() -> None:
    routes = Routes("tutorial")

    @routes.route("/first")
    @routes.route("/second", methods=["POST"])
    def view() -> None: ...

    @routes.app_template_filter()
    def title_case() -> None: ...

    @routes.app_template_filter("shout")
    def upper() -> None: ...

    @routes.app_errorhandler(404)
    @routes.app_errorhandler(LookupError)
    def handler() -> None: ...

    @routes.before_app_request
    @routes.after_app_request
    @routes.teardown_app_request
    @routes.app_context_processor
    def hook() -> None: ...

    assert [(route.rule, route.endpoint, route.methods) for route in routes.routes] == [
        ("/second", "tutorial.view", ["POST"]),
        ("/first", "tutorial.view", ("GET",)),
    ]
    assert {route.view for route in routes.routes} == {view}
    assert routes.template_filters == [("title_case", title_case), ("shout", upper)]
    assert routes.error_handlers == [(LookupError, handler), (404, handler)]
    assert routes.before == routes.after == routes.teardown == routes.context_processors == [hook]


def test_two_functions_of_one_name_are_refused() -> None:
    routes = Routes("tutorial")

    @routes.route("/first")
    def view() -> None: ...

    with pytest.raises(ValueError, match=r"two functions claim the endpoint 'tutorial\.view'"):

        @routes.route("/second")
        def view() -> None: ...


@pytest.mark.parametrize("name", ["", "tutorial.views"])
def test_the_name_of_routes_has_no_dot(name: str) -> None:
    with pytest.raises(ValueError, match="must be a word without a dot"):
        Routes(name)


def test_after_another_rule_url_for_is_another_function(router: Router) -> None:
    """Templates keep what it gave them, for as long as it is the same."""
    place = ("http", "example.org", "", "GET", "")
    before = router.url_for(*place)
    assert router.url_for(*place) is before
    router.add("/login", "login", ["GET"])
    assert router.url_for(*place) is not before


def test_a_list_of_no_values_is_no_query(router: Router) -> None:
    assert router.build("index", {"tag": []}) == "/"


def test_of_the_values_only_those_that_are_missing_are_named(router: Router) -> None:
    with pytest.raises(BuildError, match=r"for num2$"):
        router.build("add", {"num1": 1})


def test_a_host_is_written_in_small_letters(router: Router) -> None:
    url_for = router.url_for("http", "EXAMPLE.org", "", "GET", "")
    assert url_for("index", _external=True) == "http://example.org/"


def test_a_slash_in_a_variable_gives_a_rule_no_weight() -> None:
    router = Router()
    router.add("/<path:first>/<second>/<third>/a<last>", "long", ["GET"])
    router.add("/<path:first>/a<last>c", "short", ["GET"])
    assert outcome(router, "/1/2/3/a4c") == ("short", {"first": "1/2/3", "last": "4"})
