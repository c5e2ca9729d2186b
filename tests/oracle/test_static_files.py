"""The same request for the same file has the same answer from us and from Flask, corrected as in ``flask_version``."""

import io
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from wsgiref.util import FileWrapper

import flask
import pytest
import time_machine
import werkzeug.http
import werkzeug.security
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.test import create_environ

import flask_version
import wsgi_from_scratch
from flask_version.app import ConditionalResponse, StrictRequest
from tutorial.settings import Settings
from wsgi_from_scratch import errors, static_files
from wsgi_from_scratch.errors import REASONS

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MODIFIED = 1_700_000_000.25
LAST_MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"
NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)

FILES = {
    "hello.css": b"body { color: green }",
    "empty.txt": b"",
    "large.bin": bytes(range(256)) * 1_024,
    "page.html": b"<p>hello",
    "picture.svg": b"<svg/>",
    "data.json": b"{}",
    "feed.xml": b"<a/>",
    "script.js": b"0",
    "archive.tar.gz": b"\x1f\x8b",
    "text.txt.bz2": b"BZ",
    "no extension": b"?",
    "ünïcödé “file”.txt": b"u",
    "日本.csv": b"j",
    'quote " and \\ backslash.txt': b"q",
    "semi;colon, comma.txt": b"s",
    "folder/inner.css": b"i",
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("files") / "static"
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (MODIFIED, MODIFIED))
    (root.parent / "static-secret").mkdir()
    for place in (root.parent, root.parent / "static-secret", root.parent.parent):
        (place / "canary.txt").write_bytes(b"canary")
    return root


@pytest.fixture(autouse=True, scope="module")
def frozen_clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@dataclass
class Answer:
    status: str
    fields: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> int:
        return int(self.status[:3])


Application = Callable[..., Iterable[bytes]]


def received(application: Application, environ: "WSGIEnvironment") -> Answer:
    head: list[Any] = []
    body = application(environ, lambda status, fields, exc_info=None: head.extend((status, fields)))
    sent = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return Answer(head[0], head[1], sent)


def theirs(
    environ: "WSGIEnvironment",
    send: Callable[[], flask.Response],
    *,
    as_it_comes: bool = False,
) -> Answer:
    """The answer of a whole Flask application whose only view calls ``send``; error pages are left out."""
    app = flask.Flask(__name__)
    app.testing = True
    if not as_it_comes:
        app.request_class, app.response_class = StrictRequest, ConditionalResponse
    app.add_url_rule("/", "view", send, methods=["GET", "POST", "PUT", "DELETE"])
    app.register_error_handler(
        HTTPException, lambda error: bare(error.code or 0, error.get_headers())
    )
    return received(app, environ)


def bare(code: int, fields: Iterable[tuple[str, str]]) -> flask.Response:
    return flask.Response("", code, list(fields))


def our_answer(environ: "WSGIEnvironment", send: Callable[[], Any]) -> Answer:
    try:
        return received(send(), environ)
    except errors.HTTPException as error:
        return received(bare(error.code, error.get_headers()), environ)


def directory_answers(
    directory: Path | str, name: str, environ: Callable[[], "WSGIEnvironment"]
) -> tuple[Answer, Answer]:
    """Flask's and ours; each gets an environ of its own."""
    mine = environ()
    return (
        theirs(environ(), lambda: flask.send_from_directory(directory, name)),
        our_answer(mine, lambda: static_files.send_from_directory(mine, str(directory), name)),
    )


def file_answers(
    source: Callable[[], Any], environ: Callable[[], "WSGIEnvironment"], **options: Any
) -> tuple[Answer, Answer]:
    """Flask's and ours; each gets an environ and a file of its own, and has closed the file."""
    mine, file, my_file = environ(), source(), source()
    answers = (
        theirs(environ(), lambda: flask.send_file(file, **options)),
        our_answer(mine, lambda: static_files.send_file(mine, my_file, **options)),
    )
    assert my_file.closed == file.closed is True
    return answers


def request(
    method: str = "GET", fields: Mapping[str, str] = MappingProxyType({})
) -> Callable[[], "WSGIEnvironment"]:
    present = {f"HTTP_{name}": value for name, value in fields.items()}
    return lambda: create_environ(method=method) | present


def tag_of(directory: Path, name: str) -> str:
    return dict(directory_answers(directory, name, request())[0].fields)["ETag"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_files_of_every_kind(directory: Path, name: str, method: str) -> None:
    expected, found = directory_answers(directory, name, request(method))
    assert found == expected
    assert found.body == (b"" if method == "HEAD" else FILES[name])


OPTIONS: dict[str, dict[str, Any]] = {
    "a type": {"mimetype": "text/csv"},
    "a type with a charset": {"mimetype": "text/plain; charset=latin-1"},
    "an XML type": {"mimetype": "application/rss+xml"},
    "an attachment": {"as_attachment": True},
    "a name": {"download_name": "result.csv"},
    "a name with a space": {"download_name": "a result.csv", "as_attachment": True},
    "a name that is not ASCII": {"download_name": "Ergebnis äöü €.csv", "as_attachment": True},
    "a name without an ASCII letter": {"download_name": "日本語"},
    "a name with quotes": {"download_name": 'a"b\\c.csv'},
    "a name with every sign": {"download_name": "é!#$%&'()*+,-./:;<=>?@[]^_`{|}~.csv"},
    "an empty name": {"download_name": ""},
    "a packed name": {"download_name": "a.csv.gz"},
    "a packed attachment": {"download_name": "a.csv.gz", "as_attachment": True},
    "a tag": {"etag": "my tag"},
    "a tag like a weak one": {"etag": "W/x"},
    "a date in seconds": {"last_modified": 1},
    "a date with a fraction": {"last_modified": 1_600_000_000.999_999_9},
    "a naive date": {"last_modified": datetime(2020, 1, 2, 3, 4, 5)},
    "a date in another zone": {
        "last_modified": datetime(2020, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=5)))
    },
    "an age": {"max_age": 3_600},
    "an age of nothing": {"max_age": 0},
    "the least age": {"max_age": 1},
    "a negative age": {"max_age": -5},
}

CONDITIONS: dict[str, dict[str, str]] = {
    "none": {},
    "a range": {"RANGE": "bytes=2-5"},
    "a range outside": {"RANGE": "bytes=99999999-"},
    "any tag": {"IF_NONE_MATCH": "*"},
    "the tag of the options": {"IF_NONE_MATCH": '"my tag"'},
    "another tag": {"IF_MATCH": '"other"'},
    "a date": {"IF_MODIFIED_SINCE": LAST_MODIFIED},
    "a later date": {"IF_MODIFIED_SINCE": "Fri, 15 Nov 2024 00:00:00 GMT"},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_options(options: dict[str, Any], method: str) -> None:
    given: dict[str, Any] = {"download_name": "a.css", "etag": "a", "last_modified": MODIFIED}
    for fields in CONDITIONS.values():
        expected, found = file_answers(
            lambda: io.BytesIO(b"some bytes"), request(method, fields), **(given | options)
        )
        assert found == expected


SOURCES: dict[str, Callable[[Path], Any]] = {
    "an open file": lambda directory: (directory / "hello.css").open("rb"),
    "bytes": lambda directory: io.BytesIO(b"some bytes"),
    "no bytes": lambda directory: io.BytesIO(),
    "bytes that were read": lambda directory: read_to(io.BytesIO(b"some bytes"), 4),
}


VALIDATORS: list[dict[str, Any]] = [
    {"etag": "another tag"},
    {"etag": "my tag", "last_modified": MODIFIED},
    {"etag": "my tag", "as_attachment": True},
]


def read_to(file: io.BytesIO, place: int) -> io.BytesIO:
    file.seek(place)
    return file


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_sources(directory: Path, source: Callable[[Path], Any], method: str) -> None:
    for fields in CONDITIONS.values():
        for options in VALIDATORS:
            given: dict[str, Any] = {"mimetype": "text/plain", "download_name": "a.txt"} | options
            expected, found = file_answers(
                lambda: source(directory), request(method, fields), **given
            )
            assert found == expected


@pytest.mark.parametrize("fields", CONDITIONS.values(), ids=CONDITIONS.keys())
@pytest.mark.parametrize("name", ["hello.css", "large.bin", "empty.txt"])
def test_a_file_wrapper_changes_nothing(directory: Path, name: str, fields: dict[str, str]) -> None:
    plain = request("GET", fields)
    expected, found = directory_answers(
        directory, name, lambda: plain() | {"wsgi.file_wrapper": FileWrapper}
    )
    assert found == expected == directory_answers(directory, name, plain)[1]


RANGES = [
    None,
    *[
        "bytes=0-0",
        "bytes=0-",
        "bytes=-5",
        "bytes=5-",
        "bytes=3-7",
        "bytes=20-20",
        "bytes=20-99",
        "bytes=0-20",
    ],
    *[
        "bytes=21-",
        "bytes=-99",
        "bytes=-0",
        "bytes=7-3",
        "bytes=0-1,3-4",
        "bytes=0-,-1",
        "bytes= 1 - 2 ",
    ],
    *[
        "BYTES=1-2",
        "items=0-1",
        "bytes=",
        "bytes",
        "",
        "bytes=a-b",
        "bytes=+1-2",
        f"bytes=0-{'9' * 30}",
    ],
    *[
        f"bytes=0-{'9' * 5_000}",
        f"bytes={'9' * 5_000}-",
        "bytes=1-2-3",
        "bytes 0-1",
        "bytes=\xa01-2",
        "bytes=1_0-",
    ],
]

TAGS = [
    None,
    *[
        "*",
        "TAG",
        "W/TAG",
        "w/TAG",
        '"other"',
        'W/"other"',
        'TAG, "other"',
        '"other", W/TAG',
        '"a,b" ,TAG',
    ],
    *["", " ", ",", '"', '""', "TAG x", "other", " *", "*, TAG", "BARE", "BARE, other", "é"],
]

DATES = [
    None,
    LAST_MODIFIED,
    "Tue, 14 Nov 2023 22:13:19 GMT",
    "Tue, 14 Nov 2023 22:13:21 GMT",
    "Tuesday, 14-Nov-23 22:13:20 GMT",
    "Tue Nov 14 22:13:20 2023",
    "Wed, 15 Nov 2023 00:13:20 +0200",
    "Tue, 14 Nov 2023 22:13:20",
    "14 Nov 2023",
    "tomorrow",
    "",
    "Fri, 31 Dec 9999 23:59:59 GMT",
]


def conditional(
    method: str, fields: dict[str, str | None], tag: str
) -> Callable[[], "WSGIEnvironment"]:
    """A request in whose fields TAG stands for the entity tag, and BARE for it without its quotes."""
    present = {name: value for name, value in fields.items() if value is not None}
    for name, value in present.items():
        present[name] = value.replace("TAG", tag).replace("BARE", tag.strip('"'))
    return request(method, present)


ONE_FIELD: list[tuple[str, str | None]] = [
    *(("RANGE", value) for value in RANGES),
    *((name, value) for name in ("IF_NONE_MATCH", "IF_MATCH") for value in TAGS),
    *((name, value) for name in ("IF_MODIFIED_SINCE", "IF_UNMODIFIED_SINCE") for value in DATES),
]


@pytest.mark.parametrize("name", ["hello.css", "empty.txt", "large.bin"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_one_condition(directory: Path, name: str, method: str) -> None:
    tag = tag_of(directory, name)
    seen = set()
    for field, value in ONE_FIELD:
        environ = conditional(method, {field: value}, tag)
        expected, found = directory_answers(directory, name, environ)
        assert found == expected, (field, value)
        seen.add(found.code)
    if method == "POST":
        assert seen == {200}
    elif method == "HEAD" or name == "empty.txt":
        assert seen == {200, 304, 412}
    else:
        assert seen == {200, 206, 304, 412, 416}


@pytest.mark.parametrize("if_range", [*TAGS, *DATES])
def test_if_range(directory: Path, if_range: str | None) -> None:
    tag = tag_of(directory, "hello.css")
    for range_, (field, value) in itertools.product(
        [None, "bytes=2-5", "bytes=99-"],
        [
            ("RANGE_", None),
            ("IF_NONE_MATCH", "TAG"),
            ("IF_MATCH", "*"),
            ("IF_MODIFIED_SINCE", DATES[1]),
        ],
    ):
        fields = {"RANGE": range_, "IF_RANGE": if_range, field: value}
        environ = conditional("GET", fields, tag)
        expected, found = directory_answers(directory, "hello.css", environ)
        assert found == expected, fields


def joined(tags: list[str | None]) -> str | None:
    return ",".join(tag or "" for tag in tags)


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "RANGE": st.sampled_from(RANGES) | st.text(max_size=6).map("bytes={}".format),
        "IF_RANGE": st.sampled_from(TAGS + DATES),
        "IF_NONE_MATCH": st.sampled_from(TAGS) | st.lists(st.sampled_from(TAGS)).map(joined),
        "IF_MATCH": st.sampled_from(TAGS),
        "IF_MODIFIED_SINCE": st.sampled_from(DATES),
        "IF_UNMODIFIED_SINCE": st.sampled_from(DATES),
    },
)
METHODS = st.sampled_from(["GET", "GET", "GET", "HEAD", "POST"])


@settings(max_examples=250)
@given(st.sampled_from(["hello.css", "empty.txt", "large.bin"]), METHODS, FIELDS)
def test_any_conditions_together(
    directory: Path, name: str, method: str, fields: dict[str, str | None]
) -> None:
    environ = conditional(method, fields, tag_of(directory, name))
    expected, found = directory_answers(directory, name, environ)
    assert found == expected


@settings(max_examples=250)
@given(
    st.sampled_from([b"", b"a", b"some bytes"]),
    METHODS,
    FIELDS,
    st.fixed_dictionaries(
        {"etag": st.sampled_from(["my tag", "other"])},
        optional={
            "last_modified": st.sampled_from([None, 5, MODIFIED + 9]),
            "max_age": st.sampled_from([None, 0, 60]),
        },
    ),
)
def test_any_conditions_of_an_open_file(
    content: bytes, method: str, fields: dict[str, str | None], options: dict[str, Any]
) -> None:
    environ = conditional(method, fields, '"my tag"')
    expected, found = file_answers(
        lambda: io.BytesIO(content), environ, mimetype="text/plain", **options
    )
    assert found == expected


EARLIER, LATER = "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2100 00:00:00 GMT"


class Clause(NamedTuple):
    """What a request says, and the status that it is to have."""

    fields: dict[str, str]
    get: int
    head: int
    flask: int
    """What GET has from Flask as it comes."""
    undated: int | None = None
    """What GET is to have of a file without a date, where that is another status; HEAD has 200 then."""


CLAUSES = {
    # RFC 9110 §13.1.1, If-Match
    "any file": Clause({"IF_MATCH": "*"}, 200, 200, 412),
    "this file": Clause({"IF_MATCH": "TAG"}, 200, 200, 200),
    "one of several": Clause({"IF_MATCH": '"other", TAG'}, 200, 200, 200),
    "another file": Clause({"IF_MATCH": '"other"'}, 412, 412, 412),
    "this file, weakly": Clause({"IF_MATCH": "W/TAG"}, 412, 412, 412),
    "a part of this file": Clause({"IF_MATCH": "TAG", "RANGE": "bytes=2-5"}, 206, 200, 206),
    "a part of any file": Clause({"IF_MATCH": "*", "RANGE": "bytes=2-5"}, 206, 200, 206),
    "a part of another file": Clause({"IF_MATCH": '"other"', "RANGE": "bytes=2-5"}, 412, 412, 206),
    "no part of another file": Clause({"IF_MATCH": '"other"', "RANGE": "bytes=-0"}, 412, 412, 416),
    # §13.1.2, If-None-Match
    "no file": Clause({"IF_NONE_MATCH": "*"}, 304, 304, 304),
    "not this file": Clause({"IF_NONE_MATCH": "TAG"}, 304, 304, 304),
    "not this file, weakly": Clause({"IF_NONE_MATCH": '"other", W/TAG'}, 304, 304, 304),
    "not another file": Clause({"IF_NONE_MATCH": '"other"'}, 200, 200, 200),
    # §13.1.3, If-Modified-Since
    "changed since long ago": Clause({"IF_MODIFIED_SINCE": EARLIER}, 200, 200, 200),
    "changed since its date": Clause({"IF_MODIFIED_SINCE": "DATE"}, 304, 304, 304, undated=200),
    "changed since a later date": Clause({"IF_MODIFIED_SINCE": LATER}, 304, 304, 304, undated=200),
    # §13.1.4, If-Unmodified-Since
    "as it was long ago": Clause({"IF_UNMODIFIED_SINCE": EARLIER}, 412, 412, 200, undated=200),
    "as it was at its date": Clause({"IF_UNMODIFIED_SINCE": "DATE"}, 200, 200, 200),
    "as it is later": Clause({"IF_UNMODIFIED_SINCE": LATER}, 200, 200, 200),
    "as it was at no date": Clause({"IF_UNMODIFIED_SINCE": "tomorrow"}, 200, 200, 200),
    # §13.2.2, the order
    "this file, and not this file": Clause({"IF_MATCH": "TAG", "IF_NONE_MATCH": "TAG"}, 304, 304, 200),
    "any file, and not this file": Clause({"IF_MATCH": "*", "IF_NONE_MATCH": "TAG"}, 304, 304, 412),
    "another, and not this file": Clause({"IF_MATCH": '"other"', "IF_NONE_MATCH": "TAG"}, 412, 412, 412),
    "this file, whatever its date": Clause({"IF_MATCH": "TAG", "IF_UNMODIFIED_SINCE": EARLIER}, 200, 200, 200),
    "not another, whatever its date": Clause({"IF_NONE_MATCH": '"other"', "IF_MODIFIED_SINCE": LATER}, 200, 200, 200),
    "as it was, and changed": Clause(
        {"IF_UNMODIFIED_SINCE": EARLIER, "IF_MODIFIED_SINCE": "DATE"}, 412, 412, 304, undated=200
    ),
    "a part, and not of this file": Clause({"IF_NONE_MATCH": "TAG", "RANGE": "bytes=2-5"}, 304, 304, 206),
    "a part, and of no file": Clause({"IF_NONE_MATCH": "*", "RANGE": "bytes=2-5"}, 304, 304, 206),
    "a part, and not of another file": Clause({"IF_NONE_MATCH": '"other"', "RANGE": "bytes=2-5"}, 206, 200, 206),
    "no part, and not of this file": Clause({"IF_NONE_MATCH": "TAG", "RANGE": "bytes=99999-"}, 304, 304, 416),
    "a part, if it has changed": Clause(
        {"IF_MODIFIED_SINCE": "DATE", "RANGE": "bytes=2-5"}, 304, 304, 206, undated=206
    ),
    "a part, as it was long ago": Clause(
        {"IF_UNMODIFIED_SINCE": EARLIER, "RANGE": "bytes=2-5"}, 412, 412, 206, undated=206
    ),
    # §13.1.5, If-Range
    "the rest of this file": Clause({"RANGE": "bytes=2-5", "IF_RANGE": "TAG"}, 206, 200, 206),
    "the rest of this file, weakly": Clause({"RANGE": "bytes=2-5", "IF_RANGE": "W/TAG"}, 200, 200, 206),
    "the rest of another file": Clause({"RANGE": "bytes=2-5", "IF_RANGE": '"other"'}, 200, 200, 200),
    "the rest of one of several": Clause({"RANGE": "bytes=2-5", "IF_RANGE": 'TAG, "other"'}, 200, 200, 200),
    "the rest as of its date": Clause({"RANGE": "bytes=2-5", "IF_RANGE": "DATE"}, 206, 200, 206, undated=200),
    "the rest as of a later date": Clause({"RANGE": "bytes=2-5", "IF_RANGE": LATER}, 200, 200, 206),
    "the rest as of long ago": Clause({"RANGE": "bytes=2-5", "IF_RANGE": EARLIER}, 200, 200, 200),
    "no rest of this file": Clause({"RANGE": "bytes=99999-", "IF_RANGE": "TAG"}, 416, 200, 416),
    "no rest of another file": Clause({"RANGE": "bytes=99999-", "IF_RANGE": '"other"'}, 200, 200, 200),
    "a tag without a range": Clause({"IF_RANGE": '"other"'}, 200, 200, 200),
    # §14.1.2 and §14.2, Range
    "a range": Clause({"RANGE": "bytes=2-5"}, 206, 200, 206),
    "a range to beyond the end": Clause({"RANGE": "bytes=2-99999"}, 206, 200, 206),
    "a range from beyond the end": Clause({"RANGE": "bytes=99999-"}, 416, 200, 416),
    "a suffix": Clause({"RANGE": "bytes=-5"}, 206, 200, 206),
    "a suffix longer than the file": Clause({"RANGE": "bytes=-99999"}, 206, 200, 416),
    "a suffix of nothing": Clause({"RANGE": "bytes=-0"}, 416, 200, 416),
    "a range that goes backwards": Clause({"RANGE": "bytes=5-2"}, 416, 200, 416),
    "a range of letters": Clause({"RANGE": "bytes=a-b"}, 416, 200, 416),
    "a range with two signs": Clause({"RANGE": "bytes=0--0"}, 416, 200, 206),
    "a unit alone": Clause({"RANGE": "bytes"}, 416, 200, 416),
    "several ranges": Clause({"RANGE": "bytes=0-1,3-4"}, 416, 200, 416),
    "a unit in capitals": Clause({"RANGE": "BYTES=2-5"}, 206, 200, 206),
    "another unit": Clause({"RANGE": "lines=2-5"}, 200, 200, 416),
    "another unit with two signs": Clause({"RANGE": "lines=0--0"}, 200, 200, 416),
    "no unit": Clause({"RANGE": "2-5"}, 200, 200, 416),
}  # fmt: skip


@dataclass
class Place:
    """A file of both whole applications."""

    flask: Application
    scratch: Application
    path: str
    content: bytes = b""
    tag: str = ""
    date: str = ""

    def ask(self, method: str, fields: Mapping[str, str]) -> Answer:
        """The one answer of the two."""
        written = {
            name: value.replace("TAG", self.tag).replace("DATE", self.date)
            for name, value in fields.items()
        }
        environ = request(method, written)
        place = {"PATH_INFO": self.path, "REQUEST_URI": self.path, "RAW_URI": self.path}
        expected = received(self.flask, environ() | place)
        found = received(self.scratch, environ() | place)
        assert found == expected
        return found


@pytest.fixture(scope="module", params=["a static file", "a stored download"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    settings = Settings(
        secret_key="a key for tests", downloads_url=str(tmp_path_factory.mktemp("downloads"))
    )
    theirs, ours = flask_version.create_app(settings), wsgi_from_scratch.create_app(settings)
    path = "/css/hello.css"
    if request.param == "a stored download":
        path = "/download/" + ours.extensions["downloads"].save_csv(b"a,b\n1,2\n")
    found = Place(theirs, ours, path)
    whole = found.ask("GET", {})
    fields = dict(whole.fields)
    return replace(
        found,
        content=whole.body,
        tag=fields["ETag"],
        date=fields.get("Last-Modified", ""),
    )


ABOUT_THE_FILE = {"ETag", "Accept-Ranges", "Content-Disposition", "Cache-Control"}


@pytest.mark.parametrize("clause", CLAUSES.values(), ids=CLAUSES.keys())
def test_each_clause_in_the_applications(place: Place, clause: Clause) -> None:
    get, head = clause.get, clause.head
    if clause.undated and not place.date:
        get, head = clause.undated, 200
    answer, of_head = place.ask("GET", clause.fields), place.ask("HEAD", clause.fields)
    assert (answer.code, of_head.code) == (get, head)

    fields, size = dict(answer.fields), str(len(place.content))
    if get in (412, 416):
        assert f"{get} {REASONS[get]}".encode() in answer.body
        assert not ABOUT_THE_FILE & fields.keys()
    else:
        assert fields.keys() >= ABOUT_THE_FILE
    if get == 206:
        assert answer.body in place.content
        assert fields["Content-Range"].endswith(f"/{size}")
        assert fields["Content-Length"] == str(len(answer.body))
    else:
        assert fields.get("Content-Range") == (f"bytes */{size}" if get == 416 else None)
    if get == 200:
        assert answer.body == place.content
    assert of_head.body == b""
    if head == 200:
        assert dict(of_head.fields)["Content-Length"] == size


@pytest.mark.parametrize("clause", CLAUSES.values(), ids=CLAUSES.keys())
def test_each_clause_in_flask_as_it_comes(directory: Path, clause: Clause) -> None:
    """Where this fails, Flask has changed, and ``ConditionalResponse`` may have less to correct."""
    fields = {name: value.replace("DATE", LAST_MODIFIED) for name, value in clause.fields.items()}
    environ = conditional("GET", dict(fields), tag_of(directory, "hello.css"))()
    answer = theirs(
        environ, lambda: flask.send_from_directory(directory, "hello.css"), as_it_comes=True
    )
    assert answer.code == clause.flask


PARENTS = [
    "..",
    ".",
    "...",
    "..;",
    " ..",
    ".. ",
    "..\\",
    "%2e%2e",
    "..%2f",
    "..%00",
    "\uff0e\uff0e",
    "..\t",
    "~",
    "",
    "....//..",
]
JOINTS = ["/", "//", "/./", "\\", "/hello.css/../"]
TARGETS = ["canary.txt", "static-secret/canary.txt", "../canary.txt", "hello.css"]
SPELLINGS = [
    f"{start}{parent}{joint}{target}"
    for start, parent, joint, target in itertools.product(["", "folder/"], PARENTS, JOINTS, TARGETS)
]


def test_every_spelling_of_a_way_out_is_decided_alike_and_leads_nowhere(directory: Path) -> None:
    assert len(SPELLINGS) > 240
    codes = set()
    for name in SPELLINGS:
        expected, found = directory_answers(directory, name, request())
        assert found == expected, name
        assert found.body != b"canary", name
        codes.add(found.code)
    assert codes == {200, 404}


NAMES = {
    "the directory itself": "",
    "a dot": ".",
    "a slash after a file": "hello.css/",
    "a slash and a dot after a file": "hello.css/.",
    "a directory": "folder",
    "a file of a directory": "folder//inner.css",
    "a detour": "folder/../hello.css",
    "a detour over nothing": "absent/../hello.css",
    "below a file": "hello.css/inner",
    "a dot before": "./hello.css",
    "absolute": "/etc/passwd",
    "NUL": "hello.css\0",
    "NUL alone": "\0",
    "a backslash": "folder\\inner.css",
    "a drive": "C:/hello.css",
    "a device": "CON",
    "a device with an extension": "nul.css",
    "a network path": "//server/share/a",
    "300 characters": "a" * 300,
    "10,000 characters": "a" * 10_000,
    "10,000 parts": "a/" * 5_000 + "..",
    "another case": "HELLO.CSS",
    "another form of Unicode": "u\u0308ni\u0308co\u0308de\u0301 “file”.txt",
    "a control character": "\x7f",
    "a replaced character": "\ufffd.txt",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_names_are_found_or_not_alike(directory: Path, name: str) -> None:
    for root in (directory, str(directory), f"{directory}/", f"{directory}//"):
        expected, found = directory_answers(root, name, request())
        assert found == expected


PATHS = st.lists(
    st.sampled_from(
        ["..", ".", "/", "//", "a", "b.css", "\\", "", "C:", "CON", "nul.txt", "com¹", " aux "]
    ),
    max_size=8,
).map("/".join) | st.text(max_size=8)


@settings(max_examples=300)
@given(st.sampled_from(["/srv", "/srv/", "srv", "", "."]), PATHS)
def test_names_are_joined_alike(directory: str, path: str) -> None:
    assert static_files.safe_join(directory, path) == werkzeug.security.safe_join(directory, path)


def test_names_are_joined_alike_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [
        "a",
        "CON",
        "con.txt",
        "nul:x",
        "COM1",
        "com¹.a",
        "LPT9 ",
        "lpt0",
        "CONIN$",
        "conout$.x",
        "prn",
        "aux.",
    ]
    paths = [*parts, *(f"a/{part}/b" for part in parts), "a\\b", "..\\a", "a:b", "console"]
    monkeypatch.setattr(werkzeug.security, "_os_alt_seps", ["\\"])
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        answers = [
            (static_files.safe_join("static", path), werkzeug.security.safe_join("static", path))
            for path in paths
        ]
    assert [ours for ours, _ in answers] == [expected for _, expected in answers]
    assert 0 < sum(ours is None for ours, _ in answers) < len(paths)


@pytest.mark.parametrize("field", ["IF_MODIFIED_SINCE", "IF_UNMODIFIED_SINCE", "IF_RANGE"])
def test_a_date_beyond_a_c_integer_fails_in_flask_and_is_no_date_here(
    directory: Path, field: str
) -> None:
    """Below Werkzeug it is python/cpython#153406; where that is put right, both answer alike."""
    absurd = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
    environ = request("GET", {"RANGE": "bytes=0-1", field: absurd})
    expected, found = directory_answers(directory, "hello.css", environ)
    assert found == expected
    assert found.code == (200 if field == "IF_RANGE" else 206)
    try:
        werkzeug.http.is_resource_modified(environ(), "a", ignore_if_range=False)
    except OverflowError:
        assert field != "IF_UNMODIFIED_SINCE"  # at which Werkzeug does not look
