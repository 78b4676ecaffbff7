"""Words kept ready: the canned replies and macros of an organisation, on one plain page."""

from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import contacts, desk, promises
from ahadi.base.errors import AhadiError, Forbidden, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.contacts import CannedReply
from ahadi.desk import Deeds, Macro
from ahadi.directory import Directory, Permission, Within, read_directory
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs
from ahadi.screens.acting import act
from ahadi.screens.case_forms import KINDS, holders
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import later
from ahadi.screens.template_pages import cases_to_choose, shown_to

router = Router(prefix="/words", include_in_schema=False)
HERE = "/words"


@router.get("")
async def get_words(request: Request, actor: Actor = needs(Permission.TEMPLATES_EDIT)) -> Response:
    """Everything kept ready; `organisation`, `slug` with `language`, or `macro` in the address open one to change."""
    return await _page(request, actor, Entered(dict(request.query_params)))


async def _page(request: Request, actor: Actor, entered: Entered, problem: AhadiError | None = None) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = _directory(frame, entered.get("organisation"))
        organisation_id = directory.organisation.id
        inside = work.as_installation(organisation_id)
        canned = await contacts.canned_replies(inside, organisation_id)
        macros = await desk.macros_of(inside, organisation_id)
        choices = await cases_to_choose(work, frame, directory)
        words = entered.get("text") or next((c.body for c in canned if _is_open(c, entered) and not problem), "")
        speaks = entered.get("language") or directory.organisation.language
        shown = await shown_to(work, frame, directory, entered, "", "web", speaks, "", words) if words else None
    opened = next(
        (c for c in canned if _is_open(c, entered) and not problem),
        None,
    )
    macro = next((each for each in macros if str(each.id) == entered.get("macro")), None)
    return screens_of(request).page(
        request,
        frame.reader,
        "words.html",
        status=problem.status if problem else 200,
        frame=frame,
        directory=directory,
        keeping=[each for each in frame.directories.values() if _may_keep(frame, each)],
        canned=canned,
        opened=opened,
        macros=macros,
        macro=macro,
        kinds=KINDS,
        holders=holders(frame, directory),
        variables=list(contacts.VARIABLES.values()),
        choices=choices,
        shown=shown,
        channel="web",
        entered=entered if problem or entered.get("decision") == "preview" else Entered(),
        problem=problem,
        keys=[uuid7().hex, uuid7().hex],
    )


def _is_open(canned: CannedReply, entered: Entered) -> bool:
    return (canned.slug, canned.language) == (entered.get("slug"), entered.get("language"))


def _may_keep(frame: Frame, directory: Directory) -> bool:
    return frame.may(Permission.TEMPLATES_EDIT, directory.organisation.id)


def _directory(frame: Frame, slug: str) -> Directory:
    """The organisation that is meant: by its slug, or the first whose words the person may keep where none is named.

    Raises NotFound for one that is not theirs, Forbidden for one whose words they may not keep.
    """
    keeping = [each for each in frame.directories.values() if _may_keep(frame, each)]
    if not keeping:
        raise Forbidden(f"This needs the permission {Permission.TEMPLATES_EDIT}.", permission=Permission.TEMPLATES_EDIT)
    meant = next((each for each in frame.directories.values() if each.organisation.slug == slug), None)
    if slug and meant is None:
        raise NotFound(later("There is no such organisation, or you have no access to it."))
    if meant is not None and not _may_keep(frame, meant):
        raise Forbidden(f"This needs the permission {Permission.TEMPLATES_EDIT}.", permission=Permission.TEMPLATES_EDIT)
    return meant or keeping[0]


async def _kept(request: Request, actor: Actor, deed: Any) -> Response:
    entered = await entered_in(request)

    async def within(work: Work) -> tuple[str, Done]:
        directory = _directory(await frame_of(request, work), entered.get("organisation"))
        code = await deed(work, directory, entered)
        return f"{HERE}?organisation={directory.organisation.slug}", Done(code)

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, entered, problem)

    return await act(request, actor, entered, within, done=lambda went: went, again=again, twice=HERE)


@router.post("/canned")
async def post_canned(request: Request, actor: Actor = needs(Permission.TEMPLATES_EDIT)) -> Response:
    """Keep a canned reply, look at it first, or keep it no longer."""
    entered = await entered_in(request)
    if entered.get("decision") == "preview":
        return await _page(request, actor, entered)

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        organisation_id = directory.organisation.id
        slug, language = entered.text("slug", most=60), entered.text("language", most=8)
        if entered.get("decision") == "delete":
            await contacts.delete_canned(work, organisation_id, slug, language)
            return "canned-deleted"
        body = entered.required("text", later("Write the words."), most=20_000)
        await contacts.save_canned(work, organisation_id, slug, language, body)
        return "canned-saved"

    return await _kept(request, actor, deed)


@router.post("/macros")
async def post_macro(request: Request, actor: Actor = needs(Permission.TEMPLATES_EDIT)) -> Response:
    """Keep a macro, or keep it no longer."""

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        id_ = entered.id("macro")
        if entered.get("decision") == "delete" and id_:
            await desk.delete_macro(work, id_)
            return "macro-deleted"
        if id_ and (await desk.get_macro(work, id_)).organisation_id != directory.organisation.id:
            raise Invalid(later("One of the choices is not known here; open the page again."))
        await desk.save_macro(work, await _entered(work, directory, id_ or uuid7(), entered))
        return "macro-saved"

    return await _kept(request, actor, deed)


async def _entered(work: Work, directory: Directory, id_: UUID, entered: Entered) -> Macro:
    kind: Any = entered.text("kind", most=20) or None
    if kind and kind not in KINDS:
        raise Invalid(later("Say what is promised."), field="kind")
    whom, _colon, key = entered.text("to", most=60).partition(":")
    to = None
    if key:
        directory = await read_directory(work, directory.organisation.id)
        to = promises.named(directory, key, None) if whom == "person" else promises.named(directory, None, key)
    deeds = Deeds(
        reply=entered.text("reply", most=20_000) or None,
        note=entered.text("note", most=20_000) or None,
        promise=kind,
        within=Within.parse(entered.text("within", most=20)) if kind else None,
        promise_text=entered.text("words", most=5_000) or None if kind else None,
        to=to,
    )
    name = entered.required("name", later("Give the macro a name."), most=80)
    return Macro(directory.organisation.id, id_, name, deeds)
