"""Offers: a case is put before one person, who accepts or declines; unanswered, it goes to the next."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from ahadi import cases, promises
from ahadi.base.errors import Conflict, Forbidden, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.cases import Case, Holder
from ahadi.directory import Directory, Permission, Presence, presences_of, read_directory, set_presence
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.steps import alone
from ahadi.routing import matching_store, offer_store
from ahadi.routing.matching import Decision, Kind
from ahadi.routing.offer_store import Offer
from ahadi.routing.offering import kind_of

LONGEST_WORDS = 2_000


async def offer_case(
    work: Work,
    case: Case,
    person_id: UUID,
    purpose: str,
    *,
    kind: Kind | None = None,
    round_number: int | None = None,
    decision: Decision | None = None,
) -> Offer:
    """Put a locked case before a person now; whoever was asked about it before is not asked any more."""
    standing = await offer_store.standing_of_case(work, case.organisation_id, case.id)
    if standing is not None:
        await _settle(work, standing, "withdrawn", "asked-again")
    offering = await matching_store.offering_of(work, case.organisation_id)
    offer = Offer(
        organisation_id=case.organisation_id,
        id=uuid7(),
        case_id=case.id,
        person_id=person_id,
        purpose=purpose,
        state="offered",
        made_at=work.now,
        expires_at=work.now + offering.answer_within,
        settled_at=None,
        reason=None,
        kind=kind or kind_of(case.channel, live=True),
        round=round_number,
        considered=[asdict(each) for each in decision.verdicts] if decision else [],
    )
    await offer_store.insert_offer(work, offer)
    work.record(
        "offer.made",
        case.organisation_id,
        case_id=case.id,
        subject_id=offer.id,
        person=person_id,
        purpose=purpose,
        of_kind=offer.kind,
        reference=case.reference,
    )
    return offer


async def accept_offer(work: Work, offer_id: UUID) -> Case:
    """Take the case: it is held by whoever was asked, and the customer is told. Locks the case, then the offer.

    Raises Conflict when the offer no longer stands, or somebody else has the case already.
    """
    offer, case = await _mine(work, offer_id)
    if case.state != "open" or (offer.round is not None and case.holder.department is None):
        raise Conflict("Somebody else has this case already, or it is done.")
    directory = await read_directory(work, offer.organisation_id)
    await _settle(work, offer, "accepted", None)
    membership = directory.memberships.get(offer.person_id)
    department = case.department_id
    if membership and membership.departments and department not in membership.departments and offer.round is None:
        department = min(membership.departments)
    held = await cases.hold_case(work, offer.case_id, Holder(person=offer.person_id), department, "accepted")
    if held.holder != case.holder:
        await cases.tell_customer(work, directory, held, "handed_over", about=offer.id)
    return held


async def decline_offer(work: Work, offer_id: UUID, reason: str, words: str | None = None) -> None:
    """Leave it to the next person, saying why: one of the organisation's codes, and perhaps words.

    The words can be erased and stand in no journal. Raises Conflict, and Invalid for a code nobody knows.
    """
    offer, case = await _mine(work, offer_id)
    known = (await matching_store.offering_of(work, offer.organisation_id)).declining
    if reason not in known:
        raise Invalid(f"Say why by one of {', '.join(sorted(known))}.", reason=reason)
    await _settle(work, offer, "declined", reason)
    if words and words.strip():
        await offer_store.put_words(work, offer, words.strip()[:LONGEST_WORDS])
    await _offer_next(work.as_installation(offer.organisation_id), offer, case)


async def _mine(work: Work, offer_id: UUID) -> tuple[Offer, Case]:
    offer = await offer_store.get_offer(work, offer_id)
    if offer is None:
        raise NotFound("There is no such offer that you may see.")
    if offer.person_id != work.actor.person_id and not work.actor.may(
        offer.organisation_id, Permission.PRESENCE_OTHERS
    ):
        raise Forbidden("This was offered to somebody else.")
    case = await cases.lock_case(work, offer.case_id)
    offer = await offer_store.find_offer(work, offer_id) or offer
    if offer.state != "offered":
        raise Conflict(f"This offer is {offer.state} already.", state=offer.state)
    return offer, case


async def _settle(work: Work, offer: Offer, state: str, reason: str | None) -> None:
    await offer_store.settle_offer(work, offer, state, reason)
    facts = {"reason": reason} if reason else {}
    work.record(
        f"offer.{state}",
        offer.organisation_id,
        case_id=offer.case_id,
        subject_id=offer.id,
        person=offer.person_id,
        **facts,
    )


# The direct line: somebody of a role is wanted, whoever has the case ----------------------------------------------


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


async def free_now(work: Work, directory: Directory, people: Sequence[UUID], kind: Kind = "case") -> UUID | None:
    """The first of these people who is available this moment, and not asked about another call; they are locked.

    Who is asked for in person may have their hands full of cases: whether they come is theirs to say.
    """
    presences = await presences_of(work, directory.organisation.id)
    there = [p for p in people if presences.get(p) is Presence.AVAILABLE]
    if not there:
        return None
    await matching_store.lock_people(work, there)
    loads = await matching_store.loads(work, there)
    offering = await matching_store.offering_of(work, directory.organisation.id)
    for person in there:
        if (
            kind != "call"
            or loads.get(person, {}).get(kind, 0) < offering.capacity_of(directory.person(person).slug)[kind]
        ):
            return person
    return None


async def _offer_next(work: Work, offer: Offer, case: Case) -> None:
    """Put a case that one person did not take before the next who is free; its dated promise stands meanwhile.

    Only on the direct line: what waits in a department goes to the next by `offer_waiting`.
    """
    if case.state != "open" or offer.round is not None:
        return
    directory = await read_directory(work, offer.organisation_id)
    asked = {each.person_id for each in await offer_store.offers_of_case(work, offer.organisation_id, case.id)}
    membership = directory.memberships.get(offer.person_id)
    role = "manager" if membership and "manager" in membership.roles else "specialist"
    people = [p for p in able(directory, case.department_id, role, work) if p not in asked]
    person = await free_now(work, directory, people, offer.kind)
    if person is not None:
        made = await offer_case(work, case, person, offer.purpose)
        await promises.notify(work, case.organisation_id, person, "offer", case.id, None, None)
        work.record("offer.passed_on", case.organisation_id, case_id=case.id, subject_id=made.id, after=offer.id)


# The clock --------------------------------------------------------------------------------------------------------


async def expire_offers(database: Database, organisations: Sequence[UUID], limit: int = 100) -> int:
    """Offers nobody answered go to the next, and those whose work is gone are withdrawn; how many."""
    async with database.read(Actor.system(organisations)) as work:
        late = await offer_store.expired_offers(work, organisations, limit)
        moot = await offer_store.moot_offers(work, organisations, limit)
    once = {each.id: each for each in (*late, *moot)}
    return sum([await alone("offers", each.id, _expire_one(database, each)) for each in once.values()])


async def _expire_one(database: Database, seen: Offer) -> int:
    async with database.work(Actor.system([seen.organisation_id])) as work:
        return await _expire(work, seen)


async def _expire(work: Work, seen: Offer) -> int:
    case = await cases.lock_case(work, seen.case_id)
    offer = await offer_store.find_offer(work, seen.id)
    if offer is None or offer.state != "offered":
        return 0
    if case.state != "open" or (offer.round is not None and case.holder.department is None):
        await _settle(work, offer, "withdrawn", "no-longer-waiting")
        return 1
    if offer.expires_at >= work.now:
        return 0
    await _settle(work, offer, "expired", None)
    await _mark_away(work, offer, case)
    await _offer_next(work, offer, case)
    return 1


async def _mark_away(work: Work, offer: Offer, case: Case) -> None:
    """Somebody who lets offers pass is not there, whatever their presence says: it says break from now on."""
    organisation_id, person_id = offer.organisation_id, offer.person_id
    most = (await matching_store.offering_of(work, organisation_id)).away_after
    there = (await matching_store.present(work, [person_id], work.now)).get(person_id)
    if not most or there is None or there.presence != Presence.AVAILABLE:
        return
    since = there.presence_since or offer.made_at
    missed = await offer_store.missed_in_a_row(work, organisation_id, person_id, since)
    if missed < most:
        return
    await set_presence(work, organisation_id, person_id, Presence.BREAK)
    work.record("offer.missed_in_a_row", organisation_id, subject_id=person_id, missed=missed)
    await promises.notify(work, organisation_id, person_id, "set-away", case.id)
