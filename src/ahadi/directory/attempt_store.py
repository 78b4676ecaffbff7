"""The SQL of sign-in attempts: what a browser was asked, used up by its answer. Global, found by a hash."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was asked of a browser. `sealed` is encrypted."""

    person_id: UUID | None
    sealed: bytes | None


async def add_attempt(
    work: Work,
    hashed: bytes,
    kind: str,
    lasts: timedelta,
    *,
    person_id: UUID | None = None,
    sealed: bytes | None = None,
) -> None:
    await work.execute(
        "insert into sign_in_attempt (hash, kind, person_id, sealed, made_at, expires_at)"
        " values (%(hash)s, %(kind)s, %(person_id)s, %(sealed)s, %(now)s, %(expires_at)s)",
        {
            "hash": hashed,
            "kind": kind,
            "person_id": person_id,
            "sealed": sealed,
            "now": work.real_now,
            "expires_at": work.real_now + lasts,
        },
    )


async def take_attempt(work: Work, hashed: bytes, kind: str) -> Attempt | None:
    """Use an attempt up; None when it was used before, has expired, or never was."""
    return await work.one(
        Attempt,
        "delete from sign_in_attempt where hash = %(hash)s and kind = %(kind)s and expires_at > %(now)s"
        " returning person_id, sealed",
        {"hash": hashed, "kind": kind, "now": work.real_now},
    )


async def forget_attempts(work: Work, before: datetime) -> None:
    """Drop attempts that expired before a moment of real time."""
    await work.execute("delete from sign_in_attempt where expires_at < %(before)s", {"before": before})
