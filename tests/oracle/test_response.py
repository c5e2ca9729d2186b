"""The same return value through Flask's make_response and through ours leaves the same answer."""

import dataclasses
import datetime
import decimal
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import flask
import pytest
from markupsafe import Markup
from werkzeug.test import create_environ

from wsgi_from_scratch import response as ours

Sent = tuple[str, list[tuple[str, str]], bytes]


def sent_by(application: Callable[..., Iterable[bytes]], method: str = "GET") -> Sent:
    head: list[Any] = []
    body = application(
        create_environ(method=method),
        lambda status, fields, exc_info=None: head.extend((status, fields)),
    )
    sent = b"".join(body)
    close = getattr(body, "close", None)
    if close is not None:
        close()
    return head[0], head[1], sent


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Badge:
    def __html__(self) -> str:
        return "<b>new</b>"


def chunks() -> Iterator[str]:
    yield "one, "
    yield "zwö"


VALUES: dict[str, Callable[[Any], Any]] = {
    "text": lambda make: "Grüße",
    "no text": lambda make: "",
    "bytes": lambda make: b"\x00\xff",
    "dict": lambda make: {"b": 1, "a": [1.5, None, True, "ü"]},
    "list": lambda make: [1, {"x": "</script>"}],
    "json of other types": lambda make: {
        "date": datetime.date(2024, 2, 29),
        "datetime": datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.UTC),
        "decimal": decimal.Decimal("1.10"),
        "uuid": uuid.UUID(int=7),
        "dataclass": Point(1, 2),
        "markup": Markup("<b>"),
        "what shows itself as markup": Badge(),
    },
    "generator of texts": lambda make: chunks(),
    "iterator of bytes": lambda make: iter([b"a", b"b"]),
    "text and status": lambda make: ("made", 201),
    "unknown status": lambda make: ("made", 299),
    "a truth for a status": lambda make: ("made", True),
    "text and headers": lambda make: ("made", {"X-A": "1", "Content-Type": "text/plain"}),
    "text, status, headers": lambda make: ("made", 404, [("X-A", "1"), ("x-a", "2")]),
    "dict and status": lambda make: ({"a": 1}, 201),
    "dict, status, headers": lambda make: (
        {"a": 1},
        201,
        {"X-A": "1", "Content-Type": "application/problem+json"},
    ),
    "response": lambda make: make("x", 202),
    "response and status": lambda make: (make("x", 202), 203),
    "response and headers": lambda make: (make("x", 202), {"X-A": "1"}),
    "response and headers twice": lambda make: (
        make("x", headers={"X-A": "0"}),
        [("X-A", "1"), ("X-A", "2")],
    ),
    "response with a type": lambda make: make("x", mimetype="application/xml"),
    "response with svg": lambda make: make("x", mimetype="image/svg+xml"),
    "response with an exact type": lambda make: make("x", content_type="text/x"),
    "response with a list body": lambda make: make([b"a", b"b"]),
    "response with a location": lambda make: make("", 302, headers={"Location": "/grüße?ö=ü#ä"}),
    "bytes that can be changed": lambda make: bytearray(b"x"),
    "a status of None": lambda make: ("x", None),
    "a status and fields of None": lambda make: ("x", None, None),
    "a status of None and fields": lambda make: ("x", None, {"X-A": "1"}),
    "a response and a status of None": lambda make: (make("x", 202), None),
    "fields in a tuple": lambda make: ("x", (("X-A", "1"), ("X-B", "2"))),
    "a status of 0": lambda make: ("x", 0),
    "no content": lambda make: make("ignored", 204),
    "not modified": lambda make: make(
        "ignored",
        304,
        headers={
            "ETag": '"a"',
            "Allow": "GET",
            "Expires": "0",
            "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT",
            "Content-Encoding": "gzip",
            "Content-Language": "de",
            "Content-Length": "7",
            "Content-Location": "/x",
            "Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg==",
            "Content-Range": "bytes 0-6/7",
        },
    ),
    "continue": lambda make: make("ignored", 100),
}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("name", VALUES)
def test_a_return_value_becomes_the_same_answer(name: str, method: str) -> None:
    value = VALUES[name]
    app = flask.Flask("oracle")
    with app.test_request_context(method=method):
        expected = sent_by(app.make_response(value(flask.Response)), method)
    assert sent_by(ours.make_response(value(ours.Response)), method) == expected


def test_changing_a_response_leaves_the_fields_in_the_same_order() -> None:
    def change(response: Any) -> Any:
        response.status_code = 202
        response.data = "text"
        response.content_type = "text/customkumartext"
        response.headers["X-A"] = "1"
        response.data = b"other"
        response.location = "/x"
        return response

    app = flask.Flask("oracle")
    with app.test_request_context():
        expected = sent_by(change(flask.make_response()))
    assert sent_by(change(ours.make_response())) == expected


@pytest.mark.parametrize("value", [None, 5, object(), ("a", 200, {}, "b"), (), ("a",)])
def test_what_is_no_return_value_is_a_type_error_in_both(value: Any) -> None:
    app = flask.Flask("oracle")
    with app.test_request_context(), pytest.raises(TypeError):
        app.make_response(value)
    with pytest.raises(TypeError):
        ours.make_response(value)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_has_the_same_status_and_location(code: int) -> None:
    expected = sent_by(flask.redirect("/grüße", code))
    answer = sent_by(ours.redirect("/grüße", code))
    assert answer[0] == expected[0]
    assert dict(answer[1])["Location"] == dict(expected[1])["Location"]


def test_cookies_are_set_and_deleted_with_the_same_fields() -> None:
    def change(response: Any) -> Any:
        response.set_cookie("a", "b c", httponly=True, samesite="Lax", max_age=None, path="/x")
        response.delete_cookie("a", httponly=True, samesite="Lax", path="/x")
        return response

    app = flask.Flask("oracle")
    with app.test_request_context():
        expected = sent_by(change(flask.Response("x")))
    assert sent_by(change(ours.Response("x"))) == expected
