"""What matching decides upon: the work that waits and the people who might take it, as they are at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from ahadi.directory import Directory, Role
from ahadi.platform.database import Work
from ahadi.routing import matching_store
from ahadi.routing.matching import Candidate, Decision, Kind, Piece, decide, refusal
from ahadi.routing.matching_store import Present, Waiting
from ahadi.routing.offering import Offering, kind_of, served

IDLE_FOR = timedelta(days=7)
"""How far back it is looked when somebody last had something; who had nothing since has been free longest."""


@dataclass(frozen=True, slots=True)
class Round:
    """One time that a case goes round its department."""

    number: int
    is_new: bool


def round_of(each: Waiting, offering: Offering, now: datetime) -> Round:
    """Which round a case is in: a new one when it came to the department anew, or nobody took it for long enough."""
    if each.number is None or each.round_held_since != each.held_since:
        return Round((each.number or 0) + 1, True)
    again = timedelta(minutes=offering.ask_again_minutes)
    if each.exhausted_at is not None and now >= each.exhausted_at + again:
        return Round(each.number + 1, True)
    return Round(each.number, False)


@dataclass(frozen=True, slots=True)
class Hours:
    """Whether somebody works now, and when they leave: from the rota, which takes longer to ask than all the rest."""

    on_shift: bool
    absent: bool
    leaves_at: datetime | None


def hours_of(directory: Directory, person_id: UUID, department_id: UUID, now: datetime) -> Hours:
    """What the rota says of somebody who may be offered a department's work."""
    rota = directory.rota
    own = department_id if department_id in directory.memberships[person_id].departments else None
    works_shifts = directory.works_shifts(person_id)
    ends = rota.shift_end(person_id, now) if works_shifts else None
    away = next((start for start, _ in rota.absences(person_id) if start > now), None)
    return Hours(
        on_shift=not works_shifts or bool(rota.on_shift([person_id], now, own)),
        absent=rota.is_absent(person_id, now),
        leaves_at=min((each for each in (ends, away) if each), default=None),
    )


@dataclass(slots=True)
class Scene:
    """The people of an organisation at one moment, and what they have. `took` keeps count while work is given out."""

    directory: Directory
    offering: Offering
    now: datetime
    present: Mapping[UUID, Present]
    loads: dict[UUID, dict[Kind, int]]
    asked: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    handlers: Mapping[UUID, UUID] = field(default_factory=dict)
    handed_in: dict[UUID, UUID] = field(default_factory=dict)  # cases that somebody gave their department just now
    hours: dict[tuple[UUID, UUID], Hours] = field(default_factory=dict)  # by department and person; handed on
    _candidates: dict[UUID, list[Candidate]] = field(default_factory=dict)
    _able: dict[tuple[UUID, Piece], list[Candidate]] = field(default_factory=dict)

    def decide(self, each: Waiting) -> Decision:
        """To whom a waiting case is offered now."""
        return decide(self.piece(each), self.candidates(each.department_id), self.now)

    def piece(self, each: Waiting) -> Piece:
        """A waiting case as matching sees it."""
        slug = self.directory.departments[each.department_id].slug
        current = round_of(each, self.offering, self.now)
        department = self.offering.departments.get(slug)
        return Piece(
            kind=kind_of(each.channel),
            language=each.language,
            handling=self.offering.handling(slug, each.reason),
            skills=frozenset({each.skill} if each.skill else ()),
            asked=frozenset() if current.is_new else self.asked.get(each.case_id, frozenset()),
            given_by=self.handed_in.get(each.case_id) if each.round_held_since != each.held_since else each.given_by,
            last_handler=self.handlers.get(each.customer_id),
            passes_on=bool(department and department.passes_on),
        )

    def plan(self, each: Waiting) -> Decision:
        """As `decide`, without a verdict on those who could not be offered such work whoever was asked before.

        Much work is alike, and who is able to have it is found once; leaving out who is not changes no choice.
        """
        piece = self.piece(each)
        alike = replace(piece, asked=frozenset(), given_by=None, last_handler=None)
        key = (each.department_id, alike)
        if key not in self._able:
            candidates = self.candidates(each.department_id)
            self._able[key] = [one for one in candidates if refusal(alike, one, self.now) is None]
        if each.exhausted_at is None and piece.asked:
            return decide(piece, self.candidates(each.department_id), self.now)
        return decide(piece, self._able[key], self.now)

    def candidates(self, department_id: UUID) -> list[Candidate]:
        """Who might be offered a department's work; what they have is counted on by `took`."""
        if department_id not in self._candidates:
            people = served(self.directory, department_id)
            self._candidates[department_id] = [self._candidate(each, department_id) for each in people]
        return self._candidates[department_id]

    def _candidate(self, person_id: UUID, department_id: UUID) -> Candidate:
        directory = self.directory
        membership, known = directory.memberships[person_id], self.present.get(person_id)
        if (department_id, person_id) not in self.hours:
            self.hours[department_id, person_id] = hours_of(directory, person_id, department_id, self.now)
        hours = self.hours[department_id, person_id]
        free = [each for each in (known.presence_since, known.busy_until) if each] if known else []
        return Candidate(
            person_id=person_id,
            skills=membership.skills,
            languages=membership.languages,
            presence=known.presence if known else "offline",
            on_shift=hours.on_shift,
            absent=hours.absent,
            leaves_at=hours.leaves_at,
            load=self.loads.setdefault(person_id, {}),
            capacity=self.offering.capacity_of(directory.people[person_id].slug),
            free_since=max(free, default=None),
        )

    def took(self, person_id: UUID, kind: Kind) -> None:
        """Somebody was offered one more."""
        has = self.loads.setdefault(person_id, {})
        has[kind] = has.get(kind, 0) + 1
        self._able.clear()

    def somebody_is_free(self, departments: Sequence[UUID]) -> bool:
        """Whether anybody might take anything at all."""
        return any(
            each.presence == "available" and any(each.load.get(k, 0) < most for k, most in each.capacity.items())
            for department in departments
            for each in self.candidates(department)
        )


async def read_scene(
    work: Work, directory: Directory, offering: Offering, people: Sequence[UUID], waiting: Sequence[Waiting]
) -> Scene:
    """The scene for work that waits. `work` sees every organisation these people serve: they have one pair of hands."""
    organisation = directory.organisation.id
    customers = list({each.customer_id for each in waiting})
    since = work.now - timedelta(days=offering.affinity_days)
    return Scene(
        directory=directory,
        offering=offering,
        now=work.now,
        present=await matching_store.present(work, people, work.now - IDLE_FOR),
        loads=await matching_store.loads(work, people),
        asked=await matching_store.asked_in(
            work, organisation, {each.case_id: each.number for each in waiting if each.number is not None}
        ),
        handlers=await matching_store.last_handlers(work, organisation, customers, since),
    )


def overseers(directory: Directory, department_id: UUID, now: datetime) -> tuple[UUID, ...]:
    """Who is told that nobody takes a department's work: its supervisors, those on shift where some are; else who
    answers for it."""
    everybody = [p for p, m in directory.memberships.items() if Role.SUPERVISOR in m.roles and directory.serves(p)]
    own = [p for p in everybody if department_id in directory.memberships[p].departments]
    wanted = sorted(own or everybody)
    return tuple(directory.rota.on_shift(wanted, now) or wanted) or directory.chain(department_id)[:1]
