"""The SQL of exports: what is written of an organisation, kind by kind, from one snapshot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from ahadi.platform.database import Database, set_organisations

_ROWS_AT_ONCE: Final = 200
_CHUNKS_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: the table it is in, and columns that are left out.

    Left out are secrets (encrypted settings, hashes of tokens), what is true of this database only (transaction ids)
    and what the database works out by itself (search words).
    """

    name: str
    table: str
    left_out: frozenset[str] = frozenset()
    where: str = "organisation_id = %(organisation_id)s"


def _kind(name: str, table: str | None = None, *left_out: str) -> Kind:
    return Kind(name, table or name.removesuffix("s"), frozenset(left_out))


_PEOPLE = "id in (select person_id from membership where organisation_id = %(organisation_id)s)"
KINDS: Final = (
    Kind("organisation", "organisation", where="id = %(organisation_id)s"),
    _kind("departments"),
    Kind("people", "person", frozenset({"presence", "presence_since"}), _PEOPLE),
    _kind("memberships"),
    _kind("department_members"),
    _kind("shift_patterns"),
    _kind("shifts"),
    _kind("absences"),
    _kind("shift_cuts"),
    _kind("leave_requests"),
    _kind("swaps"),
    _kind("on_call", "on_call"),
    _kind("reasons"),
    _kind("rule_tables"),
    _kind("rule_drafts"),
    _kind("templates"),
    _kind("mail_addresses", "mail_address"),
    _kind("mailboxes", "mailbox", "settings"),
    _kind("channel_settings", "channel_setting", "settings"),
    _kind("blocked_senders"),
    _kind("tokens", "token", "hash"),
    _kind("sign_in_providers", "sign_in_provider", "secret"),
    _kind("sign_in_links", "sign_in_link"),
    _kind("actings", "acting"),
    _kind("webhooks", "webhook", "secret"),
    _kind("webhook_deliveries", "webhook_delivery"),
    _kind("customers", "customer", "folded"),
    _kind("identities", "identity"),
    _kind("consents"),
    _kind("entitlements"),
    _kind("customer_merges"),
    _kind("likely_duplicates"),
    _kind("cases", "cases"),
    _kind("case_texts", "case_text", "folded"),
    _kind("promises"),
    _kind("promise_texts"),
    _kind("routing_facts"),
    _kind("notices"),
    _kind("logos"),
    _kind("offers"),
    _kind("offer_settings"),
    _kind("offer_texts"),
    _kind("offer_rounds"),
    _kind("wrap_ups"),
    _kind("bookings"),
    _kind("call_attempts"),
    _kind("contacts"),
    _kind("messages", "message", "leased_until"),
    _kind("message_texts"),
    _kind("attachments"),
    _kind("files"),
    _kind("chats", "chat", "token_hash"),
    _kind("chat_events"),
    _kind("canned_replies", "canned_reply"),
    _kind("macros"),
    _kind("drafts"),
    _kind("saved_views"),
    _kind("mail_threads"),
    _kind("automatic_replies", "automatic_reply"),
    _kind("quarantine", "quarantine"),
    _kind("retention", "retention"),
    _kind("import_runs"),
    _kind("import_rows"),
    _kind("journal", "journal", "xid"),
    _kind("journal_followers"),
    _kind("jobs", "job", "leased_until"),
)
PIECES: Final = "file_chunk"  # the bytes of files, which are written as files
NOT_WRITTEN: Final = frozenset({"message_words", "vocabulary", "vocabulary_near", "at_case", "notification"})
"""Tables that are worked out from others, who is looking at a case at this moment, and what was told of notices."""


@asynccontextmanager
async def snapshot(database: Database, organisation_id: UUID) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection that sees one organisation as it is at this moment, whatever others change meanwhile."""
    async with database.connection() as connection, connection.transaction():
        await connection.execute("set transaction isolation level repeatable read, read only")
        await set_organisations(connection, [organisation_id])
        await connection.execute("select set_config('TimeZone', 'UTC', true)")
        yield connection


async def records(connection: AsyncConnection[Any], organisation_id: UUID, kind: Kind) -> AsyncIterator[str]:
    """Every record of a kind as JSON, a few at a time, in the order of their keys."""
    query = await _query(connection, kind)
    async with connection.cursor("export", row_factory=tuple_row) as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        await cursor.execute(query, {"organisation_id": organisation_id})
        async for (record,) in cursor:
            yield record


async def _query(connection: AsyncConnection[Any], kind: Kind) -> Composed:
    cursor = connection.cursor(row_factory=tuple_row)
    await cursor.execute(
        "select a.attname, a.attnum = any(i.indkey) from pg_attribute a"
        " join pg_index i on i.indrelid = a.attrelid and i.indisprimary"
        " where a.attrelid = %(table)s::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''"
        " order by a.attnum",
        {"table": kind.table},
    )
    columns = await cursor.fetchall()
    shown = SQL(", ").join(Identifier(name) for name, _ in columns if name not in kind.left_out)
    keys = SQL(", ").join(Identifier(name) for name, is_key in columns if is_key)
    return SQL("select row_to_json(r)::text from (select {} from {} where {} order by {}) r").format(
        shown,
        Identifier(kind.table),
        SQL(kind.where),
        keys,
    )


async def chunks(connection: AsyncConnection[Any], organisation_id: UUID) -> AsyncIterator[tuple[UUID, int, bytes]]:
    """The bytes of every file, in pieces: file by file, each from its beginning."""
    async with connection.cursor("export", row_factory=tuple_row) as cursor:
        cursor.itersize = _CHUNKS_AT_ONCE
        await cursor.execute(
            "select file_id, position, data from file_chunk where organisation_id = %(organisation_id)s"
            " order by file_id, position",
            {"organisation_id": organisation_id},
        )
        async for file_id, position, data in cursor:
            yield file_id, position, bytes(data)
