"""A visitor: what is sent, again and again, what is expected of each answer, and what is written down.

What a scenario expects is what the application from scratch answers in this process, where nothing else goes on.
"""

import random
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from comparison.exchange import Application, Exchange, Jar
from comparison.scenarios import GROUPS, Scenario
from comparison.steps import Part, Step, get, multipart, send_in_process, visit
from comparison.wire import Request, parse_request

from .client import Answer, Broken, Client
from .hostile import PIECES, Piece, throw, too_large, vanish
from .server import Server

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
MOST_TRIES = 8
AROUND_A_KILL = 0.5
"""Seconds: a connection that was made so shortly after a kill may have been meant for the worker that died."""

TOKEN = "0123456789ab"


class Abandoned(Exception):
    """A visit cannot go on: a request that must not be sent twice was lost with its worker."""


@dataclass(slots=True)
class Tally:
    """What one client has seen, or all of them."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    """Connections that ended because their worker was killed, by kind."""
    repeated: int = 0
    abandoned: int = 0
    resets: int = 0
    """Connections that the server has closed because it had not read a body to its end."""
    wrong: Counter[str] = field(default_factory=Counter)

    @property
    def lost(self) -> int:
        """Connections that ended with a worker, of every kind."""
        return sum(self.broken.values())

    def add(self, other: "Tally") -> None:
        for kind, seconds in other.seconds.items():
            self.seconds[kind] += seconds
        for mine, its in (
            (self.statuses, other.statuses),
            (self.broken, other.broken),
            (self.wrong, other.wrong),
        ):
            mine.update(its)  # type: ignore[arg-type]  # each pair is of one type
        self.repeated += other.repeated
        self.abandoned += other.abandoned
        self.resets += other.resets


class Kills:
    """When workers were killed."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    def explain(self, opened: float) -> bool:
        """Whether a connection that was made then may have gone with its worker."""
        return any(moment > opened - AROUND_A_KILL for moment in self.moments)


@dataclass(slots=True)
class Shelf:
    """Download pages that were answered, and what must be found behind each."""

    promised: list[tuple[str, bytes]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, link: str, content: bytes) -> None:
        with self.lock:
            self.promised.append((link, content))

    def any(self, chance: random.Random) -> tuple[str, bytes] | None:
        with self.lock:
            return chance.choice(self.promised) if self.promised else None


@dataclass(frozen=True, slots=True)
class Play:
    """A scenario, and the statuses of its answers when nothing else goes on."""

    group: str
    scenario: Scenario
    statuses: tuple[int, ...]


def plays(application: Application) -> Iterator[Play]:
    """Every scenario that a server can be sent: not those below another path, nor those of the lab."""
    for group in GROUPS:
        for scenario in group.scenarios:
            mounted = any(isinstance(step, Step) and step.mounted_at for step in scenario.steps)
            if not (scenario.lab or mounted):
                answers = visit(application, scenario.steps)
                yield Play(group.title, scenario, tuple(_status(answer) for answer in answers))


def _status(answer: Exchange) -> int:
    return int(answer.status[:3])


def conversion(token: str) -> Step:
    """A file to convert, unlike any other."""
    part = Part("file", f"name,number\n{token},1\n".encode(), "a.csv", "text/csv")
    return multipart("/convert_to_csv_with_download_page", part)


def converted(application: Application) -> bytes:
    """What becomes of the file with TOKEN in it."""
    page = send_in_process(application, conversion(TOKEN), Jar())
    return send_in_process(application, get(_link(page.body)), Jar()).body


def _link(page: bytes) -> str:
    found = re.search(r'href="(/download/[^"]+)"', page.decode())
    return found[1] if found else "/download/no-link"


def may_be_refused_by_the_server(request: Request) -> bool:
    """Whether gunicorn may answer by itself: a long first line, one beyond ASCII, or a method in small letters."""
    line = f"{request.method} {request.target} HTTP/{request.version}"
    return len(line) > 4094 or not line.isascii() or not request.method.isupper()


@dataclass(frozen=True, slots=True)
class Plan:
    """What all clients share."""

    server: Server
    plays: tuple[Play, ...]
    converted: bytes
    kills: Kills
    shelf: Shelf
    until: float
    resets_are_known: bool


class Visitor:
    """One client after the other, in one thread."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self._plan = plan
        self._chance = random.Random(seed)
        self._client = Client(plan.server.address)
        self._kind = self._what = ""
        self.tally = Tally()

    def run(self) -> None:
        """Visit until the time is up."""
        ways = (
            self._play,
            self._convert,
            self._download,
            self._throw,
            self._vanish,
            self._too_large,
        )
        while time.monotonic() < self._plan.until:
            (way,) = self._chance.choices(ways, (70, 5, 10, 10, 4.5, 0.5))
            try:
                way()
            except Abandoned:
                self.tally.abandoned += 1
            except Exception as error:  # a thread that ends in silence would hide it
                self.tally.wrong[f"{way.__name__} raised {type(error).__name__}: {error}"] += 1
        self.leave()

    def leave(self) -> None:
        """Close the connection."""
        self._client.close()

    def play_all(self) -> None:
        """Visit every scenario once and keep one file, before anything is measured."""
        for play in self._plan.plays:
            with suppress(Abandoned):
                self._visit(play)
        with suppress(Abandoned):
            self._convert()
        self.leave()

    def _play(self) -> None:
        self._visit(self._chance.choice(self._plan.plays))

    def _visit(self, play: Play) -> None:
        self._kind, self._what = play.group, play.scenario.name
        expected = iter(play.statuses)

        def send(_: Application, step: Step, jar: Jar) -> Exchange:
            request = jar.fill(parse_request(step.raw))
            answer = self._ask(request)
            status = next(expected)
            refused = answer.status in (400, 414) and may_be_refused_by_the_server(request)
            self._want(refused or answer.status == status, request, answer, status)
            return Exchange(
                request,
                f"{answer.status} {answer.reason}",
                answer.headers,
                answer.body,
                errors="",
                failure="",
                faults=(),
                seconds=answer.seconds,
            )

        visit(_nothing, play.scenario.steps, send)

    def _want(self, holds: bool, request: Request, answer: Answer, wanted: object) -> None:
        if not holds:
            first = f"{request.method} {request.target[:60]}"
            self.tally.wrong[f"{first}: {answer.status}, not {wanted} ({self._what})"] += 1

    def _ask(self, request: Request) -> Answer:
        """Send one request, again where that is allowed and its worker was killed."""
        announced = request.header("Content-Length") or "0"
        leave = int(announced) > len(request.body)
        for _ in range(MOST_TRIES):
            try:
                answer = self._client.ask(request.to_bytes(), leave=leave, method=request.method)
            except Broken as broken:
                unread = self._is_known(broken)
                killed = not unread and self._is_of_a_kill(broken, request)
                if not (unread or (killed and request.method in IDEMPOTENT)):
                    raise Abandoned from broken
                self.tally.repeated += 1
                time.sleep(0.05)
                continue
            self.tally.seconds[self._kind].append(answer.seconds)
            self.tally.statuses[answer.status] += 1
            return answer
        self.tally.wrong[f"{request.method} {request.target[:60]}: lost {MOST_TRIES} times"] += 1
        raise Abandoned

    def _is_known(self, broken: Broken) -> bool:
        """Whether gunicorn has closed a kept connection, unannounced, because it had not read the body before."""
        known = broken.after == 413 and self._plan.resets_are_known
        self.tally.resets += known
        return known

    def _is_of_a_kill(self, broken: Broken, request: Request) -> bool:
        """Whether the connection may have gone with a worker; nothing else may end one."""
        killed = self._plan.kills.explain(broken.opened)
        if killed:
            self.tally.broken[self._kind] += 1
        else:
            first = f"{request.method} {request.target[:60]}"
            self.tally.wrong[f"{first}: {broken}, and no worker was killed ({self._what})"] += 1
        return killed

    def _convert(self) -> None:
        self._kind = self._what = "conversion that is kept"
        token = f"{self._chance.randrange(16**12):012x}".replace(
            "e", "f"
        )  # no number in scientific notation
        token = f"t{token[1:]}"
        request = parse_request(conversion(token).raw)
        answer = self._ask(request)
        self._want(answer.status == 200, request, answer, 200)
        if answer.status == 200:
            content = self._plan.converted.replace(TOKEN.encode(), token.encode())
            self._plan.shelf.put(_link(answer.body), content)

    def _download(self) -> None:
        chosen = self._plan.shelf.any(self._chance)
        if chosen:
            self.fetch(*chosen)

    def fetch(self, link: str, content: bytes) -> None:
        """Download a file that was promised."""
        self._kind = self._what = "download of what was kept"
        request = parse_request(get(link).raw)
        answer = self._ask(request)
        self._want(answer.status == 200, request, answer, 200)
        if answer.status == 200 and answer.body != content:
            self.tally.wrong[f"a download is {answer.body[:60]!r} and not {content[:60]!r}"] += 1

    def _throw(self) -> None:
        piece = self._chance.choice(PIECES)
        started = time.monotonic()
        try:
            statuses = throw(self._plan.server.address, piece, self._chance)
        except OSError as error:
            if not self._plan.kills.explain(started):
                self.tally.wrong[f"{piece.name}: {type(error).__name__}: {error}"] += 1
            return
        self.tally.seconds["bad input"].append(time.monotonic() - started)
        # What is allowed here, such as a 501 for a coding that nobody knows, is not counted with the others.
        self.tally.statuses.update(status for status in statuses if status < 500)
        self._judge(piece, statuses, started)

    def _judge(self, piece: Piece, statuses: list[int], started: float) -> None:
        killed = self._plan.kills.explain(started)
        if not set(statuses) <= piece.statuses:
            self.tally.wrong[f"{piece.name}: {statuses}"] += 1
        elif len(statuses) < piece.count and not (piece.may_end or killed):
            self.tally.wrong[f"{piece.name}: {len(statuses)} answers, not {piece.count}"] += 1

    def _vanish(self) -> None:
        play = self._chance.choice(self._plan.plays)
        steps = [step for step in play.scenario.steps if isinstance(step, Step)]
        if steps:
            with suppress(BrokenPipeError, ConnectionResetError):
                vanish(self._plan.server.address, self._chance.choice(steps).raw, self._chance)

    def _too_large(self) -> None:
        self._kind = self._what = "upload beyond the limit"
        client = Client(self._plan.server.address)
        try:
            answer = client.ask(too_large(), method="POST")
        except Broken as broken:
            if self._plan.kills.explain(broken.opened):
                self.tally.broken[self._kind] += 1
            elif self._plan.resets_are_known:
                self.tally.resets += 1
            else:
                self.tally.wrong[f"{self._kind}: {broken}, and no worker was killed"] += 1
            return
        finally:
            client.close()
        self.tally.seconds[self._kind].append(answer.seconds)
        self.tally.statuses[answer.status] += 1
        if answer.status != 413:
            self.tally.wrong[f"{self._kind}: {answer.status}, not 413"] += 1


def _nothing(environ: object, start_response: object) -> list[bytes]:
    raise AssertionError("requests go over the network")
