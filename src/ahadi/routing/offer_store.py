"""The SQL of offers: a case put before one person now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Offer:
    """A case put before a person until `expires_at` (business time, UTC)."""

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


_OFFER = "organisation_id, id, case_id, person_id, purpose, state, made_at, expires_at, settled_at, reason"


async def insert_offer(work: Work, offer: Offer) -> None:
    await work.execute(
        "insert into offer (organisation_id, id, case_id, person_id, purpose, state, made_at, expires_at) values"
        " (%(organisation_id)s, %(id)s, %(case_id)s, %(person_id)s, %(purpose)s, %(state)s, %(made_at)s,"
        " %(expires_at)s)",
        {
            "organisation_id": offer.organisation_id,
            "id": offer.id,
            "case_id": offer.case_id,
            "person_id": offer.person_id,
            "purpose": offer.purpose,
            "state": offer.state,
            "made_at": offer.made_at,
            "expires_at": offer.expires_at,
        },
    )


async def find_offer(work: Work, offer_id: UUID) -> Offer | None:
    """An offer among the actor's organisations, locked."""
    return await work.one(
        Offer,
        f"select {_OFFER} from offer where organisation_id = any(%(organisations)s) and id = %(id)s for update",
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


async def offers_of_case(work: Work, organisation_id: UUID, case_id: UUID) -> list[Offer]:
    return await work.all(
        Offer,
        f"select {_OFFER} from offer where organisation_id = %(organisation_id)s and case_id = %(case_id)s"
        " order by made_at, id",
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


async def expired_offers(work: Work, organisations: Sequence[UUID], limit: int) -> list[Offer]:
    """Offers nobody answered in time."""
    return await work.all(
        Offer,
        f"select {_OFFER} from offer where organisation_id = any(%(organisations)s) and state = 'offered'"
        " and expires_at < %(now)s order by expires_at limit %(limit)s",
        {"organisations": list(organisations), "now": work.now, "limit": limit},
    )
