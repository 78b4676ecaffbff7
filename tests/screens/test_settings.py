"""Administration: everything that is seldom needed, one page away, for whoever may do it."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import orjson
import pytest
import standardwebhooks
from playwright.async_api import expect

from ahadi.platform import webhooks
from ahadi.platform.jobs import run_due
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import LOOKS, scrolls_sideways, violations

pytestmark = pytest.mark.browser

HAMISI = ["/settings", "/settings/tokens", "/settings/webhooks", "/settings/organisation", "/settings/offers",
          "/settings/portal?organisation=power",
          "/settings/bookings", "/settings/chat", "/settings/mail", "/settings/mail/aside", "/settings/sms",
          "/settings/retention", "/audit", "/audit?what=area:programs",
          ]  # fmt: skip


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_no_page_of_administration_shuts_anybody_out(desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await visit(f"{desk.url}/sign-in", width=width, color_scheme=colours)
    await sign_in(page, "hamisi", desk)
    wrong: list[str] = []
    for path in HAMISI:
        await page.goto(desk.url + path)
        wrong += [f"{path}: {each}" for each in await violations(page, colours)]
        wrong += [f"{path}: scrolls sideways"] if await scrolls_sideways(page) else []
    assert not wrong, "\n".join(wrong)


async def test_an_administrator_finds_administration_in_the_menu_and_an_agent_has_none(
    desk: Desk, visit: Visit
) -> None:
    page = await visit(f"{desk.url}/sign-in")
    await sign_in(page, "hamisi", desk)
    await page.locator("details[name=me] summary").click()
    await page.get_by_role("link", name="Administration").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Administration")
    await expect(page.locator(".way-card", has_text="Words kept ready")).to_be_visible()
    agent = await visit(f"{desk.url}/sign-in")
    await sign_in(agent, "amina", desk)
    await expect(agent.locator("details[name=me]")).to_be_visible()
    await expect(agent.locator("a[href='/settings']")).to_have_count(0)
    await agent.goto(f"{desk.url}/settings")
    await expect(agent.locator(".empty")).to_contain_text("yours to administer")


async def test_country_and_languages_are_changed_and_what_cannot_be_is_said(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "hamisi", own_desk, "/settings/organisation?organisation=power")
    country, languages = page.get_by_label("Country"), page.get_by_label("Languages")
    await expect(country).to_have_value("KE")
    await languages.fill("en, sw, fr")
    await country.select_option("TZ")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".toast")).to_be_visible()
    await page.goto(f"{own_desk.url}/settings/organisation?organisation=power")
    await expect(country).to_have_value("TZ")
    await expect(languages).to_have_value("en, sw, fr")
    await languages.fill("fr, en, sw")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("has no name in fr yet")
    await expect(languages).to_have_value("fr, en, sw")
    assert not await violations(page)


async def test_a_token_is_made_shown_once_used_and_revoked(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "hamisi", own_desk, "/settings/tokens?organisation=power")
    await expect(page.locator(".empty")).to_contain_text("No token yet")
    await page.get_by_label("What it is for").fill("Reports of the board")
    await page.get_by_label("Days it lasts").fill("30")
    await page.get_by_label("Read the directory").check()
    await page.get_by_role("button", name="Make the token").click()
    shown = page.get_by_label("The token", exact=True)
    await expect(shown).to_have_value(re.compile("^aht_"))
    secret = await shown.input_value()
    row = page.locator("li.row", has_text="Reports of the board")
    await expect(row).to_contain_text("Never used")
    assert await status(own_desk, secret) == 200

    await page.goto(f"{own_desk.url}/settings/tokens?organisation=power")
    await expect(row).to_contain_text("Last used")
    assert secret not in await page.content(), "and it is shown no second time"
    await page.get_by_role("button", name="Revoke").click()
    await expect(page.locator(".toast")).to_contain_text("revoked")
    await expect(page.locator(".empty")).to_contain_text("No token yet")
    await expect(page.get_by_text("1 token has ended")).to_be_visible()
    assert await status(own_desk, secret) == 401


async def status(desk: Desk, secret: str) -> int:
    """What the API answers whoever has the token."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{desk.url}/api/departments", headers={"Authorization": f"Bearer {secret}"})
    return answer.status_code


async def test_a_token_cannot_do_more_than_its_maker(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "hamisi", own_desk, "/settings/tokens")
    await expect(page.get_by_label("Read the directory")).to_be_visible()
    await expect(page.get_by_label("Everything", exact=True)).to_have_count(0)
    await page.get_by_label("What it is for").fill("Nothing")
    await page.get_by_role("button", name="Make the token").click()
    await expect(page.get_by_role("alert")).to_contain_text("Choose what the token may do.")
    await expect(page.get_by_label("What it is for")).to_have_value("Nothing")


async def test_a_webhook_is_added_tested_and_switched_off(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "hamisi", own_desk, "/settings/webhooks?organisation=power")
    await expect(page.locator(".empty")).to_contain_text("No webhook yet")
    await page.get_by_label("Address").fill("https://crm.example/ahadi")
    await page.get_by_label("Of what").fill("promise.broken")
    await page.get_by_role("button", name="Add it").click()
    shown = page.get_by_label("The secret", exact=True)
    await expect(shown).to_have_value(re.compile("^whsec_"))
    secret = await shown.input_value()
    await page.get_by_role("button", name="Send a test").click()
    await expect(page.locator(".toast")).to_contain_text("A test is on its way")
    [message] = await delivered(own_desk)
    assert orjson.loads(message.content)["type"] == "webhook.tested", "though it asked for another kind"
    stamp = datetime.fromtimestamp(int(message.headers["webhook-timestamp"]), UTC)
    signed = standardwebhooks.Webhook(secret).sign(message.headers["webhook-id"], stamp, message.content.decode())
    assert message.headers["webhook-signature"] == signed

    await page.reload()
    await expect(page.locator(".deliveries")).to_contain_text("Delivered")
    await expect(page.locator(".deliveries")).to_contain_text("webhook.tested")
    assert secret not in await page.content()
    await page.get_by_role("button", name="Switch off").click()
    await expect(page.locator(".webhook")).to_contain_text("Off")
    await expect(page.get_by_role("button", name="Send a test")).to_have_count(0)
    await page.get_by_role("button", name="Remove").click()
    await expect(page.locator(".empty")).to_contain_text("No webhook yet")


async def delivered(desk: Desk) -> list[httpx.Request]:
    """What a worker does: follow the journals, and send what came of it; what was sent."""
    sent: list[httpx.Request] = []

    def hear(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(204)

    async def everyone() -> list[UUID]:
        return list(desk.centre.organisations.values())

    await webhooks.follower(desk.database, everyone).once()
    async with httpx.AsyncClient(transport=httpx.MockTransport(hear)) as client:
        handlers = {webhooks.DELIVER: webhooks.delivering(desk.installation.keyring, client)}
        while await run_due(desk.database, handlers, timedelta(minutes=1)):
            pass
    return sent
