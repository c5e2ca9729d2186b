"""No cache without a bound: what a client may send is without an end, so what is remembered of it must have one."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVED = sorted(
    path for name in ("wsgi_from_scratch", "tutorial") for path in (ROOT / name).glob("*.py")
)


def unbounded(source: str) -> list[str]:
    """The uses of ``functools`` that remember everything, or as much as somebody else finds right."""
    tree = ast.parse(source)
    bounded = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "lru_cache":
            limits = [*node.args, *(keyword.value for keyword in node.keywords)]
            if limits and not (isinstance(limits[0], ast.Constant) and limits[0].value is None):
                bounded.add(id(node.func))
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
        and _name(node) in ("cache", "lru_cache")
        and id(node) not in bounded
    ]


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


@pytest.mark.parametrize("path", SERVED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_cache_says_how_much_it_keeps(path: Path) -> None:
    assert unbounded(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("lru_cache(maxsize=32)(f)", 0),
        ("lru_cache(LIMIT)(f)", 0),
        ("@functools.lru_cache(maxsize=1)\ndef f(): ...", 0),
        ("lru_cache(maxsize=None)(f)", 1),
        ("lru_cache(None)(f)", 1),
        ("@lru_cache\ndef f(): ...", 1),
        ("@lru_cache()\ndef f(): ...", 1),
        ("@functools.cache\ndef f(): ...", 1),
        ("@cache\ndef f(): ...", 1),
    ],
)
def test_a_cache_that_keeps_everything_is_found(source: str, found: int) -> None:
    assert len(unbounded(source)) == found
