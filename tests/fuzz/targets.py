"""Targets: what can be fuzzed, by name, and what inputs of each begin with.

Seeds are the files of ``corpus/``, recorded from a browser or written by hand, and for whole requests the scenarios
of ``comparison/`` as well.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from comparison.pair import held_still
from comparison.scenarios import GROUPS
from comparison.steps import visit
from comparison.wire import Request

from .applications import (
    LENGTH,
    check_requests,
    check_router,
    check_sessions,
    check_signing,
    pair,
)
from .finding import Check
from .parsers import (
    check_cookies,
    check_forms,
    check_grammar,
    check_headers,
    check_multipart,
    check_urls,
)

CORPUS = Path(__file__).with_name("corpus")

LARGEST_SEED = 6_000
"""Bytes. A scenario's request that is larger repeats itself, or it holds a workbook, which takes a process to read."""

_WORKBOOK = re.compile(rb"PK\x03\x04|\xd0\xcf\x11\xe0")

_PARTS = (
    b"\r\n", b"\n", b"\r", b"--", b"--cut", b"--cut--", b"\r\n--cut\r\n", b"\r\n\r\n", b"Content-Disposition: ",
    b'form-data; name="a"', b'; filename="b"', b"; filename*=utf-8''%C3%A9", b"Content-Type: ", b"text/plain",
    b"; charset=iso-8859-1", b"name*0=", b'\\"', b"%22", b"\t", b"\v", b"\0",
)  # fmt: skip
_QUERY = (
    b"&", b"=", b"+", b"%", b"%C3%A9", b"%FF", b"%00", b"%2B", b";", b"\xc3\xa9", b"://", b"//", b"?", b"#", b"@",
    b"[::1]", b"xn--", b":80",
)  # fmt: skip
_COOKIE = (
    b"; ", b";", b"=", b'"', b"\\", b"\\303\\251", b"\\073", b'\\"', b"session=", b"$Path", b"\t", b"\xe9", b",",
)  # fmt: skip
_HEADER = (
    b"; ", b"=", b'"', b"\\", b"*=", b"*0=", b"*1*=", b"utf-8''", b"iso-8859-1'en'", b"%C3%A4", b"%22", b"filename",
    b"W/", b'w/"', b'"a"', b", ", b"*", b"bytes=", b"0-4", b"-5", b"5-", b"Sun, 06 Nov 1994 08:49:37 GMT",
    b"Sunday, 06-Nov-94 ", b" -0000", b" +0100", b" EST", b"(", b")", b"\t",
)  # fmt: skip
_FIELD = (b"Vary", b"vary", b"Set-Cookie", b"\r", b"\n", b"\0")
_PATH = (
    b"/", b"//", b"/hello/", b"/news/", b"/wiki/", b"/edit", b"a.b", b".html", b"-", b"\xd9\xa3", b"\n", b"1.5",
    b"12345678-1234-5678-1234-567812345678", b"\x80", b"\x81",
)  # fmt: skip
_SIGNED = (
    b".", b"-", b"_", b"=", b"eyJhIjoxfQ", b".eJyrVkpUsjKsBQAMMgKf", b"aSIb0A", b"AAAAAAAAAAAA", b"__________8",
    b"IngiIg",
)  # fmt: skip
_TAGGED = (
    b"{", b"}", b"[", b"]", b":", b",", b'" t"', b'" b"', b'" m"', b'" u"', b'" d"', b'" di"', b'"a"', b"__", b"null",
    b"true", b"NaN", b"1e999", b"\\ud800", b'"AAAA"', b'"Fri, 02 Jan 2026 03:04:05 GMT"',
)  # fmt: skip
_REQUEST = (
    b"GET ", b"POST ", b"HEAD ", b"OPTIONS ", b" HTTP/1.1\r\n", b"\r\n\r\n", LENGTH, b"\r\nCookie: ", b"\r\nRange: ",
    b"\r\nHost: ", b"\r\nIf-None-Match: ", b"\r\nIf-Modified-Since: ", b"\r\nIf-Range: ", b"\r\nContent-Type: ",
    b"multipart/form-data; boundary=cut", b"application/x-www-form-urlencoded", b"application/json", b"cross-site",
    b"\r\nSec-Fetch-Site: ", b"\r\nOrigin: ", b"\r\nUpgrade: websocket", b"/login", b"/hello/", b"/download/",
    b"/file_upload", b"/handle_js_post", b"/css/hello.css", b"..", b"%2e", b"%2F", b"%00", b"?", b"a..b", b"[a:b]",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """A check, the words that its inputs are made of, and the bytes that one may have."""

    check: Check
    words: tuple[bytes, ...]
    max_size: int = 2_000


TARGETS = {
    "multipart": Target(check_multipart, _PARTS, 800),
    "forms": Target(check_forms, _PARTS + _QUERY, 4_000),
    "cookies": Target(check_cookies, _COOKIE, 500),
    "urls": Target(check_urls, _QUERY, 500),
    "grammar": Target(check_grammar, _HEADER, 500),
    "headers": Target(check_headers, _FIELD, 500),
    "router": Target(check_router, _PATH, 300),
    "signing": Target(check_signing, _SIGNED, 1_000),
    "sessions": Target(check_sessions, _TAGGED, 1_000),
    "requests": Target(check_requests, _REQUEST, LARGEST_SEED),
}
"""Every target, in the order of what builds on what."""


def recorded(name: str) -> list[Path]:
    """The files that a target begins with."""
    return sorted((CORPUS / name).iterdir())


def seeds(name: str) -> Iterator[bytes]:
    """The inputs that a target begins with."""
    for file in recorded(name):
        yield file.read_bytes()
    if name == "requests":
        yield from _scenario_requests()


def _scenario_requests() -> Iterator[bytes]:
    """What each scenario sends, cookies included, as a browser would with the clock of the comparison."""
    for group in GROUPS:
        for scenario in group.scenarios:
            if not scenario.lab:
                for application in (
                    pair().flask,
                    pair().scratch,
                ):  # both are to have what it leaves
                    with held_still():
                        answers = visit(application, scenario.steps)
                for step, asked in zip(scenario.steps, answers, strict=True):
                    mounted_at = "" if callable(step) else step.mounted_at
                    seed = as_seed(asked.request, mounted_at)
                    if len(seed) <= LARGEST_SEED and not _WORKBOOK.search(seed):
                        yield seed


def as_seed(request: Request, mounted_at: str = "") -> bytes:
    """A request whose body may change in length without its head becoming wrong."""
    raw = request.to_bytes()
    if request.body:
        raw = raw.replace(b"Content-Length: %d\r\n" % len(request.body), LENGTH + b"\r\n", 1)
    return (mounted_at.encode() + b"\n" if mounted_at else b"") + raw
