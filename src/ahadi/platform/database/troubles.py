"""What the system and PostgreSQL say when the embedded server cannot run, made into sentences that say what to do."""

import contextlib
import errno
import os
from pathlib import Path

from ahadi.base.errors import SetupError

SEGMENT = 17 * 1024 * 1024  # one more piece of the write-ahead log, in bytes, and a little


def explain_system(data: Path, problem: OSError) -> SetupError:
    """The sentence for an error of the operating system met in the data folder."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return SetupError(f"The disk that holds {data} is full: free some space and start again.")
    if problem.errno == errno.EFBIG:
        return SetupError(f"A limit on the size of files was met in {data}: raise it (ulimit -f) and start again.")
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return SetupError(
            f"Ahadi may not write in {data}: give it to the user who runs Ahadi, or choose another with --data."
        )
    if problem.errno in (errno.ENOTDIR, errno.EEXIST):
        return SetupError(f"{data} is not a folder: choose another with --data.")
    return SetupError(f"The data folder {data} cannot be used ({problem}): mend that, or choose another with --data.")


def explain_words(data: Path, home: Path, words: str) -> SetupError:
    """The sentence for a server that did not start or went away, from its last words and the state of the disk.

    `home` is the folder that holds the cluster. A server on a full disk cannot even write down why it stops, so the
    disk is tried first.
    """
    try:
        _need_space(home)
    except OSError as problem:
        return explain_system(data, problem)
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS):
        if os.strerror(number) in words:
            return explain_system(data, OSError(number, os.strerror(number)))
    if os.strerror(errno.ENOMEM) in words:
        return SetupError("There is too little memory for the database: end other programs, or give it more.")
    lines = [line.strip() for line in words.splitlines() if line.strip()] or ["none"]
    last = next((line for line in reversed(lines) if "FATAL" in line or "PANIC" in line), lines[-1])
    return SetupError(f"The database in {data} does not run; {data / 'pg.log'} may say why. Its last words: {last}")


def _need_space(folder: Path) -> None:
    """Raise OSError unless another segment of the write-ahead log fits on the disk."""
    probe = folder / f"probe-{os.getpid()}"
    try:
        fd = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, SEGMENT)
        finally:
            os.close(fd)
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
