"""A department's week as it is drawn: people by days, each day an axis of quarter hours of its true length. Pure.

A day on which the clock changes has 92 or 100 quarters instead of 96, and everything stands where it truly is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.base.clock import utc
from ahadi.directory import Directory, Piece, Uncovered, called_for, on_call_spans, public_holidays

QUARTER: Final = timedelta(minutes=15)
_DAY: Final = timedelta(days=1)
BarKind = Literal["open", "uncovered", "call", "shift", "elsewhere", "absence"]


@dataclass(frozen=True, slots=True)
class Day:
    """A day on the reader's clock; `quarters` is how long it truly is."""

    date: date
    start: datetime
    end: datetime
    holiday: bool = False

    @property
    def quarters(self) -> int:
        return ceil((self.end - self.start) / QUARTER)

    def at(self, moment: datetime) -> int:
        """The quarter in which a moment lies: 0 for the day's beginning or before."""
        return int(max(min(moment, self.end) - self.start, timedelta(0)) / QUARTER)

    def hours(self, place: ZoneInfo) -> list[tuple[int, str]]:
        """Where 6, 12 and 18 o'clock are on the axis."""
        return [(self.at(wall(self.date, time(hour), place)), f"{hour:02}") for hour in (6, 12, 18)]


@dataclass(frozen=True, slots=True)
class Bar:
    """A time on a day's axis, from quarter `first` up to `last`, in its `lane`. Shifts and absences have an `id`.

    `start` and `end` are the whole time, of which this day shows a part; `goes_on` says that another day began it.
    """

    kind: BarKind
    first: int
    last: int
    start: datetime
    end: datetime
    id: UUID | None = None
    single: bool = False
    goes_on: bool = False
    movable: bool = False
    note: str = ""
    lane: int = 1

    @property
    def key(self) -> str:
        """What this bar is called on the page, on the day on which it begins."""
        return f"{self.kind[0]}{self.id.hex if self.id else ''}-{int(self.start.timestamp())}"


@dataclass(frozen=True, slots=True)
class Row:
    """A person's week."""

    person: UUID
    name: str
    cells: tuple[tuple[Bar, ...], ...]
    hours: float


@dataclass(frozen=True, slots=True)
class Week:
    """What the page shows. `top` is the department's own row: open hours, who is called, and what nobody covers."""

    zone: str
    days: tuple[Day, ...]
    opened: tuple[tuple[Bar, ...], ...]
    top: tuple[tuple[Bar, ...], ...]
    rows: tuple[Row, ...]
    uncovered: Sequence[Uncovered] = field(default=())

    @property
    def start(self) -> datetime:
        return self.days[0].start

    @property
    def end(self) -> datetime:
        return self.days[-1].end


def wall(day: date, at: time, place: ZoneInfo) -> datetime:
    """A time on the wall on a day, in UTC; one that the clock jumps over is as much later."""
    return utc(datetime.combine(day, at, place))


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def days_of(monday: date, zone: str, directory: Directory) -> tuple[Day, ...]:
    """The seven days of a week on the reader's clock."""
    place, home = ZoneInfo(zone), directory.organisation
    dates = [monday + n * _DAY for n in range(8)]
    years = {each.year for each in dates}
    free = (
        {d for year in years for d in public_holidays(home.country, home.subdivision, year)} if home.country else set()
    )
    starts = [wall(each, time(), place) for each in dates]
    return tuple(Day(dates[n], starts[n], starts[n + 1], dates[n] in free) for n in range(7))


def week_of(directory: Directory, department_id: UUID, monday: date, zone: str, now: datetime) -> Week:
    """A department's week: its members by name, what they work, and what nobody covers from now on."""
    days = days_of(monday, zone, directory)
    start, end = days[0].start, days[-1].end
    opened = directory.hours_of(department_id).intervals(start, end)
    found = [
        each
        for each in (directory.uncovered(max(start, utc(now)), end) if end > now else [])
        if each.department_id == department_id
    ]
    names = ", ".join(directory.people[each].name for each in called_for(directory, department_id))
    calls = on_call_spans(directory, department_id, start, end) if names else []
    gaps = [(each.start, each.end) for each in found]
    top = [
        *(_bars("uncovered", s, e, days) for s, e in gaps),
        *(_bars("call", s, e, days, note=names) for s, e in calls if not any(a < e and s < b for a, b in gaps)),
    ]
    people = sorted(directory.members(department_id), key=lambda each: directory.people[each].name.casefold())
    return Week(
        zone,
        days,
        _by_day([_bars("open", s, e, days) for s, e in opened], len(days)),
        _by_day(top, len(days)),
        tuple(_row(directory, department_id, person, days) for person in people),
        tuple(found),
    )


def _row(directory: Directory, department_id: UUID, person: UUID, days: Sequence[Day]) -> Row:
    start, end = days[0].start, days[-1].end
    placed = [_shift_bars(directory, department_id, piece, days) for piece in directory.rota.pieces(person, start, end)]
    placed += [
        _bars("absence", utc(each.starts_at), utc(each.ends_at), days, id_=each.id, note=each.kind)
        for each in directory.absences
        if each.person_id == person and each.starts_at < end and each.ends_at > start
    ]
    worked = directory.rota.shifts(person, start, end)
    hours = sum((each.end - each.start for each in worked), timedelta(0)) / timedelta(hours=1)
    cells = tuple(_in_lanes(cell) for cell in _by_day(placed, len(days)))
    return Row(person, directory.people[person].name, cells, round(hours, 2))


def _shift_bars(directory: Directory, department_id: UUID, piece: Piece, days: Sequence[Day]) -> list[tuple[int, Bar]]:
    here = piece.department_id in (None, department_id)
    department = directory.departments.get(piece.department_id) if piece.department_id else None
    return _bars(
        "shift" if here else "elsewhere",
        piece.start,
        piece.end,
        days,
        id_=piece.source_id,
        single=piece.single,
        movable=here and piece.end - piece.start <= _DAY,
        note="" if here or department is None else department.slug,
    )


def _bars(
    kind: BarKind,
    start: datetime,
    end: datetime,
    days: Sequence[Day],
    *,
    id_: UUID | None = None,
    single: bool = False,
    movable: bool = False,
    note: str = "",
) -> list[tuple[int, Bar]]:
    """A time as a bar on each day that it touches, with the number of the day."""
    found = []
    for number, day in enumerate(days):
        if start < day.end and end > day.start:
            first = day.at(start)
            last = max(day.quarters if end >= day.end else ceil((end - day.start) / QUARTER), first + 1)
            goes_on = start < day.start
            found.append((number, Bar(kind, first, last, start, end, id_, single, goes_on, movable, note)))
    return found


def _by_day(placed: Iterable[Sequence[tuple[int, Bar]]], days: int) -> tuple[tuple[Bar, ...], ...]:
    cells: list[list[Bar]] = [[] for _ in range(days)]
    for bars in placed:
        for number, bar in bars:
            cells[number].append(bar)
    return tuple(tuple(sorted(each, key=lambda bar: (bar.first, bar.last))) for each in cells)


def _in_lanes(bars: Sequence[Bar]) -> tuple[Bar, ...]:
    """Bars that would lie on one another side by side; absences under all shifts of the day."""
    ends: list[int] = []
    placed: list[Bar] = []
    for bar in sorted(bars, key=lambda each: (each.kind == "absence", each.first)):
        lane = next((n for n, end in enumerate(ends) if end <= bar.first), len(ends))
        ends[lane : lane + 1] = [bar.last]
        placed.append(replace(bar, lane=min(lane + 1, 4)))
    return tuple(placed)


def clock_span(start: datetime, end: datetime, place: ZoneInfo) -> str:
    """`08–17`, `08:30–17`: short, for a bar."""
    return f"{_short(start, place)}–{_short(end, place)}"


def _short(moment: datetime, place: ZoneInfo) -> str:
    here = moment.astimezone(place)
    return f"{here:%H:%M}" if here.minute else f"{here:%H}"
