"""How the installation is, for those who watch over it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from ahadi.base.errors import AhadiError
from ahadi.main.wiring import Installation
from ahadi.platform import jobs
from ahadi.platform.database import Actor
from ahadi.platform.database.migrate import pending


@dataclass(frozen=True, slots=True)
class Report:
    """Whether work can be taken, and what was found."""

    ready: bool
    found: dict[str, Any]

    def content(self) -> dict[str, Any]:
        return {"ready": self.ready, **self.found}


async def ready(installation: Installation) -> Report:
    """Ask the database and its migrations; report, without judging, the jobs and promises that wait too long."""
    try:
        async with installation.database.read(Actor.system([])) as work:
            counted = await jobs.counts(work)
        missing = await asyncio.to_thread(pending, installation.database.url)
    except AhadiError as problem:
        return Report(False, {"database": problem.sentence})
    found: dict[str, Any] = {"database": "answers", "migrations_pending": missing, "jobs": counted}
    return Report(not missing, found)


async def numbers(installation: Installation) -> dict[str, tuple[str, float]]:
    """What the database says now, by the name of its metric: meaning and value."""
    try:
        async with installation.database.read(Actor.system([])) as work:
            counted = await jobs.counts(work)
    except AhadiError:
        return {"ahadi_database_up": ("Whether the database answers.", 0.0)}
    return {
        "ahadi_database_up": ("Whether the database answers.", 1.0),
        "ahadi_jobs_waiting": ("Jobs that wait or run.", float(counted["waiting"])),
        "ahadi_jobs_late": ("Jobs overdue by more than a minute.", float(counted["late"])),
        "ahadi_jobs_dead": ("Jobs that were given up and wait for a person.", float(counted["dead"])),
    }
