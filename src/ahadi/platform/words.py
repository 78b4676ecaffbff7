"""Rows found by their `words tsvector`, newest first: by the index of words, or along the newest rows.

An inverted index finds few rows at once and many slowly: for the beginning of a word it first collects every row that
holds one, and for the organisation's own lexeme it walks along all rows of the organisation. So before a search the
planner is asked how many rows it expects for each word, and the newest rows are counted, because for the beginning of
many rare words the planner expects next to nothing. The index is then asked for what narrows, and the rest is looked
at in the rows; or, where the words are frequent, the newest rows are read until there are enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncCursor

from ahadi.platform.database import Work
from ahadi.platform.database.work import Params

SAMPLE: Final = 1_000  # of the newest rows
_TELLING, _CERTAIN = 5, 30  # so many of the sample say that there are no fewer, and how many there are
_NARROWS: Final = 0.1  # a word that more of the rows hold is not asked of the index, where there is another
_ALONE: Final = 0.3  # an organisation with so much of a table need not be told from the others by the index
_COLLECT: Final = 0.8  # microseconds for a row that the index collects


@dataclass(frozen=True, slots=True)
class Asked:
    """Beginnings of words as tsqueries: `whole`, and the part of it that an index is asked for.

    `rows` is how many the organisation has, as the planner thinks. Of those `share` fit the whole and `index_share` the
    part, both from 0 to 1; `collected` rows stand in the lists of the part's words.
    """

    whole: str
    index: str
    rows: float
    share: float
    index_share: float
    collected: float

    @property
    def fitting(self) -> float:
        """How many rows fit, about."""
        return self.rows * self.share

    def passed(self, wanted: int, of: float = 1.0) -> float:
        """How many of the newest rows are passed until so many fit, where `of` them come into question at all."""
        return min(self.rows, wanted / max(self.share * of, 1 / max(self.rows, 1.0)))

    def by_index(self, part: float = 1.0, *, each: float = 10.0) -> float:
        """Microseconds to collect by the index, and to read `part` of what it finds at so many a row."""
        return _COLLECT * self.collected + each * self.rows * self.index_share * min(1.0, part)


def beginnings(groups: Sequence[Sequence[str]]) -> list[str]:
    """The tsquery of each group: rows that hold a word which begins as one of the group does."""
    return ["(" + " | ".join(f"'{each}':*" for each in group) + ")" for group in groups]


def asked(
    groups: Sequence[str],
    organisation_id: UUID,
    *,
    expected: Sequence[float],
    rows: float,
    everywhere: float,
    counted: Sequence[int] = (),
    of: int = 0,
) -> Asked:
    """What to ask for, where the planner expects so many rows of each group. Pure.

    `rows` are the organisation's, `everywhere` those of all organisations. `counted` is how many of the `of` newest
    rows each group fits, and in the end how many all of them fit.
    """
    shares = [min(1.0, each / max(rows, 1.0)) for each in expected]
    shares = [_share(each, n, of) for each, n in zip(shares, counted or [0] * len(shares), strict=False)]
    together = 1.0
    for share in shares:
        together *= share
    together = _share(together, counted[-1] if counted else 0, of)
    narrow = [at for at, share in enumerate(shares) if share <= _NARROWS] or [shares.index(min(shares))]
    parts, index_share = [groups[at] for at in narrow], 1.0
    for at in narrow:
        index_share *= shares[at]
    collected = rows * sum(shares[at] for at in narrow)
    if rows < everywhere * _ALONE:
        parts.append(f"'{organisation_id}'")
    return Asked(" & ".join(groups), " & ".join(parts), rows, together, max(index_share, together), collected)


def _share(expected: float, counted: int, of: int) -> float:
    """The share that statistics expect, mended by what was counted."""
    if counted >= _CERTAIN:
        return counted / of
    return max(expected, counted / of) if counted >= _TELLING else expected


async def ask_for(
    work: Work, table: LiteralString, newest: LiteralString, organisation_id: UUID, wanted: Sequence[Sequence[str]]
) -> Asked:
    """What to ask of a table's words. `newest` is a `select` of the `words` of an organisation's newest rows, up to
    `%(sample)s` of them."""
    groups = beginnings(wanted)
    whole = " & ".join(groups)
    tried = [*groups, whole]
    values = {"organisation_id": organisation_id, "sample": SAMPLE} | {f"q{n}": each for n, each in enumerate(tried)}
    fits = ", ".join(f"count(*) filter (where ts_match_vq(s.words, %(q{n})s::tsquery))" for n in range(len(tried)))
    sample = await work.execute(f"select {fits}, count(*) from ({newest}) s", values)
    of_organisation = f"{_EXPLAIN} from {table} where organisation_id = %(organisation_id)s"
    looks = [f"{_EXPLAIN} from {table}", of_organisation]
    looks += [f"{of_organisation} and words @@ %(q{n})s::tsquery" for n in range(len(groups))]
    plans = [await work.execute(each, values) for each in looks]
    *counted, of = await sample.fetchone() or (0,)
    everywhere, rows, *expected = [await _expected(each) for each in plans]
    return asked(groups, organisation_id, expected=expected, rows=rows, everywhere=everywhere, counted=counted, of=of)


async def expect(work: Work, found: LiteralString, params: Params) -> float:
    """How many rows the planner expects of ` from … where …`."""
    return await _expected(await work.execute(f"{_EXPLAIN}{found}", params))


_EXPLAIN: LiteralString = "explain (format json) select"


async def _expected(asked: AsyncCursor[Any]) -> float:
    row = await asked.fetchone()
    return float(row[0][0]["Plan"]["Plan Rows"]) if row else 0.0
