"""Bad input as it comes from a network, and what may come of each piece: an answer, or an end without one.

No piece may be answered with a 5xx, none may disturb anybody else, and what is right though unusual (a chunked body,
a request that comes byte by byte) is answered as if it were not unusual.
"""

import random
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from .client import PATIENCE

FORM = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = FORM + b"Transfer-Encoding: chunked\r\n\r\n"
LOGIN = b"username=kumar&password=kumar"
UPLOAD = b"POST /file_upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=cut\r\n"
PART = (
    b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n"
)
TOO_LARGE = 17 * 1024 * 1024
"""Bytes: one MiB more than the application takes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes to send, in pieces; ``statuses`` may be the answer, and where ``may_end`` is set also none at all."""

    name: str
    sent: Callable[[random.Random], list[bytes]]
    statuses: frozenset[int]
    may_end: bool = True
    hang_up: bool = True
    """Say after the last byte that there is no more; else the server must answer without being told."""
    count: int = 1
    """Answers that must come."""


def _garbage(chance: random.Random) -> list[bytes]:
    return [
        chance.choice([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"", b"\r\n" * 40])
        + chance.randbytes(200)
    ]


def _chunks(body: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    half = len(body) // 2
    pieces = (body[:half], body[half:])
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + end


def _cut(chance: random.Random) -> list[bytes]:
    whole = UPLOAD + b"Content-Length: %d\r\n\r\n" % (len(PART) + 500) + PART + b"x" * 300
    return [whole[: chance.randrange(20, len(whole))]]


def _head(*lines: bytes) -> Callable[[random.Random], list[bytes]]:
    head = b"\r\n".join((b"GET /healthz HTTP/1.1", b"Host: localhost", *lines, b"", b""))
    return lambda chance: [head]


def _given(*pieces: bytes) -> Callable[[random.Random], list[bytes]]:
    return lambda chance: list(pieces)


REFUSED = frozenset({400, 413, 414, 417, 431})
WHOLE = frozenset({200})

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
BOTH = FORM + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + _chunks(LOGIN)
ODD_CODING = FORM + b"Transfer-Encoding: xchunked\r\n\r\n" + _chunks(LOGIN)
HUGE_TARGET = b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _right(name: str, *sent: bytes, count: int = 1) -> Piece:
    return Piece(name, _given(*sent), WHOLE, may_end=False, hang_up=False, count=count)


PIECES = (
    _right("chunked form", CHUNKED + _chunks(LOGIN)),
    _right("byte by byte", *(bytes((byte,)) for byte in HEALTH)),
    _right("two at once", 2 * HEALTH, count=2),
    Piece("garbage", _garbage, REFUSED | {404, 405}),
    Piece("chunked, bad size", _given(CHUNKED + b"zz\r\n" + LOGIN + b"\r\n0\r\n\r\n"), REFUSED),
    Piece("chunked, huge size", _given(CHUNKED + b"f" * 40 + b"\r\n" + LOGIN), REFUSED),
    Piece("chunked, cut", _given(CHUNKED + _chunks(LOGIN, b"")[:-9]), REFUSED),
    Piece("chunked, no end", _given(CHUNKED + _chunks(LOGIN, b"")), REFUSED),
    Piece("length and chunked", _given(BOTH), REFUSED),
    Piece("odd coding", _given(ODD_CODING), REFUSED | {501}),
    Piece(
        "two lengths",
        _given(FORM + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        REFUSED,
    ),
    Piece("length +5", _given(FORM + b"Content-Length: +5\r\n\r\nhello"), REFUSED),
    Piece("body cut", _cut, REFUSED),
    Piece("huge field", _head(b"X-Huge: " + b"a" * 100_000), REFUSED),
    Piece("many fields", _head(*(b"X-%d: a" % number for number in range(300))), REFUSED),
    Piece("huge target", _given(HUGE_TARGET), REFUSED),
    Piece("NUL in a field", _head(b"X-Nul: a\0b"), REFUSED),
    Piece("bare CR in a field", _head(b"X-CR: a\rSet-Cookie: b"), REFUSED),
    Piece("no version", _given(b"GET /healthz\r\n\r\n"), REFUSED | WHOLE),
)
"""Each piece of bad or unusual input."""


def throw(address: tuple[str, int], piece: Piece, chance: random.Random) -> list[int]:
    """Send a piece and give the statuses of the answers that came; none where the connection just ended."""
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for sent in piece.sent(chance):
                connection.sendall(sent)
            if piece.hang_up:
                connection.shutdown(socket.SHUT_WR)
            return _statuses(connection, piece)
        except TimeoutError:
            raise
        except OSError:  # a reset, which has a name of its own in each call that may meet it
            return []


def _statuses(connection: socket.socket, piece: Piece) -> list[int]:
    received = b""
    while len(found := _found(received)) < piece.count or piece.hang_up:
        try:
            data = connection.recv(65_536)
        except ConnectionResetError:
            break
        if not data:
            break
        received += data
    return found


def _found(received: bytes) -> list[int]:
    # An answer may follow the body of another, on the same line.
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def vanish(address: tuple[str, int], raw: bytes, chance: random.Random) -> None:
    """Send a part of a request, or all of it, and be gone before the answer, without a goodbye."""
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(raw[: chance.randrange(1, len(raw) + 1)])
        if chance.random() < 0.5:
            time.sleep(chance.random() / 50)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def too_large() -> bytes:
    """An upload that is refused for its size, whole all the same."""
    return UPLOAD + b"Content-Length: %d\r\n\r\n" % TOO_LARGE + b"x" * TOO_LARGE
