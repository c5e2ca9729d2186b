"""Requests that Hypothesis makes up: close enough to sensible ones that they get deep into both applications.

Each part of a request is mostly taken from what a browser sends to the tutorial's URLs, and sometimes made of the
characters on which parsers disagree.
"""

from dataclasses import dataclass

from hypothesis import strategies as st

from comparison.steps import Part, multipart, sample
from comparison.wire import Request, parse_request

Text = st.SearchStrategy[str]
Header = tuple[str, str]


@dataclass(frozen=True)
class Known:
    """What a browser would have from earlier answers; both applications accept it."""

    cookies: tuple[str, ...]
    """Whole ``Cookie`` fields: sessions, flashes, signed cookies."""
    entity_tag: str
    last_modified: str
    download: str
    """A path below ``/download/``."""


def mostly(usual: st.SearchStrategy[str], odd: Text) -> Text:
    """The odd one in about a quarter of the cases."""
    return st.one_of(usual, usual, usual, odd)


# What stands between the slashes of a path: plain, percent-coded, broken, or meaningful to somebody.
ODD_CHARACTERS = (
    *"aZ09-._~+;:@&=$,!'()*|\\\"<>{}^`%[]",
    "%20", "%2F", "%2f", "%25", "%3F", "%00", "%0A", "%C3%BC", "%FF", "%C3", "%E2%82", "%5C", "%2E",
    "\xc3\xbc", "\xff", "..", "//", "/", "/./",
)  # fmt: skip
odd_text = st.lists(st.sampled_from(ODD_CHARACTERS), max_size=8).map("".join)
numbers = st.sampled_from(
    ["0", "20", "30", "007", "-1", "1_0", "9" * 30, "%D9%A3", "1.0", "", "+1"]
)
names = st.sampled_from(["Kumar", "J%C3%BCrgen", "%3Cb%3E", "a%20b", "a+b", "%F0%9F%A5%AD"])

origins = st.dictionaries(
    st.sampled_from(["Sec-Fetch-Site", "Origin"]),
    st.sampled_from(
        [
            "same-origin", "none", "cross-site", "same-site", "", "null", "http://localhost",
            "https://localhost:443", "HTTP://LOCALHOST", "http://localhost, http://evil.example",
            "http://evil.example", "http://[::1]", "//localhost", "localhost",
        ]
    ),
    max_size=2,
)  # fmt: skip

SIMPLE_PATHS = (
    "/", "", "/login", "/getandpost", "/get202status", "/get202statuswithmakeresponse", "/displaylist",
    "/redirect_endpoint", "/file_upload", "/convert_to_csv", "/convert_to_csv_with_download_page",
    "/handle_js_post", "/set_session_data", "/get_session_data", "/clear_session", "/set_custom_cookie",
    "/get_custom_cookie", "/clear_custom_cookie", "/set_signed_cookie", "/get_signed_cookie", "/healthz", "/readyz",
    "/css/hello.css", "/js/hello.js", "/css", "/css/", "/robots.txt", "/hello", "/hello/", "/nowhere",
    "/download/1c1a7b64-6d5c-4cf6-8a10-3ad9a0b2a5ab.csv",
)  # fmt: skip


def paths(known: Known) -> Text:
    usual = st.one_of(
        st.sampled_from(SIMPLE_PATHS),
        st.sampled_from(SIMPLE_PATHS),
        st.just(f"/download/{known.download}"),
        names.map("/hello/{}".format),
        st.tuples(st.sampled_from(["add", "add_wrong"]), numbers, numbers)
        .map("/".join)
        .map("/{}".format),
    )
    spoilt = st.one_of(
        st.tuples(usual, odd_text).map("".join),
        st.tuples(st.sampled_from(["//", "/.", "/%2F", "/../"]), usual).map("".join),
        usual.map(lambda path: path.replace("/", "//")),
        st.tuples(st.sampled_from(["/hello/", "/css/", "/download/", "/"]), odd_text).map("".join),
        usual.map(lambda path: f"{path}/"),
    )
    return mostly(usual, spoilt).map(lambda path: path.replace("?", "%3F").replace(" ", "%20"))


FIELD_NAMES = ("username", "password", "file", "greeting", "name", "", "a", "_method")
ODD_PAIRS = (
    *"&=+;%#?/:\"'<>ab", "&&", "==", "%26", "%3D", "%2B", "%zz", "%", "%C3%BC", "%FF", "%00", "%0D%0A",
    "username", "=kumar", "[]",
)  # fmt: skip
pairs = st.one_of(
    st.just("username=kumar&password=kumar"),
    st.lists(
        st.tuples(
            st.sampled_from(FIELD_NAMES), st.sampled_from(["kumar", "", "a+b", "%C3%BC", "<b>"])
        ),
        max_size=4,
    ).map(lambda fields: "&".join(f"{name}={value}" for name, value in fields)),
    st.lists(st.sampled_from(ODD_PAIRS), max_size=10).map("".join),
)
raw_queries = st.sampled_from(["username=\xc3\xbc", "username=\xff", "\x80", "username=a b"])
queries = st.one_of(st.just(""), st.just(""), pairs, pairs, raw_queries)

METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "BREW", "get")

# Header fields, each of them in some requests.

hosts = mostly(
    st.sampled_from(["localhost", "localhost:8000", "example.com:80", "EXAMPLE.com", "[::1]:8000"]),
    st.one_of(
        st.sampled_from(
            [
                "",
                ":",
                ":80",
                "a b",
                "a/b",
                "a@b",
                "a?b",
                "a#b",
                "a:b",
                "a:99999",
                "a:0",
                "a:",
                "xn--",
                "\xc3\xbc",
            ]
        ),
        st.text("aB0.-_:[]@%/\\ ", max_size=8),
    ),
)

ODD_COOKIES = (
    *"ab=;, \"\\%", "cookie_key", "session", "signed_cookie_key", "; ", '"', "\\303\\274", "\\\"",
    "cookie_key=value", "session=e30.AAAAAA.AAAA", "\xc3\xbc", "\xff", "=x", "$Path", "\t",
)  # fmt: skip


def cookies(known: Known) -> Text:
    return mostly(
        st.sampled_from(known.cookies),
        st.one_of(
            st.lists(st.sampled_from(ODD_COOKIES), max_size=8).map("".join),
            st.tuples(st.sampled_from(known.cookies), st.sampled_from(ODD_COOKIES)).map("".join),
            st.lists(st.sampled_from(known.cookies), min_size=2, max_size=3).map("; ".join),
            st.tuples(st.sampled_from(known.cookies), st.integers(1, 60)).map(
                lambda cut: cut[0][: -cut[1]]
            ),
        ),
    )


def conditions(known: Known) -> st.SearchStrategy[Header]:
    tags = st.one_of(
        st.sampled_from(
            [
                known.entity_tag,
                f"W/{known.entity_tag}",
                "*",
                '"other"',
                f'"other", {known.entity_tag}',
            ]
        ),
        st.text('"W/*, abc-\\', max_size=8),
    )
    dates = st.sampled_from(
        [
            known.last_modified,
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Fri, 31 Dec 2999 23:59:59 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Thu, 01 Jan 1970 00:00:00 +0100",
            "Thu, 32 Jan 1970 00:00:00 GMT",
            "Thu, 01 Jan 0000 00:00:00 GMT",
            "Thu, 01 Jan 99999999999999999999 00:00:00 GMT",
            "yesterday",
            "0",
            "",
        ]
    )
    small = st.integers(0, 40).map(str)
    ranges = st.one_of(
        st.tuples(small, small).map("-".join),
        small.map("{}-".format),
        small.map("-{}".format),
        st.sampled_from(
            [
                "",
                "-",
                "a-b",
                "0-0,2-2",
                "99999999-",
                "1-0",
                "+1-2",
                "1_0-20",
                " 1-2",
                "--1",
                "0-" + "9" * 30,
            ]
        ),
        st.text("0123456789-, ", max_size=8),
    )
    units = st.sampled_from(["bytes=", "bytes=", "bytes=", "bytes =", "Bytes=", "lines=", "bytes"])
    return st.one_of(
        st.tuples(st.sampled_from(["If-None-Match", "If-Match", "If-Range"]), tags),
        st.tuples(st.sampled_from(["If-Modified-Since", "If-Unmodified-Since", "If-Range"]), dates),
        st.tuples(st.just("Range"), st.tuples(units, ranges).map("".join)),
        st.tuples(st.just("Range"), st.just("bytes=0-9")),
    )


other_fields: st.SearchStrategy[Header] = st.sampled_from(
    [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-HTTP-Method-Override", "POST"),
        ("X-Script-Name", "/evil"),
        ("Accept", "application/json"),
        ("Authorization", "Basic !"),
        ("Upgrade", "websocket"),
        ("Connection", "upgrade, keep-alive"),
        ("Expect", "100-continue"),
    ]
)
websocket: tuple[Header, ...] = (("Connection", "Upgrade"), ("Upgrade", "websocket"))

# Bodies, with the Content-Type they are sent under.

Body = tuple[str, bytes]

SMALL_FILES = (
    b"", b"notes", "Zürich".encode(), b"\xff\xfe", b"a,b\n1,2\n", b"a\n\"", b"%PDF-1.7", b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0", "a;b\n1;2".encode("utf-16"), b"\r\n", b"--boundary", b"\r\n--boundary", b"\x00",
)  # fmt: skip
parts = st.builds(
    Part,
    st.sampled_from(["file", "file", "username", "password", "", 'a"b', "ü"]),
    st.sampled_from(SMALL_FILES),
    st.sampled_from(
        [None, "", "notes.txt", "sales.csv", "sales.xlsx", "../a", 'a"b.csv', "ü.csv", "C:\\a.txt"]
    ),
    st.sampled_from(
        [
            None,
            "text/plain",
            "text/csv",
            "application/octet-stream",
            "multipart/mixed",
            "text/plain; charset=utf-16",
        ]
    ),
)
MULTIPART = "multipart/form-data; boundary=boundary"
whole_multipart = st.lists(parts, max_size=4).map(
    lambda some: parse_request(multipart("/", *some).raw).body
)
spoilt_multipart = st.one_of(
    st.tuples(whole_multipart, st.integers(0, 200)).map(lambda cut: cut[0][: -cut[1] or None]),
    st.tuples(
        whole_multipart,
        st.sampled_from([b"\r\n", b"--boundary", b"\r", b"\n", b"name", b";", b'"', b":", b"--"]),
        st.sampled_from(
            [b"", b"\r\n", b"--boundary", b"--", b"\x00", b"\xff", b"name*=utf-8''x", b" ", b"; "]
        ),
        st.integers(1, 2),
    ).map(lambda spoil: spoil[0].replace(spoil[1], spoil[2], spoil[3])),
    st.tuples(st.binary(max_size=20), whole_multipart).map(b"".join),
)
BOUNDARIES = (
    MULTIPART, "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=other",
    'multipart/form-data; boundary="boundary"', "Multipart/Form-Data; Boundary=boundary",
    "multipart/mixed; boundary=boundary", "multipart/form-data; boundary*=utf-8''boundary",
    "multipart/form-data;; boundary=boundary ; a",
)  # fmt: skip
WORKBOOKS = (
    ("sales.xlsx", 0),
    ("sales.xls", 0),
    ("sales.csv", 0),
    ("sales.xlsx", 900),
    ("sales.xls", 900),
)
workbooks: st.SearchStrategy[Body] = st.sampled_from(WORKBOOKS).map(
    lambda chosen: (MULTIPART, upload_of(sample(chosen[0])[: -chosen[1] or None], chosen[0]))
)


def upload_of(content: bytes, filename: str) -> bytes:
    return parse_request(multipart("/", Part("file", content, filename)).raw).body


json_texts = st.one_of(
    st.sampled_from(
        [
            '{"greeting":"Hey","name":"Kumar"}',
            "{}",
            "[]",
            "null",
            "1e999",
            '"a"',
            "{",
            "",
            "NaN",
            '{"greeting":1}',
            '{"a":1,"a":2}',
            "\ufeff{}",
            '{"greeting":"\\ud800","name":"a"}',
            " {} ",
            "[" * 3000,
        ]
    ),
    st.text('{}[]":,0123456789eE.-truefalsn \\u', max_size=12),
)
forms: st.SearchStrategy[Body] = st.tuples(
    st.sampled_from(
        [
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=latin-1",
            "APPLICATION/X-WWW-FORM-URLENCODED",
            "text/plain",
            "",
        ]
    ),
    st.one_of(pairs, raw_queries).map(lambda text: text.encode("latin-1")),
)
PIECE = 64 * 1024
AROUND = len(upload_of(b"", "a.txt"))
# Both parsers read pieces of 64 KiB: here such a piece ends somewhere in or around the last delimiter.
cut_multipart = st.tuples(
    st.integers(-40, 10), st.sampled_from([b"x", b"\r", b"\n", b"-", b"\r\n--bound"])
).map(lambda cut: upload_of((cut[1] * PIECE)[: PIECE - AROUND + cut[0]], "a.txt"))
multiparts: st.SearchStrategy[Body] = st.one_of(
    st.tuples(st.just(MULTIPART), whole_multipart),
    st.tuples(st.just(MULTIPART), spoilt_multipart),
    st.tuples(st.sampled_from(BOUNDARIES), st.one_of(whole_multipart, spoilt_multipart)),
)
jsons: st.SearchStrategy[Body] = st.tuples(
    st.sampled_from(
        [
            "application/json",
            "application/json",
            "application/json; charset=utf-8",
            "application/a+json",
            "text/json",
            "application/jsonp",
        ]
    ),
    st.one_of(
        json_texts.map(str.encode),
        json_texts.map(lambda text: text.encode("utf-16")),
        st.binary(max_size=8),
    ),
)
cut_multiparts: st.SearchStrategy[Body] = st.tuples(st.just(MULTIPART), cut_multipart)
odd_bodies: st.SearchStrategy[Body] = st.tuples(
    st.text('a/;= "b*-\\', max_size=12), st.binary(max_size=12)
)
bodies = st.one_of(forms, multiparts, jsons, odd_bodies)
ODD_LENGTHS = (
    "",
    "0",
    "5",
    "+5",
    "5_0",
    "-1",
    " 5",
    "5 ",
    "0x5",
    "\xb2",
    "99999999",
    "9" * 20,
    "9" * 30,
    "5, 5",
)


TEXTS = ("/css/hello.css", "/js/hello.js", "/robots.txt")
UPLOADS = ("/file_upload", "/convert_to_csv", "/convert_to_csv_with_download_page")
COOKIES = (
    "/get_session_data", "/set_session_data", "/clear_session", "/get_custom_cookie", "/clear_custom_cookie",
    "/get_signed_cookie", "/login", "/displaylist", "/",
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn, known: Known) -> tuple[Request, str]:
    """A request, and the path below which the application is mounted.

    The kind says which part of it is under test; what belongs to no kind is drawn for all of them, now and then.
    """
    kind = draw(
        st.sampled_from(["path", "path", "form", "file", "file", "json", "cookie", "static", "any"])
    )
    rarely = draw(st.integers(0, 3)) == 0 or kind == "any"
    method = (
        "POST"
        if kind in ("form", "file", "json")
        else draw(st.sampled_from(["GET", "GET", "HEAD", "POST"]))
    )
    target = draw(targets(kind, known))
    headers: dict[str, str] = {"Host": "localhost"}
    mounted_at = ""
    if rarely:
        method = draw(st.sampled_from((*[method] * 6, *METHODS)))
        mounted_at = draw(st.sampled_from(["", "/shop", "/a%20b", "/shop/"]))
        headers["Host"] = draw(hosts)
        headers |= draw(st.lists(other_fields, max_size=2).map(dict))
        headers |= draw(st.sampled_from([{}, dict(websocket)]))
        headers |= draw(origins)
    if kind in ("path", "any"):
        query = draw(queries)
        target = f"{target}?{query}" if query else target
    if kind == "cookie" or rarely:
        headers["Cookie"] = draw(cookies(known))
    if kind == "static" or rarely:
        headers |= draw(st.lists(conditions(known), max_size=3).map(dict))
    body = b""
    if method not in ("GET", "HEAD") or rarely:
        headers["Content-Type"], body = draw(bodies_of(kind))
        length = draw(st.sampled_from(ODD_LENGTHS)) if rarely else str(len(body))
        if length != "none":
            headers["Content-Length"] = length
    return Request(method, f"{mounted_at}{target}", "1.1", tuple(headers.items()), body), mounted_at


def targets(kind: str, known: Known) -> Text:
    fitting = {
        "form": st.sampled_from(["/", "/login", "/getandpost"]),
        "file": st.sampled_from(UPLOADS),
        "json": st.just("/handle_js_post"),
        "cookie": st.sampled_from(COOKIES),
        "static": st.sampled_from([*TEXTS, f"/download/{known.download}"]),
    }
    return fitting[kind] if kind in fitting else paths(known)


# These take a hundred times as long as anything else, so there are few.
files = st.integers(0, 30).flatmap(
    lambda number: {0: workbooks, 1: cut_multiparts}.get(number, multiparts)
)
FITTING_BODIES = {"form": st.one_of(forms, multiparts), "file": files, "json": jsons}


def bodies_of(kind: str) -> st.SearchStrategy[Body]:
    return FITTING_BODIES.get(kind, bodies)
