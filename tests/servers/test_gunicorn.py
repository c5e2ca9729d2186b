"""What gunicorn does beyond the development server."""

import pytest

from comparison.steps import form, get
from tests.servers.conftest import APPLICATIONS
from tests.servers.running import Site, ask


@pytest.mark.parametrize("site", [("gunicorn", name) for name in APPLICATIONS], indirect=True)
def test_a_connection_is_kept_for_the_next_request(site: Site) -> None:
    with site.connect() as connection:
        assert ask(connection, get("/healthz")).body == b"ok"
        first = connection.sock
        assert ask(connection, form("/", "username=kumar&password=kumar")).body == b"Success"
        assert ask(connection, get("/hello/Kumar")).body == b"Hello Kumar!"
        assert connection.sock is first
