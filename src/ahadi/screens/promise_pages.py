"""Promises by due: mine and my departments', kept and renewed on the spot."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import cases, promises
from ahadi.base.errors import AhadiError
from ahadi.cases import Case, Holder, PromiseFilter
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, database_of, needs
from ahadi.platform.web.paging import next_page
from ahadi.promises import Told
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.forms import Form, opened_on, show_form, way_back
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.my_work import subjects_of
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import later
from ahadi.screens.shifts import away_when_due

router = Router(include_in_schema=False)


@router.get("/promises")
async def get_promises(
    request: Request,
    page: Paging,
    whose: Literal["me", "departments"] = "me",
    actor: Actor = needs(Permission.CASE_READ),
) -> Response:
    """Open promises, the earliest due first."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        after = page.after(datetime, UUID)
        rows = await _rows(work, frame, whose, (after[0], after[1]) if after else None, page.limit + 1)
        subjects = await subjects_of(work, rows)
    following = next_page(rows, page, key=lambda row: (row["sort_at"], row["id"]))
    address = "/promises" if whose == "me" else "/promises?whose=departments"
    return screens_of(request).page(
        request,
        frame.reader,
        "promises.html",
        frame=frame,
        whose=whose,
        rows=rows[: page.limit],
        subjects=subjects,
        address=address,
        next_address=f"{address}{'&' if '?' in address else '?'}after={following}" if following else None,
        first_address=address if page.cursor else None,
    )


async def _rows(
    work: Work, frame: Frame, whose: str, after: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Promises of the person, or of their departments; each as many as a page holds, merged by due time."""
    if whose == "me":
        person = frame.actor.person_id
        owners = [(frame.actor.organisations, Holder(person=person))] if person else []
    else:
        owners = [((org,), Holder(department=id_)) for org, held in frame.departments.items() for id_ in sorted(held)]
    found: list[dict[str, Any]] = []
    for organisations, owner in owners:
        wanted = PromiseFilter(state="open", owner=owner, after=after, limit=limit)
        found += await cases.list_promises(work, organisations, wanted)
    return sorted(found, key=lambda row: (row["sort_at"], row["id"]))[:limit]


# Keeping, renewing, withdrawing ---------------------------------------------------------------------------------


async def _form(
    request: Request,
    actor: Actor,
    promise_id: UUID,
    name: str,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        case = await cases.lock_promise(work, promise_id)
        promise = case.promise(promise_id)
        frame = frame.at(case.organisation_id)
        texts = await cases.promise_texts(work, case.organisation_id, [promise.id])
    directory = frame.directories[case.organisation_id]
    within = directory.organisation.settings.promise(promise.kind).within
    address = f"/cases/{case.reference}"
    wished = entered.get("back") if entered else opened_on(request)
    values = {
        "case": case,
        "promise": promise,
        "text": texts[promise.id].text if promise.id in texts else "",
        "deeds": cases.DEEDS,
        "due": promises.due_within(directory, within, case.department_id, max(promise.due_at, frame.reader.now)),
    }
    form = Form(name, f"/promises/{promise_id}/{name}", way_back(wished, address), values=values)
    return show_form(request, frame, form, entered, problem)


def _add(name: str) -> None:
    async def get_form(request: Request, promise_id: UUID, actor: Actor = needs(Permission.PROMISE_SETTLE)) -> Response:
        return await _form(request, actor, promise_id, name)

    router.add_api_route(f"/promises/{{promise_id}}/{name}", get_form, methods=["GET"], name=f"get_{name}")


for _name in ("keep", "renew", "withdraw"):
    _add(_name)


async def _settle(
    request: Request, actor: Actor, promise_id: UUID, name: str, entered: Entered, deed: Any, code: str
) -> Response:
    async def again(problem: AhadiError) -> Response:
        return await _form(request, actor, promise_id, name, entered, problem)

    def done(settled: tuple[Case, str]) -> tuple[str, Done]:
        case, away = settled
        return way_back(entered.get("back"), f"/cases/{case.reference}"), Done(code, away)

    return await act(
        request, actor, entered, deed, done=done, again=again, twice=way_back(entered.get("back"), "/promises")
    )


@router.post("/promises/{promise_id}/keep")
async def post_keep(request: Request, promise_id: UUID, actor: Actor = needs(Permission.PROMISE_SETTLE)) -> Response:
    """The deed was done."""
    entered = await entered_in(request)

    async def deed(work: Work) -> tuple[Case, str]:
        kind = entered.one_of("deed", cases.DEEDS, later("Say what was done."))
        return await promises.keep_promise(work, promise_id, kind, entered.text("note") or None), ""

    return await _settle(request, actor, promise_id, "keep", entered, deed, "promise-kept")


@router.post("/promises/{promise_id}/renew")
async def post_renew(request: Request, promise_id: UUID, actor: Actor = needs(Permission.PROMISE_SETTLE)) -> Response:
    """Another time, the customer told: by our message, on the phone, or in the person's own words."""
    entered = await entered_in(request)

    async def deed(work: Work) -> tuple[Case, str]:
        how = entered.one_of("told", ("template", "phone", "write"), later("Say how the customer is told."))
        due_at = entered.moment("due", later("Say when it is due."))
        told = None
        if how != "template":
            case = await cases.lock_promise(work, promise_id)
            channel: Any = "phone" if how == "phone" else case.channel if case.channel != "phone" else "sms"
            told = Told(channel, entered.required("words", later("Say in which words the customer was told.")))
        reason = entered.text("reason", most=500) or None
        case, made = await promises.renew_promise(work, promise_id, due_at, reason, told)
        return case, await away_when_due(work, case, [made])

    return await _settle(request, actor, promise_id, "renew", entered, deed, "promise-renewed")


@router.post("/promises/{promise_id}/withdraw")
async def post_withdraw(
    request: Request, promise_id: UUID, actor: Actor = needs(Permission.PROMISE_SETTLE)
) -> Response:
    """Take the promise back, with a reason."""
    entered = await entered_in(request)

    async def deed(work: Work) -> tuple[Case, str]:
        return await promises.withdraw_promise(work, promise_id, entered.text("reason")), ""

    return await _settle(request, actor, promise_id, "withdraw", entered, deed, "promise-withdrawn")
