"""What reaches oneself, chosen by a program."""

from typing import Any

import httpx
import pytest

from ahadi import notifications
from ahadi.directory import tokens
from ahadi.main.wiring import Installation
from ahadi.platform.database import Actor
from tests.directory.test_sign_in import OURS, another_browser
from tests.main.builders import Somebody, organisation, sign_in, somebody

HERE = "/api/me/notifications"
NOTHING = {
    "ways": {each: [] for each in notifications.ABOUT},
    "urgent": [],
    "digest": "hourly",
    "morning": "08:00",
    "quiet": None,
}
NIGHT = {
    "ways": {"offer": ["push"], "reply": ["digest", "push"]},
    "urgent": ["offer"],
    "digest": "morning",
    "morning": "06:45",
    "quiet": {"from": "21:30", "until": "06:30"},
    "zone": "Europe/Berlin",
}


@pytest.fixture
async def amina(installation: Installation, app: object) -> Somebody:
    return await somebody(installation.database, "amina", [await organisation(installation.database, "power")])


async def put(client: httpx.AsyncClient, **chosen: Any) -> httpx.Response:
    return await client.put(HERE, json=chosen, headers=OURS)


async def test_who_never_chose_is_told_nothing_beside_the_page_on_the_organisation_s_clock(
    client: httpx.AsyncClient, amina: Somebody
) -> None:
    await sign_in(client, amina)
    told = (await client.get(HERE)).json()
    assert told == {**NOTHING, "zone": "Africa/Nairobi"}


async def test_what_was_chosen_is_kept_whole_and_is_what_the_page_and_the_telling_read(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody
) -> None:
    await sign_in(client, amina)
    answer = await put(client, **NIGHT)
    assert answer.status_code == 200, answer.text
    assert answer.json() == (await client.get(HERE)).json() == {**NIGHT, "ways": NOTHING["ways"] | NIGHT["ways"]}  # type: ignore[operator]
    actor = Actor("person", amina.id, {each: frozenset() for each in amina.organisations})
    async with installation.database.read(actor) as work:
        kept = await notifications.choices_of(work)
    assert kept.ways_for("reply") == {"push", "digest"} and kept.urgent == {"offer"}
    assert kept.quiet and (kept.quiet.start.hour, kept.quiet.end.hour, kept.zone) == (21, 6, "Europe/Berlin")
    assert (await put(client)).json() == {**NOTHING, "zone": "Africa/Nairobi"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"ways": {"offer": ["pigeon"]}},
        {"ways": {"weather": ["push"]}},
        {"ways": {"offer": ["mail", "digest"]}},
        {"urgent": ["weather"]},
        {"digest": "weekly"},
        {"quiet": {"from": "22:00", "until": "22:00"}},
        {"quiet": {"from": "22:00"}},
        {"quiet": {"from": "25:00", "until": "06:00"}},
        {"zone": "Africa/Nowhere"},
        {"zone": "../../etc/passwd"},
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, amina: Somebody, wrong: dict[str, Any]
) -> None:
    await sign_in(client, amina)
    await put(client, **NIGHT)
    assert (await put(client, **{**NIGHT, **wrong})).status_code == 422
    assert (await client.get(HERE)).json()["zone"] == "Europe/Berlin"


async def test_each_reads_and_sets_their_own_and_a_token_none(
    client: httpx.AsyncClient, app: object, installation: Installation, amina: Somebody
) -> None:
    ben = await somebody(installation.database, "ben", amina.organisations)
    await sign_in(client, amina)
    await put(client, **NIGHT)
    async with another_browser(app) as bens:
        await sign_in(bens, ben)
        assert (await bens.get(HERE)).json() == {**NOTHING, "zone": "Africa/Nairobi"}
    [ours] = amina.organisations
    async with installation.database.work(Actor.system([ours])) as work:
        _, secret = await tokens.create_token(work, ours, "robot", ["all"], 1)
    async with another_browser(app) as robot:
        robot.headers["Authorization"] = f"Bearer {secret}"
        assert (await robot.get(HERE)).status_code == (await put(robot, **NIGHT)).status_code == 403
        del robot.headers["Authorization"]
        assert (await robot.get(HERE)).status_code == 401
