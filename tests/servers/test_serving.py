"""What a visitor may expect of both applications, whichever server runs them."""

import re
import socket
import struct

import pytest

from comparison.steps import CSV, XLSX, form, get, post, sample, send, upload
from tests.servers.commands import SERVERS, Server, missing
from tests.servers.conftest import INSTALLED
from tests.servers.running import PATIENCE, Site, ask

NOTES = "Grüße, 世界\n".encode()


@pytest.mark.parametrize("name", SERVERS)
def test_each_server_is_there_to_be_tested(name: str) -> None:
    if name not in INSTALLED:
        if SERVERS[name].is_optional:
            pytest.skip(f"{name} is not installed, and need not be")
        missing(f"{name} is not installed")


@pytest.fixture
def server(site: Site) -> Server:
    assert site.server is not None
    return site.server


def stays_silent(site: Site, sent: bytes) -> bool:
    """Whether a request gets no answer: one that comes takes far less than this half of a second."""
    with socket.create_connection((site.host, site.port), timeout=0.5) as connection:
        connection.sendall(sent)
        try:
            connection.recv(1)
        except TimeoutError:
            return True
    return False


def test_the_home_page_is_served(site: Site) -> None:
    answer = site.ask(get("/"))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"HELLO WORLD" in answer.body


def test_a_form_arrives(site: Site) -> None:
    assert site.ask(form("/", "username=kumar&password=kumar")).body == b"Success"
    assert site.ask(form("/", "username=kumar&password=guess")).body == b"Failure"


def test_an_uploaded_text_comes_back(site: Site) -> None:
    answer = site.ask(upload("/file_upload", "notes.txt", "text/plain", NOTES))
    assert (answer.status, answer.body) == (200, NOTES)


def test_an_uploaded_workbook_comes_back_as_csv(site: Site) -> None:
    answer = site.ask(upload("/convert_to_csv", "sales.xlsx", XLSX))
    assert answer.status == 200, answer.body.decode()
    assert answer.headers["Content-Disposition"] == "attachment; filename=result.csv"
    assert len(answer.body.splitlines()) > 1


def test_head_has_the_fields_of_get_and_no_body(site: Site) -> None:
    head, page = site.ask(send("HEAD /")), site.ask(get("/"))
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == page.headers["Content-Length"] == str(len(page.body))


def test_an_unknown_page_is_a_404(site: Site) -> None:
    answer = site.ask(get("/nowhere"))
    assert answer.status == 404
    assert b"404" in answer.body


def test_a_cookie_makes_the_round_trip(site: Site) -> None:
    cookie = site.ask(get("/set_session_data")).headers["Set-Cookie"].partition(";")[0]
    assert b"name = Kumaravel Rajan" in site.ask(get("/get_session_data", f"Cookie: {cookie}")).body
    assert b"No session exists yet" in site.ask(get("/get_session_data")).body


def test_a_file_that_the_browser_has_is_not_sent_again(site: Site) -> None:
    tag = site.ask(get("/css/hello.css")).headers["ETag"]
    answer = site.ask(get("/css/hello.css", f"If-None-Match: {tag}"))
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (304, b"", None)


def test_a_connection_on_which_nothing_is_said_holds_up_nobody(site: Site, server: Server) -> None:
    request = get("/healthz").raw
    with socket.create_connection((site.host, site.port)):
        if server.answers_others:
            assert site.ask(get("/healthz")).body == b"ok"
        else:
            assert stays_silent(site, request)


def test_a_client_that_leaves_in_the_middle_is_nobody_s_trouble(site: Site) -> None:
    """That nothing is said of it in the log is looked at when the server stops."""
    leave_at_once = struct.pack("ii", 1, 0)
    for sent in (b"", b"GET", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na=b"):
        with socket.create_connection((site.host, site.port), timeout=PATIENCE) as connection:
            connection.sendall(sent)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, leave_at_once)
    assert site.ask(get("/healthz")).body == b"ok"


def test_no_version_of_anything_is_told(site: Site) -> None:
    told = site.ask(get("/healthz")).headers.get("Server", "")
    assert not any(character.isdigit() for character in told)


def test_a_converted_file_is_downloaded_whole_and_in_part(site: Site) -> None:
    page = site.ask(upload("/convert_to_csv_with_download_page", "sales.csv", CSV)).body.decode()
    found = re.search(r'href="(/download/[^"]+)"', page)
    assert found is not None, page
    whole, part, beyond = (
        site.ask(get(found[1], *lines))
        for lines in ((), ("Range: bytes=5-9",), ("Range: bytes=999999-",))
    )
    assert (whole.status, len(whole.body.splitlines())) == (
        200,
        len(sample("sales.csv").splitlines()),
    )
    assert (part.status, part.body) == (206, whole.body[5:10])
    assert part.headers["Content-Range"] == f"bytes 5-9/{len(whole.body)}"
    assert beyond.status == 416


def test_a_message_is_shown_on_the_page_after_the_login(site: Site) -> None:
    answer = site.ask(form("/login", "username=kumar&password=kumar"))
    assert b"Successful login (sent via flash)!" in answer.body


@pytest.mark.parametrize("below", ["/shop", "/checked"])
def test_below_a_path_every_address_begins_with_it(site: Site, below: str) -> None:
    answer = site.ask(get(f"{below}/redirect_endpoint"))
    assert (answer.status, answer.headers["Location"]) == (302, f"{below}/displaylist")
    assert f'href="{below}/login"'.encode() in site.ask(get(f"{below}/")).body
    cookie = site.ask(get(f"{below}/set_session_data")).headers["Set-Cookie"]
    assert "Path=/;" in cookie  # as in Flask: the session is that of the whole host
    page = site.ask(get(f"{below}/get_session_data", f"Cookie: {cookie.partition(';')[0]}"))
    assert b"name = Kumaravel Rajan" in page.body


def test_server_and_application_keep_to_pep_3333(site: Site) -> None:
    """The validator between them would make a 500 of each breach, and its traceback fails the server's stop."""
    assert site.ask(get("/checked/css/hello.css")).status == 200
    assert site.ask(send("HEAD /checked/")).status == 200
    assert site.ask(form("/checked/", "username=kumar&password=kumar")).body == b"Success"
    assert site.ask(upload("/checked/file_upload", "n.txt", "text/plain", NOTES)).body == NOTES
    assert site.ask(get("/checked/nowhere")).status == 404


def test_a_connection_is_kept_for_the_next_request(site: Site, server: Server) -> None:
    with site.connect() as connection:
        assert ask(connection, get("/healthz")).body == b"ok"
        first = connection.sock
        if server.leaves_silently:
            with pytest.raises(ConnectionError):
                ask(connection, get("/hello/Kumar"))
            return
        assert ask(connection, form("/", "username=kumar&password=kumar")).body == b"Success"
        assert ask(connection, get("/hello/Kumar")).body == b"Hello Kumar!"
        assert (connection.sock is first and first is not None) is server.keeps_connections


def test_a_body_in_chunks_arrives_or_is_known_not_to(site: Site, server: Server) -> None:
    body = b"e\r\nusername=kumar\r\nf\r\n&password=kumar\r\n0\r\n\r\n"
    head = send(
        "GET /",  # for which no length is added
        "Content-Type: application/x-www-form-urlencoded",
        "Transfer-Encoding: chunked",
        "Connection: close",
    )
    with socket.create_connection((site.host, site.port), timeout=PATIENCE) as connection:
        connection.sendall(head.raw.replace(b"GET", b"POST", 1) + body)
        with connection.makefile("rb") as answer:
            status, found = answer.readline(), answer.read()
    expected = {"read": b"Success", "refused": b"501", "lost": b"Failure"}[server.chunks]
    assert (status + found).endswith(expected) or expected in status


def test_what_is_announced_too_large_is_a_413(site: Site, server: Server) -> None:
    """The client looks for the answer before it sends the body."""
    head = post("/", "application/x-www-form-urlencoded", b"", "Content-Length: 17000000").raw
    if not server.answers_early:
        assert stays_silent(site, head)
        return
    with socket.create_connection((site.host, site.port), timeout=PATIENCE) as connection:
        connection.sendall(head)
        status = connection.recv(12)
    assert status.endswith(b" 413")


def test_who_sends_all_that_is_too_large_still_hears_so(site: Site, server: Server) -> None:
    """The client sends all of it before it listens, and a closed connection would lose it the answer."""
    too_large = post("/", "application/x-www-form-urlencoded", b"a=" + b"b" * 17 * 1024 * 1024)
    if server.hears_out:
        answer = site.ask(too_large)
        assert (answer.status, b"413" in answer.body) == (413, True)
    else:
        with pytest.raises(ConnectionError):
            site.ask(too_large)
