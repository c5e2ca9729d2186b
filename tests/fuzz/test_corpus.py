"""Every target agrees with itself and with the libraries on its seeds, and on what was found earlier."""

from pathlib import Path

import pytest

from tests.fuzz.finding import look
from tests.fuzz.targets import CORPUS, TARGETS, recorded

SEEDS = [(name, file) for name in TARGETS for file in recorded(name)]

FOUND = [
    # An hour beyond a C integer is no date for us and an error for Flask.
    ("sessions", b'{"a":{" d":"2 Jan 6 3000000004:5"}}'),
    # The first of two members with one name is nothing that Flask looks at.
    ("sessions", b'{"u":{" u":[1]},"u":1}'),
    # A range that only Werkzeug reads.
    ("grammar", b"bytes=0--0"),
    # From another site, under a name that is none: Flask could build no link for the page that says no.
    (
        "requests",
        b"POST / HTTP/1.1\r\nHost: a..b\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n",
    ),
    # NUL, which only we refuse.
    ("headers", b"\x03\x01\x01\x00"),
]
"""Inputs that a run has found, and that both sides agree on now or are known not to."""


@pytest.mark.parametrize(("name", "file"), SEEDS, ids=lambda value: getattr(value, "name", value))
def test_a_seed_is_no_finding(name: str, file: Path) -> None:
    assert look(name, TARGETS[name].check, file.read_bytes()) is None


@pytest.mark.parametrize(("name", "data"), FOUND, ids=lambda value: str(value)[:40])
def test_what_was_found_is_settled(name: str, data: bytes) -> None:
    assert look(name, TARGETS[name].check, data) is None


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("data", [b"", b"\0", b"\n", b"\xff\xfe\n\xff", bytes(range(256))])
def test_nothing_much_is_no_finding(name: str, data: bytes) -> None:
    assert look(name, TARGETS[name].check, data) is None


def test_the_corpus_is_small() -> None:
    files = [file for file in CORPUS.rglob("*") if file.is_file()]
    assert len(files) < 60
    assert sum(file.stat().st_size for file in files) < 100_000
    assert {file.parent.name for file in files} == {*TARGETS, "corpus"}
