"""The tutorial's application on nothing but WSGI: ``create_app()`` makes one, ``app`` is one for WSGI servers."""

from .app import create_app
from .dispatch import Application

__all__ = ["app", "create_app"]

app: Application

# ``from .app import …`` binds that module to the name ``app`` here, too. Without it the name reaches ``__getattr__``
# below, which makes the application on first use: importing the package reads no settings and writes no key.
del globals()["app"]


def __getattr__(name: str) -> Application:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    application = globals()[name] = create_app()
    return application
