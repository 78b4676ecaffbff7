"""Webhooks: everything that happens reaches whoever asked for it, signed, once or more, and visibly."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import standardwebhooks

from ahadi.base.clock import FixedClock, SystemClock
from ahadi.base.errors import Conflict, Forbidden, Invalid, NotFound
from ahadi.platform import jobs, webhooks, webhooks_store
from ahadi.platform.database import Actor, Database
from ahadi.platform.security import Keyring
from ahadi.platform.transports.addresses import Guard
from ahadi.platform.transports.http import guarded_client
from ahadi.platform.webhooks import DELIVER, WAITS
from ahadi.platform.webhooks_store import Delivery, Webhook

ORGANISATION, OTHER = UUID(int=7), UUID(int=8)
KEYRING = Keyring(["a key for tests that is long enough, and no secret"])
SYSTEM = Actor.system([ORGANISATION])
LEASE = timedelta(seconds=60)


class Receiver:
    """A program that hears webhooks; `answers` says how, per request."""

    def __init__(self) -> None:
        self.heard: list[httpx.Request] = []
        self.answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(204)
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._hear))

    def _hear(self, request: httpx.Request) -> httpx.Response:
        self.heard.append(request)
        return self.answer(request)

    @property
    def kinds(self) -> list[str]:
        return [orjson.loads(each.content)["type"] for each in self.heard]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    yield made
    await made.client.aclose()


async def added(database: Database, *kinds: str) -> tuple[Webhook, str]:
    async with database.work(SYSTEM) as work:
        return await webhooks.add_webhook(work, KEYRING, ORGANISATION, "https://hear.example/in", kinds)


async def happen(database: Database, *kinds: str, organisation_id: UUID = ORGANISATION) -> None:
    async with database.work(Actor.system([organisation_id])) as work:
        for kind in kinds:
            work.record(kind, organisation_id, case_id=UUID(int=1), number=3)


async def follow(database: Database) -> None:
    async def everyone() -> list[UUID]:
        return [ORGANISATION, OTHER]

    await webhooks.follower(database, everyone).once()


async def send(database: Database, receiver: Receiver) -> int:
    handlers = {DELIVER: webhooks.delivering(KEYRING, receiver.client)}
    count = 0
    while ran := await jobs.run_due(database, handlers, LEASE):
        count += ran
    return count


async def log_of(database: Database, webhook: Webhook) -> list[Delivery]:
    async with database.read(SYSTEM) as work:
        return await webhooks.deliveries(work, ORGANISATION, webhook.id, None, 100)


async def test_what_happens_after_a_webhook_was_added_is_sent_to_it(database: Database, receiver: Receiver) -> None:
    await happen(database, "case.opened")
    webhook, _ = await added(database, "promise.kept", "promise.broken")
    await happen(database, "promise.kept", "case.changed")
    await happen(database, "promise.broken")
    await happen(database, "promise.kept", organisation_id=OTHER)
    await follow(database)
    await send(database, receiver)
    assert receiver.kinds == ["promise.kept", "promise.broken"]
    assert [each.state for each in await log_of(database, webhook)] == ["delivered", "delivered"]


async def test_a_message_is_signed_as_standard_webhooks_says(
    database: Database, receiver: Receiver, clock: FixedClock
) -> None:
    clock.set(SystemClock().now())  # the library that checks asks the machine
    _, secret = await added(database)
    await happen(database, "promise.kept")
    await follow(database)
    await send(database, receiver)
    for request in receiver.heard:
        content: Any = standardwebhooks.Webhook(secret).verify(request.content, dict(request.headers))
        assert content["type"] == content["data"]["kind"]
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(secret).verify(request.content + b" ", dict(request.headers))
    kept = orjson.loads(receiver.heard[-1].content)
    assert kept["data"]["facts"] == {"number": 3} and kept["data"]["case_id"] == str(UUID(int=1))


async def test_a_receiver_that_fails_is_tried_again_with_the_same_id_until_it_takes_it(
    database: Database, receiver: Receiver, clock: FixedClock
) -> None:
    webhook, _ = await added(database, "promise.kept")
    await happen(database, "promise.kept")
    await follow(database)
    receiver.answer = lambda _: httpx.Response(500)
    await send(database, receiver)
    [waiting] = await log_of(database, webhook)
    assert (waiting.state, waiting.attempts, waiting.status) == ("waiting", 1, 500)
    assert await send(database, receiver) == 0
    clock.advance(WAITS[0])
    receiver.answer = lambda _: httpx.Response(200)
    await send(database, receiver)
    [delivered] = await log_of(database, webhook)
    assert (delivered.state, delivered.attempts, delivered.error) == ("delivered", 2, None)
    assert len({each.headers["webhook-id"] for each in receiver.heard}) == 1


async def test_a_delivery_that_failed_for_good_is_shown_and_sent_again_when_somebody_says_so(
    database: Database, receiver: Receiver, clock: FixedClock
) -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    webhook, _ = await added(database, "promise.kept")
    await happen(database, "promise.kept")
    await follow(database)
    receiver.answer = unreachable
    for wait in (*WAITS, timedelta(0)):
        assert await send(database, receiver) == 1
        clock.advance(wait)
    [failed] = await log_of(database, webhook)
    assert (failed.state, failed.attempts) == ("failed", len(WAITS) + 1)
    assert failed.error == "The receiver could not be reached (ConnectError)."
    assert await send(database, receiver) == 0
    receiver.answer = lambda _: httpx.Response(200)
    async with database.work(SYSTEM) as work:
        await webhooks.retry(work, ORGANISATION, failed.id)
    await send(database, receiver)
    [delivered] = await log_of(database, webhook)
    assert delivered.state == "delivered"
    with pytest.raises(Conflict):
        async with database.work(SYSTEM) as work:
            await webhooks.retry(work, ORGANISATION, failed.id)


async def test_a_receiver_that_says_gone_is_switched_off(database: Database, receiver: Receiver) -> None:
    webhook, _ = await added(database, "promise.kept")
    await happen(database, "promise.kept")
    await follow(database)
    receiver.answer = lambda _: httpx.Response(410)
    await send(database, receiver)
    async with database.read(SYSTEM) as work:
        found = await webhooks_store.find(work, ORGANISATION, webhook.id)
    assert found is not None and not found.active
    assert [each.state for each in await log_of(database, webhook)] == ["failed"]


async def test_a_redirect_is_no_delivery(database: Database, receiver: Receiver) -> None:
    webhook, _ = await added(database, "promise.kept")
    await happen(database, "promise.kept")
    await follow(database)
    receiver.answer = lambda _: httpx.Response(302, headers={"location": "http://169.254.169.254/"})
    await send(database, receiver)
    assert len(receiver.heard) == 1
    assert [each.state for each in await log_of(database, webhook)] == ["waiting"]


async def test_two_followers_at_once_send_nothing_twice(database: Database, receiver: Receiver) -> None:
    await added(database, "promise.kept")
    await happen(database, *["promise.kept"] * 10)
    await asyncio.gather(*[follow(database) for _ in range(4)])
    await follow(database)
    await send(database, receiver)
    assert len(receiver.heard) == 10


async def test_a_worker_that_died_after_sending_sends_again_under_the_same_id(
    database: Database, receiver: Receiver, clock: FixedClock
) -> None:
    await added(database, "promise.kept")
    await happen(database, "promise.kept")
    await follow(database)
    [job] = await jobs.claim(database, LEASE)
    clock.advance(LEASE)
    await send(database, receiver)
    await jobs.run_one(database, {DELIVER: webhooks.delivering(KEYRING, receiver.client)}, job, LEASE)
    assert len({each.headers["webhook-id"] for each in receiver.heard}) == 1


async def test_the_secret_is_kept_encrypted_and_can_be_renewed(database: Database) -> None:
    webhook, secret = await added(database)
    assert secret.encode() not in webhook.secret and KEYRING.decrypt(webhook.secret) == secret
    async with database.work(SYSTEM) as work:
        renewed = await webhooks.renew_secret(work, KEYRING, ORGANISATION, webhook.id)
        found = await webhooks_store.find(work, ORGANISATION, webhook.id)
    assert renewed != secret and found is not None and KEYRING.decrypt(found.secret) == renewed


async def test_a_webhook_that_is_switched_off_or_removed_hears_nothing(database: Database, receiver: Receiver) -> None:
    off, _ = await added(database, "promise.kept")
    removed, _ = await added(database, "promise.kept")
    async with database.work(SYSTEM) as work:
        await webhooks.change_webhook(work, ORGANISATION, off.id, active=False)
        await webhooks.remove_webhook(work, ORGANISATION, removed.id)
    await happen(database, "promise.kept")
    await follow(database)
    assert await send(database, receiver) == 0


async def test_after_a_restore_the_journal_is_followed_from_then_on(database: Database, receiver: Receiver) -> None:
    await added(database, "promise.kept")
    async with database.connection() as connection:
        await connection.execute("update journal_epoch set epoch = 2")
    await happen(database, "promise.kept")
    await follow(database)
    await happen(database, "promise.kept")
    await follow(database)
    await send(database, receiver)
    assert len(receiver.heard) == 1


async def test_only_whoever_may_edit_webhooks_touches_them(database: Database) -> None:
    webhook, _ = await added(database)
    agent = Actor("person", UUID(int=3), {ORGANISATION: frozenset({"case.read"})})
    stranger = Actor("person", UUID(int=3), {OTHER: frozenset({"*"})})
    for actor, error in ((agent, Forbidden), (stranger, NotFound)):
        async with database.work(actor) as work:
            for attempt in (
                webhooks.add_webhook(work, KEYRING, ORGANISATION, "https://hear.example", ()),
                webhooks.change_webhook(work, ORGANISATION, webhook.id, active=False),
                webhooks.renew_secret(work, KEYRING, ORGANISATION, webhook.id),
                webhooks.remove_webhook(work, ORGANISATION, webhook.id),
                webhooks.webhooks(work, ORGANISATION, None, 10),
                webhooks.deliveries(work, ORGANISATION, webhook.id, None, 10),
                webhooks.retry(work, ORGANISATION, webhook.id),
            ):
                with pytest.raises(error):
                    await attempt


@pytest.mark.parametrize(
    "url",
    ["ftp://hear.example", "https://", "//hear.example", "javascript:alert(1)", "https://user:word@hear.example",
     "https://hear.example/#part", "https://hear.example:99999", "nonsense", "https://[::1", "https://" + "x" * 2000],
)  # fmt: skip
def test_an_address_that_cannot_be_sent_to_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        webhooks.checked_url(url)


# Through a real connection ---------------------------------------------------------------------------------------


async def test_an_inside_address_is_reached_only_where_it_is_listed(database: Database) -> None:
    heard: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with database.work(SYSTEM) as work:
            webhook, _ = await webhooks.add_webhook(
                work, KEYRING, ORGANISATION, f"http://127.0.0.1:{port}/in", ["promise.kept"]
            )
        for listed, state in (("", "waiting"), (f"127.0.0.1:{port}", "delivered")):
            await happen(database, "promise.kept")
            await follow(database)
            async with guarded_client(Guard.from_setting(listed)) as client:
                await jobs.run_due(database, {DELIVER: webhooks.delivering(KEYRING, client)}, LEASE)
            newest = (await log_of(database, webhook))[0]
            assert newest.state == state
            assert bool(heard) is (state == "delivered")
            if state == "waiting":
                assert newest.error is not None and "AHADI_OUTGOING_ALLOW" in newest.error
    assert heard[0].startswith(b"POST /in ") and b"webhook-signature: v1," in heard[0]
