"""What becomes of a mail on its way out: said exactly, and never guessed."""

import asyncio
from dataclasses import replace

import pytest

from ahadi.base.errors import SetupError, Unavailable
from ahadi.platform.transports.oauth import TokenRefused
from ahadi.platform.transports.smtp import SendOutcome, SmtpSettings, send, settings_from_url
from tests.platform.transports.certificates import Authority
from tests.platform.transports.scripted_smtp import SILENCE, ScriptedServer

MAIL = b"Subject: Lamp\r\n\r\nThe lamp is repaired.\r\n"
JANE = "jane@customer.example"


async def give(
    server: ScriptedServer,
    raw: bytes = MAIL,
    sender: str = "care@power.example",
    to: tuple[str, ...] = (JANE,),
    **how: object,
) -> SendOutcome:
    usual = SmtpSettings("127.0.0.1", server.port, "plain", hello="power.example", command_seconds=5, answer_seconds=5)
    return await send(raw, sender, to, replace(usual, **how))  # type: ignore[arg-type]


async def through(script: ScriptedServer, raw: bytes = MAIL, **how: object) -> SendOutcome:
    async with script.running() as server:
        return await give(server, raw, **how)  # type: ignore[arg-type]


async def test_a_mail_that_is_taken_is_sent() -> None:
    script = ScriptedServer()
    outcome = await through(script)
    assert (outcome.state, outcome.code, outcome.enhanced) == ("sent", 250, "2.0.0")
    assert outcome.answer == "2.0.0 queued as 7"
    assert script.mails == [MAIL]
    assert script.said[0] == "EHLO power.example"
    assert script.said[1] == f"MAIL FROM:<care@power.example> SIZE={len(MAIL)}"
    assert script.said[2] == f"RCPT TO:<{JANE}>"
    assert script.said[-1] == "QUIT"


async def test_the_null_sender_is_written_as_such() -> None:
    script = ScriptedServer()
    assert (await through(script, sender="")).state == "sent"
    assert script.said[1].startswith("MAIL FROM:<>")


@pytest.mark.parametrize(
    ("raw", "received"),
    [
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\rb", b"a\r\nb\r\n"),
        (b".a\r\n..b\r\n.\r\nc", b"..a\r\n...b\r\n..\r\nc\r\n"),
        (b"\n.\n", b"\r\n..\r\n"),
        (b"", b"\r\n"),
        (b".", b"..\r\n"),
    ],
)
async def test_no_line_of_a_mail_can_end_it_early(raw: bytes, received: bytes) -> None:
    script = ScriptedServer()
    assert (await through(script, raw)).state == "sent"
    assert script.mails == [received]


@pytest.mark.parametrize(
    ("answers", "stage", "code", "enhanced"),
    [
        ({"GREETING": "554 5.7.1 go away"}, "connection", 554, "5.7.1"),
        ({"MAIL": "550 5.7.60 you may not send as this"}, "sender", 550, "5.7.60"),
        ({"MAIL": "552 5.3.4 too big"}, "content", 552, "5.3.4"),
        ({"RCPT": "550 5.1.1 no such user jane@customer.example"}, "recipient", 550, "5.1.1"),
        ({"DATA": "554 5.7.1 no"}, "content", 554, "5.7.1"),
        ({"END": "554 5.6.0 looks like spam"}, "content", 554, "5.6.0"),
    ],
)
async def test_a_lasting_refusal_is_told_with_its_stage(
    answers: dict[str, str | list[str]], stage: str, code: int, enhanced: str
) -> None:
    outcome = await through(ScriptedServer(answers))
    assert (outcome.state, outcome.stage, outcome.code, outcome.enhanced) == ("refused", stage, code, enhanced)
    assert outcome.sentence.endswith(".") and "jane" not in outcome.sentence


@pytest.mark.parametrize("command", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "END"])
async def test_a_passing_refusal_is_tried_again(command: str) -> None:
    answers: dict[str, str | list[str]] = {command: "451 4.3.2 busy"}
    if command == "EHLO":
        answers["HELO"] = "451 4.3.2 busy"
    outcome = await through(ScriptedServer(answers))
    assert (outcome.state, outcome.code) == ("again", 451)
    assert outcome.sentence.endswith(".")


@pytest.mark.parametrize("command", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
async def test_a_connection_that_breaks_before_the_mail_is_tried_again(command: str) -> None:
    script = ScriptedServer({command: ""})
    outcome = await through(script)
    assert outcome.state == "again"
    assert script.mails == []


async def test_no_server_at_all_is_tried_again() -> None:
    async with ScriptedServer().running() as server:
        pass
    outcome = await give(server)
    assert (outcome.state, outcome.stage) == ("again", "connection")
    assert "127.0.0.1" in outcome.sentence


async def test_a_connection_that_breaks_in_the_middle_of_a_large_mail_is_tried_again() -> None:
    script = ScriptedServer(dies_in_the_middle=100_000)
    outcome = await through(script, MAIL + b"x" * 70 + b"\r\n" + (b"y" * 998 + b"\r\n") * 30_000)
    assert outcome.state == "again"
    assert script.mails == []


async def test_a_connection_that_breaks_after_the_final_dot_leaves_it_uncertain() -> None:
    script = ScriptedServer({"END": ""})
    outcome = await through(script)
    assert (outcome.state, outcome.stage) == ("uncertain", "content")
    assert script.mails == [MAIL]  # it did arrive, and nobody here can know


async def test_a_server_that_never_answers_the_final_dot_leaves_it_uncertain() -> None:
    script = ScriptedServer({"END": SILENCE})
    outcome = await through(script, answer_seconds=0.1)
    assert outcome.state == "uncertain"
    assert script.mails == [MAIL]


async def test_an_unreadable_answer_to_the_final_dot_leaves_it_uncertain() -> None:
    assert (await through(ScriptedServer({"END": "what?"}))).state == "uncertain"


@pytest.mark.parametrize("command", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
async def test_a_server_that_falls_silent_before_the_mail_is_tried_again(command: str) -> None:
    outcome = await through(ScriptedServer({command: SILENCE}), connect_seconds=0.1, command_seconds=0.1)
    assert outcome.state == "again"


@pytest.mark.parametrize(("word", "state"), [("552 5.3.4 too big", "refused"), ("421 4.3.2 closing", "again")])
async def test_a_server_that_speaks_up_in_the_middle_is_heard(word: str, state: str) -> None:
    script = ScriptedServer(dies_in_the_middle=100_000, speaks_in_the_middle=word)
    outcome = await through(script, (b"y" * 998 + b"\r\n") * 30_000)
    assert (outcome.state, outcome.code) == (state, int(word[:3]))


async def test_a_broken_goodbye_changes_nothing() -> None:
    for answer in ("", "500 what", SILENCE):
        assert (await through(ScriptedServer({"QUIT": answer}))).state == "sent"


async def test_of_several_recipients_those_refused_are_named() -> None:
    script = ScriptedServer({"RCPT": ["250 ok", "550 5.1.1 no such user", "450 4.2.2 full"]})
    outcome = await through(script, to=(JANE, "otieno@customer.example", "full@customer.example"))
    assert outcome.state == "sent"
    assert outcome.refused == (
        ("otieno@customer.example", "550 5.1.1 no such user"),
        ("full@customer.example", "450 4.2.2 full"),
    )
    assert script.mails == [MAIL]


async def test_where_every_recipient_is_refused_one_that_may_be_tried_again_decides() -> None:
    both = ("a@x.example", "b@x.example")
    outcome = await through(ScriptedServer({"RCPT": ["550 5.1.1 no", "450 4.2.2 full"]}), to=both)
    assert (outcome.state, outcome.code) == ("again", 450)
    outcome = await through(ScriptedServer({"RCPT": "550 5.1.1 no"}), to=both)
    assert outcome.state == "refused"


@pytest.mark.parametrize(
    "address", ["a@b.example>\r\nRCPT TO:<evil@x.example", "a b@c.example", "<a@b.example>", "nobody", ""]
)
async def test_an_address_that_would_break_out_of_its_command_is_refused(address: str) -> None:
    script = ScriptedServer()
    outcome = await through(script, to=(address,))
    assert (outcome.state, outcome.stage) == ("refused", "recipient")
    assert not any(each.startswith("RCPT") for each in script.said)


async def test_addresses_outside_ascii_need_a_server_that_takes_them() -> None:
    script = ScriptedServer()
    assert (await through(script, "Subject: Lämp\r\n\r\nx\r\n".encode(), to=("jäne@customer.example",))).state == "sent"
    assert "SMTPUTF8" in script.said[1] and "BODY=8BITMIME" in script.said[1]
    outcome = await through(ScriptedServer(offers=("8BITMIME",)), to=("jäne@customer.example",))
    assert outcome.state == "refused"


async def test_cancelling_is_passed_on() -> None:
    async with ScriptedServer({"END": SILENCE}).running() as server:
        sending = asyncio.create_task(give(server))
        while not server.mails:
            await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


class TestEncryption:
    async def test_starttls_is_used_and_required(self) -> None:
        authority = Authority()
        offers = ("STARTTLS", "8BITMIME")
        async with ScriptedServer(offers=offers, tls=authority.server()).running() as server:
            outcome = await give(server, security="starttls", tls=authority.client())
        assert outcome.state == "sent" and server.encrypted
        assert server.said.count("EHLO power.example") == 2

    async def test_a_server_without_starttls_gets_nothing(self) -> None:
        script = ScriptedServer()
        outcome = await through(script, security="starttls", user="care", password="secret")
        assert outcome.state == "again" and "STARTTLS" in outcome.sentence
        assert not any(each.startswith(("AUTH", "MAIL")) for each in script.said)

    async def test_a_certificate_nobody_vouches_for_gets_nothing(self) -> None:
        offers = ("STARTTLS",)
        async with ScriptedServer(offers=offers, tls=Authority().server()).running() as server:
            outcome = await give(server, security="starttls", tls=Authority().client())
        assert outcome.state == "again" and "certificate" in outcome.sentence
        assert server.said[-1] == "STARTTLS"

    async def test_tls_from_the_start_carries_a_mail_and_its_breaking_is_told_as_well(self) -> None:
        authority = Authority()
        async with ScriptedServer(tls=authority.server()).running(implicit_tls=True) as server:
            assert (await give(server, security="tls", tls=authority.client())).state == "sent"
            server.answers["END"] = ""
            assert (await give(server, security="tls", tls=authority.client())).state == "uncertain"
            del server.answers["END"]
            server.answers["DATA"] = ""
            assert (await give(server, security="tls", tls=authority.client())).state == "again"


class FixedToken:
    """Tokens one after the other, or an error."""

    def __init__(self, *tokens: str | Exception) -> None:
        self._tokens = list(tokens)
        self.asked: list[bool] = []

    async def __call__(self, *, fresh: bool = False) -> str:
        self.asked.append(fresh)
        token = self._tokens.pop(0)
        if isinstance(token, Exception):
            raise token
        return token


class TestSigningIn:
    async def test_with_a_password(self) -> None:
        script = ScriptedServer(offers=("AUTH PLAIN",))
        assert (await through(script, user="care", password="secret")).state == "sent"
        assert script.said[1] == "AUTH PLAIN AGNhcmUAc2VjcmV0"

    async def test_a_wrong_password_needs_a_person(self) -> None:
        script = ScriptedServer({"AUTH": "535 5.7.8 wrong"}, offers=("AUTH PLAIN",))
        outcome = await through(script, user="care", password="secret")
        assert (outcome.state, outcome.stage, outcome.code) == ("refused", "sign-in", 535)
        assert "secret" not in outcome.sentence + outcome.answer

    async def test_a_server_that_is_busy_signing_in_is_tried_again(self) -> None:
        script = ScriptedServer({"AUTH": "454 4.7.0 later"}, offers=("AUTH PLAIN",))
        assert (await through(script, user="care", password="secret")).state == "again"

    async def test_a_server_that_lets_nobody_sign_in_needs_a_person(self) -> None:
        outcome = await through(ScriptedServer(offers=()), user="care", password="secret")
        assert (outcome.state, outcome.stage) == ("refused", "sign-in")

    async def test_with_a_token(self) -> None:
        script = ScriptedServer()
        assert (await through(script, user="care@power.example", token=FixedToken("t1"))).state == "sent"
        assert script.said[1] == "AUTH XOAUTH2 dXNlcj1jYXJlQHBvd2VyLmV4YW1wbGUBYXV0aD1CZWFyZXIgdDEBAQ=="

    async def test_a_refused_token_is_renewed_once(self) -> None:
        script = ScriptedServer({"AUTH": ["334 eyJzdGF0dXMiOiI0MDAifQ==", "235 in"], "": "535 5.7.8 expired"})
        token = FixedToken("old", "new")
        assert (await through(script, user="care@power.example", token=token)).state == "sent"
        assert token.asked == [False, True]

    async def test_a_token_refused_twice_needs_a_person(self) -> None:
        script = ScriptedServer({"AUTH": "535 5.7.8 no"})
        outcome = await through(script, user="care@power.example", token=FixedToken("old", "new"))
        assert (outcome.state, outcome.stage) == ("refused", "sign-in")

    async def test_a_token_that_cannot_be_had_now_is_tried_again(self) -> None:
        outcome = await through(ScriptedServer(), user="c", token=FixedToken(Unavailable("No answer.")))
        assert (outcome.state, outcome.sentence) == ("again", "No answer.")
        outcome = await through(ScriptedServer(), user="c", token=FixedToken(TokenRefused("Allow access again.")))
        assert (outcome.state, outcome.sentence) == ("refused", "Allow access again.")


class TestSettings:
    @pytest.mark.parametrize(
        ("url", "host", "port", "security"),
        [
            ("smtp://mail.power.example", "mail.power.example", 587, "starttls"),
            ("smtps://mail.power.example", "mail.power.example", 465, "tls"),
            ("smtp://localhost:2525", "localhost", 2525, "plain"),
            ("smtp://127.0.0.1", "127.0.0.1", 25, "plain"),
            ("smtp://localhost?tls=starttls", "localhost", 587, "starttls"),
            ("smtp://relay:25?tls=none", "relay", 25, "plain"),
        ],
    )
    def test_an_address_says_how_the_mail_travels(self, url: str, host: str, port: int, security: str) -> None:
        settings = settings_from_url(url)
        assert (settings.host, settings.port, settings.security) == (host, port, security)

    def test_names_and_passwords_may_hold_any_character(self) -> None:
        settings = settings_from_url("smtp://care%40power.example:p%40ss%3Aw%2F@mail.power.example")
        assert (settings.user, settings.password) == ("care@power.example", "p@ss:w/")
        assert "p@ss" not in repr(settings)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "mail.power.example",
            "http://x",
            "smtp://",
            "smtp://host:port:secret",
            "smtp://x?tls=maybe",
            "smtp://care:secret@relay?tls=none",
        ],
    )
    def test_what_cannot_be_meant_is_refused_without_telling_the_password(self, url: str) -> None:
        with pytest.raises(SetupError) as refused:
            settings_from_url(url)
        assert refused.value.sentence.endswith(".") and "secret" not in refused.value.sentence
