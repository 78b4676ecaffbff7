"""File locks that the kernel drops when a process ends, however it ends."""

import fcntl
import os
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

LOOK_AGAIN = 0.05
SAY_SO_AFTER = 1.0

_open: "weakref.WeakSet[FileLock]" = weakref.WeakSet()
NO_FORK = threading.RLock()
"""Held by a thread while it has descriptors that a copy of this process must not keep open: nothing forks meanwhile."""


def _in_the_child() -> None:
    """A fork copies every descriptor, and a lock lives as long as one of its copies: the child drops its own."""
    for lock in list(_open):
        lock.close()
    NO_FORK.release()


os.register_at_fork(before=NO_FORK.acquire, after_in_parent=NO_FORK.release, after_in_child=_in_the_child)


class FileLock:
    """One `flock` on one file. Two of these exclude each other even within a process. A forked child has none."""

    def __init__(self, path: Path) -> None:
        """Open the lock, making its file when missing. Raises OSError when that cannot be done."""
        self.path = path
        with NO_FORK:
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            _open.add(self)

    def share(self) -> None:
        """Hold it together with others, waiting while somebody has it alone."""
        fcntl.flock(self.fd, fcntl.LOCK_SH)

    def seize(self) -> bool:
        """Try to hold it alone, without waiting. A share held before is lost when this fails."""
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait(self, say: Callable[[], None], pause: Callable[[float], None], *, at_most: float | None = None) -> bool:
        """Hold it alone, waiting for others to let go, for at most so many seconds; False when they did not.

        `say` is called once when that takes more than a second. `pause` sleeps, and may raise to give up.
        """
        began = time.monotonic()
        said = False
        while not self.seize():
            waited = time.monotonic() - began
            if at_most is not None and waited > at_most:
                return False
            if waited > SAY_SO_AFTER and not said:
                said = True
                say()
            pause(LOOK_AGAIN)
        return True

    def close(self) -> None:
        """Let go. A child process that was given the descriptor keeps holding it."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
