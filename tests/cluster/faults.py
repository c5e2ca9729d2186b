"""What goes wrong in a cluster, done on purpose while clients ask for pages: each fault, and what the clients saw.

A client sends only requests that may be repeated. For those nginx has another host; a POST whose host dies is lost,
and the browser says so.
"""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from comparison.steps import CSV, Step, follow_link, get, send, upload

from .checks import cookie_of
from .hosts import KEY, Cluster, Process
from .http import Address

CLIENTS = 4
NEXT_KEY = "the next key of the cluster"

BACK = 6.0
"""Seconds after which nginx asks a host again that had failed, and one more: ``fail_timeout`` is five."""

Expectation = tuple[Step, str, bytes]
"""A request, the status that it must get, and what must stand in its body."""


@dataclass
class Load:
    """Clients that ask without pause, and count."""

    front: Address
    requests: list[Expectation]
    seen: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    _end: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.5)
            yield
            time.sleep(0.5)
        finally:
            self._end.set()
            for thread in threads:
                thread.join()

    def _ask(self, number: int) -> None:
        while not self._end.is_set():
            step, status, content = self.requests[number % len(self.requests)]
            number += 1
            target = step.raw.split(b" ")[1].decode()
            try:
                answer = self.front.ask(step)
            except OSError as error:
                self.failed.append(f"{target}: {type(error).__name__}")
                continue
            self.seen[answer.status] += 1
            if answer.status != status or content not in answer.body:
                self.failed.append(f"{target}: {answer.status}")


@dataclass(frozen=True)
class Row:
    """What the clients saw of one fault."""

    fault: str
    requests: int
    failed: list[str]


Fault = Callable[[Cluster], None]
"""Does it to a cluster; raises AssertionError if something else than it comes of it."""


def term_of_a_host(cluster: Cluster) -> None:
    """One host is asked to stop, and comes back."""
    status = cluster.hosts[0].stop()
    time.sleep(1)
    cluster.hosts[0].start()
    time.sleep(BACK)
    if status != 0:
        raise AssertionError(f"it ended with status {status}")


def kill_of_a_host(cluster: Cluster) -> None:
    """One host is gone at once, with all that it was doing, and comes back."""
    cluster.hosts[1].kill()
    time.sleep(1)
    cluster.hosts[1].start()
    time.sleep(BACK)


def reload_of_nginx(cluster: Cluster) -> None:
    """nginx reads its files anew, three times."""
    for _ in range(3):
        cluster.front.send(signal.SIGHUP)
        time.sleep(0.5)


def stop_of_the_store(cluster: Cluster) -> None:
    """The store is away: what needs it is a 503 with a sentence, and everything else as ever."""
    front = Address(cluster.front.port)
    cluster.store.stop()
    conversion = front.ask(upload("/convert_to_csv_with_download_page", "sales.csv", CSV))
    direct = front.ask(upload("/convert_to_csv", "sales.csv", CSV))
    ready = [readiness(host) for host in cluster.hosts]
    cluster.store.start()
    found = (conversion.status[:3], direct.status[:3])
    if found != ("503", "200"):
        raise AssertionError(f"conversions with and without the store were {found}")
    again = [readiness(host) for host in cluster.hosts]
    if ({*ready}, {*again}) != ({"503"}, {"200"}):
        raise AssertionError(f"/readyz says {ready} while the store is away, and then {again}")
    stored = front.ask(upload("/convert_to_csv_with_download_page", "sales.csv", CSV))
    if stored.status[:3] != "200":
        raise AssertionError(f"with the store back, a conversion is a {stored.status}")


def silence_of_the_store(cluster: Cluster) -> None:
    """The store takes connections and says nothing: a conversion is given up in time, and everything else as ever."""
    front = Address(cluster.front.port)
    cluster.store.send(signal.SIGSTOP)
    try:
        conversion = front.ask(upload("/convert_to_csv_with_download_page", "sales.csv", CSV))
    finally:
        cluster.store.send(signal.SIGCONT)
    if conversion.status[:3] != "503":
        raise AssertionError(f"a conversion was a {conversion.status}")


def readiness(host: Process) -> str:
    return Address(host.port).ask(get("/readyz")).status[:3]


def rotation_of_the_key(cluster: Cluster) -> None:
    """First every host learns to read the next key, then every host signs with it; sessions of both keys live on."""
    lost = 0
    front = Address(cluster.front.port)
    for key, fallback in ((KEY, NEXT_KEY), (NEXT_KEY, KEY)):
        for host in cluster.hosts:
            host.stop()
            host.start(cluster.environ(host, key, fallback))
            time.sleep(BACK)
            for _ in range(4):
                answer = front.ask(get("/set_session_data"))
                fresh = cookie_of(answer.header("Set-Cookie"))
                pages = [front.ask(get("/get_session_data", f"Cookie: {fresh}")) for _ in range(4)]
                lost += sum(b"name = Kumaravel Rajan" not in page.body for page in pages)
    if lost:
        raise AssertionError(f"{lost} sessions were lost between the keys")


FAULTS: dict[str, Fault] = {
    "TERM of one host": term_of_a_host,
    "KILL of one host": kill_of_a_host,
    "reload of nginx": reload_of_nginx,
    "store stopped and started": stop_of_the_store,
    "store that says nothing": silence_of_the_store,
    "key changed in two steps": rotation_of_the_key,
}


def suffer(cluster: Cluster, name: str) -> Row:
    """Do one of ``FAULTS`` to a cluster that is being used."""
    front = Address(cluster.front.port)
    session = cookie_of(front.ask(get("/set_session_data")).header("Set-Cookie"))
    requests: list[Expectation] = [
        (get("/hello/Kumar"), "200 OK", b"Hello Kumar!"),
        (get("/"), "200 OK", b"HELLO WORLD"),
        (get("/get_session_data", f"Cookie: {session}"), "200 OK", b"name = Kumaravel Rajan"),
        (send("HEAD /css/hello.css"), "200 OK", b""),
    ]
    if "store" not in name:
        page = front.ask(upload("/convert_to_csv_with_download_page", "sales.csv", CSV))
        requests.append((follow_link("/download/")(page), "200 OK", b"Mango"))
    load = Load(front, requests)
    with load.running():
        try:
            FAULTS[name](cluster)
        except AssertionError as error:
            load.failed.append(str(error))
    return Row(name, sum(load.seen.values()), load.failed)
