"""Making what was said findable: a follower of the journals, a moment after it happened.

The words of subjects, names and messages are learnt, so that a mistyped one can be put right. Which words there are
would tell of somebody who was forgotten; so after an erasure every word is looked for, and what is said nowhere any
more is forgotten too.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

from ahadi import cases, contacts, customers
from ahadi.base.text import words
from ahadi.platform import followers, journal
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.followers import Follower, Following
from ahadi.platform.jobs import Job, finish
from ahadi.platform.journal import JournalRow
from ahadi.search import store
from ahadi.search.nearness import is_kept

NAME = "search"
FORGET = "search.forget"
_OF_PEOPLE = ("customer.", "identity.")
_SWEPT_AT_ONCE = 500


async def take(work: Work, organisation_id: UUID, rows: Sequence[JournalRow]) -> None:
    """Make findable what these journal rows tell of."""
    case_ids = sorted({each.case_id for each in rows if each.case_id})
    people = sorted({each.subject_id for each in rows if each.subject_id and each.kind.startswith(_OF_PEOPLE)})
    learnt = await contacts.index_messages(work, organisation_id, case_ids) if case_ids else set()
    for text in (await cases.texts_of(work, organisation_id, case_ids)).values() if case_ids else ():
        learnt.update(words(text.subject))
    for customer in (await customers.get_customers(work, organisation_id, people)).values() if people else ():
        learnt.update(words(customer.name or ""))
    if kept := {each for each in learnt if is_kept(each)}:
        await store.learn(work, organisation_id, kept)
    if any(each.kind == "customer.erased" for each in rows):
        work.enqueue(FORGET, organisation_id, key=f"{FORGET} {organisation_id}")


_FOLLOWING = Following(NAME, take, journal.beginning)


def follower(database: Database, organisations: Callable[[], Awaitable[Iterable[UUID]]]) -> Follower:
    """Follows the journals of all organisations, each from its beginning."""
    begun: set[UUID] = set()

    async def everyone() -> list[UUID]:
        found = list(await organisations())
        if new := [each for each in found if each not in begun]:
            async with database.work(Actor.system(new)) as work:
                start = await journal.beginning(work)
                for each in new:
                    await followers.begin(work, each, NAME, start)
            begun.update(new)
        return found

    return Follower(database, everyone, _FOLLOWING)


async def forget(job: Job, database: Database) -> None:
    """The job `search.forget`: take out of the vocabulary what is said nowhere any more."""
    organisation_id, last = job.organisation_id, ""
    assert organisation_id is not None
    while True:
        async with database.work(job.actor()) as work:
            looked_at = await store.words_after(work, organisation_id, last, _SWEPT_AT_ONCE)
            if not looked_at:
                await finish(work, job)
                return
            gone = set(looked_at)
            for still in (contacts.still_said, cases.still_a_subject, customers.still_a_name):
                gone -= await still(work, organisation_id, sorted(gone)) if gone else set()
            if gone:
                await store.forget(work, organisation_id, gone)
            last = looked_at[-1]
