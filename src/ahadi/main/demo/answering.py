"""Offers in the demo: which departments have their work offered, and how people answer."""

import random
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from ahadi.base.errors import AhadiError
from ahadi.directory import all_organisations
from ahadi.platform.database import Actor, Database
from ahadi.routing import offer_store, offers, wrap_up_store, wrap_ups
from ahadi.routing.offer_actions import change_offering, get_offering

log = structlog.get_logger(__name__)
OFFERED: Mapping[str, Sequence[str]] = {"power": ("care",), "net": ("care", "faults"), "clinic": ("reception",)}
"""The other departments pull, so that both ways can be seen."""


async def choose(database: Database) -> None:
    """Have the work of some departments offered. Time runs fast in the demo: offers stand long, nobody is put away."""
    async with database.read(Actor.system([])) as work:
        ids = {each.slug: each.id for each in await all_organisations(work)}
    for slug, departments in OFFERED.items():
        if slug in ids:
            change = {
                "departments": {each: {"offer": True, "passes_on": True} for each in departments},
                "capacity": {"call": 1, "chat": 3, "case": 12},
                "answer_minutes": 30,
                "wrap_up_minutes": 10,
                "away_after": 0,
            }
            async with database.work(Actor.system([ids[slug]])) as work:
                await change_offering(work, ids[slug], change)


@dataclass(frozen=True, slots=True)
class Answering:
    """People answer what is put before them: most accept, some decline, a few let it pass."""

    database: Database
    chance: random.Random

    async def answer(self, organisation_id: UUID) -> None:
        async with self.database.read(Actor.system([organisation_id])) as work:
            standing = await offer_store.standing_offers(work, [organisation_id], 50)
            owed = await wrap_up_store.owed(work, organisation_id, 50)
            offering = await get_offering(work, organisation_id)
        reasons, dispositions = sorted(offering.declining), sorted(offering.dispositions)
        for each in standing:
            luck = self.chance.random()
            if luck < 0.47:
                reason = self.chance.choice(reasons) if luck > 0.4 else None
                await self._alone(self._answer(organisation_id, each.person_id, each.id, reason))
        for one in owed:
            if self.chance.random() < 0.5:
                word = self.chance.choice(dispositions)
                await self._alone(self._say(organisation_id, one.person_id, one.id, word))

    async def _answer(self, organisation_id: UUID, person: UUID, offer: UUID, reason: str | None) -> None:
        async with self.database.work(_as(organisation_id, person)) as work:
            if reason is None:
                await offers.accept_offer(work, offer)
            else:
                await offers.decline_offer(work, offer, reason)

    async def _say(self, organisation_id: UUID, person: UUID, wrap_up: UUID, word: str) -> None:
        async with self.database.work(_as(organisation_id, person)) as work:
            await wrap_ups.end_wrap_up(work, wrap_up, word)

    async def _alone(self, deed: Awaitable[None]) -> None:
        try:
            await deed
        except AhadiError as problem:
            log.info("demo.not_answered", error=problem.code)


def _as(organisation_id: UUID, person: UUID) -> Actor:
    return Actor("person", person, {organisation_id: frozenset({"*"})})
