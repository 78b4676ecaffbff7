"""A case's story in one line of time: what was said, noted, done and promised. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ahadi.base.clock import utc
from ahadi.cases import Promise, PromiseText
from ahadi.contacts import Message
from ahadi.platform.journal import JournalRow
from ahadi.screens.reader import _

Side = Literal["in", "out", "note", "step"]

_SHOWN = {
    "case.opened",
    "case.held",
    "case.resolved",
    "case.reopened",
    "case.merged",
    "case.split",
    "case.reclassified",
    "case.tagged",
    "case.escalated",
    "case.link_revoked",
    "promise.made",
    "promise.kept",
    "promise.renewed",
    "promise.broken",
    "promise.withdrawn",
    "promise.handed_over",
    "promise.warned",
    "direct_line.asked",
    "booking.made",
    "booking.moved",
    "booking.cancelled",
    "call.attempted",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. A step's `kind` is that of its journal row; `promise` is what it is about."""

    id: str
    at: datetime
    side: Side
    kind: str
    who: str
    who_id: UUID | None
    by: Literal["person", "token", "customer", "system"]
    message: Message | None = None
    files: tuple[Mapping[str, Any], ...] = ()
    promise: Promise | None = None
    words: str = ""
    to: str = ""
    facts: Mapping[str, Any] | None = None
    booked: datetime | None = None  # for when a call or visit was booked


@dataclass(frozen=True, slots=True)
class Story:
    """What the line of time is told from. `names` are people and departments in the reader's language."""

    messages: Sequence[Message]
    files: Sequence[Mapping[str, Any]]
    journal: Sequence[JournalRow]
    promises: Sequence[Promise]
    texts: Mapping[UUID, PromiseText]
    names: Mapping[UUID, str]
    customer: str


def tell(story: Story) -> list[Entry]:
    """Every entry, oldest first. Of what one act did at once, the steps come before the words they caused."""
    promises = {each.id: each for each in story.promises}
    steps = [_step(row, story, promises) for row in story.journal if _is_told(row, promises)]
    behind = {row.subject_id: row.behind_id for row in story.journal if row.behind_id and row.subject_id}
    said = [_said(message, story, behind.get(message.id)) for message in story.messages]
    return sorted([*steps, *said], key=lambda each: (each.at, each.side != "step"))


def _is_told(row: JournalRow, promises: Mapping[UUID, Promise]) -> bool:
    if row.kind not in _SHOWN:
        return False
    if row.kind == "promise.made":
        promise = promises.get(row.subject_id or UUID(int=0))
        return promise is None or promise.renews is None  # a renewal tells of both
    return row.kind != "case.tagged" or bool(row.facts.get("tags"))


def _step(row: JournalRow, story: Story, promises: Mapping[UUID, Promise]) -> Entry:
    promise = promises.get(row.subject_id or UUID(int=0))
    if row.kind == "promise.renewed" and promise and promise.successor:
        promise = promises.get(promise.successor, promise)
    text = story.texts.get(promise.id) if promise else None
    told = text.note if text and row.kind in ("promise.kept", "promise.withdrawn") else text.text if text else ""
    held: Any = row.facts.get("holder") or row.facts.get("owner")
    to = (held.get("person") or held.get("department")) if isinstance(held, dict) else row.facts.get("person")
    return Entry(
        id=f"s{row.seq}",
        at=row.at,
        side="step",
        kind=row.kind,
        who=_author(row.actor_kind, row.actor_id, story, row.behind_id),
        who_id=row.actor_id,
        by=row.actor_kind,  # type: ignore[arg-type]  # the journal holds no other
        promise=promise,
        words=told or "",
        to=story.names.get(UUID(to), "") if to else "",
        facts=row.facts,
        booked=utc(datetime.fromisoformat(row.facts["starts_at"])) if "starts_at" in row.facts else None,
    )


def _said(message: Message, story: Story, behind: UUID | None) -> Entry:
    author: Any = "customer" if message.direction == "in" else message.author_kind
    return Entry(
        id=f"m{message.id.hex}",
        at=message.at,
        side=message.direction,
        kind=message.state,
        who=_author(author, message.author_id, story, behind),
        who_id=message.author_id,
        by=author,
        message=message,
        files=tuple(each for each in story.files if each["message_id"] == message.id),
    )


def _author(kind: str, id_: UUID | None, story: Story, behind: UUID | None) -> str:
    """Who did it; with whom it really was, where that was another."""
    if kind == "customer":
        return story.customer
    name = story.names.get(id_, "") if id_ else ""
    return _("%(name)s (really %(actor)s)") % {"name": name, "actor": story.names.get(behind, "–")} if behind else name
