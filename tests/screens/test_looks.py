"""What is really written and read: words without an end stay inside their place, and refusals are in one's language."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.screens.builders import PASSWORD
from tests.screens.conftest import Desk, Visit, sign_in

pytestmark = pytest.mark.browser
NAME = "Bartholomew-Christopher Wolfeschlegelsteinhausenbergerdorff"
SUBJECT = "Donaudampfschifffahrtsgesellschaft" * 5
TEXT = f"{SUBJECT}\n\nhttps://pictures.example/{'a' * 300}"
CUT = (
    "() => [...document.querySelectorAll('main, main *')].filter(each => {"
    " const box = each.getBoundingClientRect();"
    " const outside = box.right > innerWidth + 1 || box.left < -1;"
    " return box.width > 1 && outside && !each.closest('.hidden, .cut, .trap, details:not([open])'); })"
    ".map(each => each.outerHTML.slice(0, 120))"
)


async def _written(page: Page, desk: Desk) -> str:
    """A customer writes by the public form; the address of their page."""
    await page.goto(f"{desk.url}/f/power")
    await page.get_by_label("In a few words").fill(SUBJECT)
    await page.get_by_label("What do you need?").fill(TEXT)
    await page.get_by_label("Your name").fill(NAME)
    await page.get_by_label("E-mail address").fill(f"{'long' * 12}@mail.example")
    await page.get_by_role("button", name="Send").click()
    await page.get_by_role("link", name="To your page").click()
    await expect(page.locator(".talk")).to_contain_text(SUBJECT)
    return page.url


@pytest.mark.parametrize("width", [1440, 900, 390])
async def test_words_without_end_stay_inside_the_page(own_desk: Desk, visit: Visit, width: int) -> None:
    page = await visit(f"{own_desk.url}/sign-in", width=width)
    customers_page = await _written(page, own_desk)
    reference = re.search(r"[A-Z]+-\w+", await page.title())
    assert reference
    cut = {customers_page: await page.evaluate(CUT)}
    await sign_in(page, "grace", own_desk)
    for path in ("/cases", f"/cases/{reference[0]}", f"/cases/{reference[0]}/resolve", f"/cases/{reference[0]}/link",
                 f"/cases/{reference[0]}/split", "/promises?whose=departments", "/messages", "/notices"):  # fmt: skip
        await page.goto(own_desk.url + path)
        if await page.locator(".case-head").count():
            await page.get_by_text("More", exact=True).click()
        cut[path] = await page.evaluate(CUT)
    assert not {path: found for path, found in cut.items() if found}


async def test_whoever_works_in_swahili_is_told_in_swahili_what_went_wrong(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in", locale="sw-KE")
    await page.get_by_label("Anwani ya barua pepe").fill(own_desk.centre.email("amina"))
    await page.get_by_label("Nywila").fill("not this one")
    await page.get_by_role("button", name="Ingia").click()
    await expect(page.get_by_role("alert")).to_contain_text("si sahihi")
    await page.get_by_label("Nywila").fill(PASSWORD)
    await page.get_by_role("button", name="Ingia").click()
    await page.wait_for_url("**/cases")
    await page.goto(f"{own_desk.url}/me")
    await page.locator("#f-language").select_option("sw")
    await page.locator("[action='/me/preferences'] button").click()
    await expect(page.locator("html")).to_have_attribute("lang", "sw")
    await page.goto(f"{own_desk.url}/contacts/new")
    await page.get_by_label("Simu (si lazima)").fill("12")
    await page.get_by_label("Walichosema").fill("Taa ya barabarani imezimika.")
    await page.get_by_role("button", name="Pokea").click()
    await expect(page.get_by_role("alert")).to_contain_text("Hii si namba ya simu")
    await expect(page.get_by_label("Walichosema")).to_have_value("Taa ya barabarani imezimika.")
    await page.goto(f"{own_desk.url}/cases/PW-NONE")
    await expect(page.get_by_role("heading")).to_have_text("Hakuna kitu hapa")
