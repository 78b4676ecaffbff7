"""What several people do on a day, each deed drawn by number: for tests that want any sequence of changes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from ahadi import cases, contacts, customers, intake, promises
from ahadi.base.errors import AhadiError
from ahadi.cases import Case
from ahadi.directory import Presence, set_presence
from ahadi.intake.chat import Saying, chat_of, say, start_chat
from ahadi.platform.database import Work
from ahadi.promises import Told
from ahadi.routing import offer_actions, offer_store, offers, wrap_up_store, wrap_ups
from ahadi.routing.offer_duty import offer_waiting
from tests.screens.builders import CALLS, contact
from tests.screens.conftest import Desk

Deed = Callable[[Desk, "Doing"], Awaitable[None]]
DEEDS: dict[str, Deed] = {}
_STAFF = ("amina", "brian", "joseph", "lucy", "grace", "naomi")


@dataclass(frozen=True)
class Doing:
    """A deed by name; `which` draws the case, `how` everything else."""

    deed: str
    which: int
    how: int

    async def on(self, desk: Desk) -> bool:
        """Do it; whether it could be done. What is refused leaves no trace."""
        try:
            await DEEDS[self.deed](desk, self)
        except AhadiError:
            return False
        return True

    def of(self, *choices: str) -> str:
        return choices[self.how % len(choices)]

    @property
    def who(self) -> str:
        return _STAFF[self.how % len(_STAFF)]

    async def case(self, work: Work) -> Case:
        """One of the cases that the pages are about, or any other."""
        references = await work.rows(
            "select reference from cases where organisation_id = any(%(all)s) order by opened_at, id",
            {"all": list(work.actor.organisations)},
        )
        return await cases.get_case(work, references[self.which % len(references)]["reference"])


def deed(function: Callable[[Work, Doing, Case], Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """A thing that somebody who works does with a case, in one transaction."""

    async def done(desk: Desk, doing: Doing) -> None:
        async with desk.database.work(desk.centre.actor(doing.who)) as work:
            await function(work, doing, await doing.case(work))

    DEEDS[function.__name__] = done
    return function


def happening(function: Deed) -> Deed:
    """Anything else that happens."""
    DEEDS[function.__name__] = function
    return function


async def beforehand(desk: Desk) -> None:
    """Care's work is offered to whoever is available, and somebody chats."""
    power = desk.centre.organisations["power"]
    async with desk.database.work(desk.centre.everything) as work:
        chosen = {"departments": {"care": {"offer": True}}, "capacity": {"case": 20}}
        await offer_actions.change_offering(work, power, chosen)
        desk.centre.secrets["chat"] = await start_chat(work, power, "en")


# With a case ------------------------------------------------------------------------------------------------------


@deed
async def replies(work: Work, doing: Doing, case: Case) -> None:
    await cases.reply_to_customer(work, case.reference, f"We are on it, {doing.how}.")


@deed
async def notes(work: Work, doing: Doing, case: Case) -> None:
    await contacts.note(work, case.organisation_id, case.id, f"Seen by me, {doing.how} <b>times</b>.")


@deed
async def promises_something(work: Work, doing: Doing, case: Case) -> None:
    due = work.now + timedelta(minutes=10 + doing.how % 300)
    kind = doing.of("update", "callback", "visit", "fix")
    await promises.make_promise(work, case.reference, kind, due, f"You hear from us, {doing.how}.")


@deed
async def keeps_a_promise(work: Work, doing: Doing, case: Case) -> None:
    await promises.keep_promise(work, _next(case, doing), "work", "Done.")


@deed
async def renews_a_promise(work: Work, doing: Doing, case: Case) -> None:
    due = work.now + timedelta(hours=1 + doing.how % 20)
    await promises.renew_promise(work, _next(case, doing), due, "parts are late", Told("phone", "Told by telephone."))


@deed
async def withdraws_a_promise(work: Work, doing: Doing, case: Case) -> None:
    await promises.withdraw_promise(work, _next(case, doing), "not-needed")


@deed
async def hands_over(work: Work, doing: Doing, case: Case) -> None:
    if doing.which % 2:
        await promises.hold_case(work, case.reference, doing.of("amina", "brian", "amina", "joseph"), None)
    else:
        await promises.hold_case(work, case.reference, None, doing.of("care", "repairs", "billing", "helpdesk"))


@deed
async def resolves(work: Work, doing: Doing, case: Case) -> None:
    open_ = [each.id for each in case.open_promises]
    await promises.resolve_case(work, case.reference, outcome="All is well again.", keep=open_, deed="work")


@deed
async def reopens(work: Work, doing: Doing, case: Case) -> None:
    await promises.reopen_case(work, case.reference, "Once more.")


@deed
async def merges(work: Work, doing: Doing, case: Case) -> None:
    """Two cases of one customer, or of two who are the same."""
    rows = await work.rows(
        "select reference from cases where organisation_id = %(o)s and customer_id = %(c)s and id <> %(id)s"
        " and state = 'open'",
        {"o": case.organisation_id, "c": case.customer_id, "id": case.id},
    )
    if not rows:
        raise AhadiError("no twin")
    await promises.merge_cases(work, case.reference, rows[0]["reference"])


@deed
async def splits(work: Work, doing: Doing, case: Case) -> None:
    belonging = await contacts.contacts_of(work, case.organisation_id, case.id)
    await intake.split_case(work, case.reference, belonging[:1], f"A part of it, {doing.how}")


@deed
async def tags(work: Work, doing: Doing, case: Case) -> None:
    await cases.tag_case(work, case.reference, [doing.of("kilimani", "urgent", "storm"), *case.tags][:3])


@deed
async def sorts_anew(work: Work, doing: Doing, case: Case) -> None:
    await cases.reclassify_case(work, case.reference, priority=doing.of("low", "normal", "high", "urgent"))


@deed
async def escalates(work: Work, doing: Doing, case: Case) -> None:
    await cases.escalate_case(work, case.reference, None, "asked")


def _next(case: Case, doing: Doing) -> UUID:
    if not case.open_promises:
        raise AhadiError("no promise")
    return case.open_promises[doing.how % len(case.open_promises)].id


# Around the cases -------------------------------------------------------------------------------------------------


@happening
async def somebody_gets_in_touch(desk: Desk, doing: Doing) -> None:
    await contact(desk.database, desk.centre, CALLS[doing.which % len(CALLS)])


@happening
async def time_passes(desk: Desk, doing: Doing) -> None:
    """A due time may pass; the watch and the offers do what is theirs."""
    desk.clock.advance(timedelta(minutes=3 + doing.how % 90))
    everywhere = list(desk.centre.organisations.values())
    await promises.watch_until_quiet(desk.database)
    await offers.expire_offers(desk.database, everywhere)
    await wrap_ups.keep_wrap_ups(desk.database, everywhere)
    await offer_waiting(desk.database, everywhere)


@happening
async def presence_changes(desk: Desk, doing: Doing) -> None:
    person = desk.centre.people[doing.of("amina", "brian", "amina", "grace")]
    word = (Presence.AVAILABLE, Presence.BREAK, Presence.AVAILABLE, Presence.OFFLINE)[doing.which % 4]
    async with desk.database.work(desk.centre.everything) as work:
        await set_presence(work, desk.centre.organisations["power"], person, word)
    await offer_waiting(desk.database, list(desk.centre.organisations.values()))


@happening
async def an_offer_is_answered(desk: Desk, doing: Doing) -> None:
    await offer_waiting(desk.database, list(desk.centre.organisations.values()))
    for who in ("amina", "brian", "grace", "chao"):
        async with desk.database.work(desk.centre.actor(who)) as work:
            for each in (await offer_store.shown_to(work, desk.centre.people[who]))[:1]:
                if doing.how % 3:
                    await offers.accept_offer(work, each["id"])
                else:
                    await offers.decline_offer(work, each["id"], "busy")
                return
    raise AhadiError("nothing is offered")


@happening
async def what_was_offered_is_done_with(desk: Desk, doing: Doing) -> None:
    """Somebody resolves the case they accepted, which begins a wrap-up; every other time they say what it came to."""
    async with desk.database.read(desk.centre.everything) as work:
        rows = await work.rows(
            "select c.reference, o.person_id from offer o join cases c on c.id = o.case_id and c.state = 'open'"
            " and c.holder_person = o.person_id where o.state = 'accepted' and o.finished_at is null"
        )
    for row in rows:
        who = next(name for name, id_ in desk.centre.people.items() if id_ == row["person_id"])
        async with desk.database.work(desk.centre.actor(who)) as work:
            case = await cases.get_case(work, row["reference"])
            open_ = [each.id for each in case.open_promises]
            await promises.resolve_case(work, case.reference, outcome="Done.", keep=open_, deed="work")
        await wrap_ups.keep_wrap_ups(desk.database, list(desk.centre.organisations.values()))
        async with desk.database.work(desk.centre.actor(who)) as work:
            for each in (await wrap_up_store.shown_to(work, row["person_id"]))[: doing.how % 2]:
                await wrap_ups.end_wrap_up(work, each["id"], "solved")
        return
    raise AhadiError("nobody works on what was offered")


@happening
async def a_visitor_chats(desk: Desk, doing: Doing) -> None:
    power = desk.centre.organisations["power"]
    async with desk.database.work(desk.centre.everything) as work:
        chat = await chat_of(work, power, desk.centre.secrets["chat"])
        await say(work, chat, Saying(f"c{doing.which}-{doing.how}", f"Hello, {doing.how}", name="Wambui"))


@happening
async def a_chat_is_answered(desk: Desk, doing: Doing) -> None:
    async with desk.database.work(desk.centre.actor(doing.of("amina", "brian"))) as work:
        rows = await work.rows("select reference from cases where channel = 'chat' and state = 'open' order by id desc")
        if not rows:
            raise AhadiError("nobody chats")
        await cases.reply_to_customer(work, rows[0]["reference"], f"Good morning, {doing.how}.", channel="chat")


@happening
async def a_call_is_booked(desk: Desk, doing: Doing) -> None:
    async with desk.database.work(desk.centre.actor("amina")) as work:
        case = await doing.case(work)
        wanted = promises.Wanted(department=doing.of("care", "repairs", "billing"), phone="+254 712 345678")
        day = work.now + timedelta(days=1)
        times = await promises.free_slots(work, case.organisation_id, wanted, day, day + timedelta(days=2))
        if not times.slots:
            raise AhadiError("no time is free")
        await promises.book(work, case.reference, wanted, times.slots[doing.how % len(times.slots)].starts_at)


@happening
async def a_call_is_tried(desk: Desk, doing: Doing) -> None:
    async with desk.database.work(desk.centre.actor("amina")) as work:
        for row in await work.rows("select id from promise where kind = 'callback' and state = 'open' order by due_at"):
            await promises.note_attempt(work, row["id"], doing.of("no-answer", "answered", "busy"), "Rang twice.")  # type: ignore[arg-type]
            return
    raise AhadiError("nobody waits for a call")


@happening
async def notices_are_seen(desk: Desk, doing: Doing) -> None:
    async with desk.database.work(desk.centre.actor("amina")) as work:
        found = await promises.notices_of(work, desk.centre.people["amina"], 3)
        if not found:
            raise AhadiError("nothing to see")
        await promises.mark_seen(work, desk.centre.people["amina"], [each.id for each in found])


@happening
async def a_customer_changes(desk: Desk, doing: Doing) -> None:
    async with desk.database.work(desk.centre.actor("naomi")) as work:
        case = await doing.case(work)
        await customers.update_customer(
            work, case.organisation_id, case.customer_id, name=doing.of("Neema M.", "Salim B.", "Peter")
        )
