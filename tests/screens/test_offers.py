"""Offers on the screen: they come by themselves, are answered on the spot, and supervisors see why they went where."""

import pytest
from playwright.async_api import expect

from ahadi import promises
from ahadi.cases import get_case
from ahadi.routing import offer_actions, wrap_ups
from ahadi.routing.offer_duty import offer_waiting
from tests.screens.builders import Call, contact
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import scrolls_sideways, violations

pytestmark = pytest.mark.browser
CALL = Call(0, "lamp", "power", "email", "Jane Wairimu", "jane@mail.example", None,
            "Street lamp flickers", "Since Sunday, in front of number 12.")  # fmt: skip


async def offering(desk: Desk, *available: str) -> None:
    """Care's work is offered, and only these people are available."""
    people = [desk.centre.people[each] for each in available]
    async with desk.database.work(desk.centre.everything) as work:
        await work.execute("update person set presence = 'break' where id <> all(%(people)s)", {"people": people})
        chosen = {"departments": {"care": {"offer": True}}, "capacity": {"case": 20}}
        await offer_actions.change_offering(work, desk.centre.organisations["power"], chosen)
    await look(desk)


async def look(desk: Desk) -> None:
    """What the worker does."""
    everywhere = list(desk.centre.organisations.values())
    await wrap_ups.keep_wrap_ups(desk.database, everywhere)
    while await offer_waiting(desk.database, everywhere):
        pass


async def another(desk: Desk) -> str:
    """A case that comes while somebody looks."""
    return (await contact(desk.database, desk.centre, CALL)).case.reference


async def test_an_offer_comes_by_itself_and_is_accepted_on_the_spot(own_desk: Desk, visit: Visit) -> None:
    await offering(own_desk)
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/offers")
    await expect(page.get_by_role("heading", name="Nothing is offered to you")).to_be_visible()
    await page.get_by_label("Your presence").select_option("available")
    await expect(page.get_by_text("Your presence is changed.")).to_be_visible()
    reference = await another(own_desk)
    await look(own_desk)
    offer = page.locator(".offer", has_text="Street lamp flickers")
    await expect(offer).to_contain_text("Answer until 10:17")
    await offer.get_by_role("button", name="Accept").click()
    await page.wait_for_url(f"**/cases/{reference}")
    await expect(page.get_by_text("You have the case now.")).to_be_visible()


async def test_an_offer_reaches_whoever_reads_another_case_and_is_declined_with_a_reason(
    own_desk: Desk, visit: Visit
) -> None:
    await offering(own_desk, "amina")
    page = await visit(f"{own_desk.url}/sign-in")
    open_case = f"/cases/{own_desk.centre.cases['outage']}"
    await sign_in(page, "amina", own_desk, open_case)
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    await another(own_desk)
    await look(own_desk)
    offer = page.locator("#work .offer", has_text="Street lamp flickers")
    await offer.get_by_role("link", name="Decline").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("Somebody else knows this better").click()
    await dialog.get_by_label("In your own words").fill("It is the council's lamp.")
    await dialog.get_by_role("button", name="Decline").click()
    await expect(page.get_by_text("It goes to the next colleague.")).to_be_visible()
    await page.wait_for_url(f"**{open_case}")
    await expect(offer).to_have_count(0)


async def test_after_the_work_one_word_says_what_it_came_to(own_desk: Desk, visit: Visit) -> None:
    await offering(own_desk)
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/offers")
    await page.get_by_label("Your presence").select_option("available")
    await expect(page.get_by_text("Your presence is changed.")).to_be_visible()
    reference = await another(own_desk)
    await look(own_desk)
    await page.locator(".offer", has_text="Street lamp").get_by_role("button", name="Accept").click()
    await page.wait_for_url(f"**/cases/{reference}")
    async with own_desk.database.work(own_desk.centre.actor("amina")) as work:
        keep = [each.id for each in (await get_case(work, reference)).open_promises]
        await promises.resolve_case(work, reference, keep=keep)
    await look(own_desk)
    await page.goto(f"{own_desk.url}/offers")
    await expect(page.get_by_label("Your presence")).to_have_value("wrap-up")
    await page.get_by_role("link", name="Say what it came to").click()
    await page.get_by_role("dialog").get_by_text("Solved").click()
    await page.get_by_role("dialog").get_by_role("button", name="Done").click()
    await page.wait_for_url("**/offers")
    await expect(page.get_by_label("Your presence")).to_have_value("available")
    await expect(page.get_by_role("link", name="Say what it came to")).to_have_count(0)


async def test_a_supervisor_sees_to_whom_and_why(own_desk: Desk, visit: Visit) -> None:
    await offering(own_desk, "amina")
    reference = await another(own_desk)
    await look(own_desk)
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "grace", own_desk, "/offers")
    await page.locator(".row", has_text="Street lamp flickers").get_by_role("link").click()
    await page.wait_for_url(f"**/offers/why/{reference}")
    await expect(page.get_by_text("until they answer nobody else is asked")).to_be_visible()
    await page.get_by_text("Who was considered").click()
    considered = page.locator("details .row")
    await expect(considered.filter(has_text="Amina Otieno")).to_contain_text("Nobody else could be offered it")
    await expect(considered.filter(has_text="Chao Mwakio")).to_contain_text("not on shift")
    await expect(considered.filter(has_text="Brian Kiprop")).to_contain_text("On a break")


@pytest.mark.parametrize(("width", "colours"), [(w, c) for w in (1440, 390) for c in ("light", "dark")])
async def test_no_page_of_offers_shuts_anybody_out(own_desk: Desk, visit: Visit, width: int, colours: str) -> None:
    await offering(own_desk, "amina")
    reference = await another(own_desk)
    await look(own_desk)
    for name, paths in (("grace", ("/offers", f"/offers/why/{reference}")), ("amina", ("/cases", "/offers"))):
        page = await visit(f"{own_desk.url}/sign-in", width=width, color_scheme=colours)
        await sign_in(page, name, own_desk)
        wrong: list[str] = []
        for path in paths:
            await page.goto(own_desk.url + path)
            await page.evaluate("document.querySelectorAll('section details').forEach(each => each.open = true)")
            wrong += [f"{path}: {each}" for each in await violations(page, colours)]
            wrong += [f"{path}: scrolls sideways"] if await scrolls_sideways(page) else []
        assert not wrong, "\n".join(wrong)
    await page.get_by_role("link", name="Decline").first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert not await violations(page, colours)
