"""The customer's own page of a case, behind a signed link: where it stands, what was said, and how to be heard."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from starlette.responses import Response

from ahadi import cases, contacts, customers, intake, promises
from ahadi.base.errors import AhadiError, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.cases import Case, Linked, LinkNotValid, Touch
from ahadi.contacts import Message
from ahadi.customers import Customer
from ahadi.directory import Department, Directory, Organisation, read_directory
from ahadi.intake import Contacting, Upload
from ahadi.platform.database import Actor, Work
from ahadi.platform.throttle import Limit, count_attempt
from ahadi.platform.web import Public, Router, client_address, database_of, keyring_of
from ahadi.promises import Booking
from ahadi.screens.acting import act
from ahadi.screens.brand import Branded, branded
from ahadi.screens.entered import Entered, EnteredFile, entered_in
from ahadi.screens.file_pages import download
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import Reader, later, reader_of

_SHOWN = {"received", "queued", "sending", "sent", "uncertain"}
_REPLIES = Limit("customer-page", 30, timedelta(hours=1))
_ADDRESS = Limit("customer-page-address", 120, timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class ByLink(Public):
    """A route's declaration that whoever holds a signed link to a case may call it, for that case alone.

    The link is in the address, so nobody need be signed in; it is checked before anything is read.
    """


async def link_of(request: Request, token: str) -> Linked:
    """What the link in the address names, if it was made here. Raises LinkNotValid."""
    return cases.read_link(keyring_of(request), token)


ByThisLink = Annotated[Linked, Depends(link_of)]


def public_router() -> Router:
    """Routes of the customer's page: behind a link that is signed, and for its case alone."""
    return Router(prefix="/c/{token}", include_in_schema=False, dependencies=[Depends(ByLink())])


router = public_router()


@dataclass(frozen=True, slots=True)
class Own:
    """What the customer's page shows: nothing of it is for staff alone."""

    case: Case
    organisation: Organisation
    touch: Touch
    messages: tuple[Message, ...]
    authors: dict[UUID, str]
    departments: tuple[tuple[str, str], ...]
    bookings: tuple[Booking, ...]
    files: Mapping[UUID, list[dict[str, Any]]]
    brand: Branded
    reader: Reader


@router.get("")
async def get_page(request: Request, token: str, linked: ByThisLink) -> Response:
    """Where it stands, in the customer's language."""
    return await _page(request, token, linked)


async def _page(
    request: Request,
    token: str,
    linked: Linked,
    entered: Entered | None = None,
    about: str = "",
    problem: AhadiError | None = None,
) -> Response:
    own = await _read(request, linked)
    return screens_of(request).page(
        request,
        own.reader,
        "public/case.html",
        status=problem.status if problem else 200,
        headers={"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"},
        own=own,
        brand=own.brand,
        address=f"/c/{token}",
        entered=entered or Entered(),
        about=about,
        problem=problem,
        key=uuid7().hex,
    )


async def _read(request: Request, linked: Linked) -> Own:
    async with database_of(request).read(linked.actor()) as work:
        case = await case_of_link(work, linked)
        directory = await read_directory(work, case.organisation_id)
        found = await customers.get_customers(work, case.organisation_id, [case.customer_id])
        customer = next(iter(found.values()))
        reader = reader_of_customer(request, work, directory, case, customer)
        touch = await cases.touch_case(work, case.id, reader.language, "customer")
        messages = await contacts.messages_of(work, case.organisation_id, case.id)
        booked = await promises.bookings_of(work, case.organisation_id, case.id)
        shown = tuple(each for each in messages if each.direction != "note" and each.state in _SHOWN)
        attached = await contacts.attachments_of(work, case.organisation_id, [each.id for each in shown])
        brand = await branded(work, directory.organisation)
    files: dict[UUID, list[dict[str, Any]]] = {}
    for each in attached:
        files.setdefault(each["message_id"], []).append(each)
    departments = sorted((d for d in directory.departments.values() if d.active), key=_order)
    return Own(
        case=case,
        organisation=directory.organisation,
        touch=touch,
        messages=shown,
        authors={id_: person.name for id_, person in directory.people.items()},
        departments=tuple((each.slug, each.name(reader.language)) for each in departments),
        bookings=tuple(booked),
        files=files,
        brand=brand,
        reader=reader,
    )


def _order(department: Department) -> tuple[int, str]:
    return department.position, department.slug


async def case_of_link(work: Work, linked: Linked) -> Case:
    """The case of a link; of one that was merged, the one it goes on in, where that is the same person's."""
    case = await cases.open_link(work, linked)
    if case.merged_into is None:
        return case
    into = await cases.get_case(work.as_installation(case.organisation_id), case.merged_into)
    same = await customers.same_person(work, case.organisation_id, case.customer_id)
    return into if into.customer_id in same else case


def reader_of_customer(request: Request, work: Work, directory: Directory, case: Case, customer: Customer) -> Reader:
    """Who reads the customer's page: in their language, on their clock."""
    zone = customer.zone or directory.organisation.zone
    reader = reader_of(request).at(work.now, customer.language or case.language, country=directory.organisation.country)
    return reader.on_the_clock_of(zone)


# Being heard ----------------------------------------------------------------------------------------------------


async def count_by_link(request: Request, linked: Linked) -> None:
    """Count what is asked by a link, so that nobody asks all the time. Raises TooMany."""
    limits = {_REPLIES: str(linked.case_id), _ADDRESS: client_address(request)}
    await count_attempt(database_of(request), limits)


@router.post("/reply")
async def post_reply(request: Request, token: str, linked: ByThisLink) -> Response:
    """What the customer writes joins their case, or reopens it; where that was long ago, it becomes a new one."""
    entered = await entered_in(request, most_files=5)

    async def deed(work: Work) -> Case:
        text = entered.required("text", later("Write something before you send it."), most=20_000)
        await count_by_link(request, linked)
        case = await case_of_link(work, linked)
        inside = work.as_installation(case.organisation_id)
        files = await intake.keep_uploads(inside, case.organisation_id, [_upload(each) for each in entered.files])
        contacting = Contacting(
            channel="web",
            text=text,
            thread=case.id,
            customer=case.customer_id,
            reason=case.reason,
            language=case.language,
            source_key=f"page:{entered.once}" if entered.once else None,
            attachments=files,
        )
        taken = await intake.take_contact(inside, case.organisation_id, contacting)
        return taken.case

    return await _answer(request, token, linked, entered, deed, "words-added", "reply")


def _upload(file: EnteredFile) -> Upload:
    return Upload(file.name, file.media_type, file.data)


@router.get("/files/{file_id}")
async def get_file(request: Request, token: str, file_id: UUID, linked: ByThisLink) -> Response:
    """A file of a message that the page shows, as a download that no browser opens by itself."""
    own = await _read(request, linked)
    found = next((each for files in own.files.values() for each in files if each["file_id"] == file_id), None)
    if found is None:
        raise NotFound(later("There is no such file with this case."))
    actor = Actor.system([own.case.organisation_id])
    return download(database_of(request), actor, own.case.organisation_id, found)


@router.post("/person")
async def post_person(request: Request, token: str, linked: ByThisLink) -> Response:
    """Ask for a department, or for somebody who can decide: an offer to them now, or a dated call."""
    entered = await entered_in(request)

    async def deed(work: Work) -> Case:
        wish: Any = entered.one_of("wish", ("department", "manager"), later("Say whom you want to speak with."))
        await count_by_link(request, linked)
        case = await case_of_link(work, linked)
        department = entered.text("department", most=60) or None
        if wish == "department" and department is None:
            raise Invalid(later("Choose a department."))
        inside = work.as_installation(case.organisation_id)
        line = await intake.ask_for(inside, case.id, wish, department=department if wish == "department" else None)
        return line.case

    return await _answer(request, token, linked, entered, deed, "person-asked", "person")


async def _answer(
    request: Request, token: str, linked: Linked, entered: Entered, deed: Any, code: str, about: str
) -> Response:
    async def again(problem: AhadiError) -> Response:
        if isinstance(problem, LinkNotValid):
            raise problem
        return await _page(request, token, linked, entered, about, problem)

    async def done_and_linked(work: Work) -> str:
        case: Case = await deed(work)
        if case.id == linked.case_id:
            return f"/c/{token}"
        return "/c/" + (await cases.customer_link(work, case)).rpartition("/c/")[2]

    return await act(
        request,
        linked.actor(),
        entered,
        done_and_linked,
        done=lambda address: (address, Done(code)),
        again=again,
        twice=f"/c/{token}",
    )
