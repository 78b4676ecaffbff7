"""`ahadi doctor`: looks at everything that must hold, and says what to do about what does not. Changes nothing."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

from ahadi.base.clock import iso
from ahadi.base.errors import AhadiError
from ahadi.directory import DAYS_AHEAD, Organisation, all_organisations, read_directory
from ahadi.main import doctor_store as store
from ahadi.main.replay import Mismatch, compare
from ahadi.platform import jobs
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.database.migrate import pending
from ahadi.platform.database.roles import unprotected_tables
from ahadi.platform.settings import Settings

State = Literal["ok", "attention", "bad"]
Progress = Callable[[int, int], None]
"""Told how many cases have been looked at, of how many."""
Disk = Callable[[Path], tuple[int, int, int]]
"""Bytes of the disk that a folder is on: all, used, free."""

_NAMED: Final = 10  # things named in one sentence; the rest is counted
_TEMPORARY: Final = timedelta(minutes=5)  # what waits no longer than this is simply being done
_DRIFT: Final = (timedelta(seconds=5), timedelta(seconds=60))  # from which on a clock needs attention, or is wrong
_GLOBAL: Final = {"job", "mail_address", "token"}  # read before an organisation is known, so guarded by no policy
_DISK: Final = (2 << 30, 256 << 20)  # bytes free, below which the same


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: `ok`, something that needs `attention`, or something `bad`; and what to do."""

    check: str
    state: State
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined. `url` is of the application's role."""

    settings: Settings
    database: Database
    organisations: Sequence[Organisation]
    progress: Progress
    disk: Disk
    batch: int

    @property
    def ids(self) -> list[UUID]:
        return [each.id for each in self.organisations]


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Whether nothing is bad; what needs attention may wait for a person."""
    return all(each.state != "bad" for each in findings)


async def examine(
    settings: Settings,
    database: Database,
    progress: Progress = lambda done, of: None,
    *,
    disk: Disk = shutil.disk_usage,
    batch: int = 500,
) -> list[Finding]:
    """Run every check, on a database that is not open yet; `batch` cases at a time.

    Where the database cannot be looked at, that is the only finding.
    """
    try:
        missing = await asyncio.to_thread(pending, database.url)
    except AhadiError as problem:
        return [Finding("database", "bad", problem.sentence)]
    if missing:
        sentence = f"The database lacks {_named(missing)}: run `ahadi migrate`, then look again."
        return [Finding("migrations", "bad", sentence, {"missing": missing})]
    try:
        await database.open()
    except AhadiError as problem:  # a role that row-level security would not hold
        return [Finding("role", "bad", problem.sentence)]
    try:
        async with database.read(Actor.system([])) as work:
            organisations = await all_organisations(work)
        patient = Patient(settings, database, organisations, progress, disk, batch)
        return [
            Finding("migrations", "ok", "The database is up to date."),
            Finding("role", "ok", "The application's role is held by row-level security."),
            *[await check(patient) for check in _CHECKS],
        ]
    finally:
        await database.close()


# The database ---------------------------------------------------------------------------------------------------


async def _tables(patient: Patient) -> Finding:
    async with patient.database.connection() as connection:
        open_ones = [each for each in await unprotected_tables(connection) if each not in _GLOBAL]
    if open_ones:
        sentence = f"Row-level security does not guard {_named(open_ones)}: run `ahadi migrate` as the tables' owner."
        return Finding("tables", "bad", sentence, {"unprotected": open_ones})
    return Finding("tables", "ok", "Row-level security guards every table of an organisation.")


async def _constraints(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system([])) as work:
        unsound = await store.unsound(work)
    if unsound:
        sentence = f"Not in force: {_named(unsound)}. Validate or rebuild them as the tables' owner."
        return Finding("constraints", "bad", sentence, {"unsound": unsound})
    return Finding("constraints", "ok", "Every constraint and index is in force.")


async def _search(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system([])) as work:
        quick = await store.search_uses_its_index(work)
    if quick:
        return Finding("search", "ok", "Search may use its index.")
    sentence = (
        "Search looks at recent cases only, since its index may not be used under row-level security; as a superuser:"
        " alter function pg_catalog.ts_match_vq(tsvector, tsquery) leakproof."
    )
    return Finding("search", "attention", sentence)


async def _clock(patient: Patient) -> Finding:
    real = patient.database.clock.real
    async with patient.database.connection() as connection:
        work = Work(connection, Actor.system([]), real.now(), real.now())
        before = real.now()
        theirs = await store.server_time(work)
        after = real.now()
        business = (await patient.database.clock.read(connection)).business
        trial = await store.trial_clock(work)
    drift = abs(theirs - (before + (after - before) / 2))
    mode = patient.settings.clock
    facts = {"drift_seconds": drift.total_seconds(), "mode": mode, "business": iso(business), "real": iso(after)}
    if drift > _DRIFT[0]:
        state: State = "bad" if drift > _DRIFT[1] else "attention"
        sentence = f"The database server's clock and ours differ by {_long(drift)}: run time synchronisation on both."
        return Finding("clock", state, sentence, facts)
    if mode == "system" and trial is not None and trial > after:
        sentence = (
            f"Business time was once moved to {iso(trial)} by hand, and AHADI_CLOCK is system: what was promised then"
            " is dated in the future. Use a database of its own for trials."
        )
        return Finding("clock", "attention", sentence, facts)
    told = "is real time" if mode == "system" else f"is {iso(business)} ({mode}), {_long(abs(business - after))} off"
    return Finding("clock", "ok", f"The database server's clock and ours agree; business time {told}.", facts)


async def _disk(patient: Patient) -> Finding:
    folder = patient.settings.data
    total, _, free = await asyncio.to_thread(patient.disk, folder if folder.exists() else Path())
    facts = {"free": free, "total": total}
    told = f"{free / (1 << 30):.1f} GiB of {total / (1 << 30):.1f} GiB are free for {folder}"
    if free >= _DISK[0]:
        return Finding("disk", "ok", f"{told}.", facts)
    state: State = "bad" if free < _DISK[1] else "attention"
    return Finding("disk", state, f"Only {told}: make room before the database stops taking work.", facts)


# Cases ----------------------------------------------------------------------------------------------------------


async def _journal(patient: Patient) -> Finding:
    """Each batch is read as of one moment, so that work may go on meanwhile."""
    total = 0
    for each in patient.ids:
        async with store.snapshot(patient.database, [each]) as work:
            total += await store.count_cases(work, each)
    wrong: list[Mismatch] = []
    gone: list[UUID] = []
    done = promises = 0
    for organisation_id in patient.ids:
        after: UUID | None = None
        while True:
            async with store.snapshot(patient.database, [organisation_id]) as work:
                batch = await store.cases_after(work, organisation_id, after, patient.batch)
            wrong += [found for stored, journal in batch if (found := compare(stored, journal))]
            promises += sum(len(stored.case.promises) for stored, _ in batch)
            done += len(batch)
            patient.progress(done, max(done, total))
            if len(batch) < patient.batch:
                break
            after = batch[-1][0].case.id
        async with store.snapshot(patient.database, [organisation_id]) as work:
            gone += await store.journalled_and_gone(work, organisation_id)
    facts = {
        "cases": done,
        "promises": promises,
        "mismatches": [{"reference": each.reference, "fields": each.fields} for each in wrong],
        "gone": [str(each) for each in gone],
    }
    if wrong or gone:
        told = [f"{each.reference} ({_named(each.fields)})" for each in wrong] + [f"case {each}" for each in gone]
        sentence = (
            f"The tables do not say what the journal says of {_named(told)}: restore a backup, or report this with the"
            " output of `ahadi doctor --json`."
        )
        return Finding("journal", "bad", sentence, facts)
    return Finding("journal", "ok", f"{done:,} cases and {promises:,} promises are what the journal says.", facts)


async def _conserved(patient: Patient) -> Finding:
    counts = []
    for each in patient.ids:
        async with store.snapshot(patient.database, [each]) as work:
            counts.append(await store.conserved(work, each))
    total = {name: sum(getattr(each, name) for each in counts) for name in store.Conserved.__dataclass_fields__}
    lost = {
        "contacts without a case": total["contacts_nowhere"],
        "messages without a case": total["messages_nowhere"],
        "imported rows without their case": total["imported_nowhere"],
        "items both in a case and put aside": total["twice"],
    }
    if any(lost.values()):
        told = _named([f"{many:,} {what}" for what, many in lost.items() if many])
        sentence = f"{told}: restore a backup, or report this with the output of `ahadi doctor --json`."
        return Finding("conserved", "bad", sentence, total)
    if total["waiting"]:
        sentence = (
            f"Each of {total['contacts']:,} contacts is in one case; {total['waiting']:,} put aside wait for a person."
        )
        return Finding("conserved", "attention", sentence, total)
    return Finding("conserved", "ok", f"Each of {total['contacts']:,} accepted contacts is in exactly one case.", total)


async def _promises(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system(patient.ids)) as work:
        many, oldest = await store.overdue_promises(work, patient.ids)
        now = work.now
    facts = {"overdue": many, "oldest": iso(oldest) if oldest else None}
    if oldest and now - oldest > _TEMPORARY:
        sentence = (
            f"{many:,} promises fell due and nobody has broken them, the oldest {_long(now - oldest)} ago: see that a"
            " worker runs (`ahadi run`)."
        )
        return Finding("promises", "attention", sentence, facts)
    return Finding("promises", "ok", "No promise waits to be broken.", facts)


# What waits -----------------------------------------------------------------------------------------------------


async def _jobs(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system([])) as work:
        counted: dict[str, Any] = dict(await jobs.counts(work))
        dead = await store.dead_jobs(work)
        oldest = await store.oldest_late_job(work)
        now = work.real_now
    facts = counted | {"dead_kinds": dead, "oldest_late": iso(oldest) if oldest else None}
    if dead:
        told = _named([f"{many} {kind}" for kind, many in dead.items()])
        return Finding(
            "jobs", "bad", f"Given up after too many attempts: {told}. Mend the cause and retry them.", facts
        )
    if oldest and now - oldest > _TEMPORARY:
        late = f"{counted['late']:,} jobs are late, the oldest {_long(now - oldest)}"
        sentence = f"{late}: see that a worker runs (`ahadi run`)."
        return Finding("jobs", "attention", sentence, facts)
    return Finding("jobs", "ok", f"{counted['waiting']:,} jobs wait their turn; none is late or given up.", facts)


async def _messages(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system(patient.ids)) as work:
        waiting = await store.messages_to_settle(work, patient.ids)
        now = work.now
    facts = {state: {"count": many, "oldest": iso(oldest)} for state, many, oldest in waiting}
    if not waiting:
        return Finding("messages", "ok", "No message waits for a person.", facts)
    told = _named([f"{many:,} {state} (the oldest {_long(now - oldest)})" for state, many, oldest in waiting])
    return Finding("messages", "attention", f"Messages wait for a person to settle them: {told}.", facts)


async def _outbox(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system(patient.ids)) as work:
        many, oldest = await store.oldest_unsent(work, patient.ids)
        now = work.now
    facts = {"unsent": many, "oldest": iso(oldest) if oldest else None}
    if oldest is None or now - oldest <= _TEMPORARY:
        return Finding("outbox", "ok", "Nothing waits to be sent that should have left.", facts)
    why = "see that a worker runs and that the receiving server answers"
    if not patient.settings.smtp_url:
        why = "AHADI_SMTP_URL is empty, so mail is kept; set it, or see that a worker runs"
    return Finding("outbox", "attention", f"{many:,} messages wait, the oldest {_long(now - oldest)}: {why}.", facts)


async def _mail(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system(patient.ids)) as work:
        failing = await store.failing_mailboxes(work, patient.ids)
        now = work.real_now
    facts = {"failing": {address: iso(since) for address, since in failing}}
    if not failing:
        return Finding("mail", "ok", "No mailbox fails.", facts)
    told = _named([f"{address} (for {_long(now - since)})" for address, since in failing])
    return Finding("mail", "bad", f"Cannot be read: {told}. Correct its password or server under Mailboxes.", facts)


async def _coverage(patient: Patient) -> Finding:
    told: list[str] = []
    for each in patient.ids:
        async with patient.database.read(Actor.system([each])) as work:
            directory = await read_directory(work, each)
            now: datetime = work.now
        found = directory.uncovered(now, now + timedelta(days=DAYS_AHEAD))
        told += [f"{directory.organisation.slug}: {one.sentence}" for one in found]
    if told:
        sentence = f"{len(told):,} times in the next {DAYS_AHEAD} days nobody can be reached. {' '.join(told[:_NAMED])}"
        return Finding("coverage", "attention", sentence, {"uncovered": told})
    sentence = f"Somebody can be reached at every hour of the next {DAYS_AHEAD} days that a department is open."
    return Finding("coverage", "ok", sentence, {"uncovered": []})


_CHECKS: Final[tuple[Callable[[Patient], Awaitable[Finding]], ...]] = (
    _tables,
    _constraints,
    _search,
    _clock,
    _disk,
    _journal,
    _conserved,
    _promises,
    _jobs,
    _messages,
    _outbox,
    _mail,
    _coverage,
)


def _named(things: Sequence[str]) -> str:
    shown = ", ".join(things[:_NAMED])
    return f"{shown} and {len(things) - _NAMED:,} more" if len(things) > _NAMED else shown


def _long(span: timedelta) -> str:
    """A length of time in the unit that says enough."""
    seconds = span.total_seconds()
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
