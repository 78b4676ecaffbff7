"""What the composer asks the server while somebody writes, and the forms it opens: a macro, a case put off."""

from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from ahadi import cases, desk, promises
from ahadi.base.errors import AhadiError, Invalid
from ahadi.cases import Case
from ahadi.desk import Macro
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs, perform
from ahadi.screens.acting import act
from ahadi.screens.case_deeds import undoable
from ahadi.screens.case_forms import case_form
from ahadi.screens.composer import canned_for, others_at
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.forms import Form, show_form
from ahadi.screens.frame import frame_of
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import later

router = Router(prefix="/cases/{reference}", include_in_schema=False)


@router.post("/draft")
async def post_draft(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Keep what is half written, quietly."""
    entered = await entered_in(request)
    mode: Any = entered.get("mode", "reply")

    async def deed(work: Work) -> None:
        await desk.keep_draft(work, await cases.get_case(work, reference), mode, entered.get("text"))

    return await perform(request, actor, deed, status=204)


@router.post("/here")
async def post_here(
    request: Request,
    reference: str,
    writing: bool = False,
    gone: bool = False,
    actor: Actor = needs(Permission.CASE_READ),
) -> Response:
    """Have the case open, or leave it; who else has it open. Without a body: it is often sent by a page that goes."""
    async with database_of(request).work(actor) as work:
        frame = await frame_of(request, work)
        case = await cases.get_case(work, reference)
        if gone:
            await desk.leave(work, case)
        else:
            await desk.be_here(work, case, writing=writing)
        others = await others_at(work, frame.directories[case.organisation_id], case)
    return HTMLResponse(screens_of(request).text(frame.reader, "case/others.html", others=others))


@router.get("/canned")
async def get_canned(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """The canned replies, filled for this case."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        case = await cases.get_case(work, reference)
        work.permit(case.organisation_id, Permission.CASE_WORK)
        found = await canned_for(work, frame, case)
    return HTMLResponse(screens_of(request).text(frame.reader, "case/canned.html", found=found))


# Macros ---------------------------------------------------------------------------------------------------------


@router.get("/macros/{macro_id}")
async def get_macro(
    request: Request, reference: str, macro_id: UUID, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """What the macro would do to this case, in its words."""
    return await _macro_form(request, actor, reference, macro_id)


async def _macro_form(
    request: Request,
    actor: Actor,
    reference: str,
    macro_id: UUID,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        case = await cases.get_case(work, reference)
        frame = frame.at(case.organisation_id)
        macro = await desk.get_macro(work, macro_id)
        deeds, wrong = await _previewed(work, case, macro)
    address = f"/cases/{case.reference}"
    values = {"case": case, "macro": macro, "deeds": deeds, "directory": frame.directories[case.organisation_id]}
    form = Form("macro", f"{address}/macros/{macro.id}", address, values=values)
    return show_form(request, frame, form, entered, problem or wrong)


async def _previewed(work: Work, case: Case, macro: Macro) -> tuple[desk.Deeds, AhadiError | None]:
    try:
        return await desk.preview_macro(work, case, macro), None
    except Invalid as missing:
        return macro.deeds, missing


@router.post("/macros/{macro_id}")
async def post_macro(
    request: Request, reference: str, macro_id: UUID, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Do all of it."""
    entered = await entered_in(request)

    async def deed(work: Work) -> tuple[str, Done]:
        _case, sent = await desk.run_macro(work, reference, macro_id)
        return f"/cases/{reference}", Done("macro-run", undoable(work, sent) if sent else "")

    async def again(problem: AhadiError) -> Response:
        return await _macro_form(request, actor, reference, macro_id, entered, problem)

    return await act(request, actor, entered, deed, done=lambda went: went, again=again, twice=f"/cases/{reference}")


# Putting off ----------------------------------------------------------------------------------------------------


@router.post("/snooze")
async def post_snooze(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Put the case off until a time that is promised: an update, which whoever puts it off keeps."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        if work.actor.person_id is None:
            raise Invalid(later("Only a person who is signed in can take a case."))
        due_at = entered.moment("due", later("Say when it is due."))
        owner = str(work.actor.person_id)
        await promises.make_promise(work, reference, "update", due_at, entered.text("text") or None, owner)

    async def again(problem: AhadiError) -> Response:
        return await case_form(request, actor, reference, "snooze", entered, problem)

    here = f"/cases/{reference}"
    return await act(
        request, actor, entered, deed, done=lambda _: (here, Done("case-snoozed")), again=again, twice=here
    )
