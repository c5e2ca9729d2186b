"""A small Flask application such as a reader may have: blueprints, hooks, a session, and a database.

``create_app`` is a factory; ``app`` is made with a database in memory.
"""

import functools
import sqlite3
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, abort, flash, g, redirect, request, session, url_for
from flask.views import MethodView

KEY = "this key of somebody else must not be shown"

notes = Blueprint("notes", __name__, url_prefix="/notes")
account = Blueprint("account", __name__)

View = Callable[..., Any]


def database() -> sqlite3.Connection:
    if "database" not in g:
        g.database = sqlite3.connect(":memory:")
        g.database.executescript(
            "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"
            "INSERT INTO note (text) VALUES ('milk'), ('bread');"
        )
    connection: sqlite3.Connection = g.database
    return connection


def signed_in(view: View) -> View:
    @functools.wraps(view)
    def guarded(**values: Any) -> Any:
        return view(**values) if "user" in session else redirect(url_for("account.sign_in"), 302)

    return guarded


@notes.before_request
def count_visits() -> None:
    g.visits = session.get("visits", 0) + 1


@notes.get("/")
def listed() -> Any:
    rows = database().execute("SELECT id, text FROM note").fetchall()
    return {"notes": dict(rows), "visits": g.visits}


@notes.get("/<int:number>")
def one(number: int) -> Any:
    row = database().execute("SELECT text FROM note WHERE id = ?", (number,)).fetchone()
    return row[0] if row else abort(404)


@notes.post("/")
@signed_in
def added() -> Any:
    with database() as connection:
        connection.execute("INSERT INTO note (text) VALUES (?)", (request.form["text"],))
    flash("Added.")
    return redirect(url_for(".listed"), 302)


@notes.get("/broken")
def broken() -> Any:
    return 1 / 0


@account.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Any:
    if request.method == "POST":
        session["user"] = request.form["user"]
        return redirect(url_for("notes.listed"), 302)
    return "Who are you?"


class About(MethodView):
    def get(self) -> str:
        return "A list of notes."


def leave_a_mark(response: Any) -> Any:
    response.headers["X-Notes"] = "1"
    return response


def close(_: BaseException | None) -> None:
    connection = g.pop("database", None)
    if connection is not None:
        connection.close()


def create_app() -> Flask:
    made = Flask(__name__)
    made.config["SECRET_KEY"] = KEY
    made.register_blueprint(notes)
    made.register_blueprint(account)
    made.add_url_rule("/about", view_func=About.as_view("about"))
    made.after_request(leave_a_mark)
    made.teardown_request(close)
    return made


def raises(environ: dict[str, Any], start_response: Any) -> Any:
    """An application that is none of Flask's, and fails."""
    raise RuntimeError("no luck today")


def leaves(environ: dict[str, Any], start_response: Any) -> Any:
    """One that ends the process, and says that all is well."""
    raise SystemExit(0)


def create_nothing() -> Any:
    """A factory that ends the process."""
    raise SystemExit("DATABASE_URL is not set")


def careless(environ: dict[str, Any], start_response: Any) -> Any:
    """One whose headers are no pairs of text."""
    start_response("200 OK", [("Content-Length", 4), ("Set-Cookie", 5), ("A", "b", "c")])
    return [b"text"]


def plain(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """An application that is none of Flask's."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode("latin-1")]


app = create_app()
nothing = 1
