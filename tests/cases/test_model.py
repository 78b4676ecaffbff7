"""What may happen to a case and its promises, decided on plain values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.ids import uuid7
from ahadi.cases import (
    Case,
    CaseAlreadyOpen,
    CaseAlreadyResolved,
    Deed,
    DueInThePast,
    Holder,
    NewPromise,
    PromiseAlreadySettled,
    PromiseLapsed,
    PromiseNotDue,
    PromisesStillOpen,
    from_facts,
    model,
    to_facts,
)
from ahadi.cases.events import CaseHeld, CaseOpened, PromiseMade

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
ASHA, BEN, CARE = Holder(person=uuid7()), Holder(person=uuid7()), Holder(department=uuid7())
NOTE = Deed("note")


def promise(hours: float = 4, owner: Holder = ASHA) -> NewPromise:
    return NewPromise(uuid7(), "update", owner, NOW + timedelta(hours=hours))


def after(case: Case | None, events: list, at: datetime = NOW, case_id: UUID | None = None) -> Case:
    return model.apply_all(case, events, at, uuid7(), case.id if case else case_id or uuid7())


def a_case(*promises: NewPromise) -> Case:
    opened = CaseOpened("PW-1", uuid7(), ASHA, "phone", "en")
    made = [PromiseMade(p.id, p.kind, p.owner, p.due_at) for p in promises or (promise(),)]
    return after(None, [opened, *made])


def first(case: Case) -> UUID:
    assert case.next_promise
    return case.next_promise.id


def test_the_next_promise_is_the_one_due_first() -> None:
    late, soon = promise(8), promise(1)
    case = a_case(late, soon)
    assert first(case) == soon.id
    assert first(after(case, model.decide_keep(case, soon.id, NOTE, promise(), NOW))) == late.id


def test_keeping_the_last_promise_of_an_open_case_leaves_another() -> None:
    case, following = a_case(), promise(24)
    case = after(case, model.decide_keep(case, first(case), NOTE, following, NOW))
    assert [p.id for p in case.open_promises] == [following.id]


def test_keeping_one_of_two_promises_makes_no_other() -> None:
    case = a_case(promise(1), promise(2))
    case = after(case, model.decide_keep(case, first(case), NOTE, promise(24), NOW))
    assert len(case.open_promises) == 1


def test_a_promise_renewed_before_it_lapses_is_not_broken() -> None:
    case, renewed = a_case(), promise(30)
    old, told = first(case), uuid7()
    case = after(case, model.decide_renew(case, old, renewed, told, NOW))
    settled = next(p for p in case.promises if p.id == old)
    assert (settled.state, settled.successor, settled.told) == ("renewed", renewed.id, told)
    assert first(case) == renewed.id


@pytest.mark.parametrize("act", ["keep", "renew", "withdraw"])
def test_a_lapsed_promise_is_left_to_the_clock(act: str) -> None:
    case = a_case(promise(1))
    late, id_ = NOW + timedelta(hours=1, seconds=1), first(case)
    following = promise(48)
    with pytest.raises(PromiseLapsed):
        match act:
            case "keep":
                model.decide_keep(case, id_, NOTE, following, late)
            case "renew":
                model.decide_renew(case, id_, following, uuid7(), late)
            case _:
                model.decide_withdraw(case, id_, "mistake", following, late)


def test_a_promise_may_be_kept_at_the_very_moment_it_is_due() -> None:
    case = a_case(promise(1))
    due = NOW + timedelta(hours=1)
    assert model.decide_keep(case, first(case), NOTE, promise(5), due)
    with pytest.raises(PromiseNotDue):
        model.decide_break(case, first(case), promise(5), due)


def test_a_broken_promise_leaves_a_recovery_one_level_up() -> None:
    case, recovery = a_case(promise(1)), promise(3, BEN)
    broken = first(case)
    case = after(case, model.decide_break(case, broken, recovery, NOW + timedelta(hours=2)))
    made = case.next_promise
    assert made and (made.id, made.recovers, made.level, made.owner) == (recovery.id, broken, 1, BEN)


def test_a_promise_is_settled_once() -> None:
    case = a_case()
    id_ = first(case)
    case = after(case, model.decide_keep(case, id_, NOTE, promise(9), NOW))
    with pytest.raises(PromiseAlreadySettled):
        model.decide_withdraw(case, id_, "mistake", promise(), NOW)


def test_a_promise_cannot_be_due_in_the_past() -> None:
    with pytest.raises(DueInThePast):
        model.decide_promise(a_case(), promise(0), NOW)


def test_resolving_names_the_promises_that_are_still_open() -> None:
    kept, left = promise(1), promise(2)
    case = a_case(kept, left)
    with pytest.raises(PromisesStillOpen) as refused:
        model.decide_resolve(case, "done", {kept.id: NOTE}, {}, NOW)
    assert [each["id"] for each in refused.value.fields["promises"]] == [left.id]
    case = after(case, model.decide_resolve(case, "done", {kept.id: NOTE}, {left.id: "not-needed"}, NOW))
    assert case.state == "resolved" and not case.open_promises and case.next_promise is None


def test_reopening_makes_a_promise() -> None:
    case = a_case()
    with pytest.raises(CaseAlreadyOpen):
        model.decide_reopen(case, CARE, promise(), NOW)
    case = after(case, model.decide_resolve(case, "done", {first(case): NOTE}, {}, NOW))
    with pytest.raises(CaseAlreadyResolved):
        model.decide_promise(case, promise(), NOW)
    case = after(case, model.decide_reopen(case, CARE, promise(), NOW))
    assert case.state == "open" and case.holder == CARE and len(case.open_promises) == 1


def test_the_former_holders_promises_go_with_the_case() -> None:
    mine, theirs = promise(1, ASHA), promise(2, CARE)
    case = a_case(mine, theirs)
    case = after(case, model.decide_hold(case, BEN, None, "assigned"))
    owners = {p.id: p.owner for p in case.open_promises}
    assert owners == {mine.id: BEN, theirs.id: CARE}
    assert model.decide_hold(case, BEN, None, "assigned") == []


def test_merging_moves_the_open_promises() -> None:
    one, two = a_case(), a_case()
    moved = [replace(promise(), due_at=p.due_at) for p in one.open_promises]
    gone, joined = model.decide_merge(one, two, moved, NOW)
    ended, merged = after(one, gone), after(two, joined)
    assert (ended.state, ended.merged_into, ended.open_promises) == ("resolved", two.id, ())
    assert len(merged.open_promises) == 2 and merged.contacts == 2


ids = st.builds(uuid7)
holders = st.one_of(st.builds(Holder, person=ids), st.builds(Holder, department=ids))
moments = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC))
codes = st.sampled_from(["outage", "bill"])
events = st.one_of(
    st.builds(
        CaseOpened,
        reference=codes,
        customer_id=ids,
        holder=holders,
        channel=codes,
        language=codes,
        reason=st.none() | codes,
        department_id=st.none() | ids,
        linked_to=st.none() | ids,
        tags=st.lists(codes).map(tuple),
        opened_at=st.none() | moments,
    ),
    st.builds(CaseHeld, holders, st.none() | ids, codes),
    st.builds(PromiseMade, ids, st.just("visit"), holders, moments, recovers=st.none() | ids, renews=st.none() | ids),
)


@given(events)
def test_an_event_read_back_from_the_journal_is_the_same(event: CaseOpened | CaseHeld | PromiseMade) -> None:
    facts = orjson.loads(orjson.dumps(to_facts(event) | {"reference": getattr(event, "reference", "PW-1")}))
    assert from_facts(event.kind, facts) == event
