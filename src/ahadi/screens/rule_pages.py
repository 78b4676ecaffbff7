"""The rules of an organisation: the grid with what the check finds, the draft tried on past cases."""

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from ahadi import cases, routing
from ahadi.base.errors import AhadiError, Forbidden
from ahadi.base.ids import uuid7
from ahadi.directory import Directory, Permission
from ahadi.platform.database import Actor
from ahadi.platform.web import Router, database_of, needs
from ahadi.routing import drafting
from ahadi.screens import rule_view, rule_words
from ahadi.screens.entered import Entered
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import screens_of
from ahadi.screens.reader import reading

router = Router(prefix="/rules", include_in_schema=False)
HERE = "/rules"
_PAST, _MOST_SHOWN = 1_000, 100


def reads(frame: Frame, slug: str, permission: Permission = Permission.RULES_READ) -> Directory:
    """The organisation that is meant: by its slug, or without one the first in which the person may do this.

    Raises Forbidden.
    """
    there = [each for each in frame.directories.values() if frame.may(permission, each.organisation.id)]
    found = next((each for each in there if slug in ("", each.organisation.slug, str(each.organisation.id))), None)
    if found is None:
        raise Forbidden(f"This needs the permission {permission}.", permission=permission)
    return found


def surroundings(frame: Frame, directory: Directory, tab: str) -> dict[str, Any]:
    """What every page of rules has."""
    id_ = directory.organisation.id
    return {
        "frame": frame.at(id_),
        "directory": directory,
        "slug": directory.organisation.slug,
        "choosing": [e for e in frame.directories.values() if frame.may(Permission.RULES_READ, e.organisation.id)],
        "tab": tab,
        "may_edit": frame.may(Permission.RULES_EDIT, id_),
        "may_publish": frame.may(Permission.RULES_PUBLISH, id_),
    }


@router.get("")
async def get_rules(request: Request, actor: Actor = needs(Permission.RULES_READ)) -> Response:
    """The draft, or the rules in force while there is none, as a grid with what stands out."""
    return await grid_page(request, actor, Entered(dict(request.query_params)))


async def grid_page(request: Request, actor: Actor, entered: Entered, problem: AhadiError | None = None) -> Response:
    """The page of the grid."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, entered.get("organisation"))
        id_ = directory.organisation.id
        draft = await drafting.read_draft(work, id_)
        versions = await routing.versions_of(work, id_)
        corrected = await routing.corrections(work, id_, _PAST)
        _reading, check = await drafting.checked(draft.written, directory)
    around = surroundings(frame, directory, "grid")
    with reading(around["frame"].reader):
        grid = rule_view.grid_of(directory, draft.rows, check, corrected)
        fallback = rule_words.outcome_name(directory, "department", routing.usual_department(directory))
        hint = rule_view.uncovered_hint(directory, corrected)
        described = said_problem(problem)
    return screens_of(request).page(
        request,
        around["frame"].reader,
        "rules/page.html",
        status=problem.status if problem else 200,
        **around,
        draft=draft,
        grid=grid,
        in_force=next((each for each in versions if each.state == "published"), None),
        fallback=fallback,
        uncovered_hint=hint,
        problem=problem,
        described=described,
        key=uuid7().hex,
    )


def said_problem(problem: AhadiError | None) -> str:
    """What went wrong; who changed something meanwhile is told by the page."""
    return rule_words.problem_words("", problem.sentence) if problem else ""


@router.get("/trial")
async def get_trial(
    request: Request,
    last: Annotated[int, Query(ge=1, le=2000)] = 200,
    organisation: str = "",
    actor: Actor = needs(Permission.RULES_READ),
) -> Response:
    """Which of the last cases would have gone elsewhere by the draft."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = reads(frame, organisation)
        id_ = directory.organisation.id
        draft = await drafting.read_draft(work, id_)
        _reading, check = await drafting.checked(draft.written, directory)
        trial = None if check.problems else await routing.try_on_past(work, id_, draft.written, last)
        shown = trial.elsewhere[:_MOST_SHOWN] if trial else ()
        lines = await cases.lines_of_cases(work, [id_], [each.past.case_id for each in shown])
        held = {each.key: str(each.row.get("name") or each.key) for each in draft.rows}
        names = await _rule_names(work, directory) | held
    around = surroundings(frame, directory, "trial")
    with reading(around["frame"].reader):
        departments = {
            each.slug: rule_words.outcome_name(directory, "department", each.slug)
            for each in directory.departments.values()
        }
    by_id = {routing.rule_id(held[each.key]) if "id" not in each.row else str(each.row["id"]): each.key
             for each in draft.rows}  # fmt: skip
    return screens_of(request).page(
        request,
        around["frame"].reader,
        "rules/trial.html",
        **around,
        draft=draft,
        trial=trial,
        last=last,
        shown=shown,
        lines=lines,
        names={**names, **{rule: names[key] for rule, key in by_id.items()}},
        departments=departments,
        problem=None,
    )


async def _rule_names(work: Any, directory: Directory) -> dict[str, str]:
    """What the rules of the last versions were called, by id."""
    names: dict[str, str] = {}
    for version in reversed(await routing.versions_of(work, directory.organisation.id, 20)):
        names |= {each.key: str(each.row.get("name") or each.key) for each in routing.keyed(version.rows)}
    return names
