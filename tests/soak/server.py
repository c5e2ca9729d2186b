"""gunicorn as it is deployed, its workers one by one, and what they take of the machine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.servers.running import PATIENCE, ROOT, wait_for_address

WORKERS = 2
THREADS = 4


@dataclass(frozen=True, slots=True)
class Size:
    """What a process takes: kilobytes in memory, those of them that are its own share, and open files."""

    resident: int
    share: int
    files: int


class Server:
    """A running gunicorn: where it answers, its processes, its log."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", address: tuple[str, int], folder: Path
    ) -> None:
        self.process = process
        self.address = address
        self.folder = folder

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def workers(self) -> list[int]:
        """The processes that answer, in the order of their age."""
        return sorted(_children(self.process.pid))

    def ready(self) -> list[int]:
        """The workers, once there are as many as there should be."""
        deadline = time.monotonic() + PATIENCE
        while len(workers := self.workers()) != WORKERS and time.monotonic() < deadline:
            time.sleep(0.05)
        return workers

    def processes(self) -> list[int]:
        """Every process that has come of this server: workers, and what converts workbooks for them."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[3]) == self.process.pid and fields[0] != "Z":
                found.append(int(stat.parent.name))
        return found

    def orphans(self) -> list[int]:
        """Those of them that no worker of today has started: they are left of workers that were killed."""
        known, new = {self.process.pid}, [self.process.pid]
        while new:
            new = [child for process in new for child in _children(process)]
            known.update(new)
        return [process for process in self.processes() if process not in known]


def kill(worker: int) -> None:
    """End a worker as a machine that runs out of memory does."""
    os.kill(worker, signal.SIGKILL)


def size_of(process: int) -> Size | None:
    """What a process takes; None when it is gone."""
    folder = Path(f"/proc/{process}")
    try:
        lines = (folder / "smaps_rollup").read_text().splitlines()[1:]
        files = len(list((folder / "fd").iterdir()))
    except (FileNotFoundError, ProcessLookupError):
        return None
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return Size(kilobytes["Rss"], kilobytes["Pss"], files)


def _children(process: int) -> list[int]:
    found = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):  # each thread has its own
        with suppress(FileNotFoundError, ProcessLookupError):
            found += [int(child) for child in file.read_text().split()]
    return found


@contextmanager
def serving(
    application: str,
    folder: Path,
    options: Sequence[str] = (),
) -> Iterator[Server]:
    """Run gunicorn until the end of the block, in a session of its own, by which its processes can be told."""
    (folder / "temporary").mkdir(parents=True)
    log = folder / "log"
    given = {
        **os.environ,
        "SECRET_KEY": "a key for a soak",
        "DOWNLOADS_URL": (folder / "downloads").as_uri(),
        "TMPDIR": str(folder / "temporary"),
        # By this glibc gives memory back at once. Without it, it does so until the first large buffer was freed, and
        # from then on keeps some megabytes for each thread, which nobody could tell from a leak.
        "MALLOC_TRIM_THRESHOLD_": "131072",
    }
    command = [
        *(sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--no-control-socket"),
        *("--workers", str(WORKERS), "--worker-class", "gthread", "--threads", str(THREADS)),
        *options,
        # The worker that is never killed is not to be replaced either, or nothing could be said of its memory.
        *("--max-requests", "0"),
        f"{application}:app",
    ]  # fmt: skip
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=given, stdout=output, stderr=output, start_new_session=True
        ) as process,
    ):
        server = None
        try:
            server = Server(process, wait_for_address(process, log), folder)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
            for left in server.processes() if server else ():
                os.kill(left, signal.SIGKILL)
