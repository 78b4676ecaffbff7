"""The first run: from an empty installation to the first case, in five steps that can be left and gone on with."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from ahadi import cases, customers
from ahadi.base.errors import AhadiError, Conflict, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.cases import CaseFilter
from ahadi.directory import (
    Directory,
    Permission,
    Role,
    actions,
    change_store,
    first_run,
    invitations,
    sign_in,
    sign_in_api,
)
from ahadi.directory.actions import DepartmentChange, OrganisationChange
from ahadi.directory.first_run import Beginning
from ahadi.directory.sign_in import SecondStep
from ahadi.intake import mailboxes
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import PUBLIC, SIGNED_IN, Router, database_of, keyring_of, needs, settings_of
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import frame_of
from ahadi.screens.languages import countries_in, languages, spoken
from ahadi.screens.pages import go_to, screens_of
from ahadi.screens.reader import later, reader_of
from ahadi.screens.settings_mail import mailbox_settings, open_mailbox
from ahadi.screens.sign_in_pages import plain

router = Router(include_in_schema=False)
HERE = "/first-run"
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_NEEDED = Permission.SETTINGS_EDIT


# Before there is anybody ------------------------------------------------------------------------------------------


@router.get(HERE + "/{link}", dependencies=[PUBLIC])
async def get_begin(request: Request, link: str) -> Response:
    """Where the address that `ahadi run` printed leads. Opening it uses nothing up."""
    if not await first_run.may_begin(database_of(request), link, sign_in_api.where_from(request)):
        used_up = sign_in.LinkUsedUp("This link was used before or has expired; ask for a new one.")
        return plain(request, "sign_in/used_up.html", problem=used_up)
    return _begin(request, link, Entered())


def _begin(request: Request, link: str, entered: Entered, problem: AhadiError | None = None) -> Response:
    language = reader_of(request).language
    known = countries_in(language)
    return plain(
        request, "first_run/begin.html", link=link, entered=entered, problem=problem, countries=known, language=language
    )


@router.post(HERE, dependencies=[PUBLIC])
async def post_begin(request: Request) -> Response:
    """Make the organisation and whoever makes it, who is signed in from then on."""
    entered = await entered_in(request)
    link, where = entered.text("link", most=256), sign_in_api.where_from(request)
    password = entered.get("password")[:256]
    try:
        if password != entered.get("again")[:256]:
            raise Invalid(later("The two passwords are not the same; enter both again."))
        welcome = await first_run.begin(database_of(request), link, _beginning(entered, password), where)
        signed_in = await sign_in.sign_in_by_link(
            database_of(request),
            keyring_of(request),
            welcome,
            password,
            SecondStep(),
            where,
            sign_in_api.lasts(request),
        )
    except sign_in.LinkUsedUp as problem:
        return plain(request, "sign_in/used_up.html", problem=problem)
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        return _begin(request, link, entered, problem)
    return sign_in_api.set_session_cookie(request, go_to(request, HERE), signed_in.secret)


def _beginning(entered: Entered, password: str) -> Beginning:
    own = spoken(entered.get("language")) or "en"
    others = tuple(each for each in languages() if each != own) if entered.get("all_languages") else ()
    return Beginning(
        name=entered.required("name", later("Write the organisation's name."), most=80),
        zone=entered.required("zone", later("Choose a time zone."), most=60),
        country=entered.required("country", later("Choose a country."), most=2),
        languages=(own, *others),
        department={"sw": "Huduma kwa wateja"}.get(own, "Customer care"),
        person=entered.required("person", later("Write your name."), most=120),
        email=entered.required("email", later("Enter your e-mail address."), most=254),
        password=password,
    )


# The steps after that ---------------------------------------------------------------------------------------------


@router.get(HERE)
async def get_first_run(request: Request, step: str | None = None, actor: Actor = SIGNED_IN) -> Response:
    """The step that is next, or one before it that is looked at again."""
    return await _page(request, actor, step)


async def _page(
    request: Request,
    actor: Actor,
    step: str | None = None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
    **values: Any,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        run = await first_run.unfinished(work)
        if run is None or run.organisation is None:
            raise NotFound(later("There is nothing at this address; check it."))
        reached = first_run.STEPS.index(run.step)
        shown = step if step in first_run.STEPS[1 : reached + 1] else run.step
        directory = frame.directories[run.organisation]
        mail = await change_store.addresses_of(work, run.organisation)
        found = await cases.list_cases(work, [run.organisation], CaseFilter(limit=1)) if shown == "case" else []
        people = await customers.get_customers(work, run.organisation, [each["customer_id"] for each in found])
    installed = settings_of(request)
    return screens_of(request).page(
        request,
        frame.reader,
        f"first_run/{shown}.html",
        status=problem.status if problem else 200,
        frame=frame,
        step=shown,
        steps=first_run.STEPS,
        reached=reached,
        directory=directory,
        organisation=directory.organisation,
        department=_first_department(directory),
        days=DAYS,
        roles=[str(each) for each in Role],
        people=[each for id_, each in directory.people.items() if directory.serves(id_)],
        mail=sorted(mail),
        listens=installed.mail_listen or installed.lmtp_listen,
        form=f"{installed.links_from()}/f/{directory.organisation.slug}",
        case=found[0] if found else None,
        customer=people.get(found[0]["customer_id"]) if found else None,
        entered=entered or Entered(),
        problem=problem,
        key=uuid7().hex,
        **({"invited": ()} | values),
    )


def _first_department(directory: Directory) -> Any:
    id_ = directory.organisation.default_department_id
    return directory.departments[id_] if id_ else next(iter(directory.departments.values()))


async def _step(request: Request, actor: Actor, step: str, deed: Any) -> Response:
    """Take a step in one transaction, and go on to the next."""
    entered = await entered_in(request)

    async def within(work: Work) -> None:
        organisation_id = await first_run.at_step(work, step)
        directory = (await frame_of(request, work)).directories[organisation_id]
        await deed(work, directory, entered)
        await first_run.took(work, organisation_id, step)

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, step, entered, problem)

    onward = "/cases" if step == "case" else HERE
    return await act(request, actor, entered, within, done=lambda _: (onward, None), again=again, twice=onward)


@router.post(HERE + "/department")
async def post_department(request: Request, actor: Actor = needs(_NEEDED)) -> Response:
    """What the first department is called, and when it is open."""

    async def deed(work: Work, directory: Directory, entered: Entered) -> None:
        name = entered.required("name", later("Write what the department is called."), most=80)
        change = DepartmentChange(names=name, hours=_hours(entered))
        await actions.change_department(work, directory.organisation.id, _first_department(directory).id, change)

    return await _step(request, actor, "department", deed)


def _hours(entered: Entered) -> str:
    """The hours as an expression: the days that were ticked, from and until the times that were chosen."""
    rest = "; PH off" if entered.get("holidays") == "closed" else ""
    if entered.get("always"):
        return f"24/7{rest}"
    days = [each for each in DAYS if each in entered.all("day")]
    if not days:
        raise Invalid(later("Tick at least one day on which somebody is there."), field="day")
    sentence = later("Write from when until when somebody is there.")
    opens, closes = entered.required("opens", sentence, most=5), entered.required("closes", sentence, most=5)
    if opens >= closes:
        raise Invalid(later("The end of the day must be after its beginning."), field="closes")
    return f"{','.join(days)} {opens}-{closes}{rest}"


@router.post(HERE + "/people")
async def post_people(request: Request, actor: Actor = needs(_NEEDED)) -> Response:
    """Invite colleagues; the links by which they come in stand on the page that answers. Nobody at all is fine too."""
    entered = await entered_in(request)
    links: list[tuple[str, str | None]] = []

    async def within(work: Work) -> None:
        links.clear()  # of a try that had to begin again
        organisation_id = await first_run.at_step(work, "people")
        directory = (await frame_of(request, work)).directories[organisation_id]
        for name, email, role in _colleagues(entered):
            invited = await invitations.invite(work, organisation_id, email, name, [role])
            if role in (Role.AGENT, Role.SPECIALIST, Role.MANAGER):
                await invitations.join(work, organisation_id, invited.person_id, _first_department(directory).id)
            links.append((name or email, invited.link))
        await first_run.took(work, organisation_id, "people")

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, "people", entered, problem)

    async def reveal() -> Response | None:
        home = settings_of(request).links_from()
        invited = [(name, f"{home}/welcome/{link}" if link else "") for name, link in links]
        return await _page(request, actor, "people", invited=invited) if invited else None

    done = (HERE, None)
    return await act(request, actor, entered, within, done=lambda _: done, again=again, twice=HERE, reveal=reveal)


def _colleagues(entered: Entered) -> list[tuple[str, str, str]]:
    rows = zip(entered.all("name"), entered.all("email"), entered.all("role"), strict=False)
    told = [(name.strip()[:120], email.strip()[:254], role) for name, email, role in rows]
    if any(name and not email for name, email, _role in told):
        raise Invalid(later("Write the address of everybody you name."), field="email")
    return [each for each in told if each[1]]


@router.post(HERE + "/mail")
async def post_mail(request: Request, actor: Actor = needs(_NEEDED)) -> Response:
    """How customers reach us: a mailbox that is read, mail that is handed over, or the form alone."""
    entered = await entered_in(request)
    way = entered.get("reach")
    settings = None
    if way == "mailbox":
        try:
            settings = mailbox_settings(entered)
            await open_mailbox(request, settings)
        except AhadiError as problem:
            return await _page(request, actor, "mail", entered, problem)

    async def deed(work: Work, directory: Directory, entered: Entered) -> None:
        if way not in ("mailbox", "handed", "form"):
            raise Invalid(later("Choose how customers reach you."), field="reach")
        if way == "form":
            return
        address = entered.required("address", later("Write the address that customers write to."), most=254)
        organisation = directory.organisation
        held = [each for each, of in (await change_store.addresses_of(work, organisation.id)).items() if of is None]
        if settings is not None:
            await mailboxes.add_mailbox(work, organisation.id, address, settings)
        else:
            await _must_be_free(work, organisation.id, address)
        change = OrganisationChange(
            mail=list(dict.fromkeys([*held, address])),
            settings={"sender_name": organisation.name, "sender_address": address},
        )
        await actions.change_organisation(work, organisation.id, change)

    return await _step(request, actor, "mail", deed)


async def _must_be_free(work: Work, organisation_id: Any, address: str) -> None:
    taken = await change_store.owners_of_addresses(work, [address.strip().lower()])
    if any(owner != organisation_id for owner, _slug in taken.values()):
        raise Conflict("Another organisation takes mail at this address; use another one.")


@router.post(HERE + "/case")
async def post_case(request: Request, actor: Actor = needs(_NEEDED)) -> Response:
    """Finish, once the first case is there."""

    async def deed(work: Work, directory: Directory, entered: Entered) -> None:
        if not await cases.list_cases(work, [directory.organisation.id], CaseFilter(limit=1)):
            raise Conflict(later("No case has come yet; write to yourself, or send the form."))

    return await _step(request, actor, "case", deed)
