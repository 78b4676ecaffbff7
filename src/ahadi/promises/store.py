"""The SQL of the watch: what is due, who owns what, notices and offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi.base.ids import uuid7
from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Due:
    """An open promise whose time is near or past."""

    organisation_id: UUID
    case_id: UUID
    promise_id: UUID
    due_at: datetime


async def due_before(work: Work, organisations: Sequence[UUID], before: datetime, limit: int) -> list[Due]:
    """Open promises due before a moment, earliest first: one index scan an organisation."""
    return await work.all(
        Due,
        "select r.* from unnest(%(organisations)s::uuid[]) as o (id) cross join lateral"
        " (select p.organisation_id, p.case_id, p.id as promise_id, p.due_at from promise p"
        " where p.organisation_id = o.id and p.state = 'open' and p.due_at < %(before)s"
        " order by p.due_at, p.id limit %(limit)s) r order by r.due_at limit %(limit)s",
        {"organisations": list(organisations), "before": before, "limit": limit},
    )


async def to_announce(
    work: Work, organisations: Sequence[UUID], now: datetime, before: datetime, limit: int
) -> list[Due]:
    """Open promises due soon of which the owner was not reminded, or the customer not warned, though it is time."""
    return await work.all(
        Due,
        "select r.* from unnest(%(organisations)s::uuid[]) as o (id) cross join lateral"
        " (select p.organisation_id, p.case_id, p.id as promise_id, p.due_at from promise p"
        " where p.organisation_id = o.id and p.state = 'open' and p.due_at >= %(now)s and p.due_at < %(before)s"
        " and ((p.reminded_at is null and p.due_at - greatest(least((p.due_at - p.made_at) / 4, interval '1 hour'),"
        " interval '5 minutes') <= %(now)s)"
        " or (p.warned_at is null and p.due_at - greatest(least((p.due_at - p.made_at) / 10, interval '15 minutes'),"
        " interval '2 minutes') <= %(now)s))"
        " order by p.due_at, p.id limit %(limit)s) r order by r.due_at limit %(limit)s",
        {"organisations": list(organisations), "now": now, "before": before, "limit": limit},
    )


async def owners(work: Work, organisation_id: UUID) -> dict[UUID, int]:
    """People who own open promises here, and how many: by a loose scan of the index, one step an owner."""
    rows = await work.rows(
        "with recursive o as ((select owner_person as person from promise where organisation_id = %(id)s"
        " and state = 'open' and owner_person is not null order by owner_person limit 1) union all"
        " select (select owner_person from promise where organisation_id = %(id)s and state = 'open'"
        " and owner_person > o.person order by owner_person limit 1) from o where o.person is not null)"
        " select o.person, (select count(*) from promise where organisation_id = %(id)s and state = 'open'"
        " and owner_person = o.person) as owned from o where o.person is not null",
        {"id": organisation_id},
    )
    return {row["person"]: row["owned"] for row in rows}


async def owned_until(
    work: Work, organisation_id: UUID, people: Sequence[UUID], until: Sequence[datetime | None], limit: int
) -> list[dict[str, Any]]:
    """Open promises of each person that are due before the moment they are back (all of them where that is null)."""
    return await work.rows(
        "select l.person, r.* from unnest(%(people)s::uuid[], %(until)s::timestamptz[]) as l (person, until)"
        " cross join lateral (select p.case_id, p.id as promise_id, p.due_at from promise p"
        " where p.organisation_id = %(id)s and p.state = 'open' and p.owner_person = l.person"
        " and p.due_at < coalesce(l.until, 'infinity') order by p.due_at limit %(limit)s) r",
        {"id": organisation_id, "people": list(people), "until": list(until), "limit": limit},
    )


async def held_open(work: Work, organisation_id: UUID, person_id: UUID, limit: int) -> list[UUID]:
    """Open cases somebody holds."""
    rows = await work.rows(
        "select id from cases where organisation_id = %(id)s and holder_person = %(person)s and state = 'open'"
        " order by changed_at desc limit %(limit)s",
        {"id": organisation_id, "person": person_id, "limit": limit},
    )
    return [row["id"] for row in rows]


async def holders(work: Work, organisation_id: UUID) -> list[UUID]:
    """People who hold open cases here."""
    rows = await work.rows(
        "with recursive o as ((select holder_person as person from cases where organisation_id = %(id)s"
        " and state = 'open' and holder_person is not null order by holder_person limit 1) union all"
        " select (select holder_person from cases where organisation_id = %(id)s and state = 'open'"
        " and holder_person > o.person order by holder_person limit 1) from o where o.person is not null)"
        " select person from o where person is not null",
        {"id": organisation_id},
    )
    return [row["person"] for row in rows]


# Notices -----------------------------------------------------------------------------------------------------


async def notify(
    work: Work,
    organisation_id: UUID,
    person_id: UUID,
    kind: str,
    case_id: UUID | None,
    promise_id: UUID | None = None,
    other: UUID | None = None,
    subject: UUID | None = None,
) -> None:
    """Something a person must see: of a case, or else of the rota (`subject` is the swap or request)."""
    id_ = uuid7()
    work.put(
        "notice",
        {
            "organisation_id": organisation_id,
            "id": id_,
            "person_id": person_id,
            "kind": kind,
            "case_id": case_id,
            "promise_id": promise_id,
            "other_person": other,
            "subject_id": subject,
            "at": work.now,
        },
    )
    work.record(
        "notice.given",
        organisation_id,
        case_id=case_id,
        subject_id=id_,
        person=person_id,
        about=kind,
        promise_id=promise_id,
        other=other,
    )


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person must see: a promise handed over to or from them, a reminder, an escalation; or of the rota, then
    without a case."""

    organisation_id: UUID
    id: UUID
    kind: str
    case_id: UUID | None
    reference: str | None
    promise_id: UUID | None
    other_person: UUID | None
    at: datetime
    seen_at: datetime | None


async def notices_of(work: Work, person_id: UUID, limit: int) -> list[Notice]:
    """What a person has not seen yet, newest first, in all their organisations."""
    return await work.all(
        Notice,
        "select n.organisation_id, n.id, n.kind, n.case_id, c.reference, n.promise_id, n.other_person, n.at, n.seen_at"
        " from notice n left join cases c on c.organisation_id = n.organisation_id and c.id = n.case_id"
        " where n.organisation_id = any(%(organisations)s) and n.person_id = %(person)s and n.seen_at is null"
        " order by n.at desc, n.id desc limit %(limit)s",
        {"organisations": list(work.actor.organisations), "person": person_id, "limit": limit},
    )


async def count_unseen(work: Work, person_id: UUID, most: int) -> int:
    """How many notices a person has not seen yet, counted up to `most`."""
    counted: int = await work.value(
        # Ordered as the index is, so that a person with none is found by it whatever everybody else has.
        "select count(*) from unnest(%(organisations)s::uuid[]) as o (id) cross join lateral (select from notice n"
        " where n.organisation_id = o.id and n.person_id = %(person)s and n.seen_at is null"
        " order by n.at desc limit %(most)s) unseen",
        {"organisations": list(work.actor.organisations), "person": person_id, "most": most},
    )
    return counted


async def mark_seen(work: Work, person_id: UUID, ids: Sequence[UUID]) -> None:
    """These were seen; whatever else shows them to the person hears of it."""
    rows = await work.rows(
        "update notice set seen_at = %(now)s where organisation_id = any(%(organisations)s)"
        " and person_id = %(person)s and id = any(%(ids)s) and seen_at is null returning organisation_id",
        {
            "now": work.now,
            "organisations": list(work.actor.organisations),
            "person": person_id,
            "ids": list(ids),
        },
    )
    for organisation_id in sorted({row["organisation_id"] for row in rows}):
        work.record("notice.seen", organisation_id, person=str(person_id))
