"""How long words are kept. Once a case has been resolved for so many days, its files, its messages' words and its own
words go, each after its own time; what happened, when and by whom stays, as ids, in the journal.

An open case keeps everything. The work is done by a duty of the worker, a few cases in each transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ahadi import cases, contacts, routing
from ahadi.base.errors import Invalid
from ahadi.directory import Permission
from ahadi.intake import personal_store
from ahadi.intake import retention_store as store
from ahadi.platform.database import Actor, Database, Work

WHATS: Final = ("attachments", "messages", "cases", "mail")
LONGEST_DAYS: Final = 36_500
_BATCH = 50


async def retention_of(work: Work, organisation_id: UUID) -> Mapping[str, int | None]:
    """For how many days each kind of words is kept; None for ever."""
    work.permit(organisation_id, Permission.SETTINGS_EDIT)
    chosen = {each.what: each.days for each in await store.kept_of(work, organisation_id)}
    return {what: chosen.get(what) for what in WHATS}


async def change_retention(work: Work, organisation_id: UUID, days: Mapping[str, int | None]) -> None:
    """Keep words so many days from now on. Raises Invalid; what is gone does not come back."""
    was = await retention_of(work, organisation_id)
    wrong = [
        what for what, each in days.items() if what not in WHATS or not (each is None or 1 <= each <= LONGEST_DAYS)
    ]
    if wrong:
        raise Invalid(f"Words are kept from 1 to {LONGEST_DAYS} days, or for ever.", what=wrong[0])
    changed = {what: each for what, each in days.items() if was[what] != each}
    for what, each in changed.items():
        await store.put_kept(work, organisation_id, what, each)
    if changed:
        work.record("retention.changed", organisation_id, kinds=sorted(changed), days=changed)


async def would_go(work: Work, organisation_id: UUID, days: Mapping[str, int | None]) -> Mapping[str, int]:
    """How much would go at once if words were kept so long: nothing is touched."""
    work.permit(organisation_id, Permission.SETTINGS_EDIT)
    return {
        what: await store.count_old(work, organisation_id, what, _before(work, each), cases.ERASED) if each else 0
        for what, each in days.items()
    }


def _before(work: Work, days: int) -> datetime:
    return work.now - timedelta(days=days)


async def let_go(database: Database, organisations: Sequence[UUID]) -> int:
    """One small batch of each kind in each organisation, each in a transaction of its own; how much was looked at."""
    looked_at = 0
    for organisation_id in organisations:
        for what in WHATS:
            async with database.work(Actor.system([organisation_id])) as work:
                looked_at += await _let_go(work, organisation_id, what)
    return looked_at


async def _let_go(work: Work, organisation_id: UUID, what: str) -> int:
    kept = await store.lock_kept(work, organisation_id, what)
    if kept is None or kept.days is None:
        return 0
    before = _before(work, kept.days)
    if what == "mail":
        mails = await store.old_mails(work, organisation_id, before, _BATCH)
        if mails:
            ids, files = [mail for mail, _file in mails], [file for _mail, file in mails]
            await personal_store.drop_mail(work, organisation_id, ids, files)
            work.record("retention.applied", organisation_id, what=what, count=len(mails))
        return len(mails)
    old = await store.old_cases(work, organisation_id, before, kept, _BATCH)
    if not old:
        return 0
    gone = await _forget(work, organisation_id, what, [each.id for each in old])
    await store.put_reached(work, organisation_id, what, old[-1])
    if gone:
        work.record("retention.applied", organisation_id, what=what, count=gone)
    return len(old)


async def _forget(work: Work, organisation_id: UUID, what: str, case_ids: Sequence[UUID]) -> int:
    """Let one kind of words of these cases go; how much there was of it."""
    if what == "attachments":
        return await contacts.forget_files(work, organisation_id, case_ids)
    if what == "messages":
        return await contacts.forget_messages(work, organisation_id, case_ids)
    held = await store.with_words(work, organisation_id, case_ids, cases.ERASED)
    await cases.forget_cases(work, organisation_id, held)
    await routing.forget_heard(work, organisation_id, held)
    return len(held)
