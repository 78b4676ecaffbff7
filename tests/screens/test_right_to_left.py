"""From right to left, in Arabic: every page mirrored, none wider than its screen, and what is not Arabic left whole."""

import pytest
from playwright.async_api import Page, expect

from tests.screens.builders import a_customer_link
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import address, scrolls_sideways, violations

pytestmark = pytest.mark.browser
LOOKS = [(1440, "light"), (390, "light"), (390, "dark")]
OUTSIDE = [
    "/sign-in",
    "/sign-in/forgotten",
    "/welcome/used",
    "/f/power",
    "/f/nobody",
    "{link}",
    "{link}/book",
    "/c/x.y",
]
INSIDE = ["/cases", "/search?q=holder:me+state:closed", "/cases/{outage}", "/cases/{fence}", "/promises", "/notices",
          "/contacts/new?phone=0712345678", "/me", "/me/notifications", "/cases/{outage}/promise",
          "/cases/{outage}/book", "/callbacks?whose=all", "/chats", "/offers"]  # fmt: skip


async def in_arabic(visit: Visit, url: str, **options: object) -> Page:
    """A page for somebody who chose Arabic, which counts before what is known of them."""
    page = await visit(url, locale="ar-EG", **options)
    await page.context.add_cookies([{"name": "ahadi-language", "value": "ar", "url": url}])
    await page.reload()
    return page


async def wrongs(page: Page, path: str, colours: str) -> list[str]:
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await expect(page.locator("html")).to_have_attribute("lang", "ar")
    wrong = [f"{path}: {each}" for each in await violations(page, colours)]
    return wrong + ([f"{path}: scrolls sideways"] if await scrolls_sideways(page) else [])


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_pages_outside_the_desk_run_from_right_to_left(
    desk: Desk, visit: Visit, width: int, colours: str
) -> None:
    link = await a_customer_link(desk.database, desk.centre, "outage")
    page = await in_arabic(visit, f"{desk.url}/sign-in", width=width, color_scheme=colours)
    wrong: list[str] = []
    for path in OUTSIDE:
        await page.goto(desk.url + path.format(link=link))
        wrong += await wrongs(page, path, colours)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_pages_of_the_desk_run_from_right_to_left(desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await signed_in(desk, visit, width, colours)
    wrong: list[str] = []
    for path in INSIDE:
        await page.goto(address(desk, path))
        wrong += await wrongs(page, path, colours)
    assert not wrong, "\n".join(wrong)


async def signed_in(desk: Desk, visit: Visit, width: int = 1440, colours: str = "light") -> Page:
    page = await visit(f"{desk.url}/sign-in", width=width, color_scheme=colours)
    await sign_in(page, "amina", desk)
    await page.context.add_cookies([{"name": "ahadi-language", "value": "ar", "url": desk.url}])
    return page


async def left_of(page: Page, selector: str) -> float:
    await expect(page.locator(selector).first).to_be_visible()
    box = await page.locator(selector).first.bounding_box()
    assert box is not None
    return box["x"]


async def test_the_columns_of_a_case_stand_the_other_way_round(desk: Desk, visit: Visit) -> None:
    page = await signed_in(desk, visit)
    await page.goto(desk.case("outage"))
    work, conversation, aside = [await left_of(page, each) for each in (".work", ".conversation", ".aside")]
    assert work > conversation > aside
    await page.context.add_cookies([{"name": "ahadi-language", "value": "en", "url": desk.url}])
    await page.reload()
    work, conversation, aside = [await left_of(page, each) for each in (".work", ".conversation", ".aside")]
    assert work < conversation < aside


async def test_icons_that_point_are_mirrored_and_others_are_not(desk: Desk, visit: Visit) -> None:
    page = await signed_in(desk, visit)
    await page.goto(f"{desk.url}/me/notifications")
    scale = "e => getComputedStyle(e).scale"
    assert await page.locator(".icon:has(use[href$='#arrow-left'])").first.evaluate(scale) == "-1 1"
    assert await page.locator(".icon:has(use[href$='#bell'])").first.evaluate(scale) == "none"


async def test_references_and_numbers_keep_their_order(desk: Desk, visit: Visit) -> None:
    link = await a_customer_link(desk.database, desk.centre, "outage")
    page = await in_arabic(visit, desk.url + link)
    reference = page.get_by_text(desk.centre.cases["outage"], exact=True).first
    await expect(reference).to_be_visible()
    style = "e => [getComputedStyle(e).direction, getComputedStyle(e).unicodeBidi, e.tagName]"
    assert await reference.evaluate(style) == ["ltr", "isolate", "BDI"]
    phone = page.locator("a[href^='tel:'] bdi").first
    await expect(phone).to_be_visible()
    assert (await phone.evaluate(style))[:2] == ["ltr", "isolate"]
    await expect(page.locator("h1")).to_have_attribute("dir", "auto")


async def test_a_customer_reads_and_books_in_arabic(own_desk: Desk, visit: Visit) -> None:
    link = await a_customer_link(own_desk.database, own_desk.centre, "bill")
    page = await in_arabic(visit, own_desk.url + link, width=390, java_script_enabled=False)
    await expect(page.get_by_text("ما الخطوة التالية")).to_be_visible()
    await expect(page.get_by_text("وصل الطلب")).to_be_visible()
    await page.get_by_role("link", name="احجز مكالمة أو زيارة").click()
    await page.locator('input[name="at"]').first.check()
    await page.get_by_label("الرقم الذي نتصل به").fill("+254 712 000111")
    await page.get_by_role("button", name="احجز", exact=True).click()
    await expect(page.get_by_role("link", name="تغيير أو إلغاء")).to_be_visible()
