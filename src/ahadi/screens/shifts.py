"""Who is at work: beside a name in a choice, and of a promise that falls due while its keeper is not."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from ahadi.cases import Case, Promise
from ahadi.directory import Directory, read_directory
from ahadi.platform.database import Work
from ahadi.screens import moments
from ahadi.screens.reader import _


def named_with_shift(directory: Directory, person: UUID, now: datetime) -> str:
    """A person's name, and until when they are off shift or away; in the language of whoever reads.

    Nothing is said of somebody of whom the rota says nothing: they may be reached at any time.
    """
    name, rota = directory.people[person].name, directory.rota
    away = rota.is_absent(person, now)
    if not away and (not directory.works_shifts(person) or rota.on_shift([person], now)):
        return name
    back = rota.next_shift_start(person, now)
    if back is None:
        return (_("%(name)s – away") if away else _("%(name)s – off shift")) % {"name": name}
    words = _("%(name)s – away until %(time)s") if away else _("%(name)s – off shift until %(time)s")
    return words % {"name": name, "time": moments.clock(back)}


def is_away(directory: Directory, person: UUID, at: datetime) -> bool:
    """Whether what a person promised for that time passes to a colleague: they are off shift then, or absent."""
    rota = directory.rota
    return rota.is_absent(person, at) or (directory.works_shifts(person) and not rota.on_shift([person], at))


async def away_when_due(work: Work, case: Case, made: Iterable[Promise]) -> str:
    """The id of whoever is not at work when one of these promises, which they keep, is due; empty where none is."""
    directory = await read_directory(work, case.organisation_id)
    for each in sorted(made, key=lambda promise: promise.due_at):
        if each.owner.person and is_away(directory, each.owner.person, each.due_at):
            return each.owner.person.hex
    return ""
