"""Every component is shown on one page, and a page of the desk is light."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from ahadi.screens.pages import TEMPLATES
from tests.screens.conftest import Desk, Visit, sign_in
from tests.screens.test_accessibility import LOOKS, scrolls_sideways, violations

INSIDE_OTHERS = {"once", "stays"}  # nothing to be seen of them
FIRST, AGAIN = 150_000, 30_000  # bytes


def macros() -> set[str]:
    text = Path(TEMPLATES, "components.html").read_text(encoding="utf-8")
    return set(re.findall(r"{% (?:macro|set) (\w+)(?:\(| = drawn)", text)) - INSIDE_OTHERS


def test_no_component_is_left_out() -> None:
    page = Path(TEMPLATES, "components_shown.html").read_text(encoding="utf-8")
    assert set(re.findall(r'shown\("(\w+)"\)', page)) == macros()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "colours"), LOOKS)
async def test_no_component_shuts_anybody_out(desk: Desk, visit: Visit, width: int, colours: str) -> None:
    page = await visit(f"{desk.url}/sign-in", width=width, color_scheme=colours)
    await sign_in(page, "amina", desk, "/components")
    wrong = await violations(page, colours)
    assert not wrong, "\n".join(wrong)
    assert not await scrolls_sideways(page)


class Weight:
    """The bytes that come over the wire to a page, as Chromium counts them; what its cache has is none."""

    def __init__(self) -> None:
        self.total = 0
        self.parts: dict[str, int] = {}
        self._addresses: dict[str, str] = {}

    async def of(self, page: Page) -> "Weight":
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._came)
        return self

    def _asked(self, event: dict[str, Any]) -> None:
        self._addresses[event["requestId"]] = event["request"]["url"]

    def _came(self, event: dict[str, Any]) -> None:
        size = int(event["encodedDataLength"])
        self.total += size
        self.parts[self._addresses.get(event["requestId"], "?")] = size

    def begin_again(self) -> None:
        self.total = 0
        self.parts.clear()


@pytest.mark.browser
async def test_a_page_of_the_desk_is_light_the_first_time_and_very_light_after(desk: Desk, visit: Visit) -> None:
    first = await visit(f"{desk.url}/sign-in")
    await sign_in(first, "amina", desk)
    cookies = await first.context.cookies()
    page = await visit("about:blank")  # of a browser that has nothing yet
    await page.context.add_cookies(cookies)  # type: ignore[arg-type]  # as they were given out
    weight = await Weight().of(page)
    await page.goto(desk.case("outage"), wait_until="load")
    await page.locator("#connection[data-state=live]").wait_for()
    assert 10_000 < weight.total <= FIRST, weight.parts
    for called in ("fence", "move"):
        weight.begin_again()
        await page.goto(desk.case(called), wait_until="load")
        await page.locator("#connection[data-state=live]").wait_for()
        assert 1_000 < weight.total <= AGAIN, weight.parts
