"""The first run: whoever started an empty installation makes its organisation, with the secret that was printed.

The secret is made when `ahadi run` finds nobody, is kept as a hash, and is spent by making the organisation. From then
on the steps are taken by the administrator it made, who is signed in like anybody. Each step is kept, so that the rest
can wait; what is finished is over for good.
"""

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import orjson

from ahadi.base.errors import Conflict, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.base.text import fold, one_line, slug
from ahadi.directory import apply, sign_in_store
from ahadi.directory import first_run_store as store
from ahadi.directory.devices import Where
from ahadi.directory.first_run_store import FirstRun
from ahadi.directory.permissions import Permission
from ahadi.directory.setup_file import examine_setup
from ahadi.directory.sign_in import LinkUsedUp, make_link
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.security import hash_secret, new_secret
from ahadi.platform.security.passwords import check_new_password
from ahadi.platform.throttle import Limit, count_attempt

STEPS: Final = ("organisation", "department", "people", "mail", "case")
DEPARTMENT = "care"
_TRIED = Limit("first-run", 30, timedelta(hours=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What the first step asks: the organisation, and the person who makes it."""

    name: str
    zone: str
    country: str
    languages: tuple[str, ...]
    department: str  # what its first department is called
    person: str
    email: str
    password: str


async def prepare(database: Database) -> str | None:
    """A new secret for the first run of an empty installation, in place of a former one; None where it is not empty."""
    async with database.work(Actor.system([])) as work:
        if await store.any_organisation(work):
            return None
        secret = new_secret("ahf")
        await store.put_secret(work, hash_secret(secret))
    return secret


async def may_begin(database: Database, secret: str, where: Where) -> bool:
    """Whether this is the secret of a first run that has not begun. Whoever guesses is slowed down."""
    await count_attempt(database, {_TRIED: where.address})
    async with database.read(Actor.system([])) as work:
        return _fits(await store.first_run(work), secret) and not await store.any_organisation(work)


def _fits(run: FirstRun | None, secret: str) -> bool:
    return run is not None and run.hash is not None and hmac.compare_digest(run.hash, hash_secret(secret))


async def begin(database: Database, secret: str, beginning: Beginning, where: Where) -> str:
    """Make the organisation, its first department, and the person who may do everything there; a link to come in by.

    Locks the first run, so that of two who hold the secret one is first. Raises LinkUsedUp for a secret that is wrong
    or spent, Invalid for what cannot be, PasswordTooWeak.
    """
    await count_attempt(database, {_TRIED: where.address})
    check_new_password(beginning.password, about=(beginning.person, beginning.email))
    organisation_id = uuid7()
    async with database.work(Actor.system([organisation_id])) as work:
        run = await store.first_run(work, lock=True)
        if not _fits(run, secret) or await store.any_organisation(work):
            raise LinkUsedUp("This link was used before or has expired; ask for a new one.")
        setup, problems = examine_setup(_written(beginning), work.now)
        if setup is None or problems:
            raise Invalid(problems[0].sentence if problems else "Fill in every field.")
        await apply.apply_directory(work, organisation_id, setup)
        held = await sign_in_store.held_by_email(work, fold(beginning.email))
        assert held is not None
        await store.spend_secret(work, organisation_id, held.person_id, "department")
        work.record("first_run.begun", organisation_id, subject_id=held.person_id)
        return await make_link(work, held.person_id, "invitation")


def _written(beginning: Beginning) -> str:
    """The beginning as a setup file, so that it is read and checked as every other."""
    person = slug(beginning.person) or "administrator"
    return orjson.dumps(
        {
            "organisation": {
                "slug": slug(beginning.name) or "organisation",
                "name": one_line(beginning.name, 80),
                "reference": prefix_of(beginning.name),
                "zone": beginning.zone,
                "country": beginning.country,
                "languages": list(beginning.languages),
                "manager": person,
                "default_department": DEPARTMENT,
            },
            "departments": {
                DEPARTMENT: {
                    "name": one_line(beginning.department, 80),
                    "hours": "Mo-Fr 08:00-17:00",
                    "public_holidays": "closed",
                    "members": [person],
                }
            },
            "people": {
                person: {
                    "name": one_line(beginning.person, 120),
                    "email": beginning.email.strip(),
                    "languages": list(beginning.languages),
                    "roles": ["administrator", "manager"],
                }
            },
        }
    ).decode()


def prefix_of(name: str) -> str:
    """Two to four capital letters for references, from the name: its initials, else its first letters."""
    words = [each for each in slug(name).upper().split("-") if each[:1].isalpha()]
    letters = "".join(each[0] for each in words)[:4]
    if len(letters) < 2:
        letters = "".join(each for word in words for each in word if each.isalpha())[:3]
    return letters if len(letters) >= 2 else "AH"


async def unfinished(work: Work) -> FirstRun | None:
    """The first run that was begun and is not finished, where it is the actor's to go on with."""
    run = await store.first_run(work)
    return run if run and _is_theirs(run, work.actor) else None


def _is_theirs(run: FirstRun, actor: Actor) -> bool:
    return (
        run.organisation is not None
        and run.finished_at is None
        and actor.person_id is not None
        and all(actor.may(run.organisation, each) for each in (Permission.SETTINGS_EDIT, Permission.PEOPLE_EDIT))
    )


async def at_step(work: Work, step: str) -> UUID:
    """The organisation of the first run, locked, to take a step that is its next one or was taken before.

    Raises NotFound where there is none to go on with, Conflict for a step ahead of its turn.
    """
    run = await store.first_run(work, lock=True)
    if run is None or run.organisation is None or not _is_theirs(run, work.actor):
        raise NotFound("The first run is over, or not yours to go on with.")
    if STEPS.index(step) > STEPS.index(run.step):
        raise Conflict("Take the steps before this one first.")
    return run.organisation


async def took(work: Work, organisation_id: UUID, step: str) -> None:
    """A step is taken: the next one comes, or the first run is finished. Keep where it is when it is further on."""
    run = await store.first_run(work)
    number = STEPS.index(step) + 1
    finished = number == len(STEPS)
    if finished or (run and number > STEPS.index(run.step)):
        await store.put_step(work, STEPS[min(number, len(STEPS) - 1)], finished=finished)
        work.record("first_run.finished" if finished else "first_run.step", organisation_id, step=step)
