from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tutorial.errors import SettingsError
from tutorial.settings import INSTANCE, Settings

KEY = {"SECRET_KEY": "a key for tests"}


def test_without_variables_every_setting_has_its_default() -> None:
    assert Settings.from_environ(KEY) == Settings(secret_key="a key for tests")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("SECRET_KEY", "1234", "1234"),
        ("SECRET_KEY_FALLBACKS", '["1234", "a, b"]', ("1234", "a, b")),
        ("SECRET_KEY_FALLBACKS", "[]", ()),
        ("LOGIN_USERNAME", "Jürgen", "Jürgen"),
        ("LOGIN_PASSWORD", "1", "1"),
        ("MAX_URL_LENGTH", "7", 7),
        ("MAX_QUERY_FIELDS", "7", 7),
        ("MAX_COOKIE_HEADER_SIZE", "7", 7),
        ("MAX_COOKIES", "7", 7),
        ("MAX_JSON_SIZE", "7", 7),
        ("MAX_JSON_DEPTH", "500", 500),
        ("MAX_CONTENT_LENGTH", "1", 1),
        ("MAX_FORM_MEMORY_SIZE", "7", 7),
        ("MAX_FORM_PARTS", "7", 7),
        ("MAX_UNPACKED_SIZE", "7", 7),
        ("MAX_CELLS", "0100", 100),
        ("MAX_CELLS", "9" * 15, 10**15 - 1),
        ("MAX_TABLE_SIZE", "7", 7),
        ("CONVERSION_TIMEOUT", "2.5", 2.5),
        ("CONVERSION_TIMEOUT", "3", 3.0),
        ("CONVERSION_TIMEOUT", "999999999.000000001", 999999999.000000001),
        ("CONVERSION_MEMORY", "7", 7),
        ("DOWNLOADS_URL", "s3://bucket/prefix", "s3://bucket/prefix"),
        ("DOWNLOADS_MAX_AGE", "60", 60),
        ("MAX_DOWNLOADS_SIZE", "1000", 1000),
        ("MAX_DOWNLOADS", "10", 10),
        ("SESSION_COOKIE_SECURE", "true", True),
        ("SESSION_COOKIE_SECURE", "1", True),
        ("SESSION_COOKIE_SECURE", "YES", True),
        ("SESSION_COOKIE_SECURE", "on", True),
        ("SESSION_COOKIE_SECURE", "0", False),
        ("SESSION_COOKIE_SECURE", "false", False),
        ("SESSION_COOKIE_SECURE", "No", False),
        ("SESSION_COOKIE_SECURE", "Off", False),
    ],
)
def test_a_variable_sets_the_attribute_of_its_name(name: str, text: str, value: object) -> None:
    settings = Settings.from_environ({**KEY, name: text})
    assert getattr(settings, name.lower()) == value
    assert type(getattr(settings, name.lower())) is type(value)


def test_every_setting_can_be_set_from_the_environment() -> None:
    names = {setting.name.upper() for setting in fields(Settings)}
    table = next(
        mark
        for mark in test_a_variable_sets_the_attribute_of_its_name.pytestmark  # type: ignore[attr-defined]  # set by pytest
    )
    assert {case[0] for case in table.args[1]} == names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "\udcff"),
        ("SECRET_KEY_FALLBACKS", ""),
        ("SECRET_KEY_FALLBACKS", "old"),
        ("SECRET_KEY_FALLBACKS", "1234"),
        ("SECRET_KEY_FALLBACKS", "[1234]"),
        ("SECRET_KEY_FALLBACKS", '{"old": 1}'),
        ("SECRET_KEY_FALLBACKS", '[""]'),
        ("SECRET_KEY_FALLBACKS", "[" * 100_000),
        ("LOGIN_USERNAME", ""),
        ("LOGIN_PASSWORD", ""),
        ("MAX_CONTENT_LENGTH", "0"),
        ("MAX_CONTENT_LENGTH", "-1"),
        ("MAX_CONTENT_LENGTH", "16 MB"),
        ("MAX_CONTENT_LENGTH", "1_000"),
        ("MAX_CONTENT_LENGTH", "1e6"),
        ("MAX_CELLS", "٣"),
        ("MAX_CELLS", "9" * 5_000),
        ("CONVERSION_TIMEOUT", "inf"),
        ("CONVERSION_TIMEOUT", "nan"),
        ("CONVERSION_TIMEOUT", "0.0"),
        ("CONVERSION_TIMEOUT", "1."),
        ("CONVERSION_TIMEOUT", "0.0000000001"),
        ("CONVERSION_TIMEOUT", "1" * 10),
        ("CONVERSION_TIMEOUT", ""),
        ("DOWNLOADS_URL", ""),
        ("MAX_CELLS", "1" * 16),
        ("MAX_JSON_DEPTH", "501"),
        ("SESSION_COOKIE_SECURE", "maybe"),
        ("SESSION_COOKIE_SECURE", ""),
        ("INSTANCE_PATH", ""),
    ],
)
def test_a_bad_value_stops_the_start_with_one_sentence_that_names_the_variable(
    name: str, text: str
) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} .*\.$") as caught:
        Settings.from_environ({**KEY, name: text})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"secret_key": ""},
        {"secret_key": 1234},
        {"secret_key_fallbacks": (1234,)},
        {"secret_key_fallbacks": "one key, and not one for each letter"},
        {"secret_key_fallbacks": ["a key"]},
        {"secret_key_fallbacks": ("",)},
        {"max_cells": "5"},
        {"max_cells": 5.0},
        {"max_cells": True},
        {"conversion_timeout": "10"},
        {"conversion_timeout": True},
        {"session_cookie_secure": "false"},
        {"session_cookie_secure": 1},
        {"max_cells": 0},
        {"conversion_timeout": -1.0},
        {"conversion_timeout": float("nan")},
        {"conversion_timeout": float("inf")},
        {"max_json_depth": 501},
    ],
)
def test_a_bad_value_from_code_is_refused_alike(values: dict[str, Any]) -> None:
    name = next(iter(values)).upper()
    with pytest.raises(SettingsError, match=f"^{name} "):
        Settings(**{"secret_key": "a key for tests", **values})


def test_a_bad_secret_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({**KEY, "SECRET_KEY_FALLBACKS": "hush"})
    assert "hush" not in str(caught.value)


def test_without_a_key_one_is_kept_in_the_instance_folder(tmp_path: Path) -> None:
    environ = {"INSTANCE_PATH": str(tmp_path / "instance")}
    settings = Settings.from_environ(environ)
    assert settings.secret_key == (tmp_path / "instance" / "secret_key").read_text()
    assert settings == Settings.from_environ(environ)


def test_the_instance_folder_holds_the_downloads_too(tmp_path: Path) -> None:
    settings = Settings.from_environ({**KEY, "INSTANCE_PATH": str(tmp_path)})
    assert settings.downloads_url == str(tmp_path / "downloads")
    assert Settings(secret_key="a").downloads_url == str(INSTANCE / "downloads")


def test_the_name_of_the_user_of_the_shell_is_not_the_login() -> None:
    settings = Settings.from_environ({**KEY, "USERNAME": "root", "PASSWORD": "toor"})
    assert settings.credentials_match("kumar", "kumar")


def test_settings_do_not_change() -> None:
    settings = Settings(secret_key="a key for tests")
    with pytest.raises(FrozenInstanceError):
        settings.max_cells = 1  # type: ignore[misc]  # the very point


def test_repr_shows_no_secret() -> None:
    settings = Settings(
        secret_key="hush one",
        secret_key_fallbacks=("hush two",),
        login_password="hush three",
        downloads_url="ftp://user:hush@host/",
    )
    assert "hush" not in repr(settings)
    assert "max_cells=1000000" in repr(settings)


def test_flask_knows_the_names_that_are_its_own() -> None:
    own = {"LOGIN_USERNAME", "LOGIN_PASSWORD", "MAX_UNPACKED_SIZE", "MAX_CELLS", "DOWNLOADS_URL"}
    own |= {"MAX_URL_LENGTH", "MAX_QUERY_FIELDS", "MAX_COOKIE_HEADER_SIZE", "MAX_COOKIES"}
    own |= {"MAX_JSON_SIZE", "MAX_JSON_DEPTH", "CONVERSION_TIMEOUT", "CONVERSION_MEMORY"}
    own |= {"DOWNLOADS_MAX_AGE", "MAX_DOWNLOADS_SIZE", "MAX_DOWNLOADS", "MAX_TABLE_SIZE"}
    config = Settings(secret_key="a key for tests").as_config()
    assert set(config) - own <= set(Flask.default_config)
    assert own.isdisjoint(Flask.default_config)
    assert config["SECRET_KEY"] == "a key for tests"


@pytest.mark.parametrize(
    ("username", "password", "match"),
    [
        ("kümar", "gehéim", True),
        ("kümar", "geheim", False),
        ("kumar", "gehéim", False),
        ("kümar", None, False),
        (None, "gehéim", False),
        (None, None, False),
        ("", "", False),
        ("\ud800", "\udfff", False),
        ("kümar\0", "gehéim", False),
    ],
)
def test_credentials_match_only_if_both_do(
    username: str | None, password: str | None, match: bool
) -> None:
    settings = Settings(secret_key="a", login_username="kümar", login_password="gehéim")
    assert settings.credentials_match(username, password) is match


def test_both_credentials_are_always_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return False

    monkeypatch.setattr("tutorial.settings.compare_digest", compare)
    Settings(secret_key="a").credentials_match("a", "b")
    assert compared == [(b"a", b"kumar"), (b"b", b"kumar")]
