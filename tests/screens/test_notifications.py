"""What reaches a person: chosen on a page, switched on in a browser, shown by a worker that holds nothing."""

import json
from typing import Any

import pytest
from playwright.async_api import Page, expect

from ahadi import notifications
from ahadi.notifications import Choices
from tests.notifications.browsers import FakeBrowser
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import violations

pytestmark = pytest.mark.browser
PAGE = "/me/notifications"


async def at_page(visit: Visit, desk: Desk, **options: Any) -> Page:
    page = await visit(f"{desk.url}/sign-in", **options)
    return await sign_in(page, "amina", desk, PAGE)


async def chosen_by_amina(desk: Desk) -> Choices:
    async with desk.database.read(desk.centre.actor("amina")) as work:
        return await notifications.choices_of(work)


@pytest.mark.parametrize("script", [True, False])
async def test_a_person_chooses_what_reaches_them_with_script_or_without(
    own_desk: Desk, visit: Visit, script: bool
) -> None:
    page = await at_page(visit, own_desk, java_script_enabled=script)
    reply = page.get_by_role("group", name="A customer writes or calls about a case I hold")
    await reply.get_by_label("Browser").check()
    await reply.get_by_label("Mail").select_option("In the digest")
    offer = page.get_by_role("group", name="A case is offered to me")
    await offer.get_by_label("Even in quiet hours").check()
    await page.get_by_label("Once a day, in the morning").check()
    await page.get_by_label("In the morning at").fill("06:45")
    await page.get_by_label("Keep what comes in these hours until they end").check()
    await page.get_by_label("From", exact=True).fill("21:30")
    await page.get_by_label("Until", exact=True).fill("06:30")
    await page.get_by_label("On the clock of").select_option("Europe/Berlin")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("What reaches you is changed.")).to_be_visible()
    await expect(reply.get_by_label("Mail")).to_have_value("digest")
    chosen = await chosen_by_amina(own_desk)
    assert chosen.ways_for("reply") == {"push", "digest"} and chosen.ways_for("offer") == frozenset()
    assert chosen.urgent == {"offer"} and chosen.digest == "morning" and str(chosen.morning) == "06:45:00"
    assert chosen.zone == "Europe/Berlin" and chosen.quiet is not None and str(chosen.quiet.start) == "21:30:00"


async def test_quiet_hours_without_any_length_are_refused_with_a_sentence(own_desk: Desk, visit: Visit) -> None:
    page = await at_page(visit, own_desk)
    await page.get_by_label("Keep what comes in these hours until they end").check()
    await page.get_by_label("From", exact=True).fill("07:00")
    await page.get_by_label("Until", exact=True).fill("07:00")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert").first).to_contain_text("Quiet hours begin and end at different times")
    await expect(page.get_by_label("From", exact=True)).to_have_value("07:00")
    assert (await chosen_by_amina(own_desk)).quiet is None


# The browser's maker gives the address and the keys; offline nobody does, so the test stands in for it.
SUBSCRIBES = """keys => {
  const plain = (text) => atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = (text) => Uint8Array.from(plain(text), (each) => each.charCodeAt(0)).buffer;
  const made = (options) => ({
    endpoint: keys.endpoint,
    options: { applicationServerKey: bytes(options.applicationServerKey) },
    getKey: (name) => bytes(keys[name]),
    unsubscribe: async () => { sessionStorage.removeItem("subscribed"); return true; },
  });
  PushManager.prototype.subscribe = async (options) => {
    if (!options.userVisibleOnly) throw new Error("a browser would refuse that");
    sessionStorage.setItem("subscribed", options.applicationServerKey);
    return made(options);
  };
  PushManager.prototype.getSubscription = async () => {
    const key = sessionStorage.getItem("subscribed");
    return key ? made({ applicationServerKey: key }) : null;
  };
}"""


async def test_a_browser_is_switched_on_and_off_and_its_keys_reach_the_server(own_desk: Desk, visit: Visit) -> None:
    subscription = FakeBrowser().subscription("https://push.example/s/1")
    page = await at_page(visit, own_desk)
    await page.context.grant_permissions(["notifications"], origin=own_desk.url)
    keys = json.dumps({"endpoint": subscription.endpoint, "p256dh": subscription.p256dh, "auth": subscription.auth})
    await page.add_init_script(f"({SUBSCRIBES})({keys})")
    await page.reload()
    await page.get_by_role("button", name="Switch this browser on").click()
    await expect(page.get_by_text("told nothing yet")).to_be_visible()
    await expect(page.get_by_text("this sign-in")).to_be_visible()
    async with own_desk.database.read(own_desk.centre.actor("amina")) as work:
        sealed = await work.value("select sealed from push_subscription")
    assert json.loads(own_desk.database.house.keys.decrypt(sealed)) == {
        "endpoint": subscription.endpoint,
        "p256dh": subscription.p256dh,
        "auth": subscription.auth,
    }
    await page.get_by_role("button", name="Send a trial").click()
    await expect(page.get_by_text("A trial is on its way")).to_be_visible()
    await page.get_by_role("button", name="Switch this browser off").click()
    await expect(page.get_by_text("No browser is told anything yet.")).to_be_visible()
    await expect(page.get_by_role("button", name="Switch this browser on")).to_be_visible()


async def test_a_browser_that_was_removed_elsewhere_offers_to_be_switched_on_again(
    own_desk: Desk, visit: Visit
) -> None:
    subscription = FakeBrowser().subscription("https://push.example/s/2")
    page = await at_page(visit, own_desk)
    await page.context.grant_permissions(["notifications"], origin=own_desk.url)
    keys = json.dumps({"endpoint": subscription.endpoint, "p256dh": subscription.p256dh, "auth": subscription.auth})
    await page.add_init_script(f"({SUBSCRIBES})({keys})")
    await page.reload()
    await page.get_by_role("button", name="Switch this browser on").click()
    await page.get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("That browser is told nothing more.")).to_be_visible()
    await expect(page.get_by_role("button", name="Switch this browser on")).to_be_visible()


async def test_the_worker_shows_what_is_pushed_once_and_leads_nowhere_else(own_desk: Desk, visit: Visit) -> None:
    """The event is delivered by the browser's own means, to the worker that is really installed."""
    page = await at_page(visit, own_desk)
    await page.context.grant_permissions(["notifications"], origin=own_desk.url)
    control = await page.context.new_cdp_session(page)
    registered: list[str] = []
    control.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registered.extend(each["registrationId"] for each in event["registrations"]),
    )
    await control.send("ServiceWorker.enable")
    await page.evaluate("navigator.serviceWorker.register('/push-worker.js').then(() => navigator.serviceWorker.ready)")
    while not registered:
        await page.wait_for_timeout(50)
    told = {"title": "Your promise was broken", "body": "PW-1 · Mto Power", "url": "/cases/PW-1", "tag": "t1"}
    for _ in range(2):
        await control.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": own_desk.url, "registrationId": registered[0], "data": json.dumps(told)},
        )
    shown = None
    while not shown:
        shown = await page.evaluate(
            "navigator.serviceWorker.ready.then(r => r.getNotifications())"
            ".then(all => all.map(n => [n.title, n.body, n.tag, n.data.url]))"
        )
    assert shown == [["Your promise was broken", "PW-1 · Mto Power", "t1", "/cases/PW-1"]]


@pytest.mark.parametrize(("width", "colours"), [(w, c) for w in (1440, 390) for c in ("light", "dark")])
async def test_the_page_shuts_nobody_out(own_desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await at_page(visit, own_desk, width=width, color_scheme=colours)
    await expect(page.get_by_role("button", name="Switch this browser on")).to_be_visible()
    assert not await violations(page)
    sideways = await page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not sideways
