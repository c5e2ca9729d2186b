from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import TemplateAssertionError

from wsgi_from_scratch.templating import make_environment


@pytest.mark.parametrize("name", ["page.html", "page.htm", "page.xml", "page.xhtml", "page.svg"])
def test_what_a_visitor_typed_is_no_markup(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{{ typed }}")
    page = make_environment(tmp_path).get_template(name).render(typed="<script>")
    assert page == "&lt;script&gt;"


def test_plain_text_is_not_escaped(tmp_path: Path) -> None:
    (tmp_path / "mail.txt").write_text("{{ typed }} at <{{ url_for('&') }}>")
    page = make_environment(tmp_path).get_template("mail.txt").render(typed="<", url_for=str)
    assert page == "< at <&>"


def test_an_include_that_would_be_written_too_early_is_refused(tmp_path: Path) -> None:
    (tmp_path / "part.html").write_text("part")
    (tmp_path / "page.html").write_text("a{% include 'part.html' without context %}b")
    with pytest.raises(TemplateAssertionError, match="without context"):
        make_environment(tmp_path).get_template("page.html")


def test_a_parent_may_be_a_template_that_the_view_gives(tmp_path: Path) -> None:
    (tmp_path / "frame.html").write_text("<{% block a %}{% endblock %}>")
    (tmp_path / "page.html").write_text("{% extends frame %}{% block a %}page{% endblock %}")
    templates = make_environment(tmp_path)
    frame = templates.get_template("frame.html")
    assert templates.get_template("page.html").render(frame=frame) == "<page>"


def test_a_link_of_constants_is_built_once_for_each_place(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ url_for('a') }} and {{ url_for('a') | upper }}")
    template, asked = make_environment(tmp_path).get_template("page.html"), []

    def url_for(place: str) -> Callable[[str], str]:
        def build(endpoint: str) -> str:
            asked.append(place + endpoint)
            return place + endpoint

        return build

    here, there = url_for("/here/"), url_for("/there/")
    for _ in range(2):
        assert template.render(url_for=here) == "/here/a and /HERE/A"
        assert template.render(url_for=there) == "/there/a and /THERE/A"
    assert sorted(asked) == ["/here/a"] * 2 + ["/there/a"] * 2


def test_json_in_a_page_cannot_end_its_script(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ typed | tojson }}")
    page = make_environment(tmp_path).get_template("page.html").render(typed="</script>")
    assert "</script>" not in page
