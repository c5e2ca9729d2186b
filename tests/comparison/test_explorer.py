"""The explorer, called by its protocol: what it answers, and what it refuses."""

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from comparison.exchange import Exchange, exchange
from comparison.explorer import MAX_EDITED, MAX_POST, Bench, create_app, growth, read_order
from comparison.pair import Pair, make_pair
from comparison.scenarios import SCENARIOS, SECRET_KEY
from comparison.wire import Fields, Request
from wsgi_from_scratch.dispatch import Application

HOST = "localhost:8765"
HELLO = "GET /hello/Kumar HTTP/1.1\nHost: localhost\n\n"


@pytest.fixture(scope="module")
def explorer() -> Application:
    return create_app()


def ask(
    explorer: Application, path: str, body: bytes | None = None, **changed: str | None
) -> Exchange:
    """Ask as the explorer's own page does. A header that is changed to None is not sent."""
    headers: dict[str, str | None] = {"Host": HOST, "Sec-Fetch-Site": "same-origin"}
    if body is not None:
        headers |= {
            "Origin": f"http://{HOST}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    fields: Fields = tuple((name, value) for name, value in headers.items() if value is not None)
    method = "GET" if body is None else "POST"
    return exchange(explorer, Request(method, path, "1.1", fields, body or b""))


def post(explorer: Application, path: str, data: object) -> tuple[str, dict[str, Any]]:
    answer = ask(explorer, path, json.dumps(data).encode())
    return answer.status[:3], json.loads(answer.body)


def send(explorer: Application, text: str, **more: object) -> dict[str, Any]:
    status, reply = post(explorer, "/send", {"text": text} | more)
    assert status == "200", reply
    return reply


def test_the_page_lists_every_scenario_with_its_lesson(explorer: Application) -> None:
    page = ask(explorer, "/").body.decode()
    assert all(f'data-name="{name}"' in page for name in SCENARIOS)
    assert "A part of the path becomes an argument of the view." in page


@pytest.mark.parametrize(
    "path", ["/", "/explorer.js", "/css/hello.css", "/nothing", "/scenarios/x"]
)
def test_every_answer_carries_the_strict_policy(explorer: Application, path: str) -> None:
    answer = ask(explorer, path)
    policy = answer.header("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.header("X-Content-Type-Options") == "nosniff"


def test_the_page_has_neither_inline_script_nor_inline_style(explorer: Application) -> None:
    page = ask(explorer, "/").body.decode()
    answer = send(explorer, HELLO)["html"]
    for markup in (page, answer):
        assert " style=" not in markup
        assert "<style" not in markup
        assert " on" not in [part[:3] for part in markup.split("<script")[1:]]
        assert "<script>" not in markup


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8765", "[::1]:8765"])
def test_the_names_of_this_machine_are_answered(explorer: Application, host: str) -> None:
    assert ask(explorer, "/", Host=host).status[:3] == "200"


@pytest.mark.parametrize(
    "host",
    ["example.com", "localhost.example.com", "localhost:8765@example.com", "127.0.0.1.nip.io",
     "10.0.0.1", "localhost:", "", None, "localhost, example.com"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/explorer.js", "/scenarios/login", "/nothing"])
def test_any_other_host_is_refused(explorer: Application, host: str | None, path: str) -> None:
    answer = ask(explorer, path, Host=host)
    assert answer.status[:3] == "403"
    assert b"localhost and 127.0.0.1 alone" in answer.body


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": "http://example.com"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8000"},
        {"Origin": f"https://{HOST}"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
)
@pytest.mark.parametrize("path", ["/send", "/tamper"])
def test_a_post_from_elsewhere_is_refused(
    explorer: Application, changed: dict[str, str], path: str
) -> None:
    answer = ask(explorer, path, json.dumps({"text": HELLO}).encode(), **changed)
    assert answer.status[:3] == "403"
    assert b"Another site" in answer.body


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_post_that_a_foreign_form_could_make_is_refused(
    explorer: Application, content_type: str | None
) -> None:
    body = json.dumps({"text": HELLO}).encode()
    answer = ask(explorer, "/send", body, Content_Type=content_type, Origin=None)
    assert answer.status[:3] == "415"


def test_a_program_that_is_no_browser_may_post(explorer: Application) -> None:
    body = json.dumps({"text": HELLO}).encode()
    assert ask(explorer, "/send", body, Origin=None, Sec_Fetch_Site=None).status[:3] == "200"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "must end with an empty line"),
        ("GET /", "must end with an empty line"),
        ("hello\n\n", "The first line must read like"),
        ("GET  / HTTP/1.1\n\n", "The first line must read like"),
        ("GET http://example.com/ HTTP/1.1\n\n", "must be a path"),
        ("GET / HTTP/1.1\nHost\n\n", "needs a colon"),
        ("GET / HTTP/1.1\nX_A: 1\n\n", "underscore"),
        ("GET / HTTP/1.1\nA: \x01\n\n", "control character"),
        ("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n", "Transfer-Encoding"),
        ("POST / HTTP/1.1\n\nbody", "no Content-Length"),
        ("POST / HTTP/1.1\nContent-Length: 1\n\nbody", "more than Content-Length"),
        ("GET / HTTP/1.1\nHost: a\nHost: b\n\n", "one Host header"),
        ("\ud800 / HTTP/1.1\n\n", "no text"),
        (f"GET / HTTP/1.1\nA: {'b' * 70_000}\n\n", "larger than 64 KB"),
    ],
)
def test_a_malformed_request_is_answered_with_a_sentence(
    explorer: Application, text: str, sentence: str
) -> None:
    status, reply = post(explorer, "/send", {"text": text})
    assert status in ("200", "400")
    assert sentence in reply["error"]


@pytest.mark.parametrize(
    "data",
    [
        None, [], "text", 1, {"text": 1}, {"text": HELLO, "body": 1}, {"text": HELLO, "body": "*"},
        {"text": HELLO, "body": "é"}, {"text": HELLO, "mounted_at": "shop"}, {"text": HELLO, "mounted_at": 1},
        {"text": HELLO, "mounted_at": "/a?b"}, {"text": HELLO, "mounted_at": "/é"},
        {"text": HELLO, "mounted_at": "/shop"}, {"text": HELLO, "jars": []},
        {"text": HELLO, "jars": {"flask": []}}, {"text": HELLO, "jars": {"flask": {"a": 1}}},
        {"text": HELLO, "jars": {"scratch": {"a": "\r\nB: c"}}}, {"text": HELLO, "jars": {"flask": {"a b": ""}}},
        {"text": HELLO, "jars": {"flask": {"a": "€"}}}, {"text": HELLO, "jars": {"flask": {"a": "b; c=d"}}},
    ],
)  # fmt: skip
def test_what_the_page_would_never_send_is_refused_in_a_sentence(
    explorer: Application, data: object
) -> None:
    status, reply = post(explorer, "/send", data)
    assert status in ("200", "400")
    assert reply["error"].endswith(".")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", "400"),
        (b"{", "400"),
        (b"\xff", "400"),
        (b"[" * 100_000, "400"),
    ],
)
def test_a_post_that_is_no_json_is_refused(explorer: Application, body: bytes, status: str) -> None:
    answer = ask(explorer, "/send", body)
    assert answer.status[:3] == status
    assert json.loads(answer.body)["error"].endswith(".")


def test_a_post_beyond_the_limit_is_refused_before_it_is_read(explorer: Application) -> None:
    answer = ask(explorer, "/send", b"", Content_Length=str(MAX_POST + 1))
    assert answer.status[:3] == "413"
    assert b"at most 24 MB" in answer.body


@pytest.mark.parametrize("path", ["/send", "/tamper"])
def test_get_on_what_takes_posts_is_refused(explorer: Application, path: str) -> None:
    assert ask(explorer, path).status[:3] in ("404", "405")


@pytest.mark.parametrize(
    "path", ["/../explorer.py", "/%2e%2e/explorer.py", "/../../pyproject.toml"]
)
def test_no_file_outside_the_folder_is_served(explorer: Application, path: str) -> None:
    assert ask(explorer, path).status[:3] == "404"


def test_a_send_says_that_both_answers_are_identical(explorer: Application) -> None:
    reply = send(explorer, HELLO)
    assert reply["verdict"] == "identical"
    assert "both answers are identical" in reply["sentence"]
    assert "Hello Kumar!" in reply["html"]


def test_markup_that_an_application_answers_with_is_shown_and_never_markup(
    explorer: Application,
) -> None:
    reply = send(explorer, "GET /<script>alert(1)</script> HTTP/1.1\nHost: localhost\n\n")
    assert "<script" not in reply["html"]
    assert "&lt;script&gt;" in reply["html"]


def test_cookies_are_carried_over_by_the_page_and_not_by_the_server(explorer: Application) -> None:
    first = send(explorer, "GET /set_session_data HTTP/1.1\nHost: localhost\n\n")
    assert set(first["jars"]["flask"]) == {"session"}
    assert first["jars"]["flask"] == first["jars"]["scratch"]
    reading = "GET /get_session_data HTTP/1.1\nHost: localhost\n\n"
    with_jar = send(explorer, reading, jars=first["jars"])
    without = send(explorer, reading)
    assert with_jar["html"] != without["html"]
    assert with_jar["jars"] == first["jars"]
    assert without["jars"] == {"flask": {}, "scratch": {}}
    gone = send(explorer, "GET /clear_session HTTP/1.1\nHost: localhost\n\n", jars=first["jars"])
    assert gone["jars"] == {"flask": {}, "scratch": {}}


def session_jars(explorer: Application) -> Any:
    return send(explorer, "GET /set_session_data HTTP/1.1\nHost: localhost\n\n")["jars"]


@pytest.mark.parametrize("position", [0, 5, 40, 10_000])
def test_a_flipped_byte_makes_both_refuse_the_session(explorer: Application, position: int) -> None:
    jars = session_jars(explorer)
    status, reply = post(explorer, "/tamper", {"jars": jars, "flip": position})
    assert status == "200"
    assert reply["accepted"] == {"flask": False, "scratch": False}
    assert "both refuse" in reply["sentence"].lower()
    assert reply["jars"]["flask"]["session"] != jars["flask"]["session"]


def test_swapped_sessions_are_accepted_by_both(explorer: Application) -> None:
    jars = session_jars(explorer)
    jars["scratch"]["own"] = "kept"
    _, reply = post(explorer, "/tamper", {"jars": jars, "swap": True})
    assert reply["accepted"] == {"flask": True, "scratch": True}
    assert reply["jars"]["scratch"]["own"] == "kept"
    assert "own" not in reply["jars"]["flask"]


@pytest.mark.parametrize("flip", [-1, "0", None, 1.5, True])
def test_a_position_that_is_none_is_refused(explorer: Application, flip: object) -> None:
    status, reply = post(explorer, "/tamper", {"jars": session_jars(explorer), "flip": flip})
    assert status == "400"
    assert reply["error"].endswith(".")


def test_flipping_without_a_session_is_refused(explorer: Application) -> None:
    status, reply = post(explorer, "/tamper", {"jars": {}, "flip": 0})
    assert status == "400"
    assert "no session" in reply["error"]


def test_a_header_is_new_in_the_stage_that_set_it(explorer: Application) -> None:
    bench: Bench = explorer.extensions["bench"]
    order = read_order({"text": "GET /set_session_data HTTP/1.1\nHost: localhost\n\n"})
    sent = bench.send(order)
    for side in (sent.flask, sent.scratch):
        grown = growth(side.moments[0], side.header_origins[0])
        made, saved = grown[6][2], grown[7][2]
        assert "Content-Type" in [name for name, _ in made.new]
        assert "Set-Cookie" not in [name for name, _ in (*made.new, *made.old)]
        assert "Set-Cookie" in [name for name, _ in saved.new]
        assert "Content-Type" in [name for name, _ in saved.old]
        assert "name" in [name for name, _ in grown[5][1].new]


def test_the_line_that_set_a_header_is_named_for_both(explorer: Application) -> None:
    html = send(explorer, "GET /set_session_data HTTP/1.1\nHost: localhost\n\n")["html"]
    part = html.partition("Set-Cookie: session=")[2].partition("</details>")[0]
    assert "werkzeug/" in part
    assert "wsgi_from_scratch/" in part
    assert "/site-packages" not in html


def test_no_answer_shows_the_key(explorer: Application) -> None:
    for text in (HELLO, "GET /set_session_data HTTP/1.1\nHost: localhost\n\n"):
        assert SECRET_KEY not in json.dumps(send(explorer, text))


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_scenario_can_be_sent_step_by_step(explorer: Application, name: str) -> None:
    described = json.loads(ask(explorer, f"/scenarios/{name}").body)
    assert len(described["steps"]) == len(SCENARIOS[name].steps)
    jars: object = {}
    for step in described["steps"][:2]:
        assert len(step["text"]) <= MAX_EDITED + 20_000
        reply = send(explorer, **step, jars=jars)
        assert reply["verdict"] != "different"
        jars = reply["jars"]


def test_a_binary_body_reaches_both(explorer: Application) -> None:
    head = "POST /file_upload HTTP/1.1\nContent-Type: multipart/form-data; boundary=b\nContent-Length: {}\n\n"
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\xff\x00\r\n--b--\r\n'
    reply = send(explorer, head.format(len(body)), body=base64.b64encode(body).decode())
    assert reply["verdict"] == "identical"


def test_ten_megabytes_are_compared_whole_and_shown_in_part(explorer: Application) -> None:
    content = b"ten million bytes, and some; " * 361_580
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        + content
        + b"\r\n--b--\r\n"
    )
    head = f"POST /file_upload HTTP/1.1\nContent-Type: multipart/form-data; boundary=b\nContent-Length: {len(body)}\n\n"
    reply = send(explorer, head, body=base64.b64encode(body).decode())
    assert reply["verdict"] == "identical"
    assert "64 KB are shown" in reply["sentence"]
    assert len(json.dumps(reply)) < 2_000_000


# Views that misbehave, in both applications


def raising(ctx: Any) -> Any:
    raise RuntimeError("this view raises")


def endless(ctx: Any) -> Iterator[bytes]:
    while True:
        yield b"more and more\n" * 100


def silent(ctx: Any) -> Iterator[bytes]:
    while True:
        yield b""


def raising_late(ctx: Any) -> Iterator[bytes]:
    yield b"so far so good\n"
    raise RuntimeError("in the middle of the body")


@pytest.fixture(scope="module")
def hostile() -> Application:
    pair: Pair = make_pair()
    for view in (raising, endless, silent, raising_late):
        pair.scratch.add_url_rule(f"/{view.__name__}", view.__name__, view)  # type: ignore[attr-defined]  # a callable has no rules
        pair.flask.add_url_rule(  # type: ignore[attr-defined]  # the same
            f"/{view.__name__}", view.__name__, lambda view=view: view(None)
        )
    return create_app(pair)


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        ("raising", "500 INTERNAL SERVER ERROR"),
        ("endless", "cut off"),
        ("silent", "cut off"),
        ("raising_late", "RuntimeError: in the middle of the body"),
    ],
)
def test_a_view_that_misbehaves_is_shown_and_the_explorer_stays_up(
    hostile: Application, view: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comparison.exchange.MOST_SECONDS", 0.05)
    reply = send(hostile, f"GET /{view} HTTP/1.1\nHost: localhost\n\n")
    assert sentence in reply["sentence"]
    assert "Hello Kumar!" in send(hostile, HELLO)["html"]


def test_sends_in_several_threads_wait_for_each_other(explorer: Application) -> None:
    replies: list[dict[str, Any]] = []
    threads = [
        threading.Thread(
            target=lambda name: replies.append(
                send(explorer, f"GET /hello/{name} HTTP/1.1\nHost: localhost\n\n")
            ),
            args=(f"thread-{number}",),
        )
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply["verdict"] for reply in replies] == ["identical"] * 6
    assert all(any(f"thread-{number}" in reply["html"] for reply in replies) for number in range(6))


def test_a_request_that_never_ends_keeps_others_waiting_only_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("comparison.explorer.MAX_WAIT", 0.05)
    explorer = create_app()
    bench: Bench = explorer.extensions["bench"]
    with bench.alone():
        status, reply = post(explorer, "/send", {"text": HELLO})
    assert status == "503"
    assert "has not ended yet" in reply["error"]
    assert post(explorer, "/send", {"text": HELLO})[0] == "200"
