"""Business time: the machine's own, one that trials set by hand, or one that runs fast for the demo.

The last two live in the database, are shared by all processes, survive restarts and never go back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import AsyncConnection

from ahadi.base.clock import Clock, utc
from ahadi.base.errors import Conflict
from ahadi.platform.settings import ClockMode


@dataclass(frozen=True, slots=True)
class Times:
    """The two clocks at one moment."""

    business: datetime
    real: datetime


def business_time(at: datetime, real_at: datetime, rate: float, real_now: datetime) -> datetime:
    """Business time now, given what it was (`at`) at a real moment and how fast it runs (business s per real s)."""
    return at + timedelta(seconds=max(0.0, (real_now - real_at).total_seconds()) * rate)


class BusinessClock:
    """Reads both clocks. In `system` mode no database is asked."""

    def __init__(self, mode: ClockMode, real: Clock) -> None:
        self.mode = mode
        self.real = real

    async def read(self, connection: AsyncConnection[tuple[object, ...]]) -> Times:
        real_now = self.real.now()
        if self.mode == "system":
            return Times(real_now, real_now)
        cursor = await connection.execute("select at, coalesce(real_at, at), rate from business_clock")
        row = await cursor.fetchone()
        if row is None:
            return Times(real_now, real_now)
        at, real_at, rate = row
        assert isinstance(at, datetime) and isinstance(real_at, datetime) and isinstance(rate, float)
        return Times(business_time(utc(at), utc(real_at), rate, real_now), real_now)

    async def was_set(self, connection: AsyncConnection[tuple[object, ...]]) -> bool:
        """Whether business time was ever set here; until then it is the machine's own."""
        return await (await connection.execute("select 1 from business_clock")).fetchone() is not None

    async def set(
        self, connection: AsyncConnection[tuple[object, ...]], to: datetime | None, *, rate: float = 0.0
    ) -> datetime:
        """Move business time forward to `to` (None: leave it); it then runs `rate` business seconds a real second.

        Raises Conflict when `to` lies before the present business time: promises already judged would come alive.
        """
        async with connection.transaction():
            await connection.execute("lock table business_clock in share row exclusive mode")
            held = await self.was_set(connection)
            times = await self.read(connection)
            wanted = utc(to) if to is not None else times.business
            if held and wanted < times.business:
                raise Conflict(
                    f"The clock shows {times.business.isoformat()} and never goes back; set it to a later moment.",
                    now=times.business,
                )
            await connection.execute(
                "insert into business_clock (at, real_at, rate) values (%(at)s, %(real)s, %(rate)s)"
                " on conflict (id) do update set at = excluded.at, real_at = excluded.real_at, rate = excluded.rate",
                {"at": wanted, "real": times.real, "rate": rate},
            )
        return wanted
