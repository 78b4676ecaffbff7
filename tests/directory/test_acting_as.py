"""Acting in another's name: who may, for how long, what is kept from it, and what is written down."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi import customers, intake
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Forbidden
from ahadi.channels.fake import FakeChannel
from ahadi.directory import Role, permissions_of
from ahadi.directory.acting_as import begin_acting, ending_actings
from ahadi.directory.notice_mails import mailing_notices
from ahadi.directory.permissions import PERMISSIONS, WITHHELD_FROM_ACTING, Permission, may_act_as, rank_of
from ahadi.directory.recognising import ActingEnded, actor_with_session, may_listen_no_more
from ahadi.intake import Contacting
from ahadi.main.doctor import examine
from ahadi.main.wiring import Installation
from ahadi.platform import jobs
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Actor, Database
from tests.directory.test_sign_in import OURS
from tests.main.builders import PASSWORD, Somebody, organisation, sign_in, somebody

REASON = "She cannot find the case she asks about"


class Place:
    """An organisation with an administrator who is signed in, and others."""

    def __init__(self, installation: Installation, client: httpx.AsyncClient, power: UUID, net: UUID) -> None:
        self.installation, self.client, self.power, self.net = installation, client, power, net
        self.people: dict[str, Somebody] = {}

    async def act(self, name: str, **more: str) -> httpx.Response:
        form = {
            "organisation": "power",
            "person": str(self.people[name].id),
            "reason": REASON,
            "minutes": "15",
            "password": PASSWORD,
        }
        return await self.client.post("/act-as", data=form | more, headers=OURS)

    async def actor(self, *, safe: bool = True) -> Actor:
        lasts = timedelta(hours=12)
        return await actor_with_session(self.installation.database, self.client.cookies["ahadi"], lasts, safe=safe)

    async def journal(self) -> list[dict[str, Any]]:
        async with self.installation.database.read(Actor.system([self.power])) as work:
            return await work.rows("select kind, subject_id, actor_id, behind_id, facts from journal order by seq")


@pytest.fixture
async def place(installation: Installation, client: httpx.AsyncClient) -> Place:
    database = installation.database
    place = Place(installation, client, await organisation(database, "power"), await organisation(database, "net"))
    for role in Role:
        place.people[role] = await somebody(database, f"the-{role}", [place.power, place.net], role)
    place.people["other"] = await somebody(database, "other", [place.power], "administrator")
    place.people["stranger"] = await somebody(database, "stranger", [place.net], "agent")
    await sign_in(client, place.people[Role.ADMINISTRATOR])
    return place


async def test_whoever_acts_in_another_s_name_may_what_they_may_there_and_is_named_beside_them(place: Place) -> None:
    agent, admin = place.people[Role.AGENT], place.people[Role.ADMINISTRATOR]
    assert (await place.act(Role.AGENT)).status_code == 303
    actor = await place.actor()
    assert (actor.id, actor.behind) == (agent.id, admin.id)
    assert actor.grants == {place.power: permissions_of([Role.AGENT])}, "and in no other organisation"
    async with place.installation.database.work(actor) as work:
        call = Contacting(channel="phone", text="It is dark", phone="+254712345678")
        taken = await intake.take_contact(work, place.power, call)
        customer = taken.customer.id
    with pytest.raises(Forbidden):
        async with place.installation.database.work(actor) as work:
            await customers.set_consent(work, place.power, customer, channel="sms", granted=True, source="phone")
    rows = await place.journal()
    begun = next(each for each in rows if each["kind"] == "person.acting_began")
    assert (begun["actor_id"], begun["subject_id"], begun["behind_id"]) == (admin.id, agent.id, None)
    assert REASON not in str(rows), "the journal holds no words"
    since = rows[rows.index(begun) + 1 :]
    assert since and all(each["behind_id"] == admin.id for each in since)
    fresh = Database(place.installation.database.url, BusinessClock("system", place.installation.database.clock.real))
    findings = {each.check: each for each in await examine(place.installation.settings, fresh)}
    assert findings["journal"].state == "ok" and findings["acting"].state == "ok", findings
    stray = Actor("person", agent.id, actor.grants, behind=place.people["other"].id)
    async with place.installation.database.work(stray) as work:
        work.record("case.read", place.power)
    fresh = Database(place.installation.database.url, BusinessClock("system", place.installation.database.clock.real))
    findings = {each.check: each for each in await examine(place.installation.settings, fresh)}
    assert findings["acting"].state == "bad", "what nobody was let to act for is found"


@pytest.mark.parametrize("name", [Role.ADMINISTRATOR, "other", "stranger"])
async def test_nobody_acts_upward_or_sideways_or_for_a_stranger(place: Place, name: str) -> None:
    assert (await place.act(name)).status_code == 403
    assert (await place.actor()).behind is None


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"reason": "because"}, 422),
        ({"reason": ""}, 422),
        ({"minutes": "10000"}, 422),
        ({"password": "not the password"}, 401),
        ({"person": ""}, 422),
    ],
    ids=str,
)
async def test_a_reason_an_end_and_one_s_own_password_are_needed(
    place: Place, wrong: dict[str, str], status: int
) -> None:
    assert (await place.act(Role.AGENT, **wrong)).status_code == status
    assert (await place.actor()).behind is None


async def test_who_lacks_the_permission_acts_for_nobody(place: Place) -> None:
    await sign_in(place.client, place.people[Role.MANAGER])
    assert (await place.act(Role.AGENT)).status_code == 403
    actor = await place.actor()
    with pytest.raises(Forbidden):
        async with place.installation.database.work(actor) as work:
            await begin_acting(work, place.power, place.people[Role.AGENT].id, REASON, 15)


async def test_a_token_acts_for_nobody(place: Place) -> None:
    async with place.installation.database.work(Actor("token", place.net, {place.power: frozenset({"*"})})) as work:
        with pytest.raises(Forbidden):
            await begin_acting(work, place.power, place.people[Role.AGENT].id, REASON, 15)


async def test_what_one_signs_in_with_stays_one_s_own(place: Place) -> None:
    await place.act(Role.AGENT)
    for path in ("/me", "/api/me/passkeys", "/api/me/devices"):
        assert (await place.client.get(path)).status_code == 403, path
    for path, body in (
        ("/api/me/password", {"old": PASSWORD, "new": "other herons at dusk"}),
        ("/api/me/authenticator", {"password": PASSWORD}),
        ("/api/me/authenticator/confirm", {"code": "123456"}),
        ("/api/me/passkeys/options", {"password": PASSWORD}),
    ):
        answer = await place.client.post(path, json=body, headers={**OURS, "Origin": "http://localhost:8123"})
        assert answer.status_code == 403, path
    sessions = (await place.client.get("/api/me/sessions")).status_code
    assert sessions == 403
    assert (await place.act(Role.SPECIALIST)).status_code == 403, "and nobody acts through somebody"


async def test_it_ends_by_a_button_and_the_person_is_told_by_mail_in_the_end(place: Place, clock: FixedClock) -> None:
    await place.act(Role.AGENT)
    assert "act in the name of" in (await place.client.get("/cases")).text
    clock.advance(timedelta(minutes=5))
    assert (await place.client.post("/act-as/end", headers=OURS)).status_code == 303
    assert (await place.actor()).id == place.people[Role.ADMINISTRATOR].id
    assert "act in the name of" not in (await place.client.get("/cases")).text
    assert (await place.client.post("/act-as/end", headers=OURS)).status_code == 404
    clock.advance(timedelta(minutes=10))
    [mail] = await mails(place)
    assert mail.to == place.people[Role.AGENT].email and REASON in mail.text and "the-administrator" in mail.text
    ended = [each for each in await place.journal() if each["kind"] == "person.acting_ended"]
    assert [each["behind_id"] for each in ended] == [place.people[Role.ADMINISTRATOR].id]
    await sign_in(place.client, place.people[Role.AGENT])
    assert REASON in (await place.client.get("/me")).text


async def mails(place: Place) -> list[Any]:
    channel = FakeChannel("email")
    handlers = {**ending_actings(), **mailing_notices(channel, "https://desk.example")}
    while await jobs.run_due(place.installation.database, handlers, timedelta(seconds=60)):
        continue
    return list(channel.arrived)


async def test_after_its_time_nothing_is_done_in_the_name_and_one_is_oneself_again(
    place: Place, clock: FixedClock
) -> None:
    await place.act(Role.AGENT)
    clock.advance(timedelta(minutes=15))
    with pytest.raises(ActingEnded):
        await place.actor(safe=False)
    refused = await place.client.post("/api/me/authenticator", json={"password": PASSWORD}, headers=OURS)
    assert refused.status_code == 409 and refused.json()["code"] == "acting-ended"
    actor = await place.actor()
    assert actor.id == place.people[Role.ADMINISTRATOR].id and actor.behind is None
    assert set(actor.organisations) == {place.power, place.net}
    await place.actor(safe=False)
    assert len(await mails(place)) == 1
    [ended] = [each for each in await place.journal() if each["kind"] == "person.acting_ended"]
    assert ended["subject_id"] == place.people[Role.AGENT].id


@pytest.mark.parametrize("who", ["raised", "lowered", "gone"])
async def test_it_ends_at_once_when_it_would_not_be_allowed_any_more(place: Place, who: str) -> None:
    await place.act(Role.AGENT)
    listening = await place.actor()
    async with place.installation.database.work(Actor.system([place.power])) as work:
        person = place.people[Role.ADMINISTRATOR if who == "lowered" else Role.AGENT].id
        roles = {"raised": ["administrator"], "lowered": ["agent"], "gone": ["agent"]}[who]
        await work.execute(
            "update membership set roles = %(roles)s, active = %(active)s where person_id = %(id)s"
            " and organisation_id = %(o)s",
            {"roles": roles, "active": who != "gone", "id": person, "o": place.power},
        )
    with pytest.raises(ActingEnded):
        await place.actor(safe=False)
    assert (await place.actor()).behind is None
    gone = await may_listen_no_more(place.installation.database, place.power, [listening], "case.read")
    assert gone == [listening]


@given(st.sets(st.sampled_from(list(Role)), max_size=3), st.sets(st.sampled_from(list(Role)), max_size=3))
def test_acting_never_gives_more_rank_or_anything_that_is_withheld(own: set[Role], others: set[Role]) -> None:
    if may_act_as(own, others):
        assert Permission.PEOPLE_ACT_AS in permissions_of(own)
        assert rank_of(others) < rank_of(own)
        assert not may_act_as(others, own)
        taken = permissions_of(others) - WITHHELD_FROM_ACTING
        assert Permission.PEOPLE_ACT_AS not in taken and Permission.TOKENS_EDIT not in taken
    assert not may_act_as(own, own)


def test_every_role_has_a_rank() -> None:
    assert all(rank_of([each]) > 0 for each in PERMISSIONS)
