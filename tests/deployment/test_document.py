"""docs/deployment.md: its commands work, and what it names exists."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from comparison.steps import get
from tests.deployment.hosts import DEPLOY, with_tls
from tests.servers.running import PATIENCE, ROOT, free_port, running
from tutorial import remote_store
from tutorial.settings import Settings

TEXT = (ROOT / "docs" / "deployment.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
SERVING, BY_HAND, FOR_GOOD, CERTIFICATE, TLS, SHARED, LIBRARY = BLOCKS


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
    with running(shell(require_program, script, tmp_path), tmp_path, port=port) as site:
        assert site.ask(get("/healthz")).body == b"ok"


@pytest.mark.usefixtures("logger_is_installed")
@pytest.mark.parametrize("application", ["flask_version", "wsgi_from_scratch"])
def test_the_commands_for_one_host_serve(
    application: str, require_program: Callable[[str], str], tmp_path: Path
) -> None:
    environ = {"BIND": "127.0.0.1:0", "INSTANCE_PATH": str(tmp_path), "WEB_CONCURRENCY": "1"}
    script = BY_HAND.replace("flask_version", application)
    command = shell(require_program, script, tmp_path)
    with running(command, tmp_path, environ=environ) as site:
        assert site.ask(get("/healthz")).body == b"ok"


def test_the_library_of_the_object_store_is_installed_with_its_hashes(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    """Where it is there already, as for these tests, pip compares the versions and downloads nothing."""
    done = subprocess.run(shell(require_program, LIBRARY, tmp_path), cwd=ROOT, check=False)
    assert done.returncode == 0


def test_each_file_is_installed_where_the_others_look_for_it() -> None:
    installed = dict(re.findall(r"install .*?(deploy/\S+) (/\S+)", FOR_GOOD + TLS))
    assert {ROOT / path for path in installed} == {*DEPLOY.iterdir()} - {
        DEPLOY / "gunicorn.conf.py",
        DEPLOY / "nginx-cluster.conf",
        *DEPLOY.glob("__pycache__"),
    }
    unit = (DEPLOY / "tutorial@.service").read_text("utf-8")
    assert f"EnvironmentFile={installed['deploy/environment']}\n" in unit
    snippets = [
        installed[f"deploy/nginx-{name}.conf"].removeprefix("/etc/nginx/")
        for name in ("application", "tls")
    ]
    for name in ("nginx.conf", "nginx-cluster.conf"):
        text = (DEPLOY / name).read_text("utf-8")
        assert [f"include {snippet};" in text for snippet in snippets] == [True, True]


def test_each_application_listens_where_nginx_expects_it() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text("utf-8")
    expected = re.findall(r"^upstream (\w+) +{ server (\S+);", nginx, re.MULTILINE)
    told = re.findall(r"BIND=(\S+) > /etc/tutorial/(\w+)", FOR_GOOD)
    assert [(name, address) for address, name in told] == [
        ("flask_version", dict(expected)["flask"]),
        ("wsgi_from_scratch", dict(expected)["scratch"]),
    ]


@pytest.mark.parametrize("script", [FOR_GOOD, TLS])
def test_the_commands_for_good_are_a_shell_s(
    require_program: Callable[[str], str], script: str
) -> None:
    command = [require_program("sh"), "-nc", script]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_its_command_for_tls_puts_one_line_in_the_place_of_another(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    (edit,) = re.findall(r"^sed -i '(.*)'", TLS, re.MULTILINE)
    for name in ("nginx.conf", "nginx-cluster.conf"):
        command = [require_program("sed"), edit, str(DEPLOY / name)]
        edited = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=True
        )
        text = (DEPLOY / name).read_text("utf-8")
        assert edited.stdout == with_tls(text) != text


def test_each_variable_that_it_names_is_explained() -> None:
    explained = (DEPLOY / "environment").read_text("utf-8")
    named = {*re.findall(r"^([A-Z][A-Z0-9_]+)=", SHARED, re.MULTILINE)}
    named |= {*re.findall(r"`([A-Z]+_[A-Z_]+)[`=]", TEXT)} - {"SCRIPT_NAME"}
    assert [name for name in sorted(named) if f"{name}=" not in explained] == []


def test_the_limits_of_s3_are_those_of_the_store() -> None:
    silence = remote_store.READ_TIMEOUT
    call = remote_store.TRIES * (remote_store.CONNECT_TIMEOUT + silence)
    assert f"| {silence} s without a byte from S3, {call} s for each call of it |" in TEXT


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
