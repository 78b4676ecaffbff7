"""The draft of the rules: kept at every step, edited by several people, published with a reason, compared."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi import routing
from ahadi.base.errors import Conflict, Forbidden, Invalid, NotFound
from ahadi.platform.database import Actor, Database
from ahadi.routing import ChangedMeanwhile, Draft, NotReadable, RulesInvalid, compare, drafting, keyed, rows_of_jdm
from ahadi.routing.drafts import NEW, Rows, added, changed, copied, moved, removed, stepped
from tests.cases.builders import ORGANISATION, system
from tests.directory.builders import House, an_organisation
from tests.routing.test_actions import MONEY, OUTAGE, kinds, publish, take

LETTERS = "abcdef"
names = st.lists(st.sampled_from(LETTERS), unique=True, max_size=6)


def table(*called: str) -> Rows:
    return keyed([{"name": each, "then": {"department": "care"}} for each in called])


def called(rows: Rows) -> str:
    return "".join(str(each.row["name"]) for each in rows)


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def draft_of(database: Database) -> Draft:
    async with database.read(system()) as work:
        return await drafting.read_draft(work, ORGANISATION)


# Rows, purely ----------------------------------------------------------------------------------------------------


@given(names.filter(len), st.data())
def test_a_moved_row_stands_where_it_was_put_and_the_others_keep_their_order(letters: list[str], data: Any) -> None:
    rows = table(*letters)
    key = data.draw(st.sampled_from([each.key for each in rows]))
    before = data.draw(st.sampled_from([None, *(each.key for each in rows if each.key != key)]))
    after = [each.key for each in moved(rows, key, before)]
    assert [each for each in after if each != key] == [each.key for each in rows if each.key != key]
    assert after.index(key) == (after.index(before) - 1 if before else len(after) - 1)


@pytest.mark.parametrize(
    ("key", "step", "wanted"), [("b", 1, "acb"), ("b", -1, "bac"), ("a", -1, "abc"), ("c", 5, "abc"), ("c", -9, "cab")]
)
def test_a_row_goes_step_by_step_and_not_beyond_the_ends(key: str, step: int, wanted: str) -> None:
    assert called(stepped(table("a", "b", "c"), key, step)) == wanted


def test_a_copy_stands_below_with_a_name_and_an_identity_of_its_own() -> None:
    rows = keyed([{"id": "night", "name": "Night", "then": {"department": "care"}}])
    first, second = copied(rows, "night", f"{NEW}1")
    assert first == rows[0] and second.row == {"name": "Night 2", "then": {"department": "care"}}
    assert not routing.read_rules([first.row, second.row]).problems


def test_a_rule_that_is_renamed_is_still_the_same_rule_in_reports() -> None:
    rows = changed(table("Outage"), "outage", {"name": "No power"}, table("Outage")[0].digest)
    assert routing.read_rules([rows[0].row]).rules[0].id == "outage"


def test_a_cell_that_is_emptied_leaves_nothing_behind() -> None:
    rows = table("a")
    said = changed(rows, "a", {"reason": ["outage"]}, rows[0].digest)
    assert said[0].row["when"] == {"reason": ["outage"]}
    assert changed(said, "a", {"reason": None}, said[0].digest) == rows


def test_whoever_saw_a_row_otherwise_overwrites_and_removes_nothing() -> None:
    rows = table("a", "b")
    theirs = changed(rows, "a", {"priority": "high"}, rows[0].digest)
    with pytest.raises(ChangedMeanwhile):
        changed(theirs, "a", {"priority": "low"}, rows[0].digest)
    with pytest.raises(ChangedMeanwhile):
        removed(theirs, "a", rows[0].digest)
    assert called(removed(theirs, "b", rows[1].digest)) == "a", "another row may be removed all the same"
    with pytest.raises(NotFound):
        changed(theirs, "c", {"priority": "low"}, rows[0].digest)


def test_a_table_takes_no_more_than_its_thousand_rows() -> None:
    rows = table(*(f"row {n}" for n in range(1000)))
    with pytest.raises(Invalid, match="1000"):
        added(rows, f"{NEW}x", {"name": "more"}, None)


@given(names, names)
def test_what_differs_between_two_tables_makes_the_one_of_the_other(before: list[str], after: list[str]) -> None:
    changes = {each.key: each for each in compare(table(*before), table(*after))}
    assert {key for key, each in changes.items() if each.what == "added"} == set(after) - set(before)
    assert {key for key, each in changes.items() if each.what == "removed"} == set(before) - set(after)
    still = [each for each in before if each in after and changes.get(each) is None]
    assert still == [each for each in after if each in still], "what is not said to have moved keeps its order"
    if before == after:
        assert not changes


def test_a_changed_row_is_told_by_its_cells() -> None:
    was, now = table("a"), table("a")
    now = changed(now, "a", {"reason": ["outage"], "department": "repairs"}, now[0].digest)
    (found,) = compare(was, now)
    assert found.what == "changed"
    assert [(e.column, e.before, e.after) for e in found.cells] == [
        ("reason", None, ["outage"]),
        ("department", "care", "repairs"),
    ]


# As it is kept ---------------------------------------------------------------------------------------------------


async def test_a_draft_begins_from_the_rules_in_force_and_changes_nothing_in_them(
    database: Database, house: House
) -> None:
    version = await publish(database, OUTAGE)
    assert (await draft_of(database)).revision == 0
    async with database.work(system()) as work:
        key = await drafting.add_row(work, ORGANISATION, MONEY, "outage")
        await drafting.move_row(work, ORGANISATION, key, step=-1)
    draft = await draft_of(database)
    assert (draft.base, [each.key for each in draft.rows]) == (version, [key, "outage"])
    async with database.read(system()) as work:
        assert len((await routing.get_rules(work, ORGANISATION, version)).rows) == 1
    assert (await kinds(database))[-2:] == ["rules.draft_changed"] * 2


async def test_the_last_change_can_be_taken_back_and_nobody_else_s(database: Database, house: House) -> None:
    async with database.work(system()) as work:
        key = await drafting.add_row(work, ORGANISATION, OUTAGE)
        seen = (await drafting.read_draft(work, ORGANISATION)).rows[0].digest
        revision = await drafting.remove_row(work, ORGANISATION, key, seen)
        with pytest.raises(ChangedMeanwhile):
            await drafting.undo_change(work, ORGANISATION, revision - 1)
        await drafting.undo_change(work, ORGANISATION, revision)
    draft = await draft_of(database)
    assert [each.key for each in draft.rows] == [key] and not draft.may_undo


async def test_a_draft_is_published_with_its_reason_and_the_next_contact_follows_it(
    database: Database, house: House
) -> None:
    async with database.work(system()) as work:
        await drafting.add_row(work, ORGANISATION, OUTAGE)
        seen = (await drafting.read_draft(work, ORGANISATION)).digest
        version = await drafting.publish_draft(work, ORGANISATION, seen, "Outages go to those who mend them")
    async with database.read(system()) as work:
        kept = await routing.get_rules(work, ORGANISATION, version)
    assert (kept.state, kept.why) == ("published", "Outages go to those who mend them")
    assert (await draft_of(database)).revision == 0
    assert (await take(database, 1, reason="outage")).case.department_id == house.network


async def test_what_changed_after_it_was_looked_at_is_not_published(database: Database, house: House) -> None:
    async with database.work(system()) as work:
        await drafting.add_row(work, ORGANISATION, OUTAGE)
        seen = (await drafting.read_draft(work, ORGANISATION)).digest
        await drafting.add_row(work, ORGANISATION, MONEY)
        with pytest.raises(ChangedMeanwhile):
            await drafting.publish_draft(work, ORGANISATION, seen, "why")


async def test_another_s_version_is_replaced_only_by_who_says_so(database: Database, house: House) -> None:
    async with database.work(system()) as work:
        await drafting.add_row(work, ORGANISATION, OUTAGE)
        seen = (await drafting.read_draft(work, ORGANISATION)).digest
    theirs = await publish(database, MONEY)
    async with database.work(system()) as work:
        with pytest.raises(Conflict, match=f"Version {theirs} was published after"):
            await drafting.publish_draft(work, ORGANISATION, seen, "why")
        assert await drafting.publish_draft(work, ORGANISATION, seen, "why", theirs) == theirs + 1


async def test_a_table_with_a_wrong_row_is_not_published_and_the_row_is_named(database: Database, house: House) -> None:
    async with database.work(system()) as work:
        await drafting.add_row(work, ORGANISATION, OUTAGE)
        await drafting.add_row(work, ORGANISATION, {"name": "Lost", "then": {"department": "treasury"}})
        seen = (await drafting.read_draft(work, ORGANISATION)).digest
        with pytest.raises(RulesInvalid, match=r"^Row 2: there is no department"):
            await drafting.publish_draft(work, ORGANISATION, seen, "why")


async def test_who_may_only_read_changes_and_publishes_nothing(database: Database, house: House) -> None:
    reader = Actor("person", house.asha, {ORGANISATION: frozenset({"rules.read"})})
    async with database.work(reader) as work:
        with pytest.raises(Forbidden):
            await drafting.add_row(work, ORGANISATION, OUTAGE)
        with pytest.raises(Forbidden):
            await drafting.publish_draft(work, ORGANISATION, "", "why")
        with pytest.raises(Forbidden):
            await drafting.discard_draft(work, ORGANISATION, "")


# Files -----------------------------------------------------------------------------------------------------------

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["decisionTableNode", "first"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["nodes", "type", "content", "inputs", "outputs", "rules", "id", "field", "hitPolicy", "_description"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(anything)
@settings(deadline=None)
def test_any_file_at_all_is_rows_or_a_sentence(document: Any) -> None:
    node = {"type": "decisionTableNode", "content": document}
    for each in (document, {"nodes": document}, {"nodes": [document]}, {"nodes": [node]}):
        try:
            rows = keyed(rows_of_jdm(each))
        except NotReadable:
            continue
        assert len({row.key for row in rows}) == len(rows)
        routing.read_rules([row.row for row in rows])


async def test_a_file_takes_the_place_of_the_draft_and_comes_back_as_it_went(database: Database, house: House) -> None:
    await publish(database, OUTAGE, MONEY)
    draft = await draft_of(database)
    document = json.loads(json.dumps(routing.to_jdm(routing.read_rules(draft.written).rules)))
    table_of = next(each for each in document["nodes"] if each["type"] == "decisionTableNode")["content"]
    table_of["rules"].reverse()
    async with database.work(system()) as work:
        assert await drafting.replace_rows(work, ORGANISATION, document, draft.digest) == 2
        with pytest.raises(ChangedMeanwhile):
            await drafting.replace_rows(work, ORGANISATION, {"nodes": [{"type": "decisionTableNode", "content": {
                "inputs": [], "outputs": [], "rules": []}}]}, draft.digest)  # fmt: skip
    assert [each.key for each in (await draft_of(database)).rows] == ["money", "outage"]
