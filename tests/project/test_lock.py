"""The locks pin what ``pyproject.toml`` asks for, by hash, and say nothing of where they were made."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = {
    "requirements.lock": ("test", "lint", "browser"),
    "requirements-bench.lock": ("test", "bench", "fuzz"),
    "requirements-servers.lock": ("test", "servers"),
}
"""Each lock of an environment in which the applications run, with its groups."""

STORE = "requirements-store.lock"
"""What plays an object store in ``make cluster``; it knows nothing of the project."""

PIN = re.compile(r"([a-z0-9-]+)==([^ ]+)( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+")


def lines_of(lock: str) -> list[str]:
    return (ROOT / lock).read_text("utf-8").replace("\\\n", "").splitlines()


def pins_of(lock: str) -> set[tuple[str, str, str | None]]:
    """Names, versions, and the machines that they are for."""
    found = map(PIN.match, lines_of(lock))
    return {(pin[1], pin[2], pin[3]) for pin in found if pin}


def asked_for(lock: str) -> Iterator[Requirement]:
    """What is needed to run, serve and do what the lock is for; the store on S3 is the one extra that is not locked."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    yield from map(Requirement, project["project"]["dependencies"])
    yield from map(Requirement, project["project"]["optional-dependencies"]["serve"])
    for group in LOCKS[lock]:
        yield from map(Requirement, project["dependency-groups"][group])


@pytest.mark.parametrize("lock", LOCKS)
def test_each_requirement_is_pinned_to_a_version_that_satisfies_it(lock: str) -> None:
    pinned = {name: version for name, version, _ in pins_of(lock)}
    wrong = [
        str(requirement)
        for requirement in asked_for(lock)
        if requirement.name not in pinned
        or not requirement.specifier.contains(pinned[requirement.name])
    ]
    assert wrong == [], "run `make lock`"


def test_every_group_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    locked = {group for groups in LOCKS.values() for group in groups}
    assert {*locked, "store"} == {*project["dependency-groups"]}


@pytest.mark.parametrize("lock", ["requirements-bench.lock", "requirements-servers.lock"])
def test_what_two_locks_pin_is_of_one_version(lock: str) -> None:
    pins = [{(name, version) for name, version, _ in pins_of(of)} for of in LOCKS if of != lock]
    mine = {(name, version) for name, version, _ in pins_of(lock)}
    for others in pins:
        shared = {name for name, _ in mine} & {name for name, _ in others}
        assert "flask" in shared
        one, other = ({pin for pin in found if pin[0] in shared} for found in (mine, others))
        assert one == other, "run `make lock`"


@pytest.mark.parametrize("lock", [*LOCKS, STORE])
def test_each_line_is_a_pin_with_hashes_or_says_who_wants_it(lock: str) -> None:
    others = [line for line in lines_of(lock) if not PIN.fullmatch(line)]
    assert [line for line in others if not re.fullmatch(r" +# .*", line)] == []


@pytest.mark.parametrize("lock", [*LOCKS, STORE])
def test_no_address_and_no_path_of_a_machine_is_named(lock: str) -> None:
    assert not re.search(r"://|(^|\s)[/~]", (ROOT / lock).read_text("utf-8"))
