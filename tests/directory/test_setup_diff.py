"""What changes from one setup to another: nothing the second time, and every difference once."""

from dataclasses import replace

from ahadi.directory.setup import Change, Setup, SetupAbsence, SetupShift, SetupTemplate, diff_setups
from ahadi.directory.setup_file import read_setup
from tests.directory.test_setup_file import EXAMPLE, NOW, SMALL
from tests.directory.values import nairobi

EXAMPLE_SETUP = read_setup(EXAMPLE, NOW)
BASE = read_setup(SMALL, NOW)


def told(current: Setup | None, wanted: Setup) -> list[str]:
    return [str(change) for change in diff_setups(current, wanted)]


def test_applying_the_same_again_changes_nothing() -> None:
    assert diff_setups(EXAMPLE_SETUP, read_setup(EXAMPLE, NOW)) == []
    assert diff_setups(BASE, read_setup(SMALL, NOW)) == []


def test_where_there_was_nothing_everything_is_added() -> None:
    assert told(None, BASE) == ["organisation `power` added", "department `care` added", "person `naomi` added"]
    assert {change.action for change in diff_setups(None, EXAMPLE_SETUP)} == {"add"}
    assert {change.kind for change in diff_setups(None, EXAMPLE_SETUP)} == {
        "organisation", "department", "person", "reason", "rules", "template",
    }  # fmt: skip


def test_a_change_names_its_fields_with_what_was_and_what_is_to_be() -> None:
    wanted = read_setup(SMALL.replace("08:00-18:00", "07:00-19:00"), NOW)
    (change,) = diff_setups(BASE, wanted)
    assert change == Change(
        "change", "department", "care", {"hours": "Mo-Fr 08:00-18:00"}, {"hours": "Mo-Fr 07:00-19:00"}
    )
    assert str(change) == "department `care` changed: hours"


def test_a_department_a_reason_or_a_template_that_is_no_longer_there_is_retired() -> None:
    less = replace(
        EXAMPLE_SETUP,
        departments=EXAMPLE_SETUP.departments[:1],
        reasons=EXAMPLE_SETUP.reasons[1:],
        templates=EXAMPLE_SETUP.templates[1:],
    )
    assert told(EXAMPLE_SETUP, less) == [
        "department `repairs` retired",
        "reason `outage` retired",
        "template `received/sms/en` retired",
    ]


def test_people_who_are_not_mentioned_are_left_as_they_are() -> None:
    assert diff_setups(EXAMPLE_SETUP, replace(EXAMPLE_SETUP, people=EXAMPLE_SETUP.people[1:])) == []


def test_a_person_is_retired_by_saying_so() -> None:
    wanted = read_setup(SMALL + "  amina: {name: Amina, email: a@power.example, roles: [agent], active: false}\n", NOW)
    current = replace(wanted, people=tuple(replace(each, active=True) for each in wanted.people))
    assert told(current, wanted) == ["person `amina` changed: active"]


def test_absences_entered_since_are_kept_and_new_ones_are_added() -> None:
    (naomi,) = BASE.people
    entered = SetupAbsence(start=nairobi(2026, 11, 25), end=nairobi(2026, 11, 26))
    new = SetupAbsence(start=nairobi(2026, 12, 25), end=nairobi(2026, 12, 26))
    current = replace(BASE, people=(replace(naomi, absences=frozenset({entered})),))
    assert diff_setups(current, BASE) == []
    (change,) = diff_setups(current, replace(BASE, people=(replace(naomi, absences=frozenset({new})),)))
    assert change.after == {"absences": {entered, new}}


def test_shifts_are_as_the_file_says_and_their_order_does_not_matter() -> None:
    (naomi,) = BASE.people
    shift = SetupShift(hours="Mo-Fr 08:00-16:00")
    current = replace(BASE, people=(replace(naomi, shifts=frozenset({shift})),))
    (change,) = diff_setups(current, BASE)
    assert (change.before, change.after) == ({"shifts": {shift}}, {"shifts": frozenset()})


def test_rules_are_one_table() -> None:
    rules = ({"name": "All", "then": {"department": "care"}},)
    assert told(BASE, replace(BASE, rules=rules)) == ["rules `power` added"]
    assert told(replace(BASE, rules=rules), BASE) == ["rules `power` retired"]
    assert told(replace(BASE, rules=rules), replace(BASE, rules=rules * 2)) == ["rules `power` changed: rows"]


def test_the_line_of_a_template_is_no_difference() -> None:
    template = SetupTemplate(slug="received", channel="sms", language="en", subject=None, body="x", line=7)
    moved = replace(template, line=9)
    assert diff_setups(replace(BASE, templates=(template,)), replace(BASE, templates=(moved,))) == []
