"""Chats taken in: once by the browser's own name, in an order nobody misses anything of, and nobody else's shown."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from ahadi import cases, contacts, intake
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Invalid
from ahadi.cases import Case
from ahadi.contacts import Chat, chat_store, chats
from ahadi.intake import Contacting
from ahadi.intake.chat import ChatEnded, Saying, Upload, call_back, chat_of, end_chat, say, start_chat
from ahadi.intake.chat_door import visitor
from ahadi.intake.chat_goes_on import go_on
from ahadi.intake.chat_shown import show_said, show_state
from ahadi.platform.database import Actor, Database
from ahadi.platform.jobs import run_due
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, system
from tests.directory.builders import House, an_organisation

LEASE = timedelta(minutes=1)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def begun(database: Database, language: str = "en") -> str:
    async with database.work(system()) as work:
        return await start_chat(work, ORGANISATION, language)


async def found(database: Database, secret: str, organisation: UUID = ORGANISATION) -> Chat:
    async with database.read(visitor(organisation)) as work:
        return await chat_of(work, organisation, secret)


async def said(database: Database, secret: str, text: str, client_id: str = "", **more: Any) -> int:
    chat = await found(database, secret)
    async with database.work(visitor(ORGANISATION, chat.id)) as work:
        return await say(work, chat, Saying(client_id or text, text, **more))


async def shown(database: Database, secret: str, after: int = 0) -> list[dict[str, Any]]:
    """What the window is shown after a position."""
    chat = await found(database, secret)
    async with database.read(system()) as work:
        directory = await intake.actions.read_directory(work, ORGANISATION)
        return await show_said(work, directory, chat, await chat_store.said_after(work, chat, after))


async def state(database: Database, secret: str, language: str = "en") -> dict[str, Any]:
    chat = await found(database, secret)
    async with database.read(system()) as work:
        directory = await intake.actions.read_directory(work, ORGANISATION)
        return await show_state(work, directory, chat, language, "")


async def case_of(database: Database, secret: str) -> Case:
    chat = await found(database, secret)
    assert chat.case_id
    async with database.read(system()) as work:
        return await cases.get_case(work, chat.case_id)


async def answered(database: Database, house: House, case: Case, text: str, who: UUID | None = None) -> UUID:
    async with database.work(Actor("person", who or house.asha, {ORGANISATION: frozenset({"*"})})) as work:
        return await cases.reply_to_customer(work, case.reference, text, channel="chat")


async def outgoing(database: Database, channel: str) -> list[contacts.Message]:
    async with database.read(system()) as work:
        rows = await work.rows(
            "select id from message where direction = 'out' and channel = %(c)s and template is null order by id",
            {"c": channel},
        )
        messages = [await contacts.get_message(work, row["id"]) for row in rows]
    return [each for each in messages if each]


async def jobs(database: Database) -> None:
    while await run_due(database, {chats.GO_ON: go_on}, LEASE):
        pass


# A conversation --------------------------------------------------------------------------------------------------


async def test_the_first_words_are_a_case_with_a_promise_and_the_next_join_it(database: Database, house: House) -> None:
    secret = await begun(database)
    assert await said(database, secret, "My lights went out", name="Neema") == 1
    case = await case_of(database, secret)
    assert case.channel == "chat" and case.next_promise and case.contacts == 1
    assert await said(database, secret, "All of the street") == 2
    assert (await case_of(database, secret)).contacts == 1, "more words are no repeat contact"
    async with database.read(system()) as work:
        assert [m.body for m in await contacts.messages_of(work, ORGANISATION, case.id) if m.direction == "in"] == [
            "My lights went out",
            "All of the street",
        ]
    told = (await state(database, secret))["promise"]
    assert told and told["when"] and told["text"]


async def test_a_reply_by_chat_stands_in_the_window_at_once_under_a_first_name(
    database: Database, house: House
) -> None:
    secret = await begun(database)
    await said(database, secret, "My lights went out")
    await answered(database, house, await case_of(database, secret), "We are on it.")
    assert [(each["from"], each["name"], each["text"]) for each in await shown(database, secret)] == [
        ("you", "", "My lights went out"),
        ("us", "Asha", "We are on it."),
    ]


@pytest.mark.parametrize(("chosen", "name"), [("first", "Asha"), ("full", "Asha"), ("organisation", "Power")])
async def test_the_organisation_chooses_what_name_is_shown(
    database: Database, house: House, chosen: str, name: str
) -> None:
    async with database.work(system()) as work:
        await work.execute(
            "update organisation set settings = settings || %(s)s, version = version + 1 where id = %(id)s",
            {"s": orjson.dumps({"chat": {"name": chosen, "origins": []}}).decode(), "id": ORGANISATION},
        )
    secret = await begun(database)
    await said(database, secret, "Hello")
    await answered(database, house, await case_of(database, secret), "Hello!")
    assert (await shown(database, secret))[-1]["name"] == name


async def test_words_after_the_case_was_resolved_open_it_again(database: Database, house: House) -> None:
    secret = await begun(database)
    await said(database, secret, "My lights went out")
    case = await case_of(database, secret)
    async with database.work(system()) as work:
        await cases.resolve_case(work, case.id, keep={p.id: cases.Deed("note") for p in case.open_promises})
    assert await said(database, secret, "They are out again") == 2
    again = await case_of(database, secret)
    assert again.id == case.id and again.state == "open" and again.open_promises


async def test_a_wish_to_be_called_is_a_promise_and_asked_twice_is_one(database: Database, house: House) -> None:
    secret = await begun(database)
    chat = await found(database, secret)
    wish = Saying("call-1", "After five, please", phone="0712 345678", name="Neema")
    for _ in range(2):
        async with database.work(visitor(ORGANISATION, chat.id)) as work:
            promise = await call_back(work, chat, wish)
        assert promise.kind == "callback"
        chat = await found(database, secret)
    case = await case_of(database, secret)
    assert [each.kind for each in case.open_promises].count("callback") == 1
    assert [each["text"] for each in await shown(database, secret)] == [
        "Please call me back: 0712 345678\nAfter five, please"
    ]


async def test_files_are_judged_by_their_bytes_and_kept_with_the_message(database: Database, house: House) -> None:
    secret = await begun(database)
    await said(database, secret, "", "a", files=(Upload("../../meter\u200b.png", "text/html", PNG),))
    [message] = await shown(database, secret)
    assert [each["name"] for each in message["files"]] == ["meter.png"]
    with pytest.raises(Invalid):
        await said(database, secret, "more", files=(Upload("big.png", "image/png", PNG + bytes(11 * 1024 * 1024)),))
    assert len(await shown(database, secret)) == 1


# Once, in order, nothing missed ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_is_repeated_or_crosses_is_taken_once_and_a_reader_by_position_misses_nothing(
    database: Database, house: House, seed: int
) -> None:
    """Messages sent at once and again, answers between them, and a reader who comes and goes."""
    chance = random.Random(seed)
    secret = await begun(database)
    await said(database, secret, "first", "c0")
    case = await case_of(database, secret)
    deeds: list[Any] = [("visitor", f"c{n}") for n in range(1, 8)]
    deeds += [chance.choice(deeds) for _ in range(8)] + [("staff", f"answer {n}") for n in range(4)]
    chance.shuffle(deeds)
    heard: list[tuple[int, str]] = []

    async def do(side: str, what: str) -> None:
        await asyncio.sleep(chance.random() / 50)
        if side == "visitor":
            await said(database, secret, f"words of {what}", what)
        else:
            await answered(database, house, case, what)

    async def read() -> None:
        come = await shown(database, secret, heard[-1][0] if heard else 0)
        heard.extend((each["position"], each["client_id"] or each["text"]) for each in come)

    async def keep_reading(done: asyncio.Event) -> None:
        while not done.is_set():
            await read()

    done = asyncio.Event()
    reader = asyncio.create_task(keep_reading(done))
    await asyncio.gather(*(do(*each) for each in deeds))
    done.set()
    await reader
    await read()
    assert [position for position, _ in heard] == list(range(1, len(heard) + 1))
    assert sorted(name for _, name in heard) == sorted(
        [*(f"c{n}" for n in range(8)), *(f"answer {n}" for n in range(4))]
    )


async def test_a_later_message_is_never_committed_before_an_earlier_one(database: Database, house: House) -> None:
    secret = await begun(database)
    await said(database, secret, "one")
    chat = await found(database, secret)
    async with database.work(visitor(ORGANISATION, chat.id)) as work:
        assert await say(work, chat, Saying("two", "two")) == 2
        await work.flush()
        other = asyncio.create_task(said(database, secret, "three"))
        for _ in range(20):
            await asyncio.sleep(0.01)
            assert [each["text"] for each in await shown(database, secret)] == ["one"] and not other.done()
    assert await other == 3
    assert [each["text"] for each in await shown(database, secret)] == ["one", "two", "three"]


# Who may see what ------------------------------------------------------------------------------------------------


async def test_a_stranger_who_types_somebody_s_address_gets_a_case_of_their_own_and_is_shown_nothing_of_hers(
    database: Database, house: House
) -> None:
    async with database.work(system()) as work:
        hers = await intake.take_contact(
            work,
            ORGANISATION,
            Contacting("email", "My secret meter is 4711", email="neema@example.org", name="Neema Achieng"),
        )
    secret = await begun(database)
    await said(database, secret, "It is me", email="neema@example.org", phone="+254799999999", name="Mallory")
    case = await case_of(database, secret)
    assert case.id != hers.case.id, "what was merely said joins nothing"
    assert case.customer_id == hers.customer.id, "and is recognised as everywhere, for whoever answers to judge"
    everything = orjson.dumps([await shown(database, secret), await state(database, secret)]).decode()
    for word in ("4711", "Achieng", "Neema", hers.case.reference):
        assert word not in everything
    await answered(database, house, hers.case, "Your meter 4711 was read.")
    assert "4711" not in orjson.dumps(await shown(database, secret)).decode()
    async with database.read(system()) as work:
        customer = await intake.actions.customers.get_customer(work, ORGANISATION, hers.customer.id)
    assert {each.kind for each in customer.identities} == {"email"}, "the stranger's number is not made hers"


async def test_a_token_is_worth_nothing_elsewhere_after_the_end_or_long_afterwards(
    database: Database, house: House, clock: FixedClock
) -> None:
    secret, other = await begun(database), await begun(database)
    await said(database, secret, "Hello")
    async with database.work(system(OTHER_ORGANISATION)) as work:
        await an_organisation(work, OTHER_ORGANISATION, "NT", "net")
    with pytest.raises(ChatEnded):
        await found(database, secret, OTHER_ORGANISATION)
    with pytest.raises(ChatEnded):
        await found(database, secret[:-1] + "x")
    chat = await found(database, secret)
    async with database.work(visitor(ORGANISATION, chat.id)) as work:
        await end_chat(work, chat)
    with pytest.raises(ChatEnded):
        await found(database, secret)
    clock.set(clock.now() + timedelta(days=31))
    with pytest.raises(ChatEnded):
        await found(database, other)
    async with database.read(system()) as work:
        held = await work.value("select string_agg(t::text, ' ') from chat t")
    assert secret not in held


# When they left --------------------------------------------------------------------------------------------------


async def test_what_a_visitor_who_left_did_not_see_goes_on_by_mail_once_and_in_the_same_case(
    database: Database, house: House, clock: FixedClock
) -> None:
    secret = await begun(database)
    await said(database, secret, "My lights went out", email="neema@example.org")
    case = await case_of(database, secret)
    await answered(database, house, case, "Is the fuse down?")
    await answered(database, house, case, "We come at four.")
    await jobs(database)
    assert not await outgoing(database, "email"), "they may still look"
    clock.set(clock.now() + chats.PATIENCE + timedelta(seconds=1))
    await jobs(database)
    [mail] = await outgoing(database, "email")
    assert mail.recipient == "neema@example.org" and mail.case_id == case.id
    assert "Is the fuse down?" in mail.body and "We come at four." in mail.body
    await answered(database, house, case, "We are at your door.")
    await jobs(database)
    assert [m.body.count("fuse") for m in await outgoing(database, "email")] == [1, 0], "gone, so at once; each once"
    assert len(await shown(database, secret)) == 4, "and it is in the window for when they come back"


async def test_what_was_seen_goes_nowhere_else(database: Database, house: House, clock: FixedClock) -> None:
    secret = await begun(database)
    await said(database, secret, "My lights went out", email="neema@example.org")
    await answered(database, house, await case_of(database, secret), "Is the fuse down?")
    chat = await found(database, secret)
    async with database.work(visitor(ORGANISATION, chat.id)) as work:
        assert await chat_store.see(work, chat, 2, visitor=True)
        assert not await chat_store.see(work, chat, 1, visitor=True), "what was seen stays seen"
    clock.set(clock.now() + timedelta(hours=1))
    await jobs(database)
    assert not await outgoing(database, "email")


async def test_after_the_end_a_reply_goes_by_the_way_that_is_left(database: Database, house: House) -> None:
    secret = await begun(database)
    await said(database, secret, "My lights went out", email="neema@example.org")
    case, chat = await case_of(database, secret), await found(database, secret)
    async with database.work(visitor(ORGANISATION, chat.id)) as work:
        await end_chat(work, chat)
    await answered(database, house, case, "They are back on.")
    [mail] = await outgoing(database, "email")
    assert mail.body == "They are back on." and not await outgoing(database, "chat")


# Over HTTP -------------------------------------------------------------------------------------------------------

SITE = "https://www.power.example"


@pytest.fixture
async def site(app: Any, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client as a browser on the organisation's own site."""
    database: Database = app.state.database
    async with database.work(system()) as work:
        await an_organisation(work, ORGANISATION)
        await work.execute(
            "update organisation set settings = settings || %(s)s, version = version + 1 where id = %(id)s",
            {"s": orjson.dumps({"chat": {"origins": [SITE]}}).decode(), "id": ORGANISATION},
        )
    client.headers["Origin"] = SITE
    return client


async def window(site: httpx.AsyncClient) -> dict[str, str]:
    answer = await site.post("/api/chat/power/start?language=en")
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def test_pages_of_allowed_sites_come_in_and_no_others(site: httpx.AsyncClient) -> None:
    asked = await site.options("/api/chat/power/messages", headers={"Access-Control-Request-Method": "POST"})
    assert asked.headers["access-control-allow-origin"] == SITE
    assert "authorization" in asked.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in asked.headers
    allowed = await site.get("/api/chat/power/state")
    assert allowed.headers["access-control-allow-origin"] == SITE and "Origin" in allowed.headers["vary"]
    for origin in ("https://evil.example", f"{SITE}.evil.example", "null", "http://www.power.example"):
        refused = await site.get("/api/chat/power/state", headers={"Origin": origin})
        assert refused.status_code == 403 and "access-control-allow-origin" not in refused.headers
        refused = await site.post("/api/chat/power/start?language=en", headers={"Origin": origin})
        assert refused.status_code == 403
    assert (await site.get("/api/chat/nobody/state")).status_code == 404


async def test_a_message_is_taken_once_over_http_and_what_is_wrong_is_told_to_the_page(site: httpx.AsyncClient) -> None:
    mine = await window(site)
    form = {"client_id": "m1", "text": "<script>alert(1)</script>", "email": "neema@example.org"}
    answers = [await site.post("/api/chat/power/messages", data=form, headers=mine) for _ in range(2)]
    assert [(each.status_code, each.json()["position"]) for each in answers] == [(201, 1), (201, 1)]
    for wrong, status in (({"text": "no name"}, 422), ({"client_id": "m2"}, 422),
                          ({"client_id": "m3", "text": "x" * 4_001}, 422)):  # fmt: skip
        refused = await site.post("/api/chat/power/messages", data=wrong, headers=mine)
        assert refused.status_code == status and refused.headers["access-control-allow-origin"] == SITE
    for nobody in ({}, {"Authorization": "Bearer ahc_nothing"}, {"Authorization": "Basic x"}):
        refused = await site.post("/api/chat/power/messages", data=form, headers=nobody)
        assert refused.status_code == 401 and refused.json()["code"] == "chat-ended"


async def test_a_file_is_given_out_to_its_own_conversation_alone(app: Any, site: httpx.AsyncClient) -> None:
    mine, other = await window(site), await window(site)
    sent = await site.post(
        "/api/chat/power/messages",
        data={"client_id": "m1", "text": "Look"},
        files={"file": ("meter.html", b"<html><script>x</script>", "text/html")},
        headers=mine,
    )
    assert sent.status_code == 201, sent.text
    database: Database = app.state.database
    async with database.read(system()) as work:
        row = await work.row("select f.id, f.media_type from file f")
    assert row and row["media_type"] == "application/octet-stream", "markup is no type of ours"
    answer = await site.get(f"/api/chat/power/files/{row['id']}", headers=mine)
    assert answer.status_code == 200 and answer.headers["content-disposition"] == "attachment"
    assert (await site.get(f"/api/chat/power/files/{row['id']}", headers=other)).status_code == 404


async def test_too_many_windows_and_words_are_refused_with_when_to_come_back(site: httpx.AsyncClient) -> None:
    mine = await window(site)
    told = [
        await site.post("/api/chat/power/messages", data={"client_id": f"m{n}", "text": "x"}, headers=mine)
        for n in range(41)
    ]
    assert [each.status_code for each in told] == [201] * 40 + [429]
    assert told[-1].headers["retry-after"] and told[-1].headers["access-control-allow-origin"] == SITE
    opened = [await site.post("/api/chat/power/start?language=en") for _ in range(20)]
    assert opened[-1].status_code == 429
