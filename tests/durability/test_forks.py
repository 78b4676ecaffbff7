"""The parent forks web and worker processes at any moment, also while its other thread brings the database back.

A kill trial found the database away for two minutes: a worker forked just then had a copy of the lock on the door.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ahadi.platform.database.binaries import Runner
from ahadi.platform.database.locks import NO_FORK, FileLock


@contextmanager
def a_forked_child() -> Iterator[int]:
    """A copy of this process that does nothing, until the block ends."""
    begun, begin = os.pipe()
    pid = os.fork()
    if not pid:
        with suppress(BaseException):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.write(begin, b".")
            signal.pause()
        os._exit(0)
    os.close(begin)
    os.read(begun, 1)
    os.close(begun)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_forked_child_holds_none_of_its_parents_locks(tmp_path: Path) -> None:
    held, other = FileLock(tmp_path / "door.lock"), FileLock(tmp_path / "door.lock")
    assert held.seize() and not other.seize()
    with a_forked_child():
        assert not other.seize(), "its parent holds it still"
        held.close()
        assert other.seize(), "the child dropped its copy as it began"
    other.close()


def test_what_a_program_is_given_to_hold_it_holds(tmp_path: Path) -> None:
    held, other = FileLock(tmp_path / "server.lock"), FileLock(tmp_path / "server.lock")
    assert held.seize()
    program = Runner(Path("/bin"), tmp_path).start(["/bin/sleep", "60"], pass_fds=(held.fd,))
    held.close()
    assert not other.seize()
    program.kill()
    program.wait()
    assert other.seize()
    other.close()


def test_nothing_forks_while_a_program_is_being_started() -> None:
    forked = threading.Event()

    def fork() -> None:
        with a_forked_child():
            forked.set()

    with NO_FORK:
        forking = threading.Thread(target=fork)
        forking.start()
        assert subprocess.run(["/bin/true"], check=False).returncode == 0
        assert not forked.is_set()
    forking.join()
    assert forked.is_set()
