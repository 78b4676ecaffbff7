"""The web application."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from pydantic import AwareDatetime, BaseModel
from starlette.responses import Response

import ahadi
from ahadi.base.clock import iso
from ahadi.base.errors import AhadiError, Forbidden, NotFound
from ahadi.directory import Permission, sign_in_api, sign_in_store
from ahadi.intake import PERSONAL_DATA
from ahadi.main import health
from ahadi.main.tasks import running
from ahadi.main.wiring import ROUTERS, Installation, opened, web_tasks
from ahadi.platform.database import Actor
from ahadi.platform.metrics import CONTENT_TYPE
from ahadi.platform.web import (
    PUBLIC,
    Guard,
    Quick,
    Router,
    Statics,
    actor_of,
    answer,
    database_of,
    install_problems,
    is_direct_from_loopback,
    needs,
)
from ahadi.screens import install_screens

operations = Router(tags=["operations"])
trials = Router(tags=["operations"])  # only where the clock is moved by hand


def create_app(installation: Installation) -> FastAPI:
    """The application that serves this installation; it opens and closes the installation's connections."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with opened(installation), running(web_tasks(installation)):
            yield
            installation.hub.close()

    app = FastAPI(
        title="Ahadi",
        version=ahadi.__version__,
        summary="A contact centre that keeps its promises.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    routers = (operations, *([trials] if installation.settings.clock == "manual" else []), *ROUTERS)
    app.state.installation = installation
    for part in ("settings", "database", "keyring", "hub", "streams", "rooms", "statics", "policy", "providers"):
        setattr(app.state, part, getattr(installation, part))
    app.state.authenticate = sign_in_api.recognise
    app.state.authenticate_at_work = sign_in_api.recognise_at_work
    app.state.personal_data = PERSONAL_DATA
    app.state.find_organisation = sign_in_store.find_organisation
    routes = [each for router in routers for each in router.routes if isinstance(each, APIRoute)]
    app.add_middleware(Quick, application=app, routes=routes)
    app.add_middleware(Guard, policy=installation.policy, observe=installation.metrics.observe_request)
    install_problems(app)
    install_screens(app, installation.statics, _kept(installation.settings.data))
    for router in routers:
        app.include_router(router)
    return app


def _kept(data: Path) -> Path | None:
    """Where compiled templates are kept for the next start; nowhere when the data folder is not in use."""
    return data / "compiled" if data.is_dir() else None


def _installation(request: Request) -> Installation:
    installation: Installation = request.app.state.installation
    return installation


@operations.api_route("/healthz", methods=["GET", "HEAD"], dependencies=[PUBLIC], include_in_schema=False)
async def get_health() -> Response:
    """The process answers."""
    return answer({"ok": True})


@operations.api_route("/readyz", methods=["GET", "HEAD"], dependencies=[PUBLIC], include_in_schema=False)
async def get_ready(request: Request) -> Response:
    """Whether work can be taken: 503 without the database or with migrations to run. Overdue promises are reported,
    and never a reason to fail."""
    report = await health.ready(_installation(request))
    return answer(report.content(), 200 if report.ready else 503)


@operations.get("/metrics", dependencies=[PUBLIC], include_in_schema=False)
async def get_metrics(request: Request) -> Response:
    """Numbers for a monitoring system on this machine, or one with a token that may audit."""
    if not is_direct_from_loopback(request):
        actor = await actor_of(request)
        if not any(actor.may(each, Permission.AUDIT_READ) for each in actor.grants):
            raise Forbidden(f"This needs the permission {Permission.AUDIT_READ}.", permission=Permission.AUDIT_READ)
    installation = _installation(request)
    return Response(
        installation.metrics.show(await health.numbers(installation)), headers={"Content-Type": CONTENT_TYPE}
    )


class SetClock(BaseModel):
    now: AwareDatetime


@trials.post("/api/clock")
async def post_clock(request: Request, body: SetClock, actor: Actor = needs(Permission.SETTINGS_EDIT)) -> Response:
    """Move business time forward, in trials; the answer comes after everything that fell due has happened."""
    del actor
    database = database_of(request)
    async with database.connection() as connection:
        reached: datetime = await database.clock.set(connection, body.now)
    await _installation(request).settle()
    return answer({"now": iso(reached)})


@operations.get("/static/{digest}/{name:path}", dependencies=[PUBLIC], include_in_schema=False)
async def get_static(request: Request, digest: str, name: str) -> Response:
    """A file for browsers."""
    statics: Statics = request.app.state.statics
    return statics.answer(request, digest, name)


@operations.get("/api/problems/{code}", dependencies=[PUBLIC], include_in_schema=False)
async def get_problem(code: str) -> Response:
    """What a problem's `type` leads to."""
    found = _kinds(AhadiError).get(code)
    if found is None:
        raise NotFound("There is no such problem.")
    return answer({"code": code, "status": found.status, "meaning": _meaning(found)})


def _meaning(kind: type[AhadiError]) -> str:
    """What the class says of itself; an error's name is a sentence where it says nothing."""
    said = " ".join((kind.__dict__.get("__doc__") or "").split())
    return said or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).capitalize() + "."


def _kinds(kind: type[AhadiError]) -> dict[str, type[AhadiError]]:
    found = {kind.code: kind}
    for each in kind.__subclasses__():
        found = _kinds(each) | found
    return found
