"""A browser that hears, and its maker's push service, on this machine: they open what is sent per RFC 8291."""

import asyncio
import os
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ahadi.platform.transports.web_push import Subscription, decoded, encoded


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 in its two steps, as RFC 8291, 3.4 writes them."""
    extracted = HKDF.extract(SHA256(), salt, secret)
    return HKDFExpand(SHA256(), length, info).derive(extracted)


@dataclass
class FakeBrowser:
    """Keys as a browser makes them for a subscription."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @staticmethod
    def holding(private: str, auth: str) -> "FakeBrowser":
        return FakeBrowser(
            ec.derive_private_key(int.from_bytes(decoded(private)), ec.SECP256R1()),
            decoded(auth),
        )

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self, endpoint: str) -> Subscription:
        return Subscription(endpoint, encoded(self.public), encoded(self.auth))

    def open(self, body: bytes) -> bytes:
        """What was told. Raises InvalidTag for what is not for this browser."""
        salt, length = body[:16], body[20]
        sender, record = body[21 : 21 + length], body[21 + length :]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        secret = _hkdf(self.auth, shared, b"WebPush: info\0" + self.public + sender, 32)
        key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
        assert padded[-1] == 2, "the last record ends with a 2"
        return padded[:-1]


class FakePushService:
    """Takes messages over HTTP on loopback; `answers` are the statuses it gives, the last one for ever."""

    def __init__(self, browser: FakeBrowser) -> None:
        self.browser = browser
        self.answers: list[tuple[int, dict[str, str]]] = [(201, {})]
        self.told: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._hear, "127.0.0.1", 0)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def subscription(self) -> Subscription:
        return self.browser.subscription(f"http://127.0.0.1:{self.port}/s/one")

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            headers = {name.lower(): value for name, value in fields.items()}
            body = await reader.readexactly(int(headers["content-length"]))
            status, extra = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            self.headers.append(headers)
            if status < 300:
                self.told.append(orjson.loads(self.browser.open(body)))
            lines = [f"HTTP/1.1 {status} x", "content-length: 0", "connection: close"]
            lines += [f"{name}: {value}" for name, value in extra.items()]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            await writer.drain()
        finally:
            writer.close()
