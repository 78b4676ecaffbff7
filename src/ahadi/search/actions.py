"""Searching: cases, customers, messages and people by one line of text, with what was mistyped put right."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi import cases, contacts, customers, routing
from ahadi.base.errors import Conflict, Forbidden, Invalid, NotFound
from ahadi.base.ids import parse_reference, uuid7
from ahadi.base.text import fold, one_line, words
from ahadi.cases import CaseSearch
from ahadi.contacts import FoundMessage, FoundMessages
from ahadi.customers import Customer
from ahadi.directory import Directory, Permission, Person, read_directory
from ahadi.platform.database import Work
from ahadi.search import store
from ahadi.search.nearness import SHORTEST, nearest
from ahadi.search.query import Query
from ahadi.search.store import SavedView

_MESSAGES, _CUSTOMERS, _PEOPLE = 100, 5, 5
MOST_VIEWS = 50
_NO_VIEW = "There is no such view that you may see."


@dataclass(frozen=True, slots=True)
class Found:
    """What was found. `said` is the newest message of a case that holds the words; `corrected` what stands for a word
    that is nowhere. `older_messages` says that older ones, which were not looked through, may hold the words too."""

    query: Query
    cases: Sequence[dict[str, Any]] = ()
    customers: Sequence[Customer] = ()
    people: Sequence[Person] = ()
    said: Mapping[UUID, FoundMessage] = field(default_factory=dict)
    corrected: Mapping[str, Sequence[str]] = field(default_factory=dict)
    older_messages: bool = False


async def search(work: Work, query: Query, *, after: tuple[datetime, UUID] | None = None, limit: int = 50) -> Found:
    """Look in every organisation that the actor may read cases of, or in those that the query names.

    Cases come newest change first, at most `limit` of them after `after`; customers and people only on the first page.
    A whole reference finds its case alone. By words of its messages a case is found as far as the newest hold them.
    """
    directories = {
        each: await read_directory(work, each)
        for each in work.actor.organisations
        if work.actor.may(each, Permission.CASE_READ)
    }
    directories = {
        id_: each
        for id_, each in directories.items()
        if not query.organisations or {each.organisation.slug, fold(each.organisation.name)} & set(query.organisations)
    }
    if rows := await _by_reference(work, list(directories), query, limit):
        return Found(query, rows)
    corrected = await _corrected(work, list(directories), query.words)
    groups = [corrected.get(word) or [word] for word in query.words]
    rows = []
    known: list[Customer] = []
    people: list[Person] = []
    said: dict[UUID, FoundMessage] = {}
    older = False
    for id_, directory in directories.items():
        found = await contacts.find_messages(work, id_, groups, _MESSAGES) if groups else FoundMessages()
        said |= {each.case_id: each for each in found.newest}
        older = older or found.more
        here = await _customers(work, id_, groups)
        wanted = _wanted(work, query, directory, groups)
        if wanted is not None:
            wanted = replace(
                wanted,
                among=await _waiting(work, id_, query),
                found=[each.case_id for each in found.newest],
                customers=[record for each in here for record in each.ids],
                after=after,
                limit=limit,
            )
            rows += await cases.find_cases(work, id_, wanted)
        if after is None and groups:
            known += here
            people += _colleagues(directory, groups)
    rows.sort(key=lambda row: (row["changed_at"], row["id"]), reverse=True)
    unique = list({each.id: each for each in people}.values())
    return Found(query, rows[:limit], known[:_CUSTOMERS], unique[:_PEOPLE], said, corrected, older)


async def _by_reference(work: Work, organisations: Sequence[UUID], query: Query, limit: int) -> list[dict[str, Any]]:
    """The case whose whole reference is all that was typed, whatever its state."""
    reference = parse_reference(" ".join(query.words))
    if reference is None or query.has_filters:
        return []
    wanted = CaseSearch(references=[reference], limit=limit)
    return [row for each in organisations for row in await cases.find_cases(work, each, wanted)]


async def _waiting(work: Work, organisation_id: UUID, query: Query) -> list[UUID] | None:
    """The cases that wait as the query says; None where it says nothing of that."""
    if not query.places and not query.skills:
        return None
    return await routing.queued(work, organisation_id, query.places, query.skills)


async def _corrected(work: Work, organisations: Sequence[UUID], typed: Sequence[str]) -> dict[str, list[str]]:
    """Of what begins no word of any text: the words that may have been meant."""
    asked = [each for each in dict.fromkeys(typed) if len(each) >= SHORTEST and each.isalpha()]
    if not asked or not organisations:
        return {}
    right = await store.begins_a_word(work, organisations, asked)
    found = {each: nearest(each, await store.near(work, organisations, each)) for each in asked if each not in right}
    return {typed: meant for typed, meant in found.items() if meant}


async def _customers(work: Work, organisation_id: UUID, groups: Sequence[Sequence[str]]) -> list[Customer]:
    if not groups or not work.actor.may(organisation_id, Permission.CUSTOMER_READ):
        return []
    text = " ".join(group[0] for group in groups)
    return await customers.find_customers(work, organisation_id, text=text, limit=_CUSTOMERS)


def _colleagues(directory: Directory, groups: Sequence[Sequence[str]]) -> list[Person]:
    """People of the organisation of whose name words begin with each of the words."""

    def fits(person: Person) -> bool:
        named = words(person.name)
        return all(any(part.startswith(each) for part in named for each in group) for group in groups)

    return [each for id_, each in sorted(directory.people.items()) if directory.serves(id_) and fits(each)]


def _wanted(work: Work, query: Query, directory: Directory, groups: Sequence[Sequence[str]]) -> CaseSearch | None:
    """The query in an organisation's own terms; None when it names what is not there."""
    holders = [id_ for each in query.holders for id_ in _holders(work, directory, each)]
    departments = [id_ for each in query.departments for id_ in _departments(directory, each) or _none(each)]
    reasons = [
        slug
        for each in query.reasons
        for slug, known in directory.reasons.items()
        if each == slug or each in map(fold, known.names.values())
    ]
    named = ((query.holders, holders), (query.departments, departments), (query.reasons, reasons))
    if any(asked and not meant for asked, meant in named):
        return None
    return CaseSearch(
        words=groups,
        state=None if query.state == "all" else query.state,
        holders=holders,
        departments=departments,
        reasons=reasons,
        channels=query.channels,
        priorities=query.priorities,
        tags=query.tags,
        promise_kinds=query.promise_kinds,
        due_before=work.now + query.due_within if query.due_within is not None else None,
        broken=query.broken,
        escalated=query.escalated,
        opened_since=work.now - query.opened_within if query.opened_within is not None else None,
        opened_before=work.now - query.opened_before if query.opened_before is not None else None,
    )


def _holders(work: Work, directory: Directory, named: str) -> list[UUID]:
    """People and departments of that name; `me` is whoever asks, `mine` their departments."""
    me = work.actor.person_id
    if named == "me":
        return [me] if me else []
    if named == "mine":
        membership = directory.memberships.get(me) if me else None
        return sorted(membership.departments) if membership else []
    people = [id_ for id_, each in directory.people.items() if named in (each.slug, fold(each.name), str(id_))]
    if not people:
        people = [id_ for id_, each in directory.people.items() if named in words(each.name)]
    return people + _departments(directory, named)


def _departments(directory: Directory, named: str) -> list[UUID]:
    return [
        id_
        for id_, each in directory.departments.items()
        if named in (each.slug, str(id_)) or named in map(fold, each.names.values())
    ]


def _none(named: str) -> list[UUID]:
    """What stands for no department at all."""
    return [UUID(int=0)] if named == "none" else []


def word_for(directories: Iterable[Directory], holder: UUID) -> str:
    """What to write after `holder:` for a person or department and nobody else: their short name where that will do."""
    known = list(directories)
    for each in known:
        named = each.people.get(holder) or each.departments.get(holder)
        if named and all(set(_called(other, named.slug)) <= {holder} for other in known):
            return named.slug
    return str(holder)


def _called(directory: Directory, named: str) -> list[UUID]:
    people = [id_ for id_, each in directory.people.items() if named in (each.slug, fold(each.name))]
    return people + _departments(directory, named)


# Saved views ------------------------------------------------------------------------------------------------------


async def save_view(work: Work, organisation_id: UUID, name: str, query: str, *, shared: bool = False) -> SavedView:
    """Keep a search under a name, for oneself or for everybody of the organisation."""
    work.permit(organisation_id, Permission.CASE_READ)
    person_id = _person(work)
    own = [each for each in await store.views_of(work, [organisation_id], person_id) if each.person_id == person_id]
    if len(own) >= MOST_VIEWS:
        raise Conflict(f"You keep {MOST_VIEWS} views already; remove one first.")
    named = _named(name)
    view = SavedView(organisation_id, uuid7(), person_id, named, one_line(query, 500), shared, work.real_now)
    store.add_view(work, view)
    work.record("view.saved", organisation_id, subject_id=view.id, shared=shared)
    return view


async def change_view(
    work: Work, view_id: UUID, *, name: str | None = None, query: str | None = None, shared: bool | None = None
) -> SavedView:
    """Change what is not None of one's own view. Raises NotFound, Forbidden."""
    former = await _own(work, view_id)
    view = replace(
        former,
        name=former.name if name is None else _named(name),
        query=former.query if query is None else one_line(query, 500),
        shared=former.shared if shared is None else shared,
    )
    await store.change_view(work, view)
    work.record("view.changed", view.organisation_id, subject_id=view.id, shared=view.shared)
    return view


async def remove_view(work: Work, view_id: UUID) -> None:
    """Keep one's own view no longer. Raises NotFound, Forbidden."""
    view = await _own(work, view_id)
    await store.remove_view(work, view)
    work.record("view.removed", view.organisation_id, subject_id=view.id)


async def views(work: Work) -> list[SavedView]:
    """One's own views and those shared with one."""
    if work.actor.person_id is None:
        return []
    readable = [each for each in work.actor.organisations if work.actor.may(each, Permission.CASE_READ)]
    return await store.views_of(work, readable, work.actor.person_id)


def _named(name: str) -> str:
    named = one_line(name, 60)
    if not named:
        raise Invalid("Give the view a name.")
    return named


def _person(work: Work) -> UUID:
    if work.actor.person_id is None:
        raise Forbidden("Views are kept by people; sign in.")
    return work.actor.person_id


async def _own(work: Work, view_id: UUID) -> SavedView:
    person_id = _person(work)
    view = await store.find_view(work, work.actor.organisations, view_id)
    if view is None or (view.person_id != person_id and not view.shared):
        raise NotFound(_NO_VIEW)
    work.permit(view.organisation_id, Permission.CASE_READ)
    if view.person_id != person_id:
        raise Forbidden("This view is somebody else's; save one of your own.")
    return view
