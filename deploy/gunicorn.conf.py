"""gunicorn's settings for either application: ``gunicorn --config deploy/gunicorn.conf.py flask_version:app``.

The road is client ↔ nginx ↔ gunicorn ↔ application. nginx waits for slow clients, so a thread here works and never
waits for the network. What differs from host to host comes from the environment; ``deploy/environment`` lists it.
"""

import io
import logging
import os
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn import glogging  # type: ignore[import-untyped]  # it has no types

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tutorial.errors import SettingsError  # noqa: E402  # found in the folder named above
from tutorial.settings import Settings  # noqa: E402  # as above

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

try:
    Settings.from_environ()
except SettingsError as error:
    # One sentence and the end; gunicorn would start, fail in the middle, and print a traceback.
    sys.exit(f"gunicorn: {error}")

MAX_DRAINED = 64 * 1024 * 1024
"""Bytes of a body that are read and dropped when the application left them: four times what a form may have."""

SILENCE = 5.0
"""Seconds for which a client that owes the rest of such a body may say nothing."""

PATIENCE = 60.0
"""Seconds that all of it may take."""

NOT_LOGGED = frozenset({"/healthz", "/readyz"})
"""Paths that balancers ask for every few seconds."""

chdir = str(ROOT)
bind = os.environ.get("BIND", "127.0.0.1:8000")

if not bind:
    sys.exit("gunicorn: BIND is empty: name an address, or leave it out.")

# Python runs one thread of a process at a time, so a worker keeps one core busy and no more. At least two, as one alone
# would leave nobody for the seconds in which it is replaced (``max_requests``).
cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
workers = int(os.environ.get("WEB_CONCURRENCY", max(2, cores)))
if workers < 1:
    sys.exit("gunicorn: WEB_CONCURRENCY must be at least 1: without a worker nobody answers.")
# Not "sync", which takes a worker for dead when one request lasts longer than ``timeout``: a conversion may wait and
# run for half a minute. Four threads, so that one such wait does not hold up the worker.
worker_class = "gthread"
threads = 4
# Loads the application before the fork: a fault in it stops the start, and workers share its memory.
preload_app = True

# Seconds after which a worker whose main loop is stuck is killed; under gthread requests do not count.
timeout = 30
# Seconds that requests have to end after TERM: what a conversion may wait and run, and some more.
graceful_timeout = 40
# Longer than nginx keeps an idle connection (60 s), so that it is nginx who closes it, and never in the middle of a
# request that it has just sent.
keepalive = 75
# Workers are replaced in turn, so that memory that somebody's largest upload took is given back.
max_requests = 20_000
max_requests_jitter = 2_000
# The heartbeat is a file, and a busy disk would make a worker look dead.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

# Bytes of the request line and of one header field, as in nginx's buffers (8k): what passes there passes here.
limit_request_line = 8_190
limit_request_field_size = 8_190
# Header fields; a browser sends about twenty, and nginx adds three at most.
limit_request_fields = 100

# Whose X-Forwarded-Proto and SCRIPT_NAME are believed: nginx on this host, unless it runs on another one.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
# The only name with an underscore that may come, and from nginx alone; gunicorn's default has PATH_INFO, too.
forwarder_headers = "SCRIPT_NAME"

# On by default since gunicorn 25.1, and one for all gunicorns of a user: the last one started would take it.
control_socket_disable = True


# One JSON object for each line of the log, on standard output


class Logger(glogging.Logger):  # type: ignore[misc]  # gunicorn has no types
    """Hands the facts of a request over one by one.

    gunicorn's ``access_log_format`` would put them between quotation marks of a text, out of which they can break.
    """

    def access(
        self,
        resp: Any,
        req: Any,
        environ: "WSGIEnvironment",
        request_time: timedelta,
    ) -> None:
        # A request that gunicorn refuses has neither path nor prefix yet, and its answer no code but in the text.
        if environ.get("PATH_INFO") in NOT_LOGGED:
            return
        client = environ["REMOTE_ADDR"]
        if self.trusts(client):
            client = environ.get("HTTP_X_FORWARDED_FOR", client)
        facts = {
            "client": client,
            "method": environ["REQUEST_METHOD"],
            "target": environ["RAW_URI"],
            "mounted_at": environ.get("SCRIPT_NAME", ""),
            "status": int(resp.status.partition(" ")[0]),
            "bytes": resp.sent,
            "seconds": request_time.total_seconds(),
            "agent": environ.get("HTTP_USER_AGENT", ""),
            "referrer": environ.get("HTTP_REFERER", ""),
        }
        self.access_log.info("request", extra=facts)

    def trusts(self, peer: str) -> bool:
        """Whether gunicorn believes what this peer tells of others, as it does whoever comes through a Unix socket."""
        if not peer or "*" in self.cfg.forwarded_allow_ips:
            return True
        return any(ip_address(peer) in network for network in self.cfg.forwarded_allow_networks())


logger_class = Logger

logconfig_dict: Mapping[str, object] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": ["asctime", "levelname", "process", "name", "message"],
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        }
    },
    "handlers": {
        "out": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "stream": "ext://sys.stdout",
        }
    },
    "root": {"level": "INFO", "handlers": ["out"]},
    "loggers": {
        name: {"level": "INFO", "handlers": ["out"], "propagate": False}
        for name in ("gunicorn.error", "gunicorn.access")
    },
}


class ErrorStream(io.TextIOBase):
    """What an application writes to ``wsgi.errors``, as a record of the log and not as bare lines beside it."""

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if text.strip():
            logging.getLogger("wsgi.errors").error(text.rstrip("\n"))
        return len(text)


def with_error_stream(application: "WSGIApplication") -> "WSGIApplication":
    stream = ErrorStream()

    def call(environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
        environ["wsgi.errors"] = stream
        return application(environ, start_response)

    return call


def post_worker_init(worker: Any) -> None:
    """Start, in each worker, the process that has pandas loaded: it outlives no fork, so not before.

    An application in a middleware cannot be asked for it, and starts that process with the first workbook.
    """
    extensions = getattr(worker.wsgi, "extensions", {})
    if "spreadsheets" in extensions:
        extensions["spreadsheets"].preload()
    worker.wsgi = with_error_stream(worker.wsgi)


def post_request(worker: Any, req: Any, environ: "WSGIEnvironment", resp: Any) -> None:
    """Read the rest of the body and drop it: a socket closed over unread bytes is reset, and the answer lost.

    Behind nginx there is nothing left to wait for; a client that comes here directly reads its 413.
    """
    if resp is None:  # refused before the application was asked: gunicorn closes the connection
        return
    left, end = MAX_DRAINED, time.monotonic() + PATIENCE
    try:
        req.unreader.sock.settimeout(SILENCE)
        while left > 0 and time.monotonic() < end and (data := req.body.read(min(left, 65_536))):
            left -= len(data)
    except Exception as error:
        # Broken chunks, silence, a client that left: gunicorn closes the connection.
        worker.log.debug("The rest of a body was not read: %s", error)
