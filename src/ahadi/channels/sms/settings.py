"""What an administrator tells us of a gateway: where to send, how its documents look, how it signs what it sends us."""

import base64
import binascii
import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a header's name: RFC 9110, section 5.6.2
_OURS = {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"}


def _header_name(name: str) -> str:
    if name and (not _TOKEN.fullmatch(name) or name.lower() in _OURS):
        raise ValueError(f"{name!r} cannot be used as the name of a header")
    return name


def _header_value(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", value.get_secret_value()):
        raise ValueError("it must be plain ASCII on one line, without spaces around it")
    return value


def _pointer(text: str) -> str:
    if text and not text.startswith("/"):
        raise ValueError(f"{text!r} must be a JSON Pointer such as /messages/0/id")
    return text


HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[SecretStr, AfterValidator(_header_value)]
Pointer = Annotated[str, AfterValidator(_pointer)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class WebhookSettings(_Settings):
    """How the gateway hands in messages and receipts, and how it proves that it is the gateway."""

    signature: Literal["standard-webhooks", "hmac-sha256"] = Field(
        "standard-webhooks", description="Standard Webhooks, or an HMAC-SHA256 of the body in a header."
    )
    secret: SecretStr = Field(description="The shared secret; for Standard Webhooks `whsec_…`.")
    previous_secret: SecretStr | None = Field(None, description="The secret before it, accepted while it is changed.")
    signature_header: HeaderName = Field("X-Signature", description="HMAC: the header that carries the signature.")
    signature_prefix: str = Field("", description="HMAC: what stands before the signature, such as `sha256=`.")
    signature_encoding: Literal["hex", "base64"] = "hex"
    timestamp_header: HeaderName = Field(
        "", description="HMAC: the header with the seconds since 1970; then `time.body` is signed."
    )
    tolerance_seconds: int = Field(300, ge=1, le=3600, description="How far a signature's time may be off.")

    items: Pointer = Field("", description="Where a list of events stands; empty when the document is one event.")
    kind: Pointer = Field("", description="Where the kind of event stands; empty to tell by the state below.")
    message_kinds: frozenset[str] = Field(frozenset(), description="Kinds that are messages of customers.")
    receipt_kinds: frozenset[str] = Field(frozenset(), description="Kinds that are delivery receipts.")
    ignored_kinds: frozenset[str] = Field(frozenset(), description="Kinds that are of no interest here.")
    message_id: Pointer = "/id"
    sender: Pointer = "/from"
    to: Pointer = "/to"
    text: Pointer = "/text"
    at: Pointer = Field("", description="Where the time stands: ISO 8601, or seconds or milliseconds since 1970.")
    receipt_id: Pointer = Field("/id", description="Where a receipt names the message it is about.")
    state: Pointer = "/status"
    delivered_states: frozenset[str] = frozenset({"delivered"})
    failed_states: frozenset[str] = frozenset({"failed", "undelivered", "rejected", "expired"})
    other_states: frozenset[str] = Field(
        frozenset({"accepted", "queued", "sending", "sent"}), description="States on the way."
    )

    @model_validator(mode="after")
    def _secrets_fit(self) -> Self:
        for secret in filter(None, (self.secret, self.previous_secret)):
            value = secret.get_secret_value()
            if self.signature == "standard-webhooks":
                try:
                    bare = value.removeprefix("whsec_").rstrip("=")
                    value = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode("latin-1")
                except (binascii.Error, ValueError) as problem:
                    raise ValueError("the secret of Standard Webhooks is base64, usually after whsec_") from problem
            if len(value) < 16:
                raise ValueError("the secret is too short; use at least 16 characters")
        if self.signature == "hmac-sha256" and not self.signature_header:
            raise ValueError("name the header that carries the signature")
        return self


class SmsSettings(_Settings):
    """An SMS gateway that takes JSON or a form over HTTP. A field is a name or, after a `/`, a JSON Pointer."""

    url: str = Field(description="Where messages are posted.")
    plain_http: bool = Field(False, description="Allow http://, for a gateway in your own network only.")
    auth_value: HeaderValue = Field(description="The whole value of the header, such as `Bearer …` or the bare key.")
    auth_header: HeaderName = "Authorization"
    sender: str = Field(description="The number or name messages come from where none is given.")
    body: Literal["json", "form"] = "json"
    to_field: str = Field("to", min_length=1)
    sender_field: str = Field("from", min_length=1)
    text_field: str = Field("text", min_length=1)
    reference_field: str = Field("", description="Where our own id of the message goes, if anywhere.")
    constants: dict[str, str | bool | int] = Field({}, description="Fields that are the same in every message.")
    numbers: Literal["e164", "digits"] = Field("e164", description="Numbers with their +, or digits only.")
    idempotency_header: HeaderName = Field(
        "", description="The header whose key the gateway takes once only; empty when it honours none."
    )

    provider_id: Pointer = Field("/id", description="Where the answer names the message; empty when it does not.")
    accepted: Pointer = Field("", description="Where the answer says yes or no; empty when the HTTP status says it.")
    accepted_values: frozenset[str] = Field(frozenset(), description="The words for yes.")
    error_code: Pointer = Field("", description="Where the answer says what is wrong.")
    unreachable_codes: frozenset[str] = Field(frozenset(), description="Codes for numbers that cannot be reached.")
    later_codes: frozenset[str] = Field(frozenset(), description="Codes for 'try again later'.")
    webhook: WebhookSettings | None = Field(None, description="How messages and receipts come in, if they do.")

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        parts = urlsplit(self.url)
        schemes = {"https", "http"} if self.plain_http else {"https"}
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"the address must start with {' or '.join(sorted(schemes))}:// and name a host")
        if parts.username is not None or parts.password is not None:
            raise ValueError("put the key into auth_value, not into the address")
        if self.accepted and not self.accepted_values:
            raise ValueError("say in accepted_values which words mean yes")
        if self.body == "form" and any(
            name.startswith("/") for name in (self.to_field, self.sender_field, self.text_field, *self.constants)
        ):
            raise ValueError("a form has plain names, not pointers")
        return self
