"""The journal replayed against the tables: every case and promise rebuilt from what happened, and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ahadi import cases
from ahadi.cases import Case, Promise

_OF_CASE: Final = tuple(each.name for each in fields(Case) if each.name != "promises")
_OF_PROMISE: Final = tuple(each.name for each in fields(Promise))


@dataclass(frozen=True, slots=True)
class Happened:
    """A journal row as the replay needs it."""

    at: datetime
    kind: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """A case as the tables have it, with every promise ever made about it and the one noted as its next."""

    case: Case
    next_promise_id: UUID | None


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A case whose journal and tables do not say the same, and where they differ."""

    reference: str
    fields: tuple[str, ...]


def compare(stored: Stored, journal: Sequence[Happened]) -> Mismatch | None:
    """Rebuild a case from its journal, oldest row first, and say where that differs from what is stored."""
    case = stored.case
    try:
        again = rebuild(case.organisation_id, case.id, journal)
    except (ValueError, TypeError, KeyError) as problem:
        return Mismatch(case.reference, (f"journal cannot be read ({type(problem).__name__})",))
    if again is None:
        return Mismatch(case.reference, ("journal is empty",))
    found = _differences(case, again, _OF_CASE)
    held, told = ({each.id: each for each in one.promises} for one in (case, again))
    for promise_id in sorted(held.keys() | told.keys()):
        found += [f"promise {promise_id} {each}" for each in _of_promise(held.get(promise_id), told.get(promise_id))]
    first = case.next_promise
    if (first.id if first else None) != stored.next_promise_id:
        found.append("next promise is not the earliest open one")
    return Mismatch(case.reference, tuple(found)) if found else None


def rebuild(organisation_id: UUID, case_id: UUID, journal: Sequence[Happened]) -> Case | None:
    """The case that its journal tells of; None when it tells of none."""
    case = None
    for row in journal:
        event = cases.from_facts(row.kind, row.facts)
        if event is not None:
            case = cases.evolve(case, event, row.at, organisation_id=organisation_id, case_id=case_id)
    return case


def _of_promise(held: Promise | None, told: Promise | None) -> list[str]:
    if held is None or told is None:
        return ["is not in the tables" if held is None else "is not in the journal"]
    return [] if held == told else _differences(held, told, _OF_PROMISE)


def _differences(held: Any, told: Any, names: Sequence[str]) -> list[str]:
    return [each for each in names if getattr(held, each) != getattr(told, each)]
