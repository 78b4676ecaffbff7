"""The forms that open on the page of a case, with what each has to choose from."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import cases, contacts, customers, promises
from ahadi.base.errors import AhadiError
from ahadi.cases import Case, CaseFilter, Holder
from ahadi.directory import Directory, Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs
from ahadi.screens.entered import Entered
from ahadi.screens.forms import Form, opened_on, show_form, way_back
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.reader import reading
from ahadi.screens.shifts import named_with_shift

router = Router(prefix="/cases/{reference}", include_in_schema=False)
KINDS = ("update", "callback", "visit", "fix")
PRIORITIES = ("low", "normal", "high", "urgent")
_LEAVING = frozenset({"merge", "split"})

Choices = list[tuple[str, str]]
Values = Callable[[Work, Frame, Case], Awaitable[dict[str, Any]]]


async def _promise(work: Work, frame: Frame, case: Case) -> dict[str, Any]:
    directory = frame.directories[case.organisation_id]
    usual = directory.default_promise(case.department_id, case.reason)
    due = promises.due_within(directory, usual.within, case.department_id, work.now)
    return {
        "kinds": KINDS,
        "usual": usual.kind,
        "due": due,
        "owners": holders(frame, directory),
        "holder": _holder(frame, directory, case.holder),
    }


def _holder(frame: Frame, directory: Directory, holder: Holder) -> str:
    if holder.person is None:
        return directory.name_of(holder.department, frame.reader.language)
    with reading(frame.reader):
        return named_with_shift(directory, holder.person, frame.reader.now)


async def _hold(_work: Work, frame: Frame, case: Case) -> dict[str, Any]:
    return {"holders": holders(frame, frame.directories[case.organisation_id], without=case.holder)}


async def _snooze(_work: Work, frame: Frame, _case: Case) -> dict[str, Any]:
    return {"due": frame.reader.now + timedelta(hours=4)}


async def _resolve(work: Work, _frame: Frame, case: Case) -> dict[str, Any]:
    found = await cases.promise_texts(work, case.organisation_id, [each.id for each in case.open_promises])
    return {"texts": found, "deeds": cases.DEEDS}


async def _reopen(_work: Work, _frame: Frame, _case: Case) -> dict[str, Any]:
    return {}


async def _sort(_work: Work, frame: Frame, case: Case) -> dict[str, Any]:
    return {"reasons": reasons(frame, frame.directories[case.organisation_id]), "priorities": PRIORITIES}


async def _link(work: Work, _frame: Frame, case: Case) -> dict[str, Any]:
    return {"link": await cases.customer_link(work, case)}


async def _direct(_work: Work, frame: Frame, case: Case) -> dict[str, Any]:
    return {"departments": departments(frame, frame.directories[case.organisation_id])}


async def _merge(work: Work, _frame: Frame, case: Case) -> dict[str, Any]:
    ids = await customers.same_person(work, case.organisation_id, case.customer_id)
    wanted = CaseFilter(state="open", customer_ids=tuple(ids), limit=11)
    found = await cases.list_cases(work, [case.organisation_id], wanted)
    return {"others": [each for each in found if each["id"] != case.id]}


async def _split(work: Work, frame: Frame, case: Case) -> dict[str, Any]:
    messages = await contacts.messages_of(work, case.organisation_id, case.id)
    return {
        "messages": [each for each in messages if each.direction == "in" and each.contact_id],
        "reasons": reasons(frame, frame.directories[case.organisation_id]),
    }


FORMS: dict[str, Values] = {
    "promise": _promise,
    "hold": _hold,
    "snooze": _snooze,
    "resolve": _resolve,
    "reopen": _reopen,
    "sort": _sort,
    "link": _link,
    "direct": _direct,
    "merge": _merge,
    "split": _split,
}


async def case_form(
    request: Request,
    actor: Actor,
    reference: str,
    name: str,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    """One of the forms of a case, with what was entered and what is wrong with that."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        case = await cases.get_case(work, reference)
        frame = frame.at(case.organisation_id)
        work.permit(case.organisation_id, Permission.CASE_WORK)
        values = await FORMS[name](work, frame, case)
    address = f"/cases/{case.reference}"
    back = way_back(entered.get("back") if entered else opened_on(request), address) if name == "hold" else address
    form = Form(name, f"{address}/{name}", back, name in _LEAVING, values | {"case": case})
    return show_form(request, frame, form, entered, problem)


def _add(name: str) -> None:
    async def get_form(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
        return await case_form(request, actor, reference, name)

    router.add_api_route(f"/{name}", get_form, methods=["GET"], name=f"get_{name}")


for _name in FORMS:
    _add(_name)


# Choices --------------------------------------------------------------------------------------------------------


def departments(frame: Frame, directory: Directory, without: UUID | None = None) -> Choices:
    """The departments of an organisation, in its own order."""
    active = [each for each in directory.departments.values() if each.active and each.id != without]
    active.sort(key=lambda each: (each.position, each.slug))
    return [(str(each.id), each.name(frame.reader.language)) for each in active]


def people(frame: Frame, directory: Directory, without: UUID | None = None) -> tuple[Choices, Choices]:
    """The people of an organisation: those on shift now, and the others with when they are back; by name."""
    serving = [each for each in directory.people.values() if directory.serves(each.id) and each.id != without]
    serving.sort(key=lambda each: each.name)
    here = set(directory.rota.on_shift([each.id for each in serving], frame.reader.now))
    on_shift = [(str(each.id), each.name) for each in serving if each.id in here]
    with reading(frame.reader):
        off = [(str(p.id), named_with_shift(directory, p.id, frame.reader.now)) for p in serving if p.id not in here]
    return on_shift, off


def holders(frame: Frame, directory: Directory, without: Holder | None = None) -> tuple[Choices, Choices, Choices]:
    """Departments, people on shift and the other people, for a choice of who takes something."""
    gone = without or Holder(person=UUID(int=0))
    return departments(frame, directory, gone.department), *people(frame, directory, gone.person)


def reasons(frame: Frame, directory: Directory) -> Choices:
    """What customers get in touch about."""
    active = [each for each in directory.reasons.values() if each.active]
    return sorted(((each.slug, each.name(frame.reader.language)) for each in active), key=lambda each: each[1])
