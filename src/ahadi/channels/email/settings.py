"""What an administrator tells us to send mail: the server that takes it on, and how we appear in it."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from ahadi.base.errors import SetupError
from ahadi.channels.email.headers import addresses, mailbox
from ahadi.platform.transports.smtp import settings_from_url


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class OAuth(_Settings):
    """An application registered with the mailbox's provider, for servers that want XOAUTH2."""

    token_url: str = Field(description="Where tokens are given.", pattern="^https://")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")
    refresh_token: SecretStr = Field(SecretStr(""), description="Empty when the application signs in for itself.")
    scope: str = ""


class EmailSettings(_Settings):
    """A mail server that takes our mail on."""

    url: SecretStr = Field(description="smtps://user:password@host, or smtp:// for STARTTLS; plain on loopback only.")
    sender: str = Field(description="The mailbox mail comes from where none is given: Name <name@example.org>.")
    domain: str = Field(description="The domain of the Message-IDs we make.", pattern=r"^[A-Za-z0-9.-]{1,200}$")
    installation: str = Field("", description="A mark of this installation, by which it knows its own mail again.")
    return_path: str = Field("", description="Where delivery reports go; the sender's address when empty.")
    oauth: OAuth | None = Field(None, description="Sign in with XOAUTH2 as the user of the address above.")

    @field_validator("sender")
    @classmethod
    def _is_mailbox(cls, value: str) -> str:
        found = addresses([value], 2)
        if len(found) != 1 or not found[0].address:
            raise ValueError("write one mailbox, such as Care <care@example.org>")
        return value

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        try:
            settings = settings_from_url(self.url.get_secret_value())
        except SetupError as error:
            raise ValueError(error.sentence) from None
        if self.oauth and (settings.security == "plain" or not settings.user):
            raise ValueError("XOAUTH2 needs a user in the address, and TLS")
        if self.return_path and not mailbox(self.return_path):
            raise ValueError("the return path is a bare address, such as bounces@example.org")
        return self
