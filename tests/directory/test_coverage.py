"""Every hour in which a department says it is open and nobody can be reached is found, and no other."""

from datetime import datetime, timedelta

import pytest

from ahadi.directory.coverage import Claim, Uncovered, uncovered
from ahadi.directory.hours import Hours
from ahadi.directory.model import Absence, ExtraShift, Membership, OnCallEntry, ShiftPattern
from tests.directory.values import (
    NAIROBI,
    absence,
    department,
    extra,
    membership,
    nairobi,
    named,
    on_call,
    pattern,
    rota,
)

START = nairobi(2026, 11, 23)  # a Monday
END = START + timedelta(days=14)


def findings(
    hours: str = "Mo-Fr 08:00-20:00",
    *,
    patterns: list[ShiftPattern] | None = None,
    extras: list[ExtraShift] | None = None,
    absences: list[Absence] | None = None,
    memberships: list[Membership] | None = None,
    chain: list[OnCallEntry] | None = None,
    active: list[str] | None = None,
    open_: bool = True,
) -> list[Uncovered]:
    members = memberships if memberships is not None else [membership("amina", "care"), membership("juma", "care")]
    return uncovered(
        [Claim(department("care", hours, active=open_), Hours.parse(hours, NAIROBI, "KE"))],
        rota(patterns or [], extras or [], absences or []),
        {each.person_id: each for each in members},
        chain or [],
        [named(name) for name in (active if active is not None else ["amina", "juma"])],
        START,
        END,
    )


def times(found: list[Uncovered]) -> list[tuple[datetime, datetime]]:
    return [(each.start, each.end) for each in found]


FULL = [pattern("amina", "Mo-Fr 08:00-14:00"), pattern("juma", "Mo-Fr 14:00-20:00")]


def test_shifts_that_cover_the_hours_between_them_leave_nothing_to_report() -> None:
    assert findings(patterns=FULL) == []


def test_a_gap_between_shifts_is_reported_for_each_day_with_what_to_do() -> None:
    found = findings(patterns=[pattern("amina", "Mo-Fr 08:00-14:00"), pattern("juma", "Mo-Fr 15:30-20:00")])
    assert len(found) == 10
    assert times(found)[0] == (nairobi(2026, 11, 23, 14), nairobi(2026, 11, 23, 15, 30))
    assert found[0].department == "care"
    assert found[0].department_id == named("care")
    assert found[0].sentence == (
        "`care` is open from 2026-11-23 14:00 to 15:30 (Africa/Nairobi) and nobody can be reached: "
        "nobody of it is on shift and its on-call chain is empty; add a shift or somebody on call."
    )


def test_an_absence_opens_a_gap_and_an_extra_shift_closes_it() -> None:
    away = absence("juma", nairobi(2026, 11, 25), nairobi(2026, 11, 26))
    assert times(findings(patterns=FULL, absences=[away])) == [(nairobi(2026, 11, 25, 14), nairobi(2026, 11, 25, 20))]
    stands_in = extra("amina", nairobi(2026, 11, 25, 14), nairobi(2026, 11, 25, 20))
    assert findings(patterns=FULL, absences=[away], extras=[stands_in]) == []


def test_somebody_on_the_departments_own_chain_can_be_reached_at_any_hour() -> None:
    assert findings("24/7", chain=[on_call("juma", "care")]) == []


def test_the_chain_of_the_organisation_or_of_another_department_does_not_count() -> None:
    chain = [on_call("juma", None), on_call("juma", "billing")]
    assert times(findings("24/7", chain=chain)) == [(START, END)]


def test_somebody_on_call_who_is_absent_cannot_be_reached() -> None:
    away = absence("juma", nairobi(2026, 11, 25), nairobi(2026, 11, 26))
    found = findings("24/7", chain=[on_call("juma", "care")], absences=[away])
    assert times(found) == [(nairobi(2026, 11, 25), nairobi(2026, 11, 26))]
    assert "everybody on its on-call chain is absent" in found[0].sentence


def test_a_member_of_another_department_on_shift_does_not_count() -> None:
    assert findings(patterns=FULL, memberships=[membership("amina", "care"), membership("juma", "billing")])


def test_a_shift_worked_for_another_department_does_not_count() -> None:
    worked = [pattern("amina", "Mo-Fr 08:00-20:00", "billing")]
    both = [membership("amina", "care", "billing")]
    assert len(findings(patterns=worked, memberships=both)) == 10
    assert findings(patterns=[pattern("amina", "Mo-Fr 08:00-20:00", "care")], memberships=both) == []


@pytest.mark.parametrize(
    ("memberships", "active"),
    [
        ([membership("amina", "care", active=False)], ["amina"]),  # no longer of this organisation
        ([membership("amina", "care")], []),  # deactivated altogether
        ([], ["amina"]),
    ],
)
def test_people_who_are_not_active_cannot_be_reached_on_shift_or_on_call(
    memberships: list[Membership], active: list[str]
) -> None:
    found = findings(
        patterns=[pattern("amina", "24/7")],
        chain=[on_call("amina", "care")],
        memberships=memberships,
        active=active,
    )
    assert len(found) == 10
    assert "no active people" in found[0].sentence


def test_a_department_that_was_closed_down_claims_nothing() -> None:
    assert findings("24/7", open_=False) == []


def test_nothing_is_claimed_outside_opening_hours_or_on_closed_holidays() -> None:
    assert times(findings("Mo 08:00-09:00; PH off", patterns=[])) == [
        (nairobi(2026, 11, 23, 8), nairobi(2026, 11, 23, 9)),
        (nairobi(2026, 11, 30, 8), nairobi(2026, 11, 30, 9)),
    ]


def test_a_gap_over_several_days_names_both_days() -> None:
    assert "from 2026-11-23 00:00 to 2026-12-07 00:00" in findings("24/7")[0].sentence
