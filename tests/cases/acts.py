"""What people, customers and programs do to cases: each a plain value that hypothesis can make, and shrink."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

from hypothesis import strategies as st

from ahadi import cases, contacts, intake, promises
from ahadi.cases import Case, Promise
from ahadi.contacts import TO_SETTLE
from ahadi.intake import Contacting
from ahadi.platform.database import Work
from ahadi.promises import Told
from ahadi.routing import offers
from tests.cases.builders import ORGANISATION
from tests.cases.world import World

Thing = TypeVar("Thing")
CALLERS = tuple(
    {"name": name, "phone": f"+25471234567{n}", "email": f"{name.lower()}@example.org" if n % 2 else None}
    for n, name in enumerate(("Neema", "Otieno", "Pendo"))
)


class Act(Protocol):
    async def do(self, world: World, work: Work) -> object: ...


def _nth(things: Sequence[Thing], which: int) -> Thing | None:
    return things[which % len(things)] if things else None


def _case(world: World, which: int, state: str = "open") -> Case | None:
    """A case in that state, or now and then the latest that is not."""
    every = world.seen.cases.values()
    return _nth([c for c in every if c.state == state] + [c for c in every if c.state != state][-1:], which)


def _promise(world: World, which: int) -> Promise | None:
    """An open promise, or now and then one that was settled lately."""
    every = sorted(world.seen.promises, key=lambda each: each.id)
    return _nth([p for p in every if p.state == "open"] + [p for p in every if p.state != "open"][-1:], which)


@dataclass(frozen=True)
class GetsInTouch:
    caller: int
    channel: str
    reason: str | None
    key: str | None
    automatic: bool

    async def do(self, world: World, work: Work) -> None:
        said = CALLERS[self.caller]
        contacting = Contacting(
            channel=self.channel,  # type: ignore[arg-type]
            text="The lights went out",
            subject="No power",
            reason=self.reason,
            source_key=self.key,
            automatic=self.automatic,
            **said,  # type: ignore[arg-type]
        )
        await intake.take_contact(work, ORGANISATION, contacting)


@dataclass(frozen=True)
class Promises:
    case: int
    kind: str
    minutes: int
    owner: int

    async def do(self, world: World, work: Work) -> None:
        if case := _case(world, self.case):
            owner = str(world.people[self.owner]) if self.owner < len(world.people) else None
            due = work.now + timedelta(minutes=self.minutes)
            await promises.make_promise(work, case.reference, self.kind, due, None, owner)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Keeps:
    promise: int
    deed: str
    note: bool

    async def do(self, world: World, work: Work) -> None:
        if promise := _promise(world, self.promise):
            await promises.keep_promise(work, promise.id, self.deed, "fuse replaced" if self.note else None)


@dataclass(frozen=True)
class Renews:
    promise: int
    minutes: int
    told: str | None

    async def do(self, world: World, work: Work) -> None:
        if promise := _promise(world, self.promise):
            told = Told(self.told, "It takes longer") if self.told else None  # type: ignore[arg-type]
            due = work.now + timedelta(minutes=self.minutes)
            await promises.renew_promise(work, promise.id, due, "parts are late", told)


@dataclass(frozen=True)
class Withdraws:
    promise: int

    async def do(self, world: World, work: Work) -> None:
        if promise := _promise(world, self.promise):
            await promises.withdraw_promise(work, promise.id, "the customer does not want it")


@dataclass(frozen=True)
class Gives:
    case: int
    to: int

    async def do(self, world: World, work: Work) -> None:
        if case := _case(world, self.case):
            house = world.house
            if self.to < len(world.people):
                await promises.hold_case(work, case.reference, str(world.people[self.to]), None, "please")
            else:
                department = house.care if self.to % 2 else house.network
                await promises.hold_case(work, case.reference, None, str(department))


@dataclass(frozen=True)
class Resolves:
    case: int
    kept: tuple[bool, ...]
    forgotten: int

    async def do(self, world: World, work: Work) -> None:
        if case := _case(world, self.case):
            ids = [each.id for each in case.open_promises]
            named = ids[: len(ids) - self.forgotten]
            keep = [id_ for id_, kept in zip(named, self.kept * len(named), strict=False) if kept]
            withdraw = [id_ for id_ in named if id_ not in keep]
            await promises.resolve_case(work, case.reference, keep=keep, withdraw=withdraw)


@dataclass(frozen=True)
class Reopens:
    case: int

    async def do(self, world: World, work: Work) -> None:
        if case := _case(world, self.case, "resolved"):
            await promises.reopen_case(work, case.reference, "it is dark again")


@dataclass(frozen=True)
class Merges:
    case: int
    by: int

    async def do(self, world: World, work: Work) -> None:
        one, two = _case(world, self.case), _case(world, self.case + self.by)
        if one and two:
            await cases.merge_cases(work, one.reference, two.reference)


@dataclass(frozen=True)
class Splits:
    case: int

    async def do(self, world: World, work: Work) -> None:
        several = [case for case in world.seen.cases.values() if case.contacts > 1]
        if case := _nth(several, self.case):
            ids = [id_ for id_, of in world.seen.contacts.items() if of == case.id]
            await intake.split_case(work, case.reference, ids[:1], "Another matter", "bill")


@dataclass(frozen=True)
class AsksFor:
    case: int
    wish: str

    async def do(self, world: World, work: Work) -> None:
        if case := _case(world, self.case):
            department = "network" if self.wish == "department" else None
            await intake.ask_for(work, case.reference, self.wish, department=department)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Answers:
    offer: int
    accepts: bool

    async def do(self, world: World, work: Work) -> None:
        if offer := _nth(world.seen.offers, self.offer):
            await (offers.accept_offer(work, offer) if self.accepts else offers.decline_offer(work, offer, "busy"))


@dataclass(frozen=True)
class Replies:
    case: int

    async def do(self, world: World, work: Work) -> None:
        if case := _case(world, self.case):
            await cases.reply_to_customer(work, case.reference, "The crew is on its way.")


@dataclass(frozen=True)
class Files:
    """Tags, classifies, or sets fields of a case."""

    case: int
    what: str

    async def do(self, world: World, work: Work) -> None:
        if case := _case(world, self.case):
            await cases.tag_case(work, case.reference, [self.what])
            await cases.reclassify_case(work, case.reference, reason=self.what)
            await cases.set_fields(work, case.reference, {"meter": "4711"})


@dataclass(frozen=True)
class Settles:
    """A person decides about a message that waits for one."""

    message: int
    decision: str

    async def do(self, world: World, work: Work) -> None:
        waiting = [each for each in world.seen.messages.values() if each.state in TO_SETTLE]
        if message := _nth(waiting, self.message):
            body = "The crew is on its way." if message.state == "held" else None
            await contacts.settle_message(work, message.id, self.decision, body=body)  # type: ignore[arg-type]


which = st.integers(0, 7)
minutes = st.sampled_from([1, 20, 60, 240, 600, 3000])
some: dict[str, st.SearchStrategy[Act]] = {
    "gets_in_touch": st.builds(
        GetsInTouch,
        caller=st.integers(0, len(CALLERS) - 1),
        channel=st.sampled_from(["phone", "email", "sms", "web"]),
        reason=st.sampled_from([None, "outage", "bill"]),
        key=st.sampled_from([None, None, "mail:1", "mail:2"]),
        automatic=st.sampled_from([False, False, False, True]),
    ),
    "promises": st.builds(
        Promises, case=which, kind=st.sampled_from(["update", "callback", "visit", "fix"]), minutes=minutes, owner=which
    ),
    "keeps": st.builds(Keeps, promise=which, deed=st.sampled_from(cases.DEEDS), note=st.booleans()),
    "renews": st.builds(Renews, promise=which, minutes=minutes, told=st.sampled_from([None, "phone", "email"])),
    "withdraws": st.builds(Withdraws, promise=which),
    "gives": st.builds(Gives, case=which, to=which),
    "resolves": st.builds(
        Resolves,
        case=which,
        kept=st.sampled_from([(True,), (False,), (True, False)]),
        forgotten=st.sampled_from([0, 0, 1]),
    ),
    "reopens": st.builds(Reopens, case=which),
    "merges": st.builds(Merges, case=which, by=st.integers(1, 3)),
    "splits": st.builds(Splits, case=which),
    "asks_for": st.builds(AsksFor, case=which, wish=st.sampled_from(["department", "specialist", "manager"])),
    "answers": st.builds(Answers, offer=which, accepts=st.booleans()),
    "replies": st.builds(Replies, case=which),
    "files": st.builds(Files, case=which, what=st.sampled_from(["outage", "storm"])),
    "settles": st.builds(Settles, message=which, decision=st.sampled_from(["send", "sent", "cancel"])),
}
