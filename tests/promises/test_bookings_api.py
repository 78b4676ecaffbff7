"""Bookings and calls over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from ahadi.cases import Case
from ahadi.platform.database import Database
from tests.cases.builders import ORGANISATION
from tests.directory.builders import House
from tests.main.builders import bearer
from tests.promises.test_bookings import a_request, house

__all__ = ["house"]
TEN = "2026-11-25T07:00:00Z"  # 10:00 in Nairobi


@pytest.fixture
async def http(client: httpx.AsyncClient, installation: Any, house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a token for everything."""
    client.headers.update(await bearer(installation.database, ORGANISATION))
    yield client


@pytest.fixture
async def case(database: Database, house: House) -> Case:
    return await a_request(database, house)


async def test_slots_are_told_on_the_clock_that_is_asked_for(http: httpx.AsyncClient) -> None:
    query = {"organisation": "power", "department": "care", "from": TEN, "until": "2026-11-25T08:00:00Z"}
    answer = (await http.get("/api/slots", params=query | {"zone": "Asia/Kolkata"})).json()
    assert answer["zone"] == "Asia/Kolkata" and answer["length"] == 15
    assert answer["slots"][0] == {
        "starts_at": TEN, "ends_at": "2026-11-25T07:15:00Z", "at": "2026-11-25T12:30+05:30", "places": 2,
    }  # fmt: skip
    assert len(answer["slots"]) == 4


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"zone": "Mars"}, "time zone"),
        ({"department": "nowhere"}, "no department"),
        ({"wish": "person"}, "with whom"),
        ({"department": ""}, "Choose a department"),
    ],
)
async def test_what_is_wrong_with_a_question_for_slots_is_told(
    http: httpx.AsyncClient, query: dict[str, str], told: str
) -> None:
    answer = await http.get("/api/slots", params={"organisation": "power", "department": "care"} | query)
    assert answer.status_code == 422 and told in answer.json()["detail"]


async def test_a_call_is_booked_moved_and_cancelled(http: httpx.AsyncClient, case: Case) -> None:
    made = await http.post(f"/api/cases/{case.reference}/bookings", json={"department": "care", "starts_at": TEN})
    assert made.status_code == 201, made.text
    booking = made.json()["booking"]
    assert made.json()["promise"]["due_at"] == booking["ends_at"] == "2026-11-25T07:15:00Z"
    held = (await http.get(f"/api/cases/{case.reference}/bookings")).json()["items"]
    assert [each["id"] for each in held] == [booking["id"]]
    moved = await http.post(f"/api/bookings/{booking['id']}/move", json={"starts_at": "2026-11-25T09:00:00Z"})
    assert moved.json()["booking"]["sequence"] == 1 and moved.json()["booking"]["id"] == booking["id"]
    gone = await http.post(f"/api/bookings/{booking['id']}/cancel", json={"reason": "it works again"})
    assert gone.json()["promise"]["state"] == "withdrawn"
    assert (await http.post(f"/api/bookings/{booking['id']}/cancel")).status_code == 404
    assert (await http.get(f"/api/cases/{case.reference}/bookings")).json()["items"] == []


async def test_a_time_that_cannot_be_had_is_refused_with_the_next_ones(http: httpx.AsyncClient, case: Case) -> None:
    body = {"department": "network", "starts_at": "2026-11-25T20:00:00Z"}
    answer = await http.post(f"/api/cases/{case.reference}/bookings", json=body)
    assert answer.status_code == 409
    assert answer.json()["next"][0] == "2026-11-26T05:00:00Z"


async def test_a_booking_sent_twice_is_one(http: httpx.AsyncClient, case: Case) -> None:
    body, key = {"department": "care", "starts_at": TEN}, {"Idempotency-Key": "one"}
    first = await http.post(f"/api/cases/{case.reference}/bookings", json=body, headers=key)
    again = await http.post(f"/api/cases/{case.reference}/bookings", json=body, headers=key)
    assert first.json() == again.json()


async def test_the_list_of_calls_says_whom_to_call_on_which_number_and_what_to_say(
    http: httpx.AsyncClient, case: Case
) -> None:
    body = {"department": "care", "starts_at": TEN, "phone": "0733 999888"}
    await http.post(f"/api/cases/{case.reference}/bookings", json=body)
    (call,) = (await http.get("/api/callbacks")).json()["items"]
    assert (call["case"], call["phone"], call["customer"]) == (case.reference, "+254733999888", "Neema Wanjiru")
    assert case.reference in call["say"] and "We will call you tomorrow at 10:15" in call["say"]
    assert (call["starts_at"], call["attempts"], call["owner"]["slug"]) == (TEN, 0, "care")
    tried = await http.post(f"/api/callbacks/{call['promise']}/attempts", json={"outcome": "busy"})
    assert tried.status_code == 201 and tried.json()["number"] == 1
    of_care = await http.get("/api/callbacks", params={"organisation": "power", "owner": "care"})
    (again,) = of_care.json()["items"]
    assert (again["attempts"], again["last_outcome"]) == (1, "busy")
    assert again["promise"] == tried.json()["promise"]["id"]
    of_network = await http.get("/api/callbacks", params={"organisation": "power", "owner": "network"})
    assert of_network.json()["items"] == []
