"""An agent's first hour, in a browser: from the invitation in their mail to the end of the shift."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import expect

from ahadi import cases, promises
from ahadi.base.ids import uuid7
from ahadi.channels import FakeChannel
from ahadi.directory.link_mails import mailing_links
from ahadi.directory.sign_in import mail_link
from ahadi.platform.database import Work
from ahadi.platform.jobs import run_due
from ahadi.platform.security import load_keyring
from ahadi.platform.settings import Settings
from tests.screens.builders import Call, contact
from tests.screens.conftest import KEY, Desk, Visit
from tests.screens.test_offers import look, offering

LAMP = Call(0, "lamp", "power", "email", "Jane Wairimu", "jane@mail.example", None,
            "Street lamp flickers", "Since Sunday, in front of number 12.")  # fmt: skip
PASSWORD = "nine patient giraffes"


async def a_newcomer(work: Work, desk: Desk) -> UUID:
    """What the administrator enters: a person, their department, and shifts until noon in Nairobi."""
    power, care, person = desk.centre.organisations["power"], desk.centre.departments["care"], uuid7()
    values = {"org": power, "care": care, "id": person, "shift": uuid7(), "now": work.now}
    for statement in (
        "insert into person (id, slug, name, email, made_at)"
        " values (%(id)s, 'wanja', 'Wanja Karanja', 'wanja@daraja.example', %(now)s)",
        "insert into membership (organisation_id, person_id, roles, languages)"
        " values (%(org)s, %(id)s, '{agent}', '{en,sw}')",
        "insert into department_member (organisation_id, department_id, person_id) values (%(org)s, %(care)s, %(id)s)",
        "insert into shift_pattern (organisation_id, id, person_id, hours)"
        " values (%(org)s, %(shift)s, %(id)s, 'Mo-Fr 09:00-12:00')",
        "update organisation set version = version + 1 where id = %(org)s",
    ):
        await work.execute(statement, values)
    mail_link(work, person, "invitation")
    return person


async def invited(desk: Desk) -> str:
    """The link in the mail that a newcomer gets."""
    async with desk.database.work(desk.centre.everything) as work:
        await a_newcomer(work, desk)
    post = FakeChannel("email")
    keyring = load_keyring(Settings(secret_key=KEY))
    await run_due(desk.database, mailing_links(post, keyring, desk.url), timedelta(minutes=1))
    (mail,) = (each for each in post.arrived if each.to == "wanja@daraja.example")
    found = re.search(rf"{desk.url}/\S+", mail.text)
    assert found
    return found[0]


@pytest.mark.browser
async def test_an_agent_s_first_hour(own_desk: Desk, visit: Visit) -> None:
    await offering(own_desk)
    page = await visit(await invited(own_desk))
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_label("The same again").fill(PASSWORD)
    await page.get_by_role("button", name="Keep the password and sign in").click()
    await expect(page.get_by_role("heading", name="Cases")).to_be_visible()

    # Which keys there are.
    await page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys on this page")
    await expect(keys).to_contain_text("Ctrl")
    await page.keyboard.press("Escape")

    # Available, and the first offer.
    await page.goto(f"{own_desk.url}/offers")
    await page.get_by_label("Your presence").select_option("available")
    await expect(page.get_by_text("Your presence is changed.")).to_be_visible()
    await contact(own_desk.database, own_desk.centre, LAMP)
    await look(own_desk)
    await page.locator(".offer", has_text="Street lamp flickers").get_by_role("button", name="Accept").click()
    await expect(page.get_by_text("You have the case now.")).to_be_visible()
    first = page.url.rpartition("/")[2]

    # The touch says where it stands, and what to say.
    touch = page.locator(".touch")
    await expect(touch).to_contain_text("Wanja Karanja")
    await expect(touch).to_contain_text("Words to say")

    # A reply, and a promise.
    await page.get_by_label("Reply to Jane Wairimu").fill("Good morning Jane, I look after the lamp.")
    await page.get_by_role("button", name="Send the reply").click()
    await expect(page.locator("#timeline")).to_contain_text("I look after the lamp.")
    await page.keyboard.press("Escape")
    await page.locator(".mode", has_text="Promise").click()
    form = page.locator("#write-promise")
    await form.get_by_role("button", name="in 4 h").click()
    await form.get_by_label("In words for the customer").fill("You hear from us when the fitter was there.")
    await form.get_by_role("button", name="Make the promise").click()
    await expect(page.locator(".open-promises")).to_contain_text("when the fitter was there")

    # Somebody calls: it is taken in by hand.
    await page.goto(f"{own_desk.url}/contacts/new")
    await page.get_by_text("Phone", exact=True).click()
    await page.locator("#f-phone").fill("+254 799 111222")
    await page.locator("#f-name").fill("Otieno Ouma")
    await page.get_by_label("In a few words").fill("Sparks at the pole")
    await page.get_by_label("What they said").fill("Sparks whenever the wind blows.")
    await page.get_by_role("button", name="Take it in").click()
    await expect(page.get_by_role("heading", name="Sparks at the pole")).to_be_visible()

    # The lamp is repaired: resolved, and one word after the work.
    async with own_desk.database.work(own_desk.centre.actor("grace")) as work:
        wanja = await work.value("select id from person where slug = 'wanja'")
        case = await cases.get_case(work, first)
        assert case.holder.person == wanja and len(case.open_promises) == 2
    await page.goto(f"{own_desk.url}/cases/{first}")
    await page.get_by_role("link", name="Resolve").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What was done").fill("The lamp has a new starter.")
    await dialog.get_by_role("button", name="Resolve and tell the customer").click()
    await expect(page.locator("#case-head")).to_contain_text("Resolved")
    await look(own_desk)
    await page.goto(f"{own_desk.url}/offers")
    await page.get_by_role("link", name="Say what it came to").click()
    await page.get_by_role("dialog").get_by_text("Solved").click()
    await page.get_by_role("dialog").get_by_role("button", name="Done").click()
    await expect(page.get_by_label("Your presence")).to_have_value("available")

    # The shift ends: what is still in hand goes to a colleague, with a note, and the promise goes along.
    async with own_desk.database.work(own_desk.centre.everything) as work:
        sparks = await work.value("select reference from cases order by opened_at desc, id desc limit 1")
        await promises.hold_case(work, sparks, "wanja", None)
    own_desk.clock.advance(timedelta(minutes=50))
    await promises.watch_until_quiet(own_desk.database)
    await page.goto(f"{own_desk.url}/cases/{sparks}")
    await page.get_by_role("link", name="Hand over").click()
    dialog = page.get_by_role("dialog")
    await dialog.locator("#f-to").select_option(label="Brian Kiprop")
    await dialog.get_by_label("What they should know").fill("The pole is by the school; ring before you come.")
    await dialog.get_by_role("button", name="Hand over").click()
    await expect(page.locator(".holder-name").first).to_have_text("Brian Kiprop")
    await expect(page.locator("#timeline")).to_contain_text("ring before you come")
    await page.goto(f"{own_desk.url}/promises")
    await expect(page.get_by_text("Nothing is promised")).to_be_visible()
    async with own_desk.database.read(own_desk.centre.everything) as work:
        handed = await cases.get_case(work, sparks)
    assert {each.owner.person for each in handed.open_promises} == {own_desk.centre.people["brian"]}
