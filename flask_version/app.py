"""The Flask application: which folders, which settings, which views, and where Flask is made stricter."""

from hashlib import sha1
from typing import IO, cast

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode, want_bytes
from werkzeug.http import parse_date
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream, get_input_stream

from tutorial.downloads import Downloads
from tutorial.settings import ROOT, Settings
from tutorial.spreadsheets import Spreadsheets

from .views import views


class UnannouncedBody(LimitedStream):
    """A body of unknown length: whole, or refused with 413. Werkzeug cuts it at the limit and uses the rest."""

    def readall(self) -> bytes:
        body = super().readall()
        if self.is_exhausted and self._stream.read(1):
            self.on_exhausted()
        return body


class StrictRequest(Request):
    """A request whose body is read whole or not at all."""

    @cached_property
    def stream(self) -> IO[bytes]:
        limit = self.max_content_length
        stream = get_input_stream(self.environ, max_content_length=limit)
        if limit is None or "wsgi.input_terminated" not in self.environ:
            return stream
        return cast(IO[bytes], UnannouncedBody(self.environ["wsgi.input"], limit, is_max=True))


def forget_impossible_dates() -> None:
    """A date beyond the calendar is no date; Werkzeug lets the OverflowError out, which is a 500."""
    for field in ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_RANGE"):
        try:
            parse_date(request.environ.get(field))
        except OverflowError:
            request.environ[field] = "no date"


class OneSpelling(TimestampSigner):
    """Takes a signature only as it was written: base64 would let four last characters mean the same bytes."""

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        genuine = super().verify_signature(value, sig)
        return genuine and base64_encode(base64_decode(sig)) == want_bytes(sig)


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions, where a cookie that has our signature and yet cannot be read is no session, and no 500."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer = OneSpelling
        return serializer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        try:
            return super().open_session(app, request)
        except Exception:  # each wrong payload has an error of its own, and they all mean the same
            return self.session_class()


def create_app(settings: Settings | None = None) -> Flask:
    """A new application; without ``settings`` they are read from the environment."""
    settings = settings or Settings.from_environ()
    keys = [*settings.secret_key_fallbacks, settings.secret_key]
    app = Flask(
        __name__,
        template_folder=ROOT / "templates",
        static_folder=ROOT / "static",
        static_url_path="/",
    )
    app.config.from_mapping(settings.as_config(), SESSION_COOKIE_SAMESITE="Lax")
    app.request_class = StrictRequest
    app.session_interface = Sessions()
    app.before_request(forget_impossible_dates)
    app.extensions["settings"] = settings
    app.extensions["spreadsheets"] = Spreadsheets(settings)
    app.extensions["downloads"] = Downloads(settings.downloads_url, settings.downloads_max_age)
    app.extensions["signer"] = URLSafeTimedSerializer(
        keys,
        salt="custom-cookie",
        signer=OneSpelling,
        signer_kwargs={"key_derivation": "hmac", "digest_method": sha1},
    )
    app.register_blueprint(views)
    return app
