"""The words of every message: what there is by purpose, channel and language; an editor with a true preview."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from ahadi import cases, contacts
from ahadi.base.errors import AhadiError, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.cases import CaseFilter
from ahadi.contacts import VARIABLES, Addressed, Reach, Shown, TemplateChanged
from ahadi.directory import Directory, Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import later
from ahadi.screens.rule_pages import reads

router = Router(prefix="/templates", include_in_schema=False)
HERE = "/templates"
CHANNELS = ("email", "sms", "chat")
_CASES = 20
_ANY_CHANNEL = "web"  # words alone, for a canned reply


# All of them ------------------------------------------------------------------------------------------------------


@router.get("")
async def get_templates(request: Request, actor: Actor = needs(Permission.TEMPLATES_EDIT)) -> Response:
    """Every message by purpose, channel and language: whose words it has, and where it has none."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, request.query_params.get("organisation", ""), Permission.TEMPLATES_EDIT)
        listed = await contacts.templates_of(work, directory.organisation.id)
    held = {(each["slug"], each["channel"], each["language"]): each["own"] for each in listed}
    own = sorted({slug for slug, _channel, _language in held} - set(contacts.STEPS))
    channels = [*CHANNELS, *(["web"] if any(channel == "web" for _slug, channel, _lang in held) else [])]
    return screens_of(request).page(
        request,
        frame.reader,
        "templates/page.html",
        frame=frame,
        **_around(frame, directory),
        steps=contacts.STEPS,
        own=own,
        channels=channels,
        languages_here=directory.organisation.languages,
        held=held,
        problem=None,
    )


def _around(frame: Frame, directory: Directory) -> dict[str, Any]:
    return {
        "directory": directory,
        "slug": directory.organisation.slug,
        "choosing": [
            each for each in frame.directories.values() if frame.may(Permission.TEMPLATES_EDIT, each.organisation.id)
        ],
    }


# One of them ------------------------------------------------------------------------------------------------------


@router.get("/edit")
async def get_template(request: Request, actor: Actor = needs(Permission.TEMPLATES_EDIT)) -> Response:
    """The words of one message: `version` in the address puts an earlier version into the editor."""
    return await _editor(request, actor, Entered(dict(request.query_params)))


async def _editor(
    request: Request, actor: Actor, entered: Entered, problem: AhadiError | None = None, *, typed: bool = False
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, entered.get("organisation"), Permission.TEMPLATES_EDIT)
        name, channel, language = _named(entered)
        history = await contacts.history_of(work, directory.organisation.id, name, channel, language)
        in_force = next((each for each in history if each.active), None)
        subject, body = _words(entered, history, name, channel, language)
        if typed:
            subject, body = entered.get("subject"), entered.get("text")
        choices = await cases_to_choose(work, frame, directory)
        shown = await shown_to(work, frame, directory, entered, name, channel, language, subject, body)
        by = directory.name_of(in_force.made_by, frame.reader.language) if in_force and in_force.made_by else ""
    return screens_of(request).page(
        request,
        frame.reader,
        "templates/edit.html",
        status=problem.status if problem else 200,
        frame=frame,
        **_around(frame, directory),
        name=name,
        channel=channel,
        language=language,
        subject=subject,
        body=body,
        history=history,
        in_force=in_force,
        by=by,
        has_default=_default(name, channel, language) is not None,
        seen=in_force.version if in_force else 0,
        variables=list(VARIABLES.values()),
        choices=choices,
        reference=entered.get("reference"),
        shown=shown,
        meanwhile=isinstance(problem, TemplateChanged),
        problem=problem,
        key=uuid7().hex,
    )


def _named(entered: Entered) -> tuple[str, str, str]:
    name, channel, language = (entered.text(each, most=60) for each in ("slug", "channel", "language"))
    if channel not in (*CHANNELS, "web") or not name or not language:
        raise NotFound("There is nothing at this address; check it.")
    return name, channel, language


def _default(name: str, channel: str, language: str) -> contacts.DefaultTemplate | None:
    """The product's words in this very language, or None."""
    try:
        found = contacts.default_template(name, channel, language)
    except NotFound:
        return None
    return found if found.language == language else None


def _words(
    entered: Entered, history: Sequence[contacts.TemplateRow], name: str, channel: str, language: str
) -> tuple[str, str]:
    """What the editor begins with: the version asked for, that in force, the product's, or the English ones."""
    wanted = entered.get("version")
    row = next((each for each in history if str(each.version) == wanted), None)
    if row is None and wanted != "0":
        row = next((each for each in history if each.active), None)
    if row is not None:
        return row.subject or "", row.body
    try:
        found = contacts.default_template(name, channel, language)
    except NotFound:
        return "", ""
    return found.subject, found.body


async def cases_to_choose(work: Work, frame: Frame, directory: Directory) -> list[tuple[str, str]]:
    """The newest cases, by whose customers words can be tried."""
    id_ = directory.organisation.id
    if not frame.may(Permission.CASE_READ, id_):
        return []
    rows = await cases.list_cases(work, [id_], CaseFilter(state="open", limit=_CASES))
    return [(row["reference"], f"{row['reference']} {row['subject'] or ''}"[:80]) for row in rows]


async def shown_to(
    work: Work,
    frame: Frame,
    directory: Directory,
    entered: Entered,
    name: str,
    channel: str,
    language: str,
    subject: str,
    body: str,
) -> Shown:
    """What would become of words for the customer of the case that was chosen (`reference`), or an invented one."""
    reference = entered.text("reference", most=40)
    whom = None
    if reference:
        case = await cases.get_case(work, reference)
        if case.organisation_id == directory.organisation.id:
            whom = await _addressed(work, directory, case, channel, language)
    now = work.now.astimezone(ZoneInfo(directory.organisation.zone))
    subject = subject if channel == "email" else ""
    return contacts.show_words(name, channel, subject, body, whom, now, directory.organisation.name)


async def _addressed(work: Work, directory: Directory, case: cases.Case, channel: str, language: str) -> Addressed:
    customer, values = await cases.values_for(work, case, language)
    found = customer.reach("email") if channel == "email" else customer.reach("phone")
    to = str(customer.id) if channel not in ("email", "sms") else found.value if found else ""
    zone = ZoneInfo(customer.zone or directory.organisation.zone)
    return Addressed(values, language, zone, to, Reach(unsubscribed=customer.consents_to(channel) is False))


@router.post("/edit")
async def post_template(request: Request, actor: Actor = needs(Permission.TEMPLATES_EDIT)) -> Response:
    """Save words, go back to the product's, or look at them first."""
    entered = await entered_in(request)
    if entered.get("decision") == "preview":
        return await _editor(request, actor, entered, typed=True)

    async def deed(work: Work) -> tuple[str, Done]:
        directory = reads(await frame_of(request, work), entered.get("organisation"), Permission.TEMPLATES_EDIT)
        name, channel, language = _named(entered)
        id_ = directory.organisation.id
        here = f"{HERE}/edit?organisation={directory.organisation.slug}&slug={name}&channel={channel}"
        if entered.get("decision") == "retire":
            await contacts.retire_template(work, id_, name, channel, language)
            return f"{here}&language={language}", Done("template-retired")
        body = entered.required("text", later("Write the words."), most=20_000)
        subject = entered.text("subject", most=500) or None if channel == "email" else None
        seen = entered.text("seen", most=9)
        if not seen.isdecimal():
            raise Invalid(later("One of the choices is not known here; open the page again."))
        await contacts.save_template(work, id_, name, channel, language, subject, body, int(seen))
        return f"{here}&language={language}", Done("template-saved")

    async def again(problem: AhadiError) -> Response:
        return await _editor(request, actor, entered, problem, typed=entered.get("decision") != "retire")

    return await act(request, actor, entered, deed, done=lambda went: went, again=again, twice=HERE)


@router.post("/preview")
async def post_preview(request: Request, actor: Actor = needs(Permission.TEMPLATES_EDIT)) -> Response:
    """What would become of the words that are being written; of a canned reply where no channel is named."""
    entered = await entered_in(request)
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, entered.get("organisation"), Permission.TEMPLATES_EDIT)
        channel = entered.text("channel", most=20) or _ANY_CHANNEL
        language = entered.text("language", most=8) or directory.organisation.language
        shown = await shown_to(
            work,
            frame,
            directory,
            entered,
            entered.text("slug", most=60),
            channel,
            language,
            entered.get("subject")[:500],
            entered.get("text")[:20_001],
        )
    text = screens_of(request).text(frame.reader, "templates/shown.html", shown=shown, channel=channel)
    return HTMLResponse(text)
