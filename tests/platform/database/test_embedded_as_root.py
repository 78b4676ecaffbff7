"""As whom the server runs when root starts it: PostgreSQL itself refuses root. Collected for root only."""

import os
import subprocess
from pathlib import Path

import pytest

from ahadi.platform.database.cluster import everyone_in
from tests.platform.database.conftest import Start
from tests.platform.database.tenants import (
    ROOT,
    STRANGERS,
    Tenant,
    Who,
    asks,
    copy_programs,
    eventually,
    pid_of,
)

# Its own users, and a place for programs, where root may not make user namespaces.
FORBIDDEN = """
set -e
mount -t tmpfs none "$1" && cp -a /etc "$1"/etc && mkdir "$1"/lib && chmod 755 "$1" "$1"/lib
mount --bind "$1"/etc /etc && mount --bind "$1"/lib /var/lib
echo 0 > /proc/sys/user/max_user_namespaces
shift
exec "$@"
"""
ONCE_MAPPED = ("unshare", "--user", "--mount", "sh", "-c", 'read -r go; exec "$@"', "sh")


def may_map() -> bool:
    """Whether a namespace with many users can be made here."""
    return ROOT and not subprocess.run(["unshare", "--user", "--mount", "true"], capture_output=True).returncode


def without_namespaces(start: Start, data: Path, overlay: Path, *options: str) -> Tenant:
    """A program of a root to whom the machine forbids user namespaces, and who is alone with its list of users."""
    overlay.mkdir(exist_ok=True)
    tenant = start(data, *options, before=(*ONCE_MAPPED, "sh", "-c", FORBIDDEN, "sh", str(overlay)))
    ours, theirs = Path("/proc/self/ns/user"), Path(f"/proc/{tenant.process.pid}/ns/user")
    eventually(lambda: theirs.readlink() != ours.readlink())
    for kind in ("uid", "gid"):
        Path(f"/proc/{tenant.process.pid}/{kind}_map").write_text("0 0 65536")
    tenant.write("go\n")
    return tenant


if ROOT:

    @pytest.fixture
    def who() -> Who:
        return Who("root")

    def owner_of(pid: int | None) -> int:
        return Path(f"/proc/{pid}").stat().st_uid

    def test_root_serves_in_a_user_namespace_and_everything_stays_root_s(start: Start, new: Path) -> None:
        assert asks(start(new).ready().app, "select 1") == 1
        pid = pid_of(new)
        assert owner_of(pid) == 0
        assert Path(f"/proc/{pid}/ns/user").readlink() != Path("/proc/self/ns/user").readlink()
        assert {path.lstat().st_uid for path in new.rglob("*")} == {0}

    def test_in_the_folder_of_somebody_else_root_serves_as_them_and_they_can_go_on(start: Start, new: Path) -> None:
        new.mkdir()
        new.parent.chmod(0o755)
        os.chown(new, 65534, 65534)
        tenant = start(new)
        assert asks(tenant.ready().app, "select 1") == 1
        assert owner_of(pid_of(new)) == 65534
        assert {path.lstat().st_uid for path in new.rglob("*")} == {65534}
        adopter = start(new, who=Who("ordinary user", 65534))
        adopter.ready()
        tenant.leave()
        adopter.leave()
        assert pid_of(new) is None
        assert asks(start(new, who=Who("ordinary user", 65534)).ready().app, "select 1") == 1

    @pytest.mark.parametrize("stranger", STRANGERS, ids=lambda who: who.name)
    def test_a_user_without_a_name_serves(start: Start, new: Path, stranger: Who) -> None:
        new.mkdir()
        new.parent.chmod(0o755)
        os.chown(new, stranger.number, stranger.number)
        tenant = start(new, who=stranger)
        assert asks(tenant.ready().app, "select 1") == 1
        tenant.leave()
        assert everyone_in(new / "pg") == []


if may_map():

    def test_where_namespaces_are_forbidden_root_serves_as_a_system_user_with_a_folder_of_its_own(
        start: Start, place: Path
    ) -> None:
        data, overlay = place / "data", place / "overlay"
        tenant = without_namespaces(start, data, overlay)
        tenant.ready()
        root = Path(f"/proc/{tenant.process.pid}/root")
        users = dict(line.split(":")[0:3:2] for line in (root / "etc/passwd").read_text().splitlines())
        assert any("Made the system user ahadi" in sentence for sentence in tenant.heard)
        home = (data / "pg").readlink()
        assert home.is_relative_to("/var/lib/ahadi")
        pid = int((root / home.relative_to("/") / "postmaster.pid").read_text().split()[0])
        assert owner_of(pid) == int(users["ahadi"])
        tenant.leave()
        assert not Path(f"/proc/{pid}").exists()

    def test_programs_that_the_system_user_cannot_reach_are_copied_to_where_it_can(start: Start, place: Path) -> None:
        tenant = without_namespaces(
            start, place / "data", place / "overlay", "--programs", str(copy_programs(place / "closed"))
        )
        assert place.stat().st_mode & 0o077 == 0
        tenant.ready()
        assert any("Copying PostgreSQL to /var/lib/ahadi" in sentence for sentence in tenant.heard)

    def test_a_database_made_by_root_in_a_namespace_is_left_alone_where_those_are_forbidden(
        start: Start, data: Path, place: Path
    ) -> None:
        sentence = without_namespaces(start, data, place / "overlay").refused()
        assert sentence.startswith(f"The database in {data} was made by root in a user namespace, which this machine")
        assert asks(start(data).ready().app, "select 1") == 1
