"""Steps over HTTP: the same requests, byte for byte, to an address; the same record of the answer."""

import re
import socket
from http.client import HTTPResponse

from comparison.exchange import Application, Exchange, Jar
from comparison.steps import Step
from comparison.wire import Fields, parse_request
from tests.servers.running import PATIENCE

NGINX = b"<center>nginx</center>"
"""Stands in every page that nginx makes itself."""


class Address:
    """Sends steps to a port of this machine, each over a connection of its own, so that every host gets its turn."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, step: Step) -> Exchange:
        return self.send(None, step, Jar())

    def send(self, application: Application | None, step: Step, jar: Jar) -> Exchange:
        """As ``comparison.steps.Send`` wants it; the application is the one that answers there."""
        request = jar.fill(parse_request(step.raw))
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            connection.sendall(request.with_header("Connection", "close").to_bytes())
            response = HTTPResponse(connection, method=request.method)
            response.begin()
            body = response.read()
        headers = tuple(response.getheaders())
        status = f"{response.status} {response.reason}"
        return Exchange(request, status, headers, body, "", "", (), 0.0)


# What a server adds, and what holds the time of the answer or a name that was made up for it.
_OF_THE_SERVER = {"server", "date", "connection", "transfer-encoding"}
_NAME = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SIGNED = re.compile(r"\.[\w-]{6}\.[\w-]{27}(?=$|;)")


def comparable(answer: Exchange) -> tuple[str, Fields, bytes]:
    """An answer without what differs from server to server and from second to second; nginx orders fields anew."""
    headers = []
    for name, value in answer.headers:
        if name.lower() not in _OF_THE_SERVER:
            value = _NAME.sub(b"-", value.encode("latin-1")).decode("latin-1")
            headers.append((name, _SIGNED.sub(".time.signature", value)))
    return answer.status, tuple(sorted(headers)), _NAME.sub(b"-", answer.body)
