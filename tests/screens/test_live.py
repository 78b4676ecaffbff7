"""Pages keep themselves up to date, say when they cannot, and catch up."""

import asyncio
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from ahadi import cases, contacts, promises
from ahadi.platform.journal import Cursor, head
from ahadi.platform.live import Hub
from ahadi.screens.live import merged
from tests.screens.builders import Call, contact
from tests.screens.conftest import Desk, Visit, sign_in


async def note(desk: Desk, called: str, text: str, who: str = "brian") -> None:
    async with desk.database.work(desk.centre.actor(who)) as work:
        case = await cases.lock_case(work, desk.centre.cases[called])
        await contacts.note(work, case.organisation_id, case.id, text)


async def is_live(page: Page) -> None:
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")


@pytest.mark.browser
async def test_a_case_shows_what_a_colleague_does_while_it_is_open(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, f"/cases/{own_desk.centre.cases['move']}")
    await is_live(page)
    await page.get_by_label("Reply to Faith Chebet").fill("half a sentence")
    await note(own_desk, "move", "I know her; she moves with two children.")
    await expect(page.locator(".entry-note")).to_contain_text("I know her")
    async with own_desk.database.work(own_desk.centre.actor("brian")) as work:
        await promises.hold_case(work, own_desk.centre.cases["move"], "brian", None)
    await expect(page.locator(".holder-name").first).to_have_text("Brian Kiprop")
    await expect(page.get_by_label("Reply to Faith Chebet")).to_have_value("half a sentence")


@pytest.mark.browser
async def test_the_list_shows_a_case_that_comes_in(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk)
    await is_live(page)
    await expect(page.locator(".case-row")).to_have_count(11)
    call = Call(0, "new", "net", "email", "Omar Sharif", "omar@mail.example", "slow", "Slow since noon", "Very slow.")
    await contact(own_desk.database, own_desk.centre, call)
    await expect(page.locator(".case-row").first).to_contain_text("Slow since noon")


@pytest.mark.browser
async def test_what_arrived_by_events_is_what_a_fresh_page_shows(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, f"/cases/{own_desk.centre.cases['outage']}")
    await is_live(page)
    for number in range(3):
        await note(own_desk, "outage", f"thing number {number}")
    async with own_desk.database.work(own_desk.centre.actor("joseph")) as work:
        case = await cases.get_case(work, own_desk.centre.cases["outage"])
        assert case.next_promise
        await promises.keep_promise(work, case.next_promise.id, "work", "Fuse replaced.")
    await expect(page.locator(".timeline")).to_contain_text("Fuse replaced.")
    await expect(page.locator(".tally")).to_contain_text("2 kept")
    shown = {each: await page.locator(f"#{each}").inner_text() for each in ("case-head", "timeline", "aside", "nav")}
    await page.reload()
    for each, text in shown.items():
        assert await page.locator(f"#{each}").inner_text() == text


@pytest.mark.browser
async def test_a_page_that_lost_its_connection_says_so_and_catches_up(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, f"/cases/{own_desk.centre.cases['move']}")
    await is_live(page)
    await page.context.set_offline(True)
    await expect(page.locator("#connection")).to_have_attribute("data-state", "lost")
    await expect(page.get_by_text("Connection lost; trying again")).to_be_visible()
    await note(own_desk, "move", "written while she was away")
    await page.context.set_offline(False)
    await is_live(page)
    await expect(page.locator(".entry-note")).to_contain_text("written while she was away")


@pytest.mark.browser
async def test_a_promise_that_lapses_under_somebody_s_eyes_looks_overdue(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/promises")
    await is_live(page)
    await expect(page.get_by_role("heading", name="Overdue")).to_have_count(0)
    own_desk.clock.advance(timedelta(minutes=30))
    await note(own_desk, "complaint", "anything at all")
    await expect(page.get_by_role("heading", name="Overdue")).to_be_visible()
    await expect(page.locator(".due-overdue").first).to_contain_text("Overdue")


@pytest.mark.browser
async def test_whoever_is_signed_out_elsewhere_is_led_to_sign_in(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/promises")
    await is_live(page)
    async with own_desk.database.work(own_desk.centre.everything) as work:
        await work.execute("update session set revoked_at = %(now)s", {"now": work.real_now})
    await page.wait_for_url("**/sign-in*")


async def test_the_streams_of_several_organisations_are_one_whose_cursor_resumes_all(own_desk: Desk) -> None:
    actor = own_desk.centre.actor("amina")
    organisations = sorted(actor.grants)
    hub = Hub(own_desk.database)
    async with own_desk.database.read(actor) as work:
        start = await head(work)
    await note(own_desk, "move", "one", "amina")
    await note(own_desk, "router", "two", "amina")
    kinds: list[bytes] = []
    cursor = b""
    stream = merged(hub, actor, organisations, [start, start])
    async with asyncio.timeout(10):
        async for each in stream:
            kinds += [line for line in each.splitlines() if b"message.noted" in line]
            cursor = next((line for line in each.splitlines() if line.startswith(b"id: ")), cursor)
            if len(kinds) == 2 and cursor.count(b"~") == 1:
                break
    await stream.aclose()
    reached = [Cursor.parse(each) for each in cursor.removeprefix(b"id: ").decode().split("~")]
    await note(own_desk, "router", "three", "amina")
    again = merged(hub, actor, organisations, reached)
    async with asyncio.timeout(10):
        async for each in again:
            if b"message.noted" in each:
                assert each.count(b"message.noted") == 1
                break
    await again.aclose()
