"""What the documents say exists does exist, and what they say to type works."""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tutorial.settings import Settings

if TYPE_CHECKING:
    from flask import Flask

ROOT = Path(__file__).parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
IGNORED = [line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()]

CODE = re.compile(r"```.*?```|`[^`\n]+`|^ {4}[^\n]+", re.DOTALL | re.MULTILINE)
PATH = re.compile(r"`((?:[\w.-]+/)*(?:[\w.-]+/|[\w-]+\.(?:css|html|js|lock|md|py|toml)))`")
LINK = re.compile(r"\]\((?!https:)([^)#]+)")
QUOTATION = re.compile(r"`([\w/]+\.py)`:\n\n```python\n(.*?)```", re.DOTALL)

# Addresses and folders of the machines on which somebody worked, and the names of where packages come from.
PRIVATE = re.compile(
    r"pypi|pythonhosted|debian\.org|localhost/|/(?:home|opt|root|tmp|work)\b", re.IGNORECASE
)


def text_of(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def missing_paths(text: str) -> list[str]:
    """Files and folders that a text names and that neither exist nor are made by running something."""
    named = [*PATH.findall(text), *LINK.findall(text)]
    made = tuple(f"{name}/" for name in IGNORED)
    return [path for path in named if not path.startswith(made) and not (ROOT / path).exists()]


def missing_targets(text: str) -> list[str]:
    named = re.findall(r"\bmake ([a-z][a-z-]*)", "\n".join(CODE.findall(text)))
    return [target for target in named if not re.search(f"^{target}:", MAKEFILE, re.MULTILINE)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_path_that_a_document_names_exists(document: str) -> None:
    assert missing_paths(text_of(document)) == []


@pytest.mark.parametrize("document", [*DOCUMENTS, "docs/deployment.md"])
def test_each_make_target_that_a_document_names_exists(document: str) -> None:
    assert missing_targets(text_of(document)) == []


@pytest.mark.parametrize("document", [*DOCUMENTS, "Makefile", "pyproject.toml", ".ci/run"])
def test_no_document_names_a_machine_or_where_packages_come_from(document: str) -> None:
    assert PRIVATE.findall(text_of(document)) == []


def test_the_commands_without_make_are_those_that_make_runs(
    require_program: Callable[[str], str],
) -> None:
    targets = ["compare", "test", "serve", "serve-flask"]
    make = [require_program("make"), "--dry-run", "--always-make", "PYTHON=python3", *targets]
    environ = {**os.environ, "MAKEFLAGS": ""}
    output = subprocess.run(make, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    recipes = re.sub(r"\\\n\t", "", output.stdout)
    for kept_short in ("--clear ", "--quiet ", "--disable-pip-version-check ", "--no-compile "):
        recipes = recipes.replace(kept_short, "")
    commands = re.findall(r"^ {4}(python3 .*|\.venv/.*)", text_of("README.md"), re.MULTILINE)
    assert len(commands) == 2 + len(targets)
    assert [command for command in commands if command not in recipes.splitlines()] == []


def test_code_that_the_readme_quotes_stands_where_it_says() -> None:
    quotations = QUOTATION.findall(text_of("README.md"))
    assert len(quotations) == 2
    assert [path for path, code in quotations if code not in text_of(path)] == []


def test_the_table_of_urls_is_that_of_the_application(flask_app: "Flask") -> None:
    named: dict[str, set[str]] = {}
    for urls, methods in re.findall(
        r"^\| (`/.*?) \| ([A-Z, ]+) \|", text_of("README.md"), re.MULTILINE
    ):
        for url in re.findall(r"`(.*?)`", urls):
            named.setdefault(url, set()).update(methods.split(", "))
    rules = flask_app.url_map.iter_rules()
    assert named == {rule.rule: (rule.methods or set()) - {"HEAD", "OPTIONS"} for rule in rules}


@pytest.mark.parametrize("text", ["`tests/nowhere.py`", "`nowhere/`", "[a page](docs/nowhere.md)"])
def test_a_path_that_does_not_exist_is_found(text: str) -> None:
    assert missing_paths(text)


@pytest.mark.parametrize("text", ["`make coffee`", "    make coffee", "```\nmake coffee\n```"])
def test_a_target_that_does_not_exist_is_found(text: str) -> None:
    assert missing_targets(text) == ["coffee"]


def test_prose_and_media_types_are_neither_paths_nor_targets() -> None:
    assert missing_paths("`text/html` and `/css/hello.css` and `.venv/bin/python`") == []
    assert missing_targets("It does not make sense.") == []


LIMITS = {
    setting.name.upper(): setting.default
    for setting in fields(Settings)
    if isinstance(setting.default, int | float) and not isinstance(setting.default, bool)
}


def test_every_limit_stands_in_the_table_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([\d,]+)( [MG]iB| KiB)?", text_of("SECURITY.md"), re.M)
    sizes = {"": 1, " KiB": 2**10, " MiB": 2**20, " GiB": 2**30}
    told = {name: int(number.replace(",", "")) * sizes[unit] for name, number, unit in rows}
    assert told == LIMITS
