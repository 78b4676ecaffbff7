"""Secrets that somebody carries (tokens, sessions, links): shown once, kept as a hash."""

import hashlib
import secrets


def new_secret(prefix: str) -> str:
    """A new secret with 256 random bits, beginning with a prefix that says what it is."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def hash_secret(secret: str) -> bytes:
    """What is kept of it. A plain hash is enough: 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode()).digest()
