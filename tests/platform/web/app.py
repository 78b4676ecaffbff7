"""A small application on the web platform, with the doors that its tests knock at."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.responses import Response

from ahadi.base.errors import Conflict, NotSignedIn, TooMany
from ahadi.platform.database import Actor
from ahadi.platform.settings import Settings
from ahadi.platform.web import PUBLIC, SIGNED_IN, Guard, Policy, answer, client_address, install_problems, needs


class Noted(BaseModel):
    note: str
    count: int = 0


def application(authenticate: Callable[[Request], Awaitable[Actor]] | None = None, **settings: Any) -> FastAPI:
    app = FastAPI(redirect_slashes=False)
    app.state.settings = Settings(**settings)
    app.state.policy = Policy.of(app.state.settings)

    async def nobody(_request: Request) -> Actor:
        raise NotSignedIn("Sign in first.")

    app.state.authenticate = app.state.authenticate_at_work = authenticate or nobody
    app.add_middleware(Guard, policy=app.state.policy)
    install_problems(app)

    @app.get("/api/conflict", dependencies=[PUBLIC])
    async def conflict() -> None:
        raise Conflict("The case is resolved; reopen it first.", reference="PW-K7MQ2XC", status="not overwritten")

    @app.get("/api/often", dependencies=[PUBLIC])
    async def often() -> None:
        raise TooMany("Too often; wait a little.", retry_after=7)

    @app.get("/api/broken/{secret}", dependencies=[PUBLIC])
    async def broken(secret: str) -> None:
        raise RuntimeError(f"the customer said {secret}")

    @app.post("/api/notes", dependencies=[PUBLIC])
    async def notes(body: Noted) -> Response:
        return answer({"note": body.note})

    @app.post("/api/raw", dependencies=[PUBLIC])
    async def raw(request: Request) -> Response:
        return answer({"length": len(await request.body())})

    @app.get("/api/who", dependencies=[PUBLIC])
    async def who(request: Request) -> Response:
        return answer({"client": client_address(request), "scheme": request.url.scheme})

    @app.get("/api/mine")
    async def mine(actor: Actor = SIGNED_IN) -> Response:
        return answer({"kind": actor.kind})

    @app.get("/api/decided")
    async def decided(actor: Actor = needs("case.decide")) -> Response:
        return answer({"kind": actor.kind})

    @app.get("/page", dependencies=[PUBLIC])
    async def page() -> None:
        raise Conflict("Somebody wrote <b>here</b>.")

    return app


def caller(app: FastAPI, address: str = "203.0.113.9", **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(address, 40000))
    return httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers)
