"""``requirements.lock`` pins what ``pyproject.toml`` asks for, by hash, and says nothing of where it was made."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text("utf-8").replace("\\\n", "")
PIN = re.compile(r"([a-z0-9-]+)==([^ ]+)( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+")


def asked_for() -> Iterator[Requirement]:
    """What is needed to run, serve, test, lint and measure; the store on S3 is the one extra that is not locked."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    yield from map(Requirement, project["project"]["dependencies"])
    yield from map(Requirement, project["project"]["optional-dependencies"]["serve"])
    for group in project["dependency-groups"].values():
        yield from map(Requirement, group)


def test_each_requirement_is_pinned_to_a_version_that_satisfies_it() -> None:
    pinned = {found[1]: found[2] for found in map(PIN.match, LOCK.splitlines()) if found}
    wrong = [
        str(requirement)
        for requirement in asked_for()
        if requirement.name not in pinned
        or not requirement.specifier.contains(pinned[requirement.name])
    ]
    assert wrong == [], "run `make lock`"


def test_each_line_is_a_pin_with_hashes_or_says_who_wants_it() -> None:
    others = [line for line in LOCK.splitlines() if not PIN.fullmatch(line)]
    assert [line for line in others if not re.fullmatch(r" +# .*", line)] == []


def test_no_address_and_no_path_of_a_machine_is_named() -> None:
    assert not re.search(r"://|(^|\s)[/~]", LOCK)
