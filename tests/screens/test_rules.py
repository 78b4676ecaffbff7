"""The page of rules: a table edited cell by cell, checked, tried, published, rolled back; by one and by two people."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from ahadi import cases
from ahadi.routing import drafting
from tests.screens.builders import Call, contact
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import LOOKS, scrolls_sideways, violations

pytestmark = pytest.mark.browser


async def at_rules(visit: Visit, desk: Desk, who: str = "naomi", path: str = "/rules", **options: Any) -> Page:
    page = await visit(f"{desk.url}/sign-in", **options)
    return await sign_in(page, who, desk, path)


def cell(page: Page, row: int, label: str) -> Any:
    return page.locator(f"#grid tbody tr:nth-child({row})").get_by_role("link", name=re.compile(f"^{label}:"))


async def keep(page: Page) -> None:
    await page.get_by_role("dialog").get_by_role("button", name="Keep", exact=True).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def a_table(desk: Desk) -> None:
    """Outages by phone go to repairs, and a row that never matches."""
    power = desk.centre.organisations["power"]
    async with desk.database.work(desk.centre.actor("naomi")) as work:
        when = {"reason": ["outage"], "channel": ["phone", "sms"], "hour": ["18:00-06:00"], "words": ["fire", "spark*"]}
        then = {"department": "repairs", "priority": "urgent", "promise": {"kind": "callback", "within": "30m elapsed"}}
        await drafting.add_row(work, power, {"name": "Danger at night", "when": when, "then": then})
        other = {"name": "Outages", "when": {"reason": ["outage"]}, "then": {"department": "repairs"}}
        await drafting.add_row(work, power, other)
        dead = {"name": "Outages by phone", "when": {"reason": ["outage"], "channel": ["phone"]},
                "then": {"department": "care"}}  # fmt: skip
        await drafting.add_row(work, power, dead)
        bills = {"name": "Bills", "when": {"reason": ["bill", "payment"], "day": ["Mo-Fr"]},
                 "then": {"department": "billing", "person": "lucy"}}  # fmt: skip
        await drafting.add_row(work, power, bills)


async def holder_of(desk: Desk, reference: str) -> Any:
    async with desk.database.read(desk.centre.everything) as work:
        return (await cases.get_case(work, reference)).department_id


async def calls(desk: Desk, minute: int, name: str, phone: str) -> Any:
    call = Call(minute, name, "power", "phone", name, phone, "complaint", "The crew was rude", "He shouted.")
    taken = await contact(desk.database, desk.centre, call)
    return taken.case.department_id


async def test_a_rule_is_made_a_gap_seen_and_mended_published_followed_and_rolled_back(
    own_desk: Desk, visit: Visit
) -> None:
    repairs, care = own_desk.centre.departments["repairs"], own_desk.centre.departments["care"]
    page = await at_rules(visit, own_desk)
    await expect(page.locator(".empty")).to_contain_text("No rule yet")
    await page.get_by_role("button", name="Add a row").click()
    await expect(cell(page, 1, "Rule")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_role("dialog").get_by_label("Name").fill("Complaints")
    await keep(page)
    await expect(cell(page, 1, "Rule")).to_have_text("Complaints")
    await expect(cell(page, 1, "Rule")).to_be_focused()
    await page.get_by_role("link", name="Add a condition").click()
    await page.get_by_role("dialog").get_by_role("link", name="Reason").click()
    await page.get_by_role("dialog").get_by_label("Complaint about service").check()
    await keep(page)
    await expect(cell(page, 1, "Reason")).to_have_text("Complaint about service")
    await cell(page, 1, "Department").click()
    await page.get_by_role("dialog").get_by_label("Department").select_option(label="Network Repairs")
    await keep(page)
    gap = page.locator("[data-gap]")
    await expect(gap).to_contain_text("No row covers: Reason: any but Complaint about service")
    await expect(gap).to_contain_text("For example: Phone, Monday 12:00")
    await page.get_by_role("button", name="Add a last row for all of it").click()
    await expect(page.get_by_text("Every request is covered, and every row can match.")).to_be_visible()
    await page.get_by_role("link", name="Put in force").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("region", name="What will change")).to_contain_text("Complaints")
    assert not await violations(page)
    await dialog.get_by_label("Why").fill("Repairs hear what is said of them")
    await dialog.get_by_role("button", name="Put in force").click()
    await expect(page.get_by_text("These rules are in force now")).to_be_visible()
    assert await calls(own_desk, 1, "Omar Said", "+254 711 000001") == repairs
    await page.get_by_role("button", name="Remove row 1").click()
    await expect(page.locator("#grid tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="Put in force").click()
    await page.get_by_role("dialog").get_by_label("Why").fill("Try without")
    await page.get_by_role("dialog").get_by_role("button", name="Put in force").click()
    await expect(page.get_by_text("These rules are in force now")).to_be_visible()
    assert await calls(own_desk, 2, "Rashid Omar", "+254 711 000002") == care
    await page.get_by_role("link", name="Versions").click()
    await page.get_by_role("link", name="Put in force again").click()
    await page.get_by_role("dialog").get_by_label("Why").fill("It was better before")
    await page.get_by_role("dialog").get_by_role("button", name="Put in force").click()
    await expect(page.get_by_text("It was better before")).to_be_visible()
    assert await calls(own_desk, 3, "Juma Ali", "+254 711 000003") == repairs


async def test_rows_move_and_are_copied_emptied_and_removed_by_keys_alone(own_desk: Desk, visit: Visit) -> None:
    await a_table(own_desk)
    page = await at_rules(visit, own_desk)
    names = page.locator("#grid [data-cell=name]")
    await cell(page, 4, "Rule").focus()
    await page.keyboard.press("Alt+ArrowUp")
    await expect(names).to_have_text(["Danger at night", "Outages", "Bills", "Outages by phone"])
    await expect(cell(page, 3, "Rule")).to_be_focused()
    await page.keyboard.press("Control+d")
    await expect(names).to_have_text(["Danger at night", "Outages", "Bills", "Bills 2", "Outages by phone"])
    await expect(cell(page, 4, "Rule")).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(cell(page, 4, "Reason")).to_be_focused()
    await page.keyboard.press("Delete")
    await expect(cell(page, 4, "Reason")).to_have_text("any")
    await page.keyboard.press("Control+z")
    await expect(cell(page, 4, "Reason")).to_have_text("Question about a bill or Payment not shown")
    await page.keyboard.press("Shift+Delete")
    await expect(names).to_have_text(["Danger at night", "Outages", "Bills", "Outages by phone"])
    await expect(cell(page, 4, "Reason")).to_be_focused()
    await page.keyboard.press("Control+Home")
    await expect(cell(page, 1, "Rule")).to_be_focused()


async def test_a_row_is_dragged_to_its_place(own_desk: Desk, visit: Visit) -> None:
    await a_table(own_desk)
    page = await at_rules(visit, own_desk)
    handle = page.locator("#grid .grid-number[draggable]")
    await handle.nth(3).drag_to(handle.nth(0))
    names = page.locator("#grid [data-cell=name]")
    await expect(names).to_have_text(["Bills", "Danger at night", "Outages", "Outages by phone"])


async def test_a_row_that_never_matches_is_marked_with_the_row_that_takes_everything(
    own_desk: Desk, visit: Visit
) -> None:
    await a_table(own_desk)
    page = await at_rules(visit, own_desk)
    await expect(page.locator("#grid tbody tr:nth-child(3) .mark-warn")).to_have_text(
        "Never matches: row 2 “Outages” takes every request that it describes."
    )
    await page.get_by_role("button", name="Move row 3 up").click()
    await expect(page.locator("#grid .mark-warn")).to_have_count(0)


async def test_two_at_one_table_see_each_other_s_changes_and_overwrite_none_unseen(
    own_desk: Desk, visit: Visit
) -> None:
    await a_table(own_desk)
    naomi = await at_rules(visit, own_desk)
    hamisi = await at_rules(visit, own_desk, "hamisi", "/rules?organisation=power")
    await cell(hamisi, 2, "Priority").click()
    await expect(hamisi.get_by_role("dialog")).to_be_visible()
    await cell(naomi, 2, "Rule").click()
    await naomi.get_by_role("dialog").get_by_label("Name").fill("No power")
    await keep(naomi)
    await hamisi.get_by_role("dialog").get_by_label("Priority").select_option("high")
    await hamisi.get_by_role("dialog").get_by_role("button", name="Keep", exact=True).click()
    told = hamisi.get_by_role("dialog").get_by_role("alert")
    await expect(told).to_contain_text("Naomi Wanjiku changed this row meanwhile")
    await expect(hamisi.get_by_role("dialog").get_by_label("Priority")).to_have_value("high")
    await keep(hamisi)
    await expect(cell(hamisi, 2, "Rule")).to_have_text("No power")
    await expect(cell(naomi, 2, "Priority")).to_have_text("High")


async def test_a_draft_is_tried_on_past_cases_that_can_be_opened(own_desk: Desk, visit: Visit) -> None:
    await a_table(own_desk)
    page = await at_rules(visit, own_desk, path="/rules/trial?organisation=power")
    await expect(page.locator(".tries")).to_contain_text("tried")
    await expect(page.get_by_role("region", name="What each row would have taken")).to_contain_text("2. Outages")
    assert not await violations(page)


async def test_a_table_goes_out_as_a_file_and_comes_back_and_a_wrong_file_gets_a_sentence(
    own_desk: Desk, visit: Visit
) -> None:
    await a_table(own_desk)
    page = await at_rules(visit, own_desk)
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="Download as JDM").click()
    document = json.loads(Path(await (await coming.value).path()).read_text(encoding="utf-8"))
    table = next(each for each in document["nodes"] if each["type"] == "decisionTableNode")["content"]
    table["rules"] = table["rules"][:2]

    async def upload(data: bytes) -> None:
        await page.locator("input[type=file]").set_input_files(
            {"name": "table.json", "mimeType": "application/json", "buffer": data}
        )
        await page.get_by_role("dialog").get_by_role("button", name="Upload").click()

    await page.get_by_role("link", name="Upload a table").click()
    await upload(b"<html>")
    await expect(page.get_by_role("alert")).to_contain_text("This is no JSON file")
    await upload(b'{"nodes": 7}')
    await expect(page.get_by_role("alert")).to_contain_text("choose a file it saved")
    await upload(json.dumps(document).encode())
    await expect(page.locator("#grid [data-cell=name]")).to_have_text(["Danger at night", "Outages"])


async def test_without_script_cells_are_pages_and_rows_have_buttons(own_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{own_desk.url}/sign-in", java_script_enabled=False)
    await sign_in(page, "naomi", own_desk, "/rules")
    await page.get_by_role("button", name="Add a row").click()
    await cell(page, 1, "First promise").click()
    await page.get_by_label("Promise", exact=True).select_option("callback")
    await page.get_by_label("Within").fill("2")
    await page.get_by_role("button", name="Keep", exact=True).click()
    await expect(cell(page, 1, "First promise")).to_have_text("Call back within 2 hours")
    await page.get_by_role("button", name="Copy row 1").click()
    await expect(page.locator("#grid tbody tr")).to_have_count(2)


async def test_who_may_not_edit_reads_the_table(own_desk: Desk, visit: Visit) -> None:
    await a_table(own_desk)
    page = await at_rules(visit, own_desk, "amina", "/rules?organisation=power")
    await expect(page.locator("#grid")).to_contain_text("Danger at night")
    await expect(page.locator("#grid a, #grid button")).to_have_count(0)
    await expect(page.get_by_role("button", name="Add a row")).to_have_count(0)


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_no_page_of_rules_shuts_anybody_out(own_desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await at_rules(visit, own_desk, width=width, color_scheme=colours)
    wrong = [f"empty: {each}" for each in await violations(page, colours)]
    await a_table(own_desk)
    for path in ("", "/trial", "/versions", "/publish", "/discard", "/upload"):
        await page.goto(f"{own_desk.url}/rules{path}?organisation=power")
        wrong += [f"{path}: {each}" for each in await violations(page, colours)]
        wrong += [f"{path}: scrolls sideways"] if await scrolls_sideways(page) else []
    await page.goto(f"{own_desk.url}/rules?organisation=power")
    first = await page.locator("#grid [data-cell=name]").first.get_attribute("href") or ""
    for column in ("name", "reason", "hour", "repeat", "attributes", "words", "place", "who", "promise", "day"):
        await page.goto(own_desk.url + first.replace("/name?", f"/{column}?"))
        wrong += [f"{column}: {each}" for each in await violations(page, colours)]
    assert not wrong, "\n".join(wrong)
