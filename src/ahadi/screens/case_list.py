"""The list of cases: searched, filtered, paged by cursor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import Response

from ahadi import cases, customers
from ahadi.base.errors import NotFound
from ahadi.base.ids import parse_reference
from ahadi.base.text import words
from ahadi.cases import CaseFilter, Holder
from ahadi.customers import Customer
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Together, Work
from ahadi.platform.web import Paging, Router, database_of, needs
from ahadi.platform.web.paging import next_page
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.my_work import my_work
from ahadi.screens.pages import go_to, is_live, screens_of
from ahadi.screens.reader import later

router = Router(include_in_schema=False)
Chosen = Annotated[str, Query(max_length=60)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for, as it stands in the address. `holder` is `me`, `mine` (my departments) or an id."""

    q: str
    state: str
    holder: str
    organisation: str
    customer: str

    @property
    def is_everything(self) -> bool:
        return not any((self.q, self.holder, self.organisation, self.customer)) and self.state == "open"

    def address(self, **changes: str) -> str:
        """The address of the list with something else chosen."""
        chosen = {name: getattr(self, name) for name in self.__dataclass_fields__} | changes
        chosen = {name: value for name, value in chosen.items() if value and (name, value) != ("state", "open")}
        return f"/cases?{urlencode(chosen)}" if chosen else "/cases"


@router.get("/cases")
async def get_cases(
    request: Request,
    page: Paging,
    q: Annotated[str, Query(max_length=200)] = "",
    state: Literal["open", "resolved", "all", ""] = "open",
    holder: Chosen = "",
    organisation: Chosen = "",
    customer: Chosen = "",
    actor: Actor = needs(Permission.CASE_READ),
) -> Response:
    """Cases, newest change first. A whole reference leads straight to its case."""
    wanted = Wanted(q.strip(), state or "open", holder, organisation, customer)
    reference = parse_reference(wanted.q) if wanted.q else None
    async with database_of(request).read(actor, by_key=not wanted.q) as work:
        if reference and not is_live(request) and await is_there(work, reference):
            return go_to(request, f"/cases/{reference}")
        async with Together() as asked:
            framed = asked.ask(frame_of(request, work))  # first, for its cursor
            mine = asked.ask(my_work(work))
            frame = await framed
            listed = asked.ask(_listed(work, frame, wanted, page.after(datetime, UUID), page.limit + 1))
            found = asked.ask(_found_customers(work, frame, wanted)) if wanted.q and not page.cursor else None
            chosen = asked.ask(_chosen_customer(work, frame, wanted))
    rows, names = listed.result()
    following = next_page(rows, page, key=lambda row: (row["changed_at"], row["id"]))
    return screens_of(request).page(
        request,
        frame.reader,
        "cases.html",
        frame=frame,
        wanted=wanted,
        rows=rows[: page.limit],
        customers=names,
        found=found.result() if found else [],
        chosen=chosen.result(),
        next_address=wanted.address(after=following) if following else None,
        first_address=wanted.address() if page.cursor else None,
        holders=departments_to_choose(frame),
        mine=mine.result(),
    )


async def is_there(work: Work, reference: str) -> bool:
    """Whether there is a case of this reference that the actor may see."""
    try:
        await cases.get_case(work, reference)
    except NotFound:
        return False
    return True


async def _listed(
    work: Work, frame: Frame, wanted: Wanted, after: tuple[Any, ...] | None, limit: int
) -> tuple[list[dict[str, Any]], dict[UUID, Customer]]:
    """The cases, and who they are about."""
    rows = await _find(work, frame, wanted, after, limit)
    return rows, await _customers(work, rows)


async def _find(
    work: Work, frame: Frame, wanted: Wanted, after: tuple[Any, ...] | None, limit: int
) -> list[dict[str, Any]]:
    organisations = _organisations(frame, wanted)
    holder, departments = _holder(frame, wanted.holder)
    if not organisations or (wanted.holder == "mine" and not departments):
        return []
    customer = _id(wanted.customer)
    ids: list[UUID] = []
    for each in organisations if customer else ():
        ids += await _ids_of(work, each, customer) if customer else ()
    responsible: list[UUID | None] = [*departments] or [None]
    filters = [
        CaseFilter(
            state="open" if wanted.state == "open" else "resolved" if wanted.state == "resolved" else None,
            holder=holder,
            department_id=department,
            customer_ids=tuple(ids) if customer else None,
            words=tuple(words(wanted.q)),
            after=(after[0], after[1]) if after else None,
            limit=limit,
        )
        for department in responsible
    ]
    rows = [row for each in filters for row in await cases.list_cases(work, organisations, each)]
    return sorted(rows, key=lambda row: (row["changed_at"], row["id"]), reverse=True)[:limit]


def _organisations(frame: Frame, wanted: Wanted) -> list[UUID]:
    """Those of the person's organisations that are looked into. Raises NotFound for one that is not theirs."""
    if wanted.organisation and all(
        each.organisation.slug != wanted.organisation for each in frame.directories.values()
    ):
        raise NotFound(later("There is no such organisation, or you have no access to it."))
    return [
        id_
        for id_, each in frame.directories.items()
        if frame.may(Permission.CASE_READ, id_) and wanted.organisation in ("", each.organisation.slug)
    ]


def _holder(frame: Frame, chosen: str) -> tuple[Holder | None, list[UUID]]:
    """One holder, or the departments responsible."""
    if chosen == "me" and frame.actor.person_id:
        return Holder(person=frame.actor.person_id), []
    if chosen == "mine":
        return None, sorted(each for held in frame.departments.values() for each in held)
    id_ = _id(chosen)
    known = id_ and any(id_ in each.departments for each in frame.directories.values())
    return None, [id_] if known and id_ else []


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


async def _ids_of(work: Work, organisation_id: UUID, customer_id: UUID) -> Sequence[UUID]:
    try:
        return await customers.same_person(work, organisation_id, customer_id)
    except NotFound:
        return ()


async def _customers(work: Work, rows: Sequence[Mapping[str, Any]]) -> dict[UUID, Customer]:
    """Who the cases are about, by record."""
    by_organisation: dict[UUID, set[UUID]] = {}
    for row in rows:
        by_organisation.setdefault(row["organisation_id"], set()).add(row["customer_id"])
    found: dict[UUID, Customer] = {}
    for organisation_id, ids in by_organisation.items():
        found |= await customers.get_customers(work, organisation_id, ids)
    return found


async def _found_customers(work: Work, frame: Frame, wanted: Wanted) -> list[Customer]:
    """People whose name, number or address begins with the words."""
    found: list[Customer] = []
    for each in _organisations(frame, wanted):
        if frame.may(Permission.CUSTOMER_READ, each):
            found += await customers.find_customers(work, each, text=wanted.q, limit=5)
    return found[:8]


async def _chosen_customer(work: Work, frame: Frame, wanted: Wanted) -> Customer | None:
    id_ = _id(wanted.customer)
    for each in _organisations(frame, wanted) if id_ else ():
        found = await customers.get_customers(work, each, [id_] if id_ else [])
        if found:
            return next(iter(found.values()))
    return None


def departments_to_choose(frame: Frame) -> list[tuple[str | None, list[tuple[str, str]]]]:
    """The choices of a department, by organisation."""
    language = frame.reader.language
    groups: list[tuple[str | None, list[tuple[str, str]]]] = []
    for each in frame.directories.values():
        departments = sorted(
            (d for d in each.departments.values() if d.active), key=lambda d: (d.position, d.name(language))
        )
        groups.append((each.organisation.name, [(str(d.id), d.name(language)) for d in departments]))
    return groups
