"""The page that searches everything: words, filters, views, and one thing done with many cases."""

import pytest
from playwright.async_api import expect

from ahadi import search
from tests.screens.conftest import Desk, Visit, sign_in

pytestmark = pytest.mark.browser


async def test_an_agent_finds_keeps_the_search_and_tags_what_was_found(own_desk: Desk, visit: Visit) -> None:
    async def everyone() -> list[object]:
        return list(own_desk.centre.organisations.values())

    await search.follower(own_desk.database, everyone).once()  # type: ignore[arg-type]
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/search")
    box = page.get_by_label("Words and filters")
    await box.fill("state:closed holder:me")
    await box.press("Enter")
    await expect(page.get_by_text("state: is one of open, resolved, all.")).to_be_visible()
    found = page.locator("li.case-row")
    await expect(found.first).to_be_visible()
    count = await found.count()
    for each in await found.get_by_role("checkbox").all():
        await each.check()
    await page.get_by_text("Tag them").click()
    await page.get_by_label("Tag", exact=True).fill("Looked at")
    await page.get_by_role("button", name="Do this with all of them").click()
    await expect(page.get_by_text("Done with every case that was chosen.")).to_be_visible()
    box = page.get_by_label("Words and filters")
    await box.fill("tag:looked-at state:all")
    await box.press("Enter")
    await expect(page.locator("li.case-row")).to_have_count(count)
    await page.get_by_label("Keep this search as").fill("Looked at")
    await page.get_by_role("button", name="Keep", exact=True).click()
    await page.goto(f"{own_desk.url}/search")
    await page.get_by_role("navigation", name="Kept views").get_by_role("link", name="Looked at").click()
    await expect(page.locator("li.case-row")).to_have_count(count)


async def test_nothing_is_done_where_one_case_refuses(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/search?q=holder:me")
    await page.locator("li.case-row").get_by_role("checkbox").first.check()
    await page.get_by_role("button", name="Do this with all of them").click()
    await expect(page.get_by_role("alert")).to_contain_text("Choose the department that takes the cases.")


async def test_a_mistyped_word_is_put_right_and_it_is_said(own_desk: Desk, visit: Visit) -> None:
    async def everyone() -> list[object]:
        return list(own_desk.centre.organisations.values())

    await search.follower(own_desk.database, everyone).once()  # type: ignore[arg-type]
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/search")
    box = page.get_by_label("Words and filters")
    await box.fill("trasnformer state:all")
    await box.press("Enter")
    await expect(page.get_by_text("Nobody wrote “trasnformer”")).to_be_visible()
    await expect(page.locator("li.case-row").first).to_be_visible()
