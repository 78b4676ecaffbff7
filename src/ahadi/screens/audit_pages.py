"""The audit: who did what, when, and to what; with a file of it for whoever keeps such files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from ahadi import cases
from ahadi.base.clock import iso, utc
from ahadi.base.errors import AhadiError, Invalid, NotFound
from ahadi.base.ids import parse_reference
from ahadi.directory import Directory, Permission, tokens
from ahadi.platform import audit
from ahadi.platform.audit_store import AuditFilter
from ahadi.platform.database import Actor, Work
from ahadi.platform.journal import JournalRow
from ahadi.platform.web import Paging, Router, database_of, needs, next_page, perform
from ahadi.screens.audit_wording import AREAS, area_choices, step_name
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.reader import Reader, _, later, reading
from ahadi.screens.settings_frame import administered, show_settings

router = Router(include_in_schema=False)
HERE = "/audit"
_NEEDED = Permission.AUDIT_READ
_FIELDS = ("who", "what", "case", "since", "until")
_MOST_TOKENS = 500


@dataclass(frozen=True, slots=True)
class Names:
    """What ids are called, for whoever reads: people, departments, programs, and the references of cases."""

    people: Mapping[UUID, str]
    cases: Mapping[UUID, str]

    def actor(self, row: JournalRow) -> str:
        """Who did it; where somebody acted in another's name, who it really was comes first."""
        if row.actor_kind == "system":
            return _("By itself")
        if row.actor_kind == "customer":
            return _("Customer")
        shown = self.people.get(row.actor_id or UUID(int=0), "–")
        if row.behind_id:
            return _("%(real)s on behalf of %(name)s") % {
                "real": self.people.get(row.behind_id, "–"),
                "name": shown,
            }
        return shown

    def subject(self, row: JournalRow) -> str:
        """Whom or what it was done to, where that has a name."""
        if row.case_id:
            return self.cases.get(row.case_id, "")
        return self.people.get(row.subject_id or UUID(int=0), "")


@router.get(HERE)
async def get_audit(
    request: Request, page: Paging, organisation: str | None = None, actor: Actor = needs(_NEEDED)
) -> Response:
    """A page of the journal, newest first, of what fits."""
    entered = Entered(values={name: request.query_params.get(name, "")[:80] for name in _FIELDS})
    after = page.after(datetime, int)
    problem: AhadiError | None = None
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = administered(frame, _NEEDED, organisation)
        frame = frame.at(directory.organisation.id)
        rows: list[JournalRow] = []
        try:
            key = (after[0], after[1]) if after else None
            wanted = await _wanted(work, directory, frame.reader, entered, key, page.limit + 1)
            rows = await audit.steps(work, directory.organisation.id, wanted)
        except (Invalid, NotFound) as wrong:
            problem = wrong
        names = await _names(work, frame, directory, rows)
    here = {"organisation": directory.organisation.slug} | {
        name: value for name, value in entered.values.items() if value
    }
    following = next_page(rows, page, key=lambda each: (each.at, each.seq))
    return show_settings(
        request,
        frame,
        directory,
        _NEEDED,
        "settings/audit.html",
        entered=entered,
        problem=problem,
        rows=rows[: page.limit],
        names=names,
        told=facts_of,
        people=_people(frame, directory),
        areas=area_choices,
        next_address=f"{HERE}?{urlencode(here | {'after': following})}" if following else "",
        first_address=f"{HERE}?{urlencode(here)}" if after else "",
    )


async def _wanted(
    work: Work,
    directory: Directory,
    reader: Reader,
    entered: Entered,
    after: tuple[datetime, int] | None,
    limit: int,
) -> AuditFilter:
    """What was chosen above the list. Days are the reader's own, both included. Raises Invalid, NotFound."""
    what, case_id = entered.text("what", most=80), None
    if reference := entered.text("case", most=40):
        parsed = parse_reference(reference)
        if parsed is None:
            raise Invalid(later("This is no reference of a case; check it."), field="case")
        found = await cases.get_case(work, parsed)
        if found.organisation_id != directory.organisation.id:
            raise NotFound(later("There is nothing at this address; check it."))
        case_id = found.id
    area = AREAS.get(what.removeprefix("area:")) if what.startswith("area:") else None
    return AuditFilter(
        actor_id=entered.id("who"),
        kinds=tuple(area[1]) if area else (what,) if what else (),
        case_id=case_id,
        since=_midnight(entered, "since", reader),
        until=_midnight(entered, "until", reader, days=1),
        after=after,
        limit=limit,
    )


def _midnight(entered: Entered, name: str, reader: Reader, days: int = 0) -> datetime | None:
    text = entered.text(name, most=10)
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return utc(datetime.combine(day, time(), reader.zone))
    except (ValueError, OverflowError) as problem:
        raise Invalid(later("Write a day as 2026-11-30."), field=name) from problem


def _people(frame: Frame, directory: Directory) -> list[tuple[str, str]]:
    found = [(str(id_), person.name) for id_, person in directory.people.items() if id_ in directory.memberships]
    return sorted(found, key=lambda each: each[1])


async def _names(work: Work, frame: Frame, directory: Directory, rows: Sequence[JournalRow]) -> Names:
    organisation_id = directory.organisation.id
    people = {id_: person.name for id_, person in directory.people.items()}
    language = frame.reader.language
    departments = {id_: each.name(language) for id_, each in directory.departments.items()}
    programs: dict[UUID, str] = {}
    if any(each.actor_kind == "token" or each.kind.startswith("token.") for each in rows):
        inside = work.as_installation(organisation_id)
        programs = {each.id: each.name for each in await tokens.tokens(inside, organisation_id, None, _MOST_TOKENS)}
    of_cases = {each.case_id for each in rows if each.case_id}
    references = await cases.references_of(work, organisation_id, list(of_cases)) if of_cases else {}
    return Names({**departments, **programs, **people}, references)


def facts_of(row: JournalRow) -> str:
    """What is told of a step beside its kind: short values, as they stand in the journal; ids are left out."""
    told = []
    for name, value in row.facts.items():
        if isinstance(value, list) and value and all(isinstance(each, str) and len(each) <= 40 for each in value):
            told.append(f"{name}: {', '.join(value[:8])}")
        elif isinstance(value, bool | int) or (isinstance(value, str) and 0 < len(value) <= 40 and not _is_id(value)):
            told.append(f"{name}: {value}")
    return "; ".join(told[:6])


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@router.post(HERE + "/export")
async def post_export(request: Request, actor: Actor = needs(_NEEDED)) -> Response:
    """All that fits, as a file for tables. That it was taken out is journalled itself, before the file begins."""
    entered = await entered_in(request)
    database = database_of(request)
    held: list[tuple[UUID, AuditFilter, Names, Reader]] = []

    async def deed(work: Work) -> None:
        frame = await frame_of(request, work)
        directory = administered(frame, _NEEDED, entered.get("organisation"))
        organisation_id = directory.organisation.id
        frame = frame.at(organisation_id)
        wanted = await _wanted(work, directory, frame.reader, entered, None, 1)
        names = await _names(work, frame, directory, ())
        programs = await tokens.tokens(work.as_installation(organisation_id), organisation_id, None, _MOST_TOKENS)
        people = {**names.people, **{each.id: each.name for each in programs}}
        work.record("audit.exported", organisation_id)
        held.append((organisation_id, wanted, Names(people, {}), frame.reader))

    await perform(request, actor, deed, status=204, key=None)
    organisation_id, wanted, names, reader = held[-1]
    with reading(reader):
        head = [_("Time (UTC)"), _("Who"), _("What"), _("Code"), _("Case"), _("Subject"), _("Details")]

    def line(row: JournalRow) -> list[str]:
        with reading(reader):
            who, what = names.actor(row), step_name(row.kind)
        case, subject = str(row.case_id or ""), names.subject(row) or str(row.subject_id or "")
        return [iso(row.at), who, what, row.kind, case, subject, facts_of(row)]

    return StreamingResponse(
        audit.written(database, actor, organisation_id, wanted, head, line),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )
