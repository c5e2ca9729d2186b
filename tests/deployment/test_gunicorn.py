"""deploy/gunicorn.conf.py: logs that cannot be forged, bodies that are heard out, starts that fail in one sentence."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from comparison.steps import XLSX, get, post, upload
from tests.deployment.hosts import DEPLOY, host, recorded, records
from tests.servers.running import PATIENCE, ROOT, Site

pytestmark = pytest.mark.usefixtures("logger_is_installed")

TOO_LARGE = post("/", "application/x-www-form-urlencoded", b"a=" + b"b" * 17 * 1024 * 1024)

AGENTS = [
    'quotes " and \\" and \\',
    'x", "status": 200, "client": "10.0.0.1',
    "a tab\tand more",
    "%(client)s {status} %s",
    "\xe4\xff\x80\x9b31m",
]


@pytest.fixture(params=["flask_host", "scratch_host"])
def any_host(request: pytest.FixtureRequest) -> Site:
    site: Site = request.getfixturevalue(request.param)
    return site


@pytest.mark.parametrize("agent", AGENTS)
def test_what_a_client_says_of_itself_stays_one_value_of_one_line(
    any_host: Site, agent: str
) -> None:
    target = f"/hello/%0a%22%0d?a=%22,%0a{AGENTS.index(agent)}"
    assert any_host.ask(get(target, f"User-Agent: {agent}")).status == 200
    record = recorded(any_host, target)
    assert (record["agent"], record["status"], record["client"]) == (agent, 200, "127.0.0.1")


def test_a_line_break_in_a_field_is_no_line_of_the_log(any_host: Site) -> None:
    before = len(records(any_host))
    raw = (
        b'GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: a\n{"status": 200}\r\nConnection: close\r\n\r\n'
    )
    with socket.create_connection((any_host.host, any_host.port), timeout=PATIENCE) as connection:
        connection.sendall(raw)
        with connection.makefile("rb") as answer:
            assert answer.readline().endswith(b"400 Bad Request\r\n")
    assert not [record for record in records(any_host)[before:] if "status" in record]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ("Host: a\r\nHost: b\r\n", 400),
        ("Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n", 400),
        ("Host: a\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n", 400),
        ("Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Host: a\r\nSCRIPT_NAME: /elsewhere\r\n", 500),
    ],
)
def test_a_request_that_the_server_refuses_is_answered_and_logged(
    any_host: Site, fields: str, status: int
) -> None:
    target = f"/hello/{len(fields)}-bytes"
    with socket.create_connection((any_host.host, any_host.port), timeout=PATIENCE) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\n{fields}\r\n".encode())
        with connection.makefile("rb") as answer:
            assert answer.readline().startswith(f"HTTP/1.1 {status} ".encode())
    assert recorded(any_host, target)["status"] == status


def test_what_a_proxy_tells_is_believed(any_host: Site) -> None:
    any_host.ask(get("/hello/claim", "X-Forwarded-For: 10.1.2.3"))
    assert recorded(any_host, "/hello/claim")["client"] == "10.1.2.3"


def test_what_anybody_else_tells_is_not(tmp_path: Path) -> None:
    """The same fields, to a host whose proxy has another address than this test."""
    target = "/redirect_endpoint"
    told = {"Host": "localhost", "X-Forwarded-For": "10.1.2.3", "SCRIPT_NAME": "/redirect"}
    environ = {"FORWARDED_ALLOW_IPS": "192.0.2.1"}
    with host("wsgi_from_scratch", tmp_path, environ=environ) as site:
        with site.connect() as connection:
            connection.request("GET", target, headers=told)
            assert connection.getresponse().headers["Location"] == "/displaylist"
        record = recorded(site, target)
    assert (record["client"], record["mounted_at"]) == ("127.0.0.1", "")


def test_questions_after_its_health_are_not_logged(any_host: Site) -> None:
    any_host.ask(get("/healthz"))
    any_host.ask(get("/hello/next"))
    recorded(any_host, "/hello/next")
    assert not [record for record in records(any_host) if record.get("target") == "/healthz"]


@pytest.mark.parametrize("application", ["flask_version", "wsgi_from_scratch"])
def test_a_fault_is_one_record_with_its_traceback(application: str, tmp_path: Path) -> None:
    """A store below a file, where no folder can be made."""
    (tmp_path / "file").write_text("")
    environ = {"DOWNLOADS_URL": str(tmp_path / "file" / "downloads")}
    message = post("/handle_js_post", "application/json", '{"greeting": "Hi", "name": "you"}')
    with host(application, tmp_path, environ=environ) as site:
        assert site.ask(message).status == 503
        (record,) = [record for record in records(site) if record["level"] == "ERROR"]
        assert "NotADirectoryError" in record["exc_info"]
        # running() takes a traceback in a log for a failure, and this one was asked for.
        site.log.write_text("")


@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
@pytest.mark.parametrize("application", ["flask_version", "wsgi_from_scratch"])
def test_who_sends_all_that_is_too_large_still_hears_so(
    application: str, worker_class: str, tmp_path: Path
) -> None:
    with host(application, tmp_path, "--worker-class", worker_class) as site:
        answer = site.ask(TOO_LARGE)
        assert (answer.status, b"413" in answer.body) == (413, True)
        assert site.ask(get("/healthz")).body == b"ok"


def test_a_workbook_is_read(any_host: Site) -> None:
    answer = any_host.ask(upload("/convert_to_csv", "sales.xlsx", XLSX))
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("longest", [8_000, 8_300])
def test_a_request_line_and_a_field_have_at_most_8_kib(any_host: Site, longest: int) -> None:
    refused = 400 if longest > 8_190 else 404
    long = "a" * longest
    assert any_host.ask(get(f"/{long}")).status in (refused, 414)
    answer = any_host.ask(get("/nowhere", f"X-Long: {long}"))
    assert answer.status in (refused, 431)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("MAX_CELLS", "many", "MAX_CELLS must be a whole number such as 1000, not 'many'."),
        ("BIND", "", "BIND is empty: name an address, or leave it out."),
        (
            "WEB_CONCURRENCY",
            "0",
            "WEB_CONCURRENCY must be at least 1: without a worker nobody answers.",
        ),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_sentence(
    name: str, text: str, sentence: str, tmp_path: Path
) -> None:
    environ = {**os.environ, "HOME": str(tmp_path), "INSTANCE_PATH": str(tmp_path), name: text}
    command = [sys.executable, "-m", "gunicorn", "--config", str(DEPLOY / "gunicorn.conf.py")]
    answer = subprocess.run(
        [*command, "wsgi_from_scratch:app"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    expected = (1, "", f"gunicorn: {sentence}\n")
    assert (answer.returncode, answer.stdout, answer.stderr) == expected


IN_A_MIDDLEWARE = """
from werkzeug.middleware.proxy_fix import ProxyFix
import wsgi_from_scratch

class app(ProxyFix):
    def __call__(self, environ, start_response):
        environ["wsgi.errors"].write("The middleware was here.\\n")
        return super().__call__(environ, start_response)

app = app(wsgi_from_scratch.create_app())
"""


def test_a_middleware_may_stand_around_the_application_and_its_words_are_records(
    tmp_path: Path,
) -> None:
    (tmp_path / "in_a_middleware.py").write_text(IN_A_MIDDLEWARE)
    with host("in_a_middleware", tmp_path, "--pythonpath", str(tmp_path)) as site:
        assert site.ask(get("/hello/a")).status == 200
        told = [record for record in records(site) if record["logger"] == "wsgi.errors"]
    assert [record["message"] for record in told] == ["The middleware was here."]


@pytest.mark.parametrize("trusted", ["127.0.0.0/8", "*"])
def test_whoever_gunicorn_believes_is_believed_by_its_log(trusted: str, tmp_path: Path) -> None:
    environ = {"FORWARDED_ALLOW_IPS": trusted}
    with host("wsgi_from_scratch", tmp_path, environ=environ) as site:
        site.ask(get("/hello/claim", "X-Forwarded-For: 10.1.2.3"))
        assert recorded(site, "/hello/claim")["client"] == "10.1.2.3"


def test_there_is_no_control_socket_that_two_gunicorns_could_share(any_host: Site) -> None:
    """Its place is the home folder, which each host of these tests has to itself."""
    assert not list(any_host.log.parent.rglob("*.ctl"))


def test_each_variable_that_it_reads_is_explained_in_the_environment_file() -> None:
    settings = (DEPLOY / "gunicorn.conf.py").read_text("utf-8")
    names = re.findall(r'os\.environ\.get\("(\w+)"', settings)
    explained = (DEPLOY / "environment").read_text("utf-8")
    assert names
    assert [name for name in names if f"{name}=" not in explained] == []
