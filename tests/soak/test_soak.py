"""A short soak finds nothing in the application, and finds each fault in a faulty one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.soak.server import serving
from tests.soak.shown import as_data, latencies_of, memory_of, sentences_of
from tests.soak.soak import Options, Report, soak
from tests.soak.visitor import Kills

SHORT = Options(seconds=4.0, kill_every=1.0)

SENTENCES = {
    "leaks": "A worker grew by",
    "answers 500": "answers had status 500",
    "answers another status": "GET /get202status: 200, not 202",
    "answers less than it has announced": "GET /get202statuswithmakeresponse: IncompleteRead",
    "loses files": "404, not 200 (download of what was kept)",
    "cuts files": "a download is b''",
    "leaves processes": "processes of killed workers",
}
"""What is said of an application that does so."""


@pytest.fixture(scope="module", autouse=True)
def gunicorn(require_program: Callable[[str], str]) -> None:
    require_program("gunicorn")


def soaked(application: str, folder: Path, options: Options = SHORT) -> Report:
    with serving(application, folder) as server:
        return soak(application, server, options)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return soaked("wsgi_from_scratch", tmp_path_factory.mktemp("soak") / "server")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Report:
    # The process that it leaves is there for good.
    impatient = replace(SHORT, patience=3.0)
    return soaked("tests.soak.faulty", tmp_path_factory.mktemp("soak") / "server", impatient)


def test_nothing_is_wrong_with_the_application(report: Report) -> None:
    assert report.wrong == []
    assert report.kills > 0
    assert report.kept > 0


def test_all_that_was_seen_is_told(report: Report) -> None:
    data = as_data(report)
    assert sum(kind["requests"] for kind in data["kinds"].values()) > 100
    assert latencies_of(report).row_count == len(data["kinds"]) + 1
    assert [column.header for column in memory_of(report).columns] == ["", "start", "warm", "end"]
    told = " ".join(sentences_of(report))
    assert f"{report.kept} converted files were kept" in told
    assert f"grew by {report.growth:,} kB" in told
    assert "Nothing was wrong" in told


def test_the_last_sentence_of_a_screen_says_that_something_was_wrong(faulty: Report) -> None:
    assert f"What was wrong ({len(faulty.wrong)})" in list(sentences_of(faulty))[-1]


@pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)
def test_an_application_is_found_out_that(sentence: str, faulty: Report) -> None:
    assert [wrong for wrong in faulty.wrong if sentence in wrong], faulty.wrong


@pytest.mark.parametrize(
    ("opened", "explained"), [(9.0, True), (10.4, True), (10.6, False), (30.0, False)]
)
def test_only_a_connection_from_before_a_kill_can_have_gone_with_its_worker(
    opened: float, explained: bool
) -> None:
    kills = Kills()
    kills.moments.append(10.0)
    assert kills.explain(opened) is explained
