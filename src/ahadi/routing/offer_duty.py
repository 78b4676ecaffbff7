"""What the worker does about offers: work that waits in departments is put before people, one case at a time."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi import cases, promises
from ahadi.cases import Case
from ahadi.directory import Directory, read_directory
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.steps import alone
from ahadi.routing import matching_store, offer_store
from ahadi.routing.matching_store import Waiting
from ahadi.routing.offering import Offering, kind_of, served
from ahadi.routing.offers import offer_case
from ahadi.routing.scene import Hours, Round, Scene, overseers, read_scene, round_of

_FIRST, _PAGE = 200, 2000  # cases: a short look where nobody is free, and few of them where much waits


async def offer_waiting(database: Database, organisations: Sequence[UUID], only: Collection[UUID] | None = None) -> int:
    """Offer what waits in departments whose work is offered, where they are open; how many things were done.

    `organisations` are all whose people may have their hands full; `only` some of them have their work offered.
    """
    wanted = [each for each in organisations if only is None or each in only]
    async with database.read(Actor.system(wanted)) as work:
        chosen = await matching_store.offerings_of(work, wanted)
    done = 0
    for organisation_id, offering in chosen.items():
        if any(each.offer for each in offering.departments.values()):
            done += await _Giving(database, organisation_id, offering).give_out(organisations)
    return done


class _Giving:
    """Work of one organisation is given out.

    What is planned on one reading is decided anew under the locks of the case and of the people, so that any number
    of these may run at once: none offers a case twice, or to somebody who has enough meanwhile.
    """

    def __init__(self, database: Database, organisation_id: UUID, offering: Offering) -> None:
        self.database, self.organisation_id, self.offering = database, organisation_id, offering
        self.actor = Actor.system([organisation_id])

    async def give_out(self, organisations: Sequence[UUID]) -> int:
        async with self.database.read(Actor.system(organisations)) as work:
            directory = await read_directory(work, self.organisation_id)
            departments = open_now(directory, self.offering, work)
            people = sorted({p for each in departments for p in served(directory, each)})
            if not people:
                return 0
            self.actor = Actor.system({self.organisation_id, *await matching_store.serving(work, people)})
        done = offset = 0
        hours: dict[tuple[UUID, UUID], Hours] = {}
        while True:
            limit = _PAGE if offset else _FIRST
            async with self.database.read(self.actor) as work:
                page = await matching_store.waiting(work, self.organisation_id, departments, offset, limit)
                scene = await read_scene(work, directory, self.offering, people, page)
                scene.hours = hours
            gone = 0
            for each in page:
                gone += await self._plan(scene, each)
            done += gone
            if len(page) < limit or not scene.somebody_is_free(departments):
                return done
            offset += limit - gone  # what was offered is no longer in the row

    async def _plan(self, scene: Scene, each: Waiting) -> int:
        decision = scene.plan(each)
        if decision.chosen is None and not (decision.exhausted and each.exhausted_at is None):
            return 0
        return await alone("offers", each.case_id, self._give(scene, each))

    async def _give(self, scene: Scene, each: Waiting) -> int:
        chosen = await self._settle(scene, each.case_id)
        if chosen is None:
            return 0
        scene.took(chosen, kind_of(each.channel))
        return 1

    async def _settle(self, planned: Scene, case_id: UUID) -> UUID | None:
        """Decide on one case under the locks: of the case, then of the people, in one order. Whom it was offered."""
        async with self.database.work(self.actor) as work:
            case = await cases.lock_case(work, case_id)
            if await offer_store.standing_of_case(work, self.organisation_id, case_id) is not None:
                return None
            each = await matching_store.waiting_one(work, self.organisation_id, case_id)
            if each is None:
                return None
            directory = await read_directory(work, self.organisation_id)
            people = served(directory, each.department_id)
            await matching_store.lock_people(work, people)
            scene = await read_scene(work, directory, self.offering, people, [each])
            if planned.directory is directory:
                scene.hours = planned.hours  # seconds old
            return await _offer_or_tell(work, scene, case, each)


async def _offer_or_tell(work: Work, scene: Scene, case: Case, each: Waiting) -> UUID | None:
    current = round_of(each, scene.offering, work.now)
    given_by = each.given_by
    if each.round_held_since != each.held_since:
        given_by = await matching_store.handed_in_by(work, case.organisation_id, case.id, each.held_since)
        if given_by is not None:
            scene.handed_in[case.id] = given_by
    decision = scene.decide(each)
    exhausted = decision.exhausted
    told_at = None if each.round_held_since != each.held_since else each.told_at
    if exhausted and told_at is None:
        await _tell(work, scene.directory, case, each)
        told_at = work.now
    values = _round_values(each, current, given_by, work.now)
    values |= {"exhausted_at": (values["exhausted_at"] or work.now) if exhausted else None, "told_at": told_at}
    await matching_store.put_round(work, case.organisation_id, case.id, **values)
    if decision.chosen is None:
        return None
    kind = kind_of(each.channel)
    await offer_case(work, case, decision.chosen, "route", kind=kind, round_number=current.number, decision=decision)
    return decision.chosen


def _round_values(each: Waiting, current: Round, given_by: UUID | None, now: datetime) -> dict[str, Any]:
    return {
        "number": current.number,
        "held_since": each.held_since,
        "began_at": now if current.is_new else each.began_at,
        "given_by": given_by,
        "exhausted_at": None if current.is_new else each.exhausted_at,
    }


async def _tell(work: Work, directory: Directory, case: Case, each: Waiting) -> None:
    """Everybody was asked: the case stays with its department, and somebody who steers it knows."""
    work.record("offer.nobody_left", case.organisation_id, case_id=case.id, department=each.department_id)
    for person in overseers(directory, each.department_id, work.now):
        await promises.notify(work, case.organisation_id, person, "nobody-takes", case.id)


def open_now(directory: Directory, offering: Offering, work: Work) -> list[UUID]:
    """The departments whose work is offered and that are open at this moment."""
    return [
        each.id
        for each in directory.departments.values()
        if each.active and offering.offers(each.slug) and directory.hours_of(each.id).is_open(work.now)
    ]
