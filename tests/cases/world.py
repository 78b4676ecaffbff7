"""A small organisation in a database of its own, seen whole: what the stateful test acts upon and judges."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

import psycopg
from psycopg import sql

from ahadi import cases
from ahadi.base.clock import FixedClock
from ahadi.base.errors import AhadiError, Unavailable
from ahadi.cases import Case, Promise, store
from ahadi.channels.ports import SendOutcome, Sent
from ahadi.contacts import Message, Parcel
from ahadi.contacts.store import MESSAGE_COLUMNS, MESSAGE_FROM
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.database.embedded import Connections
from ahadi.platform.journal import JournalRow
from tests.cases.builders import ORGANISATION, system
from tests.conftest import HOUSE, NOON
from tests.directory.builders import House, an_organisation

Done = TypeVar("Done")
Fate = Literal["commits", "raises", "loses its connection"]
Deed = Callable[[Work], Awaitable[object]]
_JOURNAL = (
    "organisation_id, seq, xid::text::bigint as xid, id, at, recorded_at, kind, case_id, subject_id, actor_kind,"
    " actor_id, behind_id, facts"
)


class Crash(Exception):
    """The process stopped in the middle of a piece of work."""


class Died(BaseException):
    """The process stopped while it was sending."""


@dataclass(frozen=True)
class Tables:
    """Everything the tables say at one moment. Cases hold all their promises, in the order they were made."""

    cases: dict[UUID, Case] = field(default_factory=dict)
    next_of: dict[UUID, UUID | None] = field(default_factory=dict)
    journal: tuple[JournalRow, ...] = ()
    messages: dict[UUID, Message] = field(default_factory=dict)
    contacts: dict[UUID, UUID | None] = field(default_factory=dict)
    offers: tuple[UUID, ...] = ()

    @property
    def promises(self) -> list[Promise]:
        """Every promise of every case."""
        return [each for case in self.cases.values() for each in case.promises]

    def told(self) -> dict[UUID, Case]:
        """Every case as its journal tells it."""
        rebuilt: dict[UUID, Case] = {}
        for row in self.journal:
            event = cases.from_facts(row.kind, row.facts)
            if event is not None and row.case_id is not None:
                former = rebuilt.get(row.case_id)
                rebuilt[row.case_id] = cases.evolve(
                    former, event, row.at, organisation_id=row.organisation_id, case_id=row.case_id
                )
        return {id_: _in_order(case) for id_, case in rebuilt.items()}


def _in_order(case: Case) -> Case:
    return replace(case, promises=tuple(sorted(case.promises, key=lambda each: each.id)))


class Letterbox:
    """Where messages go. `arrived` counts how often each message came; `answers` says what the next sends answer."""

    def __init__(self) -> None:
        self.arrived: dict[UUID, int] = {}
        self.answer: SendOutcome | type[Died] = Sent()

    async def channels(self, organisations: object) -> list[str]:
        return ["email", "sms", "web"]

    async def honours_idempotency(self, message: Message) -> bool:
        return False

    async def send(self, parcel: Parcel) -> SendOutcome:
        id_ = parcel.message.id
        await asyncio.sleep(0)
        if isinstance(self.answer, Sent) or self.answer is Died:
            self.arrived[id_] = self.arrived.get(id_, 0) + 1
        if isinstance(self.answer, type):
            raise self.answer
        return self.answer


class World:
    """An organisation in a database of its own, with a clock that is moved by hand. `begin_anew` empties it."""

    house: House
    people: tuple[UUID, ...]

    def __init__(self, fresh: Connections) -> None:
        self._superuser = fresh.superuser
        self._loop = asyncio.new_event_loop()
        self.clock = FixedClock(NOON)
        self.database = Database(fresh.app, BusinessClock("system", self.clock), house=HOUSE, connections=6)
        self.run(self.database.open())

    def begin_anew(self) -> None:
        """As on the first day: nothing but the organisation. (Emptying is far quicker than another database.)"""
        with psycopg.connect(self._superuser) as admin:
            admin.execute("set session_replication_role = replica")  # rows go without regard to foreign keys
            tables = admin.execute("select oid::regclass::text from pg_class where relrowsecurity").fetchall()
            for name in ["job", "mark", *(table for (table,) in tables), "organisation", "person"]:
                admin.execute(sql.SQL("delete from {}").format(sql.Identifier(name)))
        self.clock.set(NOON)
        self.letterbox = Letterbox()
        self.house = self.run(self._people_the_house())
        self.people = (self.house.asha, self.house.ben, self.house.chege, self.house.juma, self.house.dalila)
        self.seen = self.look()

    async def _people_the_house(self) -> House:
        async with self.database.work(system()) as work:
            return await an_organisation(work, ORGANISATION)

    def close(self) -> None:
        self.run(self.database.close())
        self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, Done]) -> Done:
        """Run something asynchronous to its end."""
        return self._loop.run_until_complete(coroutine)

    # Acting --------------------------------------------------------------------------------------------------

    def actor(self, which: int) -> Actor:
        """The installation itself for 0, else one of the people."""
        if which == 0:
            return system()
        return Actor("person", self.people[which % len(self.people)], {ORGANISATION: frozenset({"*"})})

    async def act(self, actor: Actor, deed: Deed, fate: Fate = "commits") -> AhadiError | None:
        """Do something in one transaction that ends as `fate` says; the refusal, where it was refused."""
        try:
            async with self.database.work(actor) as work:
                await deed(work)
                if fate != "commits":
                    await work.flush()
                    await self._stop(work, fate)
        except Crash:
            return None
        except Unavailable as lost:
            if fate != "loses its connection":
                return lost
        except AhadiError as refusal:
            return refusal
        return None

    async def _stop(self, work: Work, fate: Fate) -> None:
        if fate == "raises":
            raise Crash
        pid = await work.value("select pg_backend_pid()")
        with psycopg.connect(self._superuser, autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(%(pid)s, 5000)", {"pid": pid})

    # Seeing --------------------------------------------------------------------------------------------------

    def look(self) -> Tables:
        """Read everything."""

        async def read() -> Tables:
            async with self.database.read(system()) as work:
                return await read_tables(work)

        return self.run(read())


async def read_tables(work: Work) -> Tables:
    """Everything that the actor of this work may see."""
    promised: dict[UUID, list[Promise]] = {}
    for row in await work.rows(f"select {store.PROMISE_COLUMNS} from promise p order by p.id"):
        promise = store.promise_from(row)
        promised.setdefault(promise.case_id, []).append(promise)
    rows = await work.rows(f"select {store.CASE_COLUMNS}, c.next_promise_id from cases c order by c.id")
    next_of = {row["id"]: row.pop("next_promise_id") for row in rows}
    found = [store.case_from(row, promised.get(row["id"], ())) for row in rows]
    journal = await work.all(JournalRow, f"select {_JOURNAL} from journal order by seq")
    messages = await work.all(Message, f"select {MESSAGE_COLUMNS}{MESSAGE_FROM} order by m.id")
    taken = await work.rows("select id, case_id from contact order by id")
    offers = await work.rows("select id from offer order by id")
    return Tables(
        {case.id: case for case in found},
        next_of,
        tuple(journal),
        {each.id: each for each in messages},
        {row["id"]: row["case_id"] for row in taken},
        tuple(row["id"] for row in offers),
    )


# Judging -----------------------------------------------------------------------------------------------------


def judge(tables: Tables, now: datetime) -> None:
    """Every invariant that one moment can show."""
    promises = {each.id: each for each in tables.promises}
    for case in tables.cases.values():
        opened = case.open_promises
        assert (case.state == "open") == bool(opened), f"{case.reference} is {case.state} with {len(opened)} promises"
        assert tables.next_of[case.id] == (opened[0].id if opened else None), f"{case.reference}: not the earliest"
        assert (case.state == "resolved") == (case.resolved_at is not None)
        for promise in case.promises:
            _judge_promise(promise, promises, tables)
    successors = [each.successor for each in promises.values() if each.successor]
    assert len(successors) == len(set(successors)), "one promise took the place of two"
    told = tables.told()
    assert told.keys() == tables.cases.keys()
    for id_, case in tables.cases.items():
        assert told[id_] == case, f"the journal of {case.reference} tells another story"
    assert all(row.at <= now for row in tables.journal)


def _judge_promise(promise: Promise, promises: dict[UUID, Promise], tables: Tables) -> None:
    assert (promise.state == "open") == (promise.settled_at is None)
    match promise.state:
        case "kept":
            assert promise.deed_kind, "kept without a deed"
        case "renewed":
            assert promise.told in tables.messages or promise.told in tables.contacts, "renewed and nobody told"
            assert promise.successor and promises[promise.successor].renews == promise.id
        case "broken":
            assert promise.settled_at and promise.due_at < promise.settled_at, "broken before it was due"
            assert promise.successor and promises[promise.successor].recovers == promise.id
            assert promises[promise.successor].level == promise.level + 1
        case "withdrawn":
            assert promise.reason
        case "open":
            assert promise.successor is None and promise.deed_kind is None
    if promise.settled_at and promise.state != "broken":
        assert promise.settled_at <= promise.due_at, f"{promise.state} after it lapsed"


def judge_step(before: Tables, after: Tables) -> None:
    """What no step may do: undo what was settled, lose a row, or change the journal."""
    assert after.journal[: len(before.journal)] == before.journal, "the journal was changed"
    former = {each.id: each for each in before.promises}
    current = {each.id: each for each in after.promises}
    for id_, promise in former.items():
        assert id_ in current, "a promise is gone"
        assert promise.state == "open" or current[id_] == promise, "a settled promise was changed"
    for lost in (before.cases.keys() - after.cases.keys(), before.messages.keys() - after.messages.keys()):
        assert not lost
    assert before.contacts.keys() <= after.contacts.keys()
    final = {id_ for id_, each in before.messages.items() if each.state in ("sent", "cancelled", "received", "noted")}
    assert all(after.messages[id_].state == before.messages[id_].state for id_ in final)
