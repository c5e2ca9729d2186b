"""The known difference is there, and ours is right; what is nearly the same gets the same answer from both."""

import io
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from comparison.differences import known_difference
from comparison.exchange import Application, Exchange, Jar, exchange
from comparison.pair import Pair
from comparison.steps import (
    JSON,
    TEXT,
    URLENCODED,
    Part,
    Step,
    get,
    multipart,
    post,
    send_in_process,
    upload,
)
from comparison.study import differs
from comparison.wire import parse_request
from tutorial.settings import Settings

pytestmark = pytest.mark.usefixtures("still")


def both(pair: Pair, step: Step) -> tuple[Exchange, Exchange]:
    flask, scratch = (send_in_process(app, step, Jar()) for app in (pair.flask, pair.scratch))
    return flask, scratch


def name_of_difference(step: Step) -> str | None:
    known = known_difference(parse_request(step.raw))
    return known.name if known else None


PIECE = 64 * 1024
AROUND = len(parse_request(upload("/", "a.txt", TEXT, b"").raw).body)


@pytest.mark.parametrize("surplus", range(8))
def test_a_file_is_the_same_wherever_its_body_is_cut(surplus: int, pair: Pair) -> None:
    content = b"x" * (PIECE - AROUND + surplus)
    step = upload("/file_upload", "a.txt", TEXT, content)
    flask, scratch = both(pair, step)
    assert scratch.body == content
    assert scratch.lines() == flask.lines()


@pytest.mark.parametrize(("size", "is_known"), [(400_000, False), (490_000, True)])
def test_what_is_nearly_too_large_is_refused_by_werkzeug(
    size: int, is_known: bool, pair: Pair
) -> None:
    form = parse_request(upload("/file_upload", "a.txt", TEXT, b"notes" * 20_000).raw).body
    preamble = b"x" * size + b"\r\n"
    step = post("/file_upload", "multipart/form-data; boundary=boundary", preamble + form)
    flask, scratch = both(pair, step)
    assert scratch.status == "200 OK"
    assert (name_of_difference(step) == "nearly too large") is is_known
    if is_known:
        assert flask.status == "413 REQUEST ENTITY TOO LARGE"
    else:
        assert scratch.lines() == flask.lines()


@pytest.mark.parametrize(
    "step",
    [
        multipart("/", Part("username", b"x" * 600_000)),
        multipart("/", *[Part("username", b"x")] * 1_001),
        post("/", URLENCODED, b"x" * 490_000),
        post("/", URLENCODED, b"x" * 600_000),
    ],
    ids=["field", "parts", "urlencoded", "large urlencoded"],
)
def test_a_form_of_which_both_say_the_same_is_no_known_difference(step: Step, pair: Pair) -> None:
    flask, scratch = both(pair, step)
    assert name_of_difference(step) is None
    assert scratch.lines() == flask.lines()


@pytest.mark.parametrize(
    ("fields", "status"), [(98, "200 OK"), (99, "413 REQUEST ENTITY TOO LARGE")]
)
@pytest.mark.parametrize("filename", ["a.txt", None])
def test_a_part_has_a_limited_number_of_header_fields_in_both(
    filename: str | None, fields: int, status: str, pair: Pair
) -> None:
    more = "".join(f"\r\nX-{number}: 1" for number in range(fields))
    step = multipart(
        "/file_upload",
        Part("more", b"notes", filename, f"{TEXT}{more}"),
        Part("file", b"notes", "a.txt"),
    )
    flask, scratch = both(pair, step)
    assert scratch.lines() == flask.lines()
    assert scratch.status == status


@pytest.mark.parametrize(
    "part",
    [
        lambda text: Part(text, b"notes"),
        lambda text: Part(text, b"notes", "a.txt"),
        lambda text: Part("more", b"notes", text),
        lambda text: Part("more", b"notes", None, f"{TEXT}\r\nX: {text}"),
        lambda text: Part("more", b"notes", "a.txt", f"{TEXT}\r\nX: {text}"),
    ],
    ids=["field's name", "file's name", "filename", "other field", "other field of a file"],
)
@pytest.mark.parametrize("letter", ["x", "é", "\0", " x", "%22"])
def test_the_header_of_a_part_has_a_limited_size_in_both(
    part: Callable[[str], Part], letter: str, pair: Pair
) -> None:
    statuses = []
    for characters in range(16_280, 16_360, 3):
        more = part(letter * (characters // len(letter)))
        flask, scratch = both(
            pair, multipart("/file_upload", more, Part("file", b"notes", "a.txt"))
        )
        assert scratch.lines() == flask.lines()
        statuses.append(scratch.status)
    assert statuses[0] == "200 OK"
    assert statuses[-1] == "413 REQUEST ENTITY TOO LARGE"


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Thu, 01 Jan 2099 99999999999999999999:00:00 GMT",
        "Thu, 01 Jan 10000 00:00:00 GMT",
        "Thu, 01 Jan 2099 00:00:00 GMT",
        "tomorrow",
    ],
)
@pytest.mark.parametrize(
    "condition",
    ["If-Modified-Since", "If-Unmodified-Since", "Range: bytes=0-9\r\nIf-Range"],
)
def test_a_date_beyond_the_calendar_is_no_date_in_both(
    condition: str, date: str, pair: Pair
) -> None:
    flask, scratch = both(pair, get("/css/hello.css", f"{condition}: {date}"))
    assert scratch.lines() == flask.lines()
    assert scratch.status[:1] in "23"


def unannounced(application: Application, body: bytes) -> Application:
    """A server that has put a chunked body together, and marks its end."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        del environ["CONTENT_LENGTH"]
        environ["wsgi.input_terminated"] = True
        environ["wsgi.input"] = io.BytesIO(body)
        return application(environ, start_response)

    return answer


@pytest.mark.parametrize(
    ("surplus", "status"), [(0, "200 OK"), (1, "413 REQUEST ENTITY TOO LARGE")]
)
@pytest.mark.parametrize("content_type", [URLENCODED, JSON])
def test_an_unannounced_body_is_whole_or_refused_in_both(
    content_type: str, surplus: int, status: str, pair: Pair
) -> None:
    if content_type == URLENCODED:
        limit = pair.flask_lab.config["MAX_FORM_MEMORY_SIZE"]  # type: ignore[attr-defined]  # Flask's
        path, begin, end = "/", b"username=kumar&password=kumar&more=", b""
    else:
        limit = Settings.max_json_size
        path, begin, end = "/handle_js_post", b'{"greeting": "a", "name": "b", "more": "', b'"}'
    body = begin + b"x" * (limit - len(begin) - len(end) + surplus) + end
    request = parse_request(post(path, content_type, b"").raw)
    flask = exchange(unannounced(pair.flask, body), request)
    scratch = exchange(unannounced(pair.scratch, body), request)
    assert not differs(flask, scratch)
    assert scratch.status == status


FORM = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'

NAMELESS = FORM.replace(b"--b--\r\n", FORM).replace(b'; name="a"', b"", 1)


@pytest.mark.parametrize(
    "body", [FORM, NAMELESS, FORM[:-6], FORM + b"more", FORM.replace(b"Disp", b""), b""]
)
def test_what_is_left_of_a_body_whose_form_was_read_is_the_same_in_both(
    body: bytes, pair: Pair
) -> None:
    step = post("/lab/body", "multipart/form-data; boundary=b", body)
    labs = pair.flask_lab, pair.scratch_lab
    flask, scratch = (send_in_process(lab, step, Jar()) for lab in labs)
    assert scratch.lines() == flask.lines()
    assert scratch.status == "200 OK"
