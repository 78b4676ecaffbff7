"""Which records are one person: likely duplicates are suggested, merged, and un-merged without loss.

A merge moves nothing. It is a row that says that one record goes under another; what each record goes under is worked
out afresh from the merges in force, so any of them can be undone, in any order, as if it had never been.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from ahadi.base.errors import Conflict, NotFound
from ahadi.base.ids import uuid7
from ahadi.customers import group_store, store
from ahadi.customers.actions import NO_CUSTOMER, READ, CustomerErased, get_customers, of_id
from ahadi.customers.group_store import PairKey
from ahadi.customers.identities import likeness_query
from ahadi.customers.likeness import LIKELY, Reason, likeness
from ahadi.customers.model import Customer, Merge, groups
from ahadi.platform.database import Together, Work

MERGE = "customer.edit"
_CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody who may be the same person, how likely (0 to 1) and why."""

    customer: Customer
    score: float
    reasons: tuple[Reason, ...]


async def suggest_duplicates(
    work: Work, organisation_id: UUID, customer_id: UUID, *, limit: int = 10, among: int = _CANDIDATES
) -> list[Suggestion]:
    """People who may be this one, likeliest first; not those of whom a person said that they are not.

    `among` is how many who share an address, a number or a name with them are looked at.

    Raises NotFound.
    """
    work.permit(organisation_id, READ)
    return await likely_duplicates(work, await of_id(work, organisation_id, customer_id), limit=limit, among=among)


async def likely_duplicates(
    work: Work, customer: Customer, *, limit: int = 10, among: int = _CANDIDATES
) -> list[Suggestion]:
    """As `suggest_duplicates`, of somebody who was read already."""
    organisation_id = customer.organisation_id
    work.permit(organisation_id, READ)
    if customer.erased_at:
        return []
    identities = [(each.kind, each.value) for each in customer.identities]
    # Every name, because a merged record's name finds people too.
    named = {likeness_query(record.name, []) for record in customer.records}
    async with Together() as asked:
        pairs = asked.ask(group_store.pairs_of(work, organisation_id, customer.ids))
        sharing = asked.ask(
            store.sharing(
                work,
                organisation_id,
                reached=likeness_query(None, identities),
                named=" | ".join(sorted(filter(None, named))),
                limit=among,
            )
        )
    paired = pairs.result()
    found = await get_customers(work, organisation_id, {*sharing.result(), *paired})
    suggestions = []
    for other in {each.id: each for each in found.values()}.values():
        said = [paired[each] for each in other.ids if each in paired]
        if other.id == customer.id or other.erased_at or any(said):
            continue
        how = likeness(customer, other, seen_together=bool(said))
        if how.score >= LIKELY:
            suggestions.append(Suggestion(other, how.score, how.reasons))
    return sorted(suggestions, key=lambda each: (-each.score, each.customer.id))[:limit]


@dataclass(frozen=True, slots=True)
class Noticed:
    """Two people whom one contact brought together and nobody has judged yet. `key` is their place in the list."""

    customer: Customer
    suggestion: Suggestion
    key: PairKey


async def noticed_duplicates(
    work: Work, organisation_id: UUID, *, after: PairKey | None = None, limit: int = 50
) -> list[Noticed]:
    """Who was brought together by one contact and is not judged yet, newest first, after the key of one."""
    work.permit(organisation_id, READ)
    pairs = await group_store.open_pairs(work, organisation_id, after, limit)
    found = await get_customers(
        work, organisation_id, {each for pair in pairs for each in (pair.first_id, pair.second_id)}
    )
    noticed = []
    for pair in pairs:
        one, other = found[pair.first_id], found[pair.second_id]
        how = likeness(one, other, seen_together=True)
        noticed.append(Noticed(one, Suggestion(other, how.score, how.reasons), pair.key))
    return noticed


async def dismiss_duplicate(work: Work, organisation_id: UUID, customer_id: UUID, other_id: UUID) -> None:
    """Say that two customers are different people; they are not suggested again. Raises NotFound, Conflict."""
    work.permit(organisation_id, MERGE)
    one, other = await _two(work, organisation_id, customer_id, other_id)
    if one.id == other.id:
        raise Conflict("These two are merged; undo the merge first.")
    pairs = [(each, another) for each in one.ids for another in other.ids]
    await group_store.dismiss(work, organisation_id, pairs)
    work.record("duplicate.dismissed", organisation_id, subject_id=one.id, other_id=other.id)


async def merge_customers(work: Work, organisation_id: UUID, kept_id: UUID, merged_id: UUID) -> Merge:
    """Say that two customers are one person, who goes under what `kept_id` goes under.

    Locks the organisation's groups. Raises NotFound, CustomerErased, and Conflict when they are one already.
    """
    work.permit(organisation_id, MERGE)
    await group_store.lock_groups(work, organisation_id)
    one, other = await _two(work, organisation_id, kept_id, merged_id)
    if one.id == other.id:
        raise Conflict("These two are one person already.")
    if one.erased_at or other.erased_at:
        raise CustomerErased("The data of one of the two was erased; there is nothing to merge.")
    made = Merge(uuid7(), kept_id, merged_id, work.now)
    await group_store.insert_merge(work, organisation_id, made)
    await _regroup(work, organisation_id, (*one.ids, *other.ids))
    work.record(
        "customer.merged", organisation_id, subject_id=kept_id, merge_id=made.id, kept_id=kept_id, merged_id=merged_id
    )
    return made


async def unmerge_customers(work: Work, organisation_id: UUID, merge_id: UUID) -> Merge:
    """Undo a merge, as if it had never been; later merges stay. Locks the organisation's groups.

    Raises NotFound, and Conflict when it is undone already.
    """
    work.permit(organisation_id, MERGE)
    await group_store.lock_groups(work, organisation_id)
    merge = await group_store.merge(work, organisation_id, merge_id)
    if merge is None:
        raise NotFound("There is no such merge, or you have no access to it.")
    if merge.undone_at:
        raise Conflict("This merge was undone already.")
    group = await group_store.members(work, organisation_id, [merge.merged_id])
    await group_store.undo_merge(work, organisation_id, merge_id)
    await _regroup(work, organisation_id, tuple(group))
    work.record(
        "customer.unmerged",
        organisation_id,
        subject_id=merge.kept_id,
        merge_id=merge.id,
        kept_id=merge.kept_id,
        merged_id=merge.merged_id,
    )
    return replace(merge, undone_at=work.now)


async def merges_of(work: Work, organisation_id: UUID, customer_id: UUID) -> list[Merge]:
    """The merges in force that make up this person, oldest first. Raises NotFound."""
    work.permit(organisation_id, READ)
    ids = await store.group_ids(work, organisation_id, customer_id)
    if not ids:
        raise NotFound(NO_CUSTOMER)
    return await group_store.merges_of(work, organisation_id, ids)


async def _two(work: Work, organisation_id: UUID, one_id: UUID, other_id: UUID) -> tuple[Customer, Customer]:
    found = await get_customers(work, organisation_id, {one_id, other_id})
    if not {one_id, other_id} <= found.keys():
        raise NotFound(NO_CUSTOMER)
    return found[one_id], found[other_id]


async def _regroup(work: Work, organisation_id: UUID, ids: tuple[UUID, ...]) -> None:
    """Work out afresh what these records go under; they are whole groups."""
    merges = await group_store.merges_of(work, organisation_id, ids)
    await group_store.regroup(work, organisation_id, groups(ids, merges))
    await store.refold(work, organisation_id, ids)
