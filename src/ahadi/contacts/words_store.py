"""The SQL of finding messages by their words. The index is made after the message, by whoever follows the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from ahadi.base.text import words
from ahadi.platform.database import Work
from ahadi.platform.words import Asked, ask_for

_MOST_WORDS = 2_000  # of one message


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message that holds the words, of the case it belongs to."""

    organisation_id: UUID
    message_id: UUID
    case_id: UUID
    at: datetime
    body: str


async def index_messages(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> set[str]:
    """Make the words of these cases' messages findable, those that are not yet; all words that were added."""
    rows = await work.rows(
        "select m.id, m.at, t.subject, t.body from message m join message_text t"
        " on t.organisation_id = m.organisation_id and t.message_id = m.id"
        " where m.organisation_id = %(organisation_id)s and m.case_id = any(%(cases)s)"
        " and (t.body <> '' or t.subject is not null) and not exists (select from message_words w"
        " where w.organisation_id = m.organisation_id and w.message_id = m.id)",
        {"organisation_id": organisation_id, "cases": list(case_ids)},
    )
    added: set[str] = set()
    for row in rows:
        found = sorted({each[:60] for each in words(f"{row['subject'] or ''} {row['body']}")})[:_MOST_WORDS]
        added.update(found)
        work.put(
            "message_words",
            {
                "organisation_id": organisation_id,
                "message_id": row["id"],
                "at": row["at"],
                "words": " ".join(f"'{each}'" for each in [*found, str(organisation_id)]),
            },
            conflict="do nothing",
        )
    return added


@dataclass(frozen=True, slots=True)
class FoundMessages:
    """The newest message of each case that holds the words, newest first. `more` says that older ones may hold them
    too, which were not looked at."""

    newest: Sequence[FoundMessage] = ()
    more: bool = False


async def find_messages(
    work: Work, organisation_id: UUID, wanted: Sequence[Sequence[str]], limit: int
) -> FoundMessages:
    """The newest messages that hold, of each group of beginnings of words, at least one; at most one of a case.

    At most `limit` cases, and of four times as many messages.
    """
    query = await ask_for(work, "message_words", _SAMPLE, organisation_id, wanted)
    hits = await _newest(work, organisation_id, query, limit * 4)
    found = await work.all(
        FoundMessage,
        "select q.*, t.body from (select * from (select distinct on (m.case_id)"
        " m.organisation_id, m.id as message_id, m.case_id, h.at from"
        " unnest(%(ids)s::uuid[], %(at)s::timestamptz[]) as h (id, at) join message m"
        " on m.organisation_id = %(organisation_id)s and m.id = h.id and m.case_id is not null"
        " order by m.case_id, h.at desc, h.id desc) d order by d.at desc, d.message_id desc limit %(limit)s) q"
        " join message_text t on t.organisation_id = q.organisation_id and t.message_id = q.message_id"
        " order by q.at desc, q.message_id desc",
        {
            "organisation_id": organisation_id,
            "ids": [each["message_id"] for each in hits],
            "at": [each["at"] for each in hits],
            "limit": limit,
        },
    )
    return FoundMessages(found, more=len(hits) == limit * 4 or len(found) == limit)


_FAR = 3  # times as many as should do are passed along
_PASS = 1.2  # microseconds for a message that is passed along
_AMPLE = 1.4  # times as many as are wanted should stand in the while that is looked at


async def _newest(work: Work, organisation_id: UUID, query: Asked, wanted: int) -> list[dict[str, Any]]:
    """The newest messages that fit, `wanted` of them where there are so many.

    Words that stand in many messages are looked for along the newest ones. Others the index finds, and only those of
    the last while are read: as long as the wanted number should take, and longer where it held too few.
    """
    values = {
        "organisation_id": organisation_id,
        "whole": query.whole,
        "index": query.index,
        "wanted": wanted,
        "since": None,
    }
    ample = _AMPLE * wanted / max(query.fitting, 1.0)
    if _PASS * query.passed(wanted) < query.by_index(ample):
        found = await work.rows(_ALONG, {**values, "far": int(_FAR * wanted / query.share)})
        if len(found) == wanted:
            return found
    if ample < _WHOLE:
        first, last = await _span(work, organisation_id)
        while ample < _WHOLE:
            found = await work.rows(_BY_INDEX, {**values, "since": last - (last - first) * ample})
            if len(found) == wanted:
                return found
            ample *= max(2.0, _AMPLE * wanted / max(len(found), 1))
    return await work.rows(_BY_INDEX, values)


_WHOLE = 0.5  # of the time there are messages of: from there on all of it
_SAMPLE: LiteralString = (
    "select words from message_words where organisation_id = %(organisation_id)s"
    " order by at desc, message_id desc limit %(sample)s"
)
_ALONG: LiteralString = (
    "select w.message_id, w.at from (select message_id, at, words from message_words"
    " where organisation_id = %(organisation_id)s order by at desc, message_id desc limit %(far)s) w"
    " where ts_match_vq(w.words, %(whole)s::tsquery) order by w.at desc, w.message_id desc limit %(wanted)s"
)
# ts_match_vq is @@, but no index is asked for it. `materialized`, so that the order asked for does not make the planner
# walk along the newest after all.
_BY_INDEX: LiteralString = (
    "with held as materialized (select message_id, at from message_words where organisation_id = %(organisation_id)s"
    " and words @@ %(index)s::tsquery and ts_match_vq(words, %(whole)s::tsquery)"
    " and at >= coalesce(%(since)s::timestamptz, '-infinity'))"
    " select message_id, at from held order by at desc, message_id desc limit %(wanted)s"
)


async def _span(work: Work, organisation_id: UUID) -> tuple[datetime, datetime]:
    """When the organisation's oldest and newest message were said."""
    row = await work.row(
        "select (select at from message_words where organisation_id = %(organisation_id)s"
        " order by at, message_id limit 1) as first, (select at from message_words"
        " where organisation_id = %(organisation_id)s order by at desc, message_id desc limit 1) as last",
        {"organisation_id": organisation_id},
    )
    assert row is not None
    return (row["first"] or work.now, row["last"] or work.now)


async def forget_words(work: Work, organisation_id: UUID, message_ids: Sequence[UUID]) -> None:
    """These messages are found by their words no more."""
    await work.execute(
        "delete from message_words where organisation_id = %(organisation_id)s and message_id = any(%(ids)s)",
        {"organisation_id": organisation_id, "ids": list(message_ids)},
    )


async def still_said(work: Work, organisation_id: UUID, asked: Sequence[str]) -> set[str]:
    """Those of the words that some message still holds."""
    rows = await work.rows(
        "select a.word from unnest(%(words)s::text[]) as a (word) where exists (select from message_words w"
        " where w.words @@ (quote_literal(a.word) || ' & ' || quote_literal(%(organisation)s))::tsquery)",
        {"words": list(asked), "organisation": str(organisation_id)},
    )
    return {row["word"] for row in rows}
