"""Endpoints are registered at once and worked out when they are called."""

from socket import socket

import httpx
import pytest
from fastapi import FastAPI
from fastapi.exceptions import FastAPIError
from fastapi.routing import APIRoute
from starlette.responses import Response

from ahadi.platform.web import PUBLIC, Router, answer


def made() -> tuple[FastAPI, list[APIRoute]]:
    router = Router(prefix="/api", tags=["things"])

    @router.get("/things/{number}", dependencies=[PUBLIC])
    async def get_thing(number: int) -> Response:
        """One thing."""
        return answer({"number": number})

    @router.post("/things", dependencies=[PUBLIC])
    async def post_thing() -> Response:
        return answer({}, 201)

    app = FastAPI()
    app.include_router(router)
    return app, [each for each in router.routes if isinstance(each, APIRoute)]


def worked_out(route: APIRoute) -> bool:
    return "dependant" in vars(route)


async def asked(app: FastAPI, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        return await client.get(path)


async def test_a_route_is_worked_out_when_it_is_asked_for_and_not_before() -> None:
    app, [get, post] = made()
    assert not worked_out(get) and not worked_out(post)
    assert (get.path, get.methods, post.methods) == ("/api/things/{number}", {"GET"}, {"POST"})
    assert not worked_out(get) and not worked_out(post)
    assert (await asked(app, "/api/things/7")).json() == {"number": 7}
    assert (await asked(app, "/api/things/x")).status_code == 422
    assert get.dependant.path_params[0].name == "number" and get.tags == ["things"]


async def test_the_description_of_the_interface_has_every_route() -> None:
    app, _ = made()
    described = (await asked(app, "/openapi.json")).json()["paths"]
    assert described["/api/things/{number}"]["get"]["description"] == "One thing."
    assert set(described) == {"/api/things/{number}", "/api/things"}


def test_what_a_route_does_not_have_it_says_so_each_time() -> None:
    _, [get, _] = made()
    for _time in range(2):
        with pytest.raises(AttributeError):
            _ = get.colour  # type: ignore[attr-defined]


def test_an_endpoint_that_cannot_be_worked_out_says_why_each_time() -> None:
    router = Router()

    @router.get("/wrong/{what}")
    async def wrong(what: socket) -> Response:
        return answer({})

    [route] = [each for each in router.routes if isinstance(each, APIRoute)]
    for _time in range(2):
        with pytest.raises(FastAPIError, match="socket"):
            _ = route.dependant
