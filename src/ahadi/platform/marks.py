"""Marks of life: when something that must keep running last ran, in real time. Silence is what an alarm is made of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Mark:
    """When `name` last ran, and what it said of itself."""

    name: str
    at: datetime
    facts: dict[str, Any]


async def mark(work: Work, name: str, **facts: Any) -> None:
    """Say that `name` runs, now."""
    await work.execute(
        "insert into mark (name, at, facts) values (%(name)s, %(at)s, %(facts)s)"
        " on conflict (name) do update set at = greatest(mark.at, excluded.at), facts = excluded.facts",
        {"name": name, "at": work.real_now, "facts": orjson.dumps(facts).decode()},
    )


async def marks(work: Work) -> dict[str, Mark]:
    """Every mark, by name."""
    return {each.name: each for each in await work.all(Mark, "select name, at, facts from mark")}
