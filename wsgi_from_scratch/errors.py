"""Errors: the statuses of what goes wrong in the machinery, each as an exception that knows it.

A handler raises and somebody far above answers, so the way out of a deeply nested parser is the same as the way
out of a view. The surprise: some errors must carry a header (405 lists ``Allow``, 416 the length of the
representation), which is why an error knows its headers and not only its number.

    HTTPException
    ├── BadRequest 400
    │   ├── BadRequestKeyError     (a KeyError too: ``form["name"]`` without such a field)
    │   ├── BadHost                (a Host field that cannot name a server)
    │   └── ClientDisconnected     (the body ended before its announced length)
    ├── Forbidden 403
    ├── NotFound 404
    ├── MethodNotAllowed 405       carries Allow
    ├── PreconditionFailed 412
    ├── RequestEntityTooLarge 413
    ├── UnsupportedMediaType 415
    ├── RequestedRangeNotSatisfiable 416   carries Content-Range
    ├── InternalServerError 500    remembers the exception behind it
    └── ServiceUnavailable 503

Spec:     RFC 9110 §15
Flask:    werkzeug.exceptions.HTTPException, werkzeug.exceptions.default_exceptions,
          werkzeug.http.HTTP_STATUS_CODES
Differs:  an error has no page of its own: whoever answers renders one
Left out: the statuses that this application never raises
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import ClassVar, Final

REASONS: dict[int, str] = {status.value: status.phrase for status in HTTPStatus} | {
    # The registry's names changed over the years, and so did those of ``HTTPStatus``: these are the ones on the
    # wire of Werkzeug 3.1, whatever Python runs.
    203: "Non Authoritative Information",
    207: "Multi Status",
    306: "Switch Proxy",
    413: "Request Entity Too Large",
    414: "Request URI Too Long",
    416: "Requested Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
    449: "Retry With",
    511: "Network Authentication Failed",
}
"""Reason phrase by status code."""


HTML: Final = ("Content-Type", "text/html; charset=utf-8")
"""The ``Content-Type`` of an answer that names no other."""


class HTTPException(Exception):
    """An answer with an error status. Subclasses set ``code``; handlers find errors by class or by code."""

    code: ClassVar[int]

    @property
    def name(self) -> str:
        """The reason phrase."""
        return REASONS[self.code]

    def get_headers(self) -> list[tuple[str, str]]:
        """The fields that the answer must carry, ``Content-Type`` of an error page first."""
        return [HTML]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class BadRequest(HTTPException):
    code = 400


class BadRequestKeyError(BadRequest, KeyError):
    """A field that the view asked for and the client did not send."""


class BadHost(BadRequest):
    """The ``Host`` field cannot be the name of a server."""


class ClientDisconnected(BadRequest):
    """The body broke off or cannot be read, so what came of it must not be taken for whole."""


class Forbidden(HTTPException):
    code = 403


class NotFound(HTTPException):
    code = 404


class MethodNotAllowed(HTTPException):
    code = 405

    def __init__(self, valid_methods: Iterable[str] = ()) -> None:
        super().__init__()
        self.valid_methods = sorted(valid_methods)

    def get_headers(self) -> list[tuple[str, str]]:
        headers = super().get_headers()
        if self.valid_methods:
            headers.append(("Allow", ", ".join(self.valid_methods)))
        return headers


class PreconditionFailed(HTTPException):
    code = 412


class RequestEntityTooLarge(HTTPException):
    code = 413


class UnsupportedMediaType(HTTPException):
    code = 415


class RequestedRangeNotSatisfiable(HTTPException):
    """``length`` is the size in bytes of what was asked for, so that the client can ask better."""

    code = 416

    def __init__(self, length: int | None = None) -> None:
        super().__init__()
        self.length = length

    def get_headers(self) -> list[tuple[str, str]]:
        headers = super().get_headers()
        if self.length is not None:
            headers.append(("Content-Range", f"bytes */{self.length}"))
        return headers


class InternalServerError(HTTPException):
    """``original_exception`` is for the log; nothing of it may reach the client."""

    code = 500

    def __init__(self, original_exception: BaseException | None = None) -> None:
        super().__init__()
        self.original_exception = original_exception


class ServiceUnavailable(HTTPException):
    """There is no room for what was sent, which is not the client's fault."""

    code = 503


BY_CODE = {error.code: error for error in HTTPException.__subclasses__()}
"""The error that ``abort(code)`` raises."""
