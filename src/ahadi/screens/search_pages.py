"""Searching: one box for everything, views that are kept, and what is done with several cases together."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import Response

from ahadi import cases, customers, promises, search
from ahadi.base.errors import AhadiError, Conflict, Invalid
from ahadi.base.ids import parse_reference, uuid7
from ahadi.base.text import one_line
from ahadi.cases.batch import Many, tell_many
from ahadi.customers import Customer
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Page, Paging, Router, database_of, needs, next_page
from ahadi.screens.acting import act
from ahadi.screens.case_list import departments_to_choose, is_there
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import frame_of
from ahadi.screens.pages import Done, go_to, is_live, screens_of
from ahadi.screens.reader import later
from ahadi.search import Found

router = Router(include_in_schema=False)
_LONGEST, _MOST_TOGETHER = 500, 200
_FIRST = Page(50, None)


@router.get("/search")
async def get_search(
    request: Request,
    page: Paging,
    q: Annotated[str, Query(max_length=_LONGEST)] = "",
    actor: Actor = needs(Permission.CASE_READ),
) -> Response:
    """What fits a line of words and filters. A whole reference leads straight to its case."""
    reference = parse_reference(q.strip()) if q else None
    if reference and not is_live(request):
        async with database_of(request).read(actor) as work:
            if await is_there(work, reference):
                return go_to(request, f"/cases/{reference}")
    return await _page(request, actor, q, page)


async def _page(
    request: Request,
    actor: Actor,
    q: str,
    page: Page,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        query = search.parse(q)
        found = await search.search(work, query, after=page.after(datetime, UUID), limit=page.limit + 1)
        known = await _customers(work, found)
        views = await search.views(work)
    following = next_page(found.cases, page, key=lambda row: (row["changed_at"], row["id"]))
    return screens_of(request).page(
        request,
        frame.reader,
        "search.html",
        status=problem.status if problem else 200,
        frame=frame,
        q=q,
        query=query,
        found=found,
        rows=found.cases[: page.limit],
        said={id_: one_line(each.body, 160) for id_, each in found.said.items()},
        customers=known,
        views=views,
        next_address=_address(q, after=following) if following else None,
        first_address=_address(q) if page.cursor else None,
        address=_address,
        holders=departments_to_choose(frame),
        entered=entered or Entered(),
        problem=problem,
        keys=[uuid7().hex, uuid7().hex],
    )


def _address(q: str, **more: str) -> str:
    return f"/search?{urlencode({'q': q, **more})}"


async def _customers(work: Work, found: Found) -> Mapping[UUID, Customer]:
    """Who the cases are about, by record."""
    by_organisation: dict[UUID, set[UUID]] = {}
    for row in found.cases:
        by_organisation.setdefault(row["organisation_id"], set()).add(row["customer_id"])
    known: dict[UUID, Customer] = {}
    for organisation_id, ids in by_organisation.items():
        known |= await customers.get_customers(work, organisation_id, ids)
    return known


# Views ------------------------------------------------------------------------------------------------------------


@router.post("/search/views")
async def post_view(request: Request, actor: Actor = needs(Permission.CASE_READ)) -> Response:
    """Keep the search under a name."""
    entered = await entered_in(request)
    q = entered.text("q", most=_LONGEST)

    async def deed(work: Work) -> None:
        frame = await frame_of(request, work)
        named = entered.required("name", later("Give the view a name."), most=60)
        for organisation_id in frame.directories:
            if frame.may(Permission.CASE_READ, organisation_id):
                shared = entered.get("shared") == "yes"
                await search.save_view(work, organisation_id, named, q, shared=shared)
                return

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, q, _FIRST, entered, problem)

    return await act(
        request, actor, entered, deed, done=lambda _: (_address(q), Done("view-kept")), again=again, twice=_address(q)
    )


@router.post("/search/views/{view_id}/remove")
async def post_remove_view(request: Request, view_id: UUID, actor: Actor = needs(Permission.CASE_READ)) -> Response:
    """Keep one's own view no longer."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        await search.remove_view(work, view_id)

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, "", _FIRST, entered, problem)

    return await act(
        request, actor, entered, deed, done=lambda _: ("/search", Done("view-removed")), again=again, twice="/search"
    )


# Several together -------------------------------------------------------------------------------------------------


@router.post("/search/together")
async def post_together(request: Request, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Do one thing with every case that was chosen: all of them, or none while one refuses."""
    entered = await entered_in(request)
    q = entered.text("q", most=_LONGEST)
    here = _address(q)
    deeds = {"hold": _hold, "tag": _tag, "write": _write}

    async def deed(work: Work) -> None:
        named = entered.one_of("deed", tuple(deeds), later("Say what is to be done with them."))
        chosen = list(dict.fromkeys(entered.all("reference")))
        if not chosen:
            raise Invalid(later("Choose the cases first."))
        if len(chosen) > _MOST_TOGETHER:
            raise Invalid(later("These are too many at once; choose at most 200."))
        await deeds[named](work, chosen, entered)

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, q, _FIRST, entered, problem)

    return await act(
        request, actor, entered, deed, done=lambda _: (here, Done("done-together")), again=again, twice=here
    )


async def _hold(work: Work, chosen: list[str], entered: Entered) -> None:
    """Hand them over to a department, with their promises; each customer is told."""
    department = entered.id("holder")
    if department is None:
        raise Invalid(later("Choose the department that takes the cases."))
    for reference in sorted(chosen):
        await promises.hold_case(work, reference, None, str(department), entered.text("note") or None)


async def _tag(work: Work, chosen: list[str], entered: Entered) -> None:
    """Add a tag to each."""
    tag = entered.required("tag", later("Write the tag."), most=40)
    for reference in sorted(chosen):
        case = await cases.get_case(work, reference)
        await cases.tag_case(work, reference, sorted({*case.tags, tag}))


async def _write(work: Work, chosen: list[str], entered: Entered) -> None:
    """Write to each customer, with the rules for messages in force: nobody gets one while one has a hole in it."""
    words = entered.required("words", later("Write what the customers are to be told."))
    by_organisation: dict[UUID, list[str]] = {}
    for reference in chosen:
        case = await cases.get_case(work, reference)
        by_organisation.setdefault(case.organisation_id, []).append(reference)
    for organisation_id, references in by_organisation.items():
        many = Many(uuid7(), references=references, subject=entered.text("subject", most=200), body=words)
        state = await tell_many(work, organisation_id, many)
        if state.unresolved:
            raise Conflict(state.sentence)
