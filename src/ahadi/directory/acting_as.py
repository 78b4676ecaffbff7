"""Acting in another's name, to see what they see and help them: with a reason, for a short time, in one organisation,
never upward, and never unseen. The journal names the real person beside the other one, who is told afterwards."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from ahadi.base.errors import Conflict, Forbidden, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.base.text import one_line
from ahadi.directory import acting_store as store
from ahadi.directory import session_store
from ahadi.directory.acting_store import Acting
from ahadi.directory.permissions import Permission, may_act_as
from ahadi.directory.snapshot import Directory, read_directory
from ahadi.platform.database import Database, Work
from ahadi.platform.jobs import Handler, Job, finish

OVER: Final = "directory.acting_over"
MINUTES: Final = (15, 30, 60)
_SHORTEST_REASON: Final = 10  # characters


class NotTheirName(Forbidden):
    """Somebody wants to act in a name they may not act in."""

    code = "not-their-name"


def names_to_take(work: Work, directory: Directory) -> list[UUID]:
    """The people in whose name the actor may act in an organisation."""
    own = directory.memberships.get(work.actor.person_id or UUID(int=0))
    if own is None:
        return []
    return [
        each.person_id
        for each in directory.memberships.values()
        if directory.serves(each.person_id) and may_act_as(own.roles, each.roles)
    ]


async def begin_acting(work: Work, organisation_id: UUID, person_id: UUID, reason: str, minutes: int) -> Acting:
    """Act in somebody's name from now on, in this session, until the minutes of real time are over or it is ended.

    Raises NotTheirName for somebody who does not stand lower, Invalid without a reason, Conflict while acting already.
    """
    work.permit(organisation_id, Permission.PEOPLE_ACT_AS)
    actor = work.actor
    if actor.person_id is None or actor.session_id is None or actor.behind is not None:
        raise NotTheirName("Only a person who is signed in as themselves acts in another's name.")
    said = one_line(reason, 300)
    if len(said) < _SHORTEST_REASON:
        raise Invalid("Say why, in a few words: the person will read it.")
    if minutes not in MINUTES:
        raise Invalid("Choose for how long.")
    directory = await read_directory(work, organisation_id)
    if person_id not in names_to_take(work, directory):
        raise NotTheirName("You may act in the name of people of this organisation who stand lower than you.")
    acting = Acting(
        organisation_id,
        uuid7(),
        person_id,
        actor.person_id,
        said,
        work.real_now,
        work.real_now + timedelta(minutes=minutes),
        None,
    )
    if not await session_store.act_as(work, actor.session_id, acting.id, person_id, organisation_id, acting.ends_at):
        raise Conflict("You act in another's name already; end that first.")
    await store.add_acting(work, acting)
    work.record("person.acting_began", organisation_id, subject_id=person_id, acting_id=str(acting.id), minutes=minutes)
    work.enqueue(OVER, organisation_id, due=acting.ends_at, id=str(acting.id))
    return acting


async def end_acting(work: Work) -> UUID:
    """Be oneself again; the organisation it was in."""
    found = await session_store.acting_of(work, work.actor.session_id)
    if work.actor.behind is None or work.actor.session_id is None or found is None:
        raise NotFound("You act in nobody's name.")
    acting_id, organisation_id = found
    await session_store.stop_acting(work.connection, work.actor.session_id)
    if await store.end_acting(work, organisation_id, acting_id, work.real_now):
        work.record("person.acting_ended", organisation_id, subject_id=work.actor.id, acting_id=str(acting_id))
    return organisation_id


def ending_actings() -> dict[str, Handler]:
    """The handler of the job that is due when somebody's time to act in a name is over: the person is told."""

    async def over(job: Job, database: Database) -> None:
        async with database.work(job.actor()) as work:
            found = await store.acting(work, job.actor().organisations[0], UUID(job.args["id"]))
            if found is not None:
                if await store.end_acting(work, found.organisation_id, found.id, found.ends_at):
                    work.record(
                        "person.acting_ended",
                        found.organisation_id,
                        subject_id=found.person_id,
                        acting_id=str(found.id),
                    )
                work.enqueue(
                    "directory.mail_notice",
                    found.organisation_id,
                    about="acting",
                    person_id=str(found.person_id),
                    id=str(found.id),
                )
            await finish(work, job)

    return {OVER: over}
