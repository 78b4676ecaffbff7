"""From a notice to who is told of it where: a follower of the journals, a moment after the notice was written.

The notice stands in the transaction of what caused it; what is told of it, and how far was read, in one of their own.
So nothing is told of what was rolled back, and nothing twice.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

from ahadi.base.ids import uuid7
from ahadi.notifications import model, store
from ahadi.notifications.actions import PUSH
from ahadi.platform import followers, journal
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.followers import Follower, Following
from ahadi.platform.journal import JournalRow

NAME = "notifications"


async def take(work: Work, organisation_id: UUID, rows: Sequence[JournalRow]) -> None:
    """Put on its way what people chose to be told of."""
    given = [each for each in rows if each.kind == "notice.given" and each.subject_id]
    if not given:
        return
    people = sorted({UUID(each.facts["person"]) for each in given})
    chosen = await store.choices_of(work, people)
    browsers = await store.browsers_by_person(work, sorted(chosen)) if chosen else {}
    for each in given:
        person = UUID(each.facts["person"])
        if choices := chosen.get(person):
            _tell(work, organisation_id, each, person, choices, browsers.get(person, []))


def _tell(
    work: Work,
    organisation_id: UUID,
    row: JournalRow,
    person: UUID,
    choices: model.Choices,
    browsers: Sequence[UUID],
) -> None:
    assert row.subject_id is not None
    about = model.about_of(row.facts["about"])
    for way in sorted(choices.ways_for(about)):
        due = model.told_at(choices, about, work.real_now)
        if way == "digest":
            due = model.digest_at(choices, work.real_now)
        if way == "push" and not browsers:
            continue
        id_ = uuid7()
        store.put_notification(work, organisation_id, id_, row.subject_id, person, about, way, due)
        for browser in browsers if way == "push" else ():
            work.enqueue(
                PUSH,
                organisation_id,
                due=due,
                key=f"{PUSH} {row.subject_id} {browser}",
                person=str(person),
                browser=str(browser),
                notification=str(id_),
            )


# What happened before a restore, or before this was there, is told to nobody any more.
_FOLLOWING = Following(NAME, take, journal.head)


def follower(database: Database, organisations: Callable[[], Awaitable[Iterable[UUID]]]) -> Follower:
    """Follows the journals of all organisations, each from when it is first seen."""
    begun: set[UUID] = set()

    async def everyone() -> list[UUID]:
        found = list(await organisations())
        if new := [each for each in found if each not in begun]:
            async with database.work(Actor.system(new)) as work:
                start = await journal.head(work)
                for each in new:
                    await followers.begin(work, each, NAME, start)
            begun.update(new)
        return found

    return Follower(database, everyone, _FOLLOWING)
