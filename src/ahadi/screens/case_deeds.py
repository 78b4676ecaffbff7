"""What people set off on the page of a case."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import cases, contacts, customers, desk, intake, promises
from ahadi.base.errors import AhadiError, Invalid
from ahadi.cases import Case
from ahadi.channels import email
from ahadi.contacts import Attached
from ahadi.directory import Permission
from ahadi.platform import files
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, needs
from ahadi.screens.acting import act
from ahadi.screens.case_forms import KINDS, PRIORITIES, case_form
from ahadi.screens.case_page import case_page
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.forms import way_back
from ahadi.screens.my_work import my_work
from ahadi.screens.pages import Done
from ahadi.screens.reader import later
from ahadi.screens.shifts import away_when_due

router = Router(prefix="/cases/{reference}", include_in_schema=False)
Deed = Callable[[Work], Awaitable[Any]]
_MOST_FILES, _MOST_BYTES = 10, 10_000_000


def _address(reference: str) -> str:
    return f"/cases/{reference}"


# Writing --------------------------------------------------------------------------------------------------------


@router.post("/reply")
async def post_reply(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Write to the customer; for some seconds it can be taken back."""
    entered = await entered_in(request, most_files=_MOST_FILES)

    async def deed(work: Work) -> tuple[str, Done]:
        text = entered.required("text", later("The reply is empty; write what the customer should know."), most=50_000)
        channel = entered.text("channel", most=10) or None
        case = await cases.lock_case(work, reference)
        attached = await _attached(work, case, channel, entered)
        id_ = await cases.reply_to_customer(work, reference, text, channel=channel, attachments=attached)
        await desk.drop_draft(work, case, "reply")
        return await _after(request, work, entered, reference), Done("reply-written", undoable(work, id_))

    return await _written(request, actor, reference, entered, "reply", deed)


def undoable(work: Work, message_id: UUID) -> str:
    """The message and for how many seconds it may be taken back, for the news that tells of it; empty where never."""
    seconds = cases.undo_seconds(work, message_id)
    return f"{message_id}.{seconds}" if seconds else ""


async def _attached(work: Work, case: Case, channel: str | None, entered: Entered) -> tuple[Attached, ...]:
    """The files, kept with the transaction, under names that lead nowhere and of the type their bytes bear out."""
    if not entered.files:
        return ()
    if channel != "email":
        raise Invalid(later("Only an e-mail carries files; choose e-mail, or leave the files out."), field="files")
    if sum(len(each.data) for each in entered.files) > _MOST_BYTES:
        raise Invalid(later("The files are too large for a mail; at most 10 MB together."), field="files")
    kept = []
    for each in entered.files:
        file_id = await files.keep_file(
            work, case.organisation_id, each.data, email.media_type(each.data, each.media_type)
        )
        kept.append(Attached(file_id, email.clean_name(each.name)))
    return tuple(kept)


async def _after(request: Request, work: Work, entered: Entered, reference: str) -> str:
    """Where the person goes on after sending, which is remembered."""
    after: Any = entered.get("after") or "stay"
    await desk.choose_after_sending(work, after)
    if after == "stay":
        return _address(reference)
    following = (await my_work(work)).after(reference) if after == "next" else None
    return _address(following) if following else "/cases"


@router.post("/note")
async def post_note(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Write for colleagues only."""
    entered = await entered_in(request)

    async def deed(work: Work) -> tuple[str, Done]:
        case = await cases.lock_case(work, reference)
        await contacts.note(work, case.organisation_id, case.id, entered.text("text", most=50_000))
        await desk.drop_draft(work, case, "note")
        return await _after(request, work, entered, reference), Done("note-written")

    return await _written(request, actor, reference, entered, "note", deed)


async def _written(
    request: Request,
    actor: Actor,
    reference: str,
    entered: Entered,
    mode: str,
    deed: Callable[[Work], Awaitable[tuple[str, Done]]],
) -> Response:
    async def again(problem: AhadiError) -> Response:
        return await case_page(request, actor, reference, entered=entered, mode=mode, problem=problem)

    return await act(request, actor, entered, deed, done=lambda went: went, again=again, twice=_address(reference))


# The forms ------------------------------------------------------------------------------------------------------


async def _filled(
    request: Request,
    actor: Actor,
    reference: str,
    form: str,
    entered: Entered,
    deed: Deed,
    done: Callable[[Any], tuple[str, Done | None]],
) -> Response:
    async def again(problem: AhadiError) -> Response:
        return await case_form(request, actor, reference, form, entered, problem)

    return await act(request, actor, entered, deed, done=done, again=again, twice=_address(reference))


@router.post("/promise")
async def post_promise(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Promise something to the customer."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        kind: Any = entered.one_of("kind", KINDS, later("Say what is promised."))
        due_at = entered.moment("due", later("Say when it is due."))
        owner = entered.text("owner", most=40) or None
        case, made = await promises.make_promise(work, reference, kind, due_at, entered.text("text"), owner)
        return await away_when_due(work, case, [made])

    return await _filled(request, actor, reference, "promise", entered, deed, _told(reference, "promise-made"))


def _told(reference: str, done: str, back: str = "") -> Callable[[str], tuple[str, Done]]:
    """Where it goes on, and what is told there: what was done, and who is away when it falls due."""
    return lambda away: (way_back(back, _address(reference)), Done(done, away))


@router.post("/hold")
async def post_hold(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Hand the case to a person or department, with a note."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        kind, _colon, id_ = entered.text("to", most=60).partition(":")
        person, department = (id_, None) if kind == "person" else (None, id_ or None)
        return await _given(work, await promises.hold_case(work, reference, person, department, entered.text("note")))

    return await _filled(
        request, actor, reference, "hold", entered, deed, _told(reference, "case-held", entered.get("back"))
    )


async def _given(work: Work, case: Case) -> str:
    """Who has the case now and is away when what they promised with it falls due."""
    return await away_when_due(work, case, [each for each in case.open_promises if each.owner == case.holder])


@router.post("/take")
async def post_take(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Have the case oneself."""

    async def deed(work: Work) -> str:
        if work.actor.person_id is None:
            raise Invalid(later("Only a person who is signed in can take a case."))
        return await _given(work, await promises.hold_case(work, reference, str(work.actor.person_id), None))

    return await _filled(request, actor, reference, "hold", Entered(), deed, _told(reference, "case-taken"))


@router.post("/resolve")
async def post_resolve(request: Request, reference: str, actor: Actor = needs(Permission.CASE_RESOLVE)) -> Response:
    """End the case, saying of each open promise what becomes of it; the customer is told."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        said = {name.removeprefix("p-"): value for name, value in entered.values.items() if name.startswith("p-")}
        chosen = {value: [_id(id_) for id_, each in said.items() if each == value] for value in ("keep", "withdraw")}
        await promises.resolve_case(
            work,
            reference,
            outcome=entered.text("outcome"),
            keep=chosen["keep"],
            withdraw=chosen["withdraw"],
            deed=entered.one_of("deed", cases.DEEDS, later("Say what was done.")),
        )

    done = (_address(reference), Done("case-resolved"))
    return await _filled(request, actor, reference, "resolve", entered, deed, lambda _: done)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as problem:
        raise Invalid(later("One of the choices is not known here; open the page again.")) from problem


@router.post("/reopen")
async def post_reopen(request: Request, reference: str, actor: Actor = needs(Permission.CASE_RESOLVE)) -> Response:
    """Open a resolved case again; an update is promised."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        await promises.reopen_case(work, reference, entered.text("note"))

    done = (_address(reference), Done("case-reopened"))
    return await _filled(request, actor, reference, "reopen", entered, deed, lambda _: done)


@router.post("/sort")
async def post_sort(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Change reason, priority and tags."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        priority: Any = entered.one_of("priority", PRIORITIES, later("Choose a priority."))
        tags = [each[:40] for each in entered.text("tags", most=1_000).split(",")][:30]
        await cases.tag_case(work, reference, tags)
        await cases.reclassify_case(work, reference, reason=entered.text("reason", most=60), priority=priority)

    done = (_address(reference), Done("case-sorted"))
    return await _filled(request, actor, reference, "sort", entered, deed, lambda _: done)


@router.post("/link")
async def post_link(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Revoke every link to the customer's page that was given out."""
    entered = await entered_in(request)
    done = (_address(reference), Done("link-revoked"))

    async def deed(work: Work) -> None:
        await cases.revoke_link(work, reference)

    return await _filled(request, actor, reference, "link", entered, deed, lambda _: done)


@router.post("/direct")
async def post_direct(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Bring in a department, a specialist or a manager: an offer to them now, or a dated call."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        wish: Any = entered.one_of("wish", ("department", "specialist", "manager"), later("Say who is wanted."))
        await intake.ask_for(work, reference, wish, department=entered.text("department", most=40) or None)

    done = (_address(reference), Done("person-asked"))
    return await _filled(request, actor, reference, "direct", entered, deed, lambda _: done)


@router.post("/merge")
async def post_merge(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """The same matter twice: this case ends in the other one."""
    entered = await entered_in(request)

    async def deed(work: Work) -> Case:
        unsaid = later("Say which case it goes on in.")
        into = entered.text("into", most=20) or entered.required("other", unsaid, most=20)  # what was typed wins
        return await promises.merge_cases(work, reference, into)

    def done(case: Case) -> tuple[str, Done]:
        return _address(case.reference), Done("case-merged")

    return await _filled(request, actor, reference, "merge", entered, deed, done)


@router.post("/split")
async def post_split(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Make a case of its own from some of the contacts."""
    entered = await entered_in(request)

    async def deed(work: Work) -> Case:
        subject, reason = entered.text("subject", most=500), entered.text("reason", most=60)
        return (await intake.split_case(work, reference, entered.ids("contact"), subject, reason))[1]

    def done(case: Case) -> tuple[str, Done]:
        return _address(case.reference), Done("case-split")

    return await _filled(request, actor, reference, "split", entered, deed, done)


@router.post("/customer")
async def post_customer(request: Request, reference: str, actor: Actor = needs(Permission.CUSTOMER_EDIT)) -> Response:
    """Whether another customer is the same person."""
    entered = await entered_in(request)
    is_same = entered.get("answer") == "same"

    async def deed(work: Work) -> None:
        case = await cases.get_case(work, reference)
        other = entered.id("other")
        if other is None:
            raise Invalid(later("Say which customer is meant."))
        if is_same:
            await customers.merge_customers(work, case.organisation_id, case.customer_id, other)
        else:
            await customers.dismiss_duplicate(work, case.organisation_id, case.customer_id, other)

    async def again(problem: AhadiError) -> Response:
        return await case_page(request, actor, reference, problem=problem)

    here, news = _address(reference), Done("customers-merged" if is_same else "customers-apart")
    return await act(request, actor, entered, deed, done=lambda _: (here, news), again=again, twice=here)
