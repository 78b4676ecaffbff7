"""Rules as versions: drafted, checked, tried on real cases, published, rolled back; and what people corrected."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from ahadi import cases
from ahadi.base.errors import Conflict, NotFound
from ahadi.directory import Directory, raise_version, read_directory
from ahadi.platform.database import Work
from ahadi.routing import store
from ahadi.routing.check import Check, Known, check_rows
from ahadi.routing.corrections import Corrected, Reroute, corrected_rules
from ahadi.routing.jdm import to_jdm
from ahadi.routing.model import RulesInvalid, Then
from ahadi.routing.routes import departments_of_reasons, past_request, usual_department
from ahadi.routing.rows import read_rules, written_rule
from ahadi.routing.store import Fact, TableVersion
from ahadi.routing.table import Table
from ahadi.routing.trial import Past, Trial, try_rules


def known_names(directory: Directory) -> Known:
    """The names that rows of an organisation may use."""
    slugs = {each.id: each.slug for each in directory.departments.values() if each.active}
    people: dict[str, frozenset[str]] = {}
    skills: dict[str, set[str]] = {}
    for id_, membership in directory.memberships.items():
        theirs = frozenset(slugs[each] for each in membership.departments if each in slugs)
        people[directory.people[id_].slug] = theirs
        for skill in membership.skills:
            skills.setdefault(skill, set()).update(theirs)
    tiers = frozenset(directory.organisation.settings.tiers)
    return Known(
        departments=frozenset(slugs.values()),
        people=people,
        skills={skill: frozenset(where) for skill, where in skills.items()},
        reasons=frozenset(directory.reasons) or None,
        tiers=tiers or None,
    )


async def draft_rules(
    work: Work, organisation_id: UUID, rows: Sequence[Mapping[str, Any]], note: str | None = None
) -> tuple[int, Check]:
    """Keep rows as a new draft; its number and what the check found. Raises RulesInvalid for unreadable rows."""
    work.permit(organisation_id, "rules.edit")
    directory = await read_directory(work, organisation_id)
    reading, check = await asyncio.to_thread(check_rows, list(rows), known_names(directory))
    if reading.problems:
        first = reading.problems[0]
        raise RulesInvalid(f"Row {first.row}: {first.sentence}.", problems=list(reading.problems))
    version = await store.insert_draft(work, organisation_id, [written_rule(rule) for rule in reading.rules], note)
    work.record("rules.drafted", organisation_id, version=version, rows=len(reading.rules))
    return version, check


async def get_rules(work: Work, organisation_id: UUID, version: int) -> TableVersion:
    """One version of the rules. Raises NotFound."""
    work.permit(organisation_id, "rules.read")
    found = await store.get_version(work, organisation_id, version)
    if found is None:
        raise NotFound(f"There is no version {version} of these rules.", version=version)
    return found


async def versions_of(work: Work, organisation_id: UUID, limit: int = 200) -> list[TableVersion]:
    """The versions of an organisation's rules, newest first."""
    work.permit(organisation_id, "rules.read")
    return await store.versions_of(work, organisation_id, None, limit)


async def check_version(work: Work, organisation_id: UUID, version: int) -> Check:
    """Rows that can never match, requests no row covers, and names that do not exist."""
    found = await get_rules(work, organisation_id, version)
    known = known_names(await read_directory(work, organisation_id))
    return (await asyncio.to_thread(check_rows, found.rows, known))[1]


async def jdm_of(work: Work, organisation_id: UUID, version: int) -> dict[str, Any]:
    """One version as a JDM document, which any editor of such documents opens. Raises NotFound."""
    found = await get_rules(work, organisation_id, version)
    return to_jdm(read_rules(found.rows).rules)


async def try_version(work: Work, organisation_id: UUID, version: int, last: int) -> Trial:
    """Which of the last cases would have gone elsewhere."""
    found = await get_rules(work, organisation_id, version)
    return await try_on_past(work, organisation_id, found.rows, last)


async def try_on_past(work: Work, organisation_id: UUID, rows: Sequence[Mapping[str, Any]], last: int) -> Trial:
    """Which of the last cases would have gone elsewhere by these rows; those that cannot be read are left out."""
    work.permit(organisation_id, "rules.read")
    directory = await read_directory(work, organisation_id)
    usual, by_reason = Then(department=usual_department(directory)), departments_of_reasons(directory)
    table = Table(read_rules(rows).rules, usual, by_reason=by_reason)
    slugs = {each.id: each.slug for each in directory.departments.values()}
    past = []
    facts = await _decided(work, organisation_id, last)
    moved = await cases.moved_by_people(work, organisation_id, [fact.case_id for fact in facts])
    for fact in facts:
        where = moved.get(fact.case_id, fact.department_id)
        if where in slugs:
            past.append(Past(fact.case_id, past_request(fact.request), slugs[where], fact.rule_id))
    return try_rules(table, past)


async def _decided(work: Work, organisation_id: UUID, last: int) -> list[Fact]:
    """What rules decided among the last cases, newest first: not where customers chose the department themselves."""
    return [fact for fact in await store.facts_of(work, organisation_id, last) if not fact.chosen]


async def publish_rules(work: Work, organisation_id: UUID, version: int, why: str | None = None) -> None:
    """Put a version in force: a draft, or an earlier one to roll back. Raises RulesInvalid where names do not exist.

    `why` is kept with the version.
    """
    work.permit(organisation_id, "rules.publish")
    found = await store.get_version(work, organisation_id, version, lock=True)
    if found is None:
        raise NotFound(f"There is no version {version} of these rules.", version=version)
    if found.state == "published":
        raise Conflict(f"Version {version} is in force already.", version=version)
    directory = await read_directory(work, organisation_id)
    _, check = await asyncio.to_thread(check_rows, found.rows, known_names(directory))
    if check.problems:
        first = check.problems[0]
        raise RulesInvalid(f"Row {first.row}: {first.sentence}.", problems=list(check.problems))
    before = await store.published_version(work, organisation_id)
    await store.publish(work, organisation_id, version, why)
    await raise_version(work, organisation_id)
    kind = "rules.rolled_back" if before and before > version else "rules.published"
    work.record(kind, organisation_id, version=version, before=before)


async def roll_back(work: Work, organisation_id: UUID, why: str | None = None) -> int:
    """Put the version in force again that was before this one; its number."""
    versions = [v for v in await store.versions_of(work, organisation_id, None, 200) if v.published_at]
    current = next((v for v in versions if v.state == "published"), None)
    earlier = [v for v in versions if current and v.version != current.version and v.state == "retired"]
    if not earlier:
        raise Conflict("There is no earlier version to go back to.")
    target = max(earlier, key=lambda v: (v.published_at, v.version))
    await publish_rules(work, organisation_id, target.version, why)
    return target.version


async def put_rules(work: Work, organisation_id: UUID, rows: Sequence[Mapping[str, Any]]) -> int | None:
    """Publish these rows if they differ from those in force; the new version's number, or None. For setting up."""
    current = await store.published_version(work, organisation_id)
    reading = read_rules(list(rows))
    if reading.problems:
        first = reading.problems[0]
        raise RulesInvalid(f"Row {first.row}: {first.sentence}.", problems=list(reading.problems))
    written = [written_rule(rule) for rule in reading.rules]
    held = await store.get_version(work, organisation_id, current) if current else None
    if held is not None and held.rows == written:
        return None
    if held is None and not written:
        return None
    version, _ = await draft_rules(work, organisation_id, written, "set up")
    await publish_rules(work, organisation_id, version)
    return version


async def corrections(work: Work, organisation_id: UUID, last: int) -> tuple[Corrected, ...]:
    """The rules that people keep correcting, over the last decisions."""
    work.permit(organisation_id, "rules.read")
    directory = await read_directory(work, organisation_id)
    slugs = {each.id: each.slug for each in directory.departments.values()}
    facts = (await _decided(work, organisation_id, last))[::-1]
    moved = await cases.moved_by_people(work, organisation_id, [fact.case_id for fact in facts])
    reroutes = [
        Reroute(f.case_id, f.rule_id, slugs[f.department_id], slugs[moved[f.case_id]])
        for f in facts
        if f.department_id in slugs and moved.get(f.case_id) in slugs
    ]
    return corrected_rules(reroutes, Counter(f.rule_id for f in facts))
