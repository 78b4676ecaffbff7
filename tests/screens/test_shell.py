"""What surrounds the work: open cases as tabs, the palette, single keys and the sheet that lists them, my work."""

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from ahadi import cases
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import violations

pytestmark = pytest.mark.browser


async def at_case(visit: Visit, desk: Desk, called: str, who: str = "amina", **options: object) -> Page:
    page = await visit(f"{desk.url}/sign-in", **options)
    return await sign_in(page, who, desk, f"/cases/{desk.centre.cases[called]}")


async def test_several_cases_stay_open_as_tabs_and_are_closed_by_key_and_by_hand(desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, desk, "move")
    for called in ("fence", "complaint"):
        await page.goto(desk.case(called))
    tabs = page.get_by_role("navigation", name="Open cases").get_by_role("link")
    await expect(tabs).to_have_text(
        ["Moving house on the first", "Meter shows another house's number", "Nobody called back for two days"]
    )
    await expect(tabs.last).to_have_attribute("aria-current", "page")
    await page.keyboard.press("[")
    await page.wait_for_url(f"**/cases/{desk.centre.cases['fence']}")
    await page.get_by_role("button", name="Close the tab of Moving house on the first").click()
    await expect(tabs).to_have_count(2)
    await page.keyboard.press("x")
    await page.wait_for_url(f"**/cases/{desk.centre.cases['complaint']}")
    await expect(tabs).to_have_text(["Nobody called back for two days"])


async def test_tabs_belong_to_one_person_and_their_subjects_go_with_the_sign_out(desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, desk, "move")
    await page.get_by_text("You: Amina Otieno").locator("..").click()
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/sign-in*")
    held = await page.evaluate("() => JSON.stringify(localStorage)")
    assert desk.centre.cases["move"] in held and "Moving house" not in held
    await sign_in(page, "brian", desk)
    await expect(page.locator("#open-cases")).to_be_hidden()


async def test_the_palette_finds_cases_by_words_and_by_reference_and_pages_and_deeds(desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, desk, "move")
    find = page.get_by_role("combobox", name="A case, a person, a page or something to do")
    await page.keyboard.press("Control+k")
    await expect(find).to_be_focused()
    await page.keyboard.type("leaning pole")
    await expect(page.get_by_role("option", name=re.compile("Leaning pole near the school"))).to_be_visible()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/cases/{desk.centre.cases['pole']}")
    await page.keyboard.press("Control+k")
    await page.keyboard.type(desk.centre.cases["router"].replace("-", " ").lower())
    await expect(page.get_by_role("option", name=re.compile(desk.centre.cases["router"]))).to_be_visible()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/cases/{desk.centre.cases['router']}")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("hand over")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Hand the case over")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("notices")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/notices")


async def test_an_answer_that_comes_late_is_not_put_among_those_to_other_words(desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, desk, "move")
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        asked.set()
        await may_answer.wait()
        await route.continue_()

    await page.route("**/palette?*", slowly, times=1)
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox", name="A case, a person, a page or something to do")).to_be_focused()
    await page.keyboard.type("leaning")
    await asyncio.wait_for(asked.wait(), 60)
    async with page.expect_response(re.compile("/palette.*pole")) as answered:
        await page.keyboard.type(" pole")
        may_answer.set()
    await (await answered.value).finished()
    await expect(page.get_by_role("option", name=re.compile("Leaning pole near the school"))).to_have_count(1)


async def test_the_sheet_lists_the_keys_that_work_and_they_work(desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, desk, "move")
    await page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys on this page")
    await expect(sheet).to_be_visible()
    listed = await sheet.locator("dt").all_inner_texts()
    assert {"R", "C", "P", "A", "?"} <= {each.strip() for each in listed}
    await page.keyboard.press("Escape")
    await page.keyboard.press("c")
    await expect(page.get_by_label("Note for colleagues")).to_be_focused()
    await page.keyboard.type("rcpa?jkx[]")
    await expect(page.get_by_label("Note for colleagues")).to_have_value("rcpa?jkx[]")
    await page.get_by_label("Note for colleagues").blur()
    await page.keyboard.press("r")
    await expect(page.get_by_label("Reply to Faith Chebet")).to_be_focused()
    await page.get_by_label("Reply to Faith Chebet").blur()
    await page.keyboard.press("a")
    await expect(page.get_by_role("dialog", name="Hand the case over")).to_be_visible()


async def test_j_and_k_go_along_my_work_and_along_a_list(desk: Desk, visit: Visit) -> None:
    page = await visit(f"{desk.url}/sign-in")
    await sign_in(page, "amina", desk)
    links = page.locator(".row-link")
    await page.keyboard.press("j")
    await expect(links.first).to_be_focused()
    await page.keyboard.press("j")
    await expect(links.nth(1)).to_be_focused()
    mine = list(dict.fromkeys([await each.get_attribute("href") for each in await page.locator(".work-item").all()]))
    assert len(mine) > 1
    await page.goto(f"{desk.url}{mine[0]}")
    await page.keyboard.press("j")
    await page.wait_for_url(f"**{mine[1]}")
    await page.keyboard.press("k")
    await page.wait_for_url(f"**{mine[0]}")


async def test_my_work_is_one_column_with_each_case_in_it_for_one_reason(desk: Desk, visit: Visit) -> None:
    page = await visit(f"{desk.url}/sign-in")
    await sign_in(page, "joseph", desk)
    work = page.get_by_role("complementary", name="My work")
    promised = set(await work.locator("section", has_text="What you promised").locator("a").all_inner_texts())
    held = set(await work.locator("section", has_text="Other cases you hold").locator("a").all_inner_texts())
    assert promised and not promised & held


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_the_palette_and_the_sheet_shut_nobody_out(desk: Desk, visit: Visit, colours: str) -> None:
    page = await at_case(visit, desk, "move", color_scheme=colours)
    await page.keyboard.press("?")
    wrong = await violations(page, colours)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("pole")
    await expect(page.get_by_role("option", name=re.compile("Leaning pole"))).to_be_visible()
    wrong += await violations(page, colours)
    assert not wrong, "\n".join(wrong)


async def test_the_palette_finds_customers_and_colleagues_and_what_was_mistyped(desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, desk, "move")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("neema")
    await expect(page.get_by_role("option", name=re.compile("Neema Mwende.*Customer")).first).to_be_visible()
    await page.get_by_role("combobox", name="A case, a person, a page or something to do").fill("joseph")
    colleague = page.get_by_role("option", name=re.compile("Joseph Mwangi.*Colleague"))
    await expect(colleague).to_be_visible()
    await colleague.click()
    await page.wait_for_url("**/search?q=holder:joseph")
    await expect(page.locator(".case-row").first).to_contain_text("Joseph Mwangi")


async def test_my_work_tells_who_waits_for_an_answer_until_a_person_gave_it(own_desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, own_desk, "complaint")
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    waiting = page.locator("section[aria-labelledby=work-waiting]")
    await expect(waiting.get_by_role("link")).to_have_text([re.compile("Video calls"), re.compile("Moving house")])
    async with own_desk.database.work(own_desk.centre.actor("amina")) as work:
        await cases.reply_to_customer(work, own_desk.centre.cases["move"], "The form is on its way.")
    await expect(waiting.get_by_role("link")).to_have_text([re.compile("Video calls")])
