"""Serve an application with the standard library's server: for learning and for development.

``wsgiref`` as it comes answers one connection at a time, so the spare connection that a browser opens stops it; it
takes whatever comes for the head of a request; it hands the socket itself to the application, where a read beyond the
body waits for ever; and it copies the environment of the process, secret key included, into that of each request. Here
a connection has a thread, a head that is none is refused, a body has an end, and the environment holds the request
alone. It speaks HTTP/1.0: one request, one connection.
"""

import argparse
import contextlib
import io
import re
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from email.message import Message
from http import HTTPStatus
from socketserver import TCPServer, ThreadingMixIn
from typing import IO, TYPE_CHECKING, cast
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication, WSGIEnvironment

from .errors import SettingsError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_REQUEST_LINE = 65_536
"""Bytes; longer is a 414. What ``http.server`` allows, too."""

IDLE_TIMEOUT = 30.0
"""Seconds that a silent client keeps its thread."""

MAX_DRAINED = 64 * 1024 * 1024
"""Bytes of a body that are read and dropped when the application left them: four times what a form may have."""

DIGITS = re.compile(r"[0-9]{1,20}")
"""Content-Length = 1*DIGIT (RFC 9110 §8.6); ``int`` alone would take "+5", "5_0" and digits of other scripts."""

FIELD_LINE = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\0\r\n]*)?\r?\n")
"""field-line = field-name ":" OWS field-value OWS (RFC 9112 §5), or the empty line that ends the head.

A line end may lack its CR (§2.2), and a value may have control characters except these (RFC 9110 §5.5).
"""


class Head(io.BufferedIOBase):
    """The field lines of a connection, which notices one that is none, or has no end.

    ``http.server`` reads them as those of an e-mail: a CR ends a line, white space before a colon ends the head, and
    where the client has left, the head is over. Nor does it drop the white space after a value.
    """

    is_sound = True

    def __init__(self, connection: io.BufferedIOBase) -> None:
        self.connection = connection

    def readline(self, size: int | None = -1, /) -> bytes:
        line = self.connection.readline(size)
        if not FIELD_LINE.fullmatch(line):
            self.is_sound = False
            return line
        return line.rstrip(b" \t\r\n") + b"\r\n"


class UnreadBody(io.RawIOBase):
    """The next ``length`` bytes of a connection, and then the end.

    A client that leaves or falls silent ends it early: the application sees a body that is shorter than announced.
    """

    def __init__(self, connection: io.BufferedIOBase, length: int) -> None:
        self.connection = connection
        self.left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        try:
            count = self.connection.readinto1(memoryview(buffer)[: self.left])
        except (ConnectionError, TimeoutError):
            count = 0
        self.left = self.left - count if count else 0
        return count

    def drain(self) -> None:
        """Read the rest and drop it: a socket closed over unread bytes is reset, and the answer is lost with it."""
        self.left = min(self.left, MAX_DRAINED)
        dropped = bytearray(65_536)
        while self.left:
            self.readinto(dropped)


class Exchange(ServerHandler):
    """One call of the application, and the answer to it."""

    environ: WSGIEnvironment
    status: str
    headers_sent: bool
    request_handler: WSGIRequestHandler

    server_software = "wsgiref"

    def has_body(self) -> bool:
        """RFC 9110 §6.4.1. wsgiref gives each answer a body, and one that is empty a ``Content-Length`` of 0."""
        return self.environ["REQUEST_METHOD"] != "HEAD" and self.status[:3] not in ("204", "304")

    def write(self, data: bytes) -> None:
        try:
            super().write(data if self.has_body() else b"")
        except TimeoutError as error:
            # A client that no longer reads: that is no fault of the application.
            raise ConnectionAbortedError from error

    def cleanup_headers(self) -> None:
        if self.has_body():
            super().cleanup_headers()

    def finish_content(self) -> None:
        if self.has_body():
            super().finish_content()
        elif not self.headers_sent:
            self.send_headers()


class RequestHandler(WSGIRequestHandler):
    """One connection, which carries one request."""

    server: "Server"
    server_version = Exchange.server_software
    sys_version = ""
    default_request_version = "HTTP/1.0"  # 0.9 has no status line, and a refusal needs one
    timeout = IDLE_TIMEOUT
    wbufsize = -1  # the head of an answer leaves as one packet, not line by line

    def handle(self) -> None:
        unread = UnreadBody(self.rfile, MAX_DRAINED)
        self.raw_requestline = self.rfile.readline(MAX_REQUEST_LINE + 1)
        if self.raw_requestline == b"\r\n":  # one too many, after an earlier body (RFC 9112 §2.2)
            self.raw_requestline = self.rfile.readline(MAX_REQUEST_LINE + 1)
        if len(self.raw_requestline) > MAX_REQUEST_LINE:
            self.requestline = self.request_version = self.command = ""
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
        elif self.parse_request():
            unread = UnreadBody(self.rfile, int(self.headers.get("Content-Length", "0")))
            self.exchange(unread)
        with contextlib.suppress(OSError):  # the client may have left
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            unread.drain()

    def parse_request(self) -> bool:
        """Whether the request can be carried out; where it cannot, that has been answered."""
        connection = self.rfile
        head = Head(connection)
        self.rfile = head
        try:
            is_read = super().parse_request()
        finally:
            self.rfile = connection
        if is_read and self.request_version == "HTTP/0.9":
            self.send_error(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
            return False
        refused = refusal(head, self.headers) if is_read else None
        if refused:
            self.send_error(refused[0], explain=refused[1])
        return is_read and not refused

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """As in the base class, but what that repeats of the request comes on the page, not in the status line.

        And there is a status line, whatever version the request has.
        """
        self.request_version = self.default_request_version
        super().send_error(code, explain=explain or message)

    def exchange(self, body: UnreadBody) -> None:
        stdin, stdout = io.BufferedReader(body), cast("IO[bytes]", self.wfile)
        exchange = Exchange(stdin, stdout, self.get_stderr(), self.get_environ())
        exchange.request_handler = self
        exchange.os_environ = {}
        exchange.run(self.server.application)

    def get_environ(self) -> WSGIEnvironment:
        for name in self.headers:
            if "_" in name:  # in the environment it would pass for its twin with a hyphen
                del self.headers[name]
        environ = super().get_environ()
        if "Content-Type" not in self.headers:
            del environ["CONTENT_TYPE"]  # wsgiref makes it text/plain
        return environ


def refusal(head: Head, headers: Message) -> tuple[HTTPStatus, str] | None:
    """The status and the sentence for a request whose fields, or whose body's end, can be read in two ways."""
    lengths = set(headers.get_all("Content-Length", []))
    if not head.is_sound:
        return HTTPStatus.BAD_REQUEST, (
            "The head of a request is lines of a name, a colon and a value, and an empty line at the end."
        )
    if "Transfer-Encoding" in headers:
        if lengths:
            return HTTPStatus.BAD_REQUEST, (
                "A body with a Content-Length and a Transfer-Encoding has two ends."
            )
        return HTTPStatus.NOT_IMPLEMENTED, "A body is read by its Content-Length only."
    if len(lengths) > 1 or not all(DIGITS.fullmatch(length) for length in lengths):
        return HTTPStatus.BAD_REQUEST, "Content-Length is one number, in digits."
    return None


class Server(ThreadingMixIn, WSGIServer):
    """Answers each connection in a thread of its own. Raises OSError for an address that it cannot have."""

    application: WSGIApplication
    daemon_threads = True
    request_queue_size = 128  # connections that wait for their thread; in the base class five

    def __init__(self, host: str, port: int, application: WSGIApplication) -> None:
        self.address_family = socket.getaddrinfo(host, port)[0][0]
        self.application = application
        super().__init__((host, port), RequestHandler)

    def server_bind(self) -> None:
        """As in the base class, without its search for the name of the host: that may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """A client that left is no error; anything else is reported as in the base class."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        host = f"[{self.server_name}]" if ":" in self.server_name else self.server_name
        return f"http://{host}:{self.server_port}/"


def port_number(text: str) -> int:
    if not DIGITS.fullmatch(text) or int(text) > 65_535:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no port: those are the numbers from 0 to 65535"
        )
    return int(text)


def arguments(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        f"python -m {program}", description="Serve the tutorial's application."
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    parser.add_argument(
        "--port", default=8000, type=port_number, help="0 takes any free one (default: %(default)s)"
    )
    return parser


def serve(
    create_app: Callable[[], WSGIApplication], program: str, argv: Sequence[str] | None = None
) -> int:
    """Serve what ``create_app`` makes until Ctrl-C or SIGTERM; gives the exit status of the process.

    The one line on standard output is the address, printed once connections are taken. A start that fails says why
    in one sentence on standard error, with status 2.
    """
    options = arguments(program).parse_args(argv)
    try:
        application = create_app()
    except SettingsError as error:
        return failure(program, str(error))
    try:
        server = Server(options.host, options.port, application)
    except (OSError, UnicodeError) as error:  # the second: no name of a host, such as "a..b"
        reason = getattr(error, "strerror", error)
        return failure(program, f"cannot listen on {options.host}, port {options.port}: {reason}.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server, contextlib.suppress(KeyboardInterrupt):
        print(f"{program} answers at {server.url} (Ctrl-C stops it)", flush=True)
        server.serve_forever()
    return 0


def failure(program: str, sentence: str) -> int:
    print(f"{program}: {sentence}", file=sys.stderr)
    return 2
