"""Why a case is offered to somebody and not to the others: now, and at each time it was offered."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi import cases
from ahadi.cases import Case
from ahadi.directory import Directory, Permission, read_directory
from ahadi.platform.database import Work
from ahadi.routing import matching_store, offer_store
from ahadi.routing.matching import Verdict
from ahadi.routing.offer_store import Offer
from ahadi.routing.offering import Offering, served
from ahadi.routing.scene import read_scene

_REFUSED = {
    "skill": "lacks the skill {fact}",
    "language": "does not speak {fact}",
    "handed-back": "handed it to the department",
    "asked": "was asked in this round already",
    "absent": "is absent",
    "off-shift": "is not on shift",
    "presence": "is not available: {fact}",
    "no-room": "takes none of this kind",
    "full": "has {fact} already",
    "leaves": "shift ends {fact}",
}
_PREFERRED = {
    "only-one": "nobody else could be offered it",
    "stays": "stays long enough",
    "last-handler": "handled this customer last",
    "least-loaded": "has the smallest share of their capacity in use",
    "longest-idle": "has been free longest",
    "first-by-id": "all else being equal, first in order",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """A case, what matching would say of everybody now, and the offers made so far with what it said then.

    `waits` is None where matching may be asked; else why it is not: `held`, `resolved`, `closed`, `pulled`, `offered`.
    """

    case: Case
    waits: str | None
    verdicts: tuple[Verdict, ...]
    offers: tuple[Offer, ...]
    words: Mapping[UUID, str]


async def explain(work: Work, reference: str | UUID) -> Explained:
    """Why a case is offered to whom. Raises NoSuchCase, Forbidden for who may not read reports."""
    case = await cases.get_case(work, reference)
    work.permit(case.organisation_id, Permission.REPORTS_READ)
    organisation_id = case.organisation_id
    directory = await read_directory(work, organisation_id)
    offering = await matching_store.offering_of(work, organisation_id)
    made = await offer_store.offers_of_case(work, organisation_id, case.id)
    words = await offer_store.words_of(work, organisation_id, [each.id for each in made])
    waiting = await matching_store.waiting_one(work, organisation_id, case.id)
    verdicts: tuple[Verdict, ...] = ()
    if waiting is not None:
        people = served(directory, waiting.department_id)
        inside = work.as_installation(organisation_id)
        scene = await read_scene(inside, directory, offering, people, [waiting])
        verdicts = scene.decide(waiting).verdicts
    return Explained(case, _waits(case, directory, offering, made, work.now), verdicts, tuple(made), words)


def _waits(case: Case, directory: Directory, offering: Offering, made: Sequence[Offer], now: datetime) -> str | None:
    department = directory.departments.get(case.holder.department or UUID(int=0))
    if case.state != "open":
        return "resolved"
    if department is None:
        return "held"
    if not offering.offers(department.slug):
        return "pulled"
    if any(each.state == "offered" for each in made):
        return "offered"
    return None if directory.hours_of(department.id).is_open(now) else "closed"


def verdicts_of(offer: Offer) -> tuple[Verdict, ...]:
    """What matching said when an offer was made."""
    return tuple(Verdict(**{**each, "person_id": UUID(each["person_id"])}) for each in offer.considered)


def sentence(verdict: Verdict, zone: str) -> str:
    """A verdict in a few words; times on the organisation's clock."""
    if verdict.refused is None:
        why = _PREFERRED[verdict.preferred or "only-one"]
        return f"offered: {why}" if verdict.chosen else f"not offered: the one who was {why}"
    fact = verdict.fact
    if verdict.refused == "leaves":
        fact = clock(fact, zone)
    return "not offered: " + _REFUSED[verdict.refused].format(fact=fact)


def clock(moment: str, zone: str) -> str:
    """A verdict's moment on a clock."""
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)).strftime("%H:%M") if moment else ""


def show_verdict(directory: Directory, verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON tells it."""
    plain = asdict(verdict)
    return {
        "person": plain.pop("person_id"),
        "name": directory.name_of(verdict.person_id),
        **plain,
        "says": sentence(verdict, directory.organisation.zone),
    }
