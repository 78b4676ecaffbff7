"""The SQL of devices: the browsers people signed in with. Global, found by the person or a secret's hash."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that a person signed in with. Until `remembered_until` it is not asked for a second step."""

    id: UUID
    person_id: UUID
    made_at: datetime
    used_at: datetime
    remembered_until: datetime | None
    address: str | None
    agent: str | None

    def remembered(self, now: datetime) -> bool:
        return self.remembered_until is not None and now < self.remembered_until


_DEVICE = "select id, person_id, made_at, used_at, remembered_until, address, agent from device"


async def device_with_hash(work: Work, person_id: UUID, hashed: bytes) -> Device | None:
    """The person's browser that holds this secret, unless it was revoked."""
    return await work.one(
        Device,
        f"{_DEVICE} where hash = %(hash)s and person_id = %(person_id)s and revoked_at is null",
        {"hash": hashed, "person_id": person_id},
    )


async def device(work: Work, device_id: UUID) -> Device | None:
    return await work.one(Device, f"{_DEVICE} where id = %(id)s", {"id": device_id})


async def has_devices(work: Work, person_id: UUID) -> bool:
    """Whether the person ever signed in with a browser that was given a secret."""
    return bool(
        await work.value("select exists (select from device where person_id = %(id)s)", {"id": person_id}),
    )


async def add_device(work: Work, device: Device, hashed: bytes) -> None:
    """Keep a browser that was not known."""
    await work.execute(
        "insert into device (id, hash, person_id, made_at, used_at, remembered_until, address, agent) values (%(id)s,"
        " %(hash)s, %(person_id)s, %(made_at)s, %(used_at)s, %(remembered_until)s, %(address)s, %(agent)s)",
        _columns(device, hashed),
    )


async def put_device(work: Work, device: Device, hashed: bytes | None) -> None:
    """Keep what is new of a browser; a new `hashed` replaces its secret, None leaves it."""
    await work.execute(
        "update device set hash = coalesce(%(hash)s::bytea, hash), used_at = %(used_at)s,"
        " remembered_until = %(remembered_until)s, address = %(address)s, agent = %(agent)s where id = %(id)s",
        _columns(device, hashed),
    )


def _columns(device: Device, hashed: bytes | None) -> dict[str, Any]:
    return {
        "id": device.id,
        "hash": hashed,
        "person_id": device.person_id,
        "made_at": device.made_at,
        "used_at": device.used_at,
        "remembered_until": device.remembered_until,
        "address": device.address,
        "agent": device.agent,
    }


async def remembered_devices(work: Work, person_id: UUID) -> list[Device]:
    """The browsers that are not asked for a second step, the latest used first."""
    return await work.all(
        Device,
        f"{_DEVICE} where person_id = %(id)s and revoked_at is null and remembered_until > %(now)s"
        " order by used_at desc",
        {"id": person_id, "now": work.real_now},
    )


async def revoke_device(work: Work, person_id: UUID, device_id: UUID | None) -> bool:
    """Forget one of the person's browsers, or all of them; false when there is none."""
    revoked = await work.rows(
        "update device set revoked_at = %(now)s, remembered_until = null where person_id = %(person_id)s"
        " and (%(id)s::uuid is null or id = %(id)s) and revoked_at is null returning id",
        {"person_id": person_id, "id": device_id, "now": work.real_now},
    )
    return bool(revoked)


async def remember_no_device(work: Work, person_id: UUID) -> None:
    """Ask for a second step on every browser again; they stay known."""
    await work.execute(
        "update device set remembered_until = null where person_id = %(id)s and remembered_until is not null",
        {"id": person_id},
    )


async def forget_devices(work: Work, before: datetime) -> None:
    """Drop browsers that nobody used since a moment of real time, and that no session names."""
    await work.execute(
        "delete from device d where used_at < %(before)s and not exists (select from session where device_id = d.id)",
        {"before": before},
    )
