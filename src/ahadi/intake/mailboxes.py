"""Hosted mailboxes: read by IMAP, one worker at a time, every mail taken before it is marked read."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from ahadi.base.errors import AhadiError, Conflict, Invalid, NotFound
from ahadi.channels.email import Account, Fetched, MailboxState, next_poll, poll_once
from ahadi.channels.ports import Surroundings
from ahadi.customers import email_identity
from ahadi.intake import mail_store
from ahadi.intake.mail import MailIntake
from ahadi.intake.mail_store import MailAddress, MailboxRow
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.security import Keyring
from ahadi.platform.transports.imap import ImapSettings
from ahadi.platform.transports.oauth import OAuthSettings, RefreshedToken, Token

log = structlog.get_logger(__name__)
INTERVAL = timedelta(seconds=30)


class OAuth(BaseModel):
    """An application registered with the mailbox's provider, for XOAUTH2."""

    model_config = ConfigDict(extra="forbid")
    token_url: str = Field(pattern="^https://")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")
    refresh_token: SecretStr = SecretStr("")
    scope: str = ""

    def application(self) -> OAuthSettings:
        """What tokens are asked for with."""
        client_secret, refresh_token = self.client_secret.get_secret_value(), self.refresh_token.get_secret_value()
        return OAuthSettings(self.token_url, self.client_id, client_secret, refresh_token, self.scope)


class MailboxSettings(BaseModel):
    """Where a mailbox is and how to sign in: a password, or `oauth` for XOAUTH2."""

    model_config = ConfigDict(extra="forbid")
    host: str = Field(min_length=1)
    user: str = Field(min_length=1)
    password: SecretStr = SecretStr("")
    oauth: OAuth | None = None
    port: int = Field(993, ge=1, le=65535)
    security: Literal["tls", "starttls", "plain"] = "tls"
    folder: str = "INBOX"
    move_to: str = ""
    first: Literal["unseen", "all"] = "unseen"

    def server(self, token: Token | None) -> ImapSettings:
        """Where the mailbox is opened, with a token where it wants one."""
        return ImapSettings(
            host=self.host,
            user=self.user,
            password=self.password.get_secret_value(),
            token=token,
            port=self.port,
            security=self.security,
        )

    def packed(self) -> str:
        """The settings with their secrets, to be encrypted."""
        plain = self.model_dump(mode="json")
        plain["password"] = self.password.get_secret_value()
        if self.oauth:
            plain["oauth"]["client_secret"] = self.oauth.client_secret.get_secret_value()
            plain["oauth"]["refresh_token"] = self.oauth.refresh_token.get_secret_value()
        return orjson.dumps(plain).decode()


async def add_mailbox(work: Work, organisation_id: UUID, address: str, settings: MailboxSettings) -> UUID:
    """Read a mailbox from now on. Raises Conflict when another organisation takes mail at the address."""
    work.permit(organisation_id, "settings.edit")
    value = email_identity(address).value
    if not await mail_store.take_address(work, organisation_id, value):
        raise Conflict("Another organisation takes mail at this address; use another one.")
    packed = work.house.keys.encrypt(settings.packed())
    id_ = await mail_store.put_mailbox(work, organisation_id, value, packed)
    work.record("mailbox.added", organisation_id, subject_id=id_)
    return id_


async def retire_mailbox(work: Work, organisation_id: UUID, mailbox_id: UUID) -> None:
    """Stop reading a mailbox."""
    work.permit(organisation_id, "settings.edit")
    if not await mail_store.retire_mailbox(work, organisation_id, mailbox_id):
        raise NotFound("There is no such mailbox.")
    work.record("mailbox.retired", organisation_id, subject_id=mailbox_id)


class Poller:
    """Reads every mailbox that is due; a mailbox is read by one process at a time."""

    def __init__(self, database: Database, intake: MailIntake, keyring: Keyring, surroundings: Surroundings) -> None:
        self._database, self._intake, self._keyring = database, intake, keyring
        self._surroundings = surroundings
        self._tokens: dict[UUID, tuple[bytes, RefreshedToken]] = {}

    async def poll_due(self, organisations: list[UUID]) -> int:
        """Read what is due; how many mails were taken."""
        async with self._database.read(Actor.system(organisations)) as work:
            rows = await mail_store.mailboxes_in(work, organisations)
        now = self._database.clock.real.now()
        return sum([await self._poll(row) for row in rows if self._is_due(row, now)])

    def _is_due(self, row: MailboxRow, now: datetime) -> bool:
        return row.polled_at is None or now - row.polled_at >= next_poll(_state(row), INTERVAL)

    async def _poll(self, row: MailboxRow) -> int:
        """Read one mailbox, unless another process does."""
        async with self._database.alone(row.id) as alone:
            return await self._read(row) if alone else 0

    async def _read(self, row: MailboxRow) -> int:
        owner = MailAddress(row.address, row.organisation_id, None)

        async def deliver(fetched: Fetched) -> None:
            await self._intake.take(fetched.raw, owner, cut=fetched.truncated)

        try:
            account = self._account(row)
        except (AhadiError, ValidationError) as problem:
            log.warning("mailbox.unusable", mailbox=str(row.id), error=type(problem).__name__)
            await self._keep(row, _state(row), "The settings of this mailbox cannot be read; enter them again.")
            return 0
        result = await poll_once(account, _state(row), deliver)
        await self._keep(row, result.state, result.problem or None)
        if result.problem:
            log.warning("mailbox.failed", mailbox=str(row.id))
        return result.delivered

    async def _keep(self, row: MailboxRow, state: MailboxState, problem: str | None) -> None:
        async with self._database.work(Actor.system([row.organisation_id])) as work:
            await mail_store.keep_state(work, row, asdict(state), problem)

    def _account(self, row: MailboxRow) -> Account:
        settings = MailboxSettings.model_validate(orjson.loads(self._keyring.decrypt(row.settings)))
        token = self._token(row, settings.oauth.application()) if settings.oauth else None
        return Account(row.address, settings.server(token), settings.folder, settings.move_to, settings.first)

    def _token(self, row: MailboxRow, application: OAuthSettings) -> RefreshedToken:
        """One token a mailbox, renewed before it ends; a new one when the mailbox's settings change."""
        kept = self._tokens.get(row.id)
        if kept is None or kept[0] != row.settings:

            async def remember(refresh_token: str) -> None:
                await self._remember(row, refresh_token)

            made = RefreshedToken(self._surroundings.http, application, self._surroundings.clock, remember)
            kept = self._tokens[row.id] = row.settings, made
        return kept[1]

    async def _remember(self, row: MailboxRow, refresh_token: str) -> None:
        """Keep a refresh token that the provider changed: the old one may not serve again."""
        data = orjson.loads(self._keyring.decrypt(row.settings))
        data["oauth"]["refresh_token"] = refresh_token
        packed = self._keyring.encrypt(orjson.dumps(data).decode())
        async with self._database.work(Actor.system([row.organisation_id])) as work:
            await mail_store.put_mailbox(work, row.organisation_id, row.address, packed)
            work.record("mailbox.token_renewed", row.organisation_id, subject_id=row.id)


def _state(row: MailboxRow) -> MailboxState:
    known: dict[str, Any] = {k: v for k, v in row.state.items() if k in MailboxState.__dataclass_fields__}
    for name in ("waiting", "failed"):
        known[name] = tuple(known.get(name, ()))
    return MailboxState(**known)


def settings_from(data: dict[str, Any]) -> MailboxSettings:
    """Settings as given over the API. Raises Invalid naming what is wrong, never a secret."""
    try:
        return MailboxSettings.model_validate(data)
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        raise Invalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from problem
