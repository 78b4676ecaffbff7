"""Every page in light and dark, wide and narrow, judged by axe-core (WCAG 2.2 AA)."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.screens.builders import a_customer_link
from tests.screens.conftest import Desk, Visit, sign_in

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parents[1] / "vendor/axe-core/axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]  # all that dark differs in
LOOKS = [(width, colours) for width in (1440, 390) for colours in ("light", "dark")]

AMINA = ["/cases", "/cases?q=nothing+like+it", "/search", "/search?q=holder:me+state:closed",
         "/cases/{outage}", "/cases/{payment}", "/cases/{fence}", "/promises",
         "/promises?whose=departments", "/notices", "/contacts/new?phone=0712345678", "/me", "/me/notifications",
         "/cases/{outage}/promise", "/cases/{outage}/hold", "/cases/{outage}/resolve", "/cases/{fence}/reopen",
         "/cases/{outage}/sort", "/cases/{outage}/link", "/cases/{outage}/direct", "/cases/{outage}/merge",
         "/cases/{outage}/split", "/cases/{outage}/book", "/callbacks", "/callbacks?whose=all"]  # fmt: skip
STRANGER = [
    "/sign-in",
    "/sign-in/forgotten",
    "/welcome/used",
    "/f/power",
    "/f/nobody",
    "{outage link}",
    "{outage link}/book",
    "/c/x.y",
]


async def violations(page: Page, colours: str = "light") -> list[str]:
    """What axe finds: by every rule in light, and in dark by those that look at colours."""
    await page.evaluate(AXE)
    only = {"type": "tag", "values": RULES} if colours == "light" else {"type": "rule", "values": COLOURS}
    found: dict[str, Any] = await page.evaluate(
        "only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only
    )
    return [
        f"{each['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def address(desk: Desk, path: str) -> str:
    return desk.url + path.format(**desk.centre.cases)


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_no_page_of_the_desk_shuts_anybody_out(desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await visit(f"{desk.url}/sign-in", width=width, color_scheme=colours)
    await sign_in(page, "amina", desk)
    wrong: list[str] = []
    for path in AMINA:
        await page.goto(address(desk, path))
        wrong += [f"{path}: {each}" for each in await violations(page, colours)]
        wrong += [f"{path}: scrolls sideways"] if await scrolls_sideways(page) else []
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_no_page_for_others_shuts_anybody_out(desk: Desk, visit: Visit, width: int, colours: str) -> None:
    link = await a_customer_link(desk.database, desk.centre, "outage")
    page = await visit(f"{desk.url}/sign-in", width=width, color_scheme=colours)
    wrong: list[str] = []
    for path in STRANGER:
        await page.goto(desk.url + path.replace("{outage link}", link))
        wrong += [f"{path}: {each}" for each in await violations(page, colours)]
        wrong += [f"{path}: scrolls sideways"] if await scrolls_sideways(page) else []
    await sign_in(page, "grace", desk, "/messages")
    wrong += [f"/messages: {each}" for each in await violations(page, colours)]
    assert not wrong, "\n".join(wrong)


async def test_an_open_dialog_and_the_note_mode_shut_nobody_out(desk: Desk, visit: Visit) -> None:
    wrong: list[str] = []
    for colours in ("light", "dark"):
        page = await visit(f"{desk.url}/sign-in", color_scheme=colours)
        await sign_in(page, "amina", desk, f"/cases/{desk.centre.cases['outage']}")
        await page.get_by_text("Note", exact=True).click()
        wrong += await violations(page, colours)
        await page.get_by_role("link", name="Promise", exact=True).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        wrong += await violations(page, colours)
    assert not wrong, "\n".join(wrong)


async def test_a_day_with_nothing_in_it_says_what_to_do_first(empty_desk: Desk, visit: Visit) -> None:
    page = await visit(f"{empty_desk.url}/sign-in")
    await sign_in(page, "grace", empty_desk)
    wrong: list[str] = []
    for path, words in (
        ("/cases", "Begin by entering a call."),
        ("/promises", "stands here"),
        ("/promises?whose=departments", "no open promise"),
        ("/callbacks", "Nobody waits for a call"),
        ("/notices", "You have seen everything"),
        ("/messages", "No message waits"),
    ):
        await page.goto(empty_desk.url + path)
        await expect(page.locator(".empty")).to_contain_text(words)
        wrong += [f"{path}: {each}" for each in await violations(page)]
    assert not wrong, "\n".join(wrong)


async def test_what_has_the_focus_can_be_seen(desk: Desk, visit: Visit) -> None:
    page = await visit(f"{desk.url}/sign-in")
    await sign_in(page, "amina", desk)
    for _ in range(15):
        await page.keyboard.press("Tab")
        seen = await page.evaluate(
            "() => { const e = document.activeElement; const outline = s => parseFloat(s.outlineWidth) > 0"
            " && s.outlineStyle !== 'none';"
            " return outline(getComputedStyle(e)) || outline(getComputedStyle(e, '::after')); }"
        )
        assert seen, await page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)")


async def scrolls_sideways(page: Page) -> bool:
    return bool(await page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth"))
