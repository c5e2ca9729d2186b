"""Pages: what the frameworks share, because none of it is their business.

That are the templates, rendered by Jinja alone, the store, the settings, and JSON as the tutorial writes it.
"""

import json
from typing import Any

from jinja2 import Environment, FileSystemLoader

from tutorial import text
from tutorial.downloads import Downloads
from tutorial.protection import SAFE_METHODS, check_head, is_cross_site
from tutorial.settings import ROOT, Settings

STATIC = str(ROOT / "static")

NOT_TIMED = (
    "getandpost",
    "get202statuswithmakeresponse",
    "file_upload",
    "convert_to_csv",
    "convert_to_csv_with_download_page",
    "clear_session",
    "set_custom_cookie",
    "get_custom_cookie",
    "clear_custom_cookie",
    "set_signed_cookie",
    "get_signed_cookie",
)
"""Views that no work asks for: their URLs are only linked to, and make the router as large as the tutorial's."""

SESSION = {"name": "Kumaravel Rajan", "other": "Other data in cookie"}


def templates_by_jinja() -> Environment:
    """The shared templates, by Jinja as it comes."""
    loader = FileSystemLoader(ROOT / "templates")
    environment = Environment(loader=loader, autoescape=True, auto_reload=False)
    environment.filters["title_case"] = text.title_case
    return environment


class Shared:
    """The tutorial without a framework; ``settings`` are those of the applications."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.downloads = Downloads(settings)
        self._templates = templates_by_jinja()

    def refuses(self, environ: dict[str, Any]) -> bool:
        """Whether a page of another site made a browser send this. Raises Refusal for what is too much."""
        check_head(environ, self.settings)
        unsafe = environ["REQUEST_METHOD"] not in SAFE_METHODS
        return unsafe and is_cross_site(environ, environ["HTTP_HOST"])

    def render(self, template: str, /, endpoint: str | None = None, **values: Any) -> str:
        """A page; ``url_for`` and ``get_flashed_messages`` are among its values."""
        values["request"] = {"endpoint": f"tutorial.{endpoint}"}
        return self._templates.get_template(template).render(values)

    def store(self, body: bytes) -> str:
        """Keep what was sent as JSON, and give the JSON of the answer."""
        text.check_nesting(body, self.settings.max_json_depth)
        message = json.loads(body)
        self.downloads.save_message(f"{message['greeting']} {message['name']}")
        answer = {"message": "Successfully stored the message! - Kumaravel"}
        return json.dumps(answer, separators=(",", ":")) + "\n"


def describe(session: dict[str, Any]) -> str:
    """The message of the page that reads the session."""
    return f"name = {session.get('name')};; other = {session.get('other')}"
