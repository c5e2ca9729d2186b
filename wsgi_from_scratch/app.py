"""The application: which folders, which settings, which views. Wiring only; the work is done in the other modules.

Spec:     none
Flask:    flask.Flask
Differs:  nothing
Left out: nothing
"""

from tutorial.downloads import Downloads
from tutorial.protection import cookies_fit
from tutorial.settings import ROOT, Settings
from tutorial.spreadsheets import Spreadsheets

from .dispatch import Application
from .sessions import SessionInterface
from .signing import URLSafeTimedSerializer
from .views import views


def create_app(settings: Settings | None = None) -> Application:
    """A new application; without ``settings`` they are read from the environment."""
    settings = settings or Settings.from_environ()
    keys = [*settings.secret_key_fallbacks, settings.secret_key]
    app = Application(
        config=settings.as_config(),
        sessions=SessionInterface(
            keys,
            samesite="Lax",
            secure=settings.session_cookie_secure,
            # A hook refuses what does not fit; but the answer to a host that is none is given before any hook.
            cookies_fit=lambda field: cookies_fit(field, settings),
        ),
        template_folder=ROOT / "templates",
        static_folder=ROOT / "static",
        extensions={
            "settings": settings,
            "spreadsheets": Spreadsheets(settings),
            "downloads": Downloads(settings),
            "signer": URLSafeTimedSerializer(keys, salt="custom-cookie"),
        },
    )
    app.register(views)
    return app
