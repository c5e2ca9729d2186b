"""TLS, as nginx-tls.conf and nginx-redirect.conf have it: the applications hear of https, and plain http is sent on."""

import re
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from comparison.steps import CSV, XLSX, Step, form, get, post, upload
from tests.deployment.hosts import configure, host, nginx_command
from tests.servers.running import PATIENCE, ROOT, Answer, Site, ask, free_port, running

A_YEAR = "max-age=31536000"

SECURE = {"SESSION_COOKIE_SECURE": "true"}


@dataclass(frozen=True)
class Front:
    """One nginx, where it speaks TLS and where it does not."""

    plain: Site
    port: int
    trust: ssl.SSLContext

    def connect(self) -> "closing[HTTPSConnection]":
        connection = HTTPSConnection("localhost", self.port, timeout=PATIENCE, context=self.trust)
        return closing(connection)

    def ask(self, step: Step) -> Answer:
        with self.connect() as connection:
            return ask(connection, step)


@pytest.fixture(scope="session")
def certificate(
    require_program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with what the command of docs/deployment.md makes."""
    folder = tmp_path_factory.mktemp("certificate")
    text = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    found = re.search(r"^openssl .*?[^\\]$", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    script = found[0].replace("/etc/ssl/private/tutorial.key", str(folder / "key.pem"))
    script = script.replace("/etc/ssl/certs/tutorial.pem", str(folder / "cert.pem"))
    require_program("openssl")
    command = [require_program("sh"), "-euc", script]
    subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)
    return folder


@pytest.fixture(scope="session")
def fronts(
    nginx_program: str,
    certificate: Path,
    logger_is_installed: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Front]]:
    """Both applications behind deploy/nginx.conf, and each by itself behind deploy/nginx-cluster.conf."""
    trust = ssl.create_default_context(cafile=certificate / "cert.pem")
    with ExitStack() as everything:

        def started(application: str) -> int:
            folder = tmp_path_factory.mktemp(application)
            return everything.enter_context(host(application, folder, environ=SECURE)).port

        def front(name: str, hosts: list[int]) -> Front:
            folder, plain, port = tmp_path_factory.mktemp("nginx"), free_port(), free_port()
            configure(folder, name, plain, hosts, tls=port)
            for part in certificate.iterdir():
                (folder / part.name).symlink_to(part)
            site = running(nginx_command(nginx_program, folder), folder, port=plain)
            return Front(everything.enter_context(site), port, trust)

        flask, scratch = started("flask_version"), started("wsgi_from_scratch")
        yield {
            "both": front("nginx.conf", [flask, scratch]),
            "flask_version": front("nginx-cluster.conf", [flask, flask]),
            "wsgi_from_scratch": front("nginx-cluster.conf", [scratch, scratch]),
        }


@pytest.fixture
def both(fronts: dict[str, Front]) -> Front:
    return fronts["both"]


@pytest.mark.parametrize("prefix", ["", "/flask", "/scratch"])
def test_a_redirect_stays_where_it_is_with_tls(both: Front, prefix: str) -> None:
    answer = both.ask(get(f"{prefix}/redirect_endpoint"))
    assert (answer.status, answer.headers["Location"]) == (302, f"{prefix}/displaylist")
    if prefix:
        answer = both.ask(get(prefix))
        assert (answer.status, answer.headers["Location"]) == (308, f"{prefix}/")


@pytest.mark.parametrize("prefix", ["/flask", "/scratch"])
def test_a_session_makes_the_round_trip_in_a_cookie_for_tls_alone(both: Front, prefix: str) -> None:
    field = both.ask(get(f"{prefix}/set_session_data")).headers["Set-Cookie"]
    cookie, *attributes = field.split("; ")
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {*attributes}
    page = both.ask(get(f"{prefix}/get_session_data", f"Cookie: {cookie}")).body
    assert b"name = Kumaravel Rajan" in page


@pytest.mark.parametrize("prefix", ["/flask", "/scratch"])
@pytest.mark.parametrize(
    ("origin", "status"), [("https://localhost", 200), ("https://localhost.example.org", 403)]
)
def test_a_form_is_taken_from_a_page_of_its_own_host(
    both: Front, prefix: str, origin: str, status: int
) -> None:
    step = form(f"{prefix}/", "username=kumar&password=kumar", f"Origin: {origin}")
    assert both.ask(step).status == status


def test_what_an_acme_client_is_asked_for_is_not_sent_on(both: Front) -> None:
    """There is no such file here, and the redirect would lead to the application's own 404."""
    answer = both.plain.ask(get("/.well-known/acme-challenge/token"))
    assert (answer.status, answer.headers.get("Location")) == (404, None)
    assert b"nginx" in answer.body


TARGETS = ["/", "/flask/hello/a?b=%2F&c", "/nowhere", "//evil.example.org/", "/a%0d%0aX:%20b"]


@pytest.mark.parametrize("target", TARGETS)
def test_plain_http_is_sent_to_the_same_place_with_tls(both: Front, target: str) -> None:
    answer = both.plain.ask(get(target))
    assert (answer.status, answer.headers["Location"]) == (308, f"https://localhost{target}")
    assert "Strict-Transport-Security" not in answer.headers


def test_a_form_in_plain_http_reaches_no_application(both: Front) -> None:
    assert both.plain.ask(form("/", "username=kumar&password=kumar")).status == 308


@pytest.mark.parametrize("target", ["/", "/flask/", "/scratch/nowhere", "/readyz", "/%"])
def test_every_answer_with_tls_keeps_browsers_there(both: Front, target: str) -> None:
    assert both.ask(get(target)).headers.get_all("Strict-Transport-Security") == [A_YEAR]


def test_versions_that_browsers_have_given_up_are_refused(
    both: Front, require_program: Callable[[str], str]
) -> None:
    """Python warns of asking for one; openssl does not."""
    address = f"localhost:{both.port}"
    for version, taken in (("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
        options = ["s_client", "-connect", address, version, "-cipher", "DEFAULT:@SECLEVEL=0"]
        answer = subprocess.run(
            [require_program("openssl"), *options],
            input=b"",
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (answer.returncode == 0) == taken, answer.stderr


STEPS = [
    get("/"),
    get("/hello/Kumar%20%E2%9C%93"),
    get("/redirect_endpoint"),
    get("/set_custom_cookie"),
    get("/css/hello.css"),
    get("/css/hello.css", "Range: bytes=2-9"),
    get("/nowhere"),
    get("/handle_js_post"),
    form("/", "username=kumar&password=kumar"),
    form("/", "username=kumar&password=kumar", "Origin: https://evil.example.org"),
    post("/handle_js_post", "application/json", '{"greeting": "Hi", "name": "you"}'),
    upload("/file_upload", "sales.csv", CSV),
    upload("/convert_to_csv", "sales.xlsx", XLSX),
]


@pytest.mark.parametrize(
    "step", STEPS, ids=[step.raw.split(b" HTTP")[0].decode() for step in STEPS]
)
def test_both_applications_answer_alike(fronts: dict[str, Front], step: Step) -> None:
    theirs, ours = (fronts[name].ask(step) for name in ("flask_version", "wsgi_from_scratch"))
    for answer in (theirs, ours):
        del answer.headers["Date"]
    assert theirs.status == ours.status
    assert sorted(theirs.headers.items()) == sorted(ours.headers.items())
    assert theirs.body == ours.body
