"""OpenID Connect as a relying party: what a provider says of itself, its keys, and whether its token is for us.

OpenID Connect Core 1.0 and Discovery 1.0, PKCE (RFC 7636), the issuer in the answer (RFC 9207). Tokens are judged by
`joserfc` and `authlib`; requests go out by the guarded client that is handed in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx
import structlog
from joserfc.errors import JoseError

from ahadi.base.clock import Clock
from ahadi.base.errors import Forbidden, Invalid, NotSignedIn, Unavailable
from ahadi.base.later import later
from ahadi.base.text import fold, one_line

if TYPE_CHECKING:
    import authlib.oauth2.rfc7636 as pkce
    import authlib.oidc.core as oidc_core
    import joserfc.jwk as jwk
    import joserfc.jwt as jwt
else:
    pkce, oidc_core = later("authlib.oauth2.rfc7636"), later("authlib.oidc.core")
    jwk, jwt = later("joserfc.jwk"), later("joserfc.jwt")

log = structlog.get_logger(__name__)
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
_KEPT: Final = timedelta(hours=1)
_ASKED_AGAIN: Final = timedelta(minutes=1)  # at most this often for keys that were not there
_LEEWAY: Final = 60  # seconds two clocks may differ
_SCOPES: Final = "openid email profile"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class ProviderRefused(NotSignedIn):
    """What came from the provider is not what was asked for, or not to be believed."""

    code = "provider-refused"


class ProviderUnusable(Invalid):
    """The provider's description of itself cannot be used."""

    code = "provider-unusable"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider says of itself, as far as we go by it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    algorithms: tuple[str, ...]
    names_itself: bool  # in the answer to the browser (RFC 9207)
    takes_secret_by_post: bool


@dataclass(frozen=True, slots=True)
class Client:
    """What we are to a provider."""

    issuer: str
    client_id: str
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom a provider vouches for. `email` is folded, and None unless the provider says that it verified it."""

    subject: str
    email: str | None
    name: str


def checked_issuer(issuer: str) -> str:
    """The issuer as it was given, where it may be one: https, or a server on this machine. Raises Invalid."""
    _must_be_safe(issuer, issuer)
    parts = urlsplit(issuer)
    if parts.query or parts.fragment or parts.username:
        raise Invalid("An issuer is an address without query, fragment or name; copy it from your provider.")
    return issuer


def _must_be_safe(address: str, issuer: str) -> None:
    try:
        parts, own = urlsplit(address), urlsplit(issuer)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        safe = safe and bool(parts.hostname) and (own.scheme != "https" or parts.scheme == "https")
    except ValueError:
        safe = False
    if not safe:
        raise ProviderUnusable("A provider is reached by https; write its address as https://id.example.org.")


def read_metadata(issuer: str, said: Mapping[str, Any]) -> Metadata:
    """Raises ProviderUnusable for a description that is another's, or lacks what is needed."""
    if said.get("issuer") != issuer:
        raise ProviderUnusable("The provider calls itself by another address; copy its issuer to the last slash.")
    found = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"):
        value = said.get(name)
        if isinstance(value, str):
            _must_be_safe(value, issuer)
            found[name] = value
    lacking = [each for each in ("authorization_endpoint", "token_endpoint", "jwks_uri") if each not in found]
    if lacking:
        raise ProviderUnusable(f"The provider does not say its {lacking[0]}; it cannot be used.")
    offered = said.get("id_token_signing_alg_values_supported") or ["RS256"]
    algorithms = tuple(each for each in ALGORITHMS if each in offered)
    if not algorithms:
        raise ProviderUnusable("The provider signs in no way that is taken here; have it use RS256 or ES256.")
    methods = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Metadata(
        issuer,
        found["authorization_endpoint"],
        found["token_endpoint"],
        found["jwks_uri"],
        found.get("userinfo_endpoint"),
        found.get("end_session_endpoint"),
        algorithms,
        said.get("authorization_response_iss_parameter_supported") is True,
        "client_secret_basic" not in methods and "client_secret_post" in methods,
    )


def authorization_address(
    metadata: Metadata, client_id: str, redirect: str, state: str, nonce: str, verifier: str
) -> str:
    """Where the browser is sent to sign in."""
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect,
        "scope": _SCOPES,
        "state": state,
        "nonce": nonce,
        "code_challenge": pkce.create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in metadata.authorization_endpoint else "?"
    return metadata.authorization_endpoint + joint + urlencode(asked)


def sign_out_address(metadata: Metadata, client_id: str, back: str) -> str | None:
    """Where the browser signs out of the provider as well (RP-Initiated Logout 1.0), where it offers that."""
    if metadata.end_session_endpoint is None:
        return None
    joint = "&" if "?" in metadata.end_session_endpoint else "?"
    return metadata.end_session_endpoint + joint + urlencode({"client_id": client_id, "post_logout_redirect_uri": back})


def check_issuer_of_answer(metadata: Metadata, named: str | None) -> None:
    """Whether the browser's answer is this provider's (RFC 9207, section 2.4); raises ProviderRefused."""
    if named is None and not metadata.names_itself:
        return
    if named != metadata.issuer:
        raise ProviderRefused("The answer came from another provider; begin again.")


def read_id_token(
    token: str,
    keys: "jwk.KeySet",
    metadata: Metadata,
    client_id: str,
    nonce: str,
    access_token: str | None,
    now: datetime,
) -> dict[str, Any]:
    """The claims of a token that is the provider's, for us, for this sign-in, and in force (Core, section 3.1.3.7).

    Raises joserfc's errors: of those `KeyError`s of the key set tell of a key we do not have.
    """
    found = jwt.decode(token, keys, algorithms=list(metadata.algorithms))
    claims = oidc_core.CodeIDToken(
        found.claims,
        found.header,
        options={
            "iss": {"essential": True, "value": metadata.issuer},
            "aud": {"essential": True, "value": client_id},
            "sub": {"essential": True},
        },
        params={"nonce": nonce, "client_id": client_id, "access_token": access_token},
    )
    claims.validate(now=int(now.timestamp()), leeway=_LEEWAY)
    return dict(found.claims)


def read_claims(said: Mapping[str, Any]) -> Claims:
    """Whom the provider vouches for; an address counts only where the provider says that it verified it."""
    email, verified = said.get("email"), said.get("email_verified")
    believed = isinstance(email, str) and (verified is True or verified == "true")
    name = said.get("name")
    return Claims(
        str(said["sub"])[:255],
        fold(str(email)) if believed else None,
        one_line(name, 120) if isinstance(name, str) else "",
    )


@dataclass(slots=True)
class _Known:
    metadata: Metadata
    keys: "jwk.KeySet"
    asked_at: datetime


class Providers:
    """The providers of this process, as they described themselves: kept for an hour, and asked again for a key that
    is not known, since providers change theirs."""

    def __init__(self, make_client: Callable[[], httpx.AsyncClient], clock: Clock) -> None:
        self._make_client = make_client
        self._made: httpx.AsyncClient | None = None
        self._clock = clock
        self._known: dict[str, _Known] = {}

    @property
    def _client(self) -> httpx.AsyncClient:
        """The way out, made when it is first needed: most installations have no provider."""
        if self._made is None:
            self._made = self._make_client()
        return self._made

    async def close(self) -> None:
        """Let go of the connections."""
        if self._made is not None:
            await self._made.aclose()

    async def metadata(self, issuer: str) -> Metadata:
        """Raises ProviderUnusable, Forbidden for an address inside, and Unavailable when it does not answer."""
        return (await self._of(issuer)).metadata

    async def _of(self, issuer: str, *, older_than: timedelta = _KEPT) -> _Known:
        now, known = self._clock.now(), self._known.get(issuer)
        if known is not None and now - known.asked_at < older_than:
            return known
        checked_issuer(issuer)
        metadata = read_metadata(issuer, await self._get(issuer.rstrip("/") + "/.well-known/openid-configuration"))
        said = await self._get(metadata.jwks_uri)
        try:
            usable = [each for each in said["keys"] if each.get("use", "sig") == "sig" and each.get("kty") != "oct"]
            keys = jwk.KeySet.import_key_set({"keys": usable})
        except (JoseError, KeyError, TypeError, ValueError, AttributeError) as problem:
            raise ProviderUnusable("The provider's keys cannot be read; ask whoever keeps it.") from problem
        self._known[issuer] = _Known(metadata, keys, now)
        return self._known[issuer]

    async def exchange(self, client: Client, code: str, redirect: str, verifier: str, nonce: str) -> Claims:
        """Whom a code stands for. Raises ProviderRefused for whatever is not in order with it."""
        known = await self._of(client.issuer)
        given = await self._token(known.metadata, client, code, redirect, verifier)
        id_token, access_token = given.get("id_token"), given.get("access_token")
        if not isinstance(id_token, str):
            raise ProviderRefused("The provider sent no identity; begin again.")
        access_token = access_token if isinstance(access_token, str) else None
        said = await self._read(known, client, id_token, nonce, access_token)
        if "email" not in said and known.metadata.userinfo_endpoint and access_token:
            more = await self._get(known.metadata.userinfo_endpoint, {"Authorization": f"Bearer {access_token}"})
            if more.get("sub") != said["sub"]:
                raise ProviderRefused("The provider contradicts itself about who signed in; begin again.")
            said = {**more, **said}
        return read_claims(said)

    async def _read(
        self, known: _Known, client: Client, id_token: str, nonce: str, access_token: str | None
    ) -> dict[str, Any]:
        """The token's claims, by keys asked for anew where the ones we have do not fit."""
        try:
            return self._judged(known, client, id_token, nonce, access_token)
        except _NOT_IN_ORDER as problem:
            fresh = await self._of(client.issuer, older_than=_ASKED_AGAIN)
            if fresh is known:
                raise _not_in_order(client, problem) from problem
        try:
            return self._judged(fresh, client, id_token, nonce, access_token)
        except _NOT_IN_ORDER as problem:
            raise _not_in_order(client, problem) from problem

    def _judged(
        self, known: _Known, client: Client, id_token: str, nonce: str, access_token: str | None
    ) -> dict[str, Any]:
        now = self._clock.now()
        return read_id_token(id_token, known.keys, known.metadata, client.client_id, nonce, access_token, now)

    async def _token(
        self, metadata: Metadata, client: Client, code: str, redirect: str, verifier: str
    ) -> dict[str, Any]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        auth = None
        if client.secret is None or metadata.takes_secret_by_post:
            form |= {"client_id": client.client_id} | ({"client_secret": client.secret} if client.secret else {})
        else:  # RFC 6749, section 2.3.1: both are encoded as in a form first
            auth = httpx.BasicAuth(quote(client.client_id, safe=""), quote(client.secret, safe=""))
        try:
            if auth is None:
                answer = await self._client.post(metadata.token_endpoint, data=form)
            else:
                answer = await self._client.post(metadata.token_endpoint, data=form, auth=auth)
            given = answer.json()
        except (httpx.HTTPError, ValueError) as problem:
            raise _silent(problem) from problem
        if answer.status_code != 200 or not isinstance(given, dict):
            reason = given.get("error") if isinstance(given, dict) else None
            log.warning("oidc.code_refused", issuer=client.issuer, status=answer.status_code, error=str(reason)[:60])
            raise ProviderRefused("The provider takes the sign-in back; begin again.")
        return given

    async def _get(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = await self._client.get(address, headers=dict(headers or {}), follow_redirects=False)
            said = answer.json() if answer.status_code == 200 else None
        except (httpx.HTTPError, ValueError) as problem:
            raise _silent(problem) from problem
        if not isinstance(said, dict):
            raise ProviderUnusable("The provider did not describe itself at its address; check the issuer.")
        return said


_NOT_IN_ORDER: Final = (JoseError, ValueError, KeyError, TypeError, AttributeError)


def _not_in_order(client: Client, problem: Exception) -> ProviderRefused:
    log.warning("oidc.token_refused", issuer=client.issuer, error=type(problem).__name__)
    return ProviderRefused("The provider's answer is not in order; begin again.")


def _silent(problem: Exception) -> Exception:
    if isinstance(problem, Forbidden):  # the guard's own refusal says what to do
        return Forbidden(problem.sentence)
    log.warning("oidc.no_answer", error=type(problem).__name__)
    return Unavailable("The sign-in service does not answer; try again in a moment, or sign in another way.")
