"""Booking a call: a customer on a phone in the middle of the night, and the colleagues who call in the morning."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar
from playwright.async_api import Page, expect

from ahadi import cases, contacts, promises
from ahadi.channels.ports import SendOutcome, Sent
from ahadi.contacts import Message, Parcel
from tests.screens.builders import a_customer_link
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import scrolls_sideways, violations

ELEVEN_AT_NIGHT = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)  # 23:00 in Nairobi
NINE = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)
REPAIRS = promises.Wanted(department="repairs")


class Postbox:
    """Every channel of the installation: whatever is sent arrives."""

    def __init__(self) -> None:
        self.arrived: list[Parcel] = []

    async def channels(self, organisations: object) -> Sequence[str]:
        return ["email", "sms", "web"]

    async def honours_idempotency(self, message: Message) -> bool:
        return True

    async def send(self, parcel: Parcel) -> SendOutcome:
        self.arrived.append(parcel)
        return Sent()

    def calendar(self, template: str) -> Any:
        """The calendar file of the last mail by a template."""
        parcel = next(each for each in reversed(self.arrived) if each.message.template == template)
        (file,) = parcel.attachments
        return Calendar.from_ical(file.content)


async def post(desk: Desk) -> Postbox:
    """Send what waits to be sent."""
    box = Postbox()
    await contacts.send_due(desk.database, list(desk.centre.organisations.values()), box)
    return box


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


async def _choose(page: Page, at: datetime, button: str) -> None:
    await page.locator(f"input[name=at][value='{_iso(at)}']").check()
    await page.get_by_role("button", name=button).click()


async def _mail_to(desk: Desk, called: str) -> None:
    """The customer of a case has an address, and wants to be written to by mail."""
    async with desk.database.work(desk.centre.everything) as work:
        case = await cases.get_case(work, desk.centre.cases[called])
        await work.execute(
            "insert into identity (organisation_id, customer_id, kind, value, shown, made_at)"
            " values (%(o)s, %(c)s, 'email', 'night@mail.example', 'night@mail.example', %(now)s)"
            " on conflict do nothing",
            {"o": case.organisation_id, "c": case.customer_id, "now": work.now},
        )
        await work.execute("update customer set preferred_channel = 'email' where id = %(c)s", {"c": case.customer_id})


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_a_customer_on_a_phone_at_23_00_books_a_call_for_the_morning_and_is_called_first(
    own_desk: Desk, visit: Visit, script: bool
) -> None:
    own_desk.clock.set(ELEVEN_AT_NIGHT)
    await promises.watch_until_quiet(own_desk.database)
    await _mail_to(own_desk, "outage")
    await post(own_desk)
    link = own_desk.url + await a_customer_link(own_desk.database, own_desk.centre, "outage")
    page = await visit(link, width=390, height=844, java_script_enabled=script)
    await page.get_by_role("link", name="Book a call or a visit").click()
    await page.get_by_label("With whom").select_option(label="Network Repairs")
    await page.get_by_role("button", name="Show times").click()
    await expect(page.get_by_role("link", name="Wed 25 Nov")).to_have_attribute("aria-current", "page")
    await _choose(page, NINE, "Book")
    await expect(page.get_by_text("The time is booked, and a message confirms it.")).to_be_visible()
    await expect(page.locator("[aria-labelledby=booked]")).to_contain_text("Wed 09:00–09:15")
    first = (await post(own_desk)).calendar("appointment_booked").walk("VEVENT")[0]
    assert (first["DTSTART"].dt, first["SEQUENCE"]) == (NINE, 0)
    await page.get_by_role("link", name="Move or cancel").click()
    await _choose(page, TEN, "Move it")
    await expect(page.locator("[aria-labelledby=booked]")).to_contain_text("Wed 10:00–10:15")
    moved = (await post(own_desk)).calendar("appointment_moved").walk("VEVENT")[0]
    assert (moved["UID"], moved["DTSTART"].dt, moved["SEQUENCE"]) == (first["UID"], TEN, 1)
    own_desk.clock.set(TEN)
    await promises.watch_until_quiet(own_desk.database)
    await _is_called_first(own_desk, await visit(f"{own_desk.url}/sign-in"))


async def _is_called_first(desk: Desk, page: Page) -> None:
    reference = desk.centre.cases["outage"]
    await sign_in(page, "joseph", desk, "/callbacks")
    call = page.locator("article").first
    await expect(call).to_contain_text(reference)
    await expect(call.get_by_role("link", name="+254")).to_have_attribute("href", re.compile(r"tel:\+254\d+"))
    await call.get_by_label("What was said, or left").fill("The transformer is in; power by noon.")
    await call.get_by_role("button", name="Answered").click()
    await expect(page.get_by_text("The promise is kept.")).to_be_visible()
    await expect(page.locator("#results")).not_to_contain_text(reference)


@pytest.mark.browser
async def test_a_call_that_nobody_answers_comes_again_with_its_attempt(own_desk: Desk, visit: Visit) -> None:
    await _book(own_desk, "outage", NINE)
    own_desk.clock.set(NINE)
    await promises.watch_until_quiet(own_desk.database)
    page = await visit(f"{own_desk.url}/sign-in", width=390, height=844)
    await sign_in(page, "joseph", own_desk, "/callbacks")
    await page.locator("article").first.get_by_role("button", name="No answer").click()
    await expect(page.get_by_text("The next call is promised.")).to_be_visible()
    again = page.locator("article", has_text=own_desk.centre.cases["outage"])
    await expect(again).to_contain_text("1 attempt so far")
    await expect(again).to_contain_text("booked for 09:30")
    assert not await violations(page) and not await scrolls_sideways(page)


async def _book(desk: Desk, called: str, at: datetime, wanted: promises.Wanted = REPAIRS) -> promises.Booking:
    async with desk.database.work(desk.centre.everything) as work:
        return (await promises.book(work, desk.centre.cases[called], wanted, at))[1]


@pytest.mark.browser
async def test_a_colleague_books_for_a_customer_with_a_person_and_cancels(own_desk: Desk, visit: Visit) -> None:
    reference = own_desk.centre.cases["outage"]
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "joseph", own_desk, f"/cases/{reference}/book")
    await page.get_by_label("With whom").select_option(label="Joseph Mwangi")
    await page.get_by_role("button", name="Show times").click()
    await page.get_by_role("link", name="Wed 25 Nov").click()
    await _choose(page, NINE, "Book")
    await page.wait_for_url(f"{own_desk.url}/cases/{reference}")
    await page.goto(f"{own_desk.url}/cases/{reference}/book")
    await page.get_by_role("link", name="Move or cancel").click()
    assert not await violations(page)
    await page.get_by_text("Cancel it").click()
    await page.get_by_label("Why, in words for the customer").fill("the road is closed")
    await page.get_by_role("button", name="Cancel this time").click()
    await page.wait_for_url(f"{own_desk.url}/cases/{reference}")
    async with own_desk.database.read(own_desk.centre.everything) as work:
        case = await cases.get_case(work, reference)
        messages = await contacts.messages_of(work, case.organisation_id, case.id)
        assert await promises.bookings_of(work, case.organisation_id, case.id) == []
    assert "the road is closed" in next(m.body for m in messages if m.template == "appointment_cancelled") or any(
        m.template == "appointment_cancelled" and m.channel == "sms" for m in messages
    )


def _client(desk: Desk) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=desk.url, follow_redirects=False)


async def test_whoever_comes_too_late_for_the_last_place_is_told_and_keeps_what_they_chose(own_desk: Desk) -> None:
    link = await a_customer_link(own_desk.database, own_desk.centre, "bill")
    await _book(own_desk, "outage", NINE, promises.Wanted(wish="specialist", department="repairs"))
    form = {"kind": "callback", "with": "specialist:repairs", "at": _iso(NINE), "day": "2026-11-25", "once": "a"}
    form["phone"] = "0712 345678"
    async with _client(own_desk) as browser:
        late = await browser.post(f"{link}/book", data=form)
        next_one = await browser.post(f"{link}/book", data=form | {"at": _iso(NINE + timedelta(minutes=15))})
    assert late.status_code == 409 and "This time was just taken; choose another one." in late.text
    assert _iso(NINE) not in late.text and _iso(NINE + timedelta(minutes=15)) in late.text
    assert next_one.status_code == 303


async def test_a_link_moves_and_cancels_bookings_of_its_own_case_alone(own_desk: Desk) -> None:
    link = await a_customer_link(own_desk.database, own_desk.centre, "bill")
    booking = await _book(own_desk, "outage", NINE)
    async with _client(own_desk) as browser:
        for path in ("", "/calendar.ics"):
            assert (await browser.get(f"{link}/bookings/{booking.id}{path}")).status_code == 404
        assert (await browser.post(f"{link}/bookings/{booking.id}/cancel")).status_code == 404
        moved = await browser.post(f"{link}/bookings/{booking.id}/move", data={"at": _iso(TEN)})
    assert moved.status_code == 404
    async with own_desk.database.read(own_desk.centre.everything) as work:
        assert (await promises.get_booking(work, booking.id)).starts_at == NINE


async def test_the_customer_s_calendar_file_can_be_fetched_and_the_page_speaks_swahili(own_desk: Desk) -> None:
    link = await a_customer_link(own_desk.database, own_desk.centre, "payment")
    booking = await _book(own_desk, "payment", NINE)
    async with _client(own_desk) as browser:
        file = await browser.get(f"{link}/bookings/{booking.id}/calendar.ics")
        page = await browser.get(f"{link}/book")
    assert file.headers["content-type"].startswith("text/calendar")
    assert Calendar.from_ical(file.content).walk("VEVENT")[0]["DTSTART"].dt == NINE
    assert "Weka miadi ya simu au ya kutembelewa" in page.text and "Onyesha nyakati" in page.text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"with": "department:nowhere", "at": _iso(NINE)}, "Say with whom"),
        ({"with": "person:joseph", "at": _iso(NINE)}, "Say with whom, and whether we call or come."),
        ({"with": "wizard:x", "at": _iso(NINE)}, "Say with whom, and whether we call or come."),
        ({"with": "department:repairs", "at": "soon"}, "Choose a time."),
        ({"with": "department:repairs", "at": _iso(NINE), "phone": "12"}, "This is not a telephone number"),
    ],
)
async def test_what_is_wrong_with_a_booking_is_told(own_desk: Desk, form: dict[str, str], told: str) -> None:
    link = await a_customer_link(own_desk.database, own_desk.centre, "outage")
    async with _client(own_desk) as browser:
        answer = await browser.post(f"{link}/book", data={"kind": "callback", **form})
    assert answer.status_code == 422 and told in answer.text
