"""The SQL of what waits: open cases that a department holds, by department and the skill that their rule asked for.

A number and the list behind it are counted and read by one clause, so that they say the same.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from ahadi.platform.database import Work

_PLACES: Final = {
    "waiting": "true",
    "offered": "o.id is not null",
    "refused": "r.exhausted_at is not null",
}
PLACES = tuple(_PLACES)
"""Waiting: nobody has it. Of those, offered: somebody is asked now; refused: everybody who could take it was asked."""

_QUEUE: Final = (
    " from cases c left join routing_fact f on f.organisation_id = c.organisation_id and f.case_id = c.id"
    " left join offer o on o.organisation_id = c.organisation_id and o.case_id = c.id and o.state = 'offered'"
    " left join offer_round r on r.organisation_id = c.organisation_id and r.case_id = c.id"
    " and r.held_since = c.held_since where c.organisation_id = any(%(organisations)s) and c.state = 'open'"
    " and c.holder_department is not null"
)


async def count_queues(work: Work, organisations: Sequence[UUID], department: UUID | None) -> list[dict[str, Any]]:
    """What waits by organisation, department and skill: a column for each of `PLACES`, since when the oldest waits,
    and its reference."""
    counts = ", ".join(f"count(*) filter (where {clause}) as {name}" for name, clause in _PLACES.items())
    held = " and c.holder_department = %(department)s" if department else ""
    return await work.rows(
        f"select c.organisation_id, c.holder_department, f.skill, {counts}, min(c.held_since) as since,"
        f" (array_agg(c.reference order by c.held_since, c.id))[1] as oldest{_QUEUE}{held} group by 1, 2, 3",
        {"organisations": list(organisations), "department": department},
    )


async def queued(work: Work, organisation_id: UUID, places: Sequence[str], skills: Sequence[str]) -> list[UUID]:
    """The cases that are in any of these places (or wait at all) and ask for one of these skills (`none`: for none)."""
    clauses = " or ".join(_PLACES[each] for each in places) or "true"
    asked = " and (f.skill = any(%(skills)s) or (%(none)s and f.skill is null))" if skills else ""
    rows = await work.rows(
        f"select c.id{_QUEUE} and ({clauses}){asked}",
        {"organisations": [organisation_id], "skills": list(skills), "none": "none" in skills},
    )
    return [row["id"] for row in rows]
