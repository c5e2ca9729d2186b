"""The files for nginx: who gets which request, what a client can forge, and what a slow one can hold up."""

import re
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from comparison.steps import form, get, post
from tests.deployment.hosts import DEPLOY, configure, nginx_command, recorded
from tests.servers.running import PATIENCE, Site
from tutorial.settings import Settings


@pytest.mark.parametrize("name", ["nginx.conf", "nginx-cluster.conf"])
def test_nginx_accepts_the_file(name: str, nginx_program: str, tmp_path: Path) -> None:
    configure(tmp_path, name, 1, [2, 3])
    command = [*nginx_command(nginx_program, tmp_path), "-t"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "warn" not in answer.stderr


def test_its_limits_are_those_of_the_application_and_of_gunicorn() -> None:
    settings = (DEPLOY / "nginx-application.conf").read_text("utf-8")
    gunicorn = (DEPLOY / "gunicorn.conf.py").read_text("utf-8")
    size = re.search(r"client_max_body_size (\d+)m;", settings)
    assert size is not None
    assert int(size[1]) * 1024 * 1024 == Settings.max_content_length
    assert "large_client_header_buffers 4 8k;" in settings
    assert "limit_request_line = 8_190" in gunicorn


WHERE = [
    ("/", "scratch", "", 200),
    ("/hello/a", "scratch", "", 200),
    ("/flask/hello/a", "flask", "/flask", 200),
    ("/scratch/hello/a", "scratch", "/scratch", 200),
    ("/flask", "flask", "/flask", 308),
    ("/flask?", "flask", "/flask", 308),
    ("/flask//hello/a", "flask", "/flask", 200),
    ("/flaskhello", "scratch", "", 404),
    # What a location would have taken for /flask, and gunicorn refused with a 500.
    ("/%66lask/hello/a", "scratch", "", 404),
    ("//flask/hello/a", "scratch", "", 404),
    ("/./flask/hello/a", "scratch", "", 404),
    ("/flask/../hello/a", "flask", "/flask", 404),
]


@pytest.mark.parametrize(("target", "application", "mounted_at", "status"), WHERE)
def test_each_request_reaches_its_application_as_it_was_sent(
    front: Site,
    flask_host: Site,
    scratch_host: Site,
    target: str,
    application: str,
    mounted_at: str,
    status: int,
) -> None:
    marked = f"{target}{'&' if '?' in target else '?'}here"
    assert front.ask(get(marked)).status == status
    site = {"flask": flask_host, "scratch": scratch_host}[application]
    record = recorded(site, marked)
    assert (record["mounted_at"], record["status"]) == (mounted_at, status)


@pytest.mark.parametrize("target", ["/", "/flask/", "/" + "a" * 9_000])
def test_no_version_is_told(front: Site, target: str) -> None:
    answer = front.ask(get(target))
    assert answer.headers["Server"] == "nginx"
    assert b"nginx/" not in answer.body


def test_links_and_redirects_keep_the_prefix(front: Site) -> None:
    for prefix in ("/flask", "/scratch", ""):
        answer = front.ask(get(f"{prefix}/redirect_endpoint"))
        assert answer.headers["Location"] == f"{prefix}/displaylist"


FORGED = ["SCRIPT_NAME", "Script-Name", "X-Forwarded-For", "X_Forwarded_For", "Path_Info"]


@pytest.mark.parametrize("name", FORGED)
def test_what_nginx_tells_cannot_be_told_by_a_client(
    front: Site, scratch_host: Site, name: str
) -> None:
    target = f"/redirect_endpoint?{name}"
    with front.connect() as connection:
        connection.request("GET", target, headers={"Host": "localhost", name: "/evil"})
        answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (302, "/displaylist")
    record = recorded(scratch_host, target)
    assert (record["client"], record["mounted_at"]) == ("127.0.0.1", "")


@pytest.mark.parametrize("prefix", ["/flask", "/scratch"])
def test_a_form_and_a_session_make_the_round_trip(front: Site, prefix: str) -> None:
    assert front.ask(form(f"{prefix}/", "username=kumar&password=kumar")).body == b"Success"
    cookie = front.ask(get(f"{prefix}/set_session_data")).headers["Set-Cookie"].partition(";")[0]
    page = front.ask(get(f"{prefix}/get_session_data", f"Cookie: {cookie}")).body
    assert b"name = Kumaravel Rajan" in page


@pytest.mark.parametrize("prefix", ["/flask", "/scratch"])
def test_who_sends_all_that_is_too_large_still_hears_so(front: Site, prefix: str) -> None:
    too_large = post(f"{prefix}/", "text/plain", b"x" * (Settings.max_content_length + 1))
    assert front.ask(too_large).status == 413
    just_right = post(f"{prefix}/getandpost", "text/plain", b"x" * Settings.max_content_length)
    assert front.ask(just_right).body == b"POST method used."


SLOW = 12
"""Clients that never come to an end: three times the threads of a host."""

UNFINISHED = {
    "head": b"POST / HTTP/1.1\r\nHost: localhost\r\nX-",
    "body": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nusername=",
}


@pytest.mark.parametrize("unfinished", UNFINISHED)
def test_slow_clients_hold_up_nobody_behind_nginx(
    front: Site, scratch_host: Site, unfinished: str
) -> None:
    with ExitStack() as slow:
        hold_on(slow, front, UNFINISHED[unfinished])
        assert front.ask(get("/healthz")).body == b"ok"
        assert scratch_host.ask(get("/healthz")).body == b"ok"


def test_without_nginx_they_would(scratch_host: Site) -> None:
    """The host has all its threads waiting for them; an answer would take a fraction of this second."""
    with ExitStack() as slow:
        hold_on(slow, scratch_host, UNFINISHED["body"])
        with socket.create_connection((scratch_host.host, scratch_host.port), 1.0) as connection:
            connection.sendall(get("/healthz").raw)
            with pytest.raises(TimeoutError):
                connection.recv(1)


def hold_on(slow: ExitStack, site: Site, sent: bytes) -> None:
    for _ in range(SLOW):
        connection = slow.enter_context(socket.create_connection((site.host, site.port)))
        connection.sendall(sent)


def test_nginx_would_send_static_files_otherwise(front: Site) -> None:
    """Should this fail, nginx can serve them: until then the files of deploy/ leave them to the application."""
    theirs, ours = front.ask(get("/by-nginx/hello.css")), front.ask(get("/css/hello.css"))
    assert (theirs.status, ours.status) == (200, 200)
    missing = [name for name in ours.headers if name not in theirs.headers]
    assert {"Cache-Control", "Content-Security-Policy", "X-Content-Type-Options"} <= {*missing}
    assert not re.search(r"^\s*(root|alias)\s", (DEPLOY / "nginx.conf").read_text(), re.MULTILINE)
