"""How much is measured, and what every measurement uses."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Measured, Request, Server, measure

PORTS = {"ours": 8151, "floor": 8152, "large": 8153, "found": 8154}
CALLERS = 16
PROCESSES = 2  # web processes of ours and of the floor
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured, and where what is made for it lies. Quick proves the scripts and is no measurement."""

    scratch: Path
    cases: int = 10_000
    large: int = 1_000_000
    peer_cases: int = 100_000
    desk_cases: int = 100_000
    found_cases: int = 500_000
    queries: int = 30
    seconds: float = 6
    rounds: int = 3
    listeners: int = 2_000
    changes: int = 10
    settling: float = 60

    @classmethod
    def quick(cls, scratch: Path) -> "Extent":
        return cls(
            scratch, 1_000, 5_000, 1_000, 2_000, 2_000, 2, seconds=3, rounds=1, listeners=50, changes=2, settling=3
        )


Say = Callable[[str], None]


def one_round(server: Server, request: Request, extent: Extent, callers: int = CALLERS) -> Callable[[], Measured]:
    """Ask a server the same kind of thing for the extent's time, when called."""
    return lambda: measure(server, request, callers=callers, seconds=extent.seconds)
