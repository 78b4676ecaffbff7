"""Counting attempts in real time, shared by all processes."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ahadi.base.errors import TooMany
from ahadi.platform.database import Actor, Database, Work


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` attempts within `window`."""

    name: str
    most: int
    window: timedelta

    def key(self, whose: str) -> str:
        """What is kept of whose attempts are counted: a digest, because it may be an address of a person."""
        return f"{self.name}:{hashlib.sha256(whose.encode()).hexdigest()[:32]}"

    def window_start(self, now: datetime) -> datetime:
        seconds = int(self.window.total_seconds())
        return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


async def count_attempt(database: Database, limits: dict[Limit, str]) -> None:
    """Count one attempt against each limit, kept whatever happens next; raises TooMany when one is exceeded."""
    async with database.work(Actor.system([])) as work:
        now = work.real_now
        exceeded = [limit for limit, whose in limits.items() if await _count(work, limit, whose, now) > limit.most]
    if exceeded:
        ends = max(limit.window_start(now) + limit.window for limit in exceeded)
        seconds = max(1, int((ends - now).total_seconds()))
        raise TooMany(f"Too many attempts; try again in {seconds // 60 + 1} minutes.", retry_after=seconds)


async def _count(work: Work, limit: Limit, whose: str, now: datetime) -> int:
    count: int = await work.value(
        "insert into throttle (key, window_start, count) values (%(key)s, %(start)s, 1)"
        " on conflict (key, window_start) do update set count = throttle.count + 1 returning count",
        {"key": limit.key(whose), "start": limit.window_start(now)},
    )
    return count


async def forgive(work: Work, limit: Limit, whose: str) -> None:
    """Forget the attempts, after one that succeeded."""
    await work.execute("delete from throttle where key = %(key)s", {"key": limit.key(whose)})


async def forget_old_attempts(work: Work, before: datetime) -> None:
    """Drop windows that began before a moment of real time."""
    await work.execute("delete from throttle where window_start < %(before)s", {"before": before})
