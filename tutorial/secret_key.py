"""The key that signs cookies, kept in a file for whoever did not set ``SECRET_KEY``.

Every worker of a host must sign with the same key, or visitors are logged out at random. Several workers
may start at the same moment, so the key is written to a draft and then linked to its name: the link
appears with its whole content or not at all, and only the first one succeeds.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from .errors import SettingsError

KEY_BYTES = 32  # beyond the 20 that SHA-1 gives out, a longer key makes no HMAC safer (RFC 2104 §3)
PRIVATE = 0o600
OTHERS = 0o077  # the permission bits of everybody but the owner


def kept_secret_key(path: Path) -> str:
    """The key in the file at ``path``, which is made if it does not exist; raises ``SettingsError``."""
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as error:
        raise SettingsError(
            f"SECRET_KEY is not set and no key can be kept in {path} ({error.strerror}): set"
            " SECRET_KEY, or let INSTANCE_PATH name a folder that can be written to."
        ) from error


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES))
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):  # another worker was faster: its key is the key
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        permissions = os.fstat(file.fileno()).st_mode
        key = file.read().decode("ascii", "replace").strip()
    # Windows has other permissions, and tells none here.
    if os.name != "nt" and permissions & OTHERS:
        raise SettingsError(
            f"SECRET_KEY is not set and {path} can be read by others: delete the file to have a new"
            " key made, or keep the key with chmod 600."
        )
    if not key or not key.isascii():
        raise SettingsError(
            f"SECRET_KEY is not set and {path} holds no key: delete the file to have a new one made."
        )
    return key
