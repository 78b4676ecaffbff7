"""Pages for those who are not signed in: sign-in, one-time links, the customer's page, the public form."""

import re
from datetime import timedelta

import httpx
import pyotp
import pytest
from playwright.async_api import expect

from ahadi import cases, contacts
from ahadi.base.ids import find_references
from ahadi.directory import sign_in_store
from ahadi.directory.sign_in import make_link
from tests.screens.builders import NOW, PASSWORD, a_customer_link
from tests.screens.conftest import Desk, Visit, sign_in

TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
OURS = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


def client(desk: Desk) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=desk.url, headers=OURS)


# Sign-in --------------------------------------------------------------------------------------------------------


@pytest.mark.browser
async def test_a_wrong_password_is_told_without_saying_what_was_wrong(desk: Desk, visit: Visit) -> None:
    page = await visit(f"{desk.url}/sign-in")
    for email in (desk.centre.email("amina"), "nobody@daraja.example"):
        await page.get_by_label("E-mail address").fill(email)
        await page.get_by_label("Password").fill("something else entirely")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("The e-mail address or the password is wrong")
        await expect(page.get_by_label("E-mail address")).to_have_value(email)


@pytest.mark.browser
async def test_whoever_was_led_to_sign_in_comes_back_to_where_they_wanted_to_go(desk: Desk, visit: Visit) -> None:
    page = await visit(desk.case("bill"))
    assert "/sign-in?next=" in page.url
    await page.get_by_label("E-mail address").fill(desk.centre.email("lucy"))
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(desk.case("bill"))


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example/x", "/\\evil.example", "/api/me"])
async def test_signing_in_leads_to_no_page_but_ours(desk: Desk, elsewhere: str) -> None:
    async with client(desk) as browser:
        form = {"email": desk.centre.email("chao"), "password": PASSWORD, "next": elsewhere}
        answer = await browser.post("/sign-in", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/cases")


@pytest.mark.browser
async def test_an_authenticator_is_set_up_and_its_code_asked_for(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "brian", own_desk, "/me")
    form = page.locator("form", has=page.get_by_role("button", name="Set one up"))
    await form.get_by_label("Password", exact=True).fill(PASSWORD)
    await form.get_by_role("button", name="Set one up").click()
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    secret = await page.locator(".hint .mono").inner_text()
    now = own_desk.clock.now()
    await page.get_by_label("Code from your authenticator app").fill(pyotp.TOTP(secret).at(now))
    await page.get_by_role("button", name="Put it in force").click()
    await expect(page.get_by_text("Your authenticator is set up")).to_be_visible()
    await page.get_by_text("You: Brian Kiprop").locator("..").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_text("You are signed out.")).to_be_visible()
    own_desk.clock.advance(timedelta(seconds=60))
    await page.get_by_label("E-mail address").fill(own_desk.centre.email("brian"))
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Your code")).to_be_visible()
    assert PASSWORD not in await page.content()
    await page.get_by_label("Code from your authenticator app").fill("000000")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("wrong")
    await page.get_by_label("Code from your authenticator app").fill(pyotp.TOTP(secret).at(own_desk.clock.now()))
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/cases")


async def test_what_was_sealed_for_the_second_step_is_good_for_five_minutes_only(own_desk: Desk) -> None:
    keyring = own_desk.installation.keyring
    async with own_desk.database.work(own_desk.centre.everything) as work:
        await sign_in_store.put_totp_secret(work, own_desk.centre.people["brian"], keyring.encrypt(TOTP_SECRET))
        await sign_in_store.take_totp_step(work, own_desk.centre.people["brian"], 1)
    async with client(own_desk) as browser:
        form = {"email": own_desk.centre.email("brian"), "password": PASSWORD}
        first = await browser.post("/sign-in", data=form)
        sealed = re.search(r'name="sealed" value="([^"]+)"', first.text)
        assert first.status_code == 200 and sealed
        own_desk.clock.advance(timedelta(minutes=6))
        code = pyotp.TOTP(TOTP_SECRET).at(own_desk.clock.now())
        late = await browser.post("/sign-in", data={"sealed": sealed[1], "code": code})
        assert late.status_code == 401
        forged = await browser.post("/sign-in", data={"sealed": "x" + sealed[1], "code": code})
        assert forged.status_code == 401


@pytest.mark.browser
async def test_a_one_time_link_sets_a_password_and_is_used_up(own_desk: Desk, visit: Visit) -> None:
    async with own_desk.database.work(own_desk.centre.everything) as work:
        link = await make_link(work, own_desk.centre.people["chao"], "reset")
    page = await visit(f"{own_desk.url}/welcome/{link}")
    await expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    await page.get_by_label("New password").fill("four calm zebras")
    await page.get_by_label("The same again").fill("four calm giraffes")
    await page.get_by_role("button", name="Keep the password").click()
    await expect(page.get_by_role("alert")).to_contain_text("not the same")
    await page.get_by_label("New password").fill("four calm zebras")
    await page.get_by_label("The same again").fill("four calm zebras")
    await page.get_by_role("button", name="Keep the password").click()
    await page.wait_for_url("**/cases")
    other = await visit(f"{own_desk.url}/welcome/{link}")
    await expect(other.get_by_role("heading", name="This link is used up")).to_be_visible()


@pytest.mark.browser
async def test_a_forgotten_password_is_answered_alike_for_everybody(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in/forgotten")
    for email in ("nobody@daraja.example", own_desk.centre.email("amina")):
        await page.goto(f"{own_desk.url}/sign-in/forgotten")
        await page.get_by_label("E-mail address").fill(email)
        await page.get_by_role("button", name="Send me the link").click()
        await expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()


@pytest.mark.browser
async def test_one_click_signs_in_to_the_demo_as_each_role(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    for role in ("Agent", "Specialist", "Manager", "Supervisor", "Administrator"):
        await expect(page.get_by_role("button", name=role)).to_be_visible()
    await page.get_by_role("button", name="Supervisor Grace Njeri").click()
    await page.wait_for_url("**/cases")
    await expect(page.get_by_text("You: Grace Njeri")).to_be_attached()


@pytest.mark.browser
async def test_one_click_keeps_the_language_that_the_sign_in_was_shown_in(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in", locale="sw-KE")
    await page.get_by_role("button", name="Grace Njeri").click()
    await page.wait_for_url("**/cases")
    await expect(page.locator("html")).to_have_attribute("lang", "sw")


async def test_there_is_no_one_click_where_the_address_is_not_this_machine(desk: Desk) -> None:
    async with client(desk) as browser:
        proxied = {"X-Forwarded-For": "203.0.113.9"}
        assert "demo" not in (await browser.get("/sign-in", headers=proxied)).text
        assert (await browser.post("/sign-in/demo", data={"person": "amina"}, headers=proxied)).status_code == 404


@pytest.mark.browser
async def test_sessions_are_listed_and_another_browser_s_is_ended(own_desk: Desk, visit: Visit) -> None:
    elsewhere = await visit(f"{own_desk.url}/sign-in", user_agent="Mozilla/5.0 (Android) Firefox/140.0")
    await sign_in(elsewhere, "amina", own_desk)
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/me")
    await expect(page.get_by_text("Firefox, Android")).to_be_visible()
    await page.get_by_role("button", name="End", exact=True).or_(page.get_by_title("End this session")).first.click()
    await expect(page.get_by_text("That session has ended.")).to_be_visible()
    await elsewhere.reload()
    assert "/sign-in" in elsewhere.url


@pytest.mark.browser
async def test_language_and_colours_are_chosen_and_kept(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in")
    await sign_in(page, "amina", own_desk, "/me")
    await page.get_by_label("Dark").check()
    await page.get_by_label("Language", exact=True).select_option("sw")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.locator("html")).to_have_attribute("lang", "sw")
    background = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert background == "rgb(15, 20, 19)"


@pytest.mark.browser
async def test_times_are_the_organisation_s_unless_the_person_chose_another_clock(own_desk: Desk, visit: Visit) -> None:
    reference = own_desk.centre.cases["outage"]
    page = await visit(f"{own_desk.url}/sign-in", timezone_id="America/Lima")
    await sign_in(page, "amina", own_desk, f"/cases/{reference}")
    due = page.locator(".touch-next .touch-label")
    await expect(due).to_contain_text("13:35")
    await expect(due).not_to_contain_text("Nairobi")
    await page.goto(f"{own_desk.url}/me")
    await page.get_by_label("Times", exact=True).select_option("UTC")
    await page.get_by_role("button", name="Save").click()
    await page.goto(f"{own_desk.url}/cases/{reference}")
    await expect(due).to_contain_text("10:35 · 13:35 in Nairobi")
    await page.get_by_role("link", name="Promise", exact=True).click()
    await expect(page.get_by_role("dialog").get_by_text("Due at the latest (UTC time)")).to_be_visible()
    await page.get_by_role("dialog").get_by_role("button", name="today 17:00").click()
    await page.get_by_role("dialog").get_by_role("button", name="Promise").click()
    await expect(page.locator(".open-promises")).to_contain_text("17:00")
    async with own_desk.database.read(own_desk.centre.everything) as work:
        case = await cases.get_case(work, reference)
    assert max(each.due_at for each in case.open_promises) == NOW.replace(hour=17, minute=0)


@pytest.mark.browser
async def test_the_customer_s_page_has_the_organisation_s_clock_and_names_it_once(desk: Desk, visit: Visit) -> None:
    link = await a_customer_link(desk.database, desk.centre, "outage")
    page = await visit(desk.url + link, timezone_id="America/Lima")
    await page.context.add_cookies([{"name": "ahadi-own-zone", "value": "UTC", "url": desk.url}])
    await page.reload()
    await expect(page.locator(".promised")).to_contain_text("13:35")
    await expect(page.get_by_text("Times are those of Nairobi.")).to_have_count(1)


# The customer's page --------------------------------------------------------------------------------------------


@pytest.mark.browser
async def test_the_customer_sees_where_it_stands_and_nothing_that_is_for_staff(desk: Desk, visit: Visit) -> None:
    link = await a_customer_link(desk.database, desk.centre, "outage")
    page = await visit(desk.url + link, width=390, height=844)
    await expect(page.get_by_role("heading", level=1)).to_have_text("No power in Kilimani since last night")
    await expect(page.locator("main")).to_contain_text("Your request is with Joseph Mwangi of Network Repairs.")
    await expect(page.locator(".promised")).to_contain_text("13:35")
    await expect(page.locator("main")).to_contain_text("+254 20 555 0102")
    await expect(page.locator(".talk")).to_contain_text("call me at once and we bring a generator")
    text = (await page.content()).lower()
    for private in ("concentrator", "joseph@daraja", "urgent", "life-support", "langata", "sorted anew", "amina"):
        assert private not in text, private


@pytest.mark.browser
async def test_the_customer_s_page_speaks_their_language(desk: Desk, visit: Visit) -> None:
    page = await visit(desk.url + await a_customer_link(desk.database, desk.centre, "payment"), width=390, height=844)
    await expect(page.locator("html")).to_have_attribute("lang", "sw")
    await expect(page.locator("main")).to_contain_text("Huduma kwa Wateja")
    await page.get_by_label("Lugha").select_option("en")
    await expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.browser
async def test_a_reply_from_the_customer_s_page_joins_their_case_without_script(own_desk: Desk, visit: Visit) -> None:
    link = await a_customer_link(own_desk.database, own_desk.centre, "payment")
    page = await visit(own_desk.url + link, width=390, height=844, java_script_enabled=False, locale="en-GB")
    await page.locator("[name=text]").fill("Nambari ya malipo ni QGH7KJ2.")
    await page.locator(".form .button-main").first.click()
    assert page.url == own_desk.url + link
    await expect(page.locator(".talk-own").last).to_contain_text("QGH7KJ2")
    async with own_desk.database.read(own_desk.centre.everything) as work:
        case = await cases.get_case(work, own_desk.centre.cases["payment"])
        said = await contacts.messages_of(work, case.organisation_id, case.id)
    assert case.contacts == 2
    own = next(each for each in said if "QGH7KJ2" in each.body)
    assert own.customer_id == case.customer_id and own.channel == "web"


@pytest.mark.browser
async def test_the_customer_asks_for_a_manager_and_gets_a_dated_call(own_desk: Desk, visit: Visit) -> None:
    page = await visit(
        own_desk.url + await a_customer_link(own_desk.database, own_desk.centre, "outage"), width=390, height=844
    )
    await page.get_by_text("Speak with somebody").click()
    await page.get_by_label("A manager who can decide").check()
    await page.get_by_role("button", name="Ask for them").click()
    await expect(page.get_by_text("We have passed on that you want to speak with somebody.")).to_be_visible()
    async with own_desk.database.read(own_desk.centre.everything) as work:
        case = await cases.get_case(work, own_desk.centre.cases["outage"])
    owners = {each.owner.person for each in case.open_promises if each.kind == "callback"}
    assert owners == {own_desk.centre.people["naomi"]}


async def test_the_customer_s_page_tells_nobody_of_its_address_and_is_found_by_no_search(desk: Desk) -> None:
    link = await a_customer_link(desk.database, desk.centre, "outage")
    async with client(desk) as browser:
        answer = await browser.get(link)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"] and '<meta name="robots" content="noindex">' in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_a_link_that_was_revoked_or_forged_leads_to_a_friendly_page_and_nothing_more(own_desk: Desk) -> None:
    link = await a_customer_link(own_desk.database, own_desk.centre, "outage")
    other = await a_customer_link(own_desk.database, own_desk.centre, "bill")
    async with own_desk.database.work(own_desk.centre.actor("amina")) as work:
        await cases.revoke_link(work, own_desk.centre.cases["outage"])
    forged = other.rpartition(".")[0] + "." + link.rpartition(".")[2]
    async with client(own_desk) as browser:
        for each in (link, forged, link[:-4], "/c/x.y", f"{link}/reply"):
            answer = await browser.get(each)
            assert answer.status_code in (404, 405), each
            assert "Kilimani" not in answer.text
        refused = await browser.post(f"{link}/reply", data={"text": "hello"})
        assert refused.status_code == 404
        assert "no longer valid" in (await browser.get(link)).text


async def test_replies_from_one_page_are_counted_and_slowed(own_desk: Desk) -> None:
    link = await a_customer_link(own_desk.database, own_desk.centre, "bill")
    async with client(own_desk) as browser:
        codes = [(await browser.post(f"{link}/reply", data={"text": f"word {n}"})).status_code for n in range(32)]
    assert codes[:30] == [303] * 30 and codes[30:] == [429, 429]


# The public form ------------------------------------------------------------------------------------------------


@pytest.mark.browser
async def test_the_public_form_gives_a_reference_and_a_new_customer_their_page(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/f/power", width=390, height=844, java_script_enabled=False)
    await page.get_by_label("What do you need?").fill("The pole in front of number 12 hums.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("alert")).to_contain_text("Leave a telephone number or an e-mail address")
    await expect(page.get_by_label("What do you need?")).to_have_value("The pole in front of number 12 hums.")
    await page.get_by_label("E-mail address").fill("hum@mail.example")
    await page.get_by_label("What is it about?").select_option(label="No electricity")
    await page.get_by_role("button", name="Send").click()
    reference = await page.locator("main .mono").inner_text()
    assert find_references(reference) == [reference]
    await page.get_by_role("link", name="To your page").click()
    await expect(page.locator(".talk")).to_contain_text("The pole in front of number 12 hums.")


async def test_whoever_writes_in_a_known_customer_s_name_does_not_get_their_page(own_desk: Desk) -> None:
    async with client(own_desk) as browser:
        form = {"text": "What is my balance?", "email": "peter.mutua@mail.example", "once": "a"}
        answer = await browser.post("/f/power", data=form)
    assert answer.status_code == 201
    assert "/c/" not in answer.text and "Mutua" not in answer.text


async def test_a_form_sent_twice_is_one_contact_and_a_program_s_is_none(own_desk: Desk) -> None:
    form = {"text": "Once and no more", "email": "twice@mail.example", "once": "k1"}
    async with client(own_desk) as browser:
        first = await browser.post("/f/power", data=form)
        again = await browser.post("/f/power", data=form)
        trapped = await browser.post("/f/power", data=form | {"website": "https://spam.example", "once": "k2"})
    references = [find_references(each.text) for each in (first, again)]
    assert references[0] == references[1] != []
    assert trapped.status_code == 200 and not find_references(trapped.text)
    async with own_desk.database.read(own_desk.centre.everything) as work:
        case = await cases.get_case(work, references[0][0])
    assert case.contacts == 1


async def test_the_form_is_slowed_for_whoever_sends_it_all_the_time(own_desk: Desk) -> None:
    async with client(own_desk) as browser:
        codes = []
        for number in range(21):
            form = {"text": "again", "email": f"a{number}@mail.example"}
            codes.append((await browser.post("/f/power", data=form)).status_code)
    assert codes == [201] * 20 + [429]


async def test_an_organisation_that_is_not_there_has_no_form(desk: Desk) -> None:
    async with client(desk) as browser:
        answer = await browser.get("/f/nobody")
    assert answer.status_code == 404 and "Nothing here" in answer.text
