"""The two ``views.py`` are one text, but for ``ctx``: what Flask hides in context is an argument here.

Drop the imports, the return annotations and ``ctx`` from both, and what is left must be equal, statement by
statement: the same names in the same order, decorators, docstrings and all. The name of the class that collects
the views is the one thing that differs besides.
"""

import ast
from difflib import unified_diff
from itertools import zip_longest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COLLECTORS = {
    "flask_version": "Blueprint('tutorial', __name__)",
    "wsgi_from_scratch": "Routes('tutorial')",
}


class WithoutContext(ast.NodeTransformer):
    """Drops what the law lets differ."""

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        node.args = [argument for argument in node.args if argument.arg != "ctx"]
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == "ctx":
            return ast.Name(node.attr, node.ctx)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.args = [
            argument
            for argument in node.args
            if not (isinstance(argument, ast.Name) and argument.id == "ctx")
        ]
        return self.generic_visit(node)


def statements(source: str, collector: str) -> list[str]:
    """Each statement of a ``views.py``, as text, without what may differ."""
    module = WithoutContext().visit(ast.parse(source))
    body = [node for node in module.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    if ast.get_docstring(module) is not None:
        del body[0]
    return [ast.unparse(node).replace(f"views = {collector}", "views = ...") for node in body]


def difference(flask: str, scratch: str) -> str:
    """The first statements that differ, as a diff that can be read; empty when none do."""
    for left, right in zip_longest(
        statements(flask, COLLECTORS["flask_version"]),
        statements(scratch, COLLECTORS["wsgi_from_scratch"]),
        fillvalue="",
    ):
        if left != right:
            names = ("flask_version/views.py", "wsgi_from_scratch/views.py, without ctx")
            return "\n".join(unified_diff(left.split("\n"), right.split("\n"), *names, lineterm=""))
    return ""


def test_the_views_of_both_applications_differ_in_ctx_only() -> None:
    flask, scratch = ((ROOT / package / "views.py").read_text("utf-8") for package in COLLECTORS)
    found = difference(flask, scratch)
    assert not found, f"\n{found}"


FLASK = '''
"""Views."""
from flask import Blueprint
views = Blueprint("tutorial", __name__)

@views.route("/<name>")
def hello(name: str) -> ResponseReturnValue:
    """Greets."""
    return render_template("hello.html", name=name)
'''
SCRATCH = '''
"""Other words."""
from .router import Routes
views = Routes("tutorial")

@views.route("/<name>")
def hello(ctx: Context, name: str) -> ReturnValue:
    """Greets."""
    return ctx.render_template("hello.html", name=name)
'''


def test_what_the_law_lets_differ_is_no_difference() -> None:
    assert difference(FLASK, SCRATCH) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"/<name>"', '"/<who>"', id="a decorator's argument"),
        pytest.param('@views.route("/<name>")', "", id="a missing decorator"),
        pytest.param("Greets.", "Waves.", id="a docstring"),
        pytest.param("name=name", "name=name.strip()", id="the body"),
        pytest.param("def hello", "def hallo", id="a name"),
        pytest.param("name: str", "name: object", id="an argument's type"),
        pytest.param("name: str", "name: str, other: str = ''", id="one more argument"),
        pytest.param("ctx.render_template", "ctx.request.render_template", id="another place"),
        pytest.param('Routes("tutorial")', 'Routes("other")', id="the endpoints' prefix"),
    ],
)
def test_anything_else_is_a_difference_that_can_be_read(old: str, new: str) -> None:
    assert old in SCRATCH
    assert difference(FLASK, SCRATCH.replace(old, new)).startswith("--- flask_version/views.py")


def test_a_view_that_only_one_application_has_is_a_difference() -> None:
    extra = "\n\n@views.route('/more')\ndef more(ctx: Context) -> str:\n    return 'more'\n"
    assert "+def more()" in difference(FLASK, SCRATCH + extra)
