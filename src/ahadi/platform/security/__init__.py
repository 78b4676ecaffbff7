"""Keys, signatures, encryption at rest, passwords, one-time codes, and secrets only kept as hashes."""

from ahadi.platform.security.keys import Keyring, load_keyring
from ahadi.platform.security.passwords import PasswordTooWeak, check_new_password, hash_password, password_fits
from ahadi.platform.security.secrets import hash_secret, new_secret
from ahadi.platform.security.totp import new_totp_secret, totp_address, totp_step

__all__ = [
    "Keyring",
    "PasswordTooWeak",
    "check_new_password",
    "hash_password",
    "hash_secret",
    "load_keyring",
    "new_secret",
    "new_totp_secret",
    "password_fits",
    "totp_address",
    "totp_step",
]
