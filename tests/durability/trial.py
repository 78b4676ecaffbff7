"""The kill trial: `kill -9` at random moments under load, and nothing that was acknowledged is lost."""

import asyncio
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg

from ahadi.platform.database import Actor, Work
from ahadi.platform.database.embedded import EmbeddedServer
from tests.cases.world import Tables, read_tables
from tests.durability.account import Account, check, message_of
from tests.durability.installation import KINDS, Installation, Kind, Outside
from tests.durability.load import Client, Ledger, send_mails

CLIENTS, MAILERS = 6, 2
BACK_WITHIN = 120.0  # seconds
DEEDS = ("contact", "mail", "promise", "reply")  # of each at least one is acknowledged


@dataclass
class Trial:
    """One trial in a folder of its own. `kills` of `kinds` in turn are shuffled by `seed`.

    `patient` waits for the leases of messages whose sender was killed (three minutes); otherwise they are ended by
    hand while nothing runs, as though the time had passed.
    """

    folder: Path
    kills: int = 100
    seed: int = 0
    patient: bool = True
    say: Callable[[str], None] = field(default=lambda line: None)
    killed: Counter[Kind] = field(default_factory=Counter)
    away: list[float] = field(default_factory=list)
    account: Account = field(default_factory=Account)

    def run(self) -> Account:
        """Play it whole; what was found."""
        outside = Outside(self.folder)
        self.installation = Installation(self.folder, outside, job_lease=60 if self.patient else 5)
        self.ledger = Ledger(self.folder / "ledger.jsonl")
        try:
            with EmbeddedServer(self.installation.data):  # kept up from one command to the next
                self._set_up(outside)
            asyncio.run(self._play())
            with EmbeddedServer(self.installation.data) as urls:
                self._drain(outside, urls.superuser)
                self.installation.stop()
                self._examine(outside, urls.superuser)
        finally:
            self.installation.stop()
            outside.stop()
            self.ledger.close()
        return self.account

    # Before --------------------------------------------------------------------------------------------------

    def _set_up(self, outside: Outside) -> None:
        self._done("apply", str(Path(__file__).with_name("organisation.yaml")))
        token = self._done("token", "create", "--organisation", "trial", "--scopes", "all", "--json")
        self.headers = {"Authorization": f"Bearer {json.loads(token)['token']}"}
        self.installation.start()
        hook = {"organisation": "trial", "url": f"http://127.0.0.1:{outside.http_port}/", "kinds": ["contact.received"]}
        httpx.post(f"{self.installation.url}/api/webhooks", json=hook, headers=self.headers).raise_for_status()

    def _done(self, *words: str) -> str:
        ended = self.installation.command(*words)
        assert ended.returncode == 0, f"ahadi {' '.join(words)}: {ended.stdout}{ended.stderr}"
        return ended.stdout

    # During --------------------------------------------------------------------------------------------------

    async def _play(self) -> None:
        stopping, chance = asyncio.Event(), random.Random(self.seed)
        limits = httpx.Limits(max_connections=200)
        async with (
            httpx.AsyncClient(
                base_url=self.installation.url, headers=self.headers, timeout=30.0, limits=limits
            ) as http,
            asyncio.TaskGroup() as group,
        ):
            for number in range(CLIENTS):
                client = Client(number, http, self.ledger, random.Random(f"{self.seed} {number}"), stopping)
                group.create_task(client.run())
            for number in range(MAILERS):
                seed = random.Random(f"{self.seed} mail {number}")
                group.create_task(send_mails(number, self.installation.mail_port, self.ledger, seed, stopping))
            began = time.monotonic()
            await self._kill_all(http, chance)
            stopping.set()
        self.account.figures["kills"] = ", ".join(f"{n} {kind}" for kind, n in sorted(self.killed.items()))
        self.account.figures["played for"] = f"{time.monotonic() - began:.0f} s"
        self.account.figures["back after"] = _spread(self.away)
        self.account.figures["requests and mails repeated after a break"] = self.ledger.repeated

    async def _kill_all(self, http: httpx.AsyncClient, chance: random.Random) -> None:
        kinds = [KINDS[n % len(KINDS)] for n in range(self.kills)]
        chance.shuffle(kinds)
        await asyncio.sleep(2)  # let there be something to lose
        for number, kind in enumerate(kinds, 1):
            until = time.monotonic() + BACK_WITHIN
            while not await asyncio.to_thread(self.installation.kill, kind, chance):
                assert time.monotonic() < until, f"no {kind} came back"
                await asyncio.sleep(0.1)
            self.killed[kind] += 1
            struck = time.monotonic()
            if kind == "parent":
                await asyncio.to_thread(self.installation.start)
            if chance.random() < 0.75:  # otherwise the next one falls while this one is being made good
                await self._back(http)
                self.away.append(time.monotonic() - struck)
            self.say(
                f"{number:4d}  {kind:16s}  {time.monotonic() - struck:5.1f} s  {len(self.ledger.rows)} acknowledged"
            )
            await asyncio.sleep(chance.random() * 2)
        await self._back(http)
        while not all(self.ledger.of(each) for each in DEEDS):  # on a slow machine there was time for little
            await asyncio.sleep(0.1)

    async def _back(self, http: httpx.AsyncClient) -> None:
        until = time.monotonic() + BACK_WITHIN
        while time.monotonic() < until:
            with suppress(httpx.TransportError):
                if (await http.get("/readyz", timeout=5.0)).status_code == 200:
                    return
            await asyncio.sleep(0.05)
        raise AssertionError(f"not ready within {BACK_WITHIN:.0f} seconds")

    # After ---------------------------------------------------------------------------------------------------

    def _drain(self, outside: Outside, url: str) -> None:
        """Until nothing is on its way; a person settles what is uncertain, by what the mail server outside knows."""
        if not self.patient:
            self.installation.stop()
            _sql(url, "update message set leased_until = '-infinity' where state = 'sending'")
            self.installation.start()
        until = time.monotonic() + 300
        while True:
            waiting = _sql(
                url,
                "select count(*) from message where state in ('queued', 'sending')"
                " union all select count(*) from job where not dead"
                " union all select count(*) from webhook_delivery where state = 'waiting'",
            )
            if not any(waiting) and not self._settle(outside):
                return
            assert time.monotonic() < until, f"messages, jobs and deliveries that never end: {waiting}"
            time.sleep(0.5)

    def _settle(self, outside: Outside) -> int:
        arrived = {message_of(each) for each in outside.mails()}
        settled = 0
        with httpx.Client(base_url=self.installation.url, headers=self.headers, timeout=30.0) as http:
            for each in http.get("/api/messages/to-settle?limit=200").raise_for_status().json()["items"]:
                if each["state"] == "uncertain":
                    decision = "sent" if UUID(each["id"]) in arrived else "send"
                    answer = http.post(f"/api/messages/{each['id']}/settle", json={"decision": decision})
                    answer.raise_for_status()
                    settled += 1
        return settled

    def _examine(self, outside: Outside, url: str) -> None:
        tables = asyncio.run(_read(url))
        promised = _sql(
            url,
            "select t.text from promise p join promise_text t on t.promise_id = p.id"
            " where p.renews is null and p.recovers is null",
        )
        check(self.account, tables, promised, self.ledger, outside.mails(), outside.webhooks())
        if left := self.installation.leftovers():
            self.account.blame("process that did not end", left)
        refused = Counter(f"{row['asked']}: {row['code']}" for row in self.ledger.of("refused"))
        self.account.figures["refused"] = ", ".join(f"{n} {why}" for why, n in refused.most_common(8)) or "none"
        if unexpected := [row for row in self.ledger.of("refused") if row["asked"] in ("contact", "reply")]:
            self.account.blame("refused and should not have been", unexpected[0])
        doctor = self.installation.command("doctor", "--json")
        if doctor.returncode != 0:
            self.account.blame("doctor", doctor.stdout + doctor.stderr)
        else:
            states = Counter(each["state"] for each in json.loads(doctor.stdout)["findings"])
            self.account.figures["doctor"] = ", ".join(f"{n} {state}" for state, n in sorted(states.items()))
            for each in json.loads(doctor.stdout)["findings"]:
                if each["state"] != "ok":
                    self.account.figures[f"doctor on {each['check']}"] = each["sentence"]


def _spread(seconds: list[float]) -> str:
    """The middle, the 95th of a hundred, and the longest."""
    if len(seconds) < 2:
        return ", ".join(f"{each:.1f} s" for each in seconds) or "never away"
    late = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return f"{statistics.median(seconds):.1f} s (median), {late:.1f} s (p95), {max(seconds):.1f} s (longest)"


def _sql(url: str, statement: Any) -> list[Any]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        return [row[0] for row in cursor.fetchall()] if cursor.description else []


async def _read(url: str) -> Tables:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        now = datetime.now(UTC)
        return await read_tables(Work(connection, Actor.system([]), now, now))
