"""An S3 store that falls silent, or says a byte now and then: each call ends, and the visitor reads a sentence."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec

import pytest
from fsspec.config import conf  # type: ignore[import-untyped]  # fsspec has no annotations

import flask_version
import wsgi_from_scratch
from comparison.exchange import Application
from comparison.steps import CSV, get, upload, visit
from tests.servers.commands import missing
from tests.servers.running import PATIENCE
from tutorial.remote_store import RemoteStore
from tutorial.settings import Settings

URL = "s3://tutorial/downloads"
SETTINGS = Settings(secret_key="a key for tests", downloads_url=URL)
EMPTY = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
PAUSE = 0.05
"""Seconds between two bytes, too few for a limit of silence; the head that they are of may have thousands."""


class FailingStore:
    """Answers, as a bucket without files does, until ``answer`` is "nothing" or "bytes"."""

    def __init__(self) -> None:
        self.answer = "empty"
        self._end = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    def _listen(self) -> None:
        while not self._end.is_set():
            connection, _ = self._listener.accept()
            connection.settimeout(PAUSE)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(ConnectionError):
            while not self._end.is_set():
                try:
                    received = connection.recv(65_536)
                except TimeoutError:
                    continue
                if not received:
                    return
                if self.answer == "empty":
                    connection.sendall(EMPTY)
                if self.answer == "bytes":
                    connection.sendall(EMPTY[:-2] + b"X-Endless: ")
                    while not self._end.wait(PAUSE):
                        connection.sendall(b"a")

    def close(self) -> None:
        self._end.set()
        socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join(PATIENCE)
        self._listener.close()


@pytest.fixture
def failing_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingStore]:
    if find_spec("s3fs") is None:
        missing("s3fs is not installed: make cluster installs it")
    store = FailingStore()
    for name, value in {
        "AWS_ENDPOINT_URL_S3": store.url,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(conf, "s3", {})
    yield store
    store.close()


CONVERSION = upload("/convert_to_csv_with_download_page", "sales.csv", CSV)
MAKERS: dict[str, Callable[[Settings], Application]] = {
    "flask_version": flask_version.create_app,
    "wsgi_from_scratch": wsgi_from_scratch.create_app,
}


@pytest.mark.parametrize("application", MAKERS)
def test_a_conversion_that_meets_a_silent_store_is_a_503_with_a_sentence(
    failing_store: FailingStore, application: str
) -> None:
    """By themselves s3fs and botocore would wait for minutes."""
    made = MAKERS[application](SETTINGS)
    (ready,) = visit(made, [get("/readyz")])
    assert (ready.status, ready.body) == ("200 OK", b"ok")
    failing_store.answer = "nothing"
    (answer,) = visit(made, [CONVERSION])
    assert answer.status[:3] == "503"
    assert b"Files cannot be stored or fetched just now; please try again" in answer.body


CALLS: dict[str, Callable[[RemoteStore], object]] = {
    "files": RemoteStore.files,
    "find": lambda store: store.find("name"),
    "read": lambda store: store.read("name"),
    "write": lambda store: store.write("name", b"content"),
    "delete": lambda store: store.delete("name"),
    "check": RemoteStore.check,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_no_call_of_a_store_that_answers_in_single_bytes_is_without_end(
    failing_store: FailingStore, call: Callable[[RemoteStore], object]
) -> None:
    store = RemoteStore(URL)
    store.check()
    # What is waited for is not shortened before the driver has been set up, which may take longer.
    store._limits["timeout"] = 10 * PAUSE
    failing_store.answer = "bytes"
    with pytest.raises(TimeoutError):
        call(store)


def test_the_driver_takes_the_limits_and_an_operator_s_before_them(
    failing_store: FailingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = {"read_timeout": 60, "s3": {"addressing_style": "path"}}
    monkeypatch.setitem(conf, "s3", {"config_kwargs": theirs})
    store = RemoteStore(URL)
    store.check()
    config = store._filesystem().fs._s3.meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 60)
    assert config.retries == {"total_max_attempts": 2, "mode": "legacy"}
    assert config.s3["addressing_style"] == "path"
