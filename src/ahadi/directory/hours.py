"""Opening hours, and time reckoned in them: "four open hours from now", across nights, holidays and clock changes.

Rules are followed in local time without a zone; the change to UTC is made here. A moment is open when the clock on
the wall shows an open time. So a day on which the clock is put forward lacks that hour, and on a day on which it is
put back a time inside the repeated hour counts each time the clock shows it. (Given a zone, the library
that reads the expressions skips the first of two equal times: 02:30-05:00 in Berlin would open an hour late in
October.)
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ahadi.base.clock import utc
from ahadi.base.errors import Conflict, Invalid
from ahadi.directory import expression as grammar
from ahadi.directory.spans import Span, union

SEARCH = timedelta(days=366)
"""How far ahead an opening is looked for."""
LONGEST = timedelta(days=7320)
"""The longest stretch of time reckoned at once, twenty years: more is a mistake, or an attack."""

_TICK = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WALL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall-clock time has no zone on purpose
_MONTHS_KEPT = 240


class NeverOpen(Conflict):
    """Hours that do not open at all within a year, so that nothing can be reckoned in them."""

    code = "never-open"


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Pieces of a month of UTC: microseconds since 1970, sorted, disjoint, never touching."""

    starts: "array[int]"
    ends: "array[int]"

    def hold(self, tick: int) -> bool:
        found = bisect_right(self.starts, tick) - 1
        return found >= 0 and tick < self.ends[found]


@dataclass(frozen=True, slots=True)
class _Month:
    """When it is open, and what people work: the same but for the night on which the clock is put back."""

    opened: _Pieces
    worked: _Pieces


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours at a place; make them with `Hours.parse`. Equal when read from the same words.

    Every moment handed in must carry a zone; every moment handed out is in UTC. Moments before 1971 or after 2199
    are refused with `Invalid`.
    """

    expression: str
    zone: str
    country: str | None
    subdivision: str | None
    closures: tuple[date, ...]
    _months: dict[int, _Month] = field(default_factory=dict, compare=False, repr=False)

    @staticmethod
    def parse(
        expression: str,
        zone: str,
        country: str | None,
        subdivision: str | None = None,
        closures: Iterable[date] = (),
    ) -> "Hours":
        """Read opening hours written in OpenStreetMap's syntax, such as `Mo-Fr 08:00-18:00; PH off`.

        `zone` is an IANA name, `country` an ISO 3166-1 alpha-2 code and `subdivision` a part of it, for public
        holidays. On the days of `closures` the place does not open, whatever the expression says.
        Raises `Invalid`; where the expression is wrong its fields name the `column`.
        """
        return _parse(expression, zone, country, subdivision, tuple(sorted(set(closures))))

    def is_open(self, at: datetime) -> bool:
        """Whether the place is open at a moment."""
        tick = _ticks(at)
        return self._month(_index(at)).opened.hold(tick)

    def is_worked(self, at: datetime) -> bool:
        """Whether a moment lies in one of the `stretches`."""
        tick = _ticks(at)
        return self._month(_index(at)).worked.hold(tick)

    def intervals(self, start: datetime, end: datetime) -> list[Span]:
        """The open spans within `[start, end)`, sorted and disjoint, cut at both ends."""
        return [(_moment(s), _moment(e)) for s, e in self._runs(start, end)]

    def stretches(self, start: datetime, end: datetime) -> list[Span]:
        """The open spans as people work them.

        Like `intervals`, but hours that would be broken in two only because the clock is put back are one stretch:
        a night shift until 02:30 goes on to the second 02:30 instead of ending and starting again within the hour.
        """
        return [(_moment(s), _moment(e)) for s, e in self._runs(start, end, worked=True)]

    def next_open(self, at: datetime) -> datetime:
        """The first open moment at or after `at`. Raises `NeverOpen` when there is none within 366 days."""
        for start, _ in self._runs(at, utc(at) + SEARCH):
            return _moment(start)
        raise self._never(at)

    def next_close(self, at: datetime) -> datetime | None:
        """When it next stops being open: the end of the present opening, or of the next one.

        None when it stays open for 366 days. Raises `NeverOpen` when it does not open within 366 days.
        """
        for _, end in self._runs(at, utc(at) + SEARCH):
            return _moment(end) if end < _ticks(utc(at) + SEARCH) else None
        raise self._never(at)

    def add(self, at: datetime, duration: timedelta) -> datetime:
        """The first moment by which `duration` of open time has passed since `at`.

        It may be a closing time: eight hours from opening at 08:00 until 16:00 end at 16:00, not the next morning.
        Raises `NeverOpen` when 366 days pass without open time, `Invalid` for a negative or absurd duration.
        """
        if not timedelta(0) <= duration <= LONGEST:
            raise Invalid(f"{duration} is no length of open time; give one between nothing and twenty years.")
        left, since = duration // _TICK, utc(at)
        while left:
            passed = 0
            for start, end in self._runs(since, since + SEARCH):
                if end - start >= left:
                    return _moment(start + left)
                left -= end - start
                passed += end - start
            if not passed:
                raise self._never(since)
            since += SEARCH
        return since

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time from `start` to `end`; negative when `end` is the earlier one."""
        if utc(end) < utc(start):
            return -self.between(end, start)
        return sum(e - s for s, e in self._runs(start, end)) * _TICK

    def _never(self, since: datetime) -> NeverOpen:
        return NeverOpen(
            f"the opening hours `{self.expression}` ({self.zone}) do not open within 366 days of "
            f"{utc(since):%Y-%m-%d}; correct them.",
            expression=self.expression,
        )

    def _runs(self, start: datetime, end: datetime, *, worked: bool = False) -> Iterator[tuple[int, int]]:
        """Open (or worked) ticks within `[start, end)`, joined where one month hands over to the next."""
        first, last = _ticks(start), _ticks(end)
        if last - first > LONGEST // _TICK:
            raise Invalid("opening hours are not reckoned over more than twenty years; choose a nearer date.")
        held: tuple[int, int] | None = None
        for index in range(_index(start), _index(end) + 1):
            month = self._month(index)
            pieces = month.worked if worked else month.opened
            for place in range(max(bisect_right(pieces.starts, first) - 1, 0), len(pieces.starts)):
                opens, closes = max(pieces.starts[place], first), min(pieces.ends[place], last)
                if opens >= last:
                    break
                if opens >= closes:
                    continue
                if held is not None and held[1] == opens:
                    held = (held[0], closes)
                    continue
                if held is not None:
                    yield held
                held = (opens, closes)
        if held is not None:
            yield held

    def _month(self, index: int) -> _Month:
        month = self._months.get(index)
        if month is None:
            if len(self._months) >= _MONTHS_KEPT:
                self._months.clear()
            month = self._months[index] = self._reckon(index)
        return month

    def _reckon(self, index: int) -> _Month:
        start, end = _edges(index)
        # Spans reach two days on, and offsets from UTC less than one: three days before the month are enough.
        first, last = start.date() - timedelta(days=3), end.date() + timedelta(days=1)
        free = set(self._public_holidays(first.year, last.year))
        wall = [
            ((opens - _WALL_EPOCH) // _TICK, (closes - _WALL_EPOCH) // _TICK)
            for opens, closes in union(
                grammar.wall_spans(grammar.read(self.expression), first, last, free, self.closures)
            )
        ]
        starts, ends = array("q"), array("q")
        for since, until, offset in _offsets(self.zone, index):
            for wall_opens, wall_closes in wall:
                opens, closes = max(wall_opens - offset, since), min(wall_closes - offset, until)
                if opens >= closes:
                    continue
                if ends and ends[-1] == opens:
                    ends[-1] = closes
                else:
                    starts.append(opens)
                    ends.append(closes)
        opened = _Pieces(starts, ends)
        return _Month(opened, _rejoined(opened, self.zone, index))

    def _public_holidays(self, first: int, last: int) -> Iterator[date]:
        if self.country is not None and grammar.mentions_holidays(self.expression):
            for year in range(first, last + 1):
                yield from grammar.public_holidays(self.country, self.subdivision, year)


@lru_cache(maxsize=4096)
def _parse(
    expression: str, zone: str, country: str | None, subdivision: str | None, closures: tuple[date, ...]
) -> Hours:
    grammar.read(expression)
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"`{zone}` is no time zone; use a name such as `Africa/Nairobi`.", zone=zone) from None
    if grammar.mentions_holidays(expression):
        if country is None:
            raise Invalid(
                f"the opening hours `{expression}` speak of public holidays (`PH`) of no country; name the country.",
                expression=expression,
                column=grammar.masked(expression).upper().index("PH") + 1,
            )
        grammar.public_holidays(country, subdivision, 2026)
    return Hours(expression, zone, country, subdivision, closures)


def _ticks(at: datetime) -> int:
    moment = utc(at)
    if not 1971 <= moment.year <= 2199:
        raise Invalid(f"the year {moment.year} is out of reach; choose a date between 1971 and 2199.")
    return (moment - _EPOCH) // _TICK


def _moment(ticks: int) -> datetime:
    return _EPOCH + ticks * _TICK


def _index(at: datetime) -> int:
    moment = utc(at)
    return moment.year * 12 + moment.month - 1


def _edges(index: int) -> tuple[datetime, datetime]:
    return (
        datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC),
        datetime((index + 1) // 12, (index + 1) % 12 + 1, 1, tzinfo=UTC),
    )


@lru_cache(maxsize=4096)
def _offsets(zone: str, index: int) -> tuple[tuple[int, int, int], ...]:
    """A month of UTC cut where the zone's offset changes: (start, end, offset), all in microseconds."""
    start, end = _edges(index)
    place = ZoneInfo(zone)
    pieces: list[tuple[int, int, int]] = []
    since, day = start, start
    while day < end:
        following = min(day + timedelta(days=1), end)
        if _offset(place, following) != _offset(place, day):
            change = _change(place, day, following)
            pieces.append((_ticks(since), _ticks(change), _offset(place, since) // _TICK))
            since = change
        day = following
    if since < end:
        pieces.append(((since - _EPOCH) // _TICK, (end - _EPOCH) // _TICK, _offset(place, since) // _TICK))
    return tuple(pieces)


def _offset(place: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(place).utcoffset() or timedelta(0)


def _change(place: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second at which the offset of `after` holds."""
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(place, before + timedelta(seconds=middle)) == _offset(place, before):
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


def _rejoined(opened: _Pieces, zone: str, index: int) -> _Pieces:
    """The pieces without the gaps that are there only because the clock is put back: they touch that moment."""
    offsets = _offsets(zone, index)
    repeats = [(now[0], before[2] - now[2]) for before, now in pairwise(offsets) if now[2] < before[2]]
    if not repeats:
        return opened
    starts, ends = array("q"), array("q")
    for start, end in zip(opened.starts, opened.ends, strict=True):
        if ends and any(moment in (ends[-1], start) and start - ends[-1] < length for moment, length in repeats):
            ends[-1] = end
        else:
            starts.append(start)
            ends.append(end)
    return _Pieces(starts, ends)
