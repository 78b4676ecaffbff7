"""The SQL of what intake holds of a person beside cases and messages: mail put aside, and blocked addresses."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ahadi.intake.mail_store import erased_address
from ahadi.platform.database import Work

# The bytes of a mail as text that can be searched: what is not ASCII stands there in octal.
_NAMED = (
    "exists (select from file_chunk c, unnest(%(addresses)s::text[]) as address"
    " where c.organisation_id = q.organisation_id and c.file_id = q.raw_file"
    " and position(address in lower(encode(c.data, 'escape'))) > 0)"
)


async def mail_put_aside(work: Work, organisation_id: UUID, addresses: Sequence[str]) -> list[dict[str, Any]]:
    """Mails put aside in which one of these addresses stands, oldest first."""
    return await work.rows(
        f"select q.id, q.why, q.at, q.raw_file, q.settled from quarantine q"
        f" where q.organisation_id = %(organisation_id)s and q.raw_file is not null and {_NAMED} order by q.at, q.id",
        {"organisation_id": organisation_id, "addresses": [address.lower() for address in addresses]},
    )


async def drop_mail(work: Work, organisation_id: UUID, ids: Sequence[UUID], files: Sequence[UUID]) -> None:
    """Forget mails put aside; that they came stays known."""
    params = {"organisation_id": organisation_id, "ids": list(ids), "files": list(files), "now": work.now}
    await work.execute(
        "update quarantine set raw_file = null, settled = coalesce(settled, 'dropped'),"
        " settled_at = coalesce(settled_at, %(now)s)"
        " where organisation_id = %(organisation_id)s and id = any(%(ids)s)",
        params,
    )
    await work.execute("delete from file where organisation_id = %(organisation_id)s and id = any(%(files)s)", params)


async def forget_blocked(work: Work, organisation_id: UUID, addresses: Sequence[str]) -> None:
    """Keep blocked addresses blocked without naming them."""
    await work.many(
        "update blocked_sender set address = %(unnamed)s where organisation_id = %(organisation_id)s"
        " and address = %(address)s",
        [
            {"organisation_id": organisation_id, "address": address, "unnamed": erased_address(address)}
            for address in addresses
        ],
    )
