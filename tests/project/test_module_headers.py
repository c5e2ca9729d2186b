"""Each module of ``wsgi_from_scratch`` opens with the four fields that readers and the comparison look for."""

import ast
import pkgutil
from pathlib import Path

import pytest

from comparison.concepts import FIELDS, read_header

PACKAGE = Path(__file__).parents[2] / "wsgi_from_scratch"
MODULES = sorted({*PACKAGE.glob("*.py")} - {PACKAGE / "__init__.py"})


def complaints(docstring: str) -> list[str]:
    """What is wrong with a module's header; a field's value runs on in the indented lines below it."""
    found = [line for line in docstring.splitlines() if line.startswith(FIELDS)]
    if [line[: line.index(":") + 1] for line in found] != list(FIELDS):
        return [f"the fields are not {', '.join(FIELDS)}, each once and in this order"]
    header = read_header("module", docstring)
    values = {"Spec:": header.spec, "Differs:": header.differs, "Left out:": header.left_out}
    empty = [f"{field} is empty" for field, value in values.items() if not value]
    return empty + ([] if header.flask else ["Flask: names nothing"]) + unresolved(header.flask)


def unresolved(names: tuple[str, ...]) -> list[str]:
    found = []
    for name in names:
        try:
            pkgutil.resolve_name(name)
        except (ImportError, AttributeError, ValueError) as error:
            found.append(f"Flask: {name!r} does not exist: {error}")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_opens_with_the_four_fields(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert docstring is not None
    assert complaints(docstring) == []


GOOD = """Cookies: what the browser sends back.

Spec:     RFC 6265bis
Flask:    werkzeug.http.parse_cookie,
          flask.Request.cookies
Differs:  nothing
Left out: nothing
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("Spec:     RFC 6265bis\n", "", id="a missing field"),
        pytest.param("Spec:     RFC 6265bis", "Spec:", id="an empty field"),
        pytest.param(
            "Left out: nothing", "Left out: nothing\nSpec:     PEP 3333", id="a field twice"
        ),
        pytest.param(
            "flask.Request.cookies", "flask.Request.biscuits", id="a name that does not exist"
        ),
        pytest.param("werkzeug.http", "werkzeug.httpd", id="a module that does not exist"),
    ],
)
def test_a_header_that_is_not_right_is_found(old: str, new: str) -> None:
    assert complaints(GOOD) == []
    assert complaints(GOOD.replace(old, new))
