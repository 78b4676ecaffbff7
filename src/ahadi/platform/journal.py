"""Reading the journal: everything that happened, by a cursor that misses nothing whatever the order of commits.

A cursor is a PostgreSQL snapshot (`pg_current_snapshot()`): what was visible then has been seen. A row committed
late, with a lower sequence number, is outside that snapshot and therefore still comes.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi.base.errors import Invalid
from ahadi.platform.database.work import Answer, Work


class StaleCursor(Invalid):
    """The cursor is from before the data was restored."""

    code = "stale-cursor"


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One thing that happened. Times are UTC; `at` is business time, `recorded_at` real time."""

    organisation_id: UUID
    seq: int
    xid: int
    id: UUID
    at: datetime
    recorded_at: datetime
    kind: str
    case_id: UUID | None
    subject_id: UUID | None
    actor_kind: str
    actor_id: UUID | None
    behind_id: UUID | None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader has come. While it pages, `upto` is the snapshot it pages towards and `seq` the last row."""

    epoch: int
    seen: str
    upto: str | None = None
    seq: int = 0

    def __str__(self) -> str:
        parts = [str(self.epoch), self.seen] + ([self.upto, str(self.seq)] if self.upto else [])
        return base64.urlsafe_b64encode("|".join(parts).encode()).decode().rstrip("=")

    @staticmethod
    def parse(text: str) -> "Cursor":
        """The cursor that was written as `text`; raises Invalid for anything else."""
        try:
            parts = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("|")
            epoch, seen = int(parts[0]), _snapshot(parts[1])
            if len(parts) == 2:
                return Cursor(epoch, seen)
            return Cursor(epoch, seen, _snapshot(parts[2]), int(parts[3]))
        except (ValueError, IndexError, binascii.Error, UnicodeDecodeError) as problem:
            raise Invalid("This cursor was not made here; leave it out to start from now.", cursor=text) from problem


def _snapshot(text: str) -> str:
    low, high, running = text.split(":")
    numbers = [int(low), int(high), *map(int, filter(None, running.split(",")))]
    if min(numbers) < 0 or max(numbers) >= 1 << 63 or int(low) > int(high):
        raise ValueError(text)
    return text


def is_seen(xid: int, snapshot: str) -> bool:
    """Whether a transaction's rows were visible in a snapshot written `xmin:xmax:running,…`."""
    low, high, running = snapshot.split(":")
    if xid < int(low):
        return True
    return xid < int(high) and str(xid) not in running.split(",")


async def latest(work: Work) -> datetime | None:
    """The latest business time in the journals that the actor may see."""
    reached: datetime | None = await work.value(
        "select max(at) from journal where organisation_id = any(%(organisations)s)",
        {"organisations": list(work.actor.organisations)},
    )
    return reached


async def head(work: Work) -> Cursor:
    """The cursor of now: take it before the first load of what is then kept up to date."""
    cursor = await (await ask_head(work)).one()
    assert cursor is not None
    return cursor


async def ask_head(work: Work) -> Answer[Cursor]:
    """Send what `head` asks, and go on: what is sent next is read later than the cursor all the same."""
    return await work.ask(Cursor, "select epoch, pg_current_snapshot()::text as seen from journal_epoch")


async def beginning(work: Work) -> Cursor:
    """The cursor before everything: no transaction was visible yet."""
    return Cursor((await head(work)).epoch, "1:1:")


_COLUMNS = (
    "j.organisation_id, j.seq, j.xid::text::bigint as xid, j.id, j.at, j.recorded_at, j.kind, j.case_id, j.subject_id,"
    " j.actor_kind, j.actor_id, j.behind_id, j.facts"
)


async def since(work: Work, organisation_id: UUID, cursor: Cursor, limit: int = 500) -> tuple[list[JournalRow], Cursor]:
    """The organisation's rows after the cursor, at most `limit`, and the cursor after them.

    Call again at once while `next.upto` is set. A cursor of another epoch (before a restore) raises StaleCursor:
    its reader must load afresh.
    """
    now = await head(work)
    if cursor.epoch != now.epoch:
        raise StaleCursor("This cursor is from before the data was restored; load afresh and start from now.")
    upto = cursor.upto or now.seen
    rows = await work.all(
        JournalRow,
        f"select {_COLUMNS} from journal j where j.organisation_id = %(organisation_id)s"
        " and j.xid >= pg_snapshot_xmin(%(seen)s::pg_snapshot)"
        " and not pg_visible_in_snapshot(j.xid, %(seen)s::pg_snapshot)"
        " and pg_visible_in_snapshot(j.xid, %(upto)s::pg_snapshot)"
        " and j.seq > %(seq)s order by j.seq limit %(limit)s",
        {"organisation_id": organisation_id, "seen": cursor.seen, "upto": upto, "seq": cursor.seq, "limit": limit},
    )
    if len(rows) == limit:
        return rows, Cursor(cursor.epoch, cursor.seen, upto, rows[-1].seq)
    return rows, Cursor(cursor.epoch, upto)


async def row(work: Work, organisation_id: UUID, seq: int) -> JournalRow | None:
    """One row, by its sequence number."""
    return await work.one(
        JournalRow,
        f"select {_COLUMNS} from journal j where j.organisation_id = %(organisation_id)s and j.seq = %(seq)s",
        {"organisation_id": organisation_id, "seq": seq},
    )


STEPS_OF_CASE = (
    "select json_agg(json_build_array(j.kind, j.at, j.facts)) from (select kind, at, facts from journal"
    " where organisation_id = c.organisation_id and case_id = c.id order by seq desc limit 60) j"
)
"""What happened to a case `c` lately, newest first: part of the statement behind a touch."""


async def of_case(work: Work, organisation_id: UUID, case_id: UUID, limit: int = 1000) -> list[JournalRow]:
    """What happened to one case, oldest first; the newest `limit` rows."""
    return await work.all(
        JournalRow,
        f"select * from (select {_COLUMNS} from journal j where j.organisation_id = %(organisation_id)s"
        " and j.case_id = %(case_id)s order by j.seq desc limit %(limit)s) newest order by seq",
        {"organisation_id": organisation_id, "case_id": case_id, "limit": limit},
    )
