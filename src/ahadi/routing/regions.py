"""Exact reasoning about sets of requests: is every request of one region also in one of the others?

Every column but the words is cut into a finite number of *atoms* such that all values of one atom are treated alike by
every row (a value that is named, any other value, nothing known; a span of hours; a span of counts). A region is then
a box: a set of atoms per column, held as one integer with a field of bits per column. Words are phrases that are said
or not; the only law between them is that a phrase may imply another (`fire alarm` implies `fire`), and every set of
phrases closed under that law can be said. So a box also carries the phrases that are *not* said, and those of which at
least one *is* said.

The question itself is as hard as SAT, so work is counted and may run out; the answer is then "cannot tell".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Box(NamedTuple):
    """A region, all as bits: the atoms per column, the phrases not said, and those of which one is said (0: or none).

    `unsaid` holds with each phrase all that imply it.
    """

    cells: int
    unsaid: int = 0
    said: int = 0


class Row(NamedTuple):
    """The region of one row: its atoms, its phrases (0: no condition), and what is unsaid where none of them is said.

    `denied` holds its phrases and every phrase that implies one of them.
    """

    cells: int
    phrases: int = 0
    denied: int = 0


class OutOfWork(Exception):
    """The bound on the work was reached: nobody can tell."""


@dataclass
class Work:
    """How many comparisons of a region with a row may still be made."""

    left: int

    def spend(self, comparisons: int) -> None:
        self.left -= comparisons
        if self.left < 0:
            raise OutOfWork


@dataclass(frozen=True)
class Layout:
    """Where each column's atoms lie in the integer: `sizes` atoms per column, then one guard bit that stays clear.

    Adding a field of ones to a field carries into its guard bit exactly when the field is not empty; so one addition
    finds the empty columns of a box, however many columns there are.
    """

    sizes: tuple[int, ...]
    offsets: tuple[int, ...] = field(init=False)
    ones: int = field(init=False)
    guards: int = field(init=False)

    def __post_init__(self) -> None:
        offsets, ones, guards, at = [], 0, 0, 0
        for size in self.sizes:
            offsets.append(at)
            ones |= ((1 << size) - 1) << at
            guards |= 1 << (at + size)
            at += size + 1
        object.__setattr__(self, "offsets", tuple(offsets))
        object.__setattr__(self, "ones", ones)
        object.__setattr__(self, "guards", guards)

    @property
    def everything(self) -> Box:
        return Box(self.ones)

    def pack(self, columns: Sequence[int]) -> int:
        """The integer of a box from its atoms per column."""
        return sum(atoms << at for atoms, at in zip(columns, self.offsets, strict=True))

    def column(self, cells: int, index: int) -> int:
        """The atoms of one column of a box."""
        return cells >> self.offsets[index] & (1 << self.sizes[index]) - 1

    def filled(self, cells: int) -> int:
        """The guard bits of the columns in which a box has any atom."""
        return cells + self.ones & self.guards

    def box(self, row: Row) -> Box:
        return Box(row.cells, 0, row.phrases)

    def is_empty(self, box: Box) -> bool:
        """Whether no request is in the box: a column without atoms, or phrases of which one is said, all unsaid."""
        return self.filled(box.cells) != self.guards or bool(box.said and not box.said & ~box.unsaid)

    def meets(self, box: Box, row: Row) -> bool:
        """Whether some request of a box that is not empty is also the row's."""
        if self.filled(box.cells & row.cells) != self.guards:
            return False
        return not row.phrases or row.phrases & ~box.unsaid != 0

    def minus(self, box: Box, row: Row) -> list[Box]:
        """What is left of a box without the row's requests, as boxes that have nothing in common; none are empty."""
        left = []
        cells = box.cells
        outside = self.filled(cells & ~row.cells)
        for size, at in zip(self.sizes, self.offsets, strict=True):
            if outside >> (at + size) & 1:
                mask = (1 << size) - 1 << at
                left.append(Box(cells & ~(row.cells & mask), box.unsaid, box.said))
                cells &= row.cells | ~mask
        if row.phrases:
            unsaid = box.unsaid | row.denied
            if not box.said or box.said & ~unsaid:
                left.append(Box(cells, unsaid, box.said))
        return left

    def pieces(self, box: Box, row: Row) -> int:
        """At most how many boxes `minus` would leave."""
        return self.filled(box.cells & ~row.cells).bit_count() + (row.phrases != 0)


def left_over(layout: Layout, box: Box, rows: Sequence[Row], work: Work, used: set[int]) -> Iterator[Box]:
    """The parts of a box that are in none of the rows, as boxes that have nothing in common.

    When it ends, everything else of the box is in the rows, and `used` holds the indices of those that took any of it.
    Raises `OutOfWork` when that could not be found out within the work.
    """
    # Depth first, and the row that cuts a box into the fewest pieces first: a part that is left over shows up early.
    stack: list[tuple[Box, Sequence[int]]] = [] if layout.is_empty(box) else [(box, range(len(rows)))]
    while stack:
        current, candidates = stack.pop()
        work.spend(1 + len(candidates))
        meeting = [index for index in candidates if layout.meets(current, rows[index])]
        if not meeting:
            yield current
            continue
        best = min(meeting, key=lambda index: layout.pieces(current, rows[index]))
        used.add(best)
        rest = [index for index in meeting if index != best]
        stack += [(piece, rest) for piece in layout.minus(current, rows[best])]
