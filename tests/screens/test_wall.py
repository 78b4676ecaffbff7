"""The wallboard: readable at five metres, nobody's name on it, alive over lost networks, and let in by its own link."""

import asyncio
import re
from collections.abc import AsyncIterator
from math import atan, degrees
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from ahadi.platform.database.embedded import Connections
from tests.board.morning import contacts_now, make_busy
from tests.screens.builders import Centre
from tests.screens.conftest import Desk, Visit, running_desk, sign_in
from tests.screens.test_accessibility import LOOKS, scrolls_sideways, violations

pytestmark = pytest.mark.browser

# A screen of 50 inches (16:9) is 1107 mm wide. ISO 9241-303 asks for characters of 16 minutes of arc at least.
SCREEN, DISTANCE, LEAST = 1107.0, 5000.0, 16.0
TEXTS = """() => {
  const capital = document.createElement("canvas").getContext("2d"), found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), parent = walk.currentNode.parentElement;
    if (!text || parent.closest(".wall-hidden, script, style, noscript")) continue;
    const style = getComputedStyle(parent), box = parent.getBoundingClientRect();
    capital.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const backed = parent.closest(".wall-tile") || document.body;
    found.push({ text, size: parseFloat(style.fontSize), height: capital.measureText("H").actualBoundingBoxAscent,
      ink: style.color, ground: getComputedStyle(backed).backgroundColor,
      cut: parent.scrollWidth > parent.clientWidth + 1 && parent.clientWidth > 0,
      inside: box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth });
  }
  return found;
}"""


@pytest.fixture
async def busy_desk(server: Connections, morning: tuple[str, Centre]) -> AsyncIterator[Desk]:
    async for each in running_desk(server, *morning):
        async with each.database.work(each.centre.everything) as work:
            await make_busy(work, each.centre)
            await contacts_now(work, each.centre, "outage", 12)
        yield each


def light(colour: str) -> float:
    """The relative luminance of `rgb(…)` (WCAG 2.2)."""
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


async def on_the_wall(visit: Visit, desk: Desk, language: str = "en") -> Page:
    page = await visit(f"{desk.url}/sign-in", width=1920, height=1080)
    await sign_in(page, "grace", desk, "/board")
    await page.context.add_cookies([{"name": "ahadi-language", "value": language, "url": desk.url}])
    await page.goto(f"{desk.url}/wallboard")
    await expect(page.locator("#age")).not_to_be_empty()
    return page


async def until(page: Page, shown: Locator, text: str) -> None:
    """Let time pass, a little at a time so that no answer is given up, until a text stands there."""
    for _ in range(40):
        await page.clock.run_for(3_000)
        if await shown.inner_text() == text:
            break
        await asyncio.sleep(0.25)
    await expect(shown).to_have_text(text)


@pytest.mark.parametrize("language", ["en", "sw"])
async def test_it_is_read_at_five_metres(busy_desk: Desk, visit: Visit, language: str) -> None:
    page = await on_the_wall(visit, busy_desk, language)
    found: list[dict[str, Any]] = await page.evaluate(TEXTS)
    assert len(found) > 15
    for each in found:
        arc = degrees(atan(each["height"] * SCREEN / 1920 / DISTANCE)) * 60
        assert arc >= LEAST, f"{each['text']!r} is {arc:.1f} minutes of arc tall"
        assert each["size"] >= 58, each
        assert contrast(each["ink"], each["ground"]) >= 7, f"{each['text']!r} on {each['ground']}"
        assert each["inside"] and not each["cut"], f"{each['text']!r} cannot be seen whole"
    assert await page.evaluate("() => document.documentElement.scrollHeight <= innerHeight"), "nothing below the edge"


async def test_it_tells_numbers_and_nobodys_name_and_leads_nowhere(busy_desk: Desk, visit: Visit) -> None:
    page = await on_the_wall(visit, busy_desk)
    text = await page.locator("body").inner_text()
    async with busy_desk.database.read(busy_desk.centre.everything) as work:
        names = [row["name"] for row in await work.rows("select name from customer union select name from person")]
        subjects = [row["subject"] for row in await work.rows("select subject from case_text where subject <> ''")]
    for each in filter(None, [*names, *subjects, *busy_desk.centre.cases.values()]):
        assert each not in text
    assert await page.locator("a, button, input, select").count() == 0
    await expect(page.locator(".wall-tile", has_text="Contacts")).to_contain_text("No electricity")


async def test_it_says_how_old_it_is_when_the_network_is_lost_and_catches_up_by_itself(
    busy_desk: Desk, visit: Visit
) -> None:
    page = await visit(f"{busy_desk.url}/sign-in", width=1920, height=1080)
    await sign_in(page, "grace", busy_desk, "/board")
    await page.clock.install()
    await page.goto(f"{busy_desk.url}/wallboard")
    waiting = page.locator(".wall-tile", has_text="Cases waiting").locator(".wall-number")
    await expect(waiting).to_have_text("6")
    await page.context.set_offline(True)
    await page.clock.run_for(130_000)
    await expect(page.locator("body")).to_have_attribute("data-state", "stale")
    await expect(page.locator("#age")).to_have_text(re.compile(r"No connection · \d min old"))
    await expect(waiting).to_have_text("6")
    async with busy_desk.database.work(busy_desk.centre.actor("grace")) as work:
        from ahadi import promises

        await promises.hold_case(work, busy_desk.centre.cases["token"], "lucy", None)
    await page.context.set_offline(False)
    await until(page, waiting, "5")
    await expect(page.locator("body")).to_have_attribute("data-state", "fresh")


async def test_a_screen_is_let_in_by_its_own_link_and_goes_dark_when_that_is_revoked(
    busy_desk: Desk, visit: Visit
) -> None:
    page = await visit(f"{busy_desk.url}/sign-in")
    await sign_in(page, "hamisi", busy_desk, "/board/walls")
    await page.get_by_label("Organisation").select_option(label="Mto Power")
    await page.get_by_label("Where it hangs").fill("Big hall")
    await page.get_by_role("button", name="Make a link").click()
    link = await page.get_by_label("Link for the screen").input_value()
    address = link.replace(re.match(r"https?://[^/]+", link)[0], busy_desk.url)  # type: ignore[index]

    screen = await visit("about:blank", width=1920, height=1080)
    await screen.clock.install()
    await screen.goto(address)
    await screen.wait_for_url(f"{busy_desk.url}/wallboard")
    await expect(screen.locator(".wall-what")).to_have_text("Mto Power")
    await expect(screen.locator(".wall-tile")).to_have_count(6)
    for elsewhere in ("/board", "/cases", "/api/board", "/api/cases"):
        answer = await screen.context.request.get(busy_desk.url + elsewhere, max_redirects=0)
        assert answer.status in (303, 401), f"{elsewhere}: {answer.status}"

    await page.goto(f"{busy_desk.url}/board/walls")
    await expect(page.locator("main")).not_to_contain_text(address.rsplit("/", 1)[1])
    await page.get_by_role("button", name="Revoke the link of Big hall").click()
    await expect(page.get_by_text("The link is revoked")).to_be_visible()
    await until(screen, screen.locator("#age"), "This screen is not let in any more")
    await expect(screen.locator("body")).to_have_attribute("data-state", "ended")
    await expect(screen.locator("#wall")).not_to_be_visible()
    await screen.goto(address)
    await expect(screen.get_by_text("opens no wallboard any more")).to_be_visible()


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_it_shuts_nobody_out_on_smaller_screens_either(
    busy_desk: Desk, visit: Visit, width: int, colours: str
) -> None:
    page = await visit(f"{busy_desk.url}/sign-in", width=width, color_scheme=colours)
    await sign_in(page, "grace", busy_desk, "/board")
    await page.goto(f"{busy_desk.url}/wallboard")
    assert not await violations(page, colours)
    assert not await scrolls_sideways(page)


async def test_a_token_that_may_do_more_than_look_is_no_link_for_a_wall(busy_desk: Desk, visit: Visit) -> None:
    from tests.main.builders import bearer

    organisation = busy_desk.centre.organisations["power"]
    page = await visit("about:blank")
    for scopes in (["all"], ["case.read"], ["wallboard.read", "case.read"]):
        header = await bearer(busy_desk.database, organisation, scopes)
        await page.goto(f"{busy_desk.url}/wallboard/open/{header['Authorization'].removeprefix('Bearer ')}")
        await expect(page.get_by_text("opens no wallboard any more")).to_be_visible()
        assert not await page.context.cookies()
