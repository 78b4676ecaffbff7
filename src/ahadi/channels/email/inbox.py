"""Mail fetched from a hosted mailbox by IMAP.

A mail is marked in the mailbox only after `deliver` returned, which commits: whatever breaks, it is either still to be
fetched or safe with us. It may be fetched again after a crash or when the server numbers its mails anew, so `deliver`
takes the same mail (its Message-ID and bytes) once only. UIDs that stay are never fetched twice.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from ahadi.base.errors import AhadiError
from ahadi.platform.transports.imap import ImapSettings, Mailbox

_MOST_FAILURES = 3  # in a row: then the trouble is ours, and the rest waits for the next time


@dataclass(frozen=True, slots=True)
class Account:
    """A mailbox to be read. What was delivered is marked read, or moved to `move_to` when that is given.

    At the first poll, `first` says whether every mail in the folder is taken or only what nobody has read.
    """

    name: str
    settings: ImapSettings
    folder: str = "INBOX"
    move_to: str = ""
    first: Literal["unseen", "all"] = "unseen"
    most_bytes: int = 25 * 1024 * 1024
    most_at_once: int = 200


@dataclass(frozen=True, slots=True)
class MailboxState:
    """How far a mailbox has been read; stored by the caller between polls. `problems` counts failed polls in a row.

    Everything up to `last_uid` is done but for `waiting`, not offered yet, and `failed`, not taken when offered;
    these come last, so that no mail keeps others from being read.
    """

    uid_validity: int = 0
    last_uid: int = 0
    waiting: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()
    problems: int = 0


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail from a mailbox. Where it is larger than the account allows, `raw` is its beginning and `truncated` is
    true: it becomes a case all the same, and the whole stays in the mailbox. `size` is the whole, in bytes."""

    account: str
    uid_validity: int
    uid: int
    raw: bytes
    size: int
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class PollResult:
    """What a poll did. `problem` is a sentence for a person, empty when all went well; `failed` are the UIDs that
    `deliver` did not take; `more` says that mails are left and the next poll need not wait."""

    state: MailboxState
    delivered: int = 0
    failed: tuple[int, ...] = ()
    problem: str = ""
    more: bool = False


Deliver = Callable[[Fetched], Awaitable[None]]
"""Takes a mail for good: returns after the commit, raises when it should be offered again."""


async def poll_once(account: Account, state: MailboxState, deliver: Deliver) -> PollResult:
    """Read what is new, once. Never raises for trouble with the mailbox or in `deliver`; both are in the result."""
    progress = _Progress(account, state, deliver)
    try:
        async with await Mailbox.open(account.settings) as mailbox:
            await progress.read(mailbox)
    except AhadiError as error:
        progress.problem = error.sentence
    return progress.result()


def next_poll(state: MailboxState, interval: timedelta, longest: timedelta = timedelta(minutes=15)) -> timedelta:
    """How long to wait: the interval, doubled with each failed poll in a row."""
    return min(interval * (1 << min(state.problems, 16)), max(longest, interval))


class _Progress:
    def __init__(self, account: Account, state: MailboxState, deliver: Deliver) -> None:
        self.account = account
        self.state = state
        self.problem = ""
        self._deliver = deliver
        self._delivered = 0
        self._failed: list[int] = []
        self._more = False

    async def read(self, mailbox: Mailbox) -> None:
        selected = await mailbox.select(self.account.folder)
        state = self.state
        if selected.uid_validity == state.uid_validity:
            new = await mailbox.uids_after(state.last_uid)
            waiting, failed = (*state.waiting, *new), state.failed
            last = max((state.last_uid, *new))
        else:
            # The first time, or the server numbers anew: what was delivered before is marked read or gone.
            everything = await mailbox.uids_after(0)
            waiting, failed = tuple(everything if self.account.first == "all" else await mailbox.unseen()), ()
            last = max((selected.uid_next - 1, *everything))
        self.state = replace(state, uid_validity=selected.uid_validity, last_uid=last, waiting=waiting, failed=failed)
        failures = 0
        for uid in (*waiting, *failed)[: self.account.most_at_once]:
            failures = 0 if await self._take(mailbox, uid) else failures + 1
            if failures == _MOST_FAILURES:
                break
        self._more = not failures and bool(self.state.waiting)
        if self._failed:
            self.problem = (
                f"{len(self._failed)} mails of the mailbox {self.account.name} could not be taken in; they stay there "
                "and are offered again."
            )

    async def _take(self, mailbox: Mailbox, uid: int) -> bool:
        found = await mailbox.fetch(uid, self.account.most_bytes)
        if found is not None:
            raw, size = found
            fetched = Fetched(
                self.account.name, self.state.uid_validity, uid, raw, size, truncated=size > self.account.most_bytes
            )
            try:
                await self._deliver(fetched)
            except Exception:  # whatever it was, the mail stays where it is and is offered again
                self._failed.append(uid)
                self._settle(uid, failed=True)
                return False
            self._delivered += 1
        self._settle(uid, failed=False)
        if found is not None:
            await self._mark(mailbox, uid)
        return True

    def _settle(self, uid: int, *, failed: bool) -> None:
        waiting = tuple(each for each in self.state.waiting if each != uid)
        others = tuple(each for each in self.state.failed if each != uid)
        self.state = replace(self.state, waiting=waiting, failed=(*others, uid) if failed else others)

    async def _mark(self, mailbox: Mailbox, uid: int) -> None:
        if self.account.move_to:
            await mailbox.move([uid], self.account.move_to)
        else:
            await mailbox.mark_seen([uid])

    def result(self) -> PollResult:
        problems = self.state.problems + 1 if self.problem else 0
        state = replace(self.state, problems=problems)
        return PollResult(state, self._delivered, tuple(self._failed), self.problem, self._more)
