"""What may go wrong with a case or a promise, in sentences that say what to do."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ahadi.base.clock import iso
from ahadi.base.errors import Conflict, Invalid, NotFound


class NoSuchCase(NotFound):
    code = "no-such-case"

    def __init__(self, reference: str) -> None:
        super().__init__(f"There is no case {reference} that you may see; check the reference.", reference=reference)


class NoSuchPromise(NotFound):
    code = "no-such-promise"

    def __init__(self, promise_id: object) -> None:
        super().__init__("There is no such promise that you may see.", promise=str(promise_id))


class CaseAlreadyResolved(Conflict):
    code = "case-resolved"

    def __init__(self, reference: str) -> None:
        super().__init__(f"Case {reference} is resolved; reopen it first.", reference=reference)


class CaseAlreadyOpen(Conflict):
    code = "case-open"

    def __init__(self, reference: str) -> None:
        super().__init__(f"Case {reference} is open already.", reference=reference)


class PromiseAlreadySettled(Conflict):
    code = "promise-settled"

    def __init__(self, promise_id: UUID, state: str) -> None:
        super().__init__(
            f"This promise is {state} already; a promise is settled once.", promise=promise_id, state=state
        )


class PromiseLapsed(Conflict):
    code = "promise-lapsed"

    def __init__(self, promise_id: UUID, due_at: datetime) -> None:
        super().__init__(
            f"This promise was due at {iso(due_at)} and has lapsed, so the clock counts it as broken;"
            " settle the recovery promise that takes its place.",
            promise=promise_id,
            due_at=due_at,
        )


class PromiseNotDue(Conflict):
    code = "promise-not-due"

    def __init__(self, promise_id: UUID, due_at: datetime) -> None:
        super().__init__(
            f"This promise is due at {iso(due_at)}; only the clock breaks it, and not before.", promise=promise_id
        )


class PromisesStillOpen(Conflict):
    code = "promises-open"

    def __init__(self, promises: Sequence[tuple[UUID, str, str]]) -> None:
        named = ", ".join(f"{kind} due {due}" for _, kind, due in promises)
        super().__init__(
            f"The case still has open promises ({named}); keep or withdraw each of them with the resolution.",
            promises=[{"id": id_, "kind": kind, "due_at": due} for id_, kind, due in promises],
        )


class DueInThePast(Invalid):
    code = "due-in-the-past"

    def __init__(self, due_at: datetime, now: datetime) -> None:
        super().__init__(
            f"The promise would be due at {iso(due_at)}, and it is {iso(now)} already; name a later time.",
            due_at=due_at,
            now=now,
        )
