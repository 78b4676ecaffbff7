"""Wrap-up: the time after a piece of work, in which nothing is offered, and one word for what it came to.

It begins when somebody resolves a case they accepted, or hands it over. It ends by itself, or by hand with the word. A
word that was not said in time is still owed: the page of offers asks for it until it is there.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from ahadi.base.errors import Conflict, Forbidden, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.directory import Permission, Presence, set_presence
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.steps import alone
from ahadi.routing import matching_store, wrap_up_store
from ahadi.routing.wrap_up_store import Done, WrapUp

_BATCH = 100


async def keep_wrap_ups(database: Database, organisations: Sequence[UUID]) -> int:
    """Begin the wrap-ups of work that came to its end, and end those whose time is over; how many."""
    async with database.read(Actor.system(organisations)) as work:
        done = await wrap_up_store.done_with(work, organisations, _BATCH)
        over = await wrap_up_store.over(work, organisations, _BATCH)
    ended = [await alone("offers", each.id, _end_late(database, each)) for each in over]
    begun = [await alone("offers", each.offer_id, _begin(database, each)) for each in done]
    return sum(ended) + sum(begun)


async def _end_late(database: Database, seen: WrapUp) -> int:
    async with database.work(Actor.system([seen.organisation_id])) as work:
        found = await wrap_up_store.find_wrap_up(work, seen.id)
        if found is None or found.ended_at is not None:
            return 0
        await _end(work, found, None)
    return 1


async def _begin(database: Database, done: Done) -> int:
    async with database.work(Actor.system([done.organisation_id])) as work:
        if not await wrap_up_store.finish_offer(work, done.organisation_id, done.offer_id):
            return 0
        await _wrap_up(work, done)
    return 1


async def _wrap_up(work: Work, done: Done) -> None:
    facts = {"person": done.person_id, "by_them": done.by_them}
    work.record("offer.finished", done.organisation_id, case_id=done.case_id, subject_id=done.offer_id, **facts)
    offering = await matching_store.offering_of(work, done.organisation_id)
    if not done.by_them or not offering.dispositions:
        return
    await matching_store.lock_people(work, [done.person_id])
    there = (await matching_store.present(work, [done.person_id], work.now)).get(done.person_id)
    working = there is not None and there.presence in (Presence.AVAILABLE, Presence.BUSY, Presence.WRAP_UP)
    ends_at = work.now + timedelta(minutes=offering.wrap_up_minutes if working else 0)
    is_over = ends_at <= work.now
    wrap_up = WrapUp(
        organisation_id=done.organisation_id,
        id=uuid7(),
        offer_id=done.offer_id,
        case_id=done.case_id,
        person_id=done.person_id,
        began_at=work.now,
        ends_at=ends_at,
        ended_at=work.now if is_over else None,
        disposition=None,
        said_at=None,
    )
    wrap_up_store.insert_wrap_up(work, wrap_up)
    work.record(
        "wrap_up.began", done.organisation_id, case_id=done.case_id, subject_id=wrap_up.id, person=done.person_id
    )
    if not is_over:
        await set_presence(work, done.organisation_id, done.person_id, Presence.WRAP_UP)


async def end_wrap_up(work: Work, wrap_up_id: UUID, disposition: str) -> WrapUp:
    """Say what the work came to, by one of the organisation's codes; the wrap-up is over by that.

    Raises NotFound, Forbidden for somebody else's, Invalid for a code nobody knows, Conflict where it was said.
    """
    found = await wrap_up_store.find_wrap_up(work, wrap_up_id)
    if found is None:
        raise NotFound("There is no such wrap-up that you may see.")
    if found.person_id != work.actor.person_id and not work.actor.may(
        found.organisation_id, Permission.PRESENCE_OTHERS
    ):
        raise Forbidden("This is somebody else's to say.")
    if found.disposition is not None:
        raise Conflict("What this came to was said already.", disposition=found.disposition)
    known = (await matching_store.offering_of(work, found.organisation_id)).dispositions
    if disposition not in known:
        raise Invalid(f"Say what it came to by one of {', '.join(sorted(known))}.", disposition=disposition)
    await _end(work.as_installation(found.organisation_id), found, disposition)
    return await wrap_up_store.find_wrap_up(work, wrap_up_id) or found


async def _end(work: Work, wrap_up: WrapUp, disposition: str | None) -> None:
    await wrap_up_store.end(work, wrap_up, disposition)
    facts = {"person": wrap_up.person_id}
    if disposition is not None:
        work.record(
            "wrap_up.disposed",
            wrap_up.organisation_id,
            case_id=wrap_up.case_id,
            subject_id=wrap_up.id,
            disposition=disposition,
            **facts,
        )
    if wrap_up.ended_at is not None:
        return
    work.record("wrap_up.ended", wrap_up.organisation_id, case_id=wrap_up.case_id, subject_id=wrap_up.id, **facts)
    await matching_store.lock_people(work, [wrap_up.person_id])
    there = (await matching_store.present(work, [wrap_up.person_id], work.now)).get(wrap_up.person_id)
    if there is None or there.presence != Presence.WRAP_UP:
        return
    if not await wrap_up_store.running(work, wrap_up.person_id, wrap_up.id):
        await set_presence(work, wrap_up.organisation_id, wrap_up.person_id, Presence.AVAILABLE)
