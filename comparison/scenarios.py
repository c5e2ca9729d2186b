"""Scenarios: what is sent to both applications, as data, in the order of the tutorial.

This is the one table: the report, the parity tests and the benchmarks all read it. A scenario is one visit of one
browser, a request or several, and its lesson is one sentence. Besides every URL and method of the tutorial there
stand the cases at which people who learn Flask stumble; each of those is a request too.
"""

from dataclasses import dataclass

from .steps import (
    CSV,
    JSON,
    TEXT,
    URLENCODED,
    XLS,
    XLSX,
    Next,
    Part,
    Step,
    follow_link,
    follow_redirect,
    form,
    get,
    multipart,
    post,
    sample,
    send,
    spoil_payload,
    spoil_signature,
    strip_signature,
    upload,
    with_cookie,
)

SECRET_KEY = "both applications of a comparison sign with this, and no server does"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One visit, and what it teaches. ``lab`` says that it needs the views of ``lab``."""

    name: str
    lesson: str
    steps: tuple[Step | Next, ...]
    lab: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A lesson of the tutorial."""

    title: str
    scenarios: tuple[Scenario, ...]


_LOGIN = "username=kumar&password=kumar"
_PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj << >> endobj\n"

GROUPS = (
    Group(
        "Path and query parameters",
        (
            Scenario(
                "hello",
                "A part of the path becomes an argument of the view.",
                (get("/hello/Kumar"),),
            ),
            Scenario(
                "hello-markup",
                "What a visitor typed is escaped before it becomes a part of a page.",
                (get("/hello/%3Cb%3EKumar"),),
            ),
            Scenario(
                "hello-percent",
                "Percent signs and UTF-8 are decoded before the view is called.",
                (get("/hello/J%C3%BCrgen%20%E2%82%AC%2B%25"), get("/hello/J\xc3\xbcrgen")),
            ),
            Scenario(
                "hello-broken-utf8",
                "Bytes that are no UTF-8 become replacement characters and never an error.",
                (get("/hello/%FF%C3"), get("/login?username=%FF")),
            ),
            Scenario(
                "hello-slash",
                "A server decodes %2F before the router looks, so it separates like any other slash.",
                (get("/hello/a%2Fb"),),
            ),
            Scenario(
                "add-wrong",
                "Path parameters are text: 20 + 30 is 2030.",
                (get("/add_wrong/20/30"),),
            ),
            Scenario(
                "add",
                "A converter in the rule makes numbers of them: 20 + 30 is 50.",
                (get("/add/20/30"),),
            ),
            Scenario(
                "add-no-number",
                "What a converter does not accept matches no rule: 404, not 400.",
                (get("/add/20/thirty"), get("/add/20/-30"), get("/add/20/3.0"), get("/add/20/")),
            ),
            Scenario(
                "add-huge",
                "Python refuses to print a number of more than 4,300 digits, and a visitor may send one.",
                (get(f"/add/{'9' * 4300}/1"), get(f"/add/1/{'9' * 4301}")),
            ),
            Scenario(
                "query",
                "What stands behind the question mark is in request.args, where every key may be missing.",
                (
                    get("/login?username=kumar&password=secret"),
                    get("/login?username=kumar"),
                    get("/login?user=kumar"),
                ),
            ),
            Scenario(
                "query-encoded",
                "In a query, + is a space, & separates, ; does not, and the first of two namesakes wins.",
                (
                    get("/login?username=a+b%2Bc&password=%26"),
                    get("/login?username=a;password=b"),
                    get("/login?username=first&username=second&password"),
                    get("/login?username=%zz&=&&password=a=b"),
                ),
            ),
        ),
    ),
    Group(
        "GET and POST",
        (
            Scenario(
                "get-and-post",
                "One view answers two methods and asks which one it was.",
                (get("/getandpost"), form("/getandpost", "")),
            ),
            Scenario(
                "head",
                "Flask answers HEAD for every rule that answers GET: the same headers, no body.",
                (send("HEAD /hello/Kumar"), send("HEAD /getandpost"), send("HEAD /css/hello.css")),
            ),
            Scenario(
                "options",
                "Flask answers OPTIONS by itself, with the methods of all rules that match.",
                (
                    send("OPTIONS /getandpost"),
                    send("OPTIONS /file_upload"),
                    send("OPTIONS /nowhere"),
                ),
            ),
            Scenario(
                "method-not-allowed",
                "A path that matches with another method is a 405, and Allow says which ones would do.",
                (form("/hello/Kumar", ""), send("PUT /login"), send("DELETE /")),
            ),
            Scenario(
                "method-unknown",
                "A method that nobody has heard of is not allowed; small letters mean the same as capitals.",
                (send("BREW /getandpost"), send("get /getandpost"), send("__class__ /nowhere")),
            ),
            Scenario(
                "get-on-post-only",
                "The static rule at the root matches every path, so GET on a POST-only URL is 404 and not 405.",
                (get("/file_upload"), get("/handle_js_post")),
            ),
            Scenario(
                "post-to-nowhere",
                "For the same reason POST to a path that does not exist is 405 and not 404.",
                (form("/nowhere", "a=1"), get("/nowhere")),
            ),
            Scenario(
                "slash-too-many",
                "A rule without a slash at its end does not match a path with one.",
                (get("/login/"), form("/login/", _LOGIN)),
            ),
            Scenario(
                "slashes-doubled",
                "A path may begin with several slashes; with doubled ones further on it names nothing.",
                (
                    form("//login?from=home", _LOGIN),
                    get("/hello//Kumar?a=1&b=%20"),
                    get("//example.com/hello"),
                ),
            ),
            Scenario(
                "method-override",
                "X-HTTP-Method-Override is another framework's habit: it changes nothing here.",
                (get("/getandpost", "X-HTTP-Method-Override: POST"),),
            ),
        ),
    ),
    Group(
        "Status codes",
        (
            Scenario(
                "status",
                "The second item of a returned tuple is the status.",
                (get("/get202status"),),
            ),
            Scenario(
                "status-make-response",
                "A view may make the response itself and change what it likes.",
                (get("/get202statuswithmakeresponse"),),
            ),
        ),
    ),
    Group(
        "Templates",
        (
            Scenario(
                "home",
                "The home page: inherited template, filters built in and our own, links made by url_for.",
                (get("/"),),
            ),
            Scenario("list", "A loop and a condition in a template.", (get("/displaylist"),)),
        ),
    ),
    Group(
        "Dynamic URLs and redirection",
        (
            Scenario(
                "redirect",
                "redirect(url_for(...)) is a 302 with a Location and a short page for those who do not follow.",
                (get("/redirect_endpoint"), follow_redirect),
            ),
            Scenario(
                "prefix",
                "Mounted below a path, the application finds it in SCRIPT_NAME, and begins every URL with it.",
                (
                    get("/shop/", mounted_at="/shop"),
                    get("/shop/hello/Kumar", mounted_at="/shop"),
                    get("/shop/redirect_endpoint", mounted_at="/shop"),
                    get("/shop/set_session_data", mounted_at="/shop"),
                    get("/shop/get_session_data", mounted_at="/shop"),
                ),
            ),
            Scenario(
                "prefix-without-slash",
                "The mount point itself lacks the slash that the home page's rule ends with: 308, for POST as well.",
                (
                    get("/shop?a=1&b=%20", mounted_at="/shop"),
                    form("/shop", _LOGIN, mounted_at="/shop"),
                    get("/two%20words", mounted_at="/two%20words"),
                ),
            ),
        ),
    ),
    Group(
        "Forms",
        (
            Scenario(
                "form",
                "The fields of a form that was sent by POST are in request.form.",
                (form("/", _LOGIN), form("/", "username=kumar&password=wrong")),
            ),
            Scenario(
                "four-content-types",
                "Content-Type decides which attribute fills: the same body is a form, or data, or broken JSON.",
                (
                    post("/", URLENCODED, _LOGIN),
                    post("/", TEXT, _LOGIN),
                    post("/", JSON, _LOGIN),
                    post("/handle_js_post", JSON, _LOGIN),
                    post("/handle_js_post", URLENCODED, _LOGIN),
                    send("POST /", body=_LOGIN.encode()),
                ),
            ),
            Scenario(
                "where-is-the-body",
                "One body under four types, and what a view finds in form, files, data and json.",
                tuple(
                    post("/lab/body", content_type, '{"name":"kumar"}')
                    for content_type in (URLENCODED, TEXT, JSON, "multipart/form-data; boundary=x")
                ),
                lab=True,
            ),
            Scenario(
                "form-as-multipart",
                "The same fields in a multipart body, which is what enctype asks for, end in the same request.form.",
                (multipart("/", Part("username", b"kumar"), Part("password", b"kumar")),),
            ),
            Scenario(
                "form-encoded",
                "In a form, + is a space, ; does not separate, and what cannot be decoded is not fatal.",
                (
                    form("/", "username=kumar;password=kumar"),
                    form("/", "username=%6Bumar&password=kuma%72&username=other"),
                    form("/", "username=%FF&password=%&=&&"),
                    post("/", f"{URLENCODED}; charset=utf-7", _LOGIN),
                ),
            ),
            Scenario(
                "form-missing-key",
                "request.form.get gives None for what was not sent, and the view must say what that means.",
                (form("/", "username=kumar"),),
            ),
            Scenario(
                "lab-missing-key",
                "A KeyError of request.form is a 400, and never says which key it was.",
                (form("/lab/form-key", "name=kumar"), form("/lab/form-key", "nmae=kumar")),
                lab=True,
            ),
            Scenario(
                "form-cut-short",
                "A body that ends before its announced length is not taken for whole.",
                (
                    send(
                        "POST /",
                        f"Content-Type: {URLENCODED}",
                        "Content-Length: 4000",
                        body=_LOGIN.encode(),
                    ),
                ),
            ),
            Scenario(
                "too-large",
                "A body that is announced larger than MAX_CONTENT_LENGTH is refused before it is read.",
                (
                    send("POST /", f"Content-Type: {URLENCODED}", "Content-Length: 99999999"),
                    send(
                        "POST /handle_js_post", f"Content-Type: {JSON}", "Content-Length: 99999999"
                    ),
                    send("POST /", "Content-Length: 99999999"),
                    send("POST /", f"Content-Type: {URLENCODED}", f"Content-Length: {'9' * 30}"),
                    send("POST /hello/Kumar", "Content-Length: 99999999"),
                ),
            ),
            Scenario(
                "too-large-field",
                "A field that is not a file must fit into MAX_FORM_MEMORY_SIZE, however it is encoded.",
                (
                    multipart("/", Part("username", b"k" * 600_000)),
                    form("/", "username=" + "k" * 600_000),
                ),
            ),
            Scenario(
                "too-many-fields",
                "A form has at most MAX_FORM_PARTS fields, however it is encoded.",
                (
                    multipart("/", *(Part(f"f{number}", b"") for number in range(1001))),
                    form("/", "&".join(f"f{number}=" for number in range(1001))),
                ),
            ),
        ),
    ),
    Group(
        "File uploads",
        (
            Scenario(
                "upload-text",
                "A text file comes back as text.",
                (upload("/file_upload", "notes.txt", TEXT),),
            ),
            Scenario(
                "upload-csv",
                "A CSV file becomes a table.",
                (upload("/file_upload", "sales.csv", CSV),),
            ),
            Scenario(
                "upload-xlsx",
                "So does a workbook, read in a process of its own.",
                (upload("/file_upload", "sales.xlsx", XLSX),),
            ),
            Scenario(
                "upload-xls",
                "So does a workbook from before 2007.",
                (upload("/file_upload", "sales.xls", XLS),),
            ),
            Scenario(
                "upload-csv-as-excel",
                "Windows says “Excel” of a .csv: only the bytes tell what a file is.",
                (upload("/file_upload", "sales.csv", XLS),),
            ),
            Scenario(
                "upload-pdf-as-xlsx",
                "A PDF renamed to .xlsx is still a PDF, and the page says so.",
                (
                    upload("/file_upload", "sales.xlsx", XLSX, _PDF),
                    upload("/convert_to_csv", "sales.xlsx", XLSX, _PDF),
                ),
            ),
            Scenario(
                "upload-broken-workbook",
                "A workbook cut in half is 400, and an empty ZIP archive, which is none, 415: not 500.",
                (
                    upload(
                        "/file_upload",
                        "half.xlsx",
                        XLSX,
                        sample("sales.xlsx")[:2000],
                    ),
                    upload("/file_upload", "empty.xlsx", XLSX, b"PK\x05\x06" + bytes(18)),
                ),
            ),
            Scenario(
                "upload-empty",
                "An empty file has a name and nothing else.",
                (upload("/file_upload", "empty.txt", TEXT, b""),),
            ),
            Scenario(
                "upload-nothing-chosen",
                "A form sent without choosing a file has a file part with an empty name, and it counts as false.",
                (upload("/file_upload", "", "application/octet-stream", b""),),
            ),
            Scenario(
                "upload-no-enctype",
                "Without enctype a browser sends the name of the file and not the file.",
                (form("/file_upload", "file=sales.xlsx"),),
            ),
            Scenario(
                "upload-no-field",
                "files.get gives None where files[...] would raise: a form without the field at all.",
                (
                    multipart("/file_upload", Part("other", b"x", "notes.txt", TEXT)),
                    multipart("/convert_to_csv", Part("other", b"x", "notes.txt", TEXT)),
                ),
            ),
            Scenario(
                "upload-no-boundary",
                "A multipart body whose boundary is missing, wrong, or cut off, holds no file.",
                (
                    post("/file_upload", "multipart/form-data", b"--boundary--\r\n"),
                    post(
                        "/file_upload", "multipart/form-data; boundary=other", b"--boundary--\r\n"
                    ),
                    post(
                        "/file_upload",
                        "multipart/form-data; boundary=boundary",
                        b'--boundary\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx',
                    ),
                ),
            ),
            Scenario(
                "upload-hostile-name",
                "The name of an uploaded file is the visitor's text: never a path, and escaped where shown.",
                (
                    upload("/file_upload", "../../etc/passwd", TEXT, b"notes"),
                    upload("/convert_to_csv", "<script>.pdf", XLSX, _PDF),
                ),
            ),
            Scenario(
                "convert",
                "The first sheet as CSV, sent as an attachment: the browser saves it as result.csv.",
                (upload("/convert_to_csv", "sales.xlsx", XLSX),),
            ),
            Scenario(
                "convert-download-page",
                "The CSV is stored under a name that nobody can guess, and a page links to it.",
                (
                    upload("/convert_to_csv_with_download_page", "sales.xlsx", XLSX),
                    follow_link("/download/"),
                ),
            ),
            Scenario(
                "convert-nothing",
                "Without a file there is nothing to convert, and the answer says what is missing.",
                (
                    upload("/convert_to_csv", "", "application/octet-stream", b""),
                    upload(
                        "/convert_to_csv_with_download_page", "", "application/octet-stream", b""
                    ),
                    form("/convert_to_csv_with_download_page", "file=sales.xlsx"),
                ),
            ),
            Scenario(
                "download-unknown",
                "A name that was never given out, or is no name at all, is 404.",
                (
                    get("/download/1c1a7b64-6d5c-4cf6-8a10-3ad9a0b2a5ab.csv"),
                    get("/download/..%2F..%2Finstance%2Fsecret_key"),
                    get("/download/%00"),
                    get(f"/download/{'a' * 300}.csv"),
                ),
            ),
        ),
    ),
    Group(
        "JSON from JavaScript",
        (
            Scenario(
                "json",
                "request.json is what the script sent, and jsonify makes the JSON of the answer.",
                (
                    post(
                        "/handle_js_post",
                        "application/json; charset=utf-8",
                        '{"greeting":"Hey there ","name":"Kumar!"}',
                    ),
                ),
            ),
            Scenario(
                "json-wrong-type",
                "JSON under another Content-Type is 415: a form on a foreign page can send text/plain.",
                (
                    post("/handle_js_post", TEXT, '{"greeting":"Hey","name":"Kumar"}'),
                    send("POST /handle_js_post", body=b'{"greeting":"Hey","name":"Kumar"}'),
                    post(
                        "/handle_js_post", "application/vnd.api+json", '{"greeting":"H","name":"K"}'
                    ),
                ),
            ),
            Scenario(
                "json-malformed",
                "A body that is no JSON is 400.",
                (
                    post("/handle_js_post", JSON, '{"greeting":'),
                    post("/handle_js_post", JSON, ""),
                    post("/handle_js_post", JSON, b'{"greeting":"\xff"}'),
                ),
            ),
            Scenario(
                "json-not-an-object",
                "A list, a text and null are JSON as well, and have no .get.",
                tuple(
                    post("/handle_js_post", JSON, text) for text in ("[1,2]", '"text"', "null", "1")
                ),
            ),
            Scenario(
                "json-too-deep",
                "JSON that is nested deeply is refused before it is parsed, which could exhaust Python's stack.",
                (post("/handle_js_post", JSON, "[" * 5000 + "]" * 5000),),
            ),
            Scenario(
                "json-odd-values",
                "Values that are missing, no text, or half of a surrogate pair.",
                (
                    post("/handle_js_post", JSON, "{}"),
                    post("/handle_js_post", JSON, '{"greeting":1,"name":[]}'),
                    post("/handle_js_post", JSON, '{"greeting":"\\ud800","name":"Kumar"}'),
                ),
            ),
        ),
    ),
    Group(
        "Static files",
        (
            Scenario(
                "static",
                "A file is sent with its type, its length, and two marks by which a browser can ask again.",
                (get("/css/hello.css"), get("/js/hello.js")),
            ),
            Scenario(
                "static-not-modified",
                "Asked again with the entity tag or the date, the answer is 304 without a body.",
                (
                    get("/css/hello.css"),
                    lambda page: get("/css/hello.css", f"If-None-Match: {page.header('ETag')}"),
                    get("/css/hello.css", "If-None-Match: *"),
                    get("/css/hello.css", 'If-None-Match: "other", W/"another"'),
                    get("/css/hello.css", "If-Modified-Since: Thu, 31 Dec 2099 23:59:59 GMT"),
                    get("/css/hello.css", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"),
                    get("/css/hello.css", "If-Modified-Since: yesterday"),
                ),
            ),
            Scenario(
                "static-range",
                "A range of a file is 206, and one that it does not have is 416.",
                (
                    get("/css/hello.css", "Range: bytes=0-9"),
                    get("/css/hello.css", "Range: bytes=-5"),
                    get("/css/hello.css", "Range: bytes=10-"),
                    get("/css/hello.css", "Range: bytes=99999999-"),
                    get("/css/hello.css", "Range: bytes=0-1,3-4"),
                    get("/css/hello.css", "Range: lines=1-2"),
                    send("HEAD /css/hello.css", "Range: bytes=0-9"),
                ),
            ),
            Scenario(
                "static-if-range",
                "A download that was interrupted goes on only while the file is the same.",
                (
                    get("/css/hello.css"),
                    lambda page: get(
                        "/css/hello.css", "Range: bytes=0-9", f"If-Range: {page.header('ETag')}"
                    ),
                    get("/css/hello.css", "Range: bytes=0-9", 'If-Range: "other"'),
                    get(
                        "/css/hello.css",
                        "Range: bytes=0-9",
                        "If-Range: Thu, 01 Jan 1970 00:00:00 GMT",
                    ),
                ),
            ),
            Scenario(
                "static-missing",
                "A file that is not there is 404, and so is a folder.",
                (get("/css/none.css"), get("/css"), get("/css/")),
            ),
            Scenario(
                "static-outside",
                "No spelling of .. leads out of the folder.",
                (
                    get("/../pyproject.toml"),
                    get("/css/../../pyproject.toml"),
                    get("/css/%2e%2e/%2e%2e/pyproject.toml"),
                    get("/css/..%5C..%5Cpyproject.toml"),
                    get("/%2Fetc/passwd"),
                    get("/css/hello.css%00.txt"),
                ),
            ),
        ),
    ),
    Group(
        "Sessions",
        (
            Scenario(
                "session",
                "A session is a signed cookie: set, read back, and cleared.",
                (
                    get("/set_session_data"),
                    get("/get_session_data"),
                    get("/clear_session"),
                    get("/get_session_data"),
                ),
            ),
            Scenario(
                "session-none",
                "Looking for a session that is not there is told to caches (Vary), and clearing it deletes it.",
                (get("/get_session_data"), get("/clear_session")),
            ),
            Scenario(
                "session-tampered",
                "A session whose payload or signature was changed, or cut off, is an empty session.",
                (
                    get("/set_session_data"),
                    with_cookie("/get_session_data", "session", spoil_payload),
                    get("/set_session_data"),
                    with_cookie("/get_session_data", "session", spoil_signature),
                    get("/set_session_data"),
                    with_cookie("/get_session_data", "session", strip_signature),
                ),
            ),
            Scenario(
                "session-forged",
                "A cookie signed with another key, or with none, is an empty session.",
                (
                    get(
                        "/get_session_data",
                        "Cookie: session=eyJuYW1lIjoiYWRtaW4ifQ.aSIb0A.q1dLQ1VZ0bTtqYw8Gq5hS0kq8yE",
                    ),
                    get("/get_session_data", "Cookie: session=eyJuYW1lIjoiYWRtaW4ifQ"),
                    get("/get_session_data", "Cookie: session=.."),
                    get("/get_session_data", "Cookie: session"),
                ),
            ),
            Scenario(
                "session-lost-cart",
                "A list inside the session was changed and the session does not notice: the cart stays at one.",
                (get("/lab/lost-cart"), get("/lab/lost-cart"), get("/lab/lost-cart")),
                lab=True,
            ),
            Scenario(
                "session-kept-cart",
                "session.modified = True says that something inside has changed: the cart grows.",
                (get("/lab/kept-cart"), get("/lab/kept-cart"), get("/lab/kept-cart")),
                lab=True,
            ),
            Scenario(
                "session-over-4-kb",
                "A session cookie of more than 4 KB is sent with a warning in the log, and the browser drops it.",
                (get("/lab/fill-session"), get("/lab/lost-cart")),
                lab=True,
            ),
        ),
    ),
    Group(
        "Cookies",
        (
            Scenario(
                "cookie",
                "A cookie of one's own is set, read back, and cleared by an expiry in the past.",
                (
                    get("/get_custom_cookie"),
                    get("/set_custom_cookie"),
                    get("/get_custom_cookie"),
                    get("/clear_custom_cookie"),
                    get("/get_custom_cookie"),
                ),
            ),
            Scenario(
                "cookie-parsing",
                "One odd cookie must not hide the others, and names are taken as they stand.",
                (
                    get("/get_custom_cookie", "Cookie: a[b]=1; =x; ; cookie_key=kept; c"),
                    get("/get_custom_cookie", 'Cookie: cookie_key="quoted \\"value\\" \\303\\274"'),
                    get("/get_custom_cookie", "Cookie: cookie_key=first; cookie_key=second"),
                    get("/get_custom_cookie", "Cookie: %63ookie_key=no; =cookie_key=no"),
                    get("/get_custom_cookie", "Cookie: cookie_key=J\xc3\xbcrgen <b>"),
                ),
            ),
            Scenario(
                "cookie-signed",
                "Signed with the same key as the session, a cookie can be read by all and changed by nobody.",
                (get("/get_signed_cookie"), get("/set_signed_cookie"), get("/get_signed_cookie")),
            ),
            Scenario(
                "cookie-signed-tampered",
                "A signed cookie that was changed is refused.",
                (
                    get("/set_signed_cookie"),
                    with_cookie("/get_signed_cookie", "[a-z_]+", spoil_signature),
                    get("/set_signed_cookie"),
                    with_cookie("/get_signed_cookie", "[a-z_]+", spoil_payload),
                ),
            ),
        ),
    ),
    Group(
        "Flash messages",
        (
            Scenario("login", "The login page.", (get("/login"),)),
            Scenario(
                "flash-now",
                "A flashed message is shown by the next template that reads the queue: here in the same request.",
                (form("/login", _LOGIN), form("/login", "username=kumar"), get("/login")),
            ),
            Scenario(
                "flash-next",
                "After a redirect that is the page of the next request; the session cookie carries it there.",
                (get("/lab/flash-next"), follow_redirect, get("/")),
                lab=True,
            ),
        ),
    ),
    Group(
        "Around the application",
        (
            Scenario(
                "health",
                "A balancer asks every second: no session, no cookie, two letters.",
                (get("/healthz"), send("HEAD /healthz")),
            ),
            Scenario(
                "ready",
                "Whether converted files can be stored; all else works without.",
                (get("/readyz"),),
            ),
            Scenario(
                "cross-site",
                "A form that a page of another site made the browser send, and the same form from our own page.",
                (
                    form("/login", _LOGIN, "Sec-Fetch-Site: cross-site"),
                    form("/login", _LOGIN, "Origin: https://evil.example"),
                    form("/login", _LOGIN, "Sec-Fetch-Site: same-origin"),
                    get("/login?username=a&password=b", "Sec-Fetch-Site: cross-site"),
                ),
            ),
            Scenario(
                "too-much",
                "An address, a query and cookies beyond the limits are not looked at any further.",
                (
                    get("/hello/" + "a" * 8_000),
                    get("/login?" + "a&" * 1_000),
                    get("/nowhere", "Cookie: " + "a=b; " * 200),
                ),
            ),
            Scenario(
                "bad-host",
                "No redirect repeats a Host that is none; one with a label that cannot be is refused.",
                (
                    get("/", "Host: bad host"),
                    get("/", "Host: a..b"),
                    get("/redirect_endpoint", "Host: a/b"),
                    get("/redirect_endpoint", "Host: evil.example:99"),
                ),
            ),
            Scenario(
                "websocket",
                "A request to switch to WebSocket matches none of the rules: they are for HTTP.",
                (
                    get(
                        "/hello/Kumar",
                        "Connection: Upgrade",
                        "Upgrade: websocket",
                        "Sec-WebSocket-Version: 13",
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                    ),
                ),
            ),
            Scenario(
                "http-1.0",
                "Without a Host the name of the server has to do.",
                (Step(b"GET /redirect_endpoint HTTP/1.0\r\n\r\n"),),
            ),
        ),
    ),
)
"""Every scenario, by the lessons of the tutorial and in their order."""

SCENARIOS = {scenario.name: scenario for group in GROUPS for scenario in group.scenarios}
"""Every scenario by its name."""
