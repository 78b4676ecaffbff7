"""Who is on shift and when they are next. Pure: patterns and extra shifts less absences."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.base.clock import utc
from ahadi.directory.hours import Hours
from ahadi.directory.model import Absence, ExtraShift, ShiftCut, ShiftPattern
from ahadi.directory.spans import Span, clip, minus, union

HORIZON: Final = timedelta(days=60)
"""How far ahead a next shift is looked for."""
_DAY: Final = timedelta(days=1)
Each = TypeVar("Each")


@dataclass(frozen=True, slots=True)
class Shift:
    """A time without a break, in UTC, in which a person works."""

    person_id: UUID
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Piece:
    """A shift as it was planned, in UTC: a single one (`single`), or what a pattern says of a day.

    `source_id` is the id of the single shift or the pattern. Absences are not taken out of it.
    """

    person_id: UUID
    department_id: UUID | None
    start: datetime
    end: datetime
    source_id: UUID
    single: bool


class Rota:
    """The shifts of an organisation's people.

    A person's shifts are their patterns, less what was cut out of these, and extra shifts, joined where they touch,
    less their absences. A pattern's hours are read in the organisation's `zone`; a shift that ends by being put back
    an hour goes on to its end.
    """

    def __init__(
        self,
        patterns: Iterable[ShiftPattern],
        extras: Iterable[ExtraShift],
        absences: Iterable[Absence],
        *,
        zone: str,
        country: str | None,
        subdivision: str | None = None,
        cuts: Iterable[ShiftCut] = (),
    ) -> None:
        self._place = ZoneInfo(zone)
        self._patterns: Mapping[UUID, list[tuple[ShiftPattern, Hours]]] = _by_person(
            (pattern.person_id, (pattern, Hours.parse(pattern.hours, zone, country, subdivision)))
            for pattern in patterns
        )
        self._extras: Mapping[UUID, list[ExtraShift]] = _by_person((extra.person_id, extra) for extra in extras)
        self._cuts: Mapping[UUID, list[ShiftCut]] = _by_person((cut.person_id, cut) for cut in cuts)
        self._absences: Mapping[UUID, list[Span]] = {
            person: union(spans)
            for person, spans in _by_person(
                (absence.person_id, (utc(absence.starts_at), utc(absence.ends_at))) for absence in absences
            ).items()
        }

    def shifts(self, person_id: UUID, start: datetime, end: datetime, department_id: UUID | None = None) -> list[Shift]:
        """A person's shifts within `[start, end)`, cut at both ends.

        With a department, only those worked for it: its own shifts, and those for no department in particular.
        """
        since, until = utc(start), utc(end)
        spans = [span for source in self._sources(person_id, since, until, department_id) for span in source]
        left = minus(clip(spans, since, until), self._absences.get(person_id, ()))
        return [Shift(person_id, s, e) for s, e in left]

    def pieces(self, person_id: UUID, start: datetime, end: datetime) -> list[Piece]:
        """A person's shifts as planned that touch `[start, end)`, whole: not cut at its ends, nor by absences.

        A pattern without a break of two days or more is cut at its ends all the same.
        """
        since, until = utc(start), utc(end)
        found = [
            Piece(person_id, pattern.department_id, s, e, pattern.id, False)
            for pattern, hours in self._patterns.get(person_id, ())
            for s, e in self._of_pattern(pattern, hours, since - 2 * _DAY, until + 2 * _DAY)
        ]
        found += [
            Piece(person_id, extra.department_id, utc(extra.starts_at), utc(extra.ends_at), extra.id, True)
            for extra in self._extras.get(person_id, ())
        ]
        return sorted(
            (p for p in found if p.start < until and p.end > since), key=lambda p: (p.start, p.end, p.source_id)
        )

    def on_shift(self, people: Iterable[UUID], at: datetime, department_id: UUID | None = None) -> list[UUID]:
        """Those of the people who work at a moment, in the order given."""
        moment = utc(at)
        return [
            person
            for person in people
            if self._works(person, moment, department_id) and not self.is_absent(person, moment)
        ]

    def current_or_next_shift(self, person_id: UUID, at: datetime) -> Shift | None:
        """The shift a person works now, from its beginning, or else the next; None when none begins in 60 days."""
        moment = utc(at)
        # Far enough back for the beginning of any shift of ordinary length, then ever further ahead.
        for ahead in (timedelta(days=4), timedelta(days=15), HORIZON):
            for shift in self.shifts(person_id, moment - 2 * _DAY, moment + ahead):
                if shift.end > moment and (shift.end < moment + ahead or ahead == HORIZON):
                    return shift
        return None

    def shift_end(self, person_id: UUID, at: datetime) -> datetime | None:
        """When the shift that a person works now ends; None when they do not work now."""
        shift = self.current_or_next_shift(person_id, at)
        return shift.end if shift is not None and shift.start <= utc(at) else None

    def next_shift_start(self, person_id: UUID, at: datetime) -> datetime | None:
        """When a person next begins to work, after the shift they may be working now; None when not in 60 days."""
        moment = utc(at)
        for ahead in (timedelta(days=4), timedelta(days=15), HORIZON):
            for shift in self.shifts(person_id, moment, moment + ahead):
                if shift.start > moment:
                    return shift.start
        return None

    def is_absent(self, person_id: UUID, at: datetime) -> bool:
        """Whether a person is away, whatever the rota says."""
        moment = utc(at)
        return any(start <= moment < end for start, end in self._absences.get(person_id, ()))

    def absences(self, person_id: UUID) -> Sequence[Span]:
        """When a person is away: sorted, disjoint, in UTC."""
        return self._absences.get(person_id, ())

    def _works(self, person_id: UUID, at: datetime, department_id: UUID | None) -> bool:
        return any(
            hours.is_worked(at) and any(start <= at < end for start, end in self._of_pattern(pattern, hours, at, at))
            for pattern, hours in self._patterns.get(person_id, ())
            if department_id is None or pattern.department_id in (None, department_id)
        ) or any(
            extra.starts_at <= at < extra.ends_at
            for extra in self._extras.get(person_id, ())
            if department_id is None or extra.department_id in (None, department_id)
        )

    def _sources(self, person_id: UUID, start: datetime, end: datetime, department_id: UUID | None) -> list[list[Span]]:
        sources = [
            self._of_pattern(pattern, hours, start, end)
            for pattern, hours in self._patterns.get(person_id, ())
            if department_id is None or pattern.department_id in (None, department_id)
        ]
        sources.append(
            [
                (utc(extra.starts_at), utc(extra.ends_at))
                for extra in self._extras.get(person_id, ())
                if department_id is None or extra.department_id in (None, department_id)
            ]
        )
        return sources

    def _of_pattern(self, pattern: ShiftPattern, hours: Hours, start: datetime, end: datetime) -> list[Span]:
        cuts = [
            (utc(cut.starts_at), utc(cut.ends_at))
            for cut in self._cuts.get(pattern.person_id, ())
            if cut.department_id == pattern.department_id
        ]
        whole = self._as_written(pattern, hours, start, end)
        return minus(whole, cuts) if cuts else whole

    def _as_written(self, pattern: ShiftPattern, hours: Hours, start: datetime, end: datetime) -> list[Span]:
        if pattern.valid_from is None and pattern.valid_until is None:
            return hours.stretches(start, end + timedelta(microseconds=1))
        first = self._midnight(pattern.valid_from) if pattern.valid_from else None
        last = self._midnight(pattern.valid_until + _DAY) if pattern.valid_until else None
        kept = []
        for since, until in hours.stretches(start - 2 * _DAY, end + 2 * _DAY):
            # A shift of up to a day belongs whole to the day on which it begins; a longer one is cut at midnight.
            whole = until - since <= _DAY
            if first is not None and since < first:
                if whole:
                    continue
                since = first
            if last is not None and until > last:
                if since >= last:
                    continue
                until = until if whole else last
            kept.append((since, until))
        return kept

    def _midnight(self, day: date) -> datetime:
        return utc(datetime.combine(day, time(), self._place))


def _by_person(pairs: Iterable[tuple[UUID, Each]]) -> Mapping[UUID, list[Each]]:
    found: dict[UUID, list[Each]] = defaultdict(list)
    for person, each in pairs:
        found[person].append(each)
    return dict(found)
