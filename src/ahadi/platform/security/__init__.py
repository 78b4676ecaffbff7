"""Keys, signatures, encryption at rest and secrets that are only kept as hashes."""

from ahadi.platform.security.keys import Keyring, load_keyring
from ahadi.platform.security.secrets import hash_secret, new_secret

__all__ = ["Keyring", "hash_secret", "load_keyring", "new_secret"]
