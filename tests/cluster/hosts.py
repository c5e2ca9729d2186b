"""A cluster on one machine: two hosts under gunicorn, nginx in front of them, and an S3 server as their store.

Each host has folders of its own; what they share is what the environment says. Every part can be stopped, killed and
started again at the same address.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.request import Request, urlopen

from tests.deployment.hosts import DEPLOY, configure, nginx_command
from tests.servers.running import PATIENCE, ROOT, free_port, takes_connections

KEY = "the key of the cluster"
BUCKET = "tutorial"


class Missing(Exception):
    """A program that is not installed, in a sentence."""


def program(name: str, variable: str, where: Sequence[Path], how: str) -> str:
    """The path of a program; raises ``Missing``."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", *map(str, where)])
    found = os.environ.get(variable) or shutil.which(name, path=path)
    if found is None:
        raise Missing(f"{name} is not installed: {how}")
    return found


def programs() -> tuple[str, str]:
    """nginx and the S3 server; raises ``Missing``."""
    nginx = program("nginx", "NGINX", [], "the package is nginx-light")
    how = "make cluster installs it"
    store = program("moto_server", "MOTO_SERVER", [ROOT / ".venv-store" / "bin"], how)
    for module, package in (("s3fs", "s3fs"), ("pythonjsonlogger", "python-json-logger")):
        if find_spec(module) is None:
            raise Missing(f"{package} is not installed: make cluster installs it")
    return nginx, store


class Process:
    """A program that listens at a port, with its children."""

    def __init__(self, command: Sequence[str], folder: Path, port: int) -> None:
        self.command = command
        self.folder = folder
        self.port = port
        self.environ: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self, environ: Mapping[str, str] | None = None) -> None:
        """Start it, with these variables or those of the last time, and wait until it listens."""
        if environ is not None:
            self.environ = dict(environ)
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, **self.environ},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + PATIENCE
        while not takes_connections(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"it did not start:\n{self.log.read_text()}")
            time.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> int:
        """Ask it to stop, and give its exit status."""
        assert self._process is not None
        self.send(signal.SIGTERM)
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """Take it away, with its children, in the middle of whatever it does."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(PATIENCE)


class Host(Process):
    """gunicorn, which takes connections before it has a worker."""

    def start(self, environ: Mapping[str, str] | None = None) -> None:
        super().start(environ)
        with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=PATIENCE):
            pass


class Store(Process):
    """An S3 server, which forgets everything when it stops."""

    def start(self, environ: Mapping[str, str] | None = None) -> None:
        super().start(environ)
        bucket = Request(f"http://127.0.0.1:{self.port}/{BUCKET}", method="PUT")
        with urlopen(bucket, timeout=PATIENCE):
            pass


class Cluster:
    """All of it. ``keys`` are those of the two hosts; with ``share`` false, each host has downloads of its own.

    Each host has so many ``workers``, and gunicorn gets these ``arguments`` beside its file.
    """

    def __init__(
        self,
        application: str,
        folder: Path,
        keys: tuple[str, str] = (KEY, KEY),
        *,
        share: bool = True,
        workers: int = 2,
        arguments: str = "",
    ) -> None:
        nginx, moto_server = programs()
        self.share, self.workers, self.arguments = share, workers, arguments
        port = free_port()
        self.store = Store(
            [moto_server, "-H", "127.0.0.1", "-p", str(port)], folder / "store", port
        )
        gunicorn = [sys.executable, "-m", "gunicorn", "-c", str(DEPLOY / "gunicorn.conf.py")]
        self.hosts = [
            Host([*gunicorn, f"{application}:app"], folder / f"host-{number}", free_port())
            for number in (1, 2)
        ]
        port = free_port()
        front = folder / "nginx"
        configure(front, "nginx-cluster.conf", port, [host.port for host in self.hosts])
        self.front = Process(nginx_command(nginx, front), front, port)
        self.keys = keys

    def environ(self, host: Process, key: str, *fallbacks: str) -> dict[str, str]:
        """What an environment file would hold for this host."""
        texts = ", ".join(f'"{text}"' for text in fallbacks)
        shared = {
            "DOWNLOADS_URL": f"s3://{BUCKET}/downloads",
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.store.port}",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        return {
            "BIND": f"127.0.0.1:{host.port}",
            "SECRET_KEY": key,
            "SECRET_KEY_FALLBACKS": f"[{texts}]",
            "INSTANCE_PATH": str(host.folder / "instance"),
            "HOME": str(host.folder),
            "WEB_CONCURRENCY": str(self.workers),
            "GUNICORN_CMD_ARGS": self.arguments,
            **(shared if self.share else {}),
        }

    def __enter__(self) -> "Cluster":
        try:
            self.store.start()
            for host, key in zip(self.hosts, self.keys, strict=True):
                host.start(self.environ(host, key))
            self.front.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self.front, *self.hosts, self.store):
            process.kill()
