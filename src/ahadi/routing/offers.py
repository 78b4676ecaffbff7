"""Offers: a case is put before one person, who accepts or declines; unanswered, it goes to the next."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from ahadi import cases, promises
from ahadi.base.errors import Conflict, Forbidden, NotFound
from ahadi.base.ids import uuid7
from ahadi.cases import Case, Holder
from ahadi.directory import Directory, Presence, presences_of, read_directory
from ahadi.platform.database import Actor, Database, Work
from ahadi.routing import offer_store
from ahadi.routing.offer_store import Offer

ANSWER_WITHIN = timedelta(minutes=5)
"""How long an offer stands before it goes to the next person (business time)."""


async def offer_case(work: Work, case: Case, person_id: UUID, purpose: str) -> Offer:
    """Put a case before a person now."""
    offer = Offer(
        organisation_id=case.organisation_id,
        id=uuid7(),
        case_id=case.id,
        person_id=person_id,
        purpose=purpose,
        state="offered",
        made_at=work.now,
        expires_at=work.now + ANSWER_WITHIN,
        settled_at=None,
        reason=None,
    )
    await offer_store.insert_offer(work, offer)
    work.record(
        "offer.made",
        case.organisation_id,
        case_id=case.id,
        subject_id=offer.id,
        person=person_id,
        purpose=purpose,
        reference=case.reference,
    )
    return offer


async def accept_offer(work: Work, offer_id: UUID) -> Case:
    """Take the case. Raises Conflict when the offer no longer stands."""
    offer = await _mine(work, offer_id)
    directory = await read_directory(work, offer.organisation_id)
    await offer_store.settle_offer(work, offer, "accepted", None)
    _record(work, offer, "offer.accepted")
    membership = directory.memberships.get(offer.person_id)
    case = await cases.lock_case(work, offer.case_id)
    department = case.department_id
    if membership and membership.departments and department not in membership.departments:
        department = min(membership.departments)
    held = await cases.hold_case(work, offer.case_id, Holder(person=offer.person_id), department, "accepted")
    if held.holder != case.holder:
        await cases.tell_customer(work, directory, held, "handed_over", about=offer.id)
    return held


async def decline_offer(work: Work, offer_id: UUID, reason: str) -> None:
    """Leave it to the next person, saying why (a short code)."""
    offer = await _mine(work, offer_id)
    await offer_store.settle_offer(work, offer, "declined", reason[:60])
    _record(work, offer, "offer.declined")
    await _offer_next(work.as_installation(offer.organisation_id), offer)


async def _mine(work: Work, offer_id: UUID) -> Offer:
    offer = await offer_store.find_offer(work, offer_id)
    if offer is None:
        raise NotFound("There is no such offer that you may see.")
    if offer.person_id != work.actor.person_id and not work.actor.may(offer.organisation_id, "presence.others"):
        raise Forbidden("This was offered to somebody else.")
    if offer.state != "offered":
        raise Conflict(f"This offer is {offer.state} already.", state=offer.state)
    return offer


def _record(work: Work, offer: Offer, kind: str) -> None:
    work.record(kind, offer.organisation_id, case_id=offer.case_id, subject_id=offer.id, person=offer.person_id)


def able(directory: Directory, department_id: UUID | None, role: str, work: Work) -> tuple[UUID, ...]:
    """People of a role who could take it, those on shift first; of the department, else of the organisation."""
    everybody = [p for p, m in directory.memberships.items() if role in m.roles and directory.serves(p)]
    own = [p for p in everybody if department_id in directory.memberships[p].departments]
    people = sorted(own or everybody)
    if role == "manager":
        department = directory.departments.get(department_id or UUID(int=0))
        named = (department.manager_id if department else None, directory.organisation.manager_id)
        people = list(dict.fromkeys([p for p in named if p and directory.serves(p)] + people))
    present = [p for p in people if not directory.rota.is_absent(p, work.now)]
    on_shift = [p for p in present if p in directory.rota.on_shift(present, work.now)]
    return tuple(dict.fromkeys([*on_shift, *present, *people]))


async def free_now(work: Work, directory: Directory, people: Sequence[UUID]) -> UUID | None:
    """The first of these people who is available this moment."""
    presences = await presences_of(work, directory.organisation.id)
    return next((p for p in people if presences.get(p) is Presence.AVAILABLE), None)


async def _offer_next(work: Work, offer: Offer) -> None:
    """Put a case that one person did not take before the next who is free; its dated promise stands meanwhile."""
    directory = await read_directory(work, offer.organisation_id)
    case = await cases.lock_case(work, offer.case_id)
    if case.state != "open":
        return
    asked = {each.person_id for each in await offer_store.offers_of_case(work, offer.organisation_id, case.id)}
    membership = directory.memberships.get(offer.person_id)
    role = "manager" if membership and "manager" in membership.roles else "specialist"
    people = [p for p in able(directory, case.department_id, role, work) if p not in asked]
    person = await free_now(work, directory, people)
    if person is not None:
        made = await offer_case(work, case, person, offer.purpose)
        await promises.notify(work, case.organisation_id, person, "offer", case.id, None, None)
        work.record("offer.passed_on", case.organisation_id, case_id=case.id, subject_id=made.id, after=offer.id)


async def expire_offers(database: Database, organisations: Sequence[UUID], limit: int = 100) -> int:
    """Offers nobody answered go to the next; how many."""
    async with database.read(Actor.system(organisations)) as work:
        late = await offer_store.expired_offers(work, organisations, limit)
    done = 0
    for each in late:
        async with database.work(Actor.system([each.organisation_id])) as work:
            offer = await offer_store.find_offer(work, each.id)
            if offer and offer.state == "offered" and offer.expires_at < work.now:
                await offer_store.settle_offer(work, offer, "expired", None)
                _record(work, offer, "offer.expired")
                await _offer_next(work, offer)
                done += 1
    return done
