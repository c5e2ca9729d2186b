"""A client that sends bytes as they are, keeps its connection, and says exactly what became of a request."""

import http.client
import socket
import time
from dataclasses import dataclass

PATIENCE = 30.0
"""Seconds for a piece of an answer: as long as gunicorn gives a worker before it counts as dead."""

IDLE = 1.0
"""Seconds after which a connection is not used again: gunicorn closes one after two."""


class Broken(Exception):
    """The connection ended before the answer did.

    ``opened`` is when the connection was made, ``after`` the status of the answer before on the same one, if any.
    """

    def __init__(self, opened: float, after: int, reason: str) -> None:
        super().__init__(reason)
        self.opened = opened
        self.after = after


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how long it took from the first byte sent."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float


class Client:
    """One browser's connection to the server; made anew when the server has closed it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._opened = 0.0
        self._used = 0.0
        self._last = 0

    def ask(self, raw: bytes, *, leave: bool = False, method: str = "GET") -> Answer:
        """Send a request and read its answer; with ``leave`` nothing more will be sent, as of one who hung up.

        Raises Broken, also where the server takes longer than PATIENCE.
        """
        started = time.monotonic()
        connection = self._connect()
        try:
            _send(connection, raw)
            if leave:
                connection.shutdown(socket.SHUT_WR)
            response = http.client.HTTPResponse(connection, method=method)
            with response:
                response.begin()
                body = response.read()
                fields = tuple(response.getheaders())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Broken(self._opened, self._last, f"{type(error).__name__}: {error}") from error
        self._used, self._last = time.monotonic(), response.status
        if response.will_close or leave:
            self.close()
        return Answer(response.status, response.reason, fields, body, self._used - started)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        if self._socket is not None and time.monotonic() - self._used > IDLE:
            self.close()
        if self._socket is None:
            self._opened, self._last = time.monotonic(), 0
            try:
                self._socket = socket.create_connection(self._address, timeout=PATIENCE)
            except OSError as error:
                raise Broken(self._opened, self._last, f"no connection: {error}") from error
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket


def _send(connection: socket.socket, raw: bytes) -> None:
    """Send all. A server may answer before it has read everything, and then stop reading: its answer still counts."""
    try:
        connection.sendall(raw)
    except (BrokenPipeError, ConnectionResetError):
        if len(raw) < 64 * 1024:
            raise
