"""The SQL of passkeys. Global: each statement names the person or the credential."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Passkey:
    """A person's passkey. `doubted_at` is when a copy of it showed itself."""

    id: UUID
    person_id: UUID
    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    sign_count: int
    name: str
    backed_up: bool
    made_at: datetime
    used_at: datetime | None
    doubted_at: datetime | None


_PASSKEY = (
    "select id, person_id, credential_id, public_key, sign_count, name, backed_up, made_at, used_at, doubted_at"
    " from passkey"
)


async def passkeys(work: Work, person_id: UUID) -> list[Passkey]:
    """The person's passkeys, the oldest first."""
    return await work.all(Passkey, f"{_PASSKEY} where person_id = %(id)s order by id", {"id": person_id})


async def passkey_with(work: Work, credential_id: bytes) -> Passkey | None:
    return await work.one(Passkey, f"{_PASSKEY} where credential_id = %(id)s", {"id": credential_id})


async def passkey(work: Work, passkey_id: UUID) -> Passkey | None:
    return await work.one(Passkey, f"{_PASSKEY} where id = %(id)s", {"id": passkey_id})


async def add_passkey(work: Work, passkey: Passkey) -> bool:
    """Keep a new passkey; false when its credential is known already."""
    added = await work.value(
        "insert into passkey (id, person_id, credential_id, public_key, sign_count, name, backed_up, made_at) values"
        " (%(id)s, %(person_id)s, %(credential_id)s, %(public_key)s, %(sign_count)s, %(name)s, %(backed_up)s,"
        " %(made_at)s) on conflict (credential_id) do nothing returning true",
        {
            "id": passkey.id,
            "person_id": passkey.person_id,
            "credential_id": passkey.credential_id,
            "public_key": passkey.public_key,
            "sign_count": passkey.sign_count,
            "name": passkey.name,
            "backed_up": passkey.backed_up,
            "made_at": passkey.made_at,
        },
    )
    return bool(added)


async def use_passkey(work: Work, passkey_id: UUID, was: int, now: int, backed_up: bool) -> bool:
    """Note a use and the authenticator's count; false when another request came between, or it is in doubt."""
    used = await work.value(
        "update passkey set sign_count = %(now_count)s, used_at = %(now)s, backed_up = %(backed_up)s where id = %(id)s"
        " and sign_count = %(was)s and doubted_at is null returning true",
        {"id": passkey_id, "was": was, "now_count": now, "now": work.real_now, "backed_up": backed_up},
    )
    return bool(used)


async def doubt_passkey(work: Work, passkey_id: UUID) -> bool:
    """A copy of it showed itself; false when that was known."""
    doubted = await work.value(
        "update passkey set doubted_at = %(now)s where id = %(id)s and doubted_at is null returning true",
        {"id": passkey_id, "now": work.real_now},
    )
    return bool(doubted)


async def remove_passkey(work: Work, person_id: UUID, passkey_id: UUID) -> bool:
    removed = await work.value(
        "delete from passkey where person_id = %(person_id)s and id = %(id)s returning true",
        {"person_id": person_id, "id": passkey_id},
    )
    return bool(removed)


async def remove_passkeys(work: Work, person_id: UUID) -> None:
    await work.execute("delete from passkey where person_id = %(id)s", {"id": person_id})
