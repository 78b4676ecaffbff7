"""Web push: a message for a browser, sealed so that only that browser reads it, handed to its maker's push service.

RFC 8030 (the request), RFC 8291 and 8188 (the sealing, `aes128gcm`), RFC 8292 (who sends: VAPID).
"""

import base64
import binascii
import os
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ahadi.base.errors import AhadiError, Invalid
from ahadi.platform.security import Keyring

MOST_BYTES = 3_000  # of what is told; push services take 4,096 with what surrounds it (RFC 8030, 7.2)
_RECORD = 4_096
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186-5)
_TOKEN_LASTS = timedelta(hours=12)  # RFC 8292 allows 24
Urgency = Literal["very-low", "low", "normal", "high"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where one browser hears: its push service's address for it, its key and its secret (both base64url)."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of it. `gone` says that the browser will never hear there again; `after` what the service asked for."""

    accepted: bool
    gone: bool = False
    after: timedelta | None = None
    code: str = ""


def checked(subscription: Subscription) -> Subscription:
    """The subscription, when something can be sent there. Raises Invalid. Where it leads is checked at connection."""
    try:
        parts = urlsplit(subscription.endpoint)
        sendable = parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname)))
        if not sendable or parts.username or parts.password or parts.fragment or len(subscription.endpoint) > 2000:
            raise ValueError("endpoint")
        _public(decoded(subscription.p256dh))
        if len(decoded(subscription.auth)) != 16:
            raise ValueError("auth")
    except (ValueError, binascii.Error) as problem:
        raise Invalid("This browser's subscription cannot be read; switch it off and on again.") from problem
    return subscription


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


# Who sends (RFC 8292) --------------------------------------------------------------------------------------------


def own_keys(keyring: Keyring) -> dict[str, EllipticCurvePrivateKey]:
    """The installation's key pairs for push by their public part, the present one first.

    They follow from the secret key, so they are there from the first day, and are backed up and rotated with it. A
    browser that subscribed under an earlier one is still reached while that is kept.
    """
    pairs = zip(keyring.keys("web push 1"), keyring.keys("web push 2"), strict=True)
    privates = [derive_private_key(int.from_bytes(a + b) % (_ORDER - 1) + 1, SECP256R1()) for a, b in pairs]
    return {encoded(_raw(each.public_key())): each for each in privates}


def authorization(key: EllipticCurvePrivateKey, endpoint: str, contact: str, now: datetime) -> str:
    """The header that says who sends: a token signed for this push service alone (RFC 8292, sections 2 and 3)."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + _TOKEN_LASTS).timestamp()),
        "sub": contact,
    }
    text = f"{encoded(orjson.dumps({'typ': 'JWT', 'alg': 'ES256'}))}.{encoded(orjson.dumps(claims))}"
    r, s = decode_dss_signature(key.sign(text.encode(), ECDSA(SHA256())))
    signature = encoded(r.to_bytes(32) + s.to_bytes(32))
    return f"vapid t={text}.{signature}, k={encoded(_raw(key.public_key()))}"


# Sealing (RFC 8291, 8188) ----------------------------------------------------------------------------------------


def sealed(
    subscription: Subscription,
    told: bytes,
    *,
    key: EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """What is told, so that only the subscription's browser reads it. Key and salt are new each time."""
    if len(told) > MOST_BYTES:
        raise Invalid("This is too long for a push message.")
    key, salt = key or generate_private_key(SECP256R1()), salt or os.urandom(16)
    theirs = decoded(subscription.p256dh)
    ours = _raw(key.public_key())
    shared = key.exchange(ECDH(), _public(theirs))
    secret = _derived(shared, decoded(subscription.auth), b"WebPush: info\0" + theirs + ours, 32)
    content_key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    record = AESGCM(content_key).encrypt(nonce, told + b"\x02", None)  # 2 marks the last record, here the only one
    return salt + struct.pack("!IB", _RECORD, len(ours)) + ours + record


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=salt, info=info).derive(secret)


def _public(point: bytes) -> EllipticCurvePublicKey:
    return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)


def _raw(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encoded(data: bytes) -> str:
    """base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """What base64url text stands for; raises ValueError."""
    return base64.b64decode(text.rstrip("=").encode("ascii") + b"=" * (-len(text.rstrip("=")) % 4), b"-_", True)


# Sending (RFC 8030) ----------------------------------------------------------------------------------------------


async def push(
    client: httpx.AsyncClient,
    subscription: Subscription,
    told: bytes,
    *,
    authorization: str,
    ttl: timedelta,
    urgency: Urgency,
    topic: str,
    now: datetime,
) -> Pushed:
    """Hand it to the push service. Of messages with one topic a browser that was away hears the last one only.

    Trouble is an outcome, never an exception.
    """
    headers = {
        "authorization": authorization,
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": str(int(ttl.total_seconds())),
        "urgency": urgency,
        "topic": topic,
    }
    try:
        answer = await client.post(subscription.endpoint, content=sealed(subscription, told), headers=headers)
    except AhadiError as problem:  # the guard's refusal: it leads inside, and will tomorrow
        return Pushed(False, gone=problem.code == "address-refused", code=problem.code)
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        return Pushed(False, code=type(problem).__name__)
    if answer.is_success:
        return Pushed(True)
    gone = answer.status_code in (404, 410)
    return Pushed(False, gone, _asked_for(answer, now), f"answered-{answer.status_code}")


def _asked_for(answer: httpx.Response, now: datetime) -> timedelta | None:
    """How long the service asked us to wait (RFC 9110, 10.2.3): seconds, or a date."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text), 86_400))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(timedelta(seconds=1), min(moment - now, timedelta(days=1)))
