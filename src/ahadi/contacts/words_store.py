"""The SQL of finding messages by their words. The index is made after the message, by whoever follows the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.base.text import words
from ahadi.platform.database import Work

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


async def find_messages(
    work: Work, organisation_id: UUID, wanted: Sequence[Sequence[str]], limit: int
) -> list[FoundMessage]:
    """The newest messages that hold, of each group of beginnings of words, at least one; at most one of a case."""
    groups = [" | ".join(f"'{each}':*" for each in group) for group in wanted]
    query = " & ".join([*(f"({group})" for group in groups), f"'{organisation_id}'"])
    return await work.all(
        FoundMessage,
        "select q.organisation_id, q.message_id, q.case_id, q.at, t.body from (select distinct on (m.case_id)"
        " w.organisation_id, w.message_id, m.case_id, w.at from (select organisation_id, message_id, at"
        " from message_words where organisation_id = %(organisation_id)s and words @@ %(query)s::tsquery"
        " order by at desc, message_id desc limit %(looked_at)s) w join message m"
        " on m.organisation_id = w.organisation_id and m.id = w.message_id and m.case_id is not null"
        " order by m.case_id, w.at desc) q"
        " join message_text t on t.organisation_id = q.organisation_id and t.message_id = q.message_id"
        " order by q.at desc, q.message_id desc limit %(limit)s",
        {"organisation_id": organisation_id, "query": query, "limit": limit, "looked_at": limit * 4},
    )


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
