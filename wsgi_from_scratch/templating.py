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
from collections.abc import Callable
from typing import Any, TypeAlias

from jinja2 import Environment, FileSystemLoader

from .response import dumps

Filter: TypeAlias = Callable[..., Any]

_ESCAPED = (".html", ".htm", ".xml", ".xhtml", ".svg")


def make_environment(folder: str | os.PathLike[str], filters: dict[str, Filter]) -> Environment:
    """Templates from ``folder``, compiled once and kept. Files of a markup language are escaped."""
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=_is_markup, auto_reload=False
    )
    environment.filters.update(filters)
    environment.policies["json.dumps_function"] = lambda value, **_: dumps(value)
    return environment


def _is_markup(name: str | None) -> bool:
    return name is None or name.endswith(_ESCAPED)
