"""Reading the board: a dozen statements, however much there is."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from ahadi import cases, routing
from ahadi.board import gathering
from ahadi.board.model import (
    STANDS,
    About,
    Board,
    Chats,
    Ended,
    Figure,
    Kept,
    People,
    Place,
    Queue,
    Risk,
    longest,
)
from ahadi.board.scope import Scope
from ahadi.board.usual import unusual
from ahadi.cases import ENDED
from ahadi.platform.database import Work

WEEK = 6  # days before today that are counted along with it
Row = Mapping[str, Any]


async def read_board(work: Work, scope: Scope) -> Board:
    """What is true now of a scope."""
    return Board(
        at=work.now,
        risks=await _risks(work, scope),
        queues=(queues := await _queues(work, scope)),
        queued=_all_queues(scope, queues),
        chats=await _chats(work, scope),
        people=await _people(work, scope),
        kept=await _kept(work, scope),
        contacts=await _contacts(work, scope),
    )


def _place(row: Row) -> Place:
    return Place(row["organisation_id"], row["department_id"] or "none")


def _order(scope: Scope) -> Callable[[Place], tuple[Any, ...]]:
    """Lines stand in the order of the organisations and of their departments; what has none comes last."""

    def key(place: Place) -> tuple[Any, ...]:
        directory = scope.directories[place.organisation_id or UUID(int=0)]
        department = directory.departments.get(place.department) if isinstance(place.department, UUID) else None
        here = (department.position, department.slug) if department else (1_000_000, "")
        return (directory.organisation.name, *here)

    return key


def _added(rows: Iterable[Row]) -> dict[Place, dict[str, int]]:
    """The numbers by place."""
    found: dict[Place, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        for name, value in row.items():
            if isinstance(value, int):
                found[_place(row)][name] += value
    return found


def _total(lines: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for line in lines:
        for name, value in line.items():
            total[name] += value
    return total


def _lines(scope: Scope, rows: Sequence[Row]) -> list[tuple[Place, Mapping[str, int]]]:
    """The line of everything, then one for each department that has anything."""
    by_place = _added(rows)
    ordered = sorted(by_place, key=_order(scope))
    return [(scope.place, _total(by_place.values())), *((each, by_place[each]) for each in ordered)]


async def _risks(work: Work, scope: Scope) -> list[Risk]:
    due = await cases.count_due(work, scope.where)
    away = await cases.count_away(work, scope.where, gathering.absent_in(scope, work.now))

    def line(place: Place, numbers: Mapping[str, int]) -> Risk:
        def figure(which: str) -> Figure:
            return Figure(numbers.get(which, 0), scope.page("/board/promises", place, which=which))

        return Risk(
            place=place,
            overdue=figure("overdue"),
            half_hour=figure("half-hour"),
            two_hours=figure("two-hours"),
            away=figure("away"),
            calls_overdue=figure("calls-overdue"),
            calls_hour=figure("calls-hour"),
        )

    return [line(place, numbers) for place, numbers in _lines(scope, [*due, *away])]


async def _queues(work: Work, scope: Scope) -> list[Queue]:
    """A line for each department and each skill that is asked for in it, the longest wait first."""
    if scope.department == "none":
        return []
    rows = await routing.count_queues(work, list(scope.directories), scope.department)

    def line(row: Row) -> Queue:
        place = Place(row["organisation_id"], row["holder_department"])

        def figure(which: str) -> Figure:
            return Figure(row[which], scope.search(place, places=(which,), skills=(row["skill"] or "none",)))

        figures = (figure("waiting"), figure("offered"), figure("refused"))
        return Queue(place, row["skill"], *figures, row["since"], row["oldest"])

    return sorted(map(line, rows), key=lambda each: each.since or work.now)


def _all_queues(scope: Scope, queues: Sequence[Queue]) -> Queue:
    """All lines together."""

    def figure(which: str) -> Figure:
        number = sum(getattr(each, which).number for each in queues)
        return Figure(number, scope.search(scope.place, places=(which,)))

    oldest = queues[0] if queues else None
    figures = (figure("waiting"), figure("offered"), figure("refused"))
    return Queue(scope.place, None, *figures, oldest.since if oldest else None, oldest.oldest if oldest else None)


async def _chats(work: Work, scope: Scope) -> Chats:
    found = await gathering.chats_behind(work, scope)
    link = scope.page("/chats", scope.place, waiting="yes")
    return Chats(Figure(len(found), link), longest(each.since for each in found))


async def _people(work: Work, scope: Scope) -> list[People]:
    found = await gathering.people_behind(work, scope)

    def line(stand: Any) -> People:
        theirs = [each for each in found if each.stand == stand]
        figure = Figure(len(theirs), scope.page("/board/people", scope.place, stand=stand))
        return People(stand, figure, longest(each.since for each in theirs))

    return [line(each) for each in STANDS]


async def _kept(work: Work, scope: Scope) -> list[Kept]:
    week, today = gathering.since(scope, work.now, WEEK), gathering.since(scope, work.now, 0)
    rows = await cases.count_ended(work, scope.where, week, today)

    def line(place: Place, numbers: Mapping[str, int]) -> Kept:
        def ended(when: str, suffix: str) -> Ended:
            pages = {each: scope.page("/board/promises", place, which=each, when=when) for each in ENDED}
            return Ended(**{each: Figure(numbers.get(each + suffix, 0), pages[each]) for each in ENDED})

        return Kept(place, ended("today", " today"), ended("week", ""))

    return [line(place, numbers) for place, numbers in _lines(scope, rows)]


async def _contacts(work: Work, scope: Scope) -> list[About]:
    """A line for each reason somebody got in touch about, now or in this hour of the weeks before; the most first."""
    hours = await gathering.windows_in(work, scope)
    rows = await cases.count_contacts(work, scope.where, hours)
    counted: dict[tuple[UUID, str | None], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        counted[row["organisation_id"], row["reason"]][bool(row["week"])] += row["number"]

    def line(organisation_id: UUID, reason: str | None, now: int, past: int) -> About:
        place = Place(organisation_id, scope.department)
        weeks = sum(each.organisation_id == organisation_id and each.week > 0 for each in hours)

        def figure(number: int, when: str) -> Figure:
            return Figure(number, scope.page("/board/contacts", place, reason=reason or "none", when=when))

        return About(
            organisation_id, reason, figure(now, "now"), figure(past, "usual"), weeks, unusual(now, past, weeks)
        )

    lines = [line(*about, *numbers) for about, numbers in counted.items()]
    return sorted(lines, key=lambda each: (-each.now.number, -each.past.number, each.reason or ""))
