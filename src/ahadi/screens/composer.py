"""What the composer of a case shows beside its fields: drafts, macros, colleagues who are there, usual promises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ahadi import cases, contacts, desk, promises
from ahadi.cases import Case
from ahadi.contacts import CannedReply, Unfilled
from ahadi.desk import AfterSending, Here, Macro, Mode
from ahadi.directory import Directory, Permission
from ahadi.platform.database import Together, Work
from ahadi.screens.frame import Frame


@dataclass(frozen=True, slots=True)
class Composer:
    """`usual` is the kind of promise that is made most for such a case, due at `due`."""

    drafts: Mapping[Mode, str]
    macros: Sequence[Macro]
    others: Sequence[tuple[str, bool]]
    after: AfterSending
    usual: str
    due: datetime


async def composer_of(work: Work, frame: Frame, case: Case) -> Composer | None:
    """Everything the composer shows; nothing for somebody who only reads."""
    if not frame.may(Permission.CASE_WORK, case.organisation_id):
        return None
    async with Together() as asked:
        at_desk = asked.ask(desk.at_desk(work, case))
        macros = asked.ask(desk.macros_of(work, case.organisation_id))
    found = at_desk.result()
    directory = frame.directories[case.organisation_id]
    usual = directory.default_promise(case.department_id, case.reason)
    return Composer(
        drafts=found.drafts,
        macros=macros.result(),
        others=_named(directory, found.others),
        after=found.after,
        usual=usual.kind,
        due=promises.due_within(directory, usual.within, case.department_id, work.now),
    )


async def others_at(work: Work, directory: Directory, case: Case) -> list[tuple[str, bool]]:
    """Who else has the case open, by name, and whether they write."""
    return _named(directory, (await desk.at_desk(work, case)).others)


def _named(directory: Directory, others: Sequence[Here]) -> list[tuple[str, bool]]:
    return [(directory.name_of(each.person_id, "en"), each.writing) for each in others]


@dataclass(frozen=True, slots=True)
class Ready:
    """A canned reply as it would be inserted, or what it misses."""

    slug: str
    text: str
    missing: tuple[str, ...]


async def canned_for(work: Work, frame: Frame, case: Case) -> list[Ready]:
    """Each canned reply in the customer's language, else in the organisation's first, else in any."""
    texts = [case.language, *frame.directories[case.organisation_id].organisation.languages]
    chosen: dict[str, CannedReply] = {}
    for each in await contacts.canned_replies(work, case.organisation_id):
        held = chosen.get(each.slug)
        if held is None or _rank(texts, each.language) < _rank(texts, held.language):
            chosen[each.slug] = each
    replies = list(chosen.values())
    filled = await cases.fill_for_case(work, case, [each.body for each in replies])
    return [
        Ready(each.slug, "", outcome.missing or outcome.leftovers)
        if isinstance(outcome, Unfilled)
        else Ready(each.slug, outcome.text, ())
        for each, outcome in zip(replies, filled, strict=True)
    ]


def _rank(languages: Sequence[str], language: str) -> int:
    return languages.index(language) if language in languages else len(languages)
