"""The shared pages: what a strict Content-Security-Policy, a keyboard, a screen reader and both applications need."""

import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.meta import find_undeclared_variables
from markupsafe import Markup

from tests.pages import WCAG_AA, Document, colours, contrast

ROOT = Path(__file__).resolve().parents[2]
STYLE = (ROOT / "static/css/hello.css").read_text(encoding="utf-8")

PAGES: dict[str, dict[str, object]] = {
    "displaylist_template.html": {"mylist": [10, 20, 30]},
    "download.html": {"filename_to_download": "file.csv"},
    "error.html": {"code": 404, "name": "Not Found", "sentence": "There is nothing here."},
    "home.html": {"hello_str": "Hello", "world_str": "World"},
    "index.html": {"message": "A message"},
    "login.html": {},
    "redirect.html": {"location": "/displaylist"},
    "table.html": {
        "table": Markup('<table class="table"><tr><td>1</td></tr></table>'),
        "note": "One sheet of two is shown.",
    },
}
"""Every page that a view renders, with the variables that the view passes."""

GLOBALS = {"url_for", "get_flashed_messages", "request"}
"""What both applications put in reach of every template."""

SET_BY_BASE = {"home", "here"}

TEXT_ON_BACKGROUND = [
    (text, background)
    for text in ("ink", "muted", "accent", "accent-strong", "red", "green")
    for background in ("paper", "surface", "code")
] + [("on-accent", "accent"), ("on-accent", "accent-strong")]

WCAG_AA_CONTROLS = 3
"""Ratio of luminances; WCAG 2.2 §1.4.11 for what shows where a control is."""


class Application:
    """What a template sees of an application, with a flash queue that counts its readers."""

    def __init__(
        self, endpoint: str | None = None, flashes: list[tuple[str, str]] | None = None
    ) -> None:
        self.flashes = flashes or []
        self.reads = 0
        self.environment = Environment(
            loader=FileSystemLoader(ROOT / "templates"), autoescape=True, undefined=StrictUndefined
        )
        self.environment.filters["title_case"] = str.title
        self.environment.globals.update(
            url_for=self.url_for,
            get_flashed_messages=self.get_flashed_messages,
            request=SimpleNamespace(endpoint=endpoint, path="/", method="GET"),
        )

    def url_for(self, endpoint: str, **values: object) -> str:
        return "/prefix/" + "/".join([endpoint, *map(str, values.values())])

    def get_flashed_messages(
        self, with_categories: bool = False, category_filter: tuple[str, ...] = ()
    ) -> list[tuple[str, str]]:
        self.reads += 1
        return self.flashes

    def render(self, name: str, **variables: object) -> str:
        return self.environment.get_template(name).render({**PAGES[name], **variables})


def calls_of_url_for() -> list[tuple[str, str, tuple[str, ...]]]:
    """Template, endpoint and names of the values, of each call, in branches that are never rendered too."""
    environment = Application().environment
    return [
        (name, call.args[0].as_const(), tuple(sorted(value.key for value in call.kwargs)))
        for name in environment.list_templates()
        for call in environment.parse(
            (ROOT / "templates" / name).read_text(encoding="utf-8")
        ).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == "url_for"
    ]


def test_every_template_is_tested_here() -> None:
    assert {path.name for path in (ROOT / "templates").iterdir()} == {*PAGES, "base.html"}


@pytest.mark.parametrize("name", [*PAGES, "base.html"])
def test_a_template_is_ascii(name: str) -> None:
    assert (ROOT / "templates" / name).read_bytes().isascii()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_uses_what_its_view_passes_and_no_more(name: str) -> None:
    source = (ROOT / "templates" / name).read_text(encoding="utf-8")
    used = find_undeclared_variables(Application().environment.parse(source))
    assert used - GLOBALS - SET_BY_BASE == set(PAGES[name])


@pytest.mark.parametrize("call", calls_of_url_for(), ids=str)
def test_every_link_names_an_endpoint_and_the_values_it_needs(
    call: tuple[str, str, tuple[str, ...]], flask_app: Flask
) -> None:
    _, endpoint, values = call
    rules = list(flask_app.url_map.iter_rules(endpoint))
    assert any(rule.arguments <= set(values) for rule in rules)


@pytest.mark.parametrize("name", PAGES)
def test_every_address_comes_from_url_for(name: str) -> None:
    document = Document(Application().render(name))
    addresses = [
        attributes[attribute]
        for _, attributes in document.elements
        for attribute in ("href", "src", "action", "data-url")
        if attribute in attributes
    ]
    outside = [address for address in addresses if not address.startswith(("/prefix/", "#"))]
    assert outside == (["/displaylist"] if name == "redirect.html" else [])


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_inline(name: str) -> None:
    document = Document(Application().render(name))
    assert all("src" in attributes for attributes in document.all("script"))
    assert not document.all("style")
    for tag, attributes in document.elements:
        assert "style" not in attributes, tag
        assert not [attribute for attribute in attributes if attribute.startswith("on")], tag


@pytest.mark.parametrize(
    "path", sorted(path for path in (ROOT / "static").rglob("*.*") if path.suffix != ".ico")
)
def test_a_static_file_fetches_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"(?i)https?://|@import|url\(\s*['\"]?//", text)


@pytest.mark.parametrize("name", PAGES)
def test_every_field_has_a_label_and_the_help_it_names(name: str) -> None:
    document = Document(Application().render(name))
    labelled = Counter(attributes["for"] for attributes in document.all("label"))
    for field in document.all("input", "textarea", "select"):
        assert labelled[field["id"]] == 1
    for _, attributes in document.elements:
        assert set(attributes.get("aria-describedby", "").split()) <= set(document.ids)


@pytest.mark.parametrize("name", PAGES)
def test_an_id_is_given_once(name: str) -> None:
    ids = Document(Application().render(name)).ids
    assert [one for one, times in ids.items() if times > 1] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_a_language_a_title_and_one_first_heading(name: str) -> None:
    document = Document(Application().render(name))
    assert document.all("html") == [{"lang": "en"}]
    assert len(document.all("title")) == 1
    assert len(document.all("h1")) == (0 if name == "redirect.html" else 1)


@pytest.mark.parametrize(
    "endpoint", ["tutorial.file_upload", "tutorial.convert_to_csv", "tutorial.download", None]
)
def test_every_link_into_the_home_page_meets_its_target(endpoint: str | None) -> None:
    targets = Document(Application().render("home.html")).ids
    for name in PAGES:
        for link in Document(Application(endpoint).render(name)).all("a"):
            page, _, fragment = link["href"].partition("#")
            assert page != "/prefix/tutorial.index" or not fragment or fragment in targets


@pytest.mark.parametrize("name", PAGES)
def test_a_page_reads_the_flash_queue_once_and_the_redirect_page_never(name: str) -> None:
    application = Application()
    application.render(name)
    assert application.reads == (0 if name == "redirect.html" else 1)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_the_same_each_time(name: str) -> None:
    assert Application().render(name) == Application().render(name)


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("download.html", "filename_to_download"),
        ("error.html", "sentence"),
        ("home.html", "hello_str"),
        ("index.html", "message"),
        ("redirect.html", "location"),
        ("table.html", "note"),
    ],
)
def test_markup_in_a_variable_is_shown_and_not_obeyed(name: str, variable: str) -> None:
    page = Application().render(name, **{variable: "\"'><script>alert(1)</script>"})
    assert all("src" in attributes for attributes in Document(page).all("script"))


def test_markup_in_a_flash_is_shown_and_not_obeyed() -> None:
    hostile = '"><b onclick="x()">'
    document = Document(Application(flashes=[(hostile, hostile)]).render("index.html"))
    assert not document.all("b")
    assert {"class": f"flash flash-{hostile}"} in document.all("li")


def test_twenty_and_only_twenty_is_red() -> None:
    page = Application().render("displaylist_template.html", mylist=[2, 10, 20, 120, 200, "20"])
    assert re.findall(r'<li( class="red")?>(\d+)</li>', page) == [
        ("", "2"),
        ("", "10"),
        (' class="red"', "20"),
        ("", "120"),
        ("", "200"),
        ("", "20"),
    ]


@pytest.mark.parametrize(
    ("endpoint", "current"),
    [
        ("tutorial.index", {"page": 1}),
        ("tutorial.login", {"page": 1}),
        ("tutorial.file_upload", {"true": 1}),
        ("tutorial.hello", {}),
        (None, {}),
    ],
)
def test_the_navigation_marks_where_one_is(endpoint: str | None, current: dict[str, int]) -> None:
    document = Document(Application(endpoint).render("index.html"))
    assert (
        Counter(link["aria-current"] for link in document.all("a") if "aria-current" in link)
        == current
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "background"), TEXT_ON_BACKGROUND)
def test_text_stands_out_from_its_background(scheme: str, text: str, background: str) -> None:
    found = colours(scheme, STYLE)
    assert contrast(found[text], found[background]) >= WCAG_AA


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("background", ["paper", "surface"])
def test_the_edge_of_a_control_stands_out_from_its_background(scheme: str, background: str) -> None:
    found = colours(scheme, STYLE)
    assert contrast(found["control"], found[background]) >= WCAG_AA_CONTROLS
