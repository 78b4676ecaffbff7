"""What people do at the desk, in a real browser."""

import re

import pytest
from playwright.async_api import Page, expect

from ahadi import cases, contacts, promises
from ahadi.contacts import Message
from tests.screens.builders import PASSWORD
from tests.screens.conftest import Desk, Visit, sign_in

pytestmark = pytest.mark.browser


async def at_case(visit: Visit, desk: Desk, called: str, who: str = "amina", **options: object) -> Page:
    page = await visit(f"{desk.url}/sign-in", **options)
    return await sign_in(page, who, desk, f"/cases/{desk.centre.cases[called]}")


async def messages(desk: Desk, called: str) -> list[Message]:
    async with desk.database.read(desk.centre.everything) as work:
        case = await cases.get_case(work, desk.centre.cases[called])
        return await contacts.messages_of(work, case.organisation_id, case.id)


async def test_from_sign_in_to_a_kept_promise_with_the_keyboard_alone(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/promises")
    await page.keyboard.press("Tab")
    await tab_to(page, "E-mail address")
    await page.keyboard.type(own_desk.centre.email("amina"))
    await tab_to(page, "Password")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/promises")
    await tab_to(page, "Keep: Nobody called back for two days")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Keep the promise")
    await expect(dialog).to_be_visible()
    await tab_to(page, "I spoke with the customer")
    await tab_to(page, "Note")
    await page.keyboard.type("He agreed to a visit on Thursday.")
    await tab_to(page, "Kept")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The promise is kept.")).to_be_visible()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("button", name="Keep: Nobody called back for two days")).to_have_count(0)
    await expect(page.locator("#page")).to_be_focused()


async def test_the_first_tab_skips_to_the_content_and_a_dialog_gives_the_focus_back(desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, desk, "move")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#page")).to_be_focused()
    await tab_to(page, "Promise")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Promise something")
    await expect(dialog.get_by_role("radio", checked=True)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="Promise", exact=True)).to_be_focused()


async def test_a_form_without_script_has_a_page_that_says_what_it_is_for(desk: Desk, visit: Visit) -> None:
    page = await visit(f"{desk.url}/sign-in", java_script_enabled=False)
    reference = desk.centre.cases["move"]
    await sign_in(page, "amina", desk, f"/cases/{reference}/promise")
    await expect(page).to_have_title(f"Promise something · {reference} · Ahadi")
    await page.get_by_label("Due at the latest").fill("2020-01-01T10:00")
    await page.get_by_label("In words for the customer").fill("We were there yesterday.")
    await page.evaluate("() => document.querySelector('#f-due').removeAttribute('min')")
    await page.get_by_role("button", name="Promise").click()
    await expect(page.get_by_role("alert")).to_contain_text("passed already")
    await expect(page.get_by_label("In words for the customer")).to_have_value("We were there yesterday.")
    await expect(page.get_by_label("Due at the latest")).to_have_value("2020-01-01T10:00")


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has this name has the focus."""
    named = (
        "() => { const e = document.activeElement;"
        " const label = e.labels?.[0] ?? e.closest('label');"
        " return (e.getAttribute('aria-label') || label?.textContent || e.textContent || '').trim(); }"
    )
    seen = []
    for _ in range(60):
        if (await page.evaluate(named)).startswith(name):
            return
        seen.append(await page.evaluate(named))
        await page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached by the keyboard; these are: {seen}")


async def test_a_reply_goes_out_and_can_be_taken_back_for_some_seconds(own_desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, own_desk, "move")
    await page.get_by_label("Reply to Faith Chebet").fill("The form is attached to this mail.")
    await page.get_by_role("button", name="Send the reply").click()
    await expect(page.get_by_text("Your reply is on its way.")).to_be_visible()
    entry = page.locator(".entry-out", has_text="The form is attached to this mail.")
    await expect(entry).to_contain_text("Amina Otieno")
    await expect(page.get_by_label("Reply to Faith Chebet")).to_have_value("")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("Your reply was taken back.")).to_be_visible()
    await expect(entry).to_contain_text("Taken back")
    assert [each.state for each in await messages(own_desk, "move")][-1] == "cancelled"


async def test_a_note_looks_like_no_reply_and_never_goes_out(own_desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, own_desk, "move")
    await page.get_by_label("Reply to Faith Chebet").fill("half a reply")
    await page.get_by_text("Note", exact=True).click()
    await expect(page.get_by_role("button", name="Send the reply")).to_be_hidden()
    await expect(page.get_by_label("Note for colleagues")).to_have_value("")
    await page.get_by_label("Note for colleagues").fill("She is a neighbour of the repair yard.")
    await page.get_by_role("button", name="Keep the note").click()
    note = page.locator(".entry-note", has_text="She is a neighbour")
    await expect(note).to_contain_text("Note by Amina Otieno")
    await expect(note).to_contain_text("the customer does not see it")
    written = (await messages(own_desk, "move"))[-1]
    assert (written.direction, written.state) == ("note", "noted")


async def test_what_is_wrong_with_a_reply_is_said_and_no_word_of_it_is_lost(own_desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, own_desk, "move")
    words = "Dear {insert name here}, thank you for choosing us."
    await page.get_by_label("Reply to Faith Chebet").fill(words)
    await page.get_by_role("button", name="Send the reply").click()
    await expect(page.get_by_role("alert")).to_contain_text("placeholder")
    await expect(page.get_by_label("Reply to Faith Chebet")).to_have_value(words)
    assert all(words not in each.body for each in await messages(own_desk, "move"))


async def test_a_promise_is_made_in_a_dialog_and_stands_first_where_it_is_due_first(
    own_desk: Desk, visit: Visit
) -> None:
    page = await at_case(visit, own_desk, "move")
    await page.get_by_role("button", name="Promise").or_(page.get_by_role("link", name="Promise", exact=True)).click()
    dialog = page.get_by_role("dialog", name="Promise something")
    await dialog.get_by_label("Call back").check()
    await dialog.get_by_role("button", name="in 30 min").click()
    await dialog.get_by_label("In words for the customer").fill("Amina calls you about the form.")
    await dialog.get_by_role("button", name="Promise").click()
    await expect(page.get_by_text("Promised.", exact=True)).to_be_visible()
    await expect(dialog).to_be_hidden()
    await expect(page.locator(".touch-next")).to_contain_text("Call back")
    await expect(page.locator(".touch-next")).to_contain_text(re.compile(r"in (29|30) min"))
    await expect(page.locator(".timeline")).to_contain_text("Amina calls you about the form.")


async def test_a_time_that_has_passed_is_refused_in_the_dialog_with_everything_still_there(
    own_desk: Desk, visit: Visit
) -> None:
    page = await at_case(visit, own_desk, "move")
    await page.get_by_role("link", name="Promise", exact=True).click()
    dialog = page.get_by_role("dialog", name="Promise something")
    await dialog.get_by_label("In words for the customer").fill("We were there yesterday.")
    await dialog.get_by_label("Due at the latest").evaluate("e => { e.min = ''; e.value = '2026-11-24T08:00'; }")
    await dialog.get_by_role("button", name="Promise").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("passed already")
    await expect(dialog.get_by_label("In words for the customer")).to_have_value("We were there yesterday.")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_a_case_is_handed_over_with_a_note_and_its_promises(own_desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, own_desk, "move")
    await page.get_by_role("link", name="Hand over").click()
    dialog = page.get_by_role("dialog", name="Hand the case over")
    await dialog.get_by_label("To", exact=True).select_option(label="Brian Kiprop")
    await dialog.get_by_label("What they should know").fill("She moves on the first.")
    await dialog.get_by_role("button", name="Hand over").click()
    await expect(page.get_by_text("The case is handed over")).to_be_visible()
    await expect(page.locator(".holder-name").first).to_have_text("Brian Kiprop")
    await expect(page.locator(".timeline")).to_contain_text("Handed to Brian Kiprop")
    await page.get_by_role("button", name="Take it").click()
    await expect(page.locator(".holder-name").first).to_have_text("Amina Otieno")


async def test_whoever_is_off_shift_is_marked_and_what_they_are_to_keep_is_told_to_pass_on(
    own_desk: Desk, visit: Visit
) -> None:
    page = await at_case(visit, own_desk, "move")
    await page.get_by_role("link", name="Hand over").click()
    dialog = page.get_by_role("dialog", name="Hand the case over")
    offered = dialog.get_by_label("To", exact=True).locator("option")
    await expect(offered.filter(has_text="Chao Mwakio – off shift until 14:00")).to_have_count(1)
    options = await offered.all_inner_texts()
    assert options.index("Brian Kiprop") < options.index("Chao Mwakio – off shift until 14:00")
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Promise", exact=True).click()
    dialog = page.get_by_role("dialog", name="Promise something")
    await expect(dialog).to_contain_text("passes to a colleague on shift or on call")
    await dialog.get_by_label("Who keeps it").select_option(label="Chao Mwakio – off shift until 14:00")
    await dialog.get_by_role("button", name="in 1 h").click()
    await dialog.get_by_role("button", name="Promise").click()
    await expect(page.get_by_text("Promised. Chao Mwakio is not at work when the promise is due")).to_be_visible()
    await promises.watch_once(own_desk.database)
    await page.reload()
    passed = page.locator(".entry-step", has_text="Promise passed to")
    await expect(passed.last).to_contain_text("at the end of a shift")


async def test_resolving_asks_what_becomes_of_each_open_promise_and_it_can_be_reopened(
    own_desk: Desk, visit: Visit
) -> None:
    page = await at_case(visit, own_desk, "move")
    await page.get_by_role("link", name="Resolve").click()
    dialog = page.get_by_role("dialog", name="Resolve the case")
    await dialog.get_by_label("What was done").fill("The supply moves with you on 1 December.")
    await expect(dialog.get_by_label("Kept")).to_have_count(2)
    await dialog.get_by_label("Withdrawn").last.check()
    await dialog.get_by_role("button", name="Resolve and tell the customer").click()
    await expect(page.get_by_text("The case is resolved")).to_be_visible()
    await expect(page.locator(".case-head")).to_contain_text("Resolved")
    await page.get_by_role("link", name="Reopen").click()
    await page.get_by_role("dialog").get_by_role("button", name="Reopen").click()
    await expect(page.get_by_text("The case is open again")).to_be_visible()
    await expect(page.locator(".touch-next")).to_contain_text("Update")


async def test_a_promise_is_renewed_with_how_the_customer_was_told(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/promises")
    await page.get_by_role("link", name="Renew: Nobody called back for two days").click()
    dialog = page.get_by_role("dialog", name="Promise another time")
    await dialog.get_by_role("button", name="in 4 h").click()
    await dialog.get_by_label("I told them on the phone").check()
    await dialog.get_by_label("Words (optional)").fill("Told him that the manager is back at two.")
    await dialog.get_by_role("button", name="Promise this time").click()
    await expect(page.get_by_text("Another time is promised")).to_be_visible()
    assert page.url.endswith("/promises")
    await expect(page.locator(".promise-row", has_text="Nobody called back")).to_contain_text("14:12")


async def test_tags_and_priority_are_set_and_the_link_is_revoked(own_desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, own_desk, "move")
    await page.get_by_text("More", exact=True).click()
    await page.get_by_role("link", name="Reason, priority, tags").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("High").check()
    await dialog.get_by_label("Tags").fill("Moving, ngong road")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.locator(".case-head")).to_contain_text("High")
    await expect(page.locator(".case-head")).to_contain_text("ngong-road")
    await page.get_by_text("More", exact=True).click()
    await page.get_by_role("link", name="Link to the customer's page").click()
    link = await page.get_by_role("dialog").get_by_role("textbox").input_value()
    await page.get_by_role("button", name="Revoke all links").click()
    await expect(page.get_by_text("worthless now")).to_be_visible()
    other = await visit(link)
    await expect(other.get_by_role("heading", name="Nothing here")).to_be_visible()


async def test_a_call_is_taken_in_with_the_customer_recognised_and_joins_their_case(
    own_desk: Desk, visit: Visit
) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/contacts/new")
    await page.get_by_label("Telephone").fill("0712 345678")
    await page.get_by_label("Name").focus()
    await expect(page.locator("#known")).to_contain_text("Neema Mwende")
    await expect(page.locator("#known")).to_contain_text("No power in Kilimani")
    await page.get_by_label("Reason").select_option(label="No electricity")
    await page.get_by_label("What they said").fill("She asks whether the generator can come now.")
    await page.get_by_role("button", name="Take it in").click()
    await page.wait_for_url(f"**/cases/{own_desk.centre.cases['outage']}")
    await expect(page.get_by_text("joined the case that is there already")).to_be_visible()
    await expect(page.locator(".timeline")).to_contain_text("whether the generator can come now")


async def test_a_call_of_somebody_new_opens_a_case(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/contacts/new")
    await page.get_by_label("Telephone").fill("not a number")
    await page.get_by_label("What they said").fill("The street lamp is out.")
    await page.get_by_role("button", name="Take it in").click()
    await expect(page.get_by_role("alert")).to_contain_text("not a telephone number")
    await expect(page.get_by_label("What they said")).to_have_value("The street lamp is out.")
    await page.get_by_label("Telephone").fill("+254 799 000111")
    await page.get_by_role("button", name="Take it in").click()
    await page.wait_for_url(re.compile(r"/cases/PW-"))
    await expect(page.get_by_text("a case is open")).to_be_visible()


async def test_cases_are_found_by_words_by_reference_and_by_customer(desk: Desk, visit: Visit) -> None:
    page = await visit(f"{desk.url}/sign-in")
    await sign_in(page, "amina", desk)
    rows = page.locator(".case-row")
    await expect(rows).to_have_count(11)
    await page.get_by_label("Words, reference or customer").fill("kilimani")
    await expect(rows).to_have_count(1)
    assert "q=kilimani" in page.url
    await page.get_by_label("Words, reference or customer").fill("mwende")
    await page.get_by_role("link", name="Neema Mwende +254 712 345678").click()
    await expect(rows).to_have_count(1)
    await page.goto(f"{desk.url}/cases?holder=me")
    await expect(rows).to_have_count(3)
    await page.get_by_label("State").select_option("resolved")
    await expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    await page.get_by_label("Find anything").fill(desk.centre.cases["bill"].lower().replace("-", " "))
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/cases/{desk.centre.cases['bill']}")


async def test_notices_are_told_until_they_were_seen(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "naomi", own_desk, "/notices")
    await expect(page.locator("#nav .count").last).to_have_text("2")
    await expect(page.locator(".notice-row").first).to_be_visible()
    await page.get_by_role("button", name="Mark all as seen").click()
    await expect(page.get_by_role("heading", name="You have seen everything")).to_be_visible()
    await expect(page.locator("#nav", has_text="Notices").locator("[href='/notices'] .count")).to_have_count(0)


async def test_waiting_messages_are_sent_marked_or_cancelled_by_who_may(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "grace", own_desk, "/messages")
    await expect(page.locator(".message-row")).to_have_count(2)
    await page.get_by_role("button", name="It arrived").click()
    await expect(page.locator(".message-row")).to_have_count(1)
    await page.get_by_label("Words").fill("Dear Wanjiru, write to us at {address}.")
    await page.get_by_role("button", name="Send again").click()
    await expect(page.get_by_role("alert")).to_contain_text("nothing to say")
    await expect(page.get_by_label("Words")).to_have_value("Dear Wanjiru, write to us at {address}.")
    await page.get_by_role("button", name="Do not send").click()
    await expect(page.get_by_role("heading", name="No message waits")).to_be_visible()


async def test_an_administrator_sees_cases_and_no_way_to_work_them(desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, desk, "outage", "hamisi")
    await expect(page.locator(".timeline")).to_contain_text("oxygen machine")
    for name in ("Promise", "Hand over", "Resolve", "Send the reply"):
        await expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
    await expect(page.locator(".composer")).to_have_count(0)


async def test_the_likely_duplicate_is_merged_from_the_case(own_desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, own_desk, "outage")
    await expect(page.get_by_text("Perhaps the same person")).to_be_visible()
    await page.get_by_role("button", name="The same", exact=True).click()
    await expect(page.get_by_text("They are one customer now.")).to_be_visible()
    await expect(page.locator(".facts").last).to_contain_text("neema.mwende@mail.example")
