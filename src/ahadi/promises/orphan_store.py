"""What falls due or is booked while somebody would not be at work: told before their shift is changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from ahadi.platform.database import Work

Span = tuple[datetime, datetime]
MOST = 50


@dataclass(frozen=True, slots=True)
class Orphan:
    """A promise due, or a call or visit booked, in a time that its person would not work any more."""

    what: Literal["promise", "booking"]
    kind: str
    person: UUID
    case_id: UUID
    reference: str
    at: datetime


async def orphans_of(work: Work, organisation_id: UUID, lost: Mapping[UUID, Sequence[Span]]) -> list[Orphan]:
    """Open promises of these people due in these times, and bookings whose seat they are; the earliest first, 50 at
    most. A promise that stands for a booking is told as the booking."""
    spans = [(person, start, end) for person, held in lost.items() for start, end in held]
    if not spans:
        return []
    return await work.all(
        Orphan,
        "with lost as (select * from unnest(%(people)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])"
        " as l (person, starts_at, ends_at))"
        " select 'promise' as what, p.kind, l.person, p.case_id, c.reference, p.due_at as at from lost l"
        " join promise p on p.organisation_id = %(id)s and p.state = 'open' and p.owner_person = l.person"
        " and p.due_at > l.starts_at and p.due_at <= l.ends_at"
        " join cases c on c.organisation_id = p.organisation_id and c.id = p.case_id"
        " where not exists (select from booking b where b.organisation_id = p.organisation_id and b.promise_id = p.id)"
        " union"
        " select 'booking', b.kind, l.person, b.case_id, c.reference, b.starts_at from lost l"
        " join booking b on b.organisation_id = %(id)s and b.ended_at is null and b.starts_at < l.ends_at"
        " and b.ends_at > l.starts_at"
        " join promise p on p.organisation_id = b.organisation_id and p.id = b.promise_id and p.state = 'open'"
        " and coalesce(p.owner_person, b.seat) = l.person"
        " join cases c on c.organisation_id = b.organisation_id and c.id = b.case_id"
        " order by at, reference limit %(most)s",
        {
            "id": organisation_id,
            "people": [person for person, _, _ in spans],
            "starts": [start for _, start, _ in spans],
            "ends": [end for _, _, end in spans],
            "most": MOST,
        },
    )
