"""A finding is as short as it can be, and can be pasted into a test."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import applications, parsers
from tests.fuzz.finding import Check, Disagreement, Finding, answer, holds, look, same, shortest
from tests.fuzz.targets import TARGETS, recorded
from tests.oracle import test_forms, test_multipart
from wsgi_from_scratch import grammar, signing, urls
from wsgi_from_scratch.headers import Headers
from wsgi_from_scratch.router import Router

ROOT = Path(__file__).parents[2]


def check_colon(data: bytes) -> None:
    """Two sides that disagree on where a colon stands."""
    same("find", data.find(b":"), min(data.find(b":"), 3))


def check_error(data: bytes) -> None:
    """A side that fails where nobody expects it."""
    if b"\xff" in data:
        data.decode()


def found_by(check: Check, data: bytes) -> Finding:
    finding = look("target", check, data)
    assert finding is not None
    return finding


def test_a_finding_has_nothing_left_that_it_does_not_need() -> None:
    finding = shortest(found_by(check_colon, b"a long name: and a value of it"), check_colon)
    assert (finding.ours, finding.theirs) == (4, 3)
    assert (len(finding.data), finding.data[-1:]) == (5, b":")


def test_an_exception_that_nobody_expects_is_a_finding() -> None:
    finding = shortest(found_by(check_error, b"some text \xff and more"), check_error)
    assert finding.data == b"\xff"
    assert finding.question.startswith("UnicodeDecodeError in test_finding.py:")


def test_a_finding_is_a_line_of_python() -> None:
    data = b"\0\xff\n'\"\\:"
    literal = found_by(check_colon, data).literal
    assert ast.literal_eval(literal) == (("target", "find", data, 6, 3),)
    assert "\n" not in literal


@pytest.mark.parametrize(("ours", "theirs"), [(1, True), ("a", "b"), ([], ()), (1, 1.0), (None, 0)])
def test_answers_of_other_types_are_other_answers(ours: object, theirs: object) -> None:
    with pytest.raises(Disagreement):
        same("answer", ours, theirs)


def test_what_must_hold_and_does_not_is_a_disagreement() -> None:
    holds("always", True)
    with pytest.raises(Disagreement):
        holds("never", False)


def test_only_the_refusals_that_are_named_are_answers() -> None:
    assert answer(int, "x", refusals=(ValueError,)) == "ValueError"
    with pytest.raises(TypeError):
        answer(int, [], refusals=(ValueError,))


FAULTS = [
    ("multipart", test_multipart, "ours", lambda chunks, *limits: len(list(chunks))),
    ("forms", test_forms, "ours", lambda *arguments: ([], [])),
    ("cookies", parsers, "parse_cookie", lambda header: []),
    ("urls", urls, "parse_query", lambda text: []),
    ("grammar", grammar, "parse_date", lambda text: None),
    ("headers", Headers, "add", lambda self, name, value: None),
    ("router", Router, "allowed_methods", lambda self, path: frozenset()),
    ("signing", signing, "_signature", lambda mac, value: b"signature"),
    ("sessions", applications, "load_tagged", lambda data: {}),
    ("requests", Headers, "to_wsgi", lambda self: []),
]
"""For each target a function, and one in its place that is wrong."""


@pytest.mark.parametrize(
    ("name", "place", "function", "wrong"), FAULTS, ids=lambda value: str(value)[:20]
)
def test_a_fault_is_found(
    name: str, place: object, function: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, function, wrong)
    found = [look(name, TARGETS[name].check, file.read_bytes()) for file in recorded(name)]
    assert any(found)


def test_without_atheris_it_says_what_to_install() -> None:
    command = [sys.executable, "-c", WITHOUT_ATHERIS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Fuzzing needs atheris: pip install 'atheris>=3'\n"


WITHOUT_ATHERIS = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "atheris" else find(name, *rest)
sys.argv = ["fuzz"]
from tests.fuzz.__main__ import main
sys.exit(main())
"""
