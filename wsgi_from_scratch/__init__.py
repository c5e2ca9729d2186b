"""The tutorial's application on nothing but WSGI: ``create_app()`` makes one, ``app`` is one for WSGI servers."""

from .app import create_app
from .dispatch import Application

__all__ = ["app", "create_app"]

app: Application

# Importing the module ``app`` put it here under its name, which is to mean the application. That one is made when
# somebody asks for it, so that an import reads no settings and writes no key.
del globals()["app"]


def __getattr__(name: str) -> Application:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    application = globals()[name] = create_app()
    return application
