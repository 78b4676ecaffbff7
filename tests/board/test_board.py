"""The board: every number is the number of what it leads to, whatever there is, for little."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import pytest

from ahadi import board
from ahadi.base.clock import FixedClock
from ahadi.base.errors import NotFound
from ahadi.base.ids import uuid7
from ahadi.directory import Permission
from ahadi.main.wiring import Installation
from ahadi.platform.database import Work
from tests.authorisation.world import session
from tests.board.morning import a_busy_morning, contacts_now
from tests.main.builders import bearer, organisation
from tests.screens.builders import NOW, Centre


@pytest.fixture
async def centre(installation: Installation, app: Any, clock: FixedClock) -> Centre:
    return await a_busy_morning(installation.database, clock)


@pytest.fixture
async def grace(app: Any, centre: Centre) -> dict[str, str]:
    """The supervisor of both organisations, signed in."""
    return await session(app, "grace")


async def read(client: httpx.AsyncClient, who: dict[str, str], **chosen: str) -> Any:
    answer = await client.get("/api/board", params=chosen, headers=who)
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(found: Any) -> Iterator[tuple[int, str]]:
    """Every number in an answer, with its link."""
    if isinstance(found, dict):
        if found.keys() == {"number", "link"}:
            yield found["number"], found["link"]
        else:
            for each in found.values():
                yield from numbers(each)
    elif isinstance(found, list):
        for each in found:
            yield from numbers(each)


async def shown(client: httpx.AsyncClient, who: dict[str, str], link: str) -> int:
    """How many rows the page of a link shows, with all the pages that follow it."""
    many, address = 0, link
    while address:
        answer = await client.get(address, headers=who)
        assert answer.status_code == 200, f"{address}: {answer.text}"
        many += len(re.findall(r'<li class="row ', answer.text))
        following = re.search(r'rel="next" href="([^"]+)"', answer.text)
        address = unescape(following[1]) if following else ""
    return many


async def test_every_number_is_the_number_of_what_its_link_shows(
    client: httpx.AsyncClient, centre: Centre, grace: dict[str, str], clock: FixedClock
) -> None:
    care, found = str(centre.departments["care"]), set()
    for minutes in (0, 25, 115):
        clock.set(NOW + timedelta(minutes=minutes))
        seen: dict[str, int] = {}
        for chosen in ({}, {"organisation": "power"}, {"department": care}, {"department": "none"}):
            for number, link in numbers(await read(client, grace, **chosen)):
                if link not in seen:
                    assert await shown(client, grace, link) == number, link
                assert seen.setdefault(link, number) == number, f"{link} stands for one number"
        counted = " ".join(link for link, number in seen.items() if number)
        found |= set(re.findall(r"(?:which|stand|is|waiting|when)(?:=|%3A)([a-z-]+)", counted))
    assert found >= {
        "overdue", "half-hour", "two-hours", "away", "calls-overdue", "kept", "renewed", "broken", "ended", "week",
        "waiting", "offered", "refused", "yes", "now", "usual",
        "available", "busy", "wrap-up", "break", "offline", "off-shift",
    }, "each of them counted something once"  # fmt: skip


async def test_the_page_shows_what_the_endpoint_tells_number_by_number_each_with_its_link(
    client: httpx.AsyncClient, centre: Centre, grace: dict[str, str]
) -> None:
    page = unescape((await client.get("/board", headers=grace)).text)
    on_page = {
        (int(number), link)
        for link, number in re.findall(r'<a class="figure[^"]*" href="([^"]+)"[^>]*>(\d+)</a>', page)
    }
    told = set(numbers(await read(client, grace)))
    assert on_page <= told and len(on_page) > 50
    for _, link in told - on_page:
        calls_of_a_department = "which=calls-" in link and "department=" in link
        behind_a_rate_or_a_mean = f'<a class="rate" href="{link}"' in page
        assert calls_of_a_department or behind_a_rate_or_a_mean, link


async def test_what_a_morning_looks_like(client: httpx.AsyncClient, centre: Centre, grace: dict[str, str]) -> None:
    found = await read(client, grace, organisation="power")
    outage = next(each for each in found["contacts"] if each["reason"] == "outage")
    assert (outage["past"]["number"], outage["weeks"], outage["usual"]) == (12, 8, 1.5)
    assert outage["unusual"] is None
    assert {each["stand"]: each["people"]["number"] for each in found["people"]} == {
        "available": 2, "busy": 1, "wrap-up": 1, "break": 1, "offline": 1, "off-shift": 1,
    }  # fmt: skip
    today = found["kept"][0]["today"]
    kept, broken = today["kept"]["number"], today["broken"]["number"]
    assert today["ended"]["number"] == kept + broken > 0
    assert today["rate"] == pytest.approx(kept / (kept + broken))
    for which in ("overdue", "half_hour", "two_hours", "away"):
        total, *lines = (each[which]["number"] for each in found["promises"])
        assert total == sum(lines)
    (queued, *queues) = found["queues"]
    assert queued["waiting"]["number"] == sum(each["waiting"]["number"] for each in queues) > 0
    assert queued["since"] == min(each["since"] for each in queues)
    assert [each["skill"] for each in queues if each["skill"]] == ["high-voltage"] or "net" in str(queues)


async def test_a_chat_waits_until_it_is_answered(
    client: httpx.AsyncClient, installation: Installation, centre: Centre, grace: dict[str, str]
) -> None:
    found = await read(client, grace)
    assert found["chats"]["waiting"]["number"] == 1
    assert (await read(client, grace, organisation="power"))["chats"]["waiting"]["number"] == 0
    async with installation.database.work(centre.everything) as work:
        await an_answer(work)
    assert (await read(client, grace))["chats"]["waiting"]["number"] == 0


async def an_answer(work: Work) -> None:
    """Somebody answers in the chat that waits."""
    message = uuid7()
    chat = await work.row(
        "select c.organisation_id, c.id as chat, c.contact_id, k.case_id, k.customer_id from chat c join contact k"
        " on k.id = c.contact_id"
    )
    assert chat is not None
    await work.execute(
        "insert into message (organisation_id, id, contact_id, case_id, customer_id, direction, channel, author_kind,"
        " at, state) values (%(organisation_id)s, %(id)s, %(contact_id)s, %(case_id)s, %(customer_id)s, 'out', 'chat',"
        " 'person', %(at)s, 'sent')",
        {**chat, "id": message, "at": work.now},
    )
    await work.execute("update chat set last = 2")
    await work.execute(
        "insert into chat_event (organisation_id, chat_id, position, message_id, at)"
        " values (%(organisation_id)s, %(chat)s, 2, %(id)s, %(at)s)",
        {**chat, "id": message, "at": work.real_now},
    )


async def test_nobody_sees_more_than_they_oversee(
    client: httpx.AsyncClient, app: Any, installation: Installation, centre: Centre
) -> None:
    naomi = await session(app, "naomi")
    found = await read(client, naomi)
    assert {each["organisation"] for each in found["promises"]} == {None, "power"}
    assert "net" not in {link for _, link in numbers(found) if "organisation=net" in link}
    for chosen in ({"organisation": "net"}, {"department": str(centre.departments["field"])}, {"department": "none x"}):
        answer = await client.get("/api/board", params=chosen, headers=naomi)
        assert answer.status_code == 404, answer.text
    amina = await session(app, "amina")
    assert (await client.get("/api/board", headers=amina)).status_code == 403
    only = await bearer(installation.database, centre.organisations["net"], [Permission.REPORTS_READ])
    assert {each["organisation"] for each in (await read(client, only))["queues"]} <= {None, "net"}


async def test_an_organisation_on_its_first_day_has_a_board_of_noughts(
    client: httpx.AsyncClient, app: Any, installation: Installation
) -> None:
    new = await organisation(installation.database, "dawn")
    found = await read(client, await bearer(installation.database, new))
    assert {number for number, _ in numbers(found)} == {0}
    assert found["queues"][0]["since"] is None and found["contacts"] == []
    assert found["kept"][0]["today"]["rate"] is None


async def test_contacts_that_are_far_more_than_usual_are_marked_and_automatic_ones_are_none(
    client: httpx.AsyncClient, installation: Installation, centre: Centre, grace: dict[str, str]
) -> None:
    async def outage() -> Any:
        found = await read(client, grace, organisation="power")
        return next(each for each in found["contacts"] if each["reason"] == "outage")

    before = (await outage())["now"]["number"]
    async with installation.database.work(centre.everything) as work:
        await contacts_now(work, centre, "outage", 20, automatic=True)
    assert (await outage())["now"]["number"] == before
    async with installation.database.work(centre.everything) as work:
        await contacts_now(work, centre, "outage", 12)
    found = await outage()
    assert (found["now"]["number"], found["unusual"]) == (before + 12, "more")


async def test_a_department_that_is_not_in_the_organisation_is_not_found(
    installation: Installation, centre: Centre
) -> None:
    async with installation.database.read(centre.actor("grace")) as work:
        scope = await board.scope_of(work, Permission.REPORTS_READ, "power", "care")
        assert scope.department == centre.departments["care"]
        with pytest.raises(NotFound):
            await board.scope_of(work, Permission.REPORTS_READ, "net", "care")
        with pytest.raises(NotFound):
            await board.scope_of(work, Permission.REPORTS_READ, str(UUID(int=5)))
