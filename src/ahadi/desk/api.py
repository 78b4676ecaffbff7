"""Macros over HTTP."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi import cases, promises
from ahadi.base.ids import uuid7
from ahadi.desk import macros
from ahadi.desk.model import Deeds, Macro
from ahadi.directory import Permission, Within, read_directory
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, answer, database_of, needs, organisation_of, perform

router = Router(prefix="/api", tags=["desk"])
Words = Annotated[str, Field(min_length=1, max_length=20_000)]


def show_macro(macro: Macro) -> dict[str, Any]:
    """A macro as JSON."""
    deeds = macro.deeds
    promise = {"kind": deeds.promise, "within": str(deeds.within), "text": deeds.promise_text}
    return {
        "id": str(macro.id),
        "name": macro.name,
        "reply": deeds.reply,
        "note": deeds.note,
        "promise": promise if deeds.promise else None,
        "person": str(deeds.to.person) if deeds.to and deeds.to.person else None,
        "department": str(deeds.to.department) if deeds.to and deeds.to.department else None,
    }


@router.get("/macros")
async def get_macros(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """The macros of an organisation, by name."""
    async with database_of(request).read(actor) as work:
        found = await macros.macros_of(work, await organisation_of(request, work, organisation))
    return answer({"items": [show_macro(each) for each in found], "next": None})


class MacroPromise(BaseModel):
    kind: Literal["update", "callback", "visit", "fix"]
    within: Annotated[str, Field(pattern=r"^[0-9]{1,4}\s*[a-z ]{1,12}$")]
    text: Annotated[str, Field(max_length=5_000)] | None = None


class NewMacro(BaseModel):
    organisation: str | None = None
    name: Annotated[str, Field(min_length=1, max_length=80)]
    reply: Words | None = None
    note: Words | None = None
    promise: MacroPromise | None = None
    person: str | None = None
    department: str | None = None


async def _macro_of(work: Work, organisation_id: UUID, id_: UUID, body: NewMacro) -> Macro:
    to = None
    if body.person or body.department:
        directory = await read_directory(work, organisation_id)
        to = promises.named(directory, body.person, body.department)
    deeds = Deeds(
        reply=body.reply,
        note=body.note,
        promise=body.promise.kind if body.promise else None,
        within=Within.parse(body.promise.within) if body.promise else None,
        promise_text=body.promise.text if body.promise else None,
        to=to,
    )
    return Macro(organisation_id, id_, body.name.strip(), deeds)


@router.post("/macros", status_code=201)
async def post_macro(request: Request, body: NewMacro, actor: Actor = needs(Permission.TEMPLATES_EDIT)) -> Response:
    """A new macro; refused where a variable of its words does not exist."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        work.permit(organisation_id, Permission.TEMPLATES_EDIT)
        macro = await _macro_of(work, organisation_id, uuid7(), body)
        await macros.save_macro(work, macro)
        return show_macro(macro)

    return await perform(request, actor, deed, status=201)


@router.put("/macros/{macro_id}")
async def put_macro(
    request: Request, macro_id: UUID, body: NewMacro, actor: Actor = needs(Permission.TEMPLATES_EDIT)
) -> Response:
    """Change a macro: all of it."""

    async def deed(work: Work) -> dict[str, Any]:
        known = await macros.get_macro(work, macro_id)
        work.permit(known.organisation_id, Permission.TEMPLATES_EDIT)
        macro = await _macro_of(work, known.organisation_id, known.id, body)
        await macros.save_macro(work, macro)
        return show_macro(macro)

    return await perform(request, actor, deed)


@router.delete("/macros/{macro_id}", status_code=204)
async def delete_macro(request: Request, macro_id: UUID, actor: Actor = needs(Permission.TEMPLATES_EDIT)) -> Response:
    """Keep a macro no longer."""

    async def deed(work: Work) -> None:
        await macros.delete_macro(work, macro_id)

    return await perform(request, actor, deed, status=204)


@router.post("/cases/{reference}/macros/{macro_id}")
async def post_run(
    request: Request, reference: str, macro_id: UUID, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Do what a macro says to a case: all of it, or nothing."""

    async def deed(work: Work) -> dict[str, Any]:
        case, sent = await macros.run_macro(work, reference, macro_id)
        return await cases.show_whole(work, case) | {"message_id": str(sent) if sent else None}

    return await perform(request, actor, deed)
