"""The SQL of rule tables and of what they decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ahadi.base.ids import uuid7
from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class TableVersion:
    """One version of an organisation's rules; `rows` are as people write them. `why` was said when it was published."""

    version: int
    state: str
    rows: list[dict[str, Any]]
    note: str | None
    made_by: UUID | None
    made_at: datetime
    published_at: datetime | None
    published_by: UUID | None
    why: str | None


_VERSION = "version, state, rows, note, made_by, made_at, published_at, published_by, why"


async def published_version(work: Work, organisation_id: UUID) -> int | None:
    """The number of the rules in force, or None."""
    found = await in_force(work, organisation_id)
    return found[0] if found else None


async def in_force(work: Work, organisation_id: UUID) -> tuple[int, UUID] | None:
    """The number and id of the rules in force, or None."""
    row = await work.row(
        "select version, id from rule_table where organisation_id = %(organisation_id)s and state = 'published'",
        {"organisation_id": organisation_id},
    )
    return (row["version"], row["id"]) if row else None


async def get_version(work: Work, organisation_id: UUID, version: int, *, lock: bool = False) -> TableVersion | None:
    return await work.one(
        TableVersion,
        f"select {_VERSION} from rule_table where organisation_id = %(organisation_id)s and version = %(version)s"
        + (" for update" if lock else ""),
        {"organisation_id": organisation_id, "version": version},
    )


async def versions_of(work: Work, organisation_id: UUID, before: int | None, limit: int) -> list[TableVersion]:
    """All versions, newest first."""
    return await work.all(
        TableVersion,
        f"select {_VERSION} from rule_table where organisation_id = %(organisation_id)s"
        " and version < coalesce(%(before)s, 2147483647) order by version desc limit %(limit)s",
        {"organisation_id": organisation_id, "before": before, "limit": limit},
    )


async def insert_draft(work: Work, organisation_id: UUID, rows: Sequence[Mapping[str, Any]], note: str | None) -> int:
    """A new draft; its number."""
    await work.execute("lock table rule_table in share row exclusive mode")
    version: int = await work.value(
        "insert into rule_table (organisation_id, version, id, state, rows, note, made_by, made_at)"
        " select %(organisation_id)s, coalesce(max(version), 0) + 1, %(id)s, 'draft', %(rows)s, %(note)s, %(made_by)s,"
        " %(now)s from rule_table where organisation_id = %(organisation_id)s returning version",
        {
            "organisation_id": organisation_id,
            "id": uuid7(),
            "rows": orjson.dumps(list(rows)).decode(),
            "note": note,
            "made_by": work.actor.person_id,
            "now": work.now,
        },
    )
    return version


async def publish(work: Work, organisation_id: UUID, version: int, why: str | None) -> None:
    """Put a version in force; the one before it retires."""
    params = {
        "organisation_id": organisation_id,
        "version": version,
        "now": work.now,
        "by": work.actor.person_id,
        "why": why,
    }
    await work.execute(
        "update rule_table set state = 'retired' where organisation_id = %(organisation_id)s and state = 'published'",
        params,
    )
    await work.execute(
        "update rule_table set state = 'published', published_at = %(now)s, published_by = %(by)s, why = %(why)s"
        " where organisation_id = %(organisation_id)s and version = %(version)s",
        params,
    )


async def insert_fact(
    work: Work,
    organisation_id: UUID,
    case_id: UUID,
    version: int,
    rule_id: str | None,
    request: Mapping[str, Any],
    department_id: UUID | None,
    skill: str | None = None,
) -> None:
    row = {
        "organisation_id": organisation_id,
        "case_id": case_id,
        "at": work.now,
        "version": version,
        "rule_id": rule_id,
        "request": dict(request),
        "department_id": department_id,
        "skill": skill,
    }
    work.put("routing_fact", row, conflict="do nothing")


@dataclass(frozen=True, slots=True)
class Fact:
    """What was asked, and decided."""

    case_id: UUID
    at: datetime
    rule_id: str | None
    request: dict[str, Any]
    department_id: UUID | None

    @property
    def chosen(self) -> bool:
        """Whether the customer chose the department, so that no rule decided it."""
        return bool(self.request.get("chosen"))


async def facts_of(work: Work, organisation_id: UUID, limit: int) -> list[Fact]:
    """The newest decisions."""
    return await work.all(
        Fact,
        "select case_id, at, rule_id, request, department_id from routing_fact"
        " where organisation_id = %(organisation_id)s order by at desc limit %(limit)s",
        {"organisation_id": organisation_id, "limit": limit},
    )


async def forget_heard(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> None:
    """Forget which phrases of the rules the customers of these cases said."""
    await work.execute(
        "update routing_fact set request = request || '{\"heard\": []}' where organisation_id = %(organisation_id)s"
        " and case_id = any(%(case_ids)s)",
        {"organisation_id": organisation_id, "case_ids": list(case_ids)},
    )
