"""What a person works with at the desk, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from ahadi.base.errors import NotFound
from ahadi.cases import Holder, PromiseKind
from ahadi.directory import Within

Mode = Literal["reply", "note"]
AfterSending = Literal["stay", "next", "close"]
MODES: tuple[Mode, ...] = ("reply", "note")
AFTER_SENDING: tuple[AfterSending, ...] = ("stay", "next", "close")
MOST_DRAFT = 50_000  # characters: as much as a message may have
HERE_FOR = timedelta(seconds=40)
"""How long after their page was last heard of (real time) somebody still counts as having a case open."""


class NoSuchMacro(NotFound):
    code = "no-such-macro"


@dataclass(frozen=True, slots=True)
class Deeds:
    """What a macro does, in this order, in one transaction. `reply` and `note` may hold a template's variables."""

    reply: str | None = None
    note: str | None = None
    promise: PromiseKind | None = None
    within: Within | None = None
    promise_text: str | None = None
    to: Holder | None = None

    @property
    def is_nothing(self) -> bool:
        return not (self.reply or self.note or self.promise or self.to)


@dataclass(frozen=True, slots=True)
class Macro:
    """A named list of deeds of an organisation."""

    organisation_id: UUID
    id: UUID
    name: str
    deeds: Deeds


@dataclass(frozen=True, slots=True)
class Here:
    """A colleague who has the case open."""

    person_id: UUID
    writing: bool


@dataclass(frozen=True, slots=True)
class AtDesk:
    """What somebody finds where they write about a case: drafts, colleagues who have it open, what they chose."""

    drafts: Mapping[Mode, str]
    others: Sequence[Here]
    after: AfterSending
