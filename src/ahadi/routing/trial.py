"""A draft tried on real cases: which of them would have gone elsewhere than they really did."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from ahadi.routing.model import Decision, Request
from ahadi.routing.table import Table


@dataclass(frozen=True)
class Past:
    """A real case: what was asked, the department in which it ended up, and the rule that sent it on its way.

    `rule_id` is None where no rule covered it. `department` is where people left it, so that a draft is held against
    what was right and not only against what the rules said.
    """

    case_id: UUID
    request: Request
    department: str
    rule_id: str | None


@dataclass(frozen=True)
class Elsewhere:
    """A case that the draft would have sent to another department."""

    past: Past
    decision: Decision


@dataclass(frozen=True)
class Shift:
    """How many cases would have gone from one department by one rule to another; the most first in a trial."""

    from_rule: str | None
    from_department: str
    to_rule: str | None
    to_department: str
    cases: int


@dataclass(frozen=True)
class Trial:
    """What a draft would have done to past cases.

    `taken` counts the cases that each rule of the draft would have taken, in the draft's order, those that would have
    taken none included; `uncovered` those that would have gone to the fall-back.
    """

    tried: int
    elsewhere: tuple[Elsewhere, ...]
    shifts: tuple[Shift, ...]
    taken: tuple[tuple[str, int], ...]
    uncovered: int

    @property
    def same(self) -> int:
        return self.tried - len(self.elsewhere)


def try_rules(draft: Table, cases: Iterable[Past]) -> Trial:
    """Decide past cases anew by the draft. Nothing is changed by it."""
    decided = [(past, draft.decide(past.request)) for past in cases]
    elsewhere = tuple(
        Elsewhere(past, decision) for past, decision in decided if decision.then.department != past.department
    )
    shifts = Counter(
        (each.past.rule_id, each.past.department, each.decision.rule_id, each.decision.then.department)
        for each in elsewhere
    )
    taken = Counter(decision.rule_id for _, decision in decided)
    return Trial(
        tried=len(decided),
        elsewhere=elsewhere,
        shifts=tuple(Shift(*between, count) for between, count in shifts.most_common()),
        taken=tuple((rule.id, taken[rule.id]) for rule in draft.rules),
        uncovered=taken[None],
    )
