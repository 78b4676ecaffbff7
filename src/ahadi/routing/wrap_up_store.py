"""The SQL of the time after the work: offers that came to their end, and what they came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class WrapUp:
    """The time after a piece of work, in business time; `disposition` says what it came to, and is owed until then."""

    organisation_id: UUID
    id: UUID
    offer_id: UUID
    case_id: UUID
    person_id: UUID
    began_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    disposition: str | None
    said_at: datetime | None


@dataclass(frozen=True, slots=True)
class Done:
    """Work that was accepted and is not with that person any more; `by_them` where they finished it themselves."""

    organisation_id: UUID
    offer_id: UUID
    case_id: UUID
    person_id: UUID
    by_them: bool


_WRAP_UP = "organisation_id, id, offer_id, case_id, person_id, began_at, ends_at, ended_at, disposition, said_at"


async def done_with(work: Work, organisations: Sequence[UUID], limit: int) -> list[Done]:
    """Accepted offers whose case is resolved, or held by somebody else."""
    return await work.all(
        Done,
        "select o.organisation_id, o.id as offer_id, o.case_id, o.person_id, coalesce((select j.actor_kind = 'person'"
        " and j.actor_id = o.person_id from journal j where j.organisation_id = o.organisation_id"
        " and j.case_id = o.case_id and j.kind in ('case.resolved', 'case.held', 'case.merged')"
        " order by j.seq desc limit 1), false) as by_them from offer o"
        " join cases c on c.organisation_id = o.organisation_id and c.id = o.case_id"
        " where o.organisation_id = any(%(organisations)s) and o.state = 'accepted' and o.finished_at is null"
        " and (c.state <> 'open' or c.holder_person is distinct from o.person_id) order by o.id limit %(limit)s",
        {"organisations": list(organisations), "limit": limit},
    )


async def finish_offer(work: Work, organisation_id: UUID, offer_id: UUID) -> bool:
    """Whoever accepted an offer is done with it; whether nobody said so before."""
    found = await work.value(
        "update offer set finished_at = %(now)s where organisation_id = %(organisation_id)s and id = %(id)s"
        " and state = 'accepted' and finished_at is null returning true",
        {"organisation_id": organisation_id, "id": offer_id, "now": work.now},
    )
    return bool(found)


def insert_wrap_up(work: Work, wrap_up: WrapUp) -> None:
    work.put("wrap_up", {name: getattr(wrap_up, name) for name in WrapUp.__dataclass_fields__})


async def find_wrap_up(work: Work, wrap_up_id: UUID) -> WrapUp | None:
    """One of the actor's organisations', locked."""
    return await work.one(
        WrapUp,
        f"select {_WRAP_UP} from wrap_up where organisation_id = any(%(organisations)s) and id = %(id)s for update",
        {"organisations": list(work.actor.organisations), "id": wrap_up_id},
    )


async def wrap_ups_of(work: Work, person_id: UUID) -> list[WrapUp]:
    """What runs, or still wants a word from this person, the latest first."""
    return await work.all(
        WrapUp,
        f"select {_WRAP_UP} from wrap_up where organisation_id = any(%(organisations)s) and person_id = %(person)s"
        " and disposition is null order by began_at desc, id desc limit 50",
        {"organisations": list(work.actor.organisations), "person": person_id},
    )


async def owed(work: Work, organisation_id: UUID, limit: int) -> list[WrapUp]:
    """What anybody of an organisation still has to say of finished work, the oldest first."""
    return await work.all(
        WrapUp,
        f"select {_WRAP_UP} from wrap_up where organisation_id = %(organisation_id)s and disposition is null"
        " order by began_at, id limit %(limit)s",
        {"organisation_id": organisation_id, "limit": limit},
    )


async def shown_to(work: Work, person_id: UUID) -> list[dict[str, Any]]:
    """The wrap-ups of a person that run or still want a word, with the reference of each case, the latest first."""
    return await work.rows(
        "select w.organisation_id, w.id, w.case_id, w.began_at, w.ends_at, w.ended_at, c.reference from wrap_up w"
        " join cases c on c.organisation_id = w.organisation_id and c.id = w.case_id"
        " where w.organisation_id = any(%(organisations)s) and w.person_id = %(person)s and w.disposition is null"
        " order by w.began_at desc, w.id desc limit 20",
        {"organisations": list(work.actor.organisations), "person": person_id},
    )


async def running(work: Work, person_id: UUID, but: UUID) -> bool:
    """Whether other wrap-ups of a person run; `work` sees the organisations to be asked."""
    found = await work.value(
        "select true from wrap_up where organisation_id = any(%(organisations)s) and person_id = %(person)s"
        " and ended_at is null and id <> %(but)s limit 1",
        {"organisations": list(work.actor.organisations), "person": person_id, "but": but},
    )
    return bool(found)


async def over(work: Work, organisations: Sequence[UUID], limit: int) -> list[WrapUp]:
    """Wrap-ups whose time is over, or whose person says of themselves that it is."""
    return await work.all(
        WrapUp,
        "select w.organisation_id, w.id, w.offer_id, w.case_id, w.person_id, w.began_at, w.ends_at, w.ended_at,"
        " w.disposition, w.said_at from wrap_up w join person p on p.id = w.person_id"
        " where w.organisation_id = any(%(organisations)s) and w.ended_at is null"
        " and (w.ends_at <= %(now)s or p.presence <> 'wrap-up') order by w.ends_at, w.id limit %(limit)s",
        {"organisations": list(organisations), "now": work.now, "limit": limit},
    )


async def end(work: Work, wrap_up: WrapUp, disposition: str | None) -> None:
    """The time is over, where it was not, and what it came to is known, where it is said."""
    await work.execute(
        "update wrap_up set ended_at = coalesce(ended_at, %(now)s),"
        " disposition = coalesce(disposition, %(disposition)s),"
        " said_at = coalesce(said_at, case when %(disposition)s::text is not null then %(now)s::timestamptz end)"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        {
            "organisation_id": wrap_up.organisation_id,
            "id": wrap_up.id,
            "disposition": disposition,
            "now": work.now,
        },
    )
