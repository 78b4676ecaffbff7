"""Sets of time as sorted, disjoint, half-open spans `[start, end)`: the algebra under hours, rotas and coverage."""

from collections.abc import Iterable
from datetime import datetime

Span = tuple[datetime, datetime]


def union(spans: Iterable[Span]) -> list[Span]:
    """Every moment that lies in any of the spans; spans that touch become one, empty ones vanish."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def minus(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """Every moment that lies in the spans and in none of the holes."""
    cuts = union(holes)
    left: list[Span] = []
    first = 0  # both lists are sorted: holes before the current span are passed once
    for start, end in union(spans):
        while first < len(cuts) and cuts[first][1] <= start:
            first += 1
        for hole_start, hole_end in cuts[first:]:
            if hole_start >= end:
                break
            if start < hole_start:
                left.append((start, hole_start))
            start = max(start, hole_end)
        if start < end:
            left.append((start, end))
    return left


def clip(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """The parts of the spans that lie within `[start, end)`, in the order given."""
    return [(max(s, start), min(e, end)) for s, e in spans if max(s, start) < min(e, end)]
