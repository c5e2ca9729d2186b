from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest

from wsgi_from_scratch.templating import make_environment


@pytest.mark.parametrize("name", ["page.html", "page.htm", "page.xml", "page.xhtml", "page.svg"])
def test_what_a_visitor_typed_is_no_markup(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{{ typed }}")
    page = make_environment(tmp_path).get_template(name).render(typed="<script>")
    assert page == "&lt;script&gt;"


def test_plain_text_is_not_escaped(tmp_path: Path) -> None:
    (tmp_path / "mail.txt").write_text("{{ typed }}")
    assert make_environment(tmp_path).get_template("mail.txt").render(typed="<") == "<"


def test_json_in_a_page_cannot_end_its_script(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ typed | tojson }}")
    page = make_environment(tmp_path).get_template("page.html").render(typed="</script>")
    assert "</script>" not in page


def _url_for(place: str) -> Callable[..., str]:
    return lambda endpoint, **values: f"{place}/{endpoint}?{values}"


@pytest.mark.parametrize(
    "source",
    [
        "{{ url_for('a', n=1) }} {{ url_for('a', n=True) }} {{ url_for('a', n=1.0) }} {{ url_for('a', n='1') }}",
        "{{ url_for('a', n=1.0) }} {{ url_for('a', n=True) }} {{ url_for('a', n=1) }} {{ url_for('a', n=none) }}",
        "{{ url_for('a', n=['1', typed]) }} {{ url_for('a', n=('1', '2')) }} {{ url_for('a', **{'n': 1}) }}",
        "{{ url_for('a', n=typed) }} {{ url_for(*['a']) }} {{ url_for('a', n='<&>') }}",
        "{{ url_for('a') ~ '<b>' }} {{ url_for('a', n='&') | urlencode }} {{ url_for('a') | upper }}",
        "{% set kept %}{{ typed }}{{ url_for('a') }}{% endset %}{{ kept }}{{ kept | upper }}",
        "{% macro twice(text) %}{{ text }}{{ text }}{{ caller() }}{% endmacro %}"
        "{% call twice(typed) %}{{ typed }}{{ '<i>' | safe }}{% endcall %}{{ twice(typed, caller=typed.upper) }}",
        "{% filter upper %}{{ typed }}{% endfilter %}{{ typed | join('&') }}{{ 1 }}{{ none }}{{ [typed] }}",
        "{% set url_for = typed.upper %}{{ url_for() }}",
        "{{ missing }}{{ missing is defined }}{% autoescape false %}{{ typed }}{% endautoescape %}",
    ],
)
def test_a_page_is_the_one_that_plain_jinja_makes(tmp_path: Path, source: str) -> None:
    (tmp_path / "page.html").write_text(source)
    loader = jinja2.FileSystemLoader(tmp_path)
    plain = jinja2.Environment(loader=loader, autoescape=True)
    ours = make_environment(tmp_path)
    for place in ("", "/mount", ""):
        values = {"typed": "<&>'\"", "url_for": _url_for(place)}
        expected = plain.get_template("page.html").render(values)
        assert ours.get_template("page.html").render(values) == expected
