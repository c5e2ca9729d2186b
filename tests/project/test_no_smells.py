"""What ruff and mypy are told to overlook says why; only the layout of a table (``fmt: skip``) explains itself."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MARK = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma)", re.IGNORECASE)
CODES = r"(?:noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*|type: ignore\[[a-z, -]+\])"
WITH_REASON = re.compile(rf"# {CODES}(?:  #| -) \w.{{5,}}")


def sources() -> Iterator[Path]:
    """All Python files of the project, of which none stands in a folder with a dot."""
    for folder in ROOT.glob("[!.]*/"):
        yield from folder.rglob("*.py")
    yield from ROOT.glob("*.py")


def unexplained(source: str) -> list[str]:
    marked = (line.strip() for line in source.splitlines() if MARK.search(line))
    return [line for line in marked if not WITH_REASON.search(line)]


@pytest.mark.parametrize(
    "path", sorted(set(sources()) - {Path(__file__)}), ids=lambda path: path.name
)
def test_each_exception_to_the_tools_says_why(path: Path) -> None:
    assert unexplained(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("line", "is_explained"),
    [
        ("import x  # noqa", False),
        ("import x  # noqa: F401", False),
        ("import x  # noqa: F401  # the name is what others import", True),
        ("x = y()  # type: ignore", False),
        ("x = y()  # type: ignore[no-untyped-call]", False),
        ("x = y()  # type: ignore[no-untyped-call]  # the library has no types", True),
    ],
)
def test_an_exception_without_a_reason_is_found(line: str, is_explained: bool) -> None:
    assert (unexplained(line) == []) is is_explained
