"""A change of the rota before it is made: the directory as it is and as it would be, and what that would cost. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.base.clock import utc
from ahadi.base.errors import Conflict, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.directory.coverage import Uncovered
from ahadi.directory.model import Absence, ExtraShift, ShiftCut, ShiftPattern
from ahadi.directory.rota import Piece
from ahadi.directory.snapshot import Directory
from ahadi.directory.spans import Span, clip, minus, union

LONGEST_SHIFT: Final = timedelta(hours=24)
_WEEK: Final = timedelta(days=7)
AHEAD: Final = 4 * _WEEK
"""How far ahead a change of shifts that come again is looked at, from the day it holds: they come again."""
_Change = ExtraShift | ShiftCut | Absence | ShiftPattern


@dataclass(frozen=True)
class Proposal:
    """What would be; `kind`, `subject` and `facts` are what the journal says when it is kept."""

    before: Directory
    after: Directory
    kind: str
    subject: UUID | None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Whether anything would be otherwise."""
        return any(getattr(self.before, each) != getattr(self.after, each) for each in _CHANGED)

    def uncovered(self, now: datetime) -> list[Uncovered]:
        """Every time ahead in which a department would be open with nobody to reach, and has somebody now."""
        spans = union(self._touched(now))
        if not spans or spans[-1][1] <= now:
            return []
        start, end = max(spans[0][0], utc(now)), spans[-1][1]
        were = self.before.uncovered(start, end)
        return [
            replace(each, start=s, end=e)
            for each in self.after.uncovered(start, end)
            for s, e in minus(
                [(each.start, each.end)], [(w.start, w.end) for w in were if w.department_id == each.department_id]
            )
        ]

    def lost(self, now: datetime) -> dict[UUID, list[Span]]:
        """The time ahead that people would not work any more, by person."""
        touched = union(self._touched(now))
        found: dict[UUID, list[Span]] = {}
        if not touched:
            return found
        start, end = touched[0][0], touched[-1][1]
        for person in sorted(self._people()):
            was = [(s.start, s.end) for s in self.before.rota.shifts(person, start, end)]
            now_works = [(s.start, s.end) for s in self.after.rota.shifts(person, start, end)]
            left = [(max(s, utc(now)), e) for s, e in minus(was, now_works) if e > utc(now)]
            if left:
                found[person] = left
        return found

    def _differing(self) -> list[_Change]:
        found: list[_Change] = []
        for each in _CHANGED:
            before, after = set(getattr(self.before, each)), set(getattr(self.after, each))
            found += before ^ after
        return found

    def _touched(self, now: datetime) -> list[Span]:
        return [span for each in self._differing() if (span := self._span(each, now))]

    def _span(self, each: _Change, now: datetime) -> Span | None:
        if not isinstance(each, ShiftPattern):
            return utc(each.starts_at), utc(each.ends_at)
        place = ZoneInfo(self.after.organisation.zone)
        start = max(utc(now), _midnight(each.valid_from, place)) if each.valid_from else utc(now)
        end = start + AHEAD
        if each.valid_until:
            end = min(end, _midnight(each.valid_until + timedelta(days=1), place))
        return (start, end) if start < end else None

    def _people(self) -> set[UUID]:
        return {each.person_id for each in self._differing()}


_CHANGED = ("extra_shifts", "cuts", "absences", "patterns")


def _midnight(day: date, place: ZoneInfo) -> datetime:
    return utc(datetime.combine(day, time(), place))


def piece_of(directory: Directory, source_id: UUID, starts_at: datetime | None = None) -> Piece:
    """A shift as planned: a single one by its id, one of a pattern by the pattern's id and its beginning.

    Raises NotFound, also for one that was moved meanwhile.
    """
    for each in directory.extra_shifts:
        if each.id == source_id:
            return Piece(each.person_id, each.department_id, utc(each.starts_at), utc(each.ends_at), each.id, True)
    if starts_at is not None:
        at = utc(starts_at)
        for pattern in directory.patterns:
            if pattern.id == source_id:
                for piece in directory.rota.pieces(pattern.person_id, at, at + timedelta(microseconds=1)):
                    if piece.source_id == source_id and piece.start == at:
                        return piece
    raise NotFound("There is no such shift any more; somebody changed the week meanwhile.")


def without(directory: Directory, piece: Piece) -> Directory:
    """The directory without one shift: a single one is gone, one of a pattern is cut out of it on that day."""
    if piece.single:
        return replace(directory, extra_shifts=tuple(e for e in directory.extra_shifts if e.id != piece.source_id))
    _must_end(piece)
    return cut(directory, piece.person_id, piece.department_id, piece.start, piece.end)


def cut(
    directory: Directory, person_id: UUID, department_id: UUID | None, starts_at: datetime, ends_at: datetime
) -> Directory:
    """The directory with a person's patterns for a department not holding in a time."""
    made = ShiftCut(
        organisation_id=directory.organisation.id,
        id=uuid7(),
        person_id=person_id,
        department_id=department_id,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    return replace(directory, cuts=(*directory.cuts, made))


def _must_end(piece: Piece) -> None:
    if piece.end - piece.start > LONGEST_SHIFT:
        raise Conflict("This shift goes on for more than a day; change the shifts that come again instead.")


def with_shift(
    directory: Directory,
    person_id: UUID,
    department_id: UUID | None,
    starts_at: datetime,
    ends_at: datetime,
    *,
    shift_id: UUID | None = None,
) -> Directory:
    """The directory with one more single shift. Raises Invalid, and Conflict where the person has one then."""
    start, end = utc(starts_at), utc(ends_at)
    if not timedelta(0) < end - start <= LONGEST_SHIFT:
        raise Invalid("A shift ends after it begins, and within a day.")
    if any(e.person_id == person_id and e.starts_at < end and start < e.ends_at for e in directory.extra_shifts):
        raise Conflict("They have a single shift in that time already; remove that one first.")
    made = ExtraShift(
        organisation_id=directory.organisation.id,
        id=shift_id or uuid7(),
        person_id=person_id,
        department_id=department_id,
        starts_at=start,
        ends_at=end,
    )
    return replace(directory, extra_shifts=(*directory.extra_shifts, made))


def moved(
    directory: Directory,
    piece: Piece,
    person_id: UUID,
    department_id: UUID | None,
    starts_at: datetime,
    ends_at: datetime,
) -> Directory:
    """The directory with a shift at another time, of another length, or worked by somebody else."""
    if (person_id, department_id, utc(starts_at), utc(ends_at)) == (
        piece.person_id,
        piece.department_id,
        piece.start,
        piece.end,
    ):
        return directory
    kept = piece.source_id if piece.single else None
    return with_shift(without(directory, piece), person_id, department_id, starts_at, ends_at, shift_id=kept)


def pattern_ended(directory: Directory, pattern: ShiftPattern, last: date) -> Directory:
    """The directory with shifts that come again until a last day, and gone where that is before their first."""
    rest = tuple(each for each in directory.patterns if each.id != pattern.id)
    if pattern.valid_from and last < pattern.valid_from:
        return replace(directory, patterns=rest)
    if pattern.valid_until and pattern.valid_until <= last:
        return directory
    return replace(directory, patterns=(*rest, replace(pattern, valid_until=last)))


def handed(
    directory: Directory,
    giver: UUID,
    taker: UUID,
    department_id: UUID | None,
    starts_at: datetime,
    ends_at: datetime,
) -> Directory:
    """The directory with the giver's shift for a department worked by the taker in a time.

    What the giver works before and after it stays. Raises Conflict when the giver does not work all of it.
    """
    start, end = utc(starts_at), utc(ends_at)
    pieces = [p for p in directory.rota.pieces(giver, start, end) if p.department_id == department_id]
    if minus([(start, end)], [(p.start, p.end) for p in pieces]):
        raise Conflict("That shift is not theirs any more as it was offered; offer it anew.")
    after = directory
    for piece in pieces:
        if not piece.single:
            after = cut(after, giver, department_id, max(piece.start, start), min(piece.end, end))
            continue
        after = without(after, piece)
        for s, e in minus([(piece.start, piece.end)], [(start, end)]):
            after = with_shift(after, giver, department_id, s, e)
    return with_shift(after, taker, department_id, start, end)


def absent(directory: Directory, absence: Absence) -> Directory:
    return replace(directory, absences=(*directory.absences, absence))


def week_copied(
    directory: Directory, people: Iterable[UUID], start: datetime, end: datetime, zone: str
) -> tuple[Directory, int, int]:
    """The directory with the single shifts and the cuts of some people's week made a week later too, by the clock on
    the wall; how many shifts were copied, and how many were not, since their people have one there."""
    place, wanted = ZoneInfo(zone), frozenset(people)
    since, until = utc(start), utc(end)
    after, copied, left = directory, 0, 0
    for each in directory.extra_shifts:
        if each.person_id in wanted and since <= each.starts_at < until:
            later = _later(each.starts_at, place), _later(each.ends_at, place)
            try:
                after = with_shift(after, each.person_id, each.department_id, *later)
                copied += 1
            except (Conflict, Invalid):
                left += 1
    held = {(e.person_id, e.department_id, e.starts_at, e.ends_at) for e in directory.cuts}
    for one in directory.cuts:
        if one.person_id in wanted and since <= one.starts_at < until:
            s, e = _later(one.starts_at, place), _later(one.ends_at, place)
            if s < e and (one.person_id, one.department_id, s, e) not in held:
                after = cut(after, one.person_id, one.department_id, s, e)
    return after, copied, left


def _later(moment: datetime, place: ZoneInfo) -> datetime:
    """The same time on the wall a week later, in UTC."""
    return utc((moment.astimezone(place).replace(tzinfo=None) + _WEEK).replace(tzinfo=place))


def on_call_spans(directory: Directory, department_id: UUID, start: datetime, end: datetime) -> list[Span]:
    """When a department is open and nobody of it is on shift, so that its on-call chain is called."""
    opened = directory.hours_of(department_id).intervals(start, end)
    worked = [
        (shift.start, shift.end)
        for person in directory.members(department_id)
        for shift in directory.rota.shifts(person, start, end, department_id)
    ]
    return clip(minus(opened, worked), utc(start), utc(end))


def called_for(directory: Directory, department_id: UUID) -> list[UUID]:
    """A department's own on-call chain, in order: those who work here."""
    entries = sorted(directory.on_call, key=lambda each: each.position)
    return [e.person_id for e in entries if e.department_id == department_id and directory.serves(e.person_id)]
