"""Paths that lead out of a folder, names that are none, and stores that are full, forbidden or left in a hurry."""

import os
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import flask_version
import wsgi_from_scratch
from comparison.exchange import Exchange
from comparison.scenarios import SECRET_KEY
from comparison.steps import (
    CSV,
    JSON,
    XLSX,
    follow_link,
    get,
    post,
    sample,
    send,
    upload,
    visit,
)
from tests.scripts import run_script
from tests.security.target import Target, status
from tutorial.settings import ROOT, Settings

SECRET = b"a secret that stands outside"
TABLE = b"a,b\n1,2\n"
KEEP = "/convert_to_csv_with_download_page"


def target_at(folder: Path) -> Target:
    """Both applications with one store."""
    settings = Settings(secret_key=SECRET_KEY, downloads_url=str(folder))
    return Target(flask_version.create_app(settings), wsgi_from_scratch.create_app(settings))


def link_of(page: Exchange) -> str:
    found = re.search(rb'href="(/download/[^"]+)"', page.body)
    assert found, page.status
    return found[1].decode()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with static files, and secrets around them."""
    root = tmp_path_factory.mktemp("root")
    for path in ("static/css/hello.css", "static/robots.txt"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"public")
    for path in ("secret.txt", "static-secret/secret.txt", "staticsecret.txt", "css/secret.txt"):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(SECRET)
    (root / "templates").symlink_to(ROOT / "templates")
    return root


@pytest.fixture(scope="module")
def moved(root: Path) -> Target:
    """Both applications, whose static files are in that folder."""
    with pytest.MonkeyPatch.context() as patch:
        for package in ("flask_version", "wsgi_from_scratch"):
            # By its entry: as an attribute of the package, ``app`` is the application
            patch.setattr(sys.modules[f"{package}.app"], "ROOT", root)
        return target_at(root / "downloads")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("around") / "downloads"


@pytest.fixture(scope="module")
def stored(store: Path) -> Target:
    """Both applications with that store."""
    return target_at(store)


# Ways out

UP = [
    "..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "%25%32%65.", "%c0%ae%c0%ae", "%e0%80%ae.", "..%00", ".%00.",
    "..;", "..%20", "...", "....", ".\\.", "%u002e%u002e", "%EF%BC%8E%EF%BC%8E", "~", "%ff..",
]  # fmt: skip
SLASH = ["/", "%2f", "\\", "%5c", "//", "/./", "%252f", "%c0%af", "%EF%BC%8F", "%00/", ";/", "%0a"]
START = ["/", "/css/", "/css%2f", "/nowhere/", "/download/", "/%00"]
END = ["secret.txt", "static-secret/secret.txt", "static-secret%2fsecret.txt", "staticsecret.txt"]


@pytest.mark.parametrize("start", START)
def test_no_spelling_of_a_path_leads_out_of_the_folder(start: str, moved: Target) -> None:
    for number, (up, slash) in enumerate(product(UP, SLASH)):
        for depth in (1, 2):
            end = END[(number + depth) % len(END)]
            answer = moved.ask(get(start + (up + slash) * depth + end))
            assert SECRET not in answer.body
            assert status(answer) in (308, 404)


@pytest.mark.parametrize(
    "path",
    ["{}/secret.txt", "/{}/secret.txt", "//{}/secret.txt", "/%2f{}/secret.txt", "/css/{}/secret.txt", "/file://{}/secret.txt"],
)  # fmt: skip
def test_an_absolute_path_is_not_one_here(path: str, root: Path, moved: Target) -> None:
    for folder in (str(root), str(root).replace("/", "%2f"), str(root).replace("/", "\\")):
        answer = moved.ask(get("/" + path.format(folder).removeprefix("/")))
        assert SECRET not in answer.body
        assert status(answer) in (308, 404)


NAMES = [
    "CON", "con", "CON.css", "NUL", "nul.txt", "AUX", "PRN", "CLOCK$", "CONIN$", "COM1", "com1.css",
    "COM%C2%B9", "LPT1", "LPT9.tar.gz", "C:", "C:/boot.ini", "C:secret.txt", "C%3A%5Cboot.ini",
    "%5C%5Chost%5Cshare", "%5C%5C.%5CCON", "%5C%5C%3F%5CC:", "//host/share", "dev/zero", "dev/tty", "dev/stdin",
    "proc/self/environ", "etc/passwd", "~root/.profile", ".git/config", ".env", ".htaccess", "css", "css/",
    "css/.", "css/..", ".", "..", "%2e", "robots.txt/a", "robots.txt%00", "robots.txt%00.css", "robots.txt.",
    "robots.txt%20", "robots.txt::$DATA", "ROBOTS.TXT", "robots.txt~", "robots.txt%0a", "%00", "%0a", "*", "?",
    "%3f", "|", "`id`", "$(id)", "robots.tx[t]", "robots.{txt}", "%ED%A0%80",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_no_file_is_not_found(name: str, moved: Target) -> None:
    for start in ("/", "/css/", "/download/"):
        if not (start + name).strip("/.?"):
            continue  # the home page
        assert status(moved.ask(get(start + name))) in (308, 404)


@pytest.mark.parametrize("length", [200, 255, 256, 4_095, 4_096, 10_000, 60_000])
@pytest.mark.parametrize("piece", ["a", "a/", "%C3%A9", "../", "./", "%2e%2e%2f", "%00"])
def test_a_name_of_any_length_is_not_found(piece: str, length: int, moved: Target) -> None:
    name = piece * (length // len(piece))
    for path in (f"/{name}a", f"/css/{name}a", f"/download/{name}.csv", f"/{name}a/"):
        assert status(moved.ask(get(path))) in (308, 404, 414)


def test_a_pipe_a_device_and_a_link_to_nowhere_are_no_files(root: Path, moved: Target) -> None:
    static = root / "static"
    os.mkfifo(static / "pipe")
    links = {"zero": "/dev/zero", "nowhere": "absent", "itself": "itself", "root": str(root)}
    for name, end in links.items():
        (static / name).symlink_to(end)
    for name in ("pipe", *links):
        assert status(moved.ask(get(f"/{name}"))) == 404


def test_a_link_in_the_static_folder_is_followed(root: Path, moved: Target) -> None:
    """As Flask does. Whoever may write there decides what is published; a visitor may not."""
    (root / "static" / "link.txt").symlink_to(root / "secret.txt")
    (root / "static" / "folder").symlink_to(root / "static-secret")
    for path in ("/link.txt", "/folder/secret.txt"):
        assert moved.ask(get(path)).body == SECRET


# Ranges

TINY = "bytes=" + ",".join(f"{number}-{number}" for number in range(8_000))
RANGES = [
    "bytes=", "bytes=-", "bytes=--1", "bytes=0--1", "bytes=-0", "bytes=1-0", "bytes=a-b", "bytes=0-0,",
    "bytes=,0-0", "bytes= 0-0", "bytes=0 -0", "bytes=0-0 ", "bytes=0-0;", "bytes=+0-1", "bytes=0x0-0x9",
    "bytes=1_0-2_0", "bytes=\xb2-", "bytes==0-0", "bytes:0-0", "Bytes=0-0", "items=0-0", "0-0", "=0-0", "bytes",
    "bytes=0-" + "9" * 5_000, "bytes=" + "9" * 5_000 + "-", "bytes=-" + "9" * 5_000,
    "bytes=0-99999999999999999999", "bytes=0-0,0-0", "bytes=0-,0-", "bytes=" + "0-," * 8_000 + "0-",
    "bytes=" + "-1," * 8_000 + "-1", TINY, "bytes=" + "," * 60_000, "bytes=" + "-" * 60_000,
    "bytes=" + " " * 60_000 + "0-0", "bytes=0-" + "\t" * 60_000,
]  # fmt: skip


@pytest.mark.parametrize("value", RANGES, ids=lambda value: value[:24])
def test_a_file_is_sent_at_most_once(value: str, moved: Target) -> None:
    for method in ("GET", "HEAD"):
        answer = moved.ask(send(f"{method} /robots.txt"), HTTP_RANGE=value)
        assert status(answer) in ((200, 206, 416) if method == "GET" else (200,))
        assert status(answer) == 416 or len(answer.body) <= len(b"public")


# Names of uploads

UPLOADS = [
    "../../evil.csv", "..\\..\\evil.csv", "/var/evil.csv", "C:\\evil.csv", "evil\0.csv", "evil.csv%00", "", ".",
    "..", "a/b", "CON", "a" * 10_000, 'a"; filename="b', "a\\", "a;b", "a'b", "<b>.csv", "\xff\xfe",
    "caf\xc3\xa9.csv", "a%0d%0ab", "=1+1.csv", "~root", "-rf", "$(id)", "`id`", "| id", "index.html",
    "result.csv.exe",
]  # fmt: skip


@pytest.mark.parametrize("name", UPLOADS, ids=lambda name: name[:20])
def test_the_name_of_an_upload_names_nothing(name: str, store: Path, stored: Target) -> None:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode("latin-1") + TABLE + b"\r\n--b--\r\n"
    for path in ("/convert_to_csv", "/file_upload", KEEP):
        answer = stored.ask(post(path, "multipart/form-data; boundary=b", body))
        assert answer.header("Content-Disposition") in (None, "attachment; filename=result.csv")
    there = [path.relative_to(store.parent).as_posix() for path in store.parent.rglob("*")]
    assert all(re.fullmatch(r"downloads(/[0-9a-f-]{36}\.csv)?", path) for path in there)


# Downloads

NO_DOWNLOADS = [
    "js_post_data.txt", "..", "../js_post_data.txt", "js_post_data.txt%00.csv", "*.csv", "%2e%2e%2fsecret.txt",
    "{}.csv/", "{}.csv%0a", "{}.CSV", "{}", "%7B{}%7D.csv", "../downloads/{}.csv", "./{}.csv", "{}.csv.draft",
]  # fmt: skip


@pytest.mark.parametrize("name", NO_DOWNLOADS)
def test_only_a_link_that_was_given_leads_to_a_file(name: str, store: Path, stored: Target) -> None:
    link = link_of(stored.ask(upload(KEEP, "a.csv", CSV, TABLE)))
    assert stored.ask(get(link)).body == TABLE
    for path in (store.parent / "secret.txt", store / "js_post_data.txt"):
        path.write_bytes(SECRET)
    uuid = link.removeprefix("/download/").removesuffix(".csv")
    answer = stored.ask(get(f"/download/{name.format(uuid)}"))
    for path in (store.parent / "secret.txt", store / "js_post_data.txt"):
        path.unlink()
    assert status(answer) in (308, 404)
    assert SECRET not in answer.body


def test_a_link_in_the_store_is_not_followed(tmp_path: Path) -> None:
    target = target_at(tmp_path / "downloads")
    link = link_of(target.ask(upload(KEEP, "a.csv", CSV, TABLE)))
    (tmp_path / "secret.txt").write_bytes(SECRET)
    path = tmp_path / link.replace("/download/", "downloads/")
    path.unlink()
    path.symlink_to(tmp_path / "secret.txt")
    assert status(target.ask(get(link))) == 404


def test_no_link_tells_of_another(tmp_path: Path) -> None:
    target = target_at(tmp_path)
    for application in (target.flask, target.scratch):
        pages = visit(application, [upload(KEEP, "a.csv", CSV, TABLE)] * 20)
        names = [link_of(page).removeprefix("/download/").removesuffix(".csv") for page in pages]
        assert len(set(names)) == 20
        # A UUID of version 4 is random everywhere but at two of its places
        assert all(len(set(column)) > 1 for at, column in enumerate(zip(*names, strict=True))
                   if at not in (8, 13, 14, 18, 19, 23))  # fmt: skip


def test_of_64_conversions_at_once_each_keeps_its_own_file(tmp_path: Path) -> None:
    target = target_at(tmp_path)
    book = sample("sales.xlsx")

    def convert(application: Any, number: int) -> bytes:
        if number % 8:
            step = upload(KEEP, "a.csv", CSV, f"number,{number}\nagain,{number}\n".encode())
        else:
            step = upload(KEEP, "a.xlsx", XLSX, book)
        return visit(application, [step, follow_link("/download/")])[-1].body

    for application in (target.flask, target.scratch):
        with ThreadPoolExecutor(64) as threads:
            found = list(
                threads.map(lambda number, app=application: convert(app, number), range(64))
            )
        application.extensions["spreadsheets"].close()  # type: ignore[attr-defined]  # both have them
        assert len(set(found[::8])) == 1
        assert found[0].startswith(b"Date,City,")
        for number, body in enumerate(found):
            if number % 8:
                assert body == f"number,{number}\nagain,{number}\n".encode()
    assert len([*tmp_path.iterdir()]) == 128


def test_of_many_messages_at_once_one_stays_whole(tmp_path: Path) -> None:
    target = target_at(tmp_path)
    path = tmp_path / "js_post_data.txt"
    letters = "abcdefghijkl"
    whole = {f"{letter * 20_000} {letter * 20_000}" for letter in letters}

    def write(application: Any, letter: str) -> str:
        body = f'{{"greeting": "{letter * 20_000}", "name": "{letter * 20_000}"}}'
        return visit(application, [post("/handle_js_post", JSON, body)])[0].status

    done = threading.Event()

    def watch() -> set[str]:
        seen = set()
        while not done.is_set():
            if path.exists():
                seen.add(path.read_text())
        return seen

    with ThreadPoolExecutor(12) as threads, ThreadPoolExecutor(1) as watcher:
        seen = watcher.submit(watch)
        for application in (target.flask, target.scratch):
            statuses = set(
                threads.map(lambda letter, app=application: write(app, letter), letters * 4)
            )
            assert statuses == {"200 OK"}
        done.set()
    assert seen.result() <= whole
    assert os.listdir(tmp_path) == ["js_post_data.txt"]


# Stores that fail

SCRIPT = """
import importlib, logging, os, resource, signal, sys
from comparison.steps import CSV, upload, visit
from tutorial.settings import Settings

package, folder, trouble = sys.argv[1:]
application = importlib.import_module(package).create_app(Settings(secret_key="a key", downloads_url=folder))

def keep(content):
    answer, = visit(application, [upload("/convert_to_csv_with_download_page", "a.csv", CSV, content)])
    print(answer.status, answer.header("X-Content-Type-Options"), "Traceback" in answer.body.decode(), flush=True)

keep(b"a,b\\n1,2\\n")
if trouble == "forbidden":
    os.chmod(folder, 0o555)
    if os.geteuid() == 0:
        os.seteuid(65534)
else:
    if trouble == "killed":
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, resource.RLIM_INFINITY))
keep(b"a,b\\n" * 50_000)
"""
OK = "200 OK nosniff False\n"
REFUSED = "503 SERVICE UNAVAILABLE nosniff False\n"


@pytest.mark.parametrize("package", ["flask_version", "wsgi_from_scratch"])
@pytest.mark.parametrize(
    ("trouble", "output", "code"),
    [("full", OK + REFUSED, 0), ("forbidden", OK + REFUSED, 0), ("killed", OK, -25)],
)
def test_a_store_that_fails_loses_nothing_and_shows_no_half_file(
    trouble: str, output: str, code: int, package: str, tmp_path: Path
) -> None:
    """The kernel refuses what is written beyond 64 KiB, or kills whoever writes it, in the middle of a file."""
    folder = tmp_path / "downloads"
    finished = run_script(SCRIPT, package, str(folder), trouble)
    assert (finished.stdout, finished.returncode) == (output, code), finished.stderr
    folder.chmod(0o755)
    target = target_at(folder)
    kept = {}
    for path in folder.iterdir():
        answer = target.ask(get(f"/download/{path.name}"))
        kept[path.suffix] = answer.body if status(answer) == 200 else b""
        assert status(target.ask(get(f"/download/{path.stem}.csv"))) in (200, 404)
    assert kept == {".csv": TABLE} | ({".draft": b""} if trouble == "killed" else {})
    assert status(target.ask(upload(KEEP, "a.csv", CSV, TABLE))) == 200
