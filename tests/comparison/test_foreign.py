"""What Flask did for an application of one's own, and every way in which that can go wrong."""

import json
import re
import sys
from pathlib import Path

import pytest
from flask import request

import compare
from comparison.foreign import ForeignError, load, read_requests, request_step, solo_study
from comparison.study import Side, side_as_data
from tests.comparison import foreign_application
from tests.comparison.foreign_application import KEY, app, create_app, plain, raises

FILE = "tests/comparison/foreign_application.py"
HERE = "tests.comparison.foreign_application"


def sent(method: str, path: str, *fields: str, body: bytes | None = None) -> Side:
    return solo_study("mine", app, [request_step(method, path, fields, body)]).side


def own(side: Side) -> set[str]:
    return {function.name for function in side.ledger.functions if function.own}


def test_it_tells_the_view_and_the_hooks_around_it() -> None:
    side = sent("GET", "/notes/")
    (view,) = side.views
    assert view is not None
    assert (view.name, view.file) == ("listed", FILE)
    assert own(side) == {"count_visits", "listed", "database", "leave_a_mark", "close"}
    by_stage = {
        function.name: entry.stage.name
        for entry in side.ledger.stages
        for function in entry.functions
        if function.own
    }
    assert by_stage == {
        "count_visits": "run the view",
        "listed": "run the view",
        "database": "run the view",
        "leave_a_mark": "make the response",
        "close": "send",
    }


def test_it_tells_which_line_set_a_header() -> None:
    (origins,) = sent("GET", "/about").header_origins
    assert origins["x-notes"].file == FILE
    assert origins["x-notes"].function == "leave_a_mark"
    assert origins["content-type"].file.startswith("werkzeug/")


def test_it_tells_that_a_database_was_asked_and_which_lines_ran() -> None:
    (view,) = sent("GET", "/notes/99").views
    assert view is not None
    assert [text.strip() for _, text, ran in view.lines if ran] == [
        'row = database().execute("SELECT text FROM note WHERE id = ?", (number,)).fetchone()',
        "return row[0] if row else abort(404)",
    ]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/notes/", "listed"),
        ("/about", "About.get"),
        ("/nowhere", None),
        ("/static/x.css", "Flask.__init__.<locals>.<lambda>"),
    ],
)
def test_the_view_is_found_in_whatever_it_is_wrapped(path: str, name: str | None) -> None:
    (view,) = sent("GET", path).views
    assert (view.name if view else None) == name


def test_a_view_behind_a_decorator_is_the_view_if_it_ran() -> None:
    steps = [
        request_step(
            "POST", "/notes/", ["Content-Type: application/x-www-form-urlencoded"], b"a=1"
        ),
        request_step(
            "POST", "/sign-in", ["Content-Type: application/x-www-form-urlencoded"], b"user=k"
        ),
        request_step(
            "POST", "/notes/", ["Content-Type: application/x-www-form-urlencoded"], b"text=eggs"
        ),
    ]
    names = [view and view.name for view in solo_study("mine", app, steps).side.views]
    assert names == ["signed_in.<locals>.guarded", "sign_in", "added"]


def test_what_may_change_something_is_sent_once_and_not_measured() -> None:
    calls: list[str] = []

    def counting(environ: dict[str, str], start_response: object) -> list[bytes]:
        calls.append(environ["REQUEST_METHOD"])
        return plain(environ, start_response)

    seen = solo_study("mine", counting, [request_step("POST", "/")])
    assert calls == ["POST"]
    assert (seen.once, seen.side.timing) == (True, None)
    assert seen.side.calls == seen.side.ledger.calls > 0
    solo_study("mine", counting, [request_step("GET", "/")])
    assert calls.count("GET") > 1


def test_less_than_one_call_in_twenty_belongs_to_no_stage() -> None:
    for path in ("/notes/", "/notes/broken", "/about", "/sign-in", "/nowhere"):
        assert sent("GET", path).ledger.unassigned_share < 0.05


def test_the_session_cookie_is_verified_and_the_key_is_never_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    order = ["POST", "/sign-in", "-d", "user=kumar"]
    form = ["-H", "Content-Type: application/x-www-form-urlencoded"]
    assert compare.main(["--app", f"{HERE}:app", *order, *form]) == 0
    shown = capsys.readouterr().out
    assert "verified   yes, with SECRET_KEY" in shown
    assert compare.main(["--app", f"{HERE}:create_app()", *order, *form, "--json"]) == 0
    data = json.loads(text := capsys.readouterr().out)
    assert data["flask"]["steps"][0]["session"]["data"] == {"user": "kumar"}
    assert data["scratch"] is None
    assert KEY not in shown
    # Not in what was recorded; the source of the module's functions does not hold it either.
    assert KEY not in text


def test_a_key_in_a_value_is_hidden() -> None:
    careless = create_app()

    @careless.before_request
    def remember() -> None:
        request.environ["app.key"] = f"<{KEY}>"

    side = solo_study("mine", careless, [request_step("GET", "/about")]).side
    (moments,) = side.moments
    assert moments[-1].environ["app.key"] == "<•••>"
    assert KEY not in json.dumps(side_as_data(side))


def test_an_application_that_is_none_of_flasks_is_shown_as_well() -> None:
    seen = solo_study("mine", plain, [request_step("GET", "/a")])
    (view,) = seen.side.views
    (origins,) = seen.side.header_origins
    assert view is not None
    assert view.name == "plain"
    assert origins["content-type"].function == "plain"


def test_an_application_that_raises_ends_with_1_and_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert compare.main(["--app", f"{HERE}:raises", "GET", "/"]) == 1
    assert "[the application raised RuntimeError: no luck today]" in capsys.readouterr().out
    assert raises is foreign_application.raises


def test_an_application_that_ends_the_process_ends_with_1_and_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert compare.main(["--app", f"{HERE}:leaves", "GET", "/"]) == 1
    assert "[the application raised SystemExit: 0]" in capsys.readouterr().out


def test_headers_that_are_no_text_are_shown_with_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    compare.main(["--app", f"{HERE}:careless", "GET", "/"])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    said = "[the application broke PEP 3333: the header"
    shown = [line for line in lines if line.startswith(("HTTP/1.1 ", "Content-Length: ", said))]
    assert shown == [
        "HTTP/1.1 200 OK",
        "Content-Length: 4",
        f"{said} Content-Length has the value 4, which is no text]",
        f"{said} Set-Cookie has the value 5, which is no text]",
        f"{said} ('A', 'b', 'c') is no tuple of name and value]",
    ]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nope", "must read like package.module:callable"),
        (":app", "must read like"),
        ("nope:app", "There is no module 'nope' here or installed"),
        ("tests.nope:app", "There is no module 'tests.nope' here or installed"),
        (f"{HERE}:nope", "has no 'nope'"),
        (f"{HERE}:nothing", "is no application: int cannot be called"),
        (f"{HERE}:load()", "has no 'load'"),
        (f"{HERE}:plain()", "raised TypeError"),
        (f"{HERE}:create_nothing()", "raised SystemExit: DATABASE_URL is not set"),
        ("broken_module:app", "it raised ZeroDivisionError"),
        ("asking_module:app", "it raised ModuleNotFoundError: please install shop"),
        ("needy_module:app", "cannot be imported: it needs 'no_such_library'"),
        ("leaving_module:app", "it raised SystemExit"),
        ("wrong_module:app", "it raised SyntaxError"),
    ],
)
def test_what_cannot_be_loaded_is_a_sentence(
    name: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_module.py").write_text("1 / 0")
    (tmp_path / "asking_module.py").write_text("raise ModuleNotFoundError('please install shop')")
    (tmp_path / "needy_module.py").write_text("import no_such_library")
    (tmp_path / "leaving_module.py").write_text("raise SystemExit(3)")
    (tmp_path / "wrong_module.py").write_text("def")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ForeignError, match=re.escape(sentence)):
        load(name)


def test_a_factory_is_called() -> None:
    assert type(load(f"{HERE}:create_app()")) is type(create_app())


@pytest.mark.parametrize(
    ("method", "path", "fields", "sentence"),
    [
        ("G T", "/", [], "The first line must read like"),
        ("GET", "nowhere", [], "must be a path"),
        ("GET", "/", ["no colon"], "needs a colon"),
        ("GET", "/#a", [], "fragment"),
        ("GET", "/", [""], "'' is not one line of a head"),
        ("GET", "/", ["A: b\r\nC: d"], "is not one line of a head"),
        ("GET", "/", ["A: b\n"], "is not one line of a head"),
        ("GET", "/ HTTP/1.1\nA: b\nC:", [], "is not one line of a head"),
    ],
)
def test_a_request_that_is_none_is_a_sentence(
    method: str, path: str, fields: list[str], sentence: str
) -> None:
    with pytest.raises(ForeignError, match=sentence):
        request_step(method, path, fields)


def test_host_and_length_are_added_where_they_are_missing() -> None:
    step = request_step("POST", "/", ["host: a"], b"body")
    assert step.raw == b"POST / HTTP/1.1\r\nhost: a\r\nContent-Length: 4\r\n\r\nbody"
    assert request_step("GET", "/").raw == b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_a_file_of_requests_is_parted_by_lines_of_three_hashes(tmp_path: Path) -> None:
    file = tmp_path / "a.http"
    file.write_bytes(b"### first\r\nGET /a HTTP/1.1\r\n\r\n###\nPOST /b HTTP/1.1\n\nx\n###\n\n")
    first, second = (step.raw for step in read_requests(file))
    assert first == b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert second == b"POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"


@pytest.mark.parametrize(
    ("length", "typed", "sent"),
    [
        (None, b"x\n\n", b"x"),
        (b"3", b"x\r\n", b"x\r\n"),
        (b"3", b"x\r\n\r\n\n", b"x\r\n"),
        (b"1", b"x\r\n", b"x"),
        (b"0", b"\n", b""),
        (b"4", b"\r\n\r\n", b"\r\n\r\n"),
        (b"9", b"x\r\n", b"x\r\n"),
    ],
)
@pytest.mark.parametrize("following", [b"", b"###\nGET / HTTP/1.1\n"])
def test_of_the_line_ends_after_a_body_those_that_are_announced_belong_to_it(
    length: bytes | None, typed: bytes, sent: bytes, following: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "a.http"
    field = b"" if length is None else b"content-length: " + length + b"\r\n"
    file.write_bytes(b"\nPOST / HTTP/1.1\r\n" + field + b"\r\n" + typed + following)
    assert read_requests(file)[0].raw.partition(b"\r\n\r\n")[2] == sent


def test_a_body_with_more_than_its_length_announces_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.http"
    file.write_bytes(b"POST / HTTP/1.1\nContent-Length: 2\n\nabc\n")
    with pytest.raises(ForeignError, match="more than Content-Length announces"):
        read_requests(file)


def test_a_head_may_end_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.http"
    file.write_bytes(b"POST / HTTP/1.1\nContent-Length: 0\n")
    (step,) = read_requests(file)
    assert step.raw == b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "There is no request"), (b"###\n", "There is no request"), (b"GET", "Request 1 of")],
)
def test_a_file_without_requests_is_a_sentence(
    content: bytes, sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.http"
    file.write_bytes(content)
    with pytest.raises(ForeignError, match=sentence):
        read_requests(file)


def test_a_file_that_is_not_there_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["--requests", "/no/such/file"]) == 2
    assert capsys.readouterr().err == "/no/such/file cannot be read: No such file or directory.\n"
