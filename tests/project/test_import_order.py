"""Reading order is import order: the README lists the modules, and each imports only what stands above it."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "wsgi_from_scratch"
READING_ORDER = re.findall(
    r"\]\(wsgi_from_scratch/(\w+)\.py\)", (ROOT / "README.md").read_text("utf-8")
)
"""The modules as the README lists them: this order is stated nowhere else."""

FROM_ELSEWHERE = {*sys.stdlib_module_names, "_typeshed", "jinja2", "markupsafe", "tutorial"}
"""All that the package may import besides itself; ``_typeshed`` exists for type checkers only."""


def imported_siblings(source: str) -> Iterator[str]:
    """Names of the modules of the package that a module imports, those for type checkers included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            if node.module is not None:
                yield node.module
            else:
                names = (alias.name for alias in node.names)
                yield from (name if name in READING_ORDER else "__init__" for name in names)


def imported_packages(source: str) -> Iterator[str]:
    """Top-level names of what a module imports absolutely, or from above the package."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level != 1:
            yield (node.module or "").partition(".")[0]


def out_of_order(module: str, source: str) -> list[str]:
    """What a module imports although it does not stand above it."""
    above = READING_ORDER[: READING_ORDER.index(module)]
    return [name for name in imported_siblings(source) if name not in above]


def test_the_reading_order_names_each_module_once() -> None:
    assert sorted(READING_ORDER) == sorted(path.stem for path in PACKAGE.glob("*.py"))


@pytest.mark.parametrize("module", READING_ORDER)
def test_a_module_imports_only_modules_above_it(module: str) -> None:
    assert out_of_order(module, (PACKAGE / f"{module}.py").read_text("utf-8")) == []


@pytest.mark.parametrize("module", READING_ORDER)
def test_a_module_needs_only_the_standard_library_jinja_and_the_tutorial(module: str) -> None:
    source = (PACKAGE / f"{module}.py").read_text("utf-8")
    assert set(imported_packages(source)) <= FROM_ELSEWHERE


@pytest.mark.parametrize(
    "source",
    [
        "from .views import views",
        "from . import views",
        "from . import create_app",
        "def late():\n    from .views import views",
        "if TYPE_CHECKING:\n    from .views import views",
        "from .router import Routes",
    ],
)
def test_an_import_from_below_is_found_wherever_it_stands(source: str) -> None:
    assert out_of_order("router", source)


@pytest.mark.parametrize(
    "source",
    [
        "import flask.app",
        "from werkzeug import http",
        "from wsgi_from_scratch.urls import quote_path",
        "from .. import x",
    ],
)
def test_an_import_of_a_framework_or_by_another_road_is_found(source: str) -> None:
    assert not set(imported_packages(source)) <= FROM_ELSEWHERE
