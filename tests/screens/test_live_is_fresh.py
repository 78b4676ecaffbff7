"""A live page equals a fresh page: after any sequence of changes the DOM that arrived by events is that of a reload.

One more page is one more line in `PAGES`; one more thing that people do is one more function in `screens/deeds.py`.
`AHADI_TEST_EXAMPLES=50` looks at as many days instead of a few.
"""

import os
from collections.abc import Sequence
from difflib import unified_diff
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from playwright.async_api import Browser, BrowserContext, Page

from ahadi.platform import journal
from ahadi.platform.journal import Cursor
from tests.screens.conftest import Desk, running_desk, sign_in
from tests.screens.deeds import DEEDS, Doing, beforehand

EXAMPLES = int(os.environ.get("AHADI_TEST_EXAMPLES", "2"))

# The pages that keep themselves up to date, and who looks at them. `{outage}` is the reference of the case so called.
PAGES: tuple[tuple[str, str], ...] = (
    ("amina", "/cases/{outage}"),
    ("amina", "/cases/{complaint}"),
    ("amina", "/cases"),
    ("amina", "/cases?holder=me&state=all"),
    ("amina", "/promises"),
    ("amina", "/promises?whose=departments"),
    ("amina", "/callbacks?whose=all"),
    ("amina", "/chats"),
    ("amina", "/notices"),
    ("amina", "/search?q=state:all+power"),
    ("amina", "/offers"),
    ("grace", "/offers"),
)

COMES_BACK = "window.dispatchEvent(new Event('focus'))"

# What differs by nature, each with its reason.
NORMALISED = """
() => {
  const page = document.documentElement.cloneNode(true);
  const all = (selector) => page.querySelectorAll(selector);
  const drop = (selector, ...names) => {
    for (const each of all(selector)) for (const name of names) each.removeAttribute(name);
  };
  // The moment the page was made, and how far it has read.
  for (const each of [page, ...all("#page")]) each.removeAttribute("data-now");
  drop("body", "data-live-cursor");
  // Whether the stream is open: the fresh page may still be opening it.
  drop("#connection", "data-state");
  all(".connection-text").forEach((each) => each.replaceChildren());
  // Ages and what is left are counted on by the script from its own clock.
  all("time[data-relative]").forEach((each) => (each.textContent = ""));
  // Names under which a form's sending is known, one for each page that was made.
  all("input[name=once]").forEach((each) => each.removeAttribute("value"));
  // A time that is proposed for a new promise goes with the clock, and may be written over by somebody meanwhile.
  drop("#promise-due", "value", "min");
  // Whether a visitor's window is open: told by a stream of its own, and looked at by `/chats` each half minute.
  drop("[data-chat-there], [data-chat-gone], [data-chat-seen], [data-chat-unseen]", "hidden");
  all(".chat-window").forEach((each) => each.remove());
  // What is told once, and goes by itself.
  all("#toasts > *, #others > *").forEach((each) => each.remove());
  // Marks of the scripts, and of white space between what they moved.
  all("*").forEach((each) => {
    for (const name of each.getAttributeNames()) if (name.startsWith("data-htmx")) each.removeAttribute(name);
    if (each.className === "") each.removeAttribute("class");
  });
  const lines = [];
  const tell = (node, depth) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.nodeValue.replace(/\\s+/g, " ").trim();
      if (text) lines.push(" ".repeat(depth) + text);
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      const named = node.getAttributeNames().sort().map((name) => ` ${name}="${node.getAttribute(name)}"`);
      lines.push(" ".repeat(depth) + "<" + node.localName + named.join("") + ">");
      node.childNodes.forEach((each) => tell(each, depth + 1));
    }
  };
  page.normalize();
  tell(page, 0);
  return lines;
}
"""


class Looking:
    """Everybody's open pages, each in a browser of its own: browsers allow few connections to one server."""

    def __init__(self, desk: Desk, browser: Browser) -> None:
        self.desk, self.browser = desk, browser
        self.pages: list[tuple[str, Page]] = []
        self.contexts: list[BrowserContext] = []
        self.signed_in: dict[str, Any] = {}
        self.wrong: list[str] = []

    async def __aenter__(self) -> "Looking":
        for who, address in PAGES:
            context = await self._context(who)
            page = await context.new_page()
            page.on("pageerror", lambda error: self.wrong.append(str(error)))
            await page.goto(self.desk.url + address.format(**self.desk.centre.cases))
            self.pages.append((who, page))
        for _who, page in self.pages:
            await page.wait_for_selector("#connection[data-state=live]", timeout=60_000)
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in self.contexts:
            await each.close()

    async def _context(self, who: str) -> BrowserContext:
        options: dict[str, Any] = {"timezone_id": "Africa/Nairobi", "locale": "en-GB", "reduced_motion": "reduce"}
        if who not in self.signed_in:
            context = await self.browser.new_context(**options)
            page = await context.new_page()
            page.set_default_timeout(60_000)
            await sign_in(page, who, self.desk, "/me")
            self.signed_in[who] = await context.storage_state()
            self.signed_in[who]["origins"] = []
            await context.close()
        context = await self.browser.new_context(**options, storage_state=self.signed_in[who])
        context.set_default_timeout(60_000)
        self.contexts.append(context)
        return context

    async def time_passes(self) -> None:
        """The page looks for itself when a minute has passed, or somebody comes back to it."""
        for _who, page in self.pages:
            await page.evaluate(COMES_BACK)

    async def settled(self, page: Page, wanted: Sequence[int]) -> None:
        """The page has heard of these transactions, and shows what it heard."""
        while not _has_read(await page.evaluate("document.body.dataset.liveCursor"), wanted):
            await page.wait_for_function(
                "before => document.body.dataset.liveCursor !== before",
                arg=await page.evaluate("document.body.dataset.liveCursor"),
            )
        if await page.locator("body[data-live-behind]").count():
            await page.evaluate(COMES_BACK)  # what may wait need not any longer
        await page.wait_for_selector("body:not([data-live-behind])", state="attached")

    async def differences(self) -> str:
        """How the live pages differ from fresh ones; empty where they do not."""
        async with self.desk.database.read(self.desk.centre.everything) as work:
            wanted = [
                int(row["xid"])
                for row in await work.rows(
                    "select max(xid::text::bigint) as xid from journal where organisation_id = any(%(all)s)"
                    " group by organisation_id",
                    {"all": list(self.desk.centre.organisations.values())},
                )
            ]
        found = []
        for who, page in self.pages:
            await self.settled(page, wanted)
            fresh = await page.context.new_page()
            await fresh.goto(page.url)
            await fresh.wait_for_selector("#connection[data-state=live]")
            await self.settled(fresh, wanted)
            live, anew = await page.evaluate(NORMALISED), await fresh.evaluate(NORMALISED)
            await fresh.close()
            name = f"{who} {urlsplit(page.url).path}"
            found += unified_diff(live, anew, f"{name}, live", f"{name}, fresh", lineterm="", n=2)
        return "\n".join(found)


def _has_read(cursor: str, wanted: Sequence[int]) -> bool:
    reached = [Cursor.parse(each).seen for each in cursor.split("~") if each]
    return all(any(journal.is_seen(xid, seen) for seen in reached) for xid in wanted)


@pytest.mark.browser
@pytest.mark.slow
@settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES < 10,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    day=st.lists(
        st.builds(Doing, st.sampled_from(sorted(DEEDS)), st.integers(0, 1000), st.integers(0, 1000)),
        min_size=12,
        max_size=24,
    )
)
async def test_what_arrived_by_events_is_what_a_reload_shows(
    server: Any, morning: Any, browser: Browser, day: Sequence[Doing]
) -> None:
    async for desk in running_desk(server, *morning):
        await beforehand(desk)
        async with Looking(desk, browser) as looking:
            for doing in day:
                await doing.on(desk)
                if doing.deed == "time_passes":
                    await looking.time_passes()
            found = await looking.differences()
            told = "\n".join(str(each) for each in day)
            assert not found, f"After\n{told}\nlive pages differ from fresh ones:\n{found}"
            assert not looking.wrong


async def test_everything_that_people_do_here_can_be_done(own_desk: Desk) -> None:
    """A deed that is always refused would prove nothing."""
    await beforehand(own_desk)
    done = set()
    for number in range(60):
        for name in sorted(set(DEEDS) - done | {"somebody_gets_in_touch", "an_offer_is_answered"}):
            if await Doing(name, number, number // 2).on(own_desk):
                done.add(name)
        if done == set(DEEDS):
            break
    assert done == set(DEEDS)
