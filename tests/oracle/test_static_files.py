"""The same request for the same file through Flask and through us leaves the same answer."""

import io
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
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

from wsgi_from_scratch import errors, static_files

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


def theirs(environ: "WSGIEnvironment", send: Callable[[], flask.Response]) -> Answer:
    """The answer of a whole Flask application whose only view calls ``send``; error pages are left out."""
    app = flask.Flask(__name__)
    app.testing = True
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
    directory: Path | str, name: str, environ: Callable[[], "WSGIEnvironment"], **options: Any
) -> tuple[Answer, Answer]:
    """Flask's and ours; each gets an environ of its own."""
    mine = environ()
    return (
        theirs(environ(), lambda: flask.send_from_directory(directory, name, **options)),
        our_answer(
            mine, lambda: static_files.send_from_directory(mine, directory, name, **options)
        ),
    )


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
    "no tag": {"etag": False},
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
    "a negative age": {"max_age": -5},
    "no tag and a date": {"etag": False, "last_modified": 5},
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
def test_options(directory: Path, options: dict[str, Any], method: str) -> None:
    for fields in CONDITIONS.values():
        expected, found = directory_answers(
            directory, "hello.css", request(method, fields), **options
        )
        assert found == expected


SOURCES: dict[str, Callable[[Path], Any]] = {
    "a path": lambda directory: directory / "hello.css",
    "a text": lambda directory: str(directory / "hello.css"),
    "a path that is not normal": lambda directory: f"{directory}/folder/../hello.css",
    "a large file": lambda directory: directory / "large.bin",
    "an open file": lambda directory: (directory / "hello.css").open("rb"),
    "bytes": lambda directory: io.BytesIO(b"some bytes"),
    "no bytes": lambda directory: io.BytesIO(),
    "bytes that were read": lambda directory: read_to(io.BytesIO(b"some bytes"), 4),
}


VALIDATORS: list[dict[str, Any]] = [
    {},
    {"etag": "my tag", "last_modified": MODIFIED},
    {"as_attachment": True},
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
            environ, mine = request(method, fields)(), request(method, fields)()
            file, my_file = source(directory), source(directory)
            expected = theirs(environ, lambda: flask.send_file(file, **given))  # noqa: B023 - called here
            found = our_answer(mine, lambda: static_files.send_file(mine, my_file, **given))  # noqa: B023  # called at once
            assert found == expected
            if hasattr(file, "closed"):
                assert my_file.closed == file.closed is True


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
    elif name != "empty.txt":
        assert seen == {200, 206, 304, 412, 416}


WITH_AND_WITHOUT_A_TAG: list[dict[str, Any]] = [{}, {"etag": False}]


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
        for options in WITH_AND_WITHOUT_A_TAG:
            fields = {"RANGE": range_, "IF_RANGE": if_range, field: value}
            environ = conditional("GET", fields, tag)
            expected, found = directory_answers(directory, "hello.css", environ, **options)
            assert found == expected, (fields, options)


def joined(tags: list[str | None]) -> str | None:
    return ",".join(tag or "" for tag in tags)


@settings(deadline=None, max_examples=250)
@given(
    name=st.sampled_from(["hello.css", "empty.txt", "large.bin"]),
    method=st.sampled_from(["GET", "GET", "GET", "HEAD", "POST"]),
    fields=st.fixed_dictionaries(
        {},
        optional={
            "RANGE": st.sampled_from(RANGES) | st.text(max_size=6).map("bytes={}".format),
            "IF_RANGE": st.sampled_from(TAGS + DATES),
            "IF_NONE_MATCH": st.sampled_from(TAGS) | st.lists(st.sampled_from(TAGS)).map(joined),
            "IF_MATCH": st.sampled_from(TAGS),
            "IF_MODIFIED_SINCE": st.sampled_from(DATES),
            "IF_UNMODIFIED_SINCE": st.sampled_from(DATES),
        },
    ),
    options=st.fixed_dictionaries(
        {},
        optional={
            "etag": st.sampled_from([True, False, "other"]),
            "last_modified": st.sampled_from([None, 5, MODIFIED + 9]),
            "max_age": st.sampled_from([None, 0, 60]),
        },
    ),
)
def test_any_conditions_together(
    directory: Path, name: str, method: str, fields: dict[str, str | None], options: dict[str, Any]
) -> None:
    tag = tag_of(directory, name)
    environ = conditional(method, fields, tag)
    expected, found = directory_answers(directory, name, environ, **options)
    assert found == expected


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


@settings(deadline=None, max_examples=300)
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


@pytest.mark.parametrize("field", ["IF_MODIFIED_SINCE", "IF_RANGE"])
def test_a_date_beyond_a_c_integer_fails_in_flask_and_is_no_date_here(
    directory: Path, field: str
) -> None:
    """Below Werkzeug it is python/cpython#153406; where that is put right, both answer alike."""
    absurd = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
    environ = request("GET", {"RANGE": "bytes=0-1", field: absurd})
    mine = environ()
    send = static_files.send_from_directory
    found = our_answer(mine, lambda: send(mine, directory, "hello.css"))
    assert found.code == (206 if field == "IF_MODIFIED_SINCE" else 200)
    try:
        werkzeug.http.is_resource_modified(environ(), "a", ignore_if_range=False)
    except OverflowError:
        return
    expected, _ = directory_answers(directory, "hello.css", environ)
    assert found == expected
