"""When a machine may answer a mail, and when it must not."""

import pytest

from ahadi.channels.email import Mail, Verdict, is_loop, may_answer
from tests.channels.email.mails import mail, read
from tests.channels.email.test_signals import AUTOMATIC, FAILED, delivery_report

OWN = frozenset({"care@power.example", "Help@Net.example"})


def verdict(mail: Mail, recent: int = 0) -> Verdict:
    return may_answer(mail, recent, installation="nairobi-1", own_addresses=OWN)


def test_a_persons_mail_may_be_answered_at_the_address_it_came_from() -> None:
    found = verdict(read(mail(Reply_To="victim@elsewhere.example")))
    assert found.allowed and found.reason == "allowed"
    assert found.to is not None and found.to.address == "jane@customer.example"


@pytest.mark.parametrize("field", [field for field, _ in AUTOMATIC])
def test_what_a_machine_sent_is_never_answered_by_a_machine(field: str) -> None:
    found = verdict(read(mail("x", field)))
    assert not found.allowed and found.to is None
    assert found.sentence.endswith(".")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (delivery_report(FAILED), "bounce"),
        (mail("x", "Return-Path: <>"), "null-sender"),
        (mail("x", "List-Id: <a.b>"), "list"),
        (mail("x", "Auto-Submitted: auto-replied"), "automatic"),
        (mail("x", "X-Ahadi-Installation: nairobi-1"), "loop"),
        (mail("x", "X-Ahadi-Installation: mombasa-1", "X-Ahadi-Hop: 3"), "loop"),
        (mail("x", *["Received: from a by b"] * 101), "loop"),
        (mail(From="CARE@power.example"), "own-address"),
        (mail(From="help@net.example"), "own-address"),
        (mail("x", "Return-Path: <care@power.example>"), "own-address"),
        (mail(From="Jane"), "no-address"),
    ],
)
def test_the_reason_is_named(raw: bytes, reason: str) -> None:
    assert verdict(read(raw)).reason == reason


def test_mail_held_for_spam_is_not_answered() -> None:
    assert verdict(read(mail("x", "X-Spam-Flag: YES"), spam_filter_in_front=True)).reason == "spam"


def test_one_address_gets_only_so_many_automatic_answers() -> None:
    one = read(mail())
    assert [verdict(one, recent).allowed for recent in (0, 1, 2, 3, 4)] == [True, True, True, False, False]
    assert verdict(one, 3).reason == "too-many"


def test_another_installation_is_answered_a_few_times_and_not_for_ever() -> None:
    assert not is_loop(read(mail("x", "X-Ahadi-Installation: mombasa-1", "X-Ahadi-Hop: 2")), "nairobi-1")
    assert is_loop(read(mail("x", "X-Ahadi-Installation: mombasa-1", "X-Ahadi-Hop: 3")), "nairobi-1")


def test_an_installation_without_a_name_does_not_take_everyone_for_itself() -> None:
    assert not is_loop(read(mail()), "")


def test_two_installations_that_answer_each_other_fall_silent() -> None:
    """Even where neither looks at Auto-Submitted: the hop count alone ends it."""
    hop, answers = 0, 0
    while answers < 50:
        received = read(mail("x", f"X-Ahadi-Installation: other-{hop % 2}", f"X-Ahadi-Hop: {hop}"))
        if not may_answer(received, 0, installation=f"other-{(hop + 1) % 2}").allowed:
            break
        hop, answers = received.hops + 1, answers + 1
    assert answers == 3
