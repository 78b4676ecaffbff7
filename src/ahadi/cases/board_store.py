"""The SQL of the board: promises by how near they are and what became of them, and who got in touch about what.

A number and the list behind it are counted and read by one clause, so that they say the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from ahadi.cases.store import PROMISE_COLUMNS
from ahadi.platform.database import Work

HALF_HOUR: Final = timedelta(minutes=30)
HOUR: Final = timedelta(hours=1)
TWO_HOURS: Final = timedelta(hours=2)

_DUE: Final = {
    "overdue": "p.due_at < %(now)s",
    "half-hour": "p.due_at >= %(now)s and p.due_at < %(half_hour)s",
    "two-hours": "p.due_at >= %(now)s and p.due_at < %(two_hours)s",
    "at-risk": "p.due_at < %(two_hours)s",
    "calls-overdue": "p.kind = 'callback' and p.due_at < %(now)s",
    "calls-hour": "p.kind = 'callback' and p.due_at >= %(now)s and p.due_at < %(hour)s",
}
_ENDED: Final = {
    "kept": "p.state = 'kept'",
    "renewed": "p.state = 'renewed'",
    "broken": "p.state = 'broken'",
    "ended": "p.state in ('kept', 'broken')",
}
DUE, ENDED = tuple(_DUE), tuple(_ENDED)
AWAY: Final = "away"
# One look-up a promise (`offset 0` keeps it so). Most due times ever stored are past, so the planner takes nearly every
# open promise for overdue, and would rather read all cases there are.
_CASE: Final = (
    " cross join lateral (select c.reference, c.reason, c.department_id, c.priority, c.holder_person,"
    " c.holder_department, c.state from cases c where c.organisation_id = {0}.organisation_id and c.id = {0}.case_id"
    " offset 0) c"
)
_OF_CASE: Final = _CASE.format("p")


@dataclass(frozen=True, slots=True)
class Where:
    """Whose: of these organisations, of one department responsible (`none`: of cases without one), or of any."""

    organisations: Sequence[UUID]
    department: UUID | Literal["none"] | None = None

    @property
    def clause(self) -> str:
        """Of cases `c`."""
        if self.department is None:
            return "true"
        return "c.department_id is null" if self.department == "none" else "c.department_id = %(department)s"


@dataclass(frozen=True, slots=True)
class Absent:
    """A time, in UTC, in which somebody who owns promises is not at work; without an end when that is not in sight."""

    organisation_id: UUID
    person: UUID
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, in UTC, of an organisation: `week` is how many weeks ago."""

    organisation_id: UUID
    week: int
    since: datetime
    until: datetime


def _params(work: Work, where: Where) -> dict[str, Any]:
    return {
        "organisations": list(where.organisations),
        "department": where.department if isinstance(where.department, UUID) else None,
        "now": work.now,
        "half_hour": work.now + HALF_HOUR,
        "hour": work.now + HOUR,
        "two_hours": work.now + TWO_HOURS,
    }


def _counts(clauses: Mapping[str, str]) -> str:
    return ", ".join(f'count(*) filter (where {clause}) as "{name}"' for name, clause in clauses.items())


# Promises -----------------------------------------------------------------------------------------------------


async def count_due(work: Work, where: Where) -> list[dict[str, Any]]:
    """Open promises that are overdue or soon due, by organisation and department: a column for each of `DUE`."""
    return await work.rows(
        f"select p.organisation_id, c.department_id, {_counts(_DUE)} from promise p{_OF_CASE}"
        " where p.organisation_id = any(%(organisations)s) and p.state = 'open' and p.due_at < %(two_hours)s"
        f" and {where.clause} group by 1, 2",
        _params(work, where),
    )


_AWAY = (
    "unnest(%(away_organisations)s::uuid[], %(away_people)s::uuid[], %(away_since)s::timestamptz[],"
    " %(away_until)s::timestamptz[]) as a (organisation_id, person, since, until) cross join lateral (select p.*"
    " from promise p where p.organisation_id = a.organisation_id and p.owner_person = a.person and p.state = 'open'"
    " and p.due_at >= a.since and p.due_at < coalesce(a.until, 'infinity') offset 0) p"
)


def _away(absent: Sequence[Absent]) -> dict[str, Any]:
    return {
        "away_organisations": [each.organisation_id for each in absent],
        "away_people": [each.person for each in absent],
        "away_since": [each.since for each in absent],
        "away_until": [each.until for each in absent],
    }


async def count_away(work: Work, where: Where, absent: Sequence[Absent]) -> list[dict[str, Any]]:
    """Open promises that fall due while their owner is away, by organisation and department."""
    return await work.rows(
        f"select p.organisation_id, c.department_id, count(*) as away from {_AWAY}{_OF_CASE}"
        f" where {where.clause} group by 1, 2",
        _params(work, where) | _away(absent),
    )


_SINCE = (
    "unnest(%(since_organisations)s::uuid[], %(since)s::timestamptz[]) as s (organisation_id, since) join promise p"
    " on p.organisation_id = s.organisation_id and p.state <> 'open' and p.settled_at >= s.since"
)


def _since(since: Mapping[UUID, datetime]) -> dict[str, Any]:
    return {"since_organisations": list(since), "since": list(since.values())}


async def count_ended(
    work: Work, where: Where, week: Mapping[UUID, datetime], today: Mapping[UUID, datetime]
) -> list[dict[str, Any]]:
    """What became of promises since the moment `week` names for each organisation, by department: for each of `ENDED`
    a column, and one for those since `today`."""
    lately = {f"{name} today": f"{clause} and p.settled_at >= t.since" for name, clause in _ENDED.items()}
    return await work.rows(
        f"select p.organisation_id, c.department_id, {_counts(_ENDED | lately)} from {_SINCE}"
        " join unnest(%(since_organisations)s::uuid[], %(today)s::timestamptz[]) as t (organisation_id, since)"
        f" on t.organisation_id = s.organisation_id{_OF_CASE} where {where.clause} group by 1, 2",
        _params(work, where) | _since(week) | {"today": [today[each] for each in week]},
    )


@dataclass(frozen=True, slots=True)
class BoardPromises:
    """Which promises are listed: one of `DUE`, `AWAY` with who is away, or one of `ENDED` since a moment. `after` is
    the sort key of the last one seen."""

    which: str
    where: Where
    absent: Sequence[Absent] = ()
    since: Mapping[UUID, datetime] | None = None
    after: tuple[datetime, UUID] | None = None
    limit: int = 50


async def list_board_promises(work: Work, wanted: BoardPromises) -> list[dict[str, Any]]:
    """The promises with their cases: open ones the earliest due first, the others the latest first."""
    ended = wanted.which in _ENDED
    key, order, sign = ("p.settled_at", " desc", "<") if ended else ("p.due_at", "", ">")
    source = _SINCE if ended else _AWAY if wanted.which == AWAY else "promise p"
    clauses = ["p.organisation_id = any(%(organisations)s)", wanted.where.clause]
    clauses += [] if ended else ["p.state = 'open'"]
    clauses += [_ENDED[wanted.which]] if ended else [_DUE[wanted.which]] if wanted.which != AWAY else []
    clauses += [f"({key}, p.id) {sign} (%(after_at)s, %(after_id)s)"] if wanted.after else []
    return await work.rows(
        f"select q.*, t.text, ct.subject from (select p.organisation_id, {PROMISE_COLUMNS}, {key} as sort_at,"
        " c.reference, c.department_id, c.priority, c.holder_person, c.holder_department, c.state as case_state"
        f" from {source}{_OF_CASE} where {' and '.join(clauses)} order by {key}{order}, p.id{order} limit %(limit)s) q"
        " left join promise_text t on t.organisation_id = q.organisation_id and t.promise_id = q.id"
        " left join case_text ct on ct.organisation_id = q.organisation_id and ct.case_id = q.case_id"
        f" order by q.sort_at{order}, q.id{order}",
        {
            **_params(work, wanted.where),
            **_away(wanted.absent),
            **_since(wanted.since or {}),
            "after_at": wanted.after[0] if wanted.after else None,
            "after_id": wanted.after[1] if wanted.after else None,
            "limit": wanted.limit,
        },
    )


# Contacts -----------------------------------------------------------------------------------------------------


_CAME = (
    "unnest(%(of)s::uuid[], %(weeks)s::int[], %(from)s::timestamptz[], %(until)s::timestamptz[])"
    " as w (organisation_id, week, since, until) cross join lateral (select k.organisation_id, k.id, k.case_id,"
    " k.channel, k.customer_id, k.started_at from contact k where k.organisation_id = w.organisation_id"
    " and k.direction = 'in' and not k.automatic and k.started_at >= w.since and k.started_at < w.until offset 0) k"
) + _CASE.format("k")


def _windows(windows: Sequence[Window]) -> dict[str, Any]:
    return {
        "of": [each.organisation_id for each in windows],
        "weeks": [each.week for each in windows],
        "from": [each.since for each in windows],
        "until": [each.until for each in windows],
    }


async def count_contacts(work: Work, where: Where, windows: Sequence[Window]) -> list[dict[str, Any]]:
    """How often customers got in touch in each window, by organisation, week and what about."""
    return await work.rows(
        f"select w.organisation_id, w.week, c.reason, count(*) as number from {_CAME}"
        f" where {where.clause} group by 1, 2, 3",
        _params(work, where) | _windows(windows),
    )


async def list_contacts(
    work: Work,
    where: Where,
    windows: Sequence[Window],
    reason: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """The contacts of these windows, the latest first: about one reason (`none`: about none that is known) or any."""
    about = {None: "true", "none": "c.reason is null"}.get(reason, "c.reason = %(reason)s")
    later = "(k.started_at, k.id) < (%(after_at)s, %(after_id)s)" if after else "true"
    return await work.rows(
        "select q.*, ct.subject from (select k.organisation_id, k.id, k.case_id, k.channel, k.started_at, c.reason,"
        f" c.reference, c.department_id from {_CAME} where {where.clause} and {about} and {later}"
        " order by k.started_at desc, k.id desc limit %(limit)s) q left join case_text ct"
        " on ct.organisation_id = q.organisation_id and ct.case_id = q.case_id order by q.started_at desc, q.id desc",
        {
            **_params(work, where),
            **_windows(windows),
            "reason": reason,
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
        },
    )


async def first_contacts(work: Work, organisations: Sequence[UUID]) -> dict[UUID, datetime]:
    """When somebody got in touch with each organisation for the first time."""
    rows = await work.rows(
        "select o.id, (select min(k.started_at) from contact k where k.organisation_id = o.id and k.direction = 'in'"
        " and not k.automatic) as at from unnest(%(organisations)s::uuid[]) as o (id)",
        {"organisations": list(organisations)},
    )
    return {row["id"]: row["at"] for row in rows if row["at"] is not None}


# Cases --------------------------------------------------------------------------------------------------------


async def count_held(work: Work, organisations: Sequence[UUID]) -> dict[UUID, int]:
    """How many open cases each person holds."""
    rows = await work.rows(
        "select holder_person, count(*) as number from cases where organisation_id = any(%(organisations)s)"
        " and state = 'open' and holder_person is not null group by 1",
        {"organisations": list(organisations)},
    )
    return {row["holder_person"]: row["number"] for row in rows}


async def departments_of_cases(
    work: Work, organisations: Sequence[UUID], case_ids: Sequence[UUID]
) -> dict[UUID, UUID | None]:
    """The department responsible for each of these cases."""
    rows = await work.rows(
        "select id, department_id from cases where organisation_id = any(%(organisations)s) and id = any(%(ids)s)",
        {"organisations": list(organisations), "ids": list(case_ids)},
    )
    return {row["id"]: row["department_id"] for row in rows}
