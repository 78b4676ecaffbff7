"""`ahadi doctor`: looks at everything that must hold, and says what to do about what does not. Changes nothing."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from ahadi.base.clock import iso
from ahadi.base.errors import AhadiError
from ahadi.directory import all_organisations
from ahadi.main import doctor_store as store
from ahadi.main import doctor_waiting as waiting
from ahadi.main.doctor_model import Disk, Finding, Patient, Progress, State, long, named
from ahadi.main.replay import Mismatch, compare
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.database.migrate import pending
from ahadi.platform.database.roles import unprotected_tables
from ahadi.platform.settings import Settings

_DRIFT: Final = (timedelta(seconds=5), timedelta(seconds=60))  # from which on a clock needs attention, or is wrong
_GLOBAL: Final = {"job", "mail_address", "token"}  # read before an organisation is known, so guarded by no policy
_DISK: Final = (2 << 30, 256 << 20)  # bytes free, below which the same


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
        sentence = f"The database lacks {named(missing)}: run `ahadi migrate`, then look again."
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
        sentence = f"Row-level security does not guard {named(open_ones)}: run `ahadi migrate` as the tables' owner."
        return Finding("tables", "bad", sentence, {"unprotected": open_ones})
    return Finding("tables", "ok", "Row-level security guards every table of an organisation.")


async def _constraints(patient: Patient) -> Finding:
    async with patient.database.read(Actor.system([])) as work:
        unsound = await store.unsound(work)
    if unsound:
        sentence = f"Not in force: {named(unsound)}. Validate or rebuild them as the tables' owner."
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
        sentence = f"The database server's clock and ours differ by {long(drift)}: run time synchronisation on both."
        return Finding("clock", state, sentence, facts)
    if mode == "system" and trial is not None and trial > after:
        sentence = (
            f"Business time was once moved to {iso(trial)} by hand, and AHADI_CLOCK is system: what was promised then"
            " is dated in the future. Use a database of its own for trials."
        )
        return Finding("clock", "attention", sentence, facts)
    told = "is real time" if mode == "system" else f"is {iso(business)} ({mode}), {long(abs(business - after))} off"
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
        told = [f"{each.reference} ({named(each.fields)})" for each in wrong] + [f"case {each}" for each in gone]
        sentence = (
            f"The tables do not say what the journal says of {named(told)}: restore a backup, or report this with the"
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
        told = named([f"{many:,} {what}" for what, many in lost.items() if many])
        sentence = f"{told}: restore a backup, or report this with the output of `ahadi doctor --json`."
        return Finding("conserved", "bad", sentence, total)
    if total["waiting"]:
        sentence = (
            f"Each of {total['contacts']:,} contacts is in one case; {total['waiting']:,} put aside wait for a person."
        )
        return Finding("conserved", "attention", sentence, total)
    return Finding("conserved", "ok", f"Each of {total['contacts']:,} accepted contacts is in exactly one case.", total)


async def _acting(patient: Patient) -> Finding:
    """Whoever stands in the journal behind another's name was let to act in it, then and there."""
    stray = 0
    for each in patient.ids:
        async with store.snapshot(patient.database, [each]) as work:
            stray += await store.acted_without_leave(work, each)
    if stray:
        sentence = f"{stray:,} rows of the journal name somebody who acted in another's name without leave; look there."
        return Finding("acting", "bad", sentence, {"rows": stray})
    return Finding("acting", "ok", "Whoever acted in another's name was let to.")


_CHECKS: Final[tuple[Callable[[Patient], Awaitable[Finding]], ...]] = (
    _tables,
    _constraints,
    _search,
    _clock,
    _disk,
    _journal,
    _conserved,
    _acting,
    waiting.check_promises,
    waiting.check_jobs,
    waiting.check_messages,
    waiting.check_outbox,
    waiting.check_mail,
    waiting.check_coverage,
)
