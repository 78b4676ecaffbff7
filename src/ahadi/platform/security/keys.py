"""The installation's secret key: signs what we hand out and encrypts secrets we must keep.

It never is in the database, nor in a backup of it: keep a copy of it apart. To rotate, put the new key in
`AHADI_SECRET_KEY` and the old one in `AHADI_SECRET_KEY_PREVIOUS`.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ahadi.base.errors import SetupError
from ahadi.platform.settings import Settings

_SHORTEST = 32


class Keyring:
    """The current secret key first, then earlier ones that are still accepted."""

    def __init__(self, secrets_: Iterable[str]) -> None:
        self._secrets = [each.encode() for each in secrets_]
        if not self._secrets or min(map(len, self._secrets)) < _SHORTEST:
            raise SetupError(f"AHADI_SECRET_KEY must have at least {_SHORTEST} characters; make one with a generator.")
        self._fernet = MultiFernet(
            [Fernet(base64.urlsafe_b64encode(_derive(each, "encrypt"))) for each in self._secrets]
        )
        self._derived: dict[str, list[bytes]] = {}

    def keys(self, purpose: str) -> list[bytes]:
        """Keys for one purpose (RFC 5869), the current first; no purpose's key tells another's."""
        if purpose not in self._derived:  # the code names a handful
            self._derived[purpose] = [_derive(each, purpose) for each in self._secrets]
        return self._derived[purpose]

    def sign(self, purpose: str, text: str) -> str:
        """`text.signature` with 128 bits of HMAC-SHA-256, safe in an address."""
        return f"{text}.{_tag(self.keys(purpose)[0], text)}"

    def verify(self, purpose: str, signed: str) -> str | None:
        """The text that was signed for this purpose, or None."""
        text, _, tag = signed.rpartition(".")
        valid = [hmac.compare_digest(tag.encode(), _tag(key, text).encode()) for key in self.keys(purpose)]
        return text if text and any(valid) else None

    def encrypt(self, text: str) -> bytes:
        """Text that only this installation can read again."""
        return self._fernet.encrypt(text.encode())

    def decrypt(self, data: bytes) -> str:
        """What was encrypted; raises SetupError when none of the keys fits."""
        try:
            return self._fernet.decrypt(data).decode()
        except InvalidToken as problem:
            raise SetupError(
                "A stored secret cannot be read with this AHADI_SECRET_KEY; add the earlier key to"
                " AHADI_SECRET_KEY_PREVIOUS, or enter the secret again."
            ) from problem


def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"ahadi {purpose}".encode()).derive(secret)


def _tag(key: bytes, text: str) -> str:
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def load_keyring(settings: Settings) -> Keyring:
    """The keys from the settings, or from `secret.key` in the data folder, which is made when missing."""
    previous = [each.strip() for each in settings.secret_key_previous.split(",") if each.strip()]
    if settings.secret_key:
        return Keyring([settings.secret_key, *previous])
    path = settings.data / "secret.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_new(path, secrets.token_urlsafe(48))
        return Keyring([path.read_text(encoding="utf-8").strip(), *previous])
    except OSError as problem:
        raise SetupError(f"The secret key {path} cannot be read or made ({problem.strerror}); mend that.") from problem


def _write_new(path: Path, text: str) -> None:
    """Write a private file, unless another process was first."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
