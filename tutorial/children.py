"""Child processes: where a function runs that may crash, hang, or ask for too much memory.

The children are forked from a process that has pandas loaded and does nothing else, so one costs milliseconds and
not a quarter of a second. They are kept for the next tasks and work under limits that the kernel enforces: an
alarm clock, processor time and address space. Only small messages go through the pipes that they
share, never a visitor's bytes: a child that dies spoils nothing for the others.

As with every use of multiprocessing, a child imports the script that was started, under another name
than ``__main__``: a script that converts workbooks needs its ``if __name__ == "__main__":``.

Nothing is started before the first task or ``preload``, so a server may make a ``Children`` and fork afterwards.

Left out: systems without fork (Windows), where every task is refused; a limit of memory where there is
          no ``/proc`` (macOS). A process that preloads or runs a task and forks later, whose copy can run
          none, and a daemon of multiprocessing, which may have no children: both refuse every task.
"""

import gc
import logging
import math
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from multiprocessing.util import Finalize
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from .errors import Refusal

if sys.platform != "win32":  # which lacks it; no child starts there, but all else works
    import resource

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext

T = TypeVar("T")

CHILDREN = 2
"""Children of a serving process: one slow workbook must not hold up the others, and each needs memory."""

TASKS_PER_CHILD = 50
"""Tasks after which a child is replaced, as memory that a large workbook took is not all given back."""

ATTEMPTS = 2
"""Attempts at a task, as a pool breaks when somebody kills an idle child."""

PATIENCE = 3
"""Time limits of one task that a task may wait and run, before it is refused as one too many."""

GRACE = 5.0
"""Seconds after its limit at which a child that outlived its own alarm clock is killed."""

FAREWELL = 2.0
"""Seconds that idle children have to end by themselves; a task that runs longer is cut off."""

PRELOADED = ["pandas", "python_calamine", "pebble", "tutorial.conversion"]
"""What the process has loaded from which children are forked, so that none of them needs to."""

TOO_SLOW = "This workbook takes too long to read; please upload it in parts."
TOO_LARGE = "This workbook needs too much memory; please upload it in parts."
CRASHED = (
    "This workbook made its reader crash, so it is damaged or far too large; please save it again in the"
    " program that made it, and upload that."
)
STOPPED = "The reader was stopped from outside; please upload the workbook again."
BUSY = "Too many workbooks are being read just now; please try again in a minute."
UNAVAILABLE = "No workbook can be read just now; please try again later."

logger = logging.getLogger(__name__)


# In the child


def under_limits(seconds: float, memory: int, function: Callable[..., T], *arguments: object) -> T:
    """Run the function; the kernel ends this process after ``seconds``, and refuses it more memory."""
    gc.disable()  # else a million cells are gone through again and again, none of which is garbage yet
    try:
        with _time_limit(seconds), _memory_limit(memory):
            return function(*arguments)
    except MemoryError as error:
        raise Refusal(TOO_LARGE, code=413) from error
    finally:
        gc.enable()


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    used = math.ceil(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    _set_soft_limit(resource.RLIMIT_CPU, used + math.ceil(seconds))
    _set_soft_limit(resource.RLIMIT_CORE, 0)  # a crash that was expected leaves no core file
    # Without a handler the alarm ends the process; Python would run one only after the reader
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _memory_limit(memory: int) -> Iterator[None]:
    mapped = Path("/proc/self/statm")
    if not mapped.exists():
        yield
        return
    pages = int(mapped.read_text().split()[0])  # numpy maps more the more processors there are
    soft_limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    _set_soft_limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory)
    try:
        yield
    finally:
        _set_soft_limit(resource.RLIMIT_AS, soft_limit)


def _set_soft_limit(kind: int, value: int) -> None:
    hard_limit = resource.getrlimit(kind)[1]
    if value == resource.RLIM_INFINITY or 0 <= hard_limit < value:
        value = hard_limit
    resource.setrlimit(kind, (value, hard_limit))


# In the process that serves


class Children:
    """A few child processes that each run a task for at most ``seconds`` in at most ``memory`` bytes more
    than they had."""

    def __init__(self, *, seconds: float, memory: int) -> None:
        self._seconds = seconds
        self._memory = memory
        self._lock = Lock()
        self._pool: ProcessPool | None = None
        self._owner = 0  # the process that makes pools: after a fork it is another one

    def run(self, function: Callable[..., T], *arguments: object) -> T:
        """What ``function(*arguments)`` gives or raises in a child, to which both are sent by pickle.

        Raises ``Refusal``: 413 for too much memory, 400 for too much time or a crash, 503 for no child.
        """
        for attempt in range(1, ATTEMPTS + 1):
            pool = self._current_pool()
            try:
                return self._result(self._schedule(pool, function, arguments))
            except BrokenProcessPool:
                self._discard(pool)
                if attempt == ATTEMPTS:
                    logger.exception("no child process can be started")
        raise Refusal(UNAVAILABLE, code=503)

    def preload(self) -> None:
        """Start the process from which children are forked, if it does not run; it loads pandas meanwhile."""
        with suppress(Refusal):  # without fork, the first task is early enough to be told
            _forkserver_context()
            forkserver.ensure_running()

    def close(self) -> None:
        """End the child processes; the next task starts others."""
        pool = self._pool
        if pool is None:
            return
        if self._owner == os.getpid():
            # A child that is just starting would miss, with a traceback, what stop() takes away.
            pool.close()  # type: ignore[no-untyped-call]  # as below
            with suppress(TimeoutError):
                pool.join(FAREWELL)
        self._discard(pool)

    def _current_pool(self) -> ProcessPool:
        with self._lock:
            if self._owner != os.getpid():
                self._pool, self._owner = None, os.getpid()
                # multiprocessing would wait for these children when this process is itself such a one
                Finalize(None, self.close, exitpriority=0)
            if self._pool is None:
                self._pool = _new_pool()
            return self._pool

    def _discard(self, pool: ProcessPool) -> None:
        with self._lock:
            if self._pool is not pool:
                return  # another thread was faster
            self._pool = None
        if self._owner == os.getpid():
            pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves the annotation out
            pool.join()

    def _schedule(
        self, pool: ProcessPool, function: Callable[..., T], arguments: tuple[object, ...]
    ) -> ProcessFuture[T]:
        task = (self._seconds, self._memory, function, *arguments)
        try:
            return pool.schedule(under_limits, args=task, timeout=self._seconds + GRACE)
        except (RuntimeError, OSError, EOFError, AssertionError) as error:
            # The last: a process that is itself a daemon of multiprocessing may have no children
            raise BrokenProcessPool("the pool does not start, or has stopped") from error

    def _result(self, future: ProcessFuture[T]) -> T:
        if not wait([future], PATIENCE * self._seconds).done:
            future.cancel()  # type: ignore[no-untyped-call]  # as above
            raise Refusal(BUSY, code=503)
        try:
            return future.result()
        except TimeoutError as error:
            raise Refusal(TOO_SLOW) from error
        except ProcessExpired as error:
            raise _explain(error.exitcode) from error


def _new_pool() -> ProcessPool:
    context = _forkserver_context()
    return ProcessPool(max_workers=CHILDREN, max_tasks=TASKS_PER_CHILD, context=context)


def _forkserver_context() -> "ForkServerContext":
    try:
        context = multiprocessing.get_context("forkserver")
    except ValueError as error:
        raise Refusal(UNAVAILABLE, code=503) from error
    context.set_forkserver_preload(PRELOADED)
    return context


def _explain(exitcode: int) -> Refusal:
    if -exitcode in (signal.SIGALRM, signal.SIGXCPU):
        return Refusal(TOO_SLOW)
    # On SIGTERM, Pebble has a child exit with that number; only without that does the signal end it.
    if -exitcode == signal.SIGKILL or abs(exitcode) == signal.SIGTERM:
        return Refusal(STOPPED, code=503)
    return Refusal(CRASHED)
