"""The interfaces that others call, to the letter: what is sent, what is answered, and which status says what."""

import asyncio
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.journeys.conftest import Organisation, an_organisation
from tests.journeys.parts import Installation, Sink, eventually

CONTACT = {
    "channel": "phone",
    "from": {"name": "Neema Wambui", "phone": "+254720000100", "email": "neema@interface.example"},
    "subject": "No power",
    "text": "The lights went out",
    "reason": "outage",
    "attributes": {"meter": "4711"},
}


@pytest.fixture(autouse=True)
async def morning(organisation: Organisation) -> None:
    """A Tuesday, 10:00; the first test of the file sets it, the others go on from there."""
    if organisation.now.astimezone(UTC).hour != 7 or organisation.now.weekday() > 3:
        await organisation.at("Tu", "10:00")


def contact(number: int, **changes: Any) -> dict[str, Any]:
    """A contact of somebody of their own."""
    return CONTACT | {"from": {"phone": f"+25472000{number:04}"}} | changes


async def taken(organisation: Organisation, number: int, **changes: Any) -> Any:
    return await organisation.post_to("/api/contacts", contact(number, **changes), 201)


def later(organisation: Organisation, **span: float) -> str:
    return (organisation.now + timedelta(**span)).isoformat()


# POST /api/contacts ------------------------------------------------------------------------------------------


async def test_a_contact_is_answered_with_contact_customer_case_and_promise(organisation: Organisation) -> None:
    answer = await organisation.client.post("/api/contacts", json=CONTACT | {"organisation": organisation.slug})
    assert answer.status_code == 201
    made = answer.json()
    assert set(made) == {"contact", "customer", "case", "promise", "repeat"}
    assert UUID(made["contact"]["id"]) and UUID(made["customer"]["id"]) and UUID(made["promise"]["id"])
    assert made["case"]["reference"].startswith(f"{organisation.prefix}-") and made["case"]["state"] == "open"
    assert {"kind": "department", "name": "Network Repairs", "department": "repairs"}.items() <= made["case"][
        "holder"
    ].items()
    assert made["promise"]["kind"] in ("update", "callback", "visit", "fix") and made["promise"]["text"]
    assert datetime.fromisoformat(made["promise"]["due_at"]).tzinfo is not None
    assert made["repeat"] is False
    again = (await organisation.client.post("/api/contacts", json=CONTACT)).json()
    assert again["repeat"] is True and again["case"]["reference"] == made["case"]["reference"]


@pytest.mark.parametrize("channel", ["phone", "email", "web", "chat", "sms"])
async def test_every_channel_is_taken(organisation: Organisation, channel: str) -> None:
    number = 200 + ["phone", "email", "web", "chat", "sms"].index(channel)
    sender = {"phone": f"+25472000{number:04}", "email": f"{channel}@interface.example"}
    made = await organisation.post_to("/api/contacts", contact(number, channel=channel) | {"from": sender}, 201)
    assert (await organisation.case(made["case"]["reference"]))["case"]["channel"] == channel


async def test_only_the_channel_is_needed_and_nothing_else_is_invented(organisation: Organisation) -> None:
    made = await organisation.post_to("/api/contacts", {"channel": "phone"}, 201)
    assert made["case"]["state"] == "open" and made["promise"]["due_at"]
    for wrong in ({}, {"channel": "pigeon"}, {"channel": "phone", "from": {"phone": "not a number"}}, ["list"]):
        refused = await organisation.client.post("/api/contacts", json=wrong)
        assert refused.status_code == 422
        assert refused.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "code"} <= set(refused.json())


async def test_a_body_that_is_not_said_to_be_json_is_refused_with_what_to_add(organisation: Organisation) -> None:
    for kind in ({}, {"Content-Type": "application/x-www-form-urlencoded"}):
        refused = await organisation.client.post("/api/contacts", content=b'{"channel": "phone"}', headers=kind)
        assert refused.status_code == 422 and "Content-Type: application/json" in refused.json()["detail"]
    refused = await organisation.client.post("/api/contacts", json=["list"])
    assert refused.status_code == 422 and "Content-Type" not in refused.json()["detail"]


async def test_fields_that_are_not_known_are_ignored(organisation: Organisation) -> None:
    await taken(organisation, 250, colour="green")


async def test_the_same_key_gives_the_same_answer_and_another_body_under_it_is_422(
    organisation: Organisation,
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = await organisation.client.post("/api/contacts", json=contact(301), headers=key)
    again = await organisation.client.post("/api/contacts", json=contact(301), headers=key)
    assert (first.status_code, again.status_code) == (201, 201) and first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await organisation.client.post("/api/contacts", json=contact(301, text="other"), headers=key)
    assert other.status_code == 422 and other.json()["code"] == "idempotency-key-reused"
    touch = await organisation.touch(first.json()["case"]["reference"])
    assert touch["contacts"] == 1, "it was taken once"


async def test_the_same_key_many_times_at_once_is_taken_once(organisation: Organisation) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(
        *(organisation.client.post("/api/contacts", json=contact(302), headers=key) for _ in range(8))
    )
    assert {each.status_code for each in answers} == {201} and len({each.content for each in answers}) == 1
    assert (await organisation.touch(answers[0].json()["case"]["reference"]))["contacts"] == 1


# GET /api/cases/{reference} and its touch --------------------------------------------------------------------


async def test_a_case_is_answered_with_the_same_customer_case_and_its_next_promise(organisation: Organisation) -> None:
    made = await taken(organisation, 401)
    shown = await organisation.case(made["case"]["reference"])
    for part in ("customer", "case", "promise"):
        assert shown[part] == made[part], part
    callback = {"kind": "callback", "due_at": later(organisation, minutes=10)}
    sooner = await organisation.post_to(f"/api/cases/{made['case']['reference']}/promises", callback, 201)
    assert (await organisation.case(made["case"]["reference"]))["promise"]["id"] == sooner["promise"]["id"]


async def test_a_reference_is_read_as_people_say_it(organisation: Organisation) -> None:
    reference = (await taken(organisation, 402))["case"]["reference"]
    assert (await organisation.case(reference.lower()))["case"]["reference"] == reference
    unknown = await organisation.client.get(f"/api/cases/{organisation.prefix}-2222222")
    assert unknown.status_code == 404 and unknown.headers["content-type"] == "application/problem+json"


async def test_the_touch_says_holder_promise_steps_words_and_the_age_of_each(organisation: Organisation) -> None:
    reference = (await taken(organisation, 403))["case"]["reference"]
    touch = await organisation.touch(reference)
    assert {"reference", "state", "holder", "promise", "steps", "last_words", "promises", "contacts", "words",
            "language"} <= set(touch)  # fmt: skip
    assert touch["holder"]["age_seconds"] == 0 and touch["promise"]["age_seconds"] == 0
    assert all({"at", "age_seconds", "text"} <= set(step) for step in touch["steps"])
    assert reference in touch["words"]


# Promises ----------------------------------------------------------------------------------------------------


async def test_a_promise_is_made_kept_renewed_and_withdrawn(organisation: Organisation) -> None:
    reference = (await taken(organisation, 501))["case"]["reference"]
    path = f"/api/cases/{reference}/promises"

    wanted = {"kind": "callback", "text": "we call you", "due_at": later(organisation, hours=2),
              "owner": organisation.person("amina")}  # fmt: skip
    made = await organisation.client.post(path, json=wanted)
    assert made.status_code == 201
    promise = made.json()["promise"]
    assert (promise["kind"], promise["text"], promise["owner"]["slug"], promise["state"]) == (
        "callback",
        "we call you",
        organisation.person("amina"),
        "open",
    )
    assert datetime.fromisoformat(promise["due_at"]) == organisation.now + timedelta(hours=2)

    renewed = await organisation.post_to(
        f"/api/promises/{promise['id']}/renew",
        {
            "due_at": later(organisation, hours=3),
            "reason": "rain",
            "told": {"channel": "phone", "text": "We call you at one"},
        },
        200,
    )
    assert renewed["promise"]["renews"] == promise["id"] and renewed["promise"]["state"] == "open"

    kept = await organisation.post_to(
        f"/api/promises/{renewed['promise']['id']}/keep", {"deed": {"kind": "contact", "note": "Called"}}, 200
    )
    assert (kept["promise"]["id"], kept["promise"]["state"]) == (renewed["promise"]["id"], "kept")

    last = (await organisation.case(reference))["promise"]
    withdrawn = await organisation.post_to(f"/api/promises/{last['id']}/withdraw", {"reason": "asked for nothing"}, 200)
    assert (withdrawn["promise"]["id"], withdrawn["promise"]["state"]) == (last["id"], "withdrawn")
    assert (await organisation.case(reference))["promise"]["state"] == "open", "an open case always has a promise"


async def test_a_promise_leaves_open_once_and_needs_what_the_deed_needs(organisation: Organisation) -> None:
    made = await taken(organisation, 502)
    id_ = made["promise"]["id"]
    assert (await organisation.client.post(f"/api/promises/{id_}/withdraw", json={})).status_code == 422
    assert (await organisation.client.post(f"/api/promises/{id_}/keep", json={})).status_code == 422
    past = {"due_at": later(organisation, hours=-1), "reason": "x", "told": {"channel": "phone", "text": "x"}}
    assert (await organisation.client.post(f"/api/promises/{id_}/renew", json=past)).status_code == 422
    await organisation.post_to(f"/api/promises/{id_}/keep", {"deed": {"kind": "note", "note": "done"}}, 200)
    again = await organisation.client.post(f"/api/promises/{id_}/keep", json={"deed": {"kind": "note"}})
    assert again.status_code == 409 and again.json()["code"]
    assert (await organisation.client.post(f"/api/promises/{uuid4()}/keep", json={"deed": {}})).status_code == 404


async def test_open_promises_come_earliest_due_first_and_by_owner_and_time(organisation: Organisation) -> None:
    reference = (await taken(organisation, 503))["case"]["reference"]
    for hours in (9, 5, 7):
        body = {"kind": "callback", "due_at": later(organisation, hours=hours), "owner": organisation.person("grace")}
        await organisation.post_to(f"/api/cases/{reference}/promises", body, 201)
    query = {"state": "open", "owner": organisation.person("grace")}
    found = (await organisation.get("/api/promises", **query))["items"]
    due = [datetime.fromisoformat(each["due_at"]) for each in found]
    assert due == sorted(due) and len(due) == 3
    assert {each["case"]["reference"] for each in found} == {reference}
    before = later(organisation, hours=6)
    assert len((await organisation.get("/api/promises", **query, due_before=before))["items"]) == 1
    by_id = found[0]["owner"]["id"]
    assert len((await organisation.get("/api/promises", state="open", owner=by_id))["items"]) == 3
    nobody = {"kind": "callback", "due_at": later(organisation, hours=9), "owner": "nobody"}
    for refused in (
        await organisation.client.post(f"/api/cases/{reference}/promises", json=nobody),
        await organisation.client.get("/api/promises?owner=nobody"),
    ):
        assert refused.status_code == 422
        assert "There is no person or department 'nobody'" in refused.json()["detail"]
    everything = (await organisation.get("/api/promises", state="open"))["items"]
    due = [datetime.fromisoformat(each["due_at"]) for each in everything]
    assert due == sorted(due)


# Holding, resolving, reopening -------------------------------------------------------------------------------


async def test_a_case_is_held_by_a_person_or_a_department_named_by_id_or_short_name(organisation: Organisation) -> None:
    reference = (await taken(organisation, 601))["case"]["reference"]
    path = f"/api/cases/{reference}/hold"
    held = await organisation.post_to(path, {"person": organisation.person("joseph"), "note": "Yours"}, 200)
    assert {"kind": "person", "name": "Joseph Mwangi"}.items() <= held["case"]["holder"].items()
    joseph = held["case"]["holder"]["id"]
    held = await organisation.post_to(path, {"department": "care", "note": "Back"}, 200)
    assert {"kind": "department", "name": "Customer Care", "department": "care"}.items() <= held["case"][
        "holder"
    ].items()
    care = held["case"]["holder"]["id"]
    assert (await organisation.post_to(path, {"person": joseph}, 200))["case"]["holder"]["name"] == "Joseph Mwangi"
    assert (await organisation.post_to(path, {"department": care}, 200))["case"]["holder"]["id"] == care
    for wrong in ({}, {"person": "nobody"}, {"department": "nowhere"}, {"person": joseph, "department": care}):
        assert (await organisation.client.post(path, json=wrong)).status_code == 422


async def test_resolving_settles_every_promise_or_is_refused_naming_them(organisation: Organisation) -> None:
    made = await taken(organisation, 602)
    reference, promise = made["case"]["reference"], made["promise"]["id"]
    refused = await organisation.client.post(f"/api/cases/{reference}/resolve", json={})
    assert refused.status_code == 409 and promise in refused.text
    done = await organisation.post_to(f"/api/cases/{reference}/resolve", {"keep": [promise]}, 200)
    assert done["case"]["state"] == "resolved" and done["promise"] is None
    assert (await organisation.client.post(f"/api/cases/{reference}/resolve", json={})).status_code == 409
    opened = await organisation.post_to(f"/api/cases/{reference}/reopen", None, 200)
    assert (opened["case"]["state"], opened["promise"]["kind"]) == ("open", "update")
    assert (await organisation.client.post(f"/api/cases/{reference}/reopen")).status_code == 409


# Lists -------------------------------------------------------------------------------------------------------


async def test_lists_have_items_and_next_fifty_at_a_time_newest_change_first(
    installation: Installation, post: Sink
) -> None:
    organisation = await an_organisation(installation, post, "lists")
    try:
        for start in range(0, 60, 20):
            await asyncio.gather(*(taken(organisation, 700 + start + n, subject=f"Number {n}") for n in range(20)))
        first = await organisation.get("/api/cases")
        assert set(first) == {"items", "next"} and len(first["items"]) == 50 and first["next"]
        second = await organisation.get("/api/cases", after=first["next"])
        assert len(second["items"]) == 10 and second["next"] is None
        whole = [each["reference"] for each in (*first["items"], *second["items"])]
        assert len(set(whole)) == 60
        await organisation.later(seconds=1)
        oldest = whole[-1]
        await organisation.post_to(f"/api/cases/{oldest}/hold", {"person": organisation.person("amina")})
        newest = await organisation.get("/api/cases", limit=2)
        assert newest["items"][0]["reference"] == oldest and len(newest["items"]) == 2
        promises = await organisation.get("/api/promises", state="open")
        assert len(promises["items"]) == 50 and promises["next"]
        rest = await organisation.get("/api/promises", state="open", after=promises["next"])
        assert len({each["id"] for each in (*promises["items"], *rest["items"])}) == 60
        assert (await organisation.client.get("/api/cases", params={"after": "made-up"})).status_code == 422
        await organisation.settle_everything()
    finally:
        await organisation.client.aclose()


# GET /api/live -----------------------------------------------------------------------------------------------


def says(words: str) -> Callable[[list[dict[str, Any]]], bool]:
    return lambda events: any(words in str(each) for each in events)


async def heard(organisation: Organisation, after: str | None, enough: Any) -> list[dict[str, Any]]:
    """Server-sent events (id, event, data) after a cursor, until there are enough; an id holds until the next one."""
    events: list[dict[str, Any]] = []
    query = {"after": after} if after is not None else {}
    async with asyncio.timeout(60), organisation.client.stream("GET", "/api/live", params=query) as stream:
        assert stream.status_code == 200 and stream.headers["content-type"].startswith("text/event-stream")
        event: dict[str, Any] = {}
        async for line in stream.aiter_lines():
            if not line:
                if "data" in event:
                    events.append(event | {"data": json.loads(event["data"])})
                    if enough(events):
                        return events
                event = {"id": event["id"]} if "id" in event else {}
            elif not line.startswith(":"):
                name, _, value = line.partition(":")
                event[name] = value.removeprefix(" ")
    raise AssertionError("the stream ended")


async def test_the_live_stream_resumes_from_its_cursor_and_misses_nothing(organisation: Organisation) -> None:
    listening = asyncio.create_task(
        heard(organisation, None, lambda found: any("case.opened" in str(e) for e in found))
    )
    numbers = itertools.count(801)

    async def opened() -> bool:
        await taken(organisation, next(numbers))  # somebody new each time: a case of their own
        return listening.done()

    await eventually(opened)
    events = await listening
    cursor = events[-1]["id"]

    # While nobody listens, three things happen; who comes back with the cursor hears all of them, in order.
    made = await taken(organisation, next(numbers))
    await organisation.post_to(f"/api/cases/{made['case']['reference']}/hold", {"person": organisation.person("amina")})
    await organisation.post_to(f"/api/promises/{made['promise']['id']}/keep", {"deed": {"kind": "note", "note": "x"}})
    caught_up = await heard(organisation, cursor, says("promise.kept"))
    text = [str(each) for each in caught_up]
    assert len({each["id"] for each in caught_up}) >= 1
    kinds = [next(n for n, each in enumerate(text) if kind in each) for kind in ("case.held", "promise.kept")]
    assert kinds == sorted(kinds)
    assert any(made["case"]["reference"] in each for each in text)
    again = await heard(organisation, cursor, says("promise.kept"))
    assert [each["data"] for each in again] == [each["data"] for each in caught_up], "the same cursor, the same answer"


# Tokens and organisations ------------------------------------------------------------------------------------


async def test_a_token_from_the_command_line_reaches_its_organisation_and_no_other(
    organisation: Organisation, installation: Installation, post: Sink
) -> None:
    reference = (await taken(organisation, 901))["case"]["reference"]
    other = await an_organisation(installation, post, "other")
    try:
        assert other.prefix != organisation.prefix
        assert (await other.client.get(f"/api/cases/{reference}")).status_code == 404
        there = await other.client.post("/api/contacts", json=contact(902) | {"organisation": organisation.slug})
        assert there.status_code == 404
    finally:
        await other.client.aclose()
    async with installation.client() as nobody:
        for path in (f"/api/cases/{reference}", "/api/promises", "/api/live", f"/api/cases/{reference}/touch"):
            answer = await nobody.get(path)
            assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    narrow = await installation.token(organisation.slug, "case.read")
    async with installation.client(Authorization=f"Bearer {narrow}") as reader:
        assert (await reader.get(f"/api/cases/{reference}")).status_code == 200
        assert (await reader.post("/api/contacts", json=contact(903))).status_code == 403


async def test_a_prefix_belongs_to_one_organisation(organisation: Organisation, installation: Installation) -> None:
    from tests.journeys.setup import setup_file

    file = installation.data.parent / "taken.yaml"
    file.write_text(setup_file("twin", organisation.prefix), encoding="utf-8")
    code, _, complained = await installation.command("apply", str(file))
    assert code == 1 and organisation.prefix in complained


async def test_applying_the_same_file_again_changes_nothing(
    organisation: Organisation, installation: Installation
) -> None:
    printed = await installation.ahadi("apply", str(installation.data.parent / f"{organisation.slug}.yaml"), "--json")
    assert json.loads(printed)["changes"] == []


# The clock ---------------------------------------------------------------------------------------------------


async def test_the_clock_moves_forward_settles_what_is_due_and_never_goes_back(organisation: Organisation) -> None:
    made = await taken(organisation, 1001, reason="bill")
    moved = await organisation.client.post("/api/clock", json={"now": later(organisation, hours=2)})
    assert moved.status_code == 200 and set(moved.json()) == {"now"}
    organisation.now = datetime.fromisoformat(moved.json()["now"])
    (broken,) = await organisation.promises(made["case"]["reference"], "broken")
    assert broken["id"] == made["promise"]["id"], "done when the answer comes"
    back = await organisation.client.post("/api/clock", json={"now": later(organisation, seconds=-1)})
    assert back.status_code == 409
    assert datetime.fromisoformat(back.json()["now"]) == organisation.now
    same = await organisation.client.post("/api/clock", json={"now": organisation.now.isoformat()})
    assert same.status_code == 200, "standing still is not going back"
    without_zone = await organisation.client.post("/api/clock", json={"now": "2030-01-01T00:00:00"})
    assert without_zone.status_code == 422 and "such as 2027-03-02T07:00:00Z" in without_zone.json()["detail"]


async def test_the_clock_is_shared_by_all_processes_and_survives_a_restart(
    organisation: Organisation, installation: Installation
) -> None:
    before = organisation.now
    assert await installation.stop() == 0
    await installation.start()
    touches = [(await taken(organisation, 1100 + n))["case"]["reference"] for n in range(6)]
    for reference in touches:  # answered by one web process or the other
        assert datetime.fromisoformat((await organisation.touch(reference))["now"]) == before
    back = await organisation.client.post("/api/clock", json={"now": later(organisation, days=-1)})
    assert back.status_code == 409 and datetime.fromisoformat(back.json()["now"]) == before


async def test_without_the_manual_clock_it_cannot_be_moved_and_is_nowhere_to_be_seen(
    fresh_database: Any, tmp_path: Any
) -> None:
    from ahadi.main.http import create_app
    from ahadi.main.wiring import install
    from ahadi.platform.settings import Settings
    from tests.main.builders import bearer
    from tests.main.builders import organisation as made

    settings = Settings(data=tmp_path, secret_key="a key for tests that is long enough, and no secret")
    app = create_app(install(settings, fresh_database.app))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8123") as client:
            database = app.state.installation.database
            headers = await bearer(database, await made(database, "power"))
            for given in (headers, {}):
                answer = await client.post("/api/clock", json={"now": "2030-01-01T00:00:00Z"}, headers=given)
                assert answer.status_code == 404
            paths = (await client.get("/api/openapi.json")).json()["paths"]
            assert "/api/clock" not in paths and "/api/contacts" in paths
