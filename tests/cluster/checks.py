"""What must hold of a cluster while nothing goes wrong: each check gives a sentence for each thing that does not."""

from collections.abc import Iterator

import flask_version
import wsgi_from_scratch
from comparison import lab
from comparison.exchange import Application
from comparison.scenarios import SCENARIOS, Scenario
from comparison.steps import CSV, Step, follow_link, get, sample, upload, visit
from tutorial.settings import Settings

from .hosts import KEY, Cluster
from .http import NGINX, Address, comparable

REFUSED_EARLIER = {
    "hello-percent": "gunicorn wants ASCII in a request line; browsers send nothing else",
    "method-unknown": "to nginx a method in small letters is none",
    "bad-host": "nginx has its own idea of what a host is",
}
"""Scenarios of which a step may be a 400 before the application is asked, and why."""

NOT_SENT = {
    "form-cut-short": "nginx waits for the rest, and never asks a host",
    "websocket": "Upgrade is between two neighbours: nginx does not hand it on, and the page is a page",
}
"""Scenarios that come to mean something else behind nginx, and why."""

TIMES = 10


def in_process(application: str) -> Application:
    """The same application in this process, with the views of the lab, and the key of the cluster."""
    settings = Settings(secret_key=KEY, downloads_url="memory://cluster")
    made: Application
    if application == "flask_version":
        flask = flask_version.create_app(settings)
        lab.add_to_flask(flask)
        made = flask
    else:
        scratch = wsgi_from_scratch.create_app(settings)
        lab.add_to_scratch(scratch)
        made = scratch
    return made


def is_sent(scenario: Scenario) -> bool:
    """The hosts have no views of the lab, and the cluster mounts the application at the root."""
    steps = [step for step in scenario.steps if isinstance(step, Step)]
    mounted = any(step.mounted_at for step in steps)
    return not scenario.lab and not mounted and scenario.name not in NOT_SENT


def scenarios_differ(cluster: Cluster, application: Application) -> Iterator[str]:
    """Every scenario gets from the cluster what it gets in process; its steps go to the hosts in turn."""
    front = Address(cluster.front.port)
    for scenario in filter(is_sent, SCENARIOS.values()):
        answers = visit(application, scenario.steps, front.send)
        expected = visit(application, scenario.steps)
        for number, (theirs, ours) in enumerate(zip(answers, expected, strict=True), 1):
            # What else nginx refuses before a host is asked, the application would have refused as well.
            refused = NGINX in theirs.body and theirs.status[0] == ours.status[0] == "4"
            refused |= scenario.name in REFUSED_EARLIER and theirs.status == "400 Bad Request"
            if not refused and comparable(theirs) != comparable(ours):
                yield f"{scenario.name}, step {number}: {theirs.status}, and in process {ours.status}"


def both_ways(cluster: Cluster) -> Iterator[tuple[Address, Address]]:
    one, other = (Address(host.port) for host in cluster.hosts)
    for _ in range(TIMES):
        yield one, other
        yield other, one


def sessions_are_lost(cluster: Cluster, application: Application) -> Iterator[str]:
    """What one host writes into a session, the other one reads; flash messages too."""
    for writer, reader in both_ways(cluster):
        cookie = cookie_of(writer.ask(get("/set_session_data")).header("Set-Cookie"))
        page = reader.ask(get("/get_session_data", f"Cookie: {cookie}"))
        if b"name = Kumaravel Rajan" not in page.body:
            yield f"a session of port {writer.port} is not read at port {reader.port}"
    # Only the lab leaves a message for the next page; it signs with the key that the hosts should have.
    (left,) = visit(application, [get("/lab/flash-next")])
    cookie = cookie_of(left.header("Set-Cookie"))
    for reader, _ in both_ways(cluster):
        if b"Saved (sent via flash)!" not in reader.ask(get("/", f"Cookie: {cookie}")).body:
            yield f"a flash message is not shown at port {reader.port}"


def downloads_are_lost(cluster: Cluster, application: Application) -> Iterator[str]:
    """What one host has converted, the other one sends, at once and every time."""
    conversion = upload("/convert_to_csv_with_download_page", "sales.csv", CSV)
    for writer, reader in both_ways(cluster):
        page = writer.ask(conversion)
        if page.status != "200 OK":
            yield f"a conversion at port {writer.port} is a {page.status}"
            continue
        file = reader.ask(follow_link("/download/")(page))
        if len(file.body.splitlines()) != len(sample("sales.csv").splitlines()):
            yield f"a file of port {writer.port} is a {file.status} at port {reader.port}"


def cookie_of(field: str | None) -> str:
    return (field or "").partition(";")[0]


CHECKS = (scenarios_differ, sessions_are_lost, downloads_are_lost)
