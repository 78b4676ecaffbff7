"""The chat window on a site, and those who answer in it: through a lost network, over pages, with nobody there."""

import asyncio
import gzip
import re
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.async_api import Page, expect

import ahadi.screens
from ahadi import cases
from ahadi.contacts import chats, send_due
from ahadi.directory import Presence, set_presence
from ahadi.intake.chat_goes_on import go_on
from ahadi.platform.database import Actor
from ahadi.platform.jobs import run_due
from tests.contacts.builders import FakePost
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import scrolls_sideways, violations

WIDGET = Path(ahadi.screens.__file__).parent / "static/widget.js"
SITE = "/demo/site/power"


def test_the_widget_is_light() -> None:
    assert len(gzip.compress(WIDGET.read_bytes(), 9)) < 15_000


async def somebody_is_there(desk: Desk, who: str = "brian", presence: Presence = Presence.AVAILABLE) -> None:
    power = desk.centre.organisations["power"]
    async with desk.database.work(Actor.system([power])) as work:
        await set_presence(work, power, desk.centre.people[who], presence)


async def reference_of(desk: Desk) -> str:
    """The case of the newest chat on the site."""
    async with desk.database.read(Actor.system([desk.centre.organisations["power"]])) as work:
        found: str = await work.value(
            "select reference from cases where channel = 'chat' order by opened_at desc, id desc limit 1"
        )
    return found


async def answered(desk: Desk, text: str, who: str = "brian") -> str:
    """Somebody answers in the newest conversation by chat; its case's reference."""
    reference = await reference_of(desk)
    async with desk.database.work(desk.centre.actor(who)) as work:
        await cases.reply_to_customer(work, reference, text, channel="chat")
    return reference


async def opened(page: Page) -> None:
    await page.get_by_role("button", name="Chat with us").click()
    await expect(page.get_by_role("textbox", name="Write a message")).to_be_focused()


async def write(page: Page, *words: str) -> None:
    for each in words:
        await page.get_by_role("textbox", name="Write a message").fill(each)
        await page.keyboard.press("Enter")


async def said(page: Page) -> list[str]:
    """What stands in the conversation, in order."""
    return await page.locator("#ahadi-chat .log li p").all_inner_texts()


async def stands(page: Page, *words: str) -> None:
    await expect(page.locator("#ahadi-chat .log li p")).to_have_text(list(words))


async def nothing_waits(page: Page) -> None:
    """The newest of the visitor's words are known to have arrived."""
    await expect(page.locator("#ahadi-chat .log li.you small").last).to_have_text(
        re.compile("Sent|Seen"), timeout=30_000
    )


@pytest.mark.browser
async def test_what_is_typed_without_a_network_arrives_once_in_order_and_answers_meanwhile_appear_once(
    own_desk: Desk, visit: Visit
) -> None:
    await somebody_is_there(own_desk)
    page = await visit(own_desk.url + SITE)
    await opened(page)
    await write(page, "My lights went out")
    await nothing_waits(page)
    await answered(own_desk, "Is it the whole street?")
    await stands(page, "My lights went out", "Is it the whole street?")

    await page.context.set_offline(True)
    await expect(page.get_by_text("No connection.")).to_be_visible()
    await write(page, "one", "two", "three")
    await expect(page.locator("#ahadi-chat .log")).to_contain_text("Waits for the network")
    await answered(own_desk, "Are you still there?")
    await page.context.set_offline(False)
    await expect(page.get_by_text("No connection.")).to_be_hidden()
    await expect(page.locator("#ahadi-chat .log li p")).to_have_count(6)
    await nothing_waits(page)
    found = await said(page)
    assert sorted(found) == sorted(
        ["My lights went out", "Is it the whole street?", "Are you still there?", "one", "two", "three"]
    )
    assert [each for each in found if each in ("one", "two", "three")] == ["one", "two", "three"]

    power = own_desk.centre.organisations["power"]
    async with own_desk.database.read(Actor.system([power])) as work:
        kept = await work.rows(
            "select t.body from chat_event e join message m on m.id = e.message_id join message_text t"
            " on t.message_id = m.id where m.direction = 'in' order by e.position"
        )
    assert [row["body"] for row in kept] == ["My lights went out", "one", "two", "three"]


@pytest.mark.browser
async def test_an_answer_that_was_lost_on_the_way_back_is_not_said_twice(own_desk: Desk, visit: Visit) -> None:
    """The server takes the message, and the page never hears of it."""
    page = await visit(own_desk.url + SITE)
    lost: list[str] = []

    async def lose(route: object) -> None:
        if len(lost) < 2:
            await route.fetch()  # type: ignore[attr-defined]
            lost.append("once")
            await route.abort()  # type: ignore[attr-defined]
        else:
            await route.continue_()  # type: ignore[attr-defined]

    await page.route("**/api/chat/power/messages**", lose)
    await opened(page)
    await write(page, "Only once, please")
    await nothing_waits(page)
    await stands(page, "Only once, please")
    assert len(lost) == 2
    async with own_desk.database.read(own_desk.centre.everything) as work:
        assert await work.value("select count(*) from chat_event") == 1


@pytest.mark.browser
async def test_the_conversation_goes_on_over_a_reload_another_page_and_another_tab(
    own_desk: Desk, visit: Visit
) -> None:
    page = await visit(own_desk.url + SITE)
    await opened(page)
    await write(page, "<b>My lights</b> & <img src=x>")
    await nothing_waits(page)
    await page.get_by_role("textbox", name="Write a message").fill("half a sent")
    await page.reload()
    await stands(page, "<b>My lights</b> & <img src=x>")
    await expect(page.get_by_role("textbox", name="Write a message")).to_have_value("half a sent")
    await page.get_by_role("link", name="News").click()
    await stands(page, "<b>My lights</b> & <img src=x>")
    await page.get_by_role("button", name="Close the chat").click()
    await answered(own_desk, "Good morning.")
    await expect(page.get_by_role("button", name="1 new")).to_be_visible()
    other = await page.context.new_page()
    await other.goto(own_desk.url + SITE)
    await other.get_by_role("button", name="Chat with us").click()
    await stands(other, "<b>My lights</b> & <img src=x>", "Good morning.")
    await expect(other.locator("#ahadi-chat .log .us span").first).to_have_text("Brian")
    await other.get_by_role("button", name="End the conversation").click()
    await other.get_by_role("button", name="End it").click()
    await expect(other.get_by_text("The conversation has ended.")).to_be_visible()
    await stands(other)
    assert "ahc_" not in await other.evaluate("JSON.stringify(localStorage)")


@pytest.mark.browser
async def test_with_nobody_there_a_message_is_a_case_with_a_promise_said_with_its_time(
    own_desk: Desk, visit: Visit
) -> None:
    for each in ("amina", "brian", "chao", "grace"):
        await somebody_is_there(own_desk, each, Presence.OFFLINE)
    page = await visit(own_desk.url + SITE)
    await opened(page)
    await expect(page.get_by_text("Leave a message: it becomes a request with a promise")).to_be_visible()
    await page.get_by_label("Your name").fill("Zuhura Said")
    await page.get_by_label("E-mail address").fill("zuhura@mail.example")
    await write(page, "The meter shows error 30")
    await expect(page.locator("#ahadi-chat .note").first).to_contain_text("We promised it by today at")
    reference = await reference_of(own_desk)
    await expect(page.locator("#ahadi-chat .note").first).to_contain_text(reference)
    await page.get_by_role("button", name="Call me back").click()
    await page.get_by_label("Telephone number").fill("0712 345678")
    await page.get_by_role("button", name="Ask for a call").click()
    await expect(page.locator("#ahadi-chat .log")).to_contain_text("Please call me back: 0712 345678")
    async with own_desk.database.read(own_desk.centre.everything) as work:
        case = await cases.get_case(work, reference)
    assert "callback" in [each.kind for each in case.open_promises]


@pytest.mark.browser
async def test_a_conversation_that_moved_to_mail_keeps_its_thread(own_desk: Desk, visit: Visit) -> None:
    page = await visit(own_desk.url + SITE)
    await opened(page)
    await page.get_by_label("E-mail address").fill("zuhura@mail.example")
    await write(page, "The meter shows error 30")
    await nothing_waits(page)
    await page.close()
    own_desk.clock.set(own_desk.clock.now() + timedelta(minutes=5))
    reference = await answered(own_desk, "Please type 07 and then the token.")
    while await run_due(own_desk.database, {chats.GO_ON: go_on}, timedelta(minutes=1)):
        pass
    from ahadi.channels.fake import FakeChannel

    mail = FakeChannel("email")
    power = own_desk.centre.organisations["power"]
    await send_due(own_desk.database, [power], FakePost(mail))
    [went_on] = [each for each in mail.arrived if "Please type 07" in each.text]
    assert went_on.to == "zuhura@mail.example"
    async with own_desk.database.read(own_desk.centre.everything) as work:
        row = await work.row(
            "select c.reference from message m join cases c on c.id = m.case_id where m.id = %(id)s",
            {"id": went_on.id},
        )
    assert row == {"reference": reference}


@pytest.mark.browser
async def test_who_waits_is_seen_taken_over_and_answered_with_typing_and_seen_on_both_sides(
    own_desk: Desk, visit: Visit
) -> None:
    await somebody_is_there(own_desk)
    desk = await visit(f"{own_desk.url}/sign-in")
    await sign_in(desk, "brian", own_desk, "/chats")
    await expect(desk.get_by_text("Nobody is chatting")).to_be_visible()
    page = await visit(own_desk.url + SITE)
    await opened(page)
    await expect(page.get_by_text("We are here now.")).to_be_visible()
    await page.get_by_label("Your name").fill("Zuhura Said")
    await write(page, "The meter shows error 30")
    await expect(desk.locator(".chat-waits")).to_contain_text("The meter shows error 30")
    await desk.get_by_role("button", name="I answer Zuhura Said").click()
    await desk.wait_for_url("**/cases/**")
    await expect(desk.get_by_text("Says of themselves, and nobody verified it: Zuhura Said")).to_be_visible()
    await expect(page.locator("#ahadi-chat")).to_contain_text("With Brian")
    await expect(page.locator("#ahadi-chat .log")).to_contain_text("Seen")
    await page.get_by_role("textbox", name="Write a message").press_sequentially("It")
    await expect(desk.get_by_text("Zuhura Said is typing")).to_be_visible()
    await desk.get_by_label("Reply to Zuhura Said").press_sequentially("Press")
    await expect(page.get_by_text("Brian is typing")).to_be_visible()
    await expect(desk.locator("#by")).to_have_value("chat")
    await desk.get_by_label("Reply to Zuhura Said").fill("Press 07 first.")
    await desk.get_by_role("button", name="Send the reply").click()
    await stands(page, "The meter shows error 30", "Press 07 first.")
    await expect(desk.get_by_text("Has seen everything")).to_be_visible()


@pytest.mark.browser
async def test_a_site_that_is_not_allowed_has_no_chat_and_one_that_is_needs_only_two_directives(
    own_desk: Desk, visit: Visit
) -> None:
    """The page is of another origin, under a strict policy of its own."""
    policy = f"default-src 'none'; script-src {own_desk.url}; connect-src {own_desk.url}"
    script = f'<script src="{own_desk.url}/widget.js" data-organisation="power"></script>'
    html = f'<!doctype html><html lang="en"><title>x</title><body>{script}'.encode()

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(html)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    origin = f"http://localhost:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    power = own_desk.centre.organisations["power"]
    async with own_desk.database.work(Actor.system([power])) as work:
        await work.execute(
            "update organisation set settings = settings || %(s)s, version = version + 1 where id = %(id)s",
            {"s": f'{{"chat": {{"origins": ["{origin}"], "name": "first"}}}}', "id": power},
        )
    page = await visit(own_desk.url + SITE)
    await page.goto(origin)
    await opened(page)
    assert await page.locator("#ahadi-chat").evaluate("each => getComputedStyle(each).position") == "fixed"
    await write(page, "Hello from elsewhere")
    await nothing_waits(page)
    await stands(page, "Hello from elsewhere")
    refused = await page.context.new_page()
    await refused.goto(origin.replace("localhost", "127.0.0.1"))
    await refused.get_by_role("button", name="Chat with us").click()
    await expect(refused.get_by_text("No connection.")).to_be_visible()
    await refused.close()
    await page.close()
    await asyncio.to_thread(server.shutdown)
    server.server_close()


@pytest.mark.browser
async def test_the_window_speaks_swahili_where_the_page_does(own_desk: Desk, visit: Visit) -> None:
    page = await visit(own_desk.url + SITE, locale="sw-KE")
    await page.get_by_role("button", name="Zungumza nasi").click()
    await page.get_by_role("textbox", name="Andika ujumbe").fill("Umeme umekatika")
    await page.keyboard.press("Enter")
    await expect(page.locator("#ahadi-chat .note").first).to_contain_text("Tumeahidi kufikia")


@pytest.mark.browser
@pytest.mark.parametrize(("width", "colours"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
async def test_the_window_and_the_list_shut_nobody_out(own_desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await visit(own_desk.url + SITE, width=width, color_scheme=colours)
    wrong = [f"closed: {each}" for each in await violations(page, colours)]
    await opened(page)
    wrong += [f"first: {each}" for each in await violations(page, colours)]
    await write(page, "The meter shows error 30, and " + "a word without end" * 12)
    await nothing_waits(page)
    reference = await answered(own_desk, "Please type 07 and then the token.")
    await expect(page.locator("#ahadi-chat .log .us")).to_have_count(1)
    wrong += [f"talking: {each}" for each in await violations(page, colours)]
    await page.get_by_role("button", name="End the conversation").click()
    wrong += [f"ending: {each}" for each in await violations(page, colours)]
    wrong += ["the site scrolls sideways"] if await scrolls_sideways(page) else []
    await page.get_by_role("button", name="Keep it").click()
    await page.get_by_role("button", name="Close the chat").click()
    await sign_in(page, "amina", own_desk, "/chats")
    await expect(page.locator(".chat-row")).to_have_count(1)
    wrong += [f"list: {each}" for each in await violations(page, colours)]
    wrong += ["the list scrolls sideways"] if await scrolls_sideways(page) else []
    await page.goto(f"{own_desk.url}/cases/{reference}")
    await expect(page.locator("#chat-here")).to_be_visible()
    wrong += [f"case: {each}" for each in await violations(page, colours)]
    assert not wrong, "\n".join(wrong)
