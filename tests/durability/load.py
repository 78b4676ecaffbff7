"""Customers and agents who do not give up: every request is repeated, under the same key, until it is answered.

What was acknowledged goes into a ledger of their own, which the tables are held against in the end.
"""

import asyncio
import json
import random
import smtplib
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

GIVE_UP_AFTER = 300.0  # seconds; then the trial has failed
MARK = "mark-"


class Ledger:
    """What was acknowledged, and what was refused, a line each."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")
        self.rows: list[dict[str, Any]] = []
        self.repeated = 0

    def write(self, op: str, **facts: Any) -> None:
        row = {"op": op, **facts}
        self.rows.append(row)
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()

    def of(self, op: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["op"] == op]

    def close(self) -> None:
        self._file.close()


@dataclass
class Client:
    """One program with customers of its own, so that no two clients work on one case."""

    number: int
    http: httpx.AsyncClient
    ledger: Ledger
    chance: random.Random
    stopping: asyncio.Event
    cases: list[str] = field(default_factory=list)
    promises: dict[str, str] = field(default_factory=dict)  # open ones, as far as we know, with their cases

    async def run(self) -> None:
        """Do one thing after the other until it is told to stop."""
        deeds = [self.contact] * 10 + [self.promise] * 3 + [self.reply] * 3 + [self.keep, self.renew, self.renew]
        deeds += [self.withdraw, self.hold, self.resolve]
        while not self.stopping.is_set():
            await self.chance.choice(deeds)()
            await asyncio.sleep(self.chance.random() * 0.15)

    async def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """Send until there is an answer; now and then impatiently, twice at once. Refusals are answers too."""
        key = uuid4().hex
        if self.chance.random() < 0.1:
            first, second = await asyncio.gather(self._until_answered(path, body, key), self._again(path, body, key))
            if first.is_success or second.is_success:  # a refusal claims no key, and says what the time is
                assert first.json() == second.json(), f"one key, two answers to {path}: {first.text} {second.text}"
            return first
        return await self._until_answered(path, body, key)

    async def _again(self, path: str, body: Mapping[str, Any], key: str) -> httpx.Response:
        await asyncio.sleep(self.chance.random() * 0.05)
        return await self._until_answered(path, body, key)

    async def _until_answered(self, path: str, body: Mapping[str, Any], key: str) -> httpx.Response:
        until = time.monotonic() + GIVE_UP_AFTER
        while True:
            with suppress(httpx.TransportError):
                answer = await self.http.post(path, json=body, headers={"Idempotency-Key": key})
                if answer.status_code < 500:
                    return answer
            assert time.monotonic() < until, f"{path} was never answered"
            self.ledger.repeated += 1
            await asyncio.sleep(0.1 + self.chance.random() * 0.3)

    def refused(self, op: str, answer: httpx.Response) -> None:
        self.ledger.write("refused", asked=op, status=answer.status_code, code=answer.json().get("code"))

    # What clients do -----------------------------------------------------------------------------------------

    async def contact(self) -> None:
        mark = MARK + uuid4().hex
        address = f"c{self.number}-{self.chance.randrange(60)}@customers.example"
        body = {
            "organisation": "trial",
            "channel": self.chance.choice(["web", "email", "chat"]),
            "from": {"name": "Neema", "email": address},
            "subject": "No power",
            "text": f"It is dark. {mark}",
            "reason": self.chance.choice(["outage", "bill", "other"]),
        }
        answer = await self.post("/api/contacts", body)
        if answer.status_code != 201:
            self.refused("contact", answer)
            return
        said = answer.json()
        reference = said["case"]["reference"]
        self.ledger.write("contact", mark=mark, id=said["contact"]["id"], case=reference, promise=said["promise"]["id"])
        if reference not in self.cases:
            self.cases.append(reference)
        self.promises[said["promise"]["id"]] = reference

    async def promise(self) -> None:
        if not self.cases:
            return
        reference, mark = self.chance.choice(self.cases[-30:]), MARK + uuid4().hex
        soon = self.chance.random() < 0.2  # some lapse during the trial, for the watch to break
        due = datetime.now(UTC) + timedelta(seconds=self.chance.randrange(5, 20) if soon else 86_400)
        body = {"kind": self.chance.choice(["update", "callback"]), "due_at": due.isoformat(), "text": f"A call {mark}"}
        answer = await self.post(f"/api/cases/{reference}/promises", body)
        if answer.status_code != 201:
            self.refused("promise", answer)
            return
        promise = answer.json()["promise"]["id"]
        self.ledger.write("promise", mark=mark, id=promise)
        if not soon:
            self.promises[promise] = reference

    def _one_promise(self) -> str | None:
        """One that no other deed of ours will touch from now on."""
        if not self.promises:
            return None
        promise = self.chance.choice(list(self.promises))
        del self.promises[promise]
        return promise

    async def keep(self) -> None:
        if promise := self._one_promise():
            answer = await self.post(f"/api/promises/{promise}/keep", {"deed": {"kind": "contact", "note": "called"}})
            if answer.status_code == 200:
                self.ledger.write("kept", id=promise)
            else:
                self.refused("keep", answer)

    async def withdraw(self) -> None:
        if promise := self._one_promise():
            answer = await self.post(f"/api/promises/{promise}/withdraw", {"reason": "not wanted any more"})
            if answer.status_code == 200:
                self.ledger.write("withdrawn", id=promise)
            else:
                self.refused("withdraw", answer)

    async def renew(self) -> None:
        if not self.promises:
            return
        reference = self.promises[promise := self.chance.choice(list(self.promises))]
        del self.promises[promise]
        due = datetime.now(UTC) + timedelta(days=2)
        body: dict[str, Any] = {"due_at": due.isoformat(), "reason": "parts are late"}
        if self.chance.random() < 0.5:
            body["told"] = {"channel": "email", "text": f"It takes longer. {MARK}{uuid4().hex}"}
        answer = await self.post(f"/api/promises/{promise}/renew", body)
        if answer.status_code == 200:
            successor = answer.json()["promise"]["id"]
            self.ledger.write("renewed", id=promise, successor=successor)
            self.promises[successor] = reference
        else:
            self.refused("renew", answer)

    async def reply(self) -> None:
        if self.cases:
            reference, mark = self.chance.choice(self.cases[-30:]), MARK + uuid4().hex
            answer = await self.post(f"/api/cases/{reference}/messages", {"text": f"The crew is coming. {mark}"})
            if answer.status_code == 201:
                self.ledger.write("reply", mark=mark, id=answer.json()["id"])
            else:
                self.refused("reply", answer)

    async def hold(self) -> None:
        if self.cases:
            to = self.chance.choice(
                [{"person": "asha"}, {"person": "juma"}, {"department": "care"}, {"department": "network"}]
            )
            answer = await self.post(f"/api/cases/{self.chance.choice(self.cases[-30:])}/hold", to)
            if answer.status_code == 200:
                self.ledger.write("held")
            else:
                self.refused("hold", answer)

    async def resolve(self) -> None:
        if self.cases:
            reference = self.chance.choice(self.cases[-30:])
            found = [id_ for id_, case in self.promises.items() if case == reference]
            answer = await self.post(f"/api/cases/{reference}/resolve", {"keep": found})
            if answer.status_code == 200:
                self.ledger.write("resolved", kept=found)
                for id_ in found:
                    del self.promises[id_]
            else:
                self.refused("resolve", answer)


async def send_mails(number: int, port: int, ledger: Ledger, chance: random.Random, stopping: asyncio.Event) -> None:
    """A mail server that hands us mail: after a break the same mail again, until it hears 250 (RFC 5321, 4.5.4)."""
    while not stopping.is_set():
        mark = MARK + uuid4().hex
        mail = EmailMessage()
        mail["From"] = f"Otieno <m{number}-{chance.randrange(60)}@customers.example>"
        mail["To"] = "help@trial.example"
        mail["Subject"] = "No power"
        mail["Message-ID"] = f"<{uuid4().hex}@customers.example>"
        mail.set_content(f"It is dark here too. {mark}\n")
        until = time.monotonic() + GIVE_UP_AFTER
        while not await asyncio.to_thread(_hand_over, mail, port):
            assert time.monotonic() < until, "a mail was never taken"
            ledger.repeated += 1
            await asyncio.sleep(0.2 + chance.random() * 0.3)
        ledger.write("mail", mark=mark)
        await asyncio.sleep(chance.random() * 0.3)


def _hand_over(mail: EmailMessage, port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as server:
            server.send_message(mail)
    except smtplib.SMTPResponseException as answer:
        assert answer.smtp_code < 500, answer
        return False
    except (smtplib.SMTPException, OSError):
        return False
    return True
