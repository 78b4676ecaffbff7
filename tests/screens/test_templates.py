"""The words of messages: what there is, an editor with a true preview, what is refused and why, what is used next."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from ahadi import contacts
from tests.screens.builders import Call, contact
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import LOOKS, scrolls_sideways, violations

pytestmark = pytest.mark.browser
RECEIVED = "/templates/edit?organisation=power&slug=received&channel=sms&language=en"


async def at_words(visit: Visit, desk: Desk, path: str, who: str = "grace", **options: Any) -> Page:
    page = await visit(f"{desk.url}/sign-in", **options)
    await sign_in(page, who, desk, "/templates")
    await page.goto(desk.url + path)
    return page


async def told(desk: Desk, number: int) -> str:
    """What somebody is sent who writes for the first time."""
    call = Call(
        1, "x", "power", "sms", "Salma Juma", f"+254 711 00001{number}", "bill", "A bill", "What is this?", "en"
    )
    taken = await contact(desk.database, desk.centre, call)
    async with desk.database.read(desk.centre.everything) as work:
        found = await contacts.messages_of(work, taken.case.organisation_id, taken.case.id)
    return next(each.body for each in found if each.template == "received")


async def test_words_are_changed_seen_as_the_customer_sees_them_saved_used_and_taken_back(
    own_desk: Desk, visit: Visit
) -> None:
    before = await told(own_desk, 1)
    page = await at_words(visit, own_desk, "/templates?organisation=power")
    await page.get_by_role("link", name="The request was received, SMS, English: the product's words").click()
    text, shown = page.get_by_label("Text"), page.locator("#shown")
    await expect(shown).to_contain_text("May be sent")
    await expect(shown).to_contain_text("GSM-7")
    await text.fill("We have it: ")
    await page.get_by_role("button", name="case.reference", exact=True).click()
    await expect(text).to_have_value("We have it: {{ case.reference }}")
    await expect(shown).to_contain_text("We have it: PW-K7MQ2XC")
    await expect(shown).to_contain_text("1 segment · 22 characters · 138 left in the last")
    reference = own_desk.centre.cases["outage"]
    await page.get_by_label("Try it with the customer of").select_option(reference)
    await expect(shown).to_contain_text(f"We have it: {reference}")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("These words are in force: the next message uses them.")).to_be_visible()
    assert (await told(own_desk, 2)).startswith("We have it: PW-")
    await page.get_by_role("button", name="Back to the product's words").click()
    await expect(page.get_by_text("The product's own words are used again.")).to_be_visible()
    assert (await told(own_desk, 3))[:12] == before[:12]
    await page.get_by_role("link", name="Put version 1 into the editor").click()
    await expect(text).to_have_value("We have it: {{ case.reference }}")


async def test_what_would_be_refused_is_told_while_it_is_written(own_desk: Desk, visit: Visit) -> None:
    page = await at_words(visit, own_desk, RECEIVED)
    text, shown = page.get_by_label("Text"), page.locator("#shown")
    await text.fill("Dear {{ customer.nam }}")
    await expect(shown).to_contain_text(
        "Line 1 of the text: customer.nam is not a variable we know; did you mean customer.name?"
    )
    await text.fill("Call {{ callback.phone }}")
    await page.get_by_label("Try it with the customer of").select_option(own_desk.centre.cases["outage"])
    await expect(shown).to_contain_text("Nothing to say for: the number to call. The message would wait for a person.")
    await text.fill("Habari ya asubuhi, tumeupata ujumbe wako na tutaushughulikia mara moja ✓ asante")
    await expect(shown).to_contain_text("2 segments")
    await expect(shown).to_contain_text("UCS-2")
    await expect(shown).to_contain_text("Without ✓ the message would fit into fewer segments")
    await text.fill("See #power")
    await expect(shown).to_contain_text("An SMS has no hashtags")
    await text.fill("{{ customer.nam }}")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text(
        "Line 1 of the text: customer.nam is not a variable we know"
    )
    await expect(text).to_have_value("{{ customer.nam }}")


async def test_a_refusal_is_told_in_swahili(own_desk: Desk, visit: Visit) -> None:
    page = await at_words(visit, own_desk, RECEIVED)
    await page.context.add_cookies([{"name": "ahadi-language", "value": "sw", "url": own_desk.url}])
    await page.reload()
    await page.locator("textarea").fill("{% for x in y %}{% endfor %}\n{{ customer.nam }}")
    await expect(page.locator("#shown")).to_contain_text(
        "Mstari 1 wa maandishi: kitanzi haiwezi kutumika katika kiolezo"
    )
    await expect(page.locator("#shown")).to_contain_text("Mstari 2 wa maandishi: customer.nam si kigezo tunachokijua")


async def test_two_who_write_the_same_message_overwrite_each_other_never_unseen(own_desk: Desk, visit: Visit) -> None:
    grace = await at_words(visit, own_desk, RECEIVED)
    naomi = await at_words(visit, own_desk, RECEIVED, "naomi")
    await grace.get_by_label("Text").fill("From Grace")
    await grace.get_by_role("button", name="Save").click()
    await expect(grace.get_by_text("These words are in force: the next message uses them.")).to_be_visible()
    await expect(naomi.locator("#history")).to_contain_text("Grace Njeri")
    await naomi.get_by_label("Text").fill("From Naomi")
    await naomi.get_by_role("button", name="Save").click()
    await expect(naomi.get_by_role("alert")).to_contain_text("These words were changed meanwhile")
    await expect(naomi.get_by_text("From Grace")).to_be_visible()
    await expect(naomi.get_by_label("Text")).to_have_value("From Naomi")


async def test_words_kept_ready_are_seen_filled_before_they_are_kept(own_desk: Desk, visit: Visit) -> None:
    page = await at_words(visit, own_desk, "/words?organisation=power")
    await page.get_by_label("Words", exact=True).fill("{{ customer.greeting }}, the form is on its way.")
    await page.get_by_label("Try it with the customer of").select_option(own_desk.centre.cases["move"])
    await expect(page.locator("#shown")).to_contain_text("Hello Faith Chebet, the form is on its way.")
    assert not await violations(page)


async def test_the_words_of_another_organisation_are_not_opened(desk: Desk, visit: Visit) -> None:
    page = await at_words(visit, desk, "/words", "naomi")
    for named in ("net", "nowhere"):
        answer = await page.goto(f"{desk.url}/words?organisation={named}")
        assert answer is not None and answer.status == 404
        await expect(page.get_by_text("There is no such organisation, or you have no access to it.")).to_be_visible()
        await expect(page.get_by_label("Words", exact=True)).to_have_count(0)


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_no_page_of_messages_shuts_anybody_out(desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await at_words(visit, desk, "/templates", width=width, color_scheme=colours)
    wrong: list[str] = []
    mail = RECEIVED.replace("sms", "email")
    own = RECEIVED.replace("received", "planned_work")
    for path in ("/templates?organisation=power", RECEIVED, mail, own, "/words?organisation=power"):
        await page.goto(desk.url + path)
        wrong += [f"{path}: {each}" for each in await violations(page, colours)]
        wrong += [f"{path}: scrolls sideways"] if await scrolls_sideways(page) else []
    assert not wrong, "\n".join(wrong)
