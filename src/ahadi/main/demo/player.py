"""Plays the demo's day: contacts arrive, people take their shifts, keep, renew and sometimes miss their promises.

Everything goes through the same actions that people use; the player only decides who does what next.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from ahadi import cases, intake, promises
from ahadi.base.errors import AhadiError
from ahadi.cases import Case, CaseFilter, Promise, PromiseFilter, promise_from
from ahadi.directory import Directory, Presence, all_organisations, presences_of, read_directory
from ahadi.directory.people_actions import set_presence
from ahadi.intake import Contacting
from ahadi.main.demo.answering import Answering
from ahadi.main.demo.stories import CHANNELS, CONTACTS_AN_HOUR, NAMES, NOTES, STORIES, WHY_LATER, Story
from ahadi.main.duties import watch
from ahadi.platform.database import Actor, Database, Work
from ahadi.routing.offer_actions import get_offering

log = structlog.get_logger(__name__)
STEP = timedelta(minutes=5)
"""How much business time passes between two looks."""
_ZONE = ZoneInfo("Africa/Nairobi")


@dataclass(slots=True)
class Player:
    """Plays on one database. The same seed and clock give the same day."""

    database: Database
    chance: random.Random = field(default_factory=lambda: random.Random(2026))
    organisations: dict[str, UUID] = field(default_factory=dict)
    forgotten: set[UUID] = field(default_factory=set)

    @property
    def answering(self) -> Answering:
        return Answering(self.database, self.chance)

    async def step(self) -> None:
        """What happens in one step of business time."""
        async with self.database.read(Actor.system([])) as work:
            now = work.now
            if not self.organisations:
                self.organisations = {each.slug: each.id for each in await all_organisations(work)}
        await self._presences(now)
        rate = CONTACTS_AN_HOUR[now.astimezone(_ZONE).hour] * STEP.total_seconds() / 3600
        arrivals = int(rate) + (self.chance.random() < rate % 1)
        for _ in range(arrivals):
            await self._contact()
        for organisation_id in self.organisations.values():
            await self.answering.answer(organisation_id)
            await self._work(organisation_id)

    # Contacts ------------------------------------------------------------------------------------------------

    async def _contact(self) -> None:
        story = self.chance.choice([s for s in STORIES if s.organisation in self.organisations])
        number = self.chance.randrange(len(NAMES))
        name = NAMES[number]
        channel = self.chance.choices([c for c, _ in CHANNELS], [weight for _, weight in CHANNELS])[0]
        contacting = Contacting(
            channel=channel,
            text=story.text,
            subject=story.subject,
            name=name,
            phone=f"+2547{number:02d}5550{number % 10}1" if channel in ("phone", "sms", "chat") else None,
            email=f"{name.split()[0].lower()}.{name.split()[1].lower()}@mail.example" if channel != "phone" else None,
            language=story.language,
            reason=story.reason,
        )
        await self._take(story, contacting)

    async def _take(self, story: Story, contacting: Contacting) -> None:
        organisation_id = self.organisations[story.organisation]
        try:
            async with self.database.work(Actor.system([organisation_id])) as work:
                taken = await intake.take_contact(work, organisation_id, contacting)
            if not taken.repeat and self.chance.random() < 0.04:
                async with self.database.work(Actor.system([organisation_id])) as work:
                    await intake.ask_for(work, taken.case.reference, "manager")
        except AhadiError as problem:
            log.info("demo.contact_refused", error=problem.code)

    # People --------------------------------------------------------------------------------------------------

    async def _presences(self, now: datetime) -> None:
        """People come when their shift begins and go when it ends."""
        for organisation_id in self.organisations.values():
            actor = Actor.system([organisation_id])
            async with self.database.read(actor) as work:
                directory = await read_directory(work, organisation_id)
                known = await presences_of(work, organisation_id)
            on_shift = set(directory.rota.on_shift(directory.people, now))
            for person, presence in known.items():
                there = person in on_shift
                wanted = None
                if there and presence is Presence.OFFLINE:
                    wanted = Presence.AVAILABLE
                elif not there and presence is not Presence.OFFLINE and directory.works_shifts(person):
                    wanted = Presence.OFFLINE
                elif presence in (Presence.BUSY, Presence.BREAK) and self.chance.random() < 0.3:
                    wanted = Presence.AVAILABLE
                elif there and self.chance.random() < 0.03:
                    wanted = self.chance.choice((Presence.BUSY, Presence.BREAK, Presence.AVAILABLE))
                if wanted is not None:
                    async with self.database.work(actor) as work:
                        await set_presence(work, organisation_id, person, wanted)

    # Work ----------------------------------------------------------------------------------------------------

    async def _work(self, organisation_id: UUID) -> None:
        actor = Actor.system([organisation_id])
        async with self.database.read(actor) as work:
            directory = await read_directory(work, organisation_id)
            soon = PromiseFilter(state="open", due_before=work.now + timedelta(minutes=50), limit=40)
            due = [promise_from(_plain(row)) for row in await cases.list_promises(work, [organisation_id], soon)]
            waiting = await cases.list_cases(work, [organisation_id], CaseFilter(state="open", limit=40))
            on_shift = directory.rota.on_shift(directory.people, work.now)
            offering = await get_offering(work, organisation_id)
        offered = {each.id for each in directory.departments.values() if offering.offers(each.slug)}
        for row in waiting:
            if row["holder_department"] in offered:
                continue  # it is offered to whoever is free
            if row["holder_department"] and self.chance.random() < 0.35:
                await self._pick_up(organisation_id, directory, row["id"], row["holder_department"], on_shift)
        for promise in due:
            await self._settle(organisation_id, promise, on_shift)

    async def _pick_up(
        self, organisation_id: UUID, directory: Directory, case_id: UUID, department: UUID, on_shift: Sequence[UUID]
    ) -> None:
        """Somebody of the department takes the case and says so in a note now and then."""
        people = [p for p in directory.members(department) if p in on_shift]
        if not people:
            return
        person = self.chance.choice(people)
        try:
            async with self.database.work(self._as(organisation_id, person)) as work:
                case = await cases.get_case(work, case_id)
                note = self.chance.choice(NOTES) if self.chance.random() < 0.3 else None
                await promises.hold_case(work, case.reference, str(person), None, note)
        except AhadiError as problem:
            log.info("demo.not_picked_up", error=problem.code)

    async def _settle(self, organisation_id: UUID, promise: Promise, on_shift: Sequence[UUID]) -> None:
        """Most promises are kept, some are renewed in time, a few are forgotten."""
        owner = promise.owner.person
        if promise.id in self.forgotten:
            return
        if owner is not None and owner not in on_shift and self.chance.random() < 0.6:
            return  # on call: reached at home, not at every try
        luck = self.chance.random()
        if luck < 0.5:
            return  # not yet; it comes up again at the next step
        actor = self._as(organisation_id, owner) if owner else Actor.system([organisation_id])
        try:
            async with self.database.work(actor) as work:
                case = await cases.get_case(work, promise.case_id)
                if luck > 0.985 and promise.level == 0:
                    self.forgotten.add(promise.id)
                elif luck > 0.93 and promise.level == 0:
                    later = work.now + timedelta(hours=self.chance.randint(2, 5))
                    why = self.chance.choice(WHY_LATER)
                    await promises.renew_promise(work, promise.id, later, why, None)
                elif luck > 0.7:
                    await self._finish(work, case)
                else:
                    kind = {"callback": "contact", "visit": "visit", "fix": "work"}.get(promise.kind, "message")
                    await promises.keep_promise(work, promise.id, kind, "Told the customer how it stands.")
        except AhadiError as problem:
            log.info("demo.not_settled", error=problem.code)

    async def _finish(self, work: Work, case: Case) -> None:
        story = next((s for s in STORIES if s.reason == case.reason), STORIES[0])
        keep = [p.id for p in case.open_promises]
        await promises.resolve_case(work, case.reference, outcome=story.done, keep=keep, deed="work")

    def _as(self, organisation_id: UUID, person: UUID) -> Actor:
        return Actor("person", person, {organisation_id: frozenset({"*"})})


def _plain(row: dict[str, object]) -> dict[str, object]:
    extra = ("organisation_id", "sort_at", "reference", "subject", "text", "note")
    return {name: value for name, value in row.items() if name not in extra}


async def play_until(player: Player, clock_to: Callable[[datetime], None], until: datetime) -> None:
    """Fast-forward: the watch and steps alternate until a moment. `clock_to` moves the clock on."""
    async with player.database.read(Actor.system([])) as work:
        now = work.now
    while now < until:
        now = min(now + STEP, until)
        clock_to(now)
        await watch(player.database)
        await player.step()
