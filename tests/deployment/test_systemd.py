"""The unit and the environment file: what systemd's own tools say of the one, and the settings of the other."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from tests.deployment.hosts import DEPLOY
from tests.servers.running import PATIENCE, ROOT
from tutorial import children, remote_store
from tutorial.errors import SettingsError
from tutorial.settings import Settings

UNIT = "tutorial@flask_version.service"
EXPOSURE = 15
"""Tenths of ten, as systemd-analyze counts what a service could reach; without any hardening it is 96."""

ASSIGNMENT = re.compile(r"^(#?)([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
LINES = ASSIGNMENT.findall((DEPLOY / "environment").read_text("utf-8"))


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit of one application, in which the project is where it is now and its program is one that exists."""
    text = (DEPLOY / "tutorial@.service").read_text("utf-8")
    path = tmp_path / UNIT
    path.write_text(
        text.replace("/srv/tutorial/.venv/bin/gunicorn", "/bin/true").replace(
            "/srv/tutorial", str(ROOT)
        ),
        "utf-8",
    )
    return path


def analyze(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_systemd_understands_every_line(unit: Path, require_program: Callable[[str], str]) -> None:
    answer = analyze(require_program("systemd-analyze"), "verify", "--man=no", str(unit))
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_the_service_reaches_little(unit: Path, require_program: Callable[[str], str]) -> None:
    options = ["security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}"]
    answer = analyze(require_program("systemd-analyze"), *options, str(unit))
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_systemd_waits_longer_than_gunicorn() -> None:
    unit = (DEPLOY / "tutorial@.service").read_text("utf-8")
    gunicorn = (DEPLOY / "gunicorn.conf.py").read_text("utf-8")
    waits = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    graceful = re.search(r"^graceful_timeout = (\d+)$", gunicorn, re.MULTILINE)
    assert waits is not None
    assert graceful is not None
    assert int(waits[1]) > int(graceful[1])


def test_whoever_waits_for_an_answer_waits_for_a_conversion() -> None:
    longest = children.PATIENCE * Settings.conversion_timeout
    nginx = (DEPLOY / "nginx-application.conf").read_text("utf-8")
    gunicorn = (DEPLOY / "gunicorn.conf.py").read_text("utf-8")
    for pattern, text in (
        (r"^proxy_read_timeout +(\d+)s;$", nginx),
        (r"^graceful_timeout = (\d+)$", gunicorn),
    ):
        found = re.search(pattern, text, re.MULTILINE)
        assert found is not None
        assert int(found[1]) >= longest + 5


def test_the_environment_file_explains_every_setting_and_no_other() -> None:
    settings = {field.name.upper() for field in fields(Settings)}
    of_the_host = {"INSTANCE_PATH", "BIND", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS"}
    named = [name for _, name, _ in LINES if not name.startswith(("AWS_", "FSSPEC_"))]
    assert sorted(named) == sorted(settings | of_the_host)


def test_what_it_shows_as_defaults_are_the_defaults() -> None:
    shown = {
        name: shlex.split(value)[0]
        for commented, name, value in LINES
        if commented and value and hasattr(Settings, name.lower())
    }
    read = Settings.from_environ({"SECRET_KEY": "a key", **shown})
    assert len(shown) >= 10
    assert read == Settings(secret_key="a key", downloads_url=read.downloads_url)


def test_as_it_comes_it_stops_the_start() -> None:
    """A key that everybody can read here would be worse than none."""
    given = {name: shlex.split(value) for commented, name, value in LINES if not commented}
    assert given == {"SECRET_KEY": []}
    with pytest.raises(SettingsError, match=r"^SECRET_KEY is empty"):
        Settings.from_environ({"SECRET_KEY": ""})


def test_the_limits_of_s3_that_it_shows_are_those_of_the_store() -> None:
    (shown,) = [value for _, name, value in LINES if name == "FSSPEC_S3"]
    limits = {
        "connect_timeout": remote_store.CONNECT_TIMEOUT,
        "read_timeout": remote_store.READ_TIMEOUT,
        "retries": {"max_attempts": remote_store.RETRIES},
    }
    assert json.loads(shlex.split(shown)[0]) == {"config_kwargs": limits}
    assert remote_store.TRIES == 2


def test_a_shell_reads_it_as_systemd_does(require_program: Callable[[str], str]) -> None:
    """Unquoted, a value ends at a space for the one and not for the other."""
    names = [name for _, name, _ in LINES]
    values = [value for _, _, value in LINES]
    assert [value for value in values if re.search(r"^[^'].*[\s\"$`\\]", value)] == []
    lines = "\n".join(f"{name}={value}" for _, name, value in LINES)
    script = f"{lines}\nprintf '%s\\n' " + " ".join(f'"${name}"' for name in names)
    answer = analyze(require_program("sh"), "-euc", script)
    assert answer.stdout.split("\n")[:-1] == [(shlex.split(value) or [""])[0] for value in values]
