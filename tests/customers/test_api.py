"""Customers over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from ahadi import customers
from ahadi.customers import Holder, api, person_api
from ahadi.directory import sign_in_api, sign_in_store
from ahadi.platform.database import Database
from ahadi.platform.security import Keyring
from ahadi.platform.settings import Settings
from ahadi.platform.web import Policy, install_problems
from tests.customers.builders import a_customer, system
from tests.main.builders import bearer, organisation


@dataclass
class Desk:
    """An application with two organisations and a token for everything in the first."""

    database: Database
    http: httpx.AsyncClient
    app: FastAPI
    ours: UUID
    theirs: UUID

    async def customer(self, **said: Any) -> str:
        async with self.database.work(system(self.ours)) as work:
            return str((await a_customer(work, self.ours, **said)).id)

    async def their_customer(self, **said: Any) -> str:
        async with self.database.work(system(self.theirs)) as work:
            return str((await a_customer(work, self.theirs, **said)).id)


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    app = FastAPI()
    app.state.database = database
    app.state.settings = Settings()
    app.state.keyring = Keyring(["a key of forty characters for tests only"])
    app.state.authenticate = sign_in_api.recognise
    app.state.find_organisation = sign_in_store.find_organisation
    app.state.policy = Policy.of(app.state.settings)
    app.state.personal_data = ()
    install_problems(app)
    for router in (api.router, person_api.router):
        app.include_router(router)
    ours, theirs = await organisation(database, "power"), await organisation(database, "net")
    headers = await bearer(database, ours)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.example", headers=headers) as http:
        yield Desk(database, http, app, ours, theirs)


async def test_a_customer_is_read_and_changed_only_where_something_is_named(desk: Desk) -> None:
    made = await desk.customer(name="Maria", phone="0712 345 678")
    changed = await desk.http.patch(
        f"/api/customers/{made}",
        json={
            "place": "Nakuru",
            "language": "sw",
            "quiet_from": "21:00",
            "quiet_until": "07:00",
            "attributes": {"meter": 7},
        },
    )
    assert changed.status_code == 200, changed.text
    held = (await desk.http.get(f"/api/customers/{made}")).json()
    assert held == changed.json()
    assert (held["name"], held["place"], held["language"], held["attributes"]) == (
        "Maria",
        "Nakuru",
        "sw",
        {"meter": 7},
    )
    assert (held["quiet_from"], held["quiet_until"], held["records"]) == ("21:00:00", "07:00:00", [made])
    assert [each["value"] for each in held["identities"]] == ["+254712345678"]
    taken = await desk.http.patch(f"/api/customers/{made}", json={"name": None, "attributes": {"meter": None}})
    assert (taken.json()["name"], taken.json()["attributes"], taken.json()["place"]) == (None, {}, "Nakuru")


async def test_what_a_patch_does_not_know_or_cannot_keep_is_refused(desk: Desk) -> None:
    made = await desk.customer(name="Maria")
    for wrong in ({"zone": "Nairobi"}, {"attributes": {"a": []}}, {"quiet_from": "21:00"}, {"name": "x" * 300}):
        refused = await desk.http.patch(f"/api/customers/{made}", json=wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    ignored = await desk.http.patch(f"/api/customers/{made}", json={"group_id": made, "erased_at": "2026-01-01T00:00Z"})
    assert ignored.json()["erased_at"] is None


async def test_customers_are_listed_and_searched_in_pages(desk: Desk) -> None:
    for number in range(5):
        await desk.customer(name=f"Maria {number}", phone=f"071234567{number}")
    await desk.customer(name="Peter")
    await desk.their_customer(name="Maria")
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (await desk.http.get("/api/customers", params={"q": "mar", "limit": 2, "after": after})).json()
        seen += [each["name"] for each in page["items"]]
        after = page["next"]
    assert sorted(seen) == [f"Maria {number}" for number in range(5)]
    found = (await desk.http.get("/api/customers", params={"q": "0712 345 673", "organisation": "power"})).json()
    assert [each["name"] for each in found["items"]] == ["Maria 3"]
    assert (await desk.http.get("/api/customers", params={"organisation": "net"})).status_code == 404


async def test_identities_are_read_by_the_organisations_country(desk: Desk) -> None:
    made = await desk.customer(name="Maria", phone="0712 345 678")
    other = await desk.customer(name="Peter", email="peter@example.org")
    at = f"/api/customers/{made}/identities"
    added = await desk.http.post(at, json={"kind": "phone", "value": "0733 111 222"})
    assert added.status_code == 201
    assert "+254733111222" in [each["value"] for each in added.json()["identities"]]
    sure = (await desk.http.post(f"{at}/verify", json={"kind": "phone", "value": "0733111222"})).json()
    assert [each["value"] for each in sure["identities"] if each["verified_at"]] == ["+254733111222"]
    left = (await desk.http.post(f"{at}/remove", json={"kind": "phone", "value": "+254 712 345678"})).json()
    assert [each["value"] for each in left["identities"]] == ["+254733111222"]
    taken = await desk.http.post(at, json={"kind": "email", "value": "peter@example.org"})
    assert (taken.status_code, taken.json()["code"], taken.json()["customer"]) == (409, "identity-taken", other)
    assert (await desk.http.post(at, json={"kind": "email", "value": "rubbish"})).status_code == 422


async def test_consent_and_entitlement(desk: Desk) -> None:
    made = await desk.customer(phone="0712 345 678")
    said = await desk.http.put(f"/api/customers/{made}/consents/sms", json={"granted": False, "source": "stop"})
    assert [(each["channel"], each["granted"]) for each in said.json()["consents"]] == [("sms", False)]
    assert (await desk.http.put(f"/api/customers/{made}/consents/fax", json={"granted": True})).status_code == 422
    owed = await desk.http.post(f"/api/customers/{made}/entitlements", json={"tier": "gold", "verified_by": "crm"})
    assert (owed.status_code, owed.json()["tier"]) == (201, "gold")
    assert (await desk.http.delete(f"/api/customers/{made}/entitlements")).json()["tier"] is None


async def test_noticed_duplicates_come_in_pages_each_pair_once(desk: Desk) -> None:
    for number in range(5):
        phone, email = f"0712 345 67{number}", f"maria{number}@example.org"
        await desk.customer(phone=phone)
        await desk.customer(email=email)
        await desk.customer(phone=phone, email=email, channel="phone")
    whole = (await desk.http.get("/api/customer-duplicates")).json()["items"]
    assert len(whole) == 5
    paged: list[Any] = []
    after: str | None = None
    while len(paged) < 10:
        query = {"limit": "2"} | ({"after": after} if after else {})
        page = (await desk.http.get("/api/customer-duplicates", params=query)).json()
        paged += page["items"]
        after = page["next"]
        if after is None:
            break
    assert paged == whole


async def test_duplicates_are_shown_merged_told_apart_and_un_merged(desk: Desk) -> None:
    maria = await desk.customer(name="Maria Wanjiku", email="maria.wanjiku@example.org")
    twin = await desk.customer(name="Maria Wanjiku", email="mariawanjiku@example.org")
    third = await desk.customer(phone="0712 345 678")
    await desk.customer(phone="0712 345 678", email="mariawanjiku@example.org", channel="phone")
    [found] = (await desk.http.get(f"/api/customers/{maria}/duplicates")).json()["items"]
    assert found["customer"]["id"] == twin and found["score"] > 0.5
    assert {each["code"] for each in found["reasons"]} == {"same-name", "same-mailbox"}
    [pair] = (await desk.http.get("/api/customer-duplicates")).json()["items"]
    assert {pair["of"]["id"], pair["customer"]["id"]} == {twin, third}
    apart = await desk.http.post(f"/api/customers/{twin}/duplicates/dismiss", json={"customer": third})
    assert apart.status_code == 204
    assert (await desk.http.get("/api/customer-duplicates")).json()["items"] == []

    merged = (await desk.http.post(f"/api/customers/{maria}/merge", json={"customer": twin})).json()
    assert (merged["kept"], merged["merged"]) == (maria, twin)
    assert (await desk.http.get(f"/api/customers/{twin}")).json()["records"] == [maria, twin]
    again = await desk.http.post(f"/api/customers/{maria}/merge", json={"customer": twin})
    assert again.status_code == 409
    [held] = (await desk.http.get(f"/api/customers/{maria}/merges")).json()["items"]
    elsewhere = await desk.http.post(f"/api/customers/{third}/merges/{held['id']}/undo")
    assert elsewhere.status_code == 404
    undone = await desk.http.post(f"/api/customers/{twin}/merges/{held['id']}/undo")
    assert undone.json()["undone_at"]
    assert (await desk.http.get(f"/api/customers/{twin}")).json()["id"] == twin


async def test_export_and_erasure_reach_every_part_that_holds_personal_data(desk: Desk) -> None:
    asked: list[tuple[str, list[UUID]]] = []

    async def words(work: Any, organisation_id: UUID, ids: Any) -> Any:
        assert organisation_id == desk.ours
        asked.append(("export", list(ids)))
        return ["Hello"]

    async def erase(work: Any, organisation_id: UUID, ids: Any) -> None:
        asked.append(("erase", list(ids)))

    desk.app.state.personal_data = (Holder("messages", words, erase),)
    made = await desk.customer(name="Maria", phone="0712 345 678")
    other = await desk.customer(email="maria@example.org")
    await desk.http.post(f"/api/customers/{made}/merge", json={"customer": other})
    export = (await desk.http.post(f"/api/customers/{other}/export")).json()
    assert [each["name"] for each in export["records"]] == ["Maria", None] and export["messages"] == ["Hello"]
    gone = await desk.http.post(f"/api/customers/{other}/erase")
    assert gone.json()["erased_at"] and gone.json()["name"] is None and gone.json()["identities"] == []
    ids = [UUID(made), UUID(other)]
    assert asked == [("export", ids), ("erase", ids)]
    assert (await desk.http.get("/api/customers")).json()["items"] == []


async def test_an_answer_kept_for_a_key_can_be_read_by_nobody_else(desk: Desk) -> None:
    made = await desk.customer(name="Zawadi")
    key = {"Idempotency-Key": "one"}
    first = await desk.http.patch(f"/api/customers/{made}", json={"place": "Nakuru"}, headers=key)
    again = await desk.http.patch(f"/api/customers/{made}", json={"place": "Nakuru"}, headers=key)
    assert again.json() == first.json() and again.headers["Idempotent-Replayed"] == "true"
    async with desk.database.read(system(desk.ours)) as work:
        kept = await work.value("select body from idempotency")
    assert b"Zawadi" not in kept


CALLS: dict[str, tuple[str, str, Any]] = {
    "get": ("GET", "", None),
    "patch": ("PATCH", "", {"name": "X"}),
    "duplicates": ("GET", "/duplicates", None),
    "merges": ("GET", "/merges", None),
    "identity": ("POST", "/identities", {"kind": "email", "value": "x@example.org"}),
    "verify": ("POST", "/identities/verify", {"kind": "phone", "value": "0712345678"}),
    "remove": ("POST", "/identities/remove", {"kind": "phone", "value": "0712345678"}),
    "consent": ("PUT", "/consents/sms", {"granted": True}),
    "entitle": ("POST", "/entitlements", {"tier": "gold", "verified_by": "crm"}),
    "end": ("DELETE", "/entitlements", None),
    "dismiss": ("POST", "/duplicates/dismiss", {"customer": None}),
    "merge": ("POST", "/merge", {"customer": None}),
    "undo": ("POST", f"/merges/{UUID(int=7)}/undo", None),
    "export": ("POST", "/export", None),
    "erase": ("POST", "/erase", None),
}


def test_every_route_of_one_customer_is_tried() -> None:
    routes = {
        (method, route.path.split("{customer_id}")[1])
        for router in (api.router, person_api.router)
        for route in router.routes
        if "{customer_id}" in route.path
        for method in route.methods
    }
    tried = {(method, path) for method, path, _ in CALLS.values()}
    named = {
        (method, path.replace(str(UUID(int=7)), "{merge_id}").replace("/consents/sms", "/consents/{channel}"))
        for method, path in tried
    }
    assert routes == named


@pytest.mark.parametrize("name", CALLS)
async def test_another_organisations_customer_is_not_found_at_any_address_or_in_any_body(desk: Desk, name: str) -> None:
    theirs = await desk.their_customer(name="Theirs", phone="0712 345 678")
    mine = await desk.customer(name="Mine")
    method, path, body = CALLS[name]
    asked = {**body, "customer": mine} if body and "customer" in body else body
    refused = await desk.http.request(method, f"/api/customers/{theirs}{path}", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
    if body and "customer" in body:
        refused = await desk.http.request(method, f"/api/customers/{mine}{path}", json={**body, "customer": theirs})
        assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
    async with desk.database.read(system(desk.theirs)) as work:
        held = await customers.get_customer(work, desk.theirs, UUID(theirs))
    assert (held.name, len(held.identities)) == ("Theirs", 1)


@pytest.mark.parametrize("name", CALLS)
async def test_every_address_asks_for_its_permission(desk: Desk, name: str) -> None:
    made = await desk.customer(name="Mine")
    method, path, body = CALLS[name]
    needed = {"GET": "customer.read"}.get(method, "customer.edit")
    needed = {"export": "customer.export", "erase": "customer.erase"}.get(name, needed)
    others = {"customer.read", "customer.edit", "customer.export", "customer.erase"} - {needed}
    for headers, status in (
        (await bearer(desk.database, desk.ours, sorted(others)), 403),
        ({"Authorization": ""}, 401),
    ):
        refused = await desk.http.request(method, f"/api/customers/{made}{path}", json=body, headers=headers)
        assert refused.status_code == status
