"""The customer's pages in an organisation's colours, on a phone, and without script for what is essential."""

import httpx
import pytest
from playwright.async_api import Page, expect

from ahadi import cases
from ahadi.directory import portal
from tests.platform.test_pictures import png
from tests.screens.builders import a_customer_link
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import LOOKS, scrolls_sideways, violations

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


async def own_page(visit: Visit, desk: Desk, called: str = "outage", *, script: bool = False) -> Page:
    """A customer's page on a phone."""
    link = await a_customer_link(desk.database, desk.centre, called)
    return await visit(desk.url + link, java_script_enabled=script, **PHONE)


async def look(desk: Desk, colour: str, *, logo: bool = False) -> None:
    """An organisation chooses how it looks; a colour that cannot be read gets in by the setup file only."""
    organisation = desk.centre.organisations["power"]
    async with desk.database.work(desk.centre.everything) as work:
        await portal.set_looks(work, organisation, name="Mto Power", colour="#0b57d0", website="https://power.example")
        await work.execute(
            "update organisation set settings = jsonb_set(settings, '{brand,colour}', to_jsonb(%(colour)s::text))"
            " where id = %(id)s",
            {"colour": colour, "id": organisation},
        )
        if logo:
            await portal.set_logo(work, organisation, png(40, 12))


# Without script -------------------------------------------------------------------------------------------------


async def test_without_script_a_customer_reads_where_it_stands(desk: Desk, visit: Visit) -> None:
    page = await own_page(visit, desk)
    await expect(page.get_by_text("Your request is with Joseph")).to_be_visible()
    await expect(page.get_by_text("What happens next")).to_be_visible()
    await expect(page.get_by_text("At the latest")).to_be_visible()


async def test_without_script_a_customer_replies_with_a_picture_and_finds_it_again(
    own_desk: Desk, visit: Visit
) -> None:
    page = await own_page(visit, own_desk)
    await page.get_by_label("Write to us").fill("This is the meter as it looks now.")
    await page.get_by_label("Pictures or papers").set_input_files(
        [{"name": "../../meter\u200b.png", "mimeType": "text/html", "buffer": png()}]
    )
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("This is the meter as it looks now.")).to_be_visible()
    file = page.get_by_role("link", name="meter.png")
    await expect(file).to_be_visible()
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(own_desk.url + str(await file.get_attribute("href")))
    assert answer.content == png()
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    agent = await visit(f"{own_desk.url}/sign-in")
    await sign_in(agent, "joseph", own_desk, f"/cases/{own_desk.centre.cases['outage']}")
    await expect(agent.get_by_role("link", name="meter.png")).to_be_visible()


async def test_a_file_of_another_case_is_not_behind_one_s_own_link(own_desk: Desk, visit: Visit) -> None:
    page = await own_page(visit, own_desk)
    await page.get_by_label("Write to us").fill("A picture")
    await page.get_by_label("Pictures or papers").set_input_files(
        [{"name": "meter.png", "mimeType": "image/png", "buffer": png()}]
    )
    await page.get_by_role("button", name="Send").click()
    file = page.get_by_role("link", name="meter.png")
    await expect(file).to_be_visible()
    address = str(await file.get_attribute("href"))
    other = await a_customer_link(own_desk.database, own_desk.centre, "fence")
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(own_desk.url + other + "/files/" + address.rpartition("/")[2])
    assert answer.status_code == 404


async def test_without_script_a_customer_chooses_the_department(own_desk: Desk, visit: Visit) -> None:
    page = await own_page(visit, own_desk, "fence")
    await page.get_by_text("Speak with somebody").click()
    await page.get_by_label("A department", exact=True).check()
    await page.get_by_label("Department", exact=True).select_option("Network Repairs")
    await page.get_by_role("button", name="Ask for them").click()
    await expect(page.get_by_text("Your request is with Network Repairs")).to_be_visible()
    await expect(page.get_by_text("Call back").first).to_be_visible()


async def test_without_script_a_customer_asks_for_somebody_who_can_decide(own_desk: Desk, visit: Visit) -> None:
    page = await own_page(visit, own_desk, "bill")
    await page.get_by_text("Speak with somebody").click()
    await page.get_by_label("A manager who can decide").check()
    await page.get_by_role("button", name="Ask for them").click()
    async with own_desk.database.read(own_desk.centre.everything) as work:
        case = await cases.get_case(work, own_desk.centre.cases["bill"])
    owners = {each.owner.person for each in case.open_promises if each.kind == "callback"}
    managers = {id_ for name, id_ in own_desk.centre.people.items() if name in ("naomi", "otieno")}
    assert owners & managers
    await expect(page.get_by_text("Call back").first).to_be_visible()


async def test_without_script_a_customer_books_a_time(own_desk: Desk, visit: Visit) -> None:
    page = await own_page(visit, own_desk, "bill")
    await page.get_by_role("link", name="Book a call or a visit").click()
    await page.locator('input[name="at"]').first.check()
    await page.get_by_label("Number to call").fill("+254 712 000111")
    await page.get_by_role("button", name="Book", exact=True).click()
    await expect(page.get_by_role("link", name="Move or cancel")).to_be_visible()


async def test_without_script_a_customer_chooses_the_language(own_desk: Desk, visit: Visit) -> None:
    page = await own_page(visit, own_desk)
    await page.get_by_label("Language").select_option("sw")
    await page.get_by_role("button", name="Choose").click()
    await expect(page.locator("html")).to_have_attribute("lang", "sw")
    await expect(page.get_by_label("Tuandikie")).to_be_visible()


async def test_without_script_somebody_new_writes_and_gets_a_reference(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/f/power", java_script_enabled=False, **PHONE)
    await page.get_by_label("What do you need?").fill("The pole in front of our gate sparks at night.")
    await page.get_by_label("E-mail address").fill("somebody.new@mail.example")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("Its reference is")).to_be_visible()
    await page.get_by_role("link", name="To your page").click()
    await expect(page.get_by_text("The pole in front of our gate sparks at night.").last).to_be_visible()


# Looks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_whatever_colour_an_organisation_has_its_pages_can_be_read(
    own_desk: Desk, visit: Visit, width: int, colours: str
) -> None:
    wrong: list[str] = []
    link = await a_customer_link(own_desk.database, own_desk.centre, "outage")
    page = await visit(f"{own_desk.url}/f/power", width=width, color_scheme=colours)
    for colour in ("#ffff00", "#000000", "#ff0000"):
        await look(own_desk, colour, logo=True)
        for path in ("/f/power", link, f"{link}/book"):
            await page.goto(own_desk.url + path)
            await expect(page.get_by_role("img", name="Mto Power")).to_be_visible()
            wrong += [f"{colour} {path}: {each}" for each in await violations(page, colours)]
            wrong += [f"{colour} {path}: scrolls sideways"] if await scrolls_sideways(page) else []
    assert not wrong, "\n".join(wrong)


async def test_the_colour_of_an_organisation_is_on_its_pages_and_on_no_other_s(own_desk: Desk, visit: Visit) -> None:
    await look(own_desk, "#0b57d0")
    page = await visit(f"{own_desk.url}/f/power", color_scheme="light")
    colour = "getComputedStyle(document.querySelector('.button-main')).backgroundColor"
    assert await page.evaluate(colour) == "rgb(11, 87, 208)"
    await page.goto(f"{own_desk.url}/f/net")
    assert await page.evaluate(colour) != "rgb(11, 87, 208)"
    await page.goto(f"{own_desk.url}/sign-in")
    assert await page.evaluate(colour) == "rgb(13, 107, 88)"


async def test_an_administrator_sets_the_colour_and_the_logo_and_is_told_of_what_cannot_be_read(
    own_desk: Desk, visit: Visit
) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "hamisi", own_desk, "/settings/portal?organisation=power")
    await page.locator("#f-colour").fill("#ffe600")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("#ffe600 cannot be read on a light page")
    proposed = await page.locator("#f-colour").input_value()
    assert proposed != "#ffe600" and proposed in await page.get_by_role("alert").inner_text()
    await page.locator("#f-logo").set_input_files(
        [{"name": "logo.png", "mimeType": "image/png", "buffer": png(40, 12)}]
    )
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Your customers see it so from now on.")).to_be_visible()
    logo = page.get_by_role("img", name="Logo of Mto Power")
    await expect(logo).to_be_visible()
    assert await logo.evaluate("each => each.complete && each.naturalWidth") == 40
    await page.get_by_role("button", name="Do without the logo").click()
    await expect(page.get_by_text("There is no logo")).to_be_visible()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<svg onload='alert(1)'/>", "Give the picture as a PNG file."),
        (png()[:-30], "This picture is damaged"),
        (png(1601, 1), "This picture has too many pixels"),
    ],
    ids=["a script", "half a picture", "too wide"],
)
async def test_a_logo_that_is_no_picture_is_refused_with_a_sentence(
    own_desk: Desk, visit: Visit, data: bytes, sentence: str
) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "hamisi", own_desk, "/settings/portal?organisation=power")
    await page.locator("#f-logo").set_input_files([{"name": "logo.png", "mimeType": "image/png", "buffer": data}])
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text(sentence)
    async with httpx.AsyncClient() as browser:
        assert (await browser.get(f"{own_desk.url}/brand/power/logo.png")).status_code == 404
