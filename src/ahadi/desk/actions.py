"""What a person does at the desk beside the case itself: half-written words, who is there, what comes after sending.

None of this is in the journal: it is nothing that happened to a case, and it changes with every pause in typing.
"""

from uuid import UUID

from ahadi.base.errors import Invalid
from ahadi.cases import Case
from ahadi.desk import store
from ahadi.desk.model import AFTER_SENDING, HERE_FOR, MODES, MOST_DRAFT, AfterSending, AtDesk, Mode
from ahadi.platform.database import Work


def _writer(work: Work, case: Case) -> UUID:
    work.permit(case.organisation_id, "case.work")
    if work.actor.person_id is None:
        raise Invalid("Only a person who is signed in has a desk.")
    return work.actor.person_id


async def keep_draft(work: Work, case: Case, mode: Mode, body: str) -> None:
    """Keep what is half written; nothing but white space is no draft. Raises Invalid."""
    person = _writer(work, case)
    if mode not in MODES:
        raise Invalid("A draft is of a reply or of a note.")
    if len(body) > MOST_DRAFT:
        raise Invalid("This is too long; shorten it.")
    if body.strip():
        await store.put_draft(work, case.organisation_id, case.id, person, mode, body)
    else:
        await store.delete_draft(work, case.organisation_id, case.id, person, mode)


async def drop_draft(work: Work, case: Case, mode: Mode) -> None:
    """What was half written is sent, or not wanted any more."""
    if work.actor.person_id is not None:
        await store.delete_draft(work, case.organisation_id, case.id, work.actor.person_id, mode)


async def be_here(work: Work, case: Case, *, writing: bool) -> None:
    """Have the case open. Blocks nobody."""
    work.permit(case.organisation_id, "case.read")
    if work.actor.person_id is not None:
        await store.put_here(work, case.organisation_id, case.id, work.actor.person_id, writing)


async def leave(work: Work, case: Case) -> None:
    """Have the case open no longer."""
    work.permit(case.organisation_id, "case.read")
    if work.actor.person_id is not None:
        await store.delete_here(work, case.organisation_id, case.id, work.actor.person_id)


async def at_desk(work: Work, case: Case) -> AtDesk:
    """What whoever acts has half written about a case, who else has it open, and where to go after sending."""
    since = work.real_now - HERE_FOR
    return await store.at_desk(work, case.organisation_id, case.id, work.actor.person_id, since)


async def choose_after_sending(work: Work, chosen: AfterSending) -> None:
    """Remember where whoever acts wants to be after sending. Raises Invalid."""
    if chosen not in AFTER_SENDING:
        raise Invalid("After sending one stays, goes to the next case, or closes this one.")
    if work.actor.person_id is not None:
        await store.put_choice(work, work.actor.person_id, chosen)
