"""Matching: to whom a piece of work is offered, decided purely, with a reason for everybody who was considered.

Some things are demanded (skill, language, presence, room, time before they leave); among those who meet them there is
a total order, so that the same facts always give the same answer and each step of it can be told:

1. whoever stays long enough, before those who would have to pass it on;
2. whoever handled this customer last, within the organisation's days. Continuity with one person goes with better
   outcomes and fewer repeated contacts in the care where it was studied most (Saultz and Lochner, "Interpersonal
   continuity of care and care outcomes", Annals of Family Medicine 3(2), 2005);
3. whoever has the smallest share of their own capacity in use ("least occupied"): a share, so that somebody with half
   the capacity is asked half as often;
4. whoever has been free longest. Longest idle first is the usual rule of call centres, and fair: servers of equal
   speed come to equal idle time (Atar, "Central limit theorem for a many-server queue with random service rates",
   Annals of Applied Probability 18(4), 2008; Armony and Ward, "Fair dynamic routing in large-scale heterogeneous-server
   systems", Operations Research 58(3), 2010);
5. their identifiers, which only settles ties.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Literal, get_args
from uuid import UUID

Kind = Literal["call", "chat", "case"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Refusal = Literal[
    "asked", "handed-back", "skill", "language", "absent", "off-shift", "presence", "full", "leaves", "no-room"
]
Preference = Literal["only-one", "stays", "last-handler", "least-loaded", "longest-idle", "first-by-id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of work to be offered. `handling` is how long it may take, in business time.

    `asked` were asked in this round already; `given_by` handed it to the department. `last_handler` handled this
    customer last, within the organisation's window. `passes_on`: it may be begun by somebody who will pass it on,
    with the notes.
    """

    kind: Kind
    language: str
    handling: timedelta
    skills: frozenset[str] = frozenset()
    asked: frozenset[UUID] = frozenset()
    given_by: UUID | None = None
    last_handler: UUID | None = None
    passes_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody of the department, as they are now. Times are business time, UTC.

    `load` counts what they have of each kind, offers that stand included; `leaves_at` is the end of their shift or
    the beginning of an absence; `free_since` is when they last became free: None for one who never had anything.
    """

    person_id: UUID
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    presence: str = "available"
    on_shift: bool = True
    absent: bool = False
    leaves_at: datetime | None = None
    load: Mapping[Kind, int] = field(default_factory=dict)
    capacity: Mapping[Kind, int] = field(default_factory=dict)
    free_since: datetime | None = None

    def used(self, kind: Kind) -> Fraction:
        """The share of their capacity for a kind that is in use; whole where they take none of it."""
        most = self.capacity.get(kind, 0)
        return Fraction(self.load.get(kind, 0), most) if most else Fraction(1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one candidate: `refused` says why not; where none is, `preferred` says what decided.

    For whoever is chosen that is what put them before the next; for the others, what put the chosen one before them.
    `fact` is the value behind a refusal: a presence, a moment, a skill, `3/3`.
    """

    person_id: UUID
    chosen: bool = False
    refused: Refusal | None = None
    preferred: Preference | None = None
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """To whom it is offered, if anybody, and a verdict on every candidate, the chosen one first."""

    chosen: UUID | None
    verdicts: tuple[Verdict, ...]

    @property
    def exhausted(self) -> bool:
        """Whether everybody was asked who could take it now or would be able to when they are done or back.

        Somebody who is busy, on a break or full is still to be asked; who lacks the skill, is off shift or leaves too
        soon is not.
        """
        if self.chosen is not None or not any(each.refused == "asked" for each in self.verdicts):
            return False
        still = [each for each in self.verdicts if each.refused in ("full", "presence") and each.fact != "offline"]
        return not still


def refusal(piece: Piece, candidate: Candidate, now: datetime) -> tuple[Refusal, str] | None:
    """Why a candidate is not offered this piece now, and the fact behind it; None where they may be.

    What lasts comes first, so that what is told is what would have to change.
    """
    missing = sorted(piece.skills - candidate.skills)
    if missing:
        return "skill", missing[0]
    if piece.language not in candidate.languages:
        return "language", piece.language
    if candidate.person_id == piece.given_by:
        return "handed-back", ""
    if candidate.person_id in piece.asked:
        return "asked", ""
    if candidate.absent:
        return "absent", ""
    if not candidate.on_shift:
        return "off-shift", ""
    if candidate.presence != "available":
        return "presence", candidate.presence
    most, used = candidate.capacity.get(piece.kind, 0), candidate.load.get(piece.kind, 0)
    if not most:
        return "no-room", piece.kind
    if used >= most:
        return "full", f"{used}/{most}"
    if leaves_too_soon(piece, candidate, now) and not piece.passes_on:
        return "leaves", candidate.leaves_at.isoformat() if candidate.leaves_at else ""
    return None


def leaves_too_soon(piece: Piece, candidate: Candidate, now: datetime) -> bool:
    """Whether they are gone before it can be handled."""
    return candidate.leaves_at is not None and candidate.leaves_at < now + piece.handling


Rank = tuple[bool, bool, Fraction, datetime, int]
_STEPS: tuple[Preference, ...] = ("stays", "last-handler", "least-loaded", "longest-idle", "first-by-id")
_EVER = datetime.min.replace(tzinfo=UTC)


def rank(piece: Piece, candidate: Candidate, now: datetime) -> Rank:
    """The place of an eligible candidate in the order; the smallest is chosen. It depends on nobody else."""
    return (
        leaves_too_soon(piece, candidate, now),
        candidate.person_id != piece.last_handler,
        candidate.used(piece.kind),
        candidate.free_since or _EVER,
        candidate.person_id.int,
    )


def decide(piece: Piece, candidates: Iterable[Candidate], now: datetime) -> Decision:
    """Whom to offer it to, and why nobody else; the same facts give the same answer in whatever order they come."""
    everybody = sorted(candidates, key=lambda each: each.person_id)
    refused = {each.person_id: refusal(piece, each, now) for each in everybody}
    eligible = sorted((rank(piece, each, now), each.person_id) for each in everybody if not refused[each.person_id])
    if not eligible:
        return Decision(None, tuple(_refused(each.person_id, refused[each.person_id]) for each in everybody))
    first, chosen = eligible[0]
    why: Preference = _step(first, eligible[1][0]) if len(eligible) > 1 else "only-one"
    verdicts = [Verdict(chosen, chosen=True, preferred=why)]
    verdicts += [Verdict(person, preferred=_step(first, other)) for other, person in eligible[1:]]
    verdicts += [_refused(each.person_id, refused[each.person_id]) for each in everybody if refused[each.person_id]]
    return Decision(chosen, tuple(verdicts))


def _refused(person_id: UUID, why: tuple[Refusal, str] | None) -> Verdict:
    assert why is not None
    return Verdict(person_id, refused=why[0], fact=why[1])


def _step(first: Rank, other: Rank) -> Preference:
    """The first step of the order in which two differ."""
    return next(name for name, mine, theirs in zip(_STEPS, first, other, strict=True) if mine != theirs)
