"""The tutorial's views on nothing but WSGI: what Flask hides in ``request`` arrives in the argument ``ctx``.

Compare with ``flask_version/views.py``: apart from this text, imports, annotations and the line that makes ``views``,
the one word ``ctx`` is all that differs. What each view does is the application's business; how it comes to be called
is everybody else's in this package.

Spec:     none
Flask:    flask.Blueprint
Differs:  ``ctx`` says where things come from
Left out: nothing
"""

from urllib.parse import urlsplit, urlunsplit

from markupsafe import escape

from tutorial import protection, text
from tutorial.errors import Refusal

from .context import Context
from .errors import REASONS, BadHost, HTTPException, InternalServerError
from .headers import Headers
from .response import Response, ReturnValue, abort, jsonify, make_response, redirect
from .router import Routes
from .signing import BadData

MONTH = 31 * 24 * 60 * 60
"""Seconds for which a signed cookie is believed."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""Statuses that send the browser elsewhere (RFC 9110 §15.4)."""

PROTECTION = Headers(protection.FIELDS)

views = Routes("tutorial")


# What every request goes through


@views.before_app_request
def refuse(ctx: Context) -> None:
    """Look no further into what is too much, and do nothing that a page of another site made the browser ask for."""
    protection.check_head(ctx.request.environ, ctx.current_app.extensions["settings"])
    unsafe = ctx.request.method not in protection.SAFE_METHODS
    if unsafe and protection.is_cross_site(ctx.request.environ, ctx.request.host):
        abort(403)


# Path parameters


@views.route("/hello/<name>")
def hello(ctx: Context, name: str) -> ReturnValue:
    return f"Hello {escape(name)}!"


@views.route("/add_wrong/<num1>/<num2>")
def add_wrong(ctx: Context, num1: str, num2: str) -> ReturnValue:
    """What a path holds is text, and texts are joined: 20 + 30 = 2030."""
    return f"{escape(num1)} + {escape(num2)} = {escape(num1 + num2)}"


@views.route("/add/<int:num1>/<int:num2>")
def add(ctx: Context, num1: int, num2: int) -> ReturnValue:
    try:
        return f"{num1} + {num2} = {num1 + num2}"
    except ValueError:
        # Python writes no number of more than 4,300 digits, and the sum can have one more than its terms.
        raise Refusal("The sum has more digits than we write out: add smaller numbers.") from None


# Query parameters, and the login that leaves a flash


@views.route("/login", methods=["GET", "POST"])
def login(ctx: Context) -> ReturnValue:
    if ctx.request.method == "POST":
        username, password = ctx.request.form.get("username"), ctx.request.form.get("password")
        if ctx.current_app.extensions["settings"].credentials_match(username, password):
            ctx.flash("Successful login (sent via flash)!")
            message = "Successful login (sent via index.html message)"
        else:
            ctx.flash("Login failed! (sent via flash)")
            message = "Login failed (sent via index.html message)"
        return ctx.render_template("index.html", message=message)
    username = ctx.request.args.get("username")
    password = ctx.request.args.get("password")
    if username is None and password is None:
        return ctx.render_template("login.html")
    return f"Username: {escape(username)} <br>Password: {escape(password)}"


# Methods and status codes


@views.route("/getandpost", methods=["GET", "POST"])
def getandpost(ctx: Context) -> ReturnValue:
    # HEAD comes here too, and must have what GET has.
    return "POST method used." if ctx.request.method == "POST" else "GET method used."


@views.route("/get202status")
def get202status(ctx: Context) -> ReturnValue:
    return "get200status() method successfully called.", 202


@views.route("/get202statuswithmakeresponse")
def get202statuswithmakeresponse(ctx: Context) -> ReturnValue:
    response = make_response()
    response.status_code = 202
    response.data = "get202statuswithmakresponse() successfully called"
    response.content_type = "text/customkumartext"
    return response


# Templates and redirects


@views.app_template_filter()
def title_case(value: str) -> str:
    return text.title_case(value)


@views.route("/", methods=["GET", "POST"])
def index(ctx: Context) -> ReturnValue:
    if ctx.request.method == "POST":
        username, password = ctx.request.form.get("username"), ctx.request.form.get("password")
        known = ctx.current_app.extensions["settings"].credentials_match(username, password)
        return "Success" if known else "Failure"
    return ctx.render_template("home.html", hello_str="Hello", world_str="World")


@views.route("/displaylist")
def displayList_fun(ctx: Context) -> ReturnValue:  # the tutorial's name
    return ctx.render_template("displaylist_template.html", mylist=[10, 20, 30, 40, 50])


@views.route("/redirect_endpoint")
def redirect_endpoint(ctx: Context) -> ReturnValue:
    return redirect(ctx.url_for("tutorial.displayList_fun"), 302)


# Files


@views.route("/file_upload", methods=["POST"])
def file_upload(ctx: Context) -> ReturnValue:
    upload = ctx.request.files.get("file")
    content = ctx.current_app.extensions["spreadsheets"].show(upload, ctx.request.mimetype)
    if content.table:
        return ctx.render_template("table.html", table=content.table, note=content.note)
    return content.text, {"Content-Type": "text/plain; charset=utf-8"}


@views.route("/convert_to_csv", methods=["POST"])
def convert_to_csv(ctx: Context) -> ReturnValue:
    upload = ctx.request.files.get("file")
    csv = ctx.current_app.extensions["spreadsheets"].to_csv(upload, ctx.request.mimetype)
    return csv, {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": "attachment; filename=result.csv",
    }


@views.route("/convert_to_csv_with_download_page", methods=["POST"])
def convert_to_csv_with_download_page(ctx: Context) -> ReturnValue:
    upload = ctx.request.files.get("file")
    csv = ctx.current_app.extensions["spreadsheets"].to_csv(upload, ctx.request.mimetype)
    name = ctx.current_app.extensions["downloads"].save_csv(csv)
    return ctx.render_template("download.html", filename_to_download=name)


@views.route("/download/<filename_to_download>")
def download(ctx: Context, filename_to_download: str) -> ReturnValue:
    csv = ctx.current_app.extensions["downloads"].open_csv(filename_to_download)
    if csv is None:
        abort(404)
    # A name is given once and its file never changes, so the name will do as its entity tag.
    return ctx.send_file(
        csv,
        mimetype="text/csv",
        as_attachment=True,
        download_name="result.csv",
        etag=filename_to_download,
    )


# JSON


@views.route("/handle_js_post", methods=["POST"])
def handle_js_post(ctx: Context) -> ReturnValue:
    settings = ctx.current_app.extensions["settings"]
    ctx.request.max_content_length = settings.max_json_size
    text.check_nesting(ctx.request.get_data(), settings.max_json_depth)
    match ctx.request.json:
        case {"greeting": str(greeting), "name": str(name)}:
            ctx.current_app.extensions["downloads"].save_message(f"{greeting} {name}")
        case _:
            raise Refusal('Send a JSON object with two texts, "greeting" and "name".')
    return jsonify({"message": "Successfully stored the message! - Kumaravel"})


# The session


@views.route("/set_session_data")
def set_session_data(ctx: Context) -> ReturnValue:
    ctx.session["name"] = "Kumaravel Rajan"
    ctx.session["other"] = "Other data in cookie"
    return ctx.render_template("index.html", message="Session data set")


@views.route("/get_session_data")
def get_session_data(ctx: Context) -> ReturnValue:
    if ctx.session:
        name = ctx.session.get("name")
        other = ctx.session.get("other")
        message = f"name = {name};; other = {other}"
    else:
        message = "No session exists yet. Create a new session instead and try again."
    return ctx.render_template("index.html", message=message)


@views.route("/clear_session")
def clear_session(ctx: Context) -> ReturnValue:
    ctx.session.clear()
    return ctx.render_template("index.html", message="Session cleared.")


# Cookies, plain and signed


@views.route("/set_custom_cookie")
def set_custom_cookie(ctx: Context) -> ReturnValue:
    response = make_response(ctx.render_template("index.html", message="Custom cookie set"))
    flags = ctx.current_app.extensions["settings"].cookie_flags
    response.set_cookie("cookie_key", "cookie_value", **flags)
    return response


@views.route("/get_custom_cookie")
def get_custom_cookie(ctx: Context) -> ReturnValue:
    key = "cookie_key"
    if key in ctx.request.cookies:
        value = ctx.request.cookies.get(key)
        message = f"custom cookie key: {key};; custom cookie value: {value}"
    else:
        message = "No custom cookie set. First set the cookie and then try to read it."
    return ctx.render_template("index.html", message=message)


@views.route("/clear_custom_cookie")
def clear_custom_cookie(ctx: Context) -> ReturnValue:
    response = make_response(ctx.render_template("index.html", message="Cleared custom cookie"))
    flags = ctx.current_app.extensions["settings"].cookie_flags
    response.delete_cookie("cookie_key", **flags)
    return response


@views.route("/set_signed_cookie")
def set_signed_cookie(ctx: Context) -> ReturnValue:
    response = make_response(ctx.render_template("index.html", message="Signed cookie set"))
    value = ctx.current_app.extensions["signer"].dumps("cookie_value")
    flags = ctx.current_app.extensions["settings"].cookie_flags
    response.set_cookie("signed_cookie_key", value, **flags)
    return response


@views.route("/get_signed_cookie")
def get_signed_cookie(ctx: Context) -> ReturnValue:
    key = "signed_cookie_key"
    signed = ctx.request.cookies.get(key)
    if signed is None:
        message = "No signed cookie set. First set the cookie and then try to read it."
    else:
        try:
            value = ctx.current_app.extensions["signer"].loads(signed, max_age=MONTH)
        except BadData:
            raise Refusal("This signed cookie is not ours, or too old: set it again.") from None
        message = f"signed cookie key: {key};; signed cookie value: {value}"
    return ctx.render_template("index.html", message=message)


# For those who watch over the server


@views.route("/healthz")
def healthz(ctx: Context) -> ReturnValue:
    return "ok", {"Content-Type": "text/plain; charset=utf-8"}


@views.route("/readyz")
def readyz(ctx: Context) -> ReturnValue:
    """Whether files can be stored; all else works without."""
    ctx.current_app.extensions["downloads"].ready()
    return "ok", {"Content-Type": "text/plain; charset=utf-8"}


# Errors: the same page for all of them, but for two that cannot have one


@views.app_errorhandler(HTTPException)
def http_error(ctx: Context, error: HTTPException) -> ReturnValue:
    code = error.code or 500
    sentence = text.explain(code)
    page = ctx.render_template("error.html", code=code, name=error.name, sentence=sentence)
    return page, code, error.get_headers()


@views.app_errorhandler(Refusal)
def refusal(ctx: Context, error: Refusal) -> ReturnValue:
    name = REASONS[error.code]
    page = ctx.render_template("error.html", code=error.code, name=name, sentence=str(error))
    return page, error.code


@views.app_errorhandler(UnicodeDecodeError)
def not_utf8(ctx: Context, error: UnicodeDecodeError) -> ReturnValue:
    # A query is the one text of a request that is decoded strictly.
    sentence = "The query of the URL is not UTF-8: percent-code it."
    return ctx.render_template("error.html", code=400, name="Bad Request", sentence=sentence), 400


@views.app_errorhandler(BadHost)
def bad_host(ctx: Context, error: BadHost) -> ReturnValue:
    # Without a host there are no URLs, and the template is full of them.
    sentence = "The Host field of the request cannot name a server; check the address."
    return text.plain_page(400, error.name, sentence), 400


@views.app_errorhandler(InternalServerError)
def server_error(ctx: Context, error: InternalServerError) -> ReturnValue:
    # What failed may have been the template, so this page needs none.
    return text.plain_page(500, error.name, text.explain(500)), 500


# What every answer goes through


@views.after_app_request
def protect(ctx: Context, response: Response) -> Response:
    """Tell browsers what no page of ours ever does, and what nobody may do with one."""
    response.headers.extend(PROTECTION)
    return response


@views.after_app_request
def redirect_page(ctx: Context, response: Response) -> Response:
    """Give every redirect the same page, and a Location that does not repeat what the client sent as Host."""
    if response.status_code in REDIRECTS:
        _scheme, _host, *rest = urlsplit(response.headers["Location"])
        location = urlunsplit(("", "", *rest))
        response.location = location
        response.data = ctx.render_template("redirect.html", location=location)
    return response
