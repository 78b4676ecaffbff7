"""Mail fetched from a real IMAP server (Dovecot): each once, marked only when it is safe with us."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from ahadi.base.errors import SetupError, Unavailable
from ahadi.channels.email import Account, Fetched, MailboxState, PollResult, next_poll, poll_once
from ahadi.platform.transports.imap import ImapSettings
from ahadi.platform.transports.oauth import TokenRefused
from tests.channels.email.mails import mail
from tests.platform.transports.certificates import Authority
from tests.platform.transports.dovecot import PASSWORD, Dovecot, UserMailbox, dovecot
from tests.platform.transports.test_smtp import FixedToken

FIRST, SECOND, THIRD = (mail(f"Letter {n}\r\n", Message_ID=f"<{n}@customer.example>") for n in range(3))


@pytest.fixture(scope="module")
def imap() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


@pytest.fixture
def box(imap: Dovecot) -> UserMailbox:
    return imap.mailbox()


NEW = MailboxState()


class House:
    """What is behind the poller: keeps what it is given, or refuses what it was told to."""

    def __init__(self) -> None:
        self.kept: list[Fetched] = []
        self.refuses: set[bytes] = set()
        self.first_look: Callable[[Fetched], Awaitable[None]] | None = None

    async def deliver(self, fetched: Fetched) -> None:
        if self.first_look:
            await self.first_look(fetched)
        if fetched.raw in self.refuses:
            raise RuntimeError("the database is gone")
        self.kept.append(fetched)

    @property
    def letters(self) -> list[bytes]:
        return [each.raw for each in self.kept]


@pytest.fixture
def house() -> House:
    return House()


def account(box: UserMailbox, **how: object) -> Account:
    settings = ImapSettings("127.0.0.1", box.user, PASSWORD, port=box.server.port, security="plain", read_seconds=20)
    return replace(Account("care", settings), **how)  # type: ignore[arg-type]


def reached(box: UserMailbox, **how: object) -> Account:
    one = account(box)
    return replace(one, settings=replace(one.settings, **how))  # type: ignore[arg-type]


async def poll(box: UserMailbox, house: House, state: MailboxState = NEW, **how: object) -> PollResult:
    return await poll_once(account(box, **how), state, house.deliver)


async def test_new_mail_is_delivered_byte_for_byte_and_marked_read(box: UserMailbox, house: House) -> None:
    strange = mail(b"8 bit \xff\xe4 \r\n.\r\nFrom here\r\n" + b"x" * 5000 + b"\r\n")
    box.put(FIRST, strange)
    result = await poll(box, house)
    assert house.letters == [FIRST, strange]
    assert (result.delivered, result.failed, result.problem, result.more) == (2, (), "", False)
    assert box.flags() == ["\\Seen", "\\Seen"]
    assert not house.kept[0].truncated and house.kept[0].size == len(FIRST)


async def test_nothing_is_marked_before_the_delivery_is_through(box: UserMailbox, house: House) -> None:
    seen_during_delivery = []

    async def look(_: Fetched) -> None:
        seen_during_delivery.append(await asyncio.to_thread(box.flags))

    box.put(FIRST)
    house.first_look = look
    await poll(box, house)
    assert seen_during_delivery == [[""]]
    assert box.flags() == ["\\Seen"]


async def test_no_mail_is_fetched_twice_even_when_it_becomes_unread_again(box: UserMailbox, house: House) -> None:
    box.put(FIRST)
    result = await poll(box, house)
    with box.client() as client:
        client.select("INBOX")
        client.store("1", "-FLAGS", "\\Seen")
    box.put(SECOND)
    result = await poll(box, house, result.state)
    result = await poll(box, house, result.state)
    assert house.letters == [FIRST, SECOND]
    assert result.delivered == 0


async def test_mail_that_a_person_read_in_between_is_taken_all_the_same(box: UserMailbox, house: House) -> None:
    result = await poll(box, house)
    box.put(FIRST, flags="\\Seen")
    await poll(box, house, result.state)
    assert house.letters == [FIRST]


async def test_at_first_only_unread_mail_is_taken_or_all_of_it_where_asked(box: UserMailbox, house: House) -> None:
    box.put(FIRST, flags="\\Seen")
    box.put(SECOND)
    result = await poll(box, house)
    assert house.letters == [SECOND]
    await poll(box, house, result.state)
    assert house.letters == [SECOND]
    await poll(box, house, first="all")
    assert house.letters == [SECOND, FIRST, SECOND]


async def test_an_empty_mailbox_is_no_trouble(box: UserMailbox, house: House) -> None:
    result = await poll(box, house)
    assert result.problem == "" and result.state.uid_validity > 0


async def test_a_mail_that_was_not_taken_stays_unread_and_is_offered_again(box: UserMailbox, house: House) -> None:
    box.put(FIRST, SECOND)
    house.refuses = {FIRST}
    result = await poll(box, house)
    assert house.letters == [SECOND]
    assert len(result.failed) == 1 and result.problem.endswith(".") and result.state.problems == 1
    assert box.flags() == ["", "\\Seen"]
    house.refuses = set()
    result = await poll(box, house, result.state)
    assert house.letters == [SECOND, FIRST]
    assert result.problem == "" and result.state.problems == 0 and result.state.failed == ()
    assert box.flags() == ["\\Seen", "\\Seen"]


async def test_when_nothing_can_be_taken_the_rest_waits(box: UserMailbox, house: House) -> None:
    letters = [mail(f"Letter {n}\r\n") for n in range(6)]
    box.put(*letters)
    house.refuses = set(letters)
    result = await poll(box, house)
    assert len(result.failed) == 3 and len(result.state.waiting) == 3
    house.refuses = set()
    result = await poll(box, house, result.state)
    assert sorted(house.letters) == sorted(letters)
    assert result.problem == ""


async def test_mails_that_can_never_be_taken_do_not_keep_the_others_back(box: UserMailbox, house: House) -> None:
    poison = [mail(f"Poison {n}\r\n") for n in range(5)]
    box.put(*poison)
    house.refuses = set(poison)
    state = MailboxState()
    for n in range(3):
        box.put(letter := mail(f"Letter {n}\r\n"))
        state = (await poll(box, house, state)).state
        state = (await poll(box, house, state)).state
        assert letter in house.letters
    assert sorted((*state.failed, *state.waiting)) == [1, 2, 3, 4, 5]


async def test_a_great_deal_of_mail_is_taken_in_portions(box: UserMailbox, house: House) -> None:
    letters = [mail(f"Letter {n}\r\n") for n in range(7)]
    box.put(*letters)
    state, more = MailboxState(), []
    for _ in range(3):
        result = await poll(box, house, state, most_at_once=3)
        state = result.state
        more.append(result.more)
    assert house.letters == letters
    assert more == [True, True, False]


async def test_a_mail_too_large_is_taken_by_its_beginning(box: UserMailbox, house: House) -> None:
    large = mail("x" * 500_000)
    box.put(large)
    await poll(box, house, most_bytes=10_000)
    (fetched,) = house.kept
    assert fetched.truncated and fetched.raw == large[:10_000] and fetched.size == len(large)
    assert box.flags() == ["\\Seen"]


async def test_what_was_taken_can_be_moved_to_a_folder_of_its_own(box: UserMailbox, house: House) -> None:
    box.put(FIRST, SECOND)
    house.refuses = {SECOND}
    await poll(box, house, move_to="Taken")
    assert box.flags() == [""]
    assert len(box.flags("Taken")) == 1


async def test_a_server_that_cannot_move_copies_and_removes(house: House) -> None:
    with dovecot("imap_capability = IMAP4rev1 UIDPLUS AUTH=PLAIN") as server:
        box = server.mailbox()
        box.put(FIRST, SECOND)
        box.put(THIRD, flags="\\Deleted \\Seen")  # somebody else's deletion, which is not ours to carry out
        house.refuses = {SECOND}
        await poll(box, house, move_to="Taken")
        assert box.flags() == ["", "\\Deleted \\Seen"]
        assert len(box.flags("Taken")) == 1


async def test_when_the_server_numbers_anew_only_unread_mail_is_taken_again(box: UserMailbox, house: House) -> None:
    box.put(FIRST)
    result = await poll(box, house)
    box.put(SECOND)
    renumbered = replace(result.state, uid_validity=result.state.uid_validity - 1, last_uid=9999, failed=(77,))
    result = await poll(box, house, renumbered)
    assert house.letters == [FIRST, SECOND]
    assert result.state.failed == () and result.state.last_uid == 2


async def test_mail_removed_by_somebody_else_meanwhile_is_let_go(box: UserMailbox, house: House) -> None:
    box.put(FIRST, SECOND)

    async def remove(_: Fetched) -> None:
        await asyncio.to_thread(box.remove_all)

    house.first_look = remove
    result = await poll(box, house)
    assert result.state.waiting == () and result.state.failed == ()
    assert FIRST in house.letters


class TestTrouble:
    async def test_a_wrong_password_is_told_without_repeating_it(self, box: UserMailbox, house: House) -> None:
        state = MailboxState(7, 3, problems=2)
        result = await poll_once(reached(box, password="wrong-one"), state, house.deliver)
        assert "refuses the sign-in" in result.problem and "wrong-one" not in result.problem
        assert result.state == MailboxState(7, 3, problems=3)

    async def test_a_folder_that_is_not_there_is_named(self, box: UserMailbox, house: House) -> None:
        assert "'Nowhere'" in (await poll(box, house, folder="Nowhere")).problem

    async def test_folders_may_have_any_name(self, box: UserMailbox, house: House) -> None:
        with box.client() as client:
            client.create('"Beschwerden &AOQ-"')
        box.put(FIRST, folder='"Beschwerden &AOQ-"')
        result = await poll(box, house, folder="Beschwerden ä", move_to="Erledigt ü")
        assert result.problem == "" and house.letters == [FIRST]

    async def test_a_server_that_is_not_there_is_tried_again(self, box: UserMailbox, house: House) -> None:
        result = await poll_once(reached(box, port=1), MailboxState(), house.deliver)
        assert result.problem.endswith("tried again.")

    async def test_a_server_that_says_nothing_is_given_up(self, box: UserMailbox, house: House) -> None:
        async with answering(lambda _: asyncio.Event().wait()) as port:
            quick = reached(box, port=port, connect_seconds=0.2, read_seconds=0.2)
            assert (await poll_once(quick, MailboxState(), house.deliver)).problem

    async def test_a_server_that_speaks_no_imap_is_given_up(self, box: UserMailbox, house: House) -> None:
        async def web(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)

        async with answering(web) as port:
            assert (await poll_once(reached(box, port=port), MailboxState(), house.deliver)).problem

    async def test_a_connection_that_breaks_in_the_middle_loses_and_repeats_nothing(
        self, box: UserMailbox, house: House
    ) -> None:
        letters = [mail(f"Letter {n}\r\n" + "x" * 20_000) for n in range(4)]
        box.put(*letters)
        async with cut_after(box.server.port, 50_000) as port:
            result = await poll_once(reached(box, port=port), MailboxState(), house.deliver)
        assert result.problem and 0 < len(house.kept) < 4
        result = await poll(box, house, result.state)
        assert house.letters == letters
        assert result.problem == ""

    async def test_a_poll_that_is_cancelled_ends_at_once_and_leaves_the_mail(
        self, box: UserMailbox, house: House
    ) -> None:
        box.put(FIRST)
        async with cut_after(box.server.port, 1_000, then=asyncio.Event().wait) as port:
            polling = asyncio.create_task(poll_once(reached(box, port=port), MailboxState(), house.deliver))
            await asyncio.sleep(0.3)
            polling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await polling
        assert box.flags() == [""]

    def test_waiting_grows_with_every_failure_up_to_a_bound(self) -> None:
        minute = timedelta(minutes=1)
        waits = [next_poll(MailboxState(problems=n), minute) for n in (0, 1, 2, 3, 4, 100)]
        assert waits == [minute, 2 * minute, 4 * minute, 8 * minute, 15 * minute, 15 * minute]


class TestEncryption:
    async def test_tls_from_the_start(self, box: UserMailbox, house: House) -> None:
        box.put(FIRST)
        secure = reached(box, port=box.server.tls_port, security="tls", tls=box.server.authority.client())
        assert (await poll_once(secure, MailboxState(), house.deliver)).problem == ""
        assert house.letters == [FIRST]

    async def test_starttls(self, box: UserMailbox, house: House) -> None:
        box.put(FIRST)
        secure = reached(box, security="starttls", tls=box.server.authority.client())
        assert (await poll_once(secure, MailboxState(), house.deliver)).problem == ""
        assert house.letters == [FIRST]

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    async def test_a_certificate_nobody_vouches_for_gets_no_password(
        self, box: UserMailbox, house: House, security: str
    ) -> None:
        port = box.server.tls_port if security == "tls" else box.server.port
        doubtful = reached(box, port=port, security=security, tls=Authority().client())
        assert "certificate" in (await poll_once(doubtful, MailboxState(), house.deliver)).problem

    async def test_a_server_without_starttls_gets_no_password(self, house: House) -> None:
        with dovecot("ssl = no") as server:
            box = server.mailbox()
            result = await poll_once(reached(box, security="starttls"), MailboxState(), house.deliver)
        assert result.problem and house.kept == []

    def test_a_mailbox_elsewhere_is_never_read_in_the_clear(self) -> None:
        with pytest.raises(SetupError, match="in the clear"):
            ImapSettings("imap.power.example", "care", security="plain")


class TestTokens:
    """XOAUTH2 against Dovecot's own check, which asks a sign-in service of the test's."""

    async def test_a_token_opens_the_mailbox(self, imap: Dovecot, box: UserMailbox, house: House) -> None:
        box.put(FIRST)
        imap.tokens["good"] = box.user
        token = FixedToken("good")
        result = await poll_once(reached(box, password="", token=token), MailboxState(), house.deliver)
        assert result.problem == "" and house.letters == [FIRST]
        assert token.asked == [False]

    async def test_a_refused_token_is_renewed_once(self, imap: Dovecot, box: UserMailbox, house: House) -> None:
        box.put(FIRST)
        imap.tokens["new"] = box.user
        token = FixedToken("ended", "new")
        result = await poll_once(reached(box, password="", token=token), MailboxState(), house.deliver)
        assert result.problem == "" and house.letters == [FIRST]
        assert token.asked == [False, True]

    async def test_a_token_refused_twice_needs_a_person(self, box: UserMailbox, house: House) -> None:
        token = FixedToken("ended", "ended too")
        result = await poll_once(reached(box, password="", token=token), MailboxState(), house.deliver)
        assert "allow access to the mailbox again" in result.problem and "ended" not in result.problem

    async def test_somebody_elses_token_does_not_open_it(self, imap: Dovecot, box: UserMailbox, house: House) -> None:
        imap.tokens["theirs"] = "other@power.example"
        token = FixedToken("theirs", "theirs")
        assert (await poll_once(reached(box, password="", token=token), MailboxState(), house.deliver)).problem

    @pytest.mark.parametrize("trouble", [Unavailable("No answer."), TokenRefused("Allow access again.")])
    async def test_trouble_with_the_service_is_told_in_its_own_words(
        self, box: UserMailbox, house: House, trouble: Unavailable | TokenRefused
    ) -> None:
        token = FixedToken(trouble)
        result = await poll_once(reached(box, password="", token=token), MailboxState(), house.deliver)
        assert result.problem == trouble.sentence


def test_settings_do_not_show_their_password() -> None:
    assert PASSWORD not in repr(ImapSettings("localhost", "care", PASSWORD))


@asynccontextmanager
async def answering(talk: Callable[[asyncio.StreamWriter], Awaitable[object]]) -> AsyncIterator[int]:
    """A server of any kind."""
    tasks = set()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            await talk(writer)
        except asyncio.CancelledError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in filter(None, tasks):
            task.cancel()
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def cut_after(
    port: int, most_bytes: int, then: Callable[[], Awaitable[object]] | None = None
) -> AsyncIterator[int]:
    """A wire to a server that breaks, or falls silent, after so many bytes of the server's words."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", port)

        async def forward() -> None:
            while data := await reader.read(4096):
                ours.write(data)

        task = asyncio.current_task()
        assert task is not None
        forwarding = asyncio.create_task(forward())
        tasks.update((task, forwarding))
        passed = 0
        try:
            while passed < most_bytes and (data := await theirs.read(min(4096, most_bytes - passed))):
                passed += len(data)
                writer.write(data)
            if then and passed >= most_bytes:
                await then()
        except (asyncio.CancelledError, ConnectionError):
            pass
        finally:
            forwarding.cancel()
            ours.transport.abort()
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
