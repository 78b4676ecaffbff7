"""The browsers people sign in with: known ones, remembered ones, and new ones, which the person is told of by mail.

A browser holds a secret of its own for each person, kept here as a hash. Remembering skips the second step for a
while, never the first, and only where a second step was really shown.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from ahadi.base.errors import NotFound
from ahadi.base.ids import uuid7
from ahadi.base.text import one_line
from ahadi.directory import device_store as store
from ahadi.directory.device_store import Device
from ahadi.platform.database import Work
from ahadi.platform.security import hash_secret, new_secret

REMEMBERED_FOR: Final = timedelta(days=30)
KNOWN_FOR: Final = timedelta(days=400)  # the longest a browser keeps a cookie (RFC 6265bis)


@dataclass(frozen=True, slots=True)
class Where:
    """Where somebody signs in from: the client's address, what the browser calls itself, and the secrets it holds
    of people who signed in with it, by `mark_of` the person."""

    address: str
    agent: str = ""
    devices: Mapping[str, str] = field(default_factory=dict, repr=False)


def mark_of(person_id: UUID) -> str:
    """What a browser knows a person by, without naming them."""
    return hashlib.sha256(b"ahadi device " + person_id.bytes).hexdigest()[:12]


async def device_at(work: Work, person_id: UUID, where: Where) -> Device | None:
    """The browser, where the person is known to have signed in with it."""
    secret = where.devices.get(mark_of(person_id))
    return await store.device_with_hash(work, person_id, hash_secret(secret)) if secret else None


async def arrive(work: Work, person_id: UUID, where: Where, *, remember: bool) -> tuple[Device, str | None, bool]:
    """Note a sign-in with this browser: the browser, the secret it is to hold from now on where that is a new one,
    and whether the person should be told of it.

    A browser that is to be remembered gets a new secret: whoever had the former one has nothing.
    """
    held, now = await device_at(work, person_id, where), work.real_now
    at_first = held is None and not await store.has_devices(work, person_id)
    device = held or Device(uuid7(), person_id, now, now, None, None, None)
    device = replace(
        device,
        used_at=now,
        remembered_until=now + REMEMBERED_FOR if remember else device.remembered_until,
        address=where.address,
        agent=one_line(where.agent),
    )
    secret = new_secret("ahd") if held is None or remember else None
    if held is None and secret:
        await store.add_device(work, device, hash_secret(secret))
    else:
        await store.put_device(work, device, hash_secret(secret) if secret else None)
    return device, secret, held is None and not at_first


async def forget_device(work: Work, device_id: UUID | None) -> None:
    """Ask for a second step again on one of one's browsers, or on all of them."""
    person_id = work.actor.person_id
    if person_id is None or not await store.revoke_device(work, person_id, device_id):
        raise NotFound("There is no such browser, or it was forgotten already.")
    for each in work.actor.grants:
        work.record("person.device_forgotten", each, subject_id=person_id, device_id=str(device_id or "all"))
