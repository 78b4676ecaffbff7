"""`ahadi run`, as a process of its own: it starts, survives its parts, and stops with nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ahadi.main.alone import only_demo

AHADI = [sys.executable, "-c", "from ahadi.main.cli import app; app()"]
PATIENCE = 60.0  # seconds after which a test gives up; nothing here takes that long


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AHADI_")}
    return kept | {"AHADI_SECRET_KEY": "a key for tests that is long enough, and no secret", **more}


class Running:
    """An `ahadi run` that said it is ready."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address

    def children(self) -> dict[int, str]:
        """Its processes and what they call themselves."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        names = {int(pid): Path(f"/proc/{pid}/comm").read_text().strip() for pid in listed}
        return {pid: name for pid, name in names.items() if name.startswith("ahadi-")}

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.address}{path}", timeout=PATIENCE)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def run(*arguments: str, **settings: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [*AHADI, "run", "--port", "0", *arguments],
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().split()
        assert line[:1] == ["ready"], f"it said {line}"
        yield Running(process, line[1] if len(line) > 1 else "")
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def database_settings(fresh_database: Any) -> dict[str, str]:
    return {"AHADI_DATABASE_URL": fresh_database.app, "AHADI_OWNER_DATABASE_URL": fresh_database.owner}


def until(true: Callable[[], bool]) -> None:
    """Wait for something another process does."""
    given_up = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < given_up, "it did not happen"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def answers(running: Running) -> bool:
    try:
        return running.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_it_answers_when_it_says_ready_and_stops_when_told_with_nothing_left(database_settings: dict[str, str]) -> None:
    with run(**database_settings) as running:
        assert running.get("/readyz").json()["ready"] is True
        children = running.children()
        assert sorted(children.values()) == ["ahadi-web", "ahadi-worker"]
        assert running.stop() == 0
        assert all(map(is_gone, children))


def test_all_processes_count_together(database_settings: dict[str, str]) -> None:
    with run(AHADI_WEB_PROCESSES="2", **database_settings) as running:
        for _ in range(20):
            httpx.get(f"{running.address}/api/problems/conflict", timeout=PATIENCE)
        counted = [
            line
            for line in running.get("/metrics").text.splitlines()
            if line.startswith("ahadi_request_seconds_count") and "/api/problems/" in line
        ]
        assert [line.split()[-1] for line in counted] == ["20.0"]
        assert running.stop() == 0


def test_ctrl_c_stops_the_whole_group(database_settings: dict[str, str]) -> None:
    with run(**database_settings) as running:
        children = running.children()
        os.killpg(running.process.pid, signal.SIGINT)
        assert running.process.wait(PATIENCE) == 0
        assert all(map(is_gone, children))


def test_one_kind_of_process_can_run_alone(database_settings: dict[str, str]) -> None:
    with run("--only", "worker", **database_settings) as running:
        assert sorted(running.children().values()) == ["ahadi-worker"]
        assert running.stop() == 0
    with run("--only", "web", AHADI_WEB_PROCESSES="2", **database_settings) as running:
        assert sorted(running.children().values()) == ["ahadi-web", "ahadi-web"]
        assert running.stop() == 0


def test_a_process_that_dies_is_replaced(database_settings: dict[str, str]) -> None:
    with run(**database_settings) as running:
        killed = running.children()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(running.children()) == 2 and not killed.keys() & running.children().keys())
        until(lambda: answers(running))
        assert running.stop() == 0


def test_when_the_parent_is_killed_its_processes_go_too(database_settings: dict[str, str]) -> None:
    with run(**database_settings) as running:
        children = running.children()
        running.process.kill()
        running.process.wait(PATIENCE)
        until(lambda: all(map(is_gone, children)))


def test_live_streams_do_not_keep_it_from_stopping(database_settings: dict[str, str], fresh_database: Any) -> None:
    token = command("token", "create", "--organisation", "power", "--scopes", "all", prepare=True, **database_settings)
    with run(**database_settings) as running:
        headers = {"Authorization": f"Bearer {token.stdout.strip()}"}
        with httpx.stream("GET", f"{running.address}/api/live", headers=headers, timeout=PATIENCE) as stream:
            lines = stream.iter_lines()
            assert any(line == "event: hello" for line in lines)
            assert running.stop() == 0
            assert [line for line in lines if line.startswith("event: ")] == []


def test_the_embedded_database_starts_and_stops_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    with run("--data", str(folder)) as running:
        assert running.get("/readyz").json()["ready"] is True
        made = command("token", "create", "--data", str(folder), "--organisation", "power", "--scopes", "all")
        assert made.returncode == 1 and "no organisation power" in made.stderr
        assert running.stop() == 0
    assert (folder / "pg").is_dir() and not (folder / "pg" / "postmaster.pid").exists()


# What is wrong is one sentence -----------------------------------------------------------------------------------


def command(*arguments: str, prepare: bool = False, **settings: str) -> subprocess.CompletedProcess[str]:
    if prepare:
        prepare_organisation(settings["AHADI_DATABASE_URL"])
    return subprocess.run(
        [*AHADI, *arguments], env=environment(**settings), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def prepare_organisation(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "insert into organisation (id, slug, name, prefix, zone, country, languages, made_at) values"
            " (gen_random_uuid(), 'power', 'power', 'PW', 'Africa/Nairobi', 'KE', '{en}', '2026-01-01Z')"
        )


def one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
    for each in words:
        assert each in lines[0]


def test_a_port_in_use_is_one_sentence(database_settings: dict[str, str]) -> None:
    with run("--only", "web", **database_settings) as running:
        port = running.address.rsplit(":", 1)[1]
        one_sentence(command("run", "--port", port, **database_settings), port, "--port", "AHADI_PORT")
        assert running.stop() == 0


def test_a_database_out_of_reach_is_one_sentence() -> None:
    url = "postgresql://ahadi@127.0.0.1:1/ahadi"
    one_sentence(command("run", "--port", "0", AHADI_DATABASE_URL=url), "database")
    one_sentence(command("migrate", AHADI_DATABASE_URL=url), "database")


def test_a_database_of_a_newer_version_is_one_sentence(database_settings: dict[str, str], fresh_database: Any) -> None:
    import psycopg

    with psycopg.connect(fresh_database.owner, autocommit=True) as owner:
        owner.execute("insert into migration (name, applied_at) values ('9999_later', '2026-01-01Z')")
    one_sentence(command("run", "--port", "0", **database_settings), "newer version")


def test_a_database_that_lacks_migrations_and_no_owner_is_one_sentence(
    database_settings: dict[str, str], fresh_database: Any
) -> None:
    import psycopg

    with psycopg.connect(fresh_database.owner, autocommit=True) as owner:
        owner.execute("delete from migration where name = (select max(name) from migration)")
    del database_settings["AHADI_OWNER_DATABASE_URL"]
    one_sentence(command("run", "--port", "0", **database_settings), "ahadi migrate")


def test_a_role_that_policies_do_not_hold_is_refused(fresh_database: Any) -> None:
    one_sentence(
        command(
            "run",
            "--port",
            "0",
            AHADI_DATABASE_URL=fresh_database.superuser,
            AHADI_OWNER_DATABASE_URL=fresh_database.owner,
        )
    )


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    one_sentence(command("run", "--port", "0", "--data", str(tmp_path / "file" / "data")), str(tmp_path))


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"AHADI_PORT": "many"}, "AHADI_PORT"),
        ({"AHADI_PORT": "70000"}, "70000"),
        ({"AHADI_CLOCK": "stopped"}, "AHADI_CLOCK"),
        ({"AHADI_LOG_LEVEL": "loud"}, "AHADI_LOG_LEVEL"),
        ({"AHADI_TRUSTED_PROXIES": "proxy"}, "AHADI_TRUSTED_PROXIES"),
        ({"AHADI_SECRET_KEY": "short"}, "AHADI_SECRET_KEY"),
        ({"AHADI_HOST": "203.0.113.77"}, "203.0.113.77, which is no address of this machine"),
        ({"AHADI_SMTP_URL": "mail.example"}, "AHADI_SMTP_URL cannot be read; write smtp://user:password@host:587."),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_sentence(
    database_settings: dict[str, str], settings: dict[str, str], word: str
) -> None:
    one_sentence(command("run", **database_settings | {"AHADI_PORT": "0"} | settings), word)


# What may not run twice ------------------------------------------------------------------------------------------


def test_two_clocks_on_one_database_are_refused_and_two_processes_of_one_are_not(
    database_settings: dict[str, str],
) -> None:
    with run("--only", "worker", **database_settings) as worker:
        one_sentence(command("run", "--port", "0", AHADI_CLOCK="manual", **database_settings), "AHADI_CLOCK=system")
        with run("--only", "web", **database_settings) as web:
            assert web.get("/readyz").json()["ready"] is True
            assert web.stop() == 0
        assert worker.stop() == 0
    with run(AHADI_CLOCK="manual", **database_settings) as alone:
        assert alone.stop() == 0


def test_a_second_demo_on_the_same_folder_is_refused_with_the_address_of_the_first(tmp_path: Path) -> None:
    with only_demo(tmp_path / "demo", "http://127.0.0.1:8200"):
        again = command("demo", "--data", str(tmp_path / "demo"))
        one_sentence(again, "This demo is running already at http://127.0.0.1:8200.")
    with only_demo(tmp_path / "demo", "http://127.0.0.1:8201"):
        pass  # whoever ended let go


# Who may come in -------------------------------------------------------------------------------------------------


def test_a_token_is_printed_for_people_and_for_programs_and_works(database_settings: dict[str, str]) -> None:
    import json

    made = command(
        "token",
        "create",
        "--organisation",
        "power",
        "--scopes",
        "case.read",
        "--json",
        prepare=True,
        **database_settings,
    )
    assert made.returncode == 0, made.stderr
    token = json.loads(made.stdout)["token"]
    with run("--only", "web", **database_settings) as running:
        me = httpx.get(
            f"{running.address}/api/me", headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE
        ).json()
        assert me["organisations"][0]["permissions"] == ["case.read"]
        again = command("token", "create", "--organisation", "power", "--scopes", "all", **database_settings)
        assert again.returncode == 0 and again.stdout.startswith("aht_")
        assert running.stop() == 0


def test_a_scope_or_an_organisation_that_does_not_exist_is_one_sentence(database_settings: dict[str, str]) -> None:
    wrong = command(
        "token", "create", "--organisation", "power", "--scopes", "case.destroy", prepare=True, **database_settings
    )
    one_sentence(wrong, "case.destroy")
    one_sentence(
        command("token", "create", "--organisation", "nowhere", "--scopes", "all", **database_settings), "nowhere"
    )


def test_a_user_comes_in_by_a_link_printed_once(database_settings: dict[str, str]) -> None:
    added = command(
        "user", "add", "amina@example.org", "--organisation", "power", "--role", "administrator", "--port", "9123",
        prepare=True, **database_settings,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    assert "amina@example.org was added to power as administrator." in added.stdout
    assert "http://127.0.0.1:9123/welcome/" in added.stdout
    again = [
        command("user", "add", "Amina@Example.org", "--organisation", "power", "--role", role, **database_settings)
        for role in ("agent", "agent")
    ]
    assert "is now also agent; here is a new link" in again[0].stdout
    assert "is there already, as administrator, agent; here is a new link" in again[1].stdout
    link = added.stdout.split()[-1].rsplit("/", 1)[1]
    with run("--only", "web", **database_settings) as running:
        used = httpx.post(
            f"{running.address}/api/sign-in/link",
            json={"link": link, "password": "seven quiet herons"},
            timeout=PATIENCE,
        )
        assert used.status_code == 200, used.text
        assert running.stop() == 0
