"""What a process that serves every scenario has loaded, and above all what it has not."""

import json
from pathlib import Path

import pytest

from tests.scripts import run_script

SERVE = """
import json, sys
from comparison import lab
from comparison.scenarios import SCENARIOS, SECRET_KEY
from comparison.steps import visit
from tutorial.settings import Settings
from PACKAGE import create_app

application = create_app(Settings(secret_key=SECRET_KEY, downloads_url="memory://isolation"))
lab.ADD_TO(application)
answers = [answer for scenario in SCENARIOS.values() for answer in visit(application, scenario.steps)]
print(json.dumps([len(SCENARIOS), len(answers), sorted(name.partition(".")[0] for name in sys.modules)]))
"""


def loaded_after_serving(package: str, add_to: str) -> set[str]:
    """Top-level names of all that a fresh interpreter has loaded once it has served every scenario."""
    program = SERVE.replace("PACKAGE", package).replace("ADD_TO", add_to)
    answer = run_script(program)
    assert answer.returncode == 0, answer.stderr
    scenarios, answers, loaded = json.loads(answer.stdout)
    assert answers >= scenarios > 0
    return set(loaded)


def test_the_application_from_scratch_loads_no_framework_and_no_pandas() -> None:
    loaded = loaded_after_serving("wsgi_from_scratch", "add_to_scratch")
    assert loaded.isdisjoint(
        {"flask", "werkzeug", "itsdangerous", "click", "blinker", "pandas", "numpy"}
    )


def test_the_application_in_flask_loads_no_pandas_either() -> None:
    loaded = loaded_after_serving("flask_version", "add_to_flask")
    assert {"flask", "werkzeug"} <= loaded
    assert loaded.isdisjoint({"pandas", "numpy"})


START = """
import json, sys
import PACKAGE

PACKAGE.create_app(PACKAGE.app.extensions["settings"])
PACKAGE.app.extensions["downloads"].save_message("Hey")
PACKAGE.app.extensions["downloads"].save_csv(b"a,b")
PACKAGE.app.extensions["downloads"].ready()
print(json.dumps(sorted(name.partition(".")[0] for name in sys.modules)))
"""

LATER = {"fsspec", "asyncio", "pebble", "multiprocessing"}
"""What only a remote store or the first workbook needs, and would make each start longer."""


@pytest.mark.parametrize(
    ("package", "more"),
    [("wsgi_from_scratch", {"concurrent", "zipfile"}), ("flask_version", set())],
)
def test_a_start_loads_nothing_that_only_a_workbook_or_a_remote_store_needs(
    package: str, more: set[str], tmp_path: Path
) -> None:
    program = START.replace("PACKAGE", package)
    answer = run_script(program, SECRET_KEY="a key for tests", DOWNLOADS_URL=str(tmp_path))
    assert answer.returncode == 0, answer.stderr
    assert set(json.loads(answer.stdout)).isdisjoint(LATER | more)
    assert (tmp_path / "js_post_data.txt").read_text() == "Hey"
