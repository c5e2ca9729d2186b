"""Everything that can be set from outside, for both applications, under the same names.

The environment variables are the attribute names in capital letters. A value that cannot be meant, an
empty one too, stops the start with one sentence that names its variable. What is not set has a default.

``USERNAME`` is set by many shells to somebody's own name, hence ``LOGIN_USERNAME``. ``INSTANCE_PATH``, the folder of a
key that is made and of downloads, is read beside them.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from hmac import compare_digest
from pathlib import Path
from typing import Any, Final, Self

from .errors import SettingsError
from .secret_key import kept_secret_key

MEBIBYTE = 1024 * 1024

DEEPEST_JSON = 500
"""Levels that Python's parser is sure to take; it gives up near 1,000, but where depends on who calls it."""

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = ROOT / "instance"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one application; ``repr`` leaves out whatever opens a door.

    Raises ``SettingsError`` for a value of another type, an empty text, or a number that is not positive.
    """

    secret_key: str = field(repr=False)
    """Signs cookies. ``from_environ`` keeps a random one in ``instance/secret_key`` if none is set."""

    secret_key_fallbacks: tuple[str, ...] = field(default=(), repr=False)
    """Older keys that are still read, in the environment as a JSON list: ``["old key"]``."""

    login_username: str = "kumar"
    login_password: str = field(default="kumar", repr=False)
    """What the tutorial's two login forms accept."""

    max_url_length: int = 8_000
    """Bytes of path and query. RFC 9110 §4.1 asks every server for 8,000; no link of the tutorial has a hundred."""

    max_query_fields: int = 1_000
    """Fields of a query, as many as a form may have."""

    max_cookie_header_size: int = 8_190
    """Bytes of a ``Cookie`` field, some ten more than gunicorn lets through: nearly two cookies of the largest size
    that browsers keep, or a hundred usual ones, those of other applications on the same host among them."""

    max_cookies: int = 200
    """Cookies of a request. Browsers keep 180 for a host, or more."""

    max_content_length: int = 16 * MEBIBYTE
    """Bytes of a request's body. A workbook of a million cells has 4 MB; more than 16 MiB is refused early."""

    max_form_memory_size: int = 500_000
    """Bytes of one text field of a multipart form, or of a whole urlencoded form; both stay in memory. The default is
    Werkzeug's."""

    max_form_parts: int = 1_000
    """Fields and files of a form. 1,000 is Werkzeug's default: every part costs far more than its bytes."""

    max_json_size: int = 64 * 1024
    """Bytes of the JSON that a message comes in: far more than two texts need, and little to take apart."""

    max_json_depth: int = 100
    """Levels of JSON in JSON, DEEPEST_JSON at most."""

    max_unpacked_size: int = 128 * MEBIBYTE
    """Bytes that an .xlsx may unpack to. Markup shrinks tenfold to twentyfold in a ZIP: 128 MiB is what an honest file
    of 8 MB comes to."""

    max_cells: int = 1_000_000
    """Cells of a table, empty ones between others included. A million take a child about two seconds and
    200 MB, and are already more than a browser likes to show."""

    max_table_size: int = 32 * MEBIBYTE
    """Bytes of the CSV or HTML that a table is written to. A million usual cells come to 10 MB and 25 MB; a workbook of
    5 kB can name one long text in each of its cells. A page takes up to fifteen times its bytes while it is made."""

    conversion_timeout: float = 10.0
    """Seconds that a child process may take for a workbook, five times what a million cells need. With its
    wait for a free one it may take three times as long: nginx and gunicorn must wait for more than that."""

    conversion_memory: int = 512 * MEBIBYTE
    """Bytes of memory that a child process may ask for on top of what it holds when idle. A million cells
    need 200 MB, or more if their texts are long; a bomb asks for gigabytes."""

    downloads_url: str = field(default=str(INSTANCE / "downloads"), repr=False)
    """Where converted files are kept: a folder, or a URL that fsspec knows (``s3://bucket/prefix``), which
    may hold a password and is therefore left out of ``repr``."""

    downloads_max_age: int = 3_600
    """Seconds for which a converted file can be downloaded. An hour is long enough to click on a link."""

    max_downloads_size: int = 1024 * MEBIBYTE
    """Bytes of all converted files that are kept at a time; what would pass it is refused, and nothing that can
    still be downloaded is deleted. Whoever uploads at full speed fills a disk long before an hour is over."""

    max_downloads: int = 10_000
    """Converted files that are kept at a time, however small they are. Whoever keeps one more looks at all of them."""

    session_cookie_secure: bool = False
    """Whether our cookies are sent over HTTPS only: true wherever HTTPS is spoken."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            _check(setting.name.upper(), getattr(self, setting.name), setting.type)
        if self.max_json_depth > DEEPEST_JSON:
            raise SettingsError(
                f"MAX_JSON_DEPTH must be {DEEPEST_JSON} at most, not {self.max_json_depth}."
            )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The settings in ``environ``, completed from the instance folder; raises ``SettingsError``."""
        given: dict[str, Any] = {}
        for setting in fields(cls):
            name = setting.name.upper()
            if name in environ:
                try:
                    given[setting.name] = _READERS[setting.type](environ[name])
                except ValueError as error:
                    raise SettingsError(f"{name} {error}.") from error
        folder = environ.get("INSTANCE_PATH", str(INSTANCE))
        if not folder:
            raise SettingsError("INSTANCE_PATH is empty: name a folder, or leave it out.")
        instance = Path(folder)
        if "secret_key" not in given:
            given["secret_key"] = kept_secret_key(instance / "secret_key")
        given.setdefault("downloads_url", str(instance / "downloads"))
        return cls(**given)

    def as_config(self) -> dict[str, object]:
        """The settings as Flask wants them: names in capital letters."""
        return {setting.name.upper(): getattr(self, setting.name) for setting in fields(self)}

    @property
    def cookie_flags(self) -> dict[str, Any]:
        """What every cookie of ours is set with, and deleted with."""
        return {"secure": self.session_cookie_secure, "httponly": True, "samesite": "Lax"}

    def credentials_match(self, username: str | None, password: str | None) -> bool:
        """Whether both are right, in a time that does not tell which one was wrong, or where."""
        name_is_right = compare_digest(_as_bytes(username), _as_bytes(self.login_username))
        password_is_right = compare_digest(_as_bytes(password), _as_bytes(self.login_password))
        return name_is_right and password_is_right


def _as_bytes(text: str | None) -> bytes:
    return (text or "").encode("utf-8", "surrogatepass")


_WANTED: Final[dict[object, tuple[type | tuple[type, ...], str]]] = {
    str: (str, "text"),
    tuple[str, ...]: (tuple, "a tuple of texts"),
    int: (int, "a whole number"),
    float: ((int, float), "a number"),
    bool: (bool, "true or false"),
}
"""By the type of a setting: of which types a value may be, and how that is said."""


def _check(name: str, value: object, wanted: object) -> None:
    types, words = _WANTED[wanted]
    texts = value if isinstance(value, tuple) else (value,) if wanted is str else ()
    # True and False are numbers to Python, and none here.
    right = isinstance(value, types) and (wanted is bool or not isinstance(value, bool))
    if not right or not all(isinstance(text, str) for text in texts):
        raise SettingsError(f"{name} must be {words}, not a value of type {type(value).__name__}.")
    for text in texts:
        if not text:
            raise SettingsError(f"{name} is empty: give it a value, or leave it out.")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise SettingsError(f"{name} is not valid UTF-8.") from None
    if wanted is not bool and isinstance(value, int | float) and not 0 < value < float("inf"):
        raise SettingsError(f"{name} must be greater than zero, not {value}.")


def _whole_number(text: str) -> int:
    if not re.fullmatch("[0-9]{1,15}", text):  # int() also takes "1_0", " 1" and Arabic digits
        raise ValueError(f"must be a whole number such as 1000, not {text!r}")
    return int(text)


def _number(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        raise ValueError(f"must be a number such as 10 or 2.5, not {text!r}")
    return float(text)


def _truth(text: str) -> bool:
    truths = {"1": True, "true": True, "yes": True, "on": True}
    falsehoods = {"0": False, "false": False, "no": False, "off": False}
    try:
        return {**truths, **falsehoods}[text.lower()]
    except KeyError:
        raise ValueError(f"must be true or false, not {text!r}") from None


def _texts(text: str) -> tuple[str, ...]:
    # JSON, because a key may hold a comma; only quoted items, because a key of digits is still text
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError('must be a JSON list of quoted texts, such as ["old key", "older key"]')
    return tuple(items)


_READERS: Mapping[object, Callable[[str], object]] = {
    str: str,
    int: _whole_number,
    float: _number,
    bool: _truth,
    tuple[str, ...]: _texts,
}
