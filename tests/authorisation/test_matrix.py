"""Every route, for everybody: generated from the application's own routes, so that a new one is covered by being there.

A route declares `needs(permission)`, `SIGNED_IN` or `PUBLIC`. What it declares is what it demands; and whatever is
named in its address or its body, nobody reaches into an organisation that is not theirs.
"""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from ahadi.directory import Permission, tokens
from ahadi.main.http import operations, trials
from ahadi.main.wiring import ROUTERS, Installation
from ahadi.platform.database import Actor
from ahadi.platform.web import Needs, Public
from tests.authorisation.bodies import body_for
from tests.authorisation.world import ANONYMOUS, SECRET_WORD, Caller, World, call

ROUTES = [route for router in (operations, *ROUTERS, trials) for route in router.routes if isinstance(route, APIRoute)]
CASES = [(method, route) for route in ROUTES for method in sorted(route.methods)]

# Parameters of addresses that name nothing an organisation owns.
NO_BODY_S = {
    "code": "conflict",
    "digest": "x",
    "name": "x.css",
    "channel": "email",
    "version": "1",
    "merge_id": str(UUID(int=98)),
    "token": "x.y",
    "link": "ahl_x",
    "file_id": str(UUID(int=97)),
    "rest": "state",
    "passkey": str(UUID(int=96)),  # a person's, as the next: tests/directory/test_passkeys.py and test_devices.py
    "device": str(UUID(int=95)),
    "provider": str(UUID(int=94)),  # named before anybody is known: tests/directory/test_single_sign_on.py
}
# Streams do not end, so what they answer cannot be read to its end here; tests/main/test_http.py listens to them.
STREAMS = {"/api/live", "/live"}
# One that names no organisation and tells of the listener's own; tests/screens/test_live.py listens to it.
OWN_STREAM = "/live"
# The public form tells anybody what an organisation's customers get in touch about; that is what it is for.
FOR_ANYBODY = {"/f/{organisation}"}
# The clock of trials, absent otherwise, is the whole installation's: whoever moves it moves it for everybody.
OF_ALL = {"/api/clock"}


def named(case: tuple[str, APIRoute]) -> str:
    return f"{case[0]} {case[1].path}"


def declared(dependant: Dependant) -> Iterator[Needs | Public]:
    if isinstance(dependant.call, Needs | Public):
        yield dependant.call
    for each in dependant.dependencies:
        yield from declared(each)


Place = tuple[httpx.AsyncClient, Installation, World]


def address(route: APIRoute, things: dict[str, Any]) -> str:
    """The route's address, naming things of the first organisation, which a query names too."""
    wanted = re.findall(r"{(\w+)(?::\w+)?}", route.path)
    unknown = [each for each in wanted if each not in things and each not in NO_BODY_S]
    assert not unknown, f"say in tests/authorisation/world.py what {unknown} of {route.path} is"
    path = re.sub(r"{(\w+)(?::\w+)?}", lambda match: str(things.get(match[1], NO_BODY_S.get(match[1]))), route.path)
    queried = [each.name for each in route.dependant.query_params if each.name in ("organisation", "customer", "case")]
    query = "&".join(f"{each}={things[each]}" for each in queried if each in things)
    return f"{path}?{query}" if query else path


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_route_says_who_may_call_it(route: APIRoute) -> None:
    said = list(declared(route.dependant))
    assert said, f"{route.path} must declare needs(permission), SIGNED_IN or PUBLIC"
    wanted = {each.permission for each in said if isinstance(each, Needs) and each.permission}
    assert wanted <= set(Permission), "and the permission must exist"
    assert not (any(isinstance(each, Public) for each in said) and wanted), "and not two things at once"


def test_no_route_is_anywhere_else() -> None:
    """Every route of the application is one of those tested here, but for its own description."""
    from fastapi import FastAPI

    plain = {getattr(each, "path", None) for each in FastAPI(docs_url=None, redoc_url=None).routes}
    assert plain == {"/openapi.json"}


def needed(route: APIRoute) -> Needs | Public:
    said = list(declared(route.dependant))
    return next((each for each in said if isinstance(each, Needs) and each.permission), said[0])


def may(caller: Caller, demand: Needs | Public) -> bool:
    if isinstance(demand, Public):
        return True
    return caller.signed_in and (demand.permission is None or demand.permission in caller.held)


@pytest.mark.parametrize("case", CASES, ids=named)
async def test_who_lacks_the_permission_is_refused_before_anything_else(
    world: Place, case: tuple[str, APIRoute]
) -> None:
    client, _, place = world
    method, route = case
    demand = needed(route)
    if isinstance(demand, Public):
        return
    for caller in place.callers:
        if may(caller, demand):
            continue
        for body in ({}, body_for(route, place.things)):
            answer = await call(client, caller, method, address(route, place.things), body)
            assert answer.status_code == (403 if caller.signed_in else 401), f"{caller.name}: {answer.text}"


AT_WORK = [case for case in CASES if isinstance(needed(case[1]), Needs) and needed(case[1]).at_work]


@pytest.mark.parametrize("case", AT_WORK, ids=named)
async def test_a_token_that_is_looked_at_by_the_work_is_refused_as_soon_as_it_is_revoked(
    world: Place, case: tuple[str, APIRoute]
) -> None:
    client, installation, place = world
    method, route = case
    actor = Actor.system([place.ours])
    async with installation.database.work(actor) as work:
        made, secret = await tokens.create_token(work, place.ours, "soon gone", ["all"], 1)
    caller = Caller("a token", {"Authorization": f"Bearer {secret}"})
    where, body = address(route, place.things), body_for(route, place.things)
    for _ in range(2):  # from the second time on it is known
        answer = await call(client, caller, method, where, body)
        assert answer.status_code not in (401, 403), answer.text
    async with installation.database.work(actor) as work:
        await tokens.revoke_token(work, place.ours, made.id)
    before = await everything_of(installation, place.ours)
    for named_otherwise in (where, where.replace(str(place.things.get("reference")), "PW-ZZZZZZZ")):
        answer = await call(client, caller, method, named_otherwise, body)
        assert answer.status_code == 401 and SECRET_WORD.lower() not in answer.text.lower(), answer.text
    assert await everything_of(installation, place.ours) == before


@pytest.mark.parametrize("case", CASES, ids=named)
async def test_nobody_reaches_into_another_organisation(world: Place, case: tuple[str, APIRoute]) -> None:
    client, installation, place = world
    method, route = case
    if route.path in OF_ALL:
        return
    before = await everything_of(installation, place.ours)
    for stranger in [*place.strangers, ANONYMOUS]:
        if route.path == OWN_STREAM and may(stranger, needed(route)):
            continue
        if route.path in STREAMS and may(stranger, needed(route)):
            answer = await call(client, stranger, method, address(route, place.things), None)
        else:
            body = body_for(route, place.things)
            answer = await call(client, stranger, method, address(route, place.things), body)
        assert route.path in FOR_ANYBODY or SECRET_WORD.lower() not in answer.text.lower(), stranger.name
        assert answer.status_code < 500, f"{stranger.name}: {answer.text}"
        if needed_thing(route) and not isinstance(needed(route), Public):
            assert answer.status_code in (401, 403, 404), f"{stranger.name}: {answer.status_code} {answer.text}"
    assert await everything_of(installation, place.ours) == before


def needed_thing(route: APIRoute) -> bool:
    """Whether the route's address or body names something of an organisation."""
    in_path = set(re.findall(r"{(\w+)(?::\w+)?}", route.path)) - NO_BODY_S.keys()
    in_query = {each.name for each in route.dependant.query_params} & {"organisation"}
    in_body = b'"organisation"' in orjson.dumps(body_for(route, {"organisation": "power"}))
    return bool(in_path or in_query or in_body)


async def everything_of(installation: Installation, organisation_id: UUID) -> dict[str, Any]:
    """A digest of every row of the organisation, by table."""
    from ahadi.platform.database import Actor

    async with installation.database.read(Actor.system([organisation_id])) as work:
        tables = await work.rows(
            "select table_name from information_schema.columns where column_name = 'organisation_id'"
            " and table_schema = 'public' order by 1"
        )
        return {
            each["table_name"]: await work.value(
                f"select md5(string_agg(t::text, '|' order by t::text)) from {each['table_name']} t"
                " where organisation_id = %(id)s",
                {"id": organisation_id},
            )
            for each in tables
        }


@pytest.mark.parametrize("case", CASES, ids=named)
async def test_who_has_the_permission_is_let_in(world: Place, case: tuple[str, APIRoute]) -> None:
    client, _, place = world
    method, route = case
    demand = needed(route)
    if route.path in STREAMS or isinstance(demand, Public) or demand.permission is None:
        return
    allowed = [each for each in place.callers if may(each, demand)]
    assert allowed, "somebody must be able to do it"
    for caller in allowed:
        answer = await call(client, caller, method, address(route, place.things), body_for(route, place.things))
        assert answer.status_code not in (401, 405) and answer.status_code < 500, f"{caller.name}: {answer.text}"
        if answer.status_code == 403:  # a deeper rule, said in its own words, and not the route's permission
            assert answer.json().get("permission") != demand.permission, f"{caller.name}: {answer.text}"
