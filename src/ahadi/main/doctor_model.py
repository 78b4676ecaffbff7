"""What the doctor is given and what it says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

from ahadi.directory import Organisation
from ahadi.platform.database import Database
from ahadi.platform.settings import Settings

State = Literal["ok", "attention", "bad"]
Progress = Callable[[int, int], None]
"""Told how many cases have been looked at, of how many."""
Disk = Callable[[Path], tuple[int, int, int]]
"""Bytes of the disk that a folder is on: all, used, free."""

_NAMED: Final = 10  # things named in one sentence; the rest is counted


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: `ok`, something that needs `attention`, or something `bad`; and what to do."""

    check: str
    state: State
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined, and by what means; `batch` cases are read at a time."""

    settings: Settings
    database: Database
    organisations: Sequence[Organisation]
    progress: Progress
    disk: Disk
    batch: int

    @property
    def ids(self) -> list[UUID]:
        return [each.id for each in self.organisations]


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Whether nothing is bad; what needs attention may wait for a person."""
    return all(each.state != "bad" for each in findings)


def named(things: Sequence[str]) -> str:
    """The first things by name, and how many more there are."""
    shown = ", ".join(things[:_NAMED])
    return f"{shown} and {len(things) - _NAMED:,} more" if len(things) > _NAMED else shown


def long(span: timedelta) -> str:
    """A length of time in the unit that says enough."""
    seconds = span.total_seconds()
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
