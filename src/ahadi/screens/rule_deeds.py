"""What is done to the draft of the rules: rows added, moved, copied, removed; cells changed; the last change undone."""

from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.responses import Response

from ahadi import routing
from ahadi.base.errors import AhadiError, NotFound
from ahadi.directory import Directory, Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs
from ahadi.routing import ChangedMeanwhile, DraftRow, drafting
from ahadi.screens import rule_cells, rule_view, rule_words
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.forms import Form, show_form
from ahadi.screens.frame import frame_of
from ahadi.screens.pages import Done
from ahadi.screens.reader import _, reading
from ahadi.screens.rule_pages import HERE, grid_page, reads

router = Router(prefix="/rules", include_in_schema=False)
EDITABLE = ("name", *routing.CONDITIONS, *rule_view.OUTCOMES)

Deed = Callable[[Work, Directory, Entered], Awaitable[Done]]


async def done_to_draft(request: Request, actor: Actor, entered: Entered, deed: Deed) -> Response:
    """Do something to the draft, and show the grid again."""

    async def within(work: Work) -> tuple[str, Done]:
        frame = await frame_of(request, work)
        directory = reads(frame, entered.get("organisation"), Permission.RULES_EDIT)
        done = await deed(work, directory, entered)
        return f"{HERE}?organisation={directory.organisation.slug}", done

    async def again(problem: AhadiError) -> Response:
        return await grid_page(request, actor, entered, problem)

    return await act(request, actor, entered, within, done=lambda went: went, again=again, twice=HERE)


@router.post("/rows")
async def post_row(request: Request, actor: Actor = needs(Permission.RULES_EDIT)) -> Response:
    """A new row at the end, for every request until it is given conditions."""
    entered = await entered_in(request)

    async def deed(work: Work, directory: Directory, entered: Entered) -> Done:
        frame = await frame_of(request, work)
        with reading(frame.reader):
            name = _("Everything else") if entered.get("what") == "rest" else _("New rule")
        await drafting.add_row(work, directory.organisation.id, _new_row(directory, name))
        return Done("rule-added")

    return await done_to_draft(request, actor, entered, deed)


def _new_row(directory: Directory, name: str) -> dict[str, object]:
    return {"name": name, "then": {"department": routing.usual_department(directory)}}


@router.post("/rows/{rule_key}")
async def post_deed(request: Request, rule_key: str, actor: Actor = needs(Permission.RULES_EDIT)) -> Response:
    """Move, copy or remove a row, or put a new one below it."""
    entered = await entered_in(request)

    async def deed(work: Work, directory: Directory, entered: Entered) -> Done:
        id_, wanted = directory.organisation.id, entered.get("do")
        if wanted in ("up", "down"):
            await drafting.move_row(work, id_, rule_key, step=-1 if wanted == "up" else 1)
            return Done("rule-moved")
        if wanted == "before":
            await drafting.move_row(work, id_, rule_key, before=entered.text("before", most=120) or None)
            return Done("rule-moved")
        if wanted == "copy":
            await drafting.copy_row(work, id_, rule_key)
            return Done("rule-added")
        if wanted == "add":
            frame = await frame_of(request, work)
            with reading(frame.reader):
                name = _("New rule")
            await drafting.add_row(work, id_, _new_row(directory, name), rule_key)
            return Done("rule-added")
        if wanted == "clear":
            column = _column(entered.get("column"))
            cells = rule_cells.cells_of(column, Entered({"decision": "clear"}))
            await drafting.change_cells(work, id_, rule_key, cells, entered.get("seen"))
            return Done("rule-changed")
        await drafting.remove_row(work, id_, rule_key, entered.get("seen"))
        return Done("rule-removed")

    return await done_to_draft(request, actor, entered, deed)


def _column(column: str) -> str:
    if column not in EDITABLE:
        raise NotFound("There is no such column.")
    return column


@router.post("/undo")
async def post_undo(request: Request, actor: Actor = needs(Permission.RULES_EDIT)) -> Response:
    """Take the last change back."""
    entered = await entered_in(request)

    async def deed(work: Work, directory: Directory, entered: Entered) -> Done:
        revision = entered.text("revision", most=9)
        await drafting.undo_change(work, directory.organisation.id, int(revision) if revision.isdecimal() else -1)
        return Done("rules-undone")

    return await done_to_draft(request, actor, entered, deed)


# One cell ---------------------------------------------------------------------------------------------------------


@router.get("/rows/{rule_key}/add")
async def get_condition(request: Request, rule_key: str, actor: Actor = needs(Permission.RULES_EDIT)) -> Response:
    """Which further condition a row is to have."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, request.query_params.get("organisation", ""), Permission.RULES_EDIT)
        row = await _row(work, directory, rule_key)
    with reading(frame.reader):
        unused = [
            (each, rule_words.column_name(each))
            for each in routing.CONDITIONS
            if rule_view.raw_cell(row.row, each) is None
        ]
        title = _("A condition for “%(name)s”") % {"name": row.row.get("name") or "–"}
    slug = directory.organisation.slug
    form = Form(
        "rule-condition",
        HERE,
        f"{HERE}?organisation={slug}",
        values={"title": title, "row": row, "unused": unused, "slug": slug, "directory": directory},
    )
    return show_form(request, frame, form)


async def _row(work: Work, directory: Directory, key: str) -> DraftRow:
    draft = await drafting.read_draft(work, directory.organisation.id)
    found = next((each for each in draft.rows if each.key == key), None)
    if found is None:
        raise NotFound("This row is no longer there; somebody removed it.")
    return found


@router.get("/rows/{rule_key}/{rule_column}")
async def get_cell(
    request: Request, rule_key: str, rule_column: str, actor: Actor = needs(Permission.RULES_EDIT)
) -> Response:
    """The editor of one cell."""
    return await _cell_form(request, actor, rule_key, _column(rule_column), Entered(dict(request.query_params)))


async def _cell_form(
    request: Request, actor: Actor, key: str, column: str, entered: Entered, problem: AhadiError | None = None
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, entered.get("organisation"), Permission.RULES_EDIT)
        row = await _row(work, directory, key)
        draft = await drafting.read_draft(work, directory.organisation.id)
    with reading(frame.reader):
        typed = rule_cells.as_entered(row.row, column, entered) if problem else row.row
        editor = rule_cells.editor_of(directory, typed, column)
        title = _("%(column)s of “%(name)s”") % {"column": editor.label, "name": row.row.get("name") or "–"}
        told = rule_words.problem_words("", problem.sentence) if problem else ""
        if isinstance(problem, ChangedMeanwhile):
            who = directory.name_of(draft.changed_by, frame.reader.language) if draft.changed_by else ""
            now = rule_view.cell_of(directory, row.row, column).text
            told = _(
                "%(name)s changed this row meanwhile; here it now says: %(now)s. What you entered stands below; keep it"
                " if it is still right."
            ) % {"name": who or _("Somebody"), "now": now}
    slug = directory.organisation.slug
    form = Form(
        "rule-cell",
        f"{HERE}/rows/{row.key}/{column}",
        f"{HERE}?organisation={slug}",
        values={"title": title, "row": row, "editor": editor, "slug": slug, "told": told},
    )
    return show_form(request, frame, form, Entered(), problem)


@router.post("/rows/{rule_key}/{rule_column}")
async def post_cell(
    request: Request, rule_key: str, rule_column: str, actor: Actor = needs(Permission.RULES_EDIT)
) -> Response:
    """Let a cell say what was entered."""
    entered = await entered_in(request)
    column = _column(rule_column)

    async def within(work: Work) -> tuple[str, Done]:
        frame = await frame_of(request, work)
        directory = reads(frame, entered.get("organisation"), Permission.RULES_EDIT)
        cells = rule_cells.cells_of(column, entered)
        await drafting.change_cells(work, directory.organisation.id, rule_key, cells, entered.get("seen"))
        return f"{HERE}?organisation={directory.organisation.slug}", Done("rule-changed")

    async def again(problem: AhadiError) -> Response:
        if isinstance(problem, NotFound):
            return await grid_page(request, actor, entered, problem)
        return await _cell_form(request, actor, rule_key, column, entered, problem)

    return await act(request, actor, entered, within, done=lambda went: went, again=again, twice=HERE)
