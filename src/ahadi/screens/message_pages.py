"""Messages that wait for a person: held, failed or uncertain; and one's own reply taken back in time."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import cases, contacts, customers, desk
from ahadi.base.errors import AhadiError, NotFound
from ahadi.contacts import Message, NoSuchMessage
from ahadi.customers import Customer
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, database_of, needs
from ahadi.platform.web.paging import Page, next_page
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import later

router = Router(include_in_schema=False)
_DONE = {"send": "message-sent", "sent": "message-marked", "cancel": "message-cancelled"}


@router.get("/messages")
async def get_messages(request: Request, page: Paging, actor: Actor = needs(Permission.MESSAGES_SETTLE)) -> Response:
    return await _page(request, actor, page)


async def _page(
    request: Request,
    actor: Actor,
    page: Page,
    about: UUID | None = None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        after = page.after(datetime, UUID)
        found = await contacts.messages_to_settle(
            work, _settling(frame), (after[0], after[1]) if after else None, page.limit + 1
        )
        references, people = await _about(work, found)
    following = next_page(found, page, key=lambda each: (each.at, each.id))
    return screens_of(request).page(
        request,
        frame.reader,
        "messages.html",
        status=problem.status if problem else 200,
        frame=frame,
        messages=found[: page.limit],
        references=references,
        people=people,
        about=about,
        entered=entered or Entered(),
        problem=problem,
        next_address=f"/messages?after={following}" if following else None,
        first_address="/messages" if page.cursor else None,
    )


def _settling(frame: Frame) -> list[UUID]:
    return [each for each in frame.directories if frame.may(Permission.MESSAGES_SETTLE, each)]


async def _about(work: Work, found: list[Message]) -> tuple[dict[UUID, str], dict[UUID, Customer]]:
    """The references of the messages' cases, and whom they go to."""
    references: dict[UUID, str] = {}
    people: dict[UUID, Customer] = {}
    for each in found:
        if each.case_id and each.case_id not in references:
            try:
                references[each.case_id] = (await cases.get_case(work, each.case_id)).reference
            except NotFound:  # erased meanwhile
                continue
    for organisation_id in {each.organisation_id for each in found}:
        ids = {each.customer_id for each in found if each.customer_id and each.organisation_id == organisation_id}
        people |= await customers.get_customers(work, organisation_id, ids)
    return references, people


@router.post("/messages/{message_id}/settle")
async def post_settle(request: Request, message_id: UUID, actor: Actor = needs(Permission.MESSAGES_SETTLE)) -> Response:
    """Send it (with mended words), say that it was sent, or cancel it."""
    entered = await entered_in(request)
    decision: Any = entered.get("decision")

    async def deed(work: Work) -> None:
        if await contacts.get_message(work, message_id) is None:
            raise NoSuchMessage(later("There is no such message that you may see."))
        entered.one_of("decision", tuple(_DONE), later("Say what becomes of the message."))
        body = entered.text("text", most=50_000) or None if decision == "send" else None
        await contacts.settle_message(
            work, message_id, decision, subject=entered.text("subject", most=200) or None, body=body
        )

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, Page(50, None), message_id, entered, problem)

    return await act(
        request,
        actor,
        entered,
        deed,
        done=lambda _: ("/messages", Done(_DONE[decision])),
        again=again,
        twice="/messages",
    )


@router.post("/messages/{message_id}/take-back")
async def post_take_back(request: Request, message_id: UUID, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Take back a reply of one's own while it has not gone out."""

    async def deed(work: Work) -> str:
        await contacts.take_back(work, message_id)
        message = await contacts.get_message(work, message_id)
        if message is None or message.case_id is None:
            raise NoSuchMessage(later("There is no such message of yours."))
        case = await cases.get_case(work, message.case_id)
        await desk.keep_draft(work, case, "reply", message.body)  # to be written better
        return case.reference

    async def again(problem: AhadiError) -> Response:
        raise problem

    return await act(
        request,
        actor,
        Entered(),
        deed,
        done=lambda reference: (f"/cases/{reference}", Done("reply-cancelled")),
        again=again,
        twice="/cases",
    )
