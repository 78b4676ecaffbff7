"""Every change sent twice under one key is made once, and answered twice with the same words."""

from typing import Any

import pytest
from fastapi.routing import APIRoute

from ahadi.platform.web import Public
from tests.authorisation.bodies import body_for
from tests.authorisation.test_matrix import ROUTES, Place, address, needed

# Signing in and one's own credentials answer with a cookie or ask for a password each time; pages are for people;
# the clock of trials never goes back, so to set it twice is to set it once.
OTHERWISE = ("/api/me/", "/api/sign-in", "/api/sign-out", "/api/clock")
CHANGES = [
    route
    for route in ROUTES
    if "POST" in route.methods
    and route.path.startswith("/api/")
    and not route.path.startswith(OTHERWISE)
    and not isinstance(needed(route), Public)
]


@pytest.mark.parametrize("route", CHANGES, ids=lambda route: route.path)
async def test_a_change_sent_twice_under_one_key_is_made_once(world: Place, route: APIRoute) -> None:
    client, _, place = world
    [everything] = [each for each in place.callers if each.name == "token all"]
    path, body = address(route, place.things), body_for(route, place.things)

    async def send(changed: Any) -> Any:
        headers = {**everything.headers, "Idempotency-Key": f"once {route.path}"}
        return await client.post(path, json=changed, headers=headers)

    first, again = await send(body), await send(body)
    assert first.status_code == again.status_code < 500, first.text
    assert ("idempotent-replayed" in again.headers) is first.is_success
    if first.is_success:
        assert first.content == again.content
        assert (await send({**(body or {}), "something": "else"})).status_code == 422
