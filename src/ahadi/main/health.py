"""How the installation is, for those who watch over it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from ahadi import promises
from ahadi.base.errors import AhadiError
from ahadi.main.housekeeping import WORKER
from ahadi.main.wiring import Installation, every_organisation
from ahadi.platform import jobs
from ahadi.platform.database import Actor
from ahadi.platform.database.migrate import pending
from ahadi.platform.marks import marks


@dataclass(frozen=True, slots=True)
class Report:
    """Whether work can be taken, and what was found."""

    ready: bool
    found: dict[str, Any]

    def content(self) -> dict[str, Any]:
        return {"ready": self.ready, **self.found}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the database says of the installation. An overdue promise is one the watch has not yet broken."""

    jobs: dict[str, int]
    overdue_seconds: float | None
    worker_silent_seconds: float | None


async def _look(installation: Installation) -> _Seen:
    everyone = await every_organisation(installation.database)
    async with installation.database.read(Actor.system(everyone)) as work:
        counted = await jobs.counts(work)
        oldest = await promises.oldest_overdue(work, everyone) if everyone else None
        beat = (await marks(work)).get(WORKER)
        return _Seen(
            counted,
            (work.now - oldest).total_seconds() if oldest else None,
            max(0.0, (work.real_now - beat.at).total_seconds()) if beat else None,
        )


async def ready(installation: Installation) -> Report:
    """Ask the database and its migrations; report, without judging, the jobs and promises that wait too long."""
    try:
        missing = await asyncio.to_thread(pending, installation.database.url)
        if missing:
            return Report(False, {"database": "answers", "migrations_pending": missing})
        seen = await _look(installation)
    except AhadiError as problem:
        return Report(False, {"database": problem.sentence})
    return Report(
        True,
        {
            "database": "answers",
            "migrations_pending": [],
            "jobs": seen.jobs,
            "oldest_overdue_promise_seconds": seen.overdue_seconds,
            "worker_silent_seconds": seen.worker_silent_seconds,
        },
    )


async def numbers(installation: Installation) -> dict[str, tuple[str, float]]:
    """What the database says now, by the name of its metric: meaning and value."""
    try:
        seen = await _look(installation)
    except AhadiError:
        return {"ahadi_database_up": ("Whether the database answers.", 0.0)}
    overdue = seen.overdue_seconds or 0.0
    found = {
        "ahadi_database_up": ("Whether the database answers.", 1.0),
        "ahadi_jobs_waiting": ("Jobs that wait or run.", float(seen.jobs["waiting"])),
        "ahadi_jobs_late": ("Jobs overdue by more than a minute.", float(seen.jobs["late"])),
        "ahadi_jobs_dead": ("Jobs that were given up and wait for a person.", float(seen.jobs["dead"])),
        "ahadi_oldest_overdue_promise_seconds": (
            "How long ago the oldest promise fell due that is still open.",
            overdue,
        ),
    }
    if seen.worker_silent_seconds is not None:
        found["ahadi_worker_silent_seconds"] = (
            "How long ago a worker last gave a sign of life.",
            seen.worker_silent_seconds,
        )
    return found
