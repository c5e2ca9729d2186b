"""Each benchmark starts, and what it finds is printed and written. Runs are tiny, and no time is asserted."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from benchmarks import __main__ as program
from benchmarks import growth, measure, start
from benchmarks.readme import END, insert, mark
from benchmarks.servers import gunicorn
from benchmarks.table import Column, Table

ONLY_THERE = "what it needs is installed by make bench alone"


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "BATCH", 1e-6)
    monkeypatch.setattr(measure, "MOST_ROUNDS", 3)
    few = [replace(one, sizes=one.sizes[:3]) for one in growth.DIMENSIONS[:2]]
    monkeypatch.setattr(growth, "DIMENSIONS", few)
    monkeypatch.setattr(start, "QUICK_ROUNDS", 1)


def run(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    """The JSON of a run that must be complete."""
    file = tmp_path / "figures.json"
    assert program.main([*arguments, "--quick", "--json", str(file)]) == 0
    data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    assert data["quick"] is True
    assert {"date", "python", "cores", "load", "versions"} <= data["machine"].keys()
    for tables in data["tables"].values():
        for table in tables:
            assert {len(row) for row in table["rows"]} == {len(table["columns"])}
    return data


def test_growth_is_measured_for_both_applications(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (table,) = run(tmp_path, "growth")["tables"]["growth"]
    assert [row[:2] for row in table["rows"]] == [
        [dimension.name, name]
        for dimension in growth.DIMENSIONS
        for name in ("Flask", "from scratch")
    ]
    assert table["title"] in capsys.readouterr().out


def test_a_start_costs_time_and_memory(tmp_path: Path) -> None:
    (table,) = run(tmp_path, "start")["tables"]["start"]
    assert table["rows"][0][0] == "python -c pass"
    assert [row[0] for row in table["rows"][-2:]] == ["wsgi_from_scratch.app", "flask_version.app"]
    if sys.platform == "linux":
        assert all(row[3] > 0 for row in table["rows"])


def test_what_is_imported_by_name_is_read_from_the_source(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text(
        "import a.b\nfrom c import d\nfrom . import e\nif x:\n    import f\ndef g():\n    import h\n"
    )
    assert list(start.imported(source)) == ["a.b", "c"]


def test_requests_are_timed_in_all_applications(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = pytest.importorskip("benchmarks.requests", reason=ONLY_THERE)
    works = [work for work in requests.make_works() if work.name in ("hello", "add", "404")]
    monkeypatch.setattr(requests, "make_works", lambda: works)
    table, pages = run(tmp_path, "requests")["tables"]["requests"]
    assert [row[0] for row in table["rows"]] == ["hello", "add", "404"]
    assert [row[0] for row in pages["rows"]] == ["404"]
    assert pages["columns"][1:3] == ["floor by Jinja", "from scratch"]
    assert table["columns"][1:7] == [
        "floor",
        "from scratch",
        "Flask",
        "Bottle",
        "Falcon",
        "Pyramid",
    ]


def test_parsers_are_timed_and_their_memory_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    multipart = pytest.importorskip("benchmarks.multipart", reason=ONLY_THERE)
    monkeypatch.setattr(multipart, "CONTENTS", multipart.CONTENTS[:1])
    speeds, peaks = run(tmp_path, "multipart")["tables"]["multipart"]
    assert [row[0] for row in speeds["rows"]] == [row[0] for row in peaks["rows"]]
    assert None not in [*speeds["rows"][0], *peaks["rows"][0]]


def test_workbooks_are_converted_by_all_and_kept_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workbooks = pytest.importorskip("benchmarks.workbooks", reason=ONLY_THERE)
    monkeypatch.setattr(workbooks, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(workbooks, "QUICK_SIZES", {20: 1})
    (table,) = run(tmp_path, "workbooks")["tables"]["workbooks"]
    assert table["columns"] == ["converter", "20 rows", "as fast"]
    assert len(table["rows"]) == 5
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {"100.xlsx", "20.xlsx"}


@pytest.mark.parametrize("application", ["benchmarks.floor:create_app()", "wsgi_from_scratch:app"])
def test_gunicorn_serves_an_application_until_the_block_ends(
    application: str, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("gunicorn")
    with gunicorn(application, tmp_path) as address, urlopen(f"{address}/healthz") as response:
        assert response.read() == b"ok"


def test_a_machine_without_wrk_is_told_so_and_nothing_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert run(tmp_path, "wire")["tables"] == {}
    assert (
        capsys.readouterr().err == "wire: wrk is not installed (on Debian: apt-get install wrk).\n"
    )


def test_an_environment_without_the_other_libraries_is_told_what_to_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "benchmarks.workbooks", None)
    assert program.main(["workbooks"]) == 1
    assert "“make bench” installs" in capsys.readouterr().err


def test_a_name_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        program.main(["growht"])
    assert "there is no benchmark 'growht'" in capsys.readouterr().err


MACHINE = {
    "date": "2026-01-02",
    "python": "CPython 3.11",
    "system": "Linux",
    "cores": 2,
    "processor": "Processor",
    "memory_gib": 8,
    "load": [0.1],
    "versions": {"flask": "3.1.3", "falcon": "4.4.0"},
}


def test_the_readme_is_written_between_its_marks_again_and_again() -> None:
    table = Table("Requests", [Column("request")], [["hello"]], ("A note.",))
    text = f"before\n{mark('requests')}\nold\n{END}\nafter"
    once = insert(text, "requests", [table], MACHINE)
    assert once.startswith(f"before\n{mark('requests')}\n\n| request |\n")
    assert "| hello |\n\nA note.\n\nMeasured: 2026-01-02, " in once
    assert once.endswith(f"\n\n{END}\nafter")
    assert insert(once, "requests", [table], MACHINE) == once


def test_a_readme_without_a_place_for_the_table_is_left_alone() -> None:
    with pytest.raises(LookupError, match="no place for wire"):
        insert(f"{mark('requests')}\n{END}", "wire", [], MACHINE)
