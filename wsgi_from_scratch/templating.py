"""Templating: the shared Jinja templates, with autoescape on and the same names in reach.

Jinja is a library of its own, and both applications use it. What a framework adds is little, and the surprise is
that the most important part is a default: a bare ``jinja2.Environment()`` does *not* escape, so whatever a visitor
typed would be markup on the page.

Spec:     none; Jinja's documentation
Flask:    flask.templating.Environment, flask.render_template, flask.Flask.select_jinja_autoescape
Differs:  ``request`` and ``url_for`` reach a template because the caller passes them, not through context locals
Left out: ``session``, ``g`` and ``config`` in templates; streaming; templates in strings
"""

import os
from collections.abc import MutableMapping
from typing import Any

import jinja2

from .response import dumps

_ESCAPED = (".html", ".htm", ".xml", ".xhtml", ".svg")


class Environment(jinja2.Environment):
    """Jinja's environment, but all templates have the same globals.

    Jinja chains a template's own globals before the common ones, for the case that there are any, and copies the
    chain at every rendering: 3 µs of a page.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return self.globals if d is None else super().make_globals(d)


def make_environment(folder: str | os.PathLike[str]) -> Environment:
    """Templates from ``folder``, compiled once and kept. Files of a markup language are escaped."""
    environment = Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=_is_markup, auto_reload=False
    )
    environment.policies["json.dumps_function"] = lambda value, **_: dumps(value)
    return environment


def _is_markup(name: str | None) -> bool:
    return name is None or name.endswith(_ESCAPED)
