"""Explorer: a page on this machine that sends what is typed to both applications and shows what each made of it.

It is served by what it explains: our own ``Application``, ``Routes`` and templates, and the tutorial's server. It keeps
nothing between two requests; the page holds the cookies of both sides and sends them along. The page is the one
guest it expects, and it trusts nobody: every site in the same browser can reach a port of this machine, so a foreign
``Host`` (a name that was rebound to loopback) and a post from another origin are refused before a view runs, and no
markup that an application answers with is ever markup here.

What is sent has bounds, and so has what is shown; both say so in a sentence.

Spec: RFC 9110 §7.2 (Host); Fetch §3.2 (Origin), Fetch Metadata (Sec-Fetch-Site), CSP Level 3
"""

import contextlib
import re
import secrets
import signal
import threading
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tutorial.server import Server, failure
from tutorial.settings import ROOT
from wsgi_from_scratch.context import Context
from wsgi_from_scratch.dispatch import Application
from wsgi_from_scratch.errors import HTTPException
from wsgi_from_scratch.response import Response
from wsgi_from_scratch.router import Routes
from wsgi_from_scratch.sessions import SessionInterface
from wsgi_from_scratch.static_files import send_from_directory

from .cookie import accepted, flip_a_byte
from .exchange import Exchange, Jar
from .page import environment
from .pair import Pair, held_still, make_pair
from .recording import Moment, Origin
from .scenarios import GROUPS, SCENARIOS, Scenario
from .shown import Catalogue, show
from .steps import Step, get, send_in_process
from .study import Side, Study, study
from .wire import MalformedRequest, body_lines, parse_request, visible

PORT = 8765
"""Where the explorer answers unless told otherwise."""

MAX_POST = 24 * 1024 * 1024
"""Bytes of one post of the page: more than MAX_CONTENT_LENGTH of the applications (16 MiB) takes in base64."""

MAX_HEAD = 64 * 1024
"""Bytes of the head of a request that is sent; servers take less (gunicorn 100 fields of 8 KB, nginx 32 KB)."""

MAX_WAIT = 15.0
"""Seconds that a request waits for the one before it: tracing and the clock that stands still are for one at a time."""

SHOWN_BYTES = 64 * 1024
"""Bytes of a body of which the page shows a selection; a longer body is compared whole, but shown in part."""

SHOWN_LINES = 1_000
"""Lines of a body, the same."""

MAX_EDITED = 100_000
"""Bytes of a body that the page shows in its editor; a larger one is kept as it is."""

_FOLDER = Path(__file__).parent
_LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


# What a text field does not give back as it was: it makes line ends alike, and ␍ stands for a carriage return.
_UNSHOWABLE = re.compile("[\x00\N{SYMBOL FOR CARRIAGE RETURN}]")
# A cookie that a browser keeps: token "=" cookie-octets, in practice anything but ";" and control characters.
_COOKIE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\t\x20-\x3a\x3c-\x7e\x80-\xff]*")


class Refusal(Exception):
    """What was asked for is not done; the sentence is for whoever asked."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


@dataclass(frozen=True, slots=True)
class Order:
    """What the page asks to be sent: one request, and the cookies that each side's browser holds."""

    raw: bytes
    mounted_at: str
    jars: tuple[Jar, Jar]


def read_order(data: object) -> Order:
    """Take what the page has posted. Raises Refusal with a sentence."""
    try:
        raw = _text(data, "text").encode() + _base64(_text(data, "body"))
    except UnicodeEncodeError:
        raise Refusal("Half a surrogate pair is no text that could be sent.") from None
    mounted_at = _text(data, "mounted_at")
    if not re.fullmatch(r"(?:/[!$-.0->@-~]+)*", mounted_at):
        raise Refusal(
            "The path below which the application is mounted reads like “/shop”, or is empty.", 200
        )
    return Order(raw, mounted_at, (_jar(data, "flask"), _jar(data, "scratch")))


def _text(data: object, name: str) -> str:
    value = data.get(name, "") if isinstance(data, dict) else None
    if not isinstance(value, str):
        raise Refusal(f"The explorer's page sends a JSON object in which {name!r} is a text.")
    return value


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise Refusal("The body is not in base64.") from None


def _jar(data: object, side: str) -> Jar:
    """One side's cookies. A name or value that no browser would have kept is refused."""
    jars = data.get("jars", {}) if isinstance(data, dict) else None
    cookies = jars.get(side, {}) if isinstance(jars, dict) else None
    if not isinstance(cookies, dict):
        raise Refusal("The cookies of a side are an object: a value for each name.")
    jar = Jar()
    for name, value in cookies.items():
        if not (isinstance(value, str) and _COOKIE.fullmatch(f"{name}={value}")):
            raise Refusal(f"No browser would keep a cookie like {name!r}: {str(value)[:40]!r}.")
        jar.cookies[name] = value
    return jar


# What is asked for


class Bench:
    """Both applications, and one request at a time: the clock stands still for a whole process, not for a thread."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.frame = _frame(pair)
        self._free = threading.Lock()

    @contextlib.contextmanager
    def alone(self) -> Iterator[Pair]:
        """Wait for the others. Raises Refusal when one of them does not end."""
        if not self._free.acquire(timeout=MAX_WAIT):
            raise Refusal(
                "The request before this one has not ended yet; try again in a moment.", 503
            )
        try:
            yield self.pair
        finally:
            self._free.release()

    def send(self, order: Order) -> Study:
        """One request to both. Raises Refusal when it is none."""
        try:
            request = parse_request(order.raw)
        except MalformedRequest as error:
            # No error of the post: it is the answer to what somebody has typed.
            raise Refusal(str(error), 200) from None
        if len(order.raw) - len(request.body) > MAX_HEAD:
            raise Refusal(
                f"The head is larger than {MAX_HEAD // 1024} KB; no server would take it.", 200
            )
        path = request.target.partition("?")[0]
        if not f"{path}/".startswith(f"{order.mounted_at}/"):
            raise Refusal(
                f"The target {path[:80]!r} is not below the mount point {order.mounted_at!r}.", 200
            )
        in_lab = path.removeprefix(order.mounted_at).startswith("/lab/")
        scenario = Scenario("request", "", (Step(order.raw, order.mounted_at),), lab=in_lab)
        with self.alone() as pair:
            sent = study(scenario, pair, (order.jars[0].cookies, order.jars[1].cookies))
            for side in (sent.flask, sent.scratch):
                side.watched  # noqa: B018  # asked for here, for it sends the request once more
            return sent

    def accepts(self, flask: str, scratch: str) -> tuple[bool, bool]:
        """Whether each application takes its cookie for a session."""
        with self.alone() as pair:
            return accepted(pair, flask, scratch)

    def describe(self, scenario: Scenario) -> dict[str, Any]:
        """A scenario for the page's editor. A request that depends on the answer before it is made from that."""
        answers: list[Exchange] = []
        jar = Jar()
        steps = []
        with self.alone() as pair, held_still():
            application = pair.flask_lab if scenario.lab else pair.flask
            for step in scenario.steps:
                made = step(answers[-1]) if callable(step) else step
                steps.append(_for_editor(made))
                if any(map(callable, scenario.steps)):
                    answers.append(send_in_process(application, made, jar))
                    jar.keep(answers[-1])
        return {"name": scenario.name, "lesson": scenario.lesson, "steps": steps}


def _frame(pair: Pair) -> frozenset[str]:
    """The lines that all pages have in common: where several of them follow each other, they are only counted."""
    paths = ("/login", "/displaylist", "/get_session_data")
    pages = [send_in_process(pair.scratch, get(path), Jar()).body for path in paths]
    return frozenset.intersection(*(frozenset(body_lines(page)) for page in pages))


def _for_editor(step: Step) -> dict[str, str]:
    """The text of a step, and in base64 a body that is none or is too long to be edited."""
    head, _, body = step.raw.partition(b"\r\n\r\n")
    text = {
        "text": head.decode("utf-8", "replace").replace("\r\n", "\n") + "\n\n",
        "mounted_at": step.mounted_at,
    }
    with contextlib.suppress(UnicodeDecodeError):
        shown = body.decode()
        if len(body) <= MAX_EDITED and not _UNSHOWABLE.search(shown):
            return text | {"text": text["text"] + shown}
    return text | {"body": b64encode(body).decode()}


# Cookies that were tampered with

SESSION = "session"


def _with_session(jar: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """A jar with the session of another one in place of its own."""
    kept = {name: value for name, value in jar.items() if name != SESSION}
    return kept | ({SESSION: other[SESSION]} if SESSION in other else {})


def _flipped(jar: Mapping[str, str], position: int) -> dict[str, str]:
    """A jar with one character of the session changed; a position beyond its end is that of the last one."""
    session = jar.get(SESSION)
    if not session:
        return dict(jar)
    return {**jar, SESSION: flip_a_byte(session, min(position, len(session) - 1))}


def _position(data: object) -> int:
    position = data.get("flip") if isinstance(data, dict) else None
    if not isinstance(position, int) or isinstance(position, bool) or position < 0:
        raise Refusal("The position of the byte to flip is a number from 0.")
    return position


def _acceptance(flask: bool, scratch: bool) -> str:
    if flask == scratch:
        return "Both accept it." if flask else "Both refuse it: the session is empty."
    if flask:
        return "Flask accepts it, the one from scratch does not."
    return "The one from scratch accepts it, Flask does not."


# Who may ask


def guard(ctx: Context) -> None:
    """Refuse what no page of ours sends. Raises Refusal.

    A name that an attacker points at 127.0.0.1 makes his page and this server one origin, so the name must be one of
    this machine. A browser says where a post comes from; programs that are no browsers say nothing, and may post.
    """
    environ = ctx.environ
    host = environ.get("HTTP_HOST", "")
    if not _LOOPBACK.fullmatch(host):
        raise Refusal("The explorer answers to localhost and 127.0.0.1 alone.", 403)
    if environ["REQUEST_METHOD"] == "POST":
        origin = environ.get("HTTP_ORIGIN", f"http://{host}")
        site = environ.get("HTTP_SEC_FETCH_SITE", "same-origin")
        if site != "same-origin" or origin.lower() != f"http://{host}".lower():
            raise Refusal("Another site's page may not send anything to the explorer.", 403)


def posted(ctx: Context) -> object:
    """The JSON of a post. Raises Refusal, or what :attr:`Request.json` raises."""
    try:
        return ctx.request.json
    except RecursionError:
        raise Refusal("The JSON is nested too deeply.") from None


_SENTENCES = {
    400: "The post is no JSON, or ended early.",
    404: "There is nothing here under that name.",
    405: "That is not done with this method.",
    413: f"The explorer takes at most {MAX_POST // 1024 // 1024} MB at once; in base64 a body grows by a third.",
    415: "The explorer's page sends application/json.",
    500: "The explorer itself has failed; the terminal in which it runs says how.",
}


# The application


def create_app(pair: Pair | None = None) -> Application:
    """The explorer of two applications, by default of the tutorial's."""
    app = Application(
        config={"MAX_CONTENT_LENGTH": MAX_POST, "MAX_FORM_MEMORY_SIZE": 0, "MAX_FORM_PARTS": 0},
        # Never opened; a name of its own, because cookies of one machine are shared by all its ports.
        sessions=SessionInterface([secrets.token_hex()], cookie_name="explorer"),
        template_folder=_FOLDER / "templates",
        static_folder=_FOLDER / "static",
        extensions={"bench": Bench(pair or make_pair())},
    )
    app.register(pages)
    app.templates.filters.update(environment().filters)  # study.html is the report's, too
    return app


pages = Routes("explorer")


pages.before_app_request(guard)


@pages.after_app_request
def add_headers(ctx: Context, response: Response) -> Response:
    response.headers.update(_HEADERS)
    return response


@pages.app_errorhandler(Refusal)
def refuse(ctx: Context, refusal: Refusal) -> tuple[dict[str, str], int]:
    return {"error": refusal.sentence}, refusal.status


@pages.app_errorhandler(HTTPException)
def error(ctx: Context, error: HTTPException) -> tuple[dict[str, str], int]:
    return {"error": _SENTENCES.get(error.code, error.name)}, error.code


@pages.route("/")
def index(ctx: Context) -> str:
    return ctx.render_template("explorer.html", groups=GROUPS)


@pages.route("/css/hello.css")
def style(ctx: Context) -> Response:
    return send_from_directory(ctx.environ, str(ROOT / "static"), "css/hello.css")


@pages.route("/favicon.svg")
def icon(ctx: Context) -> Response:
    return send_from_directory(ctx.environ, str(ROOT / "static"), "favicon.svg")


@pages.route("/scenarios/<name>")
def scenario(ctx: Context, name: str) -> dict[str, Any]:
    if name not in SCENARIOS:
        raise Refusal(f"There is no scenario {name!r}.", 404)
    bench: Bench = ctx.current_app.extensions["bench"]
    return bench.describe(SCENARIOS[name])


@pages.route("/send", methods=["POST"])
def send(ctx: Context) -> dict[str, Any]:
    bench: Bench = ctx.current_app.extensions["bench"]
    order = read_order(posted(ctx))
    sent = bench.send(order)
    for jar, side in zip(order.jars, (sent.flask, sent.scratch), strict=True):
        jar.keep(side.exchanges[0])
    catalogue = Catalogue()
    shown = show(in_part(sent), catalogue, bench.frame)
    rows = shown.ledgers.stages
    return {
        "sentence": sentence(sent),
        "verdict": sent.verdict,
        "html": ctx.render_template(
            "answer.html",
            study=shown,
            stages=[row for row in rows if row.number or row.flask.calls or row.scratch.calls],
            grown=[
                growth(side.moments[0], side.header_origins[0])
                for side in (sent.flask, sent.scratch)
            ],
            headers=list(headers(sent)),
        ),
        "sources": {
            source.id: asdict(source)
            for module in catalogue.sources()
            for source in module.functions
        },
        "jars": {"flask": order.jars[0].cookies, "scratch": order.jars[1].cookies},
    }


@pages.route("/tamper", methods=["POST"])
def tamper(ctx: Context) -> dict[str, Any]:
    bench: Bench = ctx.current_app.extensions["bench"]
    data = posted(ctx)
    flask, scratch = _jar(data, "flask").cookies, _jar(data, "scratch").cookies
    if isinstance(data, dict) and data.get("swap") is True:
        flask, scratch = _with_session(flask, scratch), _with_session(scratch, flask)
        what = "Each application was given the session that the other has signed."
    else:
        position = _position(data)
        flask, scratch = _flipped(flask, position), _flipped(scratch, position)
        what = f"The character at {position} was changed in both sessions."
    if SESSION not in flask or SESSION not in scratch:
        raise Refusal("There is no session in both jars yet: /set_session_data makes one.")
    verdicts = bench.accepts(flask[SESSION], scratch[SESSION])
    return {
        "sentence": f"{what} {_acceptance(*verdicts)}",
        "accepted": {"flask": verdicts[0], "scratch": verdicts[1]},
        "jars": {"flask": flask, "scratch": scratch},
    }


# How an answer grows


@dataclass(frozen=True, slots=True)
class Growth:
    """What one application had in hand when a stage ended: of each thing what is new, and what was there before."""

    title: str
    new: tuple[tuple[str, str], ...]
    old: tuple[tuple[str, str], ...]


def growth(
    moments: Iterable[Moment], origins: Mapping[str, Origin]
) -> dict[int, tuple[Growth, ...]]:
    """By the number of the stage that had ended.

    A stage may go on after another one that it has called, so a header is new in the stage that it comes from, and
    not yet there in those before.
    """
    grown: dict[int, tuple[Growth, ...]] = {}
    known: dict[str, set[tuple[str, str]]] = {"environ": set(), "session": set()}
    for moment in moments:
        number = moment.stage.number
        held = {"environ": moment.environ, "session": moment.session or {}}
        grown[number] = (
            *(_growth(title, pairs.items(), known[title]) for title, pairs in held.items()),
            _growth(
                "headers of the answer",
                [pair for pair in moment.headers if _stage_of(pair[0], origins) <= number],
                {pair for pair in moment.headers if _stage_of(pair[0], origins) < number},
            ),
        )
        for title, pairs in held.items():
            known[title].update(pairs.items())
    return grown


def _growth(
    title: str, pairs: Iterable[tuple[str, str]], known: Collection[tuple[str, str]]
) -> Growth:
    found = [(visible(name), visible(value), (name, value) in known) for name, value in pairs]
    return Growth(
        title,
        tuple((name, value) for name, value, is_known in found if not is_known),
        tuple((name, value) for name, value, is_known in found if is_known),
    )


def _stage_of(name: str, origins: Mapping[str, Origin]) -> int:
    origin = origins.get(name.lower())
    return origin.stage.number if origin else 0


def headers(sent: Study) -> Iterator[tuple[str, Origin | None, Origin | None]]:
    """Each header line of the answers, and what put it there on either side."""
    (flask,), (scratch,) = sent.flask.header_origins, sent.scratch.header_origins
    ((answer, other),) = sent.steps
    for name, value in dict.fromkeys((*answer.headers, *other.headers)):
        yield visible(f"{name}: {value}"), flask.get(name.lower()), scratch.get(name.lower())


# What is said


def sentence(sent: Study) -> str:
    """The verdict on one send, for the line below the editor."""
    flask, scratch = sent.steps[0]
    said = [_verdict(sent)]
    for side, answer in (("Flask", flask), ("The one from scratch", scratch)):
        said.append(f"{side} raised {answer.failure}." if answer.failure else "")
        said.append(f"{side}: {answer.cut_off}." if answer.cut_off else "")
    if max(len(flask.body), len(scratch.body), len(flask.request.body)) > SHOWN_BYTES:
        said.append(f"Of long bodies {SHOWN_BYTES // 1024} KB are shown.")
    return " ".join(filter(None, said))


def _verdict(sent: Study) -> str:
    flask, scratch = (
        f"{answer.status or 'no status'}, {len(answer.body):,} bytes" for answer in sent.steps[0]
    )
    if sent.verdict == "identical":
        return f"{flask}: both answers are identical."
    reasons = (f"{known.name}: {known.reason}" for known in sent.listed)
    return " ".join([f"The answers differ: {flask}; and {scratch}.", *reasons])


def in_part(sent: Study) -> Study:
    """The same with long bodies cut, so that the first difference is among what is left."""
    flask, scratch = sent.steps[0]
    start = _first_difference(flask.body, scratch.body)
    start = 0 if start is None or start < SHOWN_BYTES else start - 1_000
    return replace(
        sent, flask=_side_in_part(sent.flask, start), scratch=_side_in_part(sent.scratch, start)
    )


def _first_difference(one: bytes, other: bytes) -> int | None:
    if one == other:
        return None
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _side_in_part(side: Side, start: int) -> Side:
    shown = tuple(
        replace(
            answer,
            body=_cut(answer.body, start),
            request=replace(answer.request, body=_cut(answer.request.body, 0)),
        )
        for answer in side.exchanges
    )
    watched = side.watched
    return replace(side, exchanges=shown, watch=lambda: watched)


def _cut(body: bytes, start: int) -> bytes:
    return b"".join(body[start : start + SHOWN_BYTES].splitlines(keepends=True)[:SHOWN_LINES])


# Serving


def serve(port: int = PORT) -> int:
    """Serve the explorer on loopback until Ctrl-C or SIGTERM; gives the exit status of the process."""
    try:
        server = Server("127.0.0.1", port, create_app())
    except OSError as error:
        return failure("compare.py serve", f"cannot listen on port {port}: {error.strerror}.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server, contextlib.suppress(KeyboardInterrupt):
        print(f"The explorer answers at {server.url} (Ctrl-C stops it)", flush=True)
        server.serve_forever()
    return 0
