"""What can be told about a cluster, PostgreSQL's folder on disk, without asking its server: who serves it, and where.

A process id is never believed by itself: the process must also be called `postgres` and work in our folder, so a
dead one, a zombie and an id that the system gave to somebody else are all nobody.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from ahadi.base.errors import SetupError
from ahadi.platform.database.binaries import MAJOR, Runner

SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 107  # bytes; sun_path of unix(7) has 108 with the closing zero


class Failed(Exception):
    """A program of PostgreSQL gave up; the argument is what it said."""


def serves(pid: int, cluster: Path) -> bool:
    """Whether this process is a living part of the server of the cluster."""
    process = Path("/proc") / str(pid)
    try:
        return (process / "comm").read_text().strip() == "postgres" and (process / "cwd").samefile(cluster)
    except OSError:
        return False


def postmaster(cluster: Path) -> int | None:
    """The process id of the living server of the cluster."""
    lines = _pid_file(cluster)
    pid = int(lines[0]) if lines and lines[0].strip().isdigit() else None
    return pid if pid and serves(pid, cluster) else None


def socket_folder_in_use(cluster: Path) -> Path | None:
    """Where the living server of the cluster listens."""
    lines = _pid_file(cluster)
    return Path(lines[4]) if postmaster(cluster) and len(lines) > 4 and lines[4].strip() else None


def _pid_file(cluster: Path) -> list[str]:
    try:  # pid, folder, start time, port, socket folder, …
        return (cluster / "postmaster.pid").read_text(errors="surrogateescape").split("\n")
    except OSError:
        return []


def everyone_in(cluster: Path) -> list[int]:
    """Every living PostgreSQL process of the cluster: after a `kill -9` of the server its children may linger."""
    return [
        int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and serves(int(each.name), cluster)
    ]


def send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def forget_the_dead(cluster: Path, socket_folder: Path) -> None:
    """Remove the marks of a server that is no more, which PostgreSQL would believe if its process id lives again."""
    for mark in (cluster / "postmaster.pid", socket_folder / SOCKET, socket_folder / f"{SOCKET}.lock"):
        mark.unlink(missing_ok=True)


def choose_socket_folder(runner: Runner) -> Path:
    """A private folder for the socket: in the data folder, or a runtime folder where that path cannot be used.

    Unix socket paths are short, and a comma separates hosts in a connection string. Raises SetupError when somebody
    else already has a folder of that name.
    """
    home = runner.home
    owner = os.geteuid() if runner.uid is None else runner.uid
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    for folder in (
        home / "run",
        Path(tempfile.gettempdir()) / f"ahadi-{owner}-{mark}",
        Path(f"/tmp/ahadi-{owner}-{mark}"),  # noqa: S108 - made 0700, and refused below when it is another's
    ):
        if len(os.fsencode(folder / SOCKET)) <= LONGEST_SOCKET and "," not in str(folder) and _is_text(folder):
            break
    else:
        raise SetupError(f"The path {home} cannot hold a database; choose a shorter one with --data.")
    folder.mkdir(mode=0o700, exist_ok=True)
    runner.give(folder)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise SetupError(f"The folder {folder} belongs to somebody else: remove it, or choose another with --data.")
    folder.chmod(0o700)
    return folder


def _is_text(path: Path) -> bool:
    return str(path).isprintable() and str(path).encode(errors="replace") == os.fsencode(path)


def check(cluster: Path) -> bool:
    """Whether there is a cluster that this version can serve; False when there is none yet.

    Raises SetupError when the folder holds something else, or a database of another PostgreSQL.
    """
    if not cluster.exists() or not any(cluster.iterdir()):
        if cluster.is_symlink() and not cluster.exists():
            raise SetupError(
                f"{cluster} points to {cluster.readlink()}, which is gone: put it back, or remove the link to begin"
                " anew."
            )
        return False
    try:
        version = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        version = ""
    if version == str(MAJOR):
        return True
    if not version.isdigit():
        raise SetupError(f"{cluster} is not a database: move it away, or choose another data folder with --data.")
    if int(version) > MAJOR:
        raise SetupError(
            f"The database in {cluster} was made by PostgreSQL {version}, newer than the {MAJOR} of this Ahadi: start"
            " the newer Ahadi that made it, or choose another data folder with --data."
        )
    raise SetupError(
        f"The database in {cluster} was made by PostgreSQL {version}, older than the {MAJOR} of this Ahadi: make a"
        f" backup with the Ahadi that made it, move {cluster} away, and restore the backup here."
    )


def create(cluster: Path, runner: Runner, claim: int, *, durable: bool, pause: Callable[[float], None]) -> None:
    """Make a cluster beside its place and move it there, so that a crash leaves all of it or nothing.

    `claim` is a descriptor for the makers to hold; `pause` sleeps and may raise to give up. Raises Failed.
    """
    target = runner.home / "pg"
    for leftover in runner.home.glob("pg.new*"):
        shutil.rmtree(leftover, ignore_errors=True)
    draft = runner.home / f"pg.new-{os.getpid()}"
    draft.mkdir(mode=0o700)
    runner.give(draft)
    command = runner.command(
        "initdb", "--pgdata", str(draft), "--encoding=UTF8", "--locale=C", "--username=postgres", "--auth=trust",
        "--text-search-config=simple", "--no-instructions", *(() if durable else ("--no-sync",)),
    )  # fmt: skip
    with os.fdopen(os.memfd_create("words"), "w+b") as words:  # in memory: the disk may be what is wrong
        process = runner.start(command, stdout=words, stderr=words, pass_fds=(claim,))
        try:
            while process.poll() is None:
                pause(0.02)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            words.seek(0)
            raise Failed(words.read().decode(errors="replace"))
    if target.is_dir():
        target.rmdir()  # empty, or it would be a cluster
    draft.rename(target)
    folder = os.open(runner.home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    if target != cluster and not cluster.is_symlink():
        if cluster.exists():
            cluster.rmdir()
        cluster.symlink_to(target, target_is_directory=True)
