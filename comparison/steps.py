"""Steps: how a scenario writes down a request.

A step is the text of one request, built by functions that read like it: ``get("/hello/Kumar")``,
``form("/login", "username=kumar")``. Header lines are written out as they are sent; only ``Host`` and
``Content-Length`` are added. A step that depends on the answer before it (a link to follow, a cookie to spoil) is a
function of that answer. :func:`visit` then takes the steps one after the other, as a browser would.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from .exchange import Application, Exchange, Jar, exchange
from .wire import parse_request

_SAMPLES = Path(__file__).with_name("samples")

TEXT = "text/plain"
CSV = "text/csv"
XLS = "application/vnd.ms-excel"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Step:
    """One request, as bytes; ``mounted_at`` is the path below which the server has mounted the application."""

    raw: bytes
    mounted_at: str = ""


Next: TypeAlias = Callable[[Exchange], Step]
"""A step that is made from the answer to the step before."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body; with a file name it is a file, even with an empty one."""

    name: str
    content: bytes
    filename: str | None = None
    mimetype: str | None = None


def send(request_line: str, *lines: str, body: bytes = b"", mounted_at: str = "") -> Step:
    """A step from a request line (``POST /login``), header lines and a body, all as they are sent."""
    named = {line.partition(":")[0].lower() for line in lines}
    head = [f"{request_line} HTTP/1.1", *lines]
    if "host" not in named:
        head.insert(1, "Host: localhost")
    if "content-length" not in named and (body or not request_line.startswith(("GET ", "HEAD "))):
        head.append(f"Content-Length: {len(body)}")
    return Step("\r\n".join((*head, "", "")).encode("latin-1") + body, mounted_at)


def get(target: str, *lines: str, mounted_at: str = "") -> Step:
    """A step that only reads."""
    return send(f"GET {target}", *lines, mounted_at=mounted_at)


def post(target: str, content_type: str, body: str | bytes, *lines: str) -> Step:
    """A step that sends one body under one media type."""
    data = body.encode() if isinstance(body, str) else body
    return send(f"POST {target}", f"Content-Type: {content_type}", *lines, body=data)


def form(target: str, pairs: str, *lines: str, mounted_at: str = "") -> Step:
    """A step that sends what a browser makes of a form without ``enctype``."""
    content_type = "Content-Type: application/x-www-form-urlencoded"
    return send(f"POST {target}", content_type, *lines, body=pairs.encode(), mounted_at=mounted_at)


def multipart(target: str, *parts: Part, boundary: str = "boundary") -> Step:
    """A step that sends what a browser makes of a form with ``enctype="multipart/form-data"``."""
    body = b"".join(_part(part, boundary) for part in parts) + f"--{boundary}--\r\n".encode()
    return post(target, f"multipart/form-data; boundary={boundary}", body)


def _part(part: Part, boundary: str) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{part.name}"'
    if part.filename is not None:
        head += f'; filename="{part.filename}"'
    if part.mimetype is not None:
        head += f"\r\nContent-Type: {part.mimetype}"
    return head.encode() + b"\r\n\r\n" + part.content + b"\r\n"


def upload(target: str, filename: str, mimetype: str, content: bytes | None = None) -> Step:
    """A step that uploads one file, by default the sample of that name."""
    return multipart(
        target, Part("file", sample(filename) if content is None else content, filename, mimetype)
    )


def sample(filename: str) -> bytes:
    """One of the files that scenarios upload."""
    return (_SAMPLES / filename).read_bytes()


def follow_link(below: str) -> Next:
    """Follow the first link of the page to somewhere below a path."""

    def step(page: Exchange) -> Step:
        link = re.search(f'href="({re.escape(below)}[^"]+)"', page.body.decode())
        return get(link[1] if link else f"{below}there-was-no-link")

    return step


def follow_redirect(answer: Exchange) -> Step:
    """Go where ``Location`` says."""
    return get(answer.header("Location") or "/there-was-no-location")


def with_cookie(target: str, name: str, change: Callable[[str], str]) -> Next:
    """Send back a cookie that the answer before has set, but changed."""

    def step(answer: Exchange) -> Step:
        found = re.search(f"^{name}=([^;]*)", answer.header("Set-Cookie") or "")
        return get(target, f"Cookie: {name}={change(found[1] if found else '')}")

    return step


def spoil_payload(cookie: str) -> str:
    """Change the first character: what is signed."""
    return ("f" if cookie[:1] == "e" else "e") + cookie[1:]


def spoil_signature(cookie: str) -> str:
    """Change the first character after the last dot: the signature."""
    signed, _, signature = cookie.rpartition(".")
    return f"{signed}.{'B' if signature[:1] == 'A' else 'A'}{signature[1:]}"


def strip_signature(cookie: str) -> str:
    """Leave out the last dot and the signature behind it."""
    return cookie.rpartition(".")[0]


NO_COOKIES: Mapping[str, str] = MappingProxyType({})

Send: TypeAlias = Callable[[Application, Step, Jar], Exchange]
"""How one step reaches an application."""


def send_in_process(application: Application, step: Step, jar: Jar) -> Exchange:
    """Send a step by the protocol alone."""
    return exchange(application, jar.fill(parse_request(step.raw)), step.mounted_at)


def visit(
    application: Application,
    steps: Iterable[Step | Next],
    send: Send = send_in_process,
    cookies: Mapping[str, str] = NO_COOKIES,
) -> list[Exchange]:
    """One browser's visit: the steps in order, each with the cookies of the answers before it.

    ``cookies`` are what the browser had from earlier visits.
    """
    jar = Jar()
    jar.cookies.update(cookies)
    answers: list[Exchange] = []
    for step in steps:
        answer = send(application, step(answers[-1]) if callable(step) else step, jar)
        jar.keep(answer)
        answers.append(answer)
    return answers
