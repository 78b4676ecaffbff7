"""The versions of the rules: published with a reason, compared, rolled back; and as files for other editors."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from ahadi import routing
from ahadi.base.errors import AhadiError, Invalid, NotFound
from ahadi.directory import Directory, Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs
from ahadi.routing import RowChange, drafting
from ahadi.routing.drafts import Rows
from ahadi.screens import rule_view, rule_words
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.forms import Form, show_form
from ahadi.screens.frame import frame_of
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import _, later, reading
from ahadi.screens.rule_deeds import done_to_draft
from ahadi.screens.rule_pages import HERE, reads, surroundings

router = Router(prefix="/rules", include_in_schema=False)
_MOST_BYTES = 2_000_000


# Versions and what differs ----------------------------------------------------------------------------------------


@router.get("/versions")
async def get_versions(
    request: Request, organisation: str = "", was: str = "", now: str = "", actor: Actor = needs(Permission.RULES_READ)
) -> Response:
    """Every version with who, when and why; and what differs between any two, or one and the draft."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, organisation)
        id_ = directory.organisation.id
        versions = await routing.versions_of(work, id_)
        draft = await drafting.read_draft(work, id_)
        pair = await _pair(work, directory, was, now)
    around = surroundings(frame, directory, "versions")
    with reading(around["frame"].reader):
        changes = _told(directory, routing.compare(*pair)) if pair else None
    return screens_of(request).page(
        request,
        around["frame"].reader,
        "rules/versions.html",
        **around,
        versions=versions,
        drafted=draft.revision > 0,
        choices=[(each.version, str(each.version)) for each in versions],
        was=was,
        now=now,
        changes=changes,
        problem=None,
    )


async def _pair(work: Work, directory: Directory, was: str, now: str) -> tuple[Rows, Rows] | None:
    if not was or not now:
        return None
    return await _rows(work, directory, was), await _rows(work, directory, now)


async def _rows(work: Work, directory: Directory, which: str) -> Rows:
    """The rows of a version by its number, or of the `draft`; none of version 0."""
    if which == "draft":
        return (await drafting.read_draft(work, directory.organisation.id)).rows
    if not which.isdecimal() or len(which) > 9:
        raise NotFound(later("There is no such version of these rules."))
    if which == "0":
        return ()
    return routing.keyed((await routing.get_rules(work, directory.organisation.id, int(which))).rows)


def _told(directory: Directory, changes: Sequence[RowChange]) -> list[dict[str, Any]]:
    """What differs, in words."""
    return [
        {
            "what": each.what,
            "name": each.name,
            "was": each.was,
            "now": each.now,
            "cells": [
                (
                    rule_words.column_name(cell.column),
                    _said(directory, cell.column, cell.before),
                    _said(directory, cell.column, cell.after),
                )
                for cell in each.cells
                if cell.column != "name" or each.what == "changed"
            ],
        }
        for each in changes
    ]


def _said(directory: Directory, column: str, raw: Any) -> str:
    if raw is None:
        return ""
    return str(raw) if column == "name" else rule_words.cell_words(directory, column, raw)


@router.get("/versions/{version}")
async def get_version(
    request: Request, version: int, organisation: str = "", actor: Actor = needs(Permission.RULES_READ)
) -> Response:
    """One version as it stood."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, organisation)
        found = await routing.get_rules(work, directory.organisation.id, version)
    around = surroundings(frame, directory, "versions")
    with reading(around["frame"].reader):
        grid = rule_view.grid_of(directory, routing.keyed(found.rows))
    around |= {"may_edit": False}
    return screens_of(request).page(
        request, around["frame"].reader, "rules/version.html", **around, version=found, grid=grid, problem=None
    )


# In force ---------------------------------------------------------------------------------------------------------


def _form(name: str, directory: Directory, **values: Any) -> Form:
    back = f"{HERE}?organisation={directory.organisation.slug}"
    return Form(
        name, f"{HERE}/{name.removeprefix('rule-')}", back, values={"slug": directory.organisation.slug, **values}
    )


@router.get("/publish")
async def get_publish(request: Request, actor: Actor = needs(Permission.RULES_PUBLISH)) -> Response:
    """What will change when the draft is put in force, and why it is."""
    return await _publish_form(request, actor, Entered(dict(request.query_params)))


async def _publish_form(
    request: Request, actor: Actor, entered: Entered, problem: AhadiError | None = None
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, entered.get("organisation"), Permission.RULES_PUBLISH)
        id_ = directory.organisation.id
        draft = await drafting.read_draft(work, id_)
        in_force = next((e for e in await routing.versions_of(work, id_) if e.state == "published"), None)
        _reading, check = await drafting.checked(draft.written, directory)
    current = in_force.version if in_force else 0
    with reading(frame.reader):
        grid = rule_view.grid_of(directory, draft.rows, check)
        changes = _told(directory, routing.compare(routing.keyed(in_force.rows if in_force else []), draft.rows))
        told = _problem(problem, check.problems[0].row if check.problems else 0) if problem else ""
    values = {"draft": draft, "grid": grid, "changes": changes, "current": current, "told": told}
    form = _form("rule-publish", directory, **values)
    return show_form(request, frame, form, entered, problem)


def _problem(problem: AhadiError, row: int) -> str:
    """Why it is not published: with the row where the check named one."""
    said = rule_words.problem_words("", problem.sentence)
    if problem.code == routing.RulesInvalid.code and row:
        first = problem.fields["problems"][0]
        said = rule_words.problem_words(first.column, first.sentence)
        return _("Row %(n)s: %(sentence)s") % {"n": row, "sentence": said}
    return said


@router.post("/publish")
async def post_publish(request: Request, actor: Actor = needs(Permission.RULES_PUBLISH)) -> Response:
    """Put the draft in force."""
    entered = await entered_in(request)

    async def within(work: Work) -> tuple[str, Done]:
        directory = reads(await frame_of(request, work), entered.get("organisation"), Permission.RULES_PUBLISH)
        why = entered.required("why", later("Say why the rules are changed; whoever looks back will ask."), most=500)
        over = entered.text("over", most=9)
        seen = entered.get("seen")
        number = int(over) if over.isdecimal() else None
        version = await drafting.publish_draft(work, directory.organisation.id, seen, why, number)
        return f"{HERE}?organisation={directory.organisation.slug}", Done("rules-published", str(version))

    async def again(problem: AhadiError) -> Response:
        return await _publish_form(request, actor, entered, problem)

    return await act(request, actor, entered, within, done=lambda went: went, again=again, twice=HERE)


@router.get("/versions/{version}/restore")
async def get_restore(request: Request, version: int, actor: Actor = needs(Permission.RULES_PUBLISH)) -> Response:
    """What changes when an earlier version is put in force again."""
    return await _restore_form(request, actor, version, Entered(dict(request.query_params)))


async def _restore_form(
    request: Request, actor: Actor, version: int, entered: Entered, problem: AhadiError | None = None
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, entered.get("organisation"), Permission.RULES_PUBLISH)
        id_ = directory.organisation.id
        found = await routing.get_rules(work, id_, version)
        in_force = next((e for e in await routing.versions_of(work, id_) if e.state == "published"), None)
    with reading(frame.reader):
        before = routing.keyed(in_force.rows if in_force else [])
        changes = _told(directory, routing.compare(before, routing.keyed(found.rows)))
        told = _problem(problem, _first_row(problem)) if problem else ""
        title = _("Put version %(n)s in force again") % {"n": version}
    slug = directory.organisation.slug
    form = Form(
        "rule-restore",
        f"{HERE}/versions/{version}/restore",
        f"{HERE}/versions?organisation={slug}",
        values={"slug": slug, "version": found, "changes": changes, "told": told, "title": title},
    )
    return show_form(request, frame, form, entered, problem)


def _first_row(problem: AhadiError) -> int:
    problems = problem.fields.get("problems") or []
    return int(problems[0].row) if problems else 0


@router.post("/versions/{version}/restore")
async def post_restore(request: Request, version: int, actor: Actor = needs(Permission.RULES_PUBLISH)) -> Response:
    """Put an earlier version in force again."""
    entered = await entered_in(request)

    async def within(work: Work) -> tuple[str, Done]:
        directory = reads(await frame_of(request, work), entered.get("organisation"), Permission.RULES_PUBLISH)
        why = entered.required("why", later("Say why the rules are changed; whoever looks back will ask."), most=500)
        await routing.publish_rules(work, directory.organisation.id, version, why)
        slug = directory.organisation.slug
        return f"{HERE}/versions?organisation={slug}", Done("rules-published", str(version))

    async def again(problem: AhadiError) -> Response:
        return await _restore_form(request, actor, version, entered, problem)

    return await act(request, actor, entered, within, done=lambda went: went, again=again, twice=f"{HERE}/versions")


@router.get("/discard")
async def get_discard(request: Request, actor: Actor = needs(Permission.RULES_EDIT)) -> Response:
    """Whether the draft is really to be thrown away."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, request.query_params.get("organisation", ""), Permission.RULES_EDIT)
        draft = await drafting.read_draft(work, directory.organisation.id)
    return show_form(request, frame, _form("rule-discard", directory, draft=draft))


@router.post("/discard")
async def post_discard(request: Request, actor: Actor = needs(Permission.RULES_EDIT)) -> Response:
    """Throw the draft away."""
    entered = await entered_in(request)

    async def deed(work: Work, directory: Directory, entered: Entered) -> Done:
        await drafting.discard_draft(work, directory.organisation.id, entered.get("seen"))
        return Done("rules-discarded")

    return await done_to_draft(request, actor, entered, deed)


# Files ------------------------------------------------------------------------------------------------------------


@router.get("/file")
async def get_file(
    request: Request, organisation: str = "", which: str = "draft", actor: Actor = needs(Permission.RULES_READ)
) -> Response:
    """The draft or a version as a JDM document; rows that cannot be read are not in it."""
    async with database_of(request).read(actor) as work:
        directory = reads(await frame_of(request, work), organisation)
        rows = await _rows(work, directory, which)
    document = routing.to_jdm(routing.read_rules([each.row for each in rows]).rules)
    name = f"rules-{directory.organisation.slug}-{which}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(orjson.dumps(document, option=orjson.OPT_INDENT_2), media_type="application/json", headers=headers)


@router.get("/upload")
async def get_upload(request: Request, actor: Actor = needs(Permission.RULES_EDIT)) -> Response:
    """A file that an editor of such documents saved, to take the draft's place."""
    return await _upload_form(request, actor, Entered(dict(request.query_params)))


async def _upload_form(request: Request, actor: Actor, entered: Entered, problem: AhadiError | None = None) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, entered.get("organisation"), Permission.RULES_EDIT)
        draft = await drafting.read_draft(work, directory.organisation.id)
    with reading(frame.reader):
        told = rule_words.problem_words("", problem.sentence) if problem else ""
    form = replace(_form("rule-upload", directory, draft=draft, told=told), files=True)
    return show_form(request, frame, form, entered, problem)


@router.post("/upload")
async def post_upload(request: Request, actor: Actor = needs(Permission.RULES_EDIT)) -> Response:
    """Take the rows of a file in place of the draft's; the last change can be undone."""
    entered = await entered_in(request, most_files=1)

    async def within(work: Work) -> tuple[str, Done]:
        directory = reads(await frame_of(request, work), entered.get("organisation"), Permission.RULES_EDIT)
        await drafting.replace_rows(work, directory.organisation.id, _document(entered), entered.get("seen"))
        return f"{HERE}?organisation={directory.organisation.slug}", Done("rules-uploaded")

    async def again(problem: AhadiError) -> Response:
        return await _upload_form(request, actor, entered, problem)

    return await act(request, actor, entered, within, done=lambda went: went, again=again, twice=HERE)


def _document(entered: Entered) -> object:
    if not entered.files or not entered.files[0].data:
        raise Invalid(later("Choose the file first."))
    data = entered.files[0].data
    if len(data) > _MOST_BYTES:
        raise Invalid(later("This file is too large to be a table of rules; at most 2 MB are read."))
    try:
        document: object = orjson.loads(data)
    except orjson.JSONDecodeError as problem:
        raise Invalid(later("This is no JSON file; choose one that the editor saved.")) from problem
    return document
