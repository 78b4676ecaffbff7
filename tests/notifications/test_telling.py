"""From a notice to a browser and a mailbox: where and when a person chose, once, and without a customer's word."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from ahadi import notifications, promises
from ahadi.base.clock import FixedClock
from ahadi.channels.ports import Outgoing, SendOutcome, Sent, TryAgain
from ahadi.directory import sign_in_store
from ahadi.notifications import MAIL, PUSH, Choices, Quiet, gather_mails
from ahadi.platform import jobs
from ahadi.platform.database import Actor, Database
from ahadi.platform.transports import web_push
from ahadi.platform.transports.addresses import Guard
from ahadi.platform.transports.http import guarded_client
from ahadi.screens import NotificationWording
from tests.notifications.browsers import FakeBrowser, FakePushService
from tests.screens.builders import CALLS, Centre, a_centre, contact

LEASE = timedelta(seconds=60)
NIGHT = Quiet(time(22), time(7))
NAIROBI = "Africa/Nairobi"


class FakeMail:
    """A mail server that says yes, or what it is told to say."""

    name = "email"
    honours_idempotency = False

    def __init__(self) -> None:
        self.taken: list[Outgoing] = []
        self.outcomes: list[SendOutcome] = [Sent()]

    async def send(self, message: Outgoing) -> SendOutcome:
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Sent):
            self.taken.append(message)
        return outcome


class House:
    """A centre whose people choose, and the worker's part that tells them."""

    def __init__(self, database: Database, clock: FixedClock, service: FakePushService, centre: Centre) -> None:
        self.database, self.clock, self.service, self.centre = database, clock, service, centre
        self.mail = FakeMail()
        self.follower = notifications.follower(database, self._organisations)
        self.case: Any = None

    async def _organisations(self) -> list[UUID]:
        return list(self.centre.organisations.values())

    async def choose(self, who: str, **choices: Any) -> None:
        async with self.database.work(self.centre.actor(who)) as work:
            await notifications.choose(work, Choices(**({"zone": NAIROBI} | choices)))

    async def switch_on(self, who: str) -> UUID:
        async with self.database.work(self.centre.actor(who)) as work:
            key = notifications.key_for_browsers(work)
            return await notifications.add_browser(work, self.service.subscription, key, "Chrome/1 Linux")

    async def notify(self, who: str, kind: str, called: str = "power") -> UUID:
        """A notice, in the transaction of what caused it."""
        organisation = self.centre.organisations[called]
        async with self.database.work(Actor.system([organisation])) as work:
            await promises.notify(work, organisation, self.centre.people[who], kind, self.case.id)
        async with self.database.read(self.centre.actor(who)) as work:
            return (await promises.notices_of(work, self.centre.people[who], 1))[0].id

    async def tell(self) -> None:
        """What the worker does: follow, gather, run the jobs that are due."""
        await self.follower.once()
        await gather_mails(self.database, await self._organisations())
        async with guarded_client(Guard.from_setting(f"127.0.0.1:{self.service.port}")) as client:
            handlers = notifications.sending(self.mail, client, NotificationWording())
            while await jobs.run_due(self.database, handlers, LEASE):
                pass

    async def dead_or_waiting(self) -> dict[str, int]:
        async with self.database.read(Actor.system([])) as work:
            return await jobs.counts(work)

    async def states(self) -> list[tuple[str, str, str | None]]:
        async with self.database.read(self.centre.everything) as work:
            rows = await work.rows("select way, state, why from notification order by made_at, way")
        return [(each["way"], each["state"], each["why"]) for each in rows]

    async def browsers(self, who: str) -> Sequence[Any]:
        async with self.database.read(self.centre.actor(who)) as work:
            return await notifications.browsers_of(work)


@pytest.fixture
async def house(database: Database, clock: FixedClock) -> AsyncIterator[House]:
    service = FakePushService(FakeBrowser())
    await service.start()
    centre = await a_centre(database)
    made = House(database, clock, service, centre)
    made.case = (await contact(database, centre, next(each for each in CALLS if each.called == "outage"))).case
    await made.follower.once()  # from now on
    async with database.work(centre.everything) as work:
        await work.execute("delete from job")
    yield made
    await service.stop()


def at(text: str) -> datetime:
    """A time in Nairobi."""
    return (datetime.fromisoformat(text) - timedelta(hours=3)).replace(tzinfo=UTC)


async def test_a_push_reaches_the_browser_in_the_person_s_language_and_holds_no_word_of_the_customer(
    house: House,
) -> None:
    await house.choose("amina", ways={"broken": frozenset({"push"})})
    await house.switch_on("amina")
    await house.notify("amina", "broken")
    await house.tell()
    [told] = house.service.told
    assert told["title"] == "Your promise was broken"
    assert told["body"] == f"{house.case.reference} · Mto Power"
    assert told["url"] == f"/cases/{house.case.reference}"
    assert "Neema" not in str(told) and "Kilimani" not in str(told)
    assert house.service.headers[0]["urgency"] == "normal"
    assert await house.states() == [("push", "sent", None)]
    assert (await house.browsers("amina"))[0].heard_at == house.clock.now()


async def test_a_notice_that_is_about_no_case_is_told_too(house: House) -> None:
    await house.choose("amina", ways={"other": frozenset({"push", "mail"})})
    await house.switch_on("amina")
    organisation = house.centre.organisations["power"]
    async with house.database.work(Actor.system([organisation])) as work:
        await promises.notify(work, organisation, house.centre.people["amina"], "set-away", None)
    await house.tell()
    assert house.service.told[0]["url"] == "/notices" and house.service.told[0]["body"] == "Mto Power"
    assert house.mail.taken[0].text.count("http://127.0.0.1:8123/notices\n") == 1


async def test_who_chose_nothing_is_told_on_the_page_alone(house: House) -> None:
    await house.switch_on("amina")
    await house.notify("amina", "broken")
    await house.tell()
    assert not house.service.told and not house.mail.taken and await house.states() == []


async def test_a_kind_that_was_not_chosen_stays_on_the_page(house: House) -> None:
    await house.choose("amina", ways={"broken": frozenset({"push"})})
    await house.switch_on("amina")
    await house.notify("amina", "contact")
    await house.tell()
    assert not house.service.told


async def test_a_notice_whose_cause_was_rolled_back_is_told_to_nobody(house: House) -> None:
    await house.choose("amina", ways={"broken": frozenset({"push"})})
    await house.switch_on("amina")
    organisation = house.centre.organisations["power"]
    with pytest.raises(RuntimeError):
        async with house.database.work(Actor.system([organisation])) as work:
            await promises.notify(work, organisation, house.centre.people["amina"], "broken", house.case.id)
            await work.flush()
            raise RuntimeError("the cause failed")
    await house.tell()
    assert not house.service.told


async def test_nothing_is_told_twice_however_often_the_worker_looks(house: House) -> None:
    await house.choose("amina", ways={"broken": frozenset({"push", "mail"})})
    await house.switch_on("amina")
    await house.notify("amina", "broken")
    for _ in range(3):
        await house.tell()
    assert len(house.service.told) == 1 and len(house.mail.taken) == 1


async def test_what_was_seen_on_the_page_meanwhile_is_not_told_elsewhere(house: House) -> None:
    await house.choose("amina", ways={"broken": frozenset({"push", "mail"})})
    await house.switch_on("amina")
    notice = await house.notify("amina", "broken")
    async with house.database.work(house.centre.actor("amina")) as work:
        await promises.mark_seen(work, house.centre.people["amina"], [notice])
    await house.tell()
    assert not house.service.told and not house.mail.taken
    assert {each[1:] for each in await house.states()} == {("dropped", "over"), ("dropped", "seen")}


async def test_quiet_hours_keep_it_until_they_end(house: House) -> None:
    house.clock.set(at("2026-11-24 23:00"))
    await house.choose("amina", ways={"broken": frozenset({"push", "mail"})}, quiet=NIGHT)
    await house.switch_on("amina")
    await house.notify("amina", "broken")
    await house.tell()
    house.clock.set(at("2026-11-25 06:59"))
    await house.tell()
    assert not house.service.told and not house.mail.taken
    house.clock.set(at("2026-11-25 07:00"))
    await house.tell()
    assert len(house.service.told) == 1 and len(house.mail.taken) == 1


async def test_what_is_urgent_to_a_person_comes_through_their_quiet_hours(house: House) -> None:
    house.clock.set(at("2026-11-24 23:00"))
    ways = {"broken": frozenset({"push"}), "reply": frozenset({"push"})}
    await house.choose("amina", ways=ways, quiet=NIGHT, urgent=frozenset({"broken"}))
    await house.switch_on("amina")
    await house.notify("amina", "contact")
    await house.notify("amina", "broken")
    await house.tell()
    assert [each["title"] for each in house.service.told] == ["Your promise was broken"]


async def test_quiet_hours_that_were_chosen_after_it_was_put_on_its_way_are_kept_too(house: House) -> None:
    ways = {"broken": frozenset({"push", "mail"})}
    house.clock.set(at("2026-11-24 21:59"))
    await house.choose("amina", ways=ways)
    await house.switch_on("amina")
    await house.notify("amina", "broken")
    await house.follower.once()
    await house.choose("amina", ways=ways, quiet=NIGHT)
    house.clock.set(at("2026-11-24 22:01"))
    await house.tell()
    assert not house.service.told and not house.mail.taken
    house.clock.set(at("2026-11-25 07:00"))
    await house.tell()
    assert len(house.service.told) == 1 and len(house.mail.taken) == 1


async def test_an_offer_that_waited_out_the_night_is_told_no_more(house: House) -> None:
    house.clock.set(at("2026-11-24 23:00"))
    await house.choose("amina", ways={"offer": frozenset({"push"})}, quiet=NIGHT)
    await house.switch_on("amina")
    await house.notify("amina", "offer")
    await house.tell()
    house.clock.set(at("2026-11-25 07:00"))
    await house.tell()
    assert not house.service.told and await house.states() == [("push", "dropped", "over")]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(house: House, status: int) -> None:
    await house.choose("amina", ways={"broken": frozenset({"push"})})
    await house.switch_on("amina")
    house.service.answers = [(status, {})]
    await house.notify("amina", "broken")
    await house.tell()
    assert await house.browsers("amina") == []
    assert (await house.dead_or_waiting())["waiting"] == 0


async def test_a_push_service_that_asks_to_wait_is_left_alone_until_then(house: House) -> None:
    await house.choose("amina", ways={"broken": frozenset({"push"}), "reply": frozenset({"push"})})
    await house.switch_on("amina")
    house.service.answers = [(429, {"Retry-After": "300"}), (201, {})]
    await house.notify("amina", "broken")
    await house.tell()
    await house.notify("amina", "contact")  # another one is not tried meanwhile either
    house.clock.advance(timedelta(seconds=299))
    await house.tell()
    assert len(house.service.headers) == 1
    house.clock.advance(timedelta(seconds=2))
    await house.tell()
    assert len(house.service.told) == 2


async def test_a_push_service_that_keeps_failing_is_given_up_and_the_page_still_tells(house: House) -> None:
    await house.choose("amina", ways={"broken": frozenset({"push"})})
    await house.switch_on("amina")
    house.service.answers = [(500, {})]
    await house.notify("amina", "broken")
    for _ in range(20):
        await house.tell()
        house.clock.advance(timedelta(hours=12))
    assert await house.states() == [("push", "dropped", "answered-500")]
    assert len(house.service.headers) == 6
    assert await house.dead_or_waiting() == {"waiting": 0, "dead": 0, "late": 0}


async def test_a_sign_in_that_was_ended_ends_the_browser_s_too(house: House) -> None:
    amina = house.centre.actor("amina")
    session = sign_in_store.Session(
        UUID(int=5), house.centre.people["amina"], house.clock.now(), house.clock.now(), at("2026-12-01 00:00"), "", ""
    )
    await house.choose("amina", ways={"broken": frozenset({"push"})})
    async with house.database.work(amina) as work:
        await sign_in_store.add_session(work, session, b"h")
    signed_in = Actor("person", amina.id, amina.grants, session_id=session.id)
    async with house.database.work(signed_in) as work:
        key = notifications.key_for_browsers(work)
        await notifications.add_browser(work, house.service.subscription, key, "")
    async with house.database.work(amina) as work:
        await sign_in_store.end_session(work, house.centre.people["amina"], session.id)
    await house.notify("amina", "broken")
    await house.tell()
    assert not house.service.told and await house.browsers("amina") == []


async def test_one_browser_tells_one_person(house: House) -> None:
    """On a computer that several share, whoever switched it on last is the one it tells."""
    for who in ("amina", "brian"):
        await house.choose(who, ways={"broken": frozenset({"push"})})
        await house.switch_on(who)
    await house.notify("amina", "broken")
    await house.tell()
    assert not house.service.told and await house.browsers("amina") == []
    await house.notify("brian", "broken")
    await house.tell()
    assert len(house.service.told) == 1


async def test_who_serves_an_organisation_no_more_is_told_nothing_of_it(house: House) -> None:
    await house.choose("amina", ways={"broken": frozenset({"push", "mail"})})
    await house.switch_on("amina")
    await house.notify("amina", "broken")
    async with house.database.work(house.centre.everything) as work:
        await work.execute(
            "update membership set active = false where person_id = %(id)s", {"id": house.centre.people["amina"]}
        )
    await house.tell()
    assert not house.service.told and not house.mail.taken


async def test_what_waits_in_a_database_cannot_be_read_there(house: House) -> None:
    await house.switch_on("amina")
    async with house.database.read(Actor.system([])) as work:
        row = await work.row("select * from push_subscription")
    assert row is not None and house.service.subscription.endpoint.encode() not in row["sealed"]
    assert house.service.subscription.auth not in str(row)


async def test_a_browser_under_a_key_that_is_kept_no_more_is_forgotten(house: House) -> None:
    await house.choose("amina", ways={"broken": frozenset({"push"})})
    await house.switch_on("amina")
    async with house.database.work(Actor.system([])) as work:
        await work.execute("update push_subscription set own_key = 'gone'")
    await house.notify("amina", "broken")
    await house.tell()
    assert await house.browsers("amina") == [] and not house.service.headers


async def test_a_trial_reaches_every_browser_whatever_the_hour(house: House) -> None:
    house.clock.set(at("2026-11-24 23:00"))
    await house.choose("amina", quiet=NIGHT)
    await house.switch_on("amina")
    async with house.database.work(house.centre.actor("amina")) as work:
        assert await notifications.try_browsers(work) == 1
    await house.tell()
    assert house.service.told[0]["title"] == "Ahadi reaches you here"


# Mail ------------------------------------------------------------------------------------------------------------


async def test_a_mail_at_once_names_the_case_and_no_word_of_the_customer(house: House) -> None:
    await house.choose("amina", ways={"reply": frozenset({"mail"})})
    await house.notify("amina", "contact")
    await house.tell()
    [mail] = house.mail.taken
    assert mail.to == "amina@daraja.example"
    assert mail.subject == f"The customer was in touch again · {house.case.reference}"
    assert f"http://127.0.0.1:8123/cases/{house.case.reference}" in mail.text
    assert "Neema" not in mail.text and "Kilimani" not in mail.text
    assert mail.headers["Auto-Submitted"] == "auto-generated"


async def test_a_digest_gathers_the_hour_and_comes_once(house: House) -> None:
    house.clock.set(at("2026-11-24 10:05"))
    await house.choose("amina", ways={"reply": frozenset({"digest"}), "broken": frozenset({"digest"})})
    for kind in ("contact", "broken", "contact"):
        await house.notify("amina", kind)
    await house.tell()
    assert not house.mail.taken
    house.clock.set(at("2026-11-24 11:00"))
    for _ in range(3):
        await house.tell()
    [mail] = house.mail.taken
    assert mail.subject == "3 notices from Ahadi"
    assert mail.text.count("10:05") == 3
    house.clock.set(at("2026-11-24 12:00"))
    await house.tell()
    assert len(house.mail.taken) == 1, "an hour in which nothing happened has no digest"


async def test_a_morning_digest_comes_in_the_morning(house: House) -> None:
    house.clock.set(at("2026-11-24 15:00"))
    await house.choose("amina", ways={"reply": frozenset({"digest"})}, digest="morning", morning=time(7, 30))
    await house.notify("amina", "contact")
    house.clock.set(at("2026-11-25 07:29"))
    await house.follower.once()
    await house.tell()
    assert not house.mail.taken
    house.clock.set(at("2026-11-25 07:30"))
    await house.tell()
    assert len(house.mail.taken) == 1


async def test_two_workers_at_once_gather_one_digest(house: House) -> None:
    import asyncio

    house.clock.set(at("2026-11-24 10:05"))
    await house.choose("amina", ways={"reply": frozenset({"digest"})})
    await house.notify("amina", "contact")
    await house.follower.once()
    house.clock.set(at("2026-11-24 11:00"))
    organisations = list(house.centre.organisations.values())
    made = await asyncio.gather(*[gather_mails(house.database, organisations) for _ in range(4)])
    assert sum(made) == 1
    await house.tell()
    assert len(house.mail.taken) == 1


async def test_what_happens_in_several_organisations_is_one_mail(house: House) -> None:
    other = (await contact(house.database, house.centre, next(e for e in CALLS if e.called == "router"))).case
    house.clock.set(at("2026-11-24 10:05"))
    await house.choose("amina", ways={"reply": frozenset({"digest"})})
    await house.notify("amina", "contact")
    house.case = other
    await house.notify("amina", "contact", "net")
    await house.follower.once()
    house.clock.set(at("2026-11-24 11:00"))
    await house.tell()
    [mail] = house.mail.taken
    assert "Mto Power" in mail.text and "Pwani Net" in mail.text


async def test_a_mail_that_a_crash_left_on_its_way_is_not_sent_again(house: House) -> None:
    await house.choose("amina", ways={"reply": frozenset({"mail"})})
    await house.notify("amina", "contact")
    await house.follower.once()
    await gather_mails(house.database, list(house.centre.organisations.values()))
    async with house.database.work(Actor.system([])) as work:
        await work.execute("update notice_mail set state = 'sending'")  # whoever did that is no more
    await house.tell()
    assert not house.mail.taken
    async with house.database.read(Actor.system([])) as work:
        assert await work.value("select state from notice_mail") == "uncertain"
        assert await work.value("select count(*) from job where kind = %(kind)s", {"kind": MAIL}) == 0


async def test_a_mail_server_that_asks_to_wait_gets_it_later_and_once(house: House) -> None:
    await house.choose("amina", ways={"reply": frozenset({"mail"})})
    house.mail.outcomes = [TryAgain("busy", timedelta(minutes=5)), Sent()]
    await house.notify("amina", "contact")
    await house.tell()
    assert not house.mail.taken
    house.clock.advance(timedelta(minutes=6))
    await house.tell()
    assert len(house.mail.taken) == 1


async def test_what_was_told_is_forgotten_after_its_time(house: House) -> None:
    await house.choose("amina", ways={"broken": frozenset({"push", "mail"})})
    await house.switch_on("amina")
    await house.notify("amina", "broken")
    await house.tell()
    later = house.clock.now() + timedelta(days=31)
    async with house.database.work(house.centre.everything) as work:
        await notifications.forget_old(work, list(house.centre.organisations.values()), later)
        await notifications.forget_old_mails(work, later)
        assert await work.value("select count(*) from notification") == 0
        assert await work.value("select count(*) from notice_mail") == 0


def test_a_browser_s_job_is_named_after_what_it_does() -> None:
    assert (PUSH, MAIL) == ("notifications.push", "notifications.mail")


async def test_a_subscription_under_another_key_is_refused(house: House) -> None:
    from ahadi.base.errors import Conflict

    with pytest.raises(Conflict):
        async with house.database.work(house.centre.actor("amina")) as work:
            other = web_push.encoded(b"\4" + b"\1" * 64)
            await notifications.add_browser(work, house.service.subscription, other, "")
