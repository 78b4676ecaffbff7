"""Text messages from a gateway, over its webhook: taken once, joined to their case, and nothing dropped."""

import base64
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from ahadi.base.clock import FixedClock
from ahadi.contacts import send_due
from ahadi.intake import sms
from ahadi.platform.database import Database
from ahadi.platform.jobs import run_due
from tests.cases.builders import ORGANISATION, system
from tests.contacts.builders import gateway, journalled, message, written
from tests.directory.builders import an_organisation
from tests.main.builders import bearer

SECRET = "whsec_" + base64.b64encode(b"a secret of 24 characters").decode()
NEEMA = "+254712345678"
LEASE = timedelta(minutes=1)


class Gateway:
    """The organisation's gateway, which delivers to the webhook."""

    def __init__(self, client: httpx.AsyncClient, clock: FixedClock) -> None:
        self._client, self._clock, self._count = client, clock, 0

    async def deliver(self, document: Any, *, organisation: str = "power", raw: bytes | None = None) -> httpx.Response:
        body = raw if raw is not None else json.dumps(document).encode()
        self._count += 1
        named, now = f"d-{self._count}", self._clock.now()
        headers = {
            "Webhook-Id": named,
            "Webhook-Timestamp": str(int(now.timestamp())),
            "Webhook-Signature": Webhook(SECRET).sign(named, now, body.decode()),
            "Content-Type": "application/json",
        }
        return await self._client.post(f"/api/sms/{organisation}", content=body, headers=headers)

    async def text(self, words: str, *, id_: str = "", sender: str = NEEMA) -> httpx.Response:
        self._count += 1
        document = {"id": id_ or f"in-{self._count}", "from": sender, "to": "+254700000000", "text": words}
        return await self.deliver(document)


@pytest.fixture
def database(installation: Any) -> Database:
    found: Database = installation.database
    return found


@pytest.fixture
async def sms_gateway(app: Any, client: httpx.AsyncClient, database: Database, clock: FixedClock) -> Gateway:
    async with database.work(system()) as work:
        await an_organisation(work, ORGANISATION)
    settings = {
        "url": "https://gateway.example/v1",
        "auth_value": "key",
        "sender": "POWER",
        "webhook": {"secret": SECRET},
    }
    headers = await bearer(database, ORGANISATION)
    assert (await client.put("/api/channels/sms", json={"settings": settings}, headers=headers)).status_code == 200
    return Gateway(client, clock)


async def contacts_in(database: Database) -> list[dict[str, Any]]:
    async with database.read(system()) as work:
        return await work.rows(
            "select c.channel, c.automatic, c.case_id, c.source_key, t.body, t.sender, t.subject from contact c"
            " join message m on m.organisation_id = c.organisation_id and m.contact_id = c.id"
            " join message_text t on t.organisation_id = m.organisation_id and t.message_id = m.id order by c.id"
        )


async def cases_open(database: Database) -> int:
    async with database.read(system()) as work:
        count: int = await work.value("select count(*) from cases where state = 'open'")
    return count


async def consent(database: Database) -> bool | None:
    async with database.read(system()) as work:
        granted: bool | None = await work.value(
            "select granted from consent where channel = 'sms' order by at desc limit 1"
        )
    return granted


# Messages ----------------------------------------------------------------------------------------------------


async def test_a_text_becomes_a_case_and_the_customer_is_told_by_sms(sms_gateway: Gateway, database: Database) -> None:
    answer = await sms_gateway.text("Hakuna umeme hapa tangu asubuhi")
    assert (answer.status_code, answer.json()) == (200, {"messages": 1, "receipts": 0, "unread": 0})
    (taken,) = await contacts_in(database)
    assert (taken["channel"], taken["sender"], taken["body"]) == ("sms", NEEMA, "Hakuna umeme hapa tangu asubuhi")
    async with database.read(system()) as work:
        told = await work.row("select channel, template, state from message where direction = 'out'")
    assert told == {"channel": "sms", "template": "received", "state": "queued"}


async def test_the_next_text_of_the_same_customer_joins_their_case(sms_gateway: Gateway, database: Database) -> None:
    await sms_gateway.text("No power")
    await sms_gateway.text("Still no power")
    assert await cases_open(database) == 1 and len({each["case_id"] for each in await contacts_in(database)}) == 1


async def test_a_message_delivered_again_is_taken_once(sms_gateway: Gateway, database: Database) -> None:
    for _ in range(3):
        assert (await sms_gateway.text("No power", id_="in-7")).status_code == 200
    assert [each["source_key"] for each in await contacts_in(database)] == ["sms:in-7"]


async def test_several_events_of_one_delivery_are_all_taken(
    sms_gateway: Gateway, database: Database, client: httpx.AsyncClient
) -> None:
    settings = {
        "url": "https://gateway.example/v1",
        "auth_value": "key",
        "sender": "POWER",
        "webhook": {"secret": SECRET, "items": "/events"},
    }
    headers = await bearer(database, ORGANISATION)
    await client.put("/api/channels/sms", json={"settings": settings}, headers=headers)
    events = [{"id": f"in-{n}", "from": f"+25471234560{n}", "text": f"Text {n}"} for n in range(3)]
    answer = await sms_gateway.deliver({"events": [*events, {"strange": True}, {"id": "out-1", "status": "sent"}]})
    assert answer.json() == {"messages": 3, "receipts": 1, "unread": 1}
    assert await cases_open(database) == 4, "what could not be read is a case for a person"


async def test_a_short_code_is_nobodys_number_and_gets_no_answer(sms_gateway: Gateway, database: Database) -> None:
    await sms_gateway.text("Your code is 123", sender="MPESA")
    await sms_gateway.text("Your other code is 124", sender="MPESA")
    assert await cases_open(database) == 1
    async with database.read(system()) as work:
        assert await work.value("select count(*) from message where direction = 'out'") == 0


async def test_an_empty_text_is_still_a_contact(sms_gateway: Gateway, database: Database) -> None:
    await sms_gateway.text("  ")
    assert [each["body"] for each in await contacts_in(database)] == ["–"]


# What cannot be read -----------------------------------------------------------------------------------------


async def test_what_is_signed_and_cannot_be_read_becomes_a_case_once(sms_gateway: Gateway, database: Database) -> None:
    for _ in range(2):
        answer = await sms_gateway.deliver(None, raw=b"<xml>no json</xml>")
        assert (answer.status_code, answer.json()["unread"]) == (200, 1)
    (taken,) = await contacts_in(database)
    assert "no json" in taken["body"] and "could not be read" in taken["subject"]


async def test_who_cannot_sign_learns_nothing_and_nothing_is_kept(
    sms_gateway: Gateway, client: httpx.AsyncClient, database: Database
) -> None:
    forged = await client.post("/api/sms/power", json={"id": "in-1", "from": NEEMA, "text": "forged"})
    unknown = await client.post("/api/sms/nowhere", json={})
    assert forged.status_code == unknown.status_code == 401 and forged.json() == unknown.json()
    assert await contacts_in(database) == []


async def test_a_delivery_played_again_much_later_is_refused(
    sms_gateway: Gateway, client: httpx.AsyncClient, clock: FixedClock, database: Database
) -> None:
    body = json.dumps({"id": "in-1", "from": NEEMA, "text": "No power"}).encode()
    at = clock.now()
    headers = {
        "Webhook-Id": "d-1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(SECRET).sign("d-1", at, body.decode()),
    }
    clock.advance(timedelta(hours=1))
    assert (await client.post("/api/sms/power", content=body, headers=headers)).status_code == 401


async def test_more_than_is_taken_at_once_is_refused(sms_gateway: Gateway, client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/sms/power", content=b" " * 1_000_001)).status_code == 413


# STOP and START ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["STOP", "stop.", " Unsubscribe ", "ACHA", "Simamisha!"])
async def test_who_writes_stop_gets_no_more_texts_and_no_case_is_made_of_it(
    sms_gateway: Gateway, database: Database, word: str
) -> None:
    await sms_gateway.text(word)
    assert await consent(database) is False and await cases_open(database) == 0


async def test_stop_is_kept_with_an_open_case_and_answered_by_nobody(sms_gateway: Gateway, database: Database) -> None:
    await sms_gateway.text("No power")
    await sms_gateway.text("STOP")
    _, stopped = await contacts_in(database)
    assert stopped["automatic"] and await cases_open(database) == 1
    async with database.read(system()) as work:
        assert await work.value("select count(*) from message where direction = 'out'") == 1
        assert await work.value("select contacts from cases") == 1


async def test_a_sentence_with_the_word_stop_is_a_message_like_any(sms_gateway: Gateway, database: Database) -> None:
    await sms_gateway.text("Please stop the noise at the transformer")
    assert await consent(database) is None and await cases_open(database) == 1


async def test_start_takes_a_stop_back_and_otherwise_is_a_message(sms_gateway: Gateway, database: Database) -> None:
    await sms_gateway.text("STOP")
    await sms_gateway.text("START")
    assert await consent(database) is True and await cases_open(database) == 0
    await sms_gateway.text("Start", sender="+254700111222")
    assert await cases_open(database) == 1


# Receipts ----------------------------------------------------------------------------------------------------


async def test_a_receipt_says_that_a_message_of_ours_arrived(sms_gateway: Gateway, database: Database) -> None:
    id_ = await written(database)
    await send_due(database, [ORGANISATION], gateway()[1])
    answer = await sms_gateway.deliver({"id": "fake-1", "status": "delivered"})
    assert answer.json() == {"messages": 0, "receipts": 1, "unread": 0}
    assert (await message(database, id_)).delivered_at


async def test_a_receipt_of_failure_brings_the_message_before_a_person(
    sms_gateway: Gateway, database: Database
) -> None:
    id_ = await written(database)
    await send_due(database, [ORGANISATION], gateway()[1])
    await sms_gateway.deliver({"id": "fake-1", "status": "undelivered"})
    assert ((await message(database, id_)).state, (await message(database, id_)).failure) == ("failed", "undelivered")


async def test_a_receipt_that_overtakes_its_message_is_looked_at_again(
    sms_gateway: Gateway, database: Database, clock: FixedClock
) -> None:
    id_ = await written(database)
    await sms_gateway.deliver({"id": "fake-1", "status": "delivered"})
    await send_due(database, [ORGANISATION], gateway()[1])
    assert (await message(database, id_)).delivered_at is None
    clock.advance(timedelta(seconds=10))
    assert await run_due(database, {sms.LATE_RECEIPT: sms.late_receipt}, LEASE) == 1
    assert (await message(database, id_)).delivered_at
    assert "message.delivered" in await journalled(database, id_)


async def test_a_receipt_for_nothing_of_ours_is_given_up_and_written_down(
    sms_gateway: Gateway, database: Database, clock: FixedClock
) -> None:
    await sms_gateway.deliver({"id": "who-knows", "status": "failed"})
    for _ in range(4):
        clock.advance(timedelta(minutes=5))
        assert await run_due(database, {sms.LATE_RECEIPT: sms.late_receipt}, LEASE) == 1
    clock.advance(timedelta(hours=2))
    assert await run_due(database, {sms.LATE_RECEIPT: sms.late_receipt}, LEASE) == 0
    async with database.read(system()) as work:
        assert await work.value("select count(*) from journal where kind = 'receipt.unknown'") == 1
