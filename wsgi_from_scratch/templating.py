"""Templating: the shared Jinja templates, with autoescape on and the same names in reach.

Jinja is a library of its own, and both applications use it. What a framework adds is little, and the surprise is
that the most important part is a default: a bare ``jinja2.Environment()`` does *not* escape, so whatever a visitor
typed would be markup on the page.

What is added here beside that makes a page five times as fast (benchmarks: fast paths, which print all figures of this
file). Jinja serves every program that there is; this one has templates that never change, and functions in them that
want nothing of Jinja.

Spec:     none; Jinja's documentation ("High Level API", "The Context")
Flask:    flask.templating.Environment, flask.render_template, flask.Flask.select_jinja_autoescape
Differs:  ``request`` and ``url_for`` reach a template because the caller passes them, not through context locals;
          a link of constants is built once for each ``url_for``, which must be hashable and give the same each time;
          ``url_for`` and ``get_flashed_messages`` are called as they are, so no macro may bear their names, nor a
          function that asks for Jinja's context
Left out: ``session``, ``g`` and ``config`` in templates; streaming; templates in strings; globals of one template;
          ``include ... without context``; ``request`` and the two functions in macros imported without context
"""

import itertools
import json
import operator
import os
from collections.abc import Callable, Iterable, MutableMapping
from functools import lru_cache, partial
from types import CodeType
from typing import Any, TypeAlias, TypeGuard, cast

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import _escape_inner  # type: ignore[attr-defined]  # what escape() does with a text

from .response import json_default
from .router import REMEMBERED_PLACES

_ESCAPED = (".html", ".htm", ".xml", ".xhtml", ".svg")


def _escape(value: object) -> str:
    """Text for a page. It is not marked as escaped, for it is written at once: 0.1 µs, and not 0.4."""
    if type(value) is not str:
        if hasattr(value, "__html__"):
            return str(value.__html__())
        value = str(value)
    text: str = _escape_inner(value)
    return text


_URL_FOR = nodes.Name("url_for", "load")
_PLAIN_FUNCTIONS = (_URL_FOR, nodes.Name("get_flashed_messages", "load"))

_OfUrlFor: TypeAlias = Callable[[Callable[..., Any]], Any]
"""Gives a link or a text that ``url_for`` alone decides: it is the same for as long as ``url_for`` is."""


def _link(call: nodes.Call) -> _OfUrlFor:
    values = [argument.as_const() for argument in call.args]
    named = {argument.key: argument.value.as_const() for argument in call.kwargs}
    return lambda url_for: url_for(*values, **named)


def _text(parts: Iterable[nodes.Expr]) -> _OfUrlFor:
    pieces = [_link(part) if _is_link(part) else str(part.as_const()) for part in parts]
    return lambda url_for: "".join(
        piece if isinstance(piece, str) else _escape(piece(url_for)) for piece in pieces
    )


class _CodeGenerator(CodeGenerator):
    """Writes the Python code of a template; ``kept[3](url_for)`` stands for what depends on ``url_for`` alone."""

    environment: "Environment"

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:
        """Write neighbouring texts and constant links as one text, which is put together once for each ``url_for``.

        With what ``blockvisit`` does, a page of twenty links takes 8 µs, and not 11.
        """
        if frame.require_output_check or frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super().visit_Output(node, frame)
            return
        for _, neighbours in itertools.groupby(node.nodes, _is_text_or_link):
            group = list(neighbours)
            if any(map(_is_link, group)):
                self.writeline(f"{frame.buffer}.append(", node)
                self._write_kept(_text(group), frame)
                self.write(")")
            else:
                super().visit_Output(nodes.Output(group, lineno=node.lineno), frame)

    def blockvisit(self, nodes: Iterable[nodes.Node], frame: Frame) -> None:
        """Collect what a template or a block of it writes, and yield it as one text.

        Jinja yields each piece, through the generators of all templates and blocks around it.
        """
        if frame.buffer is not None:
            super().blockvisit(nodes, frame)
            return
        self.buffer(frame)
        super().blockvisit(nodes, frame)
        self.writeline(f"if {frame.buffer}: yield concat({frame.buffer})")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        """Call a function of this application. Jinja would ask first whether it wants its context: 0.9 µs.

        A link of constants is built once for each ``url_for``, and then looked up: 0.1 µs, and not 3.3.
        """
        if forward_caller or node.node not in _PLAIN_FUNCTIONS:
            super().visit_Call(node, frame, forward_caller=forward_caller)
        elif _is_link(node):
            self._write_kept(_link(node), frame)
        else:
            self.write("call(")
            self.visit(node.node, frame)
            self.signature(node, frame)
            self.write(")")

    def visit_Include(self, node: nodes.Include, frame: Frame) -> None:
        """Refuse what Jinja would write at once, before the texts that are collected as yet."""
        if not node.with_context:
            self.fail("'without context' does not go together with collected texts", node.lineno)
        super().visit_Include(node, frame)

    def _write_kept(self, compute: _OfUrlFor, frame: Frame) -> None:
        number = next(self.environment.numbers)
        self.environment.kept[number] = lru_cache(REMEMBERED_PLACES)(compute)
        self.write(f"kept[{number}](")
        self.visit(_URL_FOR, frame)
        self.write(")")


def _is_link(node: nodes.Node) -> TypeGuard[nodes.Call]:
    """Whether this is ``url_for`` with constants."""
    return (
        isinstance(node, nodes.Call)
        and node.node == _URL_FOR
        and node.dyn_args is node.dyn_kwargs is None
        and all(isinstance(value, nodes.Const) for value in node.args)
        and all(isinstance(argument.value, nodes.Const) for argument in node.kwargs)
    )


def _is_text_or_link(node: nodes.Node) -> bool:
    return isinstance(node, nodes.TemplateData) or _is_link(node)


class _Template(jinja2.Template):
    """A compiled template, which finds among its globals the functions that escape and call."""

    @classmethod
    def from_code(
        cls,
        environment: jinja2.Environment,
        code: CodeType,
        globals: MutableMapping[str, Any],
        uptodate: Callable[[], bool] | None = None,
    ) -> jinja2.Template:
        template = super().from_code(environment, code, globals, uptodate)
        kept = cast(Environment, environment).kept
        names = {"escape": _escape, "call": operator.call, "kept": kept}
        template.root_render_func.__globals__.update(names)
        return template


class Environment(jinja2.Environment):
    """Jinja's environment for templates that do not change and have no globals of their own."""

    code_generator_class = _CodeGenerator
    template_class = _Template

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        loader = jinja2.FileSystemLoader(folder)
        super().__init__(loader=loader, autoescape=_is_markup, auto_reload=False)
        self._loaded: dict[str, jinja2.Template] = {}
        self.kept: dict[int, _OfUrlFor] = {}
        """What the templates write that depends on ``url_for`` alone."""
        self.numbers = itertools.count()

    def get_template(
        self,
        name: str | jinja2.Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,
    ) -> jinja2.Template:
        """The template with this name. Jinja asks its cache for it, and again for its parent: 1.1 µs of a page."""
        if not isinstance(name, str):
            return name
        template = self._loaded.get(name)
        if template is None:
            template = self._loaded[name] = super().get_template(name, parent)
        return template

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The common globals. Jinja chains a template's own before them and copies the chain: 3.7 µs of a page."""
        return self.globals


def make_environment(folder: str | os.PathLike[str]) -> Environment:
    """Templates from ``folder``, compiled once and kept. Files of a markup language are escaped."""
    environment = Environment(folder)
    environment.policies["json.dumps_function"] = partial(json.dumps, default=json_default)
    return environment


def _is_markup(name: str | None) -> bool:
    return name is None or name.endswith(_ESCAPED)
