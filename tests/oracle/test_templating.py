from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import jinja2
import pytest
from flask import Flask, render_template_string

from wsgi_from_scratch.templating import make_environment


def _url_for(place: str) -> Callable[..., str]:
    def url_for(*endpoint: Any, **values: Any) -> str:
        # A caller is a function, and no two print alike.
        shown = {name: value() if callable(value) else value for name, value in values.items()}
        return f"{place}/{endpoint}?{shown}"

    return url_for


@pytest.mark.parametrize(
    "source",
    [
        "{{ url_for('a', n=1) }} {{ url_for('a', n=True) }} {{ url_for('a', n=1.0) }} {{ url_for('a', n='1') }}",
        "{{ url_for('a', n=1.0) }} {{ url_for('a', n=True) }} {{ url_for('a', n=1) }} {{ url_for('a', n=none) }}",
        "{{ url_for('a', n=['1', typed]) }} {{ url_for('a', n=('1', '2')) }} {{ url_for('a', **{'n': ['1']}) }}",
        "{{ url_for('a', n=typed) }} {{ url_for(*['a', {}]) }} {{ url_for('a', n='<&>') }}",
        "{{ url_for('a') ~ '<b>' }} {{ url_for('a', n='&') | urlencode }} {{ url_for('a') | upper }}",
        "{% set kept %}{{ typed }}{{ url_for('a') }}{% endset %}{{ kept }}{{ kept | upper }}",
        "{% macro twice(text) %}{{ text }}{{ text }}{{ caller() }}{% endmacro %}"
        "{% call twice(typed) %}{{ typed }}{{ '<i>' | safe }}{% endcall %}{{ twice(typed, caller=typed.upper) }}",
        "{% filter upper %}{{ typed }}{% endfilter %}{{ typed | join('&') }}{{ 1 }}{{ none }}{{ [typed] }}",
        "{% set url_for = typed.upper %}{{ url_for() }}{{ typed.upper() }}{{ cycler(typed).next() }}",
        "{% call url_for('a') %}{{ typed }}{% endcall %}{% call url_for(typed, n=1) %}b{% endcall %}",
        "{% macro k(p) %}{{ p }}<{% endmacro %}{{ k('<') }}{{ k('<') | e }}"
        "{% autoescape false %}{{ k('<') + '<' }}{{ k('<') | e }}{% endautoescape %}",
        "{{ url_for('a') }}, {{ url_for('<', n='>') }} & {{ typed }}{% if typed %} -{{ url_for('c') }}- {% endif %}",
        "{% for n in [url_for('a'), url_for('<')] %}{{ n }}: {{ url_for('b') }};{% endfor %}",
        "{% autoescape typed %}<{{ url_for('<') }}>{% endautoescape %}"
        "{% autoescape false %}<{{ url_for('<') }}>{% endautoescape %}{{ url_for('a', **{'class': '<'}) }}",
        "{% autoescape missing %}<{{ url_for('<') }}>{{ typed }}{% endautoescape %}",
        "{{ missing }}{{ missing is defined }}{% autoescape false %}{{ typed }}{% endautoescape %}",
    ],
)
def test_a_page_is_the_one_that_plain_jinja_makes(tmp_path: Path, source: str) -> None:
    (tmp_path / "page.html").write_text(source)
    loader = jinja2.FileSystemLoader(tmp_path)
    plain = jinja2.Environment(loader=loader, autoescape=True)
    ours = make_environment(tmp_path)
    for place in ("", "/mount", "/<&>", ""):
        values = {"typed": "<&>'\"", "url_for": _url_for(place)}
        expected = plain.get_template("page.html").render(values)
        assert ours.get_template("page.html").render(values) == expected


PAGES = {
    "frame.html": "{% set kept = typed %}<{% block a %}frame {{ typed }}{% endblock %}|{% block b %}{% endblock %}>",
    "middle.html": "{% extends 'frame.html' %}{% block a %}({{ super() }}){% endblock %} nowhere",
    "part.html": "part {{ typed }}{{ url_for('p') }};",
    "plain.txt": "{% macro twice(text) %}{{ text }}{{ text }}<{% endmacro %}",
    "tools.html": "{% macro twice(text) %}{{ text }}{{ text }}{{ url_for('m') }}{% endmacro %}",
}
"""Templates for others to begin with."""


@pytest.mark.parametrize(
    "source",
    [
        "{% extends 'frame.html' %}",
        "{% extends 'frame.html' %}{% block a %}{% endblock %}{% block b %}{{ kept }}{{ self.a() }}{% endblock %}",
        "before {{ typed }}{% extends 'middle.html' %}{% block a %}{{ super() }}{{ super() }}{% endblock %} after",
        "{% extends 'frame.html' if typed else 'middle.html' %}{% block b %}b{% endblock %}",
        "{% extends 'frame.html' %}{{ url_for('a') }} nowhere {% block b %}{{ url_for('b') }}{% endblock %}",
        "before {% if typed %}{% extends 'frame.html' %}{% endif %}after {% block b %}b{% endblock %}",
        "a {{ url_for('a') }}{% if not typed %}{% extends 'frame.html' %}{% endif %}{{ url_for('b') }} c",
        "{% if not typed %}{% extends 'frame.html' %}{% endif %}own {% block b %}{{ typed }}{% endblock %} end",
        "{% include 'part.html' %}{% include ['none.html', 'part.html'] %}{% include 'none.html' ignore missing %}",
        "{% block a scoped %}{% for n in [1, 2] %}{% block c scoped %}{{ n }}{% endblock %}{% endfor %}{% endblock %}",
        "{% from 'plain.txt' import twice %}{{ twice('<') }}{{ twice(typed) | upper }}{{ twice(url_for('&')) }}",
        "{% from 'tools.html' import twice with context %}{{ twice(typed) }}{% import 'tools.html' as t with context %}"
        "{{ t.twice('<') | upper }}",
        "{% for n in [[1, []], [2, [[3, []]]]] recursive %}<{{ n[0] }}{{ loop(n[1]) }}{{ loop.index }}>{% endfor %}",
        "{% for n in [] %}{{ n }}{% else %}none{% endfor %}{% with x = typed %}{{ x }}{% endwith %}",
        "{% block a %}"
        "{% filter upper %}{{ typed }}{% endfilter %}{% set x %}{{ typed }}{% endset %}{{ x }}{% endblock a %}",
        "",
        "{% set x = 1 %}",
    ],
)  # fmt: skip
def test_a_page_of_several_templates_is_the_one_that_plain_jinja_makes(
    tmp_path: Path, source: str
) -> None:
    for name, text in {**PAGES, "page.html": source}.items():
        (tmp_path / name).write_text(text)
    plain = jinja2.Environment(
        loader=jinja2.FileSystemLoader(tmp_path), autoescape=jinja2.select_autoescape()
    )
    values = {"typed": "<&>", "url_for": _url_for("/<mount>")}
    ours = make_environment(tmp_path)
    expected = plain.get_template("page.html").render(values)
    assert ours.get_template("page.html").render(values) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"b": 1, "a": [2, "é<'\"&"], "c": {"z": None, "y": True}},
        [UUID(int=1), Decimal("1.50"), date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)],
        "</script>",
    ],
)
def test_json_in_a_page_is_written_as_in_flask(tmp_path: Path, value: object) -> None:
    source = "{{ value | tojson }} {{ value | tojson(indent=2) }}"
    (tmp_path / "page.html").write_text(source)
    with Flask(__name__).app_context():
        expected = render_template_string(source, value=value)
    assert make_environment(tmp_path).get_template("page.html").render(value=value) == expected
