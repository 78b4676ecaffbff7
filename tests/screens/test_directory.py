"""The directory's pages: found within, changed by the API's rules, and nothing typed is lost."""

import re

import httpx
import pytest
from playwright.async_api import expect

from ahadi.directory import read_directory
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import LOOKS, scrolls_sideways, violations

pytestmark = pytest.mark.browser
PAGES = (
    "/directory?organisation=power",
    "/directory?organisation=power&q=nothing+like+it",
    "/directory?organisation=power&show=people",
    "/directory?organisation=power&show=reasons",
    "/directory/department?organisation=power&department=care",
    "/directory/person?organisation=power&person=brian",
    "/directory/invite?organisation=power",
    "/directory/on-call?organisation=power&department=care",
)


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_no_page_of_the_directory_shuts_anybody_out(desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await visit(f"{desk.url}/sign-in", width=width, color_scheme=colours)
    await sign_in(page, "hamisi", desk)
    wrong: list[str] = []
    for path in PAGES:
        await page.goto(desk.url + path)
        wrong += [f"{path}: {each}" for each in await violations(page, colours)]
        wrong += [f"{path}: scrolls sideways"] if await scrolls_sideways(page) else []
    assert not wrong, "\n".join(wrong)


async def test_a_department_refused_keeps_what_was_typed_and_is_then_kept(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "hamisi", own_desk)
    await page.goto(f"{own_desk.url}/directory?organisation=power")
    await page.get_by_role("link", name="Department", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Short name").fill("meters")
    await dialog.get_by_label("Name in English").fill("Meters")
    await dialog.get_by_label("Opening hours").fill("Mo-Fr 25:00-26:99")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await expect(dialog.get_by_label("Name in English")).to_have_value("Meters")
    await expect(dialog.get_by_label("Opening hours")).to_have_value("Mo-Fr 25:00-26:99")
    await dialog.get_by_label("Opening hours").fill("Mo-Fr 08:00-16:00; PH off")
    await dialog.get_by_label("A manager approves every swap").check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Meters meters")).to_be_visible()
    async with own_desk.database.read(own_desk.centre.everything) as work:
        directory = await read_directory(work, own_desk.centre.organisations["power"])
    made = directory.department("meters")
    assert (made.hours, made.swaps_approved) == ("Mo-Fr 08:00-16:00; PH off", True)


async def test_somebody_is_found_by_a_word_and_changes_department(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "hamisi", own_desk)
    await page.goto(f"{own_desk.url}/directory?organisation=power&show=people&q=specialist+billing")
    await expect(page.locator(".person-row")).to_have_count(1)
    await page.get_by_role("link", name="Lucy Achieng").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Customer Care").check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("What they do is changed.")).to_be_visible()
    async with own_desk.database.read(own_desk.centre.everything) as work:
        directory = await read_directory(work, own_desk.centre.organisations["power"])
    assert own_desk.centre.people["lucy"] in directory.members(own_desk.centre.departments["care"])


async def test_who_is_invited_comes_by_a_link_that_is_shown_once(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "hamisi", own_desk)
    await page.goto(f"{own_desk.url}/directory/invite?organisation=power")
    await page.get_by_label("E-mail address").fill("zawadi@daraja.example")
    await page.get_by_label("Name").fill("Zawadi Mrisho")
    await page.get_by_role("button", name="Invite").click()
    link = page.get_by_label("Link to come in by")
    await expect(link).to_have_value(re.compile("/welcome/"))
    address = await link.input_value()
    async with httpx.AsyncClient(follow_redirects=True) as client:
        assert (await client.get(address)).status_code == 200


async def test_an_agent_reads_the_directory_and_changes_nothing(desk: Desk, visit: Visit) -> None:
    page = await visit(f"{desk.url}/sign-in")
    await sign_in(page, "amina", desk)
    await page.goto(f"{desk.url}/directory?organisation=power")
    await expect(page.get_by_role("heading", name="Customer Care care")).to_be_visible()
    await expect(page.get_by_role("link", name=re.compile("^Change"))).to_have_count(0)
    answer = await page.goto(f"{desk.url}/directory/department?organisation=power&department=care")
    assert answer and answer.status == 403
