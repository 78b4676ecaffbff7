"""How likely two customers are one person: a score with its reasons, for a person to judge."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from ahadi.base.text import fold, words
from ahadi.customers.identities import mailbox, national_digits
from ahadi.customers.model import Customer

LIKELY = 0.5
"""From this score on two customers are suggested."""

_SHARED_MAILBOXES = {
    *("abuse", "accounts", "admin", "billing", "contact", "enquiries", "hello", "help", "helpdesk", "info", "mail"),
    *("marketing", "noreply", "office", "post", "sales", "security", "service", "support", "team", "webmaster"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two customers may be the same: a stable code, words for people, and how much it weighs (0 to 1)."""

    code: str
    words: str
    weight: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """`score` lies between 0 and 1: one less the chance that every reason is a coincidence, as if independent."""

    score: float
    reasons: tuple[Reason, ...]


SEEN_TOGETHER = Reason("one-contact", "One contact came with identities of both", 0.6)


def likeness(one: Customer, other: Customer, *, seen_together: bool = False) -> Likeness:
    """How likely they are one person. It does not matter which comes first.

    Reasons are weighed as independent evidence: score = 1 - (1 - w1)(1 - w2)… A place counts only beside a name.
    """
    # A mailbox that spells the name says nothing more where the names themselves agree.
    named = [*_by_name(one, other)] or [*_by_mailbox_name(one, other)]
    reasons = [*named, *_by_phone(one, other), *_by_email(one, other)]
    if seen_together:
        reasons.append(SEEN_TOGETHER)
    coincidence = 1.0
    for reason in reasons:
        coincidence *= 1 - reason.weight
    return Likeness(round(1 - coincidence, 4), tuple(sorted(reasons, key=lambda each: (-each.weight, each.code))))


def _by_name(one: Customer, other: Customer) -> Iterator[Reason]:
    names = [words(each.name or "") for each in (one, other)]
    if not all(names):
        return
    first, second = (" ".join(sorted(each)) for each in names)
    if first == second:
        full = len(set(names[0])) > 1
        yield Reason("same-name", "The same name", 0.45 if full else 0.25)
    elif _close(first, second):
        yield Reason("near-name", "Nearly the same name", 0.3)
    elif min(len(set(each)) for each in names) > 1 and (
        set(names[0]) <= set(names[1]) or set(names[1]) <= set(names[0])
    ):
        yield Reason("part-of-name", "One name is part of the other", 0.25)
    else:
        return
    if one.place and other.place and fold(one.place) == fold(other.place):
        yield Reason("same-place", "The same place", 0.35)


def _by_phone(one: Customer, other: Customer) -> Iterator[Reason]:
    pairs = [(national_digits(a), national_digits(b)) for a in _values(one, "phone") for b in _values(other, "phone")]
    if any(a == b and len(a) >= 7 for a, b in pairs):
        yield Reason("same-number", "The same telephone number but for the country code", 0.7)
    elif any(len(a) > 7 and len(b) > 7 and a[-7:] == b[-7:] for a, b in pairs):
        yield Reason("same-number-tail", "Telephone numbers end in the same seven digits", 0.4)
    elif any(_one_slip(a, b) for a, b in pairs):
        yield Reason("near-number", "Telephone numbers differ in one digit", 0.3)


def _by_email(one: Customer, other: Customer) -> Iterator[Reason]:
    pairs = [(a, b) for a in _values(one, "email") for b in _values(other, "email")]
    boxes = [(mailbox(a), mailbox(b), _domain(a) == _domain(b)) for a, b in pairs]
    if any(a == b and a and same_domain for a, b, same_domain in boxes):
        yield Reason("same-mailbox", "E-mail addresses differ only in dots or a tag", 0.75)
    elif any(a == b and len(a) >= 5 and a not in _SHARED_MAILBOXES for a, b, _ in boxes):
        yield Reason("same-mailbox-elsewhere", "The same e-mail name at another provider", 0.5)
    elif any(_close(a, b) for a, b, same_domain in boxes if same_domain and min(len(a), len(b)) >= 5):
        yield Reason("near-mailbox", "E-mail addresses differ in a letter or two", 0.3)


def _by_mailbox_name(one: Customer, other: Customer) -> Iterator[Reason]:
    if _named_by_mailbox(one, other) or _named_by_mailbox(other, one):
        yield Reason("mailbox-is-name", "The e-mail name of one is the name of the other", 0.35)


def _named_by_mailbox(named: Customer, writer: Customer) -> bool:
    parts = sorted(words(named.name or ""))
    own = {mailbox(each) for each in _values(named, "email")}
    return len(parts) > 1 and any(
        sorted(words(each.rpartition("@")[0].partition("+")[0].replace("_", " "))) == parts and mailbox(each) not in own
        for each in _values(writer, "email")
    )


def _values(customer: Customer, kind: str) -> list[str]:
    return [each.value for each in customer.identities if each.kind == kind]


def _domain(email: str) -> str:
    return email.rpartition("@")[2]


def _close(one: str, other: str) -> bool:
    """Alike in at least 85 of 100 letters; asked in a fixed order because the matcher is not symmetric."""
    first, second = sorted((one, other))
    return SequenceMatcher(None, first, second, autojunk=False).ratio() >= 0.85


def _one_slip(one: str, other: str) -> bool:
    """One digit mistyped, or two neighbours swapped."""
    if len(one) != len(other) or len(one) < 7:
        return False
    wrong = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(wrong) == 1:
        return True
    return (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and one[wrong[0]] == other[wrong[1]]
        and one[wrong[1]] == other[wrong[0]]
    )
