"""The page of a case: its story in the middle, what can be done, and the touch beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import cases, contacts, customers
from ahadi.base.errors import AhadiError
from ahadi.base.ids import uuid7
from ahadi.cases import Case, CaseFilter, Promise, PromiseText, Touch
from ahadi.cases.touch import Reach
from ahadi.contacts import chat_store
from ahadi.customers import Customer, Suggestion
from ahadi.directory import Directory, Permission
from ahadi.platform import journal
from ahadi.platform.database import Actor, Together, Work
from ahadi.platform.web import Router, database_of, needs
from ahadi.screens.case_forms import KINDS
from ahadi.screens.chat_pages import ChatHere, chat_here
from ahadi.screens.composer import Composer, composer_of
from ahadi.screens.entered import Entered
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.my_work import my_work
from ahadi.screens.pages import go_to, screens_of
from ahadi.screens.reader import reading
from ahadi.screens.timeline import Entry, Story, tell

router = Router(include_in_schema=False)
_JOURNAL, _OTHERS, _ALIKE = 400, 6, 20


@dataclass(frozen=True, slots=True)
class Known:
    """The customer of a case, and what is known around them."""

    customer: Customer
    others: Sequence[Mapping[str, Any]]
    duplicates: Sequence[Suggestion]
    way: tuple[str, str]


@dataclass(frozen=True, slots=True)
class CaseView:
    """Everything the page of a case shows of it."""

    case: Case
    directory: Directory
    touch: Touch
    reach: Reach
    about: Known
    entries: Sequence[Entry]
    texts: Mapping[UUID, PromiseText]
    composer: Composer | None
    way: tuple[str, str]
    ways: Sequence[tuple[str, str]]
    merged_into: str | None
    chat: ChatHere | None

    @property
    def open_promises(self) -> tuple[Promise, ...]:
        return self.case.open_promises


@router.get("/cases/{reference}")
async def get_case(request: Request, reference: str, actor: Actor = needs(Permission.CASE_READ)) -> Response:
    """The page of a case; a reference typed otherwise leads to its own form."""
    return await case_page(request, actor, reference)


async def case_page(
    request: Request,
    actor: Actor,
    reference: str,
    *,
    entered: Entered | None = None,
    mode: str = "reply",
    problem: AhadiError | None = None,
) -> Response:
    """The page, with what was entered into its composer and what is wrong with that."""
    async with database_of(request).read(actor, by_key=True) as work, Together() as asked:
        framed = asked.ask(frame_of(request, work))  # first, for its cursor
        mine = asked.ask(my_work(work))
        found = asked.ask(cases.case_with_touch(work, reference))
        frame, (case, touch) = await framed, await found
        if case.reference != reference and request.method == "GET":
            return go_to(request, f"/cases/{case.reference}")
        frame = frame.at(case.organisation_id)
        view = await _view(work, frame, case, touch)
    headers = {"HX-Retarget": "#composer", "HX-Reselect": "#composer"} if problem else None
    return screens_of(request).page(
        request,
        frame.reader,
        "case/case.html",
        status=problem.status if problem else 200,
        headers=headers,
        frame=frame,
        view=view,
        mine=mine.result(),
        entered=entered or Entered(),
        mode=mode,
        problem=problem,
        kinds=KINDS,
        keys=[uuid7().hex, uuid7().hex, uuid7().hex],
    )


async def _view(work: Work, frame: Frame, case: Case, touch: Touch) -> CaseView:
    organisation_id, language = case.organisation_id, frame.reader.language
    directory = frame.directories[organisation_id]
    async with Together() as asked:
        read = asked.ask(contacts.messages_of(work, organisation_id, case.id))
        files = asked.ask(contacts.attachments_of_case(work, organisation_id, case.id))
        rows = asked.ask(journal.of_case(work, organisation_id, case.id, _JOURNAL))
        promised = asked.ask(cases.promises_with_texts(work, organisation_id, case.id))
        known = asked.ask(_known_of(work, frame, case))
        composer = asked.ask(composer_of(work, frame, case))
        chatting = asked.ask(chat_store.open_chat_of_case(work, organisation_id, case.id))
        merged_into = asked.ask(_merged_into(work, case))
    messages, (promises, texts), about = read.result(), promised.result(), known.result()
    names = {each: directory.name_of(each, language) for each in (*directory.people, *directory.departments)}
    story = Story(messages, files.result(), rows.result(), promises, texts, names, about.customer.name or "")
    chat = chat_here(work, chatting.result(), messages)
    with reading(frame.reader):
        entries = tell(story)
    return CaseView(
        case=replace(case, promises=tuple(each for each in promises if each.state == "open")),
        directory=directory,
        touch=touch,
        reach=cases.reach_of(directory, case.holder, case.department_id, language, "staff"),
        about=about,
        entries=entries,
        texts=texts,
        composer=composer.result(),
        way=("chat", "") if chat else about.way,
        ways=[*([("chat", "")] if chat else []), *ways_to(about.customer)],
        merged_into=merged_into.result(),
        chat=chat,
    )


async def _known_of(work: Work, frame: Frame, case: Case) -> Known:
    organisation_id = case.organisation_id
    customer = next(iter((await customers.get_customers(work, organisation_id, [case.customer_id])).values()))
    async with Together() as asked:
        others = asked.ask(_others(work, case, customer))
        duplicates = asked.ask(_duplicates(work, frame, customer))
        way = asked.ask(contacts.way_open(work, organisation_id, customer, case.channel))
    return Known(customer, others.result(), duplicates.result(), way.result())


def ways_to(customer: Customer) -> list[tuple[str, str]]:
    """The channels a customer can be written to on, with the address; their own page always."""
    email, phone = customer.reach("email"), customer.reach("phone")
    ways = [("email", email.shown)] if email and customer.consents_to("email") is not False else []
    ways += [("sms", phone.shown)] if phone and customer.consents_to("sms") is not False else []
    return [*ways, (contacts.PAGE, "")]


async def _others(work: Work, case: Case, customer: Customer) -> list[dict[str, Any]]:
    """The customer's other cases, newest change first."""
    wanted = CaseFilter(customer_ids=customer.ids, limit=_OTHERS + 1)
    found = await cases.list_cases(work, [case.organisation_id], wanted)
    return [each for each in found if each["id"] != case.id][:_OTHERS]


async def _duplicates(work: Work, frame: Frame, customer: Customer) -> list[Suggestion]:
    if not frame.may(Permission.CUSTOMER_READ, customer.organisation_id):
        return []
    return await customers.likely_duplicates(work, customer, limit=3, among=_ALIKE)


async def _merged_into(work: Work, case: Case) -> str | None:
    return (await cases.get_case(work, case.merged_into)).reference if case.merged_into else None
