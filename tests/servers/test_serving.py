"""What a visitor may expect of both applications, whichever server runs them."""

import socket
import struct

from comparison.steps import XLSX, form, get, send, upload
from tests.servers.running import PATIENCE, Site

NOTES = "Grüße, 世界\n".encode()


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


def test_a_connection_on_which_nothing_is_said_holds_up_nobody(site: Site) -> None:
    with socket.create_connection((site.host, site.port)):
        assert site.ask(get("/healthz")).body == b"ok"


def test_a_client_that_leaves_in_the_middle_is_nobody_s_trouble(site: Site) -> None:
    """That nothing is said of it in the log is looked at when the server stops."""
    leave_at_once = struct.pack("ii", 1, 0)
    for sent in (b"", b"GET", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na=b"):
        with socket.create_connection((site.host, site.port), timeout=PATIENCE) as connection:
            connection.sendall(sent)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, leave_at_once)
    assert site.ask(get("/healthz")).body == b"ok"


def test_no_version_of_anything_is_told(site: Site) -> None:
    assert not any(character.isdigit() for character in site.ask(get("/healthz")).headers["Server"])
