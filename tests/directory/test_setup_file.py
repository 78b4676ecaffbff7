"""SETUP.yaml: read whole, or refused with a line and a sentence for everything that is wrong."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.directory.model import Brand, PromiseDefault, Settings
from ahadi.directory.permissions import Role
from ahadi.directory.setup import SetupAbsence, SetupRefused, SetupShift
from ahadi.directory.setup_file import examine_setup, read_setup
from ahadi.directory.within import Within
from tests.directory.values import nairobi

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
EXAMPLE = (Path(__file__).parents[2] / "docs/reference/setup-example.yaml").read_text(encoding="utf-8")

SMALL = """\
organisation:
  slug: power
  name: Mto Power
  reference: PW
  zone: Africa/Nairobi
  country: KE
  languages: [en, sw]
  manager: naomi
skills: {meters: Meters}
departments:
  care:
    name: Care
    hours: Mo-Fr 08:00-18:00
people:
  naomi:
    name: Naomi Wanjiku
    email: naomi@power.example
    roles: [manager]
    departments: [care]
"""


def problems(text: str) -> list[str]:
    return [str(each) for each in examine_setup(text, NOW)[1]]


def changed(before: str, after: str, text: str = SMALL) -> list[str]:
    """What is wrong with the small file once something in it was replaced."""
    assert text.count(before) == 1, before
    return problems(text.replace(before, after))


def added(lines: str) -> list[str]:
    return problems(SMALL + lines)


# What is read ---------------------------------------------------------------------------------------------------


def test_a_small_file_is_an_organisation_with_sensible_settings() -> None:
    setup = read_setup(SMALL, NOW)
    assert setup.organisation.prefix == "PW"
    assert setup.organisation.default_department == "care"
    assert setup.organisation.settings == Settings(skills={"meters": {"en": "Meters"}})
    (care,) = setup.departments
    assert (care.names, care.hours, care.members) == ({"en": "Care"}, "Mo-Fr 08:00-18:00", {"naomi"})
    assert care.promise == PromiseDefault("update", Within(8, "h"))
    (naomi,) = setup.people
    assert (naomi.roles, naomi.languages, naomi.language, naomi.active) == ({Role.MANAGER}, {"en"}, "en", True)


def test_the_documented_example_is_read_as_it_says() -> None:
    setup = read_setup(EXAMPLE, NOW)
    chosen = setup.organisation.settings
    assert (chosen.reopen_days, chosen.repeat_days, chosen.repeat_threshold) == (7, 14, 3)
    assert (chosen.sender_name, chosen.sender_address) == ("Mto Power", "help@mtopower.example")
    assert chosen.brand == Brand(
        "#b45309",
        {"en": "Mto Power Customer Care", "sw": "Huduma kwa Wateja, Mto Power"},
        "https://www.mtopower.example",
    )
    assert (chosen.phone, chosen.tiers["life-support"]["sw"][:9]) == ("+254205550100", "Anategeme")
    assert setup.organisation.on_call == ("naomi", "grace")
    care, repairs = setup.departments
    assert care.hours == "Mo-Su 06:00-22:00; PH 08:00-18:00; 2026 Dec 31 off"
    assert care.members == {"amina", "chao", "grace"}
    assert care.phone == "+254205550101"
    assert repairs.promise == PromiseDefault("fix", Within(2, "d"))
    people = {each.slug: each for each in setup.people}
    assert people["chao"].language == "sw"
    assert people["chao"].shifts == {
        SetupShift(hours="Mo-Fr 14:00-22:00", department="care"),
        SetupShift(hours="Sa,Su 06:00-22:00", since=date(2026, 10, 1), until=date(2026, 12, 31)),
    }
    assert people["chao"].absences == {
        SetupAbsence(start=nairobi(2026, 12, 21), end=nairobi(2026, 12, 25), kind="leave"),
        SetupAbsence(start=nairobi(2026, 12, 28, 9), end=nairobi(2026, 12, 28, 11, 30)),
    }
    assert not people["former"].active
    reasons = {each.slug: each for each in setup.reasons}
    assert reasons["outage"].promise == PromiseDefault("fix", Within(6, "h"))
    assert reasons["token"].promise == PromiseDefault("update", Within(4, "h"))
    assert reasons["complaint"].promise is None
    assert [rule["name"] for rule in setup.rules][-1] == "Everything else"
    assert setup.rules[0]["then"]["promise"] == {"kind": "callback", "within": "15m elapsed"}
    assert [(each.channel, each.subject is None) for each in setup.templates] == [("sms", True), ("email", False)]


def test_rules_are_handed_on_as_written_with_their_lines() -> None:
    text = SMALL + "rules:\n  - name: All\n    then: {department: care}\n"
    setup = read_setup(text, NOW)
    assert setup.rules == ({"name": "All", "then": {"department": "care"}},)
    assert type(setup.rules[0]) is dict
    assert setup.rules_source[0].lc.line + 1 == SMALL.count("\n") + 2


def test_bookings_are_as_the_example_says() -> None:
    bookings = read_setup(EXAMPLE, NOW).organisation.settings.bookings
    assert (bookings.notice, bookings.ahead, bookings.visit, bookings.remind) == (15, 14, 60, 120)
    assert bookings.retries == (30, 120, 1440) and bookings.tell == "each"
    repairs, others = bookings.of("repairs"), bookings.of("care")
    assert (repairs.per_hour, repairs.share, others.per_hour, others.share) == (3, 40, 4, 50)


def test_an_absence_of_whole_days_includes_the_last_and_may_name_a_zone() -> None:
    text = SMALL + (
        "    absences:\n"
        "      - {from: 2026-12-24, until: 2026-12-24}\n"
        "      - {from: '2026-12-28T09:00:00+01:00', until: 2026-12-28 12:30}\n"
    )
    assert read_setup(text, NOW).people[0].absences == {
        SetupAbsence(start=nairobi(2026, 12, 24), end=nairobi(2026, 12, 25)),
        SetupAbsence(start=nairobi(2026, 12, 28, 11), end=nairobi(2026, 12, 28, 12, 30)),
    }


def test_an_e_mail_address_is_folded() -> None:
    text = SMALL.replace("naomi@power.example", "Naomi@Power.Example")
    assert read_setup(text, NOW).people[0].email == "naomi@power.example"


# What is refused ------------------------------------------------------------------------------------------------


def test_every_problem_is_told_at_once_sorted_by_line_and_nothing_is_read() -> None:
    text = SMALL.replace("KE", "XX").replace("08:00-18:00", "8-18:00").replace("[manager]", "[boss]")
    with pytest.raises(SetupRefused) as refused:
        read_setup(text, NOW)
    assert [problem.line for problem in refused.value.problems] == [6, 8, 13, 18]
    assert refused.value.sentence.startswith("Nothing was changed. line 6: country of the organisation: `XX` is no")
    assert refused.value.sentence.endswith("(3 more.)")
    assert refused.value.fields["problems"][2]["line"] == 13


def test_hours_that_cannot_be_read_are_told_with_department_column_and_advice() -> None:
    assert changed("Mo-Fr 08:00-18:00", "Mo-Fr 8-18:00") == [
        "line 13: department `care` is open `Mo-Fr 8-18:00`, which cannot be read from column 7 on: "
        "write times with hours and minutes on the 24-hour clock, such as `08:00-18:00`."
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        # the organisation
        ("slug: power", "slug: Mto Power", "line 2: slug of the organisation: `Mto Power` is no short name"),
        ("  slug: power\n", "", "line 1: the organisation needs `slug`."),
        ("name: Mto Power", "name: 7", "line 3: name of the organisation must be text; put it in quotes."),
        ("reference: PW", "reference: P", "line 4: reference of the organisation: `P` cannot begin references"),
        ("reference: PW", "reference: POWER", "two to four capital letters"),
        ("Africa/Nairobi", "Africa/Atlantis", "line 5: zone of the organisation: `Africa/Atlantis` is no time zone"),
        ("country: KE", "country: Kenya", "line 6: country of the organisation: `Kenya` is no country"),
        ("country: KE", "country: KE\n  subdivision: ZZ", "line 7: subdivision of the organisation: `KE` has no part"),
        ("[en, sw]", "[en, klingon]", "line 7: languages of the organisation: `klingon` is no language"),
        ("manager: naomi", "manager: nomi", "line 8: manager of the organisation names `nomi`, which is no person"),
        ("manager: naomi", "manger: naomi", "line 8: the organisation has no `manger`; did you mean `manager`?"),
        ("roles: [manager]", "roles: [agent]", "line 8: manager of the organisation is `naomi`, who is not an active"),
        ("manager: naomi", "manager: naomi\n  phone: 0700123456", "put it in quotes"),
        ("manager: naomi", 'manager: naomi\n  phone: "12"', "line 9: phone of the organisation is `12`, which is no"),
        ("manager: naomi", "manager: naomi\n  mail: [help]", "line 9: mail of the organisation: `help` is no e-mail"),
        ("manager: naomi", "manager: naomi\n  default_department: cares", "did you mean `care`?"),
        ("manager: naomi", "manager: naomi\n  on_call: [naomi, naomi]", "the organisation names `naomi` twice"),
        ("manager: naomi", "manager: naomi\nmanager: naomi", "line 9: the file has no `manager`; known are"),
        ("organisation:", "organization:", "line 1: the file has no `organization`; did you mean `organisation`?"),
        # departments
        ("  care:\n    name", "  Care!:\n    name", "line 11: `Care!` is no short name for a department"),
        ("    name: Care\n", "", "line 11: department `care` needs `name`."),
        ("name: Care\n", "name: {sw: Huduma}\n", "line 12: name of department `care` must be there in `en`"),
        ("name: Care\n", "name: {en: Care, de: Hilfe}\n", "line 12: name of department `care` has no `de`"),
        ("    hours: Mo-Fr 08:00-18:00\n", "", "line 11: department `care` needs `hours`."),
        ("Mo-Fr 08:00-18:00", '"off"', "line 13: department `care` is open `off`, which never is within a year"),
        ("Mo-Fr 08:00-18:00", "2025 Mo-Fr 08:00-18:00", "which never is within a year"),
        ("Mo-Fr 08:00-18:00", "24/7\n    closures: [Christmas]", "closures of department `care` must be a date"),
        ("Mo-Fr 08:00-18:00", "24/7\n    public_holidays: 9-17", "line 14: on public holidays department `care`"),
        ("Mo-Fr 08:00-18:00", "24/7; PH off\n    public_holidays: closed", "line 14: the hours of department"),
        ("Mo-Fr 08:00-18:00", "24/7\n    members: [amina]", "line 14: members of department `care` names `amina`"),
        ("Mo-Fr 08:00-18:00", "24/7\n    promise: {kind: hope}", "names `hope`, which is no kind of promise"),
        ("Mo-Fr 08:00-18:00", "24/7\n    promise: {kind: fix, within: soon}", "`soon` is no length of time"),
        ("Mo-Fr 08:00-18:00", "24/7\n    promise: {within: 4h}", "needs `kind`"),
        ("Mo-Fr 08:00-18:00", "24/7\n    mail: [naomi@power.example]", "which is also that of"),
        (
            "departments:\n  care:\n    name: Care\n    hours: Mo-Fr 08:00-18:00\n",
            "departments: {}\n",
            "at least one department",
        ),
        # people
        ("naomi@power.example", "naomi at power", "line 17: email of person `naomi`: `naomi at power` is no e-mail"),
        ("    email: naomi@power.example\n", "", "line 15: person `naomi` needs `email`."),
        ("roles: [manager]", "roles: [manager, boss]", "line 18: roles of person `naomi` names `boss`"),
        ("departments: [care]", "departments: [cair]", "line 19: departments of person `naomi` names `cair`"),
        ("departments: [care]", "departments: [care]\n    skills: [metres]", "skills of person `naomi` names `metres`"),
        ("departments: [care]", "departments: [care]\n    languages: [fr]", "no language of this organisation"),
        ("departments: [care]", "departments: [care]\n    active: yes please", "must be `true` or `false`"),
        ("departments: [care]", "departments: [care]\n    shifts: [Mo-Fr 9am]", "a shift of person `naomi` is open"),
        (
            "departments: [care]",
            "departments: []\n    shifts: [{hours: 24/7, department: care}]",
            "line 20: a shift of person `naomi` is for `care`, of which they are not a member.",
        ),
        (
            "departments: [care]",
            "departments: [care]\n    shifts: [{hours: 24/7, from: 2026-12-02, until: 2026-12-01}]",
            "ends on 2026-12-01, before it begins",
        ),
        (
            "departments: [care]",
            "departments: [care]\n    absences: [{from: 2026-12-02, until: 2026-12-01}]",
            "line 20: an absence of person `naomi` ends before it begins.",
        ),
        ("departments: [care]", "departments: [care]\n    absences: [{from: now, until: now}]", "must be a date"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(before: str, after: str, told: str) -> None:
    found = changed(before, after)
    assert any(told in problem for problem in found), found


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("settings: {reopen_days: -1}\n", "line 20: reopen_days of settings must be a whole number from 0 to 365."),
        ("settings: {reopen_days: true}\n", "must be a whole number"),
        ("settings: {reopen: 7}\n", "line 20: settings has no `reopen`; did you mean `reopen_days`?"),
        ("settings: {repeat: {threshold: 1}}\n", "must be a whole number from 2 to 100"),
        ("settings: {sender: {name: Power}}\n", "needs `address`"),
        ("settings:\n  bookings: {remind: soon}\n", "line 21: remind of bookings: `soon` is no length of time"),
        ("settings:\n  bookings: {retries: [30m, off]}\n", "must be at most ten lengths of time"),
        ("settings:\n  bookings: {share: 120}\n", "share of bookings must be a whole number from 1 to 100."),
        ("settings:\n  bookings: {departments: {mars: {share: 10}}}\n", "`mars` is not among the departments"),
        ("settings:\n  bookings: {tell: never}\n", "which is no moment at which the customer is told"),
        ("settings:\n  bookings: {retry: 30m}\n", "did you mean `retries`?"),
        ("settings:\n  brand: {colour: blue}\n", "line 21: colour of brand of settings: `blue` is no colour"),
        ("settings:\n  brand: {website: 'javascript:alert(1)'}\n", "is no address of a website"),
        ("promises: {update: 4 hours or so}\n", "line 20: update of promises: `4 hours or so` is no length of time"),
        ("promises: {hope: 4h}\n", "promises has no `hope`"),
        ("reasons: {outage: {name: Out, department: repairs}}\n", "which is no department of this file"),
        ("reasons: {outage: {department: care}}\n", "line 20: reason `outage` needs `name`."),
        ("reasons: [outage]\n", "line 20: write each reason as `short-name: …`."),
        ("rules: {name: All}\n", "line 20: write the rules as a list of rows"),
        ("templates:\n  - {slug: received, channel: fax, body: x}\n", "names `fax`, which is no channel"),
        ("templates:\n  - {channel: sms, body: x}\n", "line 21: a template needs `slug`."),
        (
            "templates:\n  - {slug: a, channel: sms, body: x}\n  - {slug: a, channel: sms, body: y}\n",
            "line 22: the template `a` for sms in en is also on line 21; keep one.",
        ),
        ("colour: blue\n", "line 20: the file has no `colour`; known are organisation,"),
        ("skills: {more: More}\n", "line 20: `skills` is written twice; keep one."),
        ("    name: Again\n    roles: [agent]\n", "line 21: `roles` is written twice; keep one."),
    ],
)
def test_what_is_wrong_further_down_is_told_with_its_line(lines: str, told: str) -> None:
    found = added(lines)
    assert any(told in problem for problem in found), found


def test_two_people_with_one_e_mail_address_are_refused() -> None:
    found = added("  second:\n    name: Second\n    email: NAOMI@power.example\n    roles: [agent]\n")
    assert found == [
        "line 22: person `second` has the e-mail address naomi@power.example, which is also that of person `naomi`."
    ]


def test_a_person_who_is_written_twice_is_told_once() -> None:
    found = added("  naomi: {name: Other, email: other@power.example, roles: [agent]}\n")
    assert found == ["line 20: `naomi` is written twice; keep one."]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: the file must begin with `organisation:`"),
        ("- a list", "line 1: the file must begin with `organisation:`"),
        ("organisation: [", "line 1: this cannot be read as YAML"),
        ("organisation:\n  slug: power\n slug: x\n", "line 3: this cannot be read as YAML"),
        ("a: *nobody", "found undefined alias"),
        ("organisation: power", "the organisation is written as `key: value` lines"),
        ("departments: {care: {}}", "line 1: the file needs `organisation`."),
        ("{" * 500, "cannot be read as YAML"),
        ("x" * 2_000_001, "write one per organisation"),
    ],
)
def test_what_is_no_setup_file_is_refused(text: str, told: str) -> None:
    found = problems(text)
    assert any(told in problem for problem in found), found


def test_a_file_cannot_make_python_objects() -> None:
    found = changed("name: Mto Power", "name: !!python/object/apply:os.system [ls]")
    assert any("line 3: name of the organisation must be text" in problem for problem in found)


# In general -----------------------------------------------------------------------------------------------------

LINES = EXAMPLE.splitlines()
JUNK = st.sampled_from(
    ["", "- x", "  care: 7", "key: [1, 2", "null", "? x", "  - {a: b}", "    hours: 25:00", "- - -", '"', "a: {}", "\t"]
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, len(LINES) - 1), st.one_of(st.none(), JUNK)), min_size=1, max_size=4))
@settings(deadline=None, max_examples=150)
def test_a_damaged_file_is_told_about_and_never_stumbled_over(damage: list[tuple[int, str | None]]) -> None:
    lines: list[str | None] = list(LINES)
    for place, junk in damage:
        lines[place] = junk
    text = "\n".join(line for line in lines if line is not None)
    setup, found = examine_setup(text, NOW)
    assert setup is not None or found
    assert found == sorted(found)
    assert all(1 <= problem.line <= len(LINES) + 1 and problem.sentence for problem in found)
