"""One-time codes of an authenticator app (RFC 6238), each taken once."""

from datetime import datetime

import pyotp

_STEP = 30  # seconds
_DRIFT = 1  # steps that a clock may be wrong, either way


def new_totp_secret() -> str:
    """A secret to be shown once, as letters and as an address in a QR code."""
    return pyotp.random_base32()


def totp_address(secret: str, account: str, issuer: str) -> str:
    """The `otpauth:` address that authenticator apps read."""
    return pyotp.TOTP(secret, interval=_STEP).provisioning_uri(name=account, issuer_name=issuer)


def totp_step(secret: str, code: str, now: datetime, *, after: int | None) -> int | None:
    """The time step a code belongs to, when it fits and is later than the last step used; None otherwise."""
    digits = "".join(code.split())
    present = int(now.timestamp()) // _STEP
    totp = pyotp.TOTP(secret, interval=_STEP)
    for step in range(present - _DRIFT, present + _DRIFT + 1):
        fits = pyotp.utils.strings_equal(digits, totp.generate_otp(step))
        if fits and (after is None or step > after):
            return step
    return None
