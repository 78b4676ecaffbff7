"""Routing a request: by the rules in force, to a department or person who is really there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.cases import Holder, Priority, PromiseKind
from ahadi.customers import Customer
from ahadi.directory import Directory, Within
from ahadi.platform.database import Work
from ahadi.routing import matching_store, store
from ahadi.routing.model import Channel, Decision, Moment, Request, Then, Tier, needle, saying, spoken, verified_tier
from ahadi.routing.offering import Offering
from ahadi.routing.rows import read_rules
from ahadi.routing.table import Table, Tables

_tables = Tables()
_PAST, _LONG_AGO = UUID(int=0), datetime(1970, 1, 1, tzinfo=UTC)  # a tier that was proved when its case was routed


@dataclass(frozen=True, slots=True)
class Routed:
    """Where a request goes, as ids: who holds it, which department answers for it, and what is promised first."""

    holder: Holder
    department_id: UUID | None
    priority: Priority
    rule_id: str | None
    version: int
    promise_kind: PromiseKind | None
    promise_within: Within | None
    promise_text: str | None
    words: tuple[str, ...] = ()
    skill: str | None = None  # that the rule asks for: whoever is offered it has it
    chosen: bool = False  # the customer chose the department: no rule decided, and none can be corrected by it


def request_of(
    directory: Directory,
    *,
    at: datetime,
    channel: Channel,
    reason: str | None,
    language: str,
    customer: Customer | None,
    place: str,
    text: str,
    attributes: Mapping[str, Any],
    repeat: int = 0,
) -> Request:
    """The inputs of the rules. The tier is that of the customer's verified entitlement and comes from nowhere else."""
    zone = ZoneInfo(directory.organisation.zone)
    holiday = directory.is_public_holiday(at)
    return Request(
        channel=channel,
        moment=Moment.of(at, zone, public_holiday=holiday),
        reason=reason,
        language=language,
        tier=_tier(customer, at),
        repeat=repeat,
        place=place,
        text=text,
        attributes=attributes,
    )


@dataclass(frozen=True, slots=True)
class _Proof:
    """An entitlement in force, as the customers package read it."""

    id: UUID
    customer_id: UUID
    tier: str
    verified_at: datetime | None
    expires_at: datetime | None = None


def _tier(customer: Customer | None, at: datetime) -> Tier | None:
    if customer is None:
        return None
    record = next((each for each in customer.records if each.tier and each.tier == customer.tier), None)
    if record is None or record.tier is None:
        return None
    proof = _Proof(record.id, customer.id, record.tier, record.tier_from)
    return verified_tier(proof, customer_id=customer.id, now=at)


async def route(work: Work, directory: Directory, request: Request, *, chosen: str | None = None) -> Routed:
    """Decide by the rules in force; what none covers goes to its reason's department, else the default. Never nowhere.

    `chosen` is the department a customer asked for: it takes the request, with the priority the rules give.
    """
    version, table_id = await _in_force(work, directory)
    table = await _table(work, directory, version, table_id)
    decision = table.decide(request)
    if chosen is not None:
        department = directory.department(chosen)
        decision = Decision(Then(department=department.slug, priority=decision.then.priority), None, "chosen")
    said = spoken(request.text)
    phrases = {phrase for rule in table.rules for phrase in rule.when.words}
    heard = tuple(sorted(phrase for phrase in phrases if needle(phrase) in said))
    offering = await offering_in_force(work, directory)
    return replace(_resolve(directory, decision, version, work.now, heard, offering), chosen=chosen is not None)


_versions: dict[UUID, tuple[int, tuple[int, UUID]]] = {}


async def _in_force(work: Work, directory: Directory) -> tuple[int, UUID]:
    """The rules in force; asked anew when the directory's version grew, as publishing makes it."""
    organisation = directory.organisation
    known = _versions.get(organisation.id)
    if known is None or known[0] != organisation.version:
        found = await store.in_force(work, organisation.id) or (0, organisation.id)
        known = _versions[organisation.id] = organisation.version, found
    return known[1]


_offerings: dict[UUID, tuple[int, Offering]] = {}


async def offering_in_force(work: Work, directory: Directory) -> Offering:
    """How the organisation offers work; asked anew when the directory's version grew, as changing it makes it."""
    organisation = directory.organisation
    known = _offerings.get(organisation.id)
    if known is None or known[0] != organisation.version:
        found = await matching_store.offering_of(work, organisation.id)
        known = _offerings[organisation.id] = organisation.version, found
    return known[1]


async def _table(work: Work, directory: Directory, version: int, table_id: UUID) -> Table:
    usual, by_reason = Then(department=usual_department(directory)), departments_of_reasons(directory)
    key = (table_id, usual, tuple(by_reason.items()))
    table = _tables.get(key)
    if table is None:
        found = await store.get_version(work, directory.organisation.id, version) if version else None
        rules = read_rules(found.rows).rules if found else ()
        table = _tables.put(key, Table(rules, usual, by_reason=by_reason))
    return table


def usual_department(directory: Directory) -> str:
    """The department that takes what no rule covers."""
    default = directory.departments.get(directory.organisation.default_department_id or UUID(int=0))
    first = next((each for each in directory.departments.values() if each.active), None)
    found = default if default and default.active else first
    return found.slug if found else ""


def departments_of_reasons(directory: Directory) -> dict[str, Then]:
    """Who answers for a reason, where no rule says otherwise."""
    slugs = {each.id: each.slug for each in directory.departments.values() if each.active}
    return {
        each.slug: Then(department=slugs[each.department_id])
        for each in directory.reasons.values()
        if each.active and each.department_id in slugs
    }


def _resolve(
    directory: Directory,
    decision: Decision,
    version: int,
    now: datetime,
    heard: tuple[str, ...],
    offering: Offering,
) -> Routed:
    then = decision.then
    there = {each.slug: each for each in directory.departments.values() if each.active}
    department = there.get(then.department) or there.get(usual_department(directory))  # one that closed takes nothing
    offered = department is not None and offering.offers(department.slug)
    holder = _holder(directory, then, department.id if department else None, now, offered=offered)
    promise = then.promise
    return Routed(
        holder=holder,
        department_id=department.id if department else None,
        priority=then.priority,
        rule_id=decision.rule_id,
        version=version,
        promise_kind=promise.kind if promise else None,
        promise_within=promise.within if promise else None,
        promise_text=promise.text or None if promise else None,
        words=heard,
        skill=then.skill,
    )


def _holder(
    directory: Directory, then: Then, department_id: UUID | None, now: datetime, *, offered: bool = False
) -> Holder:
    """The named person or somebody with the skill if they are on shift; else the department; else whoever answers.

    Where the department's work is offered, who has the skill is asked, and not simply given it.
    """
    person = next((p for p in directory.people.values() if then.person and p.slug == then.person), None)
    if person and directory.serves(person.id) and directory.rota.on_shift([person.id], now):
        return Holder(person=person.id)
    if then.skill and department_id and not offered:
        members = directory.members(department_id)
        able = [each for each in members if then.skill in directory.memberships[each].skills]
        on_shift = directory.rota.on_shift(able, now)
        if on_shift:
            return Holder(person=on_shift[now.minute % len(on_shift)])
    if department_id is not None:
        return Holder(department=department_id)
    chain = directory.chain(None)
    return Holder(person=chain[0]) if chain else Holder(person=next(iter(directory.people)))


async def remember(work: Work, case_id: UUID, organisation_id: UUID, request: Request, routed: Routed) -> None:
    """Keep what was asked and decided, without the customer's words: only the phrases that rules look for."""
    asked = {
        "channel": request.channel,
        "day": request.moment.day,
        "minute": request.moment.minute,
        "reason": request.reason,
        "language": request.language,
        "tier": request.tier.name if request.tier else None,
        "repeat": request.repeat,
        "heard": list(routed.words),
        "chosen": routed.chosen,
    }
    await store.insert_fact(
        work, organisation_id, case_id, routed.version, routed.rule_id, asked, routed.department_id, routed.skill
    )


def past_request(asked: Mapping[str, Any]) -> Request:
    """A request as it was kept, to try other rules on."""
    tier = asked.get("tier")
    return Request(
        channel=asked["channel"],
        moment=Moment(asked["day"], asked["minute"]),
        reason=asked.get("reason"),
        language=asked.get("language"),
        tier=verified_tier(_Proof(_PAST, _PAST, tier, _LONG_AGO), customer_id=_PAST, now=_LONG_AGO) if tier else None,
        repeat=asked.get("repeat", 0),
        text=saying(asked.get("heard", ())),
    )
