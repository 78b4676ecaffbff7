"""What may not run twice: two demos on one folder, or two clocks on one database."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, get_args

from ahadi.base.errors import SetupError
from ahadi.main import alone_store
from ahadi.main.wiring import Installation
from ahadi.platform.database.locks import FileLock
from ahadi.platform.settings import ClockMode

_LOCK: Final = "demo.lock"
_KINDS: Final = ("web", "worker")
_GONE_WITHIN: Final = 10.0  # seconds in which the processes of a parent that was killed are gone


@contextmanager
def only_demo(folder: Path, address: str) -> Iterator[None]:
    """Hold the demo's folder while the block runs. Raises SetupError, naming its address, where another demo does."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK)
    try:
        if not lock.seize():
            where = lock.path.read_text(encoding="utf-8").strip()
            raise SetupError(f"This demo is running already{f' at {where}' if where else ''}.")
        if os.geteuid() == 0:  # root, in somebody's folder, leaves nothing there they cannot open
            owner = folder.stat()
            os.chown(lock.path, owner.st_uid, owner.st_gid)
        lock.path.write_text(f"{address}\n", encoding="utf-8")
        yield
    finally:
        lock.close()


def process_name(kind: str, mode: ClockMode) -> str:
    """What the database is told of a web or worker process, by which others see that it runs, and by which clock."""
    return f"{kind}, {mode} clock"


async def must_share_the_clock(installation: Installation, *, patience: float = _GONE_WITHIN) -> None:
    """Raises SetupError where processes on this database go by another clock, and do not end within `patience` s."""
    own = installation.settings.clock
    others = {
        f"ahadi {process_name(kind, mode)}": mode for kind in _KINDS for mode in get_args(ClockMode) if mode != own
    }
    until = time.monotonic() + patience
    while True:
        async with installation.database.connection() as connection:
            found = await alone_store.one_of(connection, list(others))
        if found is None:
            return
        if time.monotonic() >= until:
            raise SetupError(
                f"Ahadi runs on this database already, with AHADI_CLOCK={others[found]}: set the same here"
                f" (it is {own} now), or stop the other first."
            )
        await asyncio.sleep(0.25)
