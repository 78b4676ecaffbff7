"""The SQL of mail taken in: whose address it is, who is blocked, what was put aside, and which mailboxes are read."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ahadi.base.ids import uuid7
from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address we take mail at, and whose it is."""

    address: str
    organisation_id: UUID
    department_id: UUID | None


async def owner_of(work: Work, address: str) -> MailAddress | None:
    """Whose mail address it is; asked before any organisation is known."""
    return await work.one(
        MailAddress,
        "select address, organisation_id, department_id from mail_address where address = %(address)s",
        {"address": address},
    )


async def addresses_of(work: Work, organisation_id: UUID) -> frozenset[str]:
    """Every address an organisation takes mail at."""
    rows = await work.rows(
        "select address from mail_address where organisation_id = %(organisation_id)s",
        {"organisation_id": organisation_id},
    )
    return frozenset(row["address"] for row in rows)


async def is_blocked(work: Work, organisation_id: UUID, address: str) -> bool:
    """Whether the address or its domain is blocked."""
    domain = "@" + address.rpartition("@")[2]
    found = await work.value(
        "select true from blocked_sender where organisation_id = %(organisation_id)s and address = any(%(names)s)",
        {"organisation_id": organisation_id, "names": [address, domain, erased_address(address)]},
    )
    return bool(found)


def erased_address(address: str) -> str:
    """What stands for a blocked address once the person it belongs to was erased: it stays blocked, and unnamed."""
    return f"erased:{hashlib.sha256(address.encode()).hexdigest()}"


async def block(work: Work, organisation_id: UUID, address: str) -> None:
    await work.execute(
        "insert into blocked_sender (organisation_id, address, made_by, made_at)"
        " values (%(organisation_id)s, %(address)s, %(by)s, %(now)s) on conflict do nothing",
        {"organisation_id": organisation_id, "address": address, "by": work.actor.person_id, "now": work.now},
    )


async def unblock(work: Work, organisation_id: UUID, address: str) -> bool:
    found = await work.value(
        "delete from blocked_sender where organisation_id = %(organisation_id)s and address = %(address)s"
        " returning true",
        {"organisation_id": organisation_id, "address": address},
    )
    return bool(found)


async def blocked_in(work: Work, organisation_id: UUID) -> list[str]:
    rows = await work.rows(
        "select address from blocked_sender where organisation_id = %(organisation_id)s order by address",
        {"organisation_id": organisation_id},
    )
    return [row["address"] for row in rows]


# Automatic answers -------------------------------------------------------------------------------------------


def _hash(address: str) -> bytes:
    return hashlib.sha256(address.encode()).digest()


async def answers_since(work: Work, organisation_id: UUID, address: str, since: datetime) -> int:
    """How many automatic answers an address had since a moment (real time)."""
    count: int = await work.value(
        "select count(*) from automatic_reply where organisation_id = %(organisation_id)s and hash = %(hash)s"
        " and at >= %(since)s",
        {"organisation_id": organisation_id, "hash": _hash(address), "since": since},
    )
    return count


async def count_answer(work: Work, organisation_id: UUID, address: str) -> None:
    await work.execute(
        "insert into automatic_reply (organisation_id, hash, at, id)"
        " values (%(organisation_id)s, %(hash)s, %(at)s, %(id)s)",
        {"organisation_id": organisation_id, "hash": _hash(address), "at": work.real_now, "id": uuid7()},
    )


# Quarantine --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A mail that was accepted and is no case: why, and the whole of it as a file."""

    organisation_id: UUID
    id: UUID
    why: str
    at: datetime
    raw_file: UUID | None
    settled_at: datetime | None
    settled: str | None


_QUARANTINED = "organisation_id, id, why, at, raw_file, settled_at, settled"


async def was_put_aside(work: Work, organisation_id: UUID, source_key: str) -> bool:
    found = await work.value(
        "select true from quarantine where organisation_id = %(organisation_id)s and source_key = %(key)s",
        {"organisation_id": organisation_id, "key": source_key},
    )
    return bool(found)


async def put_aside(work: Work, organisation_id: UUID, source_key: str, why: str, raw_file: UUID) -> UUID:
    id_ = uuid7()
    await work.execute(
        "insert into quarantine (organisation_id, id, source_key, why, at, raw_file) values (%(organisation_id)s,"
        " %(id)s, %(key)s, %(why)s, %(now)s, %(file)s) on conflict (organisation_id, source_key) do nothing",
        {
            "organisation_id": organisation_id,
            "id": id_,
            "key": source_key,
            "why": why,
            "now": work.now,
            "file": raw_file,
        },
    )
    return id_


async def put_aside_in(
    work: Work, organisations: Sequence[UUID], after: tuple[datetime, UUID] | None, limit: int
) -> list[Quarantined]:
    """What waits for a person, newest first."""
    return await work.all(
        Quarantined,
        f"select {_QUARANTINED} from quarantine where organisation_id = any(%(organisations)s) and settled_at is null"
        + (" and (at, id) < (%(at)s, %(id)s)" if after else "")
        + " order by at desc, id desc limit %(limit)s",
        {
            "organisations": list(organisations),
            "at": after[0] if after else None,
            "id": after[1] if after else None,
            "limit": limit,
        },
    )


async def heads_of(work: Work, organisation_id: UUID, files: Sequence[UUID]) -> dict[UUID, bytes]:
    """The beginning of each of these mails: enough to tell who wrote it and what about."""
    rows = await work.rows(
        "select file_id, substring(data for 32768) as head from file_chunk"
        " where organisation_id = %(organisation_id)s and file_id = any(%(files)s) and position = 0",
        {"organisation_id": organisation_id, "files": list(files)},
    )
    return {each["file_id"]: bytes(each["head"]) for each in rows}


async def get_put_aside(work: Work, id_: UUID) -> Quarantined | None:
    return await work.one(
        Quarantined,
        f"select {_QUARANTINED} from quarantine where organisation_id = any(%(organisations)s) and id = %(id)s"
        " for update",
        {"organisations": list(work.actor.organisations), "id": id_},
    )


async def settle_put_aside(work: Work, found: Quarantined, how: str) -> None:
    await work.execute(
        "update quarantine set settled = %(how)s, settled_at = %(now)s where organisation_id = %(organisation_id)s"
        " and id = %(id)s",
        {"how": how, "now": work.now, "organisation_id": found.organisation_id, "id": found.id},
    )


# Mailboxes ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MailboxRow:
    """A hosted mailbox that is read; its settings are encrypted."""

    organisation_id: UUID
    id: UUID
    address: str
    settings: bytes
    state: dict[str, Any]
    polled_at: datetime | None
    failed_since: datetime | None
    failure: str | None


_MAILBOX = "organisation_id, id, address, settings, state, polled_at, failed_since, failure"


async def mailboxes_in(work: Work, organisations: Sequence[UUID]) -> list[MailboxRow]:
    return await work.all(
        MailboxRow,
        f"select {_MAILBOX} from mailbox where organisation_id = any(%(organisations)s) and active order by address",
        {"organisations": list(organisations)},
    )


async def put_mailbox(work: Work, organisation_id: UUID, address: str, settings: bytes) -> UUID:
    """Add a mailbox, or change one's settings; its id."""
    id_: UUID = await work.value(
        "insert into mailbox (organisation_id, id, address, settings) values (%(organisation_id)s, %(id)s,"
        " %(address)s, %(settings)s) on conflict (organisation_id, address) do update"
        " set settings = excluded.settings, active = true returning id",
        {"organisation_id": organisation_id, "id": uuid7(), "address": address, "settings": settings},
    )
    return id_


async def retire_mailbox(work: Work, organisation_id: UUID, mailbox_id: UUID) -> bool:
    found = await work.value(
        "update mailbox set active = false where organisation_id = %(organisation_id)s and id = %(id)s returning true",
        {"organisation_id": organisation_id, "id": mailbox_id},
    )
    return bool(found)


async def keep_state(work: Work, row: MailboxRow, state: dict[str, Any], failure: str | None) -> None:
    await work.execute(
        "update mailbox set state = %(state)s, polled_at = %(now)s, failure = %(failure)s,"
        " failed_since = case when %(failure)s::text is null then null else coalesce(failed_since, %(now)s) end"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        {
            "state": orjson.dumps(state).decode(),
            "now": work.real_now,
            "failure": failure,
            "organisation_id": row.organisation_id,
            "id": row.id,
        },
    )


async def take_address(work: Work, organisation_id: UUID, address: str) -> bool:
    """Take mail at an address; False when another organisation does."""
    owner: UUID = await work.value(
        "insert into mail_address (address, organisation_id) values (%(address)s, %(organisation_id)s)"
        " on conflict (address) do update set address = excluded.address returning organisation_id",
        {"address": address, "organisation_id": organisation_id},
    )
    return owner == organisation_id
