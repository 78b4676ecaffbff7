"""Saying which organisations' rows may be seen: the setting that row-level security reads, and that nothing else sets.

It holds until the transaction ends. Unset, it lets nothing be seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, AsyncCursor, Error

from ahadi.base.errors import NotSignedIn

VISIBLE = "visible_organisations"
"""The parameter of a statement that stands alone."""
_SEE = f"select set_config('ahadi.organisations', %({VISIBLE})s, true)"
_SEE_BY_KEY = _SEE + ", set_config('plan_cache_mode', 'force_generic_plan', true)"


@dataclass(frozen=True, slots=True)
class Standing:
    """What must hold in the database for somebody to be who they say: ` from … where …`, which has a row or none.

    It is asked by the statement that says what may be seen. Where it does not hold nothing is said, so nothing can be
    seen or written, and NotSignedIn is raised with the sentence `refusal`.
    """

    holds: LiteralString
    params: Mapping[str, Any]
    refusal: str

    async def ask(self, connection: AsyncConnection[Any]) -> None:
        """Ask by a statement of its own; raises NotSignedIn."""
        await self.look_at(await connection.execute(f"select 1{self.holds}", self.params))

    async def look_at(self, said: AsyncCursor[Any]) -> None:
        """Look at the answer of the statement that asked; raises NotSignedIn, whatever failed after it for that."""
        try:
            holds = await said.fetchone() is not None
        except Error as problem:
            if said.rowcount == 0:
                raise NotSignedIn(self.refusal) from problem
            raise
        if not holds:
            raise NotSignedIn(self.refusal)


async def set_organisations(
    connection: AsyncConnection[Any],
    organisations: Sequence[UUID],
    *,
    by_key: bool = False,
    standing: Standing | None = None,
) -> AsyncCursor[Any]:
    """Say it for this transaction; `by_key` as in `Database.work`. Where `standing` does not hold nothing is said, and
    the answer has no row."""
    sql = _SEE_BY_KEY if by_key else _SEE
    params: dict[str, Any] = {VISIBLE: visible(organisations)}
    if standing is not None:
        sql, params = sql + standing.holds, params | dict(standing.params)
    return await connection.execute(sql, params)


async def set_person(connection: AsyncConnection[Any], person_id: UUID) -> None:
    """Say for this transaction whose own memberships may be read, before any organisation is known."""
    await connection.execute("select set_config('ahadi.person', %(person)s, true)", {"person": str(person_id)})


def visible(organisations: Sequence[UUID]) -> str:
    """The organisations as the setting holds them, an array of PostgreSQL's."""
    return "{" + ",".join(map(str, organisations)) + "}"


@lru_cache(512)
def standing_alone(select: LiteralString, holds: LiteralString = "") -> LiteralString:
    """A `select` that says itself, by its parameter VISIBLE, what it may see: one message instead of three.

    `holds` as in Standing: where that has no row nothing is selected.

    The setting is made in a row of its own. What is selected refers to that row and cannot be drawn into it
    (`offset 0`), so it is read afterwards, whatever the plan; read before, it would be empty.
    """
    return (
        f"select found.* from ({_SEE} as visible{holds} offset 0) said, lateral"
        f" (select asked.* from ({select}) asked where said.visible is not null offset 0) found"
    )
