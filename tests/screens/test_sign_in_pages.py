"""Signing in as people do, in a browser: passkeys by Chromium's virtual authenticator."""

from datetime import timedelta
from typing import Any

import pyotp
import pytest
from playwright.async_api import CDPSession, Page, expect

from tests.screens.builders import PASSWORD
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import LOOKS, scrolls_sideways, violations

pytestmark = pytest.mark.browser


def at_localhost(desk: Desk) -> str:
    """The address of the desk that passkeys are bound to."""
    return desk.url.replace("127.0.0.1", "localhost")


async def authenticator(page: Page) -> tuple[CDPSession, str]:
    """A platform authenticator with its user before it."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options: dict[str, Any] = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, made["authenticatorId"]


async def enter(page: Page, url: str, desk: Desk) -> None:
    await page.goto(f"{url}/sign-in?next=/me")
    await page.get_by_label("E-mail address").fill(desk.centre.email("amina"))
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def test_a_passkey_is_added_and_signs_in_and_serves_beside_the_password(own_desk: Desk, visit: Visit) -> None:
    url = at_localhost(own_desk)
    page = await visit(f"{url}/sign-in")
    session, key = await authenticator(page)
    await enter(page, url, own_desk)
    await page.wait_for_url(f"{url}/me")
    card = page.get_by_role("region", name="Passkeys")
    await card.get_by_label("A name for it").fill("work laptop")
    await card.get_by_label("Password").fill("not the password")
    await card.get_by_role("button", name="Add a passkey").click()
    await expect(card.get_by_role("alert")).to_contain_text("The password is wrong")
    await card.get_by_label("Password").fill(PASSWORD)
    await card.get_by_role("button", name="Add a passkey").click()
    await expect(card).to_contain_text("work laptop")
    await expect(card).to_contain_text("never used yet")
    assert not await violations(page), "with a passkey listed"

    await session.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": key, "enabled": False})
    await page.context.clear_cookies(name="ahadi")
    await enter(page, url, own_desk)
    await expect(page.get_by_text("Show your passkey as well.")).to_be_visible()
    assert not await violations(page) and not await scrolls_sideways(page)
    await session.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": key, "enabled": True})
    await page.get_by_role("button", name="Use a passkey").click()
    await page.wait_for_url(f"{url}/me")
    await expect(page.get_by_role("region", name="Passkeys")).to_contain_text("last used")

    await page.context.clear_cookies(name="ahadi")
    await page.goto(f"{url}/sign-in?next=/promises")
    await page.wait_for_url(f"{url}/promises")  # the browser offers the passkey by itself, and its user is there


async def test_at_another_address_the_page_says_where_passkeys_work(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/me")
    card = page.get_by_role("region", name="Passkeys")
    await expect(card.get_by_text(f"Passkeys work at {at_localhost(own_desk)} only")).to_be_visible()
    await expect(card.get_by_role("button", name="Add a passkey")).to_be_hidden()


async def test_a_browser_is_remembered_and_forgotten(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/me")
    card = page.get_by_role("region", name="Authenticator app")
    await card.get_by_label("Password").fill(PASSWORD)
    await card.get_by_role("button", name="Set one up").click()
    await expect(card.get_by_role("button", name="Put it in force")).to_be_visible()
    secret = (await card.locator(".mono").inner_text()).strip()

    def code() -> str:
        own_desk.clock.advance(timedelta(minutes=1))
        return pyotp.TOTP(secret).at(own_desk.clock.now())

    await card.get_by_label("Code from your authenticator app").fill(code())
    await card.get_by_role("button", name="Put it in force").click()
    await expect(page.get_by_text("Your authenticator is set up")).to_be_visible()
    await page.context.clear_cookies(name="ahadi")
    await enter(page, own_desk.url, own_desk)
    await page.get_by_label("Code from your authenticator app").fill(code())
    await page.get_by_label("Do not ask again on this browser for 30 days").check()
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url(f"{own_desk.url}/me")
    devices = page.get_by_role("region", name="Remembered browsers")
    await expect(devices).to_contain_text("Chrome, Linux")
    await page.context.clear_cookies(name="ahadi")
    await enter(page, own_desk.url, own_desk)
    await page.wait_for_url(f"{own_desk.url}/me")
    await devices.get_by_role("button", name="Forget all of them").click()
    await expect(devices).to_contain_text("None: every browser is asked")
    await page.context.clear_cookies(name="ahadi")
    await enter(page, own_desk.url, own_desk)
    await expect(page.get_by_label("Code from your authenticator app")).to_be_visible()


async def as_admin(page: Page, desk: Desk, at: str) -> None:
    await sign_in(page, "hamisi", desk, at)


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_no_page_of_signing_in_shuts_anybody_out(own_desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await visit(f"{own_desk.url}/sign-in/sso", width=width, color_scheme=colours)
    wrong = [f"/sign-in/sso: {each}" for each in await violations(page, colours)]
    await as_admin(page, own_desk, "/settings/sign-in")
    for path in ("/settings/sign-in", "/act-as", "/me"):
        await page.goto(own_desk.url + path)
        wrong += [f"{path}: {each}" for each in await violations(page, colours)]
        wrong += [f"{path}: scrolls sideways"] if await scrolls_sideways(page) else []
    await page.goto(f"{own_desk.url}/act-as")
    await act(page)
    await expect(page.get_by_text("act in the name of Amina Otieno")).to_be_visible()
    wrong += [f"acting: {each}" for each in await violations(page, colours)]
    wrong += ["acting: scrolls sideways"] if await scrolls_sideways(page) else []
    assert not wrong, "\n".join(wrong)


async def act(page: Page) -> None:
    form = page.locator('form[action="/act-as"]')
    await form.get_by_label("In whose name").select_option(label="Amina Otieno")
    await form.get_by_label("Why").fill("She cannot find a case")
    await form.get_by_label("Your own password").fill(PASSWORD)
    await form.get_by_role("button", name="Act in their name").click()
    await expect(page.get_by_text("act in the name of Amina Otieno")).to_be_visible()


async def test_acting_in_a_name_is_unmistakable_and_the_timeline_tells_who_it_really_was(
    own_desk: Desk, visit: Visit
) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await as_admin(page, own_desk, "/act-as")
    await act(page)
    await page.goto(own_desk.case("outage"))
    await expect(page.get_by_text("You, Hamisi Ally, act in the name of Amina Otieno.")).to_be_visible()
    await page.get_by_text("Note", exact=True).click()
    await page.get_by_label("Note for colleagues").fill("Looked at it with her")
    await page.get_by_role("button", name="Keep the note").click()
    await expect(page.get_by_text("The note is kept with the case")).to_be_visible()
    await expect(page.get_by_text("Amina Otieno (really Hamisi Ally)").first).to_be_visible()
    await page.get_by_role("button", name="Be yourself again").click()
    await page.wait_for_url(f"{own_desk.url}/act-as")
    await expect(page.get_by_text("You are yourself again.")).to_be_visible()
    await expect(page.get_by_text("act in the name of Amina")).to_have_count(0)
    await expect(page.get_by_text("She cannot find a case")).to_be_visible()
