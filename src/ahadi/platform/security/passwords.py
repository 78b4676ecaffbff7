"""Passwords: argon2id (RFC 9106) away from the event loop, and what a new one must be (NIST SP 800-63B, 5.1.1)."""

import asyncio
import functools
import secrets

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from ahadi.base.errors import Invalid
from ahadi.base.text import fold

SHORTEST, LONGEST = 10, 256
# 19 MiB and two passes are the least the OWASP cheat sheet names; one more pass, and two at once in a process.
_hasher = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=19_456, parallelism=1),))
_at_once = 2
_FREQUENT = (
    *("password", "qwerty", "uiop", "asdf", "zxcv", "abcd", "iloveyou", "letmein", "welcome", "admin", "ahadi"),
    *("1234", "4321", "5678", "8765", "7890", "0987", "nenosiri", "karibu"),
)


class PasswordTooWeak(Invalid):
    """The new password would be guessed."""

    code = "password-too-weak"


@functools.cache
def _nobodys() -> str:
    """A hash to compare with where there is nobody, so that both cases take the same time."""
    return _hasher.hash(secrets.token_urlsafe())


@functools.cache
def _turns(_loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    return asyncio.Semaphore(_at_once)


async def hash_password(password: str) -> str:
    """What is kept of a password."""
    async with _turns(asyncio.get_running_loop()):
        return await asyncio.to_thread(_hasher.hash, password)


async def password_fits(password: str, held: str | None) -> tuple[bool, str | None]:
    """Whether it is the password, and the hash to keep instead when the old one has outdated parameters.

    Takes the same time when nothing is held.
    """
    async with _turns(asyncio.get_running_loop()):
        return await asyncio.to_thread(_compare, password, held)


def _compare(password: str, held: str | None) -> tuple[bool, str | None]:
    try:
        fits, renewed = _hasher.verify_and_update(password[:LONGEST], held or _nobodys())
    except UnknownHashError:
        return False, None
    return (fits, renewed) if held else (False, None)


def check_new_password(password: str, *, about: tuple[str, ...] = ()) -> None:
    """Raise PasswordTooWeak with what to do; `about` holds the person's name and address, which it must not repeat."""
    if len(password) < SHORTEST:
        raise PasswordTooWeak(f"The password needs at least {SHORTEST} characters; a few words make a good one.")
    if len(password) > LONGEST:
        raise PasswordTooWeak(f"The password may have at most {LONGEST} characters.")
    folded = fold(password)
    known = {part for each in about for part in fold(each).replace("@", " ").replace(".", " ").split() if len(part) > 3}
    rest = folded
    for each in sorted({*_FREQUENT, *known}, key=len, reverse=True):
        rest = rest.replace(each, "")
    if len(set(folded)) < 5 or sum(map(str.isalnum, rest)) <= SHORTEST // 2:
        raise PasswordTooWeak("The password is easily guessed; choose other words, not names, rows of keys or repeats.")
