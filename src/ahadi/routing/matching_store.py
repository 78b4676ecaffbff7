"""The SQL of matching: the work that waits in departments, who has how much of it, and the rounds it went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ahadi.platform.database import Work
from ahadi.routing.matching import Kind
from ahadi.routing.offering import Offering, offering_from

# What an organisation chose ------------------------------------------------------------------------------------


async def offering_of(work: Work, organisation_id: UUID) -> Offering:
    """How an organisation offers work; as usual (nothing is offered) where it said nothing."""
    row = await work.row(
        "select settings from offer_setting where organisation_id = %(organisation_id)s",
        {"organisation_id": organisation_id},
    )
    return offering_from(row["settings"] if row else {})


async def offerings_of(work: Work, organisations: Sequence[UUID]) -> dict[UUID, Offering]:
    """How those of the organisations that said anything offer work."""
    rows = await work.rows(
        "select organisation_id, settings from offer_setting where organisation_id = any(%(organisations)s)",
        {"organisations": list(organisations)},
    )
    return {row["organisation_id"]: offering_from(row["settings"]) for row in rows}


async def put_offering(work: Work, organisation_id: UUID, offering: Offering) -> None:
    await work.execute(
        "insert into offer_setting (organisation_id, settings, changed_at) values (%(organisation_id)s, %(settings)s,"
        " %(now)s) on conflict (organisation_id) do update set settings = excluded.settings,"
        " changed_at = excluded.changed_at",
        {
            "organisation_id": organisation_id,
            "settings": orjson.dumps(offering.plain()).decode(),
            "now": work.now,
        },
    )


# Work that waits -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that a department holds and nobody is asked about now, with its round so far."""

    case_id: UUID
    department_id: UUID
    customer_id: UUID
    reason: str | None
    language: str
    channel: str
    priority: str
    held_since: datetime
    due_at: datetime
    skill: str | None
    number: int | None
    round_held_since: datetime | None
    began_at: datetime | None
    given_by: UUID | None
    exhausted_at: datetime | None
    told_at: datetime | None


_WAITING = (
    "select c.id as case_id, c.holder_department as department_id, c.customer_id, c.reason, c.language, c.channel,"
    " c.priority, c.held_since, p.due_at, f.skill, r.number, r.held_since as round_held_since, r.began_at, r.given_by,"
    " r.exhausted_at, r.told_at from cases c"
    " join promise p on p.organisation_id = c.organisation_id and p.id = c.next_promise_id"
    " left join routing_fact f on f.organisation_id = c.organisation_id and f.case_id = c.id"
    " left join offer_round r on r.organisation_id = c.organisation_id and r.case_id = c.id"
    " where c.organisation_id = %(organisation_id)s and c.state = 'open'"
)


async def waiting(
    work: Work, organisation_id: UUID, departments: Sequence[UUID], offset: int, limit: int
) -> list[Waiting]:
    """What waits in departments: the most urgent first, then what was promised for the earliest time."""
    return await work.all(
        Waiting,
        _WAITING + " and c.holder_department = any(%(departments)s) and not exists (select from offer o"
        " where o.organisation_id = c.organisation_id and o.case_id = c.id and o.state = 'offered')"
        " order by array_position(array['urgent', 'high', 'normal', 'low'], c.priority::text), p.due_at, c.id"
        " limit %(limit)s offset %(offset)s",
        {"organisation_id": organisation_id, "departments": list(departments), "offset": offset, "limit": limit},
    )


async def waiting_one(work: Work, organisation_id: UUID, case_id: UUID) -> Waiting | None:
    """One case of a department, whether or not somebody is asked about it; None where a person holds it."""
    return await work.one(
        Waiting,
        _WAITING + " and c.holder_department is not null and c.id = %(case_id)s",
        {"organisation_id": organisation_id, "case_id": case_id},
    )


async def asked_in(work: Work, organisation_id: UUID, rounds: Mapping[UUID, int]) -> dict[UUID, frozenset[UUID]]:
    """Who was asked about each case in this round of it."""
    rows = await work.rows(
        "select o.case_id, o.person_id from unnest(%(cases)s::uuid[], %(numbers)s::int[]) as r (case_id, number)"
        " join offer o on o.organisation_id = %(organisation_id)s and o.case_id = r.case_id and o.round = r.number",
        {"organisation_id": organisation_id, "cases": list(rounds), "numbers": list(rounds.values())},
    )
    found: dict[UUID, set[UUID]] = {}
    for row in rows:
        found.setdefault(row["case_id"], set()).add(row["person_id"])
    return {case: frozenset(people) for case, people in found.items()}


async def last_handlers(
    work: Work, organisation_id: UUID, customers: Sequence[UUID], since: datetime
) -> dict[UUID, UUID]:
    """Who handled each customer's cases last, since a moment."""
    rows = await work.rows(
        "select distinct on (customer_id) customer_id, holder_person from cases"
        " where organisation_id = %(organisation_id)s and customer_id = any(%(customers)s)"
        " and holder_person is not null and changed_at >= %(since)s order by customer_id, changed_at desc, id desc",
        {"organisation_id": organisation_id, "customers": list(customers), "since": since},
    )
    return {row["customer_id"]: row["holder_person"] for row in rows}


async def handed_in_by(work: Work, organisation_id: UUID, case_id: UUID, held_since: datetime) -> UUID | None:
    """The person who gave a case to the department that holds it, where one did."""
    found: UUID | None = await work.value(
        "select actor_id from journal where organisation_id = %(organisation_id)s and case_id = %(case_id)s"
        " and kind = 'case.held' and at = %(since)s and actor_kind = 'person' order by seq desc limit 1",
        {"organisation_id": organisation_id, "case_id": case_id, "since": held_since},
    )
    return found


async def put_round(work: Work, organisation_id: UUID, case_id: UUID, **values: Any) -> None:
    """The round a case is in: `number`, `held_since`, `began_at`, `given_by`, `exhausted_at`, `told_at`."""
    await work.execute(
        "insert into offer_round (organisation_id, case_id, number, held_since, began_at, given_by, exhausted_at,"
        " told_at) values (%(organisation_id)s, %(case_id)s, %(number)s, %(held_since)s, %(began_at)s, %(given_by)s,"
        " %(exhausted_at)s, %(told_at)s) on conflict (organisation_id, case_id) do update set number = excluded.number,"
        " held_since = excluded.held_since, began_at = excluded.began_at, given_by = excluded.given_by,"
        " exhausted_at = excluded.exhausted_at, told_at = excluded.told_at",
        {"organisation_id": organisation_id, "case_id": case_id, **values},
    )


# People --------------------------------------------------------------------------------------------------------


async def serving(work: Work, people: Sequence[UUID]) -> list[UUID]:
    """Which of the actor's organisations any of these people serve."""
    rows = await work.rows(
        "select distinct organisation_id from membership where organisation_id = any(%(organisations)s)"
        " and person_id = any(%(people)s) and active",
        {"organisations": list(work.actor.organisations), "people": list(people)},
    )
    return [row["organisation_id"] for row in rows]


async def lock_people(work: Work, people: Sequence[UUID]) -> None:
    """Hold these people, in one order, until the end of the transaction: nobody else counts what they have."""
    await work.execute(
        "select id from person where id = any(%(people)s) order by id for no key update", {"people": list(people)}
    )


async def loads(work: Work, people: Sequence[UUID]) -> dict[UUID, dict[Kind, int]]:
    """What each of these people has of each kind, in all of the actor's organisations: cases they hold, and offers."""
    rows = await work.rows(
        "select person, kind, sum(many)::int as many from (select holder_person as person,"
        " case when channel = 'chat' then 'chat' else 'case' end as kind, count(*) as many from cases"
        " where organisation_id = any(%(organisations)s) and holder_person = any(%(people)s) and state = 'open'"
        " group by 1, 2 union all select person_id, kind, count(*) from offer"
        " where organisation_id = any(%(organisations)s) and person_id = any(%(people)s) and state = 'offered'"
        " group by 1, 2) as each group by 1, 2",
        {"organisations": list(work.actor.organisations), "people": list(people)},
    )
    found: dict[UUID, dict[Kind, int]] = {}
    for row in rows:
        found.setdefault(row["person"], {})[row["kind"]] = row["many"]
    return found


@dataclass(frozen=True, slots=True)
class Present:
    """A person's presence, since when, and when they were last offered something or had done with it."""

    person_id: UUID
    presence: str
    presence_since: datetime | None
    busy_until: datetime | None


async def present(work: Work, people: Sequence[UUID], since: datetime) -> dict[UUID, Present]:
    """How these people are now; what they were offered before `since` is forgotten."""
    rows = await work.all(
        Present,
        "select p.id as person_id, p.presence, p.presence_since, (select max(greatest(o.made_at, o.settled_at,"
        " o.finished_at)) from offer o where o.organisation_id = any(%(organisations)s) and o.person_id = p.id"
        " and o.made_at >= %(since)s) as busy_until from person p where p.id = any(%(people)s)",
        {"organisations": list(work.actor.organisations), "people": list(people), "since": since},
    )
    return {each.person_id: each for each in rows}
