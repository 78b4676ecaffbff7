"""The columns of a table cut into atoms: values that every row treats alike, with a representative and a name each."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal

from ahadi.routing.cells import clock
from ahadi.routing.model import CHANNELS, DAYS, MINUTES_A_DAY, Choice, When, normal

ATTRIBUTE: Final = "attribute:"

DAY_NAMES: Final = dict(
    zip(
        DAYS,
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "a public holiday"),
        strict=True,
    )
)
_NOON: Final = 12 * 60
# Letters that folding leaves as they are, should rows have used all the others.
_FAR: Final = 0x4E00


@dataclass(frozen=True)
class Atom:
    """Values of a column that every row treats alike: one of them in its normal form, and what people call them.

    `kind` says which they are: that `value` alone, all that `begins` with `stem`, any `other` than those named, or
    `none` known.
    """

    value: Any
    label: str
    kind: Literal["value", "begins", "other", "none"] = "value"
    stem: str = ""


@dataclass(frozen=True)
class Column:
    """A column: its key, what stands before a value in a sentence, its atoms, and which of them a row takes (as bits).

    Of an ordered column the atoms are spans, in order, each up to where the next begins.
    """

    key: str
    name: str
    atoms: tuple[Atom, ...]
    takes: Callable[[When], int]
    ordered: bool = False

    @property
    def all(self) -> int:
        return (1 << len(self.atoms)) - 1

    def example(self, atoms: int) -> Any:
        """A value out of some atoms: not known or about noon where that will do, else the first."""
        if self.key == "hour" and any(atoms >> index & 1 for index in self._around(_NOON)):
            return _NOON
        last = len(self.atoms) - 1
        if self.atoms[last].value == "" and atoms >> last & 1:
            return ""
        return self.atoms[(atoms & -atoms).bit_length() - 1].value

    def _around(self, value: int) -> list[int]:
        """The atom of an ordered column in which a value lies."""
        return [index for index, atom in enumerate(self.atoms) if atom.value <= value][-1:]


def columns_of(whens: Sequence[When], reasons: Iterable[str] | None, tiers: Iterable[str] | None) -> tuple[Column, ...]:
    """Every column that the rows may look at, but for the words."""
    attributes = sorted({name for when in whens for name, _ in when.attributes})
    return (
        _choice("reason", whens, lambda when: when.reason, reasons),
        _listed("channel", lambda when: when.channel, CHANNELS, CHANNELS),
        _choice("language", whens, lambda when: when.language, None),
        _choice("tier", whens, lambda when: when.tier, tiers, not_known="no verified tier"),
        _listed("day", lambda when: when.day, DAYS, list(DAY_NAMES.values())),
        _hours(whens),
        _repeats(whens),
        *(_choice(ATTRIBUTE + name, whens, _attribute(name), None) for name in attributes),
        _choice("place", whens, lambda when: when.place, None),
    )


def unused_letter(used: str) -> str:
    """A letter or digit, the same when folded, that is not among those used."""
    return next(letter for letter in letters() if letter not in used)


def letters() -> Iterable[str]:
    """Letters and digits without end, the plain ones first."""
    return chain("xqzwvkyjabcdefghilmnoprstu0123456789", map(chr, range(_FAR, _FAR + 20_000)))


def _attribute(name: str) -> Callable[[When], Choice | None]:
    return lambda when: dict(when.attributes).get(name)


def _choice(
    key: str,
    whens: Sequence[When],
    cell: Callable[[When], Choice | None],
    known: Iterable[str] | None,
    not_known: str = "",
) -> Column:
    """A column of names: those that rows speak of or that are known, any other unless all are known, and none."""
    name = key.removeprefix(ATTRIBUTE)
    listed = dict.fromkeys(normal(value) for value in known or ())
    choices = [choice for choice in map(cell, whens) if choice is not None]
    named = list(dict.fromkeys(value for choice in choices for value in choice.values if value))
    exact = list(dict.fromkeys([*listed, *(value for value in named if not value.endswith("*"))]))
    stems = [value[:-1] for value in named if value.endswith("*")]
    atoms = [Atom(value, f"“{value}”") for value in exact if value]
    atoms += [Atom(_begins(stem, exact, stems), f"“{stem}…”", "begins", stem) for stem in stems]
    if known is None:
        atoms.append(Atom(_begins("", exact, stems), f"any other {name}", "other"))
    atoms.append(Atom("", not_known or f"no {name} known", "none"))
    return Column(key, name, tuple(atoms), _taker(cell, [atom.value for atom in atoms]))


def _begins(stem: str, exact: Sequence[str], stems: Sequence[str]) -> str:
    """A normal value that begins with the stem, is none of the exact ones, and begins with no longer stem listed."""
    longer = [other for other in stems if other.startswith(stem) and other != stem]
    tails = chain([""] if stem else ["anything"], letters())
    for tail in tails:
        value = stem + tail
        if normal(value) == value and value not in exact and not any(value.startswith(other) for other in longer):
            return value
    raise AssertionError("there are more letters than rows")


def _listed(key: str, cell: Callable[[When], Choice | None], values: Sequence[str], labels: Sequence[str]) -> Column:
    """A column whose values are all known."""
    atoms = tuple(Atom(value, label) for value, label in zip(values, labels, strict=True))
    return Column(key, key, atoms, _taker(cell, values))


def _taker(cell: Callable[[When], Choice | None], values: Sequence[str]) -> Callable[[When], int]:
    everything = (1 << len(values)) - 1

    def takes(when: When) -> int:
        choice = cell(when)
        if choice is None:
            return everything
        return sum(1 << index for index, value in enumerate(values) if choice.takes(value))

    return takes


def _hours(whens: Sequence[When]) -> Column:
    """The day cut wherever a span begins or ends."""
    cuts = sorted({0, *(end for when in whens for span in when.hours for end in span)} - {MINUTES_A_DAY})
    atoms = tuple(Atom(start, clock(start)) for start in cuts)

    def takes(when: When) -> int:
        spans = when.hours or ((0, MINUTES_A_DAY),)
        return sum(1 << i for i, minute in enumerate(cuts) if any(start <= minute < end for start, end in spans))

    return Column("hour", "", atoms, takes, ordered=True)


def _repeats(whens: Sequence[When]) -> Column:
    """The counts cut wherever a row begins or ends to match."""
    counts = [when.repeat for when in whens if when.repeat is not None]
    cuts = sorted({0, *(c.least for c in counts), *(c.most + 1 for c in counts if c.most is not None)})
    atoms = tuple(Atom(number, str(number)) for number in cuts)

    def takes(when: When) -> int:
        return sum(1 << i for i, number in enumerate(cuts) if when.repeat is None or when.repeat.takes(number))

    return Column("repeat", "", atoms, takes, ordered=True)
