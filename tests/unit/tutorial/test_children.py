"""The functions that the children run here are the standard library's: a child must be able to import them."""

import math
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from pebble import ProcessFuture, ProcessPool

from tests.scripts import run_script
from tutorial.children import (
    ATTEMPTS,
    BUSY,
    CRASHED,
    PATIENCE,
    STOPPED,
    TOO_LARGE,
    TOO_SLOW,
    UNAVAILABLE,
    Children,
    _new_pool,
)
from tutorial.errors import Refusal

MEMORY = 256 * 1024 * 1024


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    children = Children(seconds=1.0, memory=MEMORY)
    yield children
    children.close()


def has_ended(process: int | str) -> bool:
    """A process that nobody has waited for has ended as well; some containers keep such for ever."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def test_a_function_runs_in_another_process_which_is_kept(children: Children) -> None:
    processes = {children.run(os.getpid) for _ in range(10)}
    assert os.getpid() not in processes
    assert len(processes) <= 2


def test_what_the_function_raises_is_raised(children: Children) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        children.run(int, "x")


@pytest.mark.parametrize(
    ("function", "arguments", "sentence", "code"),
    [
        (time.sleep, [30], TOO_SLOW, 400),
        (math.factorial, [5_000_000], TOO_SLOW, 400),  # one call in C: no Python code interrupts it
        (bytes, [4 * MEMORY], TOO_LARGE, 413),
        (bytes, [MEMORY + MEMORY // 4], TOO_LARGE, 413),
        (os.abort, [], CRASHED, 400),
        (os._exit, [3], CRASHED, 400),
        (signal.raise_signal, [signal.SIGSEGV], CRASHED, 400),
        (signal.raise_signal, [signal.SIGXCPU], TOO_SLOW, 400),
        (signal.raise_signal, [signal.SIGKILL], STOPPED, 503),
        (signal.raise_signal, [signal.SIGTERM], STOPPED, 503),
    ],
)
def test_a_child_that_comes_to_grief_is_a_refusal_and_the_next_task_is_done(
    children: Children,
    function: Callable[..., object],
    arguments: list[object],
    sentence: str,
    code: int,
) -> None:
    started = time.monotonic()
    with pytest.raises(Refusal) as caught:
        children.run(function, *arguments)
    assert (str(caught.value), caught.value.code) == (sentence, code)
    assert time.monotonic() - started < 10
    assert children.run(str.upper, "well") == "WELL"


DEAF = """(
    lambda signal, time: [signal.signal(signal.SIGALRM, signal.SIG_IGN), time.sleep(60)]
)(__import__("signal"), __import__("time"))"""


def test_a_child_that_does_not_hear_its_alarm_clock_is_killed(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutorial.children.GRACE", 0.1)
    with pytest.raises(Refusal) as caught:
        children.run(eval, DEAF)
    assert (str(caught.value), caught.value.code) == (TOO_SLOW, 400)


def test_a_task_that_no_child_ends_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = []

    def wait_no_longer(futures: Collection[Future[None]], timeout: float | None = None) -> object:
        waited.append(timeout)
        return wait(futures, 0)

    monkeypatch.setattr("tutorial.children.wait", wait_no_longer)
    future: ProcessFuture[None] = ProcessFuture()
    with pytest.raises(Refusal) as caught:
        Children(seconds=2.0, memory=MEMORY)._result(future)
    assert (str(caught.value), caught.value.code) == (BUSY, 503)
    assert waited == [PATIENCE * 2.0]
    assert future.cancelled()


def test_one_slow_task_does_not_hold_up_another(children: Children) -> None:
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(children.run, time.sleep, 0.5)
        time.sleep(0.1)
        children.run(os.getpid)
        assert not slow.done()


SECONDS_LEFT = """(
    lambda resource: resource.getrlimit(resource.RLIMIT_CPU)[0]
    - sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
)(__import__("resource"))"""


def test_limits_are_those_of_one_task_and_not_of_all_that_a_child_has_done() -> None:
    children = Children(seconds=5.0, memory=MEMORY)
    for _ in range(6):
        assert children.run(eval, f"len(bytes({MEMORY // 2}))") == MEMORY // 2
        children.run(eval, "sum(range(5_000_000))")
        assert 4.5 < children.run(eval, SECONDS_LEFT) < 6.5
    children.close()


UNDER_LIMITS = """
import resource, signal
from tutorial.children import under_limits

signal.signal(signal.SIGALRM, signal.SIG_IGN)  # which a program that is started inherits
resource.setrlimit(resource.RLIMIT_CPU, (600, 600))
before = resource.getrlimit(resource.RLIMIT_AS)
print(under_limits(5.0, 2**28, signal.getsignal, signal.SIGALRM).name)
print(under_limits(3_600.0, 2**28, resource.getrlimit, resource.RLIMIT_CPU))
print(signal.getitimer(signal.ITIMER_REAL)[0], resource.getrlimit(resource.RLIMIT_AS) == before)
"""


def test_limits_end_with_their_task_and_are_no_higher_than_those_of_the_process() -> None:
    finished = run_script(UNDER_LIMITS)
    assert finished.stdout == "SIG_DFL\n(600, 600)\n0.0 True\n", finished.stderr


WITH_CORES = """
import resource
from tutorial.children import under_limits

hard_limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard_limit, hard_limit))
print(under_limits(5.0, 2**28, resource.getrlimit, resource.RLIMIT_CORE)[0])
"""


def test_a_crash_leaves_no_core_file() -> None:
    finished = run_script(WITH_CORES)
    assert finished.stdout == "0\n", finished.stderr


COLLECTING = """
import gc
from tutorial.children import under_limits

def fail():
    raise ValueError

print(under_limits(5.0, 2**28, gc.isenabled), gc.isenabled())
try:
    under_limits(5.0, 2**28, fail)
except ValueError:
    print(gc.isenabled())
"""


def test_garbage_is_collected_between_tasks_and_not_within() -> None:
    finished = run_script(COLLECTING)
    assert finished.stdout == "False True\nTrue\n", finished.stderr


def test_of_too_many_tasks_some_are_refused_in_time() -> None:
    children = Children(seconds=0.3, memory=MEMORY)

    def task(_: int) -> str:
        try:
            children.run(time.sleep, 0.25)
        except Refusal as error:
            return str(error)
        return ""

    children.run(os.getpid)
    started = time.monotonic()
    with ThreadPoolExecutor(16) as threads:
        outcomes = set(threads.map(task, range(16)))
    children.close()
    assert BUSY in outcomes
    assert time.monotonic() - started < 0.3 * PATIENCE + 5


def test_an_idle_child_that_is_killed_is_replaced_unseen() -> None:
    children = Children(seconds=5.0, memory=MEMORY)
    before = {child.pid for child in multiprocessing.active_children()}
    children.run(os.getpid)
    for child in multiprocessing.active_children():
        if child.pid and child.pid not in before:
            os.kill(child.pid, signal.SIGKILL)
    time.sleep(0.3)  # until the pool has noticed, which breaks it
    assert children.run(str.upper, "well") == "WELL"
    children.close()


def test_a_child_is_replaced_after_so_many_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutorial.children.TASKS_PER_CHILD", 1)
    children = Children(seconds=5.0, memory=MEMORY)
    assert len({children.run(os.getpid) for _ in range(4)}) == 4
    children.close()


class NoPool:
    """A pool of children that cannot be started."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.calls: list[str] = []

    def schedule(self, *_: object, **__: object) -> None:
        raise self.error

    def stop(self) -> None:
        self.calls.append("stop")

    def join(self) -> None:
        self.calls.append("join")


@pytest.mark.parametrize(
    "error", [RuntimeError("not active"), OSError(11, "try again"), EOFError(), AssertionError()]
)
def test_a_pool_that_does_not_start_is_tried_again_and_then_a_refusal(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    pools = []

    def new_pool() -> NoPool:
        pools.append(NoPool(error))
        return pools[-1]

    monkeypatch.setattr("tutorial.children._new_pool", new_pool)
    with pytest.raises(Refusal) as caught:
        Children(seconds=5.0, memory=MEMORY).run(os.getpid)
    assert (str(caught.value), caught.value.code) == (UNAVAILABLE, 503)
    assert [pool.calls for pool in pools] == [["stop", "join"]] * ATTEMPTS
    assert caplog.text.count("no child process can be started") == 1


def test_a_pool_that_another_thread_has_replaced_is_not_discarded_again() -> None:
    children = Children(seconds=5.0, memory=MEMORY)
    broken = children._current_pool()
    children.close()
    current = children._current_pool()
    children._discard(broken)
    assert children._current_pool() is current
    children.close()


def test_no_two_threads_make_a_pool_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    children = Children(seconds=5.0, memory=MEMORY)
    locked = []

    def new_pool() -> ProcessPool:
        locked.append(children._lock.locked())
        return _new_pool()

    monkeypatch.setattr("tutorial.children._new_pool", new_pool)
    children._current_pool()
    children.close()
    assert locked == [True]


def test_what_is_done_when_the_process_ends_is_noted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    noted = []

    def note(_: None, function: object, **options: object) -> None:
        noted.append(function)

    monkeypatch.setattr("tutorial.children.Finalize", note)
    children = Children(seconds=5.0, memory=MEMORY)
    for _ in range(2):
        children.run(os.getpid)
        children.close()
    assert noted == [children.close]


def test_after_closing_new_children_are_started() -> None:
    children = Children(seconds=5.0, memory=MEMORY)
    children.close()
    first = children.run(os.getpid)
    children.close()
    assert has_ended(first)
    assert children.run(os.getpid) != first
    children.close()


@pytest.mark.parametrize("farewell", [0.0, 30.0])
def test_closing_lets_idle_children_end_and_cuts_off_a_task_that_takes_longer(
    monkeypatch: pytest.MonkeyPatch, farewell: float
) -> None:
    monkeypatch.setattr("tutorial.children.FAREWELL", farewell)
    children = Children(seconds=60.0, memory=MEMORY)
    child = children.run(os.getpid)
    pool = children._current_pool()
    task = children._schedule(pool, time.sleep, (0.3 if farewell else 60,))
    children.close()
    assert task.done() is bool(farewell)
    assert has_ended(child)


def test_children_made_before_a_fork_work_after_it_and_end_with_their_process() -> None:
    script = """
import os, sys
from tutorial.children import Children
children = Children(seconds=5.0, memory=2**28)
def work():
    print(children.run(os.getpid), flush=True)
if os.fork() == 0:
    work()
    sys.exit()
os.wait()
work()
assert "pandas" not in sys.modules
"""
    finished = run_script(script)
    assert finished.stderr == ""
    processes = finished.stdout.split()
    assert len(set(processes)) == 2
    assert all(has_ended(process) for process in processes)


def test_a_copy_of_a_process_that_has_children_has_none_and_leaves_them_alone() -> None:
    script = """
import multiprocessing, os
from tutorial.children import Children
from tutorial.errors import Refusal
children, unused = Children(seconds=5.0, memory=2**28), Children(seconds=5.0, memory=2**28)
children.run(os.getpid)
before = {child.pid for child in multiprocessing.active_children()}
copy = os.fork()
if copy == 0:
    children.close()
    try:
        unused.run(os.getpid)
    except Refusal as error:
        os._exit(error.code - 500)
    os._exit(1)
print(os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]), children.run(str.upper, "well"))
print({child.pid for child in multiprocessing.active_children()} == before)
children.close()
"""
    finished = run_script(script)
    assert finished.stdout == "3 WELL\nTrue\n", finished.stderr


def test_a_daemon_of_multiprocessing_may_have_no_children() -> None:
    script = """
import multiprocessing, os
from tutorial.children import Children
from tutorial.errors import Refusal
def work():
    try:
        Children(seconds=5.0, memory=2**28).run(os.getpid)
    except Refusal as error:
        print(error.code, error, flush=True)
if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=work, daemon=True)
    process.start()
    process.join()
"""
    finished = run_script(script)
    assert finished.stdout == f"503 {UNAVAILABLE}\n", finished.stderr


def test_a_process_of_multiprocessing_can_have_children_and_ends_with_them() -> None:
    script = """
import multiprocessing, os, time
from concurrent.futures import ThreadPoolExecutor
from tutorial.children import Children
def work():
    children = Children(seconds=5.0, memory=2**28)
    # One task for each child: what is still starting when its process ends may complain of that.
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(children.run, [time.sleep] * 2, [0.5] * 2))
    print(children.run(os.getpid), flush=True)
if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
"""
    finished = run_script(script)
    assert finished.stderr == ""
    assert has_ended(finished.stdout.strip())


def test_children_end_when_their_process_is_killed() -> None:
    script = """
import os, signal
from tutorial.children import Children
print(Children(seconds=5.0, memory=2**28).run(os.getpid), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    finished = run_script(script)
    assert finished.returncode == -signal.SIGKILL, finished.stderr
    child = finished.stdout.strip()
    deadline = time.monotonic() + 20
    while not has_ended(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert has_ended(child)


PRELOAD = """
import sys, time
from multiprocessing import forkserver
from tutorial.children import Children

children = Children(seconds=5.0, memory=2**28)
children.preload()
children.preload()
server = forkserver.ensure_running.__self__
mapped = f"/proc/{server._forkserver_pid}/maps"
deadline = time.monotonic() + 30
while "calamine" not in open(mapped).read() and time.monotonic() < deadline:
    time.sleep(0.01)
print("calamine" in open(mapped).read(), children._pool)
before = server._forkserver_pid
print(children.run(str.upper, "well"), before == server._forkserver_pid, "pandas" in sys.modules)
children.close()
"""


def test_what_is_preloaded_waits_in_the_process_from_which_children_are_forked() -> None:
    finished = run_script(PRELOAD)
    assert finished.stdout == "True None\nWELL True False\n", finished.stderr


def test_without_fork_there_is_nothing_to_preload(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_context(method: str) -> None:
        raise ValueError(f"cannot find context for {method!r}")

    monkeypatch.setattr(multiprocessing, "get_context", no_such_context)
    Children(seconds=1.0, memory=MEMORY).preload()
