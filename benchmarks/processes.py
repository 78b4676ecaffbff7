"""Processor time and memory of a process and all that descend from it, read from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """One line of /proc/PID/stat. `ticks` counts its own processor time and that of children it has waited for."""

    pid: int
    parent: int
    ticks: int


def snapshot() -> dict[int, Process]:
    """Every process of this machine."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name, in brackets, may hold anything: what we want comes after the last one.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(entry.name)
        found[pid] = Process(pid, int(fields[1]), sum(map(int, fields[11:15])))
    return found


def family(root: int, among: dict[int, Process] | None = None, *, but: int | None = None) -> set[int]:
    """A process and all that descend from it, without the family of `but`."""
    among = snapshot() if among is None else among
    members: set[int] = set()
    added = {root} & among.keys() - {but}
    while added:
        members |= added
        added = {each.pid for each in among.values() if each.parent in members} - members - {but}
    return members


def processor_seconds(root: int, *, but: int | None = None) -> float:
    """Processor time that a family, without that of `but`, has used since it began, in seconds, to the hundredth."""
    now = snapshot()
    return sum(now[pid].ticks for pid in family(root, now, but=but)) / TICKS


def proportional_set_size(roots: list[int]) -> float:
    """Memory of some families, in MiB; pages shared among processes count once (PSS)."""
    now = snapshot()
    members = set[int]().union(*(family(root, now) for root in roots))
    return sum(map(_pss, members)) / 1024


def _pss(pid: int) -> int:
    """In KiB; none for a process that has just gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
