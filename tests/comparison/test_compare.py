"""``compare.py``: what it prints, and with what status it ends."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

import compare
from comparison import study as study_module
from comparison.exchange import Exchange
from comparison.scenarios import SCENARIOS
from comparison.study import Study
from comparison.terminal import closing_sentence, print_all, print_one

ROOT = Path(compare.__file__).parent

STYLE = re.compile(r"\x1b\[[\d;]*m")


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    plain = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")
    }
    return subprocess.run(
        [sys.executable, "compare.py", *arguments],
        cwd=ROOT,
        env=plain | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def text(show: object, studies: object, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    show(studies, console)  # type: ignore[operator]  # print_all or print_one
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_an_identical_scenario_ends_with_0_and_is_shown_whole() -> None:
    done = run("session")
    assert done.returncode == 0
    for words in (
        "GET /set_session_data HTTP/1.1",
        "Both answered",
        "HTTP/1.1 200 OK",
        "Set-Cookie: session=",
        "Python calls by stage",
        "open the session",
        'says       {"name": "Kumaravel Rajan"',
        "verified   yes, with SECRET_KEY",
        "swapped    each accepts the cookie of the other",
        "flipped    each refuses its own",
        "The view, twice",
        "▸     return render_template",
        "flask/sessions.py",
        "of 4,096 bytes",
        "Identical: status line, headers in their order, body.",
    ):
        assert words in done.stdout
    assert "\x1b" not in done.stdout
    assert "Traceback" not in done.stderr


def test_what_an_application_warns_of_is_shown(studies: list[Study]) -> None:
    (made,) = (one for one in studies if one.scenario.name == "session-over-4-kb")
    shown = text(print_one, made, 80)
    assert "Flask warned" in shown
    assert "From scratch warned" in shown
    assert ": too many, the browser drops it" in shown


def test_an_unknown_scenario_ends_with_2_and_names_close_ones() -> None:
    done = run("sesion")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("There is no scenario 'sesion': did you mean session or session-")


def test_what_is_close_to_no_scenario_is_told_where_they_are_listed() -> None:
    assert run("xyzzy").stderr == (
        "There is no scenario 'xyzzy': “python compare.py” lists them all.\n"
    )


def test_json_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["hello", "--json"]) == 0
    (made,) = json.loads(capsys.readouterr().out)
    assert made["name"] == "hello"
    assert made["verdict"] == "identical"
    assert made["flask"]["calls"] == sum(made["flask"]["calls_by_stage"].values())
    assert made["flask"]["answers"] == made["scratch"]["answers"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--jsonn", "x"], "unrecognized arguments: --jsonn"),
        (["a", "b"], "one NAME at most"),
        (["hello", "--requests", "f"], "either a NAME or --requests"),
        (["hello", "-d", "x"], "--header and --data need --app"),
        (["--app", "a:b"], "--app needs either METHOD and PATH or --requests FILE"),
        (["--app", "a:b", "GET"], "--app needs either METHOD and PATH or --requests FILE"),
        (["--app", "a:b", "--requests", "f", "-d", "x"], "--header and --data go with METHOD"),
        (["--app", "a:b", "GET", "/", "--html", "f"], "--html shows both applications"),
        (["hello", "--port", "1"], "--port goes with serve"),
        (["serve", "--port", "x"], "'x' is no port"),
        (["serve", "--json"], "serve takes only --port"),
        (["--json", "--html", "f"], "either --json or --html"),
    ],
)
def test_arguments_that_do_not_go_together_end_with_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        compare.main(arguments)
    assert sentence in capsys.readouterr().err


def test_json_of_one_scenario_is_whole_and_of_all_of_them_is_short(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hello = SCENARIOS["hello"]
    monkeypatch.setattr("comparison.scenarios.SCENARIOS", {"hello": hello})
    compare.main(["--json"])
    (short,) = json.loads(capsys.readouterr().out)
    compare.main(["--json", "hello"])
    (whole,) = json.loads(capsys.readouterr().out)
    assert "functions" not in short
    assert whole["flask"]["ledger"]["calls"] == short["flask"]["calls"]


def test_the_overview_looks_at_nothing_closely(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def watch(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(study_module.Play, "watch_with_answers", watch)
    monkeypatch.setattr("comparison.scenarios.SCENARIOS", {"hello": SCENARIOS["hello"]})
    assert compare.main([]) == 0
    assert "every answer identical" in capsys.readouterr().out


def test_requests_of_ones_own_go_through_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my.http"
    file.write_text("GET /hello/You HTTP/1.1\n### the second\nGET /lab/kept-cart HTTP/1.1\n")
    assert compare.main(["--requests", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "Hello You!" in shown
    assert "Request 2 of 2" in shown


def test_what_an_application_prints_does_not_stand_in_the_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "printing.py").write_text(
        "print('imported')\n"
        "def app(environ, start_response):\n"
        "    print('called')\n"
        "    start_response('200 OK', [])\n"
        "    return []\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert compare.main(["--app", "printing:app", "GET", "/", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["name"] == "printing:app"
    assert {"imported", "called"} <= {*shown.err.split()}


def test_an_application_that_breaks_the_rules_of_wsgi_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "silent.py").write_text("def app(environ, start_response):\n    return []\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert compare.main(["--app", "silent:app", "GET", "/"]) == 1
    assert "start_response was never called" in capsys.readouterr().out


def test_a_difference_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def differs(flask: Exchange, scratch: Exchange) -> bool:
        return True

    monkeypatch.setattr(study_module, "differs", differs)
    assert compare.main(["hello"]) == 1
    assert "Different" in capsys.readouterr().out


@pytest.mark.parametrize("width", [80, 200])
def test_the_table_fits_its_width_without_cutting_anything(
    studies: list[Study], width: int
) -> None:
    lines = text(print_all, studies, width).splitlines()
    assert max(map(len, lines)) <= width
    assert [line for line in lines if "…" in line] == []
    for made in studies:
        (row,) = (line for line in lines if line.split()[:1] == [made.scenario.name])
        assert f" {made.verdict} " in row
        assert f"{made.flask.calls:,}" in row
        assert (made.scenario.lesson in row) == (width == 200)


def test_without_colour_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    compare.main(["hello"])
    coloured = capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    compare.main(["hello"])
    plain = capsys.readouterr().out
    assert "\x1b[32m" in coloured
    assert "\x1b[32m" not in plain
    before_times = [STYLE.sub("", shown).partition("\nTime\n")[0] for shown in (coloured, plain)]
    assert before_times[0] == before_times[1]


def test_a_terminal_without_unicode_shows_question_marks_and_no_traceback() -> None:
    done = run("hello", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "marked ?" in done.stdout


def test_the_closing_sentence_counts(studies: list[Study]) -> None:
    requests = sum(len(made.steps) for made in studies)
    sentence = closing_sentence(studies)
    assert sentence.startswith(
        f"{len(studies)} scenarios, {requests} requests: every answer identical"
    )
    assert f"{sum(made.flask.calls for made in studies):,}" in sentence


def test_every_study_can_be_shown(watched: list[Study]) -> None:
    for made in watched:
        shown = text(print_one, made, 80)
        assert made.scenario.lesson in " ".join(shown.split())
        assert "\x1b" not in shown


def test_who_reads_only_the_first_lines_sees_no_traceback() -> None:
    done = subprocess.run(
        f"{sys.executable} compare.py home | head -1",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
