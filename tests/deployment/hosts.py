"""What stands in deploy/, started on this machine: gunicorn as a host, and nginx in front of hosts."""

import getpass
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tests.servers.running import NO_ENVIRON, PATIENCE, ROOT, Site, free_port, running

DEPLOY = ROOT / "deploy"

WHOLE = """
daemon off;
pid nginx.pid;
error_log stderr;
worker_processes 1;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include site.conf;
}}
"""
"""What Debian's /etc/nginx/nginx.conf is to the files of deploy/."""


def host(
    application: str,
    folder: Path,
    *options: str,
    port: int = 0,
    environ: Mapping[str, str] = NO_ENVIRON,
) -> AbstractContextManager[Site]:
    """One application under gunicorn and deploy/gunicorn.conf.py, with an instance folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "gunicorn", "--config", str(DEPLOY / "gunicorn.conf.py")]
    settings = {
        "BIND": f"127.0.0.1:{port}",
        "INSTANCE_PATH": str(folder / "instance"),
        "HOME": str(folder),
        "WEB_CONCURRENCY": "1",
        **environ,
    }
    return running([*command, *options, f"{application}:app"], folder, environ=settings)


def records(site: Site) -> list[dict[str, Any]]:
    """The log of a host; each line of it must be an object."""
    lines = site.log.read_text().splitlines(keepends=True)
    found = [json.loads(line) for line in lines if line.endswith("\n")]
    assert all(isinstance(record, dict) for record in found)
    return found


def recorded(site: Site, target: str) -> dict[str, Any]:
    """The record of the request for ``target``, which comes a moment after its answer."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for record in records(site):
            if record.get("target") == target:
                return record
        time.sleep(0.01)
    raise AssertionError(f"{target} is not in the log:\n{site.log.read_text()}")


def configure(
    folder: Path,
    name: str,
    port: int,
    hosts: Sequence[int],
    more: str = "",
    *,
    tls: int | None = None,
) -> None:
    """Write nginx's files: those of deploy/ with other addresses, and ``more`` for the server that they name.

    With a port for ``tls``, that server listens there, for a ``cert.pem`` and a ``key.pem`` in the folder.
    """
    (folder / "snippets").mkdir(parents=True, exist_ok=True)
    shutil.copy(DEPLOY / "nginx-application.conf", folder / "snippets" / "tutorial.conf")
    site = (DEPLOY / name).read_text("utf-8")
    named = re.findall(r"server (\d[\d.]+:\d+)", site)
    assert len(named) == len(hosts)
    for address, port_of_host in zip(named, hosts, strict=True):
        site = site.replace(address, f"127.0.0.1:{port_of_host}")
    if tls is not None:
        secured = (DEPLOY / "nginx-tls.conf").read_text("utf-8")
        secured = replaced(secured, "listen 443 ssl;", f"listen 127.0.0.1:{tls} ssl;")
        secured = replaced(secured, "/etc/ssl/certs/tutorial.pem", str(folder / "cert.pem"))
        secured = replaced(secured, "/etc/ssl/private/tutorial.key", str(folder / "key.pem"))
        (folder / "snippets" / "tutorial-tls.conf").write_text(secured, "utf-8")
        site = with_tls(site) + (DEPLOY / "nginx-redirect.conf").read_text("utf-8")
    # WebTest drops the cookies of a bare address, so clients say "localhost".
    site = replaced(site, "    listen 80;", f"    listen 127.0.0.1:{port};{more}")
    (folder / "site.conf").write_text(site, "utf-8")
    # Its workers must reach the folder, as which they otherwise change their user.
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(WHOLE.format(user=user), "utf-8")


def with_tls(site: str) -> str:
    """What becomes of a file for nginx where docs/deployment.md adds TLS."""
    site = replaced(site, "    listen 80;", "    #listen 80;")
    return replaced(
        site, "#include snippets/tutorial-tls.conf;", "include snippets/tutorial-tls.conf;"
    )


def replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def nginx_command(program: str, folder: Path) -> list[str]:
    return [program, "-p", f"{folder}/", "-c", str(folder / "nginx.conf"), "-e", "stderr"]


@contextmanager
def nginx(
    program: str, folder: Path, name: str, hosts: Sequence[int], more: str = ""
) -> Iterator[Site]:
    """nginx before the hosts at these ports, set up by the file ``name`` of deploy/."""
    port = free_port()
    configure(folder, name, port, hosts, more)
    with running(nginx_command(program, folder), folder, port=port) as site:
        yield site
