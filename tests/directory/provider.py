"""A real OpenID provider (oidc-provider-mock) in a process of its own, kept stricter than it is: it demands the PKCE
verifier (RFC 7636) and names itself in its answers (RFC 9207). `python -m tests.directory.provider` prints its port.
"""

import json
import os
import sys
import warnings
from base64 import b64decode
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # on loopback
warnings.simplefilter("ignore")

import werkzeug.serving  # noqa: E402
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # noqa: E402
from oidc_provider_mock import app as provider  # noqa: E402

SECRET = "a secret of the client: %/+"


class Strict:
    """WSGI middleware around the provider."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._challenges: dict[str, str] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/oauth2/token":
            refusal = self._refusal(environ)
            if refusal:
                start_response("400 Bad Request", [("Content-Type", "application/json")])
                return [json.dumps({"error": refusal}).encode()]
        answer: dict[str, Any] = {}

        def started(status: str, headers: list[tuple[str, str]], _problem: Any = None) -> None:
            answer.update(status=status, headers=headers)

        body = b"".join(self._inner(environ, started))
        headers = [(name, value) for name, value in answer["headers"] if name.lower() != "content-length"]
        if path == "/oauth2/authorize":
            headers = [(name, self._named(environ, value) if name == "Location" else value) for name, value in headers]
        if path == "/.well-known/openid-configuration":
            body = json.dumps({**json.loads(body), "authorization_response_iss_parameter_supported": True}).encode()
        start_response(answer["status"], [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _named(self, environ: dict[str, Any], location: str) -> str:
        asked, given = parse_qs(environ["QUERY_STRING"]), parse_qs(urlsplit(location).query)
        if "code" in given:
            assert asked["code_challenge_method"] == ["S256"]
            self._challenges[given["code"][0]] = asked["code_challenge"][0]
        return f"{location}&iss=http%3A%2F%2F{environ['HTTP_HOST']}"

    def _refusal(self, environ: dict[str, Any]) -> str | None:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = BytesIO(body)
        said = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        scheme, _, basic = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        secret = unquote(b64decode(basic).decode().partition(":")[2]) if scheme == "Basic" else ""
        if secret != SECRET:
            return "invalid_client"
        challenge = self._challenges.pop(said.get("code", ""), None)
        fits = challenge == create_s256_code_challenge(said.get("code_verifier", ""))
        return None if fits else "invalid_grant"


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    server = werkzeug.serving.make_server("127.0.0.1", port, Strict(provider(require_nonce=True)), threaded=True)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
