"""The SQL of the first run: one row for the installation, made before there is any organisation."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class FirstRun:
    """How far the first run has come. Its secret is spent once there is an organisation."""

    hash: bytes | None
    organisation: UUID | None
    person: UUID | None
    step: str
    finished_at: datetime | None


async def first_run(work: Work, *, lock: bool = False) -> FirstRun | None:
    """The first run, locked where asked; None where none was ever begun."""
    return await work.one(
        FirstRun,
        "select hash, organisation, person, step, finished_at from first_run" + (" for update" if lock else ""),
    )


async def put_secret(work: Work, hashed: bytes) -> None:
    """A new secret takes the place of one that was not used."""
    await work.execute(
        "insert into first_run (hash, made_at, step) values (%(hash)s, %(now)s, 'organisation')"
        " on conflict (alone) do update set hash = excluded.hash, made_at = excluded.made_at"
        " where first_run.organisation is null",
        {"hash": hashed, "now": work.real_now},
    )


async def spend_secret(work: Work, organisation_id: UUID, person_id: UUID, step: str) -> None:
    await work.execute(
        "update first_run set hash = null, organisation = %(organisation)s, person = %(person)s, step = %(step)s",
        {"organisation": organisation_id, "person": person_id, "step": step},
    )


async def put_step(work: Work, step: str, *, finished: bool = False) -> None:
    await work.execute(
        "update first_run set step = %(step)s, finished_at = case when %(finished)s then %(now)s else finished_at end",
        {"step": step, "finished": finished, "now": work.real_now},
    )


async def any_organisation(work: Work) -> bool:
    """Whether there is an organisation, or a person."""
    return bool(
        await work.value("select exists (select from organisation) or exists (select from person where active)")
    )
