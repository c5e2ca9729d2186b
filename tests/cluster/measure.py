"""What one host serves, and what a second one adds: requests in a second, as wrk counts them through nginx."""

import os
import re
import subprocess
from collections.abc import Iterator

from comparison.steps import get

from .checks import cookie_of
from .hosts import Cluster, program
from .http import Address

SECONDS = 5
CONNECTIONS = 32

PAGES = {
    "/hello/Kumar": "a line of text",
    "/get_session_data": "a page made from a template, and the session",
    "/css/hello.css": "a file",
}


def rate(port: int, page: str, cookie: str) -> str:
    """Requests in a second; raises AssertionError where one of them fails."""
    wrk = program("wrk", "WRK", [], "the package is wrk")
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "-H", f"Cookie: {cookie}"]
    command.append(f"http://localhost:{port}{page}")
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    if found is None or "Non-2xx" in printed or "Socket errors" in printed:
        raise AssertionError(printed)
    return f"{round(float(found[1]), -1):,.0f}"


def table(cluster: Cluster, application: str) -> Iterator[str]:
    """Rows in Markdown: through nginx with one host and with both, and without nginx."""
    front = Address(cluster.front.port)
    cookie = cookie_of(front.ask(get("/set_session_data")).header("Set-Cookie"))
    one = cluster.hosts[0]
    yield f"| {application}, {os.cpu_count()} cores for all | one host, no nginx | one host | two hosts |"
    yield "|---|--:|--:|--:|"
    for page, what in PAGES.items():
        both = rate(front.port, page, cookie)
        cluster.hosts[1].stop()
        alone, bare = rate(front.port, page, cookie), rate(one.port, page, cookie)
        cluster.hosts[1].start()
        # nginx would still leave it out for a while.
        cluster.front.stop()
        cluster.front.start()
        yield f"| `{page}`, {what} | {bare} | {alone} | {both} |"
