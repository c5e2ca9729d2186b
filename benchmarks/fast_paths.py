"""Fast paths: what each shortcut of the application from scratch is worth, beside the way around it.

A shortcut must pay for the lines that it takes, so its comment says what it saves, and here is where that comes from.
Both ways give the same value, which is checked first. Each call goes through a function of no arguments, which takes
0.03 µs of both.
"""

import json
import operator
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from jinja2.compiler import CodeGenerator
from markupsafe import escape

from tutorial import text
from tutorial.settings import ROOT
from wsgi_from_scratch import cookies, grammar, response, static_files
from wsgi_from_scratch.headers import Headers
from wsgi_from_scratch.multipart import (
    _USUAL_HEADER,
    Event,
    MultipartParser,
    Part,
    _read_header,
    _read_usual_header,
)
from wsgi_from_scratch.request import lazy
from wsgi_from_scratch.router import REMEMBERED_PLACES, Absent, Found, Moved, Router
from wsgi_from_scratch.templating import (
    Environment,
    _CodeGenerator,
    _escape,
)
from wsgi_from_scratch.views import views

from .measure import Spread, take_turns
from .options import CannotMeasure, Options
from .peers.pages import templates_by_jinja
from .table import Column, Table, Value, ratio

SECONDS = 1.0
"""Seconds for the rounds of one pair."""

Call = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """One shortcut and the way around it."""

    name: str
    short: Call
    around: Call


def short_time(spread: Spread) -> str:
    """Microseconds with two digits after the point."""
    return f"{spread.median * 1e6:.2f} µs ±{spread.noise:.0%}"


def run(options: Options) -> list[Table]:
    """Check that both ways lead to the same place, then time them."""
    seconds = SECONDS / 20 if options.quick else SECONDS
    rows: list[list[Value]] = []
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for pair in _pairs(Path(folder)):
            options.say(f"fast paths: {pair.name}")
            if pair.short() != pair.around():
                raise CannotMeasure(f"The two ways of “{pair.name}” lead to different places.")
            found = take_turns({"short": pair.short, "around": pair.around}, seconds)
            short, around = found["short"], found["around"]
            rows.append([pair.name, short, around, around.median / short.median])
    columns = [
        Column("shortcut", str),
        Column("with it", short_time),
        Column("without", short_time),
        Column("times", ratio),
    ]
    return [Table("Fast paths: what a shortcut is worth", columns, rows)]


def _pairs(folder: Path) -> tuple[Pair, ...]:
    return (*_routing(), *_pages(), *_answers(folder), *_uploads())


def _routing() -> tuple[Pair, ...]:
    router = Router()
    for route in views.routes:
        router.add(route.rule, route.endpoint, route.methods)
    router.add("/<path:filename>", "static", ["GET"])
    url_for: Any = router.url_for("http", "localhost", "", "GET", "tutorial")
    search = router._search
    hello, add, file = "/hello/World", "/add/20/30", "/css/hello.css"
    outcome = router.match(hello, "GET")
    if not isinstance(outcome, Found):
        raise CannotMeasure(f"There is no page at {hello}.")
    parts = outcome.endpoint, outcome.values, outcome.rule

    def login(url_for: Any) -> str:
        link: str = url_for("tutorial.login", username="kumar", password="example")
        return link

    kept = lru_cache(REMEMBERED_PLACES)(login)
    segment = re.compile("[^/]{1,}").fullmatch
    return (
        Pair(
            "a variable for any text: ask if it is empty",
            lambda: bool("World"),
            lambda: segment("World") is not None,
        ),
        Pair(
            "a path without variables: one look",
            lambda: router.match("/healthz", "GET"),
            lambda: search("/healthz", "GET", False),
        ),
        Pair(
            "a path with one variable: straight down",
            lambda: router.match(hello, "GET"),
            lambda: search(hello, "GET", False),
        ),
        Pair(
            "a path with two variables: straight down",
            lambda: router.match(add, "GET"),
            lambda: search(add, "GET", False),
        ),
        Pair(
            "a path of a file: straight down",
            lambda: router.match(file, "GET"),
            lambda: search(file, "GET", False),
        ),
        Pair(
            "Found without its constructor",
            lambda: tuple.__new__(Found, parts),
            lambda: Found(*parts),
        ),
        Pair("what was found: ask for its type", *_ways_to_take_apart(outcome)),
        Pair(
            "a link of constants in a template",
            lambda: kept(url_for),
            lambda: login(url_for),
        ),
    )


def _ways_to_take_apart(outcome: object) -> tuple[Call, Call]:
    def ask() -> object:
        if isinstance(outcome, Found):
            return outcome.endpoint, outcome.values
        return None

    def match() -> object:
        match outcome:
            case Found(endpoint, values, _):
                return endpoint, values
            case Moved() | Absent():
                return None
        return None

    return ask, match


class _YieldingGenerator(_CodeGenerator):
    blockvisit = CodeGenerator.blockvisit
    visit_Output = CodeGenerator.visit_Output


class _Yielding(Environment):
    """Ours, but for the texts and links, which it yields one by one as Jinja does."""

    code_generator_class = _YieldingGenerator


def _pages() -> tuple[Pair, ...]:
    ours, plain = Environment(ROOT / "templates"), templates_by_jinja()
    yielding = _Yielding(ROOT / "templates")
    for environment in (ours, yielding):
        environment.filters["title_case"] = text.title_case
    values: dict[str, Any] = {
        "url_for": lambda endpoint, **values: "/somewhere",
        "get_flashed_messages": lambda with_categories: (),
        "request": {"endpoint": "tutorial.displayList_fun"},
        "mylist": [10, 20, 30, 40, 50],
    }
    name = "displaylist_template.html"
    plain_context = plain.get_template(name).new_context(values)
    link = values["url_for"]
    return (
        Pair(
            "a page by Jinja",
            lambda: ours.get_template(name).render(values),
            lambda: plain.get_template(name).render(values),
        ),
        Pair(
            "a page whose texts are joined",
            lambda: ours.get_template(name).render(values),
            lambda: yielding.get_template(name).render(values),
        ),
        Pair(
            "a text that needs no escaping", lambda: _escape("/healthz"), lambda: escape("/healthz")
        ),
        Pair(
            "a function that is called in a template",
            lambda: operator.call(link, "static", filename="css/hello.css"),
            lambda: plain_context.call(link, "static", filename="css/hello.css"),
        ),
        Pair(
            "a template and its parent",
            lambda: [ours.get_template(name).name, ours.get_template("base.html").name],
            lambda: [plain.get_template(name).name, plain.get_template("base.html", name).name],
        ),
        Pair(
            "globals that are not chained",
            lambda: dict(ours.make_globals(None)).keys(),
            lambda: dict(plain.make_globals(None)).keys(),
        ),
    )


class _Looked:
    @lazy
    def without_lock(self) -> int:
        return 1

    @cached_property
    def locked(self) -> int:
        return 1


def _answers(folder: Path) -> tuple[Pair, ...]:
    file = folder / "hello.css"
    file.write_bytes(b"a" * 2_000)
    path, size, modified = str(file), 2_000, file.stat().st_mtime
    described, of_second = static_files._described_path, static_files._fields_of_second

    def describe(call: Callable[..., Any]) -> Call:
        return lambda: call(path, size, modified).tag

    def open_and_read() -> list[bytes]:
        with open(path, "rb", buffering=0) as opened:
            return [opened.read(size)]

    html = "text/html; charset=utf-8"
    value = {"message": "Successfully stored the message! - Kumaravel"}
    sent = b'{"greeting": "Hey there ", "name": "Kumar!"}'
    begin_and_flags = cookies._begin_and_flags
    tag, date = '"1767323045.0-2000-1234567890"', "Fri, 02 Jan 2026 03:04:05 GMT"
    read_date = grammar.parse_date(date)
    return (
        Pair(
            "fields of a page, at once",
            lambda: list(Headers.of_html(12)),
            lambda: list(Headers([("Content-Type", html), ("Content-Length", "12")])),
        ),
        Pair(
            "the first look at a lazy property",
            lambda: _Looked().without_lock,
            lambda: _Looked().locked,
        ),
        Pair(
            "a response with a text",
            lambda: list(response.Response("Hello World!").headers),
            lambda: list(response.Response(b"Hello World!").headers),
        ),
        Pair(
            "JSON of few brackets: count them",
            lambda: text.check_nesting(sent, 100),
            lambda: None if text._depth(sent) <= 100 else sent,
        ),
        Pair(
            "a JSON encoder that is kept",
            lambda: response.dumps(value),
            lambda: json.dumps(
                value, sort_keys=True, separators=(",", ":"), default=response.json_default
            ),
        ),
        Pair(
            "name and flags of a cookie that are kept",
            lambda: begin_and_flags("session", False, True, "/", "Lax"),
            lambda: begin_and_flags.__wrapped__("session", False, True, "/", "Lax"),
        ),
        Pair(
            "what is said of a file, kept",
            describe(described),
            describe(described.__wrapped__),
        ),
        Pair(
            "the fields of this second, kept",
            lambda: list(of_second(1_767_323_045)),
            lambda: list(of_second.__wrapped__(1_767_323_045)),
        ),
        Pair(
            "an entity tag as it was sent",
            lambda: tag == tag[:1] + tag[1:],
            lambda: grammar.parse_entity_tags(tag).match_weakly(tag[1:-1]),
        ),
        Pair(
            "a date as it was sent",
            lambda: date == date[:1] + date[1:],
            lambda: grammar.parse_date(date) == read_date,
        ),
        Pair(
            "a file of one chunk by its descriptor",
            lambda: static_files._read(path, 0, size),
            open_and_read,
        ),
    )


class _StateByState(MultipartParser):
    """Ours, but for the parts that have come whole, which go through every state."""

    def _give_at_once(self, start: int) -> None:
        self._searched = start
        self._no_data = 2
        self.state = MultipartParser._in_body


def _uploads() -> tuple[Pair, ...]:
    header = (
        b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain'
    )
    field = b'--cut\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n'
    body = field * 2 + b"--cut\r\n%s\r\n\r\n%s\r\n--cut--\r\n" % (header, b"a" * 1_024)

    def parse(parser_class: type[MultipartParser]) -> list[Event]:
        return parser_class(b"cut", max_parts=3, max_memory=1_000).feed(body)

    def read_usual_header() -> Part | None:
        usual = _USUAL_HEADER.match(header + b"\r\n\r\n")
        return _read_usual_header(usual) if usual else None

    return (
        Pair(
            "a part's header as browsers send it",
            read_usual_header,
            lambda: _read_header(header),
        ),
        Pair(
            "two fields and a small file, each at once",
            lambda: parse(MultipartParser),
            lambda: parse(_StateByState),
        ),
    )
