"""Administration: everything that is seldom needed, one page away, for whoever may do it."""

import pytest
from playwright.async_api import expect

from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import LOOKS, scrolls_sideways, violations

pytestmark = pytest.mark.browser

HAMISI = ["/settings"]


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_no_page_of_administration_shuts_anybody_out(desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await visit(f"{desk.url}/sign-in", width=width, color_scheme=colours)
    await sign_in(page, "hamisi", desk)
    wrong: list[str] = []
    for path in HAMISI:
        await page.goto(desk.url + path)
        wrong += [f"{path}: {each}" for each in await violations(page, colours)]
        wrong += [f"{path}: scrolls sideways"] if await scrolls_sideways(page) else []
    assert not wrong, "\n".join(wrong)


async def test_an_administrator_finds_administration_in_the_menu_and_an_agent_has_none(
    desk: Desk, visit: Visit
) -> None:
    page = await visit(f"{desk.url}/sign-in")
    await sign_in(page, "hamisi", desk)
    await page.locator("details[name=me] summary").click()
    await page.get_by_role("link", name="Administration").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Administration")
    await expect(page.locator(".way-card", has_text="Words kept ready")).to_be_visible()
    agent = await visit(f"{desk.url}/sign-in")
    await sign_in(agent, "amina", desk)
    await expect(agent.locator("details[name=me]")).to_be_visible()
    await expect(agent.locator("a[href='/settings']")).to_have_count(0)
    await agent.goto(f"{desk.url}/settings")
    await expect(agent.locator(".empty")).to_contain_text("yours to administer")
