"""Addresses that were written to lead elsewhere, to break a decoder, or to be taken for something else."""

from typing import Any

import pytest

from comparison.steps import form, get, send
from tests.security.target import Target, status

ODD = {
    "a lone percent sign": "%",
    "two percent signs": "%%",
    "half a percent code": "%2",
    "no hexadecimal digits": "%zz",
    "a code of JavaScript's": "%u0041",
    "NUL": "%00",
    "no UTF-8": "%ff",
    "raw bytes that are no UTF-8": "\xff\xfe",
    "raw UTF-8": "\xc3\xa9",
    "an overlong slash": "%c0%af",
    "half a surrogate pair": "%ed%a0%80",
    "five bytes for one character": "%f8%88%80%80%80",
    "coded twice": "%25%32%65",
    "right to left": "%e2%80%ae",
    "a character beyond the first plane": "%F0%9F%92%A9",
    "a line break": "%0d%0a",
    "an escape": "%1b[31m",
    "ampersands and equals signs": "&&=&=%26=%3D",
    "semicolons": ";;=;a",
    "square brackets": "a[b][c]=[",
    "backslashes": "\\\\",
    "quotation marks": "\"'`",
    "angle brackets": "<>",
    "braces and bars": "{}|^~",
    "plus signs": "+++",
    "commas": ",,=,",
    "a number without end": "9" * 5_000,
    "a template": "{{7*7}}${7*7}#{7*7}".replace("#", "%23"),
}

FIELDS = {
    "HTTP_ACCEPT": "{}",
    "HTTP_ACCEPT_LANGUAGE": "en;q={}",
    "HTTP_AUTHORIZATION": "Basic {}",
    "HTTP_CONNECTION": "{}",
    "CONTENT_TYPE": "multipart/form-data; boundary={}",
    "CONTENT_LENGTH": "{}",
    "HTTP_COOKIE": "session={}; signed_cookie_key={}; {}=a",
    "HTTP_EXPECT": "{}",
    "HTTP_IF_MATCH": 'W/"{}',
    "HTTP_IF_MODIFIED_SINCE": "Fri, 02 Jan {} 03:04:05 GMT",
    "HTTP_IF_NONE_MATCH": '"{}", {}',
    "HTTP_IF_RANGE": "{}",
    "HTTP_IF_UNMODIFIED_SINCE": "{}",
    "HTTP_RANGE": "bytes={}-{}",
    "HTTP_REFERER": "http://{}/",
    "HTTP_TRANSFER_ENCODING": "{}, chunked",
    "HTTP_UPGRADE": "{}",
    "HTTP_USER_AGENT": "{}",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_odd_text_anywhere_in_an_address_or_a_form_breaks_nothing(odd: str, target: Target) -> None:
    for place in ("/{}", "/hello/{}", "/add_wrong/{}/{}", "/add/{}/1", "/download/{}", "/css/{}"):
        target.ask(get(place.replace("{}", odd)))
    for query in ("{}", "username={}", "{}=kumar", "username=a&{}&password=b"):
        target.ask(get(f"/login?{query.replace('{}', odd)}"))
        raw = query.replace("{}", odd).encode("latin-1")
        kind = "Content-Type: application/x-www-form-urlencoded"
        target.ask(send("POST /login", kind, body=raw))


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_odd_text_in_any_field_of_the_head_breaks_nothing(odd: str, target: Target) -> None:
    for key, value in FIELDS.items():
        field: dict[str, Any] = {key: value.replace("{}", odd)}
        target.ask(get("/get_signed_cookie" if "COOKIE" in key else "/css/hello.css"), **field)
        target.ask(form("/", "username=kumar"), **field)


# Redirects

STRANGER = "evil.example"
SLASHED = {
    "two slashes": "//evil.example",
    "three slashes": "///evil.example/",
    "a backslash": "/\\evil.example",
    "a coded backslash": "/%5Cevil.example",
    "coded slashes": "/%2F%2Fevil.example",
    "coded twice": "/%252F%252Fevil.example",
    "a tab between slashes": "/%09/evil.example",
    "a line break between slashes": "/%0d%0a/evil.example",
    "a no-break space between slashes": "/%C2%A0/evil.example",
    "a dot between slashes": "/.//evil.example",
    "a semicolon between slashes": "/;//evil.example",
    "a user before the host": "//kumar@evil.example",
    "a host with a port": "//evil.example:80",
    "a scheme": "/https://evil.example",
    "a scheme behind slashes": "//https://evil.example",
    "a scheme without slashes": "/https:evil.example",
    "a script": "//javascript:alert(1)//evil.example",
    "an IPv6 host": "//[::1]//evil.example",
    "a real page between slashes": "//evil.example//hello//x//",
    "out of a page": "/hello//..//..//evil.example",
    "a slash too many behind a page": "/login//evil.example",
    "a full stop of another script": "//evil%E3%80%82example",
    "a slash of another script": "/%EF%BC%8F%EF%BC%8Fevil.example",
}


def as_a_browser_reads_it(location: str) -> str:
    """WHATWG URL §4.4: tabs and line ends are dropped, and a backslash is a slash."""
    return location.translate({9: None, 10: None, 13: None, ord("\\"): "/"}).strip()


@pytest.mark.parametrize("path", SLASHED.values(), ids=SLASHED.keys())
@pytest.mark.parametrize(
    "end", ["", "/", "//", "/..", "/%2e%2e", "?next=//evil.example", "/?a=//b"]
)
def test_no_path_redirects_to_another_host(path: str, end: str, target: Target) -> None:
    for method in ("GET", "POST"):
        for mounted_at in ("", "/shop"):
            answer = target.ask(send(f"{method} {mounted_at}{path}{end}", mounted_at=mounted_at))
            location = as_a_browser_reads_it(answer.header("Location") or "/")
            assert location.startswith("/")
            assert not location.startswith("//")


# Hosts

HOSTS = {
    "nothing": "",
    "another name": "evil.example",
    "another name in capitals": "EVIL.EXAMPLE",
    "a port": "evil.example:8000",
    "the port of HTTP": "evil.example:80",
    "the port of HTTPS": "evil.example:443",
    "a port beyond the last": "evil.example:99999",
    "port 0": "evil.example:0",
    "a port without digits": "evil.example:",
    "a port of letters": "evil.example:http",
    "only a port": ":80",
    "a user": "kumar@evil.example",
    "a user and a password": "kumar:kumar@evil.example",
    "a path": "evil.example/hello",
    "a query": "evil.example?a=b",
    "a fragment": "evil.example#a",
    "a blank": "evil.example localhost",
    "two hosts": "evil.example, localhost",
    "a backslash": "evil.example\\localhost",
    "percent codes": "evil%2eexample",
    "markup": "<script>alert(1)</script>.evil.example",
    "quotation marks": '"evil.example"',
    "raw bytes": "\xff\xfe.evil.example",
    "raw UTF-8": "\xc3\xa9vil.evil.example",
    "an underscore": "evil_example",
    "an empty label": "evil..example",
    "a label of 64 characters": f"{'a' * 64}.evil.example",
    "a name of 10,000 characters": f"{'a.' * 5_000}evil.example",
    "a final dot": "evil.example.",
    "a hyphen first": "-evil.example",
    "no punycode": "xn--evil.example",
    "an IPv6 address": "[::1]",
    "an IPv6 address with a port": "[::1]:8000",
    "an IPv6 address without an end": "[::1",
    "an IPv6 address without brackets": "::1",
    "an IPv6 address with a zone": "[fe80::1%25eth0]",
    "a future IP address": "[v1.evil.example]",
    "brackets around a name": "[evil.example]",
    "empty brackets": "[]",
    "an address as one number": "2130706433",
    "an address in hexadecimal": "0x7f.1",
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS.keys())
def test_no_host_is_repeated_or_decides_where_a_redirect_leads(host: str, target: Target) -> None:
    for path in ("/", "/redirect_endpoint", "//login", "/nowhere", "/css/hello.css"):
        for scheme in ("http", "https"):
            step = get(path, f"Host: {host}")
            environ: dict[str, Any] = {"wsgi.url_scheme": scheme}
            answer = target.ask(step, **environ)
            assert status(answer) in (200, 302, 308, 400, 404)
            assert not any("evil" in line.lower() for line in answer.lines())
            assert (answer.header("Location") or "/").startswith("/")


FORWARDED = [
    "Forwarded: host=evil.example;proto=https;for=evil.example",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Server: evil.example",
    "X-Forwarded-For: evil.example",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Port: 666",
    "X-Forwarded-Prefix: //evil.example",
    "X-Forwarded-Path: /hello/evil.example",
    "X-Script-Name: //evil.example",
    "X-Host: evil.example",
    "X-HTTP-Host-Override: evil.example",
    "X-Original-URL: /hello/evil.example",
    "X-Rewrite-URL: /hello/evil.example",
    "X-Real-IP: evil.example",
    "X-HTTP-Method-Override: POST",
    "X-HTTP-Method: POST",
    "X-Method-Override: POST",
]


@pytest.mark.parametrize("line", FORWARDED)
def test_a_field_that_only_a_proxy_may_set_changes_nothing(line: str, target: Target) -> None:
    for path in ("/", "/redirect_endpoint", "//login", "/getandpost"):
        assert target.ask(get(path, line)).lines() == target.ask(get(path)).lines()


@pytest.mark.parametrize(
    "override",
    ["X-HTTP-Method-Override: POST", "X-HTTP-Method: POST", "X-Method-Override: POST"],
)
def test_no_field_and_no_parameter_turns_one_method_into_another(
    override: str, target: Target
) -> None:
    kind = "Content-Type: application/x-www-form-urlencoded"
    login = b"username=kumar&password=kumar&_method=POST"
    answer = target.ask(send("GET /?_method=POST", kind, override, body=login))
    assert b"Success" not in answer.body
    answer = target.ask(form("/?_method=GET", "username=kumar&password=kumar&_method=GET"))
    assert answer.body == b"Success"


# What servers hand over

ENVIRONS: dict[str, dict[str, Any]] = {
    "no SCRIPT_NAME": {"SCRIPT_NAME": None},
    "no QUERY_STRING": {"QUERY_STRING": None},
    "no Host, as in HTTP/1.0": {"HTTP_HOST": None},
    "no REMOTE_ADDR": {"REMOTE_ADDR": None},
    "an empty path": {"PATH_INFO": ""},
    "a path without its slash": {"PATH_INFO": "login"},
    "a mount of one slash": {"SCRIPT_NAME": "/"},
    "a mount that is a host": {"SCRIPT_NAME": "//evil.example"},
    "a mount behind a backslash": {"SCRIPT_NAME": "/\\evil.example"},
    "a mount of bytes that are no UTF-8": {"SCRIPT_NAME": "/\xff"},
    "a mount with markup": {"SCRIPT_NAME": '/"><script>'},
    "a port of nothing": {"HTTP_HOST": None, "SERVER_PORT": ""},
    "a server that is an address": {"HTTP_HOST": None, "SERVER_NAME": "::1"},
    "a server that is no name": {"HTTP_HOST": None, "SERVER_NAME": "a b"},
}


@pytest.mark.parametrize("environ", ENVIRONS.values(), ids=ENVIRONS.keys())
def test_whatever_the_server_leaves_out_there_is_an_answer(
    environ: dict[str, Any], target: Target
) -> None:
    for path in ("/", "//login", "/redirect_endpoint", "/nowhere", "/css/hello.css"):
        answer = target.ask(get(path), **environ)
        assert b'"><script>' not in answer.body


# Methods

METHODS = {
    "nothing": "",
    "a blank": "GET /",
    "a line break": "GET\r\nX-Evil: 1",
    "NUL": "GET\0",
    "bytes": "G\xcb\x88T",
    "two methods": "GET,POST",
    "a name of the view's": "INDEX",
    "a name of Python's": "__call__",
    "3,000 letters": "A" * 3_000,
    "a method of WebDAV": "PROPFIND",
    "the preface of HTTP/2": "PRI",
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
def test_a_method_that_is_none_is_refused(method: str, target: Target) -> None:
    for path in ("/", "/login", "/css/hello.css", "/handle_js_post"):
        answer = target.ask(send(f"GET {path}"), REQUEST_METHOD=method)
        assert status(answer) == 405
        assert answer.header("Allow")
        assert b"evil" not in answer.body.lower()


# Numbers

NUMBERS = {
    "nothing": "",
    "a sign": "-1",
    "another sign": "+1",
    "an underscore": "1_0",
    "a blank": "%201",
    "a full stop": "1.0",
    "an exponent": "1e9",
    "hexadecimal": "0x1",
    "digits of another script": "%D9%A3%D9%A3",
    "digits twice as wide": "%EF%BC%91",
    "a small two above": "%C2%B2",
    "infinity": "inf",
    "zeros": "0" * 4_000,
    "as many digits as Python reads": "9" * 4_300,
    "a digit more": "9" * 4_301,
    "60,000 digits": "9" * 60_000,
}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS.keys())
def test_a_number_is_added_or_refused(number: str, target: Target) -> None:
    for path in (f"/add/{number}/1", f"/add/1/{number}", f"/add/{number}/{number}"):
        assert status(target.ask(get(path))) in (200, 308, 400, 404, 414)
