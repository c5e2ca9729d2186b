"""Rules, by themselves."""

import re

import pytest

from wsgi_from_scratch.rules import Pattern, Rule


def shape(rule: str) -> list[str]:
    segments = Rule(rule, "view", ["GET"]).segments
    return [segment if isinstance(segment, str) else f"<{segment.regex}>" for segment in segments]


@pytest.mark.parametrize(
    ("rule", "segments"),
    [
        ("/", [""]),
        ("/news/", ["news", ""]),
        ("//news///today", ["news", "today"]),
        ("/hello/<name>", ["hello", "<([^/]{1,})>"]),
        ("/<a>-<int:b>.html", [r"<([^/]{1,})\-(\d+)\.html>"]),
        ("/<path:p>/edit/<q>", ["<([^/].*?)/edit/([^/]{1,})>"]),
        ("/<path:p>/", ["<([^/].*?)(?<!/)/?>", ""]),
        ("/a.b*", ["a.b*"]),
    ],
)
def test_a_rule_is_split_at_the_slashes_that_a_variable_cannot_hold(
    rule: str, segments: list[str]
) -> None:
    assert shape(rule) == segments


def test_the_order_of_patterns_is_from_the_exact_to_the_open() -> None:
    in_order = [
        "<a>.html",
        "<a>-x",
        "<int:a>,<b>",
        "x<a>",
        "<int:a>",
        "<a>",
        "<uuid:a>",
        "<path:a>",
    ]
    patterns = [Rule(f"/{text}", "view", []).segments[0] for text in in_order]
    weights = [pattern.weight for pattern in patterns if isinstance(pattern, Pattern)]
    assert weights == sorted(weights)
    assert len(weights) == len(in_order)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("", "it must begin with a slash"),
        ("news", "it must begin with a slash"),
        ("/<", "a '<' begins a variable, which is <name> or <converter:name>"),
        ("/<a b>", "a '<' begins a variable, which is <name> or <converter:name>"),
        ("/<a<b>", "a '<' begins a variable, which is <name> or <converter:name>"),
        ("/<é>", "a '<' begins a variable, which is <name> or <converter:name>"),
        ("/<a>/<int:a>", "two variables have the same name"),
        ("/<number:a>", "there is no converter 'number'"),
        ("/<int(min='1'):a>", "min must be a number, not '1'"),
    ],
)
def test_what_is_no_rule_is_refused_by_name(rule: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"rule {rule!r}: {sentence}")):
        Rule(rule, "view", ["GET"])


def test_methods_that_are_one_string_are_refused() -> None:
    with pytest.raises(ValueError, match="rule '/': methods must be several strings, not one"):
        Rule("/", "view", "GET")


@pytest.mark.parametrize(
    ("asked_for", "methods", "automatic"),
    [
        (["GET"], {"GET", "HEAD", "OPTIONS"}, True),
        (["post", "Put"], {"POST", "PUT", "OPTIONS"}, True),
        (["GET", "options"], {"GET", "HEAD", "OPTIONS"}, False),
        ([], {"OPTIONS"}, True),
    ],
)
def test_head_comes_with_get_and_options_always(
    asked_for: list[str], methods: set[str], automatic: bool
) -> None:
    rule = Rule("/", "view", asked_for)
    assert (set(rule.methods), rule.automatic_options) == (methods, automatic)


@pytest.mark.parametrize(
    ("rule", "segments", "values"),
    [
        ("/hello/<name>", ["hello", "World"], {"name": "World"}),
        ("/add/<int:a>/<int:b>", ["add", "20", "30"], {"a": 20, "b": 30}),
        ("/<a>-<int:b>.html", ["a-b-3.html"], {"a": "a-b", "b": 3}),
        ("/files/<path:name>", ["files", "css/hello.css"], {"name": "css/hello.css"}),
        ("/<path:name>/edit", ["a/b/edit"], {"name": "a/b"}),
        ("/news/", ["news", ""], {}),
    ],
)
def test_a_path_gives_the_values_of_the_variables(
    rule: str, segments: list[str], values: dict[str, object]
) -> None:
    assert Rule(rule, "view", ["GET"]).values(segments) == values


def test_the_segments_of_another_rule_have_no_values() -> None:
    with pytest.raises(ValueError, match="these are no segments of '/<a>-<b>'"):
        Rule("/<a>-<b>", "view", ["GET"]).values(["ab"])


@pytest.mark.parametrize(
    ("rule", "values", "url"),
    [
        ("/", {}, "/"),
        ("/hello/<name>", {"name": "a/b c"}, "/hello/a/b%20c"),
        ("/é b/<name>", {"name": "x"}, "/%C3%A9%20b/x"),
        ("/{}%s/<name>", {"name": "{0}"}, "/%7B%7D%25s/%7B0%7D"),
        ("/{}", {}, "/%7B%7D"),
        ("/<path:p>", {"p": "//evil.example/"}, "/evil.example/"),
        ("/", {"q": "a b", "page": 2}, "/?q=a+b&page=2"),
        ("/", {"tag": ["a", None, "b"], "none": []}, "/?tag=a&tag=b"),
        ("/<a>", {"a": "x", "b": "&"}, "/x?b=%26"),
    ],
)
def test_values_give_a_path_and_a_query(rule: str, values: dict[str, object], url: str) -> None:
    assert Rule(rule, "view", ["GET"]).url(values) == url
