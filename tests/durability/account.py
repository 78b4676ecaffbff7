"""What was acknowledged is held against what the tables, the mail server outside and the doctor say."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from ahadi.contacts import Message
from tests.cases.world import Tables, judge
from tests.durability.load import MARK, Ledger

_MARK = re.compile(MARK + "[0-9a-f]{32}")
_OWN_MESSAGE_ID = re.compile(r"[a-z2-7]{77}\.([0-9a-f]{32})@ahadi\.example")


@dataclass
class Account:
    """What was found wrong, by kind, each with the first few examples; and the figures."""

    figures: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def blame(self, kind: str, what: object) -> None:
        self.wrong.setdefault(kind, []).append(str(what))

    def told(self) -> str:
        """In words, for a person."""
        lines = [f"{name}: {value}" for name, value in self.figures.items()]
        lines += [f"WRONG {kind}: {len(found)}, such as {found[:3]}" for kind, found in self.wrong.items()]
        return "\n".join(lines if self.wrong else [*lines, "Nothing is wrong."])


def message_of(message_id: str) -> UUID | None:
    """The message whose mail has this Message-ID."""
    match = _OWN_MESSAGE_ID.fullmatch(message_id)
    return UUID(hex=match[1]) if match else None


def ever_uncertain(tables: Tables) -> set[UUID]:
    """Messages whose outcome nobody knew at some time."""
    return {row.subject_id for row in tables.journal if row.kind == "message.uncertain" and row.subject_id}


def check(
    account: Account, tables: Tables, promised: list[str], ledger: Ledger, mails: list[str], webhooks: list[str]
) -> None:
    """Everything that was acknowledged is there, once; every mail went out once, or a person decided.

    `promised` are the words of all promises but those that follow from others.
    """
    _contacts(account, tables, ledger)
    for mark, times in Counter(_MARK.findall(" ".join(promised))).items():
        if times > 1:
            account.blame("promise made twice", mark)
    _promises(account, tables, ledger)
    _messages(account, tables, ledger, mails)
    received = {str(row.subject_id) for row in tables.journal if row.kind == "contact.received"}
    for each in received - set(webhooks):
        account.blame("contact whose webhook never came", each)
    account.figures["webhooks"] = f"{len(webhooks)} for {len(received)} contacts"
    try:
        judge(tables, datetime.now(UTC))
    except AssertionError as broken:
        account.blame("invariant broken", broken)
    account.figures["journal rows replayed"] = len(tables.journal)


def _marked(messages: list[Message]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for each in messages:
        for mark in _MARK.findall(each.body):
            found.setdefault(mark, []).append(each)
    return found


def _contacts(account: Account, tables: Tables, ledger: Ledger) -> None:
    incoming = [each for each in tables.messages.values() if each.direction == "in"]
    marked = _marked(incoming)
    acknowledged = ledger.of("contact") + ledger.of("mail")
    for row in acknowledged:
        if row["mark"] not in marked:
            account.blame("acknowledged contact lost", row)
        elif "id" in row and marked[row["mark"]][0].contact_id != UUID(row["id"]):
            account.blame("contact under another id", row)
    for mark, found in marked.items():
        if len(found) > 1:
            account.blame("contact taken twice", mark)
    for each in incoming:
        if each.contact_id not in tables.contacts or tables.contacts[each.contact_id] is None:
            account.blame("contact in no case", each.id)
    counted = Counter(case for case in tables.contacts.values() if case)
    for case in tables.cases.values():
        if counted[case.id] != case.contacts:
            account.blame("case that miscounts its contacts", case.reference)
    account.figures["contacts acknowledged"] = f"{len(ledger.of('contact'))} by HTTP, {len(ledger.of('mail'))} by SMTP"
    account.figures["contacts in the tables"] = len(tables.contacts)
    account.figures["cases"] = len(tables.cases)


def _promises(account: Account, tables: Tables, ledger: Ledger) -> None:
    promises = {str(each.id): each for each in tables.promises}
    for row in ledger.of("promise"):
        if row["id"] not in promises:
            account.blame("acknowledged promise lost", row)
    for row in ledger.of("contact"):
        if row["promise"] not in promises:
            account.blame("first promise lost", row)
    settled = [
        (row["id"], row["op"], row.get("successor")) for op in ("kept", "withdrawn", "renewed") for row in ledger.of(op)
    ]
    settled += [(id_, "kept", None) for row in ledger.of("resolved") for id_ in row["kept"]]
    for id_, state, successor in settled:
        promise = promises.get(id_)
        if promise is None or promise.state != state or (successor and str(promise.successor) != successor):
            account.blame(f"acknowledged as {state}, and is not", id_)
    account.figures["promises acknowledged"] = (
        f"{len(ledger.of('promise'))} made, {len(settled)} kept, renewed or withdrawn"
    )
    states = Counter(each.state for each in promises.values())
    account.figures["promises in the tables"] = ", ".join(f"{n} {state}" for state, n in sorted(states.items()))


def _messages(account: Account, tables: Tables, ledger: Ledger, mails: list[str]) -> None:
    outgoing = {id_: each for id_, each in tables.messages.items() if each.direction == "out"}
    arrived = Counter(message_of(each) for each in mails)
    unsure = ever_uncertain(tables)
    decided = Counter(
        row.subject_id for row in tables.journal if row.kind == "message.queued" and row.subject_id in unsure
    )  # the first is when it was written, others a person's decision to send it (again)
    for row in ledger.of("reply"):
        if UUID(row["id"]) not in outgoing:
            account.blame("acknowledged reply lost", row)
    by_people = [each for each in outgoing.values() if each.template is None]
    for mark, found in _marked(by_people).items():
        if len(found) > 1:
            account.blame("message written twice", mark)
    for id_, times in arrived.items():
        if id_ is None or id_ not in outgoing:
            account.blame("mail of no message", id_)
        elif times > 1 and id_ not in unsure:
            account.blame("mail sent twice", id_)
        elif times > max(1, decided[id_]):
            account.blame("uncertain mail sent more often than people decided", id_)
    for id_, each in outgoing.items():
        if each.state != "sent":
            account.blame(f"message left {each.state}", f"{id_} {each.failure or ''}")
        elif each.channel == "email" and not arrived[id_]:
            account.blame("mail called sent that never arrived", id_)
    account.figures["replies acknowledged"] = len(ledger.of("reply"))
    account.figures["mails"] = f"{sum(arrived.values())} arrived for {len(arrived)} messages"
    account.figures["uncertain"] = (
        f"{len(unsure)}, of which {sum(1 for each in unsure if arrived[each])} had arrived or were sent again"
    )
    account.figures["sent twice"] = sum(1 for id_, times in arrived.items() if times > 1)
    account.figures["attempts repeated safely"] = sum(1 for each in outgoing.values() if each.attempts > 1)
