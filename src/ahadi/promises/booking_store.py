"""The SQL of bookings, of the time that is taken, and of attempts to call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from ahadi.platform.database import Work
from ahadi.promises.capacity import Taken

Kind = Literal["callback", "visit"]
Wish = Literal["department", "specialist", "manager", "person"]
_COLUMNS = (
    "b.organisation_id, b.id, b.case_id, b.promise_id, b.kind, b.wish, b.department_id, b.seat, b.starts_at, b.ends_at,"
    " b.sequence, b.remind_at, b.made_at, b.ended_at"
)


@dataclass(frozen=True, slots=True)
class Booking:
    """A call or a visit booked for a time, UTC. It stands while `promise_id` is open; `seat` keeps time for it."""

    organisation_id: UUID
    id: UUID
    case_id: UUID
    promise_id: UUID
    kind: Kind
    wish: Wish
    department_id: UUID | None
    seat: UUID
    starts_at: datetime
    ends_at: datetime
    sequence: int
    remind_at: datetime | None
    made_at: datetime
    ended_at: datetime | None = None

    @property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at


async def hold_capacity(work: Work, organisation_id: UUID) -> None:
    """Let nobody else book in this organisation until the end of the transaction. Lock the case first."""
    await work.execute(
        "select pg_advisory_xact_lock(hashtextextended('bookings of ' || %(id)s::text, 0))", {"id": organisation_id}
    )


async def taken(
    work: Work, organisation_id: UUID, first: datetime, last: datetime, call: timedelta, but: UUID | None = None
) -> list[Taken]:
    """What is promised between two moments, but for one booking: bookings that stand, and calls owed by then.

    A call that was promised without a time of its own takes the last `call` before it is due. Where a booking's
    promise was handed over, it is its new owner's time.
    """
    rows = await work.rows(
        "select b.id, b.starts_at, b.ends_at, coalesce(p.owner_person, b.seat) as seat, b.department_id as department"
        " from booking b join promise p on p.organisation_id = b.organisation_id and p.id = b.promise_id"
        " where b.organisation_id = %(id)s and b.ended_at is null and b.ends_at > %(first)s"
        " and b.starts_at < %(last)s and p.state = 'open' and b.id is distinct from %(but)s"
        " union all"
        " select p.id, p.due_at - %(call)s, p.due_at, p.owner_person, coalesce(p.owner_department, c.department_id)"
        " from promise p join cases c on c.organisation_id = p.organisation_id and c.id = p.case_id"
        " where p.organisation_id = %(id)s and p.state = 'open' and p.kind = 'callback' and p.due_at > %(first)s"
        " and p.due_at < %(last)s and not exists (select from booking b where b.organisation_id = p.organisation_id"
        " and b.promise_id = p.id)",
        {"id": organisation_id, "first": first, "last": last, "call": call, "but": but},
    )
    return [Taken(**row) for row in rows]


async def get_booking(work: Work, booking_id: UUID) -> Booking | None:
    """A booking among the actor's organisations."""
    return await work.one(
        Booking,
        f"select {_COLUMNS} from booking b where b.organisation_id = any(%(organisations)s) and b.id = %(id)s",
        {"organisations": list(work.actor.organisations), "id": booking_id},
    )


async def bookings_of(work: Work, organisation_id: UUID, case_id: UUID) -> list[Booking]:
    """The bookings of a case that stand, the next one first."""
    return await work.all(
        Booking,
        f"select {_COLUMNS} from booking b join promise p on p.organisation_id = b.organisation_id"
        " and p.id = b.promise_id where b.organisation_id = %(id)s and b.case_id = %(case)s and b.ended_at is null"
        " and p.state = 'open' order by b.starts_at, b.id",
        {"id": organisation_id, "case": case_id},
    )


async def bookings_of_promises(work: Work, organisation_id: UUID, promises: Sequence[UUID]) -> list[Booking]:
    """The bookings that these promises stand for."""
    return await work.all(
        Booking,
        f"select {_COLUMNS} from booking b where b.organisation_id = %(id)s and b.promise_id = any(%(promises)s)"
        " and b.ended_at is null order by b.starts_at, b.id",
        {"id": organisation_id, "promises": list(promises)},
    )


def insert_booking(work: Work, booking: Booking) -> None:
    work.put("booking", {name: getattr(booking, name) for name in Booking.__dataclass_fields__})


async def carry_booking(work: Work, booking: Booking, case_id: UUID, promise_id: UUID) -> None:
    """The booking belongs to another case, whose promise stands for it."""
    await work.execute(
        "update booking set case_id = %(case)s, promise_id = %(promise)s"
        " where organisation_id = %(organisation)s and id = %(id)s",
        {
            "organisation": booking.organisation_id,
            "id": booking.id,
            "case": case_id,
            "promise": promise_id,
        },
    )


async def update_booking(work: Work, booking: Booking) -> None:
    """Write when it is, which promise stands for it, and whether it still stands."""
    await work.execute(
        "update booking set promise_id = %(promise)s, seat = %(seat)s, starts_at = %(starts)s, ends_at = %(ends)s,"
        " sequence = %(sequence)s, remind_at = %(remind)s, ended_at = %(ended)s, wish = %(wish)s,"
        " department_id = %(department)s where organisation_id = %(org)s and id = %(id)s",
        {
            "promise": booking.promise_id,
            "seat": booking.seat,
            "starts": booking.starts_at,
            "ends": booking.ends_at,
            "sequence": booking.sequence,
            "remind": booking.remind_at,
            "ended": booking.ended_at,
            "wish": booking.wish,
            "department": booking.department_id,
            "org": booking.organisation_id,
            "id": booking.id,
        },
    )


async def to_remind(work: Work, organisations: Sequence[UUID], now: datetime, limit: int) -> list[Booking]:
    """Bookings whose customer is to be reminded by now, earliest first."""
    return await work.all(
        Booking,
        f"select r.* from unnest(%(organisations)s::uuid[]) as o (id) cross join lateral (select {_COLUMNS}"
        " from booking b where b.organisation_id = o.id and b.remind_at <= %(now)s order by b.remind_at"
        " limit %(limit)s) r order by r.remind_at limit %(limit)s",
        {"organisations": list(organisations), "now": now, "limit": limit},
    )


# Calling ---------------------------------------------------------------------------------------------------------


def insert_attempt(work: Work, row: dict[str, Any]) -> None:
    work.put("call_attempt", row)


async def attempts_so_far(work: Work, organisation_id: UUID, promise_id: UUID) -> int:
    """How often the customer was called in vain before this promise took the place of the last."""
    return (
        await work.value(
            "select max(number) from call_attempt where organisation_id = %(id)s and next_promise_id = %(promise)s",
            {"id": organisation_id, "promise": promise_id},
        )
        or 0
    )


async def calls_owed(
    work: Work,
    organisations: Sequence[UUID],
    *,
    people: Sequence[UUID] | None = None,
    departments: Sequence[UUID] | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Calls that are promised, the next due first, each with its case, its time, and the last attempt in vain.

    Of these people and departments together, or all of them where neither is named.
    """
    owned = people is not None or departments is not None
    clause = " and (p.owner_person = any(%(people)s) or p.owner_department = any(%(departments)s))" if owned else ""
    clause += " and (p.due_at, p.id) > (%(after_at)s, %(after_id)s)" if after else ""
    return await work.rows(
        "select q.*, t.text, ct.subject, ct.fields, b.id as booking_id, b.starts_at, b.ends_at, b.seat,"
        " a.number as attempts, a.outcome as last_outcome, a.at as last_at,"
        " (select count(*) from promise x where x.organisation_id = q.organisation_id and x.case_id = q.case_id"
        " and x.state = 'broken') as broken"
        " from (select r.* from unnest(%(organisations)s::uuid[]) as o (id) cross join lateral"
        " (select p.organisation_id, p.id, p.case_id, p.due_at, p.owner_person, p.owner_department, c.reference,"
        " c.customer_id, c.language, c.contacts, c.department_id, c.holder_person, c.holder_department, c.priority"
        " from promise p join cases c on c.organisation_id = p.organisation_id and c.id = p.case_id"
        f" where p.organisation_id = o.id and p.state = 'open' and p.kind = 'callback'{clause}"
        " order by p.due_at, p.id limit %(limit)s) r order by r.due_at, r.id limit %(limit)s) q"
        " left join promise_text t on t.organisation_id = q.organisation_id and t.promise_id = q.id"
        " left join case_text ct on ct.organisation_id = q.organisation_id and ct.case_id = q.case_id"
        " left join booking b on b.organisation_id = q.organisation_id and b.promise_id = q.id"
        " left join lateral (select number, outcome, at from call_attempt a"
        " where a.organisation_id = q.organisation_id and a.next_promise_id = q.id order by number desc limit 1) a"
        " on true order by q.due_at, q.id",
        {
            "organisations": list(organisations),
            "people": list(people or ()),
            "departments": list(departments or ()),
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
        },
    )
