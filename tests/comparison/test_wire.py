"""Request text becomes a request or a sentence, and a request becomes the dictionary of PEP 3333."""

import io

import pytest

from comparison.wire import (
    LONGEST_LINE,
    MalformedRequest,
    Request,
    body_lines,
    head_lines,
    parse_request,
    to_environ,
    visible,
)


def test_a_request_is_read_and_written_back_unchanged() -> None:
    raw = b"POST /a?b=c HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\nContent-Length: 3\r\n\r\nabc"
    request = parse_request(raw)
    assert request.method == "POST"
    assert request.target == "/a?b=c"
    assert request.headers == (("Host", "localhost"), ("X-A", "1"), ("Content-Length", "3"))
    assert request.body == b"abc"
    assert request.to_bytes() == raw


def test_lines_of_the_head_may_end_in_lf_alone() -> None:
    assert parse_request(b"GET / HTTP/1.0\nHost: a\n\n") == Request(
        "GET", "/", "1.0", (("Host", "a"),), b""
    )


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "must end with an empty line"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", "must end with an empty line"),
        (b"GET /\r\n\r\n", "first line must read like"),
        (b"GET  / HTTP/1.1\r\n\r\n", "first line must read like"),
        (b"GET / HTTP/2\r\n\r\n", "first line must read like"),
        (b"GET /a b HTTP/1.1\r\n\r\n", "first line must read like"),
        (b"G(T / HTTP/1.1\r\n\r\n", "is no method"),
        (b"GET http://a/ HTTP/1.1\r\n\r\n", "must be a path"),
        (b"GET * HTTP/1.1\r\n\r\n", "must be a path"),
        (b"GET /#a HTTP/1.1\r\n\r\n", "fragment"),
        (b"GET / HTTP/1.1\r\nHost\r\n\r\n", "needs a colon"),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "is no header name"),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", "needs a colon"),
        (b"GET / HTTP/1.1\r\nA: b\r\n fol:ded\r\n\r\n", "is no header name"),
        (b"GET / HTTP/1.1\r\n: a\r\n\r\n", "is no header name"),
        (b"GET / HTTP/1.1\r\nX_A: b\r\n\r\n", "underscore"),
        (b"GET / HTTP/1.1\r\nA: b\x00c\r\n\r\n", "control character"),
        (b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", "control character"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", "one Host header"),
        (
            b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
            "one Content-Length",
        ),
        (b"GET / HTTP/1.1\r\nContent-Type: a\r\nContent-Type: a\r\n\r\n", "one Content-Type"),
        (b"POST / HTTP/1.1\r\n\r\nabc", "no Content-Length"),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabc", "3 bytes, more than"),
        (b"POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc", "number of bytes"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "number of bytes"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding"),
    ],
)
def test_what_is_no_request_is_refused_with_a_sentence(raw: bytes, sentence: str) -> None:
    with pytest.raises(MalformedRequest, match=sentence) as refused:
        parse_request(raw)
    assert str(refused.value).endswith(".")


def test_the_environ_is_what_pep_3333_asks_for() -> None:
    request = parse_request(
        b"POST /shop/J%C3%BC%2Fr?a=%20 HTTP/1.1\r\nHost: example.com:8000\r\n"
        b"Content-Type: text/plain\r\nContent-Length: 3\r\nX-A: 1\r\nX-A: 2\r\n"
        b"Cookie: a=1\r\nCookie: b=2\r\n\r\nabc"
    )
    errors = io.StringIO()
    environ = to_environ(request, errors, "/shop")
    assert environ.pop("wsgi.input").read() == b"abc"
    assert environ == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/shop",
        "PATH_INFO": "/J\xc3\xbc/r",
        "QUERY_STRING": "a=%20",
        "SERVER_NAME": "example.com",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
        "HTTP_HOST": "example.com:8000",
        "HTTP_X_A": "1, 2",
        "HTTP_COOKIE": "a=1; b=2",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": errors,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


@pytest.mark.parametrize(
    ("host", "name", "port"),
    [
        ("example.com", "example.com", "80"),
        ("127.0.0.1:8000", "127.0.0.1", "8000"),
        ("[::1]:8000", "[::1]", "8000"),
        ("[::1]", "[::1]", "80"),
        ("[::1", "[::1", "80"),
    ],
)
def test_the_colons_of_an_address_are_not_that_of_the_port(host: str, name: str, port: str) -> None:
    request = parse_request(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    environ = to_environ(request, io.StringIO())
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == (name, port)


@pytest.mark.parametrize("path", ["/café", "/voilà", "/\u0445", "/\xa0"])
def test_a_target_may_have_any_bytes_beyond_ascii(path: str) -> None:
    request = parse_request(f"GET {path} HTTP/1.1\r\n\r\n".encode())
    assert request.target.encode("latin-1").decode() == path


def test_a_target_outside_of_the_mount_point_is_refused() -> None:
    with pytest.raises(MalformedRequest, match="not below"):
        to_environ(parse_request(b"GET /a HTTP/1.1\r\n\r\n"), io.StringIO(), "/shop")


def test_an_answer_is_written_as_a_server_writes_it() -> None:
    assert head_lines("200 OK", [("A", "1"), ("A", "2")]) == ["HTTP/1.1 200 OK", "A: 1", "A: 2"]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n", ["a", ""]),
        (b"a\r\nb", ["a␍", "b"]),
        ("Zürich\t".encode(), ["Zürich\t"]),
        (b"\xff\x00", ["00000000  ff 00"]),
        (b"\x1b[31m", ["00000000  1b 5b 33 31 6d"]),
        (bytes(17), ["00000000  " + " ".join(["00"] * 16), "00000010  00"]),
    ],
)
def test_a_body_that_is_no_text_is_shown_as_bytes(body: bytes, lines: list[str]) -> None:
    assert body_lines(body) == lines


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Zürich\t|", "Zürich\t|"),
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("a\r\nSet-Cookie: b", "a\ufffd\ufffdSet-Cookie: b"),
        ("a\u202eb", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("x" * LONGEST_LINE, "x" * LONGEST_LINE),
        (
            "x" * LONGEST_LINE + "y",
            f"{'x' * (LONGEST_LINE // 2)}… 1 more characters …{'x' * (LONGEST_LINE // 2 - 1)}y",
        ),
    ],
)
def test_a_line_that_is_shown_hides_nothing_but_the_middle_of_much(line: str, shown: str) -> None:
    assert visible(line) == shown
