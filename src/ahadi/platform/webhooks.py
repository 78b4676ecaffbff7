"""Webhooks: what happens is sent, signed per Standard Webhooks, to the programs an organisation named.

A follower turns journal rows into deliveries with a job each, in one transaction with its cursor; a delivery is then
tried until the receiver says yes. Its `webhook-id` stays the same, so that a receiver can tell a repeat.
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import orjson
import standardwebhooks
import structlog

from ahadi.base.clock import iso
from ahadi.base.errors import AhadiError, Conflict, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.platform import followers, journal, live
from ahadi.platform import webhooks_store as store
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.followers import Follower, Following, Organisations
from ahadi.platform.jobs import Handler, Job, finish, put_back
from ahadi.platform.journal import JournalRow
from ahadi.platform.security import Keyring
from ahadi.platform.webhooks_store import Delivery, Webhook

log = structlog.get_logger(__name__)
EDIT = "webhooks.edit"
DELIVER = "webhooks.deliver"
# The waits Standard Webhooks recommends; after the last the delivery has failed and waits for a person.
WAITS = tuple(
    timedelta(seconds=each) for each in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
MOST_WEBHOOKS = 50
TEST = "webhook.tested"


# What an administrator does --------------------------------------------------------------------------------------


async def add_webhook(
    work: Work, keyring: Keyring, organisation_id: UUID, url: str, kinds: Sequence[str]
) -> tuple[Webhook, str]:
    """Send journal rows of these kinds (none for all) to an address from now on; also the secret, shown this once.

    Raises Invalid for an address that is none, Conflict when the organisation has as many as it may.
    """
    work.permit(organisation_id, EDIT)
    if len(await store.listed(work, organisation_id, None, MOST_WEBHOOKS)) >= MOST_WEBHOOKS:
        raise Conflict(f"An organisation has at most {MOST_WEBHOOKS} webhooks; remove one first.")
    secret = _new_secret()
    webhook = Webhook(
        organisation_id, uuid7(), checked_url(url), keyring.encrypt(secret), _kinds(kinds), True, work.real_now
    )
    await store.add(work, webhook)
    await followers.begin(work, organisation_id, _FOLLOWING.name, await journal.head(work))
    work.record("webhook.added", organisation_id, subject_id=webhook.id, kinds=webhook.kinds)
    return webhook, secret


async def change_webhook(
    work: Work,
    organisation_id: UUID,
    webhook_id: UUID,
    *,
    url: str | None = None,
    kinds: Sequence[str] | None = None,
    active: bool | None = None,
) -> Webhook:
    """Change what is not None."""
    former = await _own(work, organisation_id, webhook_id)
    webhook = replace(
        former,
        url=former.url if url is None else checked_url(url),
        kinds=former.kinds if kinds is None else _kinds(kinds),
        active=former.active if active is None else active,
    )
    await store.change(work, webhook)
    work.record("webhook.changed", organisation_id, subject_id=webhook_id, kinds=webhook.kinds, active=webhook.active)
    return webhook


async def renew_secret(work: Work, keyring: Keyring, organisation_id: UUID, webhook_id: UUID) -> str:
    """A new secret for the webhook, shown this once; the former signs no more."""
    webhook = await _own(work, organisation_id, webhook_id)
    secret = _new_secret()
    await store.change(work, replace(webhook, secret=keyring.encrypt(secret)))
    work.record("webhook.secret_renewed", organisation_id, subject_id=webhook_id)
    return secret


async def remove_webhook(work: Work, organisation_id: UUID, webhook_id: UUID) -> None:
    """Send nothing there any more; its delivery log goes too."""
    await _own(work, organisation_id, webhook_id)
    await store.remove(work, organisation_id, webhook_id)
    work.record("webhook.removed", organisation_id, subject_id=webhook_id)


async def webhooks(work: Work, organisation_id: UUID, after: UUID | None, limit: int) -> list[Webhook]:
    """The organisation's webhooks, the newest first."""
    work.permit(organisation_id, EDIT)
    return await store.listed(work, organisation_id, after, limit)


async def deliveries(
    work: Work, organisation_id: UUID, webhook_id: UUID, after: UUID | None, limit: int
) -> list[Delivery]:
    """What was sent to a webhook and how that went, the newest first."""
    work.permit(organisation_id, EDIT)
    if await store.find(work, organisation_id, webhook_id) is None:
        raise _unknown()
    return await store.deliveries(work, organisation_id, webhook_id, after, limit)


async def latest_deliveries(work: Work, organisation_id: UUID, each: int) -> list[Delivery]:
    """The last deliveries of every webhook of the organisation, so many of each, the newest first."""
    work.permit(organisation_id, EDIT)
    return await store.latest_deliveries(work, organisation_id, each)


async def send_test(work: Work, organisation_id: UUID, webhook_id: UUID) -> None:
    """Send the webhook a message that says nothing but that it was tested, whatever kinds it asked for.

    It goes the way of every delivery, and stands in the log like one. Raises Conflict when it is switched off.
    """
    webhook = await _own(work, organisation_id, webhook_id)
    if not webhook.active:
        raise Conflict("This webhook is switched off; switch it on first.")
    work.record(TEST, organisation_id, subject_id=webhook_id)


async def retry(work: Work, organisation_id: UUID, delivery_id: UUID) -> Delivery:
    """Send a failed delivery again, from its first attempt; raises Conflict when it has not failed."""
    work.permit(organisation_id, EDIT)
    delivery = await store.find_delivery(work, organisation_id, delivery_id)
    if delivery is None:
        raise NotFound("There is no such delivery in this organisation.")
    if delivery.state != "failed":
        raise Conflict(f"This delivery is {delivery.state}; only a failed one can be sent again.")
    await store.wait_again(work, organisation_id, delivery_id)
    _enqueue(work, organisation_id, delivery_id)
    work.record("webhook.retried", organisation_id, subject_id=delivery.webhook_id, delivery_id=str(delivery_id))
    return replace(delivery, state="waiting", settled_at=None)


async def _own(work: Work, organisation_id: UUID, webhook_id: UUID) -> Webhook:
    work.permit(organisation_id, EDIT)
    webhook = await store.find(work, organisation_id, webhook_id, lock=True)
    if webhook is None:
        raise _unknown()
    return webhook


def _unknown() -> NotFound:
    return NotFound("There is no such webhook in this organisation.")


def checked_url(url: str) -> str:
    """The address, when messages can be sent there; raises Invalid. Where it leads is checked at each connection."""
    try:
        parts = urlsplit(url.strip())
        sendable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        sendable = False
    if not sendable or parts.username or parts.password or parts.fragment or len(url) > 2000:
        raise Invalid("A webhook needs an http or https address without a name, a password or a # part.")
    return url.strip()


def _kinds(kinds: Sequence[str]) -> list[str]:
    wanted = sorted({each.strip() for each in kinds if each.strip()})
    if any(len(each) > 80 or not each.replace(".", "").replace("_", "").isalnum() for each in wanted):
        raise Invalid("A kind is a journal kind such as promise.kept.")
    return wanted


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


# From the journal to deliveries ----------------------------------------------------------------------------------


def wants(webhook: Webhook, row: JournalRow) -> bool:
    """Whether a webhook is told of a journal row: one of its kinds, and not from before it was there.

    A test is told to the webhook that is tested, and to no other.
    """
    if row.kind == TEST:
        return row.subject_id == webhook.id
    return row.recorded_at >= webhook.made_at and (not webhook.kinds or row.kind in webhook.kinds)


async def _take(work: Work, organisation_id: UUID, rows: Sequence[JournalRow]) -> None:
    """Turn journal rows into deliveries."""
    listening = await store.active(work, organisation_id)
    for row in rows:
        for webhook in listening:
            if wants(webhook, row):
                await _send_later(work, organisation_id, webhook, row)


# After a restore what happened before is not told again.
_FOLLOWING = Following("webhooks", _take, journal.head)


async def _send_later(work: Work, organisation_id: UUID, webhook: Webhook, row: JournalRow) -> None:
    delivery = Delivery(uuid7(), webhook.id, row.seq, row.kind, "waiting", 0, None, None, work.real_now, None)
    if await store.add_delivery(work, organisation_id, delivery):
        _enqueue(work, organisation_id, delivery.id)


def _enqueue(work: Work, organisation_id: UUID, delivery_id: UUID) -> None:
    work.enqueue(DELIVER, organisation_id, key=f"{DELIVER} {delivery_id}", delivery_id=str(delivery_id))


def follower(database: Database, organisations: Organisations) -> Follower:
    """Follows the journals of those organisations that have webhooks."""

    async def listening() -> list[UUID]:
        everyone = list(await organisations())
        async with database.read(Actor.system(everyone)) as work:
            return await store.followed(work, everyone)

    return Follower(database, listening, _FOLLOWING)


# Sending ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Outcome:
    delivered: bool
    status: int | None
    error: str | None
    gone: bool = False


def delivering(keyring: Keyring, client: httpx.AsyncClient) -> Handler:
    """The handler of `webhooks.deliver` jobs, sending through a guarded client."""

    async def deliver(job: Job, database: Database) -> None:
        organisation_id = job.organisation_id
        assert organisation_id is not None
        delivery_id = UUID(job.args["delivery_id"])
        async with database.read(job.actor()) as work:
            delivery = await store.find_delivery(work, organisation_id, delivery_id)
            webhook = await store.find(work, organisation_id, delivery.webhook_id) if delivery else None
            row = await journal.row(work, organisation_id, delivery.journal_seq) if delivery else None
        if delivery is None or webhook is None or row is None:
            async with database.work(job.actor()) as work:
                await finish(work, job)
            return
        outcome = _Outcome(False, None, "The webhook is switched off.")
        if webhook.active:
            now = database.clock.real.now()
            outcome = await _post(client, webhook.url, *signed(keyring, webhook, delivery_id, row, now))
        await _settle(database, job, organisation_id, webhook, delivery_id, outcome)

    return deliver


def signed(
    keyring: Keyring, webhook: Webhook, delivery_id: UUID, row: JournalRow, now: datetime
) -> tuple[bytes, dict[str, str]]:
    """The message and its headers (Standard Webhooks: `id.timestamp.body`, HMAC-SHA-256)."""
    body = orjson.dumps({"type": row.kind, "timestamp": iso(row.recorded_at), "data": live.event(row)})
    identifier = f"msg_{delivery_id.hex}"
    signature = standardwebhooks.Webhook(keyring.decrypt(webhook.secret)).sign(identifier, now, body.decode())
    return body, {
        "content-type": "application/json",
        "webhook-id": identifier,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


async def _post(client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> _Outcome:
    try:
        answer = await client.post(url, content=body, headers=headers)
    except AhadiError as problem:  # the guard's refusal, in our words
        return _Outcome(False, None, problem.sentence)
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        return _Outcome(False, None, f"The receiver could not be reached ({type(problem).__name__}).")
    if answer.is_success:
        return _Outcome(True, answer.status_code, None)
    return _Outcome(
        False, answer.status_code, f"The receiver answered {answer.status_code}.", gone=answer.status_code == 410
    )


async def _settle(
    database: Database, job: Job, organisation_id: UUID, webhook: Webhook, delivery_id: UUID, outcome: _Outcome
) -> None:
    last = outcome.delivered or outcome.gone or not webhook.active or job.attempts > len(WAITS)
    state = "delivered" if outcome.delivered else "failed" if last else "waiting"
    async with database.work(job.actor()) as work:
        await store.note_attempt(work, organisation_id, delivery_id, state, outcome.status, outcome.error)
        if outcome.gone and webhook.active:
            await store.change(work, replace(webhook, active=False))
            work.record("webhook.gone", organisation_id, subject_id=webhook.id)
        if last:
            await finish(work, job)
    if not last:
        await put_back(database, job, outcome.error or "", after=WAITS[job.attempts - 1], for_ever=True)
