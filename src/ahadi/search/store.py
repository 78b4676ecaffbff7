"""The SQL of the vocabulary and of saved views."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work
from ahadi.search.nearness import neighbours


async def learn(work: Work, organisation_id: UUID, words: Collection[str]) -> int:
    """Add words to the vocabulary; how many were new."""
    rows = await work.rows(
        "insert into vocabulary (organisation_id, word) select %(organisation_id)s, word from"
        " unnest(%(words)s::text[]) as given (word) on conflict do nothing returning word",
        {"organisation_id": organisation_id, "words": sorted(words)},
    )
    for row in rows:
        for near in sorted(neighbours(row["word"])):
            named = {"organisation_id": organisation_id, "near": near, "word": row["word"]}
            work.put("vocabulary_near", named, conflict="do nothing")
    return len(rows)


async def begins_a_word(work: Work, organisations: Sequence[UUID], typed: Sequence[str]) -> set[str]:
    """Those of what was typed that begin a word of the vocabulary, in any of the organisations."""
    rows = await work.rows(
        "select t.typed from unnest(%(typed)s::text[]) as t (typed) where exists (select from"
        " unnest(%(organisations)s::uuid[]) as o (id) cross join lateral (select from vocabulary v"
        " where v.organisation_id = o.id and v.word >= t.typed and v.word < t.typed || chr(1114111) limit 1) v)",
        {"organisations": list(organisations), "typed": list(typed)},
    )
    return {row["typed"] for row in rows}


async def near(work: Work, organisations: Sequence[UUID], typed: str) -> list[str]:
    """Words of the vocabulary that share a neighbour with what was typed."""
    rows = await work.rows(
        "select distinct n.word from vocabulary_near n where n.organisation_id = any(%(organisations)s)"
        " and n.near = any(%(neighbours)s) limit 500",
        {"organisations": list(organisations), "neighbours": sorted(neighbours(typed))},
    )
    return [row["word"] for row in rows]


async def words_after(work: Work, organisation_id: UUID, word: str, limit: int) -> list[str]:
    """The next words of the vocabulary, in their order."""
    rows = await work.rows(
        "select word from vocabulary where organisation_id = %(organisation_id)s and word > %(word)s"
        " order by word limit %(limit)s",
        {"organisation_id": organisation_id, "word": word, "limit": limit},
    )
    return [row["word"] for row in rows]


async def forget(work: Work, organisation_id: UUID, words: Collection[str]) -> None:
    """Take words out of the vocabulary."""
    await work.execute(
        "delete from vocabulary where organisation_id = %(organisation_id)s and word = any(%(words)s)",
        {"organisation_id": organisation_id, "words": list(words)},
    )


# Saved views ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SavedView:
    """A search that somebody keeps under a name; a shared one is seen by everybody of the organisation."""

    organisation_id: UUID
    id: UUID
    person_id: UUID
    name: str
    query: str
    shared: bool
    made_at: datetime


_VIEW = "organisation_id, id, person_id, name, query, shared, made_at"


def add_view(work: Work, view: SavedView) -> None:
    work.put("saved_view", {name: getattr(view, name) for name in _VIEW.split(", ")})


async def views_of(work: Work, organisations: Sequence[UUID], person_id: UUID) -> list[SavedView]:
    """A person's own views and those shared with them, by name."""
    return await work.all(
        SavedView,
        f"select {_VIEW} from saved_view where organisation_id = any(%(organisations)s)"
        " and (shared or person_id = %(person)s) order by name, id limit 200",
        {"organisations": list(organisations), "person": person_id},
    )


async def find_view(work: Work, organisations: Sequence[UUID], view_id: UUID) -> SavedView | None:
    """A view, locked."""
    return await work.one(
        SavedView,
        f"select {_VIEW} from saved_view where organisation_id = any(%(organisations)s) and id = %(id)s for update",
        {"organisations": list(organisations), "id": view_id},
    )


async def change_view(work: Work, view: SavedView) -> None:
    await work.execute(
        "update saved_view set name = %(name)s, query = %(query)s, shared = %(shared)s"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        {
            "name": view.name,
            "query": view.query,
            "shared": view.shared,
            "organisation_id": view.organisation_id,
            "id": view.id,
        },
    )


async def remove_view(work: Work, view: SavedView) -> None:
    await work.execute(
        "delete from saved_view where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": view.organisation_id, "id": view.id},
    )
