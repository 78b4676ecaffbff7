"""The floor's code, written from two tapes of the same kind of request.

What both tapes have alike is a constant. What differs must be explained: it came with the request, from a row fetched
before, is an identifier made anew, or lies so far from now. What cannot be explained stops the benchmark; a floor that
does something else than the application would be worth nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Json, Jsonb

from ahadi.base.ids import parse_reference, reference_of
from benchmarks.tape import Enter, Fetch, Leave, Row, Run, Tape

HEAD = '''\
"""Written by benchmarks.floor_code from what the application did. One request, and nothing but its statements."""

import datetime
from datetime import timedelta
from secrets import token_bytes, token_urlsafe
from uuid import UUID

from psycopg.types.json import Json, Jsonb

from ahadi.base.clock import iso
from ahadi.base.ids import reference_of, uuid7


async def respond(pool, asked, now):
'''
_INSIDE_TEXT = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)|/c/[\w.-]{60,}"
    r"|\b[A-Z]{1,8}-[0-9A-Z]{7}\b"
)
_AS_LATE = timedelta(seconds=3)  # two moments this near to each other, seen from their own now, are the same moment


class Unexplained(Exception):
    """A value that differs from request to request and comes from nowhere."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One request: what was asked (by name), when, and the tape."""

    asked: Mapping[str, Any]
    now: datetime
    tape: Tape


@dataclass(frozen=True, slots=True)
class Draw:
    """Where in the code one row is fetched: the line after it, how deep, and the code that runs and fetches again."""

    line: int
    depth: int
    again: tuple[str, str]


@dataclass(slots=True)
class Writer:
    """Writes the body. `known` holds, for each value met, what it was in either recording and the code that has it."""

    first: Recording
    second: Recording
    known: list[tuple[Any, Any, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    draws: dict[str, Draw] = field(default_factory=dict)
    depth: int = 1
    made: int = 0

    def body(self) -> list[str]:
        self.known += [(value, self.second.asked[name], f"asked[{name!r}]") for name, value in self.first.asked.items()]
        self._line("rows = []")
        taken = 0
        steps = zip(self.first.tape.steps, self.second.tape.steps, strict=True)
        for number, (one, other) in enumerate(steps):
            match one, other:
                case Enter(what="connection"), Enter(what="connection"):
                    taken += 1
                    self._enter(f"async with pool.connection() as c{taken}:")
                case Enter(what=what), Enter(what=as_well) if what == as_well:
                    self._enter(f"async with c{taken}.{what}():")
                case Leave(), Leave():
                    self.depth -= 1
                case Run(), Run() if one.sql == other.sql and one.many == other.many:
                    self._run(one, other, f"c{taken}")
                case Fetch(), Fetch() if one.how == other.how:
                    self._fetch(one, other, number)
                case _:
                    raise Unexplained(f"Step {number} was {one} once and {other} another time.")
        self._line("return rows")
        return [line for line in self.lines if line]

    def _line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def _enter(self, text: str) -> None:
        self._line(text)
        self.depth += 1

    def _run(self, one: Run, other: Run, connection: str) -> None:
        try:
            params = self._value(one.params, other.params)
        except Unexplained as problem:
            raise Unexplained(f"{problem} in: {one.sql}") from None
        if one.many:
            self._line(f"x{one.cursor} = {connection}.cursor()")
            self._line(f"await x{one.cursor}.executemany({one.sql!r}, {params})")
        else:
            self._line(f"x{one.cursor} = await {connection}.execute({one.sql!r}, {params})")

    def _fetch(self, one: Fetch, other: Fetch, number: int) -> None:
        run = self.lines[-1].strip()
        self._line(f"r{number} = await x{one.cursor}.{one.how}()")
        if one.how == "fetchone":
            self.draws[f"r{number}[0]"] = Draw(len(self.lines), self.depth, (run, self.lines[-1].strip()))
            self.lines.append("")
        self._line(f"rows.append(r{number})")
        if one.how == "fetchone":
            ours, theirs = one.rows[one.position :][:1], other.rows[other.position :][:1]
        else:
            ours, theirs = one.rows, other.rows
        for place, (row, same) in enumerate(zip(ours, theirs, strict=False)):
            name = f"r{number}" if one.how == "fetchone" else f"r{number}[{place}]"
            self._know(row, same, name)

    def _know(self, row: Row, same: Row, name: str) -> None:
        for column, pair in enumerate(zip(row, same, strict=True)):
            if pair[0] != pair[1]:
                self.known.append((*pair, f"{name}[{column}]"))

    # The code that has a value ------------------------------------------------------------------------------

    def _value(self, one: Any, other: Any) -> str:
        if type(one) is not type(other):
            raise Unexplained(f"{one!r} was {other!r} another time")
        if isinstance(one, dict) and one.keys() == other.keys():
            return "{" + ", ".join(f"{name!r}: {self._value(one[name], other[name])}" for name in one) + "}"
        if isinstance(one, list | tuple) and len(one) == len(other):
            inside = "".join(f"{self._value(*pair)}, " for pair in zip(one, other, strict=True))
            return f"({inside})" if isinstance(one, tuple) else f"[{inside}]"
        if isinstance(one, Json | Jsonb):
            return f"{type(one).__name__}({self._value(one.obj, other.obj)})"
        if one == other:
            return _literal(one)
        return self._found(one, other) or self._new(one, other)

    def _found(self, one: Any, other: Any) -> str | None:
        return next((code for ours, theirs, code in self.known if (ours, theirs) == (one, other)), None)

    def _new(self, one: Any, other: Any) -> str:
        """Code for a value that was not met before."""
        if isinstance(one, datetime):
            away, as_well = one - self.first.now, other - self.second.now
            if abs(away - as_well) < _AS_LATE:
                return f"now + timedelta(seconds={away.total_seconds():.0f})"
        elif isinstance(one, UUID):
            return self._make(one, other, "uuid7()")
        elif isinstance(one, bytes) and len(one) == len(other):
            return self._make(one, other, f"token_bytes({len(one)})")
        elif isinstance(one, str):
            if parse_reference(one) == one and parse_reference(other) == other:
                return self._reference(one, other)
            return self._text(one, other)
        raise Unexplained(f"{one!r} was {other!r} another time")

    def _make(self, one: Any, other: Any, code: str) -> str:
        self.made += 1
        name = f"n{self.made}"
        self._line(f"{name} = {code}")
        self.known.append((one, other, name))
        return name

    def _reference(self, one: str, other: str) -> str:
        """A reference made of a number that the database drew. As in the application, some numbers give none."""
        prefix = one.partition("-")[0]
        for ours, theirs, code in self.known:
            if isinstance(ours, int) and (reference_of(prefix, ours), reference_of(prefix, theirs)) == (one, other):
                made = f"reference_of({prefix!r}, {code})"
                if draw := self.draws.get(code):
                    indent = "    " * draw.depth
                    redo = "".join(f"\n{indent}    {line}" for line in draw.again)
                    self.lines[draw.line] = f"{indent}while {made} is None:{redo}"
                self.known.append((one, other, made))
                return made
        raise Unexplained(f"No number was drawn for {one}")

    def _text(self, one: str, other: str) -> str:
        """A text whose pieces are known: identifiers, moments, what was asked; f-strings are made of it."""
        inside = _INSIDE_TEXT.findall(one), _INSIDE_TEXT.findall(other)
        for ours, theirs in zip(*inside, strict=False):
            if ours != theirs and not any(pair == (ours, theirs) for pair in self._spelled()):
                self._new_inside(ours, theirs)
        pieces = sorted(self._spelled().items(), key=lambda piece: -len(piece[0][0]))
        ours, theirs = one, other
        codes: list[str] = []
        for (spelled, as_well), code in pieces:
            if len(spelled) > 3 and spelled in ours and as_well in theirs:
                mark = f"\0{len(codes)}\0"
                codes.append(code)
                ours, theirs = ours.replace(spelled, mark), theirs.replace(as_well, mark)
        if ours != theirs:
            raise Unexplained(f"{one!r} was {other!r} another time")
        parts = re.split(r"\0(\d+)\0", ours)
        return " + ".join(
            codes[int(part)] if odd % 2 else repr(part) for odd, part in enumerate(parts) if part or odd % 2
        )

    def _new_inside(self, ours: str, theirs: str) -> None:
        """Make an identifier or a moment that has so far only been spelled inside a text."""
        if ours.startswith("/c/"):  # the signed link to the customer's page
            self.known.append((ours, theirs, f"('/c/' + token_urlsafe({len(ours)}))[:{len(ours)}]"))
        elif parse_reference(ours) == ours:
            self._reference(ours, theirs)
        elif "T" in ours:
            moments = [datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (ours, theirs)]
            self.known.append((ours, theirs, f"iso({self._new(*moments)})"))
        else:
            self._make(UUID(ours), UUID(theirs), "uuid7()")

    def _spelled(self) -> dict[tuple[str, str], str]:
        """Every known value as it may stand inside a text."""
        found: dict[tuple[str, str], str] = {}
        for one, other, code in self.known:
            for ours, theirs, spelling in _spellings(one, other, code):
                found.setdefault((ours, theirs), spelling)
        return found


def _spellings(one: Any, other: Any, code: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(one, UUID) and isinstance(other, UUID):
        yield str(one), str(other), f"str({code})"
    elif isinstance(one, str) and isinstance(other, str):
        yield one, other, code
        yield one.casefold(), other.casefold(), f"{code}.casefold()"
        if parse_reference(one) == one:
            body = f'{code}.partition("-")[2].casefold()'
            yield one.partition("-")[2].casefold(), other.partition("-")[2].casefold(), body
        numbers = re.findall(r"\d{6,}", one), re.findall(r"\d{6,}", other)
        if len(numbers[0]) == len(numbers[1]) == 1:  # as in search words, which are made of a name or an address
            yield numbers[0][0], numbers[1][0], f'"".join(filter(str.isdigit, {code}))'


def _literal(value: Any) -> str:
    """Code for a constant. Fails rather than write something that is not the same when read."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
    code = repr(value)
    known = {"UUID": UUID, "datetime": __import__("datetime")}
    if eval(code, known) != value:
        raise Unexplained(f"{value!r} cannot be written down")
    return code


def write(first: Recording, second: Recording) -> str:
    """A module with `respond(pool, asked, now)`, which runs the statements of such a request and returns its rows.

    Raises Unexplained when the two recordings cannot be told from one rule.
    """
    if len(first.tape.steps) != len(second.tape.steps):
        raise Unexplained(f"{len(first.tape.steps)} steps once, {len(second.tape.steps)} another time")
    return HEAD + "\n".join(Writer(first, second).body()) + "\n"
