"""The new words of a reply, without what it quotes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.channels.email.replies import new_words

REPLIES = {
    "gmail": """Still dark, sorry.

On Tue, 24 Nov 2026 at 10:00, Power care <care@power.example> wrote:

> The lamp will be repaired by 17:00.
> [PW-K7MQ2XC]
""",
    "gmail wrapped": """Still dark, sorry.

On Tue, 24 Nov 2026 at 10:00, Power care and everybody in it
<care@power.example>
wrote:

> The lamp will be repaired by 17:00.
""",
    "apple mail without marks": """Still dark, sorry.

On 24 Nov 2026, at 10:00, Power care <care@power.example> wrote:

The lamp will be repaired by 17:00.
""",
    "outlook": """Still dark, sorry.

________________________________
From: Power care <care@power.example>
Sent: Tuesday, 24 November 2026 10:00
To: Jane Wanjiru <jane@customer.example>
Subject: Your lamp [PW-K7MQ2XC]

The lamp will be repaired by 17:00.
""",
    "outlook with stars": """Still dark, sorry.

*From:* Power care <care@power.example>
*Sent:* Tuesday, 24 November 2026 10:00
*To:* Jane
*Subject:* Your lamp

The lamp will be repaired.
""",
    "old outlook": """Still dark, sorry.

-----Original Message-----
From: Power care
Sent: Tuesday
Subject: Your lamp

The lamp will be repaired.
""",
    "german": """Still dark, sorry.

Am 24.11.2026 um 10:00 schrieb Power care <care@power.example>:

> The lamp will be repaired.
""",
    "german outlook": """Still dark, sorry.

Von: Power care <care@power.example>
Gesendet: Dienstag, 24. November 2026 10:00
An: Jane
Betreff: Lampe

The lamp will be repaired.
""",
    "french": """Still dark, sorry.

Le mar. 24 nov. 2026 à 10:00, Power care <care@power.example> a écrit :

> The lamp will be repaired.
""",
    "swahili": """Still dark, sorry.

Mnamo Jumanne, 24 Novemba 2026 10:00, Power care <care@power.example> aliandika:

> Taa itatengenezwa.
""",
    "swahili outlook": """Still dark, sorry.

Kutoka: Power care
Imetumwa: Jumanne 24 Novemba 2026
Kwa: Jane
Mada: Taa

Taa itatengenezwa.
""",
    "chinese": """Still dark, sorry.

发件人: Power care
发送时间: 2026年11月24日
收件人: Jane
主题: 灯

The lamp will be repaired.
""",
    "a language we do not know": """Still dark, sorry.

2026-11-24 10:00 Power care <care@power.example>:

> The lamp will be repaired.
""",
    "signature": """Still dark, sorry.
--{space}
Jane Wanjiru
Tel. +254 700 000000
""",
    "below the quotation": """On Tue, 24 Nov 2026 at 10:00, Power care <care@power.example> wrote:
> The lamp will be repaired by 17:00.

Still dark, sorry.
""",
}
REPLIES["signature"] = REPLIES["signature"].format(space=" ")


@pytest.mark.parametrize("program", REPLIES)
def test_only_the_new_words_are_left(program: str) -> None:
    assert new_words(REPLIES[program], answers=True) == "Still dark, sorry."


def test_answers_written_between_the_lines_are_all_kept() -> None:
    text = """See below.

On Tue, 24 Nov 2026 at 10:00, Power care <care@power.example> wrote:
> Which meter is it?

Number 7.

> From: the old mail
> To: somebody
> Subject: nothing
> Since when is it dark?

Since Monday.
"""
    assert new_words(text, answers=True) == "See below.\n\nNumber 7.\n\nSince Monday."


@pytest.mark.parametrize(
    "words",
    [
        "On Tuesday I wrote to you twice and nobody answered.",
        "On 3 March you wrote:\nthis is not a quotation mark, I just say so",
        "From: my window I can see the pole.\nIt leans.",
        "Dear team,\nmy questions:\n\n1. when?\n2. who?",
        "I pay 100 > 90",
        "Please note the following:\n- meter 7",
    ],
)
def test_a_letter_that_quotes_nothing_is_left_alone(words: str) -> None:
    assert new_words(words, answers=False) == words


def test_a_mail_passed_on_without_a_word_is_the_message_itself() -> None:
    forwarded = "---------- Forwarded message ---------\nFrom: Otieno <o@c.example>\nDate: x\nSubject: y\n\nNo water."
    assert new_words(forwarded, answers=False) == forwarded


def test_a_reply_of_nothing_but_the_past_has_no_new_words() -> None:
    assert new_words("On Tue, 24 Nov 2026, care@power.example wrote:\n> Hello\n", answers=True) == ""


def test_words_before_a_forwarded_mail_are_the_new_ones() -> None:
    text = "What is this bill?\n\n-------- Forwarded Message --------\nSubject: Bill\n\nPay now."
    assert new_words(text, answers=False) == "What is this bill?"


@pytest.mark.parametrize("bomb", ["On " * 100_000, "On 1 x wrote:\n" * 20_000, ">" * 300_000, "From: a\n" * 40_000])
def test_texts_made_to_be_slow_are_read_in_one_pass(bomb: str) -> None:
    assert new_words(bomb, answers=True) is not None


@settings(deadline=None)
@given(st.text(alphabet="abc \n>:@-_*1OnFromwrte"), st.booleans())
def test_new_words_are_always_words_of_the_mail(text: str, answers: bool) -> None:
    kept = new_words(text, answers=answers)
    position = 0
    for line in filter(None, kept.split("\n")):
        position = text.index(line, position)
