"""A mailbox tried on the spot, for whoever enters it: it opens, or one sentence says what to put right."""

import asyncio
import socket
from dataclasses import dataclass
from uuid import UUID

import orjson
from pydantic import ValidationError

from ahadi.base.errors import Invalid, NotFound
from ahadi.channels.ports import Surroundings
from ahadi.intake import mail_store
from ahadi.intake.mailboxes import MailboxSettings
from ahadi.platform.database import Work
from ahadi.platform.transports.addresses import Guard
from ahadi.platform.transports.imap import Mailbox
from ahadi.platform.transports.oauth import RefreshedToken


@dataclass(frozen=True, slots=True)
class Opened:
    """A mailbox that opens: how many mails nobody has read stand in its folder."""

    unseen: int


async def try_mailbox(settings: MailboxSettings, surroundings: Surroundings, guard: Guard) -> Opened:
    """Sign in and open the folder; nothing is read or marked.

    Raises Invalid for a server that may not be reached, and what the mailbox answers otherwise, as one sentence.
    """
    await _must_be_outside(settings.host, settings.port, guard)
    token = None
    if settings.oauth:
        token = RefreshedToken(surroundings.http, settings.oauth.application(), surroundings.clock, _forget)
    async with await Mailbox.open(settings.server(token)) as mailbox:
        await mailbox.select(settings.folder)
        return Opened(len(await mailbox.unseen()))


async def settings_of_mailbox(work: Work, organisation_id: UUID, mailbox_id: UUID) -> MailboxSettings:
    """The settings of a mailbox with their secrets: to try it with, never to be shown. Raises NotFound."""
    work.permit(organisation_id, "settings.edit")
    found = await mail_store.mailboxes_in(work, [organisation_id])
    row = next((each for each in found if each.id == mailbox_id), None)
    if row is None:
        raise NotFound("There is no such mailbox.")
    try:
        return MailboxSettings.model_validate(orjson.loads(work.house.keys.decrypt(row.settings)))
    except ValidationError as problem:
        raise Invalid("The settings of this mailbox cannot be read; enter them again.") from problem


async def _forget(_refresh_token: str) -> None:
    """A provider that changes the refresh token while trying: the poller asks with the one that was entered."""


async def _must_be_outside(host: str, port: int, guard: Guard) -> None:
    """Whoever enters a mailbox learns nothing of machines inside: only listed ones are reached."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise Invalid(f"There is no mail server called {host}; check the name.", field="host") from problem
    if any(guard.objection(str(address[4][0]), port) for address in found):
        raise Invalid(
            f"{host} is a machine inside this network; an operator lists it in AHADI_OUTGOING_ALLOW first.",
            field="host",
        )
