"""Keeping a proposed change of the rota, once whoever makes it knows what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass

from ahadi.base.clock import iso
from ahadi.base.errors import Conflict
from ahadi.directory import Proposal, Uncovered, keep_proposal
from ahadi.platform.database import Work
from ahadi.promises import Orphan, orphans_of


@dataclass(frozen=True, slots=True)
class Costs:
    """What a change leaves behind: open times without anybody to reach, and promises and bookings without their
    person. What is promised passes to a colleague by itself; a booking may need another time."""

    uncovered: Sequence[Uncovered] = ()
    orphans: Sequence[Orphan] = ()

    def __bool__(self) -> bool:
        return bool(self.uncovered or self.orphans)


class RotaCosts(Conflict):
    """A change of the rota leaves open times, promises or bookings without anybody; it is made only knowingly."""

    code = "rota-costs"

    def __init__(self, costs: Costs) -> None:
        self.costs = costs
        super().__init__(
            f"This leaves {len(costs.uncovered)} open times with nobody to reach, and {len(costs.orphans)} promises or"
            " bookings without their person; change something, or say that you know.",
            uncovered=[
                {"department": each.department, "starts_at": iso(each.start), "ends_at": iso(each.end)}
                for each in costs.uncovered
            ],
            orphans=[
                {"what": each.what, "kind": each.kind, "case": each.reference, "at": iso(each.at)}
                for each in costs.orphans
            ],
        )


async def costs_of(work: Work, proposal: Proposal) -> Costs:
    """What a proposed change would leave behind. One statement, none where nobody would work less."""
    organisation_id = proposal.before.organisation.id
    orphans = await orphans_of(work, organisation_id, proposal.lost(work.now))
    return Costs(tuple(proposal.uncovered(work.now)), tuple(orphans))


async def keep(work: Work, proposal: Proposal, *, knowingly: bool = False) -> bool:
    """Make a proposal so; False when it changes nothing. Raises RotaCosts unless nothing is lost or it is known."""
    if not knowingly and (costs := await costs_of(work, proposal)):
        raise RotaCosts(costs)
    return await keep_proposal(work, proposal)
