"""The tutorial's application in Flask: ``create_app()`` makes one, ``app`` is one for WSGI servers."""

from flask import Flask

from .app import create_app

__all__ = ["app", "create_app"]

app: Flask

# Importing the module ``app`` put it here under its name, which is to mean the application. That one is made when
# somebody asks for it, so that an import reads no settings and writes no key.
del globals()["app"]


def __getattr__(name: str) -> Flask:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    application = globals()[name] = create_app()
    return application
