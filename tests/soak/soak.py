"""The soak: many visitors at once, some of them hostile, while workers die; and what must hold all the same.

1. No answer is a 5xx, and each has the status that its scenario has when nothing else goes on.
2. A file whose download page was answered can be downloaded, and is whole.
3. The one worker that is never killed grows by no more than MOST_GROWTH after it has warmed up.
4. Nothing is left of workers that were killed, and nothing was logged as a fault.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from tutorial.settings import Settings

from .server import Server, Size, kill, size_of
from .visitor import Abandoned, Kills, Plan, Shelf, Tally, Visitor, converted, plays

MOST_GROWTH = 16 * 1024
"""Kilobytes that a worker may grow after a quarter of the time; in a minute and a half it grows by less than 300.

More is left free, for in a long soak a conversion looks through thousands of files that are kept, and a large body may
be there when the worker is measured. An application that loses one kilobyte with each request is found after 16,000.
"""

MOST_FILES = 40
"""Open files that a worker may have beyond those of its start: connections of clients that keep theirs."""

WARM_UP = 0.25
"""The share of the time after which a worker counts as warm."""


@dataclass(slots=True)
class Report:
    """All that is told about one application."""

    application: str
    seconds: float
    """For which visitors came."""
    tally: Tally
    kills: int
    kept: int
    orphans: int
    sizes: list[tuple[str, Size]]
    """Of the worker that is never killed: at the start, warm, at the end."""
    wrong: list[str]

    @property
    def growth(self) -> int:
        """Kilobytes, from warm to the end; its share would grow whenever another process that shared it was killed."""
        (_, warm), (_, end) = self.sizes[1:]
        return end.resident - warm.resident


@dataclass(frozen=True, slots=True)
class Options:
    """How a soak is run."""

    seconds: float
    threads: int = 4
    kill_every: float = 4.0
    seed: int = 0
    resets_are_known: bool = True
    patience: float = 60.0
    """Seconds in which what a killed worker has started must be over: a conversion, whose limit is ten, or a process
    that is loading pandas, for which a busy machine takes its time."""


def soak(name: str, server: Server, options: Options) -> Report:
    """Send everything to a server that runs ``name``, and judge."""
    # The model is asked in this process, and it is not the application under test: that is to answer like it.
    from wsgi_from_scratch import create_app

    model = create_app(Settings(secret_key="a key for a soak", downloads_url="memory://soak"))
    kills, shelf = Kills(), Shelf()
    known = options.resets_are_known
    plan = Plan(server, tuple(plays(model)), converted(model), kills, shelf, 0.0, known)
    first = Visitor(plan, options.seed)
    first.play_all()
    started = time.monotonic()
    plan = replace(plan, until=started + options.seconds)
    spared = server.ready()[0]
    sizes = [("start", _size(spared))]
    visitors = [Visitor(plan, options.seed + number) for number in range(1, options.threads + 1)]
    threads = [threading.Thread(target=visitor.run) for visitor in visitors]
    for thread in threads:
        thread.start()
    _kill_workers(server, spared, options, kills, sizes, started)
    for thread in threads:
        thread.join()
    visited = time.monotonic() - started
    server.ready()
    sizes.append(("end", _size(spared)))
    last = Visitor(plan, options.seed)
    for link, content in shelf.promised:
        with suppress(Abandoned):
            last.fetch(link, content)
    last.leave()
    tally = Tally()
    for visitor in (first, *visitors, last):
        tally.add(visitor.tally)
    orphans = _orphans(server, options.patience)
    report = Report(
        name,
        visited,
        tally,
        len(kills.moments),
        len(shelf.promised),
        orphans,
        sizes,
        [],
    )
    report.wrong = list(judged(report, server.log))
    return report


def _size(process: int) -> Size:
    size = size_of(process)
    if size is None:
        raise RuntimeError(f"worker {process} is gone, and nobody has killed it")
    return size


def _kill_workers(
    server: Server,
    spared: int,
    options: Options,
    kills: Kills,
    sizes: list[tuple[str, Size]],
    started: float,
) -> None:
    """Until the time is up: kill one of the others now and then, and measure the spared one when it is warm."""
    chance = random.Random(options.seed)
    next_kill = started + options.kill_every
    warm = started + options.seconds * WARM_UP
    while (now := time.monotonic()) < started + options.seconds or len(sizes) < 2:
        if now >= warm and len(sizes) < 2:
            sizes.append(("warm", _size(spared)))
        if now >= next_kill:
            others = [worker for worker in server.workers() if worker != spared]
            if others:
                kills.moments.append(time.monotonic())
                with suppress(ProcessLookupError):
                    kill(chance.choice(others))
            next_kill = now + options.kill_every
        time.sleep(0.02)


def _orphans(server: Server, patience: float) -> int:
    deadline = time.monotonic() + patience
    while (left := server.orphans()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return len(left)


def judged(report: Report, log: str) -> Iterator[str]:
    """A sentence for each thing that must not be."""
    for status, count in sorted(report.tally.statuses.items()):
        if status >= 500:
            yield f"{count} answers had status {status}."
    for sentence, count in report.tally.wrong.most_common(20):
        yield f"{count} times: {sentence}"
    warm, end = report.sizes[1][1], report.sizes[2][1]
    if report.growth > MOST_GROWTH:
        yield f"A worker grew by {report.growth:,} kB after it was warm; {MOST_GROWTH:,} are allowed."
    if end.files > warm.files + MOST_FILES:
        yield f"A worker had {warm.files} files open when it was warm, and {end.files} at the end."
    if report.orphans:
        yield f"{report.orphans} processes of killed workers were still there at the end."
    if "Traceback" in log:
        yield f"The log holds a traceback: {log[log.index('Traceback') :][:2000]}"
