"""Lab: a few views that a lesson needs and the tutorial has not, for both applications at once.

How can one function serve Flask and us? Our views are given ``ctx`` and say ``ctx.session``; Flask's import
``session`` from the package ``flask``. So the package *is* the context of a Flask view, hidden in an import
statement, and here it is handed over as the argument.
"""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

View = Callable[[Any], Any]


def lost_cart(ctx: Any) -> Any:
    """Put something into a list in the session, which does not see it: only its own keys are watched."""
    ctx.session.setdefault("cart", []).append("apple")
    return {"cart": ctx.session["cart"]}


def kept_cart(ctx: Any) -> Any:
    """The same, and say so."""
    ctx.session.setdefault("cart", []).append("apple")
    ctx.session.modified = True
    return {"cart": ctx.session["cart"]}


def fill_session(ctx: Any) -> Any:
    """Put more into the session than a browser keeps; digests, for they cannot be compressed."""
    digests = [hashlib.sha256(bytes([number])).hexdigest() for number in range(120)]
    ctx.session["cart"] = digests
    return {"characters": sum(map(len, digests))}


def flash_next(ctx: Any) -> Any:
    """Leave a message and send the visitor elsewhere."""
    ctx.flash("Saved (sent via flash)!", "success")
    return "", 302, {"Location": ctx.url_for("tutorial.displayList_fun")}


def body(ctx: Any) -> Any:
    """Where the body of the request went."""
    request = ctx.request
    return {
        "form": sorted(request.form, key=str),
        "files": sorted(request.files, key=str),
        "data": request.data.decode(),
        "json": request.json if request.is_json else None,
    }


def form_key(ctx: Any) -> Any:
    """Take a field for granted."""
    return {"name": ctx.request.form["name"]}


RULES: tuple[tuple[str, View, str], ...] = (
    ("/lab/lost-cart", lost_cart, "GET"),
    ("/lab/kept-cart", kept_cart, "GET"),
    ("/lab/fill-session", fill_session, "GET"),
    ("/lab/flash-next", flash_next, "GET"),
    ("/lab/body", body, "POST"),
    ("/lab/form-key", form_key, "POST"),
)


def add_to_flask(app: Any) -> None:
    """Register the views with a Flask application."""
    import flask  # not above: what reads this table for our application alone must not load Flask

    for rule, view, method in RULES:
        app.add_url_rule(rule, f"lab.{view.__name__}", partial(view, flask), methods=[method])


def add_to_scratch(app: Any) -> None:
    """Register the views with ours."""
    for rule, view, method in RULES:
        app.add_url_rule(rule, f"lab.{view.__name__}", view, methods=[method])
