"""Cases and promises under everything that can happen to them, in any order, with crashes: the invariants hold.

Hypothesis plays days: contacts, promises made, kept, renewed and withdrawn, cases given, merged and split, people
absent or gone, the clock, the watch, the outbox; pieces of work that fail half way or lose their connection; and two
at once. After every step the whole database is read and judged, and the journal is replayed against the tables.

`AHADI_STATEFUL_EXAMPLES=500` plays that many days, other ones each time, instead of the few that are always the same.
"""

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ahadi import contacts
from ahadi.base.errors import Unavailable
from ahadi.base.ids import uuid7
from ahadi.channels.ports import Refused, Sent, TryAgain, Uncertain
from ahadi.platform.database import Work
from ahadi.platform.database.embedded import Connections
from ahadi.promises import watch_once
from ahadi.routing import offers
from tests.cases.acts import Act, Settles, some
from tests.cases.builders import ORGANISATION, system
from tests.cases.world import Died, Fate, World, judge, judge_step

EXAMPLES = int(os.environ.get("AHADI_STATEFUL_EXAMPLES", "0"))
fates: st.SearchStrategy[Fate] = st.sampled_from(
    ["commits", "commits", "commits", "commits", "raises", "loses its connection"]
)
actors = st.integers(0, 5)
people = st.integers(0, 4)
LEASE_OVER = timedelta(minutes=4)


def doing(name: str) -> Any:
    """A rule by which somebody does one kind of thing, and the piece of work ends as its fate says."""

    def do(self: "Days", act: Act, who: int, fate: Fate) -> None:
        self.do(act, who, fate)

    do.__name__ = name
    return precondition(lambda self: self.can(name))(rule(act=some[name], who=actors, fate=fates)(do))


class Days(RuleBasedStateMachine):
    """Some days in an organisation."""

    world: ClassVar[World]

    @initialize(first=st.lists(some["gets_in_touch"], min_size=1, max_size=6))
    def open_house(self, first: list[Act]) -> None:
        self.world.begin_anew()
        self.allowed: dict[Any, int] = {}
        for act in first:
            self.do(act, 0, "commits")
            self.world.seen = self.world.look()

    def can(self, name: str) -> bool:
        """Whether there is anything to do it to."""
        seen = self.world.seen
        match name:
            case "answers":
                return bool(seen.offers)
            case "settles":
                return any(each.state in contacts.TO_SETTLE for each in seen.messages.values())
            case "reopens":
                return any(case.state == "resolved" for case in seen.cases.values())
            case "merges":
                return len(seen.cases) > 1
            case "splits":
                return any(case.contacts > 1 for case in seen.cases.values())
            case _:
                return True

    @invariant()
    def the_invariants_hold_and_the_journal_tells_what_the_tables_say(self) -> None:
        tables = self.world.look()
        judge_step(self.world.seen, tables)
        judge(tables, self.world.clock.now())
        for message, times in self.world.letterbox.arrived.items():
            assert times <= 1 + self.allowed.get(message, 0), "a message was sent twice by itself"
        self.world.seen = tables

    # What people do ------------------------------------------------------------------------------------------

    def do(self, act: Act, who: int, fate: Fate) -> None:
        world = self.world
        refusal = world.run(world.act(world.actor(who), lambda work: act.do(world, work), fate))
        assert not isinstance(refusal, Unavailable), refusal
        if refusal is not None or fate != "commits":
            assert world.look() == world.seen, "something was left of what did not happen"
        elif isinstance(act, Settles):
            self.allow()

    def allow(self) -> None:
        """A person decided to send a message whose outcome nobody knew: it may come once more."""
        for id_, message in self.world.look().messages.items():
            if message.state == "queued" and self.world.seen.messages[id_].state == "uncertain":
                self.allowed[id_] = self.allowed.get(id_, 0) + 1

    gets_in_touch = doing("gets_in_touch")
    promises = doing("promises")
    keeps = doing("keeps")
    renews = doing("renews")
    withdraws = doing("withdraws")
    gives = doing("gives")
    resolves = doing("resolves")
    reopens = doing("reopens")
    merges = doing("merges")
    splits = doing("splits")
    asks_for = doing("asks_for")
    answers = doing("answers")
    replies = doing("replies")
    files = doing("files")
    settles = doing("settles")

    @rule(
        acts=st.lists(st.one_of(*(some[name] for name in sorted(some.keys() - {"settles"}))), min_size=2, max_size=3),
        watching=st.booleans(),
    )
    def several_at_once(self, acts: list[Act], watching: bool) -> None:
        world = self.world

        def deed(act: Act) -> Callable[[Work], Any]:
            return lambda work: act.do(world, work)

        async def all_of_them() -> None:
            doing = [world.act(world.actor(who), deed(act)) for who, act in enumerate(acts)]
            watches = [watch_once(world.database), watch_once(world.database)] if watching else []
            await asyncio.gather(*doing, *watches)

        world.run(all_of_them())

    # What time does ------------------------------------------------------------------------------------------

    @rule(by=st.sampled_from([1, 5, 30, 60, 240, 600, 1440, 4000]))
    def time_passes(self, by: int) -> None:
        self.world.clock.advance(timedelta(minutes=by))

    @rule(watches=st.integers(1, 3))
    def the_watch_looks(self, watches: int) -> None:
        world = self.world

        async def together() -> int:
            return sum(await asyncio.gather(*(watch_once(world.database) for _ in range(watches))))

        for _ in range(20):
            if not world.run(together()):
                break
        else:
            raise AssertionError("the watch never comes to rest")
        now = world.clock.now()
        assert not [each for each in world.look().promises if each.state == "open" and each.due_at < now]
        world.run(offers.expire_offers(world.database, [ORGANISATION]))

    @rule(
        answer=st.sampled_from(
            [Sent(), Sent(), TryAgain("later"), Refused("no"), Uncertain("no answer"), ConnectionError, Died]
        )
    )
    def the_outbox_is_emptied(self, answer: Any) -> None:
        world = self.world
        world.letterbox.answer = answer

        async def send() -> None:
            both = [contacts.send_due(world.database, [ORGANISATION], world.letterbox) for _ in range(2)]
            await asyncio.gather(*both)

        try:
            world.run(send())
        except BaseExceptionGroup as group:
            assert group.subgroup(Died) is not None
        if answer is Died:
            world.clock.advance(LEASE_OVER)
            world.run(contacts.settle_abandoned(world.database, [ORGANISATION], world.letterbox))
        assert not [each for each in world.look().messages.values() if each.state == "sending"]

    # What happens to people ----------------------------------------------------------------------------------

    @rule(person=people, hours=st.integers(1, 60))
    def somebody_is_absent(self, person: int, hours: int) -> None:
        self._directory(
            "insert into absence (organisation_id, id, person_id, starts_at, ends_at)"
            " values (%(org)s, %(id)s, %(person)s, %(now)s, %(until)s)",
            person,
            until=self.world.clock.now() + timedelta(hours=hours),
        )

    @rule(person=people, active=st.booleans())
    def somebody_leaves_or_comes_back(self, person: int, active: bool) -> None:
        self._directory("update person set active = %(active)s where id = %(person)s", person, active=active)

    @rule(person=people, presence=st.sampled_from(["available", "busy", "offline"]))
    def somebody_is_free_or_not(self, person: int, presence: str) -> None:
        self._directory("update person set presence = %(presence)s where id = %(person)s", person, presence=presence)

    def _directory(self, statement: Any, person: int, **values: Any) -> None:
        world = self.world
        given = {"org": ORGANISATION, "id": uuid7(), "person": world.people[person], "now": world.clock.now()}

        async def change(work: Work) -> None:
            await work.execute(statement, given | values)
            await work.execute("update organisation set version = version + 1 where id = %(org)s", given)

        world.run(world.act(system(), change))


@pytest.mark.slow
def test_whatever_happens_the_invariants_hold_and_the_journal_rebuilds_the_tables(fresh_database: Connections) -> None:
    Days.world = World(fresh_database)
    try:
        run_state_machine_as_test(
            Days,
            settings=settings(
                max_examples=EXAMPLES or 25,
                stateful_step_count=40,
                derandomize=not EXAMPLES,
                database=None,
                deadline=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        Days.world.close()
