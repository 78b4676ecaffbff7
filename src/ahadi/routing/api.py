"""Rules and offers over HTTP."""

from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, answer, database_of, listed, needs, organisation_of, perform
from ahadi.routing import actions, store

router = Router(prefix="/api", tags=["rules"])
Name = Annotated[str | None, Query(description="An organisation, by id or short name.")]


@router.get("/rules")
async def get_versions(
    request: Request, page: Paging, organisation: Name = None, actor: Actor = needs(Permission.RULES_READ)
) -> Response:
    """The versions of an organisation's rules, newest first; one is published."""
    after = page.after(int)
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        work.permit(organisation_id, Permission.RULES_READ)
        found = await store.versions_of(work, organisation_id, after[0] if after else None, page.limit + 1)
    return listed(found, page, key=lambda each: (each.version,), show=lambda each: each)


class Draft(BaseModel):
    organisation: str | None = None
    rows: Annotated[list[dict[str, Any]], Field(max_length=1000)]
    note: Annotated[str, Field(max_length=500)] | None = None


@router.post("/rules", status_code=201)
async def post_draft(request: Request, body: Draft, actor: Actor = needs(Permission.RULES_EDIT)) -> Response:
    """Keep a new draft; answers with its number, rows that can never match, and requests no row covers."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        version, check = await actions.draft_rules(work, organisation_id, body.rows, body.note)
        return {"version": version, "check": check}

    return await perform(request, actor, deed, status=201)


@router.get("/rules/corrections")
async def get_corrections(
    request: Request,
    organisation: Name = None,
    last: Annotated[int, Query(ge=1, le=5000)] = 1000,
    actor: Actor = needs(Permission.RULES_READ),
) -> Response:
    """The rules that people keep correcting."""
    async with database_of(request).read(actor) as work:
        found = await actions.corrections(work, await organisation_of(request, work, organisation), last)
    return answer({"items": found, "next": None})


@router.get("/rules/{version}/check")
async def get_check(
    request: Request, version: int, organisation: Name = None, actor: Actor = needs(Permission.RULES_READ)
) -> Response:
    """Rows that can never match, and requests no row covers."""
    async with database_of(request).read(actor) as work:
        return answer(await actions.check_version(work, await organisation_of(request, work, organisation), version))


@router.get("/rules/{version}/jdm")
async def get_jdm(
    request: Request, version: int, organisation: Name = None, actor: Actor = needs(Permission.RULES_READ)
) -> Response:
    """The version as a JDM document, for any editor of such documents."""
    async with database_of(request).read(actor) as work:
        return answer(await actions.jdm_of(work, await organisation_of(request, work, organisation), version))


@router.get("/rules/{version}/trial")
async def get_trial(
    request: Request,
    version: int,
    organisation: Name = None,
    last: Annotated[int, Query(ge=1, le=5000)] = 200,
    actor: Actor = needs(Permission.RULES_READ),
) -> Response:
    """Which of the last cases would have gone elsewhere by these rules."""
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        trial = await actions.try_version(work, organisation_id, version, last)
    elsewhere = [
        {
            "case_id": each.past.case_id,
            "from": each.past.department,
            "from_rule": each.past.rule_id,
            "to": each.decision.then.department,
            "to_rule": each.decision.rule_id,
        }
        for each in trial.elsewhere
    ]
    return answer(
        {
            "tried": trial.tried,
            "same": trial.same,
            "uncovered": trial.uncovered,
            "elsewhere": elsewhere,
            "shifts": trial.shifts,
            "taken": [{"rule": rule, "cases": cases} for rule, cases in trial.taken],
        }
    )


class Publish(BaseModel):
    organisation: str | None = None
    why: Annotated[str, Field(max_length=500)] | None = None


@router.post("/rules/{version}/publish")
async def post_publish(
    request: Request, version: int, body: Publish | None = None, actor: Actor = needs(Permission.RULES_PUBLISH)
) -> Response:
    """Put a version in force."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation if body else None)
        await actions.publish_rules(work, organisation_id, version, body.why if body else None)
        return {"version": version, "state": "published"}

    return await perform(request, actor, deed)


@router.post("/rules/rollback")
async def post_rollback(
    request: Request, body: Publish | None = None, actor: Actor = needs(Permission.RULES_PUBLISH)
) -> Response:
    """Put the version in force again that was before this one."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation if body else None)
        version = await actions.roll_back(work, organisation_id, body.why if body else None)
        return {"version": version, "state": "published"}

    return await perform(request, actor, deed)
