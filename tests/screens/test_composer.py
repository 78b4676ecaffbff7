"""Writing at the desk: drafts, canned replies, macros, files, undo, colleagues on the same case, what comes after."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from ahadi import cases, contacts, desk
from ahadi.base.ids import uuid7
from ahadi.contacts import Message
from ahadi.desk import Deeds, Macro
from ahadi.directory import Within
from ahadi.platform import files
from tests.screens.builders import PASSWORD
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import violations

pytestmark = pytest.mark.browser
PICTURE = b"\x89PNG\r\n\x1a\n a meter"


async def at_case(visit: Visit, desk_: Desk, called: str, who: str = "amina", **options: object) -> Page:
    page = await visit(f"{desk_.url}/sign-in", **options)
    return await sign_in(page, who, desk_, f"/cases/{desk_.centre.cases[called]}")


async def messages(desk_: Desk, called: str) -> list[Message]:
    async with desk_.database.read(desk_.centre.everything) as work:
        case = await cases.get_case(work, desk_.centre.cases[called])
        return await contacts.messages_of(work, case.organisation_id, case.id)


async def keep_words(desk_: Desk) -> None:
    power = desk_.centre.organisations["power"]
    async with desk_.database.work(desk_.centre.actor("grace")) as work:
        await contacts.save_canned(work, power, "form", "en", "{{ customer.greeting }}, the form is on its way.")
        await contacts.save_canned(work, power, "done", "en", "Done: {{ case.outcome }}")
        await contacts.save_canned(work, power, "thanks", "en", "Thank you for waiting.")
        deeds = Deeds(
            reply="{{ customer.greeting }}, we have your form.",
            note="Form is here.",
            promise="update",
            within=Within(4, "h"),
        )
        await desk.save_macro(work, Macro(power, uuid7(), "Form arrived", deeds))


async def test_from_sign_in_to_a_kept_promise_by_single_keys(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/cases")
    await page.get_by_label("E-mail address").focus()
    await page.keyboard.type(own_desk.centre.email("amina"))
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/cases")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("moving house")
    await expect(page.get_by_role("option", name=re.compile("Moving house on the first"))).to_be_visible()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/cases/{own_desk.centre.cases['move']}")
    await page.keyboard.press("p")
    await expect(page.get_by_role("radio", name="Update")).to_be_focused()
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("() => document.activeElement.id") == "promise-text":
            break
    await page.keyboard.type("we will tell you that the form has arrived")
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast")).to_contain_text("Promised.")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("keep")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Keep the promise")
    await expect(dialog.locator(":focus")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The promise is kept.")).to_be_visible()


async def test_a_draft_survives_a_reload_and_is_gone_when_it_is_sent(own_desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, own_desk, "move")
    reply, note = page.get_by_label("Reply to Faith Chebet"), page.get_by_label("Note for colleagues")
    await page.keyboard.press("r")
    await page.keyboard.type("The form is")
    await expect(page.locator("#draft-state")).to_have_text("Draft kept")
    await reply.blur()
    await page.keyboard.press("c")
    await page.keyboard.type("She moves with")
    await page.reload()
    await expect(reply).to_have_value("The form is")
    await page.get_by_text("Note", exact=True).click()
    await expect(note).to_have_value("She moves with")
    await page.keyboard.press("Control+Enter")
    await page.locator(".mode", has_text="Reply").click()
    await reply.fill("The form is on its way.")
    await expect(page.locator("#draft-state")).to_have_text("Draft kept")
    await page.get_by_role("button", name="Send the reply").click()
    await expect(page.get_by_text("Your reply is on its way.")).to_be_visible()
    await expect(reply).to_have_value("")
    await page.reload()
    await expect(reply).to_have_value("")
    assert [each.body for each in await messages(own_desk, "move")].count("The form is on its way.") == 1


async def test_what_is_taken_back_in_time_is_there_to_be_written_better(own_desk: Desk, visit: Visit) -> None:
    async with own_desk.database.work(own_desk.centre.everything) as work:
        longer = """settings = settings || '{"undo_seconds": 120}', version = version + 1"""
        await work.execute(f"update organisation set {longer} where slug = 'power'")  # type: ignore[arg-type]
    page = await at_case(visit, own_desk, "move")
    await page.get_by_label("Reply to Faith Chebet").fill("The from is on its way.")
    await page.get_by_role("button", name="Send the reply").click()
    undo = page.get_by_role("button", name="Undo")
    assert 0 < int(await undo.locator(".undo-left").inner_text()) <= 120
    await undo.click()
    await expect(page.get_by_text("Your reply was taken back.")).to_be_visible()
    await expect(page.get_by_label("Reply to Faith Chebet")).to_have_value("The from is on its way.")


async def test_a_slash_brings_up_canned_replies_filled_for_the_customer(own_desk: Desk, visit: Visit) -> None:
    await keep_words(own_desk)
    page = await at_case(visit, own_desk, "move")
    await page.keyboard.press("/")
    options = page.get_by_role("listbox", name="Canned replies").get_by_role("option")
    await expect(options).to_have_count(3)
    await expect(options.filter(has_text="/done")).to_contain_text("Nothing to say for: what was done")
    await page.keyboard.type("for")
    await expect(options).to_have_count(2)  # its slug, or a word of another
    assert not await violations(page)
    await page.keyboard.press("Enter")
    reply = page.get_by_label("Reply to Faith Chebet")
    await expect(reply).to_have_value("Hello Faith Chebet, the form is on its way.")
    await page.keyboard.type(" and/or the mail")
    await expect(options).to_have_count(0)


async def test_a_macro_shows_what_it_does_and_does_all_of_it(own_desk: Desk, visit: Visit) -> None:
    await keep_words(own_desk)
    page = await at_case(visit, own_desk, "move")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("form arrived")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Do all of this")
    await expect(dialog).to_contain_text("Hello Faith Chebet, we have your form.")
    assert not await violations(page)
    await dialog.get_by_role("button", name="Do all of this").click()
    await expect(page.get_by_text("All of it is done.")).to_be_visible()
    await expect(page.locator(".entry-note", has_text="Form is here.")).to_be_visible()
    await expect(page.locator(".entry-out", has_text="we have your form.")).to_be_visible()


async def test_files_are_attached_by_choice_and_drop_shown_with_size_and_removed(own_desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, own_desk, "move")
    chosen = [_file("meter.png", "image/png", PICTURE), _file("../notes.txt", "text/plain", b"x" * 2400)]
    await page.locator("#composer input[type=file]").set_input_files(chosen)
    listed = page.get_by_role("list", name="Files").get_by_role("listitem")
    await expect(listed).to_have_count(2)
    await expect(listed.last).to_contain_text("2 kB")
    await page.evaluate(
        "() => { const held = new DataTransfer();"
        " held.items.add(new File(['dropped'], 'plan.txt', {type: 'text/plain'}));"
        " document.querySelector('#composer').dispatchEvent(new DragEvent('drop',"
        " {dataTransfer: held, bubbles: true, cancelable: true})); }"
    )
    await expect(listed).to_have_count(3)
    await page.get_by_role("button", name=re.compile("Remove .*notes.txt")).click()
    await expect(listed).to_have_count(2)
    await page.get_by_label("Reply to Faith Chebet").fill("Here is your meter.")
    await page.get_by_role("button", name="Send the reply").click()
    entry = page.locator(".entry-out", has_text="Here is your meter.")
    await expect(entry.get_by_role("link")).to_have_count(2)
    await expect(listed).to_have_count(0)
    written = (await messages(own_desk, "move"))[-1]
    async with own_desk.database.read(own_desk.centre.everything) as work:
        kept = await contacts.attachments_of(work, written.organisation_id, [written.id])
        assert [each["name"] for each in kept] == ["meter.png", "plan.txt"]
        assert await files.read_file(work, written.organisation_id, kept[0]["file_id"]) == PICTURE


def _file(name: str, kind: str, data: bytes) -> Any:
    return {"name": name, "mimeType": kind, "buffer": data}


async def test_two_agents_on_one_case_see_each_other_and_nobody_is_blocked(own_desk: Desk, visit: Visit) -> None:
    amina = await at_case(visit, own_desk, "move")
    brian = await at_case(visit, own_desk, "move", "brian")
    await expect(brian.locator("#others")).to_contain_text("Amina Otieno has this case open")
    await amina.get_by_label("Reply to Faith Chebet").fill("The form")
    await expect(brian.locator("#others")).to_contain_text("Amina Otieno is writing", timeout=25_000)
    assert not await violations(brian)
    await expect(amina.locator("#others")).to_contain_text("Brian Kiprop has this case open", timeout=25_000)
    await brian.get_by_label("Reply to Faith Chebet").fill("I was faster.")
    await brian.get_by_role("button", name="Send the reply").click()
    await expect(amina.locator(".entry-out", has_text="I was faster.")).to_be_visible()
    await expect(amina.get_by_label("Reply to Faith Chebet")).to_have_value("The form")
    await amina.goto(f"{own_desk.url}/cases")
    await expect(brian.locator("#others")).to_be_empty(timeout=25_000)


async def test_where_one_goes_after_sending_is_remembered(own_desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, own_desk, "move")
    await page.get_by_label("Reply to Faith Chebet").fill("One moment.")
    await page.locator("#after-reply").select_option("close")
    await page.get_by_role("button", name="Send the reply").click()
    await page.wait_for_url("**/cases")
    await expect(page.get_by_text("Your reply is on its way.")).to_be_visible()
    await expect(page.locator("#open-cases")).to_be_hidden()
    await page.goto(own_desk.case("complaint"))
    await expect(page.locator("#after-reply")).to_have_value("close")
    await page.keyboard.press("c")
    await page.keyboard.type("He is patient.")
    await page.locator("#after-note").select_option("next")
    await page.get_by_role("button", name="Keep the note").click()
    await expect(page.get_by_text("The note is kept with the case")).to_be_visible()
    assert "/cases/" in page.url and own_desk.centre.cases["complaint"] not in page.url


async def test_a_case_is_put_off_by_a_promise_and_by_nothing_less(own_desk: Desk, visit: Visit) -> None:
    page = await at_case(visit, own_desk, "move")
    await page.keyboard.press("z")
    dialog = page.get_by_role("dialog", name="Put the case off")
    await dialog.get_by_role("button", name="tomorrow 09:00").click()
    await dialog.get_by_role("button", name="Put it off until then").click()
    await expect(page.get_by_text("An update is promised for then, by you")).to_be_visible()
    await expect(page.locator(".open-promises")).to_contain_text("Wed 09:00")


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_every_mode_of_the_composer_shuts_nobody_out(desk: Desk, visit: Visit, colours: str) -> None:
    for width in (1440, 390):
        page = await at_case(visit, desk, "move", width=width, color_scheme=colours)
        wrong: list[str] = []
        for mode in ("Reply", "Note", "Promise"):
            await page.locator(".mode", has_text=mode).click()
            wrong += [f"{mode} {width}: {each}" for each in await violations(page, colours)]
        assert not wrong, "\n".join(wrong)


async def test_words_kept_ready_are_kept_changed_and_deleted_on_their_page(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "grace", own_desk, "/words?organisation=power")
    assert not await violations(page)
    await page.get_by_label("Called by").fill("form")
    await page.get_by_label("Words", exact=True).fill("{{ customer.nmae }}, the form.")
    await page.get_by_role("button", name="Keep it").first.click()
    await expect(page.get_by_role("alert")).to_contain_text("Line 1")
    await page.get_by_label("Words", exact=True).fill("{{ customer.greeting }}, the form.")
    await page.get_by_role("button", name="Keep it").first.click()
    await expect(page.get_by_text("The canned reply is kept.")).to_be_visible()
    await page.get_by_role("link", name="/form").click()
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("The canned reply is gone.")).to_be_visible()
    await page.get_by_label("Called", exact=True).fill("Form arrived")
    await page.get_by_label("Note (optional)").fill("It is here.")
    await page.get_by_label("Promise", exact=True).select_option(label="Update")
    await page.get_by_label("Within").fill("4h")
    await page.get_by_label("Hand over to").select_option(label="Billing")
    await page.get_by_role("button", name="Keep it").last.click()
    await expect(page.get_by_text("The macro is kept.")).to_be_visible()
    assert not await violations(page)
    await page.get_by_role("link", name="Form arrived").click()
    await expect(page.get_by_label("Hand over to")).to_have_value(re.compile("department:"))
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("The macro is gone.")).to_be_visible()
