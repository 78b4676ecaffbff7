"""The directory over HTTP. Who may call what is in tests/authorisation."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from ahadi.main.apply import apply_text
from ahadi.main.wiring import Installation
from ahadi.platform.database import Actor
from tests.directory.setups import FILE
from tests.main.builders import bearer


@pytest.fixture
async def api(client: httpx.AsyncClient, installation: Installation) -> httpx.AsyncClient:
    """A program that may do everything in the utility's organisation."""
    await apply_text(installation.database, FILE)
    async with installation.database.read(Actor.system([])) as work:
        organisation = await work.value("select id from organisation")
    client.headers.update(await bearer(installation.database, organisation))
    return client


async def items(api: httpx.AsyncClient, address: str) -> list[dict[str, Any]]:
    answer = await api.get(address)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_an_organisation_says_what_it_is(api: httpx.AsyncClient) -> None:
    [short] = await items(api, "/api/organisations")
    whole = (await api.get("/api/organisations/power")).json()
    assert short["slug"] == "power" and short["manager"]["slug"] == "naomi"
    assert whole["mail"] == ["help@mtopower.example"] and whole["skills"]["meters"]["sw"] == "Mita"
    answer = await api.patch("/api/organisations/power", json={"reopen_days": 3, "brand": {"colour": "#112233"}})
    assert answer.status_code == 200, answer.text
    changed = (await api.get("/api/organisations/power")).json()
    assert changed == whole | {"reopen_days": 3, "brand": whole["brand"] | {"colour": "#112233"}}


async def test_departments_are_added_changed_and_retired(api: httpx.AsyncClient) -> None:
    body = {"slug": "meters", "names": {"en": "Meters", "sw": "Mita"}, "hours": "Mo-Fr 08:00-16:00"}
    body |= {"promise": {"kind": "visit", "within": "2d"}, "mail": ["meters@mtopower.example"]}
    made = await api.post("/api/departments", json=body)
    assert made.status_code == 201, made.text
    assert [each["slug"] for each in await items(api, "/api/departments")] == ["care", "repairs", "meters"]
    assert made.json()["promise"] == {"kind": "visit", "within": "2d"}
    changed = await api.patch("/api/departments/meters", json={"manager": "naomi", "hours": "24/7"})
    assert changed.json() == made.json() | {"hours": "24/7", "manager": changed.json()["manager"]}
    assert (await api.get(f"/api/departments/{made.json()['id']}")).json()["manager"]["name"] == "Naomi Wanjiku"
    assert (await api.delete("/api/departments/meters")).status_code == 204
    assert [each["slug"] for each in await items(api, "/api/departments?active=true")] == ["care", "repairs"]
    assert (await api.patch("/api/departments/meters", json={"active": True})).json()["active"] is True
    assert (await api.get("/api/departments/moon")).status_code == 404
    assert (await api.delete("/api/departments/care")).status_code == 409


async def test_lists_come_in_pages(api: httpx.AsyncClient) -> None:
    seen: list[str] = []
    address = "/api/people?limit=2"
    for _ in range(5):
        page = (await api.get(address)).json()
        seen += [each["slug"] for each in page["items"]]
        if page["next"] is None:
            break
        address = f"/api/people?limit=2&after={page['next']}"
    assert seen == ["amina", "joseph", "naomi"]


async def test_people_are_read_and_changed(api: httpx.AsyncClient) -> None:
    amina = (await api.get("/api/people/amina")).json()
    assert amina["email"] == "amina@daraja.example" and amina["roles"] == ["agent"]
    assert (amina["on_shift"], amina["absent"], amina["presence"]) == (True, False, "offline")
    assert [each["slug"] for each in await items(api, "/api/people?department=care")] == ["amina", "naomi"]
    body = {"roles": ["agent", "supervisor"], "departments": ["care", "repairs"], "skills": []}
    changed = (await api.patch("/api/people/amina", json=body)).json()
    assert changed["roles"] == ["agent", "supervisor"] and changed["skills"] == []
    assert [each["slug"] for each in changed["departments"]] == ["care", "repairs"]
    gone = await api.patch("/api/people/amina", json={"active": False})
    assert gone.json()["active"] is False
    assert [each["slug"] for each in await items(api, "/api/people?active=true")] == ["joseph", "naomi"]
    assert (await api.patch("/api/people/naomi", json={"active": False})).status_code == 409
    assert (await api.get("/api/people/nobody")).status_code == 404
    assert (await api.patch("/api/people/amina", json={"active": True})).json()["roles"] == ["agent", "supervisor"]


async def test_an_e_mail_address_is_for_those_who_may_read_the_directory(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    async with installation.database.read(Actor.system([])) as work:
        organisation = await work.value("select id from organisation")
    without = await bearer(installation.database, organisation, ["case.read", "presence.others"])
    for address in ("/api/people", "/api/people/amina", "/api/departments", "/api/organisations/power"):
        answer = await api.get(address, headers=without)
        assert answer.status_code == 403 and "daraja" not in answer.text
    answer = await api.put("/api/people/amina/presence", json={"presence": "busy"}, headers=without)
    assert answer.status_code == 200 and "daraja" not in answer.text


async def test_presence_is_set_and_dated(api: httpx.AsyncClient) -> None:
    answer = await api.put("/api/people/amina/presence", json={"presence": "available"})
    assert answer.status_code == 200, answer.text
    amina = (await api.get("/api/people/amina")).json()
    assert (amina["presence"], amina["presence_since"]) == ("available", "2026-11-24T07:00:00Z")
    assert (await api.put("/api/people/amina/presence", json={"presence": "asleep"})).status_code == 422
    assert (await api.put("/api/people/me/presence", json={"presence": "busy"})).status_code == 404


async def test_shifts_absences_and_the_rota(api: httpx.AsyncClient) -> None:
    pattern = await api.post("/api/shifts", json={"person": "joseph", "hours": "Mo-Fr 07:00-16:00"})
    assert pattern.status_code == 201 and pattern.json()["person"]["slug"] == "joseph"
    body = {"person": "joseph", "starts_at": "2026-11-28T06:00:00Z", "ends_at": "2026-11-28T10:00:00Z"}
    single = (await api.post("/api/shifts", json=body)).json()
    assert len(await items(api, "/api/shifts?person=joseph")) == 2
    assert (await api.post("/api/shifts", json=body | {"hours": "24/7"})).status_code == 422
    assert (await api.post("/api/shifts", json={"person": "joseph"})).status_code == 422
    away = {"person": "joseph", "starts_at": "2026-11-25T00:00:00Z", "ends_at": "2026-11-28T00:00:00Z", "kind": "leave"}
    absence = (await api.post("/api/absences", json=away)).json()
    rota = await items(api, "/api/rota?person=joseph&from=2026-11-24T00:00:00Z&to=2026-11-29T00:00:00Z")
    assert [(each["starts_at"], each["ends_at"]) for each in rota] == [
        ("2026-11-24T04:00:00Z", "2026-11-24T13:00:00Z"),
        ("2026-11-28T06:00:00Z", "2026-11-28T10:00:00Z"),
    ]
    assert [each["id"] for each in await items(api, "/api/absences")] == [absence["id"]]
    back = await api.post(f"/api/absences/{absence['id']}/end", json={"ends_at": "2026-11-26T00:00:00Z"})
    assert back.json()["ends_at"] == "2026-11-26T00:00:00Z"
    assert (await api.post(f"/api/absences/{absence['id']}/end", json={})).json() is None
    assert (await api.delete(f"/api/shifts/{single['id']}")).status_code == 204
    assert (await api.delete(f"/api/shifts/{single['id']}")).status_code == 404
    assert (await api.get("/api/rota?from=2026-11-24T00:00:00Z&to=2027-11-24T00:00:00Z")).status_code == 422
    assert {each["person"]["slug"] for each in await items(api, "/api/rota")} == {"amina", "joseph"}


async def test_who_is_called(api: httpx.AsyncClient) -> None:
    chains = {each["department"] and each["department"]["slug"]: each for each in await items(api, "/api/on-call")}
    assert [each["slug"] for each in chains["repairs"]["people"]] == ["joseph", "naomi"]
    put = await api.put("/api/on-call", json={"department": "repairs", "people": ["naomi"]})
    assert [each["slug"] for each in put.json()["people"]] == ["naomi"]
    own = await api.put("/api/on-call", json={"people": []})
    assert own.json() == {"department": None, "people": []}


async def test_reasons(api: httpx.AsyncClient) -> None:
    body = {"names": {"en": "Slow", "sw": "Polepole"}, "department": "care", "promise": {"kind": "update"}}
    made = await api.put("/api/reasons/slow", json=body)
    assert made.status_code == 200 and made.json()["promise"] == {"kind": "update", "within": "8h"}
    assert [each["slug"] for each in await items(api, "/api/reasons")] == ["outage", "slow"]
    assert (await api.delete("/api/reasons/slow")).status_code == 204
    assert [each["slug"] for each in await items(api, "/api/reasons?active=true")] == ["outage"]
    assert (await api.put("/api/reasons/No%20Way", json=body)).status_code == 422


async def test_every_open_hour_in_which_nobody_can_be_reached_is_named(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    assert await items(api, "/api/coverage") == [], "somebody is on call for every department"
    now = installation.database.clock.real.now()
    await api.put("/api/on-call", json={"department": "care", "people": []})
    found = await items(api, "/api/coverage")
    first = found[0]
    assert first["department"]["slug"] == "care" and "nobody of it is on shift" in first["sentence"]
    assert (first["starts_at"], first["ends_at"]) == ("2026-11-24T11:00:00Z", "2026-11-24T19:00:00Z")
    until = (now + timedelta(days=14)).isoformat()
    assert all(each["starts_at"] < each["ends_at"] and each["starts_at"] < until for each in found)
    assert len(found) == 10 + 4, "the evenings of ten working days, and four whole days"
