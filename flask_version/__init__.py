"""The tutorial's application in Flask: ``create_app()`` makes one, ``app`` is one for WSGI servers."""

from flask import Flask

from .app import create_app

__all__ = ["app", "create_app"]

app: Flask

# ``from .app import …`` binds that module to the name ``app`` here, too. Without it the name reaches ``__getattr__``
# below, which makes the application on first use: importing the package reads no settings and writes no key.
del globals()["app"]


def __getattr__(name: str) -> Flask:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    application = globals()[name] = create_app()
    return application
