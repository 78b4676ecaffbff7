"""The week in the browser: shifts by keys and by dragging, hours mended, swaps, absences, one's own calendar."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from icalendar import Calendar
from playwright.async_api import Locator, Page, expect

from ahadi.base.ids import uuid7
from ahadi.directory import Directory, read_directory
from ahadi.screens.rota_week import week_of
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import LOOKS, scrolls_sideways, violations

pytestmark = pytest.mark.browser
PLACE = ZoneInfo("Africa/Nairobi")
CARE = "/rota?organisation=power&department=care&week=2026-11-23"


def there(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=PLACE).astimezone(UTC)


async def directory_of(desk: Desk, slug: str = "power") -> Directory:
    async with desk.database.read(desk.centre.everything) as work:
        return await read_directory(work, desk.centre.organisations[slug])


async def shifts_on(desk: Desk, who: str, day: int) -> list[tuple[datetime, datetime]]:
    directory = await directory_of(desk)
    found = directory.rota.shifts(desk.centre.people[who], there(day, 0), there(day, 0) + timedelta(days=1))
    return [(each.start, each.end) for each in found]


async def until_shifts(desk: Desk, who: str, day: int, expected: list[tuple[datetime, datetime]]) -> None:
    """Wait until somebody's shifts of a day are these."""
    for _ in range(300):
        if await shifts_on(desk, who, day) == expected:
            return
        await asyncio.sleep(0.1)
    assert await shifts_on(desk, who, day) == expected


def bar(page: Page, who: str, day: int) -> Locator:
    """Somebody's shift that begins on a day of the week shown."""
    return page.locator(f"a.week-bar-shift[data-person='{who}'][data-day='2026-11-{day}']:not([data-goes-on='1'])")


async def live(page: Page) -> None:
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")


async def test_a_shift_is_made_and_moved_by_keys_alone(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "grace", own_desk)
    await page.goto(own_desk.url + CARE)
    await page.keyboard.press("s")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Who")).to_be_focused()
    await dialog.get_by_label("Who").press_sequentially("Brian")
    await dialog.get_by_label("Day").fill("2026-11-27")
    await dialog.get_by_label("From").fill("18:00")
    await dialog.get_by_label("To", exact=True).fill("22:00")
    await page.keyboard.press("Enter")
    made = page.locator("a.week-bar-single[data-person='brian']")
    await expect(made).to_have_text("18–22")
    await made.focus()
    for _ in range(4):
        await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Shift+ArrowRight")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#week-status")).to_contain_text("19:00 to 23:15")
    await page.keyboard.press("Enter")
    await until_shifts(own_desk, "brian", 28, [(there(28, 19), there(28, 23, 15))])
    await expect(bar(page, "brian", 28)).to_be_focused()
    assert await shifts_on(own_desk, "brian", 27) == [(there(27, 8), there(27, 17))]


async def test_escape_takes_a_move_back(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "grace", own_desk)
    await page.goto(own_desk.url + CARE)
    shift = bar(page, "brian", 26)
    await expect(shift).to_have_text("08–17")
    await shift.focus()
    await page.keyboard.press("ArrowRight")
    await expect(shift).to_have_text("08:15–17:15")
    await page.keyboard.press("Escape")
    await expect(bar(page, "brian", 26)).to_have_text("08–17")
    assert await shifts_on(own_desk, "brian", 26) == [(there(26, 8), there(26, 17))]


async def middle(found: Locator) -> tuple[float, float]:
    box = await found.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def test_a_shift_is_dragged_to_another_day_and_person_and_made_longer_at_its_end(
    own_desk: Desk, visit: Visit
) -> None:
    page = await visit(f"{own_desk.url}/sign-in", width=1900)
    await sign_in(page, "grace", own_desk)
    await page.goto(own_desk.url + CARE)
    await expect(bar(page, "brian", 26)).to_be_visible()
    x, y = await middle(bar(page, "brian", 26))
    _, chao = await middle(bar(page, "chao", 26))
    step = (await middle(bar(page, "brian", 27)))[0] - x
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + step, y, steps=6)
    await page.mouse.move(x + 2 * step, chao, steps=6)  # Saturday, Chao
    await page.mouse.up()
    saturday = bar(page, "chao", 28)
    await expect(saturday).to_have_count(1)
    await until_shifts(own_desk, "brian", 26, [])
    [(start, end)] = await shifts_on(own_desk, "chao", 28)
    assert end - start == timedelta(hours=9) and abs(start - there(28, 8)) <= timedelta(minutes=30)
    await expect(saturday).to_have_attribute("data-from", re.compile("0[78]:|08:"))
    box = await saturday.bounding_box()
    assert box
    await page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 8)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] + 30, box["y"] + 8, steps=6)
    await page.mouse.up()
    for _ in range(300):
        [(same, later)] = await shifts_on(own_desk, "chao", 28)
        if later > end:
            break
        await asyncio.sleep(0.1)
    assert same == start and later > end


async def test_an_uncovered_hour_is_marked_and_mended(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "grace", own_desk)
    await page.goto(own_desk.url + CARE)
    gaps = page.locator(".gaps")
    first = gaps.get_by_role("link").first
    await expect(first).to_have_text("Tue 24 Nov 22:00 – Wed 25 Nov 06:00")
    await first.click()
    await expect(page.locator(".week-bar-uncovered:target")).to_be_in_viewport()
    await page.get_by_role("link", name="A shift for Chao Mwakio").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Day").fill("2026-11-24")
    await dialog.get_by_label("From").fill("22:00")
    await dialog.get_by_label("To", exact=True).fill("06:00")
    await dialog.get_by_role("button", name="Save").click()
    await expect(gaps.get_by_role("link").first).to_have_text("Wed 25 Nov 22:00 – Thu 26 Nov 06:00")


async def test_what_a_change_leaves_behind_is_told_before_it_is_saved(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "grace", own_desk)
    await page.goto(own_desk.url + CARE)
    await bar(page, "amina", 26).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Take it off").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Not saved yet")
    await expect(dialog.locator(".costs")).to_contain_text("Customer Care is open and nobody can be reached")
    assert not await violations(page)
    assert await shifts_on(own_desk, "amina", 26) == [(there(26, 6), there(26, 14))]
    await dialog.get_by_role("button", name="Take it off").click()
    await expect(page.get_by_text("The shift is taken off the week.")).to_be_visible()
    assert await shifts_on(own_desk, "amina", 26) == []


async def test_a_colleague_s_change_comes_to_the_page_by_itself(own_desk: Desk, visit: Visit) -> None:
    watching = await visit(f"{own_desk.url}/sign-in")
    await sign_in(watching, "brian", own_desk)
    await watching.goto(own_desk.url + CARE)
    await live(watching)
    cell = watching.locator("td[data-day='2026-11-28'][data-person='brian'] .week-bar-shift")
    await expect(cell).to_have_count(0)
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "grace", own_desk)
    await page.goto(f"{own_desk.url}/rota/shift?organisation=power&department=care&person=brian&day=2026-11-28")
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url(re.compile("/rota"))
    await expect(cell).to_have_count(1)


async def test_the_week_is_copied_to_the_next(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "grace", own_desk)
    await page.goto(f"{own_desk.url}/rota/shift?organisation=power&department=care&person=brian&day=2026-11-28")
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url(re.compile("/rota"))
    await page.goto(own_desk.url + CARE)
    await page.get_by_role("link", name="Copy to the next week").click()
    await page.get_by_role("dialog").get_by_role("button", name="Copy the week").click()
    await expect(page.get_by_text("The week is copied to the next.")).to_be_visible()
    directory = await directory_of(own_desk)
    week = timedelta(days=7)
    found = directory.rota.shifts(own_desk.centre.people["brian"], there(28, 0) + week, there(29, 0) + week)
    assert [(each.start, each.end) for each in found] == [(there(28, 8) + week, there(28, 17) + week)]


# Swaps and absences ---------------------------------------------------------------------------------------------


@pytest.fixture
async def nights(own_desk: Desk) -> AsyncIterator[UUID]:
    """Brian works the night of Saturday too; the department wants a manager's word."""
    id_ = uuid7()
    async with own_desk.database.work(own_desk.centre.everything) as work:
        values = {"o": own_desk.centre.organisations["power"], "id": id_, "p": own_desk.centre.people["brian"],
                  "d": own_desk.centre.departments["care"], "from": there(28, 20), "until": there(29, 2)}  # fmt: skip
        await work.execute(
            "insert into shift (organisation_id, id, person_id, department_id, starts_at, ends_at)"
            " values (%(o)s, %(id)s, %(p)s, %(d)s, %(from)s, %(until)s)",
            values,
        )
        await work.execute("update department set swaps_approved = true where id = %(d)s", values)
        await work.execute("update organisation set version = version + 1 where id = %(o)s", values)
    yield id_


async def test_a_swap_goes_from_its_offer_to_its_approval(own_desk: Desk, visit: Visit, nights: UUID) -> None:
    brian = await visit(f"{own_desk.url}/sign-in")
    await sign_in(brian, "brian", own_desk)
    await brian.goto(f"{own_desk.url}/rota/mine")
    await brian.get_by_role("link", name=re.compile("Offer the shift of .*28")).click()
    dialog = brian.get_by_role("dialog")
    await dialog.get_by_label("To whom").select_option(label="Amina Otieno")
    assert not await violations(brian)
    await dialog.get_by_role("button", name="Offer it").click()
    await brian.wait_for_url(f"{own_desk.url}/rota/mine")
    await expect(brian.locator("#asked")).to_contain_text("Offered")

    amina = await visit(f"{own_desk.url}/sign-in")
    await sign_in(amina, "amina", own_desk, "/notices")
    await amina.get_by_role("link", name="A colleague offers you a shift").click()
    await amina.wait_for_url(f"{own_desk.url}/rota/mine")
    await amina.get_by_role("button", name="Take it").click()
    await expect(amina.get_by_text("You take it once a manager approves")).to_be_visible()
    assert await shifts_on(own_desk, "amina", 28) == []

    grace = await visit(f"{own_desk.url}/sign-in")
    await sign_in(grace, "grace", own_desk)
    await grace.goto(own_desk.url + CARE)
    await expect(grace.locator("#results")).to_contain_text("Amina Otieno takes the shift of Brian Kiprop")
    await grace.get_by_role("button", name="Approve, for Brian Kiprop", exact=True).click()
    await expect(grace.get_by_text("The shift changed hands; both are told.")).to_be_visible()
    assert await shifts_on(own_desk, "amina", 28) == [(there(28, 20), there(29, 0))]
    assert await shifts_on(own_desk, "brian", 28) == []
    await expect(brian.locator("#asked")).to_contain_text("Changed hands")


async def test_an_absence_is_asked_for_approved_knowingly_and_ended_early(own_desk: Desk, visit: Visit) -> None:
    amina = await visit(f"{own_desk.url}/sign-in")
    await sign_in(amina, "amina", own_desk)
    await amina.goto(f"{own_desk.url}/rota/leave?organisation=power")  # as without script: a page of its own
    await amina.get_by_label("Organisation").select_option("power")
    await amina.get_by_label("Away from").fill("2026-11-26T00:00")
    await amina.get_by_label("Back at").fill("2026-11-27T00:00")
    await amina.get_by_role("button", name="Ask", exact=True).click()
    await amina.wait_for_url(f"{own_desk.url}/rota/mine")
    await expect(amina.locator("#asked")).to_contain_text("Waits for an answer")

    grace = await visit(f"{own_desk.url}/sign-in")
    await sign_in(grace, "grace", own_desk)
    await grace.goto(own_desk.url + CARE)
    await grace.get_by_role("button", name="Approve, for Amina Otieno", exact=True).click()
    dialog = grace.get_by_role("dialog")
    await expect(dialog.locator(".costs")).to_contain_text("Thu 06:00 to Thu 08:00")
    await dialog.get_by_role("button", name="Approve all the same").click()
    away = grace.locator("a.week-bar-absence")
    await expect(away).to_have_text("Leave")
    assert await shifts_on(own_desk, "amina", 26) == []
    await away.click()
    await grace.get_by_role("dialog").get_by_role("button", name="They are back").click()
    await expect(away).to_have_count(0)
    assert await shifts_on(own_desk, "amina", 26) == [(there(26, 6), there(26, 14))]


async def test_one_s_own_page_and_one_s_shifts_lead_to_each_other(desk: Desk, visit: Visit) -> None:
    page = await visit(f"{desk.url}/sign-in")
    await sign_in(page, "brian", desk, "/me")
    await page.get_by_role("main").get_by_role("link", name="My shifts").click()
    await page.wait_for_url(f"{desk.url}/rota/mine")
    await page.get_by_role("main").get_by_role("link", name="You", exact=True).click()
    await page.wait_for_url(f"{desk.url}/me")
    await expect(page.get_by_role("heading", name="Brian Kiprop")).to_be_visible()


async def test_one_s_calendar_is_fetched_by_the_address_that_was_shown_once(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "brian", own_desk)
    await page.goto(f"{own_desk.url}/rota/mine")
    await page.get_by_role("button", name="Make an address").click()
    field = page.get_by_label("Address of your calendar")
    await expect(field).to_have_value(re.compile(r"^http://127\.0\.0\.1:\d+/calendars/ahf_[\w-]+\.ics$"))
    address = await field.input_value()
    async with httpx.AsyncClient() as client:
        fetched = await client.get(address)
        events = Calendar.from_ical(fetched.content).walk("VEVENT")
        spans = {(each["DTSTART"].dt.astimezone(UTC), each["DTEND"].dt.astimezone(UTC)) for each in events}
        assert (there(25, 8), there(25, 17)) in spans and there(28, 8) not in {start for start, _ in spans}
        await page.reload()
        await expect(page.get_by_role("button", name="Revoke it")).to_be_visible()
        await expect(page.get_by_label("Address of your calendar")).to_have_count(0)
        await page.get_by_role("button", name="Revoke it").click()
        await expect(page.get_by_text("Nobody fetches your calendar any more.")).to_be_visible()
        assert (await client.get(address)).status_code == 404


async def test_shifts_that_come_again_are_changed_and_ended_on_their_page(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "grace", own_desk)
    await page.goto(own_desk.url + CARE)
    await page.get_by_role("link", name="Shifts that come again").click()
    await page.get_by_role("link", name="Change the shifts of Brian").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("When").fill("now and then")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await expect(dialog.get_by_label("When")).to_have_value("now and then")
    await dialog.get_by_label("When").fill("Mo-Fr 09:00-18:00")
    await dialog.get_by_label("From this day on").fill("2026-11-26")
    await dialog.get_by_role("button", name="Save").click()
    costs = dialog.get_by_role("button", name="Save all the same")
    await expect(costs.or_(page.get_by_text("The shifts that come again are changed."))).to_be_visible()
    if await costs.count():
        await costs.click()
    await expect(page.get_by_text("Mo-Fr 09:00-18:00")).to_be_visible()
    await until_shifts(own_desk, "brian", 25, [(there(25, 8), there(25, 17))])
    await until_shifts(own_desk, "brian", 26, [(there(26, 9), there(26, 18))])
    await page.goto(own_desk.url + CARE)
    await bar(page, "brian", 26).click()
    await page.get_by_role("dialog").get_by_role("link", name="Change all from a day on").click()
    await page.get_by_label("Last day").fill("2026-11-26")
    await page.get_by_role("button", name="End them").click()
    again = page.get_by_role("button", name="End them all the same")
    await expect(again.or_(page.get_by_text("These shifts come no more."))).to_be_visible()
    if await again.count():
        await again.click()
    await until_shifts(own_desk, "brian", 27, [])


# Looks, and who may what ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_no_page_of_the_rota_shuts_anybody_out(desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await visit(f"{desk.url}/sign-in", width=width, color_scheme=colours)
    await sign_in(page, "grace", desk)
    wrong: list[str] = []
    query = "organisation=power&department=care&week=2026-11-23"
    for path in (
        f"/rota?{query}",
        "/rota/mine",
        f"/rota/shift?{query}",
        f"/rota/absence?{query}",
        f"/rota/copy?{query}",
        "/rota/patterns?organisation=power&department=care",
        f"/rota/pattern?{query}",
    ):
        await page.goto(desk.url + path)
        wrong += [f"{path}: {each}" for each in await violations(page, colours)]
        wrong += [f"{path}: scrolls sideways"] if await scrolls_sideways(page) else []
    assert not wrong, "\n".join(wrong)


async def test_an_agent_sees_the_week_and_changes_nothing(desk: Desk, visit: Visit) -> None:
    page = await visit(f"{desk.url}/sign-in")
    await sign_in(page, "amina", desk)
    await page.goto(desk.url + CARE)
    await expect(page.locator("#week")).to_be_visible()
    await expect(page.locator("a.week-bar")).to_have_count(0)
    await expect(page.get_by_role("link", name="Absence")).to_have_count(0)
    answer = await page.goto(f"{desk.url}/rota/shift?organisation=power&department=care")
    assert answer and answer.status == 403


async def test_the_week_speaks_swahili(desk: Desk, visit: Visit) -> None:
    page = await visit(f"{desk.url}/sign-in", extra_http_headers={"Accept-Language": "sw"})
    await page.context.add_cookies([{"name": "ahadi-language", "value": "sw", "url": desk.url}])
    await page.goto(f"{desk.url}/sign-in")
    await page.locator("input[type=email], input[name=email]").first.fill(desk.centre.email("grace"))
    await page.locator("input[type=password]").fill("seven quiet herons")
    await page.locator("form button[type=submit], form button").first.click()
    await page.goto(desk.url + CARE)
    await expect(page.get_by_role("link", name="Zamu zangu").first).to_be_visible()


def test_a_day_on_which_the_clock_changes_is_drawn_as_long_as_it_is() -> None:
    from datetime import date

    from ahadi.screens.rota_week import days_of

    class Home:
        country, subdivision = None, None

    class There:
        organisation = Home()

    there_: Any = There()
    spring = days_of(date(2026, 3, 23), "Europe/Berlin", there_)
    autumn = days_of(date(2026, 10, 19), "Europe/Berlin", there_)
    assert [each.quarters for each in spring] == [96] * 6 + [92]
    assert [each.quarters for each in autumn] == [96] * 6 + [100]
    berlin = ZoneInfo("Europe/Berlin")
    assert spring[6].hours(berlin) == [(20, "06"), (44, "12"), (68, "18")]
    assert autumn[6].hours(berlin) == [(28, "06"), (52, "12"), (76, "18")]


async def test_a_night_shift_is_drawn_on_both_its_days_and_begins_once(own_desk: Desk, nights: UUID) -> None:
    from datetime import date

    directory = await directory_of(own_desk)
    now = there(24, 10)
    week = week_of(directory, own_desk.centre.departments["care"], date(2026, 11, 23), "Africa/Nairobi", now)
    [row] = [each for each in week.rows if each.name == "Brian Kiprop"]
    [saturday], [sunday] = row.cells[5], row.cells[6]
    assert (saturday.id, saturday.first, saturday.last, saturday.goes_on) == (nights, 80, 96, False)
    assert (sunday.id, sunday.first, sunday.last, sunday.goes_on) == (nights, 0, 8, True)
