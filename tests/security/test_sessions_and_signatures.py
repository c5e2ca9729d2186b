"""Cookies that somebody else has signed, or nobody, or we ourselves for another purpose, time or key."""

import base64
import hashlib
import json
import logging
import tracemalloc
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from itsdangerous import Signer, TimestampSigner, URLSafeTimedSerializer

import flask_version
import wsgi_from_scratch
from comparison import lab
from comparison.exchange import Exchange, Jar, exchange
from comparison.pair import MOMENT
from comparison.scenarios import SECRET_KEY
from comparison.steps import CSV, JSON, form, get, post, upload, visit
from comparison.wire import parse_request
from tests.security.target import Target, status
from tutorial.settings import Settings

MEBIBYTE = 1024 * 1024
MONTH = 31 * 24 * 60 * 60
SESSION, COOKIE = "cookie-session", "custom-cookie"
CONTENT = {"name": "Kumaravel Rajan"}


def coded(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def clock(seconds: int) -> bytes:
    return coded(seconds.to_bytes((seconds.bit_length() + 7) // 8, "big"))


def signed(
    payload: bytes,
    *,
    key: str = SECRET_KEY,
    salt: str = SESSION,
    seconds: int = MOMENT,
    derivation: str = "hmac",
    digest: Any = hashlib.sha1,
) -> str:
    """A payload as itsdangerous signs it, or would if it were told otherwise."""
    signer = Signer(key, salt=salt, key_derivation=derivation, digest_method=digest)
    return signer.sign(payload + b"." + clock(seconds)).decode()


def payload_of(content: Any) -> bytes:
    return coded(json.dumps(content).encode())


def compressed(octets: bytes) -> bytes:
    return b"." + coded(zlib.compress(octets))


def session(target: Target, cookie: str) -> Exchange:
    return target.ask(get("/get_session_data"), HTTP_COOKIE=f"session={cookie}")


def is_refused(target: Target, cookie: str) -> bool:
    """As a session, which is then empty, and as a cookie of the view's own, which is then not shown.

    Beyond the limits of a head neither is looked at.
    """
    as_session = session(target, cookie)
    as_cookie = target.ask(get("/get_signed_cookie"), HTTP_COOKIE=f"signed_cookie_key={cookie}")
    assert status(as_session) in (200, 431)
    assert status(as_cookie) in (200, 400, 431)
    return (
        b"Kumaravel" not in as_session.body
        and (status(as_session) == 431 or b"No session exists yet" in as_session.body)
        and b"signed cookie value:" not in as_cookie.body
    )


GOOD = signed(payload_of(CONTENT))
BODY, TIME, SIGNATURE = GOOD.split(".")


def test_what_is_forged_below_would_be_believed_if_it_were_not(target: Target) -> None:
    for payload in (payload_of(CONTENT), compressed(json.dumps(CONTENT).encode())):
        assert b"name = Kumaravel Rajan" in session(target, signed(payload)).body
    cookie = signed(payload_of("mango"), salt=COOKIE)
    answer = target.ask(get("/get_signed_cookie"), HTTP_COOKIE=f"signed_cookie_key={cookie}")
    assert b"value: mango" in answer.body


FORGED: dict[str, str] = {
    "nothing": "",
    "dots": "..",
    "more dots": "....",
    "no signature": f"{BODY}.{TIME}",
    "no signature, with its dot": f"{BODY}.{TIME}.",
    "no time": f"{BODY}.{SIGNATURE}",
    "an empty time": f"{BODY}..{SIGNATURE}",
    "nothing but a signature": f"..{SIGNATURE}",
    "no payload": f".{TIME}.{SIGNATURE}",
    "the parts in another order": f"{SIGNATURE}.{TIME}.{BODY}",
    "one part more": f"{BODY}.{TIME}.{SIGNATURE}.{SIGNATURE}",
    "a part before": f"{BODY}.{GOOD}",
    "the payload twice": f"{BODY}{GOOD}",
    "another payload": f"{payload_of({'name': 'admin'}).decode()}.{TIME}.{SIGNATURE}",
    "the payload compressed": f"{compressed(json.dumps(CONTENT).encode()).decode()}.{TIME}.{SIGNATURE}",
    "a dot before the payload": f".{GOOD}",
    "another time": f"{BODY}.{clock(MOMENT - 1).decode()}.{SIGNATURE}",
    "a zero before the time": f"{BODY}.A{TIME}.{SIGNATURE}",
    "the time padded": f"{BODY}.{TIME}==.{SIGNATURE}",
    "the signature padded": f"{GOOD}=",
    "the signature padded twice": f"{GOOD}==",
    "the signature longer": f"{GOOD}A",
    "the signature twice": f"{GOOD}{SIGNATURE}",
    "the signature in capitals": f"{BODY}.{TIME}.{SIGNATURE.upper()}",
    "the signature in hexadecimal": f"{BODY}.{TIME}.{base64.urlsafe_b64decode(SIGNATURE + '=').hex()}",
    "a signature of zeros": f"{BODY}.{TIME}.{'A' * 27}",
    "the word none": f"{BODY}.{TIME}.none",
    "the word null": f"{BODY}.{TIME}.null",
    "percent codes": GOOD.replace(".", "%2E"),
    "a blank inside": f"{BODY}. {TIME}.{SIGNATURE}",
    "a character that is no base64": f"{BODY}.{TIME}.{SIGNATURE[:5]}!{SIGNATURE[5:]}",
    "four characters that are none": f"{BODY}.{TIME}.!!!!{SIGNATURE}",
    "raw bytes": f"\xff{GOOD}",
    "raw bytes in the signature": f"{GOOD[:-1]}\xff",
    "a token of another kind": "eyJhbGciOiJub25lIn0.eyJuYW1lIjoiYWRtaW4ifQ.",
    "a pickle": "gASVIQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAZ0b3VjaCBhlIWUUpQu",
    "another key": signed(payload_of(CONTENT), key="another key"),
    "the key of the tutorial": signed(payload_of(CONTENT), key="some_key"),
    "another salt": signed(payload_of(CONTENT), salt="itsdangerous"),
    "no salt": signed(payload_of(CONTENT), salt=""),
    "no derivation": signed(payload_of(CONTENT), derivation="none"),
    "the derivation by concatenation": signed(payload_of(CONTENT), derivation="concat"),
    "the derivation of Django": signed(payload_of(CONTENT), derivation="django-concat"),
    "SHA-256": signed(payload_of(CONTENT), digest=hashlib.sha256),
    "SHA-512": signed(payload_of(CONTENT), digest=hashlib.sha512),
    "MD5": signed(payload_of(CONTENT), digest=hashlib.md5),
    "no time, and signed": Signer(SECRET_KEY, salt=SESSION, key_derivation="hmac")
    .sign(payload_of(CONTENT))
    .decode(),
}  # fmt: skip


@pytest.mark.parametrize("cookie", FORGED.values(), ids=FORGED.keys())
def test_a_forged_cookie_is_refused(cookie: str, target: Target) -> None:
    assert is_refused(target, cookie)


TIMES = {
    "a second in the future": MOMENT + 1,
    "a year in the future": MOMENT + 365 * 86_400,
    "a second too old": MOMENT - MONTH - 1,
    "long ago": 0,
    "beyond 2038": 2**31,
    "more than 64 bits": 2**64,
    "many more bits": 2**4_000,
}


@pytest.mark.parametrize("seconds", TIMES.values(), ids=TIMES.keys())
@pytest.mark.parametrize("salt", [SESSION, COOKIE])
def test_our_own_signature_of_another_time_is_refused(
    seconds: int, salt: str, target: Target
) -> None:
    assert is_refused(target, signed(payload_of(CONTENT), salt=salt, seconds=seconds))


@pytest.mark.parametrize("seconds", [10**12, 2**64 - 1])
@pytest.mark.parametrize("salt", [SESSION, COOKIE])
def test_what_was_signed_beyond_the_calendar_is_refused(
    seconds: int, salt: str, target: Target
) -> None:
    """Flask needs ``flask_version.app.OneSpelling`` for this."""
    assert is_refused(target, signed(payload_of(CONTENT), salt=salt, seconds=seconds))


@pytest.mark.parametrize("salt", [SESSION, COOKIE])
def test_a_cookie_of_any_shorter_length_is_refused(salt: str, target: Target) -> None:
    cookie = signed(payload_of(CONTENT), salt=salt)
    for length in range(1, len(cookie)):
        assert is_refused(target, cookie[:length])
        assert is_refused(target, cookie[length:])


def test_a_session_is_no_cookie_of_the_view_s_and_the_other_way_round(target: Target) -> None:
    jar = Jar()
    for answer in target.visit(get("/set_session_data"), get("/set_signed_cookie")):
        jar.keep(answer)
    own, other = jar.cookies["session"], jar.cookies["signed_cookie_key"]
    assert b"No session exists yet" in session(target, other).body
    answer = target.ask(get("/get_signed_cookie"), HTTP_COOKIE=f"signed_cookie_key={own}")
    assert status(answer) == 400


# Signed by us, and yet nothing that we wrote: whoever has the key can do worse

NOT_A_SESSION: dict[str, bytes] = {
    "nothing": b"",
    "no base64": b"!!!!",
    "one character": b"a",
    "no zlib": b"." + coded(b"a"),
    "zlib that breaks off": compressed(b"{}" * 100)[:-4],
    "nothing, compressed": compressed(b""),
    "no UTF-8": coded(b"\xff"),
    "no JSON": coded(b"{"),
    "a pickle": coded(b"\x80\x04."),
    "a text": payload_of("kumar"),
    "a number": payload_of(1),
    "a list": payload_of([1]),
    "null": payload_of(None),
    "not a number": coded(b'{"a": NaN'),
    "a list too deep": coded(b"[" * 5_000),
    "an object too deep": coded(b'{"a":' * 2_000),
    "a number too long": coded(b'{"a": ' + b"9" * 5_000 + b"}"),
    "a tuple of nothing": payload_of({"a": {" t": None}}),
    "bytes that are none": payload_of({"a": {" b": "\u00ff"}}),
    "bytes of a number": payload_of({"a": {" b": 1}}),
    "a UUID that is none": payload_of({"a": {" u": "a"}}),
    "a UUID of a list": payload_of({"a": {" u": []}}),
    "a date of a number": payload_of({"a": {" d": 1}}),
    "a dictionary of a list": payload_of({"a": {" di": []}}),
    # Deeper than the JSON of any Python goes; those differ, and so do we and Flask below it.
    "tags in tags": compressed(b'{"a":' + b'{" t":[' * 100_000 + b"]}" * 100_000 + b"}"),
}


@pytest.mark.parametrize("payload", NOT_A_SESSION.values(), ids=NOT_A_SESSION.keys())
def test_a_payload_that_we_never_wrote_is_no_session(payload: bytes, patient: Target) -> None:
    """Flask needs ``flask_version.app.Sessions`` for this: it raises, which makes a 500."""
    assert b"No session exists yet" in session(patient, signed(payload)).body
    cookie = signed(payload, salt=COOKIE)
    answer = patient.ask(get("/get_signed_cookie"), HTTP_COOKIE=f"signed_cookie_key={cookie}")
    assert status(answer) in (200, 400)


@pytest.mark.parametrize(
    "tag", [" m", " d", " t", " di", " b", " u", " x", "__proto__", "__class__"]
)
def test_a_tag_makes_no_markup_and_no_object(tag: str, target: Target) -> None:
    for value in ("<script>alert(1)</script>", ["<script>"], {"a": "<script>"}):
        answer = session(target, signed(payload_of({"name": {tag: value}, "other": "<script>"})))
        assert b"<script>" not in answer.body.replace(b"<script src=", b"")


def flashes(content: Any) -> str:
    return signed(payload_of({"_flashes": content}))


@pytest.mark.parametrize(
    "content", [[[" a", "b"]], [{" t": ["<b>", "<script>alert(1)</script>"]}], [{" t": ["a", {" m": "&"}]}]]
)  # fmt: skip
def test_a_flash_is_shown_as_text(content: Any, target: Target) -> None:
    (answer,) = target.visit(get("/displaylist"), cookies={"session": flashes(content)})
    assert b"<script>alert" not in answer.body


# Bombs


def bomb(size: int) -> bytes:
    """A payload of JSON that inflates to so many bytes."""
    deflate = zlib.compressobj(9)
    pieces = [deflate.compress(b'{"a":"')]
    pieces += (deflate.compress(bytes([97]) * MEBIBYTE) for _ in range(size // MEBIBYTE))
    return b"." + coded(b"".join([*pieces, deflate.compress(b'"}'), deflate.flush()]))


@pytest.fixture
def peak() -> Callable[[Callable[[], object]], int]:
    """Bytes that a call takes at most, beyond what was there before."""

    def measure(call: Callable[[], object]) -> int:
        call()  # what is kept from the first call on is not its fault
        tracemalloc.start()
        try:
            call()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    return measure


@pytest.mark.parametrize("size", [64 * MEBIBYTE, 128 * MEBIBYTE])
def test_nothing_is_inflated_before_its_signature_is_known(
    size: int, patient: Target, peak: Callable[[Callable[[], object]], int]
) -> None:
    cookie = signed(bomb(size), key="another key")
    assert len(cookie) > size // 1_100
    assert peak(lambda: is_refused(patient, cookie)) < 16 * len(cookie) + MEBIBYTE
    assert is_refused(patient, cookie)


@pytest.mark.parametrize("character", ["a", ".", "=", "%", '"', "\\", "-", "\xff"])
def test_a_cookie_of_a_megabyte_is_read_once(character: str, patient: Target) -> None:
    for cookie in (
        character * MEBIBYTE,
        f"{GOOD}{character * MEBIBYTE}",
        f"{character * MEBIBYTE}.{GOOD}",
    ):
        assert is_refused(patient, cookie)


# Keys


def applications(settings: Settings) -> Target:
    return Target(flask_version.create_app(settings), wsgi_from_scratch.create_app(settings))


def test_an_older_key_is_read_and_no_longer_written() -> None:
    old, older, new = "an old key", "an older key", "a new key"
    rotated = applications(
        Settings(secret_key=new, secret_key_fallbacks=(older, old), downloads_url="memory://a")
    )
    for key in (old, older, new):
        assert b"Kumaravel" in session(rotated, signed(payload_of(CONTENT), key=key)).body
    assert is_refused(rotated, signed(payload_of(CONTENT), key="a key that was taken back"))
    written = rotated.ask(get("/set_session_data")).header("Set-Cookie")
    assert written is not None
    value = written.partition(";")[0].partition("=")[2]
    signer = TimestampSigner(new, salt=SESSION, key_derivation="hmac", digest_method=hashlib.sha1)
    assert signer.validate(value)


def test_what_a_session_holds_is_json_and_can_be_read_by_everybody(target: Target) -> None:
    """So nothing secret may be put there; and nothing is ever unpickled."""
    written = target.ask(get("/set_session_data")).header("Set-Cookie") or ""
    payload = written.partition(";")[0].partition("=")[2].lstrip(".").partition(".")[0]
    octets = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    assert json.loads(octets)["name"] == "Kumaravel Rajan"


# One visitor's things are his own


def test_visitors_at_the_same_time_do_not_meet() -> None:
    settings = Settings(secret_key=SECRET_KEY, downloads_url="memory://a")
    flask, scratch = flask_version.create_app(settings), wsgi_from_scratch.create_app(settings)
    lab.add_to_flask(flask)
    lab.add_to_scratch(scratch)

    def one(application: Any, number: int) -> list[bytes]:
        derivation = {"key_derivation": "hmac"}
        serializer = URLSafeTimedSerializer(SECRET_KEY, salt=SESSION, signer_kwargs=derivation)
        cookie = serializer.dumps(
            {"name": f"visitor {number}.", "_flashes": [(f"c{number}", "hello")]}
        )
        jar = {"session": cookie, "cookie_key": f"visitor-{number}."}
        pages = visit(
            application,
            [get("/get_session_data"), get("/get_custom_cookie"), form("/login", f"username={number}"),
             get(f"/hello/{number}."), get(f"/login?username={number}.&password=a")],
            cookies=jar,
        )  # fmt: skip
        return [page.body for page in pages]

    for application in (flask, scratch):
        with ThreadPoolExecutor(16) as threads:
            found = list(threads.map(lambda number, app=application: one(app, number), range(64)))
        for number, (own, cookie, _, hello, query) in enumerate(found):
            assert f"name = visitor {number}.".encode() in own
            assert f'flash-c{number}"'.encode() in own
            assert f"visitor-{number}.".encode() in cookie
            assert hello == f"Hello {number}.!".encode()
            assert f"Username: {number}. ".encode() in query


# Secrets

SECRETS = {
    "secret_key": "k3y-that-signs",
    "login_password": "p4ssword-of-the-form",
}
FALLBACK = "k3y-that-signed"
STORE = "memory://user:p4ssword-of-the-store@host/folder"
HIDDEN = (*SECRETS.values(), FALLBACK, "p4ssword-of-the-store")


def test_no_secret_is_ever_written(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither to a page nor to a log, not even by a fault in the middle of everything that knows one."""
    settings = Settings(**SECRETS, secret_key_fallbacks=(FALLBACK,), downloads_url=STORE)  # type: ignore[arg-type]  # all are texts
    caplog.set_level(logging.INFO)
    written = [repr(settings), str(settings)]
    both = applications(settings)
    cookie = signed(payload_of(CONTENT), key=SECRETS["secret_key"])
    table = upload("/convert_to_csv_with_download_page", "a.csv", CSV, b"a,b\n1,2\n")
    steps = [
        get("/get_session_data", f"Cookie: session={cookie}x"),
        get("/get_signed_cookie", f"Cookie: signed_cookie_key={cookie}"),
        form("/login", "username=kumar&password=wrong"),
        get("/set_session_data"),
        get("/"),
        table,
        post("/handle_js_post", JSON, '{"greeting": "a", "name": "b"}'),
        get("/download/6e9a8a4c-3e4e-4a58-8f8f-5d1f4d1f0a11.csv"),
    ]

    def fail(*_: object, **__: object) -> Any:
        raise OSError("a fault")

    broken = ["hmac.compare_digest", "fsspec.implementations.dirfs.DirFileSystem.pipe_file",
              "fsspec.implementations.dirfs.DirFileSystem.info", "tutorial.text.title_case",
              "tutorial.settings.Settings.credentials_match", "time.time"]  # fmt: skip
    for name in ("", *broken):
        with monkeypatch.context() as patch:
            if name:
                patch.setattr(name, fail)
            for application in (both.flask, both.scratch):
                for step in steps:
                    answer = exchange(application, parse_request(step.raw))
                    written += [*answer.lines(), answer.errors, answer.failure]
    for application in (both.flask, both.scratch):
        extensions = application.extensions  # type: ignore[attr-defined]  # both have them
        written += [repr(application), *map(repr, extensions.values())]
    written += [caplog.text, *capfd.readouterr()]
    assert "a fault" in "".join(written)
    for secret in HIDDEN:
        assert not [text for text in written if secret in text]
