"""The other frameworks answer as Flask does. They are installed where ``make bench`` runs, and nowhere else."""

import warnings
from pathlib import Path

import pytest

from benchmarks.answers import check_all
from benchmarks.works import Work

WHY = "the other frameworks are installed by make bench alone"


def test_every_framework_answers_every_work(tmp_path: Path, works: tuple[Work, ...]) -> None:
    requests = pytest.importorskip("benchmarks.requests", reason=WHY)
    with warnings.catch_warnings():
        # Bottle leaves the files of an upload to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        told = check_all(requests.make_applications(tmp_path), works)
    assert [sentence.partition(" ")[0] for sentence in told] == ["Bottle", "Falcon", "Pyramid"]
    assert all("Vary" in sentence for sentence in told)


def test_falcon_is_the_compiled_one() -> None:
    falcon_version = pytest.importorskip("benchmarks.peers.falcon_version", reason=WHY)
    assert falcon_version.is_compiled()
