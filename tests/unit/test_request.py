import io
from typing import Any

import pytest

from wsgi_from_scratch.errors import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from wsgi_from_scratch.forms import Limits
from wsgi_from_scratch.request import Request


class Unread(io.BytesIO):
    """A body that nobody may touch."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise AssertionError("the body was read")


def request(**environ: Any) -> Request:
    return Request(environ, Limits(), max_content_length=1_000)


def posted(body: bytes, content_type: str) -> Request:
    return request(
        **{"wsgi.input": io.BytesIO(body)},
        REQUEST_METHOD="POST",
        CONTENT_TYPE=content_type,
        CONTENT_LENGTH=str(len(body)),
    )


def test_a_body_that_nobody_asks_for_is_not_read() -> None:
    asked = request(
        **{"wsgi.input": Unread(b"a=1")},
        REQUEST_METHOD="post",
        PATH_INFO="/x",
        QUERY_STRING="b=2",
        HTTP_COOKIE="c=3",
        CONTENT_TYPE="application/x-www-form-urlencoded",
        CONTENT_LENGTH="3",
    )
    assert (asked.method, asked.path, asked.args["b"], asked.cookies["c"]) == (
        "POST",
        "/x",
        "2",
        "3",
    )


def test_a_form_is_parsed_once() -> None:
    form = posted(b"a=1", "application/x-www-form-urlencoded")
    assert form.form is form.form
    assert form.form["a"] == "1"


def test_a_request_names_all_files_that_are_to_be_closed() -> None:
    file = b'--x\r\nContent-Disposition: form-data; name="f"; filename="n"\r\n\r\n2\r\n'
    form = posted(file * 2 + b"--x--\r\n", "multipart/form-data; boundary=x")
    assert not form.parsed_files
    files = form.files.getlist("f")
    assert form.parsed_files == files
    assert len(files) == 2


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "data", "form"),
    [(FORM, b"", {"a": "1"}), ("text/plain", b"a=1", {}), ("", b"a=1", {})],
)
def test_only_a_body_that_is_no_form_is_data(
    content_type: str, data: bytes, form: dict[str, str]
) -> None:
    asked = posted(b"a=1", content_type)
    assert asked.data == asked.data == data
    assert dict(asked.form.items()) == form


def test_a_form_can_be_parsed_from_a_body_that_was_read_whole() -> None:
    asked = posted(b"a=1", FORM)
    assert asked.get_data() == asked.get_data() == b"a=1"
    assert asked.form["a"] == "1"
    assert asked.data == b"a=1"


def test_a_request_with_nothing_in_it_has_nothing_but_a_method() -> None:
    asked = request()
    assert (asked.method, asked.path, asked.host, asked.query_string) == ("GET", "/", "", b"")
    assert (len(asked.args), len(asked.cookies), asked.content_length) == (0, 0, None)
    assert (asked.content_type, asked.mimetype, asked.is_json) == (None, "", False)


def test_the_head_says_what_the_body_is() -> None:
    asked = posted(b"abc", "Text/HTML; charset=utf-8")
    assert (asked.content_length, asked.mimetype) == (3, "text/html")
    assert asked.headers.get("content-type") == "Text/HTML; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"{}", "text/plain", UnsupportedMediaType),
        (b"{}", "", UnsupportedMediaType),
        (b"{", "application/json", BadRequest),
        (b"", "application/json", BadRequest),
        (b"\xff", "application/json", BadRequest),
        (b"1" * 900, "application/json", None),
        (b"[" * 1_001, "application/json", RequestEntityTooLarge),
    ],
)
def test_json_is_read_or_refused_with_its_own_error(
    body: bytes, content_type: str, error: type[Exception] | None
) -> None:
    asked = posted(body, content_type)
    if error is None:
        assert isinstance(asked.json, int)
    else:
        with pytest.raises(error):
            asked.json  # noqa: B018  # reading it is what fails


def test_a_media_type_is_the_same_in_any_case() -> None:
    assert posted(b"a=1", "Application/X-WWW-Form-Urlencoded").form["a"] == "1"


def test_json_is_no_image_of_that_suffix() -> None:
    assert not posted(b"{}", "image/x+json").is_json


def test_data_that_was_taken_whole_is_not_parsed_as_a_form() -> None:
    asked = Request(posted(b"a=1&b=2", FORM).environ, Limits(max_form_parts=1), 100)
    assert asked.get_data() == asked.data == b"a=1&b=2"
