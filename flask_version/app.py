"""The Flask application: which folders, which settings, which views, and where Flask is made stricter."""

from hashlib import sha1

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode, want_bytes

from tutorial.downloads import Downloads
from tutorial.settings import ROOT, Settings
from tutorial.spreadsheets import Spreadsheets

from .views import views


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
        except (
            Exception
        ):  # each wrong payload raises an error of its own, and they all mean the same
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
    app.session_interface = Sessions()
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
