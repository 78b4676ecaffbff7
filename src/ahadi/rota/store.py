"""The SQL of absences asked for, of swaps, and of calendar feeds (a global table, like credentials)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work
from ahadi.rota.model import LeaveRequest, Swap

_LEAVE = "organisation_id, id, person_id, starts_at, ends_at, kind, state, made_at, settled_at, settled_by"
_SWAP = (
    "organisation_id, id, person_id, to_person, department_id, starts_at, ends_at, state, made_at, taken_by, taken_at,"
    " settled_at, settled_by"
)


def insert_leave(work: Work, request: LeaveRequest) -> None:
    work.put("leave_request", {name: getattr(request, name) for name in LeaveRequest.__dataclass_fields__})


async def leave_request(work: Work, organisation_id: UUID, request_id: UUID) -> LeaveRequest | None:
    """A request, locked until the end of the transaction."""
    return await work.one(
        LeaveRequest,
        f"select {_LEAVE} from leave_request where organisation_id = %(org)s and id = %(id)s for update",
        {"org": organisation_id, "id": request_id},
    )


async def leave_asked(work: Work, organisations: Sequence[UUID], person_id: UUID | None = None) -> list[LeaveRequest]:
    """Requests that wait, the earliest absence first; of one person where one is named."""
    return await work.all(
        LeaveRequest,
        f"select {_LEAVE} from leave_request where organisation_id = any(%(orgs)s) and state = 'asked'"
        " and (%(person)s::uuid is null or person_id = %(person)s) order by starts_at, id limit 200",
        {"orgs": list(organisations), "person": person_id},
    )


async def leave_of(work: Work, organisations: Sequence[UUID], person_id: UUID, limit: int = 20) -> list[LeaveRequest]:
    """What a person asked for, the latest first."""
    return await work.all(
        LeaveRequest,
        f"select {_LEAVE} from leave_request where organisation_id = any(%(orgs)s) and person_id = %(person)s"
        " order by made_at desc, id desc limit %(limit)s",
        {"orgs": list(organisations), "person": person_id, "limit": limit},
    )


async def settle_leave(work: Work, request: LeaveRequest) -> None:
    await work.execute(
        "update leave_request set state = %(state)s, settled_at = %(at)s, settled_by = %(by)s"
        " where organisation_id = %(org)s and id = %(id)s",
        {
            "state": request.state,
            "at": request.settled_at,
            "by": request.settled_by,
            "org": request.organisation_id,
            "id": request.id,
        },
    )


# Swaps ----------------------------------------------------------------------------------------------------------


def insert_swap(work: Work, swap: Swap) -> None:
    work.put("swap", {name: getattr(swap, name) for name in Swap.__dataclass_fields__})


async def get_swap(work: Work, organisation_id: UUID, swap_id: UUID) -> Swap | None:
    """A swap, locked until the end of the transaction."""
    return await work.one(
        Swap,
        f"select {_SWAP} from swap where organisation_id = %(org)s and id = %(id)s for update",
        {"org": organisation_id, "id": swap_id},
    )


async def swaps_open(work: Work, organisations: Sequence[UUID], now: datetime) -> list[Swap]:
    """Swaps offered or waiting for a manager whose shift has not begun, the earliest shift first."""
    return await work.all(
        Swap,
        f"select {_SWAP} from swap where organisation_id = any(%(orgs)s) and state in ('offered', 'accepted')"
        " and starts_at > %(now)s order by starts_at, id limit 200",
        {"orgs": list(organisations), "now": now},
    )


async def swaps_of(work: Work, organisations: Sequence[UUID], person_id: UUID, limit: int = 20) -> list[Swap]:
    """What a person offered, the latest first."""
    return await work.all(
        Swap,
        f"select {_SWAP} from swap where organisation_id = any(%(orgs)s) and person_id = %(person)s"
        " order by made_at desc, id desc limit %(limit)s",
        {"orgs": list(organisations), "person": person_id, "limit": limit},
    )


async def update_swap(work: Work, swap: Swap) -> None:
    """Write how far it is."""
    await work.execute(
        "update swap set state = %(state)s, taken_by = %(taken_by)s, taken_at = %(taken_at)s,"
        " settled_at = %(settled_at)s, settled_by = %(settled_by)s where organisation_id = %(org)s and id = %(id)s",
        {
            "state": swap.state,
            "taken_by": swap.taken_by,
            "taken_at": swap.taken_at,
            "settled_at": swap.settled_at,
            "settled_by": swap.settled_by,
            "org": swap.organisation_id,
            "id": swap.id,
        },
    )


async def organisation_of_swap(work: Work, organisations: Sequence[UUID], swap_id: UUID) -> UUID | None:
    """Whose swap it is, of these organisations."""
    found: UUID | None = await work.value(
        "select organisation_id from swap where organisation_id = any(%(orgs)s) and id = %(id)s",
        {"orgs": list(organisations), "id": swap_id},
    )
    return found


async def organisation_of_leave(work: Work, organisations: Sequence[UUID], request_id: UUID) -> UUID | None:
    """Whose request it is, of these organisations."""
    found: UUID | None = await work.value(
        "select organisation_id from leave_request where organisation_id = any(%(orgs)s) and id = %(id)s",
        {"orgs": list(organisations), "id": request_id},
    )
    return found


# Calendar feeds -------------------------------------------------------------------------------------------------


async def put_feed(work: Work, person_id: UUID, hashed: bytes) -> None:
    """The one address at which a person's calendar is fetched; an older one is worthless from now on."""
    await work.execute(
        "insert into calendar_feed (person_id, hash, made_at) values (%(id)s, %(hash)s, %(now)s)"
        " on conflict (person_id) do update set hash = excluded.hash, made_at = excluded.made_at",
        {"id": person_id, "hash": hashed, "now": work.real_now},
    )


async def remove_feed(work: Work, person_id: UUID) -> bool:
    gone = await work.value("delete from calendar_feed where person_id = %(id)s returning true", {"id": person_id})
    return bool(gone)


async def feed_made_at(work: Work, person_id: UUID) -> datetime | None:
    """Since when a person's calendar can be fetched."""
    at: datetime | None = await work.value(
        "select made_at from calendar_feed where person_id = %(id)s", {"id": person_id}
    )
    return at


async def person_of_feed(work: Work, hashed: bytes) -> UUID | None:
    """Whose calendar this is, unless they are gone from the whole installation."""
    found: UUID | None = await work.value(
        "select f.person_id from calendar_feed f join person p on p.id = f.person_id and p.active"
        " where f.hash = %(hash)s",
        {"hash": hashed},
    )
    return found
