"""The rules that people keep correcting: where they sent cases, and where people then put them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Reroute:
    """A person moved a case to another department than the one that a rule, or none, had decided."""

    case_id: UUID
    rule_id: str | None
    decided: str
    corrected: str


@dataclass(frozen=True)
class Corrected:
    """A rule with how many cases it decided, how many of those people moved, and where to, the most frequent first.

    `rule_id` is None for the cases that no rule covered.
    """

    rule_id: str | None
    decided: int
    moved: int
    to: tuple[tuple[str, int], ...]

    @property
    def share(self) -> float:
        """The part of its decisions that people undid, from 0 to 1."""
        return self.moved / self.decided


def corrected_rules(
    reroutes: Iterable[Reroute], decided: Mapping[str | None, int], at_least: int = 2
) -> tuple[Corrected, ...]:
    """The rules that people corrected `at_least` times, those with the most corrections first.

    `reroutes` are in the order in which they happened and `decided` counts all decisions per rule. A case counts once,
    by where it was left: one that was moved and brought back was decided rightly. Among rules with as many
    corrections, the one that is wrong more often comes first.
    """
    last = {(reroute.rule_id, reroute.case_id): reroute for reroute in reroutes}
    moved: dict[str | None, Counter[str]] = {}
    for reroute in last.values():
        if reroute.corrected != reroute.decided:
            moved.setdefault(reroute.rule_id, Counter())[reroute.corrected] += 1
    found = [
        Corrected(rule, max(decided.get(rule, 0), to.total()), to.total(), tuple(to.most_common()))
        for rule, to in moved.items()
        if to.total() >= at_least
    ]
    return tuple(sorted(found, key=lambda each: (-each.moved, -each.share, each.rule_id or "")))
