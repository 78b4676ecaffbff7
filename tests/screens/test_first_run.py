"""The first run: from an installation with nobody in it to a first case by a real mail, in a browser."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from dataclasses import replace
from email.message import EmailMessage

import httpx
import pytest
from playwright.async_api import Page, expect

from ahadi.directory import first_run
from ahadi.directory.sign_in import LinkUsedUp
from ahadi.intake.mail import MailIntake
from ahadi.main.duties import mail_servers
from ahadi.platform.database.embedded import Connections
from tests.screens.builders import Centre
from tests.screens.conftest import Desk, Visit, listening, running_desk
from tests.screens.test_accessibility import LOOKS, scrolls_sideways, violations

pytestmark = pytest.mark.browser
PASSWORD = "seven zebras crossed the ford"


@pytest.fixture
async def fresh(server: Connections, template: str) -> AsyncIterator[Desk]:
    """An installation as it is when it was just started: nobody is there."""
    async for each in running_desk(server, template, Centre({}, {}, {}, {})):
        yield each


async def link_of(desk: Desk) -> str:
    """What `ahadi run` prints."""
    secret = await first_run.prepare(desk.database)
    assert secret
    return f"{desk.url}/first-run/{secret}"


async def begin(page: Page, link: str, email: str = "amina@mto.example") -> None:
    await page.goto(link)
    await page.get_by_label("Name", exact=True).fill("Mto Water")
    await page.get_by_label("Time zone").select_option("Africa/Nairobi")
    await page.get_by_label("Country").select_option("KE")
    await page.get_by_label("Your name").fill("Amina Otieno")
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("The same again").fill(PASSWORD)
    await page.get_by_role("button", name="Make the organisation").click()


async def post_mail(desk: Desk, to: str) -> None:
    """Hand a mail over by SMTP, as a mail server does."""
    listener = listening()
    port = listener.getsockname()[1]
    listener.close()
    settings = replace(desk.installation.settings, mail_listen=f"127.0.0.1:{port}")
    [mail_server] = mail_servers(settings, MailIntake(desk.database, settings)).values()
    await mail_server.start()
    message = EmailMessage()
    message["From"], message["To"] = "Wanjiru Kamau <wanjiru@mail.example>", to
    message["Subject"], message["Message-ID"] = "No water since the morning", "<first@mail.example>"
    message.set_content("There is no water in Lilian Towers.")

    def hand_over() -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.send_message(message, "wanjiru@mail.example", [to])

    try:
        await asyncio.to_thread(hand_over)
    finally:
        await mail_server.close()


async def test_a_fresh_installation_is_led_to_its_first_case_by_a_real_mail(fresh: Desk, visit: Visit) -> None:
    link = await link_of(fresh)
    page = await visit(link)
    await begin(page, link)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your first department")
    await page.get_by_label("Called").fill("Water Care")
    await page.get_by_label("Sat").check()
    await page.get_by_role("button", name="Keep it and go on").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Your colleagues")
    first = page.get_by_role("group", name="Colleague 1")
    await first.get_by_label("Name").fill("Brian Kiprop")
    await first.get_by_label("E-mail address").fill("brian@mto.example")
    await page.get_by_role("button", name="Invite them and go on").click()
    invitation = page.get_by_label("Link for Brian Kiprop")
    await expect(invitation).to_be_visible()
    assert "/welcome/ahl_" in await invitation.input_value()
    await page.get_by_role("link", name="Go on").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("How customers reach you")
    await page.get_by_label("Mail that a mail server hands over").check()
    await page.get_by_label("Address customers write to").fill("help@mto.example")
    await page.get_by_role("button", name="Keep it and go on").click()
    await expect(page.locator(".first-waits")).to_contain_text("Waiting for the first case")

    await post_mail(fresh, "help@mto.example")
    arrived = page.locator("#first-case")
    await expect(arrived).to_contain_text("No water since the morning")
    await expect(arrived).to_contain_text("Water Care")
    await expect(arrived.locator(".due")).to_be_visible()
    await page.get_by_role("button", name="Finish, and to the cases").click()
    await expect(page.locator("li.case-row")).to_contain_text("No water since the morning")

    await page.goto(f"{fresh.url}/first-run")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")


async def test_the_first_run_can_be_left_and_gone_on_with(fresh: Desk, visit: Visit) -> None:
    link = await link_of(fresh)
    page = await visit(link)
    await begin(page, link)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your first department")
    await page.get_by_role("button", name="Keep it and go on").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your colleagues")

    again = await visit(f"{fresh.url}/sign-in")
    await again.get_by_label("E-mail address").fill("amina@mto.example")
    await again.get_by_label("Password").fill(PASSWORD)
    await again.get_by_role("button", name="Sign in").click()
    await again.wait_for_url("**/cases")
    await again.goto(f"{fresh.url}/settings")
    await again.get_by_role("link", name="The first run is not finished").click()
    await expect(again.get_by_role("heading", level=1)).to_have_text("Your colleagues")
    await again.get_by_role("link", name="Department").click()
    await expect(again.get_by_role("heading", level=1)).to_have_text("Your first department")


async def test_the_link_is_spent_by_the_first_who_uses_it(fresh: Desk, visit: Visit) -> None:
    former = await link_of(fresh)
    link = await link_of(fresh)
    page = await visit(link)
    stranger = await visit(former)
    await expect(stranger.get_by_role("heading", level=1)).not_to_have_text("Let us begin")
    late = await visit(link)
    await begin(page, link)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your first department")
    await begin_from(late, "mallory@evil.example")
    await expect(late.get_by_role("heading", level=1)).not_to_have_text("Your first department")
    assert await first_run.prepare(fresh.database) is None, "and no other is made"
    async with httpx.AsyncClient() as client:
        answer = await client.get(link)
    assert answer.status_code == LinkUsedUp.status


async def begin_from(page: Page, email: str) -> None:
    """Fill in what is open already."""
    await page.get_by_label("Name", exact=True).fill("Evil Water")
    await page.get_by_label("Time zone").select_option("Africa/Nairobi")
    await page.get_by_label("Country").select_option("KE")
    await page.get_by_label("Your name").fill("Mallory")
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("The same again").fill(PASSWORD)
    await page.get_by_role("button", name="Make the organisation").click()


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_no_step_shuts_anybody_out(fresh: Desk, visit: Visit, width: int, colours: str) -> None:
    link = await link_of(fresh)
    page = await visit(link, width=width, color_scheme=colours)
    wrong = await violations(page, colours)
    await begin(page, link)
    for title, button in (
        ("Your first department", "Keep it and go on"),
        ("Your colleagues", "Invite them and go on"),
        ("How customers reach you", "Keep it and go on"),
        ("Your first case", ""),
    ):
        await expect(page.get_by_role("heading", level=1)).to_have_text(title)
        wrong += [f"{title}: {each}" for each in await violations(page, colours)]
        wrong += [f"{title}: scrolls sideways"] if await scrolls_sideways(page) else []
        if button:
            await page.get_by_role("button", name=button).click()
    assert not wrong, "\n".join(wrong)
