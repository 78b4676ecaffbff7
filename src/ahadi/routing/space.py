"""The space of all requests as a table tells them apart: rows as regions, and regions back as requests and words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from ahadi.routing.cells import clock
from ahadi.routing.columns import ATTRIBUTE, DAY_NAMES, Column, columns_of, unused_letter
from ahadi.routing.model import (
    MINUTES_A_DAY,
    Channel,
    Day,
    Moment,
    Request,
    Rule,
    Tier,
    When,
    needle,
    saying,
    spoken,
    verified_tier,
)
from ahadi.routing.regions import Box, Layout, Row

_NOBODY = UUID(int=0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Imagined:
    """The entitlement of a customer who exists in an example only."""

    tier: str
    id: UUID = _NOBODY
    customer_id: UUID = _NOBODY
    verified_at: datetime | None = _EPOCH
    expires_at: datetime | None = None


def imagined_tier(name: str) -> Tier | None:
    """The tier of a customer in an example; its entitlement is nobody's."""
    return verified_tier(_Imagined(name), customer_id=_NOBODY, now=_EPOCH)


@dataclass(frozen=True, slots=True)
class Where:
    """What the requests of a region have in common in one column: one of these `values`, or with `but` none of them.

    Each value is its kind and itself: as an atom's `kind` says, or a `span` of minutes or counts `(first, end)`, of
    which the end is not included and None where there is none. The words that are said are in the column `words`.
    """

    column: str
    values: tuple[tuple[str, Any], ...]
    but: bool = False


class Space:
    """All requests that may come, cut as the rules cut them.

    `reasons` and `tiers` are all that the organisation has; None leaves them open, as languages, places and
    attributes always are.
    """

    def __init__(self, rules: Sequence[Rule], reasons: Iterable[str] | None, tiers: Iterable[str] | None) -> None:
        whens = [rule.when for rule in rules]
        self.columns = columns_of(whens, reasons, tiers)
        self.layout = Layout(tuple(len(column.atoms) for column in self.columns))
        self.phrases = tuple(dict.fromkeys(phrase for when in whens for phrase in when.words))
        self._needles = tuple(needle(phrase) for phrase in self.phrases)
        self._fresh = unused_letter("".join(self.phrases))
        self.rows = tuple(self._row(when) for when in whens)

    def empty_column(self, row: Row) -> str | None:
        """The first column of which a row takes nothing at all."""
        empty = (c.key for i, c in enumerate(self.columns) if not self.layout.column(row.cells, i))
        return next(empty, None)

    def example(self, box: Box) -> Request:
        """One request out of a box that is not empty."""
        value = {}
        for index, column in enumerate(self.columns):
            value[column.key] = column.example(self.layout.column(box.cells, index))
        return Request(
            channel=cast(Channel, value["channel"]),
            moment=Moment(cast(Day, value["day"]), value["hour"]),
            reason=value["reason"] or None,
            language=value["language"] or None,
            tier=imagined_tier(value["tier"]),
            repeat=value["repeat"],
            place=value["place"],
            text=self._text(box),
            attributes={k.removeprefix(ATTRIBUTE): v for k, v in value.items() if v and k.startswith(ATTRIBUTE)},
        )

    def describe(self, box: Box) -> str:
        """The requests of a box in words; columns in which nothing is left out go without saying."""
        parts = []
        for index, column in enumerate(self.columns):
            atoms = self.layout.column(box.cells, index)
            if atoms != column.all:
                parts.append(_describe(column, atoms))
        if box.said:
            parts.append(f"saying {_either(self._quoted(box.said))}")
        told = self._telling(box.unsaid)
        if told:
            parts.append(f"without {_either(self._quoted(told))}")
        return "; ".join(parts) or "any request at all"

    def conditions(self, box: Box) -> tuple[Where, ...]:
        """What `describe` says, as values: for those who say it in other words."""
        found = []
        for index, column in enumerate(self.columns):
            atoms = self.layout.column(box.cells, index)
            if atoms != column.all:
                found.append(_where(column, atoms))
        if box.said:
            found.append(Where("words", tuple(("value", self.phrases[each]) for each in _bits(box.said))))
        told = self._telling(box.unsaid)
        if told:
            found.append(Where("words", tuple(("value", self.phrases[each]) for each in _bits(told)), True))
        return tuple(found)

    def _row(self, when: When) -> Row:
        said = [self.phrases.index(phrase) for phrase in when.words]
        denied = 0
        for index in said:
            denied |= self._implying[index]
        return Row(self.layout.pack([column.takes(when) for column in self.columns]), _as_bits(said), denied)

    @cached_property
    def _implying(self) -> tuple[int, ...]:
        """Per phrase, those that cannot be said without saying it, itself included."""
        least = [spoken(saying([phrase], self._fresh)) for phrase in self.phrases]
        return tuple(_as_bits(i for i, text in enumerate(least) if sought in text) for sought in self._needles)

    def _text(self, box: Box) -> str:
        """A text that says one of the phrases asked for and nothing that must stay unsaid; natural if that will do."""
        if not box.said:
            return ""
        phrase = self.phrases[next(_bits(box.said & ~box.unsaid))]
        natural = phrase.strip("*")
        heard = spoken(natural)
        said = _as_bits(index for index, sought in enumerate(self._needles) if sought in heard)
        return natural if said & box.said and not said & box.unsaid else saying([phrase], self._fresh)

    def _telling(self, unsaid: int) -> int:
        """The unsaid phrases without those that are unsaid anyway, because another is."""
        implied = 0
        for index in _bits(unsaid):
            implied |= self._implying[index] & ~(1 << index)
        return unsaid & ~implied

    def _quoted(self, phrases: int) -> list[str]:
        return [f"“{self.phrases[index]}”" for index in _bits(phrases)]


def told(request: Request) -> str:
    """A request in words: what is known of it."""
    parts = [f"by {request.channel}", f"{DAY_NAMES[request.moment.day]} {clock(request.moment.minute)}"]
    known = {"reason": request.reason, "language": request.language, "tier": request.tier and request.tier.name}
    known |= dict(request.attributes)
    known["place"] = request.place
    parts += [f"{name} “{value}”" for name, value in known.items() if value]
    if request.repeat:
        parts.append(f"came back {request.repeat} times")
    if request.text:
        parts.append(f"saying “{request.text}”")
    return ", ".join(parts)


def _describe(column: Column, atoms: int) -> str:
    """The atoms of a column in words, by naming those that are left out where that is shorter."""
    if column.ordered:
        return _either(_spans(column, atoms))
    taken = [column.atoms[index].label for index in _bits(atoms)]
    left_out = [column.atoms[index].label for index in _bits(column.all & ~atoms)]
    if len(left_out) < len(taken):
        return f"any {column.name} but {_either(left_out)}"
    named = column.name if any(label.startswith("“") for label in taken) else ""
    return f"{named} {_either(taken)}".strip()


def _where(column: Column, atoms: int) -> Where:
    """The atoms of a column, or those that are left out where they are fewer."""
    if column.ordered:
        spans = []
        for first, last in _runs(atoms):
            following = column.atoms[last + 1].value if last + 1 < len(column.atoms) else None
            spans.append(("span", (column.atoms[first].value, following)))
        return Where(column.key, tuple(spans))
    left_out = column.all & ~atoms
    but = left_out.bit_count() < atoms.bit_count()
    chosen = [column.atoms[index] for index in _bits(left_out if but else atoms)]
    return Where(column.key, tuple((each.kind, each.stem or each.value) for each in chosen), but)


def _spans(column: Column, atoms: int) -> list[str]:
    """Neighbouring atoms of an ordered column joined into spans."""
    spans = []
    for first, last in _runs(atoms):
        start = column.atoms[first].value
        following = column.atoms[last + 1].value if last + 1 < len(column.atoms) else None
        if column.key == "hour":
            spans.append(f"{clock(start)}-{clock(MINUTES_A_DAY if following is None else following)}")
        elif following is None:
            spans.append(f"came back {start} times or more")
        else:
            upto = "" if following == start + 1 else f"-{following - 1}"
            spans.append(f"came back {start}{upto} times")
    return spans


def _runs(bits: int) -> Iterator[tuple[int, int]]:
    listed = list(_bits(bits))
    starts = [i for i in listed if i - 1 not in listed]
    ends = [i for i in listed if i + 1 not in listed]
    return zip(starts, ends, strict=True)


def _either(labels: Sequence[str], most: int = 6) -> str:
    shown = [*labels[:most], f"{len(labels) - most} more"] if len(labels) > most else list(labels)
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _bits(number: int) -> Iterator[int]:
    """The places of the bits that are set, lowest first."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _as_bits(places: Iterable[int]) -> int:
    number = 0
    for place in places:
        number |= 1 << place
    return number
