"""What a route declares is what it demands."""

from uuid import UUID

from fastapi import Request

from ahadi.platform.database import Actor
from tests.platform.web.app import application, caller

HERE, THERE = UUID(int=1), UUID(int=2)


async def test_a_permission_held_in_any_organisation_opens_the_door_and_none_keeps_it_shut() -> None:
    asked = []

    async def authenticate(request: Request) -> Actor:
        asked.append(request)
        held = frozenset({"case.decide"}) if request.headers["x-who"] == "manager" else frozenset({"case.read"})
        return Actor("person", UUID(int=9), {HERE: frozenset(), THERE: held})

    app = application(authenticate)
    async with caller(app) as client:
        manager = await client.get("/api/decided", headers={"x-who": "manager"})
        agent = await client.get("/api/decided", headers={"x-who": "agent"})
        signed_in = await client.get("/api/mine", headers={"x-who": "agent"})
    assert manager.json() == {"kind": "person"} and signed_in.json() == {"kind": "person"}
    assert agent.status_code == 403 and agent.json()["permission"] == "case.decide"
    assert len(asked) == 3
