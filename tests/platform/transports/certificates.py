"""A certificate for `localhost` and 127.0.0.1, made for one test."""

import datetime
import ssl
import tempfile
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_HERE = IPv4Address("127.0.0.1")


class Authority:
    """Its own root and its own server: `server()` and `client()` are contexts that trust each other."""

    def __init__(self, name: str = "localhost") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        day, now = datetime.timedelta(days=1), datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder(
                subject, subject, key.public_key(), x509.random_serial_number(), now - day, now + day
            )
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(_HERE)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        self.key = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.certificate = made.public_bytes(pem)

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            Path(file.name).write_bytes(self.key + self.certificate)
            context.load_cert_chain(file.name)
        return context

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.certificate.decode())
