"""Who is at work: beside a name in a choice, and of a promise that falls due while its keeper is not."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from ahadi import promises
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


async def away_when_due(work: Work, case: Case, made: Iterable[Promise]) -> str:
    """The id of whoever will not be there when one of these promises is due, so that it passes on; else empty."""
    directory = await read_directory(work, case.organisation_id)
    for each in sorted(made, key=lambda promise: promise.due_at):
        if each.owner.person and promises.passes_on(directory, case, each, work.now):
            return each.owner.person.hex
    return ""
