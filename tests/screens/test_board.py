"""A supervisor's morning, in a real browser: what is at risk, what lies behind it, and doing something about it."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from ahadi import promises
from ahadi.platform.database.embedded import Connections
from tests.board.morning import make_busy
from tests.screens.builders import Centre
from tests.screens.conftest import Desk, Visit, running_desk, sign_in
from tests.screens.test_accessibility import LOOKS, scrolls_sideways, violations

pytestmark = pytest.mark.browser
PAGES = (
    "/board",
    "/board?department=care",
    "/board/promises?which=at-risk",
    "/board/promises?which=ended&when=week",
    "/board/promises?which=overdue",
    "/board/people",
    "/board/contacts?when=usual",
    "/chats?waiting=yes",
)


@pytest.fixture
async def busy_desk(server: Connections, morning: tuple[str, Centre]) -> AsyncIterator[Desk]:
    """A desk of the test's own with something behind every number of the board."""
    async for each in running_desk(server, *morning):
        async with each.database.work(each.centre.everything) as work:
            await make_busy(work, each.centre)
        yield each


def tile(page: Page, label: str) -> "object":
    """The number over a label."""
    return page.locator(".tile", has=page.get_by_text(label, exact=True)).locator(".figure")


async def test_a_supervisors_morning(busy_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{busy_desk.url}/sign-in")
    await sign_in(page, "grace", busy_desk)
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Board").click()
    await page.wait_for_url("**/board")
    await expect(tile(page, "Due after the owner's shift")).to_have_text("2")
    watching = await page.context.new_page()
    await watching.goto(f"{busy_desk.url}/board")
    await expect(watching.locator("#connection")).to_have_attribute("data-state", "live")
    await expect(tile(watching, "Due after the owner's shift")).to_have_text("2")

    # What lies behind the number, and handing it to somebody who will be there.
    await tile(page, "Due after the owner's shift").click()
    await page.wait_for_url("**/board/promises?which=away")
    await expect(page.locator(".promise-row")).to_have_count(2)
    row = page.locator(".promise-row").first
    subject = await row.locator(".row-link").inner_text()
    await row.get_by_role("link", name="Hand over").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("To").select_option(label="Naomi Wanjiku")
    await dialog.get_by_label("What they should know").fill("Lucy leaves at two; please keep this one.")
    await dialog.get_by_role("button", name="Hand over").click()
    await expect(page.locator("#toasts")).to_contain_text("The case is handed over")
    await expect(page.locator(".promise-row")).to_have_count(1)
    await expect(page.locator(".promise-row", has_text=subject)).to_have_count(0)
    assert page.url.endswith("/board/promises?which=away"), "one stays on the list one works through"

    # The number falls where somebody looks at it, by itself, and what came by itself is what a fresh page shows.
    await expect(tile(watching, "Due after the owner's shift")).to_have_text("1")
    arrived = await watching.locator("#results").inner_html()
    await watching.reload()
    await expect(watching.locator("#results")).to_be_visible()
    assert _still(arrived) == _still(await watching.locator("#results").inner_html())

    await watching.get_by_role("link", name="Wallboard").click()
    await watching.wait_for_url("**/wallboard")
    await expect(watching.locator(".wall-tile", has_text="Available")).to_contain_text("of 7 on shift")


def _still(html: str) -> str:
    """Without what scripts add while a page stands there."""
    return re.sub(r"\s+", " ", re.sub(r' (class|data-htmx-powered|hx-[a-z-]+)="[^"]*"', "", html))


async def test_a_promise_at_risk_is_handed_over_from_the_board_itself(busy_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{busy_desk.url}/sign-in")
    await sign_in(page, "grace", busy_desk, "/board")
    row = page.locator(".promise-row", has_text="Token not accepted by the meter")
    await expect(row).to_contain_text("Billing")
    await row.get_by_role("link", name="Hand over").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("To").select_option(label="Lucy Achieng")
    await dialog.get_by_role("button", name="Hand over").click()
    await expect(row).to_contain_text("Lucy Achieng")
    await expect(page.get_by_role("heading", name="Board")).to_be_visible()
    await expect(tile(page, "Cases nobody has")).to_have_text("5")


async def test_a_supervisor_says_of_somebody_that_they_are_on_a_break(busy_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{busy_desk.url}/sign-in")
    await sign_in(page, "grace", busy_desk, "/board")
    await tile(page, "Available").click()
    await page.wait_for_url("**/board/people?stand=available")
    await expect(page.locator(".board-person")).to_have_count(3)
    await page.get_by_label("Presence of Amina Otieno").select_option("break")
    await expect(page.get_by_text("Their presence is changed.")).to_be_visible()
    await expect(page.locator(".board-person")).to_have_count(2)
    await page.get_by_role("link", name="On a break").click()
    await expect(page.locator(".board-person", has_text="Amina Otieno")).to_be_visible()


async def test_one_department_is_looked_at_alone(busy_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{busy_desk.url}/sign-in")
    await sign_in(page, "grace", busy_desk, "/board")
    await page.get_by_label("Department", exact=True).select_option(label="Billing")
    await page.wait_for_url("**department=**")
    await expect(page.locator(".promise-row", has_text="Video calls")).to_have_count(0)
    await expect(page.locator(".promise-row").first).to_contain_text("Billing")
    await page.get_by_label("Organisation", exact=True).select_option(label="All organisations")
    await expect(page.get_by_label("Organisation", exact=True)).to_have_value("power")


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_no_page_of_the_board_shuts_anybody_out(busy_desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await visit(f"{busy_desk.url}/sign-in", width=width, color_scheme=colours)
    await sign_in(page, "grace", busy_desk)
    wrong: list[str] = []
    for path in PAGES:
        await page.goto(busy_desk.url + path)
        wrong += [f"{path}: {each}" for each in await violations(page, colours)]
        wrong += [f"{path}: scrolls sideways"] if await scrolls_sideways(page) else []
    await sign_in(page, "hamisi", busy_desk, "/board/walls")
    wrong += [f"/board/walls: {each}" for each in await violations(page, colours)]
    assert not wrong, "\n".join(wrong)


async def test_on_its_first_day_the_board_says_what_will_stand_there(empty_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{empty_desk.url}/sign-in")
    await sign_in(page, "grace", empty_desk, "/board")
    await expect(page.locator(".empty")).to_contain_text("each number with the cases behind it")
    await expect(page.locator(".figure", has_text=re.compile("[1-9]"))).to_have_count(2)  # people, and nothing else
    assert not await violations(page)


async def test_a_promise_that_lapses_is_counted_as_broken_before_anybody_reloads(busy_desk: Desk, visit: Visit) -> None:
    from datetime import timedelta

    from tests.screens.builders import NOW

    page = await visit(f"{busy_desk.url}/sign-in")
    await sign_in(page, "grace", busy_desk, "/board")
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    broken = page.locator(".board-all").last.locator("td").nth(3)
    before = int(await broken.inner_text())
    busy_desk.clock.set(NOW + timedelta(minutes=24))
    await promises.watch_until_quiet(busy_desk.database)
    await expect(broken).to_have_text(str(before + 1))
