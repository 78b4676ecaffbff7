"""Editing the one draft of an organisation's rules: cell by cell, by several people, kept at every step."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from ahadi.base.errors import Conflict
from ahadi.base.ids import uuid7
from ahadi.directory import Directory
from ahadi.platform.database import Work
from ahadi.routing import actions, draft_store, drafts, store
from ahadi.routing.check import Check, Known, check_rows
from ahadi.routing.drafts import NEW, ChangedMeanwhile, Draft, Rows, keyed
from ahadi.routing.jdm import rows_of_jdm
from ahadi.routing.rows import Reading

_MOST_KEPT: Final = 64


async def read_draft(work: Work, organisation_id: UUID) -> Draft:
    """What is being written; while nobody writes, the rules in force as the draft they would begin."""
    work.permit(organisation_id, "rules.read")
    return await draft_store.draft_of(work, organisation_id) or await _as_in_force(work, organisation_id)


async def _as_in_force(work: Work, organisation_id: UUID) -> Draft:
    version = await store.published_version(work, organisation_id)
    held = await store.get_version(work, organisation_id, version) if version else None
    return Draft(version or 0, 0, keyed(held.rows if held else []))


async def _lock(work: Work, organisation_id: UUID) -> Draft:
    """The draft, begun from the rules in force where there is none yet; locked until the end of the work."""
    held = await draft_store.draft_of(work, organisation_id, lock=True)
    if held is None:
        fresh = await _as_in_force(work, organisation_id)
        await draft_store.begin_draft(work, organisation_id, fresh.base, fresh.rows, work.now)
        held = await draft_store.draft_of(work, organisation_id, lock=True)
    assert held is not None
    return held


async def _change(work: Work, organisation_id: UUID, deed: str, change: Callable[[Draft], Rows]) -> int:
    """Change the rows, and keep them; the new revision."""
    work.permit(organisation_id, "rules.edit")
    draft = await _lock(work, organisation_id)
    try:
        rows = change(draft)
    except ChangedMeanwhile as meanwhile:
        raise ChangedMeanwhile(meanwhile.sentence, by=draft.changed_by) from None
    if rows == draft.rows:
        return draft.revision
    revision = await draft_store.put_rows(work, organisation_id, rows)
    work.record("rules.draft_changed", organisation_id, deed=deed, revision=revision, rows=len(rows))
    return revision


async def add_row(work: Work, organisation_id: UUID, row: Mapping[str, Any], after: str | None = None) -> str:
    """A new row after the one named, or at the end; its key. Raises NotFound, Invalid where there are too many."""
    key = f"{NEW}{uuid7().hex[-12:]}"
    await _change(work, organisation_id, "added", lambda draft: drafts.added(draft.rows, key, row, after))
    return key


async def copy_row(work: Work, organisation_id: UUID, key: str) -> str:
    """A second one of a row, below it; its key."""
    new = f"{NEW}{uuid7().hex[-12:]}"
    await _change(work, organisation_id, "copied", lambda draft: drafts.copied(draft.rows, key, new))
    return new


async def move_row(work: Work, organisation_id: UUID, key: str, *, before: str | None = None, step: int = 0) -> None:
    """A row some steps up (less than 0) or down; or right before another, or without either to the end."""
    if step:
        await _change(work, organisation_id, "moved", lambda draft: drafts.stepped(draft.rows, key, step))
    else:
        await _change(work, organisation_id, "moved", lambda draft: drafts.moved(draft.rows, key, before))


async def remove_row(work: Work, organisation_id: UUID, key: str, seen: str) -> int:
    """Without this row; the revision that can be undone. `seen` is the row's digest. Raises ChangedMeanwhile."""
    return await _change(work, organisation_id, "removed", lambda draft: drafts.removed(draft.rows, key, seen))


async def change_cells(work: Work, organisation_id: UUID, key: str, cells: Mapping[str, Any], seen: str) -> None:
    """Let cells of a row say something else, None for nothing. Raises ChangedMeanwhile, with who did it as `by`."""
    await _change(work, organisation_id, "changed", lambda draft: drafts.changed(draft.rows, key, cells, seen))


async def replace_rows(work: Work, organisation_id: UUID, document: object, seen: str) -> int:
    """The rows of a JDM document in place of all there are; how many. `seen` is the table's digest.

    Raises NotReadable, ChangedMeanwhile.
    """
    rows = keyed(rows_of_jdm(document))

    def replaced(draft: Draft) -> Rows:
        _same_table(draft, seen)
        return rows

    await _change(work, organisation_id, "replaced", replaced)
    return len(rows)


def _same_table(draft: Draft, seen: str) -> None:
    if draft.digest != seen:
        raise ChangedMeanwhile("The draft was changed meanwhile; look at it as it is now, then do this again.")


async def undo_change(work: Work, organisation_id: UUID, revision: int) -> None:
    """Take the last change back. Raises ChangedMeanwhile where there was another since."""
    work.permit(organisation_id, "rules.edit")
    draft = await draft_store.draft_of(work, organisation_id, lock=True)
    if draft is None or draft.revision != revision or not draft.may_undo:
        raise ChangedMeanwhile("The draft was changed since; this can no longer be taken back.")
    after = await draft_store.undo(work, organisation_id)
    work.record("rules.draft_changed", organisation_id, deed="undone", revision=after, rows=len(draft.rows))


async def discard_draft(work: Work, organisation_id: UUID, seen: str) -> None:
    """Throw the draft away, so that the rules in force are shown again. Raises ChangedMeanwhile, Conflict."""
    work.permit(organisation_id, "rules.edit")
    draft = await draft_store.draft_of(work, organisation_id, lock=True)
    if draft is None:
        raise Conflict("There is no draft; these are the rules in force.")
    _same_table(draft, seen)
    await draft_store.drop_draft(work, organisation_id)
    work.record("rules.draft_discarded", organisation_id, revision=draft.revision)


async def publish_draft(work: Work, organisation_id: UUID, seen: str, why: str, over: int | None = None) -> int:
    """Put the draft in force as a new version; its number. `seen` is the digest of the table that was looked at.

    Where another version was published since the draft was begun, `over` must name it: its changes are then lost.
    Raises RulesInvalid naming the first row that is wrong, ChangedMeanwhile, Conflict.
    """
    work.permit(organisation_id, "rules.publish")
    draft = await draft_store.draft_of(work, organisation_id, lock=True)
    if draft is None:
        raise Conflict("There is no draft; these are the rules in force.")
    _same_table(draft, seen)
    current = await store.published_version(work, organisation_id) or 0
    if current != draft.base and over != current:
        raise Conflict(
            f"Version {current} was published after this draft was begun; look at what differs, then say that the"
            " draft takes its place.",
            version=current,
        )
    version, _ = await actions.draft_rules(work, organisation_id, draft.written, why)
    await actions.publish_rules(work, organisation_id, version, why)
    await draft_store.drop_draft(work, organisation_id)
    return version


# Checking what is looked at again and again -----------------------------------------------------------------------

_checked: OrderedDict[str, tuple[Reading, Check]] = OrderedDict()


async def checked(rows: Sequence[Mapping[str, Any]], directory: Directory) -> tuple[Reading, Check]:
    """What the check says of rows; found out once for the same rows and names, however often it is asked."""
    known = actions.known_names(directory)
    key = hashlib.sha256(orjson.dumps(list(rows)) + _named(known)).hexdigest()
    if key not in _checked:
        _checked[key] = await asyncio.to_thread(check_rows, list(rows), known)
        while len(_checked) > _MOST_KEPT:
            _checked.popitem(last=False)
    return _checked[key]


def _named(known: Known) -> bytes:
    names = [
        sorted(known.departments),
        sorted((name, sorted(where)) for name, where in known.people.items()),
        sorted((name, sorted(where)) for name, where in known.skills.items()),
        None if known.reasons is None else sorted(known.reasons),
        None if known.tiers is None else sorted(known.tiers),
    ]
    return orjson.dumps(names)
