"""Forms of the directory: departments, people, reasons, invitations, who is called. The rules are the API's."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError, Invalid
from ahadi.directory import Directory, Permission, Presence, PromiseDefault, Role, called_for, set_presence
from ahadi.directory import actions as verbs
from ahadi.directory.actions import DepartmentChange, promise_read
from ahadi.directory.change_store import addresses_of
from ahadi.directory.invitations import invite, invite_again
from ahadi.directory.model import PROMISE_KINDS
from ahadi.directory.people_actions import PersonChange, change_person, deactivate_person, reactivate_person
from ahadi.directory.rota_actions import put_chain
from ahadi.directory.snapshot import read_directory
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs, organisation_of, settings_of
from ahadi.screens.acting import Reveal, act
from ahadi.screens.directory_pages import directory_page
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.forms import Form, show_form
from ahadi.screens.frame import frame_of
from ahadi.screens.pages import Done
from ahadi.screens.reader import later
from ahadi.screens.rota_pages import place_of

router = Router(include_in_schema=False)
EDITS, EDITS_PEOPLE = needs(Permission.DIRECTORY_EDIT), needs(Permission.PEOPLE_EDIT)
Deed = Callable[[Work, Directory], Awaitable[str]]


def _address(organisation: str, show: str) -> str:
    return f"/directory?organisation={organisation}&show={show}"


async def _page(
    request: Request, actor: Actor, name: str, show: str, entered: Entered, problem: AhadiError | None = None
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        slug = entered.get("organisation")
        named = await organisation_of(request, work, slug) if slug else None
        directory, _ = place_of(frame, named, None)
        frame = frame.at(directory.organisation.id)
        values: dict[str, Any] = {"directory": directory, "kinds": PROMISE_KINDS, "roles": list(Role)}
        values |= _thing(directory, entered)
        if name == "edit-person" and values["person"] is None:
            raise Invalid(later("Say who it is."), field="person")
        mail = await addresses_of(work, directory.organisation.id)
        department = values["department"]
        values["mail"] = [each for each, whose in mail.items() if department and whose == department.id]
    action = f"/directory/{name.removeprefix('edit-')}"
    form = Form(name, action, _address(directory.organisation.slug, show), values=values)
    return show_form(request, frame, form, entered, problem)


def _thing(directory: Directory, entered: Entered) -> dict[str, Any]:
    """What the form is about, where it is there already."""
    department = directory.department(entered.get("department")) if entered.get("department") else None
    person = directory.person(entered.get("person")) if entered.get("person") else None
    chain = called_for(directory, department.id) if department else []
    return {
        "department": department,
        "person": person,
        "membership": directory.memberships[person.id] if person else None,
        "reason": directory.reasons.get(entered.get("reason")),
        "chain": [directory.people[each].slug for each in chain],
        "everybody": sorted(
            ((p.slug, p.name) for p in directory.people.values() if directory.serves(p.id)), key=lambda each: each[1]
        ),
    }


async def _answer(
    request: Request,
    actor: Actor,
    entered: Entered,
    name: str,
    show: str,
    permission: Permission,
    deed: Deed,
    reveal: Reveal | None = None,
) -> Response:
    """Do it, and go back to the page; or the form again, with what was typed and what is wrong with it.

    `reveal` as in `act`.
    """

    async def kept(work: Work) -> tuple[str, str]:
        here = await organisation_of(request, work, entered.get("organisation") or None)
        work.permit(here, permission)
        directory = await read_directory(work, here)
        return directory.organisation.slug, await deed(work, directory)

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, name, show, entered, problem)

    return await act(
        request,
        actor,
        entered,
        kept,
        done=lambda made: (_address(made[0], show), Done(made[1])),
        again=again,
        twice=f"/directory?show={show}",
        reveal=reveal,
    )


def _names(directory: Directory, entered: Entered) -> dict[str, str]:
    return {each: entered.text(f"name-{each}", most=120) for each in directory.organisation.languages}


def _promise(directory: Directory, entered: Entered) -> PromiseDefault | None:
    kind = entered.text("kind", most=20)
    within = entered.text("within", most=40)
    return promise_read(kind, within or None, directory.organisation.settings) if kind else None


# Departments ----------------------------------------------------------------------------------------------------


@router.get("/directory/department")
async def get_department(request: Request, organisation: str | None = None, actor: Actor = EDITS) -> Response:
    """A department, to be added or changed."""
    del organisation
    return await _page(request, actor, "edit-department", "departments", Entered(dict(request.query_params)))


@router.post("/directory/department")
async def post_department(request: Request, actor: Actor = EDITS) -> Response:
    """Add it, change it, retire it, or put it back in use."""
    entered = await entered_in(request)

    async def deed(work: Work, directory: Directory) -> str:
        here, key = directory.organisation.id, entered.get("department")
        if key and entered.get("deed") == "retire":
            await verbs.retire_department(work, here, key)
            return "department-retired"
        if key and entered.get("deed") == "restore":
            await verbs.restore_department(work, here, key)
            return "department-restored"
        change = _department_change(directory, entered)
        if key:
            await verbs.change_department(work, here, key, change)
        else:
            slug = entered.required("slug", later("Give it a short name, such as repairs."), most=63)
            await verbs.create_department(work, here, slug, change)
        return "department-kept"

    return await _answer(request, actor, entered, "edit-department", "departments", Permission.DIRECTORY_EDIT, deed)


def _department_change(directory: Directory, entered: Entered) -> DepartmentChange:
    return DepartmentChange(
        names=_names(directory, entered),
        hours=entered.required("hours", later("Say when it is open, such as Mo-Fr 08:00-17:00; PH off."), most=1000),
        phone=entered.text("phone", most=40),
        mail=entered.text("mail", most=5000).split(),
        manager=entered.text("manager", most=80),
        promise=_promise(directory, entered),
        swaps_approved=bool(entered.get("swaps")),
    )


# Reasons --------------------------------------------------------------------------------------------------------


@router.get("/directory/reason")
async def get_reason(request: Request, organisation: str | None = None, actor: Actor = EDITS) -> Response:
    """A reason to get in touch, to be added or changed."""
    del organisation
    return await _page(request, actor, "edit-reason", "reasons", Entered(dict(request.query_params)))


@router.post("/directory/reason")
async def post_reason(request: Request, actor: Actor = EDITS) -> Response:
    """Add it, change it, or offer it no more."""
    entered = await entered_in(request)

    async def deed(work: Work, directory: Directory) -> str:
        here = directory.organisation.id
        sentence = later("Give it a short name, such as outage.")
        slug = entered.get("reason") or entered.required("slug", sentence, most=63)
        if entered.get("deed") == "retire":
            await verbs.retire_reason(work, here, slug)
            return "reason-retired"
        names, department = _names(directory, entered), entered.text("for", most=80) or None
        await verbs.put_reason(work, here, slug, names, department, _promise(directory, entered))
        return "reason-kept"

    return await _answer(request, actor, entered, "edit-reason", "reasons", Permission.DIRECTORY_EDIT, deed)


# People ---------------------------------------------------------------------------------------------------------


@router.get("/directory/person")
async def get_person(request: Request, organisation: str | None = None, actor: Actor = EDITS_PEOPLE) -> Response:
    """What somebody does here."""
    del organisation
    return await _page(request, actor, "edit-person", "people", Entered(dict(request.query_params)))


@router.post("/directory/person")
async def post_person(request: Request, actor: Actor = EDITS_PEOPLE) -> Response:
    """Change what somebody does, end it, begin it again, invite them again, or mark them as offline."""
    entered = await entered_in(request)
    if entered.get("deed") == "invite":
        return await _invite(request, actor, entered)

    async def deed(work: Work, directory: Directory) -> str:
        here = directory.organisation.id
        key = entered.required("person", later("Say who it is."), most=80)
        done = entered.get("deed")
        if done == "deactivate":
            await deactivate_person(work, here, key)
            return "person-deactivated"
        if done == "reactivate":
            await reactivate_person(work, here, key)
            return "person-reactivated"
        if done == "offline":
            await set_presence(work, here, key, Presence.OFFLINE)
            return "presence-set"
        change = PersonChange(
            name=entered.text("name", most=80),
            language=entered.text("language", most=20),
            roles=entered.all("role"),
            departments=entered.all("departments"),
            skills=entered.all("skill"),
            languages=entered.all("spoken"),
        )
        await change_person(work, here, key, change)
        return "person-kept"

    return await _answer(request, actor, entered, "edit-person", "people", Permission.PEOPLE_EDIT, deed)


@router.get("/directory/invite")
async def get_invite(request: Request, organisation: str | None = None, actor: Actor = EDITS_PEOPLE) -> Response:
    """Somebody new: their address, their name, what they do."""
    del organisation
    return await _page(request, actor, "edit-invite", "people", Entered(dict(request.query_params)))


@router.post("/directory/invite")
async def post_invite(request: Request, actor: Actor = EDITS_PEOPLE) -> Response:
    """Invite them. The link is shown once where it opens nothing else, and mailed otherwise."""
    return await _invite(request, actor, await entered_in(request))


async def _invite(request: Request, actor: Actor, entered: Entered) -> Response:
    made: list[tuple[str, str, str]] = []

    async def deed(work: Work, directory: Directory) -> str:
        here = directory.organisation.id
        if entered.get("person"):
            person = directory.person(entered.get("person"))
            done, name = await invite_again(work, here, person.id), person.name
        else:
            email = entered.required("email", later("Say at which address they read mail."), most=320)
            name = entered.text("name", most=120)
            if not entered.all("role"):
                raise Invalid(later("Say what they do here."), field="role")
            done = await invite(work, here, email, name, list(entered.all("role")))
        if done.link:
            link = f"{settings_of(request).links_from()}/welcome/{done.link}"
            made.append((directory.organisation.slug, name or done.slug, link))
        return "person-invited"

    async def reveal() -> Response | None:
        if not made:
            return None
        slug, name, link = made[-1]
        return await directory_page(request, actor, slug, "people", invited=(name, link))

    return await _answer(request, actor, entered, "edit-invite", "people", Permission.PEOPLE_EDIT, deed, reveal)


# Who is called --------------------------------------------------------------------------------------------------


@router.get("/directory/on-call")
async def get_on_call(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.ROTA_EDIT)
) -> Response:
    """A department's on-call chain."""
    del organisation
    return await _page(request, actor, "edit-on-call", "departments", Entered(dict(request.query_params)))


@router.post("/directory/on-call")
async def post_on_call(request: Request, actor: Actor = needs(Permission.ROTA_EDIT)) -> Response:
    """Say who is called, in this order."""
    entered = await entered_in(request)

    async def deed(work: Work, directory: Directory) -> str:
        department = entered.required("department", later("Choose a department."), most=80)
        wanted = [each for each in entered.all("called") if each]
        await put_chain(work, directory.organisation.id, department, wanted)
        return "on-call-kept"

    return await _answer(request, actor, entered, "edit-on-call", "departments", Permission.ROTA_EDIT, deed)
