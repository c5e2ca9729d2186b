"""That the cluster holds, and that its checks notice a cluster that is built wrongly."""

import subprocess
import sys

import pytest

from tests.cluster.__main__ import APPLICATIONS
from tests.cluster.hosts import Missing, program, programs
from tests.servers.commands import missing
from tests.servers.running import ROOT


@pytest.fixture(autouse=True, scope="module")
def everything_is_installed() -> None:
    try:
        programs()
    except Missing as error:
        missing(str(error))


def look(*options: str) -> tuple[int, str]:
    """The status of the program and what it printed; the faults are left to those who have minutes for them."""
    command = [sys.executable, "-m", "tests.cluster", "--without-faults", *options]
    answer = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    return answer.returncode, answer.stdout + answer.stderr


@pytest.mark.parametrize("application", APPLICATIONS)
def test_two_hosts_answer_as_one(application: str) -> None:
    status, printed = look("--application", application)
    assert status == 0, printed


WRONG = {
    "--with-different-keys": ["a session of", "sessions are lost: yes", "downloads are lost: no"],
    "--with-local-stores": ["a file of", "sessions are lost: no", "downloads are lost: yes"],
}


@pytest.mark.parametrize("option", WRONG)
def test_a_cluster_that_is_built_wrongly_is_noticed(option: str) -> None:
    status, printed = look("--application", "wsgi_from_scratch", option)
    assert status == 1, printed
    assert [sentence for sentence in WRONG[option] if sentence not in printed] == []


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(Missing, match="nothing-of-the-kind is not installed: the package is it"):
        program("nothing-of-the-kind", "NOTHING_OF_THE_KIND", [], "the package is it")
