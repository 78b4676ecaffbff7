"""“I can't contact that group.” Every department has somebody, at every hour it claims to be open, or that is found."""

import itertools
from datetime import UTC

from tests.journeys.conftest import Organisation
from tests.journeys.parts import Sink

# A department nobody thought of: open on Saturdays, with one person who works on weekdays.
MORE = """
templates:
  - {slug: received, channel: email, language: en, subject: "{{ case.reference }}", body: "{{ case.status_link }}"}
"""


async def test_an_open_department_in_which_nobody_can_be_reached_is_found_by_name_and_hour(
    organisation: Organisation,
) -> None:
    await organisation.at("Mo", "10:00")
    assert (await organisation.get("/api/coverage"))["items"] == []

    # Somebody opens a department on Saturdays and forgets that nobody works there then.
    made = {"slug": "meters", "names": {"en": "Meters"}, "hours": "Sa 09:00-13:00"}
    await organisation.post_to("/api/departments", made)
    found = (await organisation.get("/api/coverage"))["items"]
    assert {each["department"]["slug"] for each in found} == {"meters"} and len(found) == 2, "two Saturdays"
    starts = {each["starts_at"] for each in found}
    assert starts == {_utc(organisation, "09:00", 5), _utc(organisation, "09:00", 12)}
    assert "nobody" in found[0]["sentence"] or "no active people" in found[0]["sentence"]

    # With somebody on call there is nothing to be found any more.
    chain = {"department": "meters", "people": [organisation.person("grace")]}
    answer = await organisation.client.put("/api/on-call", json=chain)
    assert answer.status_code == 200, answer.text
    assert (await organisation.get("/api/coverage"))["items"] == []


async def test_whatever_group_is_asked_for_at_whatever_hour_there_is_an_answer_with_a_date_and_a_name(
    organisation: Organisation,
) -> None:
    numbers = iter(range(100, 1000))
    for day, time in (("Tu", "10:00"), ("Tu", "23:30"), ("Su", "03:00")):
        await organisation.at(day, time)
        for wish, department in itertools.product(("department", "specialist", "manager"), ("care", "repairs")):
            taken = await organisation.contact("phone", "Put me through", phone=f"+254720777{next(numbers)}")
            asked = {"wish": wish, "department": department}
            line = await organisation.post_to(f"/api/cases/{taken['case']['reference']}/direct-line", asked, 201)
            assert line["promise"]["kind"] == "callback" and line["promise"]["due_at"]
            assert line["promise"]["owner"]["name"], f"{wish} of {department} on {day} at {time}"


async def test_the_customer_reaches_the_group_from_their_own_page_too(organisation: Organisation, post: Sink) -> None:
    await organisation.at("We", "10:00")
    taken = await organisation.contact("web", "No power", email="neema@group.example", name="Neema", reason="bill")
    link = (await post.mail("neema@group.example", "/c/")).link
    async with organisation.installation.client(Origin=organisation.installation.address) as browser:
        page = await browser.get(link, headers={"Accept": "text/html"})
        assert page.status_code == 200 and "/person" in page.text
        for wish in ({"wish": "department", "department": "repairs"}, {"wish": "manager"}):
            asked = await browser.post(f"{link}/person", data=wish)
            assert asked.status_code in (200, 303), asked.text
    promises = await organisation.promises(taken["case"]["reference"], "open")
    owners = {each["owner"]["name"] for each in promises if each["kind"] == "callback"}
    assert {"Network Repairs", "Naomi Wanjiku"} <= owners


def _utc(organisation: Organisation, time: str, days: int) -> str:
    return organisation.local(time, days).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
