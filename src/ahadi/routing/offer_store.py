"""The SQL of offers: a case put before one person now, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ahadi.platform.database import Work
from ahadi.routing.matching import Kind


@dataclass(frozen=True, slots=True)
class Offer:
    """A case put before a person until `expires_at` (business time, UTC).

    `round` is the case's round in its department; None for a direct line. `considered` holds, in codes, why this
    person and why not the others. `finished_at`: who accepted it had done with it.
    """

    organisation_id: UUID
    id: UUID
    case_id: UUID
    person_id: UUID
    purpose: str
    state: str
    made_at: datetime
    expires_at: datetime
    settled_at: datetime | None
    reason: str | None
    kind: Kind = "case"
    round: int | None = None
    considered: list[dict[str, Any]] = field(default_factory=list)
    finished_at: datetime | None = None


_OFFER = (
    "organisation_id, id, case_id, person_id, purpose, state, made_at, expires_at, settled_at, reason, kind, round,"
    " considered, finished_at"
)


async def insert_offer(work: Work, offer: Offer) -> None:
    await work.execute(
        "insert into offer (organisation_id, id, case_id, person_id, purpose, state, made_at, expires_at, kind, round,"
        " considered) values (%(organisation_id)s, %(id)s, %(case_id)s, %(person_id)s, %(purpose)s, %(state)s,"
        " %(made_at)s, %(expires_at)s, %(kind)s, %(round)s, %(considered)s)",
        {
            "organisation_id": offer.organisation_id,
            "id": offer.id,
            "case_id": offer.case_id,
            "person_id": offer.person_id,
            "purpose": offer.purpose,
            "state": offer.state,
            "made_at": offer.made_at,
            "expires_at": offer.expires_at,
            "kind": offer.kind,
            "round": offer.round,
            "considered": orjson.dumps(offer.considered).decode(),
        },
    )


async def find_offer(work: Work, offer_id: UUID) -> Offer | None:
    """An offer among the actor's organisations, locked."""
    return await work.one(
        Offer,
        f"select {_OFFER} from offer where organisation_id = any(%(organisations)s) and id = %(id)s for update",
        {"organisations": list(work.actor.organisations), "id": offer_id},
    )


async def get_offer(work: Work, offer_id: UUID) -> Offer | None:
    """An offer among the actor's organisations."""
    return await work.one(
        Offer,
        f"select {_OFFER} from offer where organisation_id = any(%(organisations)s) and id = %(id)s",
        {"organisations": list(work.actor.organisations), "id": offer_id},
    )


async def settle_offer(work: Work, offer: Offer, state: str, reason: str | None) -> None:
    await work.execute(
        "update offer set state = %(state)s, reason = %(reason)s, settled_at = %(now)s"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        {
            "state": state,
            "reason": reason,
            "now": work.now,
            "organisation_id": offer.organisation_id,
            "id": offer.id,
        },
    )


async def put_words(work: Work, offer: Offer, text: str) -> None:
    """What somebody said when they declined."""
    await work.execute(
        "insert into offer_text (organisation_id, offer_id, text) values (%(organisation_id)s, %(id)s, %(text)s)",
        {"organisation_id": offer.organisation_id, "id": offer.id, "text": text},
    )


async def words_of(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """What was said when these offers were declined."""
    rows = await work.rows(
        "select offer_id, text from offer_text where organisation_id = %(organisation_id)s and offer_id = any(%(ids)s)",
        {"organisation_id": organisation_id, "ids": list(ids)},
    )
    return {row["offer_id"]: row["text"] for row in rows}


async def forget_words(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> None:
    """Forget what was said when these cases were declined."""
    await work.execute(
        "delete from offer_text t using offer o where t.organisation_id = %(organisation_id)s"
        " and o.organisation_id = t.organisation_id and o.id = t.offer_id and o.case_id = any(%(case_ids)s)",
        {"organisation_id": organisation_id, "case_ids": list(case_ids)},
    )


async def offers_of_case(work: Work, organisation_id: UUID, case_id: UUID) -> list[Offer]:
    return await work.all(
        Offer,
        f"select {_OFFER} from offer where organisation_id = %(organisation_id)s and case_id = %(case_id)s"
        " order by made_at, id",
        {"organisation_id": organisation_id, "case_id": case_id},
    )


async def standing_of_case(work: Work, organisation_id: UUID, case_id: UUID) -> Offer | None:
    """The offer of a case that waits for an answer; there is at most one. Locked."""
    return await work.one(
        Offer,
        f"select {_OFFER} from offer where organisation_id = %(organisation_id)s and case_id = %(case_id)s"
        " and state = 'offered' for update",
        {"organisation_id": organisation_id, "case_id": case_id},
    )


async def offers_to(work: Work, person_id: UUID) -> list[Offer]:
    """What is put before a person now."""
    return await work.all(
        Offer,
        f"select {_OFFER} from offer where organisation_id = any(%(organisations)s) and person_id = %(person)s"
        " and state = 'offered' order by expires_at, id limit 50",
        {"organisations": list(work.actor.organisations), "person": person_id},
    )


async def standing_offers(work: Work, organisations: Sequence[UUID], limit: int) -> list[Offer]:
    """What is put before anybody now."""
    return await work.all(
        Offer,
        f"select {_OFFER} from offer where organisation_id = any(%(organisations)s) and state = 'offered'"
        " order by expires_at, id limit %(limit)s",
        {"organisations": list(organisations), "limit": limit},
    )


async def expired_offers(work: Work, organisations: Sequence[UUID], limit: int) -> list[Offer]:
    """Offers nobody answered in time."""
    return await work.all(
        Offer,
        f"select {_OFFER} from offer where organisation_id = any(%(organisations)s) and state = 'offered'"
        " and expires_at < %(now)s order by expires_at limit %(limit)s",
        {"organisations": list(organisations), "now": work.now, "limit": limit},
    )


async def moot_offers(work: Work, organisations: Sequence[UUID], limit: int) -> list[Offer]:
    """Offers of work that is done, or that somebody took meanwhile without being offered it."""
    return await work.all(
        Offer,
        f"select {_OFFER} from offer o where organisation_id = any(%(organisations)s) and state = 'offered'"
        " and exists (select from cases c where c.organisation_id = o.organisation_id and c.id = o.case_id"
        " and (c.state <> 'open' or (o.round is not null and c.holder_department is null))) limit %(limit)s",
        {"organisations": list(organisations), "limit": limit},
    )


async def missed_in_a_row(work: Work, organisation_id: UUID, person_id: UUID, since: datetime) -> int:
    """How many offers a person let pass since a moment, and since they last answered one."""
    params = {"organisation_id": organisation_id, "person": person_id, "since": since}
    missed: int = await work.value(
        "select count(*) from offer o where o.organisation_id = %(organisation_id)s and o.person_id = %(person)s"
        " and o.state = 'expired' and o.settled_at >= %(since)s and not exists (select from offer a"
        " where a.organisation_id = o.organisation_id and a.person_id = o.person_id"
        " and a.state in ('accepted', 'declined') and a.settled_at >= o.settled_at)",
        params,
    )
    return missed


_SHOWN = (
    "select o.organisation_id, o.id, o.case_id, o.person_id, o.purpose, o.kind, o.round, o.made_at, o.expires_at,"
    " c.reference, c.priority, c.channel, c.language, c.department_id, c.reason, p.kind as promise_kind,"
    " p.due_at as promise_due_at from offer o"
    " join cases c on c.organisation_id = o.organisation_id and c.id = o.case_id"
    " left join promise p on p.organisation_id = c.organisation_id and p.id = c.next_promise_id"
    " where o.organisation_id = any(%(organisations)s) and o.state = 'offered'"
)


async def shown_to(work: Work, person_id: UUID) -> list[dict[str, Any]]:
    """What is put before a person now, with what they should see of each case; the first to answer first."""
    return await work.rows(
        _SHOWN + " and o.person_id = %(person)s order by o.expires_at, o.id limit 50",
        {"organisations": list(work.actor.organisations), "person": person_id},
    )


async def shown_standing(work: Work, organisations: Sequence[UUID], limit: int) -> list[dict[str, Any]]:
    """What is put before anybody now, with what should be seen of each case."""
    return await work.rows(
        _SHOWN + " order by o.expires_at, o.id limit %(limit)s",
        {"organisations": list(organisations), "limit": limit},
    )


async def shown_unwanted(work: Work, organisations: Sequence[UUID], limit: int) -> list[dict[str, Any]]:
    """Cases that wait in a department after everybody who could take them was asked, the longest first."""
    return await work.rows(
        "select r.organisation_id, r.case_id, r.exhausted_at, c.reference, c.priority, c.department_id,"
        " p.kind as promise_kind, p.due_at as promise_due_at from offer_round r"
        " join cases c on c.organisation_id = r.organisation_id and c.id = r.case_id"
        " left join promise p on p.organisation_id = c.organisation_id and p.id = c.next_promise_id"
        " where r.organisation_id = any(%(organisations)s) and r.exhausted_at is not null and c.state = 'open'"
        " and c.holder_department is not null and c.held_since = r.held_since"
        " order by r.exhausted_at, r.case_id limit %(limit)s",
        {"organisations": list(organisations), "limit": limit},
    )
