"""docs/deployment.md: its commands work, and what it names exists."""

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deployment.hosts import DEPLOY
from tests.servers.running import PATIENCE, ROOT, free_port, running
from tutorial.settings import Settings

TEXT = (ROOT / "docs" / "deployment.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
SERVING, BY_HAND, FOR_GOOD, SHARED = BLOCKS


def shell(require_program: Callable[[str], str], script: str, folder: Path) -> list[str]:
    """A script that ends in a server, which is to take the place of the shell; the project's .venv may be elsewhere."""
    python, gunicorn = require_program("python"), require_program("gunicorn")
    script = script.replace(".venv/bin/python", f"exec {python}")
    script = script.replace(".venv/bin/gunicorn", f"exec {gunicorn}")
    return [require_program("sh"), "-euc", script]


def test_the_command_for_a_laptop_serves(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    port = free_port()
    script = SERVING.replace("flask_version", f"flask_version --port {port}")
    with running(shell(require_program, script, tmp_path), tmp_path, port=port):
        pass


@pytest.mark.usefixtures("logger_is_installed")
@pytest.mark.parametrize("application", ["flask_version", "wsgi_from_scratch"])
def test_the_commands_for_one_host_serve(
    application: str, require_program: Callable[[str], str], tmp_path: Path
) -> None:
    environ = {"BIND": "127.0.0.1:0", "INSTANCE_PATH": str(tmp_path), "WEB_CONCURRENCY": "1"}
    script = BY_HAND.replace("flask_version", application)
    command = shell(require_program, script, tmp_path)
    with running(command, tmp_path, environ=environ, stop=signal.SIGTERM):
        pass


def test_each_file_is_installed_where_the_others_look_for_it() -> None:
    installed = dict(re.findall(r"install .*?(deploy/\S+) (/\S+)", FOR_GOOD))
    assert {ROOT / path for path in installed} == {*DEPLOY.iterdir()} - {
        DEPLOY / "gunicorn.conf.py",
        DEPLOY / "nginx-cluster.conf",
        *DEPLOY.glob("__pycache__"),
    }
    unit = (DEPLOY / "tutorial@.service").read_text("utf-8")
    assert f"EnvironmentFile={installed['deploy/environment']}\n" in unit
    snippet = installed["deploy/nginx-application.conf"].removeprefix("/etc/nginx/")
    for name in ("nginx.conf", "nginx-cluster.conf"):
        assert f"include {snippet};" in (DEPLOY / name).read_text("utf-8")


def test_each_application_listens_where_nginx_expects_it() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text("utf-8")
    expected = re.findall(r"^upstream (\w+) +{ server (\S+);", nginx, re.MULTILINE)
    told = re.findall(r"BIND=(\S+) > /etc/tutorial/(\w+)", FOR_GOOD)
    assert [(name, address) for address, name in told] == [
        ("flask_version", dict(expected)["flask"]),
        ("wsgi_from_scratch", dict(expected)["scratch"]),
    ]


def test_the_commands_for_good_are_a_shell_s(require_program: Callable[[str], str]) -> None:
    command = [require_program("sh"), "-nc", FOR_GOOD]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_each_variable_that_it_names_is_explained() -> None:
    explained = (DEPLOY / "environment").read_text("utf-8")
    named = {*re.findall(r"^([A-Z][A-Z0-9_]+)=", SHARED, re.MULTILINE)}
    named |= {*re.findall(r"`([A-Z]+_[A-Z_]+)[`=]", TEXT)} - {"SCRIPT_NAME"}
    assert [name for name in sorted(named) if f"{name}=" not in explained] == []


def test_the_keys_are_changed_as_it_says() -> None:
    steps = re.findall(r"`SECRET_KEY=(\w+)` and `SECRET_KEY_FALLBACKS='(.*?)'`", TEXT)
    settings = [
        Settings.from_environ({**os.environ, "SECRET_KEY": key, "SECRET_KEY_FALLBACKS": old})
        for key, old in steps
    ]
    keys = [(each.secret_key, each.secret_key_fallbacks) for each in settings]
    assert keys == [("old", ("new",)), ("new", ("old",))]


def test_each_file_that_it_names_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    named = re.findall(r"`((?:deploy|comparison|docs|tests)/[\w./@-]+)`", TEXT)
    paths = [*(ROOT / "docs" / link for link in links), *(ROOT / name for name in named)]
    assert [path for path in paths if not path.exists()] == []
