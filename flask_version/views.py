"""The tutorial's views in Flask: what arrives is in ``request``, what is returned becomes the answer."""

from urllib.parse import urlsplit, urlunsplit

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from itsdangerous import BadData
from markupsafe import escape
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadHost, HTTPException, InternalServerError
from werkzeug.http import HTTP_STATUS_CODES as REASONS

from tutorial import protection, text
from tutorial.errors import Refusal

MONTH = 31 * 24 * 60 * 60
"""Seconds for which a signed cookie is believed."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""Statuses that send the browser elsewhere (RFC 9110 §15.4)."""

PROTECTION = Headers(protection.FIELDS)

views = Blueprint("tutorial", __name__)


# What every request goes through


@views.before_app_request
def refuse() -> None:
    """Look no further into what is too much, and do nothing that a page of another site made the browser ask for."""
    protection.check_head(request.environ, current_app.extensions["settings"])
    unsafe = request.method not in protection.SAFE_METHODS
    if unsafe and protection.is_cross_site(request.environ, request.host):
        abort(403)


# Path parameters


@views.route("/hello/<name>")
def hello(name: str) -> ResponseReturnValue:
    return f"Hello {escape(name)}!"


@views.route("/add_wrong/<num1>/<num2>")
def add_wrong(num1: str, num2: str) -> ResponseReturnValue:
    """What a path holds is text, and texts are joined: 20 + 30 = 2030."""
    return f"{escape(num1)} + {escape(num2)} = {escape(num1 + num2)}"


@views.route("/add/<int:num1>/<int:num2>")
def add(num1: int, num2: int) -> ResponseReturnValue:
    try:
        return f"{num1} + {num2} = {num1 + num2}"
    except ValueError:
        # Python writes no number of more than 4,300 digits, and the sum can have one more than its terms.
        raise Refusal("The sum has more digits than we write out: add smaller numbers.") from None


# Query parameters, and the login that leaves a flash


@views.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    if request.method == "POST":
        username, password = request.form.get("username"), request.form.get("password")
        if current_app.extensions["settings"].credentials_match(username, password):
            flash("Successful login (sent via flash)!")
            message = "Successful login (sent via index.html message)"
        else:
            flash("Login failed! (sent via flash)")
            message = "Login failed (sent via index.html message)"
        return render_template("index.html", message=message)
    username = request.args.get("username")
    password = request.args.get("password")
    if username is None and password is None:
        return render_template("login.html")
    return f"Username: {escape(username)} <br>Password: {escape(password)}"


# Methods and status codes


@views.route("/getandpost", methods=["GET", "POST"])
def getandpost() -> ResponseReturnValue:
    # HEAD comes here too, and must have what GET has.
    return "POST method used." if request.method == "POST" else "GET method used."


@views.route("/get202status")
def get202status() -> ResponseReturnValue:
    return "get200status() method successfully called.", 202


@views.route("/get202statuswithmakeresponse")
def get202statuswithmakeresponse() -> ResponseReturnValue:
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
def index() -> ResponseReturnValue:
    if request.method == "POST":
        username, password = request.form.get("username"), request.form.get("password")
        known = current_app.extensions["settings"].credentials_match(username, password)
        return "Success" if known else "Failure"
    return render_template("home.html", hello_str="Hello", world_str="World")


@views.route("/displaylist")
def displayList_fun() -> ResponseReturnValue:  # the tutorial's name
    return render_template("displaylist_template.html", mylist=[10, 20, 30, 40, 50])


@views.route("/redirect_endpoint")
def redirect_endpoint() -> ResponseReturnValue:
    return redirect(url_for("tutorial.displayList_fun"), 302)


# Files


@views.route("/file_upload", methods=["POST"])
def file_upload() -> ResponseReturnValue:
    upload = request.files.get("file")
    content = current_app.extensions["spreadsheets"].show(upload, request.mimetype)
    if content.table:
        return render_template("table.html", table=content.table, note=content.note)
    return content.text, {"Content-Type": "text/plain; charset=utf-8"}


@views.route("/convert_to_csv", methods=["POST"])
def convert_to_csv() -> ResponseReturnValue:
    upload = request.files.get("file")
    csv = current_app.extensions["spreadsheets"].to_csv(upload, request.mimetype)
    return csv, {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": "attachment; filename=result.csv",
    }


@views.route("/convert_to_csv_with_download_page", methods=["POST"])
def convert_to_csv_with_download_page() -> ResponseReturnValue:
    upload = request.files.get("file")
    csv = current_app.extensions["spreadsheets"].to_csv(upload, request.mimetype)
    name = current_app.extensions["downloads"].save_csv(csv)
    return render_template("download.html", filename_to_download=name)


@views.route("/download/<filename_to_download>")
def download(filename_to_download: str) -> ResponseReturnValue:
    csv = current_app.extensions["downloads"].open_csv(filename_to_download)
    if csv is None:
        abort(404)
    # A name is given once and its file never changes, so the name will do as its entity tag.
    return send_file(
        csv,
        mimetype="text/csv",
        as_attachment=True,
        download_name="result.csv",
        etag=filename_to_download,
    )


# JSON


@views.route("/handle_js_post", methods=["POST"])
def handle_js_post() -> ResponseReturnValue:
    settings = current_app.extensions["settings"]
    request.max_content_length = settings.max_json_size
    text.check_nesting(request.get_data(), settings.max_json_depth)
    match request.json:
        case {"greeting": str(greeting), "name": str(name)}:
            current_app.extensions["downloads"].save_message(f"{greeting} {name}")
        case _:
            raise Refusal('Send a JSON object with two texts, "greeting" and "name".')
    return jsonify({"message": "Successfully stored the message! - Kumaravel"})


# The session


@views.route("/set_session_data")
def set_session_data() -> ResponseReturnValue:
    session["name"] = "Kumaravel Rajan"
    session["other"] = "Other data in cookie"
    return render_template("index.html", message="Session data set")


@views.route("/get_session_data")
def get_session_data() -> ResponseReturnValue:
    if session:
        name = session.get("name")
        other = session.get("other")
        message = f"name = {name};; other = {other}"
    else:
        message = "No session exists yet. Create a new session instead and try again."
    return render_template("index.html", message=message)


@views.route("/clear_session")
def clear_session() -> ResponseReturnValue:
    session.clear()
    return render_template("index.html", message="Session cleared.")


# Cookies, plain and signed


@views.route("/set_custom_cookie")
def set_custom_cookie() -> ResponseReturnValue:
    response = make_response(render_template("index.html", message="Custom cookie set"))
    flags = current_app.extensions["settings"].cookie_flags
    response.set_cookie("cookie_key", "cookie_value", **flags)
    return response


@views.route("/get_custom_cookie")
def get_custom_cookie() -> ResponseReturnValue:
    key = "cookie_key"
    if key in request.cookies:
        value = request.cookies.get(key)
        message = f"custom cookie key: {key};; custom cookie value: {value}"
    else:
        message = "No custom cookie set. First set the cookie and then try to read it."
    return render_template("index.html", message=message)


@views.route("/clear_custom_cookie")
def clear_custom_cookie() -> ResponseReturnValue:
    response = make_response(render_template("index.html", message="Cleared custom cookie"))
    flags = current_app.extensions["settings"].cookie_flags
    response.delete_cookie("cookie_key", **flags)
    return response


@views.route("/set_signed_cookie")
def set_signed_cookie() -> ResponseReturnValue:
    response = make_response(render_template("index.html", message="Signed cookie set"))
    value = current_app.extensions["signer"].dumps("cookie_value")
    flags = current_app.extensions["settings"].cookie_flags
    response.set_cookie("signed_cookie_key", value, **flags)
    return response


@views.route("/get_signed_cookie")
def get_signed_cookie() -> ResponseReturnValue:
    key = "signed_cookie_key"
    signed = request.cookies.get(key)
    if signed is None:
        message = "No signed cookie set. First set the cookie and then try to read it."
    else:
        try:
            value = current_app.extensions["signer"].loads(signed, max_age=MONTH)
        except BadData:
            raise Refusal("This signed cookie is not ours, or too old: set it again.") from None
        message = f"signed cookie key: {key};; signed cookie value: {value}"
    return render_template("index.html", message=message)


# For those who watch over the server


@views.route("/healthz")
def healthz() -> ResponseReturnValue:
    return "ok", {"Content-Type": "text/plain; charset=utf-8"}


@views.route("/readyz")
def readyz() -> ResponseReturnValue:
    """Whether files can be stored; all else works without."""
    current_app.extensions["downloads"].ready()
    return "ok", {"Content-Type": "text/plain; charset=utf-8"}


# Errors: the same page for all of them, but for two that cannot have one


@views.app_errorhandler(HTTPException)
def http_error(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    sentence = text.explain(code)
    page = render_template("error.html", code=code, name=error.name, sentence=sentence)
    return page, code, error.get_headers()


@views.app_errorhandler(Refusal)
def refusal(error: Refusal) -> ResponseReturnValue:
    name = REASONS[error.code]
    page = render_template("error.html", code=error.code, name=name, sentence=str(error))
    return page, error.code


@views.app_errorhandler(UnicodeDecodeError)
def not_utf8(error: UnicodeDecodeError) -> ResponseReturnValue:
    # A query is the one text of a request that is decoded strictly.
    sentence = "The query of the URL is not UTF-8: percent-code it."
    return render_template("error.html", code=400, name="Bad Request", sentence=sentence), 400


@views.app_errorhandler(BadHost)
def bad_host(error: BadHost) -> ResponseReturnValue:
    # Without a host there are no URLs, and the template is full of them.
    sentence = "The Host field of the request cannot name a server; check the address."
    return text.plain_page(400, error.name, sentence), 400


@views.app_errorhandler(InternalServerError)
def server_error(error: InternalServerError) -> ResponseReturnValue:
    # What failed may have been the template, so this page needs none.
    return text.plain_page(500, error.name, text.explain(500)), 500


# What every answer goes through


@views.after_app_request
def protect(response: Response) -> Response:
    """Tell browsers what no page of ours ever does, and what nobody may do with one."""
    response.headers.extend(PROTECTION)
    return response


@views.after_app_request
def redirect_page(response: Response) -> Response:
    """Give every redirect the same page, and a Location that does not repeat what the client sent as Host."""
    if response.status_code in REDIRECTS:
        _scheme, _host, *rest = urlsplit(response.headers["Location"])
        location = urlunsplit(("", "", *rest))
        response.location = location
        response.data = render_template("redirect.html", location=location)
    return response
