"""Saying which organisations' rows may be seen: the setting that row-level security reads, and that nothing else sets.

It holds until the transaction ends. Unset, it lets nothing be seen.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

VISIBLE = "visible_organisations"
"""The parameter of a statement that stands alone."""
_SEE = f"select set_config('ahadi.organisations', %({VISIBLE})s, true)"
_SEE_BY_KEY = _SEE + ", set_config('plan_cache_mode', 'force_generic_plan', true)"


async def set_organisations(
    connection: AsyncConnection[Any], organisations: Sequence[UUID], *, by_key: bool = False
) -> None:
    """Say it for this transaction; `by_key` as in `Database.work`."""
    await connection.execute(_SEE_BY_KEY if by_key else _SEE, {VISIBLE: visible(organisations)})


async def set_person(connection: AsyncConnection[Any], person_id: UUID) -> None:
    """Say for this transaction whose own memberships may be read, before any organisation is known."""
    await connection.execute("select set_config('ahadi.person', %(person)s, true)", {"person": str(person_id)})


def visible(organisations: Sequence[UUID]) -> str:
    """The organisations as the setting holds them, an array of PostgreSQL's."""
    return "{" + ",".join(map(str, organisations)) + "}"


@lru_cache(512)
def standing_alone(select: LiteralString) -> LiteralString:
    """A `select` that says itself, by its parameter VISIBLE, what it may see: one message instead of three.

    The setting is made in a row of its own. What is selected refers to that row and cannot be drawn into it
    (`offset 0`), so it is read afterwards, whatever the plan; read before, it would be empty.
    """
    return (
        f"select found.* from ({_SEE} as visible offset 0) said, lateral"
        f" (select asked.* from ({select}) asked where said.visible is not null offset 0) found"
    )
